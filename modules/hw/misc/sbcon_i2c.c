/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The serial bus controller of Arm's boards ("Two-wire serial bus interface", Arm DUI 0447; Linux's i2c-versatile): I2C by
 * two lines that software moves. Both have pull-ups and nobody else is on the bus, so that they are where software has them
 * and no address is acknowledged.
 * Wiring: region "regs".
 */
#include "core/exec/regdev.h"
#include "modules/hw/misc/misc.h"

enum { CONTROL, CONTROLC, NUM_REGS, SCL = 1, SDA = 2 };

typedef struct SbconI2c {
    RegDevice parent;
    uint32_t reg[NUM_REGS];
} SbconI2c;
DECLARE_OBJECT(SbconI2c, SBCON_I2C, "versatile-i2c")

static void set_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SBCON_I2C(dev)->reg[CONTROL] |= v & (SCL | SDA);
}

static void clear_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    SBCON_I2C(dev)->reg[CONTROL] &= ~(v & (SCL | SDA));
}

static const RegDef sbcon_regs[NUM_REGS] = {
    [CONTROL] = { 0x00, "SB_CONTROL", .reset = SCL | SDA, .write = set_write },
    [CONTROLC] = { 0x04, "SB_CONTROLC", .write = clear_write, .no_store = true },
};

static const RegDeviceSpec sbcon_spec = {
    REG_DEVICE_REGS(SbconI2c, sbcon_regs),
};

const TypeInfo sbcon_i2c_type = {
    .name = "versatile-i2c", .desc = "two-wire serial bus of Arm's boards",
    .instance_size = sizeof(SbconI2c), REG_DEVICE_TYPE(sbcon_spec),
};
