/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arm MHU: its identification, bits set and cleared, the line of each channel, the Secure channel. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_misc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_misc), NULL };

static const struct { uint32_t at; const char *line; unsigned n; } channels[] = {
    { 0x000, "ap", 0 }, { 0x020, "ap", 1 }, { 0x200, "ap", 2 },
    { 0x100, "scp", 0 }, { 0x120, "scp", 1 }, { 0x300, "scp", 2 },
};
enum { STAT = 0, SET = 8, CLEAR = 16 };

static void test_ids(void)
{
    DevTest *t = devtest_new(modules, "arm-mhu", NULL);
    uint32_t pid = 0, cid = 0;

    for (unsigned i = 0; i < 4; i++) {
        pid |= devtest_read32(t, 0xfe0 + 4 * i) << 8 * i;
        cid |= devtest_read32(t, 0xff0 + 4 * i) << 8 * i;
    }
    g_assert_cmphex(pid, ==, 0x001bb098);
    g_assert_cmphex(cid, ==, 0xb105f00d);
    devtest_free(t);
}

static void test_doorbells(void)
{
    DevTest *t = devtest_new(modules, "arm-mhu", NULL);

    t->attrs.pas = PAS_SECURE;
    for (unsigned i = 0; i < G_N_ELEMENTS(channels); i++) {
        uint32_t at = channels[i].at;

        g_assert_false(devtest_irq_n(t, channels[i].line, channels[i].n));
        devtest_write32(t, at + SET, 0x80000001);
        devtest_write32(t, at + SET, 0x00000010);
        g_assert_cmphex(devtest_read32(t, at + STAT), ==, 0x80000011);
        g_assert_cmphex(devtest_read32(t, at + SET), ==, 0);
        for (unsigned k = 0; k < G_N_ELEMENTS(channels); k++) {
            g_assert_true(devtest_irq_n(t, channels[k].line, channels[k].n) == (k == i));
        }
        devtest_write32(t, at + STAT, 0);
        devtest_write32(t, at + CLEAR, 0x80000010);
        g_assert_cmphex(devtest_read32(t, at + STAT), ==, 1);
        g_assert_true(devtest_irq_n(t, channels[i].line, channels[i].n));
        devtest_write32(t, at + CLEAR, 1);
        g_assert_false(devtest_irq_n(t, channels[i].line, channels[i].n));
    }
    devtest_write32(t, 0x108, 2);
    devtest_reset(t);
    g_assert_false(devtest_irq(t, "scp"));
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0);
    devtest_free(t);
}

static void test_secure(void)
{
    DevTest *t = devtest_new(modules, "arm-mhu", NULL);

    devtest_write32(t, 0x308, 1);
    g_assert_false(devtest_irq_n(t, "scp", 2));
    t->attrs.pas = PAS_SECURE;
    devtest_write32(t, 0x308, 4);
    g_assert_true(devtest_irq_n(t, "scp", 2));
    g_assert_cmphex(devtest_read32(t, 0x300), ==, 4);
    t->attrs.pas = PAS_NONSECURE;
    g_assert_cmphex(devtest_read32(t, 0x300), ==, 0);
    devtest_write32(t, 0x310, 4);
    g_assert_true(devtest_irq_n(t, "scp", 2));
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(devtest_new(modules, "arm-mhu", NULL), 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-mhu/ids", test_ids);
    g_test_add_func("/arm-mhu/doorbells", test_doorbells);
    g_test_add_func("/arm-mhu/secure", test_secure);
    g_test_add_func("/arm-mhu/fuzz", test_fuzz);
    return g_test_run();
}
