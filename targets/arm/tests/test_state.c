/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no board's program can bring about: physical SErrors, and control bits of features that no model has. */
#include "core/qom/vmstate.h"
#include "targets/arm/gtimer.h"
#include "targets/arm/hcr.h"
#include "targets/arm/m_int.h"
#include "targets/arm/sysreg_groups.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(arm);
DEVTEST_MODULE(fpu);

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

static uint32_t m_reg_access(ARMMCPU *cpu, uint32_t offset, uint32_t value, bool write)
{
    uint64_t v = value;

    g_assert_cmpuint(arm_m_system_access(cpu, offset, 4, &v, (MemTxAttrs){ .privileged = 1 }, write), ==, MEMTX_OK);
    return (uint32_t)v;
}

/* SysTick and the cycle counter go on from where they are at another frequency, and do so in a copy. */
static void test_m_frequency(void)
{
    enum { DWT_CTRL = 0x1000, CYCCNT = 0x1004, SYST_CSR = 0xe010, SYST_RVR = 0xe014, SYST_CVR = 0xe018, DEMCR = 0xedfc };
    DevTest *t = new_cpu("cortex-m4-arm-m-cpu"), *copy;
    ARMMCPU *cpu = ARM_M_CPU(t->dev);
    g_autoptr(GVariant) state = NULL;
    g_autoptr(GError) error = NULL;

    cpu_set_frequency(&cpu->parent, 10000000);
    m_reg_access(cpu, DEMCR, 1 << 24, true);
    m_reg_access(cpu, DWT_CTRL, 1, true);
    m_reg_access(cpu, CYCCNT, 0, true);
    m_reg_access(cpu, SYST_RVR, 0xffffff, true);
    m_reg_access(cpu, SYST_CVR, 0, true);
    m_reg_access(cpu, SYST_CSR, 5, true);
    devtest_step(t, 100000);
    cpu_set_frequency(&cpu->parent, 50000000);
    g_assert_cmpuint(m_reg_access(cpu, CYCCNT, 0, false), ==, 1000);
    g_assert_cmpuint(m_reg_access(cpu, SYST_CVR, 0, false), ==, 0x1000000 - 1000);
    devtest_step(t, 100000);
    g_assert_cmpuint(m_reg_access(cpu, CYCCNT, 0, false), ==, 6000);
    g_assert_cmpuint(m_reg_access(cpu, SYST_CVR, 0, false), ==, 0x1000000 - 6000);

    state = g_variant_ref_sink(device_save(t->dev));
    copy = new_cpu("cortex-m4-arm-m-cpu");
    devtest_step(copy, 200000);
    device_load(copy->dev, state, &error);
    g_assert_no_error(error);
    cpu_set_frequency(CPU(copy->dev), 50000000);            /* as what makes its clock does when it is loaded */
    cpu = ARM_M_CPU(copy->dev);
    g_assert_cmpuint(m_reg_access(cpu, CYCCNT, 0, false), ==, 6000);
    g_assert_cmpuint(m_reg_access(cpu, SYST_CVR, 0, false), ==, 0x1000000 - 6000);
    devtest_free(copy);
    devtest_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm/serror", test_serror);
    g_test_add_func("/arm/save", test_save);
    g_test_add_func("/arm/hcr_evt", test_hcr_evt);
    g_test_add_func("/arm/m-frequency", test_m_frequency);
    return g_test_run();
}
