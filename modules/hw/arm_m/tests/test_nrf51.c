/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of nRF51 against its manual (nRF51 Series Reference Manual 3.0). */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static void test_uart(void)
{
    DevTest *t = devtest_new(modules, "nrf51-uart", NULL);
    g_autofree char *out = NULL;

    devtest_write32(t, 0x500, 4);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x304, 1 << 7);
    devtest_write32(t, 0x51c, 'x');
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "x");
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x11c, 0);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x000, 1);
    devtest_feed(t, "chardev", "12345678", 8);  /* six of them fit */
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(devtest_read32(t, 0x108), ==, 1);
        devtest_write32(t, 0x108, 0);
        g_assert_cmphex(devtest_read32(t, 0x518), ==, '1' + i);
    }
    g_assert_cmphex(devtest_read32(t, 0x108), ==, 0);
    devtest_free(t);
}

static void test_timer(void)
{
    DevTest *t = devtest_new(modules, "nrf51-timer", NULL);

    devtest_write32(t, 0x508, 3);
    devtest_write32(t, 0x510, 4);               /* 1 MHz */
    devtest_write32(t, 0x540, 100);
    devtest_write32(t, 0x200, 1);               /* clear at the first comparison */
    devtest_write32(t, 0x304, 1 << 16);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 99000);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x140, 0);
    devtest_step(t, 30000);
    devtest_write32(t, 0x044, 1);               /* capture */
    g_assert_cmpuint(devtest_read32(t, 0x544), ==, 30);
    devtest_step(t, 70000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x004, 1);
    devtest_write32(t, 0x504, 1);               /* a counter */
    devtest_write32(t, 0x00c, 1);
    devtest_write32(t, 0x000, 1);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x008, 1);
    devtest_write32(t, 0x044, 1);
    g_assert_cmpuint(devtest_read32(t, 0x544), ==, 2);
    devtest_free(t);
}

static void test_rtc(void)
{
    DevTest *t = devtest_new(modules, "nrf51-timer", "rtc", "on", NULL);

    devtest_write32(t, 0x540, 32768);
    devtest_write32(t, 0x304, 1 << 16);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 500000000);
    g_assert_cmpuint(devtest_read32(t, 0x504), ==, 16384);
    devtest_step(t, 500000000);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_rng(void)
{
    DevTest *t = devtest_new(modules, "nrf51-rng", NULL);

    devtest_write32(t, 0x200, 1);
    devtest_write32(t, 0x304, 1);
    devtest_write32(t, 0x000, 1);
    devtest_step(t, 1000000);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x508), <, 256);
    devtest_write32(t, 0x100, 0);
    devtest_step(t, 1000000);                   /* the shortcut has stopped it */
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_gpio(void)
{
    DevTest *t = devtest_new(modules, "nrf51-gpio", NULL);

    devtest_write32(t, 0x518, 1 << 3);
    devtest_write32(t, 0x508, 1 << 3);
    g_assert_true(devtest_irq_n(t, "out", 3));
    g_assert_cmphex(devtest_read32(t, 0x514), ==, 1 << 3);
    devtest_write32(t, 0x700 + 4 * 17, 3 << 2); /* an input with its pull-up */
    g_assert_cmphex(devtest_read32(t, 0x510) & 1 << 17, ==, 1 << 17);
    devtest_set_irq(t, "in", 17, 0);
    g_assert_cmphex(devtest_read32(t, 0x510) & 1 << 17, ==, 0);
    devtest_free(t);
}

static void test_clock_and_twi(void)
{
    DevTest *t = devtest_new(modules, "nrf51-clock", NULL);

    devtest_write32(t, 0x304, 2);
    devtest_write32(t, 0x518, 1);
    devtest_write32(t, 0x008, 1);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x418), ==, 0x10001);
    devtest_free(t);
    t = devtest_new(modules, "nrf51-twi", NULL);
    devtest_write32(t, 0x500, 5);
    devtest_write32(t, 0x008, 1);
    g_assert_cmphex(devtest_read32(t, 0x124), ==, 1);
    g_assert_cmphex(devtest_read32(t, 0x4c4), ==, 2);
    devtest_free(t);
}

static void test_fuzz(void)
{
    static const char *const names[] = {
        "nrf51-uart", "nrf51-timer", "nrf51-clock", "nrf51-rng", "nrf51-gpio", "nrf51-nvmc", "nrf51-twi",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        devtest_fuzz(devtest_new(modules, names[i], NULL), 3);
    }
    devtest_fuzz(devtest_new(modules, "nrf51-timer", "rtc", "on", NULL), 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nrf51/uart", test_uart);
    g_test_add_func("/nrf51/timer", test_timer);
    g_test_add_func("/nrf51/rtc", test_rtc);
    g_test_add_func("/nrf51/rng", test_rng);
    g_test_add_func("/nrf51/gpio", test_gpio);
    g_test_add_func("/nrf51/clock-and-twi", test_clock_and_twi);
    g_test_add_func("/nrf51/fuzz", test_fuzz);
    return g_test_run();
}
