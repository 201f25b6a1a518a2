/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PSTATE as SPSR_ELx lays it out (Arm DDI 0487, C5.2.18), and the bits of FPCR and FPSR. */
#ifndef TARGETS_ARM_PSTATE_H
#define TARGETS_ARM_PSTATE_H

#include <stdint.h>
#include "core/forward.h"

enum {
    SPSR_N = 1u << 31, SPSR_Z = 1u << 30, SPSR_C = 1u << 29, SPSR_V = 1u << 28,
    SPSR_TCO = 1u << 25, SPSR_DIT = 1u << 24, SPSR_UAO = 1u << 23, SPSR_PAN = 1u << 22,
    SPSR_SS = 1u << 21, SPSR_IL = 1u << 20, SPSR_ALLINT = 1u << 13, SPSR_SSBS = 1u << 12,
    SPSR_BTYPE_SHIFT = 10,
    SPSR_D = 1u << 9, SPSR_A = 1u << 8, SPSR_I = 1u << 7, SPSR_F = 1u << 6, SPSR_NRW = 1u << 4,
};
#define SPSR_EXLOCK (UINT64_C(1) << 34)
/* PSTATE.DAIF as this target keeps it. */
enum { DAIF_D = 8, DAIF_A = 4, DAIF_I = 2, DAIF_F = 1 };

/* FPCR (C5.2.8) and FPSR (C5.2.10). */
enum {
    FPCR_FIZ = 1u << 0, FPCR_AH = 1u << 1, FPCR_NEP = 1u << 2, FPCR_IOE = 1u << 8, FPCR_DZE = 1u << 9, FPCR_OFE = 1u << 10,
    FPCR_UFE = 1u << 11, FPCR_IXE = 1u << 12, FPCR_EBF = 1u << 13, FPCR_IDE = 1u << 15, FPCR_FZ16 = 1u << 19,
    FPCR_RMODE_SHIFT = 22, FPCR_FZ = 1u << 24, FPCR_DN = 1u << 25, FPCR_AHP = 1u << 26,
    FPSR_IOC = 1u << 0, FPSR_DZC = 1u << 1, FPSR_OFC = 1u << 2, FPSR_UFC = 1u << 3, FPSR_IXC = 1u << 4, FPSR_IDC = 1u << 7,
    FPSR_QC = 1u << 27,
};

struct ARMCPU;
uint64_t arm_pstate_get(const struct ARMCPU *cpu);              /* as an exception entry saves it in SPSR_ELx */
/* Sets everything (from AArch64 state to AArch64 state), banking SP. The caller has checked legality. */
void arm_pstate_set(struct ARMCPU *cpu, uint64_t spsr);

#endif
