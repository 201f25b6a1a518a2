/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio network device (Virtio 1.2, 5.1): one pair of queues, MAC address, link status.
 * Not modelled: checksum and segmentation offloads, merged receive buffers, control queue, several pairs.
 * Wiring: net "netdev".
 */
#include <string.h>
#include "core/bits.h"
#include "core/io/net.h"
#include "core/log.h"
#include "modules/hw/virtio/virtio.h"

#define TYPE_VIRTIO_NET "virtio-net-device"
#define MAX_FRAME 65550

enum { F_MAC = 5, F_STATUS = 16 };
enum { RX, TX };

typedef struct VirtIONet {
    VirtIODevice parent;
    NetBackend *nb;
    uint8_t mac[6];
} VirtIONet;

DECLARE_OBJECT(VirtIONet, VIRTIO_NET, TYPE_VIRTIO_NET)

/* With VERSION_1 the header always has num_buffers. */
static size_t header_size(const VirtIONet *s)
{
    return virtio_has(&s->parent, VIRTIO_F_VERSION_1) ? 12 : 10;
}

static bool net_can_receive(void *opaque)
{
    VirtIONet *s = opaque;

    return virtqueue_has_buffers(&s->parent.vq[RX]);
}

static void net_receive(void *opaque, const uint8_t *frame, size_t len)
{
    VirtIONet *s = opaque;
    uint8_t header[12] = { [10] = 1 };
    size_t hsize = header_size(s);
    VirtQueueElement *e = virtqueue_pop(&s->parent.vq[RX]);

    if (!e) {
        return;                                 /* no buffer: the frame is lost, as on a wire */
    }
    if (e->in_len < hsize + len) {
        /* 5.1.6.3.1: the driver's buffers have room for any frame. It gets this one back empty; the frame is lost. */
        log_guest_error("%s: a receive buffer of %u bytes for a frame of %zu\n", TYPE_VIRTIO_NET, e->in_len, len);
        virtqueue_push(e, 0);
        virtqueue_notify(&s->parent.vq[RX]);
        return;
    }
    virtio_write(e, 0, header, hsize);
    virtio_write(e, hsize, frame, len);
    virtqueue_push(e, (uint32_t)(hsize + len));
    virtqueue_notify(&s->parent.vq[RX]);
}

static void net_notify(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIONet *s = VIRTIO_NET(vdev);
    VirtQueueElement *e;

    if (vq->index == RX) {
        net_receive_ready(s->nb);
        return;
    }
    while ((e = virtqueue_pop(vq))) {
        size_t hsize = header_size(s);

        if (e->out_len < hsize || e->out_len - hsize > MAX_FRAME) {
            virtio_error(vdev, "a frame of %u bytes", e->out_len);
            virtqueue_element_free(e);
            return;
        } else {
            size_t len = e->out_len - hsize;
            g_autofree uint8_t *frame = g_malloc(len + 1);

            virtio_read(e, hsize, frame, len);
            virtqueue_push(e, 0);
            if (len) {
                net_send(s->nb, frame, len);
            }
        }
    }
    virtqueue_notify(vq);
}

static uint64_t net_features(VirtIODevice *vdev)
{
    return BIT64(F_MAC) | BIT64(F_STATUS);
}

static void net_get_config(VirtIODevice *vdev, uint8_t *config)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    memcpy(config, s->mac, sizeof(s->mac));
    stw_le_p(config + 6, s->nb ? 1 : 0);        /* link up */
}

static bool net_realize(VirtIODevice *vdev, GError **error)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    return net_attach(s->nb, s, net_can_receive, net_receive, error);
}

static void net_unrealize(VirtIODevice *vdev)
{
    VirtIONet *s = VIRTIO_NET(vdev);

    net_detach(s->nb, s);
}

static bool mac_set(Object *obj, const Property *p, const char *value, GError **error)
{
    return net_parse_mac(value, VIRTIO_NET(obj)->mac, error);
}

static char *mac_get(Object *obj, const Property *p)
{
    return net_format_mac(VIRTIO_NET(obj)->mac);
}

static void net_init(Object *obj)
{
    static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

    memcpy(VIRTIO_NET(obj)->mac, mac, sizeof(mac));
}

static const Property net_props[] = {
    { .name = "netdev", .type = PROP_NET, .offset = offsetof(VirtIONet, nb), .help = "the network it is on" },
    { .name = "mac", .type = PROP_STRING, .offset = offsetof(VirtIONet, mac), .set = mac_set, .get = mac_get,
      .help = "its address; 52:54:00:12:34:56 by default" },
    PROP_END
};

static void net_class_init(ObjectClass *oc, const TypeInfo *info)
{
    VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS(oc);

    DEVICE_CLASS(oc)->category = "Network";
    vc->device_id = 1;
    vc->num_queues = 2;
    vc->queue_size = 256;
    vc->realize = net_realize;
    vc->unrealize = net_unrealize;
    vc->features = net_features;
    vc->get_config = net_get_config;
    vc->notify = net_notify;
}

const TypeInfo virtio_net_type = {
    .name = TYPE_VIRTIO_NET,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio network card",
    .instance_size = sizeof(VirtIONet),
    .user_creatable = true,
    .props = net_props,
    .class_init = net_class_init,
    .init = net_init,
};
