/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of the CMSDK and MPS2 against their manuals (Arm DDI 0479D, DAI 0385D). */
#include "modules/hw/arm_m/mps2.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static void test_uart(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-uart", NULL);
    g_autofree char *out = NULL;

    devtest_write32(t, 0x00, 'x');              /* the transmitter is off */
    devtest_write32(t, 0x08, 1 | 2 | 4 | 8);
    devtest_write32(t, 0x00, 'y');
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "y");
    g_assert_true(devtest_irq(t, "tx"));
    devtest_write32(t, 0x0c, 1);
    g_assert_false(devtest_irq(t, "tx"));
    devtest_feed(t, "chardev", "ab", 2);
    g_assert_true(devtest_irq(t, "rx"));
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 2);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 'a');
    devtest_write32(t, 0x0c, 2);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 'b');
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0);
    g_assert_cmphex(devtest_read32(t, 0xfe0), ==, 0x21);
    devtest_free(t);
}

/* 25 MHz: 40 ns a count. */
static void test_timer(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-timer", NULL);

    devtest_write32(t, 0x08, 99);
    devtest_write32(t, 0x04, 99);
    devtest_write32(t, 0x00, 1 | 8);
    devtest_step(t, 40 * 50);
    g_assert_cmpuint(devtest_read32(t, 0x04), ==, 49);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 40 * 49);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x0c, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 40);
    g_assert_cmpuint(devtest_read32(t, 0x04), ==, 99);
    devtest_step(t, 40 * 99);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_dualtimer(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-dualtimer", NULL);

    g_assert_cmphex(devtest_read32(t, 0x04), ==, UINT32_MAX);
    g_assert_cmphex(devtest_read32(t, 0x08), ==, 0x20);
    devtest_write32(t, 0x20, 10);               /* the second: 32 bits, one-shot, prescaled by 16 */
    devtest_write32(t, 0x28, 0x80 | 0x20 | 2 | 1 | 1 << 2);
    devtest_step(t, 40 * 16 * 9);
    g_assert_false(devtest_irq(t, "irq"));
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 1);
    devtest_step(t, 40 * 16 * 2);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_true(devtest_irq(t, "irq1"));
    g_assert_false(devtest_irq(t, "irq0"));
    devtest_write32(t, 0x2c, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 40 * 16 * 100);
    g_assert_cmpuint(devtest_read32(t, 0x24), ==, 0);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0x20, 3);                /* a new load value starts it again */
    devtest_step(t, 40 * 16 * 3);
    g_assert_true(devtest_irq(t, "irq1"));
    devtest_write32(t, 0x2c, 1);
    devtest_write32(t, 0x20, 0);                /* 0 is there at once */
    g_assert_true(devtest_irq(t, "irq1"));
    devtest_free(t);
}

/* An interrupt that is cleared while the counter stands at 0 does not come again when it reloads. */
static void test_cleared_at_zero(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-dualtimer", NULL);

    devtest_write32(t, 0x00, 10);
    devtest_write32(t, 0x08, 0x80 | 0x40 | 0x20 | 2 << 2 | 2);
    devtest_step(t, 40 * 256 * 10);
    g_assert_true(devtest_irq(t, "irq0"));
    devtest_write32(t, 0x0c, 1);
    devtest_step(t, 40 * 256);
    g_assert_cmpuint(devtest_read32(t, 0x04), ==, 10);
    g_assert_false(devtest_irq(t, "irq0"));
    devtest_step(t, 40 * 256 * 10);
    g_assert_true(devtest_irq(t, "irq0"));
    devtest_free(t);
    t = devtest_new(modules, "cmsdk-apb-timer", NULL);
    devtest_write32(t, 0x08, 10);
    devtest_write32(t, 0x00, 9);
    devtest_step(t, 40 * 10);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x0c, 1);
    devtest_step(t, 40);
    g_assert_cmpuint(devtest_read32(t, 0x04), ==, 10);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

/* A tick takes no whole number of nanoseconds; however often it is looked at, the timer is neither fast nor slow. */
static void test_no_drift(void)
{
    static const struct {
        const char *type;
        unsigned load, value, control, on;
    } kinds[] = { { "cmsdk-apb-timer", 0x08, 0x04, 0x00, 1 }, { "cmsdk-apb-dualtimer", 0x00, 0x04, 0x08, 0x80 | 2 } };
    enum { START = 1000000, STEP = 30518, STEPS = 1 << 17 };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        DevTest *t = devtest_new(modules, kinds[i].type, "frequency", "32768", NULL);

        devtest_write32(t, kinds[i].control, kinds[i].on);
        devtest_write32(t, kinds[i].load, START);
        devtest_write32(t, kinds[i].value, START);      /* of the dual timer read-only */
        for (unsigned n = 0; n < STEPS; n++) {
            devtest_step(t, STEP);
            devtest_read32(t, kinds[i].value);
        }
        g_assert_cmpuint(devtest_read32(t, kinds[i].value), ==,
                         START - muldiv64((uint64_t)STEP * STEPS, 32768, 1000000000));
        devtest_free(t);
    }
}

/* The clock changes in the middle: as many ticks are left. */
static void test_watchdog_rate(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-watchdog", NULL);

    devtest_write32(t, 0x000, 1000);
    devtest_write32(t, 0x008, 1);
    devtest_step(t, 20000);
    cmsdk_watchdog_set_frequency(t->dev, 12500000);
    g_assert_cmpuint(devtest_read32(t, 0x004), ==, 500);
    devtest_step(t, 39999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_watchdog(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-apb-watchdog", NULL);

    devtest_write32(t, 0x000, 1000);
    devtest_write32(t, 0xc00, 0);               /* locked: nothing starts */
    devtest_write32(t, 0x008, 1);
    g_assert_cmphex(devtest_read32(t, 0xc00), ==, 1);
    devtest_step(t, 100000);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_write32(t, 0xc00, 0x1acce551);
    devtest_write32(t, 0x008, 1);
    devtest_step(t, 39999);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x00c, 1);
    g_assert_false(devtest_irq(t, "irq"));
    /* twice without an answer: a reset, when it is enabled */
    devtest_step(t, 80000);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_false(devtest_irq(t, "reset"));
    g_assert_false(__atomic_load_n(&t->machine->reset_requested, __ATOMIC_ACQUIRE));
    devtest_write32(t, 0x008, 3);
    devtest_step(t, 40000);
    g_assert_true(devtest_irq(t, "reset"));
    g_assert_true(__atomic_load_n(&t->machine->reset_requested, __ATOMIC_ACQUIRE));
    devtest_reset(t);
    g_assert_false(devtest_irq(t, "reset"));
    g_assert_cmphex(devtest_read32(t, 0x004), ==, UINT32_MAX);
    devtest_free(t);
}

static void test_gpio(void)
{
    DevTest *t = devtest_new(modules, "cmsdk-ahb-gpio", NULL);

    devtest_write32(t, 0x10, 0x00f0);
    devtest_write32(t, 0x04, 0x0055);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x0050);
    g_assert_true(devtest_irq_n(t, "out", 4));
    devtest_write32(t, 0x400 + 4 * 0x10, 0);    /* bit 4 alone */
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0x0040);
    devtest_write32(t, 0x28, 1);                /* pin 0: rising edge */
    devtest_write32(t, 0x30, 1);
    devtest_write32(t, 0x20, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_set_irq(t, "in", 0, 1);
    g_assert_true(devtest_irq(t, "irq"));
    devtest_write32(t, 0x38, 1);
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_fpga(void)
{
    DevTest *t = devtest_new(modules, "mps2-fpgaio", NULL);

    devtest_write32(t, 0x1c, 24);               /* COUNTER at 1 MHz */
    devtest_write32(t, 0x20, 24);
    devtest_step(t, 2500000000);
    g_assert_cmpuint(devtest_read32(t, 0x10), ==, 2);
    g_assert_cmpuint(devtest_read32(t, 0x14), ==, 250);
    g_assert_cmpuint(devtest_read32(t, 0x18), ==, 2500000);
    devtest_free(t);
    t = devtest_new(modules, "mps2-scc", NULL);
    devtest_write32(t, 0xa8, 0x80100000);       /* oscillators: read, set, of three */
    g_assert_cmphex(devtest_read32(t, 0xac), ==, 1);
    g_assert_cmpuint(devtest_read32(t, 0xa0), ==, 50000000);
    devtest_write32(t, 0xa4, 24000000);
    devtest_write32(t, 0xa8, 0xc0100001);
    g_assert_cmphex(devtest_read32(t, 0xac), ==, 1);
    devtest_write32(t, 0xa8, 0x80100001);
    g_assert_cmpuint(devtest_read32(t, 0xa0), ==, 24000000);
    devtest_write32(t, 0xa8, 0x80100003);
    g_assert_cmphex(devtest_read32(t, 0xac), ==, 3);
    devtest_write32(t, 0xa8, 0x80200000);
    g_assert_cmphex(devtest_read32(t, 0xac), ==, 3);
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 2);
    devtest_write32(t, 0x04, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 0xff);
    g_assert_cmphex(devtest_read32(t, 0xff8), ==, 0x00200008);
    devtest_free(t);
}

static void test_fuzz(void)
{
    static const char *const names[] = {
        "cmsdk-apb-uart", "cmsdk-apb-timer", "cmsdk-apb-dualtimer", "cmsdk-apb-watchdog", "cmsdk-ahb-gpio", "mps2-scc",
        "mps2-fpgaio", "sse-secctl", "sie200-mpc", "sse-sysctl", "sse-sysinfo", "sse-cpu-identity", "sse-mhu",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        devtest_fuzz(devtest_new(modules, names[i], NULL), 3);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mps2/uart", test_uart);
    g_test_add_func("/mps2/timer", test_timer);
    g_test_add_func("/mps2/dualtimer", test_dualtimer);
    g_test_add_func("/mps2/cleared-at-zero", test_cleared_at_zero);
    g_test_add_func("/mps2/no-drift", test_no_drift);
    g_test_add_func("/mps2/watchdog", test_watchdog);
    g_test_add_func("/mps2/watchdog-rate", test_watchdog_rate);
    g_test_add_func("/mps2/gpio", test_gpio);
    g_test_add_func("/mps2/fpga", test_fpga);
    g_test_add_func("/mps2/fuzz", test_fuzz);
    return g_test_run();
}
