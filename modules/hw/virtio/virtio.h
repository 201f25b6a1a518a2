/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio devices and their queues (OASIS Virtual I/O Device, 1.2), as devices use them. A device sits on a transport
 * (virtio_mmio.c): its parent in the tree, or the one that plug found. All calls are made with the machine lock held.
 */
#ifndef MODULES_HW_VIRTIO_VIRTIO_H
#define MODULES_HW_VIRTIO_VIRTIO_H

#include "core/qom/device.h"

#define TYPE_VIRTIO_DEVICE "virtio-device"
#define VIRTIO_MAX_QUEUES 4
#define VIRTIO_QUEUE_MAX 1024                   /* descriptors */
#define VIRTIO_CONFIG_SIZE 256

enum {
    VIRTIO_F_NOTIFY_ON_EMPTY = 24, VIRTIO_F_ANY_LAYOUT = 27, VIRTIO_F_INDIRECT_DESC = 28, VIRTIO_F_EVENT_IDX = 29,
    VIRTIO_F_VERSION_1 = 32,
};
enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1, VIRTIO_STATUS_DRIVER = 2, VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8, VIRTIO_STATUS_NEEDS_RESET = 64, VIRTIO_STATUS_FAILED = 128,
};
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

typedef struct VirtIODevice VirtIODevice;

typedef struct VirtQueue {
    VirtIODevice *vdev;
    unsigned index;
    /* guest state */
    uint32_t num;                               /* descriptors: a power of two */
    bool ready;
    uint64_t desc, driver, device;              /* descriptor table, available ring, used ring */
    uint32_t pfn;                               /* legacy */
    uint16_t last_avail;                        /* what was taken */
    uint16_t used_idx;                          /* what was given back */
    uint16_t signalled_used;                    /* used_idx at the last interrupt */
} VirtQueue;

/* A piece of guest memory. */
typedef struct VirtQueueSeg {
    uint64_t addr;
    uint32_t len;
} VirtQueueSeg;

/* A buffer that the driver made available: what the device reads (out) and what it writes (in). */
typedef struct VirtQueueElement {
    VirtQueue *vq;
    uint16_t head;
    GArray *out, *in;                           /* VirtQueueSeg */
    uint32_t out_len, in_len;                   /* bytes */
} VirtQueueElement;

typedef struct VirtIODeviceClass {
    DeviceClass parent;
    uint32_t device_id;
    unsigned num_queues;
    unsigned queue_size;                        /* most descriptors a queue */
    bool (*realize)(VirtIODevice *vdev, GError **error);
    void (*unrealize)(VirtIODevice *vdev);
    uint64_t (*features)(VirtIODevice *vdev);   /* the device's own bits; the common ones are added */
    void (*get_config)(VirtIODevice *vdev, uint8_t *config);            /* VIRTIO_CONFIG_SIZE zeroed bytes */
    void (*set_config)(VirtIODevice *vdev, unsigned offset, uint8_t value);     /* may be NULL */
    void (*notify)(VirtIODevice *vdev, VirtQueue *vq);                  /* the driver has added buffers */
    void (*reset)(VirtIODevice *vdev);          /* forgets requests; may be NULL */
    void (*started)(VirtIODevice *vdev);        /* DRIVER_OK was set; may be NULL */
} VirtIODeviceClass;

struct VirtIODevice {
    Device parent;
    /* wiring */
    char *bus;                                  /* property */
    Device *transport;
    void (*update_irq)(Device *transport);
    VirtQueue vq[VIRTIO_MAX_QUEUES];
    /* guest state */
    uint8_t status, isr;
    uint64_t features;                          /* what the driver accepted */
    uint32_t generation;
    bool broken;                                /* after a mistake of the driver's, until it resets the device */
};

DECLARE_OBJECT(VirtIODevice, VIRTIO_DEVICE, TYPE_VIRTIO_DEVICE)
DECLARE_CLASS(VirtIODeviceClass, VIRTIO_DEVICE, TYPE_VIRTIO_DEVICE)

/* -- for transports ---------------------------------------------------------------------------------------- */

/* All bits that are offered; legacy: without VERSION_1. */
uint64_t virtio_offered(VirtIODevice *vdev, bool legacy);
void virtio_set_status(VirtIODevice *vdev, uint8_t status, bool legacy);
void virtio_reset(VirtIODevice *vdev);
void virtio_notified(VirtIODevice *vdev, unsigned queue);

/* -- for devices ------------------------------------------------------------------------------------------- */

static inline bool virtio_has(const VirtIODevice *vdev, unsigned feature)
{
    return vdev->features >> feature & 1;
}
/* The driver broke a rule: a line of the log, and nothing more from this device until it is reset. */
void virtio_error(VirtIODevice *vdev, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* The configuration space has changed. */
void virtio_config_changed(VirtIODevice *vdev);

/* The next available buffer; NULL: none, or the queue is not in use, or the driver broke a rule. */
VirtQueueElement *virtqueue_pop(VirtQueue *vq);
/* Gives it back with `written` bytes of `in` filled, and frees it. */
void virtqueue_push(VirtQueueElement *e, uint32_t written);
/* As if it had not been taken; only the last one taken. */
void virtqueue_unpop(VirtQueueElement *e);
void virtqueue_element_free(VirtQueueElement *e);
/* Interrupts the driver if it wants to hear of the buffers pushed since the last call. */
void virtqueue_notify(VirtQueue *vq);
bool virtqueue_has_buffers(VirtQueue *vq);

/* Copies between a buffer's segments from `offset` on and buf; returns the bytes there were. */
size_t virtio_read(const VirtQueueElement *e, size_t offset, void *buf, size_t len);        /* from out */
size_t virtio_write(const VirtQueueElement *e, size_t offset, const void *buf, size_t len); /* to in */

/* -- the types of this module ------------------------------------------------------------------------------ */

extern const TypeInfo virtio_device_type, virtio_mmio_type, virtio_blk_type, virtio_net_type, virtio_rng_type;
extern const TypeInfo virtio_serial_type, virtconsole_type;

/* virtio_mmio.c: takes the transport for vdev; an error if it has a device. */
bool virtio_mmio_attach(Device *transport, VirtIODevice *vdev, GError **error);
void virtio_mmio_detach(Device *transport, VirtIODevice *vdev);
bool virtio_mmio_is_free(const Device *transport);

#endif
