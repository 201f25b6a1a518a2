/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rest of nRF51 that firmware looks at (nRF51 Series Reference Manual 3.0): clock and power control (12, 13), the random
 * number generator (21), GPIO (14), the non-volatile memory controller with flash and UICR (6 to 8), and the serial interfaces
 * TWI (29) and SPI (27), which share their registers.
 * Clocks start at once. GPIO inputs are lines; a pin without one reads as its pull. Erasing and programming take no time.
 * Nothing answers on the two-wire bus, and SPI reads ones. A CPU that locks up does not reset the chip.
 */
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/exec/clock.h"
#include "core/exec/cpu.h"
#include "core/log.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/nrf51.h"

/* -- CLOCK and POWER ------------------------------------------------------------------------------------------------------- */

enum { CK_HFSTART, CK_HFSTOP, CK_LFSTART, CK_LFSTOP, CK_CAL, CK_CTSTART, CK_CTSTOP, CK_CONSTLAT, CK_LOWPWR, CK_EVENTS, CK_INTENSET,
       CK_INTENCLR, CK_RESETREAS, CK_HFRUN, CK_HFSTAT, CK_LFRUN, CK_LFSTAT, CK_LFCOPY, CK_RAMSTATUS, CK_SYSTEMOFF, CK_POFCON,
       CK_GPREGRET, CK_LFSRC, CK_RAMON, CK_CTIV, CK_RESET, CK_XTAL, CK_RAMONB, CK_DCDCEN, CK_NUM };
enum { EV_HFSTARTED, EV_LFSTARTED, EV_CAL_DONE = 3, EV_CTTO, CT_QUARTER_NS = 250000000 };
enum { REASON_PIN = 1, REASON_DOG = 2, REASON_SOFTWARE = 4, REASON_OFF = 1 << 16 };

typedef struct Nrf51Clock {
    Nrf51Periph p;
    uint32_t reg[CK_NUM];
    uint32_t cause;                             /* of the next reset, as in RESETREAS */
    uint32_t reasons, retained;                 /* RESETREAS and GPREGRET, which a reset leaves alone */
    bool powered, off;                          /* it was reset before; SYSTEMOFF */
    Timer calibration;
} Nrf51Clock;
DECLARE_OBJECT(Nrf51Clock, NRF51_CLOCK, "nrf51-clock")

static void clock_update(void *dev)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    s->reasons = s->reg[CK_RESETREAS];
    s->retained = s->reg[CK_GPREGRET];
    nrf51_periph_update(dev);
}

static void clock_after(void *dev, const RegDef *r, unsigned n)
{
    clock_update(dev);
}

static void clock_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    if (!(v & 1)) {
        return;
    }
    switch (r->offset) {
    case 0x000:
        s->reg[CK_HFRUN] = 1;
        s->reg[CK_HFSTAT] = 0x10001;
        nrf51_event(&s->p, EV_HFSTARTED);
        break;
    case 0x004:
        s->reg[CK_HFRUN] = s->reg[CK_HFSTAT] = 0;
        break;
    case 0x008:
        s->reg[CK_LFRUN] = 1;
        s->reg[CK_LFCOPY] = s->reg[CK_LFSRC] & 3;
        s->reg[CK_LFSTAT] = 0x10000 | (s->reg[CK_LFSRC] & 3);
        nrf51_event(&s->p, EV_LFSTARTED);
        break;
    case 0x00c:
        s->reg[CK_LFRUN] = s->reg[CK_LFSTAT] = 0;
        break;
    case 0x010:
        nrf51_event(&s->p, EV_CAL_DONE);
        break;
    case 0x014:
        timer_mod(&s->calibration, clock_now(device_clock(&s->p.parent.parent)) + MAX(s->reg[CK_CTIV], 1) * (int64_t)CT_QUARTER_NS);
        break;
    case 0x018:
        timer_del(&s->calibration);
        break;
    }
}

static void calibration_over(void *opaque)
{
    nrf51_event(opaque, EV_CTTO);
}

static void ask_reset(Nrf51Clock *s, uint32_t cause)
{
    s->cause |= cause;
    if (s->p.parent.parent.machine) {
        machine_request_reset(s->p.parent.parent.machine);
    }
}

static void cause_in(void *opaque, unsigned n, int level)
{
    static const uint32_t causes[NRF51_NUM_CAUSES] = {
        [NRF51_CAUSE_DOG] = REASON_DOG, [NRF51_CAUSE_SOFTWARE] = REASON_SOFTWARE, [NRF51_CAUSE_DETECT] = REASON_OFF,
    };
    Nrf51Clock *s = opaque;

    if (level && (n != NRF51_CAUSE_DETECT || s->off)) {
        ask_reset(s, causes[n]);
    }
}

/* Only a reset, by a pin that GPIO detects or by the machine's, ends it (13.1.5). */
static void systemoff_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);
    Machine *m = s->p.parent.parent.machine;
    unsigned cpu = s->p.parent.bank.attrs.requester;

    if (v & 1 && m && cpu < m->cpus->len) {
        s->off = true;
        cpu_power_off_self(m->cpus->pdata[cpu]);
    }
}

#define CLOCK_TASK(id, at) [id] = { at, #id, .write = clock_task }
static const RegDef clock_regs[CK_NUM] = {
    CLOCK_TASK(CK_HFSTART, 0x000), CLOCK_TASK(CK_HFSTOP, 0x004), CLOCK_TASK(CK_LFSTART, 0x008), CLOCK_TASK(CK_LFSTOP, 0x00c),
    CLOCK_TASK(CK_CAL, 0x010), CLOCK_TASK(CK_CTSTART, 0x014), CLOCK_TASK(CK_CTSTOP, 0x018), CLOCK_TASK(CK_CONSTLAT, 0x078),
    CLOCK_TASK(CK_LOWPWR, 0x07c), NRF51_EVENT_ROWS(CK_EVENTS, CK_INTENSET, CK_INTENCLR),
    [CK_RESETREAS] = { 0x400, "RESETREAS", .w1c = 0x7000f, .after = clock_after }, [CK_HFRUN] = { 0x408, "HFCLKRUN" },
    [CK_HFSTAT] = { 0x40c, "HFCLKSTAT" }, [CK_LFRUN] = { 0x414, "LFCLKRUN" }, [CK_LFSTAT] = { 0x418, "LFCLKSTAT" },
    [CK_LFCOPY] = { 0x41c, "LFCLKSRCCOPY" }, [CK_RAMSTATUS] = { 0x428, "RAMSTATUS", .reset = 3 },
    [CK_SYSTEMOFF] = { 0x500, "SYSTEMOFF", .write = systemoff_write }, [CK_POFCON] = { 0x510, "POFCON", .rw = 7 },
    [CK_GPREGRET] = { 0x51c, "GPREGRET", .rw = 0xff, .after = clock_after }, [CK_LFSRC] = { 0x518, "LFCLKSRC", .rw = 3 },
    [CK_RAMON] = { 0x524, "RAMON", .reset = 3, .rw = 0x30003 }, [CK_CTIV] = { 0x538, "CTIV", .rw = 0x7f },
    [CK_RESET] = { 0x544, "RESET", .rw = 1 }, [CK_XTAL] = { 0x550, "XTALFREQ", .reset = 0xff, .rw = 0xff },
    [CK_RAMONB] = { 0x554, "RAMONB", .reset = 3, .rw = 0x30003 }, [CK_DCDCEN] = { 0x578, "DCDCEN", .rw = 1 },
};

static void clock_init(Object *obj)
{
    nrf51_periph_init(obj);
    device_init_irq_in(DEVICE(obj), "cause", cause_in, NRF51_NUM_CAUSES);
}

/* The reasons of resets add up, and GPREGRET stays: all but the power's. */
static void clock_reset(Device *dev, ResetType type)
{
    Nrf51Clock *s = NRF51_CLOCK(dev);

    nrf51_periph_reset(dev, type);
    if (s->powered) {
        s->reg[CK_RESETREAS] = s->reasons | (s->cause ? s->cause : REASON_PIN);
        s->reg[CK_GPREGRET] = s->retained;
    }
    for (unsigned i = 0; s->off && i < dev->machine->cpus->len; i++) {
        __atomic_store_n(&CPU(dev->machine->cpus->pdata[i])->powered_off, false, __ATOMIC_SEQ_CST);
    }
    s->cause = 0;
    s->off = false;
    s->powered = true;
}

static const VMStateField clock_vmstate[] = {
    NRF51_VMSTATE(Nrf51Clock), VMSTATE_UINT(Nrf51Clock, cause), VMSTATE_BOOL(Nrf51Clock, powered),
    VMSTATE_BOOL(Nrf51Clock, off), VMSTATE_TIMER(Nrf51Clock, calibration), VMSTATE_END
};

static const RegDeviceTimer clock_timers[] = { { offsetof(Nrf51Clock, calibration), calibration_over }, { 0 } };

static const RegDeviceSpec clock_spec = {
    REG_DEVICE_REGS(Nrf51Clock, clock_regs), .timers = clock_timers, .vmstate = clock_vmstate, .reset = clock_reset,
    .update = clock_update,
};

const TypeInfo nrf51_clock_type = {
    .name = "nrf51-clock", .desc = "nRF51 clock and power control", .instance_size = sizeof(Nrf51Clock),
    .init = clock_init, REG_DEVICE_TYPE(clock_spec),
};

/* -- RNG -------------------------------------------------------------------------------------------------------------------- */

enum { RNG_START, RNG_STOP, RNG_EVENTS, RNG_SHORTS, RNG_INTENSET, RNG_INTENCLR, RNG_CONFIG, RNG_VALUE, RNG_NUM,
       RNG_NS = 167000, RNG_CORRECTED_NS = 677000 };

typedef struct Nrf51Rng {
    Nrf51Periph p;
    uint32_t reg[RNG_NUM];
    uint64_t state;                             /* xorshift64*; 0: the host's */
    Timer timer;
} Nrf51Rng;
DECLARE_OBJECT(Nrf51Rng, NRF51_RNG, "nrf51-rng")

static void rng_schedule(Nrf51Rng *s)
{
    timer_mod(&s->timer, clock_now(device_clock(&s->p.parent.parent)) + (s->reg[RNG_CONFIG] & 1 ? RNG_CORRECTED_NS : RNG_NS));
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
    if (!(s->reg[RNG_SHORTS] & 1)) {
        rng_schedule(s);
    }
    nrf51_event(&s->p, 0);
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

static const RegDef rng_regs[RNG_NUM] = {
    [RNG_START] = { 0x000, "START", .write = rng_task }, [RNG_STOP] = { 0x004, "STOP", .write = rng_task },
    NRF51_EVENT_ROWS(RNG_EVENTS, RNG_INTENSET, RNG_INTENCLR), [RNG_SHORTS] = { 0x200, "SHORTS", .rw = 1 },
    [RNG_CONFIG] = { 0x504, "CONFIG", .rw = 1 }, [RNG_VALUE] = { 0x508, "VALUE" },
};

static void rng_reset(Device *dev, ResetType type)
{
    Nrf51Rng *s = NRF51_RNG(dev);
    const Machine *m = dev->machine;

    nrf51_periph_reset(dev, type);
    s->state = m && m->config.seed_set ? m->config.seed | 1 : 0;
}

static const VMStateField rng_vmstate[] = {
    NRF51_VMSTATE(Nrf51Rng), VMSTATE_UINT(Nrf51Rng, state), VMSTATE_TIMER(Nrf51Rng, timer), VMSTATE_END
};

static const RegDeviceTimer rng_timers[] = { { offsetof(Nrf51Rng, timer), rng_fired }, { 0 } };

static const RegDeviceSpec rng_spec = {
    REG_DEVICE_REGS(Nrf51Rng, rng_regs), .timers = rng_timers, .vmstate = rng_vmstate, .reset = rng_reset,
    .update = nrf51_periph_update,
};

const TypeInfo nrf51_rng_type = {
    .name = "nrf51-rng", .desc = "nRF51 random number generator", .instance_size = sizeof(Nrf51Rng),
    .init = nrf51_periph_init, REG_DEVICE_TYPE(rng_spec),
};

/* -- GPIO ------------------------------------------------------------------------------------------------------------------- */

enum { GP_OUT, GP_OUTSET, GP_OUTCLR, GP_IN, GP_DIR, GP_DIRSET, GP_DIRCLR, GP_CNF, GP_NUM };
enum { GP_PINS = NRF51_PINS, PULL_UP = 3, SENSE_HIGH = 2, SENSE_LOW = 3 };

typedef struct Nrf51Gpio {
    RegDevice parent;
    IrqLine out[GP_PINS], pin[GP_PINS], detect;
    uint32_t reg[GP_NUM], cnf[GP_PINS];
    uint32_t driven, level;                     /* inputs that something drives */
    uint32_t owned, owner_level;                /* outputs that GPIOTE drives */
} Nrf51Gpio;
DECLARE_OBJECT(Nrf51Gpio, NRF51_GPIO, "nrf51-gpio")

static void gpio_update(void *dev)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);
    uint32_t out = (s->reg[GP_OUT] & ~s->owned) | (s->owner_level & s->owned), in = 0, levels = 0;
    bool detect = false;

    for (unsigned i = 0; i < GP_PINS; i++) {
        bool output = s->cnf[i] & 1 || s->owned >> i & 1, connected = !(s->cnf[i] & 2), level;
        unsigned sense = extract32(s->cnf[i], 16, 2);

        level = s->driven >> i & 1 ? s->level >> i & 1 : output ? out >> i & 1 : extract32(s->cnf[i], 2, 2) == PULL_UP;
        levels |= (uint32_t)level << i;
        in |= (uint32_t)(connected && level) << i;
        detect |= sense == (level ? SENSE_HIGH : SENSE_LOW);
        irq_set(&s->out[i], output && out >> i & 1);
    }
    s->reg[GP_IN] = in;
    for (unsigned i = 0; i < GP_PINS; i++) {
        irq_set(&s->pin[i], levels >> i & 1);
    }
    irq_set(&s->detect, detect);
}

static void gpio_set(void *opaque, unsigned n, int level)
{
    Nrf51Gpio *s = opaque;

    s->driven |= 1u << n;
    s->level = deposit32(s->level, n, 1, !!level);
    gpio_update(s);
}

static void gpio_own(void *opaque, unsigned n, int level)
{
    Nrf51Gpio *s = opaque;

    s->owned = deposit32(s->owned, n, 1, !!level);
    gpio_update(s);
}

static void gpio_owner_out(void *opaque, unsigned n, int level)
{
    Nrf51Gpio *s = opaque;

    s->owner_level = deposit32(s->owner_level, n, 1, !!level);
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
    device_init_irq_in(DEVICE(obj), "own", gpio_own, GP_PINS);
    device_init_irq_in(DEVICE(obj), "owner-out", gpio_owner_out, GP_PINS);
    IRQ_OUT(Nrf51Gpio, out, "out");
    IRQ_OUT(Nrf51Gpio, pin, "pin");
    IRQ_OUT(Nrf51Gpio, detect, "detect");
}

static void gpio_reset(Device *dev, ResetType type)
{
    Nrf51Gpio *s = NRF51_GPIO(dev);

    for (unsigned i = 0; i < GP_PINS; i++) {
        s->cnf[i] = 2;
    }
}

static const VMStateField gpio_vmstate[] = {
    VMSTATE_UINT_ARRAY(Nrf51Gpio, cnf), VMSTATE_UINT(Nrf51Gpio, driven), VMSTATE_UINT(Nrf51Gpio, level),
    VMSTATE_UINT(Nrf51Gpio, owned), VMSTATE_UINT(Nrf51Gpio, owner_level), VMSTATE_END
};

static const RegDeviceSpec gpio_spec = {
    REG_DEVICE_REGS(Nrf51Gpio, gpio_regs), .vmstate = gpio_vmstate, .reset = gpio_reset, .update = gpio_update,
};

const TypeInfo nrf51_gpio_type = {
    .name = "nrf51-gpio", .desc = "nRF51 GPIO", .instance_size = sizeof(Nrf51Gpio),
    .init = gpio_init, REG_DEVICE_TYPE(gpio_spec),
};

/* -- NVMC, flash, UICR ------------------------------------------------------------------------------------------------------ */

enum { NV_READY, NV_CONFIG, NV_ERASEPAGE, NV_ERASEALL, NV_ERASEPCR0, NV_ERASEUICR, NV_NUM,
       NV_PAGE = 1024, NV_UICR_SIZE = 0x1000, NV_WEN = 1, NV_EEN = 2 };

typedef struct Nrf51Nvmc {
    RegDevice parent;
    MemoryRegion flash, uicr;
    uint32_t flash_size;
    uint32_t reg[NV_NUM];
} Nrf51Nvmc;
DECLARE_OBJECT(Nrf51Nvmc, NRF51_NVMC, "nrf51-nvmc")

static void erase(MemoryRegion *mr, uint32_t offset, uint32_t size)
{
    memset((uint8_t *)memory_region_ram_ptr(mr) + offset, 0xff, size);
    ram_written(mr->ram, offset, size);
}

static void erase_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Nvmc *s = NRF51_NVMC(dev);

    if (s->reg[NV_CONFIG] != NV_EEN) {
        log_guest_error("nrf51-nvmc: erasing is not enabled\n");
    } else if (r->offset == 0x508 || r->offset == 0x510) {
        if (v < s->flash_size) {
            erase(&s->flash, v & ~(uint64_t)(NV_PAGE - 1), NV_PAGE);
        } else {
            log_guest_error("nrf51-nvmc: there is no page at 0x%" PRIx64 "\n", v);
        }
    } else if (v & 1) {
        if (r->offset == 0x50c) {
            erase(&s->flash, 0, s->flash_size);
        }
        erase(&s->uicr, 0, NV_UICR_SIZE);
    }
}

/* Programming, word by word, clears bits. */
static MemTxResult program(Nrf51Nvmc *s, MemoryRegion *mr, hwaddr addr, unsigned size, uint64_t value)
{
    uint8_t *p = (uint8_t *)memory_region_ram_ptr(mr) + addr;

    if (s->reg[NV_CONFIG] != NV_WEN) {
        log_guest_error("nrf51-nvmc: a write at offset 0x%" PRIx64 " of %s, which is not enabled\n", addr, mr->name);
        return MEMTX_OK;
    }
    for (unsigned i = 0; i < size; i++) {
        p[i] &= value >> 8 * i;
    }
    ram_written(mr->ram, addr, size);
    return MEMTX_OK;
}

static MemTxResult flash_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    return program(opaque, &NRF51_NVMC(opaque)->flash, addr, size, value);
}

static MemTxResult uicr_write(void *opaque, hwaddr addr, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    return program(opaque, &NRF51_NVMC(opaque)->uicr, addr, size, value);
}

static const MemoryRegionOps flash_ops = { .write = flash_write, .min_size = 1, .max_size = 4 };
static const MemoryRegionOps uicr_ops = { .write = uicr_write, .min_size = 1, .max_size = 4 };

static const RegDef nvmc_regs[NV_NUM] = {
    [NV_READY] = { 0x400, "READY", .reset = 1 }, [NV_CONFIG] = { 0x504, "CONFIG", .rw = 3 },
    [NV_ERASEPAGE] = { 0x508, "ERASEPAGE", .write = erase_write }, [NV_ERASEALL] = { 0x50c, "ERASEALL", .write = erase_write },
    [NV_ERASEPCR0] = { 0x510, "ERASEPCR0", .write = erase_write }, [NV_ERASEUICR] = { 0x514, "ERASEUICR", .write = erase_write },
};

static bool nvmc_realize(Device *dev, GError **error)
{
    Nrf51Nvmc *s = NRF51_NVMC(dev);
    Object *obj = &dev->parent;

    if (!memory_region_init_rom_device(&s->flash, obj, &flash_ops, s, "flash", s->flash_size, error) ||
        !memory_region_init_rom_device(&s->uicr, obj, &uicr_ops, s, "uicr", NV_UICR_SIZE, error)) {
        return false;
    }
    memset(memory_region_ram_ptr(&s->flash), 0xff, s->flash_size);
    memset(memory_region_ram_ptr(&s->uicr), 0xff, NV_UICR_SIZE);
    device_init_region(dev, "flash", &s->flash);
    device_init_region(dev, "uicr", &s->uicr);
    return true;
}

static void nvmc_unrealize(Device *dev)
{
    memory_region_destroy(&NRF51_NVMC(dev)->flash);
    memory_region_destroy(&NRF51_NVMC(dev)->uicr);
}

static const RegDeviceSpec nvmc_spec = {
    .category = "Storage", REG_DEVICE_REGS(Nrf51Nvmc, nvmc_regs), .realize = nvmc_realize, .unrealize = nvmc_unrealize,
};

static const Property nvmc_props[] = {
    { .name = "flash-size", .type = PROP_U32, .offset = offsetof(Nrf51Nvmc, flash_size), .def = 256 << 10, .min = NV_PAGE,
      .max = 1 << 20, .help = "bytes of flash: pages of 1 KiB" }, PROP_END
};

const TypeInfo nrf51_nvmc_type = {
    .name = "nrf51-nvmc", .desc = "nRF51 flash memory and its controller",
    .instance_size = sizeof(Nrf51Nvmc), .props = nvmc_props, REG_DEVICE_TYPE(nvmc_spec),
};

/* -- TWI and SPI ------------------------------------------------------------------------------------------------------------ */

enum { TW_STARTRX, TW_STARTTX, TW_STOP, TW_SUSPEND, TW_RESUME, TW_EVENTS, TW_SHORTS, TW_INTENSET, TW_INTENCLR, TW_ERRORSRC,
       TW_ENABLE, TW_PSELSCL, TW_PSELSDA, TW_PSELMISO, TW_RXD, TW_TXD, TW_FREQUENCY, TW_CONFIG, TW_ADDRESS, TW_NUM,
       EV_STOPPED = 1, EV_READY = 2, EV_TW_ERROR = 9, ERR_ANACK = 2, IS_SPI = 1, IS_TWI = 5, SPI_DEPTH = 2 };

typedef struct Nrf51Twi {
    Nrf51Periph p;
    uint32_t reg[TW_NUM];
    uint32_t received;                          /* bytes of SPI that are not read, two at most */
} Nrf51Twi;
DECLARE_OBJECT(Nrf51Twi, NRF51_TWI, "nrf51-twi")

/* Nobody acknowledges an address. */
static void twi_task(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    if (!(v & 1) || s->reg[TW_ENABLE] != IS_TWI) {
        return;
    }
    if (r->offset == 0x000 || r->offset == 0x008) {
        s->reg[TW_ERRORSRC] |= ERR_ANACK;
        nrf51_event(&s->p, EV_TW_ERROR);
    } else if (r->offset == 0x014) {
        nrf51_event(&s->p, EV_STOPPED);
    }
}

/* READY tells of each byte that comes to RXD: the second waits behind the first (27.1.2). */
static void txd_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    s->reg[TW_TXD] = v & 0xff;
    if (s->reg[TW_ENABLE] == IS_SPI && s->received < SPI_DEPTH) {
        s->reg[TW_RXD] = 0xff;                  /* MISO is pulled up */
        if (s->received++ == 0) {
            nrf51_event(&s->p, EV_READY);
        }
    }
}

static uint64_t rxd_read(void *dev, const RegDef *r, unsigned n)
{
    Nrf51Twi *s = NRF51_TWI(dev);

    if (s->received && --s->received) {
        nrf51_event(&s->p, EV_READY);
    }
    return s->reg[TW_RXD];
}

#define TWI_TASK(id, at) [id] = { at, #id, .write = twi_task }
static const RegDef twi_regs[TW_NUM] = {
    TWI_TASK(TW_STARTRX, 0x000), TWI_TASK(TW_STARTTX, 0x008), TWI_TASK(TW_STOP, 0x014), TWI_TASK(TW_SUSPEND, 0x01c),
    TWI_TASK(TW_RESUME, 0x020), NRF51_EVENT_ROWS(TW_EVENTS, TW_INTENSET, TW_INTENCLR),
    [TW_SHORTS] = { 0x200, "SHORTS", .rw = 3 }, [TW_ERRORSRC] = { 0x4c4, "ERRORSRC", .w1c = 7 },
    [TW_ENABLE] = { 0x500, "ENABLE", .rw = 7 }, [TW_PSELSCL] = { 0x508, "PSELSCL", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [TW_PSELSDA] = { 0x50c, "PSELSDA", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [TW_PSELMISO] = { 0x510, "PSELMISO", .reset = UINT32_MAX, .rw = UINT32_MAX },
    [TW_RXD] = { 0x518, "RXD", .read = rxd_read }, [TW_TXD] = { 0x51c, "TXD", .write = txd_write },
    [TW_FREQUENCY] = { 0x524, "FREQUENCY", .reset = 0x04000000, .rw = UINT32_MAX }, [TW_CONFIG] = { 0x554, "CONFIG", .rw = 7 },
    [TW_ADDRESS] = { 0x588, "ADDRESS", .rw = 0x7f },
};
static void twi_reset(Device *dev, ResetType type)
{
    nrf51_periph_reset(dev, type);
    NRF51_TWI(dev)->received = 0;
}

static bool twi_post_load(void *opaque, GError **error)
{
    Nrf51Twi *s = opaque;

    s->received = MIN(s->received, SPI_DEPTH);
    return true;
}

static const VMStateField twi_vmstate[] = {
    NRF51_VMSTATE(Nrf51Twi), VMSTATE_UINT(Nrf51Twi, received), VMSTATE_POST_LOAD(twi_post_load), VMSTATE_END
};

static const RegDeviceSpec twi_spec = {
    REG_DEVICE_REGS(Nrf51Twi, twi_regs), .vmstate = twi_vmstate, .reset = twi_reset, .update = nrf51_periph_update,
};

const TypeInfo nrf51_twi_type = {
    .name = "nrf51-twi", .desc = "nRF51 two-wire interface and SPI, with nobody there",
    .instance_size = sizeof(Nrf51Twi), .init = nrf51_periph_init, REG_DEVICE_TYPE(twi_spec),
};
