/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 watchdogs (ST RM0090, 21 and 22): the independent one counts LSI's 32 kHz down and resets at its end; the window one
 * resets when it was not refreshed, or refreshed too early, and can warn one count before. Options do not start the first.
 * Wiring: region "regs"; irqs "reset" (pulses), and of the window watchdog "irq". Property "frequency" of the latter: PCLK1.
 */
#include "core/bits.h"
#include "modules/hw/arm_m/stm32.h"

/* -- IWDG -------------------------------------------------------------------------------------------------------------------- */

enum { IW_KR, IW_PR, IW_RLR, IW_SR, IW_NUM, IW_HZ = 32000, KEY_START = 0xcccc, KEY_RELOAD = 0xaaaa, KEY_ACCESS = 0x5555 };

typedef struct Stm32Iwdg {
    RegDevice parent;
    IrqLine reset;
    uint32_t reg[IW_NUM];
    bool runs, open;
    Timer timer;
} Stm32Iwdg;
DECLARE_OBJECT(Stm32Iwdg, STM32_IWDG, "stm32f4-iwdg")

static void iwdg_fired(void *opaque)
{
    irq_pulse(&STM32_IWDG(opaque)->reset);
}

static void kr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Iwdg *s = STM32_IWDG(dev);

    s->open = (uint16_t)v == KEY_ACCESS;
    s->runs |= (uint16_t)v == KEY_START;
    if (s->runs && ((uint16_t)v == KEY_START || (uint16_t)v == KEY_RELOAD)) {
        uint64_t counts = (uint64_t)(s->reg[IW_RLR] + 1) * (4u << MIN(s->reg[IW_PR], 6));

        timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + (int64_t)(counts * 1000000000 / IW_HZ));
    }
}

static void iwdg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Iwdg *s = STM32_IWDG(dev);

    if (s->open) {
        s->reg[r - s->parent.bank.defs] = v & (r->offset == 0x04 ? 7 : 0xfff);
    }
}

static const RegDef iwdg_regs[IW_NUM] = {
    [IW_KR] = { 0x00, "IWDG_KR", .write = kr_write, .no_store = true }, [IW_PR] = { 0x04, "IWDG_PR", .write = iwdg_write },
    [IW_RLR] = { 0x08, "IWDG_RLR", .reset = 0xfff, .write = iwdg_write }, [IW_SR] = { 0x0c, "IWDG_SR" },
};

static void iwdg_init(Object *obj)
{
    IRQ_OUT(Stm32Iwdg, reset, "reset");
}

static void iwdg_reset(Device *dev, ResetType type)
{
    Stm32Iwdg *s = STM32_IWDG(dev);

    s->runs = s->open = false;
}

static const VMStateField iwdg_vmstate[] = {
    VMSTATE_BOOL(Stm32Iwdg, runs), VMSTATE_BOOL(Stm32Iwdg, open), VMSTATE_TIMER(Stm32Iwdg, timer), VMSTATE_END
};

static const RegDeviceTimer iwdg_timers[] = { { offsetof(Stm32Iwdg, timer), iwdg_fired }, { 0 } };

static const RegDeviceSpec iwdg_spec = {
    .category = "Timer", REG_DEVICE_REGS(Stm32Iwdg, iwdg_regs), .size = 0x400, .timers = iwdg_timers,
    .vmstate = iwdg_vmstate, .reset = iwdg_reset,
};

const TypeInfo stm32_iwdg_type = {
    .name = "stm32f4-iwdg", .desc = "STM32F4 independent watchdog", .instance_size = sizeof(Stm32Iwdg),
    .init = iwdg_init, REG_DEVICE_TYPE(iwdg_spec),
};

/* -- WWDG -------------------------------------------------------------------------------------------------------------------- */

enum { WW_CR, WW_CFR, WW_SR, WW_NUM, WW_WDGA = 1 << 7, WW_EWI = 1 << 9, WW_LAST = 0x40 };

typedef struct Stm32Wwdg {
    RegDevice parent;
    IrqLine irq, reset;
    uint32_t frequency;
    uint32_t reg[WW_NUM];
    int64_t base;                               /* ns, when the counter was what CR has */
    Timer timer;
} Stm32Wwdg;
DECLARE_OBJECT(Stm32Wwdg, STM32_WWDG, "stm32f4-wwdg")

static void wwdg_update(void *dev)
{
    Stm32Wwdg *s = STM32_WWDG(dev);

    irq_set(&s->irq, s->reg[WW_SR] & 1 && s->reg[WW_CFR] & WW_EWI);
}

static uint64_t count_ns(const Stm32Wwdg *s)
{
    return (UINT64_C(4096) << extract32(s->reg[WW_CFR], 7, 2)) * 1000000000 / s->frequency;
}

/* It counts, too, when it is not to reset. */
static unsigned counter(Stm32Wwdg *s)
{
    uint64_t gone = (uint64_t)(clock_now(device_clock(&s->parent.parent)) - s->base) / count_ns(s);

    return (s->reg[WW_CR] - gone) & 0x7f;
}

/* Next comes the warning, at 0x40, or the end, at 0x3f. */
static void wwdg_schedule(Stm32Wwdg *s)
{
    unsigned t = counter(s), gone = (s->reg[WW_CR] - t) & 0x7f;

    if (!(s->reg[WW_CR] & WW_WDGA)) {
        timer_del(&s->timer);
        return;
    }
    timer_mod(&s->timer, s->base + (int64_t)((gone + (t > WW_LAST ? t - WW_LAST : 1)) * count_ns(s)));
}

static void wwdg_fired(void *opaque)
{
    Stm32Wwdg *s = opaque;

    if (counter(s) & WW_LAST) {
        s->reg[WW_SR] = 1;
        wwdg_update(s);
        wwdg_schedule(s);
    } else {
        irq_pulse(&s->reset);
    }
}

static void wcr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Wwdg *s = STM32_WWDG(dev);
    bool early = s->reg[WW_CR] & WW_WDGA && counter(s) > (s->reg[WW_CFR] & 0x7f);

    s->reg[WW_CR] = (s->reg[WW_CR] & WW_WDGA) | (v & 0xff);
    s->base = clock_now(device_clock(&s->parent.parent));
    wwdg_schedule(s);
    if (s->reg[WW_CR] & WW_WDGA && (early || !(v & WW_LAST))) {
        timer_del(&s->timer);
        irq_pulse(&s->reset);
    }
}

static uint64_t wcr_read(void *dev, const RegDef *r, unsigned n)
{
    return (STM32_WWDG(dev)->reg[WW_CR] & WW_WDGA) | counter(dev);
}

static void cfr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Wwdg *s = STM32_WWDG(dev);
    unsigned t = counter(s);

    s->reg[WW_CR] = (s->reg[WW_CR] & WW_WDGA) | t;
    s->base = clock_now(device_clock(&s->parent.parent));
    s->reg[WW_CFR] = (v & 0x3ff) | (s->reg[WW_CFR] & WW_EWI);
    wwdg_update(s);
    wwdg_schedule(s);
}

static void wsr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_WWDG(dev)->reg[WW_SR] &= v;
    wwdg_update(dev);
}

/* CR is kept by its hooks: what was written at `base`. */
static const RegDef wwdg_regs[] = {
    { 0x00, "WWDG_CR", .reset = 0x7f, .read = wcr_read, .write = wcr_write, .no_store = true },
    { 0x04, "WWDG_CFR", .reset = 0x7f, .write = cfr_write }, { 0x08, "WWDG_SR", .write = wsr_write },
};

static void wwdg_init(Object *obj)
{
    IRQ_OUT(Stm32Wwdg, irq, "irq");
    IRQ_OUT(Stm32Wwdg, reset, "reset");
}

static void wwdg_reset(Device *dev, ResetType type)
{
    Stm32Wwdg *s = STM32_WWDG(dev);

    s->reg[WW_CR] = 0x7f;
    s->base = clock_now(device_clock(dev));
}

static const VMStateField wwdg_vmstate[] = {
    VMSTATE_UINT_ARRAY(Stm32Wwdg, reg), VMSTATE_UINT(Stm32Wwdg, base), VMSTATE_TIMER(Stm32Wwdg, timer), VMSTATE_END
};

static const RegDeviceTimer wwdg_timers[] = { { offsetof(Stm32Wwdg, timer), wwdg_fired }, { 0 } };

static const RegDeviceSpec wwdg_spec = {
    .category = "Timer", REG_DEVICE_REGS(Stm32Wwdg, wwdg_regs), .size = 0x400, .timers = wwdg_timers,
    .vmstate = wwdg_vmstate, .reset = wwdg_reset, .update = wwdg_update,
};

static const Property wwdg_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(Stm32Wwdg, frequency), .def = 42000000, .min = 1000,
      .max = UINT32_MAX, .help = "PCLK1 in Hz" }, PROP_END
};

const TypeInfo stm32_wwdg_type = {
    .name = "stm32f4-wwdg", .desc = "STM32F4 window watchdog", .instance_size = sizeof(Stm32Wwdg),
    .props = wwdg_props, .init = wwdg_init, REG_DEVICE_TYPE(wwdg_spec),
};
