/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rest of nRF51 that firmware looks at (nRF51 Series Reference Manual 3.0): clock and power control (12, 13), the random
 * number generator (21), GPIO (14), the non-volatile memory controller with FICR and UICR (6 to 8), TWI (29).
 * Clocks start at once. GPIO inputs are lines; a pin without one reads as its pull. Erasing and programming take no time,
 * and a write to flash that the controller has not enabled is done as well. Nothing answers on the two-wire bus.
 */
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/regdev.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/nrf51.h"

#define IRQ_OUT(Struct, NAME) device_init_irq_out(DEVICE(obj), "irq", &((Struct *)obj)->irq, 1)

/* -- CLOCK and POWER ------------------------------------------------------------------------------------------------------- */

enum { CK_HFSTART, CK_HFSTOP, CK_LFSTART, CK_LFSTOP, CK_CAL, CK_CTSTART, CK_CTSTOP, CK_CONSTLAT, CK_LOWPWR, CK_EVENTS, CK_INTENSET,
       CK_INTENCLR, CK_RESETREAS, CK_HFRUN, CK_HFSTAT, CK_LFRUN, CK_LFSTAT, CK_LFCOPY, CK_RAMSTATUS, CK_SYSTEMOFF, CK_POFCON,
       CK_GPREGRET, CK_LFSRC, CK_RAMON, CK_CTIV, CK_RESET, CK_XTAL, CK_RAMONB, CK_DCDCEN, CK_NUM };

typedef struct Nrf51Clock {
    RegDevice parent;
    IrqLine irq;
    uint32_t reg[CK_NUM], event[5];
} Nrf51Clock;
DECLARE_OBJECT(Nrf51Clock, NRF51_CLOCK, "nrf51-clock")

static void clock_update(void *dev)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);
    bool level = false;

    for (unsigned i = 0; i < 5; i++) {
        level |= s->event[i] && s->reg[CK_INTENSET] >> i & 1;
    }
    irq_set(&s->irq, level);
}

static void clock_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    if (!(v & 1)) {
        return;
    }
    switch (r->offset) {
    case 0x000:
        s->event[0] = 1;
        s->reg[CK_HFRUN] = 1;
        s->reg[CK_HFSTAT] = 0x10001;
        break;
    case 0x004:
        s->reg[CK_HFRUN] = s->reg[CK_HFSTAT] = 0;
        break;
    case 0x008:
        s->event[1] = 1;
        s->reg[CK_LFRUN] = 1;
        s->reg[CK_LFCOPY] = s->reg[CK_LFSRC] & 3;
        s->reg[CK_LFSTAT] = 0x10000 | (s->reg[CK_LFSRC] & 3);
        break;
    case 0x00c:
        s->reg[CK_LFRUN] = s->reg[CK_LFSTAT] = 0;
        break;
    case 0x010:
        s->event[3] = 1;
        break;
    }
    clock_update(s);
}

static uint64_t clock_event_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_CLOCK(dev)->event[n];
}

static void clock_event_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    NRF51_CLOCK(dev)->event[n] = v & 1;
    clock_update(dev);
}

static uint64_t clock_inten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_CLOCK(dev)->reg[CK_INTENSET];
}

static void clock_inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    s->reg[CK_INTENSET] = (r->offset == 0x304 ? s->reg[CK_INTENSET] | v : s->reg[CK_INTENSET] & ~v) & 0x1f;
    clock_update(s);
}

#define CLOCK_TASK(id, at) [id] = { at, #id, .write = clock_task }
static const RegDef clock_regs[CK_NUM] = {
    CLOCK_TASK(CK_HFSTART, 0x000), CLOCK_TASK(CK_HFSTOP, 0x004), CLOCK_TASK(CK_LFSTART, 0x008), CLOCK_TASK(CK_LFSTOP, 0x00c),
    CLOCK_TASK(CK_CAL, 0x010), CLOCK_TASK(CK_CTSTART, 0x014), CLOCK_TASK(CK_CTSTOP, 0x018), CLOCK_TASK(CK_CONSTLAT, 0x078),
    CLOCK_TASK(CK_LOWPWR, 0x07c),
    [CK_EVENTS] = { 0x100, "EVENTS", .read = clock_event_read, .write = clock_event_write, .count = 5, .no_store = true },
    [CK_INTENSET] = { 0x304, "INTENSET", .write = clock_inten_write },
    [CK_INTENCLR] = { 0x308, "INTENCLR", .read = clock_inten_read, .write = clock_inten_write, .no_store = true },
    [CK_RESETREAS] = { 0x400, "RESETREAS", .w1c = 0x7000f }, [CK_HFRUN] = { 0x408, "HFCLKRUN" },
    [CK_HFSTAT] = { 0x40c, "HFCLKSTAT" }, [CK_LFRUN] = { 0x414, "LFCLKRUN" }, [CK_LFSTAT] = { 0x418, "LFCLKSTAT" },
    [CK_LFCOPY] = { 0x41c, "LFCLKSRCCOPY" }, [CK_RAMSTATUS] = { 0x428, "RAMSTATUS", .reset = 3 },
    [CK_SYSTEMOFF] = { 0x500, "SYSTEMOFF" }, [CK_POFCON] = { 0x510, "POFCON", .rw = 7 },
    [CK_GPREGRET] = { 0x51c, "GPREGRET", .rw = 0xff }, [CK_LFSRC] = { 0x518, "LFCLKSRC", .rw = 3 },
    [CK_RAMON] = { 0x524, "RAMON", .reset = 3, .rw = 0x30003 }, [CK_CTIV] = { 0x538, "CTIV", .rw = 0x7f },
    [CK_RESET] = { 0x544, "RESET", .rw = 1 }, [CK_XTAL] = { 0x550, "XTALFREQ", .reset = 0xff, .rw = 0xff },
    [CK_RAMONB] = { 0x554, "RAMONB", .reset = 3, .rw = 0x30003 }, [CK_DCDCEN] = { 0x578, "DCDCEN", .rw = 1 },
};

static void clock_init(Object *obj)
{
    IRQ_OUT(Nrf51Clock, NRF51_CLOCK);
}

static void clock_reset(Device *dev, ResetType type)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    memset(s->event, 0, sizeof(s->event));
}

static const VMStateField clock_vmstate[] = { VMSTATE_UINT_ARRAY(Nrf51Clock, event), VMSTATE_END };

static const RegDeviceSpec clock_spec = {
    REG_DEVICE_REGS(Nrf51Clock, clock_regs), .vmstate = clock_vmstate, .reset = clock_reset, .update = clock_update,
};

const TypeInfo nrf51_clock_type = {
    .name = "nrf51-clock", .desc = "nRF51 clock and power control", .instance_size = sizeof(Nrf51Clock),
    .init = clock_init, REG_DEVICE_TYPE(clock_spec),
};

/* -- RNG -------------------------------------------------------------------------------------------------------------------- */

enum { RNG_START, RNG_STOP, RNG_VALRDY, RNG_SHORTS, RNG_INTENSET, RNG_INTENCLR, RNG_CONFIG, RNG_VALUE, RNG_NUM,
       RNG_NS = 167000, RNG_CORRECTED_NS = 677000 };

typedef struct Nrf51Rng {
    RegDevice parent;
    IrqLine irq;
    uint32_t reg[RNG_NUM];
    uint64_t state;                             /* xorshift64*; 0: the host's */
    Timer timer;
} Nrf51Rng;
DECLARE_OBJECT(Nrf51Rng, NRF51_RNG, "nrf51-rng")

static void rng_update(void *dev)
{
    Nrf51Rng *s = NRF51_RNG(dev);

    irq_set(&s->irq, s->reg[RNG_VALRDY] & s->reg[RNG_INTENSET] & 1);
}

static void rng_schedule(Nrf51Rng *s)
{
    timer_mod(&s->timer, clock_now(device_clock(&s->parent.parent)) + (s->reg[RNG_CONFIG] & 1 ? RNG_CORRECTED_NS : RNG_NS));
}

static uint8_t rng_byte(Nrf51Rng *s)
{
    if (!s->state) {
        return g_random_int();
    }
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return (s->state * UINT64_C(0x2545f4914f6cdd1d)) >> 56;
}

static void rng_fired(void *opaque)
{
    Nrf51Rng *s = opaque;

    s->reg[RNG_VALUE] = rng_byte(s);
    s->reg[RNG_VALRDY] = 1;
    if (!(s->reg[RNG_SHORTS] & 1)) {
        rng_schedule(s);
    }
    rng_update(s);
}

static void rng_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Rng *s = NRF51_RNG(dev);

    if (v & 1 && r->offset) {
        timer_del(&s->timer);
    } else if (v & 1 && !timer_armed(&s->timer)) {
        rng_schedule(s);
    }
}

static void rng_after(void *dev, const RegDef *r, unsigned n)
{
    rng_update(dev);
}

static void rng_inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Rng *s = NRF51_RNG(dev);

    s->reg[RNG_INTENSET] = (r->offset == 0x304 ? s->reg[RNG_INTENSET] | v : s->reg[RNG_INTENSET] & ~v) & 1;
    rng_update(s);
}

static uint64_t rng_inten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_RNG(dev)->reg[RNG_INTENSET];
}

static const RegDef rng_regs[RNG_NUM] = {
    [RNG_START] = { 0x000, "START", .write = rng_task }, [RNG_STOP] = { 0x004, "STOP", .write = rng_task },
    [RNG_VALRDY] = { 0x100, "VALRDY", .rw = 1, .after = rng_after }, [RNG_SHORTS] = { 0x200, "SHORTS", .rw = 1 },
    [RNG_INTENSET] = { 0x304, "INTENSET", .write = rng_inten_write },
    [RNG_INTENCLR] = { 0x308, "INTENCLR", .read = rng_inten_read, .write = rng_inten_write, .no_store = true },
    [RNG_CONFIG] = { 0x504, "CONFIG", .rw = 1 }, [RNG_VALUE] = { 0x508, "VALUE" },
};

static void rng_init(Object *obj)
{
    IRQ_OUT(Nrf51Rng, NRF51_RNG);
}

static void rng_reset(Device *dev, ResetType type)
{
    Nrf51Rng *s = NRF51_RNG(dev);
    const Machine *m = dev->machine;

    s->state = m && m->config.seed_set ? m->config.seed | 1 : 0;
}

static const VMStateField rng_vmstate[] = {
    VMSTATE_UINT(Nrf51Rng, state), VMSTATE_TIMER(Nrf51Rng, timer), VMSTATE_END
};

static const RegDeviceTimer rng_timers[] = { { offsetof(Nrf51Rng, timer), rng_fired }, { 0 } };

static const RegDeviceSpec rng_spec = {
    REG_DEVICE_REGS(Nrf51Rng, rng_regs), .timers = rng_timers, .vmstate = rng_vmstate, .reset = rng_reset,
    .update = rng_update,
};

const TypeInfo nrf51_rng_type = {
    .name = "nrf51-rng", .desc = "nRF51 random number generator", .instance_size = sizeof(Nrf51Rng),
    .init = rng_init, REG_DEVICE_TYPE(rng_spec),
};

/* -- GPIO ------------------------------------------------------------------------------------------------------------------- */

enum { GP_OUT, GP_OUTSET, GP_OUTCLR, GP_IN, GP_DIR, GP_DIRSET, GP_DIRCLR, GP_CNF, GP_NUM, GP_PINS = 32, PULL_UP = 3 };

typedef struct Nrf51Gpio {
    RegDevice parent;
    IrqLine out[GP_PINS];
    uint32_t reg[GP_NUM], cnf[GP_PINS];
    uint32_t driven, level;                     /* inputs that something drives */
} Nrf51Gpio;
DECLARE_OBJECT(Nrf51Gpio, NRF51_GPIO, "nrf51-gpio")

static void gpio_update(void *dev)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);
    uint32_t in = 0;

    for (unsigned i = 0; i < GP_PINS; i++) {
        bool output = s->cnf[i] & 1, connected = !(s->cnf[i] & 2), level;

        level = s->driven >> i & 1 ? s->level >> i & 1 : output ? s->reg[GP_OUT] >> i & 1 : extract32(s->cnf[i], 2, 2) == PULL_UP;
        in |= (uint32_t)(connected && level) << i;
        irq_set(&s->out[i], output && s->reg[GP_OUT] >> i & 1);
    }
    s->reg[GP_IN] = in;
}

static void gpio_set(void *opaque, unsigned n, int level)
{
    Nrf51Gpio *s = opaque;

    s->driven |= 1u << n;
    s->level = deposit32(s->level, n, 1, !!level);
    gpio_update(s);
}

static void gpio_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);
    unsigned id = r->offset >= 0x514 ? GP_DIR : GP_OUT;
    uint32_t old = s->reg[id];

    s->reg[id] = r->offset == 0x504 || r->offset == 0x514 ? v : r->offset == 0x508 || r->offset == 0x518 ? old | v : old & ~v;
    for (unsigned i = 0; id == GP_DIR && i < GP_PINS; i++) {
        s->cnf[i] = (s->cnf[i] & ~1u) | (s->reg[GP_DIR] >> i & 1);
    }
    gpio_update(s);
}

static uint64_t gpio_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_GPIO(dev)->reg[r->offset >= 0x514 ? GP_DIR : GP_OUT];
}

static uint64_t cnf_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_GPIO(dev)->cnf[n];
}

static void cnf_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);

    s->cnf[n] = v & 0x3070f;
    s->reg[GP_DIR] = deposit32(s->reg[GP_DIR], n, 1, v & 1);
    gpio_update(s);
}

static const RegDef gpio_regs[GP_NUM] = {
    [GP_OUT] = { 0x504, "OUT", .write = gpio_write }, [GP_IN] = { 0x510, "IN" }, [GP_DIR] = { 0x514, "DIR", .write = gpio_write },
    [GP_OUTSET] = { 0x508, "OUTSET", .read = gpio_read, .write = gpio_write, .no_store = true },
    [GP_OUTCLR] = { 0x50c, "OUTCLR", .read = gpio_read, .write = gpio_write, .no_store = true },
    [GP_DIRSET] = { 0x518, "DIRSET", .read = gpio_read, .write = gpio_write, .no_store = true },
    [GP_DIRCLR] = { 0x51c, "DIRCLR", .read = gpio_read, .write = gpio_write, .no_store = true },
    [GP_CNF] = { 0x700, "PIN_CNF", .read = cnf_read, .write = cnf_write, .count = GP_PINS, .no_store = true },
};

static void gpio_init(Object *obj)
{
    device_init_irq_in(DEVICE(obj), "in", gpio_set, GP_PINS);
    device_init_irq_out(DEVICE(obj), "out", NRF51_GPIO(obj)->out, GP_PINS);
}

static void gpio_reset(Device *dev, ResetType type)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);

    for (unsigned i = 0; i < GP_PINS; i++) {
        s->cnf[i] = 2;
    }
}

static const VMStateField gpio_vmstate[] = {
    VMSTATE_UINT_ARRAY(Nrf51Gpio, cnf), VMSTATE_UINT(Nrf51Gpio, driven), VMSTATE_UINT(Nrf51Gpio, level), VMSTATE_END
};

static const RegDeviceSpec gpio_spec = {
    REG_DEVICE_REGS(Nrf51Gpio, gpio_regs), .vmstate = gpio_vmstate, .reset = gpio_reset, .update = gpio_update,
};

const TypeInfo nrf51_gpio_type = {
    .name = "nrf51-gpio", .desc = "nRF51 GPIO", .instance_size = sizeof(Nrf51Gpio),
    .init = gpio_init, REG_DEVICE_TYPE(gpio_spec),
};

/* -- NVMC, FICR, UICR ------------------------------------------------------------------------------------------------------- */

enum { NV_READY, NV_CONFIG, NV_ERASEPAGE, NV_ERASEALL, NV_ERASEPCR0, NV_ERASEUICR, NV_NUM,
       NV_PAGE = 1024, NV_UICR = 0x10001000, NV_CONFIG_EEN = 2 };

typedef struct Nrf51Nvmc {
    RegDevice parent;
    uint32_t flash_size;
    uint32_t reg[NV_NUM];
} Nrf51Nvmc;
DECLARE_OBJECT(Nrf51Nvmc, NRF51_NVMC, "nrf51-nvmc")

static void erase(Nrf51Nvmc *s, hwaddr addr, uint64_t size)
{
    g_autofree uint8_t *ones = g_malloc(size);
    AddressSpace *as = device_dma(&s->parent.parent);

    memset(ones, 0xff, size);
    if (as) {
        address_space_write(as, addr, MEMTX_ATTRS_DEBUG, ones, size);
    }
}

static void erase_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Nvmc *s = NRF51_NVMC(dev);

    if (s->reg[NV_CONFIG] != NV_CONFIG_EEN) {
        log_guest_error("nrf51-nvmc: erasing is not enabled\n");
    } else if (r->offset == 0x508 || r->offset == 0x510) {
        if (v < s->flash_size) {
            erase(s, v & ~(uint64_t)(NV_PAGE - 1), NV_PAGE);
        } else {
            log_guest_error("nrf51-nvmc: there is no page at 0x%" PRIx64 "\n", v);
        }
    } else if (v & 1 && r->offset == 0x50c) {
        erase(s, 0, s->flash_size);
    } else if (v & 1) {
        erase(s, NV_UICR, NV_PAGE);
    }
}

static const RegDef nvmc_regs[NV_NUM] = {
    [NV_READY] = { 0x400, "READY", .reset = 1 }, [NV_CONFIG] = { 0x504, "CONFIG", .rw = 3 },
    [NV_ERASEPAGE] = { 0x508, "ERASEPAGE", .write = erase_write }, [NV_ERASEALL] = { 0x50c, "ERASEALL", .write = erase_write },
    [NV_ERASEPCR0] = { 0x510, "ERASEPCR0", .write = erase_write }, [NV_ERASEUICR] = { 0x514, "ERASEUICR", .write = erase_write },
};

static const RegDeviceSpec nvmc_spec = {
    REG_DEVICE_REGS(Nrf51Nvmc, nvmc_regs),
};

static const Property nvmc_props[] = {
    PROP_DEF("flash-size", Nrf51Nvmc, flash_size, PROP_U32, 256 << 10, "bytes of flash, at address 0"), PROP_END
};

const TypeInfo nrf51_nvmc_type = {
    .name = "nrf51-nvmc", .desc = "nRF51 non-volatile memory controller",
    .instance_size = sizeof(Nrf51Nvmc), .props = nvmc_props, REG_DEVICE_TYPE(nvmc_spec),
};

/* -- TWI -------------------------------------------------------------------------------------------------------------------- */

enum { TW_STARTRX, TW_STARTTX, TW_STOP, TW_SUSPEND, TW_RESUME, TW_EVENTS, TW_SHORTS, TW_INTENSET, TW_INTENCLR, TW_ERRORSRC,
       TW_ENABLE, TW_PSELSCL, TW_PSELSDA, TW_RXD, TW_TXD, TW_FREQUENCY, TW_ADDRESS, TW_NUM,
       TW_NUM_EVENTS = 19, EV_STOPPED = 1, EV_TW_ERROR = 9, ERR_ANACK = 2 };

typedef struct Nrf51Twi {
    RegDevice parent;
    IrqLine irq;
    uint32_t reg[TW_NUM], event[TW_NUM_EVENTS];
} Nrf51Twi;
DECLARE_OBJECT(Nrf51Twi, NRF51_TWI, "nrf51-twi")

static void twi_update(void *dev)
{
    Nrf51Twi *s = NRF51_TWI(dev);
    bool level = false;

    for (unsigned i = 0; i < TW_NUM_EVENTS; i++) {
        level |= s->event[i] && s->reg[TW_INTENSET] >> i & 1;
    }
    irq_set(&s->irq, level);
}

/* Nobody acknowledges an address. */
static void twi_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    if (!(v & 1) || s->reg[TW_ENABLE] != 5) {
        return;
    }
    if (r->offset == 0x000 || r->offset == 0x008) {
        s->reg[TW_ERRORSRC] |= ERR_ANACK;
        s->event[EV_TW_ERROR] = 1;
    } else if (r->offset == 0x014) {
        s->event[EV_STOPPED] = 1;
    }
    twi_update(s);
}

static uint64_t twi_event_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_TWI(dev)->event[n];
}

static void twi_event_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    NRF51_TWI(dev)->event[n] = v & 1;
    twi_update(dev);
}

static uint64_t twi_inten_read(void *dev, const RegDef *r, unsigned n)
{
    return NRF51_TWI(dev)->reg[TW_INTENSET];
}

static void twi_inten_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    s->reg[TW_INTENSET] = (r->offset == 0x304 ? s->reg[TW_INTENSET] | v : s->reg[TW_INTENSET] & ~v) & 0x44286;
    twi_update(s);
}

#define TWI_TASK(id, at) [id] = { at, #id, .write = twi_task }
static const RegDef twi_regs[TW_NUM] = {
    TWI_TASK(TW_STARTRX, 0x000), TWI_TASK(TW_STARTTX, 0x008), TWI_TASK(TW_STOP, 0x014), TWI_TASK(TW_SUSPEND, 0x01c),
    TWI_TASK(TW_RESUME, 0x020),
    [TW_EVENTS] = { 0x100, "EVENTS", .read = twi_event_read, .write = twi_event_write, .count = TW_NUM_EVENTS, .no_store = true },
    [TW_SHORTS] = { 0x200, "SHORTS", .rw = 3 }, [TW_INTENSET] = { 0x304, "INTENSET", .write = twi_inten_write },
    [TW_INTENCLR] = { 0x308, "INTENCLR", .read = twi_inten_read, .write = twi_inten_write, .no_store = true },
    [TW_ERRORSRC] = { 0x4c4, "ERRORSRC", .w1c = 7 }, [TW_ENABLE] = { 0x500, "ENABLE", .rw = 7 },
    [TW_PSELSCL] = { 0x508, "PSELSCL", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [TW_PSELSDA] = { 0x50c, "PSELSDA", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [TW_RXD] = { 0x518, "RXD" }, [TW_TXD] = { 0x51c, "TXD", .rw = 0xff },
    [TW_FREQUENCY] = { 0x524, "FREQUENCY", .reset = 0x04000000, .rw = UINT32_MAX }, [TW_ADDRESS] = { 0x588, "ADDRESS", .rw = 0x7f },
};

static void twi_init(Object *obj)
{
    IRQ_OUT(Nrf51Twi, NRF51_TWI);
}

static void twi_reset(Device *dev, ResetType type)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    memset(s->event, 0, sizeof(s->event));
}

static const VMStateField twi_vmstate[] = { VMSTATE_UINT_ARRAY(Nrf51Twi, event), VMSTATE_END };

static const RegDeviceSpec twi_spec = {
    REG_DEVICE_REGS(Nrf51Twi, twi_regs), .vmstate = twi_vmstate, .reset = twi_reset, .update = twi_update,
};

const TypeInfo nrf51_twi_type = {
    .name = "nrf51-twi", .desc = "nRF51 two-wire interface, with an empty bus",
    .instance_size = sizeof(Nrf51Twi), .init = twi_init, REG_DEVICE_TYPE(twi_spec),
};
