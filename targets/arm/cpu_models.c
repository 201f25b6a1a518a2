/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU models: the values of their ID registers, from the Technical Reference Manuals, and `max`, which has every
 * feature that is complete here.
 * AArch32 is not modelled: ID_AA64PFR0_EL1 says AArch64 only for every model, and the AArch32 registers read as zero
 * (docs/CAVEATS.md). SVE, statistical profiling and trace are left out in the same way.
 */
#include <string.h>

#include "targets/arm/cpu_models.h"
#include "targets/arm/m_models.h"

/* Rows of an identification table. */
#define ID(reg, value) { ARM_##reg##_EL1, UINT64_C(value) }
#define ID_END { 0xff, 0 }

/* CCSIDR_EL1 (without FEAT_CCIDX): sets - 1, ways - 1, log2(line bytes) - 4. */
#define CCSIDR(size_kib, ways) \
    ((uint64_t)((size_kib) * 1024 / 64 / (ways) - 1) << 13 | ((ways) - 1) << 3 | 2)

static const struct ArmIdValue id_a35[] = {
    ID(ID_AA64PFR0, 0x00001111), ID(ID_AA64DFR0, 0x10305106), ID(ID_AA64ISAR0, 0x00011120),
    ID(ID_AA64MMFR0, 0x00101122), ID_END,
};
static const struct ArmIdValue id_a53[] = {
    ID(ID_AA64PFR0, 0x00001111), ID(ID_AA64DFR0, 0x10305106), ID(ID_AA64ISAR0, 0x00011120),
    ID(ID_AA64MMFR0, 0x00001122), ID_END,
};
static const struct ArmIdValue id_a57[] = {
    ID(ID_AA64PFR0, 0x00001111), ID(ID_AA64DFR0, 0x10305106), ID(ID_AA64ISAR0, 0x00011120),
    ID(ID_AA64MMFR0, 0x00001124), ID_END,
};
static const struct ArmIdValue id_a72[] = {
    ID(ID_AA64PFR0, 0x00001111), ID(ID_AA64DFR0, 0x10305106), ID(ID_AA64ISAR0, 0x00011120),
    ID(ID_AA64MMFR0, 0x00001124), ID_END,
};
/* Armv8.2: LSE, RDM, dot product, half precision, RCpc, PAN, UAO, VHE, LOR, HPDS, HAFDBS, XNX, DPB, RAS. */
static const struct ArmIdValue id_a55[] = {
    ID(ID_AA64PFR0, 0x0000000010111111), ID(ID_AA64PFR1, 0x0000000000000010), ID(ID_AA64DFR0, 0x0000000010305408),
    ID(ID_AA64ISAR0, 0x0000100010211120), ID(ID_AA64ISAR1, 0x0000000000100001), ID(ID_AA64MMFR0, 0x0000000000101122),
    ID(ID_AA64MMFR1, 0x0000000010212122), ID(ID_AA64MMFR2, 0x0000000000001011), ID_END,
};
static const struct ArmIdValue id_a76[] = {
    ID(ID_AA64PFR0, 0x1100000010111111), ID(ID_AA64PFR1, 0x0000000000000010), ID(ID_AA64DFR0, 0x0000000010305408),
    ID(ID_AA64ISAR0, 0x0000100010211120), ID(ID_AA64ISAR1, 0x0000000000100001), ID(ID_AA64MMFR0, 0x0000000000101122),
    ID(ID_AA64MMFR1, 0x0000000010212122), ID(ID_AA64MMFR2, 0x0000000000001011), ID_END,
};
static const struct ArmIdValue id_n1[] = {
    ID(ID_AA64PFR0, 0x1100000010111111), ID(ID_AA64PFR1, 0x0000000000000020), ID(ID_AA64DFR0, 0x0000000010305408),
    ID(ID_AA64ISAR0, 0x0000100010211120), ID(ID_AA64ISAR1, 0x0000000000100001), ID(ID_AA64MMFR0, 0x0000000000101125),
    ID(ID_AA64MMFR1, 0x0000000010212122), ID(ID_AA64MMFR2, 0x0000000000001011), ID_END,
};
/*
 * max. ISAR0: AES+PMULL, SHA1, SHA512, CRC32, LSE128, RDM, SHA3, SM3, SM4, DP, FHM, FlagM2, TLBI range and OS, RNDR.
 * ISAR1: DPB2, APA (QARMA5, FPACCOMBINE), JSCVT, FCMA, LRCPC3, GPA, FRINTTS, SB, SPECRES2, EBF16, DGH, I8MM, XS,
 * LS64_ACCDATA.
 * ISAR2: WFxT, RPRES, MOPS, BC (HBC), PAC_frac (CONSTPACFIELD), SYSREG128, SYSINSTR128, CSSC, ATS1A.
 * MMFR3: TCR2, SCTLR2, S1PIE, S2PIE, S1POE, S2POE, AIE, D128 at both stages. PFR1: BTI, SSBS2, MTE3, GCS, THE.
 */
static const struct ArmIdValue id_max[] = {
    ID(ID_AA64PFR0, 0x1101000010111111), ID(ID_AA64PFR1, 0x0001100000000321), ID(ID_AA64DFR0, 0x0000000010305408),
    ID(ID_AA64ISAR0, 0x1221111110312120), ID(ID_AA64ISAR1, 0x3111221101311052),
    ID(ID_AA64ISAR2, 0x1010001101110012), ID(ID_AA64MMFR0, 0x1000000000101126),
    ID(ID_AA64MMFR1, 0x0000110010312122), ID(ID_AA64MMFR2, 0x1000001100011011),
    ID(ID_AA64MMFR3, 0x0000001101111111), ID_END,
};

/* CTR_EL0: 64-byte lines, VIPT or PIPT instruction cache; IDC and DIC are not claimed by the older cores. */
#define CTR_A53 UINT64_C(0x84448004)
#define CTR_A57 UINT64_C(0x8444c004)
#define CTR_A76 UINT64_C(0x8444c004)
#define DCZID_64 4                              /* log2 words of the block: 64 bytes */

static const ArmModel models[] = {
    {
        .name = "cortex-a35", .desc = "Arm Cortex-A35 (Armv8.0-A)", .midr = 0x411fd040, .ctr = CTR_A53,
        .dczid = DCZID_64, .clidr = 0x0a200023,
        .ccsidr = { CCSIDR(32, 4), CCSIDR(32, 2), CCSIDR(512, 8) }, .id = id_a35, .el2 = true, .el3 = true,
    },
    {
        .name = "cortex-a53", .desc = "Arm Cortex-A53 (Armv8.0-A)", .midr = 0x410fd034, .ctr = CTR_A53,
        .dczid = DCZID_64, .clidr = 0x0a200023,
        .ccsidr = { CCSIDR(32, 4), CCSIDR(32, 2), CCSIDR(1024, 16) }, .id = id_a53, .el2 = true, .el3 = true,
    },
    {
        .name = "cortex-a55", .desc = "Arm Cortex-A55 (Armv8.2-A)", .midr = 0x412fd050, .ctr = CTR_A76,
        .dczid = DCZID_64, .clidr = 0x82000023,
        .ccsidr = { CCSIDR(32, 4), CCSIDR(32, 4), CCSIDR(512, 16) }, .id = id_a55, .el2 = true, .el3 = true,
        .multithreaded = true,
    },
    {
        .name = "cortex-a57", .desc = "Arm Cortex-A57 (Armv8.0-A)", .midr = 0x411fd070, .ctr = CTR_A57,
        .dczid = DCZID_64, .clidr = 0x0a200023,
        .ccsidr = { CCSIDR(32, 2), CCSIDR(48, 3), CCSIDR(2048, 16) }, .id = id_a57, .el2 = true, .el3 = true,
    },
    {
        .name = "cortex-a72", .desc = "Arm Cortex-A72 (Armv8.0-A)", .midr = 0x410fd083, .ctr = CTR_A57,
        .dczid = DCZID_64, .clidr = 0x0a200023,
        .ccsidr = { CCSIDR(32, 2), CCSIDR(48, 3), CCSIDR(1024, 16) }, .id = id_a72, .el2 = true, .el3 = true,
    },
    {
        .name = "cortex-a76", .desc = "Arm Cortex-A76 (Armv8.2-A)", .midr = 0x414fd0b1, .ctr = CTR_A76,
        .dczid = DCZID_64, .clidr = 0x82000023,
        .ccsidr = { CCSIDR(64, 4), CCSIDR(64, 4), CCSIDR(512, 8) }, .id = id_a76, .el2 = true, .el3 = true,
        .multithreaded = true,
    },
    {
        .name = "neoverse-n1", .desc = "Arm Neoverse N1 (Armv8.2-A)", .midr = 0x414fd0c1, .ctr = CTR_A76,
        .dczid = DCZID_64, .clidr = 0x82000023,
        .ccsidr = { CCSIDR(64, 4), CCSIDR(64, 4), CCSIDR(1024, 8) }, .id = id_n1, .el2 = true, .el3 = true,
        .multithreaded = true,
    },
    {
        .name = "max", .desc = "every Arm feature that is complete", .midr = 0x000f0510, .ctr = CTR_A76 | 3u << 28,
        .dczid = DCZID_64, .clidr = 0x82000023,
        .ccsidr = { CCSIDR(64, 4), CCSIDR(64, 4), CCSIDR(1024, 8) }, .id = id_max, .el2 = true, .el3 = true,
    },
};

const ArmModel *arm_model_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

void arm_model_idregs(const ArmModel *model, uint64_t *ret_idreg)
{
    memset(ret_idreg, 0, ARM_NUM_IDREGS * sizeof(*ret_idreg));
    for (const struct ArmIdValue *v = model->id; v->reg != 0xff; v++) {
        ret_idreg[v->reg] = v->value;
    }
}

#define MODEL_TYPE(n, name_, desc_) \
    { .name = name_ "-aarch64-cpu", .parent = TYPE_ARM_CPU, .desc = desc_, .class_data = &models[n], \
      .class_init = arm_model_class_init }
static const TypeInfo model_types[] = {
    MODEL_TYPE(0, "cortex-a35", "Arm Cortex-A35 (Armv8.0-A)"),
    MODEL_TYPE(1, "cortex-a53", "Arm Cortex-A53 (Armv8.0-A)"),
    MODEL_TYPE(2, "cortex-a55", "Arm Cortex-A55 (Armv8.2-A)"),
    MODEL_TYPE(3, "cortex-a57", "Arm Cortex-A57 (Armv8.0-A)"),
    MODEL_TYPE(4, "cortex-a72", "Arm Cortex-A72 (Armv8.0-A)"),
    MODEL_TYPE(5, "cortex-a76", "Arm Cortex-A76 (Armv8.2-A)"),
    MODEL_TYPE(6, "neoverse-n1", "Arm Neoverse N1 (Armv8.2-A)"),
    MODEL_TYPE(7, "max", "every Arm feature that is complete"),
};
G_STATIC_ASSERT(G_N_ELEMENTS(model_types) == G_N_ELEMENTS(models));

const TypeInfo *const arm_types[] = {
    &arm_cpu_type, &model_types[0], &model_types[1], &model_types[2], &model_types[3], &model_types[4],
    &model_types[5], &model_types[6], &model_types[7],
    &arm_m_cpu_type, &arm_m_model_types[0], &arm_m_model_types[1], &arm_m_model_types[2], &arm_m_model_types[3],
    &arm_m_model_types[4], &arm_m_model_types[5], &arm_m_model_types[6], &arm_idau_type, NULL,
};
