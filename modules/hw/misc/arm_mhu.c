/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Message Handling Unit of Arm's Juno (DDI 0515, "Message Handling Unit"): doorbells of 32 bits between an application
 * processor and a system control processor, three channels each way: low priority, high priority, Secure. A status
 * register that is not 0 asserts its interrupt; SET and CLEAR change its bits.
 * The Secure channel takes Secure accesses alone. Not modelled: MHU_SCFG, which would open or close the others to them.
 * Wiring: region "regs", which both sides see; irq "ap"[3] (SCP_INTR: what the SCP sends), "scp"[3] (CPU_INTR).
 */
#include <string.h>
#include "core/exec/regbank.h"
#include "core/log.h"
#include "modules/hw/misc/misc.h"

#define TYPE_ARM_MHU "arm-mhu"

enum { LOW, HIGH, SECURE, NUM_PRIORITIES };
enum { STAT, SET, CLEAR, REGS_PER_CHANNEL };
/* Channels: first SCP_INTR_L, _H, _S, then CPU_INTR_L, _H, _S; the registers of each are rows in this order. */
enum { NUM_CHANNELS = 2 * NUM_PRIORITIES, PID4 = NUM_CHANNELS * REGS_PER_CHANNEL, NUM_REGS = PID4 + 12 };

typedef struct ArmMhu {
    Device parent;
    RegBank bank;
    IrqLine ap[NUM_PRIORITIES], scp[NUM_PRIORITIES];
    /* guest state */
    uint32_t stat[NUM_CHANNELS];
    uint32_t reg[NUM_REGS];                     /* identification alone */
} ArmMhu;
DECLARE_OBJECT(ArmMhu, ARM_MHU, TYPE_ARM_MHU)

static void update(ArmMhu *s, unsigned channel)
{
    IrqLine *lines = channel < NUM_PRIORITIES ? s->ap : s->scp;

    irq_set(&lines[channel % NUM_PRIORITIES], s->stat[channel] != 0);
}

static bool refused(const ArmMhu *s, unsigned channel)
{
    bool no = channel % NUM_PRIORITIES == SECURE && s->bank.attrs.pas != PAS_SECURE;

    if (no) {
        log_guest_error("arm-mhu: a Non-secure access to the Secure channel\n");
    }
    return no;
}

static unsigned row_of(const ArmMhu *s, const RegDef *r)
{
    return (unsigned)(r - s->bank.defs);
}

static uint64_t stat_read(void *dev, const RegDef *r, unsigned n)
{
    ArmMhu *s = dev;
    unsigned channel = row_of(s, r) / REGS_PER_CHANNEL;

    return refused(s, channel) ? 0 : s->stat[channel];
}

static uint64_t zero_read(void *dev, const RegDef *r, unsigned n)
{
    return 0;
}

static void bits_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    ArmMhu *s = dev;
    unsigned row = row_of(s, r), channel = row / REGS_PER_CHANNEL;

    if (!refused(s, channel)) {
        if (row % REGS_PER_CHANNEL == SET) {
            s->stat[channel] |= (uint32_t)value;
        } else {
            s->stat[channel] &= ~(uint32_t)value;
        }
        update(s, channel);
    }
}

#define CHANNEL(n, at, name_) \
    [3 * (n) + STAT]  = { at, name_ "_STAT", .read = stat_read, .no_store = true }, \
    [3 * (n) + SET]   = { (at) + 8, name_ "_SET", .read = zero_read, .write = bits_write, .no_store = true }, \
    [3 * (n) + CLEAR] = { (at) + 16, name_ "_CLEAR", .read = zero_read, .write = bits_write, .no_store = true }

static const RegDef mhu_regs[NUM_REGS] = {
    CHANNEL(0, 0x000, "SCP_INTR_L"), CHANNEL(1, 0x020, "SCP_INTR_H"), CHANNEL(2, 0x200, "SCP_INTR_S"),
    CHANNEL(3, 0x100, "CPU_INTR_L"), CHANNEL(4, 0x120, "CPU_INTR_H"), CHANNEL(5, 0x300, "CPU_INTR_S"),
    [PID4]      = { 0xfd0, "PID4",   .reset = 0x04 },
    [PID4 + 1]  = { 0xfd4, "PID5",   .reset = 0x00 },
    [PID4 + 2]  = { 0xfd8, "PID6",   .reset = 0x00 },
    [PID4 + 3]  = { 0xfdc, "PID7",   .reset = 0x00 },
    [PID4 + 4]  = { 0xfe0, "PID0",   .reset = 0x98 },
    [PID4 + 5]  = { 0xfe4, "PID1",   .reset = 0xb0 },
    [PID4 + 6]  = { 0xfe8, "PID2",   .reset = 0x1b },
    [PID4 + 7]  = { 0xfec, "PID3",   .reset = 0x00 },
    [PID4 + 8]  = { 0xff0, "COMPID0", .reset = 0x0d },
    [PID4 + 9]  = { 0xff4, "COMPID1", .reset = 0xf0 },
    [PID4 + 10] = { 0xff8, "COMPID2", .reset = 0x05 },
    [PID4 + 11] = { 0xffc, "COMPID3", .reset = 0xb1 },
};

static bool mhu_realize(Device *dev, GError **error)
{
    ArmMhu *s = ARM_MHU(dev);

    regbank_init(&s->bank, dev, NULL, mhu_regs, NUM_REGS, s->reg, 0x1000);
    return true;
}

static void mhu_unrealize(Device *dev)
{
    regbank_destroy(&ARM_MHU(dev)->bank);
}

static bool mhu_loaded(void *opaque, GError **error)
{
    for (unsigned i = 0; i < NUM_CHANNELS; i++) {
        update(opaque, i);
    }
    return true;
}

static void mhu_reset(Device *dev, ResetType type)
{
    regbank_reset(&ARM_MHU(dev)->bank);
    memset(ARM_MHU(dev)->stat, 0, sizeof(ARM_MHU(dev)->stat));
    mhu_loaded(ARM_MHU(dev), NULL);
}

static void mhu_init(Object *obj)
{
    ArmMhu *s = ARM_MHU(obj);

    device_init_irq_out(&s->parent, "ap", s->ap, NUM_PRIORITIES);
    device_init_irq_out(&s->parent, "scp", s->scp, NUM_PRIORITIES);
}

static const VMStateField mhu_vmstate[] = {
    VMSTATE_REGS(ArmMhu, bank), VMSTATE_UINT_ARRAY(ArmMhu, stat), VMSTATE_POST_LOAD(mhu_loaded), VMSTATE_END
};

static void mhu_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = mhu_realize;
    dc->unrealize = mhu_unrealize;
    dc->reset = mhu_reset;
    dc->vmstate = mhu_vmstate;
    dc->category = "Misc";
}

const TypeInfo arm_mhu_type = {
    .name = TYPE_ARM_MHU, .parent = TYPE_DEVICE, .desc = "doorbells between processors (Arm MHU)",
    .instance_size = sizeof(ArmMhu), .class_init = mhu_class_init, .init = mhu_init,
};
