/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GICv2: enables, targets, SGIs by source, priorities, groups and security states, virtual interrupts. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_intc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_intc), NULL };

enum { GICD_CTLR = 0, GICD_TYPER = 4, IGROUPR = 0x80, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200,
       ISACTIVER = 0x300, IPRIORITYR = 0x400, ITARGETSR = 0x800, ICFGR = 0xc00, SGIR = 0xf00, PIDR2 = 0xfe8 };
enum { GICC_CTLR = 0, PMR = 4, BPR = 8, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18, AIAR = 0x20, AEOIR = 0x24,
       DIR_OFFSET = 0x1000 };

static DevTest *new_gic(const char *secure)
{
    return devtest_new(modules, "arm_gic", "num-cpu", "4", "num-irq", "96", "has-security-extensions", secure,
                       "has-virtualization-extensions", "on", NULL);
}

static uint32_t dist_read(DevTest *t, uint64_t offset)
{
    return (uint32_t)devtest_read(t, "dist", offset, 4);
}

static void dist_write(DevTest *t, uint64_t offset, uint32_t v)
{
    devtest_write(t, "dist", offset, 4, v);
}

static uint32_t cpu_read(DevTest *t, unsigned cpu, uint64_t offset)
{
    t->attrs.requester = cpu;
    return (uint32_t)devtest_read(t, "cpu", offset, 4);
}

static void cpu_write(DevTest *t, unsigned cpu, uint64_t offset, uint32_t v)
{
    t->attrs.requester = cpu;
    devtest_write(t, "cpu", offset, 4, v);
}

static void start(DevTest *t)
{
    dist_write(t, GICD_CTLR, 1);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        cpu_write(t, cpu, PMR, 0xf0);
        cpu_write(t, cpu, GICC_CTLR, 1);
    }
    t->attrs.requester = 0;
}

static void test_ids(void)
{
    DevTest *t = new_gic("off");

    g_assert_cmphex(dist_read(t, PIDR2) & 0xf0, ==, 0x20);
    g_assert_cmphex(dist_read(t, GICD_TYPER), ==, 3 << 5 | 2);
    g_assert_cmphex(cpu_read(t, 0, 0xfc) >> 16 & 0xf, ==, 2);
    t->attrs.requester = 2;
    g_assert_cmphex(dist_read(t, ITARGETSR), ==, 0x04040404);
    devtest_free(t);
}

static void test_spi(void)
{
    DevTest *t = new_gic("off");

    start(t);
    dist_write(t, ISENABLER + 4, 1 << 5);
    devtest_set_irq(t, "spi", 5, 1);
    g_assert_false(devtest_irq_n(t, "irq", 0));                 /* no target */
    devtest_write(t, "dist", ITARGETSR + 37, 1, 6);
    g_assert_true(devtest_irq_n(t, "irq", 1));
    g_assert_true(devtest_irq_n(t, "irq", 2));
    g_assert_cmpuint(cpu_read(t, 2, IAR), ==, 37);
    g_assert_false(devtest_irq_n(t, "irq", 1));
    g_assert_cmpuint(cpu_read(t, 1, IAR), ==, 1023);
    devtest_set_irq(t, "spi", 5, 0);
    cpu_write(t, 2, EOIR, 37);
    g_assert_cmphex(dist_read(t, ISACTIVER + 4), ==, 0);
    g_assert_false(devtest_irq_n(t, "irq", 2));
    devtest_free(t);
}

static void test_sgi(void)
{
    DevTest *t = new_gic("off");

    start(t);
    t->attrs.requester = 1;
    dist_write(t, SGIR, 1u << 24 | 7);                          /* all others */
    t->attrs.requester = 3;
    dist_write(t, SGIR, 0x01 << 16 | 7);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_false(devtest_irq_n(t, "irq", 1));
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 7 | 1 << 10);
    cpu_write(t, 0, EOIR, 7 | 1 << 10);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 7 | 3 << 10);
    cpu_write(t, 0, EOIR, 7 | 3 << 10);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    g_assert_true(devtest_irq_n(t, "irq", 2));
    t->attrs.requester = 2;
    g_assert_cmphex(dist_read(t, 0xf14), ==, 0x02000000);
    dist_write(t, 0xf14, 0x02000000);                           /* GICD_CPENDSGIR */
    g_assert_false(devtest_irq_n(t, "irq", 2));
    devtest_free(t);
}

static void test_priorities(void)
{
    DevTest *t = new_gic("off");

    start(t);
    dist_write(t, ISENABLER + 4, 7);
    dist_write(t, ITARGETSR + 32, 0x010101);
    dist_write(t, IPRIORITYR + 32, 0x00a090c7);
    g_assert_cmphex(dist_read(t, IPRIORITYR + 32), ==, 0x00a090c0);
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 32);
    devtest_set_irq(t, "spi", 2, 1);
    devtest_set_irq(t, "spi", 1, 1);
    g_assert_cmpuint(cpu_read(t, 0, HPPIR), ==, 33);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 33);
    g_assert_cmphex(cpu_read(t, 0, RPR), ==, 0x90);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 1023);
    devtest_set_irq(t, "spi", 1, 0);
    cpu_write(t, 0, EOIR, 33);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    cpu_write(t, 0, PMR, 0xa0);
    g_assert_false(devtest_irq_n(t, "irq", 0));
    cpu_write(t, 0, PMR, 0xff);
    cpu_write(t, 0, GICC_CTLR, 1 | 1 << 9);                     /* EOImode */
    cpu_write(t, 0, EOIR, 32);
    g_assert_cmphex(dist_read(t, ISACTIVER + 4), ==, 1);
    cpu_write(t, 0, DIR_OFFSET, 32);
    g_assert_cmphex(dist_read(t, ISACTIVER + 4), ==, 0);
    devtest_free(t);
}

static void test_security(void)
{
    DevTest *t = new_gic("on");

    t->attrs.pas = PAS_SECURE;
    dist_write(t, GICD_CTLR, 3);
    dist_write(t, IGROUPR + 4, 1);
    dist_write(t, ISENABLER + 4, 3);
    dist_write(t, ITARGETSR + 32, 0x0101);
    dist_write(t, IPRIORITYR + 32, 0x40c0);
    cpu_write(t, 0, PMR, 0xf8);
    cpu_write(t, 0, GICC_CTLR, 1 | 2 | 8);                      /* both groups, Group 0 is FIQ */
    devtest_set_irq(t, "spi", 0, 1);
    g_assert_true(devtest_irq_n(t, "irq", 0));
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 1022);
    t->attrs.pas = PAS_NONSECURE;
    g_assert_cmphex(dist_read(t, ISENABLER + 4), ==, 1);
    g_assert_cmphex(dist_read(t, IPRIORITYR + 32), ==, 0x0080);
    g_assert_cmphex(cpu_read(t, 0, GICC_CTLR), ==, 1);
    g_assert_cmphex(cpu_read(t, 0, PMR), ==, 0xf0);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 32);
    g_assert_cmphex(cpu_read(t, 0, RPR), ==, 0x80);
    devtest_set_irq(t, "spi", 1, 1);
    g_assert_true(devtest_irq_n(t, "fiq", 0));
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 1023);
    t->attrs.pas = PAS_SECURE;
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 33);
    cpu_write(t, 0, EOIR, 33);
    cpu_write(t, 0, AEOIR, 32);
    g_assert_cmphex(dist_read(t, ISACTIVER + 4), ==, 0);
    devtest_free(t);
}

static void test_virtual(void)
{
    DevTest *t = new_gic("off");

    start(t);
    dist_write(t, ISENABLER, 1 << 27);
    devtest_set_irq(t, "ppi", 27, 1);
    cpu_write(t, 0, GICC_CTLR, 1 | 1 << 9);
    g_assert_cmpuint(cpu_read(t, 0, IAR), ==, 27);
    cpu_write(t, 0, EOIR, 27);
    devtest_write(t, "hyp", 0, 4, 1);                           /* GICH_HCR */
    devtest_write(t, "hyp", 0x100, 4, 0x90000000 | 20u << 23 | 27 << 10 | 27);
    g_assert_false(devtest_irq_n(t, "virq", 0));
    devtest_write(t, "vcpu", PMR, 4, 0xf0);
    devtest_write(t, "vcpu", GICC_CTLR, 4, 1);
    g_assert_true(devtest_irq_n(t, "virq", 0));
    g_assert_cmphex(devtest_read(t, "hyp", 8, 4) >> 27, ==, 0x1e);
    g_assert_cmpuint(devtest_read(t, "vcpu", IAR, 4), ==, 27);
    g_assert_cmphex(devtest_read(t, "vcpu", RPR, 4), ==, 0xa0);
    devtest_set_irq(t, "ppi", 27, 0);
    devtest_write(t, "vcpu", EOIR, 4, 27);
    g_assert_cmphex(dist_read(t, ISACTIVER), ==, 0);
    g_assert_cmphex(devtest_read(t, "hyp", 0x30, 4), ==, 0xf);
    devtest_write(t, "hyp", 0x104, 4, 0x10000000 | 20u << 23 | 1u << 19 | 2 << 10 | 5);    /* an SGI of CPU 2 */
    g_assert_cmpuint(devtest_read(t, "vcpu", IAR, 4), ==, 5 | 2 << 10);
    devtest_write(t, "vcpu", EOIR, 4, 5 | 2 << 10);
    g_assert_true(devtest_irq_n(t, "maintenance", 0));
    g_assert_cmphex(devtest_read(t, "hyp", 0x20, 4), ==, 2);
    devtest_free(t);
}

static void test_fuzz(void)
{
    for (unsigned i = 0; i < 2; i++) {
        DevTest *t = new_gic(i ? "on" : "off");

        if (!i) {
            start(t);
        }
        devtest_fuzz(t, 30);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/gicv2/ids", test_ids);
    g_test_add_func("/hw/gicv2/spi", test_spi);
    g_test_add_func("/hw/gicv2/sgi", test_sgi);
    g_test_add_func("/hw/gicv2/priorities", test_priorities);
    g_test_add_func("/hw/gicv2/security", test_security);
    g_test_add_func("/hw/gicv2/virtual", test_virtual);
    g_test_add_func("/hw/gicv2/fuzz", test_fuzz);
    return g_test_run();
}
