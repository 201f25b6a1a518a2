/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PL022: PrimeCell synchronous serial port (Arm DDI 0194G), a master of SPI. Nobody is at the other end: frames that it sends
 * come back as zeros, or as ones if the line has a pull-up, or as they were in loopback mode. A frame takes no time. Not
 * modelled: slave mode (nobody clocks it: what was written stays), DMA requests, and what distinguishes the frame formats.
 * Wiring: region "regs", irq "intr". Properties "frequency" (SSPCLK), for the receive timeout, "pull-up".
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regdev.h"
#include "modules/hw/misc/misc.h"

enum { CR0, CR1, DR, SR, CPSR, IMSC, RIS, MIS, ICR, DMACR, IDS, NUM_REGS = IDS + 8, FIFO = 8 };
enum { CR1_LBM = 1, CR1_SSE = 2, CR1_MS = 4, SR_TFE = 1, SR_TNF = 2, SR_RNE = 4, SR_RFF = 8, SR_BSY = 16 };
enum { INT_ROR = 1, INT_RT = 2, INT_RX = 4, INT_TX = 8, TIMEOUT_BITS = 32 };

typedef struct PL022State {
    RegDevice parent;
    /* wiring */
    IrqLine intr;
    uint32_t frequency;
    bool pull_up;
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint16_t tx[FIFO], rx[FIFO];
    uint32_t tx_used, rx_used;
    Timer timeout;
} PL022State;
DECLARE_OBJECT(PL022State, PL022, "pl022")

static void update(void *dev)
{
    PL022State *s = PL022(dev);

    s->reg[SR] = (s->tx_used ? SR_BSY * ((s->reg[CR1] & CR1_SSE) != 0) : SR_TFE) | (s->tx_used < FIFO ? SR_TNF : 0) |
                 (s->rx_used ? SR_RNE : 0) | (s->rx_used == FIFO ? SR_RFF : 0);
    s->reg[RIS] = (s->reg[RIS] & (INT_ROR | INT_RT)) | (s->rx_used >= FIFO / 2 ? INT_RX : 0) |
                  (s->tx_used <= FIFO / 2 ? INT_TX : 0);
    irq_set(&s->intr, (s->reg[RIS] & s->reg[IMSC]) != 0);
}

/* 2.1.5: the receive FIFO is not empty and nobody read it for 32 bits' time. */
static void start_timeout(PL022State *s)
{
    uint64_t divisor = (uint64_t)MAX(s->reg[CPSR], 1) * (1 + extract32(s->reg[CR0], 8, 8));

    if (s->rx_used) {
        timer_mod(&s->timeout, clock_now(device_clock(&s->parent.parent)) +
                               (int64_t)MAX(TIMEOUT_BITS * divisor * 1000000000 / s->frequency, 1000));
    } else {
        timer_del(&s->timeout);
    }
}

static void timed_out(void *opaque)
{
    PL022State *s = opaque;

    s->reg[RIS] |= INT_RT;
    update(s);
}

static uint16_t frame_mask(const PL022State *s)
{
    return (uint16_t)mask32(0, extract32(s->reg[CR0], 0, 4) + 1);
}

static void transfer(PL022State *s)
{
    if ((s->reg[CR1] & (CR1_SSE | CR1_MS)) == CR1_SSE && s->tx_used) {
        for (unsigned i = 0; i < s->tx_used; i++) {
            if (s->rx_used == FIFO) {
                s->reg[RIS] |= INT_ROR;
            } else {
                s->rx[s->rx_used++] = s->reg[CR1] & CR1_LBM ? s->tx[i] & frame_mask(s) : s->pull_up ? frame_mask(s) : 0;
            }
        }
        s->tx_used = 0;
        start_timeout(s);
    }
    update(s);
}

static uint64_t dr_read(void *dev, const RegDef *r, unsigned n)
{
    PL022State *s = PL022(dev);
    uint16_t v = s->rx[0];

    if (!s->rx_used) {
        return 0;
    }
    s->rx_used--;
    memmove(s->rx, s->rx + 1, s->rx_used * sizeof(s->rx[0]));
    s->reg[RIS] &= ~(uint32_t)INT_RT;
    start_timeout(s);
    update(s);
    return v;
}

static void dr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    PL022State *s = PL022(dev);

    if (s->tx_used < FIFO) {
        s->tx[s->tx_used++] = (uint16_t)v;
    }
    transfer(s);
}

static uint64_t mis_read(void *dev, const RegDef *r, unsigned n)
{
    return PL022(dev)->reg[RIS] & PL022(dev)->reg[IMSC];
}

static void icr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    PL022(dev)->reg[RIS] &= ~(v & (INT_ROR | INT_RT));
    update(PL022(dev));
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    transfer(PL022(dev));
}

#define ID(n, at, v) [IDS + (n)] = { at, "ID" #n, .reset = v }
static const RegDef pl022_regs[NUM_REGS] = {
    [CR0] = { 0x00, "SSPCR0", .rw = 0xffff, .after = after }, [CR1] = { 0x04, "SSPCR1", .rw = 0xf, .after = after },
    [DR] = { 0x08, "SSPDR", .read = dr_read, .write = dr_write, .no_store = true, .width = 4 },
    [SR] = { 0x0c, "SSPSR", .reset = SR_TFE | SR_TNF }, [CPSR] = { 0x10, "SSPCPSR", .rw = 0xfe },
    [IMSC] = { 0x14, "SSPIMSC", .rw = 0xf, .after = after }, [RIS] = { 0x18, "SSPRIS", .reset = INT_TX },
    [MIS] = { 0x1c, "SSPMIS", .read = mis_read }, [ICR] = { 0x20, "SSPICR", .write = icr_write, .no_store = true },
    [DMACR] = { 0x24, "SSPDMACR", .rw = 3 },
    ID(0, 0xfe0, 0x22), ID(1, 0xfe4, 0x10), ID(2, 0xfe8, 0x04), ID(3, 0xfec, 0x00),
    ID(4, 0xff0, 0x0d), ID(5, 0xff4, 0xf0), ID(6, 0xff8, 0x05), ID(7, 0xffc, 0xb1),
};

static void pl022_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "intr", &PL022(obj)->intr, 1);
}

static void pl022_reset(Device *dev, ResetType type)
{
    PL022State *s = PL022(dev);

    s->tx_used = s->rx_used = 0;
}

static const VMStateField pl022_vmstate[] = {
    VMSTATE_UINT_ARRAY(PL022State, tx), VMSTATE_UINT_ARRAY(PL022State, rx),
    VMSTATE_UINT(PL022State, tx_used), VMSTATE_UINT(PL022State, rx_used), VMSTATE_TIMER(PL022State, timeout), VMSTATE_END
};

static const RegDeviceTimer pl022_timers[] = { { offsetof(PL022State, timeout), timed_out }, { 0 } };

static const RegDeviceSpec pl022_spec = {
    REG_DEVICE_REGS(PL022State, pl022_regs), .timers = pl022_timers, .vmstate = pl022_vmstate, .reset = pl022_reset,
    .update = update,
};

static const Property pl022_props[] = {
    { .name = "frequency", .type = PROP_U32, .offset = offsetof(PL022State, frequency), .def = 25000000, .min = 1,
      .max = UINT32_MAX, .help = "SSPCLK in Hz" },
    PROP_DEF("pull-up", PL022State, pull_up, PROP_BOOL, 0, "what nobody drives is 1"), PROP_END
};

const TypeInfo pl022_type = {
    .name = "pl022", .desc = "PrimeCell synchronous serial port", .instance_size = sizeof(PL022State),
    .props = pl022_props, .init = pl022_init, REG_DEVICE_TYPE(pl022_spec),
};
