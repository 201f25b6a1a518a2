/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of M-profile, for the module's list. */
#ifndef TARGETS_ARM_M_MODELS_H
#define TARGETS_ARM_M_MODELS_H

#include "core/qom/object.h"

enum { ARM_M_NUM_MODELS = 7 };
extern const TypeInfo arm_m_cpu_type, arm_idau_type;            /* m_cpu.c */
extern const TypeInfo arm_m_model_types[ARM_M_NUM_MODELS];      /* m_models.c */

#endif
