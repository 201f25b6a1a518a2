/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Register banks: masks, write 1 to clear, hooks, arrays, widths, lanes, unknown offsets. */
#include "core/exec/regbank.h"

enum { CTRL, STAT, DATA, ARR, BYTE, WIDE, ID, NUM };

typedef struct Dev {
    Device parent;
    RegBank bank;
    uint32_t reg[NUM];
    uint32_t arr[4];
    uint64_t wide;
    unsigned afters, reads;
} Dev;

DECLARE_OBJECT(Dev, DEV, "dev")

static uint64_t data_read(void *dev, const RegDef *r, unsigned n)
{
    return 0x1000 + DEV(dev)->reads++;
}

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    DEV(dev)->reg[DATA] = v ^ 0xff;
}

static uint64_t arr_read(void *dev, const RegDef *r, unsigned n)
{
    return DEV(dev)->arr[n];
}

static void arr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    DEV(dev)->arr[n] = v;
}

static uint64_t wide_read(void *dev, const RegDef *r, unsigned n)
{
    return DEV(dev)->wide;
}

static void wide_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    DEV(dev)->wide = v;
}

static void ctrl_after(void *dev, const RegDef *r, unsigned n)
{
    DEV(dev)->afters++;
}

static const RegDef defs[NUM] = {
    [CTRL] = { 0x00, "CTRL", .rw = 0x00ff00ff, .reset = 0x80000001, .after = ctrl_after },
    [STAT] = { 0x04, "STAT", .w1c = 0xf0f0, .rw = 1, .reset = 0xffff },
    [DATA] = { 0x08, "DATA", .read = data_read, .write = data_write },
    [ARR]  = { 0x10, "ARR", .count = 4, .stride = 8, .read = arr_read, .write = arr_write },
    [BYTE] = { 0x41, "BYTE", .width = 1, .rw = 0x3f, .access = 1 },
    [WIDE] = { 0x48, "WIDE", .width = 8, .read = wide_read, .write = wide_write },
    [ID]   = { 0xfc, "ID", .reset = 0xb105f00d },
};

static bool dev_realize(Device *dev, GError **error)
{
    Dev *d = DEV(dev);

    regbank_init(&d->bank, dev, NULL, defs, NUM, d->reg, 0x100);
    return true;
}

static void dev_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DEVICE_CLASS(oc)->realize = dev_realize;
}

static void dev_finalize(Object *obj)
{
    regbank_destroy(&DEV(obj)->bank);
}

static const TypeInfo dev_type = {
    .name = "dev", .parent = TYPE_DEVICE, .desc = "a test device", .instance_size = sizeof(Dev),
    .class_init = dev_class_init, .finalize = dev_finalize,
};

static uint64_t rd(AddressSpace *as, hwaddr a, unsigned size)
{
    return address_space_ld(as, a, size, false, MEMTX_ATTRS_NONE, NULL);
}

static void wr(AddressSpace *as, hwaddr a, unsigned size, uint64_t v)
{
    address_space_st(as, a, size, false, v, MEMTX_ATTRS_NONE, NULL);
}

static void test_bank(void)
{
    TypeRegistry *types = type_registry_new(NULL, NULL);
    GError *error = NULL;
    AddressSpace *as;
    Dev *d;

    type_register(types, &dev_type, &error);
    g_assert_no_error(error);
    d = DEV(object_new(types, "dev", &error));
    g_assert_no_error(error);
    g_assert_true(device_realize(&d->parent, &error));
    as = address_space_new(NULL, device_region(&d->parent, NULL), "bank");

    g_assert_cmphex(rd(as, 0, 4), ==, 0x80000001);
    wr(as, 0, 4, 0xffffffff);
    g_assert_cmphex(rd(as, 0, 4), ==, 0x80ff00ff);
    g_assert_cmpuint(d->afters, ==, 1);
    wr(as, 2, 1, 0x12);                         /* a lane; the others stay */
    g_assert_cmphex(rd(as, 0, 4), ==, 0x801200ff);
    g_assert_cmphex(rd(as, 2, 2), ==, 0x8012);

    wr(as, 4, 4, 0x00f0);
    g_assert_cmphex(rd(as, 4, 4), ==, 0xff0e);
    wr(as, 5, 1, 0x10);
    g_assert_cmphex(rd(as, 4, 4), ==, 0xef0e);

    g_assert_cmphex(rd(as, 8, 4), ==, 0x1000);
    g_assert_cmphex(d->reg[DATA], ==, 0x1000);  /* what was read is kept */
    g_assert_cmphex(rd(as, 8, 4), ==, 0x1001);
    wr(as, 8, 4, 0x100);
    g_assert_cmphex(d->reg[DATA], ==, 0x1ff);

    wr(as, 0x10, 4, 1);
    wr(as, 0x28, 4, 4);
    wr(as, 0x14, 4, 9);                         /* between elements: nothing there */
    g_assert_cmphex(d->arr[0], ==, 1);
    g_assert_cmphex(d->arr[3], ==, 4);
    g_assert_cmphex(rd(as, 0x28, 4), ==, 4);
    g_assert_cmphex(rd(as, 0x2c, 4), ==, 0);
    g_assert_cmphex(rd(as, 0x30, 4), ==, 0);

    wr(as, 0x41, 1, 0xff);
    g_assert_cmphex(rd(as, 0x41, 1), ==, 0x3f);
    g_assert_cmphex(rd(as, 0x40, 1), ==, 0);

    wr(as, 0x48, 8, 0x1122334455667788);
    g_assert_cmphex(rd(as, 0x4c, 4), ==, 0x11223344);
    wr(as, 0x48, 4, 0);
    g_assert_cmphex(d->wide, ==, 0x1122334400000000);

    wr(as, 0xfc, 4, 1);
    g_assert_cmphex(rd(as, 0xfc, 4), ==, 0xb105f00d);
    g_assert_cmphex(rd(as, 0, 8), ==, 0x0000ef0e801200ff);      /* two registers in one access */
    regbank_reset(&d->bank);
    g_assert_cmphex(rd(as, 0, 4), ==, 0x80000001);
    g_assert_cmphex(rd(as, 4, 4), ==, 0xffff);

    address_space_free(as);
    object_unref(&d->parent.parent);
    type_registry_free(types);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/regbank/bank", test_bank);
    return g_test_run();
}
