/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guarded control stacks (FEAT_GCS; Arm DDI 0487, D11): what the translator and the helpers share. */
#ifndef TARGETS_ARM_GCS_H
#define TARGETS_ARM_GCS_H

#include "core/bits.h"
#include "targets/arm/mmu.h"

/* GCSCR_ELx; GCSCRE0_EL1 has nTR, and no EXLOCKEN. */
#define GCSCR_PCRSEL   (UINT64_C(1) << 0)
#define GCSCR_RVCHKEN  (UINT64_C(1) << 5)
#define GCSCR_EXLOCKEN (UINT64_C(1) << 6)
#define GCSCR_PUSHMEN  (UINT64_C(1) << 8)
#define GCSCR_STREN    (UINT64_C(1) << 9)
#define GCSCR_NTR      (UINT64_C(1) << 10)

/* ISS of EC_GCS: a check of data by an instruction (GCSDataCheckException), a locked register, a trapped store. */
enum { GCS_RET, GCS_POPM, GCS_RETAA, GCS_RETAB, GCS_SS1, GCS_SS2, GCS_POPCX = 8, GCS_POPX };
#define GCS_ISS_DATA_CHECK(kind, rn) ((kind) | (rn) << 5)
#define GCS_ISS_EXLOCK (1u << 20)
#define GCS_ISS_STORE(rn, rt) (2u << 20 | (rn) << 10 | (rt) << 5)

/* What the translator tells helper_gcs_store: the regime as data accesses have it, whether STREn has its say. */
#define GCS_STORE(mmu, checked, be, rn, rt) ((mmu) | (unsigned)(checked) << 8 | (unsigned)(be) << 9 | (rn) << 10 | (rt) << 15)
#define GCS_STORE_MMU(desc) ((desc) & 255)
#define GCS_STORE_CHECKED(desc) ((desc) >> 8 & 1)
#define GCS_STORE_BE(desc) ((desc) >> 9 & 1)
#define GCS_STORE_RN(desc) ((desc) >> 10 & 31)
#define GCS_STORE_RT(desc) ((desc) >> 15 & 31)

/* GCSEnabled() at the current level. */
bool arm_gcs_enabled(const ARMCPU *cpu);
/* GetCurrentEXLOCKEN(), at EL1 and above. */
static inline bool arm_gcs_exlock_enabled(const ARMCPU *cpu)
{
    return cpu->el > 0 && cpu->gcscr_el[cpu->el] & GCSCR_EXLOCKEN;
}
/* Whether a regime of guarded control stacks is in use, so that its TLB context must be kept right. */
bool arm_gcs_has_context(const ARMCPU *cpu, ArmMmu mmu);

/* The regime of guarded control stacks that goes with one of data. */
static inline ArmMmu arm_gcs_mmu(ArmMmu mmu)
{
    static const uint8_t gcs[ARM_MMU_GCS] = {
        [ARM_MMU_EL10_0] = ARM_MMU_EL10_0_GCS, [ARM_MMU_EL10_1] = ARM_MMU_EL10_1_GCS,
        [ARM_MMU_EL10_1_PAN] = ARM_MMU_EL10_1_GCS, [ARM_MMU_EL2] = ARM_MMU_EL2_GCS, [ARM_MMU_EL20_0] = ARM_MMU_EL20_0_GCS,
        [ARM_MMU_EL20_2] = ARM_MMU_EL20_2_GCS, [ARM_MMU_EL20_2_PAN] = ARM_MMU_EL20_2_GCS, [ARM_MMU_EL3] = ARM_MMU_EL3_GCS,
    };

    return gcs[mmu];
}

#endif
