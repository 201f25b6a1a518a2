/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PL061: PrimeCell GPIO, eight lines (Arm DDI 0190B).
 * With "pads" the control of pads that Luminary Micro added (Stellaris LM3S6965 data sheet, "GPIOs"): pulls are what an input
 * has that nobody drives, GPIOCR is behind its lock.
 * Not modelled: hardware control of pins (GPIOAFSEL is storage), drive strength, open drain, slew rate, digital enable.
 * Wiring: region "regs", irq "intr"; irq in "in"[8] and out "out"[8]: the pins as inputs and as outputs.
 */
#include "core/bits.h"
#include "core/exec/regbank.h"
#include "modules/hw/gpio/gpio.h"

#define TYPE_PL061 "pl061"
#define NUM_PINS 8

enum {
    DATA, GPIODIR, IS, IBE, IEV, IE, RIS, MIS, IC, AFSEL,
    PERIPHID0, PERIPHID1, PERIPHID2, PERIPHID3, CELLID0, CELLID1, CELLID2, CELLID3, NUM_PL061,
    DR2R = NUM_PL061, DR4R, DR8R, ODR, PUR, PDR, SLR, DEN, LOCK, CR, NUM_REGS
};
#define UNLOCK 0x1acce551

typedef struct PL061State {
    Device parent;
    RegBank bank;
    IrqLine intr;
    IrqLine out[NUM_PINS];
    uint8_t pullups;
    bool pads;
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint8_t out_data;                           /* what was written to output pins */
    uint8_t in_data, in_driven;                 /* what is driven from outside, and of which pins */
    uint8_t pins;                               /* levels at the last look, for edges */
    uint8_t edges;                              /* latched edge interrupts */
} PL061State;

DECLARE_OBJECT(PL061State, PL061, TYPE_PL061)

/* What comes in from outside, or from the pulls. */
static uint8_t inputs(const PL061State *s)
{
    return (s->in_data & s->in_driven) | ((s->pullups | s->reg[PUR]) & ~s->in_driven);
}

/* Derives pin levels, RIS, MIS, and all lines. */
static void update(PL061State *s)
{
    uint8_t dir = (uint8_t)s->reg[GPIODIR], is = (uint8_t)s->reg[IS];
    uint8_t pins = (s->out_data & dir) | (inputs(s) & ~dir);
    uint8_t changed = pins ^ s->pins;
    uint8_t driven = (s->pullups & ~dir) | (s->out_data & dir);

    /* edges: both (IBE), rising (IEV) or falling */
    s->edges |= changed & ~is & (s->reg[IBE] | ~(s->reg[IEV] ^ pins));
    s->edges &= ~is;
    s->pins = pins;
    s->reg[RIS] = (s->edges | (is & ~(s->reg[IEV] ^ pins))) & 0xff;
    s->reg[MIS] = s->reg[RIS] & s->reg[IE];
    for (unsigned i = 0; i < NUM_PINS; i++) {
        irq_set(&s->out[i], driven >> i & 1);
    }
    irq_set(&s->intr, s->reg[MIS] != 0);
}

/* Address bits 9:2 say which pins an access to GPIODATA is about (3.3.1). */
static uint64_t data_read(void *dev, const RegDef *r, unsigned n)
{
    PL061State *s = dev;

    return s->pins & n;
}

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL061State *s = dev;
    uint8_t mask = n & s->reg[GPIODIR];

    s->out_data = (s->out_data & ~mask) | (value & mask);
    update(s);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void ic_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL061State *s = dev;

    s->edges &= ~value;
    update(s);
}

static const RegDef pl061_regs[NUM_REGS];

/* One strength at a time, one pull at a time. */
static void pad_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL061State *s = dev;
    unsigned row = r->offset <= 0x508 ? DR2R : PUR, rows = row == DR2R ? 3 : 2;

    for (unsigned i = row; i < row + rows; i++) {
        s->reg[i] = r == &pl061_regs[i] ? value & 0xff : s->reg[i] & ~value;
    }
    update(s);
}

static void lock_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL061State *s = dev;

    s->reg[LOCK] = value != UNLOCK;
}

static void cr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL061State *s = dev;

    if (!s->reg[LOCK]) {
        s->reg[CR] = value & 0xff;
    }
}

static const RegDef pl061_regs[NUM_REGS] = {
    [DATA]  = { 0x000, "GPIODATA",  .read = data_read, .write = data_write, .count = 256, .no_store = true },
    [GPIODIR]   = { 0x400, "GPIODIR",   .rw = 0xff, .after = after },
    [IS]    = { 0x404, "GPIOIS",    .rw = 0xff, .after = after },
    [IBE]   = { 0x408, "GPIOIBE",   .rw = 0xff, .after = after },
    [IEV]   = { 0x40c, "GPIOIEV",   .rw = 0xff, .after = after },
    [IE]    = { 0x410, "GPIOIE",    .rw = 0xff, .after = after },
    [RIS]   = { 0x414, "GPIORIS" },
    [MIS]   = { 0x418, "GPIOMIS" },
    [IC]    = { 0x41c, "GPIOIC",    .write = ic_write },
    [AFSEL] = { 0x420, "GPIOAFSEL", .rw = 0xff },
    [PERIPHID0] = { 0xfe0, "GPIOPeriphID0", .reset = 0x61 },
    [PERIPHID1] = { 0xfe4, "GPIOPeriphID1", .reset = 0x10 },
    [PERIPHID2] = { 0xfe8, "GPIOPeriphID2", .reset = 0x04 },
    [PERIPHID3] = { 0xfec, "GPIOPeriphID3", .reset = 0x00 },
    [CELLID0]   = { 0xff0, "GPIOPCellID0",  .reset = 0x0d },
    [CELLID1]   = { 0xff4, "GPIOPCellID1",  .reset = 0xf0 },
    [CELLID2]   = { 0xff8, "GPIOPCellID2",  .reset = 0x05 },
    [CELLID3]   = { 0xffc, "GPIOPCellID3",  .reset = 0xb1 },
    [DR2R]  = { 0x500, "GPIODR2R",  .reset = 0xff, .write = pad_write },
    [DR4R]  = { 0x504, "GPIODR4R",  .write = pad_write },
    [DR8R]  = { 0x508, "GPIODR8R",  .write = pad_write },
    [ODR]   = { 0x50c, "GPIOODR",   .rw = 0xff },
    [PUR]   = { 0x510, "GPIOPUR",   .write = pad_write },
    [PDR]   = { 0x514, "GPIOPDR",   .write = pad_write },
    [SLR]   = { 0x518, "GPIOSLR",   .rw = 0xff },
    [DEN]   = { 0x51c, "GPIODEN",   .rw = 0xff },
    [LOCK]  = { 0x520, "GPIOLOCK",  .reset = 1, .write = lock_write },
    [CR]    = { 0x524, "GPIOCR",    .reset = 0xff, .write = cr_write },
};

static void pin_in(void *opaque, unsigned n, int level)
{
    PL061State *s = opaque;

    s->in_data = (uint8_t)deposit32(s->in_data, n, 1, level);
    s->in_driven |= 1u << n;
    update(s);
}

static void pl061_init(Object *obj)
{
    PL061State *s = PL061(obj);

    device_init_irq_out(&s->parent, "intr", &s->intr, 1);
    device_init_irq_out(&s->parent, "out", s->out, NUM_PINS);
    device_init_irq_in(&s->parent, "in", pin_in, NUM_PINS);
}

static bool pl061_realize(Device *dev, GError **error)
{
    PL061State *s = PL061(dev);

    s->pins = s->pullups;
    regbank_init(&s->bank, dev, NULL, pl061_regs, s->pads ? NUM_REGS : NUM_PL061, s->reg, 0x1000);
    return true;
}

static void pl061_unrealize(Device *dev)
{
    regbank_destroy(&PL061(dev)->bank);
}

/* Inputs keep their levels: others drive them. */
static void pl061_reset(Device *dev, ResetType type)
{
    PL061State *s = PL061(dev);

    regbank_reset(&s->bank);
    s->out_data = 0;
    s->pins = inputs(s);
    s->edges = 0;
    update(s);
}

static bool pl061_post_load(void *opaque, GError **error)
{
    update(opaque);
    return true;
}

static const VMStateField pl061_vmstate[] = {
    VMSTATE_REGS(PL061State, bank),
    VMSTATE_UINT(PL061State, out_data),
    VMSTATE_UINT(PL061State, in_data),
    VMSTATE_UINT(PL061State, in_driven),
    VMSTATE_UINT(PL061State, pins),
    VMSTATE_UINT(PL061State, edges),
    VMSTATE_POST_LOAD(pl061_post_load),
    VMSTATE_END
};

static const Property pl061_props[] = {
    PROP_DEF("pullups", PL061State, pullups, PROP_U8, 0, "pins that are 1 while nobody drives them"),
    PROP_DEF("pads", PL061State, pads, PROP_BOOL, 0, "Luminary Micro's registers for pads"),
    PROP_END
};

static void pl061_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = pl061_realize;
    dc->unrealize = pl061_unrealize;
    dc->reset = pl061_reset;
    dc->vmstate = pl061_vmstate;
    dc->category = "Input";
}

const TypeInfo pl061_type = {
    .name = TYPE_PL061,
    .parent = TYPE_DEVICE,
    .desc = "PrimeCell GPIO, eight lines (PL061)",
    .instance_size = sizeof(PL061State),
    .props = pl061_props,
    .class_init = pl061_class_init,
    .init = pl061_init,
};
