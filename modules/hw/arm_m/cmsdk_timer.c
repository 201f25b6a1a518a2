/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK APB timer (Arm DDI 0479D, 4.1): counts down from RELOAD, reloads and interrupts when it passes 0. EXTIN is 0: with
 * one of its uses selected the timer stands. Wiring: region "regs", irq "irq". Property "frequency" (PCLK).
 */
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "modules/hw/arm_m/mps2.h"

enum { CTRL, VALUE, RELOAD, INTSTATUS, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { CTRL_EN = 1, CTRL_EXTIN = 2, CTRL_EXTCLK = 4, CTRL_IRQEN = 8 };

typedef struct CmsdkTimer {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine irq;
    uint32_t frequency;
    /* guest state: VALUE is what the counter had at `base` */
    uint32_t reg[NUM_REGS];
    int64_t base;
    Timer timer;
} CmsdkTimer;
DECLARE_OBJECT(CmsdkTimer, CMSDK_TIMER, "cmsdk-apb-timer")

static void update(CmsdkTimer *s)
{
    irq_set(&s->irq, s->reg[INTSTATUS] & 1);
}

static bool runs(const CmsdkTimer *s)
{
    return (s->reg[CTRL] & (CTRL_EN | CTRL_EXTIN | CTRL_EXTCLK)) == CTRL_EN && (s->reg[VALUE] || s->reg[RELOAD]);
}

static int64_t to_ns(const CmsdkTimer *s, uint64_t ticks)
{
    return ((unsigned __int128)ticks * 1000000000 + s->frequency - 1) / s->frequency;
}

/* Brings VALUE to the present. */
static void catch_up(CmsdkTimer *s)
{
    int64_t now = clock_now(device_clock(&s->parent));
    uint64_t ticks = (unsigned __int128)(uint64_t)(now - s->base) * s->frequency / 1000000000;

    if (!runs(s)) {
        s->base = now;
        return;
    }
    s->base += (int64_t)((unsigned __int128)ticks * 1000000000 / s->frequency);
    if (counter_run(&s->reg[VALUE], s->reg[RELOAD], ticks)) {
        s->reg[INTSTATUS] |= s->reg[CTRL] & CTRL_IRQEN ? 1 : 0;
        update(s);
    }
}

static void schedule(CmsdkTimer *s)
{
    if (runs(s)) {
        timer_mod(&s->timer, s->base + to_ns(s, counter_until_zero(s->reg[VALUE], s->reg[RELOAD])));
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

static bool timer_realize(Device *dev, GError **error)
{
    CmsdkTimer *s = CMSDK_TIMER(dev);

    regbank_init(&s->bank, dev, NULL, regs, NUM_REGS, s->reg, 0x1000);
    timer_init(&s->timer, device_clock(dev), fired, s);
    return true;
}

static void timer_unrealize(Device *dev)
{
    timer_del(&CMSDK_TIMER(dev)->timer);
    regbank_destroy(&CMSDK_TIMER(dev)->bank);
}

static void timer_reset(Device *dev, ResetType type)
{
    CmsdkTimer *s = CMSDK_TIMER(dev);

    timer_del(&s->timer);
    regbank_reset(&s->bank);
    s->base = clock_now(device_clock(dev));
    update(s);
}

static bool timer_post_load(void *s, GError **error)
{
    update(s);
    return true;
}

static const VMStateField timer_vmstate[] = {
    VMSTATE_REGS(CmsdkTimer, bank), VMSTATE_UINT(CmsdkTimer, base), VMSTATE_TIMER(CmsdkTimer, timer),
    VMSTATE_POST_LOAD(timer_post_load), VMSTATE_END
};

static const Property timer_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(CmsdkTimer, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "PCLK in Hz" }, PROP_END
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

const TypeInfo cmsdk_timer_type = {
    .name = "cmsdk-apb-timer", .parent = TYPE_DEVICE, .desc = "CMSDK timer", .instance_size = sizeof(CmsdkTimer),
    .props = timer_props, .init = timer_object_init, .class_init = timer_class_init,
};
