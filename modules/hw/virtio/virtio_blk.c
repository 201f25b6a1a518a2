/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio block device (Virtio 1.2, 5.2): one queue, reads, writes, flush, discard, write zeroes, identity.
 * Not modelled: several queues, zoned devices, lifetime, secure erase, a write-through mode.
 * Wiring: block "drive".
 */
#include <errno.h>
#include <string.h>
#include "core/bits.h"
#include "core/io/block.h"
#include "core/keyval.h"
#include "modules/hw/virtio/virtio.h"

#define TYPE_VIRTIO_BLK "virtio-blk-device"
#define MAX_REQUEST (32u << 20)                 /* bytes; a driver's requests are bounded by seg_max pages or less */
#define MAX_UNDER_WAY (64u << 20)               /* bytes of requests; beyond, the driver's next ones wait in the queue */
#define SEG_MAX 126
#define MAX_DISCARD_SECTORS (1u << 22)
#define ID_BYTES 20
#define QUEUE_SIZE 256

enum { F_SEG_MAX = 2, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_DISCARD = 13, F_WRITE_ZEROES = 14 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

typedef struct VirtIOBlk {
    VirtIODevice parent;
    BlockBackend *blk;
    char *serial;
    GHashTable *requests;                       /* under way: a set of BlkRequest */
    uint64_t bytes;                             /* of them */
    bool waiting;                               /* the queue has perhaps more than was taken */
} VirtIOBlk;

DECLARE_OBJECT(VirtIOBlk, VIRTIO_BLK, TYPE_VIRTIO_BLK)

typedef struct BlkRequest {
    VirtIOBlk *dev;                             /* NULL: the device was reset meanwhile */
    VirtQueueElement *e;
    uint8_t *buf;
    uint32_t type, len;
} BlkRequest;

/* Status goes to the last byte of what the device writes. */
static void finish(VirtIOBlk *s, VirtQueueElement *e, uint8_t status, uint32_t written)
{
    VirtQueue *vq = e->vq;

    virtio_write(e, e->in_len - 1, &status, 1);
    virtqueue_push(e, written + 1);
    virtqueue_notify(vq);
}

static void take_requests(VirtIOBlk *s);

static void request_done(void *opaque, int ret)
{
    BlkRequest *r = opaque;
    VirtIOBlk *s = r->dev;
    bool read = r->type == T_IN && ret == 0;

    if (s) {
        g_hash_table_remove(s->requests, r);
        s->bytes -= r->len;
        if (read) {
            virtio_write(r->e, 0, r->buf, r->len);
        }
        finish(s, r->e, ret == 0 ? S_OK : S_IOERR, read ? r->len : 0);
    } else {
        virtqueue_element_free(r->e);
    }
    g_free(r->buf);
    g_free(r);
    if (s && s->waiting) {
        take_requests(s);
    }
}

static BlkRequest *request_new(VirtIOBlk *s, VirtQueueElement *e, uint32_t type, uint32_t len)
{
    BlkRequest *r = g_new0(BlkRequest, 1);

    *r = (BlkRequest){ s, e, len ? g_malloc(len) : NULL, type, len };
    g_hash_table_add(s->requests, r);
    s->bytes += len;
    return r;
}

static bool in_range(const VirtIOBlk *s, uint64_t sector, uint64_t len)
{
    uint64_t size = block_size(s->blk);

    return len % BLOCK_SECTOR == 0 && sector <= size / BLOCK_SECTOR && len <= size - sector * BLOCK_SECTOR;
}

/* One range a request (max_discard_seg and max_write_zeroes_seg are 1). */
static void discard(VirtIOBlk *s, VirtQueueElement *e, bool zero)
{
    uint8_t raw[16];
    uint64_t sector, count;
    uint32_t flags;

    if (e->out_len != 32 || virtio_read(e, 16, raw, 16) != 16) {
        finish(s, e, S_UNSUPP, 0);
        return;
    }
    sector = ldq_le_p(raw);
    count = ldl_le_p(raw + 8);
    flags = ldl_le_p(raw + 12);
    if (flags & (zero ? ~1u : ~0u) || (!zero && !block_discards(s->blk))) {
        finish(s, e, S_UNSUPP, 0);
    } else if (count > MAX_DISCARD_SECTORS || !in_range(s, sector, count * BLOCK_SECTOR) || block_readonly(s->blk)) {
        finish(s, e, S_IOERR, 0);
    } else {
        block_discard(s->blk, sector * BLOCK_SECTOR, count * BLOCK_SECTOR, zero, request_done,
                      request_new(s, e, zero ? T_WRITE_ZEROES : T_DISCARD, 0));
    }
}

static void start(VirtIOBlk *s, VirtQueueElement *e)
{
    uint8_t header[16], id[ID_BYTES] = { 0 };
    uint64_t sector;
    uint32_t type, len;
    BlkRequest *r;

    if (e->in_len < 1 || virtio_read(e, 0, header, sizeof(header)) != sizeof(header)) {
        virtio_error(&s->parent, "a request without header or status");
        virtqueue_element_free(e);
        return;
    }
    type = ldl_le_p(header);
    sector = ldq_le_p(header + 8);
    switch (type) {
    case T_IN:
    case T_OUT:
        len = type == T_IN ? e->in_len - 1 : e->out_len - 16;
        if (len > MAX_REQUEST || !in_range(s, sector, len) || (type == T_OUT && block_readonly(s->blk))) {
            finish(s, e, S_IOERR, 0);
            return;
        }
        r = request_new(s, e, type, len);
        if (type == T_IN) {
            block_read(s->blk, sector * BLOCK_SECTOR, r->buf, len, request_done, r);
        } else {
            virtio_read(e, 16, r->buf, len);
            block_write(s->blk, sector * BLOCK_SECTOR, r->buf, len, request_done, r);
        }
        break;
    case T_FLUSH:
        block_flush(s->blk, request_done, request_new(s, e, type, 0));
        break;
    case T_GET_ID:
        memcpy(id, s->serial ? s->serial : block_id(s->blk),
               MIN(strlen(s->serial ? s->serial : block_id(s->blk)), sizeof(id)));
        len = (uint32_t)MIN(e->in_len - 1, sizeof(id));
        virtio_write(e, 0, id, len);
        finish(s, e, S_OK, len);
        break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        discard(s, e, type == T_WRITE_ZEROES);
        break;
    default:
        finish(s, e, S_UNSUPP, 0);
        break;
    }
}

/* A driver can make buffers available again before it got them back: what bounds them is this. */
static void take_requests(VirtIOBlk *s)
{
    VirtQueue *vq = &s->parent.vq[0];

    for (;;) {
        VirtQueueElement *e;

        s->waiting = s->bytes >= MAX_UNDER_WAY || g_hash_table_size(s->requests) >= QUEUE_SIZE;
        if (s->waiting || !(e = virtqueue_pop(vq))) {
            return;
        }
        start(s, e);
    }
}

static void blk_notify(VirtIODevice *vdev, VirtQueue *vq G_GNUC_UNUSED)
{
    take_requests(VIRTIO_BLK(vdev));
}

static uint64_t blk_features(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    uint64_t f = BIT64(F_SEG_MAX) | BIT64(F_BLK_SIZE) | BIT64(F_FLUSH);

    if (block_readonly(s->blk)) {
        return f | BIT64(F_RO);
    }
    return f | BIT64(F_WRITE_ZEROES) | (block_discards(s->blk) ? BIT64(F_DISCARD) : 0);
}

static void blk_get_config(VirtIODevice *vdev, uint8_t *config)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    stq_le_p(config, block_size(s->blk) / BLOCK_SECTOR);
    stl_le_p(config + 12, SEG_MAX);
    stl_le_p(config + 20, BLOCK_SECTOR);
    stw_le_p(config + 34, 1);                   /* num_queues */
    stl_le_p(config + 36, MAX_DISCARD_SECTORS);
    stl_le_p(config + 40, 1);
    stl_le_p(config + 44, 8);                   /* discard_sector_alignment */
    stl_le_p(config + 48, MAX_DISCARD_SECTORS);
    stl_le_p(config + 52, 1);
    config[56] = block_discards(s->blk);        /* write_zeroes_may_unmap */
}

/* What is under way ends here, without an answer. */
static void blk_reset(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);
    GHashTableIter iter;
    gpointer r;

    if (!s->requests) {
        return;
    }
    g_hash_table_iter_init(&iter, s->requests);
    while (g_hash_table_iter_next(&iter, &r, NULL)) {
        ((BlkRequest *)r)->dev = NULL;
    }
    g_hash_table_remove_all(s->requests);
    s->bytes = 0;
    s->waiting = false;
    block_drain(s->blk);
}

static bool blk_realize(VirtIODevice *vdev, GError **error)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    if (!s->blk) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s needs drive=ID", TYPE_VIRTIO_BLK);
        return false;
    }
    if (!block_attach(s->blk, s, error)) {
        return false;
    }
    s->requests = g_hash_table_new(NULL, NULL);
    return true;
}

static void blk_unrealize(VirtIODevice *vdev)
{
    VirtIOBlk *s = VIRTIO_BLK(vdev);

    block_detach(s->blk, s);
    g_clear_pointer(&s->requests, g_hash_table_unref);
}

static const Property blk_props[] = {
    { .name = "drive", .type = PROP_BLOCK, .offset = offsetof(VirtIOBlk, blk), .help = "the disk's contents" },
    { .name = "serial", .type = PROP_STRING, .offset = offsetof(VirtIOBlk, serial),
      .help = "identity, at most 20 characters; the drive's id by default" },
    PROP_END
};

static void blk_class_init(ObjectClass *oc, const TypeInfo *info)
{
    VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS(oc);

    DEVICE_CLASS(oc)->category = "Storage";
    vc->device_id = 2;
    vc->num_queues = 1;
    vc->queue_size = QUEUE_SIZE;
    vc->realize = blk_realize;
    vc->unrealize = blk_unrealize;
    vc->features = blk_features;
    vc->get_config = blk_get_config;
    vc->notify = blk_notify;
    vc->reset = blk_reset;
}

const TypeInfo virtio_blk_type = {
    .name = TYPE_VIRTIO_BLK,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio disk",
    .instance_size = sizeof(VirtIOBlk),
    .user_creatable = true,
    .props = blk_props,
    .class_init = blk_class_init,
};
