/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Raw disk images. Requests run in a few worker threads; what they finished waits in a queue that the main loop (or
 * block_drain) empties with the machine lock held. A snapshot keeps the image as it is: written sectors go to a sparse
 * unlinked file, and a bitmap says which are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/bits.h"
#include "core/io/backends.h"
#include "core/io/block.h"
#include "core/keyval.h"
#include "core/qom/machine.h"

#define TYPE_BLOCKDEV "blockdev"
#define NUM_WORKERS 4

struct BlockBackend {
    Object parent;
    char *id, *file;
    int fd;
    bool readonly;                              /* as the device sees it */
    bool discards;
    uint64_t size;
    const void *device;
    GMainContext *context;
    GThreadPool *workers;
    GAsyncQueue *finished;                      /* Request */
    GSource *source;                            /* ready while `finished` is not empty */
    unsigned under_way;                         /* machine lock */
    /* snapshot */
    int overlay;                                /* -1: none */
    GMutex written_lock;
    uint8_t *written;                           /* a bit a sector */
};

DECLARE_OBJECT(BlockBackend, BLOCKDEV, TYPE_BLOCKDEV)

typedef enum RequestKind { REQ_READ, REQ_WRITE, REQ_FLUSH, REQ_DISCARD, REQ_ZERO } RequestKind;

typedef struct Request {
    BlockBackend *blk;
    RequestKind kind;
    uint64_t offset, len;
    void *buf;
    BlockDoneFn *done;
    void *opaque;
    int ret;
} Request;

/* -- worker threads ---------------------------------------------------------------------------------------- */

/* Reads all of len; past the end of the file there are zeros. 0 or -errno. */
static int read_all(int fd, uint8_t *buf, uint64_t len, uint64_t offset)
{
    while (len) {
        ssize_t n = pread(fd, buf, MIN(len, 1u << 30), (off_t)offset);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        if (n == 0) {
            memset(buf, 0, len);
            return 0;
        }
        buf += n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *buf, uint64_t len, uint64_t offset)
{
    while (len) {
        ssize_t n = pwrite(fd, buf, MIN(len, 1u << 30), (off_t)offset);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        buf += n;
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

static bool is_written(const BlockBackend *blk, uint64_t sector)
{
    return blk->written[sector / 8] >> (sector % 8) & 1;
}

/* How many sectors from `sector` on, at most max, are alike. */
static uint64_t run_length(BlockBackend *blk, uint64_t sector, uint64_t max, bool *written)
{
    uint64_t n = 1;

    g_mutex_lock(&blk->written_lock);
    *written = is_written(blk, sector);
    while (n < max && is_written(blk, sector + n) == *written) {
        n++;
    }
    g_mutex_unlock(&blk->written_lock);
    return n;
}

static void mark_written(BlockBackend *blk, uint64_t sector, uint64_t count)
{
    g_mutex_lock(&blk->written_lock);
    for (uint64_t i = sector; i < sector + count; i++) {
        blk->written[i / 8] |= (uint8_t)(1 << (i % 8));
    }
    g_mutex_unlock(&blk->written_lock);
}

static int do_read(BlockBackend *blk, uint8_t *buf, uint64_t len, uint64_t offset)
{
    if (blk->overlay < 0) {
        return read_all(blk->fd, buf, len, offset);
    }
    while (len) {
        bool written;
        uint64_t n = run_length(blk, offset / BLOCK_SECTOR, len / BLOCK_SECTOR, &written) * BLOCK_SECTOR;
        int ret = read_all(written ? blk->overlay : blk->fd, buf, n, offset);

        if (ret < 0) {
            return ret;
        }
        buf += n;
        offset += n;
        len -= n;
    }
    return 0;
}

static int do_write(BlockBackend *blk, const uint8_t *buf, uint64_t len, uint64_t offset)
{
    int ret = write_all(blk->overlay < 0 ? blk->fd : blk->overlay, buf, len, offset);

    if (ret == 0 && blk->overlay >= 0) {
        mark_written(blk, offset / BLOCK_SECTOR, len / BLOCK_SECTOR);
    }
    return ret;
}

static int write_zeros(BlockBackend *blk, uint64_t len, uint64_t offset)
{
    size_t chunk = MIN(len, 1u << 20);
    g_autofree uint8_t *zeros = g_malloc0(chunk);
    int ret = 0;

    while (len && ret == 0) {
        uint64_t n = MIN(len, chunk);

        ret = do_write(blk, zeros, n, offset);
        offset += n;
        len -= n;
    }
    return ret;
}

static int do_discard(BlockBackend *blk, uint64_t len, uint64_t offset, bool zero)
{
    int fd = blk->overlay < 0 ? blk->fd : blk->overlay;
    int how = blk->discards || blk->overlay >= 0 ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE;

    if (len == 0 || (!zero && !blk->discards)) {
        return 0;
    }
    if (fallocate(fd, how | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len) == 0) {
        if (blk->overlay >= 0) {
            mark_written(blk, offset / BLOCK_SECTOR, len / BLOCK_SECTOR);
        }
        return 0;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL) {
        return -errno;
    }
    return zero ? write_zeros(blk, len, offset) : 0;
}

static int do_flush(BlockBackend *blk)
{
    return blk->overlay >= 0 || fdatasync(blk->fd) == 0 ? 0 : -errno;
}

static void work(gpointer data, gpointer opaque)
{
    Request *r = data;
    BlockBackend *blk = r->blk;

    switch (r->kind) {
    case REQ_READ:
        r->ret = do_read(blk, r->buf, r->len, r->offset);
        break;
    case REQ_WRITE:
        r->ret = do_write(blk, r->buf, r->len, r->offset);
        break;
    case REQ_FLUSH:
        r->ret = do_flush(blk);
        break;
    case REQ_DISCARD:
    case REQ_ZERO:
        r->ret = do_discard(blk, r->len, r->offset, r->kind == REQ_ZERO);
        break;
    }
    g_async_queue_push(blk->finished, r);
    if (blk->source) {
        g_source_set_ready_time(blk->source, 0);
    }
}

/* -- requests ---------------------------------------------------------------------------------------------- */

static void complete(Request *r)
{
    r->blk->under_way--;
    r->done(r->opaque, r->ret);
    g_free(r);
}

static gboolean dispatch(GSource *source, GSourceFunc fn, gpointer opaque)
{
    return fn(opaque);
}

static gboolean run_finished(gpointer opaque)
{
    BlockBackend *blk = opaque;
    Machine *m = io_machine(blk);
    Request *r;

    machine_lock(m);
    object_ref(&blk->parent);
    g_source_set_ready_time(g_main_current_source(), -1);
    while ((r = g_async_queue_try_pop(blk->finished))) {
        complete(r);
    }
    object_unref(&blk->parent);
    machine_unlock(m);
    return G_SOURCE_CONTINUE;
}

static void submit(BlockBackend *blk, RequestKind kind, uint64_t offset, void *buf, uint64_t len, BlockDoneFn *done,
                   void *opaque)
{
    Request *r = g_new0(Request, 1);

    *r = (Request){ blk, kind, offset, len, buf, done, opaque, 0 };
    blk->under_way++;
    if (offset > blk->size || len > blk->size - offset || offset % BLOCK_SECTOR || len % BLOCK_SECTOR) {
        r->ret = -EINVAL;
    } else if (blk->readonly && kind != REQ_READ && kind != REQ_FLUSH) {
        r->ret = -EROFS;
    } else {
        g_thread_pool_push(blk->workers, r, NULL);
        return;
    }
    g_async_queue_push(blk->finished, r);
    if (blk->source) {
        g_source_set_ready_time(blk->source, 0);
    }
}

void block_read(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len, BlockDoneFn *done, void *opaque)
{
    submit(blk, REQ_READ, offset, buf, len, done, opaque);
}

void block_write(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len, BlockDoneFn *done, void *opaque)
{
    submit(blk, REQ_WRITE, offset, (void *)buf, len, done, opaque);
}

void block_flush(BlockBackend *blk, BlockDoneFn *done, void *opaque)
{
    submit(blk, REQ_FLUSH, 0, NULL, 0, done, opaque);
}

void block_discard(BlockBackend *blk, uint64_t offset, uint64_t len, bool zero, BlockDoneFn *done, void *opaque)
{
    submit(blk, zero ? REQ_ZERO : REQ_DISCARD, offset, NULL, len, done, opaque);
}

void block_drain(BlockBackend *blk)
{
    while (blk->under_way) {
        complete(g_async_queue_pop(blk->finished));
    }
}

static bool sync_failed(const BlockBackend *blk, int ret, GError **error)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-ret), "%s: %s", blk->file, g_strerror(-ret));
    return false;
}

static bool in_range(const BlockBackend *blk, uint64_t offset, uint64_t len)
{
    return offset <= blk->size && len <= blk->size - offset;
}

bool block_read_sync(BlockBackend *blk, uint64_t offset, void *buf, uint64_t len, GError **error)
{
    uint64_t start = align_down(offset, BLOCK_SECTOR), end = align_up(offset + len, BLOCK_SECTOR);
    g_autofree uint8_t *bounce = NULL;
    int ret;

    if (!in_range(blk, offset, len)) {
        return sync_failed(blk, -EINVAL, error);
    }
    bounce = g_malloc(end - start);
    ret = do_read(blk, bounce, end - start, start);
    if (ret < 0) {
        return sync_failed(blk, ret, error);
    }
    memcpy(buf, bounce + (offset - start), len);
    return true;
}

bool block_write_sync(BlockBackend *blk, uint64_t offset, const void *buf, uint64_t len, GError **error)
{
    uint64_t start = align_down(offset, BLOCK_SECTOR), end = align_up(offset + len, BLOCK_SECTOR);
    g_autofree uint8_t *bounce = NULL;
    int ret;

    if (!in_range(blk, offset, len) || blk->readonly) {
        return sync_failed(blk, blk->readonly ? -EROFS : -EINVAL, error);
    }
    bounce = g_malloc(end - start);
    ret = do_read(blk, bounce, end - start, start);
    if (ret == 0) {
        memcpy(bounce + (offset - start), buf, len);
        ret = do_write(blk, bounce, end - start, start);
    }
    return ret == 0 || sync_failed(blk, ret, error);
}

/* -- the object -------------------------------------------------------------------------------------------- */

const char *block_id(const BlockBackend *blk)
{
    return blk->id;
}

uint64_t block_size(const BlockBackend *blk)
{
    return blk->size;
}

bool block_readonly(const BlockBackend *blk)
{
    return blk->readonly;
}

void block_set_discards(BlockBackend *blk, bool on)
{
    blk->discards = on;
}

bool block_discards(const BlockBackend *blk)
{
    return blk->discards;
}

bool block_attach(BlockBackend *blk, const void *device, GError **error)
{
    if (blk->device && blk->device != device) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "drive '%s' is in use", blk->id);
        return false;
    }
    blk->device = device;
    return true;
}

void block_detach(BlockBackend *blk, const void *device)
{
    if (blk->device == device) {
        block_drain(blk);
        blk->device = NULL;
    }
}

static void blockdev_init(Object *obj)
{
    BlockBackend *blk = BLOCKDEV(obj);

    blk->fd = blk->overlay = -1;
    blk->finished = g_async_queue_new();
    g_mutex_init(&blk->written_lock);
}

static void blockdev_dispose(Object *obj)
{
    BlockBackend *blk = BLOCKDEV(obj);

    block_drain(blk);
    if (blk->source) {
        g_source_destroy(blk->source);
    }
    if (blk->workers) {
        g_thread_pool_free(blk->workers, FALSE, TRUE);
        blk->workers = NULL;
    }
}

static void blockdev_finalize(Object *obj)
{
    BlockBackend *blk = BLOCKDEV(obj);

    if (blk->source) {
        g_source_unref(blk->source);
    }
    if (blk->fd >= 0) {
        close(blk->fd);
    }
    if (blk->overlay >= 0) {
        close(blk->overlay);
    }
    g_async_queue_unref(blk->finished);
    g_mutex_clear(&blk->written_lock);
    g_free(blk->written);
    g_free(blk->id);
    g_free(blk->file);
}

static void blockdev_class_init(ObjectClass *oc, const TypeInfo *info)
{
    oc->dispose = blockdev_dispose;
}

static const TypeInfo blockdev_type = {
    .name = TYPE_BLOCKDEV,
    .parent = TYPE_OBJECT,
    .desc = "a block backend",
    .instance_size = sizeof(BlockBackend),
    .class_init = blockdev_class_init,
    .init = blockdev_init,
    .finalize = blockdev_finalize,
};

BlockBackend *block_find(Object *backends, const char *id)
{
    Object *obj = object_child(backends, id);

    return obj && object_is_a(obj, TYPE_BLOCKDEV) ? BLOCKDEV(obj) : NULL;
}

/* A lock of the open file, shared for readers: it goes with the process, and a second open of ours meets it too. */
static bool lock_image(int fd, const char *file, bool write, GError **error)
{
    struct flock lock = { .l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET };

    if (fcntl(fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "%s: in use by another drive or process: %s", file,
                    write ? "only one may write it (snapshot=on or readonly=on share it)"
                          : "it is being written");
        return false;
    }
    return true;                                /* a file system without locks: nothing to be done */
}

static bool open_overlay(BlockBackend *blk, GError **error)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "chimera-overlay-XXXXXX", NULL);

    blk->overlay = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (blk->overlay < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
        return false;
    }
    unlink(path);
    if (ftruncate(blk->overlay, (off_t)blk->size) != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
        return false;
    }
    blk->written = g_malloc0(blk->size / BLOCK_SECTOR / 8 + 1);
    return true;
}

static bool open_image(BlockBackend *blk, const char *file, bool readonly, bool snapshot, GError **error)
{
    bool write = !readonly && !snapshot;
    struct stat st;
    off_t end;

    blk->fd = open(file, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (blk->fd < 0) {
        int saved = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "%s: %s%s", file, g_strerror(saved),
                    write && (saved == EACCES || saved == EROFS || saved == EPERM)
                        ? ": it cannot be written (readonly=on or snapshot=on leave it alone)" : "");
        return false;
    }
    if (fstat(blk->fd, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: not a file or a block device", file);
        return false;
    }
    end = lseek(blk->fd, 0, SEEK_END);
    if (end < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", file, g_strerror(errno));
        return false;
    }
    blk->size = align_up((uint64_t)end, BLOCK_SECTOR);
    if (!lock_image(blk->fd, file, write, error)) {
        return false;
    }
    return !snapshot || open_overlay(blk, error);
}

BlockBackend *block_open(Object *backends, const char *id, const char *file, const char *format, bool readonly,
                         bool snapshot, GMainContext *context, GError **error)
{
    static const GSourceFuncs funcs = { .dispatch = dispatch };
    TypeRegistry *types = object_types(backends);
    BlockBackend *blk;

    if (format && strcmp(format, "raw") != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED,
                    "%s: format '%s' is not supported yet: use raw images", file, format);
        return NULL;
    }
    if (object_child(backends, id)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "the id '%s' is taken", id);
        return NULL;
    }
    if (!type_class_known(types, TYPE_BLOCKDEV) && !type_register(types, &blockdev_type, error)) {
        return NULL;
    }
    blk = BLOCKDEV(object_new_with_class(type_class(types, TYPE_BLOCKDEV, NULL)));
    blk->id = g_strdup(id);
    blk->file = g_strdup(file);
    blk->readonly = readonly;
    if (!open_image(blk, file, readonly, snapshot, error)) {
        object_unref(&blk->parent);
        return NULL;
    }
    blk->workers = g_thread_pool_new(work, NULL, context ? NUM_WORKERS : 1, FALSE, NULL);
    if (context) {
        blk->source = g_source_new((GSourceFuncs *)&funcs, sizeof(GSource));
        g_source_set_callback(blk->source, run_finished, blk, NULL);
        g_source_attach(blk->source, context);
    }
    object_add_child(backends, id, &blk->parent);
    return blk;
}
