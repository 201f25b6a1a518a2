/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 USART (ST RM0090, 30) as an asynchronous UART: bytes, their flags and interrupts. Sending takes no time. No
 * synchronous mode, parity, flow control, LIN or smart card. Wiring: region "regs", irqs "irq", "rx-dma", "tx-dma", char
 * "chardev".
 */
#include "core/exec/regbank.h"
#include "core/io/char.h"
#include "modules/hw/arm_m/stm32.h"

enum { SR, DR, BRR, CR1, CR2, CR3, GTPR, NUM_REGS };
enum { SR_IDLE = 1 << 4, SR_RXNE = 1 << 5, SR_TC = 1 << 6, SR_TXE = 1 << 7 };
enum { CR1_RE = 1 << 2, CR1_TE = 1 << 3, CR1_RXNEIE = 1 << 5, CR1_TCIE = 1 << 6, CR1_TXEIE = 1 << 7, CR1_UE = 1 << 13 };
enum { CR3_DMAR = 1 << 6, CR3_DMAT = 1 << 7 };

typedef struct Stm32Usart {
    Device parent;
    RegBank bank;
    IrqLine irq, rx_dma, tx_dma;
    CharBackend chr;
    uint32_t reg[NUM_REGS];
    uint8_t received;
} Stm32Usart;
DECLARE_OBJECT(Stm32Usart, STM32_USART, "stm32f2xx-usart")

static void update(Stm32Usart *s)
{
    /* the enables are at the flags' places */
    irq_set(&s->irq, (s->reg[SR] & s->reg[CR1] & (SR_RXNE | SR_TC | SR_TXE)) != 0);
    irq_set(&s->rx_dma, s->reg[CR3] & CR3_DMAR && s->reg[SR] & SR_RXNE);
    irq_set(&s->tx_dma, s->reg[CR3] & CR3_DMAT && s->reg[SR] & SR_TXE);
}

static uint64_t dr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Usart *s = dev;
    uint8_t c = s->received;

    s->reg[SR] &= ~SR_RXNE;
    update(s);
    char_accept_input(&s->chr);
    return c;
}

static void dr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Usart *s = dev;
    uint8_t c = v;

    if ((s->reg[CR1] & (CR1_UE | CR1_TE)) == (CR1_UE | CR1_TE)) {
        char_write(&s->chr, &c, 1);
        s->reg[SR] |= SR_TC | SR_TXE;
        update(s);
    }
}

/* TC and RXNE are cleared by writing 0. */
static void sr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_USART(dev)->reg[SR] &= v | ~(uint32_t)(SR_TC | SR_RXNE);
    update(dev);
}

static void cr1_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
    char_accept_input(&STM32_USART(dev)->chr);
}

static void cr3_after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static const RegDef regs[NUM_REGS] = {
    [SR] = { 0x00, "SR", .reset = SR_TC | SR_TXE, .write = sr_write },
    [DR] = { 0x04, "DR", .read = dr_read, .write = dr_write, .no_store = true }, [BRR] = { 0x08, "BRR", .rw = 0xffff },
    [CR1] = { 0x0c, "CR1", .rw = 0xbfff, .after = cr1_after }, [CR2] = { 0x10, "CR2", .rw = 0x7f6f },
    [CR3] = { 0x14, "CR3", .rw = 0xfff, .after = cr3_after }, [GTPR] = { 0x18, "GTPR", .rw = 0xffff },
};

static unsigned can_receive(void *opaque)
{
    Stm32Usart *s = opaque;

    return (s->reg[CR1] & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) && !(s->reg[SR] & SR_RXNE);
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    Stm32Usart *s = opaque;

    s->received = buf[0];
    s->reg[SR] |= SR_RXNE;
    update(s);
}

static void usart_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &STM32_USART(obj)->irq, 1);
    device_init_irq_out(DEVICE(obj), "rx-dma", &STM32_USART(obj)->rx_dma, 1);
    device_init_irq_out(DEVICE(obj), "tx-dma", &STM32_USART(obj)->tx_dma, 1);
}

static bool usart_realize(Device *dev, GError **error)
{
    Stm32Usart *s = STM32_USART(dev);

    regbank_init(&s->bank, dev, NULL, regs, NUM_REGS, s->reg, 0x400);
    char_connect(&s->chr, s, can_receive, receive, NULL);
    return true;
}

static void usart_unrealize(Device *dev)
{
    char_disconnect(&STM32_USART(dev)->chr);
    regbank_destroy(&STM32_USART(dev)->bank);
}

static void usart_reset(Device *dev, ResetType type)
{
    regbank_reset(&STM32_USART(dev)->bank);
    STM32_USART(dev)->received = 0;
    update(STM32_USART(dev));
}

static bool usart_post_load(void *s, GError **error)
{
    update(s);
    return true;
}

static const VMStateField usart_vmstate[] = {
    VMSTATE_REGS(Stm32Usart, bank), VMSTATE_UINT(Stm32Usart, received), VMSTATE_POST_LOAD(usart_post_load), VMSTATE_END
};

static const Property usart_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(Stm32Usart, chr), .help = "what it is connected to" }, PROP_END
};

static void usart_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = usart_realize;
    dc->unrealize = usart_unrealize;
    dc->reset = usart_reset;
    dc->vmstate = usart_vmstate;
    dc->category = "Character";
}

const TypeInfo stm32_usart_type = {
    .name = "stm32f2xx-usart", .parent = TYPE_DEVICE, .desc = "STM32 USART", .instance_size = sizeof(Stm32Usart),
    .props = usart_props, .init = usart_init, .class_init = usart_class_init,
};
