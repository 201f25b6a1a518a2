/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw images: requests, their callbacks, snapshots, locks, and what bad files get. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "core/io/backends.h"
#include "core/io/block.h"
#include "core/qom/machine.h"

#define TYPE_TEST_MACHINE "test-machine"
#define SIZE 65536

static const TypeInfo test_machine_type = {
    .name = TYPE_TEST_MACHINE, .parent = TYPE_MACHINE, .instance_size = sizeof(Machine),
};

typedef struct Fixture {
    TypeRegistry *types;
    Machine *m;
    char *path;
    uint8_t image[SIZE];
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    int fd = g_file_open_tmp("chimera-block-XXXXXX", &f->path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    for (unsigned i = 0; i < SIZE; i++) {
        f->image[i] = (uint8_t)(i / 512 * 3 + i);
    }
    g_assert_true(g_file_set_contents(f->path, (char *)f->image, SIZE, NULL));
    f->types = type_registry_new(NULL, NULL);
    g_assert_true(type_register(f->types, &test_machine_type, NULL));
    f->m = machine_new(f->types, TYPE_TEST_MACHINE, NULL);
    io_backends_init(f->m);
}

static void teardown(Fixture *f, gconstpointer data)
{
    machine_free(f->m);
    type_registry_free(f->types);
    g_remove(f->path);
    g_free(f->path);
}

static BlockBackend *open_it(Fixture *f, const char *id, bool readonly, bool snapshot)
{
    g_autoptr(GError) error = NULL;
    BlockBackend *blk = block_open(f->m->backends, id, f->path, "raw", readonly, snapshot, f->m->context, &error);

    g_assert_no_error(error);
    return blk;
}

typedef struct Wait {
    Fixture *f;
    bool done;
    int ret;
} Wait;

static void done(void *opaque, int ret)
{
    Wait *w = opaque;

    g_assert_false(w->done);
    g_assert_true(machine_lock_held(w->f->m));
    w->done = true;
    w->ret = ret;
}

static int finish(Wait *w)
{
    g_assert_false(w->done);                    /* never before the request has returned */
    while (!w->done) {
        g_main_context_iteration(w->f->m->context, TRUE);
    }
    w->done = false;
    return w->ret;
}

static void check_file(Fixture *f)
{
    g_autofree char *text = NULL;
    gsize len;

    g_assert_true(g_file_get_contents(f->path, &text, &len, NULL));
    g_assert_cmpmem(text, len, f->image, SIZE);
}

static void test_requests(Fixture *f, gconstpointer data)
{
    BlockBackend *blk = open_it(f, "d", false, false);
    uint8_t buf[8192];
    Wait w = { f };

    g_assert_cmpuint(block_size(blk), ==, SIZE);
    block_read(blk, 1024, buf, sizeof(buf), done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    g_assert_cmpmem(buf, sizeof(buf), f->image + 1024, sizeof(buf));
    memset(buf, 0xa5, sizeof(buf));
    memset(f->image + 512, 0xa5, 4096);
    block_write(blk, 512, buf, 4096, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    block_flush(blk, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    block_discard(blk, 8192, 4096, true, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    memset(f->image + 8192, 0, 4096);
    check_file(f);
    block_read(blk, SIZE, buf, 512, done, &w);
    g_assert_cmpint(finish(&w), ==, -EINVAL);
    block_read(blk, UINT64_MAX - 511, buf, 1024, done, &w);
    g_assert_cmpint(finish(&w), ==, -EINVAL);
    block_write(blk, 0, buf, 511, done, &w);
    g_assert_cmpint(finish(&w), ==, -EINVAL);
}

static void test_drain(Fixture *f, gconstpointer data)
{
    BlockBackend *blk = open_it(f, "d", true, false);
    static uint8_t buf[16][4096];
    Wait w[16];

    for (unsigned i = 0; i < 16; i++) {
        w[i] = (Wait){ f };
        block_read(blk, i * 4096, buf[i], 4096, done, &w[i]);
    }
    machine_lock(f->m);
    block_drain(blk);
    machine_unlock(f->m);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_true(w[i].done);
        g_assert_cmpmem(buf[i], 4096, f->image + i * 4096, 4096);
    }
}

static void test_snapshot(Fixture *f, gconstpointer data)
{
    BlockBackend *blk = open_it(f, "d", false, true);
    uint8_t buf[4096], expect[4096];
    Wait w = { f };

    memset(buf, 0x11, sizeof(buf));
    block_write(blk, 1024, buf, 1024, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    block_discard(blk, 3072, 512, true, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    memcpy(expect, f->image, sizeof(expect));
    memset(expect + 1024, 0x11, 1024);
    memset(expect + 3072, 0, 512);
    block_read(blk, 0, buf, sizeof(buf), done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    g_assert_cmpmem(buf, sizeof(buf), expect, sizeof(expect));
    check_file(f);                              /* the image is as it was */
}

static void test_readonly(Fixture *f, gconstpointer data)
{
    BlockBackend *blk = open_it(f, "d", true, false);
    g_autoptr(GError) error = NULL;
    uint8_t buf[512] = { 0 };
    Wait w = { f };

    g_assert_true(block_readonly(blk));
    block_write(blk, 0, buf, 512, done, &w);
    g_assert_cmpint(finish(&w), ==, -EROFS);
    g_assert_false(block_write_sync(blk, 0, buf, 1, &error));
    g_assert_nonnull(error);
    check_file(f);
}

static void test_sync(Fixture *f, gconstpointer data)
{
    BlockBackend *blk = open_it(f, "d", false, false);
    g_autoptr(GError) error = NULL;
    uint8_t buf[1000];

    g_assert_true(block_read_sync(blk, 100, buf, sizeof(buf), NULL));
    g_assert_cmpmem(buf, sizeof(buf), f->image + 100, sizeof(buf));
    g_assert_true(block_write_sync(blk, 511, "ab", 2, NULL));
    memcpy(f->image + 511, "ab", 2);
    check_file(f);
    g_assert_false(block_read_sync(blk, SIZE - 1, buf, 2, &error));
    g_assert_nonnull(error);
}

static void test_locks(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    BlockBackend *a = open_it(f, "a", true, false);

    open_it(f, "b", false, true);               /* readers share */
    g_assert_null(block_open(f->m->backends, "c", f->path, NULL, false, false, f->m->context, &error));
    g_assert_nonnull(strstr(error->message, "in use"));
    g_clear_error(&error);
    object_remove_child(f->m->backends, (Object *)a);
    object_remove_child(f->m->backends, (Object *)block_find(f->m->backends, "b"));
    open_it(f, "c", false, false);
    g_assert_null(block_open(f->m->backends, "e", f->path, NULL, true, false, f->m->context, &error));
    g_assert_nonnull(strstr(error->message, "being written"));
}

static void test_errors(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int device = 0;

    g_assert_null(block_open(f->m->backends, "d", "/nonexistent/disk", NULL, false, false, NULL, &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent/disk"));
    g_clear_error(&error);
    g_assert_null(block_open(f->m->backends, "d", "/", NULL, true, false, NULL, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(block_open(f->m->backends, "d", f->path, "qcow2", false, false, NULL, &error));
    g_assert_nonnull(strstr(error->message, "qcow2"));
    g_clear_error(&error);
    open_it(f, "d", false, false);
    g_assert_null(block_open(f->m->backends, "d", f->path, NULL, true, false, NULL, &error));
    g_assert_nonnull(strstr(error->message, "is taken"));
    g_clear_error(&error);
    g_assert_true(block_attach(block_find(f->m->backends, "d"), &device, &error));
    g_assert_false(block_attach(block_find(f->m->backends, "d"), &error, &error));
    g_assert_nonnull(error);
}

/* An image whose size is no multiple of a sector is padded with zeros. */
static void test_odd_size(Fixture *f, gconstpointer data)
{
    BlockBackend *blk;
    uint8_t buf[512];
    Wait w = { f };

    g_assert_true(g_file_set_contents(f->path, "0123456789", 10, NULL));
    blk = open_it(f, "d", true, false);
    g_assert_cmpuint(block_size(blk), ==, 512);
    memset(buf, 0xff, sizeof(buf));
    block_read(blk, 0, buf, 512, done, &w);
    g_assert_cmpint(finish(&w), ==, 0);
    g_assert_cmpmem(buf, 10, "0123456789", 10);
    for (unsigned i = 10; i < 512; i++) {
        g_assert_cmpuint(buf[i], ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/io/block/" #name, Fixture, NULL, setup, test_##name, teardown)
    TEST(requests);
    TEST(drain);
    TEST(snapshot);
    TEST(readonly);
    TEST(sync);
    TEST(locks);
    TEST(errors);
    TEST(odd_size);
    return g_test_run();
}
