/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio devices behind virtio-mmio, driven as a driver does: both versions of the transport, each device, event
 * indices, indirect descriptors, and rings that make no sense.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/io/block.h"
#include "core/io/char.h"
#include "tests/lib/testnet.h"

DEVTEST_MODULE(hw_virtio);
DEVTEST_MODULE(io_rng);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_virtio), DEVTEST_MODULE_REF(io_rng), NULL };

enum { MAGIC = 0, VERSION = 4, DEVICE_ID = 8, FEATURES = 0x10, FEATURES_SEL = 0x14, DRV_FEATURES = 0x20,
       DRV_FEATURES_SEL = 0x24, PAGE_SIZE_REG = 0x28, QSEL = 0x30, QNUM_MAX = 0x34, QNUM = 0x38, QALIGN = 0x3c,
       QPFN = 0x40, QREADY = 0x44, NOTIFY = 0x50, ISR = 0x60, ACK = 0x64, STATUS = 0x70, QDESC = 0x80, QDRIVER = 0x90,
       QDEVICE = 0xa0, CONFIG = 0x100 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
#define NUM 8
#define DISK_SIZE 65536
#define EVENT_IDX (UINT64_C(1) << 29)
#define INDIRECT_F (UINT64_C(1) << 28)
#define VERSION_1 (UINT64_C(1) << 32)

/* -- a driver ---------------------------------------------------------------------------------------------- */

typedef struct Driver {
    DevTest *t;
    uint64_t base[2];                           /* of each queue: descriptors, then rings */
    uint64_t device[2];
    uint16_t avail[2], used[2];
} Driver;

static void select_queue(Driver *d, unsigned q)
{
    d->base[q] = 0x10000 * (q + 1);
    d->avail[q] = d->used[q] = 0;
    memset(devtest_ram(d->t, d->base[q]), 0, 0x8000);
    devtest_write32(d->t, QSEL, q);
    devtest_write32(d->t, QNUM, NUM);
}

static void start_modern(Driver *d, DevTest *t, uint64_t features, unsigned queues)
{
    memset(d, 0, sizeof(*d));
    d->t = t;
    g_assert_cmphex(devtest_read32(t, MAGIC), ==, 0x74726976);
    g_assert_cmpuint(devtest_read32(t, VERSION), ==, 2);
    devtest_write32(t, STATUS, 0);
    devtest_write32(t, STATUS, 3);
    for (unsigned i = 0; i < 2; i++) {
        devtest_write32(t, FEATURES_SEL, i);
        g_assert_cmphex((uint32_t)(features >> (32 * i)) & ~devtest_read32(t, FEATURES), ==, 0);
        devtest_write32(t, DRV_FEATURES_SEL, i);
        devtest_write32(t, DRV_FEATURES, (uint32_t)((features | VERSION_1) >> (32 * i)));
    }
    devtest_write32(t, STATUS, 11);
    g_assert_cmphex(devtest_read32(t, STATUS), ==, 11);
    for (unsigned q = 0; q < queues; q++) {
        select_queue(d, q);
        d->device[q] = d->base[q] + 0x2000;
        devtest_write32(t, QDESC, (uint32_t)d->base[q]);
        devtest_write32(t, QDRIVER, (uint32_t)d->base[q] + 0x1000);
        devtest_write32(t, QDEVICE, (uint32_t)d->device[q]);
        devtest_write32(t, QREADY, 1);
        g_assert_cmpuint(devtest_read32(t, QREADY), ==, 1);
    }
    devtest_write32(t, STATUS, 15);
}

static void start_legacy(Driver *d, DevTest *t, unsigned queues)
{
    memset(d, 0, sizeof(*d));
    d->t = t;
    g_assert_cmpuint(devtest_read32(t, VERSION), ==, 1);
    devtest_write32(t, STATUS, 3);
    devtest_write32(t, PAGE_SIZE_REG, 4096);
    for (unsigned q = 0; q < queues; q++) {
        select_queue(d, q);
        devtest_write32(t, QALIGN, 4096);
        devtest_write32(t, QPFN, (uint32_t)(d->base[q] / 4096));
        g_assert_cmpuint(devtest_read32(t, QPFN), ==, d->base[q] / 4096);
        d->device[q] = d->base[q] + 4096;
    }
    devtest_write32(t, STATUS, 7);
}

static uint64_t avail_ring(const Driver *d, unsigned q)
{
    return d->device[q] - d->base[q] == 4096 ? d->base[q] + 16 * NUM : d->base[q] + 0x1000;
}

static void desc(Driver *d, uint64_t table, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    uint8_t *p = devtest_ram(d->t, table + 16 * i);

    stq_le_p(p, addr);
    stl_le_p(p + 8, len);
    stw_le_p(p + 12, flags);
    stw_le_p(p + 14, next);
}

static void make_available(Driver *d, unsigned q, uint16_t head)
{
    uint8_t *ring = devtest_ram(d->t, avail_ring(d, q));

    stw_le_p(ring + 4 + 2 * (d->avail[q] % NUM), head);
    stw_le_p(ring + 2, ++d->avail[q]);
}

static void kick(Driver *d, unsigned q)
{
    devtest_write32(d->t, NOTIFY, q);
}

static unsigned used_index(Driver *d, unsigned q)
{
    return lduw_le_p((uint8_t *)devtest_ram(d->t, d->device[q]) + 2);
}

/* The bytes written to the next used buffer, whose head must be as given. */
static uint32_t take_used(Driver *d, unsigned q, unsigned head)
{
    const uint8_t *used = devtest_ram(d->t, d->device[q]);
    const uint8_t *entry = used + 4 + 8 * (d->used[q] % NUM);

    g_assert_cmpuint(used_index(d, q), ==, (uint16_t)(d->used[q] + 1));
    d->used[q]++;
    g_assert_cmpuint(ldl_le_p(entry), ==, head);
    return ldl_le_p(entry + 4);
}

/* -- block ------------------------------------------------------------------------------------------------- */

typedef struct Disk {
    char *path;
    uint8_t image[DISK_SIZE];
    BlockBackend *blk;
    bool readonly, discards;
} Disk;

static Disk *disk_new(void)
{
    Disk *disk = g_new0(Disk, 1);
    int fd = g_file_open_tmp("chimera-virtio-XXXXXX", &disk->path, NULL);

    close(fd);
    for (unsigned i = 0; i < DISK_SIZE; i++) {
        disk->image[i] = (uint8_t)(i * 3 + i / 512);
    }
    g_assert_true(g_file_set_contents(disk->path, (char *)disk->image, DISK_SIZE, NULL));
    return disk;
}

static void disk_free(Disk *disk)
{
    g_remove(disk->path);
    g_free(disk->path);
    g_free(disk);
}

static void add_device(DevTest *t, const char *type, const char *prop, const char *value)
{
    g_autoptr(GError) error = NULL;
    Object *obj = object_new_child(&t->dev->parent, "device", type, &error);

    g_assert_no_error(error);
    if (prop) {
        object_set(obj, prop, value, &error);
        g_assert_no_error(error);
    }
}

static void setup_blk(DevTest *t, void *opaque)
{
    g_autoptr(GError) error = NULL;
    Disk *disk = opaque;
    BlockBackend *blk = block_open(t->machine->backends, "d0", disk->path, NULL, disk->readonly, !disk->readonly,
                                   NULL, &error);

    g_assert_no_error(error);
    block_set_discards(blk, disk->discards);
    if (!disk->blk) {
        disk->blk = blk;                        /* of the first bench, not of the copy that loads its state */
    }
    add_device(t, "virtio-blk-device", "drive", "d0");
}

static DevTest *new_blk(Disk *disk, const char *legacy)
{
    return devtest_new_setup(modules, "virtio-mmio", setup_blk, disk, "force-legacy", legacy, NULL);
}

/* One request: header, data, status; returns the status byte. */
static uint8_t blk_request(Driver *d, Disk *disk, uint32_t type, uint64_t sector, void *data, uint32_t len, bool write)
{
    uint8_t *header = devtest_ram(d->t, 0x40000), *status = devtest_ram(d->t, 0x40010);
    uint32_t written;

    stl_le_p(header, type);
    stl_le_p(header + 4, 0);
    stq_le_p(header + 8, sector);
    *status = 0xff;
    if (len && !write) {
        memcpy(devtest_ram(d->t, 0x50000), data, len);
    }
    desc(d, d->base[0], 0, 0x40000, 16, NEXT, len ? 1 : 2);
    desc(d, d->base[0], 1, 0x50000, len, NEXT | (write ? WRITE : 0), 2);
    desc(d, d->base[0], 2, 0x40010, 1, WRITE, 0);
    make_available(d, 0, 0);
    kick(d, 0);
    machine_lock(d->t->machine);
    block_drain(disk->blk);
    machine_unlock(d->t->machine);
    written = take_used(d, 0, 0);
    if (len && write) {
        memcpy(data, devtest_ram(d->t, 0x50000), len);
    }
    if (*status == 0) {
        g_assert_cmpuint(written, ==, 1 + (write ? len : 0));
    }
    return *status;
}

static void check_blk(Driver *d, Disk *disk)
{
    uint8_t buf[4096], zeroes[16] = { 0 };

    g_assert_cmpuint(devtest_read32(d->t, DEVICE_ID), ==, 2);
    g_assert_cmpuint(devtest_read32(d->t, CONFIG), ==, DISK_SIZE / 512);
    g_assert_cmpuint(blk_request(d, disk, 0, 8, buf, 4096, true), ==, 0);
    g_assert_cmpmem(buf, 4096, disk->image + 4096, 4096);
    g_assert_true(devtest_irq(d->t, "intr"));
    g_assert_cmpuint(devtest_read32(d->t, ISR), ==, 1);
    devtest_write32(d->t, ACK, 1);
    g_assert_false(devtest_irq(d->t, "intr"));
    memset(buf, 0x5a, 1024);
    g_assert_cmpuint(blk_request(d, disk, 1, 9, buf, 1024, false), ==, 0);
    g_assert_cmpuint(blk_request(d, disk, 4, 0, NULL, 0, false), ==, 0);
    g_assert_cmpuint(blk_request(d, disk, 0, 8, buf, 2048, true), ==, 0);
    g_assert_cmpmem(buf, 512, disk->image + 4096, 512);
    for (unsigned i = 512; i < 1536; i++) {
        g_assert_cmphex(buf[i], ==, 0x5a);
    }
    stq_le_p(zeroes, 9);
    stl_le_p(zeroes + 8, 1);
    g_assert_cmpuint(blk_request(d, disk, 13, 0, zeroes, 16, false), ==, 0);
    g_assert_cmpuint(blk_request(d, disk, 0, 9, buf, 512, true), ==, 0);
    for (unsigned i = 0; i < 512; i++) {
        g_assert_cmphex(buf[i], ==, 0);
    }
    memset(buf, 0, 20);
    g_assert_cmpuint(blk_request(d, disk, 8, 0, buf, 20, true), ==, 0);
    g_assert_cmpstr((char *)buf, ==, "d0");
    g_assert_cmpuint(blk_request(d, disk, 0, DISK_SIZE / 512, buf, 512, true), ==, 1);
    g_assert_cmpuint(blk_request(d, disk, 0, UINT64_MAX, buf, 512, true), ==, 1);
    g_assert_cmpuint(blk_request(d, disk, 0, 0, buf, 100, true), ==, 1);
    g_assert_cmpuint(blk_request(d, disk, 99, 0, NULL, 0, true), ==, 2);
}

static void test_blk_modern(void)
{
    Disk *disk = disk_new();
    DevTest *t = new_blk(disk, "off");
    Driver d;

    start_modern(&d, t, 0, 1);
    check_blk(&d, disk);
    devtest_free(t);
    disk_free(disk);
}

static void test_blk_legacy(void)
{
    Disk *disk = disk_new();
    DevTest *t = new_blk(disk, "on");
    Driver d;

    start_legacy(&d, t, 1);
    check_blk(&d, disk);
    devtest_free(t);
    disk_free(disk);
}

static void test_blk_readonly(void)
{
    Disk *disk = disk_new();
    uint8_t buf[512] = { 0 };
    DevTest *t;
    Driver d;

    disk->readonly = true;
    t = new_blk(disk, "off");
    start_modern(&d, t, 1 << 5, 1);
    g_assert_cmpuint(blk_request(&d, disk, 1, 0, buf, 512, false), ==, 1);
    g_assert_cmpuint(blk_request(&d, disk, 0, 0, buf, 512, true), ==, 0);
    g_assert_cmpmem(buf, 512, disk->image, 512);
    devtest_free(t);
    disk_free(disk);
}

/* Discard is there where the drive lets the guest; writing zeroes always is. */
static void test_blk_discard(void)
{
    for (unsigned on = 0; on < 2; on++) {
        static uint8_t zeros[4096];
        uint8_t range[16] = { [0] = 8, [8] = 8 }, buf[4096];
        Disk *disk = disk_new();
        DevTest *t;
        Driver d;

        disk->discards = on;
        t = new_blk(disk, "off");
        start_modern(&d, t, on ? 3 << 13 : 1 << 14, 1);
        devtest_write32(t, FEATURES_SEL, 0);
        g_assert_cmphex(devtest_read32(t, FEATURES) >> 13 & 3, ==, on ? 3 : 2);
        g_assert_cmpuint(blk_request(&d, disk, 11, 0, range, 16, false), ==, on ? 0 : 2);
        g_assert_cmpuint(blk_request(&d, disk, 0, 8, buf, 4096, true), ==, 0);
        g_assert_cmpmem(buf, 4096, on ? zeros : disk->image + 4096, 4096);
        g_assert_cmpuint(blk_request(&d, disk, 13, 0, range, 16, false), ==, 0);
        g_assert_cmpuint(blk_request(&d, disk, 0, 8, buf, 4096, true), ==, 0);
        g_assert_cmpmem(buf, 4096, zeros, 4096);
        devtest_free(t);
        disk_free(disk);
    }
}

/* A reset while a request is under way: no answer, no harm. */
static void test_blk_reset(void)
{
    Disk *disk = disk_new();
    DevTest *t = new_blk(disk, "off");
    Driver d;

    start_modern(&d, t, 0, 1);
    desc(&d, d.base[0], 0, 0x40000, 16, NEXT, 1);
    desc(&d, d.base[0], 1, 0x50000, 4097, WRITE, 0);
    memset(devtest_ram(t, 0x40000), 0, 16);
    memset(devtest_ram(t, 0x50000), 0x77, 4097);
    make_available(&d, 0, 0);
    kick(&d, 0);
    devtest_write32(t, STATUS, 0);
    machine_lock(t->machine);
    block_drain(disk->blk);
    machine_unlock(t->machine);
    g_assert_cmpuint(used_index(&d, 0), ==, 0);
    g_assert_cmphex(*(uint8_t *)devtest_ram(t, 0x50000), ==, 0x77);
    devtest_free(t);
    disk_free(disk);
}

/*
 * A buffer made available again and again without waiting: memory is bounded, the rest stays in the queue, and all of
 * it is answered.
 */
static void test_blk_flood(void)
{
    Disk *disk = disk_new();
    DevTest *t;
    Driver d;

    g_assert_cmpint(truncate(disk->path, 32 << 20), ==, 0);
    t = new_blk(disk, "off");
    start_modern(&d, t, EVENT_IDX | INDIRECT_F, 1);
    memset(devtest_ram(t, 0x40000), 0, 16);
    desc(&d, 0x60000, 0, 0x40000, 16, NEXT, 1);
    for (unsigned i = 1; i <= 512; i++) {       /* 32 MiB into the same 64 KiB */
        desc(&d, 0x60000, i, 0x50000, 65536, NEXT | WRITE, (uint16_t)(i + 1));
    }
    desc(&d, 0x60000, 513, 0x40010, 1, WRITE, 0);
    desc(&d, d.base[0], 0, 0x60000, 514 * 16, INDIRECT, 0);
    for (unsigned i = 0; i < NUM; i++) {
        make_available(&d, 0, 0);
    }
    kick(&d, 0);                                /* nothing completes before block_drain */
    g_assert_cmpuint(lduw_le_p((uint8_t *)devtest_ram(t, d.device[0]) + 4 + 8 * NUM), ==, 2);   /* avail_event */
    machine_lock(t->machine);
    block_drain(disk->blk);
    machine_unlock(t->machine);
    g_assert_cmpuint(used_index(&d, 0), ==, NUM);
    g_assert_cmphex(*(uint8_t *)devtest_ram(t, 0x40010), ==, 0);
    devtest_free(t);
    disk_free(disk);
}

/* Indirect descriptors, and interrupts only where the driver's event index asks for them. */
static void test_indirect_event(void)
{
    Disk *disk = disk_new();
    DevTest *t = new_blk(disk, "off");
    Driver d;

    start_modern(&d, t, EVENT_IDX | INDIRECT_F, 1);
    memset(devtest_ram(t, 0x40000), 0, 16);
    desc(&d, 0x60000, 0, 0x40000, 16, NEXT, 1);
    desc(&d, 0x60000, 1, 0x50000, 512, NEXT | WRITE, 2);
    desc(&d, 0x60000, 2, 0x40010, 1, WRITE, 0);
    desc(&d, d.base[0], 0, 0x60000, 48, INDIRECT, 0);
    stw_le_p((uint8_t *)devtest_ram(t, avail_ring(&d, 0)) + 4 + 2 * NUM, 1);    /* used_event: the second */
    for (unsigned i = 0; i < 2; i++) {
        make_available(&d, 0, 0);
        kick(&d, 0);
        machine_lock(t->machine);
        block_drain(disk->blk);
        machine_unlock(t->machine);
        g_assert_cmpuint(take_used(&d, 0, 0), ==, 513);
        g_assert_cmpint(devtest_irq(t, "intr"), ==, i);
    }
    devtest_write32(t, ACK, 1);
    make_available(&d, 0, 0);
    kick(&d, 0);
    machine_lock(t->machine);
    block_drain(disk->blk);
    machine_unlock(t->machine);
    g_assert_cmpuint(take_used(&d, 0, 0), ==, 513);
    g_assert_false(devtest_irq(t, "intr"));     /* the event index has passed */
    g_assert_cmpuint(lduw_le_p((uint8_t *)devtest_ram(t, d.device[0]) + 4 + 8 * NUM), ==, 3);   /* avail_event */
    devtest_free(t);
    disk_free(disk);
}

/* Each breaks the device until it is reset; none harms us. */
static void test_bad_rings(void)
{
    Disk *disk = disk_new();
    DevTest *t = new_blk(disk, "off");
    Driver d;

    for (unsigned i = 0; i < 9; i++) {
        start_modern(&d, t, INDIRECT_F, 1);
        desc(&d, d.base[0], 0, 0x40000, 16, NEXT, 1);
        desc(&d, d.base[0], 1, 0x40010, 1, WRITE, 0);
        switch (i) {
        case 0:                                 /* a loop */
            desc(&d, d.base[0], 1, 0x40010, 1, NEXT, 0);
            break;
        case 1:                                 /* past the table */
            desc(&d, d.base[0], 0, 0x40000, 16, NEXT, NUM);
            break;
        case 2:                                 /* read after write */
            desc(&d, d.base[0], 0, 0x40000, 16, NEXT | WRITE, 1);
            desc(&d, d.base[0], 1, 0x40010, 1, 0, 0);
            break;
        case 3:                                 /* indirect within indirect */
            desc(&d, d.base[0], 0, 0x60000, 16, INDIRECT, 0);
            desc(&d, 0x60000, 0, 0x60000, 16, INDIRECT, 0);
            break;
        case 4:                                 /* a table of an odd size */
            desc(&d, d.base[0], 0, 0x60000, 17, INDIRECT, 0);
            break;
        case 5:                                 /* more than 4 GiB */
            desc(&d, d.base[0], 0, 0x40000, UINT32_MAX, NEXT, 1);
            desc(&d, d.base[0], 1, 0x40010, 2, 0, 0);
            break;
        case 6:                                 /* no header */
            desc(&d, d.base[0], 0, 0x40000, 1, WRITE, 0);
            break;
        case 7:                                 /* no memory */
            desc(&d, d.base[0], 0, 0x60000, 1u << 14, INDIRECT, 0);
            stq_le_p(devtest_ram(t, d.base[0]), UINT64_MAX - 7);
            break;
        case 8:                                 /* an index that is too far ahead */
            d.avail[0] = NUM + 1;
            break;
        }
        make_available(&d, 0, 0);
        kick(&d, 0);
        g_assert_cmphex(devtest_read32(t, STATUS), ==, 15 | 64);
        g_assert_cmpuint(devtest_read32(t, ISR), ==, 2);
        kick(&d, 0);
    }
    devtest_free(t);
    disk_free(disk);
}

/* -- net --------------------------------------------------------------------------------------------------- */

static void setup_net(DevTest *t, void *opaque)
{
    testnet_new(t);
    add_device(t, "virtio-net-device", "netdev", "n0");
}

static void test_net(void)
{
    DevTest *t = devtest_new_setup(modules, "virtio-mmio", setup_net, NULL, "force-legacy", "off", NULL);
    TestNet *n = testnet_of(t);
    Driver d;

    g_assert_cmpuint(devtest_read32(t, DEVICE_ID), ==, 1);
    g_assert_cmphex(devtest_read32(t, CONFIG), ==, 0x12005452);
    g_assert_cmphex(devtest_read(t, NULL, CONFIG + 4, 2), ==, 0x5634);
    g_assert_cmphex(devtest_read(t, NULL, CONFIG + 6, 2), ==, 1);
    start_modern(&d, t, 1 << 5 | 1 << 16, 2);
    g_assert_false(net_can_deliver(&n->parent));
    desc(&d, d.base[0], 0, 0x40000, 1526, WRITE, 0);
    make_available(&d, 0, 0);
    kick(&d, 0);
    g_assert_cmpuint(n->ready, >, 0);
    g_assert_true(net_can_deliver(&n->parent));
    net_deliver(&n->parent, (const uint8_t *)"a frame", 7);
    g_assert_cmpuint(take_used(&d, 0, 0), ==, 19);
    g_assert_cmpmem((uint8_t *)devtest_ram(t, 0x40000) + 12, 7, "a frame", 7);
    g_assert_cmphex(lduw_le_p((uint8_t *)devtest_ram(t, 0x40000) + 10), ==, 1);
    g_assert_false(net_can_deliver(&n->parent));
    desc(&d, d.base[0], 1, 0x41000, 18, WRITE, 0);      /* too small: given back empty */
    make_available(&d, 0, 1);
    desc(&d, d.base[0], 2, 0x42000, 1526, WRITE, 0);
    make_available(&d, 0, 2);
    net_deliver(&n->parent, (const uint8_t *)"a frame", 7);
    g_assert_cmpuint(take_used(&d, 0, 1), ==, 0);
    net_deliver(&n->parent, (const uint8_t *)"another", 7);
    g_assert_cmpuint(take_used(&d, 0, 2), ==, 19);
    g_assert_cmpmem((uint8_t *)devtest_ram(t, 0x42000) + 12, 7, "another", 7);
    g_assert_false(net_can_deliver(&n->parent));
    memcpy(devtest_ram(t, 0x50000), "hello ", 6);
    memcpy(devtest_ram(t, 0x50100), "net", 3);
    memset(devtest_ram(t, 0x50200), 0, 12);
    desc(&d, d.base[1], 0, 0x50200, 12, NEXT, 1);
    desc(&d, d.base[1], 1, 0x50000, 6, NEXT, 2);
    desc(&d, d.base[1], 2, 0x50100, 3, 0, 0);
    make_available(&d, 1, 0);
    kick(&d, 1);
    take_used(&d, 1, 0);
    g_assert_cmpstr(n->sent->str, ==, "hello net");
    devtest_free(t);
}

static void test_mac(void)
{
    DevTest *t = devtest_new_setup(modules, "virtio-mmio", setup_net, NULL, NULL);
    Object *obj = object_new(t->types, "virtio-net-device", NULL);
    g_autofree char *mac = NULL;

    g_assert_true(object_set(obj, "mac", "52:54:00:ab:cd:ef", NULL));
    mac = object_get(obj, "mac", NULL);
    g_assert_cmpstr(mac, ==, "52:54:00:ab:cd:ef");
    g_assert_false(object_set(obj, "mac", "52:54:00:ab:cd", NULL));
    g_assert_false(object_set(obj, "mac", "53:54:00:ab:cd:ef", NULL));
    g_assert_false(object_set(obj, "mac", "52:54:00:ab:cd:ef:1", NULL));
    object_unref(obj);
    devtest_free(t);
}

/* -- rng, console ------------------------------------------------------------------------------------------ */

static void setup_rng(DevTest *t, void *opaque)
{
    t->machine->config.seed = 42;
    t->machine->config.seed_set = true;
    add_device(t, "virtio-rng-device", NULL, NULL);
}

static void test_rng(void)
{
    uint8_t first[64];

    for (unsigned round = 0; round < 2; round++) {      /* the same seed gives the same bytes */
        DevTest *t = devtest_new_setup(modules, "virtio-mmio", setup_rng, NULL, NULL);
        const uint8_t *got = devtest_ram(t, 0x40000);
        Driver d;
        unsigned zeros = 0;

        g_assert_cmpuint(devtest_read32(t, DEVICE_ID), ==, 4);
        start_legacy(&d, t, 1);
        desc(&d, d.base[0], 0, 0x40000, 64, WRITE, 0);
        make_available(&d, 0, 0);
        kick(&d, 0);
        g_assert_cmpuint(take_used(&d, 0, 0), ==, 64);
        for (unsigned i = 0; i < 64; i++) {
            zeros += got[i] == 0;
        }
        g_assert_cmpuint(zeros, <, 8);
        if (round == 0) {
            memcpy(first, got, 64);
        } else {
            g_assert_cmpmem(first, 64, got, 64);
        }
        devtest_free(t);
    }
}

static void setup_console(DevTest *t, void *opaque)
{
    g_autoptr(GError) error = NULL;
    Object *serial, *console;

    chardev_new_from_opts(t->machine->backends, "ringbuf,id=c0", NULL, &error);
    g_assert_no_error(error);
    serial = object_new_child(&t->dev->parent, "device", "virtio-serial-device", &error);
    g_assert_no_error(error);
    console = object_new_child(serial, "console", "virtconsole", &error);
    g_assert_no_error(error);
    object_set(console, "chardev", "c0", &error);
    g_assert_no_error(error);
}

static void test_console(void)
{
    DevTest *t = devtest_new_setup(modules, "virtio-mmio", setup_console, NULL, "force-legacy", "off", NULL);
    Chardev *chr = chardev_find(t->machine->backends, "c0");
    g_autofree char *out = NULL;
    Driver d;

    g_assert_cmpuint(devtest_read32(t, DEVICE_ID), ==, 3);
    start_modern(&d, t, 0, 2);
    memcpy(devtest_ram(t, 0x40000), "out", 3);
    desc(&d, d.base[1], 0, 0x40000, 3, 0, 0);
    make_available(&d, 1, 0);
    kick(&d, 1);
    take_used(&d, 1, 0);
    out = chardev_ringbuf_take(chr, NULL);
    g_assert_cmpstr(out, ==, "out");
    machine_lock(t->machine);
    chardev_feed(chr, (const uint8_t *)"input", 5);     /* waits for a buffer */
    machine_unlock(t->machine);
    desc(&d, d.base[0], 0, 0x50000, 4, WRITE, 0);
    make_available(&d, 0, 0);
    kick(&d, 0);
    g_assert_cmpuint(take_used(&d, 0, 0), ==, 4);
    g_assert_cmpmem(devtest_ram(t, 0x50000), 4, "inpu", 4);
    make_available(&d, 0, 0);
    kick(&d, 0);
    g_assert_cmpuint(take_used(&d, 0, 0), ==, 1);
    g_assert_cmpmem(devtest_ram(t, 0x50000), 1, "t", 1);
    devtest_free(t);
}

/* -- the transport ----------------------------------------------------------------------------------------- */

static void test_empty(void)
{
    DevTest *t = devtest_new(modules, "virtio-mmio", NULL);

    g_assert_cmphex(devtest_read32(t, MAGIC), ==, 0x74726976);
    g_assert_cmpuint(devtest_read32(t, DEVICE_ID), ==, 0);
    devtest_write32(t, STATUS, 3);
    g_assert_cmpuint(devtest_read32(t, STATUS), ==, 0);
    devtest_fuzz(t, 5);
}

static void test_plug(void)
{
    DevTest *t = devtest_new(modules, "virtio-mmio", NULL);
    Object *root = &t->machine->parent.parent;
    g_autoptr(GError) error = NULL;
    Device *a = DEVICE(object_new_child(root, "a", "virtio-rng-device", NULL));
    Device *b = DEVICE(object_new_child(root, "b", "virtio-rng-device", NULL));

    g_assert_true(DEVICE_CLASS_OF(a)->plug(a, t->machine, &error));
    g_assert_true(device_realize(a, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(devtest_read32(t, DEVICE_ID), ==, 4);
    g_assert_false(DEVICE_CLASS_OF(b)->plug(b, t->machine, &error));
    g_assert_nonnull(strstr(error->message, "no free virtio transport"));
    g_clear_error(&error);
    object_set(&b->parent, "bus", "nowhere", NULL);
    g_assert_false(DEVICE_CLASS_OF(b)->plug(b, t->machine, &error));
    g_assert_nonnull(strstr(error->message, "no such"));
    t->no_save_check = true;
    devtest_free(t);
}

static void test_refused_features(void)
{
    DevTest *t = devtest_new_setup(modules, "virtio-mmio", setup_rng, NULL, "force-legacy", "off", NULL);

    devtest_write32(t, STATUS, 3);
    devtest_write32(t, DRV_FEATURES, 1 << 7);           /* not offered, and no VERSION_1 */
    devtest_write32(t, STATUS, 11);
    g_assert_cmphex(devtest_read32(t, STATUS), ==, 3);
    devtest_write32(t, QNUM, 3);                        /* no power of two */
    devtest_write32(t, QREADY, 1);
    g_assert_cmpuint(devtest_read32(t, QREADY), ==, 0);
    devtest_free(t);
}

static void test_fuzz(void)
{
    Disk *disk = disk_new();

    for (unsigned i = 0; i < 8; i++) {
        const char *legacy = i & 1 ? "on" : "off";
        DevTest *t = i < 2 ? new_blk(disk, legacy)
                   : i < 4 ? devtest_new_setup(modules, "virtio-mmio", setup_net, NULL, "force-legacy", legacy, NULL)
                   : i < 6 ? devtest_new_setup(modules, "virtio-mmio", setup_rng, NULL, "force-legacy", legacy, NULL)
                   : devtest_new_setup(modules, "virtio-mmio", setup_console, NULL, "force-legacy", legacy, NULL);

        for (unsigned round = 0; round < 20; round++) {
            uint8_t data[500];
            Driver d;

            if (i & 1) {
                start_legacy(&d, t, i < 2 || i == 5 ? 1 : 2);
            } else {
                start_modern(&d, t, EVENT_IDX | INDIRECT_F, i < 2 || i == 4 ? 1 : 2);
            }
            for (unsigned k = 0; k < 60; k++) {         /* rings near to sense */
                unsigned q = (unsigned)g_test_rand_int_range(0, 2);

                if (!d.base[q]) {
                    continue;
                }
                desc(&d, d.base[q], (unsigned)g_test_rand_int_range(0, NUM),
                     (uint64_t)g_test_rand_int_range(0, 0x140000), (uint32_t)g_test_rand_int_range(0, 0x2000),
                     (uint16_t)g_test_rand_int_range(0, 8), (uint16_t)g_test_rand_int_range(0, NUM + 1));
                make_available(&d, q, (uint16_t)g_test_rand_int_range(0, NUM + 1));
                kick(&d, q);
                if (i < 2 && k % 8 == 0) {
                    machine_lock(t->machine);
                    block_drain(disk->blk);
                    machine_unlock(t->machine);
                }
                if (k % 16 == 0) {
                    devtest_write32(t, STATUS, 0);
                }
            }
            for (unsigned k = 0; k < sizeof(data); k++) {
                data[k] = (uint8_t)g_test_rand_int();
            }
            devtest_replay(t, data, sizeof(data));
            devtest_write32(t, STATUS, 0);
        }
        if (i < 2) {
            machine_lock(t->machine);
            block_drain(disk->blk);
            machine_unlock(t->machine);
        }
        devtest_free(t);
        disk->blk = NULL;
    }
    disk_free(disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/virtio/blk_modern", test_blk_modern);
    g_test_add_func("/hw/virtio/blk_legacy", test_blk_legacy);
    g_test_add_func("/hw/virtio/blk_readonly", test_blk_readonly);
    g_test_add_func("/hw/virtio/blk_discard", test_blk_discard);
    g_test_add_func("/hw/virtio/blk_reset", test_blk_reset);
    g_test_add_func("/hw/virtio/blk_flood", test_blk_flood);
    g_test_add_func("/hw/virtio/indirect_event", test_indirect_event);
    g_test_add_func("/hw/virtio/bad_rings", test_bad_rings);
    g_test_add_func("/hw/virtio/net", test_net);
    g_test_add_func("/hw/virtio/mac", test_mac);
    g_test_add_func("/hw/virtio/rng", test_rng);
    g_test_add_func("/hw/virtio/console", test_console);
    g_test_add_func("/hw/virtio/empty", test_empty);
    g_test_add_func("/hw/virtio/plug", test_plug);
    g_test_add_func("/hw/virtio/refused_features", test_refused_features);
    g_test_add_func("/hw/virtio/fuzz", test_fuzz);
    return g_test_run();
}
