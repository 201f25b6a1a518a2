/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices: objects with realize, reset, named interrupt lines, named memory regions and a state table.
 * Life: object_new -> set properties -> device_realize -> device_reset -> ... -> unref.
 */
#ifndef CORE_QOM_DEVICE_H
#define CORE_QOM_DEVICE_H

#include "core/qom/irq.h"
#include "core/qom/object.h"
#include "core/qom/vmstate.h"

#define TYPE_DEVICE "device"

typedef enum ResetType {
    RESET_COLD,                                 /* power on */
    RESET_WARM,                                 /* the reset line; RAM-like contents stay */
} ResetType;

struct DeviceClass {
    ObjectClass parent;
    bool (*realize)(Device *dev, GError **error);
    void (*unrealize)(Device *dev);
    void (*reset)(Device *dev, ResetType type);
    /*
     * Before realize, for a device that the user made (-device) and that sits on a bus: finds its place among the
     * machine's devices ("bus" property: an id or path; without one, the first that has room). NULL: needs none.
     */
    bool (*plug)(Device *dev, Machine *m, GError **error);
    const VMStateField *vmstate;
    const char *category;                       /* heading in -device help: "Storage", "Network", ... */
};

typedef struct DeviceIrqIn {
    const char *name;
    IrqHandler *handler;
    unsigned count;
} DeviceIrqIn;

typedef struct DeviceIrqOut {
    const char *name;
    IrqLine *lines;
    unsigned count;
} DeviceIrqOut;

typedef struct DeviceRegion {
    const char *name;
    MemoryRegion *mr;
} DeviceRegion;

struct Device {
    Object parent;
    Machine *machine;                           /* set by device_realize from the tree; NULL in a unit test */
    bool realized;
    AddressSpace *dma;                          /* where it masters; set by the board, or NULL: see device_dma */
    char *id;                                   /* -device id=, or NULL */
    GArray *irq_in;                             /* DeviceIrqIn */
    GArray *irq_out;                            /* DeviceIrqOut */
    GArray *regions;                            /* DeviceRegion */
};

DECLARE_OBJECT(Device, DEVICE, TYPE_DEVICE)
DECLARE_CLASS(DeviceClass, DEVICE, TYPE_DEVICE)

extern const TypeInfo device_type;

/* Declared in init or realize, before anybody connects. Names are string constants; NULL name means "". */
void device_init_irq_in(Device *dev, const char *name, IrqHandler *handler, unsigned count);
void device_init_irq_out(Device *dev, const char *name, IrqLine *lines, unsigned count);
void device_init_region(Device *dev, const char *name, MemoryRegion *mr);

/* A wrong name or number is the board's mistake (assertion). */
void device_connect_irq(Device *src, const char *out, unsigned n, Device *dst, const char *in, unsigned m);
/* Drives an input directly (tests, the monitor). */
void device_set_irq_in(Device *dev, const char *in, unsigned n, int level);
IrqLine *device_irq_out(Device *dev, const char *out, unsigned n);
MemoryRegion *device_region(Device *dev, const char *name);         /* NULL name: the first */
bool device_has_irq_in(const Device *dev, const char *in);
bool device_has_irq_out(const Device *dev, const char *out);
/* An output without an IrqLine of its own in reach: joins a handler that is no device (tests, CPU kicks). */
void device_connect_irq_handler(Device *src, const char *out, unsigned n, IrqHandler *handler, void *opaque,
                                unsigned m);

/* Realizes dev and, first, nothing else: children are the device's own business in its realize. Once only. */
bool device_realize(Device *dev, GError **error);
void device_unrealize(Device *dev);
/* Resets the realized devices below dev in order of creation, then dev. */
void device_reset(Device *dev, ResetType type);

#endif
