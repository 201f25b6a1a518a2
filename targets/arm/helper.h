/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prototypes of the functions behind helper.def. */
#ifndef TARGETS_ARM_HELPER_H
#define TARGETS_ARM_HELPER_H

#include "core/tcg/helper_def.h"
#include "targets/arm/cpu.h"

#define HELPER(name, ret, flags, reads, writes, ...) HELPER_PROTOTYPE(ARMCPU, name, ret, ##__VA_ARGS__)
#include "targets/arm/helper.def"
#undef HELPER

#endif
