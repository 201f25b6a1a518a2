/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv3: enables, priorities and preemption, SGIs, routing, security states, traps, virtual interrupts. */
#include "tests/lib/devtest.h"
#include "targets/arm/iface/gicv3_cpu.h"

DEVTEST_MODULE(hw_intc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_intc), NULL };

enum { GICD_CTLR = 0, GICD_TYPER = 4, GICD_IGROUPR = 0x80, GICD_ISENABLER = 0x100, GICD_ICENABLER = 0x180,
       GICD_ISPENDR = 0x200, GICD_ICPENDR = 0x280, GICD_ISACTIVER = 0x300, GICD_IPRIORITYR = 0x400, GICD_ICFGR = 0xc00,
       GICD_IROUTER = 0x6000, GICD_PIDR2 = 0xffe8 };
enum { GICR_TYPER = 8, GICR_WAKER = 0x14, SGI = 0x10000, GICR_SIZE = 0x20000 };

static DevTest *new_gic(const char *secure)
{
    DevTest *t = devtest_new(modules, "arm-gicv3", "num-cpu", "4", "num-irq", "96", "has-security-extensions", secure,
                             NULL);

    return t;
}

static GICv3CpuIf *cpuif(DevTest *t, unsigned cpu)
{
    g_autofree char *name = g_strdup_printf("cpu[%u]", cpu);

    return GICV3_CPUIF(object_child(&t->dev->parent, name));
}

static const GICv3Context ns_el1 = { .el = 1 };

static uint64_t icc_read_ctx(DevTest *t, unsigned cpu, const GICv3Context *ctx, GICv3Reg reg)
{
    GICv3CpuIf *c = cpuif(t, cpu);
    uint64_t v = 0;

    g_assert_cmpint(c->ops->access(c, ctx, reg, false, &v), ==, GICV3_OK);
    return v;
}

static void icc_write_ctx(DevTest *t, unsigned cpu, const GICv3Context *ctx, GICv3Reg reg, uint64_t v)
{
    GICv3CpuIf *c = cpuif(t, cpu);

    g_assert_cmpint(c->ops->access(c, ctx, reg, true, &v), ==, GICV3_OK);
}

static uint64_t icc_read(DevTest *t, unsigned cpu, GICv3Reg reg)
{
    return icc_read_ctx(t, cpu, &ns_el1, reg);
}

static void icc_write(DevTest *t, unsigned cpu, GICv3Reg reg, uint64_t v)
{
    icc_write_ctx(t, cpu, &ns_el1, reg, v);
}

static void dist_write(DevTest *t, uint64_t offset, uint32_t v)
{
    devtest_write(t, "dist", offset, 4, v);
}

static uint32_t dist_read(DevTest *t, uint64_t offset)
{
    return (uint32_t)devtest_read(t, "dist", offset, 4);
}

static void redist_write(DevTest *t, unsigned cpu, uint64_t offset, uint32_t v)
{
    devtest_write(t, "redist", (uint64_t)cpu * GICR_SIZE + offset, 4, v);
}

static uint32_t redist_read(DevTest *t, unsigned cpu, uint64_t offset)
{
    return (uint32_t)devtest_read(t, "redist", (uint64_t)cpu * GICR_SIZE + offset, 4);
}

/* One security state, all interrupts in Group 1, CPUs on, as an operating system leaves it. */
static void start_ns(DevTest *t)
{
    dist_write(t, GICD_CTLR, 0x12);
    for (unsigned i = 1; i < 3; i++) {
        dist_write(t, GICD_IGROUPR + 4 * i, UINT32_MAX);
    }
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        redist_write(t, cpu, GICR_WAKER, 0);
        redist_write(t, cpu, SGI + GICD_IGROUPR, UINT32_MAX);
        icc_write(t, cpu, GICV3_ICC_PMR_EL1, 0xf0);
        icc_write(t, cpu, GICV3_ICC_IGRPEN1_EL1, 1);
    }
}

static void test_ids(void)
{
    DevTest *t = new_gic("off");

    g_assert_cmphex(dist_read(t, GICD_PIDR2) & 0xf0, ==, 0x30);
    g_assert_cmphex(redist_read(t, 0, 0xffe8) & 0xf0, ==, 0x30);
    g_assert_cmphex(dist_read(t, GICD_TYPER) & 0x1f, ==, 2);
    g_assert_cmphex(dist_read(t, GICD_CTLR), ==, 0x50);         /* ARE, DS */
    g_assert_cmphex(redist_read(t, 3, GICR_TYPER), ==, 0x310);  /* the last */
    g_assert_cmphex(redist_read(t, 3, GICR_TYPER + 4), ==, 3);
    g_assert_cmphex(redist_read(t, 1, GICR_TYPER), ==, 0x100);
    g_assert_cmphex(redist_read(t, 1, GICR_WAKER), ==, 6);
    redist_write(t, 1, GICR_WAKER, 0);
    g_assert_cmphex(redist_read(t, 1, GICR_WAKER), ==, 0);
    g_assert_cmphex(icc_read(t, 0, GICV3_ICC_SRE_EL1), ==, 7);
    devtest_free(t);
}

/* A level-triggered SPI: the line, acknowledge, end, the line still high. */
static void test_spi_level(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    dist_write(t, GICD_ISENABLER + 4, 1 << 5);
    devtest_set_irq(t, "spi", 5, 1);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_false(devtest_irq_n(t, "irq", 1));
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_HPPIR1_EL1), ==, 37);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 37);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_cmphex(dist_read(t, GICD_ISACTIVER + 4), ==, 1 << 5);
    g_assert_cmphex(icc_read(t, 0, GICV3_ICC_RPR_EL1), ==, 0);
    icc_write(t, 0, GICV3_ICC_EOIR1_EL1, 37);
    g_assert_true(devtest_irq_n(t, "irq", 0));                  /* pending again: the line is high */
    devtest_set_irq(t, "spi", 5, 0);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 1023);
    devtest_free(t);
}

static void test_spi_edge(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    dist_write(t, GICD_ICFGR + 8, 2 << 4);                      /* INTID 34 */
    dist_write(t, GICD_ISENABLER + 4, 1 << 2);
    devtest_set_irq(t, "spi", 2, 1);
    devtest_set_irq(t, "spi", 2, 0);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 34);
    devtest_set_irq(t, "spi", 2, 1);                            /* again while active */
    g_assert_false(devtest_irq_n(t, "irq", 0));
    icc_write(t, 0, GICV3_ICC_EOIR1_EL1, 34);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 34);
    icc_write(t, 0, GICV3_ICC_EOIR1_EL1, 34);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    dist_write(t, GICD_ISPENDR + 4, 1 << 2);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    dist_write(t, GICD_ICPENDR + 4, 1 << 2);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    devtest_free(t);
}

static void test_routing(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    dist_write(t, GICD_ISENABLER + 4, 1);
    devtest_write(t, "dist", GICD_IROUTER + 8 * 32, 8, 2);
    g_assert_cmphex(devtest_read(t, "dist", GICD_IROUTER + 8 * 32, 8), ==, 2);
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_true(devtest_irq_n(t, "irq", 2));
    devtest_write(t, "dist", GICD_IROUTER + 8 * 32, 8, 0x100);  /* nobody */
    g_assert_false(devtest_irq_n(t, "irq", 2));
    cpuif(t, 3)->ops->attach(cpuif(t, 3), 0x80000100, false);
    g_assert_true(devtest_irq_n(t, "irq", 3));
    g_assert_cmphex(redist_read(t, 3, GICR_TYPER + 4), ==, 0x100);
    t->no_save_check = true;                                    /* the second one has no CPU attached */
    devtest_free(t);
}

static void test_ppi_and_sgi(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        redist_write(t, cpu, SGI + GICD_ISENABLER, 1 << 27 | 1 << 3);
    }
    devtest_set_irq(t, "ppi", 2 * 32 + 27, 1);
    g_assert_true(devtest_irq_n(t, "irq", 2));
    g_assert_false(devtest_irq_n(t, "irq", 0));
    devtest_set_irq(t, "ppi", 2 * 32 + 27, 0);
    icc_write(t, 0, GICV3_ICC_SGI1R_EL1, 3u << 24 | 0xa);       /* CPUs 1 and 3 */
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_true(devtest_irq_n(t, "irq", 1));
    g_assert_false(devtest_irq_n(t, "irq", 2));
    g_assert_true(devtest_irq_n(t, "irq", 3));
    g_assert_cmpuint(icc_read(t, 1, GICV3_ICC_IAR1_EL1), ==, 3);
    icc_write(t, 1, GICV3_ICC_EOIR1_EL1, 3);
    g_assert_false(devtest_irq_n(t, "irq", 1));
    icc_write(t, 3, GICV3_ICC_SGI1R_EL1, UINT64_C(1) << 40 | 3u << 24);   /* all but itself */
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_true(devtest_irq_n(t, "irq", 2));
    devtest_free(t);
}

static void test_priorities(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    dist_write(t, GICD_ISENABLER + 4, 7);
    dist_write(t, GICD_IPRIORITYR + 32, 0x00a080c7);            /* 32: 0xc0, 33: 0x80, 34: 0xa0 */
    g_assert_cmphex(dist_read(t, GICD_IPRIORITYR + 32), ==, 0x00a080c0);
    devtest_write(t, "dist", GICD_IPRIORITYR + 33, 1, 0x90);
    g_assert_cmphex(dist_read(t, GICD_IPRIORITYR + 32), ==, 0x00a090c0);
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 32);
    devtest_set_irq(t, "spi", 2, 1);
    devtest_set_irq(t, "spi", 1, 1);
    g_assert_true(devtest_irq_n(t, "irq", 0));                  /* preempts */
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 33);
    g_assert_cmphex(icc_read(t, 0, GICV3_ICC_RPR_EL1), ==, 0x90);
    g_assert_false(devtest_irq_n(t, "irq", 0));                 /* 34 does not */
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 1023);
    icc_write(t, 0, GICV3_ICC_PMR_EL1, 0xa0);
    icc_write(t, 0, GICV3_ICC_EOIR1_EL1, 33);
    devtest_set_irq(t, "spi", 1, 0);
    g_assert_false(devtest_irq_n(t, "irq", 0));                 /* masked by PMR: not lower than 0xa0 */
    icc_write(t, 0, GICV3_ICC_PMR_EL1, 0xa8);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    icc_write(t, 0, GICV3_ICC_BPR1_EL1, 7);                     /* bit 7 alone decides: no preemption of 0xc0 */
    g_assert_false(devtest_irq_n(t, "irq", 0));
    icc_write(t, 0, GICV3_ICC_BPR1_EL1, 0);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_BPR1_EL1), ==, 3);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    devtest_free(t);
}

static void test_eoimode(void)
{
    DevTest *t = new_gic("off");

    start_ns(t);
    icc_write(t, 0, GICV3_ICC_CTLR_EL1, 2);
    dist_write(t, GICD_ISENABLER + 4, 1);
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_cmpuint(icc_read(t, 0, GICV3_ICC_IAR1_EL1), ==, 32);
    icc_write(t, 0, GICV3_ICC_EOIR1_EL1, 32);
    g_assert_cmphex(icc_read(t, 0, GICV3_ICC_RPR_EL1), ==, 0xff);
    g_assert_cmphex(dist_read(t, GICD_ISACTIVER + 4), ==, 1);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    icc_write(t, 0, GICV3_ICC_DIR_EL1, 32);
    g_assert_cmphex(dist_read(t, GICD_ISACTIVER + 4), ==, 0);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    devtest_free(t);
}

/* Two security states: who sees what, and which line an interrupt takes in which state. */
static void test_security(void)
{
    static const GICv3Context el3 = { .el = 3, .secure = true, .have_el3 = true };
    static const GICv3Context el1 = { .el = 1, .have_el3 = true, .scr_el3 = 1 };
    static const GICv3Context el1_fiq = { .el = 1, .have_el3 = true, .scr_el3 = 5 };
    DevTest *t = new_gic("on");
    GICv3CpuIf *c = cpuif(t, 0);
    uint64_t v;

    c->ops->attach(c, 0, true);
    t->attrs.pas = PAS_SECURE;
    g_assert_cmphex(dist_read(t, GICD_TYPER) >> 10 & 1, ==, 1);
    dist_write(t, GICD_CTLR, 0x37);
    dist_write(t, GICD_IGROUPR + 4, 1);                         /* 32: G1NS, 33: G1S, 34: G0 */
    dist_write(t, 0xd00 + 4, 2);
    dist_write(t, GICD_ISENABLER + 4, 7);
    dist_write(t, GICD_IPRIORITYR + 32, 0x00104080 | 0x80000000);
    t->attrs.pas = PAS_NONSECURE;
    g_assert_cmphex(dist_read(t, GICD_CTLR), ==, 0x12);
    g_assert_cmphex(dist_read(t, GICD_ISENABLER + 4), ==, 1);
    g_assert_cmphex(dist_read(t, GICD_IPRIORITYR + 32), ==, 0x00000000);
    g_assert_cmphex(dist_read(t, GICD_IGROUPR + 4), ==, 0);
    dist_write(t, GICD_ICENABLER + 4, 6);                       /* not theirs */
    t->attrs.pas = PAS_SECURE;
    g_assert_cmphex(dist_read(t, GICD_ISENABLER + 4), ==, 7);

    icc_write_ctx(t, 0, &el3, GICV3_ICC_PMR_EL1, 0xf8);
    icc_write_ctx(t, 0, &el3, GICV3_ICC_IGRPEN0_EL1, 1);
    icc_write_ctx(t, 0, &el3, GICV3_ICC_IGRPEN1_EL3, 3);
    c->ops->state_changed(c, false, false);                     /* Non-secure EL1 */
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_false(devtest_irq_n(t, "fiq", 0));
    devtest_set_irq(t, "spi", 1, 1);                            /* Secure Group 1 while Non-secure runs */
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_true(devtest_irq_n(t, "fiq", 0));
    g_assert_cmpuint(icc_read_ctx(t, 0, &el1, GICV3_ICC_IAR1_EL1), ==, 1023);
    g_assert_cmpuint(icc_read_ctx(t, 0, &el3, GICV3_ICC_HPPIR0_EL1), ==, 1020);
    c->ops->state_changed(c, false, true);                      /* Secure EL1 */
    g_assert_true(devtest_irq_n(t, "irq", 0));
    c->ops->state_changed(c, true, true);                       /* EL3 */
    g_assert_true(devtest_irq_n(t, "fiq", 0));
    devtest_set_irq(t, "spi", 1, 0);
    devtest_set_irq(t, "spi", 2, 1);
    g_assert_cmpuint(icc_read_ctx(t, 0, &el3, GICV3_ICC_IAR0_EL1), ==, 34);
    icc_write_ctx(t, 0, &el3, GICV3_ICC_EOIR0_EL1, 34);

    /* with SCR_EL3.FIQ, Non-secure code has the lower half of the priorities, and Group 0 traps */
    g_assert_cmphex(icc_read_ctx(t, 0, &el1_fiq, GICV3_ICC_PMR_EL1), ==, 0xf0);
    icc_write_ctx(t, 0, &el1_fiq, GICV3_ICC_PMR_EL1, 0x40);
    g_assert_cmphex(icc_read_ctx(t, 0, &el3, GICV3_ICC_PMR_EL1), ==, 0xa0);
    g_assert_cmpint(c->ops->access(c, &el1_fiq, GICV3_ICC_IAR0_EL1, false, &v), ==, GICV3_TRAP_EL3);
    t->no_save_check = true;                                    /* the second one has no CPU attached */
    devtest_free(t);
}

static void test_undefined(void)
{
    DevTest *t = new_gic("off");
    GICv3CpuIf *c = cpuif(t, 0);
    uint64_t v = 0;

    g_assert_cmpint(c->ops->access(c, &ns_el1, GICV3_ICC_IAR1_EL1, true, &v), ==, GICV3_UNDEFINED);
    g_assert_cmpint(c->ops->access(c, &ns_el1, GICV3_ICC_EOIR1_EL1, false, &v), ==, GICV3_UNDEFINED);
    g_assert_cmpint(c->ops->access(c, &ns_el1, GICV3_ICC_AP1R1_EL1, false, &v), ==, GICV3_UNDEFINED);
    g_assert_cmpint(c->ops->access(c, &ns_el1, GICV3_ICH_LR0_EL2 + 4, false, &v), ==, GICV3_UNDEFINED);
    devtest_free(t);
}

/* A hypervisor injects a hardware timer interrupt; the guest's end deactivates the physical one. */
static void test_virtual(void)
{
    static const GICv3Context el2 = { .el = 2, .hcr_el2 = 0x18 };
    static const GICv3Context guest = { .el = 1, .hcr_el2 = 0x18 };
    DevTest *t = new_gic("off");
    GICv3CpuIf *c = cpuif(t, 0);
    uint64_t v = 0;

    start_ns(t);
    redist_write(t, 0, SGI + GICD_ISENABLER, 1 << 27);
    devtest_set_irq(t, "ppi", 27, 1);
    icc_write_ctx(t, 0, &el2, GICV3_ICC_CTLR_EL1, 2);           /* the host splits drop and deactivation */
    g_assert_cmpuint(icc_read_ctx(t, 0, &el2, GICV3_ICC_IAR1_EL1), ==, 27);
    icc_write_ctx(t, 0, &el2, GICV3_ICC_EOIR1_EL1, 27);
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_VTR_EL2) & 0x1f, ==, 3);
    icc_write_ctx(t, 0, &el2, GICV3_ICH_HCR_EL2, 1);
    icc_write_ctx(t, 0, &el2, GICV3_ICH_LR0_EL2, UINT64_C(0x70a0001b0000001b));
    g_assert_false(devtest_irq_n(t, "virq", 0));                /* the guest has not enabled its group */
    icc_write_ctx(t, 0, &guest, GICV3_ICC_PMR_EL1, 0xf0);
    icc_write_ctx(t, 0, &guest, GICV3_ICC_IGRPEN1_EL1, 1);
    g_assert_true(devtest_irq_n(t, "virq", 0));
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_VMCR_EL2) & 0xff000003, ==, 0xf0000002);
    g_assert_cmpuint(icc_read_ctx(t, 0, &guest, GICV3_ICC_IAR1_EL1), ==, 27);
    g_assert_false(devtest_irq_n(t, "virq", 0));
    g_assert_cmphex(icc_read_ctx(t, 0, &guest, GICV3_ICC_RPR_EL1), ==, 0xa0);
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_LR0_EL2) >> 62, ==, 2);
    devtest_set_irq(t, "ppi", 27, 0);
    icc_write_ctx(t, 0, &guest, GICV3_ICC_EOIR1_EL1, 27);
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_ELRSR_EL2), ==, 0xf);
    g_assert_cmphex(redist_read(t, 0, SGI + GICD_ISACTIVER), ==, 0);

    /* a software interrupt that asks for maintenance at its end */
    icc_write_ctx(t, 0, &el2, GICV3_ICH_LR0_EL2 + 1, UINT64_C(0x5080020000000005));
    g_assert_cmpuint(icc_read_ctx(t, 0, &guest, GICV3_ICC_IAR1_EL1), ==, 5);
    icc_write_ctx(t, 0, &guest, GICV3_ICC_EOIR1_EL1, 5);
    g_assert_true(devtest_irq_n(t, "maintenance", 0));
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_MISR_EL2), ==, 1);
    g_assert_cmphex(icc_read_ctx(t, 0, &el2, GICV3_ICH_EISR_EL2), ==, 2);
    icc_write_ctx(t, 0, &el2, GICV3_ICH_LR0_EL2 + 1, 0);
    g_assert_false(devtest_irq_n(t, "maintenance", 0));

    /* traps: SGIs always with IMO, the rest as ICH_HCR_EL2 says */
    g_assert_cmpint(c->ops->access(c, &guest, GICV3_ICC_SGI1R_EL1, true, &v), ==, GICV3_TRAP_EL2);
    icc_write_ctx(t, 0, &el2, GICV3_ICH_HCR_EL2, 1 | 1 << 12);
    g_assert_cmpint(c->ops->access(c, &guest, GICV3_ICC_IAR1_EL1, false, &v), ==, GICV3_TRAP_EL2);
    g_assert_cmpint(c->ops->access(c, &guest, GICV3_ICC_PMR_EL1, false, &v), ==, GICV3_OK);
    devtest_free(t);
}

/* Registers at random, system registers among them. */
static void test_fuzz(void)
{
    static const char *const secure[] = { "off", "on" };

    for (unsigned s = 0; s < 2; s++) {
        DevTest *t = new_gic(secure[s]);

        start_ns(t);
        for (unsigned round = 0; round < 20; round++) {
            uint8_t data[500];

            for (unsigned i = 0; i < sizeof(data); i++) {
                data[i] = (uint8_t)g_test_rand_int();
            }
            devtest_replay(t, data, sizeof(data));
            for (unsigned i = 0; i < 200; i++) {
                GICv3CpuIf *c = cpuif(t, (unsigned)g_test_rand_int_range(0, 4));
                GICv3Context ctx = {
                    .el = (uint8_t)g_test_rand_int_range(1, 4), .secure = g_test_rand_bit(), .have_el3 = s,
                    .scr_el3 = (uint64_t)g_test_rand_int_range(0, 8), .hcr_el2 = g_test_rand_bit() ? 0x18 : 0,
                };
                uint64_t v = (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();

                v = g_test_rand_bit() ? v : v & 0x7f;
                c->ops->access(c, &ctx, (GICv3Reg)g_test_rand_int_range(0, GICV3_NUM_REGS), g_test_rand_bit(), &v);
            }
        }
        devtest_free(t);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/gicv3/ids", test_ids);
    g_test_add_func("/hw/gicv3/spi_level", test_spi_level);
    g_test_add_func("/hw/gicv3/spi_edge", test_spi_edge);
    g_test_add_func("/hw/gicv3/routing", test_routing);
    g_test_add_func("/hw/gicv3/ppi_and_sgi", test_ppi_and_sgi);
    g_test_add_func("/hw/gicv3/priorities", test_priorities);
    g_test_add_func("/hw/gicv3/eoimode", test_eoimode);
    g_test_add_func("/hw/gicv3/security", test_security);
    g_test_add_func("/hw/gicv3/undefined", test_undefined);
    g_test_add_func("/hw/gicv3/virtual", test_virtual);
    g_test_add_func("/hw/gicv3/fuzz", test_fuzz);
    return g_test_run();
}
