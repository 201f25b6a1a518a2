/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no board's program can bring about: physical SErrors, and control bits of features that no model has. */
#include "targets/arm/sysreg_groups.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(arm);
DEVTEST_MODULE(fpu);

#define HCR_AMO (UINT64_C(1) << 5)
#define HCR_VSE (UINT64_C(1) << 8)

static DevTest *new_cpu(const char *type)
{
    static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(arm), DEVTEST_MODULE_REF(fpu), NULL };
    DevTest *t = devtest_new(modules, type, NULL);

    t->no_save_check = true;
    return t;
}

/* Taking one SError does not take the other. */
static void test_serror(void)
{
    DevTest *t = new_cpu("cortex-a72-aarch64-cpu");
    ARMCPU *cpu = ARM_CPU(t->dev);

    arm_enter_at(cpu, 1, 0);
    cpu->daif = 0;
    cpu->hcr_el2 |= HCR_VSE;
    cpu->parent.irq_lines = 1 << ARM_LINE_SERROR;
    g_assert_true(arm_take_interrupt(&cpu->parent));
    g_assert_cmphex(cpu->pc, ==, cpu->vbar_el[1] + 0x380);
    g_assert_true(cpu->hcr_el2 & HCR_VSE);

    cpu->parent.irq_lines = 0;
    cpu->hcr_el2 |= HCR_AMO;
    g_assert_false(arm_take_interrupt(&cpu->parent));          /* masked */
    cpu->daif = 0;
    g_assert_true(arm_take_interrupt(&cpu->parent));
    g_assert_false(cpu->hcr_el2 & HCR_VSE);
    cpu->daif = 0;
    g_assert_false(arm_take_interrupt(&cpu->parent));
    devtest_free(t);
}

/* HCR_EL2 of FEAT_EVT: TID4, TICAB and TOCU, and in its second version TTLBIS and TTLBOS. */
static void test_hcr_evt(void)
{
    static const uint64_t evt[] = { 0, UINT64_C(0x0b) << 49, UINT64_C(0x6b) << 49 };
    DevTest *t = new_cpu("cortex-a72-aarch64-cpu");
    ARMCPU *cpu = ARM_CPU(t->dev);
    const SysReg *hcr = arm_sysreg_find(cpu, SYSREG(3, 4, 1, 1, 0));

    for (unsigned version = 0; version < G_N_ELEMENTS(evt); version++) {
        cpu->idreg[ARM_ID_AA64MMFR2_EL1] = (uint64_t)version << 56;
        arm_features_compute(cpu->idreg, &cpu->features);
        hcr->write(cpu, hcr, UINT64_MAX);
        g_assert_cmphex(cpu->hcr_el2 & UINT64_C(0x7f) << 49, ==, evt[version]);
    }
    devtest_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm/serror", test_serror);
    g_test_add_func("/arm/hcr_evt", test_hcr_evt);
    return g_test_run();
}
