/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4 SPI (ST RM0090, 28) as a master that nobody answers: each frame comes back as ones, at once; and I2C (27) on an empty
 * bus: no address is acknowledged. No CRC, I2S, slaves, mode faults, SMBus or packet error checking.
 * Wiring: region "regs"; irqs "irq", "rx-dma", "tx-dma" of SPI, "event", "error" of I2C.
 */
#include "core/bits.h"
#include "modules/hw/arm_m/stm32.h"

/* -- SPI --------------------------------------------------------------------------------------------------------------------- */

enum { SP_CR1, SP_CR2, SP_SR, SP_DR, SP_CRCPR, SP_RXCRCR, SP_TXCRCR, SP_I2SCFGR, SP_I2SPR, SP_NUM };
enum { CR1_MSTR = 1 << 2, CR1_SPE = 1 << 6, CR1_RXONLY = 1 << 10, CR1_DFF = 1 << 11, CR1_BIDIOE = 1 << 14, CR1_BIDIMODE = 1 << 15 };
enum { CR2_RXDMAEN = 1, CR2_TXDMAEN = 2, CR2_ERRIE = 1 << 5, SR_RXNE = 1, SR_TXE = 2, SR_CRCERR = 1 << 4, SR_OVR = 1 << 6 };

typedef struct Stm32Spi {
    RegDevice parent;
    IrqLine irq, rx_dma, tx_dma;
    uint32_t reg[SP_NUM];
    bool overrun_seen;                          /* DR was read since: reading SR clears OVR */
} Stm32Spi;
DECLARE_OBJECT(Stm32Spi, STM32_SPI, "stm32f4-spi")

static bool is_master(const Stm32Spi *s)
{
    return (s->reg[SP_CR1] & (CR1_SPE | CR1_MSTR)) == (CR1_SPE | CR1_MSTR);
}

static void spi_update(void *dev)
{
    Stm32Spi *s = STM32_SPI(dev);
    uint32_t sr = s->reg[SP_SR], cr2 = s->reg[SP_CR2];

    irq_set(&s->irq, (sr << 6 & cr2 & 0xc0) || (cr2 & CR2_ERRIE && sr & (SR_OVR | SR_CRCERR)));
    irq_set(&s->rx_dma, cr2 & CR2_RXDMAEN && sr & SR_RXNE);
    irq_set(&s->tx_dma, cr2 & CR2_TXDMAEN && is_master(s));
}

static void frame(Stm32Spi *s)
{
    if (s->reg[SP_SR] & SR_RXNE) {
        s->reg[SP_SR] |= SR_OVR;
        s->overrun_seen = false;
    } else {
        s->reg[SP_SR] |= SR_RXNE;
        s->reg[SP_DR] = s->reg[SP_CR1] & CR1_DFF ? 0xffff : 0xff;
    }
}

static void spi_dr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32Spi *s = STM32_SPI(dev);

    if (is_master(s) && (s->reg[SP_CR1] & (CR1_BIDIMODE | CR1_BIDIOE)) != (CR1_BIDIMODE | CR1_BIDIOE)) {
        frame(s);
    }
    spi_update(s);
}

/* A master that only receives goes on by itself. */
static bool goes_on(const Stm32Spi *s)
{
    uint32_t cr1 = s->reg[SP_CR1];

    return is_master(s) && (cr1 & CR1_BIDIMODE ? !(cr1 & CR1_BIDIOE) : cr1 & CR1_RXONLY);
}

static uint64_t spi_dr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Spi *s = STM32_SPI(dev);
    uint32_t v = s->reg[SP_DR];

    s->reg[SP_SR] &= ~SR_RXNE;
    s->overrun_seen = true;
    if (goes_on(s)) {
        frame(s);
    }
    spi_update(s);
    return v;
}

static uint64_t spi_sr_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Spi *s = STM32_SPI(dev);
    uint32_t v = s->reg[SP_SR];

    if (v & SR_OVR && s->overrun_seen) {
        s->reg[SP_SR] &= ~SR_OVR;
        spi_update(s);
    }
    return v;
}

static void spi_sr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_SPI(dev)->reg[SP_SR] &= v | ~(uint32_t)SR_CRCERR;
    spi_update(dev);
}

static void spi_after(void *dev, const RegDef *r, unsigned n)
{
    Stm32Spi *s = STM32_SPI(dev);

    if (goes_on(s) && !(s->reg[SP_SR] & SR_RXNE)) {
        frame(s);
    }
    spi_update(s);
}

static const RegDef spi_regs[SP_NUM] = {
    [SP_CR1] = { 0x00, "SPI_CR1", .rw = 0xffff, .after = spi_after },
    [SP_CR2] = { 0x04, "SPI_CR2", .rw = 0xf7, .after = spi_after },
    [SP_SR] = { 0x08, "SPI_SR", .read = spi_sr_read, .write = spi_sr_write, .reset = SR_TXE, .no_store = true },
    [SP_DR] = { 0x0c, "SPI_DR", .read = spi_dr_read, .write = spi_dr_write, .no_store = true },
    [SP_CRCPR] = { 0x10, "SPI_CRCPR", .reset = 7, .rw = 0xffff }, [SP_RXCRCR] = { 0x14, "SPI_RXCRCR" },
    [SP_TXCRCR] = { 0x18, "SPI_TXCRCR" }, [SP_I2SCFGR] = { 0x1c, "SPI_I2SCFGR", .rw = 0xfbf },
    [SP_I2SPR] = { 0x20, "SPI_I2SPR", .reset = 2, .rw = 0x3ff },
};

static void spi_init(Object *obj)
{
    IRQ_OUT(Stm32Spi, irq, "irq");
    IRQ_OUT(Stm32Spi, rx_dma, "rx-dma");
    IRQ_OUT(Stm32Spi, tx_dma, "tx-dma");
}

static void spi_reset(Device *dev, ResetType type)
{
    Stm32Spi *s = STM32_SPI(dev);

    s->reg[SP_SR] = SR_TXE;
    s->reg[SP_DR] = 0;
    s->overrun_seen = false;
}

static const VMStateField spi_vmstate[] = {
    VMSTATE_UINT(Stm32Spi, reg[SP_SR]), VMSTATE_UINT(Stm32Spi, reg[SP_DR]), VMSTATE_BOOL(Stm32Spi, overrun_seen),
    VMSTATE_END
};

static const RegDeviceSpec spi_spec = {
    REG_DEVICE_REGS(Stm32Spi, spi_regs), .size = 0x400, .vmstate = spi_vmstate, .reset = spi_reset, .update = spi_update,
};

const TypeInfo stm32_spi_type = {
    .name = "stm32f4-spi", .desc = "STM32F4 SPI, with nobody there", .instance_size = sizeof(Stm32Spi),
    .init = spi_init, REG_DEVICE_TYPE(spi_spec),
};

/* -- I2C --------------------------------------------------------------------------------------------------------------------- */

enum { IC_CR1, IC_CR2, IC_OAR1, IC_OAR2, IC_DR, IC_SR1, IC_SR2, IC_CCR, IC_TRISE, IC_FLTR, IC_NUM };
enum { IC_PE = 1, IC_START = 1 << 8, IC_STOP = 1 << 9, IC_SWRST = 1 << 15, IC_ITERREN = 1 << 8, IC_ITEVTEN = 1 << 9, IC_SB = 1,
       IC_AF = 1 << 10, IC_ERRORS = 0xdf00, IC_MSL = 1, IC_BUSY = 2 };

typedef struct Stm32I2c {
    RegDevice parent;
    IrqLine event, error;
    uint32_t reg[IC_NUM];
} Stm32I2c;
DECLARE_OBJECT(Stm32I2c, STM32_I2C, "stm32f4-i2c")

static void i2c_update(void *dev)
{
    Stm32I2c *s = STM32_I2C(dev);

    irq_set(&s->event, s->reg[IC_CR2] & IC_ITEVTEN && s->reg[IC_SR1] & IC_SB);
    irq_set(&s->error, s->reg[IC_CR2] & IC_ITERREN && s->reg[IC_SR1] & IC_ERRORS);
}

static void i2c_cr1_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32I2c *s = STM32_I2C(dev);

    s->reg[IC_CR1] = v & 0xbcfb;                /* START and STOP are done at once */
    if (v & IC_SWRST) {
        regbank_reset(&s->parent.bank);
        s->reg[IC_CR1] = IC_SWRST;
    } else if (!(v & IC_PE)) {
        s->reg[IC_SR1] = s->reg[IC_SR2] = 0;
    } else {
        if (v & IC_STOP) {
            s->reg[IC_SR1] &= ~IC_SB;
            s->reg[IC_SR2] &= ~(IC_MSL | IC_BUSY);
        }
        if (v & IC_START) {
            s->reg[IC_SR1] |= IC_SB;
            s->reg[IC_SR2] |= IC_MSL | IC_BUSY;
        }
    }
    i2c_update(s);
}

/* What comes after a start condition is an address. */
static void i2c_dr_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Stm32I2c *s = STM32_I2C(dev);

    if (s->reg[IC_SR1] & IC_SB) {
        s->reg[IC_SR1] = (s->reg[IC_SR1] & ~IC_SB) | IC_AF;
    }
    i2c_update(s);
}

static void i2c_sr1_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_I2C(dev)->reg[IC_SR1] &= v | ~(uint32_t)IC_ERRORS;
    i2c_update(dev);
}

static void i2c_after(void *dev, const RegDef *r, unsigned n)
{
    i2c_update(dev);
}

static const RegDef i2c_regs[IC_NUM] = {
    [IC_CR1] = { 0x00, "I2C_CR1", .write = i2c_cr1_write }, [IC_CR2] = { 0x04, "I2C_CR2", .rw = 0x1f3f, .after = i2c_after },
    [IC_OAR1] = { 0x08, "I2C_OAR1", .rw = 0xc3ff }, [IC_OAR2] = { 0x0c, "I2C_OAR2", .rw = 0xff },
    [IC_DR] = { 0x10, "I2C_DR", .write = i2c_dr_write }, [IC_SR1] = { 0x14, "I2C_SR1", .write = i2c_sr1_write },
    [IC_SR2] = { 0x18, "I2C_SR2" }, [IC_CCR] = { 0x1c, "I2C_CCR", .rw = 0xcfff },
    [IC_TRISE] = { 0x20, "I2C_TRISE", .reset = 2, .rw = 0x3f },
    [IC_FLTR] = { 0x24, "I2C_FLTR", .rw = 0x1f },
};

static void i2c_init(Object *obj)
{
    IRQ_OUT(Stm32I2c, event, "event");
    IRQ_OUT(Stm32I2c, error, "error");
}

static const RegDeviceSpec i2c_spec = {
    REG_DEVICE_REGS(Stm32I2c, i2c_regs), .size = 0x400, .update = i2c_update,
};

const TypeInfo stm32_i2c_type = {
    .name = "stm32f4-i2c", .desc = "STM32F4 I2C, with nobody there", .instance_size = sizeof(Stm32I2c),
    .init = i2c_init, REG_DEVICE_TYPE(i2c_spec),
};
