/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CMSDK APB UART (Arm DDI 0479D, 4.3): one byte each way, and its interrupts. Sending takes no time, so nothing overruns
 * the transmitter. Wiring: region "regs", irqs "tx", "rx", "overrun", char "chardev".
 */
#include "core/exec/regdev.h"
#include "core/io/char.h"
#include "modules/hw/arm_m/mps2.h"

enum { DATA, STATE, CTRL, INTSTATUS, BAUDDIV, IDS, NUM_REGS = IDS + CMSDK_NUM_IDS };
enum { STATE_RXFULL = 2, STATE_TXOVR = 4, STATE_RXOVR = 8 };
enum { CTRL_TX = 1, CTRL_RX = 2, CTRL_TXINT = 4, CTRL_RXINT = 8, CTRL_TXOVRINT = 16, CTRL_RXOVRINT = 32 };
enum { INT_TX = 1, INT_RX = 2, INT_TXOVR = 4, INT_RXOVR = 8 };

typedef struct CmsdkUart {
    RegDevice parent;
    /* wiring */
    IrqLine tx, rx, overrun;
    CharBackend chr;
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint8_t received;
} CmsdkUart;
DECLARE_OBJECT(CmsdkUart, CMSDK_UART, "cmsdk-apb-uart")

static void update(void *dev)
{
    CmsdkUart *s = CMSDK_UART(dev);

    irq_set(&s->tx, s->reg[INTSTATUS] & INT_TX);
    irq_set(&s->rx, s->reg[INTSTATUS] & INT_RX);
    irq_set(&s->overrun, s->reg[INTSTATUS] & (INT_TXOVR | INT_RXOVR));
}

static uint64_t data_read(void *dev, const RegDef *r, unsigned n)
{
    CmsdkUart *s = dev;
    uint8_t c = s->received;

    s->reg[STATE] &= ~STATE_RXFULL;
    char_accept_input(&s->chr);
    return c;
}

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CmsdkUart *s = dev;
    uint8_t c = v;

    if (s->reg[CTRL] & CTRL_TX) {
        char_write(&s->chr, &c, 1);
        if (s->reg[CTRL] & CTRL_TXINT) {
            s->reg[INTSTATUS] |= INT_TX;        /* the buffer is free again */
        }
        update(s);
    }
}

static void ctrl_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
    char_accept_input(&CMSDK_UART(dev)->chr);
}

/* An overrun is cleared with its bit of STATE. */
static void state_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    CmsdkUart *s = dev;

    s->reg[STATE] &= ~(v & (STATE_TXOVR | STATE_RXOVR));
    update(s);
}

static void int_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static const RegDef regs[NUM_REGS] = {
    [DATA] = { 0x00, "DATA", .read = data_read, .write = data_write, .no_store = true },
    [STATE] = { 0x04, "STATE", .write = state_write },
    [CTRL] = { 0x08, "CTRL", .rw = 0x7f, .after = ctrl_after },
    [INTSTATUS] = { 0x0c, "INTSTATUS", .w1c = 0xf, .after = int_after }, [BAUDDIV] = { 0x10, "BAUDDIV", .rw = 0xfffff },
    CMSDK_ID_ROWS(IDS, 0x21),
};

static unsigned can_receive(void *opaque)
{
    CmsdkUart *s = opaque;

    return s->reg[CTRL] & CTRL_RX && !(s->reg[STATE] & STATE_RXFULL);
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    CmsdkUart *s = opaque;

    s->received = buf[0];
    s->reg[STATE] |= STATE_RXFULL;
    if (s->reg[CTRL] & CTRL_RXINT) {
        s->reg[INTSTATUS] |= INT_RX;
    }
    update(s);
}

static void uart_init(Object *obj)
{
    CmsdkUart *s = CMSDK_UART(obj);

    device_init_irq_out(DEVICE(obj), "tx", &s->tx, 1);
    device_init_irq_out(DEVICE(obj), "rx", &s->rx, 1);
    device_init_irq_out(DEVICE(obj), "overrun", &s->overrun, 1);
}

static bool uart_realize(Device *dev, GError **error)
{
    char_connect(&CMSDK_UART(dev)->chr, dev, can_receive, receive, NULL);
    return true;
}

static void uart_unrealize(Device *dev)
{
    char_disconnect(&CMSDK_UART(dev)->chr);
}

static void uart_reset(Device *dev, ResetType type)
{
    CMSDK_UART(dev)->received = 0;
}

static const VMStateField uart_vmstate[] = { VMSTATE_UINT(CmsdkUart, received), VMSTATE_END };

static const Property uart_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(CmsdkUart, chr), .help = "what it is connected to" }, PROP_END
};

static const RegDeviceSpec uart_spec = {
    .category = "Character", REG_DEVICE_REGS(CmsdkUart, regs), .vmstate = uart_vmstate, .realize = uart_realize,
    .unrealize = uart_unrealize, .reset = uart_reset, .update = update,
};

const TypeInfo cmsdk_uart_type = {
    .name = "cmsdk-apb-uart", .desc = "CMSDK UART", .instance_size = sizeof(CmsdkUart),
    .props = uart_props, .init = uart_init, REG_DEVICE_TYPE(uart_spec),
};
