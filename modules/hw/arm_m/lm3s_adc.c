/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Analog-to-digital converter of Stellaris (LM3S6965 data sheet, "Analog-to-Digital Converter"): four sample sequencers with
 * their FIFOs, started by software, by a timer, or always; single-ended and differential inputs and the temperature sensor;
 * the digital loopback. Inputs have the levels of properties, 0 if nothing is connected.
 * A sequence takes no time, and one that always runs does so whenever its FIFO has room. Inputs stand still, so that
 * averaging (ADCSAC) changes nothing. Not modelled: comparators, PWM and the pin as triggers.
 * Wiring: region "regs", irqs "ss0" to "ss3", input "trigger" (a timer's, rising). Properties "ain0" to "ain3",
 * "temperature".
 */
#include "core/bits.h"
#include "core/exec/regdev.h"
#include "modules/hw/arm_m/lm3s.h"

enum { ACTSS, RIS, IM, ISC, OSTAT, EMUX, USTAT, SSPRI, PSSI, SAC, SSMUX, SSCTL, SSFIFO, SSFSTAT, TMLB, NUM_REGS };
enum { NUM_SEQ = 4, NUM_INPUTS = 4, MAX_DEPTH = 8, BY_SOFTWARE = 0, BY_TIMER = 5, ALWAYS = 15 };
enum { SAMPLE_TS = 8, SAMPLE_IE = 4, SAMPLE_END = 2, SAMPLE_D = 1, FULL_SCALE = 1023, FULL = 1 << 12, EMPTY = 1 << 8 };

static const uint8_t depths[NUM_SEQ] = { 8, 4, 4, 1 };

typedef struct Sequencer {
    uint32_t mux, ctl;                          /* four bits for each sample */
    uint16_t fifo[MAX_DEPTH];
    uint8_t head, used;
} Sequencer;

typedef struct Lm3sAdc {
    RegDevice parent;
    /* wiring */
    IrqLine irq[NUM_SEQ];
    uint32_t input[NUM_INPUTS], temperature;
    /* guest state */
    uint32_t reg[NUM_REGS];
    Sequencer seq[NUM_SEQ];
    uint8_t count;                              /* of samples, for the loopback */
} Lm3sAdc;
DECLARE_OBJECT(Lm3sAdc, LM3S_ADC, "lm3s-adc")

static void update(void *dev)
{
    Lm3sAdc *s = LM3S_ADC(dev);

    s->reg[ISC] = s->reg[RIS] & s->reg[IM];
    for (unsigned i = 0; i < NUM_SEQ; i++) {
        irq_set(&s->irq[i], s->reg[ISC] >> i & 1);
    }
}

/* "Temperature sensor": 2.7 V less a 75th of a volt for each degree above -55, of a reference of 3 V. */
static uint32_t temperature_code(const Lm3sAdc *s)
{
    return (2700 * 75 - (s->temperature + 55) * 1000) * (FULL_SCALE + 1) / (3000 * 75);
}

static uint32_t convert(Lm3sAdc *s, unsigned mux, unsigned ctl, bool first)
{
    uint32_t value;

    if (s->reg[TMLB] & 1) {
        value = (s->count & 15) << 6 | (first ? 0 : 1 << 5) | (ctl & SAMPLE_D ? 1 << 4 : 0) | (ctl & SAMPLE_TS ? 1 << 3 : 0) | mux;
    } else if (ctl & SAMPLE_TS) {
        value = temperature_code(s);
    } else if (ctl & SAMPLE_D) {
        unsigned pair = 2 * (mux & 1);

        value = (FULL_SCALE + s->input[pair] - s->input[pair + 1]) / 2;
    } else {
        value = s->input[mux];
    }
    s->count++;
    return value;
}

static void run(Lm3sAdc *s, unsigned n)
{
    Sequencer *q = &s->seq[n];

    for (unsigned i = 0; i < depths[n]; i++) {
        unsigned ctl = q->ctl >> 4 * i & 15;
        uint32_t value = convert(s, q->mux >> 4 * i & 3, ctl, i == 0);

        if (q->used == depths[n]) {
            s->reg[OSTAT] |= 1u << n;
        } else {
            q->fifo[(q->head + q->used++) % depths[n]] = (uint16_t)value;
        }
        if (ctl & SAMPLE_IE) {
            s->reg[RIS] |= 1u << n;
        }
        if (ctl & SAMPLE_END) {
            break;
        }
    }
    update(s);
}

/* All that are enabled and wait for this. */
static void start(Lm3sAdc *s, unsigned trigger, uint32_t which)
{
    for (unsigned n = 0; n < NUM_SEQ; n++) {
        if (which & s->reg[ACTSS] & 1u << n && extract32(s->reg[EMUX], 4 * n, 4) == trigger) {
            run(s, n);
        }
    }
}

static void always(void *dev, const RegDef *r, unsigned n)
{
    Lm3sAdc *s = LM3S_ADC(dev);

    for (unsigned i = 0; i < NUM_SEQ; i++) {
        if (s->seq[i].used < depths[i]) {
            start(s, ALWAYS, 1u << i);
        }
    }
}

static void trigger(void *opaque, unsigned n, int level)
{
    if (level) {
        start(opaque, BY_TIMER, 15);
    }
}

static void pssi_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    start(LM3S_ADC(dev), BY_SOFTWARE, v & 15);
}

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static void isc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    LM3S_ADC(dev)->reg[RIS] &= ~v;
    update(dev);
}

static uint64_t setup_read(void *dev, const RegDef *r, unsigned n)
{
    return r->offset == 0x40 ? LM3S_ADC(dev)->seq[n].mux : LM3S_ADC(dev)->seq[n].ctl;
}

static void setup_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    uint32_t samples = mask32(0, 4 * depths[n]);

    if (r->offset == 0x40) {
        LM3S_ADC(dev)->seq[n].mux = v & 0x33333333 & samples;
    } else {
        LM3S_ADC(dev)->seq[n].ctl = v & samples;
    }
}

static uint64_t fifo_read(void *dev, const RegDef *r, unsigned n)
{
    Lm3sAdc *s = LM3S_ADC(dev);
    Sequencer *q = &s->seq[n];
    uint16_t v = q->fifo[q->head];

    if (!q->used) {
        s->reg[USTAT] |= 1u << n;
        return 0;
    }
    q->head = (uint8_t)((q->head + 1) % depths[n]);
    q->used--;
    always(s, NULL, 0);
    return v;
}

static uint64_t fstat_read(void *dev, const RegDef *r, unsigned n)
{
    const Sequencer *q = &LM3S_ADC(dev)->seq[n];

    return (q->used == depths[n] ? FULL : q->used ? 0 : EMPTY) | (q->head + q->used) % depths[n] << 4 | q->head;
}

#define EACH(id, at, name, ...) [id] = { at, name, .count = NUM_SEQ, .stride = 0x20, .no_store = true, __VA_ARGS__ }
static const RegDef regs[NUM_REGS] = {
    [ACTSS] = { 0x00, "ADCACTSS", .rw = 15, .after = always }, [RIS] = { 0x04, "ADCRIS" },
    [IM] = { 0x08, "ADCIM", .rw = 15, .after = after }, [ISC] = { 0x0c, "ADCISC", .write = isc_write },
    [OSTAT] = { 0x10, "ADCOSTAT", .w1c = 15 }, [EMUX] = { 0x14, "ADCEMUX", .rw = 0xffff, .after = always },
    [USTAT] = { 0x18, "ADCUSTAT", .w1c = 15 }, [SSPRI] = { 0x20, "ADCSSPRI", .reset = 0x3210, .rw = 0x3333 },
    [PSSI] = { 0x28, "ADCPSSI", .write = pssi_write, .no_store = true }, [SAC] = { 0x30, "ADCSAC", .rw = 7 },
    EACH(SSMUX, 0x40, "ADCSSMUXn", .read = setup_read, .write = setup_write),
    EACH(SSCTL, 0x44, "ADCSSCTLn", .read = setup_read, .write = setup_write),
    EACH(SSFIFO, 0x48, "ADCSSFIFOn", .read = fifo_read), EACH(SSFSTAT, 0x4c, "ADCSSFSTATn", .read = fstat_read),
    [TMLB] = { 0x100, "ADCTMLB", .rw = 1 },
};

static void adc_init(Object *obj)
{
    static const char *const names[NUM_SEQ] = { "ss0", "ss1", "ss2", "ss3" };

    for (unsigned i = 0; i < NUM_SEQ; i++) {
        device_init_irq_out(DEVICE(obj), names[i], &LM3S_ADC(obj)->irq[i], 1);
    }
    device_init_irq_in(DEVICE(obj), "trigger", trigger, 1);
}

static void adc_reset(Device *dev, ResetType type)
{
    Lm3sAdc *s = LM3S_ADC(dev);

    memset(s->seq, 0, sizeof(s->seq));
    s->seq[3].ctl = SAMPLE_END;
    s->count = 0;
}

static const VMStateField seq_vmstate[] = {
    VMSTATE_UINT(Sequencer, mux), VMSTATE_UINT(Sequencer, ctl), VMSTATE_UINT_ARRAY(Sequencer, fifo),
    VMSTATE_UINT(Sequencer, head), VMSTATE_UINT(Sequencer, used), VMSTATE_END
};

static const VMStateField adc_vmstate[] = {
    VMSTATE_STRUCT_ARRAY(Lm3sAdc, seq, seq_vmstate), VMSTATE_UINT(Lm3sAdc, count), VMSTATE_END
};

#define INPUT(n) \
    { .name = "ain" #n, .type = PROP_U32, .offset = offsetof(Lm3sAdc, input[n]), .max = FULL_SCALE, .live = true, \
      .help = "what input " #n " is converted to" }
static const Property adc_props[] = {
    INPUT(0), INPUT(1), INPUT(2), INPUT(3),
    { .name = "temperature", .type = PROP_U32, .offset = offsetof(Lm3sAdc, temperature), .def = 25, .max = 125, .live = true,
      .help = "of the chip, in degrees Celsius" },
    PROP_END
};

static const RegDeviceSpec adc_spec = {
    REG_DEVICE_REGS(Lm3sAdc, regs), .vmstate = adc_vmstate, .reset = adc_reset, .update = update,
};

const TypeInfo lm3s_adc_type = {
    .name = "lm3s-adc", .desc = "Stellaris analog-to-digital converter", .instance_size = sizeof(Lm3sAdc), .props = adc_props,
    .init = adc_init, REG_DEVICE_TYPE(adc_spec),
};
