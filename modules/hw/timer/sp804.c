/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SP804: Dual-Timer module (Arm DDI 0271). Two down counters of 16 or 32 bits: free running, periodic, one-shot, with
 * prescalers of 1, 16 and 256.
 * A load of 0 interrupts at once and then stands. Not modelled: the integration test registers, clock enables apart.
 * Wiring: region "regs", irq "timint"[2] (TIMINT1, TIMINT2) and "timintc" (either).
 */
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "modules/hw/timer/timer.h"

#define TYPE_SP804 "sp804"
#define NS_PER_SEC UINT64_C(1000000000)

enum { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, BGLOAD, REGS_PER_TIMER, ID0 = 2 * REGS_PER_TIMER, NUM_REGS = ID0 + 8 };
enum { CTL_ONESHOT = 1 << 0, CTL_32BIT = 1 << 1, CTL_PRESCALE_SHIFT = 2, CTL_INTEN = 1 << 5, CTL_PERIODIC = 1 << 6,
       CTL_ENABLE = 1 << 7 };

typedef struct SP804State {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine timint[2], timintc;
    uint32_t frequency;
    /* guest state; LOAD's row has what is reloaded, VALUE's the count at `start` */
    uint32_t reg[NUM_REGS];
    int64_t start[2];                           /* ns: when the count was VALUE's */
    Timer timer[2];                             /* when it comes to 0 */
} SP804State;
DECLARE_OBJECT(SP804State, SP804, TYPE_SP804)

static uint32_t *regs_of(SP804State *s, unsigned n)
{
    return &s->reg[n * REGS_PER_TIMER];
}

static uint32_t mask_of(const uint32_t *reg)
{
    return reg[CONTROL] & CTL_32BIT ? UINT32_MAX : UINT16_MAX;
}

static uint64_t divider(const uint32_t *reg)
{
    static const uint16_t by[4] = { 1, 16, 256, 256 };

    return by[reg[CONTROL] >> CTL_PRESCALE_SHIFT & 3];
}

static void update(SP804State *s)
{
    bool any = false;

    for (unsigned n = 0; n < 2; n++) {
        uint32_t *reg = regs_of(s, n);

        reg[MIS] = reg[RIS] & (reg[CONTROL] & CTL_INTEN ? 1 : 0);
        irq_set(&s->timint[n], (int)reg[MIS]);
        any = any || reg[MIS];
    }
    irq_set(&s->timintc, any);
}

/* Rounded up: the tick has come when the timer fires. */
static int64_t ticks_to_ns(const SP804State *s, const uint32_t *reg, uint64_t ticks)
{
    unsigned __int128 ns = (unsigned __int128)ticks * divider(reg) * NS_PER_SEC + s->frequency - 1;

    return (int64_t)(ns / s->frequency);
}

/* Free running, 0 is followed by the greatest value. */
static uint64_t ticks_to_zero(const uint32_t *reg)
{
    uint32_t value = reg[VALUE] & mask_of(reg);

    return value || reg[CONTROL] & (CTL_PERIODIC | CTL_ONESHOT) ? value : (uint64_t)mask_of(reg) + 1;
}

static uint32_t count_now(SP804State *s, unsigned n)
{
    const uint32_t *reg = regs_of(s, n);
    uint64_t elapsed;

    if (!timer_armed(&s->timer[n])) {
        return reg[VALUE] & mask_of(reg);
    }
    elapsed = (uint64_t)(clock_now(device_clock(&s->parent)) - s->start[n]);
    elapsed = (uint64_t)((unsigned __int128)elapsed * s->frequency / (NS_PER_SEC * divider(reg)));
    return (uint32_t)(ticks_to_zero(reg) - MIN(elapsed, ticks_to_zero(reg))) & mask_of(reg);
}

/* Counts from VALUE on, from `at`. */
static void run(SP804State *s, unsigned n, int64_t at)
{
    uint32_t *reg = regs_of(s, n);
    uint64_t ticks = ticks_to_zero(reg);

    s->start[n] = at;
    if (reg[CONTROL] & CTL_ENABLE && ticks) {
        timer_mod(&s->timer[n], at + ticks_to_ns(s, reg, ticks));
    } else {
        timer_del(&s->timer[n]);
    }
}

static void fired(SP804State *s, unsigned n)
{
    uint32_t *reg = regs_of(s, n);
    int64_t due = s->start[n] + ticks_to_ns(s, reg, ticks_to_zero(reg));

    reg[RIS] = 1;
    reg[VALUE] = reg[CONTROL] & CTL_ONESHOT || !(reg[CONTROL] & CTL_PERIODIC) ? 0 : reg[LOAD];
    if (reg[CONTROL] & CTL_ONESHOT) {
        timer_del(&s->timer[n]);
    } else {
        /* on the beat; but what a stalled host missed is not made up for tick by tick */
        int64_t now = clock_now(device_clock(&s->parent));

        run(s, n, MAX(due, now - ticks_to_ns(s, reg, ticks_to_zero(reg))));
    }
    update(s);
}

static void fired_1(void *opaque)
{
    fired(opaque, 0);
}

static void fired_2(void *opaque)
{
    fired(opaque, 1);
}

static unsigned timer_of(const SP804State *s, const RegDef *r)
{
    return (unsigned)(r - s->bank.defs) / REGS_PER_TIMER;
}

static uint64_t value_read(void *dev, const RegDef *r, unsigned n)
{
    return count_now(dev, timer_of(dev, r));
}

static void load_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    SP804State *s = dev;
    unsigned t = timer_of(s, r);
    uint32_t *reg = regs_of(s, t);

    reg[LOAD] = reg[VALUE] = (uint32_t)value;
    if (!ticks_to_zero(reg) && reg[CONTROL] & CTL_ENABLE) {
        reg[RIS] = 1;
    }
    run(s, t, clock_now(device_clock(&s->parent)));
    update(s);
}

static uint64_t bgload_read(void *dev, const RegDef *r, unsigned n)
{
    return regs_of(dev, timer_of(dev, r))[LOAD];
}

static void bgload_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    regs_of(dev, timer_of(dev, r))[LOAD] = (uint32_t)value;
}

static void control_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    SP804State *s = dev;
    unsigned t = timer_of(s, r);
    uint32_t *reg = regs_of(s, t);

    reg[VALUE] = count_now(s, t);
    reg[CONTROL] = value & 0xef;
    run(s, t, clock_now(device_clock(&s->parent)));
    update(s);
}

static void intclr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    regs_of(dev, timer_of(dev, r))[RIS] = 0;
    update(dev);
}

#define TIMER(n, at) \
    [(n) * REGS_PER_TIMER + LOAD]    = { (at) + 0x00, "TimerLoad", .write = load_write }, \
    [(n) * REGS_PER_TIMER + VALUE]   = { (at) + 0x04, "TimerValue", .reset = UINT32_MAX, .read = value_read, .no_store = true }, \
    [(n) * REGS_PER_TIMER + CONTROL] = { (at) + 0x08, "TimerControl", .reset = CTL_INTEN, .write = control_write }, \
    [(n) * REGS_PER_TIMER + INTCLR]  = { (at) + 0x0c, "TimerIntClr", .write = intclr_write }, \
    [(n) * REGS_PER_TIMER + RIS]     = { (at) + 0x10, "TimerRIS" }, \
    [(n) * REGS_PER_TIMER + MIS]     = { (at) + 0x14, "TimerMIS" }, \
    [(n) * REGS_PER_TIMER + BGLOAD]  = { (at) + 0x18, "TimerBGLoad", .read = bgload_read, .write = bgload_write }

static const RegDef sp804_regs[NUM_REGS] = {
    TIMER(0, 0x00), TIMER(1, 0x20),
    [ID0]     = { 0xfe0, "TimerPeriphID0", .reset = 0x04 },
    [ID0 + 1] = { 0xfe4, "TimerPeriphID1", .reset = 0x18 },
    [ID0 + 2] = { 0xfe8, "TimerPeriphID2", .reset = 0x14 },
    [ID0 + 3] = { 0xfec, "TimerPeriphID3", .reset = 0x00 },
    [ID0 + 4] = { 0xff0, "TimerPCellID0",  .reset = 0x0d },
    [ID0 + 5] = { 0xff4, "TimerPCellID1",  .reset = 0xf0 },
    [ID0 + 6] = { 0xff8, "TimerPCellID2",  .reset = 0x05 },
    [ID0 + 7] = { 0xffc, "TimerPCellID3",  .reset = 0xb1 },
};

static bool sp804_realize(Device *dev, GError **error)
{
    SP804State *s = SP804(dev);

    regbank_init(&s->bank, dev, NULL, sp804_regs, NUM_REGS, s->reg, 0x1000);
    timer_init(&s->timer[0], device_clock(dev), fired_1, s);
    timer_init(&s->timer[1], device_clock(dev), fired_2, s);
    return true;
}

static void sp804_unrealize(Device *dev)
{
    timer_del(&SP804(dev)->timer[0]);
    timer_del(&SP804(dev)->timer[1]);
    regbank_destroy(&SP804(dev)->bank);
}

static void sp804_reset(Device *dev, ResetType type)
{
    SP804State *s = SP804(dev);

    regbank_reset(&s->bank);
    for (unsigned n = 0; n < 2; n++) {
        timer_del(&s->timer[n]);
        s->start[n] = 0;
        regs_of(s, n)[VALUE] = UINT32_MAX;
    }
    update(s);
}

static bool sp804_loaded(void *opaque, GError **error)
{
    update(opaque);
    return true;
}

static void sp804_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "timint", SP804(obj)->timint, 2);
    device_init_irq_out(DEVICE(obj), "timintc", &SP804(obj)->timintc, 1);
}

static const VMStateField sp804_vmstate[] = {
    VMSTATE_UINT_ARRAY(SP804State, reg), VMSTATE_UINT_ARRAY(SP804State, start), VMSTATE_TIMER(SP804State, timer[0]),
    VMSTATE_TIMER(SP804State, timer[1]), VMSTATE_POST_LOAD(sp804_loaded), VMSTATE_END
};

static const Property sp804_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(SP804State, frequency), .min = 1, .max = UINT32_MAX,
      .def = 1000000, .help = "of the counters, in Hz" },
    PROP_END
};

static void sp804_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = sp804_realize;
    dc->unrealize = sp804_unrealize;
    dc->reset = sp804_reset;
    dc->vmstate = sp804_vmstate;
    dc->category = "Time";
}

const TypeInfo sp804_type = {
    .name = TYPE_SP804, .parent = TYPE_DEVICE, .desc = "Dual-Timer module (SP804)", .instance_size = sizeof(SP804State),
    .props = sp804_props, .class_init = sp804_class_init, .init = sp804_init,
};
