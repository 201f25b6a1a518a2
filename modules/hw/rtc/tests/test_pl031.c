/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PL031: counting, setting, the alarm. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_rtc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_rtc), NULL };

enum { DR = 0x0, MR = 0x4, LR = 0x8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };
#define SEC INT64_C(1000000000)

static DevTest *new_rtc(void)
{
    return devtest_new(modules, "pl031", "clock", "vm", "epoch", "1000", NULL);
}

static void test_count(void)
{
    DevTest *t = new_rtc();

    g_assert_cmpuint(devtest_read32(t, DR), ==, 1000);
    devtest_step(t, 5 * SEC + SEC / 2);
    g_assert_cmpuint(devtest_read32(t, DR), ==, 1005);
    devtest_write32(t, LR, 77);
    g_assert_cmpuint(devtest_read32(t, DR), ==, 77);
    g_assert_cmpuint(devtest_read32(t, LR), ==, 77);
    devtest_step(t, SEC - 1);
    g_assert_cmpuint(devtest_read32(t, DR), ==, 77);
    devtest_step(t, 1);
    g_assert_cmpuint(devtest_read32(t, DR), ==, 78);
    devtest_reset(t);                           /* a reset of the machine does not change the time */
    g_assert_cmpuint(devtest_read32(t, DR), ==, 78);
    g_assert_cmpuint(devtest_read32(t, CR), ==, 1);
    devtest_free(t);
}

static void test_alarm(void)
{
    DevTest *t = new_rtc();

    devtest_write32(t, IMSC, 1);
    devtest_write32(t, MR, 1003);
    devtest_step(t, 3 * SEC - 1);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_step(t, 1);
    g_assert_true(devtest_irq(t, "intr"));
    g_assert_cmpuint(devtest_read32(t, MIS), ==, 1);
    devtest_write32(t, ICR, 1);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_write32(t, IMSC, 0);
    devtest_write32(t, MR, 1003);
    g_assert_cmpuint(devtest_read32(t, RIS), ==, 1);
    g_assert_cmpuint(devtest_read32(t, MIS), ==, 0);
    devtest_free(t);
}

static void test_host(void)
{
    DevTest *t = devtest_new(modules, "pl031", NULL);
    uint64_t now = (uint64_t)(g_get_real_time() / G_USEC_PER_SEC), dr = devtest_read32(t, DR);

    g_assert_cmpuint(dr, >=, now);
    g_assert_cmpuint(dr, <=, now + 5);
    t->no_save_check = true;                    /* the host's clock goes on between saving and loading */
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_rtc(), 50);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/pl031/count", test_count);
    g_test_add_func("/hw/pl031/alarm", test_alarm);
    g_test_add_func("/hw/pl031/host", test_host);
    g_test_add_func("/hw/pl031/fuzz", test_fuzz);
    return g_test_run();
}
