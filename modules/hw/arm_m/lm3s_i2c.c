/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * I2C of Stellaris (LM3S6965 data sheet, "Inter-Integrated Circuit Interface"): the master, and the registers of the slave.
 * Nobody else is on the bus: an address is not acknowledged, which ends the transfer with an error, and the slave is never
 * addressed. A transfer takes no time. Not modelled: the loopback of master and slave (MCR.LPBK).
 * Wiring: region "regs", irq "irq".
 */
#include "core/exec/regdev.h"
#include "core/log.h"
#include "modules/hw/arm_m/lm3s.h"

enum { MSA, MCS, MDR, MTPR, MIMR, MRIS, MMIS, MICR, MCR, SOAR, SCSR, SDR, SIMR, SRIS, SMIS, SICR, NUM_REGS };
enum { CMD_STOP = 4, CMD_START = 2, CMD_RUN = 1, BUSBSY = 0x40, IDLE = 0x20, ADRACK = 4, ERROR = 2, MCR_MFE = 0x10 };

typedef struct Lm3sI2c {
    RegDevice parent;
    IrqLine irq;
    uint32_t reg[NUM_REGS];
} Lm3sI2c;
DECLARE_OBJECT(Lm3sI2c, LM3S_I2C, "lm3s-i2c")

static void update(void *dev)
{
    Lm3sI2c *s = LM3S_I2C(dev);

    s->reg[MMIS] = s->reg[MRIS] & s->reg[MIMR];
    irq_set(&s->irq, s->reg[MMIS] != 0);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

/*
 * START and RUN send the address; without a STOP the bus stays ours after the error, until a command of STOP alone. Data
 * cannot be sent, for nobody has acknowledged an address.
 */
static void mcs_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sI2c *s = LM3S_I2C(dev);
    bool ours = s->reg[MCS] & BUSBSY;

    if (!(s->reg[MCR] & MCR_MFE) || !(v & (CMD_RUN | CMD_STOP))) {
        return;
    }
    if (v & CMD_RUN && !(v & CMD_START) && !ours) {
        log_guest_error("lm3s-i2c: a transfer without START\n");
        return;
    }
    s->reg[MCS] = (v & CMD_RUN ? ERROR | ADRACK : 0) | (v & CMD_STOP ? IDLE : BUSBSY);
    s->reg[MRIS] = 1;
    update(s);
}

static void micr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Lm3sI2c *s = LM3S_I2C(dev);

    s->reg[MRIS] &= ~(uint32_t)(v & 1);
    update(s);
}

static const RegDef regs[NUM_REGS] = {
    [MSA] = { 0x000, "I2CMSA", .rw = 0xff }, [MCS] = { 0x004, "I2CMCS", .reset = IDLE, .write = mcs_write },
    [MDR] = { 0x008, "I2CMDR", .rw = 0xff }, [MTPR] = { 0x00c, "I2CMTPR", .reset = 1, .rw = 0xff },
    [MIMR] = { 0x010, "I2CMIMR", .rw = 1, .after = after }, [MRIS] = { 0x014, "I2CMRIS" }, [MMIS] = { 0x018, "I2CMMIS" },
    [MICR] = { 0x01c, "I2CMICR", .write = micr_write, .no_store = true }, [MCR] = { 0x020, "I2CMCR", .rw = 0x31 },
    [SOAR] = { 0x800, "I2CSOAR", .rw = 0x7f }, [SCSR] = { 0x804, "I2CSCSR", .rw = 0, .after = after },
    [SDR] = { 0x808, "I2CSDR", .rw = 0xff }, [SIMR] = { 0x80c, "I2CSIMR", .rw = 1 }, [SRIS] = { 0x810, "I2CSRIS" },
    [SMIS] = { 0x814, "I2CSMIS" }, [SICR] = { 0x818, "I2CSICR", .after = after },
};

static void i2c_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &LM3S_I2C(obj)->irq, 1);
}

static const RegDeviceSpec i2c_spec = { REG_DEVICE_REGS(Lm3sI2c, regs), .update = update };

const TypeInfo lm3s_i2c_type = {
    .name = "lm3s-i2c", .desc = "Stellaris I2C, with an empty bus", .instance_size = sizeof(Lm3sI2c), .init = i2c_init,
    REG_DEVICE_TYPE(i2c_spec),
};
