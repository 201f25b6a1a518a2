/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupts that share an input: the output is raised while any input is.
 * Wiring: irqs "in"[32], "out".
 */
#include "core/qom/device.h"
#include "modules/hw/misc/misc.h"

enum { INPUTS = 32 };

typedef struct IrqOr {
    Device parent;
    IrqLine out;
    uint32_t levels;                            /* under the machine lock, as its devices are */
} IrqOr;
DECLARE_OBJECT(IrqOr, IRQ_OR, "irq-or")

static void or_in(void *opaque, unsigned n, int level)
{
    IrqOr *s = opaque;

    if (level) {
        s->levels |= 1u << n;
    } else {
        s->levels &= ~(1u << n);
    }
    irq_set(&s->out, s->levels != 0);
}

static void or_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "in", or_in, INPUTS);
    device_init_irq_out(DEVICE(obj), "out", &IRQ_OR(obj)->out, 1);
}

static bool or_post_load(void *s, GError **error)
{
    irq_set(&IRQ_OR(s)->out, IRQ_OR(s)->levels != 0);
    return true;
}

static const VMStateField or_vmstate[] = { VMSTATE_UINT(IrqOr, levels), VMSTATE_POST_LOAD(or_post_load), VMSTATE_END };

static void or_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DEVICE_CLASS(oc)->vmstate = or_vmstate;
    DEVICE_CLASS(oc)->category = "Misc";
}

const TypeInfo irq_or_type = {
    .name = "irq-or", .parent = TYPE_DEVICE, .desc = "interrupts that share an input", .instance_size = sizeof(IrqOr),
    .class_init = or_class_init, .init = or_init,
};
