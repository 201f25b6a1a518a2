/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that are a register bank: see regdev.h. */
#include "core/exec/regdev.h"

typedef struct RegDeviceClass {
    DeviceClass parent;
    const RegDeviceSpec *spec;
} RegDeviceClass;

DECLARE_CLASS(RegDeviceClass, REG_DEVICE, TYPE_REG_DEVICE)

static const RegDeviceSpec *spec_of(const void *dev)
{
    return REG_DEVICE_CLASS_OF(dev)->spec;
}

static bool reg_device_realize(Device *dev, GError **error)
{
    const RegDeviceSpec *p = spec_of(dev);
    char *s = (char *)dev;

    regbank_init(&REG_DEVICE(dev)->bank, dev, NULL, p->regs, p->num_regs, (uint32_t *)(s + p->values),
                 p->size ? p->size : 0x1000);
    for (const RegDeviceTimer *t = p->timers; t && t->fn; t++) {
        timer_init((Timer *)(s + t->offset), device_clock(dev), t->fn, dev);
    }
    return !p->realize || p->realize(dev, error);
}

static void stop_timers(Device *dev)
{
    for (const RegDeviceTimer *t = spec_of(dev)->timers; t && t->fn; t++) {
        timer_del((Timer *)((char *)dev + t->offset));
    }
}

static void reg_device_unrealize(Device *dev)
{
    if (spec_of(dev)->unrealize) {
        spec_of(dev)->unrealize(dev);
    }
    stop_timers(dev);
    regbank_destroy(&REG_DEVICE(dev)->bank);
}

static void update(void *dev)
{
    if (spec_of(dev)->update) {
        spec_of(dev)->update(dev);
    }
}

static void reg_device_reset(Device *dev, ResetType type)
{
    stop_timers(dev);
    regbank_reset(&REG_DEVICE(dev)->bank);
    if (spec_of(dev)->reset) {
        spec_of(dev)->reset(dev, type);
    }
    update(dev);
}

static bool reg_device_post_load(void *dev, GError **error)
{
    update(dev);
    return true;
}

static const VMStateField reg_device_vmstate[] = {
    VMSTATE_REGS(RegDevice, bank), VMSTATE_POST_LOAD(reg_device_post_load), VMSTATE_END
};

static void base_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = reg_device_realize;
    dc->unrealize = reg_device_unrealize;
    dc->reset = reg_device_reset;
    dc->vmstate = reg_device_vmstate;
}

void reg_device_class_init(ObjectClass *oc, const TypeInfo *info)
{
    const RegDeviceSpec *p = info->class_data;

    REG_DEVICE_CLASS(oc)->spec = p;
    DEVICE_CLASS(oc)->category = p->category ? p->category : "Misc";
    if (p->vmstate) {
        DEVICE_CLASS(oc)->vmstate = p->vmstate;
    }
}

const TypeInfo reg_device_type = {
    .name = TYPE_REG_DEVICE,
    .parent = TYPE_DEVICE,
    .desc = "a device that is a register bank",
    .instance_size = sizeof(RegDevice),
    .class_size = sizeof(RegDeviceClass),
    .abstract = true,
    .class_init = base_class_init,
};
