/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices: realize and reset, and the named lines and regions by which boards wire them. */
#include <string.h>
#include "core/qom/machine.h"

static void device_init(Object *obj)
{
    Device *dev = DEVICE(obj);

    dev->irq_in = g_array_new(FALSE, FALSE, sizeof(DeviceIrqIn));
    dev->irq_out = g_array_new(FALSE, FALSE, sizeof(DeviceIrqOut));
    dev->regions = g_array_new(FALSE, FALSE, sizeof(DeviceRegion));
}

static void device_dispose(Object *obj)
{
    device_unrealize(DEVICE(obj));
}

static void device_finalize(Object *obj)
{
    Device *dev = DEVICE(obj);

    for (unsigned i = 0; i < dev->irq_out->len; i++) {
        DeviceIrqOut *out = &g_array_index(dev->irq_out, DeviceIrqOut, i);

        for (unsigned n = 0; n < out->count; n++) {
            irq_line_clear(&out->lines[n]);
        }
    }
    g_array_unref(dev->irq_in);
    g_array_unref(dev->irq_out);
    g_array_unref(dev->regions);
    g_free(dev->id);
}

static void device_class_init(ObjectClass *oc, const TypeInfo *info)
{
    oc->dispose = device_dispose;
}

const TypeInfo device_type = {
    .name = TYPE_DEVICE,
    .parent = TYPE_OBJECT,
    .desc = "a device",
    .instance_size = sizeof(Device),
    .class_size = sizeof(DeviceClass),
    .abstract = true,
    .class_init = device_class_init,
    .init = device_init,
    .finalize = device_finalize,
};

/* -- names ------------------------------------------------------------------------------------------------- */

static bool name_is(const char *have, const char *want)
{
    return strcmp(have, want ? want : "") == 0;
}

static DeviceIrqIn *find_in(const Device *dev, const char *name)
{
    for (unsigned i = 0; i < dev->irq_in->len; i++) {
        DeviceIrqIn *in = &g_array_index(dev->irq_in, DeviceIrqIn, i);

        if (name_is(in->name, name)) {
            return in;
        }
    }
    return NULL;
}

static DeviceIrqOut *find_out(const Device *dev, const char *name)
{
    for (unsigned i = 0; i < dev->irq_out->len; i++) {
        DeviceIrqOut *out = &g_array_index(dev->irq_out, DeviceIrqOut, i);

        if (name_is(out->name, name)) {
            return out;
        }
    }
    return NULL;
}

static DeviceIrqIn *need_in(const Device *dev, const char *name, unsigned n)
{
    DeviceIrqIn *in = find_in(dev, name);

    if (!in || n >= in->count) {
        g_error("%s has no interrupt input %s[%u]", dev->parent.oc->info->name, name ? name : "", n);
    }
    return in;
}

bool device_has_irq_in(const Device *dev, const char *in)
{
    return find_in(dev, in) != NULL;
}

bool device_has_irq_out(const Device *dev, const char *out)
{
    return find_out(dev, out) != NULL;
}

void device_init_irq_in(Device *dev, const char *name, IrqHandler *handler, unsigned count)
{
    DeviceIrqIn in = { name ? name : "", handler, count };

    g_assert(!find_in(dev, name));
    g_array_append_val(dev->irq_in, in);
}

void device_init_irq_out(Device *dev, const char *name, IrqLine *lines, unsigned count)
{
    DeviceIrqOut out = { name ? name : "", lines, count };

    g_assert(!find_out(dev, name));
    g_array_append_val(dev->irq_out, out);
}

void device_init_region(Device *dev, const char *name, MemoryRegion *mr)
{
    DeviceRegion region = { name ? name : "", mr };

    for (unsigned i = 0; i < dev->regions->len; i++) {
        g_assert(!name_is(g_array_index(dev->regions, DeviceRegion, i).name, name));
    }
    g_array_append_val(dev->regions, region);
}

IrqLine *device_irq_out(Device *dev, const char *name, unsigned n)
{
    DeviceIrqOut *out = find_out(dev, name);

    if (!out || n >= out->count) {
        g_error("%s has no interrupt output %s[%u]", dev->parent.oc->info->name, name ? name : "", n);
    }
    return &out->lines[n];
}

void device_connect_irq(Device *src, const char *out, unsigned n, Device *dst, const char *in, unsigned m)
{
    irq_line_add(device_irq_out(src, out, n), need_in(dst, in, m)->handler, dst, m);
}

void device_connect_irq_handler(Device *src, const char *out, unsigned n, IrqHandler *handler, void *opaque,
                                unsigned m)
{
    irq_line_add(device_irq_out(src, out, n), handler, opaque, m);
}

void device_set_irq_in(Device *dev, const char *in, unsigned n, int level)
{
    need_in(dev, in, n)->handler(dev, n, level != 0);
}

MemoryRegion *device_region(Device *dev, const char *name)
{
    for (unsigned i = 0; i < dev->regions->len; i++) {
        DeviceRegion *region = &g_array_index(dev->regions, DeviceRegion, i);

        if (!name || name_is(region->name, name)) {
            return region->mr;
        }
    }
    g_error("%s has no region %s", dev->parent.oc->info->name, name ? name : "");
}

/* -- life -------------------------------------------------------------------------------------------------- */

bool device_realize(Device *dev, GError **error)
{
    const DeviceClass *dc = DEVICE_CLASS_OF(dev);

    g_assert(!dev->realized);
    for (Object *o = &dev->parent; o; o = o->parent) {
        if (object_is_a(o, TYPE_MACHINE)) {
            dev->machine = MACHINE(o);
            break;
        }
    }
    if (dc->realize && !dc->realize(dev, error)) {
        return false;
    }
    dev->realized = true;
    dev->parent.frozen = true;
    return true;
}

void device_unrealize(Device *dev)
{
    const DeviceClass *dc = DEVICE_CLASS_OF(dev);

    if (dev->realized) {
        dev->realized = false;
        dev->parent.frozen = false;
        if (dc->unrealize) {
            dc->unrealize(dev);
        }
    }
}

static void reset_below(Object *obj, ResetType type)
{
    for (unsigned i = 0; obj->children && i < obj->children->len; i++) {
        reset_below(obj->children->pdata[i], type);
    }
    if (object_is_a(obj, TYPE_DEVICE) && DEVICE(obj)->realized) {
        const DeviceClass *dc = DEVICE_CLASS_OF(obj);

        if (dc->reset) {
            dc->reset(DEVICE(obj), type);
        }
    }
}

void device_reset(Device *dev, ResetType type)
{
    reset_below(&dev->parent, type);
}
