/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SP804: identification, the three modes, prescaler and width, interrupts. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_timer);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_timer), NULL };

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, BGLOAD = 0x18, SECOND = 0x20 };
enum { ONESHOT = 1, SIZE32 = 2, BY16 = 4, INTEN = 0x20, PERIODIC = 0x40, ENABLE = 0x80 };
#define US 1000                                 /* the default frequency's tick, in ns */

static void test_reset(void)
{
    static const uint8_t ids[8] = { 0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    DevTest *t = devtest_new(modules, "sp804", NULL);

    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(devtest_read32(t, 0xfe0 + 4 * i), ==, ids[i]);
    }
    g_assert_cmphex(devtest_read32(t, CONTROL), ==, 0x20);
    g_assert_cmphex(devtest_read32(t, VALUE), ==, 0xffff);
    devtest_free(t);
}

static void test_periodic(void)
{
    DevTest *t = devtest_new(modules, "sp804", NULL);

    devtest_write32(t, SECOND + CONTROL, SIZE32 | INTEN | PERIODIC | ENABLE);
    devtest_write32(t, SECOND + LOAD, 100);
    devtest_step(t, 40 * US);
    g_assert_cmpuint(devtest_read32(t, SECOND + VALUE), ==, 60);
    g_assert_false(devtest_irq_n(t, "timint", 1));
    devtest_step(t, 60 * US);
    g_assert_true(devtest_irq_n(t, "timint", 1));
    g_assert_true(devtest_irq(t, "timintc"));
    g_assert_false(devtest_irq_n(t, "timint", 0));
    g_assert_cmpuint(devtest_read32(t, SECOND + VALUE), ==, 100);
    devtest_write32(t, SECOND + INTCLR, 1);
    g_assert_false(devtest_irq(t, "timintc"));
    devtest_write32(t, SECOND + BGLOAD, 10);     /* from the next time on */
    devtest_step(t, 99 * US);
    g_assert_cmpuint(devtest_read32(t, SECOND + RIS), ==, 0);
    devtest_step(t, 1 * US);
    g_assert_cmpuint(devtest_read32(t, SECOND + VALUE), ==, 10);
    g_assert_cmpuint(devtest_read32(t, SECOND + LOAD), ==, 10);
    devtest_write32(t, SECOND + CONTROL, SIZE32 | PERIODIC | ENABLE);
    g_assert_cmpuint(devtest_read32(t, SECOND + RIS), ==, 1);
    g_assert_cmpuint(devtest_read32(t, SECOND + MIS), ==, 0);
    g_assert_false(devtest_irq(t, "timintc"));
    devtest_free(t);
}

static void test_one_shot(void)
{
    DevTest *t = devtest_new(modules, "sp804", NULL);

    devtest_write32(t, LOAD, 5);
    devtest_write32(t, CONTROL, ONESHOT | SIZE32 | BY16 | INTEN | ENABLE);
    devtest_step(t, 79 * US);
    g_assert_cmpuint(devtest_read32(t, VALUE), ==, 1);
    devtest_step(t, 1 * US);
    g_assert_true(devtest_irq_n(t, "timint", 0));
    devtest_write32(t, INTCLR, 0);
    devtest_step(t, 1000 * US);
    g_assert_cmpuint(devtest_read32(t, VALUE), ==, 0);
    g_assert_false(devtest_irq_n(t, "timint", 0));
    devtest_write32(t, LOAD, 0);                /* at once */
    g_assert_true(devtest_irq_n(t, "timint", 0));
    devtest_free(t);
}

static void test_free_running(void)
{
    DevTest *t = devtest_new(modules, "sp804", NULL);

    devtest_write32(t, CONTROL, INTEN | ENABLE);
    devtest_step(t, 0xffff * US);
    g_assert_true(devtest_irq_n(t, "timint", 0));
    g_assert_cmphex(devtest_read32(t, VALUE), ==, 0);
    devtest_step(t, 1 * US);
    g_assert_cmphex(devtest_read32(t, VALUE), ==, 0xffff);
    devtest_write32(t, CONTROL, INTEN);         /* it stands */
    devtest_step(t, 50 * US);
    g_assert_cmphex(devtest_read32(t, VALUE), ==, 0xffff);
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(devtest_new(modules, "sp804", NULL), 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sp804/reset", test_reset);
    g_test_add_func("/sp804/periodic", test_periodic);
    g_test_add_func("/sp804/one-shot", test_one_shot);
    g_test_add_func("/sp804/free-running", test_free_running);
    g_test_add_func("/sp804/fuzz", test_fuzz);
    return g_test_run();
}
