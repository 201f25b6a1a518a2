/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio: the abstract device, and split virtqueues with indirect descriptors and event indices (Virtio 1.2, 2.7).
 * Rings are read through the transport's address space and trusted in nothing: loops are bounded by the queue's size,
 * and a driver's mistake breaks its device alone.
 */
#include <stdarg.h>
#include <string.h>
#include "core/bits.h"
#include "core/exec/memory.h"
#include "core/keyval.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/virtio/virtio.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_SIZE = 16 };
enum { AVAIL_NO_INTERRUPT = 1 };
#define MAX_SEGMENTS (2 * VIRTIO_QUEUE_MAX)

static AddressSpace *dma(const VirtIODevice *vdev)
{
    return device_dma(vdev->transport);
}

static uint16_t ld16(const VirtQueue *vq, uint64_t addr)
{
    return (uint16_t)address_space_ld(dma(vq->vdev), addr, 2, false, MEMTX_ATTRS_NONE, NULL);
}

static void st16(const VirtQueue *vq, uint64_t addr, uint16_t value)
{
    address_space_st(dma(vq->vdev), addr, 2, false, value, MEMTX_ATTRS_NONE, NULL);
}

void virtio_error(VirtIODevice *vdev, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    log_guest_error("%s: %s\n", vdev->parent.parent.oc->info->name, text);
    vdev->broken = true;
    if (virtio_has(vdev, VIRTIO_F_VERSION_1)) {
        vdev->status |= VIRTIO_STATUS_NEEDS_RESET;
        virtio_config_changed(vdev);
    }
}

static void raise_isr(VirtIODevice *vdev, uint8_t bits)
{
    vdev->isr |= bits;
    if (vdev->update_irq) {
        vdev->update_irq(vdev->transport);
    }
}

void virtio_config_changed(VirtIODevice *vdev)
{
    vdev->generation++;
    if (vdev->status & VIRTIO_STATUS_DRIVER) {
        raise_isr(vdev, VIRTIO_ISR_CONFIG);
    }
}

/* -- queues ------------------------------------------------------------------------------------------------ */

static bool usable(const VirtQueue *vq)
{
    return vq->ready && vq->num && vq->vdev->transport && !vq->vdev->broken &&
           vq->vdev->status & VIRTIO_STATUS_DRIVER_OK;
}

static uint64_t used_event_addr(const VirtQueue *vq)
{
    return vq->driver + 4 + 2 * (uint64_t)vq->num;
}

static uint64_t avail_event_addr(const VirtQueue *vq)
{
    return vq->device + 4 + 8 * (uint64_t)vq->num;
}

/* Buffers that are available, or -1: the driver's index makes no sense. */
static int available(VirtQueue *vq)
{
    uint16_t n = ld16(vq, vq->driver + 2) - vq->last_avail;

    if (n > vq->num) {
        virtio_error(vq->vdev, "queue %u: the driver's index is %u ahead, the queue has %u entries", vq->index, n,
                     vq->num);
        return -1;
    }
    return n;
}

bool virtqueue_has_buffers(VirtQueue *vq)
{
    return usable(vq) && available(vq) > 0;
}

/* Asks to be notified of the next buffer; true if one has come in the meantime. */
static bool want_notification(VirtQueue *vq)
{
    if (!virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        return false;
    }
    st16(vq, avail_event_addr(vq), vq->last_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return available(vq) > 0;
}

typedef struct Desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Desc;

static bool read_desc(const VirtQueue *vq, uint64_t table, unsigned i, Desc *d)
{
    uint8_t raw[DESC_SIZE];

    if (address_space_read(dma(vq->vdev), table + i * DESC_SIZE, MEMTX_ATTRS_NONE, raw, DESC_SIZE) != MEMTX_OK) {
        virtio_error(vq->vdev, "queue %u: no memory at descriptor %u", vq->index, i);
        return false;
    }
    *d = (Desc){ ldq_le_p(raw), ldl_le_p(raw + 8), lduw_le_p(raw + 12), lduw_le_p(raw + 14) };
    return true;
}

static bool add_segment(VirtQueueElement *e, const Desc *d)
{
    bool write = d->flags & DESC_WRITE;
    uint32_t *total = write ? &e->in_len : &e->out_len;
    VirtQueueSeg seg = { d->addr, d->len };

    if (!write && e->in->len) {
        virtio_error(e->vq->vdev, "queue %u: a buffer to be read after one to be written", e->vq->index);
        return false;
    }
    if (e->in->len + e->out->len >= MAX_SEGMENTS || d->len > UINT32_MAX - *total) {
        virtio_error(e->vq->vdev, "queue %u: a buffer that is too large", e->vq->index);
        return false;
    }
    *total += d->len;
    g_array_append_val(write ? e->in : e->out, seg);
    return true;
}

/* Follows a chain from entry i of a table of num entries. An indirect table may not have another. */
static bool walk(VirtQueueElement *e, uint64_t table, unsigned num, unsigned i, bool indirect)
{
    VirtQueue *vq = e->vq;

    for (unsigned steps = 0; ; steps++) {
        Desc d;

        if (i >= num || steps >= num) {
            virtio_error(vq->vdev, "queue %u: descriptor %u of %u, or a loop", vq->index, i, num);
            return false;
        }
        if (!read_desc(vq, table, i, &d)) {
            return false;
        }
        if (d.flags & DESC_INDIRECT) {
            if (indirect || d.flags & DESC_NEXT || d.len == 0 || d.len % DESC_SIZE ||
                d.len / DESC_SIZE > VIRTIO_QUEUE_MAX || !virtio_has(vq->vdev, VIRTIO_F_INDIRECT_DESC)) {
                virtio_error(vq->vdev, "queue %u: an indirect descriptor that is not allowed", vq->index);
                return false;
            }
            return walk(e, d.addr, d.len / DESC_SIZE, 0, true);
        }
        if (!add_segment(e, &d)) {
            return false;
        }
        if (!(d.flags & DESC_NEXT)) {
            return true;
        }
        i = d.next;
    }
}

VirtQueueElement *virtqueue_pop(VirtQueue *vq)
{
    VirtQueueElement *e;
    int n;

    if (!usable(vq)) {
        return NULL;
    }
    n = available(vq);
    if (n < 0 || (n == 0 && !want_notification(vq))) {
        return NULL;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);    /* the entry after the index */
    e = g_new0(VirtQueueElement, 1);
    e->vq = vq;
    e->head = ld16(vq, vq->driver + 4 + 2 * (uint64_t)(vq->last_avail % vq->num));
    e->out = g_array_new(FALSE, FALSE, sizeof(VirtQueueSeg));
    e->in = g_array_new(FALSE, FALSE, sizeof(VirtQueueSeg));
    if (!walk(e, vq->desc, vq->num, e->head, false)) {
        virtqueue_element_free(e);
        return NULL;
    }
    vq->last_avail++;
    if (virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        st16(vq, avail_event_addr(vq), vq->last_avail);
    }
    return e;
}

void virtqueue_element_free(VirtQueueElement *e)
{
    if (e) {
        g_array_unref(e->out);
        g_array_unref(e->in);
        g_free(e);
    }
}

void virtqueue_unpop(VirtQueueElement *e)
{
    e->vq->last_avail--;
    virtqueue_element_free(e);
}

void virtqueue_push(VirtQueueElement *e, uint32_t written)
{
    VirtQueue *vq = e->vq;

    if (usable(vq)) {
        uint8_t raw[8];

        stl_le_p(raw, e->head);
        stl_le_p(raw + 4, written);
        address_space_write(dma(vq->vdev), vq->device + 4 + 8 * (uint64_t)(vq->used_idx % vq->num), MEMTX_ATTRS_NONE,
                            raw, 8);
        vq->used_idx++;
        __atomic_thread_fence(__ATOMIC_RELEASE);        /* the index after the entry */
        st16(vq, vq->device + 2, vq->used_idx);
    }
    virtqueue_element_free(e);
}

void virtqueue_notify(VirtQueue *vq)
{
    uint16_t old = vq->signalled_used, now = vq->used_idx;
    bool wanted;

    if (!usable(vq) || old == now) {
        return;
    }
    vq->signalled_used = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX)) {
        uint16_t event = ld16(vq, used_event_addr(vq));

        wanted = (uint16_t)(now - event - 1) < (uint16_t)(now - old);
    } else {
        wanted = !(ld16(vq, vq->driver) & AVAIL_NO_INTERRUPT);
    }
    if (wanted) {
        raise_isr(vq->vdev, VIRTIO_ISR_QUEUE);
    }
}

static size_t copy(const VirtQueueElement *e, const GArray *segs, size_t offset, void *buf, size_t len, bool write)
{
    AddressSpace *as = dma(e->vq->vdev);
    size_t done = 0;

    for (guint i = 0; i < segs->len && done < len; i++) {
        const VirtQueueSeg *seg = &g_array_index(segs, VirtQueueSeg, i);
        size_t n;

        if (offset >= seg->len) {
            offset -= seg->len;
            continue;
        }
        n = MIN(seg->len - offset, len - done);
        if (write) {
            address_space_write(as, seg->addr + offset, MEMTX_ATTRS_NONE, (uint8_t *)buf + done, n);
        } else if (address_space_read(as, seg->addr + offset, MEMTX_ATTRS_NONE, (uint8_t *)buf + done, n) != MEMTX_OK) {
            memset((uint8_t *)buf + done, 0, n);
        }
        done += n;
        offset = 0;
    }
    return done;
}

size_t virtio_read(const VirtQueueElement *e, size_t offset, void *buf, size_t len)
{
    return copy(e, e->out, offset, buf, len, false);
}

size_t virtio_write(const VirtQueueElement *e, size_t offset, const void *buf, size_t len)
{
    return copy(e, e->in, offset, (void *)buf, len, true);
}

/* -- for transports ---------------------------------------------------------------------------------------- */

uint64_t virtio_offered(VirtIODevice *vdev, bool legacy)
{
    uint64_t f = VIRTIO_DEVICE_CLASS_OF(vdev)->features(vdev);

    f |= BIT64(VIRTIO_F_INDIRECT_DESC) | BIT64(VIRTIO_F_EVENT_IDX);
    return f | (legacy ? BIT64(VIRTIO_F_ANY_LAYOUT) : BIT64(VIRTIO_F_VERSION_1));
}

void virtio_reset(VirtIODevice *vdev)
{
    const VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS_OF(vdev);

    if (vc->reset) {
        vc->reset(vdev);
    }
    vdev->status = vdev->isr = 0;
    vdev->features = 0;
    vdev->broken = false;
    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++) {
        vdev->vq[i] = (VirtQueue){ .vdev = vdev, .index = i };
    }
    if (vdev->update_irq) {
        vdev->update_irq(vdev->transport);
    }
}

void virtio_set_status(VirtIODevice *vdev, uint8_t status, bool legacy)
{
    const VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS_OF(vdev);
    uint8_t set = status & ~vdev->status;

    if (status == 0) {
        virtio_reset(vdev);
        return;
    }
    if (set & VIRTIO_STATUS_FEATURES_OK && !legacy &&
        (vdev->features & ~virtio_offered(vdev, false) || !virtio_has(vdev, VIRTIO_F_VERSION_1))) {
        log_guest_error("%s: features 0x%" G_GINT64_MODIFIER "x are refused\n", vdev->parent.parent.oc->info->name,
                        vdev->features);
        status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    }
    vdev->status = status | (vdev->status & VIRTIO_STATUS_NEEDS_RESET);
    if (set & VIRTIO_STATUS_DRIVER_OK) {
        if (vc->started) {
            vc->started(vdev);
        }
        /* old drivers make buffers available before they say that they are ready */
        for (unsigned i = 0; i < vc->num_queues; i++) {
            virtio_notified(vdev, i);
        }
    }
}

void virtio_notified(VirtIODevice *vdev, unsigned queue)
{
    const VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS_OF(vdev);

    if (queue >= vc->num_queues) {
        log_guest_error("%s: notification of queue %u, which does not exist\n", vdev->parent.parent.oc->info->name,
                        queue);
    } else if (usable(&vdev->vq[queue])) {
        vc->notify(vdev, &vdev->vq[queue]);
    }
}

/* -- the type ---------------------------------------------------------------------------------------------- */

/* The last in the tree: QEMU's virt fills its transports from the last to the first, and guests number disks by it. */
static bool find_free(Object *obj, void *opaque)
{
    Device **found = opaque;

    if (object_is_a(obj, "virtio-mmio") && virtio_mmio_is_free(DEVICE(obj))) {
        *found = DEVICE(obj);
    }
    return true;
}

/* "virtio-mmio-bus.N" is QEMU's name for the Nth transport; a path or a name in the tree does as well. */
static Device *find_bus(Machine *m, const char *name)
{
    Object *obj = NULL;

    if (g_str_has_prefix(name, "virtio-mmio-bus.")) {
        g_autofree char *alias = g_strdup_printf("virtio-mmio[%s]", name + strlen("virtio-mmio-bus."));

        obj = object_resolve(&m->parent.parent, alias, NULL);
    } else {
        obj = object_resolve(&m->parent.parent, name, NULL);
    }
    return obj && object_is_a(obj, "virtio-mmio") ? DEVICE(obj) : NULL;
}

static bool virtio_plug(Device *dev, Machine *m, GError **error)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    Device *found = NULL;

    if (vdev->bus) {
        found = find_bus(m, vdev->bus);
        if (!found) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "bus=%s: there is no such virtio transport",
                        vdev->bus);
            return false;
        }
    } else {
        object_foreach(&m->parent.parent, find_free, &found);
        if (!found) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE,
                        "the machine has no free virtio transport for %s", dev->parent.oc->info->name);
            return false;
        }
    }
    return virtio_mmio_attach(found, vdev, error);
}

static bool virtio_device_realize(Device *dev, GError **error)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    const VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS_OF(dev);
    Object *parent = dev->parent.parent;

    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++) {
        vdev->vq[i] = (VirtQueue){ .vdev = vdev, .index = i };
    }
    if (!vdev->transport && parent && object_is_a(parent, "virtio-mmio") &&
        !virtio_mmio_attach(DEVICE(parent), vdev, error)) {
        return false;
    }
    if (!vdev->transport) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s has no virtio transport", dev->parent.oc->info->name);
        return false;
    }
    return !vc->realize || vc->realize(vdev, error);
}

static void virtio_device_unrealize(Device *dev)
{
    VirtIODevice *vdev = VIRTIO_DEVICE(dev);
    const VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS_OF(dev);

    if (vc->reset) {
        vc->reset(vdev);
    }
    if (vc->unrealize) {
        vc->unrealize(vdev);
    }
    if (vdev->transport) {
        virtio_mmio_detach(vdev->transport, vdev);
    }
}

static void virtio_device_reset(Device *dev, ResetType type)
{
    virtio_reset(VIRTIO_DEVICE(dev));
}

static bool virtio_post_load(void *opaque, GError **error)
{
    VirtIODevice *vdev = opaque;

    for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++) {
        vdev->vq[i].vdev = vdev;
        vdev->vq[i].index = i;
        if (vdev->vq[i].num > VIRTIO_QUEUE_MAX || (vdev->vq[i].num && !is_pow2(vdev->vq[i].num))) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "a virtqueue of %u entries", vdev->vq[i].num);
            return false;
        }
    }
    if (vdev->update_irq) {
        vdev->update_irq(vdev->transport);
    }
    return true;
}

static const VMStateField queue_vmstate[] = {
    VMSTATE_UINT(VirtQueue, num),
    VMSTATE_BOOL(VirtQueue, ready),
    VMSTATE_UINT(VirtQueue, desc),
    VMSTATE_UINT(VirtQueue, driver),
    VMSTATE_UINT(VirtQueue, device),
    VMSTATE_UINT(VirtQueue, pfn),
    VMSTATE_UINT(VirtQueue, last_avail),
    VMSTATE_UINT(VirtQueue, used_idx),
    VMSTATE_UINT(VirtQueue, signalled_used),
    VMSTATE_END
};

static const VMStateField virtio_vmstate[] = {
    VMSTATE_UINT(VirtIODevice, status),
    VMSTATE_UINT(VirtIODevice, isr),
    VMSTATE_UINT(VirtIODevice, features),
    VMSTATE_UINT(VirtIODevice, generation),
    VMSTATE_BOOL(VirtIODevice, broken),
    VMSTATE_STRUCT_ARRAY(VirtIODevice, vq, queue_vmstate),
    VMSTATE_POST_LOAD(virtio_post_load),
    VMSTATE_END
};

static const Property virtio_props[] = {
    { .name = "bus", .type = PROP_STRING, .offset = offsetof(VirtIODevice, bus),
      .help = "the transport it sits on: virtio-mmio-bus.N or a path; the first free one by default" },
    PROP_END
};

static void virtio_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = virtio_device_realize;
    dc->unrealize = virtio_device_unrealize;
    dc->reset = virtio_device_reset;
    dc->plug = virtio_plug;
    dc->vmstate = virtio_vmstate;
}

const TypeInfo virtio_device_type = {
    .name = TYPE_VIRTIO_DEVICE,
    .parent = TYPE_DEVICE,
    .desc = "a virtio device",
    .instance_size = sizeof(VirtIODevice),
    .class_size = sizeof(VirtIODeviceClass),
    .abstract = true,
    .props = virtio_props,
    .class_init = virtio_class_init,
};
