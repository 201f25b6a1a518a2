/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CFI flash: query, identity, programming, erasing, buffered programming, the drive behind it. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "core/io/block.h"
#include "tests/lib/devtest.h"

DEVTEST_MODULE(hw_flash);
static const ChimeraModule *const modules[] = { DEVTEST_MODULE_REF(hw_flash), NULL };
#define SECTOR 0x10000

static DevTest *new_flash(void)
{
    return devtest_new(modules, "cfi.pflash01", "size", "256K", "sector-length", "64K", NULL);
}

/* The same command to both chips. */
static void command(DevTest *t, uint64_t addr, uint8_t cmd)
{
    devtest_write32(t, addr, cmd | (uint32_t)cmd << 16);
}

static void test_query(void)
{
    DevTest *t = new_flash();

    g_assert_cmphex(devtest_read32(t, 0x40), ==, 0xffffffff);
    command(t, 0x55 * 4, 0x98);
    g_assert_cmphex(devtest_read32(t, 0x10 * 4), ==, 'Q' | 'Q' << 16);
    g_assert_cmphex(devtest_read(t, NULL, 0x11 * 4, 2), ==, 'R');
    g_assert_cmphex(devtest_read(t, NULL, 0x12 * 4, 1), ==, 'Y');
    g_assert_cmphex(devtest_read32(t, 0x13 * 4), ==, 0x00010001);
    g_assert_cmphex(devtest_read(t, NULL, 0x27 * 4, 1), ==, 17);        /* 128 KiB a chip */
    g_assert_cmphex(devtest_read(t, NULL, 0x2d * 4, 1), ==, 3);
    g_assert_cmphex(devtest_read(t, NULL, 0x2f * 4, 1) | devtest_read(t, NULL, 0x30 * 4, 1) << 8, ==, 0x80);
    command(t, 0, 0x90);
    g_assert_cmphex(devtest_read32(t, 0), ==, 0x00890089);
    g_assert_cmphex(devtest_read32(t, 4), ==, 0x00180018);
    g_assert_cmphex(devtest_read(t, NULL, SECTOR + 6, 2), ==, 0x18);
    g_assert_cmphex(devtest_read32(t, SECTOR + 8), ==, 0);
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x40), ==, 0xffffffff);
    devtest_free(t);
}

static void test_program_erase(void)
{
    DevTest *t = new_flash();

    command(t, 0x100, 0x40);
    devtest_write32(t, 0x100, 0x12345678);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0x00800080);
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0x12345678);
    command(t, 0x100, 0x10);
    devtest_write32(t, 0x100, 0xffff0000);                              /* bits only go to 0 */
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0x12340000);
    command(t, SECTOR, 0x20);
    command(t, SECTOR, 0xd0);
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0x12340000);          /* another block */
    command(t, 0x200, 0x20);
    command(t, 0x200, 0xd0);
    g_assert_cmphex(devtest_read32(t, 0) & 0xffff, ==, 0x80);
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 0x100), ==, 0xffffffff);
    command(t, 0, 0x20);
    command(t, 0, 0x70);                                                /* not the confirmation */
    g_assert_cmphex(devtest_read32(t, 0) & 0xff, ==, 0xb0);
    command(t, 0, 0x50);
    command(t, 0, 0x70);
    g_assert_cmphex(devtest_read32(t, 0) & 0xff, ==, 0x80);
    devtest_free(t);
}

static void test_buffer(void)
{
    DevTest *t = new_flash();

    command(t, SECTOR, 0xe8);
    g_assert_cmphex(devtest_read32(t, SECTOR), ==, 0x00800080);
    command(t, SECTOR, 3);                                              /* four writes */
    for (unsigned i = 0; i < 4; i++) {
        devtest_write32(t, SECTOR + 0x40 + 4 * i, 0x01010101 * (i + 1));
    }
    command(t, SECTOR, 0xd0);
    command(t, SECTOR, 0xff);
    g_assert_cmphex(devtest_read32(t, SECTOR + 0x3c), ==, 0xffffffff);
    g_assert_cmphex(devtest_read32(t, SECTOR + 0x40), ==, 0x01010101);
    g_assert_cmphex(devtest_read32(t, SECTOR + 0x4c), ==, 0x04040404);
    command(t, SECTOR, 0xe8);
    devtest_write32(t, SECTOR, 0xffff);                                 /* more than the buffer holds */
    command(t, 0, 0x70);
    g_assert_cmphex(devtest_read32(t, 0) & 0x30, ==, 0x30);
    command(t, 0, 0x50);
    command(t, 0, 0xe8);
    command(t, 0, 1);
    devtest_write32(t, 0, 0);
    devtest_write32(t, SECTOR, 0);                                      /* elsewhere */
    command(t, 0, 0x70);
    g_assert_cmphex(devtest_read32(t, 0) & 0x10, ==, 0x10);
    devtest_free(t);
}

/* -- with a drive ------------------------------------------------------------------------------------------ */

typedef struct Disk {
    char *path;
    bool readonly;
} Disk;

static void setup_drive(DevTest *t, void *opaque)
{
    Disk *disk = opaque;
    g_autoptr(GError) error = NULL;

    block_open(t->machine->backends, "f0", disk->path, NULL, disk->readonly, false, NULL, &error);
    g_assert_no_error(error);
    object_set(&t->dev->parent, "drive", "f0", &error);
    g_assert_no_error(error);
}

static void test_drive(void)
{
    g_autofree char *text = NULL;
    Disk disk = { 0 };
    int fd = g_file_open_tmp("chimera-flash-XXXXXX", &disk.path, NULL);
    uint8_t image[1024];
    DevTest *t;
    gsize len;

    close(fd);
    memset(image, 0xee, sizeof(image));
    g_assert_true(g_file_set_contents(disk.path, (char *)image, sizeof(image), NULL));
    t = devtest_new_setup(modules, "cfi.pflash01", setup_drive, &disk, "num-blocks", "4", "sector-length", "64K", NULL);
    t->no_save_check = true;                                            /* a second device cannot have the image */
    g_assert_cmphex(devtest_read32(t, 1020), ==, 0xeeeeeeee);
    g_assert_cmphex(devtest_read32(t, 1024), ==, 0xffffffff);
    command(t, 512, 0x40);
    devtest_write32(t, 512, 0x22222222);
    devtest_free(t);
    g_assert_true(g_file_get_contents(disk.path, &text, &len, NULL));
    memset(image + 512, 0x22, 4);
    g_assert_cmpmem(text, 1024, image, 1024);

    disk.readonly = true;
    t = devtest_new_setup(modules, "cfi.pflash01", setup_drive, &disk, "num-blocks", "4", "sector-length", "64K", NULL);
    command(t, 512, 0x40);
    devtest_write32(t, 512, 0);
    g_assert_cmphex(devtest_read32(t, 0) & 0xff, ==, 0x92);             /* locked */
    command(t, 0, 0xff);
    g_assert_cmphex(devtest_read32(t, 512), ==, 0x22222222);
    devtest_free(t);
    g_remove(disk.path);
    g_free(disk.path);
}

static void test_fuzz(void)
{
    devtest_fuzz(new_flash(), 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hw/flash/query", test_query);
    g_test_add_func("/hw/flash/program_erase", test_program_erase);
    g_test_add_func("/hw/flash/buffer", test_buffer);
    g_test_add_func("/hw/flash/drive", test_drive);
    g_test_add_func("/hw/flash/fuzz", test_fuzz);
    return g_test_run();
}
