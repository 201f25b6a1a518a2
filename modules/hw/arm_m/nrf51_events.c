/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nRF51 events (nRF51 Series Reference Manual 3.0): what peripherals have in common (10), GPIOTE (15), which makes events of
 * pins and sets pins by tasks, and PPI (16), which makes one's events another's tasks. PPI's tasks are done by a timer that
 * is due a microsecond later, so that no device is entered from within itself. Of the fixed channels there are those
 * that are not the radio's.
 * Wiring: GPIOTE: region "regs"; irqs "pin"[32] and "detect" (from GPIO), "irq", "event"[32], "own"[32] and "out"[32] (to
 * GPIO). PPI: region "regs"; irqs "event"[1024]: 32 of each peripheral, by its number.
 */
#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/nrf51.h"

void nrf51_periph_update(void *dev)
{
    Nrf51Periph *p = dev;

    irq_set(&p->irq, (p->events & p->inten) != 0);
}

void nrf51_event(Nrf51Periph *p, unsigned n)
{
    p->events |= 1u << n;
    nrf51_periph_update(p);
    irq_pulse(&p->event_out[n]);
}

uint64_t nrf51_event_read(void *dev, const RegDef *r, unsigned n)
{
    return ((Nrf51Periph *)dev)->events >> n & 1;
}

void nrf51_event_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Periph *p = dev;

    p->events = deposit32(p->events, n, 1, v & 1);
    nrf51_periph_update(p);
}

uint64_t nrf51_inten_read(void *dev, const RegDef *r, unsigned n)
{
    return ((Nrf51Periph *)dev)->inten;
}

void nrf51_inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Periph *p = dev;

    p->inten = r->offset == 0x304 ? p->inten | v : p->inten & ~v;
    nrf51_periph_update(p);
}

void nrf51_periph_init(Object *obj)
{
    IRQ_OUT(Nrf51Periph, irq, "irq");
    IRQ_OUT(Nrf51Periph, event_out, "event");
}

void nrf51_periph_reset(Device *dev, ResetType type)
{
    Nrf51Periph *p = (Nrf51Periph *)dev;

    p->events = p->inten = 0;
}

/* -- GPIOTE ------------------------------------------------------------------------------------------------------------------ */

enum { TE_OUT, TE_EVENTS, TE_INTENSET, TE_INTENCLR, TE_CONFIG, TE_NUM, TE_CHANNELS = 4, TE_PORT = 31 };
enum { MODE_EVENT = 1, MODE_TASK = 3, LOW_TO_HIGH = 1, HIGH_TO_LOW = 2, TOGGLE = 3 };

typedef struct Nrf51Gpiote {
    Nrf51Periph p;
    IrqLine own[NRF51_PINS], out[NRF51_PINS];
    uint32_t reg[TE_NUM], config[TE_CHANNELS];
    uint32_t level, value;                      /* of pins; of the outputs that channels own */
    bool detect;
} Nrf51Gpiote;
DECLARE_OBJECT(Nrf51Gpiote, NRF51_GPIOTE, "nrf51-gpiote")

static unsigned te_mode(const Nrf51Gpiote *s, unsigned i)
{
    return s->config[i] & 3;
}

static unsigned te_pin(const Nrf51Gpiote *s, unsigned i)
{
    return extract32(s->config[i], 8, 5);
}

static unsigned te_polarity(const Nrf51Gpiote *s, unsigned i)
{
    return extract32(s->config[i], 16, 2);
}

static void gpiote_update(void *dev)
{
    Nrf51Gpiote *s = NRF51_GPIOTE(dev);
    uint32_t own = 0;

    for (unsigned i = 0; i < TE_CHANNELS; i++) {
        if (te_mode(s, i) == MODE_TASK) {
            own |= 1u << te_pin(s, i);
        }
    }
    for (unsigned i = 0; i < NRF51_PINS; i++) {
        irq_set(&s->out[i], own & s->value & 1u << i);
        irq_set(&s->own[i], own >> i & 1);
    }
    nrf51_periph_update(&s->p);
}

static void te_out_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Gpiote *s = NRF51_GPIOTE(dev);
    uint32_t bit = 1u << te_pin(s, n);

    if (!(v & 1) || te_mode(s, n) != MODE_TASK) {
        return;
    }
    switch (te_polarity(s, n)) {
    case LOW_TO_HIGH:
        s->value |= bit;
        break;
    case HIGH_TO_LOW:
        s->value &= ~bit;
        break;
    case TOGGLE:
        s->value ^= bit;
        break;
    }
    gpiote_update(s);
}

static uint64_t te_config_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_GPIOTE(dev)->config[n];
}

static void te_config_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Gpiote *s = NRF51_GPIOTE(dev);
    bool was_task = te_mode(s, n) == MODE_TASK;
    unsigned old = te_pin(s, n);

    s->config[n] = v & 0x131f03;
    if (te_mode(s, n) == MODE_TASK && !(was_task && te_pin(s, n) == old)) {
        s->value = deposit32(s->value, te_pin(s, n), 1, v >> 20 & 1);
    }
    gpiote_update(s);
}

static void te_pin_in(void *opaque, unsigned n, int level)
{
    Nrf51Gpiote *s = opaque;

    if (!!level == (s->level >> n & 1)) {
        return;
    }
    s->level ^= 1u << n;
    for (unsigned i = 0; i < TE_CHANNELS; i++) {
        if (te_mode(s, i) == MODE_EVENT && te_pin(s, i) == n && te_polarity(s, i) & (level ? LOW_TO_HIGH : HIGH_TO_LOW)) {
            nrf51_event(&s->p, i);
        }
    }
}

static void te_detect_in(void *opaque, unsigned n, int level)
{
    Nrf51Gpiote *s = opaque;

    if (level && !s->detect) {
        nrf51_event(&s->p, TE_PORT);
    }
    s->detect = level;
}

static const RegDef gpiote_regs[TE_NUM] = {
    [TE_OUT] = { 0x000, "OUT", .write = te_out_write, .count = TE_CHANNELS, .no_store = true },
    NRF51_EVENT_ROWS(TE_EVENTS, TE_INTENSET, TE_INTENCLR),
    [TE_CONFIG] = { 0x510, "CONFIG", .read = te_config_read, .write = te_config_write, .count = TE_CHANNELS, .no_store = true },
};

static void gpiote_init(Object *obj)
{
    nrf51_periph_init(obj);
    device_init_irq_in(DEVICE(obj), "pin", te_pin_in, NRF51_PINS);
    device_init_irq_in(DEVICE(obj), "detect", te_detect_in, 1);
    IRQ_OUT(Nrf51Gpiote, own, "own");
    IRQ_OUT(Nrf51Gpiote, out, "out");
}

static void gpiote_reset(Device *dev, ResetType type)
{
    Nrf51Gpiote *s = NRF51_GPIOTE(dev);

    nrf51_periph_reset(dev, type);
    memset(s->config, 0, sizeof(s->config));
    s->value = 0;
}

static const VMStateField gpiote_vmstate[] = {
    NRF51_VMSTATE(Nrf51Gpiote), VMSTATE_UINT_ARRAY(Nrf51Gpiote, config), VMSTATE_UINT(Nrf51Gpiote, level),
    VMSTATE_UINT(Nrf51Gpiote, value), VMSTATE_BOOL(Nrf51Gpiote, detect), VMSTATE_END
};

static const RegDeviceSpec gpiote_spec = {
    REG_DEVICE_REGS(Nrf51Gpiote, gpiote_regs), .vmstate = gpiote_vmstate, .reset = gpiote_reset, .update = gpiote_update,
};

const TypeInfo nrf51_gpiote_type = {
    .name = "nrf51-gpiote", .desc = "nRF51 GPIO tasks and events", .instance_size = sizeof(Nrf51Gpiote),
    .init = gpiote_init, REG_DEVICE_TYPE(gpiote_spec),
};

/* -- PPI --------------------------------------------------------------------------------------------------------------------- */

enum { PP_TASKS, PP_CHEN, PP_CHENSET, PP_CHENCLR, PP_CH, PP_CHG, PP_NUM, PP_FREE = 16, PP_GROUPS = 4,
       PP_DELAY = 1000 };
#define PERIPHERAL_AT 0x40000000
#define PERIPHERAL_SIZE 0x1000

typedef struct Nrf51Ppi {
    RegDevice parent;
    uint32_t reg[PP_NUM];
    uint32_t enabled, due;                      /* channels; those whose tasks are to be done */
    uint32_t end[PP_FREE][2], group[PP_GROUPS]; /* addresses of event and task */
    Timer timer;
} Nrf51Ppi;
DECLARE_OBJECT(Nrf51Ppi, NRF51_PPI, "nrf51-ppi")

/* Channels whose ends are given (16.1.4): timer 0 and RTC 0. */
static const struct { uint8_t channel; uint32_t event, task; } fixed[] = {
    { 30, 0x4000b140, 0x4000800c }, { 31, 0x4000b140, 0x40008000 },
};

static void ppi_event(void *opaque, unsigned n, int level)
{
    Nrf51Ppi *s = opaque;
    uint32_t addr = PERIPHERAL_AT + n / NRF51_EVENTS * PERIPHERAL_SIZE + 0x100 + 4 * (n % NRF51_EVENTS), due = 0;

    if (!level || !s->enabled) {
        return;
    }
    for (unsigned i = 0; i < PP_FREE; i++) {
        due |= (uint32_t)(s->end[i][0] == addr) << i;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++) {
        due |= (uint32_t)(fixed[i].event == addr) << fixed[i].channel;
    }
    s->due |= due & s->enabled;
    if (s->due) {
        timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + PP_DELAY);
    }
}

static uint32_t task_of(const Nrf51Ppi *s, unsigned channel)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (fixed[i].channel == channel) {
            return fixed[i].task;
        }
    }
    return channel < PP_FREE ? s->end[channel][1] : 0;
}

/* Tasks are registers of peripherals, below their events. */
static void ppi_run(void *opaque)
{
    Nrf51Ppi *s = opaque;
    uint32_t due = s->due;

    s->due = 0;
    for (; due; due &= due - 1) {
        uint32_t task = task_of(s, ctz32(due));

        if (task >= PERIPHERAL_AT && task < PERIPHERAL_AT + NRF51_PERIPHERALS * PERIPHERAL_SIZE &&
            task % PERIPHERAL_SIZE < 0x100 && device_dma(&s->parent.parent)) {
            address_space_st(device_dma(&s->parent.parent), task & ~3u, 4, false, 1, MEMTX_ATTRS_NONE, NULL);
        }
    }
}

/* Enable and disable of each group. */
static void ppi_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Ppi *s = NRF51_PPI(dev);

    if (v & 1) {
        s->enabled = n % 2 ? s->enabled & ~s->group[n / 2] : s->enabled | s->group[n / 2];
    }
}

static uint64_t chen_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_PPI(dev)->enabled;
}

static void chen_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Ppi *s = NRF51_PPI(dev);
    uint32_t set = r->offset == 0x500 ? v : r->offset == 0x504 ? s->enabled | v : s->enabled & ~v;

    s->enabled = set & 0xfff0ffff;
}

static uint64_t ch_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_PPI(dev)->end[n / 2][n % 2];
}

static void ch_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    NRF51_PPI(dev)->end[n / 2][n % 2] = v;
}

static uint64_t chg_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_PPI(dev)->group[n];
}

static void chg_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    NRF51_PPI(dev)->group[n] = v & 0xfff0ffff;
}

static const RegDef ppi_regs[PP_NUM] = {
    [PP_TASKS] = { 0x000, "TASKS_CHG", .write = ppi_task, .count = 2 * PP_GROUPS, .no_store = true },
    [PP_CHEN] = { 0x500, "CHEN", .read = chen_read, .write = chen_write, .no_store = true },
    [PP_CHENSET] = { 0x504, "CHENSET", .read = chen_read, .write = chen_write, .no_store = true },
    [PP_CHENCLR] = { 0x508, "CHENCLR", .read = chen_read, .write = chen_write, .no_store = true },
    [PP_CH] = { 0x510, "CH", .read = ch_read, .write = ch_write, .count = 2 * PP_FREE, .no_store = true },
    [PP_CHG] = { 0x800, "CHG", .read = chg_read, .write = chg_write, .count = PP_GROUPS, .no_store = true },
};

static void ppi_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "event", ppi_event, NRF51_PERIPHERALS * NRF51_EVENTS);
}

static void ppi_reset(Device *dev, ResetType type)
{
    Nrf51Ppi *s = NRF51_PPI(dev);

    s->enabled = s->due = 0;
    memset(s->end, 0, sizeof(s->end));
    memset(s->group, 0, sizeof(s->group));
}

static const VMStateField ppi_vmstate[] = {
    VMSTATE_UINT(Nrf51Ppi, enabled), VMSTATE_UINT(Nrf51Ppi, due), VMSTATE_BYTES(Nrf51Ppi, end),
    VMSTATE_UINT_ARRAY(Nrf51Ppi, group), VMSTATE_TIMER(Nrf51Ppi, timer), VMSTATE_END
};

static const RegDeviceTimer ppi_timers[] = { { offsetof(Nrf51Ppi, timer), ppi_run }, { 0 } };

static const RegDeviceSpec ppi_spec = {
    REG_DEVICE_REGS(Nrf51Ppi, ppi_regs), .size = PERIPHERAL_SIZE, .timers = ppi_timers, .vmstate = ppi_vmstate,
    .reset = ppi_reset,
};

const TypeInfo nrf51_ppi_type = {
    .name = "nrf51-ppi", .desc = "nRF51 programmable peripheral interconnect",
    .instance_size = sizeof(Nrf51Ppi), .init = ppi_init, REG_DEVICE_TYPE(ppi_spec),
};
