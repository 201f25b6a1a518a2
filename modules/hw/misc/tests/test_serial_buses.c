/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PL022 (Arm DDI 0194G), the two-wire serial bus, and the gate of interrupts. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_misc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_misc), NULL };

enum { CR0 = 0, CR1 = 4, DR = 8, SR = 0xc, CPSR = 0x10, IMSC = 0x14, RIS = 0x18, MIS = 0x1c, ICR = 0x20 };

static void test_pull_up(void)
{
    DevTest *t = devtest_new(modules, "pl022", "pull-up", "on", NULL);

    devtest_write32(t, CR0, 7);
    devtest_write32(t, CR1, 2);
    devtest_write32(t, DR, 0x55);
    g_assert_cmphex(devtest_read32(t, DR), ==, 0xff);
    devtest_free(t);
}

static void test_pl022(void)
{
    DevTest *t = devtest_new(modules, "pl022", "frequency", "1000000", NULL);

    g_assert_cmphex(devtest_read32(t, SR), ==, 3);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 8);
    g_assert_cmphex(devtest_read32(t, 0xfe0), ==, 0x22);
    g_assert_cmphex(devtest_read32(t, 0xfe4), ==, 0x10);
    devtest_write32(t, CPSR, 3);
    g_assert_cmphex(devtest_read32(t, CPSR), ==, 2);
    devtest_write32(t, CR0, 0x0407);            /* eight bits, 1 MHz / 2 / 5: 10 us a bit */
    for (unsigned i = 0; i < 9; i++) {
        devtest_write32(t, DR, 0x1a0 + i);
    }
    g_assert_cmphex(devtest_read32(t, SR), ==, 0);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 0);
    devtest_write32(t, IMSC, 4 | 2 | 1);
    devtest_write32(t, CR1, 3);                 /* on, in loopback: all eight are back */
    g_assert_cmphex(devtest_read32(t, SR), ==, 1 | 2 | 4 | 8);
    g_assert_cmphex(devtest_read32(t, MIS), ==, 4);
    g_assert_true(devtest_irq(t, "intr"));
    devtest_write32(t, DR, 0);                  /* a ninth has no room */
    g_assert_cmphex(devtest_read32(t, MIS), ==, 5);
    devtest_write32(t, ICR, 3);
    g_assert_cmphex(devtest_read32(t, MIS), ==, 4);
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmphex(devtest_read32(t, DR), ==, 0xa0 + i);
    }
    g_assert_cmphex(devtest_read32(t, MIS), ==, 0);
    devtest_step(t, 319999);                    /* 32 bits' time after the last read */
    g_assert_false(devtest_irq(t, "intr"));
    devtest_step(t, 1);
    g_assert_cmphex(devtest_read32(t, MIS), ==, 2);
    for (unsigned i = 5; i < 8; i++) {
        g_assert_cmphex(devtest_read32(t, DR), ==, 0xa0 + i);
    }
    g_assert_cmphex(devtest_read32(t, DR), ==, 0);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 8);
    devtest_write32(t, CR1, 2);                 /* nobody is on the wire */
    devtest_write32(t, DR, 0x55);
    g_assert_cmphex(devtest_read32(t, SR), ==, 7);
    g_assert_cmphex(devtest_read32(t, DR), ==, 0);
    devtest_write32(t, CR1, 6);                 /* a slave that nobody clocks */
    devtest_write32(t, DR, 0x55);
    g_assert_cmphex(devtest_read32(t, SR), ==, 0x12);
    devtest_free(t);
}

static void test_i2c(void)
{
    DevTest *t = devtest_new(modules, "versatile-i2c", NULL);

    g_assert_cmphex(devtest_read32(t, 0), ==, 3);
    devtest_write32(t, 4, 2);
    g_assert_cmphex(devtest_read32(t, 0), ==, 1);
    devtest_write32(t, 4, 0xff);
    g_assert_cmphex(devtest_read32(t, 0), ==, 0);
    devtest_write32(t, 0, 2);
    g_assert_cmphex(devtest_read32(t, 0), ==, 2);
    devtest_free(t);
}

static void test_irq_or(void)
{
    DevTest *t = devtest_new(modules, "irq-or", NULL);

    devtest_set_irq(t, "in", 0, 1);
    devtest_set_irq(t, "in", 31, 1);
    devtest_set_irq(t, "in", 0, 0);
    g_assert_true(devtest_irq(t, "out"));
    devtest_set_irq(t, "in", 31, 0);
    g_assert_false(devtest_irq(t, "out"));
    devtest_set_irq(t, "in", 7, 1);
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(devtest_new(modules, "pl022", NULL), 3);
    devtest_fuzz(devtest_new(modules, "versatile-i2c", NULL), 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial-buses/pl022", test_pl022);
    g_test_add_func("/serial-buses/pull-up", test_pull_up);
    g_test_add_func("/serial-buses/i2c", test_i2c);
    g_test_add_func("/serial-buses/irq-or", test_irq_or);
    g_test_add_func("/serial-buses/fuzz", test_fuzz);
    return g_test_run();
}
