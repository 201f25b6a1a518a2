/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK APB timer (Arm DDI 0479D, 4.1): counts down from RELOAD, reloads and interrupts when it passes 0. EXTIN is 0: with
 * one of its uses selected the timer stands. Wiring: region "regs", irq "irq". Property "frequency" (PCLK).
 */
#include "core/exec/clock.h"
#include "core/exec/regdev.h"
#include "modules/hw/arm_m/mps2.h"

enum { CTRL, VALUE, RELOAD, INTSTATUS, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { CTRL_EN = 1, CTRL_EXTIN = 2, CTRL_EXTCLK = 4, CTRL_IRQEN = 8 };

typedef struct CmsdkTimer {
    RegDevice parent;
    /* wiring */
    IrqLine irq;
    uint32_t frequency;
    /* guest state: VALUE is what the counter had at `tick` of PCLK */
    uint32_t reg[NUM_REGS];
    uint64_t tick;
    Timer timer;
} CmsdkTimer;
DECLARE_OBJECT(CmsdkTimer, CMSDK_TIMER, "cmsdk-apb-timer")

static void update(void *dev)
{
    CmsdkTimer *s = CMSDK_TIMER(dev);

    irq_set(&s->irq, s->reg[INTSTATUS] & 1);
}

static bool runs(const CmsdkTimer *s)
{
    return (s->reg[CTRL] & (CTRL_EN | CTRL_EXTIN | CTRL_EXTCLK)) == CTRL_EN && (s->reg[VALUE] || s->reg[RELOAD]);
}

static uint64_t ticks_now(CmsdkTimer *s)
{
    return muldiv64((uint64_t)clock_now(device_clock(&s->parent.parent)), s->frequency, 1000000000);
}

/* The first nanosecond at which ticks_now is `tick`. */
static int64_t time_of(const CmsdkTimer *s, uint64_t tick)
{
    unsigned __int128 t = ((unsigned __int128)tick * 1000000000 + s->frequency - 1) / s->frequency;

    return t > INT64_MAX ? INT64_MAX - 1 : (int64_t)t;
}

/* Brings VALUE to the present. */
static void catch_up(CmsdkTimer *s)
{
    uint64_t now = ticks_now(s), ticks = now > s->tick ? now - s->tick : 0;

    s->tick += ticks;
    if (runs(s) && counter_run(&s->reg[VALUE], s->reg[RELOAD], ticks)) {
        s->reg[INTSTATUS] |= s->reg[CTRL] & CTRL_IRQEN ? 1 : 0;
        update(s);
    }
}

static void schedule(CmsdkTimer *s)
{
    if (runs(s)) {
        timer_mod(&s->timer, time_of(s, s->tick + counter_until_zero(s->reg[VALUE], s->reg[RELOAD])));
    } else {
        timer_del(&s->timer);
    }
}

static void fired(void *opaque)
{
    catch_up(opaque);
    schedule(opaque);
}

static uint64_t value_read(void *dev, const RegDef *r, unsigned n)
{
    catch_up(dev);
    return CMSDK_TIMER(dev)->reg[VALUE];
}

static void reg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CmsdkTimer *s = CMSDK_TIMER(dev);

    catch_up(s);
    switch (r->offset) {
    case 0x00:
        s->reg[CTRL] = v & 0xf;
        if (s->reg[CTRL] & CTRL_EN && !s->reg[VALUE]) {
            s->reg[VALUE] = s->reg[RELOAD];
        }
        break;
    case 0x04:
        s->reg[VALUE] = v;
        break;
    case 0x08:
        s->reg[RELOAD] = v;
        break;
    default:
        s->reg[INTSTATUS] &= ~v;
        update(s);
    }
    schedule(s);
}

static uint64_t int_read(void *dev, const RegDef *r, unsigned n)
{
    catch_up(dev);
    return CMSDK_TIMER(dev)->reg[INTSTATUS];
}

static const RegDef regs[NUM_REGS] = {
    [CTRL] = { 0x00, "CTRL", .write = reg_write }, [VALUE] = { 0x04, "VALUE", .read = value_read, .write = reg_write },
    [RELOAD] = { 0x08, "RELOAD", .write = reg_write }, [INTSTATUS] = { 0x0c, "INTSTATUS", .read = int_read, .write = reg_write },
    CMSDK_ID_ROWS(IDS, 0x22),
};

static void timer_object_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &CMSDK_TIMER(obj)->irq, 1);
}

static void timer_reset(Device *dev, ResetType type)
{
    CmsdkTimer *s = CMSDK_TIMER(dev);

    s->tick = ticks_now(s);
}

static const VMStateField timer_vmstate[] = {
    VMSTATE_UINT(CmsdkTimer, tick), VMSTATE_TIMER(CmsdkTimer, timer), VMSTATE_END
};

static const RegDeviceTimer timer_timers[] = { { offsetof(CmsdkTimer, timer), fired }, { 0 } };

static const RegDeviceSpec timer_spec = {
    .category = "Timer", REG_DEVICE_REGS(CmsdkTimer, regs), .timers = timer_timers, .vmstate = timer_vmstate,
    .reset = timer_reset, .update = update,
};

static const Property timer_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(CmsdkTimer, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "PCLK in Hz" }, PROP_END
};

const TypeInfo cmsdk_timer_type = {
    .name = "cmsdk-apb-timer", .desc = "CMSDK timer", .instance_size = sizeof(CmsdkTimer),
    .props = timer_props, .init = timer_object_init, REG_DEVICE_TYPE(timer_spec),
};
