/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLB contexts: how regime, security, VMID and ASID make the id that core/exec keeps translations under. */
#ifndef TARGETS_ARM_MMU_H
#define TARGETS_ARM_MMU_H

#include "targets/arm/cpu.h"

/* TCR2_ELx. */
#define TCR2_PNCH  (UINT64_C(1) << 0)
#define TCR2_PIE   (UINT64_C(1) << 1)
#define TCR2_E0POE (UINT64_C(1) << 2)
#define TCR2_POE   (UINT64_C(1) << 3)
#define TCR2_AIE   (UINT64_C(1) << 4)
#define TCR2_D128  (UINT64_C(1) << 5)
#define TCR2_PTTWI (UINT64_C(1) << 10)
#define TCR2_DISCH (UINT64_C(3) << 14)

/* Fields of a context id. Ids differ in whether stage 1 is on, since code may turn it on without invalidating. */
#define ARM_CTX_ASID(x)   ((uint64_t)((x) & 0xffff))
#define ARM_CTX_VMID(x)   ((uint64_t)((x) & 0xffff) << 16)
#define ARM_CTX_REGIME(x) ((uint64_t)((x) & 7) << 32)           /* the controlling level: 1, 2, 3 */
#define ARM_CTX_PAS(x)    ((uint64_t)((x) & 3) << 36)
#define ARM_CTX_MMU(x)    ((uint64_t)((x) & 15) << 40)
#define ARM_CTX_S1ON      (UINT64_C(1) << 44)
#define ARM_CTX_S2ON      (UINT64_C(1) << 45)
#define ARM_CTX_E2H       (UINT64_C(1) << 46)
#define ARM_CTX_OVERLAY(x) ((uint64_t)((x) & 0xff) << 48)       /* overlay_number() */
#define ARM_CTX_ALL_ASID  ARM_CTX_ASID(0xffff)
#define ARM_CTX_ALL_VMID  ARM_CTX_VMID(0xffff)
#define ARM_CTX_ALL_REGIME ARM_CTX_REGIME(7)
#define ARM_CTX_ALL_PAS   ARM_CTX_PAS(3)

static inline bool arm_mmu_is_gcs(ArmMmu mmu)
{
    return mmu >= ARM_MMU_GCS;
}
static inline bool arm_mmu_is_user(ArmMmu mmu)
{
    return mmu == ARM_MMU_EL10_0 || mmu == ARM_MMU_EL20_0 || mmu == ARM_MMU_EL10_0_GCS || mmu == ARM_MMU_EL20_0_GCS;
}
static inline bool arm_mmu_is_pan(ArmMmu mmu)
{
    return mmu == ARM_MMU_EL10_1_PAN || mmu == ARM_MMU_EL20_2_PAN;
}
/* Two address ranges, ASIDs, unprivileged accesses: EL1&0 and EL2&0. */
static inline bool arm_mmu_two_ranges(ArmMmu mmu)
{
    return mmu != ARM_MMU_EL2 && mmu != ARM_MMU_EL3 && mmu != ARM_MMU_EL2_GCS && mmu != ARM_MMU_EL3_GCS;
}
/* The VMID that tags EL1&0 translations now (0 without EL2). */
unsigned arm_current_vmid(const ARMCPU *cpu);
/* The bits of TCR2_ELx that are not RES0 on this CPU. */
uint64_t arm_tcr2_implemented(const ARMCPU *cpu);
/* Whether the current level's descriptors have 128 bits (IsD128Enabled), and a Protected bit (ProtectionEnabled). */
bool arm_d128_enabled(const ARMCPU *cpu);
bool arm_protection_enabled(const ARMCPU *cpu);
/* A read-check-write instruction is done: ordinary stores may not use what it could write to. */
void arm_forget_rcw_page(ARMCPU *cpu, vaddr addr);
/* PAR_EL1 for an AT instruction. */
void arm_at(ARMCPU *cpu, vaddr va, AccessType type, ArmMmu mmu, ArmXlatScope scope);

#endif
