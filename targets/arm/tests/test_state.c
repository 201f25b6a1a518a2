/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no board's program can bring about: physical SErrors, and control bits of features that no model has. */
#include "core/qom/vmstate.h"
#include "targets/arm/gtimer.h"
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

/* The state table has the storage of each register. */
static void find_row(ARMCPU *cpu G_GNUC_UNUSED, const SysReg *r, void *opaque)
{
    const VMStateField *f = arm_vmstate;

    if (!r->offset || r->is_alias) {
        return;
    }
    while (f->kind != VMS_END && !(r->offset >= f->offset && r->offset + r->size <= f->offset + f->size * f->count)) {
        f++;
    }
    if (f->kind == VMS_END) {
        g_error("%s has no row in the state table", r->name);
    }
    ++*(unsigned *)opaque;
}

/* And devtest_free finds that a copy which loaded it is the same. */
static void test_save(void)
{
    DevTest *t = new_cpu("neoverse-n1-aarch64-cpu");
    ARMCPU *cpu = ARM_CPU(t->dev);
    unsigned rows = 0;

    arm_sysregs_foreach(cpu, find_row, &rows);
    g_assert_cmpuint(rows, >, 100);
    arm_enter_at(cpu, 1, 0x40001000);
    for (unsigned i = 0; i < 31; i++) {
        cpu->x[i] = UINT64_C(0x0102030405060708) * i;
    }
    for (unsigned i = 0; i < sizeof(cpu->v); i++) {
        ((uint8_t *)cpu->v)[i] = 7 * i;
    }
    cpu->sp = 0x1230;
    cpu->nzcv = 9;
    arm_set_fpcr(cpu, FPCR_FZ | FPCR_DN);
    arm_set_fpsr(cpu, FPSR_QC | FPSR_IXC);
    cpu->ttbr0_el[1] = 0x40000000;
    cpu->apkey[9] = 0x55;
    cpu->gtimer[GTIMER_VIRT] = (ArmGtimerState){ .cval = 0, .ctl = 1 };
    arm_gtimer_update(cpu, GTIMER_VIRT);        /* its line is high, and is so in the copy */
    g_assert_true(irq_level(&cpu->timer_irq[GTIMER_VIRT]));
    cpu->excl_addr = 0x40;
    cpu->event_register = 1;
    t->no_save_check = false;
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
    g_test_add_func("/arm/save", test_save);
    g_test_add_func("/arm/hcr_evt", test_hcr_evt);
    return g_test_run();
}
