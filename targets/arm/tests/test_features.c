/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Features follow from ID registers alone. */
#include <glib.h>
#include <string.h>

#include "targets/arm/features.h"

/* Cortex-A72 r0p3 (Arm 100095, 4.2) and Cortex-A76 r4p0 (Arm 100798, B2.2) */
static const uint64_t a72[ARM_NUM_IDREGS] = {
    [ARM_ID_AA64PFR0_EL1] = 0x2222,
    [ARM_ID_AA64DFR0_EL1] = 0x10305106,
    [ARM_ID_AA64ISAR0_EL1] = 0x11120,
    [ARM_ID_AA64MMFR0_EL1] = 0x1124,
};
static const uint64_t a76[ARM_NUM_IDREGS] = {
    [ARM_ID_AA64PFR0_EL1] = 0x1100000010111112,
    [ARM_ID_AA64PFR1_EL1] = 0x10,
    [ARM_ID_AA64DFR0_EL1] = 0x10305408,
    [ARM_ID_AA64ISAR0_EL1] = 0x0000100010211120,
    [ARM_ID_AA64ISAR1_EL1] = 0x00100001,
    [ARM_ID_AA64MMFR0_EL1] = 0x101122,
    [ARM_ID_AA64MMFR1_EL1] = 0x10212122,
    [ARM_ID_AA64MMFR2_EL1] = 0x1011,
};

static void check(const uint64_t *idregs, const ArmFeature *present, unsigned num_present, const ArmFeature *absent,
                  unsigned num_absent)
{
    ArmFeatures f;

    arm_features_compute(idregs, &f);
    for (unsigned i = 0; i < num_present; i++) {
        g_test_message("%s", arm_feature_name(present[i]));
        g_assert_true(arm_has_feature(&f, present[i]));
    }
    for (unsigned i = 0; i < num_absent; i++) {
        g_test_message("%s", arm_feature_name(absent[i]));
        g_assert_false(arm_has_feature(&f, absent[i]));
    }
}

static void test_models(void)
{
    static const ArmFeature a72_has[] = {
        FEAT_FP, FEAT_AdvSIMD, FEAT_AES, FEAT_PMULL, FEAT_SHA1, FEAT_SHA256, FEAT_CRC32, FEAT_EL2, FEAT_EL3,
        FEAT_AA32EL0, FEAT_AA32EL1, FEAT_PMUv3, FEAT_ASID16, FEAT_MixedEnd, FEAT_TGran4K, FEAT_TGran64K,
        FEAT_S2TGran4K, FEAT_S2TGran64K, FEAT_DoubleLock,
    };
    static const ArmFeature a72_lacks[] = {
        FEAT_LSE, FEAT_RDM, FEAT_FP16, FEAT_SHA512, FEAT_PAN, FEAT_VHE, FEAT_RAS, FEAT_PAuth, FEAT_GICv3, FEAT_SVE,
        FEAT_PMUv3p1, FEAT_TGran16K, FEAT_S2TGran16K, FEAT_LPA2, FEAT_SB, FEAT_CSV2_1p1,
    };
    static const ArmFeature a76_has[] = {
        FEAT_LSE, FEAT_RDM, FEAT_FP16, FEAT_DotProd, FEAT_LRCPC, FEAT_DPB, FEAT_RAS, FEAT_PAN, FEAT_PAN2, FEAT_VHE,
        FEAT_HAFDBS, FEAT_UAO, FEAT_TTCNP, FEAT_IESB, FEAT_SSBS, FEAT_CSV2, FEAT_CSV3, FEAT_PMUv3p1,
        FEAT_TGran16K, FEAT_AA32EL0, FEAT_XNX,
    };
    static const ArmFeature a76_lacks[] = {
        FEAT_AA32EL1, FEAT_FHM, FEAT_LRCPC2, FEAT_FCMA, FEAT_JSCVT, FEAT_PAuth, FEAT_DIT, FEAT_FlagM, FEAT_SEL2,
        FEAT_SSBS2, FEAT_PAN3, FEAT_PMUv3p4,
    };

    check(a72, a72_has, G_N_ELEMENTS(a72_has), a72_lacks, G_N_ELEMENTS(a72_lacks));
    check(a76, a76_has, G_N_ELEMENTS(a76_has), a76_lacks, G_N_ELEMENTS(a76_lacks));
}

static void test_signed(void)
{
    static const ArmFeature fp[] = { FEAT_FP, FEAT_AdvSIMD };
    uint64_t idregs[ARM_NUM_IDREGS] = { 0 };

    check(idregs, fp, 2, NULL, 0);
    idregs[ARM_ID_AA64PFR0_EL1] = 0xff0000;
    check(idregs, NULL, 0, fp, 2);
}

static void test_expressions(void)
{
    static const ArmFeature pmu[] = { FEAT_PMUv3 };
    static const ArmFeature pauth[] = { FEAT_PAuth };
    uint64_t idregs[ARM_NUM_IDREGS] = { 0 };

    check(idregs, NULL, 0, pmu, 1);
    idregs[ARM_ID_AA64DFR0_EL1] = 0xf00;            /* a PMU of another kind */
    check(idregs, NULL, 0, pmu, 1);
    idregs[ARM_ID_AA64DFR0_EL1] = 0x100;
    check(idregs, pmu, 1, NULL, 0);
    for (unsigned shift = 4; shift <= 8; shift += 4) {
        idregs[ARM_ID_AA64ISAR1_EL1] = UINT64_C(1) << shift;
        check(idregs, pauth, 1, NULL, 0);
    }
    idregs[ARM_ID_AA64ISAR1_EL1] = 0;
    check(idregs, NULL, 0, pauth, 1);
}

/* Every feature that one field tells can be turned on and off, from all-zero and all-one registers. */
static void test_set(void)
{
    unsigned settable = 0;

    for (unsigned i = 0; i < ARM_NUM_FEATURES; i++) {
        for (unsigned start = 0; start < 2; start++) {
            uint64_t idregs[ARM_NUM_IDREGS];
            ArmFeatures f;

            memset(idregs, start ? 0xff : 0, sizeof(idregs));
            if (!arm_feature_set(idregs, i, true)) {
                g_assert_false(arm_feature_set(idregs, i, false));
                continue;
            }
            settable++;
            g_test_message("%s", arm_feature_name(i));
            arm_features_compute(idregs, &f);
            g_assert_true(arm_has_feature(&f, i));
            g_assert_true(arm_feature_set(idregs, i, false));
            arm_features_compute(idregs, &f);
            g_assert_false(arm_has_feature(&f, i));
        }
    }
    g_assert_cmpuint(settable, >, 200);
}

static void test_set_keeps(void)
{
    uint64_t idregs[ARM_NUM_IDREGS];
    ArmFeatures f;

    /* without the higher value of a field, the lower one stays */
    memcpy(idregs, a72, sizeof(idregs));
    g_assert_true(arm_feature_set(idregs, FEAT_PMULL, false));
    g_assert_cmphex(idregs[ARM_ID_AA64ISAR0_EL1], ==, 0x11110);
    g_assert_true(arm_feature_set(idregs, FEAT_AES, false));
    g_assert_cmphex(idregs[ARM_ID_AA64ISAR0_EL1], ==, 0x11100);
    /* there is no value 1 of Atomic */
    g_assert_true(arm_feature_set(idregs, FEAT_LSE, true));
    g_assert_cmphex(idregs[ARM_ID_AA64ISAR0_EL1], ==, 0x211100);
    g_assert_true(arm_feature_set(idregs, FEAT_LSE, false));
    g_assert_cmphex(idregs[ARM_ID_AA64ISAR0_EL1], ==, 0x11100);
    /* FP and AdvSIMD go together */
    g_assert_true(arm_feature_set(idregs, FEAT_FP16, true));
    g_assert_cmphex(idregs[ARM_ID_AA64PFR0_EL1], ==, 0x112222);
    g_assert_true(arm_feature_set(idregs, FEAT_FP, false));
    g_assert_cmphex(idregs[ARM_ID_AA64PFR0_EL1], ==, 0xff2222);
    arm_features_compute(idregs, &f);
    g_assert_false(arm_has_feature(&f, FEAT_AdvSIMD));
}

static void test_names(void)
{
    ArmFeature f;

    g_assert_true(arm_feature_find("lse2", &f));
    g_assert_cmpint(f, ==, FEAT_LSE2);
    g_assert_cmpstr(arm_feature_name(f), ==, "LSE2");
    g_assert_false(arm_feature_find("nothing", &f));
    for (unsigned i = 0; i < ARM_NUM_FEATURES; i++) {
        g_assert_cmpuint(strlen(arm_feature_description(i)), >, 2);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/models", test_models);
    g_test_add_func("/features/signed", test_signed);
    g_test_add_func("/features/expressions", test_expressions);
    g_test_add_func("/features/set", test_set);
    g_test_add_func("/features/set-keeps", test_set_keeps);
    g_test_add_func("/features/names", test_names);
    return g_test_run();
}
