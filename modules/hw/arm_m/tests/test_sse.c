/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The IoT kit's and SSE-200's own blocks against their manuals (Arm DDI 0577, 101104, and DDI 0571 of the SIE-200). */
#include "core/bits.h"
#include "modules/hw/arm_m/sse.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_arm_m);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_arm_m), NULL };

static const MemTxAttrs S_PRIV = { .pas = PAS_SECURE, .privileged = 1 }, S_USER = { .pas = PAS_SECURE },
                        NS_PRIV = { .pas = PAS_NONSECURE, .privileged = 1, .requester = 1 }, NS_USER = { .pas = PAS_NONSECURE };

/* -- peripheral protection ------------------------------------------------------------------------------------------------- */

static MemTxResult unit_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret_value, MemTxAttrs attrs)
{
    *ret_value = *(uint32_t *)opaque;
    return MEMTX_OK;
}

static MemTxResult unit_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    *(uint32_t *)opaque = (uint32_t)value;
    return MEMTX_OK;
}

typedef struct Unit {
    MemoryRegion mr[2];                         /* for the device, and for the copy that its state is loaded into */
    uint32_t value, made;
} Unit;

static void add_unit(DevTest *t, void *opaque)
{
    static const MemoryRegionOps ops = { .read = unit_read, .write = unit_write, .min_size = 4, .max_size = 4 };
    Unit *u = opaque;
    MemoryRegion *mr = &u->mr[u->made++];

    memory_region_init_io(mr, NULL, &ops, &u->value, "unit", 0x1000);
    device_init_region(t->dev, "gate", sse_secctl_gate(t->dev, APB_PPCEXP1, 5, mr));
}

static uint32_t read_as(DevTest *t, MemTxAttrs attrs, const char *region, uint32_t offset)
{
    t->attrs = attrs;
    return (uint32_t)devtest_read(t, region, offset, 4);
}

static void write_as(DevTest *t, MemTxAttrs attrs, const char *region, uint32_t offset, uint32_t value)
{
    t->attrs = attrs;
    devtest_write(t, region, offset, 4, value);
}

static void test_ppc(void)
{
    static const struct {
        const MemTxAttrs *attrs;
        bool ns, sp, nsp, passes;
    } cases[] = {
        { &S_PRIV, 0, 0, 0, true }, { &S_PRIV, 1, 1, 1, false }, { &S_USER, 0, 0, 1, false }, { &S_USER, 0, 1, 0, true },
        { &S_USER, 1, 1, 1, false }, { &NS_PRIV, 0, 1, 1, false }, { &NS_PRIV, 1, 0, 0, true }, { &NS_USER, 1, 1, 0, false },
        { &NS_USER, 1, 0, 1, true }, { &NS_USER, 0, 1, 1, false },
    };
    Unit u = { .value = 0x1234 };
    DevTest *t = devtest_new_setup(modules, "sse-secctl", add_unit, &u, NULL);

    write_as(t, S_PRIV, "secure", 0x28, 1 << 5);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned error = 0; error < 2; error++) {
            write_as(t, S_PRIV, "secure", 0x10, error);
            write_as(t, S_PRIV, "secure", 0x84, cases[i].ns << 5);
            write_as(t, S_PRIV, "secure", 0xc4, cases[i].sp << 5);
            write_as(t, NS_PRIV, "nonsecure", 0xc4, cases[i].nsp << 5);
            write_as(t, S_PRIV, "secure", 0x24, UINT32_MAX);
            g_assert_false(devtest_irq(t, "ppc"));
            u.value = 0x1234;
            g_assert_cmphex(read_as(t, *cases[i].attrs, "gate", 0x10), ==, cases[i].passes ? 0x1234 : 0);
            g_assert_cmpint(t->result, ==, !cases[i].passes && error ? MEMTX_ERROR : MEMTX_OK);
            write_as(t, *cases[i].attrs, "gate", 0x10, 0x5678);
            g_assert_cmpint(t->result, ==, !cases[i].passes && error ? MEMTX_ERROR : MEMTX_OK);
            g_assert_cmphex(u.value, ==, cases[i].passes ? 0x5678 : 0x1234);
            g_assert_true(devtest_irq(t, "ppc") == !cases[i].passes);
            g_assert_cmphex(read_as(t, S_PRIV, "secure", 0x20), ==, cases[i].passes ? 0 : 1 << 5);
        }
    }
    write_as(t, S_PRIV, "secure", 0x28, 0);     /* the status stays, the interrupt goes */
    read_as(t, S_PRIV, "gate", 0);
    write_as(t, S_PRIV, "secure", 0x84, 0);
    read_as(t, NS_PRIV, "gate", 0);
    g_assert_false(devtest_irq(t, "ppc"));
    g_assert_cmphex(read_as(t, S_PRIV, "secure", 0x20), ==, 1 << 5);
    devtest_free(t);
    memory_region_destroy(&u.mr[0]);
    memory_region_destroy(&u.mr[1]);
}

static void test_secctl(void)
{
    DevTest *t = devtest_new(modules, "sse-secctl", "apb0-ports", "7", NULL);

    /* which ports there are */
    for (unsigned at = 0x50; at < 0x90; at += 4) {
        uint32_t want = at == 0x70 ? 7 : at == 0x74 ? 1 : (at >= 0x60 && at < 0x70) || at >= 0x80 ? 0xffff : 0;

        write_as(t, S_PRIV, "secure", at, UINT32_MAX);
        g_assert_cmphex(read_as(t, S_PRIV, "secure", at), ==, want);
        write_as(t, S_PRIV, "secure", at + 0x40, UINT32_MAX);
        g_assert_cmphex(read_as(t, S_PRIV, "secure", at + 0x40), ==, want);
        write_as(t, NS_PRIV, "nonsecure", at + 0x40, UINT32_MAX);
        g_assert_cmphex(read_as(t, NS_PRIV, "nonsecure", at + 0x40), ==, want);
    }
    /* the Secure block is for Secure privileged software, the other for privileged software */
    g_assert_cmphex(read_as(t, NS_PRIV, "secure", 0x60), ==, 0);
    g_assert_cmphex(read_as(t, S_USER, "secure", 0x60), ==, 0);
    g_assert_cmphex(read_as(t, NS_USER, "nonsecure", 0xa0), ==, 0);
    g_assert_cmphex(read_as(t, S_PRIV, "nonsecure", 0xa0), ==, 0xffff);
    g_assert_cmphex(read_as(t, S_PRIV, "secure", 0xfe0), ==, 0x52);
    g_assert_cmphex(read_as(t, S_PRIV, "nonsecure", 0xfe0), ==, 0x53);
    write_as(t, S_PRIV, "secure", 0x14, 7);
    g_assert_cmphex(read_as(t, S_PRIV, "secure", 0x14), ==, 3);
    devtest_set_irq(t, "mpc", 17, 1);
    g_assert_true(devtest_irq(t, "mpc"));
    g_assert_cmphex(read_as(t, S_PRIV, "secure", 0x1c), ==, 1 << 17);
    devtest_set_irq(t, "mpc", 17, 0);
    g_assert_false(devtest_irq(t, "mpc"));
    devtest_free(t);
}

/* -- memory protection ----------------------------------------------------------------------------------------------------- */

enum { CTRL = 0, BLK_MAX = 0x10, BLK_CFG = 0x14, BLK_IDX = 0x18, BLK_LUT = 0x1c, INT_STAT = 0x20, INT_CLEAR = 0x24, INT_EN = 0x28,
       INFO1 = 0x2c, INFO2 = 0x30, INT_SET = 0x34 };

static void test_mpc(void)
{
    DevTest *t = devtest_new(modules, "sie200-mpc", "size", "0x10000", NULL);

    t->no_save_check = true;                    /* memory is not the device's state */
    g_assert_cmphex(read_as(t, S_PRIV, NULL, CTRL), ==, 0x100);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_MAX), ==, 1);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_CFG), ==, 5);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, 0xfe0), ==, 0x60);
    g_assert_cmphex(read_as(t, NS_PRIV, NULL, BLK_MAX), ==, 0);     /* of no concern to the Non-secure */
    write_as(t, NS_PRIV, NULL, BLK_LUT, UINT32_MAX);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_LUT), ==, 0);
    write_as(t, S_PRIV, NULL, BLK_IDX, 0);
    /* everything is Secure */
    write_as(t, S_USER, "memory", 0x8404, 0xcafe0001);
    write_as(t, S_USER, "memory", 0x8804, 0xcafe0002);
    g_assert_cmphex(read_as(t, S_USER, "memory", 0x8404), ==, 0xcafe0001);
    write_as(t, S_PRIV, NULL, INT_EN, 1);
    g_assert_cmphex(read_as(t, NS_PRIV, "memory", 0x8404), ==, 0);
    g_assert_cmpint(t->result, ==, MEMTX_OK);
    g_assert_true(devtest_irq(t, "irq"));
    g_assert_cmphex(read_as(t, S_PRIV, NULL, INT_STAT), ==, 1);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, INFO1), ==, 0x8404);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, INFO2), ==, 1 << 16 | 1);
    /* the first violation is noted until it is cleared */
    write_as(t, NS_PRIV, "memory", 0x8804, 7);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, INFO1), ==, 0x8404);
    g_assert_cmphex(read_as(t, S_PRIV, "memory", 0x8804), ==, 0xcafe0002);
    write_as(t, S_PRIV, NULL, INT_CLEAR, 1);
    g_assert_false(devtest_irq(t, "irq"));
    /* block 33 becomes Non-secure: word 1, bit 1; the index moves on its own */
    write_as(t, S_PRIV, NULL, CTRL, 0x110);
    write_as(t, S_PRIV, NULL, BLK_LUT, 0);
    write_as(t, S_PRIV, NULL, BLK_LUT, 2);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_IDX), ==, 0);
    g_assert_cmphex(read_as(t, NS_PRIV, "memory", 0x8404), ==, 0xcafe0001);
    write_as(t, NS_PRIV, "memory", 0x87fc, 0xcafe0003);
    g_assert_cmpint(t->result, ==, MEMTX_OK);
    g_assert_cmphex(read_as(t, S_PRIV, "memory", 0x8404), ==, 0);
    g_assert_cmpint(t->result, ==, MEMTX_ERROR);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, INFO2), ==, 1 << 17);
    g_assert_cmphex(read_as(t, NS_PRIV, "memory", 0x8800), ==, 0);
    g_assert_cmpint(t->result, ==, MEMTX_ERROR);
    write_as(t, S_PRIV, NULL, INT_CLEAR, 1);
    write_as(t, S_PRIV, NULL, INT_SET, 1);
    g_assert_true(devtest_irq(t, "irq"));
    write_as(t, S_PRIV, NULL, INT_CLEAR, 1);
    /* without increment; locked */
    write_as(t, S_PRIV, NULL, CTRL, 0x80000000);
    write_as(t, S_PRIV, NULL, BLK_IDX, 1);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_LUT), ==, 2);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_LUT), ==, 2);
    write_as(t, S_PRIV, NULL, BLK_LUT, 0);
    write_as(t, S_PRIV, NULL, CTRL, 0);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, BLK_LUT), ==, 2);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, CTRL), ==, 0x80000000);
    devtest_reset(t);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, CTRL), ==, 0x100);
    g_assert_cmphex(read_as(t, S_PRIV, "memory", 0x8404), ==, 0xcafe0001);
    g_assert_cmphex(read_as(t, S_PRIV, "memory", 0x87fc), ==, 0xcafe0003);
    devtest_free(t);
}

/* Random tables: each block answers the security that its bit names, before and after the state is loaded. */
static void test_mpc_blocks(void)
{
    DevTest *t = devtest_new(modules, "sie200-mpc", "size", "0x40000", NULL);
    uint32_t lut[8];

    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 8; i++) {
            lut[i] = round & 1 ? (uint32_t)g_test_rand_int() : g_test_rand_bit() ? UINT32_MAX : 0;
            write_as(t, S_PRIV, NULL, BLK_LUT, lut[i]);
        }
        write_as(t, S_PRIV, NULL, CTRL, 0x110);
        for (unsigned block = 0; block < 256; block++) {
            bool ns = lut[block / 32] >> (block % 32) & 1;

            read_as(t, NS_USER, "memory", block * 1024);
            g_assert_cmpint(t->result, ==, ns ? MEMTX_OK : MEMTX_ERROR);
            read_as(t, S_USER, "memory", block * 1024 + 1020);
            g_assert_cmpint(t->result, ==, ns ? MEMTX_ERROR : MEMTX_OK);
        }
    }
    devtest_free(t);
}

/* -- the rest ---------------------------------------------------------------------------------------------------------------- */

static void test_sysctl(void)
{
    DevTest *t = devtest_new(modules, "sse-sysctl", "cpu-wait", "2", NULL);

    g_assert_cmphex(devtest_read32(t, 0x100), ==, 1);
    devtest_write32(t, 0x100, 0);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0);
    g_assert_cmphex(devtest_read32(t, 0x110), ==, 0x10000000);
    g_assert_cmphex(devtest_read32(t, 0x118), ==, 2);
    devtest_write32(t, 0x114, 0x1003807f);
    g_assert_cmphex(devtest_read32(t, 0x114), ==, 0x10038000);
    devtest_write32(t, 0x004, 0xf0);
    devtest_write32(t, 0x008, 0x30);
    g_assert_cmphex(devtest_read32(t, 0x000), ==, 0xc0);
    g_assert_cmphex(devtest_read32(t, 0xfe0), ==, 0x54);
    /* resets by name: the Non-secure watchdog's only when RESET_MASK lets it */
    devtest_set_irq(t, "reset", 0, 1);
    g_assert_false(__atomic_load_n(&t->machine->reset_requested, __ATOMIC_ACQUIRE));
    devtest_set_irq(t, "reset", 0, 0);
    devtest_write32(t, 0x104, 2);
    devtest_set_irq(t, "reset", 0, 1);
    g_assert_true(__atomic_load_n(&t->machine->reset_requested, __ATOMIC_ACQUIRE));
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 2);
    devtest_set_irq(t, "reset", 1, 1);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 4);
    devtest_write32(t, 0x108, 1 << 9);
    devtest_reset(t);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 1 << 9);
    g_assert_cmphex(devtest_read32(t, 0x114), ==, 0x10000000);
    devtest_free(t);
    t = devtest_new(modules, "sse-sysinfo", NULL);
    g_assert_cmphex(devtest_read32(t, 0), ==, 0x22041743);
    g_assert_cmphex(devtest_read32(t, 4), ==, 0x223004f4);
    devtest_free(t);
    t = devtest_new(modules, "sse-cpu-identity", NULL);
    g_assert_cmphex(read_as(t, S_PRIV, NULL, 0), ==, 0);
    g_assert_cmphex(read_as(t, NS_PRIV, NULL, 0), ==, 1);
    devtest_free(t);
}

static void test_mhu(void)
{
    DevTest *t = devtest_new(modules, "sse-mhu", NULL);

    devtest_write32(t, 0x14, 0x8000000f);
    g_assert_true(devtest_irq_n(t, "cpu", 1));
    g_assert_false(devtest_irq_n(t, "cpu", 0));
    g_assert_cmphex(devtest_read32(t, 0x10), ==, 0x8000000f);
    g_assert_cmphex(devtest_read32(t, 0x00), ==, 0);
    devtest_write32(t, 0x18, 0x80000000);
    g_assert_true(devtest_irq_n(t, "cpu", 1));
    devtest_write32(t, 0x18, 0xf);
    g_assert_false(devtest_irq_n(t, "cpu", 1));
    devtest_write32(t, 0x04, 1);
    g_assert_true(devtest_irq_n(t, "cpu", 0));
    devtest_reset(t);
    g_assert_false(devtest_irq_n(t, "cpu", 0));
    devtest_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sse/ppc", test_ppc);
    g_test_add_func("/sse/secctl", test_secctl);
    g_test_add_func("/sse/mpc", test_mpc);
    g_test_add_func("/sse/mpc-blocks", test_mpc_blocks);
    g_test_add_func("/sse/sysctl", test_sysctl);
    g_test_add_func("/sse/mhu", test_mhu);
    return g_test_run();
}
