/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK APB watchdog (Arm DDI 0479D, 4.4; as SP805, DDI 0270B): counts down from WDOGLOAD; the first time that it comes to 0
 * is an interrupt, the second a reset: of the machine, unless "reset" is connected. Wiring: region "regs", irqs "irq", "reset".
 * Property "frequency" (WDOGCLK).
 */
#include "core/exec/clock.h"
#include "core/exec/regdev.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/mps2.h"

enum { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, LOCK, ITCR, ITOP, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { CONTROL_INTEN = 1, CONTROL_RESEN = 2 };
#define UNLOCK 0x1acce551

typedef struct CmsdkWatchdog {
    RegDevice parent;
    /* wiring */
    IrqLine irq, reset;
    /* guest state */
    uint32_t frequency;
    uint32_t reg[NUM_REGS];
    bool resets;                                /* WDOGRES */
    Timer timer;
} CmsdkWatchdog;
DECLARE_OBJECT(CmsdkWatchdog, CMSDK_WATCHDOG, "cmsdk-apb-watchdog")

static void update(void *dev)
{
    CmsdkWatchdog *s = CMSDK_WATCHDOG(dev);

    s->reg[MIS] = s->reg[RIS] & s->reg[CONTROL] & CONTROL_INTEN;
    irq_set(&s->irq, s->reg[MIS]);
    irq_set(&s->reset, s->resets);
}

static void start(CmsdkWatchdog *s)
{
    uint64_t ns = muldiv64(MAX(s->reg[LOAD], 1), 1000000000, s->frequency);

    timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + (int64_t)MAX(ns, 1000));
}

void cmsdk_watchdog_set_frequency(Device *watchdog, uint32_t hz)
{
    CmsdkWatchdog *s = CMSDK_WATCHDOG(watchdog);
    int64_t now = clock_now(device_clock(watchdog));

    if (timer_armed(&s->timer)) {
        int64_t left = MAX(s->timer.expire - now, 0);

        timer_mod(&s->timer, now + (int64_t)((unsigned __int128)left * s->frequency / hz));
    }
    s->frequency = hz;
}

static void fired(void *opaque)
{
    CmsdkWatchdog *s = opaque;

    if (s->reg[RIS] && s->reg[CONTROL] & CONTROL_RESEN) {
        s->resets = true;
        if (!s->reset.num_sinks && s->parent.parent.machine) {
            machine_request_reset(s->parent.parent.machine);
        }
        update(s);
        return;
    }
    s->reg[RIS] = 1;
    start(s);
    update(s);
}

static uint64_t value_read(void *dev, const RegDef *r, unsigned n)
{
    CmsdkWatchdog *s = CMSDK_WATCHDOG(dev);
    int64_t left;

    if (!timer_armed(&s->timer)) {
        return s->reg[LOAD];
    }
    left = s->timer.expire - clock_now(device_clock(&s->parent.parent));
    return left > 0 ? (unsigned __int128)left * s->frequency / 1000000000 : 0;
}

static void reg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CmsdkWatchdog *s = CMSDK_WATCHDOG(dev);

    if (r->offset == 0xc00) {
        s->reg[LOCK] = v != UNLOCK;
        return;
    }
    if (s->reg[LOCK]) {
        return;
    }
    switch (r->offset) {
    case 0x00:
        s->reg[LOAD] = v;
        if (s->reg[CONTROL] & CONTROL_INTEN) {
            start(s);
        }
        break;
    case 0x08:
        if (~s->reg[CONTROL] & v & CONTROL_INTEN) {
            start(s);
        } else if (!(v & CONTROL_INTEN)) {
            timer_del(&s->timer);
        }
        s->reg[CONTROL] = v & 3;
        break;
    default:
        s->reg[RIS] = 0;
        if (s->reg[CONTROL] & CONTROL_INTEN) {
            start(s);
        }
    }
    update(s);
}

static const RegDef regs[NUM_REGS] = {
    [LOAD] = { 0x000, "WDOGLOAD", .reset = UINT32_MAX, .write = reg_write },
    [VALUE] = { 0x004, "WDOGVALUE", .read = value_read }, [CONTROL] = { 0x008, "WDOGCONTROL", .write = reg_write },
    [INTCLR] = { 0x00c, "WDOGINTCLR", .write = reg_write }, [RIS] = { 0x010, "WDOGRIS" }, [MIS] = { 0x014, "WDOGMIS" },
    [LOCK] = { 0xc00, "WDOGLOCK", .write = reg_write }, [ITCR] = { 0xf00, "WDOGITCR", .rw = 1 },
    [ITOP] = { 0xf04, "WDOGITOP", .rw = 3 }, CMSDK_ID_ROWS(IDS, 0x24),
};

static void watchdog_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &CMSDK_WATCHDOG(obj)->irq, 1);
    device_init_irq_out(DEVICE(obj), "reset", &CMSDK_WATCHDOG(obj)->reset, 1);
}

static void watchdog_reset(Device *dev, ResetType type)
{
    CMSDK_WATCHDOG(dev)->resets = false;
}

static const VMStateField watchdog_vmstate[] = {
    VMSTATE_UINT(CmsdkWatchdog, frequency), VMSTATE_BOOL(CmsdkWatchdog, resets), VMSTATE_TIMER(CmsdkWatchdog, timer), VMSTATE_END
};

static const RegDeviceTimer watchdog_timers[] = { { offsetof(CmsdkWatchdog, timer), fired }, { 0 } };

static const RegDeviceSpec watchdog_spec = {
    .category = "Timer", REG_DEVICE_REGS(CmsdkWatchdog, regs), .timers = watchdog_timers, .vmstate = watchdog_vmstate,
    .reset = watchdog_reset, .update = update,
};

static const Property watchdog_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(CmsdkWatchdog, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "WDOGCLK in Hz" }, PROP_END
};

const TypeInfo cmsdk_watchdog_type = {
    .name = "cmsdk-apb-watchdog", .desc = "CMSDK watchdog", .instance_size = sizeof(CmsdkWatchdog),
    .props = watchdog_props, .init = watchdog_init, REG_DEVICE_TYPE(watchdog_spec),
};
