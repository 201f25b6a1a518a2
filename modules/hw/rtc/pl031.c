/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PL031: PrimeCell real-time clock (Arm DDI 0224B).
 * Counts seconds of the host's clock, or of virtual time from `epoch` on ("clock" property). The counter always runs:
 * RTCCR reads as enabled, as on the part once it has been started.
 * Wiring: region "regs", irq "intr".
 */
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "modules/hw/rtc/rtc.h"

#define TYPE_PL031 "pl031"
#define NS_PER_SEC INT64_C(1000000000)

enum {
    DR, MR, LR, CR, IMSC, RIS, MIS, ICR,
    PERIPHID0, PERIPHID1, PERIPHID2, PERIPHID3, CELLID0, CELLID1, CELLID2, CELLID3, NUM_REGS
};

enum { CLOCK_HOST, CLOCK_VM };
static const char *const clock_names[] = { "host", "vm", NULL };

typedef struct PL031State {
    Device parent;
    RegBank bank;
    IrqLine intr;
    uint32_t clock_source;
    uint64_t epoch;
    /* guest state */
    uint32_t reg[NUM_REGS];
    int64_t offset;                             /* ns: counter = source + offset */
    Timer alarm;
} PL031State;

DECLARE_OBJECT(PL031State, PL031, TYPE_PL031)

static void update(PL031State *s)
{
    s->reg[MIS] = s->reg[RIS] & s->reg[IMSC];
    irq_set(&s->intr, s->reg[MIS] != 0);
}

static int64_t source_ns(PL031State *s)
{
    return s->clock_source == CLOCK_HOST ? g_get_real_time() * 1000
                                         : (int64_t)s->epoch * NS_PER_SEC + clock_now(device_clock(&s->parent));
}

static uint64_t counter_ns(PL031State *s)
{
    return (uint64_t)source_ns(s) + (uint64_t)s->offset;
}

/* The match is of 32 bits: at most 2^32 seconds ahead. */
static void arm_alarm(PL031State *s)
{
    uint64_t now = counter_ns(s);
    uint32_t ahead = s->reg[MR] - (uint32_t)(now / NS_PER_SEC);
    int64_t wait = (int64_t)ahead * NS_PER_SEC - (int64_t)(now % NS_PER_SEC);

    if (ahead == 0) {
        timer_del(&s->alarm);
        s->reg[RIS] = 1;
        update(s);
    } else {
        timer_mod(&s->alarm, clock_now(device_clock(&s->parent)) + wait);
    }
}

static void alarm_fired(void *opaque)
{
    PL031State *s = opaque;

    s->reg[RIS] = 1;
    update(s);
}

static uint64_t dr_read(void *dev, const RegDef *r, unsigned n)
{
    return (uint32_t)(counter_ns(dev) / NS_PER_SEC);
}

static void mr_after(void *dev, const RegDef *r, unsigned n)
{
    arm_alarm(dev);
}

static void lr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL031State *s = dev;

    s->reg[LR] = (uint32_t)value;
    s->offset = (int64_t)((uint64_t)(uint32_t)value * NS_PER_SEC - (uint64_t)source_ns(s));
    arm_alarm(s);
}

static void imsc_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void icr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL031State *s = dev;

    s->reg[RIS] &= ~value;
    update(s);
}

/* It is running, and until a reset nothing stops it. */
static void cr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
}

static const RegDef pl031_regs[NUM_REGS] = {
    [DR]   = { 0x000, "RTCDR",   .read = dr_read },
    [MR]   = { 0x004, "RTCMR",   .rw = 0xffffffff, .after = mr_after },
    [LR]   = { 0x008, "RTCLR",   .write = lr_write },
    [CR]   = { 0x00c, "RTCCR",   .reset = 1, .write = cr_write },
    [IMSC] = { 0x010, "RTCIMSC", .rw = 1, .after = imsc_after },
    [RIS]  = { 0x014, "RTCRIS" },
    [MIS]  = { 0x018, "RTCMIS" },
    [ICR]  = { 0x01c, "RTCICR",  .write = icr_write },
    [PERIPHID0] = { 0xfe0, "RTCPeriphID0", .reset = 0x31 },
    [PERIPHID1] = { 0xfe4, "RTCPeriphID1", .reset = 0x10 },
    [PERIPHID2] = { 0xfe8, "RTCPeriphID2", .reset = 0x04 },
    [PERIPHID3] = { 0xfec, "RTCPeriphID3", .reset = 0x00 },
    [CELLID0]   = { 0xff0, "RTCPCellID0",  .reset = 0x0d },
    [CELLID1]   = { 0xff4, "RTCPCellID1",  .reset = 0xf0 },
    [CELLID2]   = { 0xff8, "RTCPCellID2",  .reset = 0x05 },
    [CELLID3]   = { 0xffc, "RTCPCellID3",  .reset = 0xb1 },
};

static void pl031_init(Object *obj)
{
    PL031State *s = PL031(obj);

    device_init_irq_out(&s->parent, "intr", &s->intr, 1);
}

static bool pl031_realize(Device *dev, GError **error)
{
    PL031State *s = PL031(dev);

    regbank_init(&s->bank, dev, NULL, pl031_regs, NUM_REGS, s->reg, 0x1000);
    timer_init(&s->alarm, device_clock(dev), alarm_fired, s);
    return true;
}

static void pl031_unrealize(Device *dev)
{
    PL031State *s = PL031(dev);

    timer_del(&s->alarm);
    regbank_destroy(&s->bank);
}

/* The counter is in the battery's domain: only a power cycle takes it back to the source. */
static void pl031_reset(Device *dev, ResetType type)
{
    PL031State *s = PL031(dev);
    uint32_t lr = s->reg[LR];

    timer_del(&s->alarm);
    regbank_reset(&s->bank);
    if (type == RESET_COLD) {
        s->offset = 0;
    } else {
        s->reg[LR] = lr;
    }
    update(s);
}

static bool pl031_post_load(void *opaque, GError **error)
{
    update(opaque);
    return true;
}

static const VMStateField pl031_vmstate[] = {
    VMSTATE_REGS(PL031State, bank),
    VMSTATE_UINT(PL031State, offset),
    VMSTATE_TIMER(PL031State, alarm),
    VMSTATE_POST_LOAD(pl031_post_load),
    VMSTATE_END
};

static const Property pl031_props[] = {
    { .name = "clock", .type = PROP_ENUM, .offset = offsetof(PL031State, clock_source), .names = clock_names,
      .def = CLOCK_HOST, .help = "what it counts: the host's clock or virtual time" },
    PROP_DEF("epoch", PL031State, epoch, PROP_U64, 0, "with clock=vm, seconds since 1970 at the machine's start"),
    PROP_END
};

static void pl031_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = pl031_realize;
    dc->unrealize = pl031_unrealize;
    dc->reset = pl031_reset;
    dc->vmstate = pl031_vmstate;
    dc->category = "Time";
}

const TypeInfo pl031_type = {
    .name = TYPE_PL031,
    .parent = TYPE_DEVICE,
    .desc = "PrimeCell real-time clock (PL031)",
    .instance_size = sizeof(PL031State),
    .props = pl031_props,
    .class_init = pl031_class_init,
    .init = pl031_init,
};
