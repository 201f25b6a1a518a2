/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK AHB GPIO (Arm DDI 0479D, 3.2): 16 pins, with masked access and interrupts by level or edge. Wiring: region "regs",
 * inputs "in"[16], outputs "out"[16], irqs "irq" (of all) and "pin"[16]. No alternate functions: a pin is what it is here.
 */
#include "core/bits.h"
#include "core/exec/regdev.h"
#include "modules/hw/arm_m/mps2.h"

enum { DATA, DATAOUT, OUTENSET, OUTENCLR, ALTSET, ALTCLR, INTENSET, INTENCLR, INTTYPESET, INTTYPECLR, INTPOLSET, INTPOLCLR,
       INTSTATUS, MASKLOW, MASKHIGH, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS, PINS = 16 };

typedef struct CmsdkGpio {
    RegDevice parent;
    /* wiring */
    IrqLine out[PINS], pin[PINS], irq;
    /* guest state: of a pair of set and clear registers the first has the value */
    uint32_t reg[NUM_REGS];
    uint32_t level;                             /* of the inputs */
    uint32_t last;                              /* of the pins, for edges */
} CmsdkGpio;
DECLARE_OBJECT(CmsdkGpio, CMSDK_GPIO, "cmsdk-ahb-gpio")

static void update(void *dev)
{
    CmsdkGpio *s = CMSDK_GPIO(dev);
    uint32_t enabled = s->reg[OUTENSET], pins = (s->level & ~enabled) | (s->reg[DATAOUT] & enabled);
    uint32_t polarity = s->reg[INTPOLSET], edge = s->reg[INTTYPESET], active = ~(pins ^ polarity) & 0xffff;
    uint32_t came = (pins ^ s->last) & active;

    s->reg[INTSTATUS] |= ((edge & came) | (~edge & active)) & s->reg[INTENSET];
    s->last = s->reg[DATA] = pins;
    for (unsigned i = 0; i < PINS; i++) {
        irq_set(&s->out[i], pins >> i & enabled >> i & 1);
        irq_set(&s->pin[i], s->reg[INTSTATUS] >> i & 1);
    }
    irq_set(&s->irq, s->reg[INTSTATUS] != 0);
}

static void set_input(void *opaque, unsigned n, int level)
{
    CmsdkGpio *s = opaque;

    s->level = deposit32(s->level, n, 1, !!level);
    update(s);
}

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CMSDK_GPIO(dev)->reg[DATAOUT] = v & 0xffff;
    update(dev);
}

static const RegDef regs[NUM_REGS];

static void set_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CMSDK_GPIO(dev)->reg[r - regs] |= v & 0xffff;
    update(dev);
}

static void clear_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CMSDK_GPIO(dev)->reg[r - regs - 1] &= ~v;
    update(dev);
}

static uint64_t clear_read(void *dev, const RegDef *r, unsigned n)
{
    return CMSDK_GPIO(dev)->reg[r - regs - 1];
}

static void status_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CMSDK_GPIO(dev)->reg[INTSTATUS] &= ~v;
    update(dev);
}

static uint64_t mask_read(void *dev, const RegDef *r, unsigned n)
{
    return CMSDK_GPIO(dev)->reg[DATA] & n << (r->offset == 0x800 ? 8 : 0);
}

static void mask_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CmsdkGpio *s = CMSDK_GPIO(dev);
    uint32_t mask = n << (r->offset == 0x800 ? 8 : 0);

    s->reg[DATAOUT] = (s->reg[DATAOUT] & ~mask) | (v & mask);
    update(s);
}

#define PAIR(id, at, name) \
    [id] = { at, name "SET", .write = set_write }, \
    [(id) + 1] = { (at) + 4, name "CLR", .read = clear_read, .write = clear_write, .no_store = true }
static const RegDef regs[NUM_REGS] = {
    [DATA] = { 0x00, "DATA", .write = data_write }, [DATAOUT] = { 0x04, "DATAOUT", .write = data_write },
    PAIR(OUTENSET, 0x10, "OUTEN"), PAIR(ALTSET, 0x18, "ALTFUNC"), PAIR(INTENSET, 0x20, "INTEN"),
    PAIR(INTTYPESET, 0x28, "INTTYPE"), PAIR(INTPOLSET, 0x30, "INTPOL"),
    [INTSTATUS] = { 0x38, "INTSTATUS", .write = status_write },
    [MASKLOW] = { 0x400, "MASKLOWBYTE", .read = mask_read, .write = mask_write, .count = 256, .no_store = true },
    [MASKHIGH] = { 0x800, "MASKHIGHBYTE", .read = mask_read, .write = mask_write, .count = 256, .no_store = true },
    CMSDK_ID_ROWS(IDS, 0x20),
};

static void gpio_init(Object *obj)
{
    CmsdkGpio *s = CMSDK_GPIO(obj);

    device_init_irq_in(DEVICE(obj), "in", set_input, PINS);
    device_init_irq_out(DEVICE(obj), "out", s->out, PINS);
    device_init_irq_out(DEVICE(obj), "pin", s->pin, PINS);
    device_init_irq_out(DEVICE(obj), "irq", &s->irq, 1);
}

static void gpio_reset(Device *dev, ResetType type)
{
    CmsdkGpio *s = CMSDK_GPIO(dev);

    s->last = s->level;
}

static const VMStateField gpio_vmstate[] = {
    VMSTATE_UINT(CmsdkGpio, level), VMSTATE_UINT(CmsdkGpio, last), VMSTATE_END
};

static const RegDeviceSpec gpio_spec = {
    REG_DEVICE_REGS(CmsdkGpio, regs), .vmstate = gpio_vmstate, .reset = gpio_reset, .update = update,
};

const TypeInfo cmsdk_gpio_type = {
    .name = "cmsdk-ahb-gpio", .desc = "CMSDK GPIO", .instance_size = sizeof(CmsdkGpio),
    .init = gpio_init, REG_DEVICE_TYPE(gpio_spec),
};
