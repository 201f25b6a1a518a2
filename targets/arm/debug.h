/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Self-hosted debug: what breakpoints, watchpoints and software step ask of the rest of the target. */
#ifndef TARGETS_ARM_DEBUG_H
#define TARGETS_ARM_DEBUG_H

#include "targets/arm/cpu.h"

/* MDSCR_EL1. */
#define MDSCR_SS  (UINT64_C(1) << 0)
#define MDSCR_KDE (UINT64_C(1) << 13)
#define MDSCR_MDE (UINT64_C(1) << 15)

/* What ARMCPU.step_did says of the instruction before. */
enum { ARM_STEP_NONE, ARM_STEP_INSN, ARM_STEP_EXCLUSIVE };

/* DebugTarget(): the level that debug exceptions of the current Security state go to, 1 or 2. */
unsigned arm_debug_target_el(const ARMCPU *cpu);
/* AArch64.GenerateDebugExceptionsFrom(): enabled at level `from` of a Security state, with PSTATE.D as given. */
bool arm_debug_enabled_from(const ARMCPU *cpu, unsigned from, bool secure, bool masked);
/* At the current level. */
bool arm_debug_enabled(const ARMCPU *cpu);
/* DebugExceptionReturnSS(): PSTATE.SS after an exception return to level `to`. */
bool arm_debug_return_ss(const ARMCPU *cpu, uint64_t spsr, unsigned to);
/* Software step is not inactive: each instruction is stepped, or its step exception is pending. */
bool arm_step_active(const ARMCPU *cpu);
void arm_raise_step(ARMCPU *cpu);               /* the pending step exception */
/* Some enabled breakpoint may match at the current level. */
bool arm_breakpoints_active(const ARMCPU *cpu);
/* Some enabled watchpoint may match an access to [addr, addr + size). */
bool arm_page_watched(const ARMCPU *cpu, vaddr addr, uint64_t size);
/* Own thread: if watchpoint n is enabled, what the TLB has of its addresses goes. */
void arm_watchpoint_flush(ARMCPU *cpu, unsigned n);
/* Before an access of size bytes. False: the Watchpoint exception was recorded. */
bool arm_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type, unsigned mmu);

#endif
