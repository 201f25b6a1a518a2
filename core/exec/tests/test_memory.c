/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory: random region trees flattened against a model that asks the tree for each address alone; accesses split,
 * widened and swapped; ROM devices, IOMMUs, physical address spaces, locks, transactions and RAM that does not fit.
 */
#include "core/bits.h"
#include "core/exec/memory.h"

/* -- a device that records ---------------------------------------------------------------------------------------- */

typedef struct Rec {
    uint8_t data[4096];
    GString *log;
    AddressSpace *as;
    hwaddr poke;                                /* while written, writes here in turn */
} Rec;

static MemTxResult rec_read(void *opaque, hwaddr addr, unsigned size, uint64_t *ret, MemTxAttrs attrs)
{
    Rec *r = opaque;

    *ret = ldn_le_p(r->data + addr, size);
    g_string_append_printf(r->log, "r%u@%x ", size, (unsigned)addr);
    return MEMTX_OK;
}

static MemTxResult rec_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    Rec *r = opaque;

    g_string_append_printf(r->log, "w%u@%x=%" G_GINT64_MODIFIER "x ", size, (unsigned)addr, value);
    stn_le_p(r->data + addr, value, size);
    if (r->poke) {
        return address_space_write(r->as, r->poke, MEMTX_ATTRS_NONE, "\1\2\3\4", 4);
    }
    return MEMTX_OK;
}

static void expect(Rec *r, const char *log)
{
    g_assert_cmpstr(r->log->str, ==, log);
    g_string_truncate(r->log, 0);
}

/* -- flattening ------------------------------------------------------------------------------------------------------ */

enum { SPACE = 512, MAX_REGIONS = 24 };
static const MemoryRegionOps plain_ops = { .read = rec_read, .write = rec_write };

typedef struct Hit {
    const MemoryRegion *mr;
    hwaddr offset;
    bool readonly;
} Hit;

/* The model: what a region shows at one of its offsets. */
static Hit ask(const MemoryRegion *mr, int64_t at, bool readonly, Pas pas)
{
    Hit none = { 0 };

    if (!mr->enabled || at < 0 || at >= (int64_t)mr->size || (mr->pas_mask && !(mr->pas_mask >> pas & 1))) {
        return none;
    }
    readonly |= mr->readonly;
    if (mr->subregions) {
        int best = INT_MIN;
        Hit found = none;

        /* The list has the newest of equals first; ask every one rather than trust the order of priorities. */
        for (unsigned i = 0; i < mr->subregions->len; i++) {
            const MemoryRegion *sub = mr->subregions->pdata[i];
            Hit h = ask(sub, at - (int64_t)sub->addr, readonly, pas);

            if (h.mr && sub->priority > best) {
                best = sub->priority;
                found = h;
            }
        }
        if (found.mr) {
            return found;
        }
    }
    if (mr->kind == MR_ALIAS) {
        return ask(mr->alias, at + (int64_t)mr->alias_offset, readonly, pas);
    }
    return mr->kind == MR_CONTAINER ? none : (Hit){ mr, at, readonly };
}

static void check_all(AddressSpace *as, const MemoryRegion *root)
{
    for (unsigned pas = 0; pas < NUM_PAS; pas++) {
        for (hwaddr a = 0; a < SPACE + 8; a++) {
            MemorySection s = address_space_lookup(as, a, pas);
            Hit h = ask(root, a, false, pas);

            g_assert_true(s.mr == h.mr);
            g_assert_true(s.start <= a && a <= s.last);
            if (h.mr) {
                g_assert_cmphex(s.offset, ==, h.offset);
                g_assert_cmpint(s.readonly, ==, h.readonly);
            }
            if (s.last < SPACE) {               /* a run ends where what is there changes */
                Hit n = ask(root, s.last + 1, false, pas);

                g_assert_true(n.mr != h.mr || n.readonly != h.readonly || n.offset != h.offset + (s.last + 1 - a));
            }
        }
    }
}

static void test_flatten(void)
{
    for (unsigned round = 0; round < 300; round++) {
        MemoryRegion mr[MAX_REGIONS];
        unsigned n = 1;
        AddressSpace *as;
        unsigned num = g_test_rand_int_range(2, MAX_REGIONS);

        memory_region_init(&mr[0], NULL, "root", SPACE);
        as = address_space_new(NULL, &mr[0], "test");
        for (; n < num; n++) {
            g_autofree char *name = g_strdup_printf("r%u", n);
            unsigned size = g_test_rand_int_range(1, 200);
            MemoryRegion *parent;

            switch (g_test_rand_int_range(0, 4)) {
            case 0:
                memory_region_init(&mr[n], NULL, name, size);
                break;
            case 1:
                memory_region_init_alias(&mr[n], NULL, name, &mr[g_test_rand_int_range(n > 1 ? 1 : 0, n)],
                                         g_test_rand_int_range(0, 100), size);
                if (mr[n].alias == &mr[0]) {    /* a loop: not an alias of what will contain it */
                    memory_region_destroy(&mr[n]);
                    memory_region_init(&mr[n], NULL, name, size);
                }
                break;
            default:
                memory_region_init_io(&mr[n], NULL, &plain_ops, NULL, name, size);
                break;
            }
            mr[n].readonly = g_test_rand_int_range(0, 8) == 0;
            mr[n].pas_mask = g_test_rand_int_range(0, 6) ? 0 : g_test_rand_int_range(1, 16);
            /* Parents are the root or containers; an alias's target is never below a later region: no loops. */
            parent = &mr[0];
            if (g_test_rand_bit()) {
                MemoryRegion *p = &mr[g_test_rand_int_range(0, n)];
                bool is_target = false;

                for (unsigned i = 0; i <= n; i++) {
                    is_target |= mr[i].kind == MR_ALIAS;
                }
                if (!is_target && p->kind != MR_ALIAS) {
                    parent = p;
                }
            }
            memory_region_add(parent, g_test_rand_int_range(0, 300), &mr[n], g_test_rand_int_range(-2, 3));
        }
        check_all(as, &mr[0]);
        for (unsigned k = 0; k < 4; k++) {
            unsigned i = g_test_rand_int_range(1, num);

            if (g_test_rand_bit()) {
                memory_region_set_enabled(&mr[i], !mr[i].enabled);
            } else {
                memory_region_set_readonly(&mr[i], !mr[i].readonly);
            }
            check_all(as, &mr[0]);
        }
        address_space_free(as);
        for (unsigned i = num; i-- > 0;) {
            memory_region_destroy(&mr[i]);
        }
    }
}

static void test_whole_space(void)
{
    MemoryRegion root, io, top;
    AddressSpace *as;
    MemorySection s;

    memory_region_init(&root, NULL, "root", UINT64_MAX);
    memory_region_init_io(&io, NULL, &plain_ops, NULL, "background", UINT64_MAX);
    memory_region_init_io(&top, NULL, &plain_ops, NULL, "top", 0x1000);
    memory_region_add(&root, 0, &io, -1);
    memory_region_add(&root, UINT64_C(0xfffffffffffff000), &top, 0);
    as = address_space_new(NULL, &root, "whole");
    s = address_space_lookup(as, UINT64_MAX, PAS_ROOT);
    g_assert_true(s.mr == &top && s.offset == 0xfff && s.last == UINT64_MAX);
    s = address_space_lookup(as, 5, PAS_SECURE);
    g_assert_true(s.mr == &io && s.start == 0 && s.last == UINT64_C(0xffffffffffffefff));
    address_space_free(as);
    memory_region_destroy(&top);
    memory_region_destroy(&io);
    memory_region_destroy(&root);
}

/* -- accesses ------------------------------------------------------------------------------------------------------ */

typedef struct Fixture {
    MemoryRegion root, ram, rom, io;
    Rec rec;
    AddressSpace *as;
} Fixture;

static void setup(Fixture *f, const MemoryRegionOps *ops)
{
    GError *error = NULL;

    memset(f, 0, sizeof(*f));
    f->rec.log = g_string_new(NULL);
    memory_region_init(&f->root, NULL, "root", UINT64_C(1) << 32);
    memory_region_init_ram(&f->ram, NULL, "ram", 0x10000, &error);
    g_assert_no_error(error);
    memory_region_init_rom_device(&f->rom, NULL, ops, &f->rec, "flash", 0x1000, &error);
    g_assert_no_error(error);
    memory_region_init_io(&f->io, NULL, ops, &f->rec, "io", 0x1000);
    memory_region_add(&f->root, 0x10000, &f->ram, 0);
    memory_region_add(&f->root, 0x20000, &f->io, 0);
    memory_region_add(&f->root, 0x30000, &f->rom, 0);
    f->as = address_space_new(NULL, &f->root, "space");
    f->rec.as = f->as;
}

static void teardown(Fixture *f)
{
    address_space_free(f->as);
    memory_region_destroy(&f->io);
    memory_region_destroy(&f->rom);
    memory_region_destroy(&f->ram);
    memory_region_destroy(&f->root);
    g_string_free(f->rec.log, TRUE);
}

static void test_split_and_widen(void)
{
    static const MemoryRegionOps only4 = { .read = rec_read, .write = rec_write, .min_size = 1, .max_size = 8,
                                           .impl_min = 4, .impl_max = 4 };
    static const MemoryRegionOps be = { .read = rec_read, .write = rec_write, .min_size = 1, .max_size = 8,
                                        .big_endian = true };
    static const MemoryRegionOps four = { .read = rec_read, .write = rec_write, .min_size = 4, .max_size = 4 };
    uint8_t buf[16];
    MemTxResult res;
    Fixture f;

    setup(&f, &only4);
    address_space_st(f.as, 0x20008, 8, false, 0x1122334455667788, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_OK);
    expect(&f.rec, "w4@8=55667788 w4@c=11223344 ");
    g_assert_cmphex(address_space_ld(f.as, 0x20008, 8, false, MEMTX_ATTRS_NONE, NULL), ==, 0x1122334455667788);
    expect(&f.rec, "r4@8 r4@c ");
    g_assert_cmphex(address_space_ld(f.as, 0x2000a, 2, false, MEMTX_ATTRS_NONE, NULL), ==, 0x5566);
    expect(&f.rec, "r4@8 ");
    g_assert_cmphex(address_space_ld(f.as, 0x2000a, 2, true, MEMTX_ATTRS_NONE, NULL), ==, 0x6655);
    expect(&f.rec, "r4@8 ");
    address_space_ld(f.as, 0x2000a, 4, false, MEMTX_ATTRS_NONE, &res);      /* misaligned */
    g_assert_cmpint(res, ==, MEMTX_DECODE_ERROR);
    /* Any length: the sizes it takes, aligned. */
    g_assert_cmpint(address_space_read(f.as, 0x20007, MEMTX_ATTRS_NONE, buf, 11), ==, MEMTX_OK);
    g_assert_cmpmem(buf + 1, 8, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    expect(&f.rec, "r4@4 r4@8 r4@c r4@10 ");
    teardown(&f);

    setup(&f, &be);
    address_space_st(f.as, 0x20000, 4, false, 0x11223344, MEMTX_ATTRS_NONE, NULL);
    expect(&f.rec, "w4@0=44332211 ");
    address_space_st(f.as, 0x20000, 4, true, 0x11223344, MEMTX_ATTRS_NONE, NULL);
    expect(&f.rec, "w4@0=11223344 ");
    g_assert_cmphex(address_space_ld(f.as, 0x20000, 4, true, MEMTX_ATTRS_NONE, NULL), ==, 0x11223344);
    teardown(&f);

    setup(&f, &four);
    address_space_st(f.as, 0x20000, 1, false, 1, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_DECODE_ERROR);
    address_space_st(f.as, 0x20000, 8, false, 1, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_DECODE_ERROR);
    teardown(&f);
}

static void test_ram_rom(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    MemTxResult res;
    uint8_t buf[8] = { 0 };
    Fixture f;

    setup(&f, &ops);
    g_assert_cmpint(address_space_write(f.as, 0x10ffd, MEMTX_ATTRS_NONE, "abcdefgh", 8), ==, MEMTX_OK);
    g_assert_cmphex(address_space_ld(f.as, 0x10ffd, 8, true, MEMTX_ATTRS_NONE, NULL), ==, 0x6162636465666768);
    g_assert_cmphex(address_space_ld(f.as, 0x10fff, 2, false, MEMTX_ATTRS_NONE, NULL), ==, 0x6463);
    g_assert_true(address_space_ram_ptr(f.as, 0x1fff0, 16, MEMTX_ATTRS_NONE) ==
                  (uint8_t *)memory_region_ram_ptr(&f.ram) + 0xfff0);
    g_assert_null(address_space_ram_ptr(f.as, 0x1fff0, 17, MEMTX_ATTRS_NONE));
    g_assert_cmphex(address_space_cas(f.as, 0x10100, 4, 1, 2, MEMTX_ATTRS_NONE, &res), ==, 0);
    g_assert_cmphex(address_space_cas(f.as, 0x10100, 4, 0, 2, MEMTX_ATTRS_NONE, &res), ==, 0);
    g_assert_cmphex(address_space_ld(f.as, 0x10100, 4, false, MEMTX_ATTRS_NONE, NULL), ==, 2);
    g_assert_cmpint(res, ==, MEMTX_OK);
    address_space_cas(f.as, 0x20000, 4, 0, 2, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_ERROR);
    /* An access that runs out of RAM into a device, and one into nothing. */
    g_assert_cmpint(address_space_write(f.as, 0x1fffe, MEMTX_ATTRS_NONE, "xyz", 3), ==, MEMTX_OK);
    expect(&f.rec, "w1@0=7a ");
    g_assert_cmpint(address_space_read(f.as, 0x40000, MEMTX_ATTRS_NONE, buf, 4), ==, MEMTX_DECODE_ERROR);
    /* Flash: reads are memory, writes are commands; then all are; a loader writes the memory. */
    g_assert_cmpint(address_space_write(f.as, 0x30000, MEMTX_ATTRS_DEBUG, "\x12\x34\x56\x78", 4), ==, MEMTX_OK);
    address_space_st(f.as, 0x30000, 4, false, 0x40, MEMTX_ATTRS_NONE, NULL);
    expect(&f.rec, "w4@0=40 ");
    g_assert_cmphex(address_space_ld(f.as, 0x30000, 4, true, MEMTX_ATTRS_NONE, NULL), ==, 0x12345678);
    memory_region_rom_device_set_romd(&f.rom, false);
    address_space_ld(f.as, 0x30000, 4, true, MEMTX_ATTRS_NONE, NULL);
    expect(&f.rec, "r4@0 ");
    /* Read-only RAM ignores the guest, not the loader. */
    memory_region_set_readonly(&f.ram, true);
    g_assert_cmpint(address_space_write(f.as, 0x10000, MEMTX_ATTRS_NONE, "q", 1), ==, MEMTX_OK);
    g_assert_cmphex(address_space_ld(f.as, 0x10000, 1, false, MEMTX_ATTRS_NONE, NULL), ==, 0);
    address_space_write(f.as, 0x10000, MEMTX_ATTRS_DEBUG, "q", 1);
    g_assert_cmphex(address_space_ld(f.as, 0x10000, 1, false, MEMTX_ATTRS_NONE, NULL), ==, 'q');
    teardown(&f);
}

static void test_reentry(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    MemTxResult res;
    Fixture f;

    setup(&f, &ops);
    f.rec.poke = 0x20010;                       /* itself */
    address_space_st(f.as, 0x20000, 4, false, 5, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_ERROR);
    expect(&f.rec, "w4@0=5 ");
    f.rec.poke = 0x10010;                       /* memory is fine */
    address_space_st(f.as, 0x20000, 4, false, 6, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_OK);
    g_assert_cmphex(address_space_ld(f.as, 0x10010, 4, false, MEMTX_ATTRS_NONE, NULL), ==, 0x04030201);
    teardown(&f);
}

/* 16 bytes at once: only of aligned RAM, in either byte order. */
static void test_sixteen(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    uint64_t v[2], new[2] = { 0x1111, 0x2222 };
    MemTxResult res;
    Fixture f;

    setup(&f, &ops);
    address_space_st(f.as, 0x10020, 8, false, 0x0102030405060708, MEMTX_ATTRS_NONE, NULL);
    address_space_st(f.as, 0x10028, 8, false, 0x1112131415161718, MEMTX_ATTRS_NONE, NULL);
    address_space_ld128(f.as, 0x10020, false, MEMTX_ATTRS_NONE, v, &res);
    g_assert_cmpint(res, ==, MEMTX_OK);
    g_assert_cmphex(v[0], ==, 0x0102030405060708);
    g_assert_cmphex(v[1], ==, 0x1112131415161718);
    address_space_ld128(f.as, 0x10020, true, MEMTX_ATTRS_NONE, v, &res);
    g_assert_cmphex(v[0], ==, 0x1817161514131211);
    g_assert_cmphex(v[1], ==, 0x0807060504030201);

    v[1]++;
    g_assert_false(address_space_cas128(f.as, 0x10020, true, v, new, MEMTX_ATTRS_NONE, &res));
    g_assert_cmpint(res, ==, MEMTX_OK);
    g_assert_cmphex(v[1], ==, 0x0807060504030201);
    g_assert_true(address_space_cas128(f.as, 0x10020, true, v, new, MEMTX_ATTRS_NONE, &res));
    g_assert_cmphex(address_space_ld(f.as, 0x10020, 8, true, MEMTX_ATTRS_NONE, NULL), ==, 0x2222);
    g_assert_cmphex(address_space_ld(f.as, 0x10028, 8, true, MEMTX_ATTRS_NONE, NULL), ==, 0x1111);

    address_space_ld128(f.as, 0x10028, false, MEMTX_ATTRS_NONE, v, &res);      /* misaligned */
    g_assert_cmpint(res, !=, MEMTX_OK);
    address_space_ld128(f.as, 0x20000, false, MEMTX_ATTRS_NONE, v, &res);      /* a device */
    g_assert_cmpint(res, !=, MEMTX_OK);
    g_assert_false(address_space_cas128(f.as, 0x20000, false, v, new, MEMTX_ATTRS_NONE, &res));
    g_assert_cmpint(res, !=, MEMTX_OK);
    teardown(&f);
}

static IommuEntry swap_pages(void *opaque, hwaddr addr, MemTxAttrs attrs, bool write)
{
    return (IommuEntry){ .addr = 0x10000 + (addr ^ 0x1000), .mask = 0xfff, .readable = true, .writable = addr < 0x1000,
                         .target = opaque };
}

static void test_iommu(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    MemoryRegion root, iommu;
    uint8_t buf[4];
    AddressSpace *as;
    Fixture f;

    setup(&f, &ops);
    memory_region_init(&root, NULL, "root", 0x2000);
    memory_region_init_iommu(&iommu, NULL, "iommu", 0x2000, swap_pages, f.as);
    memory_region_add(&root, 0, &iommu, 0);
    as = address_space_new(NULL, &root, "behind");
    address_space_write(f.as, 0x10000, MEMTX_ATTRS_NONE, "AB", 2);
    address_space_write(f.as, 0x11ffe, MEMTX_ATTRS_NONE, "CD", 2);
    g_assert_cmpint(address_space_read(as, 0xffe, MEMTX_ATTRS_NONE, buf, 4), ==, MEMTX_OK);
    g_assert_cmpmem(buf, 4, "CDAB", 4);
    g_assert_cmpint(address_space_write(as, 0xffe, MEMTX_ATTRS_NONE, "wxyz", 4), ==, MEMTX_DECODE_ERROR);
    address_space_read(as, 0xffe, MEMTX_ATTRS_NONE, buf, 4);
    g_assert_cmpmem(buf, 4, "wxAB", 4);
    address_space_free(as);
    memory_region_destroy(&iommu);
    memory_region_destroy(&root);
    teardown(&f);
}

static void test_pas(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    MemTxAttrs secure = { .pas = PAS_SECURE };
    MemTxResult res;
    Fixture f;

    setup(&f, &ops);
    f.ram.pas_mask = 1 << PAS_SECURE;
    memory_region_set_enabled(&f.ram, false);
    memory_region_set_enabled(&f.ram, true);
    address_space_st(f.as, 0x10000, 4, false, 7, secure, &res);
    g_assert_cmpint(res, ==, MEMTX_OK);
    address_space_st(f.as, 0x10000, 4, false, 7, MEMTX_ATTRS_NONE, &res);
    g_assert_cmpint(res, ==, MEMTX_DECODE_ERROR);
    teardown(&f);
}

static void count_changes(void *opaque, AddressSpace *as)
{
    (*(unsigned *)opaque)++;
}

static void test_ram_too_big(void)
{
    g_autoptr(GError) error = NULL;
    MemoryRegion mr;

    g_assert_false(memory_region_init_ram(&mr, NULL, "ram", UINT64_C(1) << 45, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "does not fit this host"));
    g_assert_null(strchr(error->message, '\n'));
    memory_region_destroy(&mr);
}

static void test_listener(void)
{
    static const MemoryRegionOps ops = { .read = rec_read, .write = rec_write };
    unsigned n = 0;
    MemoryListener l = { count_changes, &n };
    MemoryRegion alias;
    Fixture f;

    setup(&f, &ops);
    address_space_add_listener(f.as, &l);
    memory_region_init_alias(&alias, NULL, "alias", &f.ram, 0x8000, 0x1000);
    memory_region_add(&f.root, 0x50000, &alias, 0);
    g_assert_cmpuint(n, ==, 1);
    address_space_st(f.as, 0x50004, 4, false, 9, MEMTX_ATTRS_NONE, NULL);
    g_assert_cmphex(address_space_ld(f.as, 0x18004, 4, false, MEMTX_ATTRS_NONE, NULL), ==, 9);
    memory_region_del(&f.root, &alias);
    g_assert_cmpuint(n, ==, 2);
    g_assert_null(address_space_lookup(f.as, 0x50004, PAS_NONSECURE).mr);
    memory_region_destroy(&alias);
    teardown(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/flatten", test_flatten);
    g_test_add_func("/memory/whole-space", test_whole_space);
    g_test_add_func("/memory/split-and-widen", test_split_and_widen);
    g_test_add_func("/memory/ram-rom", test_ram_rom);
    g_test_add_func("/memory/reentry", test_reentry);
    g_test_add_func("/memory/sixteen", test_sixteen);
    g_test_add_func("/memory/iommu", test_iommu);
    g_test_add_func("/memory/pas", test_pas);
    g_test_add_func("/memory/ram-too-big", test_ram_too_big);
    g_test_add_func("/memory/listener", test_listener);
    return g_test_run();
}
