/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that are a register bank and little else, which is most of them. Such a type says what it adds in a
 * RegDeviceSpec, and its struct begins with a RegDevice. What is the same for all is here: bank and timers come and go
 * with the device, a reset stops timers and sets registers before the rest, and lines follow the state after a reset and
 * after a load.
 */
#ifndef CORE_EXEC_REGDEV_H
#define CORE_EXEC_REGDEV_H

#include "core/exec/clock.h"
#include "core/exec/regbank.h"

#define TYPE_REG_DEVICE "register-device"

typedef struct RegDevice {
    Device parent;
    RegBank bank;
} RegDevice;

DECLARE_OBJECT(RegDevice, REG_DEVICE, TYPE_REG_DEVICE)

/* A Timer of the device's struct: on its clock from realize on, stopped by a reset. Its state is a row of the spec's table. */
typedef struct RegDeviceTimer {
    size_t offset;
    TimerFn *fn;                                /* its opaque is the device; NULL: no more */
} RegDeviceTimer;

typedef struct RegDeviceSpec {
    const char *category;                       /* as DeviceClass has it; NULL: "Misc" */
    const RegDef *regs;
    unsigned num_regs;
    uint32_t size;                              /* of the region, in bytes; 0: 4 KiB */
    size_t values;                              /* offset of the struct's uint32_t [num_regs] */
    const RegDeviceTimer *timers;               /* or NULL */
    const VMStateField *vmstate;                /* of what is in no register, or NULL */
    /* All may be NULL. */
    bool (*realize)(Device *dev, GError **error);       /* when bank and timers are there */
    void (*unrealize)(Device *dev);                     /* before they go */
    void (*reset)(Device *dev, ResetType type);         /* after the registers', before update */
    void (*update)(void *dev);                          /* what follows from the state: lines */
} RegDeviceSpec;

/* A spec's registers, where T has its values in `reg`. */
#define REG_DEVICE_REGS(T, table) .regs = table, .num_regs = G_N_ELEMENTS(table), .values = offsetof(T, reg)

/* In a TypeInfo: what makes the type one of these. */
#define REG_DEVICE_TYPE(spec) .parent = TYPE_REG_DEVICE, .class_init = reg_device_class_init, .class_data = &(spec)

extern const TypeInfo reg_device_type;          /* abstract */

void reg_device_class_init(ObjectClass *oc, const TypeInfo *info);

#endif
