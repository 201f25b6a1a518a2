/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 timers (ST RM0090, 17 to 20), all kinds by one model of a counter that goes up, down or both: prescaler, auto-reload
 * and compare registers with their preloads, repetition counter, one-pulse mode, update and compare events and interrupts.
 * Events that nobody enabled cost nothing: the counter is brought to the present when somebody looks. No outputs, inputs
 * (capture is by EGR alone), encoders, external clocks and triggers (a counter that waits for one stands), DMA bursts.
 * Wiring: region "regs"; irqs "irq" (all), "brk", "up", "trg", "cc". Properties "kind", "frequency" (of its clock, Hz).
 */
#include "core/bits.h"
#include "modules/hw/arm_m/stm32.h"

enum { CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR, RCR, CCR, BDTR, DCR, OR, NUM_REGS, NUM_CC = 4 };
enum { CR1_CEN = 1, CR1_UDIS = 2, CR1_URS = 4, CR1_OPM = 8, CR1_DIR = 16, CR1_CMS = 3 << 5, CR1_ARPE = 1 << 7 };
enum { SR_UIF = 1, SR_CC1IF = 2, SR_CCS = 0x1e, SR_COMIF = 1 << 5, SR_TIF = 1 << 6, SR_BIF = 1 << 7, SR_CC1OF = 1 << 9 };
enum { BDTR_MOE = 1 << 15, SMCR_ECE = 1 << 14 };
enum { OUT_ALL, OUT_BRK, OUT_UP, OUT_TRG, OUT_CC, NUM_OUTS };

/* What a kind has: bits of its registers, its counter's width, its compare channels. */
enum { KIND_BASIC, KIND_ONE, KIND_TWO, KIND_GENERAL16, KIND_GENERAL32, KIND_ADVANCED };
static const char *const kind_names[] = { "basic", "one", "two", "general16", "general32", "advanced", NULL };
static const struct Kind {
    uint32_t mask[NUM_REGS];
    unsigned bits, channels;
} kinds[] = {
    [KIND_BASIC] = { { [CR1] = 0x8f, [CR2] = 0x70, [DIER] = 0x101, [SR] = 1, [EGR] = 1 }, 16, 0 },
    [KIND_ONE] = { { [CR1] = 0x38f, [DIER] = 3, [SR] = 0x203, [EGR] = 3, [CCMR1] = 0xff, [CCER] = 0xb, [OR] = 3 }, 16, 1 },
    [KIND_TWO] = { { [CR1] = 0x38f, [CR2] = 0x70, [SMCR] = 0xf7, [DIER] = 0x47, [SR] = 0x647, [EGR] = 0x47, [CCMR1] = 0xffff,
                     [CCER] = 0xbb }, 16, 2 },
    [KIND_GENERAL16] = { { [CR1] = 0x3ff, [CR2] = 0xf8, [SMCR] = 0xfff7, [DIER] = 0x5f5f, [SR] = 0x1e5f, [EGR] = 0x5f,
                           [CCMR1] = 0xffff, [CCMR2] = 0xffff, [CCER] = 0xbbbb, [DCR] = 0x1f1f }, 16, 4 },
    [KIND_GENERAL32] = { { [CR1] = 0x3ff, [CR2] = 0xf8, [SMCR] = 0xfff7, [DIER] = 0x5f5f, [SR] = 0x1e5f, [EGR] = 0x5f,
                           [CCMR1] = 0xffff, [CCMR2] = 0xffff, [CCER] = 0xbbbb, [DCR] = 0x1f1f, [OR] = 0xcc0 }, 32, 4 },
    [KIND_ADVANCED] = { { [CR1] = 0x3ff, [CR2] = 0x7ffd, [SMCR] = 0xfff7, [DIER] = 0x7fff, [SR] = 0x1eff, [EGR] = 0xff,
                          [CCMR1] = 0xffff, [CCMR2] = 0xffff, [CCER] = 0x3fff, [RCR] = 0xff, [BDTR] = 0xffff, [DCR] = 0x1f1f },
                        16, 4 },
};

typedef struct Stm32Timer {
    RegDevice parent;
    /* wiring */
    IrqLine irq[NUM_OUTS];
    uint32_t kind, frequency;
    /* guest state; a preloaded register is `preload`, what counts is `active` */
    uint32_t reg[NUM_REGS], ccr_preload[NUM_CC], ccr[NUM_CC];
    uint32_t cnt;                               /* at `base` */
    uint32_t psc, arr, repeats;                 /* active */
    int64_t base;                               /* ns */
    uint64_t part;                              /* of a tick that was over at `base`: billionths of a clock's cycle */
    Timer timer;
} Stm32Timer;
DECLARE_OBJECT(Stm32Timer, STM32_TIMER, "stm32f2xx-timer")

static const struct Kind *kind(const Stm32Timer *s)
{
    return &kinds[s->kind];
}

static uint32_t counter_mask(const Stm32Timer *s)
{
    return mask64(0, kind(s)->bits);
}

static bool centered(const Stm32Timer *s)
{
    return s->reg[CR1] & CR1_CMS;
}

static bool down(const Stm32Timer *s)
{
    return s->reg[CR1] & CR1_DIR;
}

static void update(void *dev)
{
    Stm32Timer *s = STM32_TIMER(dev);
    uint32_t on = s->reg[SR] & s->reg[DIER] & 0xff;

    irq_set(&s->irq[OUT_ALL], on != 0);
    irq_set(&s->irq[OUT_BRK], (on & SR_BIF) != 0);
    irq_set(&s->irq[OUT_UP], (on & SR_UIF) != 0);
    irq_set(&s->irq[OUT_TRG], (on & (SR_TIF | SR_COMIF)) != 0);
    irq_set(&s->irq[OUT_CC], (on & SR_CCS) != 0);
}

/* Whether the internal clock moves the counter: not with an encoder, a gate, an external clock, or a reload value of 0. */
static bool counts(const Stm32Timer *s)
{
    unsigned mode = s->reg[SMCR] & 7;

    return s->reg[CR1] & CR1_CEN && s->arr && !(s->reg[SMCR] & SMCR_ECE) && (mode == 0 || mode == 4 || mode == 6);
}

/* A tick, as Stm32Timer.part counts. */
static uint64_t tick_length(const Stm32Timer *s)
{
    return (s->psc + UINT64_C(1)) * 1000000000;
}

/* A channel that compares. */
static bool compares(const Stm32Timer *s, unsigned i)
{
    return i < kind(s)->channels && !(s->reg[CCMR1 + i / 2] >> 8 * (i % 2) & 3);
}

/* The counter has taken all values from `first` to `last`, which may be one. */
static void passed(Stm32Timer *s, uint32_t first, uint32_t last)
{
    unsigned cms = extract32(s->reg[CR1], 5, 2);

    if ((cms == 1 && !down(s)) || (cms == 2 && down(s))) {
        return;
    }
    for (unsigned i = 0; i < NUM_CC; i++) {
        if (compares(s, i) && s->ccr[i] >= first && s->ccr[i] <= last) {
            s->reg[SR] |= SR_CC1IF << i;
        }
    }
}

static void load_preloads(Stm32Timer *s)
{
    s->psc = s->reg[PSC];
    s->arr = s->reg[ARR];
    s->repeats = s->reg[RCR];
    memcpy(s->ccr, s->ccr_preload, sizeof(s->ccr));
}

/* Ticks to the end of the run that the counter is on. */
static uint64_t to_end(const Stm32Timer *s)
{
    if (down(s)) {
        return centered(s) ? MAX(s->cnt, 1) : (uint64_t)s->cnt + 1;
    }
    if (s->cnt > s->arr) {                      /* it was written so: on to the width's end */
        return (uint64_t)counter_mask(s) - s->cnt + 1;
    }
    return centered(s) ? MAX(s->arr - s->cnt, 1) : (uint64_t)s->arr - s->cnt + 1;
}

/* On by less than to_end. */
static void walk(Stm32Timer *s, uint32_t ticks)
{
    if (ticks == 0) {
        return;
    }
    if (down(s)) {
        passed(s, s->cnt - ticks, s->cnt - 1);
        s->cnt -= ticks;
    } else {
        passed(s, s->cnt + 1, s->cnt + ticks);
        s->cnt += ticks;
    }
}

/* The overflow or underflow at a run's end. */
static void turn(Stm32Timer *s)
{
    for (unsigned i = 0; i < NUM_CC; i++) {     /* a compare value beyond the reload value matches here (17.4.5, CCxIF) */
        if (compares(s, i) && s->ccr[i] > s->arr) {
            s->reg[SR] |= SR_CC1IF << i;
        }
    }
    if (!(s->reg[CR1] & CR1_UDIS) && s->repeats-- == 0) {
        s->reg[SR] |= SR_UIF;
        load_preloads(s);
        if (s->reg[CR1] & CR1_OPM) {
            s->reg[CR1] &= ~CR1_CEN;
        }
    }
    if (centered(s)) {
        s->cnt = down(s) ? 0 : s->arr;
        passed(s, s->cnt, s->cnt);
        s->reg[CR1] ^= CR1_DIR;
    } else {
        s->cnt = down(s) ? s->arr : 0;
        passed(s, s->cnt, s->cnt);
    }
}

/* Brings the counter to the present. */
static void catch_up(Stm32Timer *s)
{
    int64_t now = clock_now(device_clock(&s->parent.parent));
    unsigned __int128 left = (unsigned __int128)(uint64_t)(now - s->base) * s->frequency + s->part;
    unsigned turns = 0;

    while (counts(s)) {
        uint64_t end = to_end(s);
        unsigned __int128 ticks = left / tick_length(s);

        if (ticks < end) {
            walk(s, ticks);
            s->part = left - ticks * tick_length(s);
            break;
        }
        /* after a while each turn is like the last: whole numbers of them, as many as the repetitions are, change nothing */
        if (++turns > 2 * 257) {
            uint64_t cycle = (centered(s) ? 2 * (uint64_t)s->arr : (uint64_t)s->arr + 1) * (s->reg[RCR] + 1);

            if (ticks > 2 * (unsigned __int128)cycle) {
                left -= (ticks / cycle - 1) * cycle * tick_length(s);
                continue;
            }
        }
        left -= (unsigned __int128)end * tick_length(s);
        walk(s, end - 1);
        turn(s);
    }
    if (!counts(s)) {
        s->part = 0;
    }
    s->base = now;
    s->reg[CNT] = s->cnt;
    update(s);
}

/* When an interrupt that is enabled and not there yet may come. */
static void schedule(Stm32Timer *s)
{
    uint32_t wanted = s->reg[DIER] & ~s->reg[SR] & (SR_UIF | SR_CCS);
    uint64_t ticks = to_end(s);
    unsigned __int128 ns;

    if (!counts(s) || !wanted) {
        timer_del(&s->timer);
        return;
    }
    for (unsigned i = 0; i < NUM_CC; i++) {
        uint32_t ahead = down(s) ? s->cnt - s->ccr[i] : s->ccr[i] - s->cnt;

        if (wanted >> i & SR_CC1IF && compares(s, i) && (down(s) ? s->ccr[i] < s->cnt : s->ccr[i] > s->cnt)) {
            ticks = MIN(ticks, ahead);
        }
    }
    ns = ((unsigned __int128)ticks * tick_length(s) - s->part + s->frequency - 1) / s->frequency;
    timer_mod(&s->timer, s->base + (int64_t)CLAMP(ns, 1000, INT64_MAX / 4));
}

static void fired(void *opaque)
{
    catch_up(opaque);
    schedule(opaque);
}

static void after_change(Stm32Timer *s)
{
    update(s);
    schedule(s);
}

/* The counter starts again, with the prescaler and what was preloaded (EGR.UG). */
static void reinitialize(Stm32Timer *s)
{
    load_preloads(s);
    s->part = 0;
    s->cnt = down(s) && !centered(s) ? s->arr : 0;
    if (centered(s)) {
        s->reg[CR1] &= ~CR1_DIR;
    }
}

static void generate(Stm32Timer *s, uint32_t v)
{
    if (v & 1) {
        if (!(s->reg[CR1] & (CR1_UDIS | CR1_URS))) {
            s->reg[SR] |= SR_UIF;
        }
        reinitialize(s);
    }
    for (unsigned i = 0; i < kind(s)->channels; i++) {
        if (!(v >> (1 + i) & 1)) {
            continue;
        }
        if (!compares(s, i)) {
            s->ccr[i] = s->ccr_preload[i] = s->cnt;
            if (s->reg[SR] & SR_CC1IF << i) {
                s->reg[SR] |= SR_CC1OF << i;
            }
        }
        s->reg[SR] |= SR_CC1IF << i;
    }
    s->reg[SR] |= v & (SR_TIF | SR_BIF);
    if (v & SR_COMIF && s->reg[CR2] & 1) {
        s->reg[SR] |= SR_COMIF;
    }
    if (v & SR_BIF) {
        s->reg[BDTR] &= ~BDTR_MOE;
    }
}

/* What decides how the counter goes is stored when it is where it should be. */
static void reg_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    Stm32Timer *s = STM32_TIMER(dev);
    unsigned id = r - s->parent.bank.defs;
    uint32_t v = value & kind(s)->mask[id];

    catch_up(s);
    switch (id) {
    case CR1:
        if (v & CR1_CMS && s->reg[CR1] & CR1_CMS) {     /* its direction is its own */
            v = (v & ~CR1_DIR) | (s->reg[CR1] & CR1_DIR);
        }
        s->reg[CR1] = v;
        break;
    case SR:
        s->reg[SR] &= v;                        /* zeros clear */
        break;
    case EGR:
        generate(s, v);
        break;
    case CNT:
        s->cnt = value & counter_mask(s);
        break;
    case PSC:
        s->reg[PSC] = value & 0xffff;
        break;
    case ARR:
        s->reg[ARR] = value & counter_mask(s);
        if (!(s->reg[CR1] & CR1_ARPE)) {
            s->arr = s->reg[ARR];
        }
        break;
    default:
        s->reg[id] = v;
    }
    after_change(s);
}

static uint64_t reg_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Timer *s = STM32_TIMER(dev);
    unsigned id = r - s->parent.bank.defs;

    catch_up(s);
    return id == CNT ? s->cnt : s->reg[id];
}

static uint64_t ccr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Timer *s = STM32_TIMER(dev);

    if (n < kind(s)->channels && !compares(s, n)) {     /* reading a capture clears its flag */
        s->reg[SR] &= ~(SR_CC1IF << n);
        after_change(s);
    }
    return s->ccr_preload[n];
}

static void ccr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Timer *s = STM32_TIMER(dev);

    catch_up(s);
    if (n < kind(s)->channels && compares(s, n)) {
        s->ccr_preload[n] = v & counter_mask(s);
        if (!(s->reg[CCMR1 + n / 2] >> (3 + 8 * (n % 2)) & 1)) {        /* OCxPE */
            s->ccr[n] = s->ccr_preload[n];
        }
    }
    after_change(s);
}

#define ROW(id, at) [id] = { at, "TIM_" #id, .read = reg_read, .write = reg_write }
static const RegDef regs[NUM_REGS] = {
    ROW(CR1, 0x00), ROW(CR2, 0x04), ROW(SMCR, 0x08), ROW(DIER, 0x0c), ROW(SR, 0x10),
    [EGR] = { 0x14, "TIM_EGR", .write = reg_write, .no_store = true }, ROW(CCMR1, 0x18), ROW(CCMR2, 0x1c), ROW(CCER, 0x20),
    ROW(CNT, 0x24), ROW(PSC, 0x28), ROW(ARR, 0x2c), ROW(RCR, 0x30),
    [CCR] = { 0x34, "TIM_CCR", .read = ccr_read, .write = ccr_write, .count = NUM_CC, .no_store = true },
    ROW(BDTR, 0x44), ROW(DCR, 0x48), ROW(OR, 0x50),
};

static void timer_object_init(Object *obj)
{
    static const char *const names[NUM_OUTS] = { "irq", "brk", "up", "trg", "cc" };

    for (unsigned i = 0; i < NUM_OUTS; i++) {
        device_init_irq_out(DEVICE(obj), names[i], &STM32_TIMER(obj)->irq[i], 1);
    }
}

static void timer_reset(Device *dev, ResetType type)
{
    Stm32Timer *s = STM32_TIMER(dev);

    memset(s->ccr, 0, sizeof(s->ccr));
    memset(s->ccr_preload, 0, sizeof(s->ccr_preload));
    s->reg[ARR] = counter_mask(s);
    s->cnt = 0;
    s->part = 0;
    load_preloads(s);
    s->base = clock_now(device_clock(dev));
}

static const VMStateField timer_vmstate[] = {
    VMSTATE_UINT_ARRAY(Stm32Timer, ccr_preload), VMSTATE_UINT_ARRAY(Stm32Timer, ccr), VMSTATE_UINT(Stm32Timer, cnt),
    VMSTATE_UINT(Stm32Timer, psc), VMSTATE_UINT(Stm32Timer, arr), VMSTATE_UINT(Stm32Timer, repeats),
    VMSTATE_UINT(Stm32Timer, base), VMSTATE_UINT(Stm32Timer, part), VMSTATE_TIMER(Stm32Timer, timer), VMSTATE_END
};

static const RegDeviceTimer timer_timers[] = { { offsetof(Stm32Timer, timer), fired }, { 0 } };

static const RegDeviceSpec timer_spec = {
    .category = "Timer", REG_DEVICE_REGS(Stm32Timer, regs), .size = 0x400, .timers = timer_timers, .vmstate = timer_vmstate,
    .reset = timer_reset, .update = update,
};

static const Property timer_props[] = {
    { .name = "kind", .type = PROP_ENUM, .offset = offsetof(Stm32Timer, kind), .def = KIND_GENERAL16, .names = kind_names,
      .help = "what it has: basic, one or two channels, general16, general32, advanced" },
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(Stm32Timer, frequency), .def = 84000000, .min = 1,
      .max = UINT32_MAX, .help = "its clock, Hz" }, PROP_END
};

const TypeInfo stm32_timer_type = {
    .name = "stm32f2xx-timer", .desc = "STM32 timer", .instance_size = sizeof(Stm32Timer),
    .props = timer_props, .init = timer_object_init, REG_DEVICE_TYPE(timer_spec),
};
