/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nRF51's ADC (nRF51 Series Reference Manual 3.0, 32), low power comparator (33), temperature sensor (20) and quadrature decoder
 * (31). The world outside is properties: the voltage on each analog pin, the temperature. The supply is 3 V; an external
 * reference is as the internal. Nothing turns at the decoder, so its samples are none. Conversions take their time.
 * Wiring: region "regs"; irqs "irq", "event"[32].
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "modules/hw/arm_m/nrf51.h"

enum { SUPPLY_MV = 3000, BAND_GAP_MV = 1200, ANALOG_PINS = 8 };

/* -- ADC --------------------------------------------------------------------------------------------------------------------- */

enum { AD_START, AD_STOP, AD_EVENTS, AD_INTENSET, AD_INTENCLR, AD_BUSY, AD_ENABLE, AD_CONFIG, AD_RESULT, AD_NUM };

typedef struct Nrf51Adc {
    Nrf51Periph p;
    uint32_t mv[ANALOG_PINS];                   /* on the analog pins */
    uint32_t reg[AD_NUM];
    Timer timer;
} Nrf51Adc;
DECLARE_OBJECT(Nrf51Adc, NRF51_ADC, "nrf51-adc")

/* CONFIG's fields: resolution, input and its divider, reference, pin (32.3.3). */
static uint32_t convert(const Nrf51Adc *s)
{
    uint32_t config = s->reg[AD_CONFIG], pins = extract32(config, 8, 8), full = (256u << MIN(config & 3, 2)) - 1;
    unsigned input = extract32(config, 2, 3), reference = extract32(config, 5, 2);
    uint32_t mv = input >= 5 ? SUPPLY_MV : pins ? s->mv[ctz32(pins)] : 0, against;

    mv = input == 1 || input == 5 ? mv * 2 / 3 : input == 2 || input == 6 ? mv / 3 : mv;
    against = reference == 2 ? SUPPLY_MV / 2 : reference == 3 ? SUPPLY_MV / 3 : BAND_GAP_MV;
    return MIN(muldiv64(mv, full, against), full);
}

static void adc_fired(void *opaque)
{
    Nrf51Adc *s = opaque;

    s->reg[AD_RESULT] = convert(s);
    s->reg[AD_BUSY] = 0;
    nrf51_event(&s->p, 0);
}

static void adc_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    static const uint8_t microseconds[] = { 20, 36, 68, 68 };
    Nrf51Adc *s = NRF51_ADC(dev);

    if (!(v & 1)) {
        return;
    }
    if (r->offset == 0x004) {
        s->reg[AD_BUSY] = 0;
        timer_del(&s->timer);
    } else if (s->reg[AD_ENABLE] == 1) {
        s->reg[AD_BUSY] = 1;
        timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + 1000 * microseconds[s->reg[AD_CONFIG] & 3]);
    }
}

static const RegDef adc_regs[AD_NUM] = {
    [AD_START] = { 0x000, "START", .write = adc_task }, [AD_STOP] = { 0x004, "STOP", .write = adc_task },
    NRF51_EVENT_ROWS(AD_EVENTS, AD_INTENSET, AD_INTENCLR), [AD_BUSY] = { 0x400, "BUSY" },
    [AD_ENABLE] = { 0x500, "ENABLE", .rw = 3 },
    [AD_CONFIG] = { 0x504, "CONFIG", .reset = 0x18, .rw = 0x3ff7f }, [AD_RESULT] = { 0x508, "RESULT" },
};

static const VMStateField adc_vmstate[] = {
    NRF51_VMSTATE(Nrf51Adc), VMSTATE_UINT_ARRAY(Nrf51Adc, mv), VMSTATE_TIMER(Nrf51Adc, timer), VMSTATE_END
};

static const RegDeviceTimer adc_timers[] = { { offsetof(Nrf51Adc, timer), adc_fired }, { 0 } };

static const RegDeviceSpec adc_spec = {
    REG_DEVICE_REGS(Nrf51Adc, adc_regs), .timers = adc_timers, .vmstate = adc_vmstate, .reset = nrf51_periph_reset,
    .update = nrf51_periph_update,
};

#define AIN(n) { .name = "ain" #n, .type = PROP_U32, .offset = offsetof(Nrf51Adc, mv[n]), .max = 10000, .live = true, \
                 .help = "millivolts on the analog pin" }
static const Property adc_props[] = { AIN(0), AIN(1), AIN(2), AIN(3), AIN(4), AIN(5), AIN(6), AIN(7), PROP_END };

const TypeInfo nrf51_adc_type = {
    .name = "nrf51-adc", .desc = "nRF51 analog to digital converter", .instance_size = sizeof(Nrf51Adc),
    .props = adc_props, .init = nrf51_periph_init, REG_DEVICE_TYPE(adc_spec),
};

/* -- TEMP -------------------------------------------------------------------------------------------------------------------- */

enum { TP_START, TP_STOP, TP_EVENTS, TP_INTENSET, TP_INTENCLR, TP_TEMP, TP_NUM, TP_NS = 35000 };

typedef struct Nrf51Temp {
    Nrf51Periph p;
    int64_t temperature;                        /* thousandths of a degree Celsius */
    uint32_t reg[TP_NUM];
    Timer timer;
} Nrf51Temp;
DECLARE_OBJECT(Nrf51Temp, NRF51_TEMP, "nrf51-temp")

/* In quarters of a degree. */
static void temp_fired(void *opaque)
{
    Nrf51Temp *s = opaque;

    s->reg[TP_TEMP] = (uint32_t)(int32_t)(CLAMP(s->temperature, -100000, 200000) / 250);
    nrf51_event(&s->p, 0);
}

static void temp_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Temp *s = NRF51_TEMP(dev);

    if (v & 1 && r->offset) {
        timer_del(&s->timer);
    } else if (v & 1) {
        timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + TP_NS);
    }
}

static const RegDef temp_regs[TP_NUM] = {
    [TP_START] = { 0x000, "START", .write = temp_task }, [TP_STOP] = { 0x004, "STOP", .write = temp_task },
    NRF51_EVENT_ROWS(TP_EVENTS, TP_INTENSET, TP_INTENCLR), [TP_TEMP] = { 0x508, "TEMP" },
};

static const VMStateField temp_vmstate[] = {
    NRF51_VMSTATE(Nrf51Temp), VMSTATE_UINT(Nrf51Temp, temperature), VMSTATE_TIMER(Nrf51Temp, timer), VMSTATE_END
};

static const RegDeviceTimer temp_timers[] = { { offsetof(Nrf51Temp, timer), temp_fired }, { 0 } };

static const RegDeviceSpec temp_spec = {
    REG_DEVICE_REGS(Nrf51Temp, temp_regs), .timers = temp_timers, .vmstate = temp_vmstate, .reset = nrf51_periph_reset,
    .update = nrf51_periph_update,
};

static const Property temp_props[] = {
    { .name = "temperature", .type = PROP_I64, .offset = offsetof(Nrf51Temp, temperature), .def = 25000, .live = true,
      .help = "thousandths of a degree Celsius" }, PROP_END
};

const TypeInfo nrf51_temp_type = {
    .name = "nrf51-temp", .desc = "nRF51 temperature sensor", .instance_size = sizeof(Nrf51Temp),
    .props = temp_props, .init = nrf51_periph_init, REG_DEVICE_TYPE(temp_spec),
};

/* -- LPCOMP ------------------------------------------------------------------------------------------------------------------ */

enum { LP_START, LP_STOP, LP_SAMPLE, LP_EVENTS, LP_SHORTS, LP_INTENSET, LP_INTENCLR, LP_RESULT, LP_ENABLE, LP_PSEL, LP_REFSEL,
       LP_EXTREFSEL, LP_ANADETECT, LP_NUM };

typedef struct Nrf51Lpcomp {
    Nrf51Periph p;
    uint32_t reg[LP_NUM];
    bool runs;
} Nrf51Lpcomp;
DECLARE_OBJECT(Nrf51Lpcomp, NRF51_LPCOMP, "nrf51-lpcomp")

/* It is ready at once, and its input below the reference. */
static void lpcomp_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Lpcomp *s = NRF51_LPCOMP(dev);

    if (!(v & 1) || s->reg[LP_ENABLE] != 1) {
        return;
    }
    if (r->offset == 0x000) {
        s->runs = true;
        nrf51_event(&s->p, 0);
        s->runs = !(s->reg[LP_SHORTS] & 2);     /* READY_STOP */
        s->reg[LP_RESULT] = 0;
    } else if (r->offset == 0x004) {
        s->runs = false;
    }
}

static const RegDef lpcomp_regs[LP_NUM] = {
    [LP_START] = { 0x000, "START", .write = lpcomp_task }, [LP_STOP] = { 0x004, "STOP", .write = lpcomp_task },
    [LP_SAMPLE] = { 0x008, "SAMPLE", .write = lpcomp_task }, NRF51_EVENT_ROWS(LP_EVENTS, LP_INTENSET, LP_INTENCLR),
    [LP_SHORTS] = { 0x200, "SHORTS", .rw = 0x1f }, [LP_RESULT] = { 0x400, "RESULT" }, [LP_ENABLE] = { 0x500, "ENABLE", .rw = 3 },
    [LP_PSEL] = { 0x504, "PSEL", .rw = 7 }, [LP_REFSEL] = { 0x508, "REFSEL", .rw = 7 },
    [LP_EXTREFSEL] = { 0x50c, "EXTREFSEL", .rw = 1 }, [LP_ANADETECT] = { 0x520, "ANADETECT", .rw = 3 },
};
static void lpcomp_reset(Device *dev, ResetType type)
{
    nrf51_periph_reset(dev, type);
    NRF51_LPCOMP(dev)->runs = false;
}

static const VMStateField lpcomp_vmstate[] = { NRF51_VMSTATE(Nrf51Lpcomp), VMSTATE_BOOL(Nrf51Lpcomp, runs), VMSTATE_END };

static const RegDeviceSpec lpcomp_spec = {
    REG_DEVICE_REGS(Nrf51Lpcomp, lpcomp_regs), .vmstate = lpcomp_vmstate, .reset = lpcomp_reset,
    .update = nrf51_periph_update,
};

const TypeInfo nrf51_lpcomp_type = {
    .name = "nrf51-lpcomp", .desc = "nRF51 low power comparator", .instance_size = sizeof(Nrf51Lpcomp),
    .init = nrf51_periph_init, REG_DEVICE_TYPE(lpcomp_spec),
};

/* -- QDEC -------------------------------------------------------------------------------------------------------------------- */

enum { QD_START, QD_STOP, QD_READCLRACC, QD_EVENTS, QD_SHORTS, QD_INTENSET, QD_INTENCLR, QD_ENABLE, QD_LEDPOL, QD_SAMPLEPER,
       QD_SAMPLE, QD_REPORTPER, QD_ACC, QD_ACCREAD, QD_PSELLED, QD_PSELA, QD_PSELB, QD_DBFEN, QD_LEDPRE, QD_ACCDBL, QD_ACCDBLREAD,
       QD_NUM };

typedef struct Nrf51Qdec {
    Nrf51Periph p;
    uint32_t reg[QD_NUM];
    Timer timer;
} Nrf51Qdec;
DECLARE_OBJECT(Nrf51Qdec, NRF51_QDEC, "nrf51-qdec")

static void qdec_schedule(Nrf51Qdec *s)
{
    timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + (INT64_C(128000) << s->reg[QD_SAMPLEPER]));
}

/* A sample: nothing has moved. */
static void qdec_fired(void *opaque)
{
    Nrf51Qdec *s = opaque;

    s->reg[QD_SAMPLE] = 0;
    nrf51_event(&s->p, 0);
    qdec_schedule(s);
}

static void qdec_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Qdec *s = NRF51_QDEC(dev);

    if (v & 1 && r->offset == 0x000 && s->reg[QD_ENABLE]) {
        qdec_schedule(s);
    } else if (v & 1 && r->offset == 0x004) {
        timer_del(&s->timer);
    } else if (v & 1 && r->offset == 0x008) {
        s->reg[QD_ACCREAD] = s->reg[QD_ACC];
        s->reg[QD_ACCDBLREAD] = s->reg[QD_ACCDBL];
        s->reg[QD_ACC] = s->reg[QD_ACCDBL] = 0;
    }
}

static const RegDef qdec_regs[QD_NUM] = {
    [QD_START] = { 0x000, "START", .write = qdec_task }, [QD_STOP] = { 0x004, "STOP", .write = qdec_task },
    [QD_READCLRACC] = { 0x008, "READCLRACC", .write = qdec_task }, NRF51_EVENT_ROWS(QD_EVENTS, QD_INTENSET, QD_INTENCLR),
    [QD_SHORTS] = { 0x200, "SHORTS", .rw = 3 }, [QD_ENABLE] = { 0x500, "ENABLE", .rw = 1 },
    [QD_LEDPOL] = { 0x504, "LEDPOL", .rw = 1 },
    [QD_SAMPLEPER] = { 0x508, "SAMPLEPER", .rw = 7 }, [QD_SAMPLE] = { 0x50c, "SAMPLE" },
    [QD_REPORTPER] = { 0x510, "REPORTPER", .rw = 7 }, [QD_ACC] = { 0x514, "ACC" }, [QD_ACCREAD] = { 0x518, "ACCREAD" },
    [QD_PSELLED] = { 0x51c, "PSELLED", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [QD_PSELA] = { 0x520, "PSELA", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [QD_PSELB] = { 0x524, "PSELB", .reset = UINT32_MAX, .rw = UINT32_MAX }, [QD_DBFEN] = { 0x528, "DBFEN", .rw = 1 },
    [QD_LEDPRE] = { 0x540, "LEDPRE", .reset = 0x10, .rw = 0x1ff }, [QD_ACCDBL] = { 0x544, "ACCDBL" },
    [QD_ACCDBLREAD] = { 0x548, "ACCDBLREAD" },
};

static const VMStateField qdec_vmstate[] = { NRF51_VMSTATE(Nrf51Qdec), VMSTATE_TIMER(Nrf51Qdec, timer), VMSTATE_END };

static const RegDeviceTimer qdec_timers[] = { { offsetof(Nrf51Qdec, timer), qdec_fired }, { 0 } };

static const RegDeviceSpec qdec_spec = {
    REG_DEVICE_REGS(Nrf51Qdec, qdec_regs), .timers = qdec_timers, .vmstate = qdec_vmstate, .reset = nrf51_periph_reset,
    .update = nrf51_periph_update,
};

const TypeInfo nrf51_qdec_type = {
    .name = "nrf51-qdec", .desc = "nRF51 quadrature decoder", .instance_size = sizeof(Nrf51Qdec),
    .init = nrf51_periph_init, REG_DEVICE_TYPE(qdec_spec),
};
