/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of this module. */
#ifndef MODULES_HW_INTC_INTC_H
#define MODULES_HW_INTC_INTC_H

#include "core/qom/object.h"

extern const TypeInfo gicv2_type;
extern const TypeInfo gicv3_type, gicv3_cpuif_type, gicv3_cpu_type;

#endif
