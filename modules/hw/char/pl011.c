/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PL011: PrimeCell UART, r1p5 (Arm DDI 0183G).
 * Modelled: data path, FIFOs, the interrupts with their trigger levels, the receive timeout, breaks, loopback of data
 * and modem lines. Sending takes no time, so the transmit FIFO is always empty. Baud rate registers matter for the
 * receive timeout alone. No DMA, IrDA, modem lines, parity or framing errors (docs/CAVEATS.md).
 * Wiring: region "regs", irq "intr", char "chardev".
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regbank.h"
#include "core/io/char.h"
#include "core/log.h"
#include "modules/hw/char/char.h"

#define TYPE_PL011 "pl011"
#define FIFO_DEPTH 32

enum {
    DR, RSR, FR, ILPR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, RIS, MIS, ICR, DMACR,
    PERIPHID0, PERIPHID1, PERIPHID2, PERIPHID3, CELLID0, CELLID1, CELLID2, CELLID3, NUM_REGS
};

enum { FR_CTS = 1 << 0, FR_DSR = 1 << 1, FR_DCD = 1 << 2, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6,
       FR_TXFE = 1 << 7, FR_RI = 1 << 8 };
enum { CR_UARTEN = 1 << 0, CR_LBE = 1 << 7, CR_TXE = 1 << 8, CR_RXE = 1 << 9, CR_DTR = 1 << 10, CR_RTS = 1 << 11,
       CR_OUT1 = 1 << 12, CR_OUT2 = 1 << 13 };
enum { LCR_BRK = 1 << 0, LCR_FEN = 1 << 4 };
enum { INT_RI = 1 << 0, INT_CTS = 1 << 1, INT_DCD = 1 << 2, INT_DSR = 1 << 3, INT_RX = 1 << 4, INT_TX = 1 << 5,
       INT_RT = 1 << 6, INT_FE = 1 << 7, INT_PE = 1 << 8, INT_BE = 1 << 9, INT_OE = 1 << 10 };
enum { DR_BE = 1 << 10, DR_OE = 1 << 11 };

typedef struct PL011State {
    Device parent;
    /* wiring: fixed at realize, never saved */
    RegBank bank;
    IrqLine intr;
    CharBackend chr;
    uint32_t clock_frequency;
    bool told;                                  /* that the transmitter is disabled: once is enough */
    /* guest state: saved, and reset, by the tables below */
    uint32_t reg[NUM_REGS];
    uint16_t rx[FIFO_DEPTH];
    uint32_t rx_head, rx_num;
    Timer timeout;                              /* the 32 bit periods before INT_RT */
} PL011State;

DECLARE_OBJECT(PL011State, PL011, TYPE_PL011)

/* With the FIFOs disabled they are one-byte holding registers. */
static unsigned depth(const PL011State *s)
{
    return s->reg[LCR_H] & LCR_FEN ? FIFO_DEPTH : 1;
}

/* The receive level at which INT_RX is raised: UARTIFLS.RXIFLSEL, in eighths of the FIFO: 1, 2, 4, 6, 7. */
static unsigned rx_trigger(const PL011State *s)
{
    static const uint8_t eighths[8] = { 1, 2, 4, 6, 7, 4, 4, 4 };

    return depth(s) == 1 ? 1 : FIFO_DEPTH * eighths[extract32(s->reg[IFLS], 3, 3)] / 8;
}

/* In loopback the modem outputs drive the modem inputs (3.3.6); otherwise nothing is connected. */
static uint32_t modem_inputs(const PL011State *s)
{
    uint32_t cr = s->reg[CR];

    if (!(cr & CR_LBE)) {
        return 0;
    }
    return (cr & CR_RTS ? FR_CTS : 0) | (cr & CR_DTR ? FR_DSR : 0) | (cr & CR_OUT1 ? FR_DCD : 0) |
           (cr & CR_OUT2 ? FR_RI : 0);
}

static void update(PL011State *s)
{
    s->reg[FR] = FR_TXFE | (s->rx_num ? 0 : FR_RXFE) | (s->rx_num < depth(s) ? 0 : FR_RXFF) | modem_inputs(s);
    s->reg[MIS] = s->reg[RIS] & s->reg[IMSC];
    irq_set(&s->intr, s->reg[MIS] != 0);
}

/* 32 bit periods in nanoseconds; the divisor is in sixteenths of 1/64 (3.2.6). */
static int64_t timeout_ns(const PL011State *s)
{
    uint32_t divisor = s->reg[IBRD] << 6 | s->reg[FBRD];

    /* one bit is 16 * divisor / 64 clock periods */
    return divisor ? (int64_t)muldiv64((uint64_t)divisor * 8, 1000000000, s->clock_frequency) : 280000;
}

static void arm_timeout(PL011State *s)
{
    if (s->rx_num && !(s->reg[RIS] & INT_RT)) {
        timer_mod(&s->timeout, clock_now(device_clock(&s->parent)) + timeout_ns(s));
    } else if (!s->rx_num) {
        timer_del(&s->timeout);
    }
}

static void timeout_fired(void *opaque)
{
    PL011State *s = opaque;

    if (s->rx_num) {
        s->reg[RIS] |= INT_RT;
    }
    update(s);
}

/* c is a byte with its error flags, as UARTDR reads it. */
static void push(PL011State *s, uint16_t c)
{
    if (s->rx_num == depth(s)) {
        /* only loopback can get here: feeding stops at a full FIFO */
        s->rx[(s->rx_head + s->rx_num - 1) % FIFO_DEPTH] |= DR_OE;
        s->reg[RIS] |= INT_OE;
        return;
    }
    s->rx[(s->rx_head + s->rx_num++) % FIFO_DEPTH] = c;
    if (c & DR_BE) {
        s->reg[RIS] |= INT_BE;
    }
    if (s->rx_num >= rx_trigger(s)) {
        s->reg[RIS] |= INT_RX;
    }
    if (depth(s) > 1) {
        arm_timeout(s);
    }
}

static uint64_t dr_read(void *dev, const RegDef *r, unsigned n)
{
    PL011State *s = dev;
    uint32_t c;

    if (s->rx_num == 0) {
        return 0;
    }
    c = s->rx[s->rx_head];
    s->rx_head = (s->rx_head + 1) % FIFO_DEPTH;
    s->rx_num--;
    s->reg[RSR] = c >> 8;
    if (s->rx_num < rx_trigger(s)) {
        s->reg[RIS] &= ~INT_RX;
    }
    if (s->rx_num == 0) {
        s->reg[RIS] &= ~INT_RT;
    }
    if (depth(s) > 1) {
        arm_timeout(s);
    }
    update(s);
    char_accept_input(&s->chr);
    return c;
}

static void dr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;
    uint8_t c = (uint8_t)value;

    if ((!(s->reg[CR] & CR_UARTEN) || !(s->reg[CR] & CR_TXE)) && !s->told) {
        /* a real one sends nothing; firmware that would have enabled it is not there: see can_receive */
        log_guest_error("pl011: data written while the transmitter is disabled; it is sent, and this is said once\n");
        s->told = true;
    }
    if (s->reg[CR] & CR_LBE) {
        push(s, c);
    } else {
        char_write(&s->chr, &c, 1);
    }
    s->reg[RIS] |= INT_TX;
    update(s);
}

static void ecr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;

    s->reg[RSR] = 0;
}

static void lcr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;
    uint32_t old = s->reg[LCR_H];

    s->reg[LCR_H] = value & 0xff;
    if ((old ^ value) & LCR_FEN) {              /* enabling or disabling the FIFOs flushes them */
        s->rx_head = s->rx_num = 0;
        timer_del(&s->timeout);
        s->reg[RIS] &= ~(INT_RX | INT_RT);
    }
    if (~old & value & LCR_BRK && s->reg[CR] & CR_LBE) {
        push(s, DR_BE);
    }
    update(s);
    char_accept_input(&s->chr);
}

static void cr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;
    uint32_t before = modem_inputs(s), changed;

    s->reg[CR] = value & 0xff87;
    changed = before ^ modem_inputs(s);
    s->reg[RIS] |= (changed & FR_RI ? INT_RI : 0) | (changed & FR_CTS ? INT_CTS : 0) |
                   (changed & FR_DCD ? INT_DCD : 0) | (changed & FR_DSR ? INT_DSR : 0);
    update(s);
    char_accept_input(&s->chr);
}

static void ifls_after(void *dev, const RegDef *r, unsigned n)
{
    PL011State *s = dev;

    if (s->rx_num >= rx_trigger(s)) {
        s->reg[RIS] |= INT_RX;
    } else {
        s->reg[RIS] &= ~INT_RX;
    }
    update(s);
}

static void imsc_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void icr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;

    s->reg[RIS] &= ~value;
    update(s);
}

static void dmacr_write(void *dev, const RegDef *r, unsigned n, uint64_t value)
{
    PL011State *s = dev;

    s->reg[DMACR] = value & 7;
    if (value & 3) {
        log_unimp("pl011: DMA requests\n");
    }
}

static const RegDef pl011_regs[NUM_REGS] = {
    [DR]    = { 0x000, "UARTDR",    .read = dr_read, .write = dr_write },
    [RSR]   = { 0x004, "UARTRSR",   .write = ecr_write },
    [FR]    = { 0x018, "UARTFR",    .reset = FR_RXFE | FR_TXFE },
    [ILPR]  = { 0x020, "UARTILPR",  .rw = 0xff },
    [IBRD]  = { 0x024, "UARTIBRD",  .rw = 0xffff },
    [FBRD]  = { 0x028, "UARTFBRD",  .rw = 0x3f },
    [LCR_H] = { 0x02c, "UARTLCR_H", .write = lcr_write },
    [CR]    = { 0x030, "UARTCR",    .reset = CR_TXE | CR_RXE, .write = cr_write },
    [IFLS]  = { 0x034, "UARTIFLS",  .reset = 0x12, .rw = 0x3f, .after = ifls_after },
    [IMSC]  = { 0x038, "UARTIMSC",  .rw = 0x7ff, .after = imsc_after },
    [RIS]   = { 0x03c, "UARTRIS" },
    [MIS]   = { 0x040, "UARTMIS" },
    [ICR]   = { 0x044, "UARTICR",   .write = icr_write },
    [DMACR] = { 0x048, "UARTDMACR", .write = dmacr_write },
    [PERIPHID0] = { 0xfe0, "UARTPeriphID0", .reset = 0x11 },
    [PERIPHID1] = { 0xfe4, "UARTPeriphID1", .reset = 0x10 },
    [PERIPHID2] = { 0xfe8, "UARTPeriphID2", .reset = 0x34 },
    [PERIPHID3] = { 0xfec, "UARTPeriphID3", .reset = 0x00 },
    [CELLID0]   = { 0xff0, "UARTPCellID0",  .reset = 0x0d },
    [CELLID1]   = { 0xff4, "UARTPCellID1",  .reset = 0xf0 },
    [CELLID2]   = { 0xff8, "UARTPCellID2",  .reset = 0x05 },
    [CELLID3]   = { 0xffc, "UARTPCellID3",  .reset = 0xb1 },
};

static unsigned can_receive(void *opaque)
{
    PL011State *s = opaque;

    /* whether or not the receiver is enabled: early consoles rely on a UART that firmware would have enabled */
    return s->reg[CR] & CR_LBE ? 0 : depth(s) - s->rx_num;
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    PL011State *s = opaque;

    for (unsigned i = 0; i < len; i++) {
        push(s, buf[i]);
    }
    update(s);
}

static void event(void *opaque, ChrEvent ev)
{
    PL011State *s = opaque;

    if (ev == CHR_EVENT_BREAK && s->rx_num < depth(s)) {
        push(s, DR_BE);
        update(s);
    }
}

static void pl011_init(Object *obj)
{
    PL011State *s = PL011(obj);

    device_init_irq_out(&s->parent, "intr", &s->intr, 1);
}

static bool pl011_realize(Device *dev, GError **error)
{
    PL011State *s = PL011(dev);

    regbank_init(&s->bank, dev, NULL, pl011_regs, NUM_REGS, s->reg, 0x1000);
    timer_init(&s->timeout, device_clock(dev), timeout_fired, s);
    char_connect(&s->chr, s, can_receive, receive, event);
    return true;
}

static void pl011_unrealize(Device *dev)
{
    PL011State *s = PL011(dev);

    timer_del(&s->timeout);
    char_disconnect(&s->chr);
    regbank_destroy(&s->bank);
}

static void pl011_reset(Device *dev, ResetType type)
{
    PL011State *s = PL011(dev);

    timer_del(&s->timeout);
    regbank_reset(&s->bank);
    s->rx_head = s->rx_num = 0;
    memset(s->rx, 0, sizeof(s->rx));
    update(s);
    char_accept_input(&s->chr);
}

static bool pl011_post_load(void *opaque, GError **error)
{
    PL011State *s = opaque;

    if (s->rx_num > FIFO_DEPTH || s->rx_head >= FIFO_DEPTH) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "pl011: the receive FIFO's bounds are wrong");
        return false;
    }
    update(s);
    return true;
}

static const VMStateField pl011_vmstate[] = {
    VMSTATE_REGS(PL011State, bank),
    VMSTATE_UINT_ARRAY(PL011State, rx),
    VMSTATE_UINT(PL011State, rx_head),
    VMSTATE_UINT(PL011State, rx_num),
    VMSTATE_TIMER(PL011State, timeout),
    VMSTATE_POST_LOAD(pl011_post_load),
    VMSTATE_END
};

static const Property pl011_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(PL011State, chr), .help = "what it is connected to" },
    { .name = "clock-frequency", .type = PROP_U32, .offset = offsetof(PL011State, clock_frequency), .def = 24000000,
      .min = 1, .max = UINT32_MAX, .help = "UARTCLK in Hz" },
    PROP_END
};

static void pl011_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = pl011_realize;
    dc->unrealize = pl011_unrealize;
    dc->reset = pl011_reset;
    dc->vmstate = pl011_vmstate;
    dc->category = "Character";
}

const TypeInfo pl011_type = {
    .name = TYPE_PL011,
    .parent = TYPE_DEVICE,
    .desc = "PrimeCell UART (PL011)",
    .instance_size = sizeof(PL011State),
    .props = pl011_props,
    .class_init = pl011_class_init,
    .init = pl011_init,
};
