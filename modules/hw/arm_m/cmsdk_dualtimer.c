/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK dual timer (Arm DDI 0479D, 4.2), of two counters like SP804's (Arm DDI 0271): down, 16 or 32 bits, a prescaler of 1,
 * 16 or 256, free-running, periodic or one-shot. Wiring: region "regs", irqs "irq" (of both), "irq0", "irq1". Property
 * "frequency" (TIMCLK).
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "modules/hw/arm_m/mps2.h"

enum { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, BGLOAD, PER_COUNTER };
enum { COUNTERS, ITCR = PER_COUNTER * 2, ITOP, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { C_ONESHOT = 1, C_32 = 2, C_INTEN = 32, C_PERIODIC = 64, C_EN = 128 };

typedef struct Counter {
    struct DualTimer *owner;
    uint32_t load, value, control, ris;         /* value: at `tick` of TIMCLK */
    uint64_t tick;
    Timer timer;
} Counter;

typedef struct DualTimer {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine irq, each[2];
    uint32_t frequency;
    /* guest state */
    uint32_t reg[NUM_REGS];
    Counter counter[2];
} DualTimer;
DECLARE_OBJECT(DualTimer, CMSDK_DUALTIMER, "cmsdk-apb-dualtimer")

static bool raised(const Counter *c)
{
    return c->ris && c->control & C_INTEN;
}

static void update(DualTimer *s)
{
    for (unsigned i = 0; i < 2; i++) {
        irq_set(&s->each[i], raised(&s->counter[i]));
    }
    irq_set(&s->irq, raised(&s->counter[0]) || raised(&s->counter[1]));
}

static unsigned shift(const Counter *c)
{
    static const uint8_t shifts[] = { 0, 4, 8, 8 };

    return shifts[extract32(c->control, 2, 2)];
}

static uint32_t top(const Counter *c)
{
    return c->control & C_32 ? UINT32_MAX : UINT16_MAX;
}

/* What follows 0; 0: it stands. */
static uint32_t reload(const Counter *c)
{
    return c->control & C_ONESHOT ? 0 : c->control & C_PERIODIC ? MIN(c->load, top(c)) : top(c);
}

static uint64_t ticks_now(const Counter *c)
{
    return muldiv64((uint64_t)clock_now(device_clock(&c->owner->parent)), c->owner->frequency, 1000000000);
}

/* The first nanosecond at which ticks_now is `tick`. */
static int64_t time_of(const Counter *c, uint64_t tick)
{
    uint32_t f = c->owner->frequency;
    unsigned __int128 t = ((unsigned __int128)tick * 1000000000 + f - 1) / f;

    return t > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)t;
}

static void catch_up(Counter *c)
{
    uint64_t now = ticks_now(c), ticks = now > c->tick ? now - c->tick : 0;

    if (!(c->control & C_EN)) {
        c->tick += ticks;
        return;
    }
    ticks >>= shift(c);
    c->tick += ticks << shift(c);               /* what the prescaler has stays */
    if (counter_run(&c->value, reload(c), ticks)) {
        c->ris = 1;
        update(c->owner);
    }
}

static void schedule(Counter *c)
{
    uint64_t ticks = counter_until_zero(c->value, reload(c));

    if (c->control & C_EN && ticks) {
        timer_mod(&c->timer, MAX(time_of(c, c->tick + (ticks << shift(c))), time_of(c, c->tick) + 1000));
    } else {
        timer_del(&c->timer);
    }
}

static void fired(void *opaque)
{
    catch_up(opaque);
    schedule(opaque);
}

static uint64_t counter_read(void *dev, const RegDef *r, unsigned n)
{
    Counter *c = &CMSDK_DUALTIMER(dev)->counter[r->offset >> 5];

    catch_up(c);
    switch (r->offset & 0x1f) {
    case 0x00:
    case 0x18:
        return c->load;
    case 0x04:
        return c->value;
    case 0x08:
        return c->control;
    case 0x10:
        return c->ris;
    case 0x14:
        return raised(c);
    default:
        return 0;
    }
}

static void counter_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Counter *c = &CMSDK_DUALTIMER(dev)->counter[r->offset >> 5];

    catch_up(c);
    switch (r->offset & 0x1f) {
    case 0x00:
        c->load = v;
        c->value = v & top(c);
        if (!c->value && c->control & C_EN && !reload(c)) {
            c->ris = 1;                         /* at once, and it stands */
        }
        break;
    case 0x08:
        c->control = v & 0xef;
        c->value &= top(c);
        break;
    case 0x0c:
        c->ris = 0;
        break;
    case 0x18:
        c->load = v;
        break;
    }
    update(CMSDK_DUALTIMER(dev));
    schedule(c);
}

#define COUNTER_REG(n, id, at, name) \
    [PER_COUNTER * (n) + (id)] = { 0x20 * (n) + (at), name, .read = counter_read, .write = counter_write, .no_store = true }
#define COUNTER_ROWS(n, t) \
    COUNTER_REG(n, LOAD, 0x00, t "LOAD"), COUNTER_REG(n, VALUE, 0x04, t "VALUE"), COUNTER_REG(n, CONTROL, 0x08, t "CONTROL"), \
    COUNTER_REG(n, INTCLR, 0x0c, t "INTCLR"), COUNTER_REG(n, RIS, 0x10, t "RIS"), COUNTER_REG(n, MIS, 0x14, t "MIS"), \
    COUNTER_REG(n, BGLOAD, 0x18, t "BGLOAD")
static const RegDef regs[NUM_REGS] = {
    COUNTER_ROWS(0, "TIMER1"), COUNTER_ROWS(1, "TIMER2"), [ITCR] = { 0xf00, "TIMERITCR" }, [ITOP] = { 0xf04, "TIMERITOP" },
    CMSDK_ID_ROWS(IDS, 0x23),
};

static void dual_init(Object *obj)
{
    DualTimer *s = CMSDK_DUALTIMER(obj);

    device_init_irq_out(DEVICE(obj), "irq", &s->irq, 1);
    device_init_irq_out(DEVICE(obj), "irq0", &s->each[0], 1);
    device_init_irq_out(DEVICE(obj), "irq1", &s->each[1], 1);
}

static bool dual_realize(Device *dev, GError **error)
{
    DualTimer *s = CMSDK_DUALTIMER(dev);

    regbank_init(&s->bank, dev, NULL, regs, NUM_REGS, s->reg, 0x1000);
    for (unsigned i = 0; i < 2; i++) {
        s->counter[i].owner = s;
        timer_init(&s->counter[i].timer, device_clock(dev), fired, &s->counter[i]);
    }
    return true;
}

static void dual_unrealize(Device *dev)
{
    DualTimer *s = CMSDK_DUALTIMER(dev);

    timer_del(&s->counter[0].timer);
    timer_del(&s->counter[1].timer);
    regbank_destroy(&s->bank);
}

static void dual_reset(Device *dev, ResetType type)
{
    DualTimer *s = CMSDK_DUALTIMER(dev);

    regbank_reset(&s->bank);
    for (unsigned i = 0; i < 2; i++) {
        Counter *c = &s->counter[i];

        timer_del(&c->timer);
        c->load = c->ris = 0;
        c->value = UINT32_MAX;
        c->control = C_INTEN;
        c->tick = ticks_now(c);
    }
    update(s);
}

static bool dual_post_load(void *s, GError **error)
{
    update(s);
    return true;
}

#define VMSTATE_COUNTER(n) \
    VMSTATE_UINT(DualTimer, counter[n].load), VMSTATE_UINT(DualTimer, counter[n].value), \
    VMSTATE_UINT(DualTimer, counter[n].control), VMSTATE_UINT(DualTimer, counter[n].ris), \
    VMSTATE_UINT(DualTimer, counter[n].tick), VMSTATE_TIMER(DualTimer, counter[n].timer)
static const VMStateField dual_vmstate[] = {
    VMSTATE_REGS(DualTimer, bank), VMSTATE_COUNTER(0), VMSTATE_COUNTER(1), VMSTATE_POST_LOAD(dual_post_load), VMSTATE_END
};

static const Property dual_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(DualTimer, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "TIMCLK in Hz" }, PROP_END
};

static void dual_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = dual_realize;
    dc->unrealize = dual_unrealize;
    dc->reset = dual_reset;
    dc->vmstate = dual_vmstate;
    dc->category = "Timer";
}

const TypeInfo cmsdk_dualtimer_type = {
    .name = "cmsdk-apb-dualtimer", .parent = TYPE_DEVICE, .desc = "CMSDK dual timer", .instance_size = sizeof(DualTimer),
    .props = dual_props, .init = dual_init, .class_init = dual_class_init,
};
