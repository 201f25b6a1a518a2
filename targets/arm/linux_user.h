/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User mode of this target: its descriptor, and the CPU class's hook for memory that the host refuses. */
#ifndef TARGETS_ARM_LINUX_USER_H
#define TARGETS_ARM_LINUX_USER_H

#include "core/exec/cpu.h"

extern const struct LinuxTarget arm_linux_user_a64;
void arm_user_fault(CPUState *cs, vaddr addr, AccessType type, UserFault why);

/* What the vDSO's code reads the time by: an encoding for an implementation's own registers (linux_user.c). */
#define ARM_USER_CLOCK SYSREG(3, 3, 15, 15, 7)

#endif
