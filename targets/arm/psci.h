/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSCI: firmware services for a machine without firmware. */
#ifndef TARGETS_ARM_PSCI_H
#define TARGETS_ARM_PSCI_H

#include "targets/arm/cpu.h"

/*
 * A call by HVC or SMC, whichever is the CPU's conduit, from its registers (SMC Calling Convention): X0 gets the result,
 * -1 for a function that is not known, and the PC is at the next instruction.
 */
void arm_psci_call(ARMCPU *cpu);

#endif
