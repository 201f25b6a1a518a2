/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtio MMIO transport, version 2 and legacy version 1 (Virtio 1.2, 4.2). Without a device it reads DeviceID 0.
 * Not modelled: shared memory regions, queue reset.
 * Wiring: region "regs" (512 bytes), irq "intr"; a virtio device as its child, or one that -device plugs in.
 */
#include <string.h>
#include "core/bits.h"
#include "core/exec/regbank.h"
#include "core/keyval.h"
#include "core/log.h"
#include "modules/hw/virtio/virtio.h"

#define TYPE_VIRTIO_MMIO "virtio-mmio"

enum { MAGIC, VERSION, DEVICE_ID, VENDOR_ID, DEVICE_FEATURES, DEVICE_FEATURES_SEL, DRIVER_FEATURES,
       DRIVER_FEATURES_SEL, GUEST_PAGE_SIZE, QUEUE_SEL, QUEUE_NUM_MAX, QUEUE_NUM, QUEUE_ALIGN, QUEUE_PFN, QUEUE_READY,
       QUEUE_NOTIFY, INTERRUPT_STATUS, INTERRUPT_ACK, STATUS, QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE, SHM_LEN, SHM_BASE,
       CONFIG_GENERATION, CONFIG, NUM_REGS };

typedef struct VirtIOMMIO {
    Device parent;
    RegBank bank;
    IrqLine intr;
    bool legacy;
    VirtIODevice *vdev;
    /* guest state: registers that are plain storage */
    uint32_t reg[NUM_REGS];
} VirtIOMMIO;

DECLARE_OBJECT(VirtIOMMIO, VIRTIO_MMIO, TYPE_VIRTIO_MMIO)

static void update_irq(Device *transport)
{
    VirtIOMMIO *s = VIRTIO_MMIO(transport);

    irq_set(&s->intr, s->vdev && s->vdev->isr);
}

bool virtio_mmio_is_free(const Device *transport)
{
    return !VIRTIO_MMIO(transport)->vdev;
}

bool virtio_mmio_attach(Device *transport, VirtIODevice *vdev, GError **error)
{
    VirtIOMMIO *s = VIRTIO_MMIO(transport);

    if (s->vdev) {
        g_autofree char *path = object_path(&transport->parent);

        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s has a device", path);
        return false;
    }
    s->vdev = vdev;
    vdev->transport = transport;
    vdev->update_irq = update_irq;
    return true;
}

void virtio_mmio_detach(Device *transport, VirtIODevice *vdev)
{
    VirtIOMMIO *s = VIRTIO_MMIO(transport);

    g_assert(s->vdev == vdev);
    s->vdev = NULL;
    vdev->transport = NULL;
    vdev->update_irq = NULL;
    if (transport->realized) {
        irq_lower(&s->intr);
    }
}

/* The queue that is selected; NULL: none of that number. */
static VirtQueue *queue(VirtIOMMIO *s)
{
    if (!s->vdev || s->reg[QUEUE_SEL] >= VIRTIO_DEVICE_CLASS_OF(s->vdev)->num_queues) {
        return NULL;
    }
    return &s->vdev->vq[s->reg[QUEUE_SEL]];
}

/* A register of the other version. */
static bool wrong_version(VirtIOMMIO *s, const RegDef *r, bool legacy)
{
    if (s->legacy != legacy) {
        log_guest_error("virtio-mmio: %s is not in version %u\n", r->name, s->legacy ? 1 : 2);
        return true;
    }
    return false;
}

static uint64_t version_read(void *dev, const RegDef *r, unsigned n)
{
    return VIRTIO_MMIO(dev)->legacy ? 1 : 2;
}

static uint64_t device_id_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return s->vdev ? VIRTIO_DEVICE_CLASS_OF(s->vdev)->device_id : 0;
}

static uint64_t features_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return !s->vdev || s->reg[DEVICE_FEATURES_SEL] > 1
           ? 0 : (uint32_t)(virtio_offered(s->vdev, s->legacy) >> (32 * s->reg[DEVICE_FEATURES_SEL]));
}

static void features_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;

    if (!s->vdev || s->reg[DRIVER_FEATURES_SEL] > 1) {
        return;
    }
    if (s->vdev->status & VIRTIO_STATUS_FEATURES_OK) {
        log_guest_error("virtio-mmio: features written after FEATURES_OK\n");
        return;
    }
    s->vdev->features = deposit64(s->vdev->features, 32 * s->reg[DRIVER_FEATURES_SEL], 32, v);
    if (s->legacy) {
        s->vdev->features &= virtio_offered(s->vdev, true);
    }
}

static uint64_t num_max_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return queue(s) ? VIRTIO_DEVICE_CLASS_OF(s->vdev)->queue_size : 0;
}

static void num_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;
    VirtQueue *vq = queue(s);

    if (!vq) {
        return;
    }
    if (vq->ready || !is_pow2(v) || v > VIRTIO_DEVICE_CLASS_OF(s->vdev)->queue_size) {
        log_guest_error("virtio-mmio: queue %u: size %u\n", vq->index, (unsigned)v);
        return;
    }
    vq->num = (uint32_t)v;
}

/* Legacy: a page number says where the whole queue is; the used ring starts at the next QueueAlign (2.7.2). */
static void pfn_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;
    VirtQueue *vq = queue(s);
    uint64_t align = s->reg[QUEUE_ALIGN], page = s->reg[GUEST_PAGE_SIZE];

    if (wrong_version(s, r, true) || !vq) {
        return;
    }
    *vq = (VirtQueue){ .vdev = s->vdev, .index = vq->index, .num = vq->num };
    if (v == 0) {
        return;
    }
    if (!vq->num || !is_pow2(align) || !is_pow2(page)) {
        log_guest_error("virtio-mmio: queue %u: made without size, alignment or page size\n", vq->index);
        return;
    }
    vq->pfn = (uint32_t)v;
    vq->desc = v * page;
    vq->driver = vq->desc + 16 * (uint64_t)vq->num;
    vq->device = align_up(vq->driver + 6 + 2 * (uint64_t)vq->num, align);
    vq->ready = true;
}

static uint64_t pfn_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;
    const VirtQueue *vq = queue(s);

    return vq ? vq->pfn : 0;
}

static uint64_t ready_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;
    const VirtQueue *vq = queue(s);

    return !wrong_version(s, r, false) && vq && vq->ready;
}

static void ready_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;
    VirtQueue *vq = queue(s);

    if (wrong_version(s, r, false) || !vq) {
        return;
    }
    if (v & 1 && vq->num == 0) {
        log_guest_error("virtio-mmio: queue %u: made ready without a size\n", vq->index);
    } else if (v & 1) {
        vq->ready = true;
    } else {
        *vq = (VirtQueue){ .vdev = s->vdev, .index = vq->index, .num = vq->num, .desc = vq->desc,
                           .driver = vq->driver, .device = vq->device };
    }
}

static void notify_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;

    if (s->vdev) {
        virtio_notified(s->vdev, v & 0xffff);
    }
}

static uint64_t isr_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return s->vdev ? s->vdev->isr : 0;
}

static void ack_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;

    if (s->vdev) {
        s->vdev->isr &= (uint8_t)~v;
        update_irq(&s->parent);
    }
}

static uint64_t status_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return s->vdev ? s->vdev->status : 0;
}

static void status_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;

    if (s->vdev) {
        virtio_set_status(s->vdev, (uint8_t)v, s->legacy);
    }
}

/* Low (n 0) and high words of a ring's address. */
static void ring_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;
    VirtQueue *vq = queue(s);
    uint64_t *ring;

    if (wrong_version(s, r, false) || !vq) {
        return;
    }
    if (vq->ready) {
        log_guest_error("virtio-mmio: queue %u: moved while it is ready\n", vq->index);
        return;
    }
    ring = r->offset == 0x80 ? &vq->desc : r->offset == 0x90 ? &vq->driver : &vq->device;
    *ring = deposit64(*ring, 32 * n, 32, v);
}

static uint64_t generation_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;

    return s->vdev ? s->vdev->generation : 0;
}

static uint64_t config_read(void *dev, const RegDef *r, unsigned n)
{
    VirtIOMMIO *s = dev;
    uint8_t config[VIRTIO_CONFIG_SIZE] = { 0 };

    if (s->vdev) {
        VIRTIO_DEVICE_CLASS_OF(s->vdev)->get_config(s->vdev, config);
    }
    return config[n];
}

static void config_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    VirtIOMMIO *s = dev;

    if (s->vdev && VIRTIO_DEVICE_CLASS_OF(s->vdev)->set_config) {
        VIRTIO_DEVICE_CLASS_OF(s->vdev)->set_config(s->vdev, n, (uint8_t)v);
    }
}

static void ignored(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
}

static const RegDef virtio_mmio_regs[NUM_REGS] = {
    [MAGIC]               = { 0x000, "MagicValue", .reset = 0x74726976 },
    [VERSION]             = { 0x004, "Version", .read = version_read, .no_store = true },
    [DEVICE_ID]           = { 0x008, "DeviceID", .read = device_id_read, .no_store = true },
    [VENDOR_ID]           = { 0x00c, "VendorID", .reset = 0x4d494843 },
    [DEVICE_FEATURES]     = { 0x010, "DeviceFeatures", .read = features_read, .no_store = true },
    [DEVICE_FEATURES_SEL] = { 0x014, "DeviceFeaturesSel", .rw = UINT32_MAX },
    [DRIVER_FEATURES]     = { 0x020, "DriverFeatures", .access = 4, .write = features_write, .no_store = true },
    [DRIVER_FEATURES_SEL] = { 0x024, "DriverFeaturesSel", .rw = UINT32_MAX },
    [GUEST_PAGE_SIZE]     = { 0x028, "GuestPageSize", .rw = UINT32_MAX },
    [QUEUE_SEL]           = { 0x030, "QueueSel", .rw = UINT32_MAX },
    [QUEUE_NUM_MAX]       = { 0x034, "QueueNumMax", .read = num_max_read, .no_store = true },
    [QUEUE_NUM]           = { 0x038, "QueueNum", .access = 4, .write = num_write, .no_store = true },
    [QUEUE_ALIGN]         = { 0x03c, "QueueAlign", .reset = 4096, .rw = UINT32_MAX },
    [QUEUE_PFN]           = { 0x040, "QueuePFN", .access = 4, .read = pfn_read, .write = pfn_write, .no_store = true },
    [QUEUE_READY]         = { 0x044, "QueueReady", .access = 4, .read = ready_read, .write = ready_write,
                              .no_store = true },
    [QUEUE_NOTIFY]        = { 0x050, "QueueNotify", .write = notify_write, .no_store = true },
    [INTERRUPT_STATUS]    = { 0x060, "InterruptStatus", .read = isr_read, .no_store = true },
    [INTERRUPT_ACK]       = { 0x064, "InterruptACK", .write = ack_write, .no_store = true },
    [STATUS]              = { 0x070, "Status", .read = status_read, .write = status_write, .no_store = true },
    [QUEUE_DESC]          = { 0x080, "QueueDesc", .count = 2, .access = 4, .write = ring_write },
    [QUEUE_DRIVER]        = { 0x090, "QueueDriver", .count = 2, .access = 4, .write = ring_write },
    [QUEUE_DEVICE]        = { 0x0a0, "QueueDevice", .count = 2, .access = 4, .write = ring_write },
    [SHM_LEN]             = { 0x0b0, "SHMLen", .count = 2, .reset = UINT32_MAX, .write = ignored },
    [SHM_BASE]            = { 0x0b8, "SHMBase", .count = 2, .reset = UINT32_MAX, .write = ignored },
    [CONFIG_GENERATION]   = { 0x0fc, "ConfigGeneration", .read = generation_read, .no_store = true },
    [CONFIG]              = { 0x100, "Config", .count = 256, .width = 1, .read = config_read, .write = config_write },
};

static void virtio_mmio_init(Object *obj)
{
    VirtIOMMIO *s = VIRTIO_MMIO(obj);

    device_init_irq_out(&s->parent, "intr", &s->intr, 1);
}

static bool virtio_mmio_realize(Device *dev, GError **error)
{
    VirtIOMMIO *s = VIRTIO_MMIO(dev);

    regbank_init(&s->bank, dev, NULL, virtio_mmio_regs, NUM_REGS, s->reg, 0x200);
    return true;
}

static void virtio_mmio_unrealize(Device *dev)
{
    regbank_destroy(&VIRTIO_MMIO(dev)->bank);
}

static void virtio_mmio_reset(Device *dev, ResetType type)
{
    VirtIOMMIO *s = VIRTIO_MMIO(dev);

    regbank_reset(&s->bank);
    if (s->vdev) {
        virtio_reset(s->vdev);
    }
}

static const VMStateField virtio_mmio_vmstate[] = { VMSTATE_REGS(VirtIOMMIO, bank), VMSTATE_END };

static const Property virtio_mmio_props[] = {
    PROP_DEF("force-legacy", VirtIOMMIO, legacy, PROP_BOOL, true, "version 1 of the interface; off: version 2"),
    PROP_END
};

static void virtio_mmio_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = virtio_mmio_realize;
    dc->unrealize = virtio_mmio_unrealize;
    dc->reset = virtio_mmio_reset;
    dc->vmstate = virtio_mmio_vmstate;
    dc->category = "Buses";
}

const TypeInfo virtio_mmio_type = {
    .name = TYPE_VIRTIO_MMIO,
    .parent = TYPE_DEVICE,
    .desc = "virtio transport over MMIO",
    .instance_size = sizeof(VirtIOMMIO),
    .props = virtio_mmio_props,
    .class_init = virtio_mmio_class_init,
    .init = virtio_mmio_init,
};
