/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 GPIO (ST RM0090, 8), SYSCFG (9) and EXTI (12): pins, which of them is whose external interrupt line, and edges.
 * A pin that nothing drives reads as its pull, low without one; alternate functions connect pins to nothing.
 * Wiring: GPIO: region "regs"; irqs "in"[16], "out"[16] (what the port drives), "pin"[16] (what is on the pin); property
 * "port". SYSCFG: "pin"[144], "exti"[16], "remap"[4] (what is at address 0). EXTI: "line"[23], "irq"[14] (lines 0 to 4, 5 to
 * 9, 10 to 15, 16 to 22), "event".
 */
#include "core/bits.h"
#include "modules/hw/arm_m/stm32.h"

enum { GP_MODER, GP_OTYPER, GP_OSPEEDR, GP_PUPDR, GP_IDR, GP_ODR, GP_BSRR, GP_LCKR, GP_AFRL, GP_AFRH, GP_NUM };
enum { PINS = 16, PORTS = 9 };
enum { MODE_IN, MODE_OUT, MODE_AF, MODE_ANALOG, PULL_UP = 1, LCKK = 1 << 16 };

typedef struct Stm32Gpio {
    RegDevice parent;
    /* wiring */
    IrqLine out[PINS], pin[PINS];
    uint32_t port;
    /* guest state */
    uint32_t reg[GP_NUM];
    uint32_t driven, level;                     /* inputs that something drives */
    uint32_t lock_step, lock_bits;              /* of the sequence that locks the configuration */
} Stm32Gpio;
DECLARE_OBJECT(Stm32Gpio, STM32_GPIO, "stm32f4-gpio")

static bool pin_level(const Stm32Gpio *s, unsigned i)
{
    unsigned mode = extract32(s->reg[GP_MODER], 2 * i, 2);
    bool odr = s->reg[GP_ODR] >> i & 1, open_drain = s->reg[GP_OTYPER] >> i & 1;

    if (mode == MODE_ANALOG || (mode == MODE_OUT && !odr)) {
        return false;
    }
    if (mode == MODE_OUT && !open_drain) {
        return true;
    }
    return s->driven >> i & 1 ? s->level >> i & 1 : extract32(s->reg[GP_PUPDR], 2 * i, 2) == PULL_UP;
}

static void gpio_update(void *dev)
{
    Stm32Gpio *s = STM32_GPIO(dev);
    uint32_t idr = 0;

    for (unsigned i = 0; i < PINS; i++) {
        idr |= (uint32_t)pin_level(s, i) << i;
    }
    s->reg[GP_IDR] = idr;
    for (unsigned i = 0; i < PINS; i++) {
        irq_set(&s->out[i], extract32(s->reg[GP_MODER], 2 * i, 2) == MODE_OUT && s->reg[GP_ODR] >> i & 1);
        irq_set(&s->pin[i], idr >> i & 1);
    }
}

static void gpio_in(void *opaque, unsigned n, int level)
{
    Stm32Gpio *s = opaque;

    s->driven |= 1u << n;
    s->level = deposit32(s->level, n, 1, !!level);
    gpio_update(s);
}

/* Fields of `width` bits a pin, from pin `first`; a locked pin keeps its own. */
static void config(Stm32Gpio *s, uint32_t *reg, unsigned width, unsigned first, uint32_t v)
{
    for (unsigned i = 0; i < 32 / width && first + i < PINS; i++) {
        if (!(s->reg[GP_LCKR] & LCKK && s->reg[GP_LCKR] >> (first + i) & 1)) {
            *reg = deposit32(*reg, width * i, width, v >> width * i);
        }
    }
    gpio_update(s);
}

static void config_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    static const uint8_t width[GP_NUM] = { [GP_MODER] = 2, [GP_OTYPER] = 1, [GP_OSPEEDR] = 2, [GP_PUPDR] = 2, [GP_AFRL] = 4,
                                           [GP_AFRH] = 4 };
    Stm32Gpio *s = STM32_GPIO(dev);
    unsigned id = r - s->parent.bank.defs;

    config(s, &s->reg[id], width[id], id == GP_AFRH ? 8 : 0, v);
}

static void odr_after(void *dev, const RegDef *r, unsigned n)
{
    gpio_update(dev);
}

/* Setting wins. */
static void bsrr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Gpio *s = STM32_GPIO(dev);

    s->reg[GP_ODR] = (s->reg[GP_ODR] & ~(uint32_t)(v >> 16)) | (v & 0xffff);
    gpio_update(s);
}

/* 1, 0, 1 with the same pins, then a read, lock them until reset (8.3.4). */
static void lckr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Gpio *s = STM32_GPIO(dev);
    bool key = v & LCKK;

    if (s->reg[GP_LCKR] & LCKK) {
        return;
    }
    if (key && s->lock_step == 0) {
        s->lock_bits = v & 0xffff;
        s->lock_step = 1;
    } else if ((v & 0xffff) == s->lock_bits && key == (s->lock_step == 2) && s->lock_step < 3) {
        s->lock_step++;
    } else {
        s->lock_step = 0;
    }
    s->reg[GP_LCKR] = v & 0xffff;
}

static uint64_t lckr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Gpio *s = STM32_GPIO(dev);

    if (s->lock_step == 3) {
        s->reg[GP_LCKR] |= LCKK;
    }
    return s->reg[GP_LCKR];
}

static const RegDef gpio_regs[GP_NUM] = {
    [GP_MODER] = { 0x00, "GPIO_MODER", .write = config_write }, [GP_OTYPER] = { 0x04, "GPIO_OTYPER", .write = config_write },
    [GP_OSPEEDR] = { 0x08, "GPIO_OSPEEDR", .write = config_write }, [GP_PUPDR] = { 0x0c, "GPIO_PUPDR", .write = config_write },
    [GP_IDR] = { 0x10, "GPIO_IDR" }, [GP_ODR] = { 0x14, "GPIO_ODR", .rw = 0xffff, .after = odr_after },
    [GP_BSRR] = { 0x18, "GPIO_BSRR", .write = bsrr_write, .no_store = true },
    [GP_LCKR] = { 0x1c, "GPIO_LCKR", .read = lckr_read, .write = lckr_write },
    [GP_AFRL] = { 0x20, "GPIO_AFRL", .write = config_write }, [GP_AFRH] = { 0x24, "GPIO_AFRH", .write = config_write },
};

static void gpio_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "in", gpio_in, PINS);
    IRQ_OUT(Stm32Gpio, out, "out");
    IRQ_OUT(Stm32Gpio, pin, "pin");
}

/* The debug port's pins are its own after a reset. */
static void gpio_reset(Device *dev, ResetType type)
{
    static const struct { uint32_t moder, ospeedr, pupdr; } reset[] = {
        { 0xa8000000, 0x0c000000, 0x64000000 }, { 0x00000280, 0x000000c0, 0x00000100 },
    };
    Stm32Gpio *s = STM32_GPIO(dev);

    s->lock_step = s->lock_bits = 0;
    if (s->port < G_N_ELEMENTS(reset)) {
        s->reg[GP_MODER] = reset[s->port].moder;
        s->reg[GP_OSPEEDR] = reset[s->port].ospeedr;
        s->reg[GP_PUPDR] = reset[s->port].pupdr;
    }
}

static const VMStateField gpio_vmstate[] = {
    VMSTATE_UINT(Stm32Gpio, driven), VMSTATE_UINT(Stm32Gpio, level), VMSTATE_UINT(Stm32Gpio, lock_step),
    VMSTATE_UINT(Stm32Gpio, lock_bits), VMSTATE_END
};

static const RegDeviceSpec gpio_spec = {
    REG_DEVICE_REGS(Stm32Gpio, gpio_regs), .size = 0x400, .vmstate = gpio_vmstate, .reset = gpio_reset,
    .update = gpio_update,
};

static const Property gpio_props[] = {
    { .name = "port", .type = PROP_U32, .offset = offsetof(Stm32Gpio, port), .def = 2, .max = PORTS - 1,
      .help = "which it is: 0 is A" }, PROP_END
};

const TypeInfo stm32_gpio_type = {
    .name = "stm32f4-gpio", .desc = "STM32F4 GPIO port", .instance_size = sizeof(Stm32Gpio),
    .props = gpio_props, .init = gpio_init, REG_DEVICE_TYPE(gpio_spec),
};

/* -- SYSCFG ------------------------------------------------------------------------------------------------------------------ */

enum { SC_MEMRMP, SC_PMC, SC_EXTICR1, SC_EXTICR2, SC_EXTICR3, SC_EXTICR4, SC_CMPCR, SC_NUM };

typedef struct Stm32Syscfg {
    RegDevice parent;
    IrqLine exti[PINS], remap[4];
    uint32_t reg[SC_NUM];
    uint16_t level[PORTS];
} Stm32Syscfg;
DECLARE_OBJECT(Stm32Syscfg, STM32_SYSCFG, "stm32f4-syscfg")

static void syscfg_update(void *dev)
{
    Stm32Syscfg *s = STM32_SYSCFG(dev);

    for (unsigned i = 0; i < PINS; i++) {
        unsigned port = extract32(s->reg[SC_EXTICR1 + i / 4], 4 * (i % 4), 4);

        irq_set(&s->exti[i], port < PORTS && s->level[port] >> i & 1);
    }
    for (unsigned pass = 0; pass < 2; pass++) { /* what goes goes first */
        for (unsigned i = 0; i < G_N_ELEMENTS(s->remap); i++) {
            bool here = (s->reg[SC_MEMRMP] & 3) == i;

            if (here == (pass == 1)) {
                irq_set(&s->remap[i], here);
            }
        }
    }
}

static void syscfg_pin(void *opaque, unsigned n, int level)
{
    Stm32Syscfg *s = opaque;

    s->level[n / PINS] = deposit32(s->level[n / PINS], n % PINS, 1, !!level);
    syscfg_update(s);
}

static void syscfg_after(void *dev, const RegDef *r, unsigned n)
{
    syscfg_update(dev);
}

/* The compensation cell is ready when it is on. */
static void cmpcr_after(void *dev, const RegDef *r, unsigned n)
{
    STM32_SYSCFG(dev)->reg[SC_CMPCR] = (STM32_SYSCFG(dev)->reg[SC_CMPCR] & 1) * 0x101;
}

static const RegDef syscfg_regs[SC_NUM] = {
    [SC_MEMRMP] = { 0x00, "SYSCFG_MEMRMP", .rw = 3, .after = syscfg_after }, [SC_PMC] = { 0x04, "SYSCFG_PMC", .rw = 1 << 23 },
    [SC_EXTICR1] = { 0x08, "SYSCFG_EXTICR1", .rw = 0xffff, .after = syscfg_after },
    [SC_EXTICR2] = { 0x0c, "SYSCFG_EXTICR2", .rw = 0xffff, .after = syscfg_after },
    [SC_EXTICR3] = { 0x10, "SYSCFG_EXTICR3", .rw = 0xffff, .after = syscfg_after },
    [SC_EXTICR4] = { 0x14, "SYSCFG_EXTICR4", .rw = 0xffff, .after = syscfg_after },
    [SC_CMPCR] = { 0x20, "SYSCFG_CMPCR", .rw = 1, .after = cmpcr_after },
};

static void syscfg_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "pin", syscfg_pin, PORTS * PINS);
    IRQ_OUT(Stm32Syscfg, exti, "exti");
    IRQ_OUT(Stm32Syscfg, remap, "remap");
}

static const VMStateField syscfg_vmstate[] = { VMSTATE_UINT_ARRAY(Stm32Syscfg, level), VMSTATE_END };

static const RegDeviceSpec syscfg_spec = {
    REG_DEVICE_REGS(Stm32Syscfg, syscfg_regs), .size = 0x400, .vmstate = syscfg_vmstate, .update = syscfg_update,
};

const TypeInfo stm32_syscfg_type = {
    .name = "stm32f4-syscfg", .desc = "STM32F4 system configuration", .instance_size = sizeof(Stm32Syscfg),
    .init = syscfg_init, REG_DEVICE_TYPE(syscfg_spec),
};

/* -- EXTI -------------------------------------------------------------------------------------------------------------------- */

enum { EX_IMR, EX_EMR, EX_RTSR, EX_FTSR, EX_SWIER, EX_PR, EX_NUM, LINES = 23, EX_IRQS = 14, EX_ALL = (1 << LINES) - 1 };

typedef struct Stm32Exti {
    RegDevice parent;
    IrqLine irq[EX_IRQS], event;
    uint32_t reg[EX_NUM];
    uint32_t level;
} Stm32Exti;
DECLARE_OBJECT(Stm32Exti, STM32_EXTI, "stm32f4-exti")

static void exti_update(void *dev)
{
    Stm32Exti *s = STM32_EXTI(dev);
    uint32_t pending = s->reg[EX_PR] & s->reg[EX_IMR];

    for (unsigned i = 0; i < EX_IRQS; i++) {
        uint32_t lines = i < 5 ? 1u << i : i == 5 ? 0x3e0 : i == 6 ? 0xfc00 : 1u << (i + 9);

        irq_set(&s->irq[i], (pending & lines) != 0);
    }
}

static void trigger(Stm32Exti *s, uint32_t lines, bool pend)
{
    if (pend) {
        s->reg[EX_PR] |= lines;
        exti_update(s);
    }
    if (lines & s->reg[EX_EMR]) {
        irq_pulse(&s->event);
    }
}

static void exti_line(void *opaque, unsigned n, int level)
{
    Stm32Exti *s = opaque;
    uint32_t bit = 1u << n;

    if (!!level == !!(s->level & bit)) {
        return;
    }
    s->level ^= bit;
    if (s->reg[level ? EX_RTSR : EX_FTSR] & bit) {
        trigger(s, bit, true);
    }
}

static void exti_after(void *dev, const RegDef *r, unsigned n)
{
    exti_update(dev);
}

static void swier_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Exti *s = STM32_EXTI(dev);
    uint32_t rises = v & ~s->reg[EX_SWIER] & EX_ALL;

    s->reg[EX_SWIER] |= rises;
    trigger(s, rises & s->reg[EX_IMR], true);
    trigger(s, rises, false);
}

static void pr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Exti *s = STM32_EXTI(dev);

    s->reg[EX_PR] &= ~v;
    s->reg[EX_SWIER] &= ~v;
    exti_update(s);
}

static const RegDef exti_regs[EX_NUM] = {
    [EX_IMR] = { 0x00, "EXTI_IMR", .rw = EX_ALL, .after = exti_after }, [EX_EMR] = { 0x04, "EXTI_EMR", .rw = EX_ALL },
    [EX_RTSR] = { 0x08, "EXTI_RTSR", .rw = EX_ALL }, [EX_FTSR] = { 0x0c, "EXTI_FTSR", .rw = EX_ALL },
    [EX_SWIER] = { 0x10, "EXTI_SWIER", .write = swier_write }, [EX_PR] = { 0x14, "EXTI_PR", .write = pr_write },
};

static void exti_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "line", exti_line, LINES);
    IRQ_OUT(Stm32Exti, irq, "irq");
    IRQ_OUT(Stm32Exti, event, "event");
}

static const VMStateField exti_vmstate[] = { VMSTATE_UINT(Stm32Exti, level), VMSTATE_END };

static const RegDeviceSpec exti_spec = {
    REG_DEVICE_REGS(Stm32Exti, exti_regs), .size = 0x400, .vmstate = exti_vmstate, .update = exti_update,
};

const TypeInfo stm32_exti_type = {
    .name = "stm32f4-exti", .desc = "STM32F4 external interrupts", .instance_size = sizeof(Stm32Exti),
    .init = exti_init, REG_DEVICE_TYPE(exti_spec),
};
