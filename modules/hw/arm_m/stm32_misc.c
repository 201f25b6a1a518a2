/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * STM32F4's ADC (ST RM0090, 13), CRC unit (4) and random number generator (24). The three ADCs
 * convert, in no time, what properties say is on their pins, the reference, and 25 degrees; no triggers, watchdog, dual modes.
 * Wiring: region "regs"; irqs "irq", and of the ADC "dma"[3].
 */
#include "core/bits.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/stm32.h"

/* -- ADC --------------------------------------------------------------------------------------------------------------------- */

enum { UNITS = 3, UNIT_WORDS = 20, CHANNELS = 19, PINS = 16 };
enum { W_SR, W_CR1, W_CR2, W_JOFR = 5, W_HTR = 9, W_SQR1 = 11, W_SQR3 = 13, W_JSQR, W_JDR, W_DR = 19 };
enum { SR_EOC = 2, SR_JEOC = 4, SR_JSTRT = 8, SR_STRT = 16, CR1_EOCIE = 1 << 5, CR1_JEOCIE = 1 << 7, CR1_SCAN = 1 << 8 };
enum { CR2_ADON = 1, CR2_CONT = 2, CR2_DMA = 1 << 8, CR2_EOCS = 1 << 10, CR2_ALIGN = 1 << 11,
       CR2_JSWSTART = 1 << 22, CR2_SWSTART = 1 << 30 };
enum { AD_UNITS, AD_CSR, AD_CCR, AD_CDR, AD_NUM, FULL_MV = 3300 };

typedef struct Stm32Adc {
    RegDevice parent;
    IrqLine irq, dma[UNITS];
    uint32_t mv[PINS];
    uint32_t reg[AD_NUM], word[UNITS * 64];     /* a unit's registers; the rest of its 256 bytes is not used */
    uint32_t next[UNITS];                       /* of the regular sequence */
} Stm32Adc;
DECLARE_OBJECT(Stm32Adc, STM32_ADC, "stm32f4-adc")

static void adc_update(void *dev)
{
    Stm32Adc *s = STM32_ADC(dev);
    bool level = false;

    for (unsigned i = 0; i < UNITS; i++) {
        const uint32_t *w = &s->word[64 * i];

        level |= (w[W_SR] & SR_EOC && w[W_CR1] & CR1_EOCIE) || (w[W_SR] & SR_JEOC && w[W_CR1] & CR1_JEOCIE);
        irq_set(&s->dma[i], w[W_SR] & SR_EOC && w[W_CR2] & CR2_DMA);
    }
    irq_set(&s->irq, level);
}

/* Pins, then on ADC1 the temperature (25 degrees), the reference (1.21 V), half of VBAT. */
static uint32_t convert(const Stm32Adc *s, unsigned unit, unsigned channel)
{
    static const uint16_t internal[CHANNELS - PINS] = { 943, 1501, 2048 };
    const uint32_t *w = &s->word[64 * unit];
    uint32_t v = 0;
    unsigned bits = 12 - 2 * extract32(w[W_CR1], 24, 2);

    if (channel < PINS) {
        v = MIN(s->mv[channel] * 4095 / FULL_MV, 4095);
    } else if (channel < CHANNELS && unit == 0) {
        v = internal[channel - PINS];
    }
    v >>= 12 - bits;
    return w[W_CR2] & CR2_ALIGN ? v << (bits == 6 ? 2 : 16 - bits) : v;
}

static unsigned length(const uint32_t *w)
{
    return w[W_CR1] & CR1_SCAN ? extract32(w[W_SQR1], 20, 4) + 1 : 1;
}

/* The next of the sequence, or all that is left of it: EOC is of each or of all. */
static void run(Stm32Adc *s, unsigned unit)
{
    uint32_t *w = &s->word[64 * unit];
    bool each = w[W_CR2] & (CR2_EOCS | CR2_DMA);

    do {
        unsigned i = s->next[unit], at = i < 6 ? W_SQR3 : i < 12 ? W_SQR3 - 1 : W_SQR1;

        w[W_DR] = convert(s, unit, extract32(w[at], 5 * (i % 6), 5));
        s->next[unit]++;
    } while (!each && s->next[unit] < length(w));
    w[W_SR] |= SR_EOC | SR_STRT;
}

static void injected(Stm32Adc *s, unsigned unit)
{
    uint32_t *w = &s->word[64 * unit];
    unsigned n = w[W_CR1] & CR1_SCAN ? extract32(w[W_JSQR], 20, 2) + 1 : 1;

    for (unsigned i = 0; i < n; i++) {          /* the last of JSQ1 to JSQ4 are used */
        w[W_JDR + i] = (convert(s, unit, extract32(w[W_JSQR], 5 * (4 - n + i), 5)) - w[W_JOFR + i]) & 0xffff;
    }
    w[W_SR] |= SR_JEOC | SR_JSTRT;
}

static void cr2_write(Stm32Adc *s, unsigned unit, uint32_t v)
{
    uint32_t *w = &s->word[64 * unit];

    w[W_CR2] = v & 0x3f3f0f03;
    if (!(v & CR2_ADON)) {
        return;
    }
    if (v & CR2_JSWSTART) {
        injected(s, unit);
    }
    if (v & CR2_SWSTART) {
        s->next[unit] = 0;
        run(s, unit);
    }
}

static uint64_t unit_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Adc *s = STM32_ADC(dev);
    uint32_t *w = &s->word[n / 64 * 64], v = s->word[n];

    if (n % 64 == W_DR && w[W_SR] & SR_EOC) {
        w[W_SR] &= ~SR_EOC;
        if (w[W_CR2] & CR2_ADON && s->next[n / 64] >= length(w) && w[W_CR2] & CR2_CONT) {
            s->next[n / 64] = 0;
            run(s, n / 64);
        } else if (w[W_CR2] & CR2_ADON && s->next[n / 64] < length(w)) {
            run(s, n / 64);
        }
        adc_update(s);
    }
    return v;
}

static void unit_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    static const uint32_t masks[UNIT_WORDS] = {
        [W_CR1] = 0x7c0ffff, [3] = 0x7ffffff, 0x3fffffff, 0xfff, 0xfff, 0xfff, 0xfff, 0xfff, 0xfff, 0xffffff, 0x3fffffff,
        0x3fffffff, 0x3fffff,
    };
    Stm32Adc *s = STM32_ADC(dev);

    if (n % 64 == W_CR2) {
        cr2_write(s, n / 64, v);
    } else if (n % 64 == W_SR) {
        s->word[n] &= v;                        /* zeros clear */
    } else if (n % 64 < UNIT_WORDS && masks[n % 64]) {
        s->word[n] = v & masks[n % 64];
    }
    adc_update(s);
}

static uint64_t csr_read(void *dev, const RegDef *r, unsigned n)
{
    const uint32_t *w = STM32_ADC(dev)->word;

    return (w[W_SR] & 0x3f) | (w[64 + W_SR] & 0x3f) << 8 | (w[128 + W_SR] & 0x3f) << 16;
}

static const RegDef adc_regs[AD_NUM] = {
    [AD_UNITS] = { 0x000, "ADC", .read = unit_read, .write = unit_write, .count = UNITS * 64, .no_store = true },
    [AD_CSR] = { 0x300, "ADC_CSR", .read = csr_read }, [AD_CCR] = { 0x304, "ADC_CCR", .rw = 0xc3ef1f },
    [AD_CDR] = { 0x308, "ADC_CDR" },
};

static void adc_init(Object *obj)
{
    IRQ_OUT(Stm32Adc, irq, "irq");
    IRQ_OUT(Stm32Adc, dma, "dma");
}

static void adc_reset(Device *dev, ResetType type)
{
    Stm32Adc *s = STM32_ADC(dev);

    memset(s->word, 0, sizeof(s->word));
    memset(s->next, 0, sizeof(s->next));
    for (unsigned i = 0; i < UNITS; i++) {
        s->word[64 * i + W_HTR] = 0xfff;
    }
}

static const VMStateField adc_vmstate[] = {
    VMSTATE_UINT_ARRAY(Stm32Adc, mv), VMSTATE_UINT_ARRAY(Stm32Adc, word), VMSTATE_UINT_ARRAY(Stm32Adc, next), VMSTATE_END
};

static const RegDeviceSpec adc_spec = {
    REG_DEVICE_REGS(Stm32Adc, adc_regs), .size = 0x400, .vmstate = adc_vmstate, .reset = adc_reset, .update = adc_update,
};

#define IN(n) { .name = "in" #n, .type = PROP_U32, .offset = offsetof(Stm32Adc, mv[n]), .max = 10000, .live = true, \
                .help = "millivolts on the pin" }
static const Property adc_props[] = {
    IN(0), IN(1), IN(2), IN(3), IN(4), IN(5), IN(6), IN(7), IN(8), IN(9), IN(10), IN(11), IN(12), IN(13), IN(14), IN(15), PROP_END
};

const TypeInfo stm32_adc_type = {
    .name = "stm32f4-adc", .desc = "STM32F4 analog to digital converters", .instance_size = sizeof(Stm32Adc),
    .props = adc_props, .init = adc_init, REG_DEVICE_TYPE(adc_spec),
};

/* -- CRC --------------------------------------------------------------------------------------------------------------------- */

enum { CRC_DR, CRC_IDR, CRC_CR, CRC_NUM };

typedef struct Stm32Crc {
    RegDevice parent;
    uint32_t reg[CRC_NUM];
} Stm32Crc;
DECLARE_OBJECT(Stm32Crc, STM32_CRC, "stm32f4-crc")

/* Ethernet's polynomial, a word at a time, its high bit first, nothing reflected. */
static void crc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    uint32_t crc = STM32_CRC(dev)->reg[CRC_DR] ^ (uint32_t)v;

    for (unsigned i = 0; i < 32; i++) {
        crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
    }
    STM32_CRC(dev)->reg[CRC_DR] = crc;
}

static void crc_control(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (v & 1) {
        STM32_CRC(dev)->reg[CRC_DR] = UINT32_MAX;
    }
}

static const RegDef crc_regs[CRC_NUM] = {
    [CRC_DR] = { 0x00, "CRC_DR", .reset = UINT32_MAX, .write = crc_write }, [CRC_IDR] = { 0x04, "CRC_IDR", .rw = 0xff },
    [CRC_CR] = { 0x08, "CRC_CR", .write = crc_control },
};

static const RegDeviceSpec crc_spec = {
    REG_DEVICE_REGS(Stm32Crc, crc_regs), .size = 0x400,
};

const TypeInfo stm32_crc_type = {
    .name = "stm32f4-crc", .desc = "STM32F4 CRC unit", .instance_size = sizeof(Stm32Crc),
    REG_DEVICE_TYPE(crc_spec),
};

/* -- RNG --------------------------------------------------------------------------------------------------------------------- */

enum { RNG_CR, RNG_SR, RNG_DR, RNG_NUM, RNGEN = 1 << 2, RNG_IE = 1 << 3, DRDY = 1 };

typedef struct Stm32Rng {
    RegDevice parent;
    IrqLine irq;
    uint32_t reg[RNG_NUM];
} Stm32Rng;
DECLARE_OBJECT(Stm32Rng, STM32_RNG, "stm32f4-rng")

static void rng_update(void *dev)
{
    Stm32Rng *s = STM32_RNG(dev);

    irq_set(&s->irq, s->reg[RNG_SR] & DRDY && s->reg[RNG_CR] & RNG_IE);
}

static void rng_fill(Stm32Rng *s)
{
    s->reg[RNG_SR] = deposit32(s->reg[RNG_SR], 0, 1, s->reg[RNG_CR] & RNGEN && s->parent.parent.machine &&
                               machine_random(s->parent.parent.machine, &s->reg[RNG_DR], 4));
    rng_update(s);
}

static uint64_t rng_read(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rng *s = STM32_RNG(dev);
    uint32_t v = s->reg[RNG_SR] & DRDY ? s->reg[RNG_DR] : 0;

    rng_fill(s);
    return v;
}

static void rng_control(void *dev, const RegDef *r, unsigned n)
{
    rng_fill(dev);
}

static const RegDef rng_regs[RNG_NUM] = {
    [RNG_CR] = { 0x00, "RNG_CR", .rw = RNGEN | RNG_IE, .after = rng_control }, [RNG_SR] = { 0x04, "RNG_SR" },
    [RNG_DR] = { 0x08, "RNG_DR", .read = rng_read, .no_store = true },
};

static void rng_init(Object *obj)
{
    IRQ_OUT(Stm32Rng, irq, "irq");
}

static const VMStateField rng_vmstate[] = { VMSTATE_UINT(Stm32Rng, reg[RNG_DR]), VMSTATE_END };

static const RegDeviceSpec rng_spec = {
    REG_DEVICE_REGS(Stm32Rng, rng_regs), .size = 0x400, .vmstate = rng_vmstate, .update = rng_update,
};

const TypeInfo stm32_rng_type = {
    .name = "stm32f4-rng", .desc = "STM32F4 random number generator", .instance_size = sizeof(Stm32Rng),
    .init = rng_init, REG_DEVICE_TYPE(rng_spec),
};
