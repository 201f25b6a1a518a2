/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSCI: firmware services for a machine without firmware. */
#ifndef TARGETS_ARM_PSCI_H
#define TARGETS_ARM_PSCI_H

#include "targets/arm/cpu.h"

/*
 * A call by HVC or SMC from the CPU's registers (SMC Calling Convention). True: it was answered, X0 has the result and
 * the PC is at the next instruction. False: EL2 or EL3 of the guest is to answer it.
 */
bool arm_psci_call(ARMCPU *cpu);

#endif
