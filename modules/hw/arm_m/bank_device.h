/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Class functions of small devices, which differ by nothing but names. */
#ifndef MODULES_HW_ARM_M_BANK_DEVICE_H
#define MODULES_HW_ARM_M_BANK_DEVICE_H

#include "core/exec/regbank.h"

/* <prefix>_class_init, of <prefix>_realize, _unrealize, _reset and _vmstate. */
#define BANK_CLASS_INIT(prefix, cat) \
    static void prefix##_class_init(ObjectClass *oc, const TypeInfo *info) \
    { \
        DeviceClass *dc = DEVICE_CLASS(oc); \
        dc->realize = prefix##_realize; \
        dc->unrealize = prefix##_unrealize; \
        dc->reset = prefix##_reset; \
        dc->vmstate = prefix##_vmstate; \
        dc->category = cat; \
    }

/* <prefix>_realize and _unrealize of a device that is its bank, of `len` bytes, and no more. */
#define BANK_LIFE(prefix, T, defs, len) \
    static bool prefix##_realize(Device *dev, GError **error) \
    { \
        regbank_init(&((T *)dev)->bank, dev, NULL, defs, G_N_ELEMENTS(defs), ((T *)dev)->reg, len); \
        return true; \
    } \
    static void prefix##_unrealize(Device *dev) \
    { \
        regbank_destroy(&((T *)dev)->bank); \
    }

/* <prefix>_post_load: what is derived is what <prefix>_update makes. */
#define BANK_POST_LOAD(prefix) \
    static bool prefix##_post_load(void *s, GError **error) \
    { \
        prefix##_update(s); \
        return true; \
    }

#define BANK_IRQ_OUT(obj, T, field, name) \
    device_init_irq_out(DEVICE(obj), name, (IrqLine *)&((T *)(obj))->field, \
                        sizeof(((T *)(obj))->field) / sizeof(IrqLine))

#endif
