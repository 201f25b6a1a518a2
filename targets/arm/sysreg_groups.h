/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of system register rows; sysreg.c indexes them for each CPU. */
#ifndef TARGETS_ARM_SYSREG_GROUPS_H
#define TARGETS_ARM_SYSREG_GROUPS_H

#include "targets/arm/sysreg.h"

extern const SysRegGroup arm_sysregs_tlbi;

#endif
