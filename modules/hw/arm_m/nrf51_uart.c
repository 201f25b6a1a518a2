/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nRF51 UART (nRF51 Series Reference Manual 3.0, 28): bytes, the six-byte receive FIFO, events and their interrupts.
 * Sending takes no time. No flow control, parity, breaks or framing errors. Wiring: region "regs",
 * irqs "irq", "event"[32], char "chardev".
 */
#include "core/exec/regbank.h"
#include "core/io/char.h"
#include "modules/hw/arm_m/nrf51.h"

enum { FIFO = 6 };
enum { EV_CTS, EV_NCTS, EV_RXDRDY, EV_TXDRDY = 7, EV_ERROR = 9, EV_RXTO = 17, NUM_EVENTS };
enum {
    STARTRX, STOPRX, STARTTX, STOPTX, SUSPEND, EVENTS, SHORTS, INTENSET, INTENCLR, ERRORSRC, ENABLE, PSEL, RXD, TXD, BAUDRATE,
    CONFIG, NUM_REGS
};

typedef struct Nrf51Uart {
    Device parent;
    /* wiring */
    RegBank bank;
    IrqLine irq, event_out[NRF51_EVENTS];
    CharBackend chr;
    /* guest state */
    uint32_t reg[NUM_REGS], event[NUM_EVENTS], psel[4];
    uint8_t rx[FIFO];
    uint32_t rx_num;
    bool receives, sends;
} Nrf51Uart;
DECLARE_OBJECT(Nrf51Uart, NRF51_UART, "nrf51-uart")

static void update(Nrf51Uart *s)
{
    bool level = false;

    for (unsigned i = 0; i < NUM_EVENTS; i++) {
        level |= s->event[i] && s->reg[INTENSET] >> i & 1;
    }
    irq_set(&s->irq, level);
}

static void occurs(Nrf51Uart *s, unsigned n)
{
    s->event[n] = 1;
    update(s);
    irq_pulse(&s->event_out[n]);
}

static void task_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Uart *s = NRF51_UART(dev);

    if (!(v & 1)) {
        return;
    }
    switch (r->offset) {
    case 0x000:
        s->receives = true;
        break;
    case 0x004:
        s->receives = false;
        occurs(s, EV_RXTO);
        break;
    case 0x008:
        s->sends = true;
        break;
    default:
        s->sends = false;
    }
    update(s);
    char_accept_input(&s->chr);
}

static uint64_t event_read(void *dev, const RegDef *r, unsigned n)
{
    return n < NUM_EVENTS ? NRF51_UART(dev)->event[n] : 0;
}

static void event_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (n < NUM_EVENTS) {
        NRF51_UART(dev)->event[n] = v & 1;
        update(dev);
    }
}

static void inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Uart *s = dev;

    s->reg[INTENSET] = r->offset == 0x304 ? s->reg[INTENSET] | v : s->reg[INTENSET] & ~v;
    s->reg[INTENSET] &= 0x00020287;
    update(s);
}

static uint64_t inten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_UART(dev)->reg[INTENSET];
}

static uint64_t psel_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_UART(dev)->psel[n];
}

static void psel_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    NRF51_UART(dev)->psel[n] = v;
}

static uint64_t rxd_read(void *dev, const RegDef *r, unsigned n)
{
    Nrf51Uart *s = dev;

    if (s->rx_num) {
        s->reg[RXD] = s->rx[0];
        memmove(s->rx, s->rx + 1, --s->rx_num);
        if (s->rx_num) {
            occurs(s, EV_RXDRDY);
        }
        char_accept_input(&s->chr);
    }
    return s->reg[RXD];
}

static void txd_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Uart *s = dev;
    uint8_t c = v;

    if (s->sends && s->reg[ENABLE] == 4) {
        char_write(&s->chr, &c, 1);
        occurs(s, EV_TXDRDY);
    }
}

static const RegDef regs[NUM_REGS] = {
    [STARTRX] = { 0x000, "STARTRX", .write = task_write }, [STOPRX] = { 0x004, "STOPRX", .write = task_write },
    [STARTTX] = { 0x008, "STARTTX", .write = task_write }, [STOPTX] = { 0x00c, "STOPTX", .write = task_write },
    [SUSPEND] = { 0x01c, "SUSPEND", .write = task_write },
    [EVENTS] = { 0x100, "EVENTS", .read = event_read, .write = event_write, .count = NUM_EVENTS, .no_store = true },
    [SHORTS] = { 0x200, "SHORTS", .rw = 0x18 },
    [INTENSET] = { 0x304, "INTENSET", .write = inten_write },
    [INTENCLR] = { 0x308, "INTENCLR", .write = inten_write, .read = inten_read, .no_store = true },
    [ERRORSRC] = { 0x480, "ERRORSRC", .w1c = 0xf }, [ENABLE] = { 0x500, "ENABLE", .rw = 7 },
    [PSEL] = { 0x508, "PSEL", .read = psel_read, .write = psel_write, .count = 4, .no_store = true },
    [RXD] = { 0x518, "RXD", .read = rxd_read }, [TXD] = { 0x51c, "TXD", .write = txd_write },
    [BAUDRATE] = { 0x524, "BAUDRATE", .reset = 0x04000000, .rw = UINT32_MAX }, [CONFIG] = { 0x56c, "CONFIG", .rw = 0xf },
};

static unsigned can_receive(void *opaque)
{
    Nrf51Uart *s = opaque;

    return s->receives && s->reg[ENABLE] == 4 ? FIFO - s->rx_num : 0;
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    Nrf51Uart *s = opaque;

    for (unsigned i = 0; i < len && s->rx_num < FIFO; i++) {
        s->rx[s->rx_num++] = buf[i];
    }
    occurs(s, EV_RXDRDY);
}

static void uart_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &NRF51_UART(obj)->irq, 1);
    device_init_irq_out(DEVICE(obj), "event", NRF51_UART(obj)->event_out, NRF51_EVENTS);
}

static bool uart_realize(Device *dev, GError **error)
{
    Nrf51Uart *s = NRF51_UART(dev);

    regbank_init(&s->bank, dev, NULL, regs, NUM_REGS, s->reg, 0x1000);
    char_connect(&s->chr, s, can_receive, receive, NULL);
    return true;
}

static void uart_unrealize(Device *dev)
{
    char_disconnect(&NRF51_UART(dev)->chr);
    regbank_destroy(&NRF51_UART(dev)->bank);
}

static void uart_reset(Device *dev, ResetType type)
{
    Nrf51Uart *s = NRF51_UART(dev);

    regbank_reset(&s->bank);
    memset(s->event, 0, sizeof(s->event));
    memset(s->psel, 0xff, sizeof(s->psel));
    memset(s->rx, 0, sizeof(s->rx));
    s->rx_num = 0;
    s->receives = s->sends = false;
    update(s);
}

static bool uart_post_load(void *opaque, GError **error)
{
    Nrf51Uart *s = opaque;

    if (s->rx_num > FIFO) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "nrf51-uart: the receive FIFO's bounds are wrong");
        return false;
    }
    update(s);
    return true;
}

static const VMStateField uart_vmstate[] = {
    VMSTATE_REGS(Nrf51Uart, bank), VMSTATE_UINT_ARRAY(Nrf51Uart, event), VMSTATE_UINT_ARRAY(Nrf51Uart, psel),
    VMSTATE_UINT_ARRAY(Nrf51Uart, rx), VMSTATE_UINT(Nrf51Uart, rx_num), VMSTATE_BOOL(Nrf51Uart, receives),
    VMSTATE_BOOL(Nrf51Uart, sends), VMSTATE_POST_LOAD(uart_post_load), VMSTATE_END
};

static const Property uart_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(Nrf51Uart, chr), .help = "what it is connected to" }, PROP_END
};

static void uart_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = uart_realize;
    dc->unrealize = uart_unrealize;
    dc->reset = uart_reset;
    dc->vmstate = uart_vmstate;
    dc->category = "Character";
}

const TypeInfo nrf51_uart_type = {
    .name = "nrf51-uart", .parent = TYPE_DEVICE, .desc = "nRF51 UART", .instance_size = sizeof(Nrf51Uart),
    .props = uart_props, .init = uart_init, .class_init = uart_class_init,
};
