/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PL061: masked data, direction, edge and level interrupts. The button: how long it is pressed. */
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_gpio);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_gpio), NULL };

enum { GPIODIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418, IC = 0x41c };

static void test_data(void)
{
    DevTest *t = devtest_new(modules, "pl061", NULL);

    devtest_write32(t, GPIODIR, 0x0f);
    devtest_write32(t, 0x3fc, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0x0f);
    devtest_write32(t, 0x02 << 2, 0x00);        /* the address masks: pin 1 alone */
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0x0d);
    g_assert_true(devtest_irq_n(t, "out", 0));
    g_assert_false(devtest_irq_n(t, "out", 1));
    devtest_set_irq(t, "in", 7, 1);
    devtest_set_irq(t, "in", 0, 0);
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0x8d);
    g_assert_cmphex(devtest_read32(t, 0x80 << 2), ==, 0x80);
    devtest_free(t);
}

/* What Stellaris has more: pulls of pins that nobody drives, and a lock. */
static void test_pads(void)
{
    DevTest *t = devtest_new(modules, "pl061", "pads", "on", NULL);

    devtest_write32(t, 0x510, 0x03);            /* GPIOPUR */
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0x03);
    devtest_set_irq(t, "in", 0, 1);
    devtest_set_irq(t, "in", 0, 0);
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0x02);
    devtest_write32(t, 0x514, 0x02);            /* GPIOPDR instead */
    g_assert_cmphex(devtest_read32(t, 0x510), ==, 0x01);
    g_assert_cmphex(devtest_read32(t, 0x3fc), ==, 0);
    devtest_write32(t, 0x508, 0x80);            /* 8 mA are not 2 */
    g_assert_cmphex(devtest_read32(t, 0x500), ==, 0x7f);
    devtest_write32(t, 0x524, 0);               /* GPIOCR is locked */
    g_assert_cmphex(devtest_read32(t, 0x524), ==, 0xff);
    devtest_write32(t, 0x520, 0x1acce551);
    g_assert_cmphex(devtest_read32(t, 0x520), ==, 0);
    devtest_write32(t, 0x524, 0);
    g_assert_cmphex(devtest_read32(t, 0x524), ==, 0);
    devtest_free(t);
}

static void test_edges(void)
{
    DevTest *t = devtest_new(modules, "pl061", NULL);

    devtest_write32(t, IE, 0xff);
    devtest_write32(t, IEV, 0x01);              /* pin 0 rising, pin 1 falling, pin 2 both */
    devtest_write32(t, IBE, 0x04);
    for (unsigned i = 0; i < 3; i++) {
        devtest_set_irq(t, "in", i, 1);
    }
    g_assert_cmphex(devtest_read32(t, MIS), ==, 0x05);
    g_assert_true(devtest_irq(t, "intr"));
    devtest_write32(t, IC, 0x05);
    g_assert_false(devtest_irq(t, "intr"));
    for (unsigned i = 0; i < 3; i++) {
        devtest_set_irq(t, "in", i, 0);
    }
    g_assert_cmphex(devtest_read32(t, MIS), ==, 0x06);
    devtest_free(t);
}

static void test_level(void)
{
    DevTest *t = devtest_new(modules, "pl061", NULL);

    devtest_write32(t, IS, 0x03);
    devtest_write32(t, IEV, 0x01);
    devtest_set_irq(t, "in", 1, 1);
    g_assert_cmphex(devtest_read32(t, RIS), ==, 0);
    devtest_set_irq(t, "in", 0, 1);
    devtest_write32(t, IC, 0xff);               /* a level cannot be cleared */
    g_assert_cmphex(devtest_read32(t, RIS), ==, 1);
    g_assert_false(devtest_irq(t, "intr"));
    devtest_write32(t, IE, 1);
    g_assert_true(devtest_irq(t, "intr"));
    devtest_free(t);
}

static void test_key(void)
{
    DevTest *t = devtest_new(modules, "gpio-key", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *pressed = NULL;

    devtest_set_irq(t, "press", 0, 1);
    g_assert_true(devtest_irq(t, "out"));
    devtest_step(t, 99999999);
    g_assert_true(devtest_irq(t, "out"));
    devtest_step(t, 1);
    g_assert_false(devtest_irq(t, "out"));
    g_assert_true(object_set(&t->dev->parent, "pressed", "on", &error));
    g_assert_true(devtest_irq(t, "out"));
    pressed = object_get(&t->dev->parent, "pressed", &error);
    g_assert_cmpstr(pressed, ==, "on");
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(devtest_new(modules, "pl061", NULL), 50);
    devtest_fuzz(devtest_new(modules, "gpio-key", NULL), 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/pl061/data", test_data);
    g_test_add_func("/hw/pl061/pads", test_pads);
    g_test_add_func("/hw/pl061/edges", test_edges);
    g_test_add_func("/hw/pl061/level", test_level);
    g_test_add_func("/hw/gpio-key/press", test_key);
    g_test_add_func("/hw/gpio/fuzz", test_fuzz);
    return g_test_run();
}
