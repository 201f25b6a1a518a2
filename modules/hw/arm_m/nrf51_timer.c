/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nRF51 timers (nRF51 Series Reference Manual 3.0, 18 and 19): TIMER at 16 MHz divided by a power of two, 8 to 32 bits,
 * counter mode by its COUNT task, capture, compare with its shortcuts; RTC at 32768 Hz, 24 bits, tick, overflow and compare.
 * Wiring: region "regs", irqs "irq", "event"[32]. Property "rtc" tells the two apart.
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "modules/hw/arm_m/nrf51.h"

enum { NUM_CC = 4, RTC_TICK = 0, RTC_OVRFLW = 1, EV_COMPARE = 16 };
enum { START, STOP, COUNT, CLEAR, SHUTDOWN, CAPTURE, EVENTS, COMPARES, SHORTS, INTENSET, INTENCLR, EVTENSET, MODE, BITMODE, COUNTER,
       PRESCALER, CC, NUM_REGS };

typedef struct Nrf51Timer {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine irq, event_out[NRF51_EVENTS];
    const RegDef *defs;
    bool rtc;
    /* guest state */
    uint32_t reg[NUM_REGS], event[2], compare[NUM_CC], cc[NUM_CC];
    uint32_t inten;
    uint32_t value;                             /* at `base` */
    int64_t base;                               /* ns */
    uint64_t part;                              /* of a count that was over at `base`: ns times Hz */
    bool runs;
    Timer timer;
} Nrf51Timer;
DECLARE_OBJECT(Nrf51Timer, NRF51_TIMER, "nrf51-timer")

static unsigned bits(const Nrf51Timer *s)
{
    static const uint8_t width[] = { 16, 8, 24, 32 };

    return s->rtc ? 24 : width[s->reg[BITMODE] & 3];
}

static uint64_t modulus(const Nrf51Timer *s)
{
    return BIT64(bits(s));
}

/* Counts a second, as a fraction. */
static void rate(const Nrf51Timer *s, uint32_t *ret_frequency, uint32_t *ret_divisor)
{
    *ret_frequency = s->rtc ? 32768 : 16000000;
    *ret_divisor = s->rtc ? (s->reg[PRESCALER] & 0xfff) + 1 : 1u << MIN(s->reg[PRESCALER] & 15, 9);
}

static bool counts_time(const Nrf51Timer *s)
{
    return s->runs && (s->rtc || !(s->reg[MODE] & 1));
}

static void update(Nrf51Timer *s)
{
    bool level = false;

    for (unsigned i = 0; i < NUM_CC; i++) {
        level |= s->compare[i] && s->inten >> (16 + i) & 1;
    }
    for (unsigned i = 0; i < 2; i++) {
        level |= s->event[i] && s->inten >> i & 1;
    }
    irq_set(&s->irq, level);
}

/* A count, as Nrf51Timer.part measures. */
static uint64_t count_length(const Nrf51Timer *s)
{
    uint32_t f, d;

    rate(s, &f, &d);
    return d * UINT64_C(1000000000);
}

/* Event n, as its register's place counts, occurs: for PPI, of the RTC if EVTEN lets it. */
static void pulse(Nrf51Timer *s, unsigned n)
{
    if (!s->rtc || s->reg[EVTENSET] >> n & 1) {
        irq_pulse(&s->event_out[n]);
    }
}

/* What happens when the counter comes to `value`. */
static void reached(Nrf51Timer *s, uint32_t value)
{
    for (unsigned i = 0; i < NUM_CC; i++) {
        if ((s->cc[i] & (modulus(s) - 1)) != value) {
            continue;
        }
        s->compare[i] = 1;
        pulse(s, EV_COMPARE + i);
        if (!s->rtc && s->reg[SHORTS] >> i & 1) {
            s->value = 0;
        }
        if (!s->rtc && s->reg[SHORTS] >> (8 + i) & 1) {
            s->runs = false;
        }
    }
    if (s->rtc && value == 0) {
        s->event[RTC_OVRFLW] = 1;
        pulse(s, RTC_OVRFLW);
    }
}

/* Counts from the current value to the next that something happens at, 1 to 2^bits. */
static uint64_t distance(const Nrf51Timer *s)
{
    uint64_t mod = modulus(s), best = s->rtc ? mod - s->value : mod;

    for (unsigned i = 0; i < NUM_CC; i++) {
        uint64_t d = (s->cc[i] - s->value) & (mod - 1);

        best = MIN(best, d ? d : mod);
    }
    return s->rtc && (s->inten | s->reg[EVTENSET]) & 1 << RTC_TICK ? 1 : best;
}

/* Brings the counter to the present. */
static void catch_up(Nrf51Timer *s)
{
    int64_t now = clock_now(device_clock(&s->parent));
    uint64_t length = count_length(s);
    unsigned __int128 left;
    uint32_t f, d;

    rate(s, &f, &d);
    left = (unsigned __int128)(uint64_t)(now - s->base) * f + s->part;
    /* a clock that was far ahead: whole turns in which everything happens again change nothing */
    if (left / length > 64 * modulus(s)) {
        left -= (left / length / modulus(s) - 1) * modulus(s) * length;
    }
    while (counts_time(s)) {
        uint64_t next = distance(s);

        if (left / length < next) {
            s->value = (s->value + (uint64_t)(left / length)) & (modulus(s) - 1);
            s->part = left % length;
            break;
        }
        left -= (unsigned __int128)next * length;
        s->value = (s->value + next) & (modulus(s) - 1);
        if (s->rtc) {
            s->event[RTC_TICK] = 1;
            pulse(s, RTC_TICK);
        }
        reached(s, s->value);
    }
    if (!counts_time(s)) {
        s->part = 0;
    }
    s->base = now;
    update(s);
}

static void schedule(Nrf51Timer *s)
{
    uint32_t f, d;

    rate(s, &f, &d);
    if (counts_time(s)) {
        unsigned __int128 ns = ((unsigned __int128)distance(s) * count_length(s) - s->part + f - 1) / f;

        timer_mod(&s->timer, s->base + (int64_t)MAX(ns, 1000));
    } else {
        timer_del(&s->timer);
    }
}

static void fired(void *opaque)
{
    catch_up(opaque);
    schedule(opaque);
}

static void task_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);
    /* the RTC has CLEAR at 8 and TRIGOVRFLW at 0xc */
    unsigned task = r - s->defs;

    if (!(v & 1)) {
        return;
    }
    catch_up(s);
    if (s->rtc && (task == COUNT || task == CLEAR)) {
        task = task == COUNT ? CLEAR : SHUTDOWN;
        s->value = task == CLEAR ? 0 : 0xfffff0;
    } else if (task == START) {
        s->runs = true;
    } else if (task == STOP || task == SHUTDOWN) {
        s->runs = false;
    } else if (task == CLEAR) {
        s->value = 0;
    } else if (task == COUNT && s->runs && s->reg[MODE] & 1) {
        s->value = (s->value + 1) & (modulus(s) - 1);
        reached(s, s->value);
    } else if (task == CAPTURE) {
        s->cc[n] = s->value;
    }
    update(s);
    schedule(s);
}

static uint64_t event_read(void *dev, const RegDef *r, unsigned n)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    return r->offset == 0x100 ? s->event[n] : s->compare[n];
}

static void event_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    *(r->offset == 0x100 ? &s->event[n] : &s->compare[n]) = v & 1;
    update(s);
    schedule(s);
}

static uint64_t inten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_TIMER(dev)->inten;
}

static void inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    s->inten = (r->offset == 0x304 ? s->inten | v : s->inten & ~v) & (s->rtc ? 0xf0003 : 0xf0000);
    update(s);
    schedule(s);
}

static void evten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    s->reg[EVTENSET] = (n == 0 ? v : n == 1 ? s->reg[EVTENSET] | v : s->reg[EVTENSET] & ~v) & 0xf0003;
    schedule(s);
}

static uint64_t evten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_TIMER(dev)->reg[EVTENSET];
}

static uint64_t cc_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_TIMER(dev)->cc[n];
}

static void cc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    s->cc[n] = v & (modulus(s) - 1);
    schedule(s);
}

static uint64_t counter_read(void *dev, const RegDef *r, unsigned n)
{
    catch_up(dev);
    return NRF51_TIMER(dev)->rtc ? NRF51_TIMER(dev)->value : 0;
}

/* MODE, BITMODE, PRESCALER: of a timer that is stopped. */
static void config_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    catch_up(s);
    s->reg[r - s->defs] = v & (r->offset == 0x508 && s->rtc ? 0xfff : 0xf);
    s->value &= modulus(s) - 1;
    s->part %= count_length(s);
    schedule(s);
}

#define TASK(id, at, ...) [id] = { at, #id, .write = task_write, ##__VA_ARGS__ }
#define COMMON \
    TASK(START, 0x000), TASK(STOP, 0x004), TASK(COUNT, 0x008), TASK(CLEAR, 0x00c), TASK(SHUTDOWN, 0x010), \
    TASK(CAPTURE, 0x040, .count = NUM_CC, .no_store = true), \
    [EVENTS] = { 0x100, "EVENTS", .read = event_read, .write = event_write, .count = 2, .no_store = true }, \
    [COMPARES] = { 0x140, "EVENTS_COMPARE", .read = event_read, .write = event_write, .count = NUM_CC, .no_store = true }, \
    [SHORTS] = { 0x200, "SHORTS", .rw = 0xf0f }, \
    [INTENSET] = { 0x304, "INTENSET", .read = inten_read, .write = inten_write, .no_store = true }, \
    [INTENCLR] = { 0x308, "INTENCLR", .read = inten_read, .write = inten_write, .no_store = true }, \
    [EVTENSET] = { 0x340, "EVTEN", .read = evten_read, .write = evten_write, .count = 3, .no_store = true }, \
    [CC] = { 0x540, "CC", .read = cc_read, .write = cc_write, .count = NUM_CC, .no_store = true }
static const RegDef timer_regs[NUM_REGS] = {
    COMMON,
    [MODE] = { 0x504, "MODE", .write = config_write }, [BITMODE] = { 0x508, "BITMODE", .write = config_write },
    [COUNTER] = { 0x50c, "COUNTER", .read = counter_read, .no_store = true },
    [PRESCALER] = { 0x510, "PRESCALER", .reset = 4, .write = config_write },
};
static const RegDef rtc_regs[NUM_REGS] = {
    COMMON,
    [COUNTER] = { 0x504, "COUNTER", .read = counter_read, .no_store = true },
    [PRESCALER] = { 0x508, "PRESCALER", .write = config_write },
    [MODE] = { 0x600, "-", .no_store = true }, [BITMODE] = { 0x604, "-", .no_store = true },
};

static void timer_object_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &NRF51_TIMER(obj)->irq, 1);
    IRQ_OUT(Nrf51Timer, event_out, "event");
}

static bool timer_realize(Device *dev, GError **error)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    s->defs = s->rtc ? rtc_regs : timer_regs;
    regbank_init(&s->bank, dev, NULL, s->defs, NUM_REGS, s->reg, 0x1000);
    timer_init(&s->timer, device_clock(dev), fired, s);
    return true;
}

static void timer_unrealize(Device *dev)
{
    timer_del(&NRF51_TIMER(dev)->timer);
    regbank_destroy(&NRF51_TIMER(dev)->bank);
}

static void timer_reset(Device *dev, ResetType type)
{
    Nrf51Timer *s = NRF51_TIMER(dev);

    timer_del(&s->timer);
    regbank_reset(&s->bank);
    memset(s->event, 0, sizeof(s->event));
    memset(s->compare, 0, sizeof(s->compare));
    memset(s->cc, 0, sizeof(s->cc));
    s->inten = s->value = 0;
    s->part = 0;
    s->reg[EVTENSET] = 0;
    s->runs = false;
    s->base = clock_now(device_clock(dev));
    update(s);
}

static bool timer_post_load(void *opaque, GError **error)
{
    update(opaque);
    return true;
}

static const VMStateField timer_vmstate[] = {
    VMSTATE_REGS(Nrf51Timer, bank), VMSTATE_UINT_ARRAY(Nrf51Timer, event), VMSTATE_UINT_ARRAY(Nrf51Timer, compare),
    VMSTATE_UINT_ARRAY(Nrf51Timer, cc), VMSTATE_UINT(Nrf51Timer, inten), VMSTATE_UINT(Nrf51Timer, reg[EVTENSET]),
    VMSTATE_UINT(Nrf51Timer, value), VMSTATE_UINT(Nrf51Timer, base), VMSTATE_UINT(Nrf51Timer, part),
    VMSTATE_BOOL(Nrf51Timer, runs), VMSTATE_TIMER(Nrf51Timer, timer), VMSTATE_POST_LOAD(timer_post_load), VMSTATE_END
};

static const Property timer_props[] = {
    PROP_DEF("rtc", Nrf51Timer, rtc, PROP_BOOL, 0, "a real-time counter, not a timer"), PROP_END
};

static void timer_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = timer_realize;
    dc->unrealize = timer_unrealize;
    dc->reset = timer_reset;
    dc->vmstate = timer_vmstate;
    dc->category = "Timer";
}

const TypeInfo nrf51_timer_type = {
    .name = "nrf51-timer", .parent = TYPE_DEVICE, .desc = "nRF51 TIMER or RTC", .instance_size = sizeof(Nrf51Timer),
    .props = timer_props, .init = timer_object_init, .class_init = timer_class_init,
};
