/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtio console device (Virtio 1.2, 5.3) and the console on it. The device has one port, without MULTIPORT.
 * Not modelled: several ports, window sizes, emergency writes.
 * Wiring: virtio-serial-device is a virtio device; virtconsole sits on it, with char "chardev".
 */
#include <string.h>
#include "core/io/char.h"
#include "core/keyval.h"
#include "core/qom/machine.h"
#include "modules/hw/virtio/virtio.h"

#define TYPE_VIRTIO_SERIAL "virtio-serial-device"
#define TYPE_VIRTCONSOLE "virtconsole"

enum { RX, TX };

typedef struct VirtConsole VirtConsole;

typedef struct VirtIOSerial {
    VirtIODevice parent;
    VirtConsole *port;                          /* NULL: output vanishes */
} VirtIOSerial;

struct VirtConsole {
    Device parent;
    CharBackend chr;
    VirtIOSerial *serial;
    char *bus;
};

DECLARE_OBJECT(VirtIOSerial, VIRTIO_SERIAL, TYPE_VIRTIO_SERIAL)
DECLARE_OBJECT(VirtConsole, VIRTCONSOLE, TYPE_VIRTCONSOLE)

static void serial_notify(VirtIODevice *vdev, VirtQueue *vq)
{
    VirtIOSerial *s = VIRTIO_SERIAL(vdev);
    VirtQueueElement *e;

    if (vq->index == RX) {
        if (s->port) {
            char_accept_input(&s->port->chr);
        }
        return;
    }
    while ((e = virtqueue_pop(vq))) {
        uint8_t buf[1024];
        size_t done = 0, n;

        while (s->port && (n = virtio_read(e, done, buf, sizeof(buf))) > 0) {
            char_write(&s->port->chr, buf, n);
            done += n;
        }
        virtqueue_push(e, 0);
    }
    virtqueue_notify(vq);
}

static uint64_t serial_features(VirtIODevice *vdev)
{
    return 0;
}

static void serial_get_config(VirtIODevice *vdev, uint8_t *config)
{
    config[4] = 1;                              /* max_nr_ports */
}

static void serial_class_init(ObjectClass *oc, const TypeInfo *info)
{
    VirtIODeviceClass *vc = VIRTIO_DEVICE_CLASS(oc);

    DEVICE_CLASS(oc)->category = "Input";
    vc->device_id = 3;
    vc->num_queues = 2;
    vc->queue_size = 128;
    vc->features = serial_features;
    vc->get_config = serial_get_config;
    vc->notify = serial_notify;
}

const TypeInfo virtio_serial_type = {
    .name = TYPE_VIRTIO_SERIAL,
    .parent = TYPE_VIRTIO_DEVICE,
    .desc = "virtio console device, with a port for a virtconsole",
    .instance_size = sizeof(VirtIOSerial),
    .user_creatable = true,
    .class_init = serial_class_init,
};

/* -- the console ------------------------------------------------------------------------------------------- */

static unsigned console_can_receive(void *opaque)
{
    VirtConsole *s = opaque;
    VirtQueueElement *e = s->serial ? virtqueue_pop(&s->serial->parent.vq[RX]) : NULL;
    unsigned room = e ? MIN(e->in_len, 4096u) : 0;

    if (e) {
        virtqueue_unpop(e);
    }
    return room;
}

static void console_receive(void *opaque, const uint8_t *buf, unsigned len)
{
    VirtConsole *s = opaque;
    VirtQueue *vq = &s->serial->parent.vq[RX];

    VirtQueueElement *e = virtqueue_pop(vq);

    if (e) {                                    /* as can_receive has seen it */
        virtio_write(e, 0, buf, len);
        virtqueue_push(e, len);
        virtqueue_notify(vq);
    }
}

static bool find_serial(Object *obj, void *opaque)
{
    VirtIOSerial **found = opaque;

    if (object_is_a(obj, TYPE_VIRTIO_SERIAL) && !VIRTIO_SERIAL(obj)->port) {
        *found = VIRTIO_SERIAL(obj);
        return false;
    }
    return true;
}

static bool console_plug(Device *dev, Machine *m, GError **error)
{
    VirtConsole *s = VIRTCONSOLE(dev);
    VirtIOSerial *found = NULL;

    if (s->bus) {
        g_autofree char *name = g_str_has_suffix(s->bus, ".0") ? g_strndup(s->bus, strlen(s->bus) - 2)
                                                               : g_strdup(s->bus);
        Object *obj = object_resolve(&m->parent.parent, name, NULL);

        found = obj && object_is_a(obj, TYPE_VIRTIO_SERIAL) ? VIRTIO_SERIAL(obj) : NULL;
        if (!found || found->port) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "bus=%s: not a %s with a free port", s->bus,
                        TYPE_VIRTIO_SERIAL);
            return false;
        }
    } else {
        object_foreach(&m->parent.parent, find_serial, &found);
        if (!found) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s needs a %s with a free port before it",
                        TYPE_VIRTCONSOLE, TYPE_VIRTIO_SERIAL);
            return false;
        }
    }
    s->serial = found;
    found->port = s;
    return true;
}

static bool console_realize(Device *dev, GError **error)
{
    VirtConsole *s = VIRTCONSOLE(dev);
    Object *parent = dev->parent.parent;

    if (!s->serial && parent && object_is_a(parent, TYPE_VIRTIO_SERIAL) && !VIRTIO_SERIAL(parent)->port) {
        s->serial = VIRTIO_SERIAL(parent);
        s->serial->port = s;
    }
    if (!s->serial) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s has no %s", TYPE_VIRTCONSOLE, TYPE_VIRTIO_SERIAL);
        return false;
    }
    char_connect(&s->chr, s, console_can_receive, console_receive, NULL);
    return true;
}

static void console_unrealize(Device *dev)
{
    VirtConsole *s = VIRTCONSOLE(dev);

    char_disconnect(&s->chr);
    if (s->serial) {
        s->serial->port = NULL;
        s->serial = NULL;
    }
}

static const Property console_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(VirtConsole, chr), .help = "what it is connected to" },
    { .name = "bus", .type = PROP_STRING, .offset = offsetof(VirtConsole, bus),
      .help = "the virtio-serial-device it sits on; the first with a free port by default" },
    PROP_END
};

static void console_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = console_realize;
    dc->unrealize = console_unrealize;
    dc->plug = console_plug;
    dc->category = "Input";
}

const TypeInfo virtconsole_type = {
    .name = TYPE_VIRTCONSOLE,
    .parent = TYPE_DEVICE,
    .desc = "console on a virtio-serial-device",
    .instance_size = sizeof(VirtConsole),
    .user_creatable = true,
    .props = console_props,
    .class_init = console_class_init,
};
