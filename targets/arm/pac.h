/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pointer authentication: what its helpers (helper_pac.c) and generated code (translate_a64_pac.c) share. */
#ifndef TARGETS_ARM_PAC_H
#define TARGETS_ARM_PAC_H

#include "targets/arm/sysreg.h"

enum { PAC_KEY_IA, PAC_KEY_IB, PAC_KEY_DA, PAC_KEY_DB, PAC_KEY_GA };
/* With the key of helper_pac_auth: the instruction also branches, returns or loads (FEAT_FPACCOMBINE). */
#define PAC_COMBINED 8
/* With the key of helper_pac_add and helper_pac_auth: they look whether it is enabled. */
#define PAC_ASK 16

/*
 * The IMPLEMENTATION DEFINED algorithm: ComputePAC() is the pointer and the modifier, each exclusive-or half of the key, the
 * modifier's high bits folded into the low ones, as one product. Bits 48 and up of it, which PACs have, depend on all of that.
 */
#define PAC_IMPDEF       UINT64_C(0x9e3779b97f4a7c15)
#define PAC_IMPDEF_SHIFT 29

/* PACFailException()'s syndrome. */
static inline uint32_t pac_fail_syndrome(unsigned key)
{
    return ARM_SYNDROME(EC_PAC_FAIL, (key >= PAC_KEY_DA) << 1 | (key & 1));
}

/* Of an SCTLR_ELx: EnIA, EnIB, EnDA, EnDB, by key. */
static inline unsigned arm_pac_enabled(uint64_t sctlr)
{
    return (sctlr >> 31 & 1) | (sctlr >> 30 & 1) << 1 | (sctlr >> 27 & 1) << 2 | (sctlr >> 13 & 1) << 3;
}

/* TrapPACUse(): the exception level that the use of a key traps to here, or 0. */
unsigned arm_pac_trap_el(const ARMCPU *cpu);
/* HCR_EL2.APK and SCR_EL3.APK clear trap access to the keys: TRAP_EL2, TRAP_EL3, or TRAP_NONE. */
ArmTrap arm_pac_keys_trap(const ARMCPU *cpu);
/* Brings cpu->pac up to date with the level and its TCR_ELx. */
void arm_pac_layout(ARMCPU *cpu);

#endif
