/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USART of STM32F4 against its manual (ST RM0090). */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static void test_usart(void)
{
    DevTest *t = devtest_new(modules, "stm32f2xx-usart", NULL);
    g_autofree char *out = NULL;

    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0xc0);
    devtest_write32(t, 0x04, 'x');              /* it is off */
    devtest_write32(t, 0x0c, 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2);
    devtest_write32(t, 0x04, 'y');
    out = devtest_output(t, "chardev");
    g_assert_cmpstr(out, ==, "y");
    g_assert_false(devtest_irq(t, "irq"));
    devtest_feed(t, "chardev", "ab", 2);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 'a');
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(devtest_read32(t, 0x04), ==, 'b');
    g_assert_false(devtest_irq(t, "irq"));
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(devtest_new(modules, "stm32f2xx-usart", NULL), 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boards/stm32-usart", test_usart);
    g_test_add_func("/boards/fuzz", test_fuzz);
    return g_test_run();
}
