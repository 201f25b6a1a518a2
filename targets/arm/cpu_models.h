/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of CPU models and the class initialiser that they share. */
#ifndef TARGETS_ARM_CPU_MODELS_H
#define TARGETS_ARM_CPU_MODELS_H

#include "targets/arm/cpu.h"

extern const TypeInfo arm_cpu_type;                     /* abstract base (cpu.c) */
extern const TypeInfo *const arm_types[];               /* the base and the models; ends with NULL */
void arm_model_class_init(ObjectClass *oc, const TypeInfo *info);
/* By the name that -cpu takes; NULL if there is none. */
const ArmModel *arm_model_find(const char *name);

/* All ID registers of a model, by ARM_IDREG. */
void arm_model_idregs(const ArmModel *model, uint64_t *ret_idreg);

#endif
