/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MPS2's own registers (Arm DAI 0385D, 4 and 6): the serial configuration controller, through which the motherboard's three
 * oscillators are read and set (to no effect; other requests fail), and the FPGA's I/O block with its counters. Buttons and
 * switches are not pressed, LEDs are storage. Properties: "id" of SCC_ID, "osc0" (Hz), "frequency" of the I/O block (Hz).
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regdev.h"
#include "core/log.h"
#include "modules/hw/arm_m/mps2.h"

enum { SCC_CFG, SCC_DATA_RTN, SCC_DATA_OUT, SCC_CTRL, SCC_STAT, SCC_DLL, SCC_AID, SCC_ID, SCC_NUM, SCC_NUM_CFG = 8 };
enum { SCC_START = 1 << 31, SCC_WRITE = 1 << 30, SCC_DONE = 1, SCC_ERROR = 2, FUNCTION_OSC = 1, NUM_OSCS = 3, BOARD_REVISION = 2 };

typedef struct Mps2Scc {
    RegDevice parent;
    uint32_t id, osc0;
    uint32_t reg[SCC_NUM], cfg[SCC_NUM_CFG];
    uint32_t osc[NUM_OSCS];                     /* Hz */
} Mps2Scc;
DECLARE_OBJECT(Mps2Scc, MPS2_SCC, "mps2-scc")

static uint64_t cfg_read(void *dev, const RegDef *r, unsigned n)
{
    return n == 4 ? BOARD_REVISION : MPS2_SCC(dev)->cfg[n];
}

static void cfg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (n < 3) {
        MPS2_SCC(dev)->cfg[n] = v;
    }
}

static void scc_ctrl_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Mps2Scc *s = MPS2_SCC(dev);
    unsigned function = extract32((uint32_t)v, 20, 6), device = v & 0xfff;

    s->reg[SCC_CTRL] = v & ~(uint64_t)SCC_START;
    if (!(v & SCC_START)) {
        return;
    }
    s->reg[SCC_STAT] = SCC_DONE;
    if (function != FUNCTION_OSC || device >= NUM_OSCS) {
        log_guest_error("%s: function %u of device %u does not exist\n", s->parent.parent.parent.name, function, device);
        s->reg[SCC_STAT] |= SCC_ERROR;
    } else if (v & SCC_WRITE) {
        s->osc[device] = s->reg[SCC_DATA_OUT];
    } else {
        s->reg[SCC_DATA_RTN] = s->osc[device];
    }
}

static uint64_t id_read(void *dev, const RegDef *r, unsigned n)
{
    return MPS2_SCC(dev)->id;
}

static const RegDef scc_regs[SCC_NUM] = {
    [SCC_CFG] = { 0x000, "CFG_REG", .read = cfg_read, .write = cfg_write, .count = SCC_NUM_CFG, .no_store = true },
    [SCC_DATA_RTN] = { 0x0a0, "SYS_CFGDATA_RTN" }, [SCC_DATA_OUT] = { 0x0a4, "SYS_CFGDATA_OUT", .rw = UINT32_MAX },
    [SCC_CTRL] = { 0x0a8, "SYS_CFGCTRL", .write = scc_ctrl_write }, [SCC_STAT] = { 0x0ac, "SYS_CFGSTAT", .rw = 3 },
    [SCC_DLL] = { 0x100, "SCC_DLL", .reset = 0xffff0001 }, [SCC_AID] = { 0xff8, "SCC_AID", .reset = 0x00200008 },
    [SCC_ID] = { 0xffc, "SCC_ID", .read = id_read, .no_store = true },
};

static void scc_reset(Device *dev, ResetType type)
{
    Mps2Scc *s = MPS2_SCC(dev);

    memset(s->cfg, 0, sizeof(s->cfg));
    s->osc[0] = s->osc0;
    s->osc[1] = 24576000;
    s->osc[2] = 25000000;
}

static const VMStateField scc_vmstate[] = {
    VMSTATE_UINT_ARRAY(Mps2Scc, cfg), VMSTATE_UINT_ARRAY(Mps2Scc, osc), VMSTATE_END
};

static const RegDeviceSpec scc_spec = {
    REG_DEVICE_REGS(Mps2Scc, scc_regs), .vmstate = scc_vmstate, .reset = scc_reset,
};

static const Property scc_props[] = {
    { .name = "id", .type = PROP_U32, .offset = offsetof(Mps2Scc, id), .help = "SCC_ID" },
    { .name = "osc0", .type = PROP_U32, .offset = offsetof(Mps2Scc, osc0), .def = 50000000, .help = "oscillator 0 in Hz" },
    PROP_END
};

const TypeInfo mps2_scc_type = {
    .name = "mps2-scc", .desc = "MPS2 serial configuration controller", .instance_size = sizeof(Mps2Scc),
    .props = scc_props, REG_DEVICE_TYPE(scc_spec),
};

/* -- FPGAIO ----------------------------------------------------------------------------------------------------------------- */

enum { LED0, BUTTON, CLK1HZ, CLK100HZ, COUNTER, PRESCALE, PSCNTR, MISC, IO_NUM };

typedef struct Mps2Fpgaio {
    RegDevice parent;
    uint32_t frequency;
    /* guest state: counters are values at moments */
    uint32_t reg[IO_NUM];
    int64_t since_1hz, since_100hz, since_counter;
} Mps2Fpgaio;
DECLARE_OBJECT(Mps2Fpgaio, MPS2_FPGAIO, "mps2-fpgaio")

/* Counts since a moment, at hz. */
static uint64_t counts(const Mps2Fpgaio *s, int64_t since, uint32_t hz)
{
    return (unsigned __int128)(uint64_t)(clock_now(device_clock((Device *)&s->parent)) - since) * hz / 1000000000;
}

/* COUNTER moves when PSCNTR wraps. */
static void catch_up(Mps2Fpgaio *s)
{
    uint64_t n = counts(s, s->since_counter, s->frequency), period = (uint64_t)s->reg[PRESCALE] + 1;

    s->since_counter += (int64_t)((unsigned __int128)n * 1000000000 / s->frequency);
    if (n <= s->reg[PSCNTR]) {
        s->reg[PSCNTR] -= n;
    } else {
        n -= (uint64_t)s->reg[PSCNTR] + 1;
        s->reg[COUNTER] += 1 + n / period;
        s->reg[PSCNTR] = s->reg[PRESCALE] - n % period;
    }
}

static uint64_t io_read(void *dev, const RegDef *r, unsigned n)
{
    Mps2Fpgaio *s = MPS2_FPGAIO(dev);

    switch (r->offset) {
    case 0x10:
        return s->reg[CLK1HZ] + counts(s, s->since_1hz, 1);
    case 0x14:
        return s->reg[CLK100HZ] + counts(s, s->since_100hz, 100);
    default:
        catch_up(s);
        return s->reg[r->offset == 0x18 ? COUNTER : r->offset == 0x1c ? PRESCALE : PSCNTR];
    }
}

static void io_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Mps2Fpgaio *s = MPS2_FPGAIO(dev);
    int64_t now = clock_now(device_clock(&s->parent.parent));

    switch (r->offset) {
    case 0x10:
        s->reg[CLK1HZ] = v;
        s->since_1hz = now;
        break;
    case 0x14:
        s->reg[CLK100HZ] = v;
        s->since_100hz = now;
        break;
    default:
        catch_up(s);
        s->reg[r->offset == 0x18 ? COUNTER : r->offset == 0x1c ? PRESCALE : PSCNTR] = v;
    }
}

#define IO_COUNTER(id, at) [id] = { at, #id, .read = io_read, .write = io_write }
static const RegDef io_regs[IO_NUM] = {
    [LED0] = { 0x00, "LED0", .rw = 3 }, [BUTTON] = { 0x08, "BUTTON" }, IO_COUNTER(CLK1HZ, 0x10), IO_COUNTER(CLK100HZ, 0x14),
    IO_COUNTER(COUNTER, 0x18), IO_COUNTER(PRESCALE, 0x1c), IO_COUNTER(PSCNTR, 0x20),
    [MISC] = { 0x4c, "MISC", .rw = 0x3ff },
};

static void io_reset(Device *dev, ResetType type)
{
    Mps2Fpgaio *s = MPS2_FPGAIO(dev);

    s->since_1hz = s->since_100hz = s->since_counter = clock_now(device_clock(dev));
}

static const VMStateField io_vmstate[] = {
    VMSTATE_UINT(Mps2Fpgaio, since_1hz), VMSTATE_UINT(Mps2Fpgaio, since_100hz),
    VMSTATE_UINT(Mps2Fpgaio, since_counter), VMSTATE_END
};

static const RegDeviceSpec io_spec = {
    REG_DEVICE_REGS(Mps2Fpgaio, io_regs), .vmstate = io_vmstate, .reset = io_reset,
};

static const Property io_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(Mps2Fpgaio, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "of the prescaler, in Hz" }, PROP_END
};

const TypeInfo mps2_fpgaio_type = {
    .name = "mps2-fpgaio", .desc = "MPS2 FPGA I/O block", .instance_size = sizeof(Mps2Fpgaio),
    .props = io_props, REG_DEVICE_TYPE(io_spec),
};
