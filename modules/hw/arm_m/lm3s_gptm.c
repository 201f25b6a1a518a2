/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * General-purpose timer of Stellaris (LM3S6965 data sheet, "General-Purpose Timers"): one counter of 32 bits, one-shot,
 * periodic or of a real-time clock, or two of 16 bits with prescalers, which also count and time edges of an input and
 * count for PWM.
 * A counter goes down to 0, which is its time-out, and from there to its interval: a period of interval + 1; with an
 * interval of 0 it stands. The real-time clock goes up, and from its match value to 0; its 32.768 kHz are taken for
 * connected. A debugger stops the machine's clock, so that every counter stalls, whatever TnSTALL says. Not modelled: the
 * PWM output, which goes nowhere.
 * Wiring: region "regs", irqs "timer-a", "timer-b", inputs "ccp"[2], output "trigger" (pulses). Property "frequency".
 */
#include "core/bits.h"
#include "core/exec/regdev.h"
#include "modules/hw/arm_m/lm3s.h"

enum { CFG, TAMR, TBMR, CTL, IMR, RIS, MIS, ICR, ILR, MATCHR, TAPR, TBPR, TAPMR, TBPMR, VALUE, NUM_REGS };
enum { A, B, CFG_RTC = 1, CFG_PAIR = 4, TMR_ONE_SHOT = 1, TMR_PERIODIC = 2, TMR_CAPTURE = 3, TMR_TIME = 4, TMR_PWM = 8 };
enum { CTL_EN = 1, CTL_EVENT_NEG = 4, CTL_EVENT_BOTH = 0xc, CTL_OTE = 0x20, CTL_MASK = 0x6f7f };
enum { INT_TIMEOUT = 1, INT_MATCH = 2, INT_EVENT = 4, INT_RTC = 8, INT_MASK = 0x70f };
enum { RTC_HZ = 32768, MIN_NS = 1000 };

/* One of the two, or, as the first of them, both together. */
typedef struct Counter {
    uint32_t interval, match;                   /* 16 bits of them each */
    uint32_t value;                             /* at `base`, in ticks of its clock */
    uint64_t base;
    uint32_t captured;
    bool level;                                 /* of the input */
    Timer timer;
} Counter;

typedef struct Lm3sGptm {
    RegDevice parent;
    /* wiring */
    IrqLine irq[2], trigger;
    /* guest state */
    uint32_t frequency;                         /* of the system clock, in Hz */
    uint32_t reg[NUM_REGS];
    Counter half[2];
} Lm3sGptm;
DECLARE_OBJECT(Lm3sGptm, LM3S_GPTM, "lm3s-gptm")

static void update(void *dev)
{
    Lm3sGptm *s = LM3S_GPTM(dev);

    s->reg[MIS] = s->reg[RIS] & s->reg[IMR];
    irq_set(&s->irq[A], s->reg[MIS] & 0xff);
    irq_set(&s->irq[B], s->reg[MIS] >> 8);
}

/* -- what a counter does ----------------------------------------------------------------------------------------------------- */

typedef enum Mode { STANDS, ONE_SHOT, PERIODIC, RTC, EDGE_COUNT, EDGE_TIME, PWM } Mode;

static bool paired(const Lm3sGptm *s)
{
    return s->reg[CFG] & CFG_PAIR;
}

/* Its bits of CTL are a byte for each. */
static uint32_t ctl(const Lm3sGptm *s, unsigned n)
{
    return s->reg[CTL] >> (8 * n) & 0xff;
}

static Mode mode(const Lm3sGptm *s, unsigned n)
{
    uint32_t tmr = s->reg[TAMR + n];

    if (!(ctl(s, n) & CTL_EN) || (n == B && !paired(s))) {
        return STANDS;
    }
    if (s->reg[CFG] == CFG_RTC) {
        return RTC;
    }
    switch (tmr & 3) {
    case TMR_ONE_SHOT:
        return ONE_SHOT;
    case TMR_PERIODIC:
        return paired(s) && tmr & TMR_PWM ? PWM : PERIODIC;
    case TMR_CAPTURE:
        return !paired(s) ? STANDS : tmr & TMR_TIME ? EDGE_TIME : EDGE_COUNT;
    default:
        return STANDS;
    }
}

static uint32_t wide(const Lm3sGptm *s, unsigned n, uint32_t low, uint32_t high)
{
    return !paired(s) && n == A ? high << 16 | low : n == A ? low : high;
}

static uint32_t interval(const Lm3sGptm *s, unsigned n)
{
    return wide(s, n, s->half[A].interval, s->half[B].interval);
}

static uint32_t match(const Lm3sGptm *s, unsigned n)
{
    return wide(s, n, s->half[A].match, s->half[B].match);
}

/* -- time -------------------------------------------------------------------------------------------------------------------- */

static uint32_t rate(Mode m, const Lm3sGptm *s)
{
    return m == RTC ? RTC_HZ : s->frequency;
}

static uint32_t divisor(Mode m, const Lm3sGptm *s, unsigned n)
{
    return m == RTC ? RTC_HZ : paired(s) && (m == ONE_SHOT || m == PERIODIC) ? s->reg[TAPR + n] + 1 : 1;
}

static uint64_t ticks(Lm3sGptm *s, Mode m)
{
    return (unsigned __int128)(uint64_t)clock_now(device_clock(&s->parent.parent)) * rate(m, s) / 1000000000;
}

static int64_t time_of(const Lm3sGptm *s, Mode m, unsigned __int128 tick)
{
    unsigned __int128 ns = (tick * 1000000000 + rate(m, s) - 1) / rate(m, s);

    return ns > INT64_MAX - 1 ? INT64_MAX - 1 : (int64_t)ns;
}

static bool runs(Mode m)
{
    return m != STANDS && m != EDGE_COUNT;
}

/* Counts to the next time-out or match; 0: there is none. */
static uint64_t until(const Lm3sGptm *s, Mode m, unsigned n)
{
    uint64_t value = s->half[n].value, goal = match(s, n);

    if (m != RTC) {
        return counter_until_zero(s->half[n].value, interval(s, n));
    }
    return value < goal ? goal - value : value == goal ? goal + 1 : BIT64(32) - value + goal;
}

/* Up, and from the match value to 0; whether it matched. */
static bool run_rtc(Lm3sGptm *s, unsigned n, uint64_t counts)
{
    uint64_t goal = match(s, n), next = until(s, RTC, n);
    uint32_t *value = &s->half[n].value;

    if (counts < next) {
        *value = (uint32_t)(counts && *value == goal ? counts - 1 : *value + counts);
        return false;
    }
    counts = (counts - next) % (goal + 1);
    *value = (uint32_t)(counts ? counts - 1 : goal);
    return true;
}

static void set_value(Lm3sGptm *s, unsigned n, uint32_t value)
{
    s->half[n].value = value;
    s->half[n].base = ticks(s, mode(s, n));
}

/* The rate has changed. */
static void rebase(Lm3sGptm *s, unsigned n)
{
    set_value(s, n, s->half[n].value);
}

static void reached(Lm3sGptm *s, Mode m, unsigned n)
{
    if (m == ONE_SHOT) {
        s->reg[CTL] &= ~((uint32_t)CTL_EN << 8 * n);
        s->half[n].value = interval(s, n);
    }
    if (m == EDGE_TIME || m == PWM) {
        return;
    }
    s->reg[RIS] |= (uint32_t)(m == RTC ? INT_RTC : INT_TIMEOUT) << 8 * n;
    if (m != RTC && ctl(s, n) & CTL_OTE) {
        irq_pulse(&s->trigger);
    }
}

/* Brings a counter to the present. */
static void catch_up(Lm3sGptm *s, unsigned n)
{
    Counter *c = &s->half[n];
    Mode m = mode(s, n);
    uint64_t counts;

    if (!runs(m)) {
        return;
    }
    counts = (ticks(s, m) - c->base) / divisor(m, s, n);
    c->base += counts * divisor(m, s, n);
    if (m == RTC ? run_rtc(s, n, counts) : counter_run(&c->value, interval(s, n), counts)) {
        reached(s, m, n);
        update(s);
    }
}

static void schedule(Lm3sGptm *s, unsigned n)
{
    Mode m = mode(s, n);

    if ((m == ONE_SHOT || m == PERIODIC || m == RTC) && until(s, m, n)) {
        int64_t at = time_of(s, m, s->half[n].base + (unsigned __int128)until(s, m, n) * divisor(m, s, n));

        /* one of a few clocks only: the host has other things to do */
        timer_mod(&s->half[n].timer, MAX(at, clock_now(device_clock(&s->parent.parent)) + (m == PERIODIC ? MIN_NS : 0)));
    } else {
        timer_del(&s->half[n].timer);
    }
}

static void both(Lm3sGptm *s, void (*fn)(Lm3sGptm *s, unsigned n))
{
    fn(s, A);
    fn(s, B);
}

static void fired_a(void *opaque)
{
    catch_up(opaque, A);
    schedule(opaque, A);
}

static void fired_b(void *opaque)
{
    catch_up(opaque, B);
    schedule(opaque, B);
}

static void edge(void *opaque, unsigned n, int level)
{
    Lm3sGptm *s = opaque;
    Counter *c = &s->half[n];
    uint32_t event = ctl(s, n) & CTL_EVENT_BOTH;
    bool seen = event == CTL_EVENT_BOTH || (event == CTL_EVENT_NEG) == !level;
    Mode m = mode(s, n);

    c->level = level;
    if (!seen || (m != EDGE_COUNT && m != EDGE_TIME)) {
        return;
    }
    if (m == EDGE_TIME) {
        catch_up(s, n);
        c->captured = c->value;
        s->reg[RIS] |= (uint32_t)INT_EVENT << 8 * n;
    } else {
        c->value = (c->value - 1) & 0xffff;
        if (c->value == match(s, n)) {
            s->reg[RIS] |= (uint32_t)INT_MATCH << 8 * n;
            s->reg[CTL] &= ~((uint32_t)CTL_EN << 8 * n);
            c->value = interval(s, n);
        }
    }
    update(s);
}

/* -- registers --------------------------------------------------------------------------------------------------------------- */

static void config_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sGptm *s = LM3S_GPTM(dev);
    bool was = paired(s);

    both(s, catch_up);
    switch (r->offset) {
    case 0x00:
        s->reg[CFG] = v & 7;
        if (paired(s) != was) {
            set_value(s, A, interval(s, A));
            set_value(s, B, interval(s, B));
        }
        break;
    case 0x38:
    case 0x3c:
        s->reg[r->offset == 0x38 ? TAPR : TBPR] = v & 0xff;
        break;
    default:
        s->reg[r->offset == 0x04 ? TAMR : TBMR] = v & 0xf;
    }
    both(s, rebase);
    both(s, schedule);
}

static uint64_t ctl_read(void *dev, const RegDef *r, unsigned n)
{
    both(dev, catch_up);
    return LM3S_GPTM(dev)->reg[CTL];
}

static void ctl_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sGptm *s = LM3S_GPTM(dev);
    uint32_t was;

    both(s, catch_up);
    was = s->reg[CTL];
    s->reg[CTL] = v & CTL_MASK;
    for (unsigned i = A; i <= B; i++) {
        if (~was >> 8 * i & s->reg[CTL] >> 8 * i & CTL_EN) {
            set_value(s, i, mode(s, i) == RTC ? 1 : interval(s, i));
        }
    }
    both(s, schedule);
}

static uint64_t ris_read(void *dev, const RegDef *r, unsigned n)
{
    Lm3sGptm *s = LM3S_GPTM(dev);

    both(s, catch_up);
    return r->offset == 0x1c ? s->reg[RIS] : s->reg[RIS] & s->reg[IMR];
}

static void icr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    both(dev, catch_up);
    LM3S_GPTM(dev)->reg[RIS] &= ~v;
    update(dev);
}

static void imr_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static uint64_t load_read(void *dev, const RegDef *r, unsigned n)
{
    return r->offset < 0x30 ? interval(dev, n) : match(dev, n);
}

/* In 32 bits, what is A's is both's, and B's cannot be written. */
static void load_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sGptm *s = LM3S_GPTM(dev);
    bool loads = r->offset < 0x30;

    if (n == B && !paired(s)) {
        return;
    }
    both(s, catch_up);
    *(loads ? &s->half[n].interval : &s->half[n].match) = v & 0xffff;
    if (!paired(s)) {
        *(loads ? &s->half[B].interval : &s->half[B].match) = v >> 16;
    }
    if (loads && mode(s, n) != RTC) {
        set_value(s, n, interval(s, n));        /* on the next cycle, whether it runs or not */
    }
    both(s, schedule);
}

static uint64_t value_read(void *dev, const RegDef *r, unsigned n)
{
    Lm3sGptm *s = LM3S_GPTM(dev);

    both(s, catch_up);
    if (n == B && !paired(s)) {
        return s->half[A].value >> 16;
    }
    return mode(s, n) == EDGE_TIME ? s->half[n].captured : s->half[n].value;
}

#define PAIR(id, at, name, ...) [id] = { at, name, .count = 2, .no_store = true, __VA_ARGS__ }
static const RegDef regs[NUM_REGS] = {
    [CFG] = { 0x00, "GPTMCFG", .write = config_write }, [TAMR] = { 0x04, "GPTMTAMR", .write = config_write },
    [TBMR] = { 0x08, "GPTMTBMR", .write = config_write }, [CTL] = { 0x0c, "GPTMCTL", .read = ctl_read, .write = ctl_write },
    [IMR] = { 0x18, "GPTMIMR", .rw = INT_MASK, .after = imr_after }, [RIS] = { 0x1c, "GPTMRIS", .read = ris_read },
    [MIS] = { 0x20, "GPTMMIS", .read = ris_read }, [ICR] = { 0x24, "GPTMICR", .write = icr_write, .no_store = true },
    PAIR(ILR, 0x28, "GPTMTnILR", .read = load_read, .write = load_write),
    PAIR(MATCHR, 0x30, "GPTMTnMATCHR", .read = load_read, .write = load_write),
    [TAPR] = { 0x38, "GPTMTAPR", .write = config_write }, [TBPR] = { 0x3c, "GPTMTBPR", .write = config_write },
    [TAPMR] = { 0x40, "GPTMTAPMR", .rw = 0xff }, [TBPMR] = { 0x44, "GPTMTBPMR", .rw = 0xff },
    PAIR(VALUE, 0x48, "GPTMTnR", .read = value_read),
};

static void gptm_init(Object *obj)
{
    Lm3sGptm *s = LM3S_GPTM(obj);

    device_init_irq_out(DEVICE(obj), "timer-a", &s->irq[A], 1);
    device_init_irq_out(DEVICE(obj), "timer-b", &s->irq[B], 1);
    device_init_irq_out(DEVICE(obj), "trigger", &s->trigger, 1);
    device_init_irq_in(DEVICE(obj), "ccp", edge, 2);
}

static void gptm_reset(Device *dev, ResetType type)
{
    Lm3sGptm *s = LM3S_GPTM(dev);

    for (unsigned n = A; n <= B; n++) {
        s->half[n].interval = s->half[n].match = 0xffff;
        s->half[n].captured = 0;
    }
    set_value(s, A, UINT32_MAX);
    set_value(s, B, 0xffff);
}

void lm3s_gptm_set_frequency(Device *gptm, uint32_t hz)
{
    Lm3sGptm *s = LM3S_GPTM(gptm);

    if (hz != s->frequency) {
        both(s, catch_up);
        s->frequency = hz;
        both(s, rebase);
        both(s, schedule);
    }
}

static const VMStateField counter_vmstate[] = {
    VMSTATE_UINT(Counter, interval), VMSTATE_UINT(Counter, match), VMSTATE_UINT(Counter, value),
    VMSTATE_UINT(Counter, base),
    VMSTATE_UINT(Counter, captured), VMSTATE_BOOL(Counter, level), VMSTATE_TIMER(Counter, timer), VMSTATE_END
};

static const VMStateField gptm_vmstate[] = {
    VMSTATE_UINT(Lm3sGptm, frequency), VMSTATE_STRUCT_ARRAY(Lm3sGptm, half, counter_vmstate), VMSTATE_END
};

static const RegDeviceTimer gptm_timers[] = {
    { offsetof(Lm3sGptm, half[A].timer), fired_a }, { offsetof(Lm3sGptm, half[B].timer), fired_b }, { 0 }
};

static const Property gptm_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(Lm3sGptm, frequency), .def = 12000000, .min = 1,
      .max = UINT32_MAX, .help = "of the system clock, in Hz" }, PROP_END
};

static const RegDeviceSpec gptm_spec = {
    .category = "Timer", REG_DEVICE_REGS(Lm3sGptm, regs), .timers = gptm_timers, .vmstate = gptm_vmstate, .reset = gptm_reset,
    .update = update,
};

const TypeInfo lm3s_gptm_type = {
    .name = "lm3s-gptm", .desc = "Stellaris general-purpose timer", .instance_size = sizeof(Lm3sGptm), .props = gptm_props,
    .init = gptm_init, REG_DEVICE_TYPE(gptm_spec),
};
