/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of system register rows; sysreg.c indexes them for each CPU. */
#ifndef TARGETS_ARM_SYSREG_GROUPS_H
#define TARGETS_ARM_SYSREG_GROUPS_H

#include "targets/arm/sysreg.h"

extern const SysRegGroup arm_sysregs_cache, arm_sysregs_debug, arm_sysregs_el2, arm_sysregs_el3, arm_sysregs_gcs, arm_sysregs_gic,
    arm_sysregs_gtimer, arm_sysregs_id, arm_sysregs_pmu, arm_sysregs_pstate, arm_sysregs_ras, arm_sysregs_rng, arm_sysregs_mte,
    arm_sysregs_tcr2, arm_sysregs_tlbi,
    arm_sysregs_vmsa;
/* All of them; ends with NULL. */
extern const SysRegGroup *const arm_sysreg_groups[];

#endif
