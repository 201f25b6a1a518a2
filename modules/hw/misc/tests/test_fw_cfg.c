/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fw_cfg: selector and data, the directory, DMA, and descriptors that make no sense. */
#include <string.h>
#include "core/bits.h"
#include "core/io/fwcfg.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_misc);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_misc), NULL };

static void setup(DevTest *t, void *opaque)
{
    FwCfgClass *fc = FW_CFG_CLASS_OF(t->dev);

    g_assert_true(fc->add_item(t->dev, FW_CFG_NB_CPUS, "\4\0", 2, NULL));
    g_assert_true(fc->add_file(t->dev, "etc/one", "first", 5, NULL));
    g_assert_true(fc->add_file(t->dev, "etc/two", "second file", 11, NULL));
    g_assert_true(fc->add_file(t->dev, "etc/one", "FIRST!", 6, NULL));
}

static DevTest *new_it(void)
{
    return devtest_new_setup(modules, "fw_cfg_mem", setup, NULL, NULL);
}

static void select_key(DevTest *t, uint16_t key)
{
    devtest_write(t, NULL, 8, 2, bswap16(key));
}

static void test_data(void)
{
    DevTest *t = new_it();

    select_key(t, 0);
    g_assert_cmphex(devtest_read(t, NULL, 0, 4), ==, 0x554d4551);       /* "QEMU" */
    g_assert_cmphex(devtest_read(t, NULL, 0, 4), ==, 0);
    select_key(t, 0);
    g_assert_cmphex(devtest_read(t, NULL, 0, 1), ==, 'Q');
    g_assert_cmphex(devtest_read(t, NULL, 0, 2), ==, 'E' | 'M' << 8);
    select_key(t, 1);
    g_assert_cmphex(devtest_read(t, NULL, 0, 4), ==, 3);
    select_key(t, FW_CFG_NB_CPUS);
    g_assert_cmphex(devtest_read(t, NULL, 0, 2), ==, 4);
    select_key(t, 0x7777);
    g_assert_cmphex(devtest_read(t, NULL, 0, 8), ==, 0);
    devtest_free(t);
}

static void test_directory(void)
{
    DevTest *t = new_it();
    uint8_t dir[4 + 128];

    select_key(t, 0x19);
    for (unsigned i = 0; i < sizeof(dir); i++) {
        dir[i] = (uint8_t)devtest_read(t, NULL, 0, 1);
    }
    g_assert_cmpuint(ldl_be_p(dir), ==, 2);
    g_assert_cmpuint(ldl_be_p(dir + 4), ==, 6);
    g_assert_cmphex(lduw_be_p(dir + 8), ==, 0x20);
    g_assert_cmpstr((char *)dir + 12, ==, "etc/one");
    g_assert_cmpuint(ldl_be_p(dir + 68), ==, 11);
    g_assert_cmpstr((char *)dir + 76, ==, "etc/two");
    devtest_free(t);
}

static uint32_t dma(DevTest *t, uint32_t control, uint32_t len, uint64_t addr)
{
    uint8_t *d = devtest_ram(t, 0x1000);

    stl_be_p(d, control);
    stl_be_p(d + 4, len);
    stq_be_p(d + 8, addr);
    devtest_write(t, NULL, 16, 4, 0);
    devtest_write(t, NULL, 20, 4, bswap32(0x1000));
    return ldl_be_p(d);
}

static void test_dma(void)
{
    DevTest *t = new_it();

    g_assert_cmphex(devtest_read(t, NULL, 16, 8), ==, bswap64(UINT64_C(0x51454d5520434647)));
    g_assert_cmphex(devtest_read(t, NULL, 16, 4), ==, 0x554d4551);
    g_assert_cmphex(dma(t, 0x21 << 16 | 8 | 2, 6, 0x2000), ==, 0);
    g_assert_cmpmem(devtest_ram(t, 0x2000), 6, "second", 6);
    g_assert_cmphex(dma(t, 4, 1, 0), ==, 0);                            /* skip the blank */
    g_assert_cmphex(dma(t, 2, 8, 0x3000), ==, 0);
    g_assert_cmpmem(devtest_ram(t, 0x3000), 8, "file\0\0\0\0", 8);
    g_assert_cmphex(dma(t, 4, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(dma(t, 16, 4, 0x2000), ==, 1);                      /* items are read-only */
    g_assert_cmphex(dma(t, 2, 4, UINT64_C(0xfffffffffff0)), ==, 1);     /* no memory there */
    g_assert_cmphex(dma(t, 2, UINT32_MAX, 0x2000), ==, 1);
    devtest_write(t, NULL, 16, 8, bswap64(UINT64_C(0xffffffff0000)));   /* a descriptor nowhere */
    devtest_free(t);
}

static void test_limits(void)
{
    DevTest *t = new_it();
    FwCfgClass *fc = FW_CFG_CLASS_OF(t->dev);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strnfill(56, 'x');

    g_assert_false(fc->add_file(t->dev, name, "", 0, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_false(fc->add_item(t->dev, 0x20, "", 0, &error));
    g_assert_nonnull(error);
    devtest_free(t);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_it(), 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/fw_cfg/data", test_data);
    g_test_add_func("/hw/fw_cfg/directory", test_directory);
    g_test_add_func("/hw/fw_cfg/dma", test_dma);
    g_test_add_func("/hw/fw_cfg/limits", test_limits);
    g_test_add_func("/hw/fw_cfg/fuzz", test_fuzz);
    return g_test_run();
}
