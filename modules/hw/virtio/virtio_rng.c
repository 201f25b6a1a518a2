/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio entropy device (Virtio 1.2, 5.4): fills buffers from a backend (-object rng-random or rng-builtin).
 * Wiring: link "rng"; without it, an rng-builtin of its own.
 */
#include "core/io/rng.h"
#include "core/keyval.h"
#include "modules/hw/virtio/virtio.h"

#define TYPE_VIRTIO_RNG "virtio-rng-device"
#define MAX_FILL 65536

typedef struct VirtIORng {
    VirtIODevice parent;
    RngBackend *rng;
} VirtIORng;

DECLARE_OBJECT(VirtIORng, VIRTIO_RNG, TYPE_VIRTIO_RNG)

static void rng_notify(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIORng *s = VIRTIO_RNG(vdev);
    VirtQueueElement *e;
    uint8_t buf[256];

    while ((e = virtqueue_pop(vq))) {
        size_t want = MIN(e->in_len, MAX_FILL), done = 0;

        while (done < want) {
            size_t n = RNG_BACKEND_CLASS_OF(s->rng)->fill(s->rng, buf, MIN(sizeof(buf), want - done));

            if (n == 0) {
                break;
            }
            virtio_write(e, done, buf, n);
            done += n;
        }
        virtqueue_push(e, (uint32_t)done);
    }
    virtqueue_notify(vq);
}

static uint64_t rng_features(VirtIODevice *vdev)
{
    return 0;
}

static void rng_get_config(VirtIODevice *vdev, uint8_t *config)
{
}

static bool rng_realize(VirtIODevice *vdev, GError **error)
{
    VirtIORng *s = VIRTIO_RNG(vdev);

    if (!s->rng) {
        Object *own = object_new_child(&vdev->parent.parent, "rng", "rng-builtin", error);

        if (!own) {
            return false;
        }
        object_set_link(&vdev->parent.parent, "rng", own);
    }
    return !RNG_BACKEND_CLASS_OF(s->rng)->open || RNG_BACKEND_CLASS_OF(s->rng)->open(s->rng, error);
}

static const Property rng_props[] = {
    PROP_LINK_DEF("rng", VirtIORng, rng, TYPE_RNG_BACKEND, "where the random numbers come from"),
    PROP_END
};

static void rng_class_init(ObjectClass *oc, const TypeInfo *info)
{
    VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS(oc);

    DEVICE_CLASS(oc)->category = "Misc";
    vc->device_id = 4;
    vc->num_queues = 1;
    vc->queue_size = 8;
    vc->realize = rng_realize;
    vc->features = rng_features;
    vc->get_config = rng_get_config;
    vc->notify = rng_notify;
}

const TypeInfo virtio_rng_type = {
    .name = TYPE_VIRTIO_RNG,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio source of entropy",
    .instance_size = sizeof(VirtIORng),
    .user_creatable = true,
    .props = rng_props,
    .class_init = rng_class_init,
};
