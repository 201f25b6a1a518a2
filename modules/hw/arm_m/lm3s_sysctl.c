/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System control of Stellaris LM3S6965 (data sheet, "System Control" and, for what is in the same page, "Internal Memory"):
 * identification, the clock tree of RCC and RCC2, software resets of modules, the cause of the last reset.
 * Oscillators start and the PLL locks as soon as they have power; the crystal is what XTAL says that it is. Modules
 * answer whether they have a clock or not: on the chip those without are bus faults, which firmware in use (Zephyr's GPIO
 * driver) would run into. Not modelled: brown-out, the LDO, clocks in sleep modes.
 * Wiring: region "regs", irq "irq", outputs "module"[96], inputs "reset" (lm3s.h). Properties: "user-reg0", "user-reg1".
 */
#include "core/bits.h"
#include "core/exec/regdev.h"
#include "core/qom/machine.h"
#include "modules/hw/arm_m/lm3s.h"

enum { DID0, DID1, DC0, DC1, DC2, DC3, DC4, PBORCTL, LDOPCTL, SRCR0, SRCR1, SRCR2, RIS, IMC, MISC, RESC, RCC, PLLCFG, RCC2,
       RCGC0, RCGC1, RCGC2, SCGC0, SCGC1, SCGC2, DCGC0, DCGC1, DCGC2, USECRL, DSLPCLKCFG, USER_DBG, USER_REG0, USER_REG1,
       FMPRE0, FMPRE1, FMPRE2, FMPRE3, FMPPE0, FMPPE1, FMPPE2, FMPPE3, FMPRE, FMPPE, NUM_REGS };
enum { INT_PLL = 1 << 6, INT_BOR = 1 << 1, RESC_SW = 1 << 4, RESC_WDT = 1 << 3, RESC_POR = 1 << 1 };
enum {
    RCC_USESYSDIV = 1 << 22, RCC_PWRDN = 1 << 13, RCC_BYPASS = 1 << 11, RCC_MASK = 0x0fde2bf3,
    RCC2_PWRDN = 1 << 13, RCC2_BYPASS = 1 << 11,
};
#define RCC2_USERCC2 BIT32(31)
#define RCC2_MASK 0x9f802870
/* The modules that there are, in RCGCn as in SRCRn. */
#define MODULES0 0x00110048
#define MODULES1 0x030f5317
#define MODULES2 0x5000007f
enum { PLL_HZ = 200000000, PLL_MIN_DIV = 3, IOSC_HZ = 12000000, NUM_XTALS = 16 };

typedef struct Lm3sSysctl {
    RegDevice parent;
    /* wiring */
    IrqLine irq, module[LM3S_NUM_MODULES];
    void (*on_clock)(void *opaque, uint32_t hz);
    void *on_clock_opaque;
    uint32_t user_reg[2];
    /* guest state */
    uint32_t reg[NUM_REGS], resc;
    uint32_t cause;                             /* of the reset that was asked for */
    /* from that */
    uint32_t hz;
} Lm3sSysctl;
DECLARE_OBJECT(Lm3sSysctl, LM3S_SYSCTL, "lm3s-sysctl")

void lm3s_sysctl_on_clock(Device *sysctl, void (*fn)(void *opaque, uint32_t hz), void *opaque)
{
    LM3S_SYSCTL(sysctl)->on_clock = fn;
    LM3S_SYSCTL(sysctl)->on_clock_opaque = opaque;
}

/* -- clocks ------------------------------------------------------------------------------------------------------------------ */

/* RCC.XTAL, in Hz */
static const uint32_t crystals[NUM_XTALS] = {
    1000000, 1843200, 2000000, 2457600, 3579545, 3686400, 4000000, 4096000, 4915200, 5000000, 5120000, 6000000, 6144000, 7372800,
    8000000, 8192000,
};

static uint32_t crystal(const Lm3sSysctl *s)
{
    return crystals[extract32(s->reg[RCC], 6, 4)];
}

/* "Clock Control": oscillator or PLL (400 MHz, halved), divided. */
static uint32_t system_clock(const Lm3sSysctl *s)
{
    uint32_t rcc = s->reg[RCC], rcc2 = s->reg[RCC2], hz;
    bool two = rcc2 & RCC2_USERCC2, pll = !((two ? rcc2 & RCC2_BYPASS : rcc & RCC_BYPASS));
    unsigned div = two ? extract32(rcc2, 23, 6) : extract32(rcc, 23, 4);

    switch (two ? extract32(rcc2, 4, 3) : extract32(rcc, 4, 2)) {
    case 0:
        hz = crystal(s);
        break;
    case 2:
        hz = IOSC_HZ / 4;
        break;
    case 3:
        hz = 30000;
        break;
    case 7:
        hz = 32768;
        break;
    default:
        hz = IOSC_HZ;
    }
    if (pll) {
        return PLL_HZ / (MAX(div, PLL_MIN_DIV) + 1);
    }
    return rcc & RCC_USESYSDIV ? hz / (div + 1) : hz;
}

/* F and R for which crystal * F / (R + 1) comes nearest to 400 MHz. */
static uint32_t pll_config(uint32_t hz)
{
    uint32_t best_f = 0, best_r = 0;
    uint64_t best = UINT64_MAX;

    for (uint32_t r = 0; r < 32; r++) {
        uint64_t f = ((uint64_t)2 * PLL_HZ * (r + 1) + hz / 2) / hz, is = f * hz / (r + 1);
        uint64_t off = is > 2 * PLL_HZ ? is - 2 * PLL_HZ : 2 * PLL_HZ - is;

        if (f < 512 && off < best) {
            best = off;
            best_f = (uint32_t)f;
            best_r = r;
        }
    }
    return best_f << 5 | best_r;
}

static uint64_t pllcfg_read(void *dev, const RegDef *r, unsigned n)
{
    return pll_config(crystal(LM3S_SYSCTL(dev)));
}

static void update(void *dev)
{
    Lm3sSysctl *s = LM3S_SYSCTL(dev);

    irq_set(&s->irq, (s->reg[RIS] & s->reg[IMC]) != 0);
    for (unsigned i = 0; i < LM3S_NUM_MODULES; i++) {
        irq_set(&s->module[i], s->reg[SRCR0 + i / 32] >> (i % 32) & 1);
    }
    if (s->on_clock && system_clock(s) != s->hz) {
        s->hz = system_clock(s);
        s->on_clock(s->on_clock_opaque, s->hz);
    }
}

/* The PLL locks as soon as it has power. */
static void rcc_after(void *dev, const RegDef *r, unsigned n)
{
    Lm3sSysctl *s = LM3S_SYSCTL(dev);

    if (!(s->reg[RCC2] & RCC2_USERCC2 ? s->reg[RCC2] & RCC2_PWRDN : s->reg[RCC] & RCC_PWRDN)) {
        s->reg[RIS] |= INT_PLL;
    }
    update(s);
}

/* -- interrupts, resets ------------------------------------------------------------------------------------------------------ */

static void after(void *dev, const RegDef *r, unsigned n)
{
    update(dev);
}

static uint64_t misc_read(void *dev, const RegDef *r, unsigned n)
{
    return LM3S_SYSCTL(dev)->reg[RIS] & LM3S_SYSCTL(dev)->reg[IMC];
}

static void misc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    LM3S_SYSCTL(dev)->reg[RIS] &= ~v;
    update(dev);
}

static void reset_in(void *opaque, unsigned n, int level)
{
    Lm3sSysctl *s = opaque;

    if (level) {
        s->cause |= n == LM3S_RESET_WATCHDOG ? RESC_WDT : RESC_SW;
        if (s->parent.parent.machine) {
            machine_request_reset(s->parent.parent.machine);
        }
    }
}

static uint64_t user_read(void *dev, const RegDef *r, unsigned n)
{
    return LM3S_SYSCTL(dev)->user_reg[r->offset == 0x1e4];
}

static uint64_t resc_read(void *dev, const RegDef *r, unsigned n)
{
    return LM3S_SYSCTL(dev)->resc;
}

static void resc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    LM3S_SYSCTL(dev)->resc = v & 0x1f;
}

/* Protection can be taken on, not off. */
static void protect_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    LM3S_SYSCTL(dev)->reg[r->index] &= v;
}

#define STORED(id, at, value, mask) [id] = { at, #id, .reset = value, .rw = mask }
#define RESETS(id, at, mask) [id] = { at, #id, .rw = mask, .after = after }
#define PROTECT(id, at, value) [id] = { at, #id, .reset = UINT32_MAX, .write = protect_write, .index = value }
static const RegDef regs[NUM_REGS] = {
    [DID0] = { 0x000, "DID0", .reset = 0x10010002 }, [DID1] = { 0x004, "DID1", .reset = 0x1073402e },
    [DC0] = { 0x008, "DC0", .reset = 0x00ff007f }, [DC1] = { 0x010, "DC1", .reset = 0x001133ff },
    [DC2] = { 0x014, "DC2", .reset = MODULES1 }, [DC3] = { 0x018, "DC3", .reset = 0x0f0f87ff },
    [DC4] = { 0x01c, "DC4", .reset = MODULES2 }, STORED(PBORCTL, 0x030, 0x7ffd, 2), STORED(LDOPCTL, 0x034, 0, 0x3f),
    RESETS(SRCR0, 0x040, MODULES0), RESETS(SRCR1, 0x044, MODULES1), RESETS(SRCR2, 0x048, MODULES2), [RIS] = { 0x050, "RIS" },
    [IMC] = { 0x054, "IMC", .rw = INT_PLL | INT_BOR, .after = after },
    [MISC] = { 0x058, "MISC", .read = misc_read, .write = misc_write, .no_store = true },
    [RESC] = { 0x05c, "RESC", .read = resc_read, .write = resc_write, .no_store = true },
    [RCC] = { 0x060, "RCC", .reset = 0x078e3ad1, .rw = RCC_MASK, .after = rcc_after },
    [PLLCFG] = { 0x064, "PLLCFG", .read = pllcfg_read },
    [RCC2] = { 0x070, "RCC2", .reset = 0x07802800, .rw = RCC2_MASK, .after = rcc_after },
    STORED(RCGC0, 0x100, 0x40, MODULES0 | 0x300), STORED(RCGC1, 0x104, 0, MODULES1), STORED(RCGC2, 0x108, 0, MODULES2),
    STORED(SCGC0, 0x110, 0x40, MODULES0 | 0x300), STORED(SCGC1, 0x114, 0, MODULES1), STORED(SCGC2, 0x118, 0, MODULES2),
    STORED(DCGC0, 0x120, 0x40, MODULES0 | 0x300), STORED(DCGC1, 0x124, 0, MODULES1), STORED(DCGC2, 0x128, 0, MODULES2),
    PROTECT(FMPRE, 0x130, FMPRE0), PROTECT(FMPPE, 0x134, FMPPE0), PROTECT(FMPRE0, 0x200, FMPRE0), PROTECT(FMPRE1, 0x204, FMPRE1),
    PROTECT(FMPRE2, 0x208, FMPRE2), PROTECT(FMPRE3, 0x20c, FMPRE3), PROTECT(FMPPE0, 0x400, FMPPE0),
    PROTECT(FMPPE1, 0x404, FMPPE1), PROTECT(FMPPE2, 0x408, FMPPE2), PROTECT(FMPPE3, 0x40c, FMPPE3),
    STORED(USECRL, 0x140, 0x31, 0xff), STORED(DSLPCLKCFG, 0x144, 0x07800000, 0x1f800070),
    [USER_DBG] = { 0x1d0, "USER_DBG", .reset = 0xfffffffe },
    [USER_REG0] = { 0x1e0, "USER_REG0", .read = user_read }, [USER_REG1] = { 0x1e4, "USER_REG1", .read = user_read },
};

static void sysctl_init(Object *obj)
{
    Lm3sSysctl *s = LM3S_SYSCTL(obj);

    device_init_irq_out(DEVICE(obj), "irq", &s->irq, 1);
    device_init_irq_out(DEVICE(obj), "module", s->module, LM3S_NUM_MODULES);
    device_init_irq_in(DEVICE(obj), "reset", reset_in, LM3S_NUM_RESETS);
}

/* RESC: power-on clears what was before, any other reset adds to it. */
static void sysctl_reset(Device *dev, ResetType type)
{
    Lm3sSysctl *s = LM3S_SYSCTL(dev);

    s->resc = s->cause ? s->resc | s->cause : RESC_POR;
    s->cause = 0;
}

static const VMStateField sysctl_vmstate[] = {
    VMSTATE_UINT(Lm3sSysctl, resc), VMSTATE_UINT(Lm3sSysctl, cause), VMSTATE_END
};

static const Property sysctl_props[] = {
    { .name = "user-reg0", .type = PROP_U32, .offset = offsetof(Lm3sSysctl, user_reg[0]), .def = UINT32_MAX,
      .help = "USER_REG0, where the kit's programs find half of the MAC address" },
    { .name = "user-reg1", .type = PROP_U32, .offset = offsetof(Lm3sSysctl, user_reg[1]), .def = UINT32_MAX,
      .help = "USER_REG1, the other half" },
    PROP_END
};

static const RegDeviceSpec sysctl_spec = {
    REG_DEVICE_REGS(Lm3sSysctl, regs), .vmstate = sysctl_vmstate, .reset = sysctl_reset, .update = update,
};

const TypeInfo lm3s_sysctl_type = {
    .name = "lm3s-sysctl", .desc = "Stellaris system control", .instance_size = sizeof(Lm3sSysctl), .props = sysctl_props,
    .init = sysctl_init, REG_DEVICE_TYPE(sysctl_spec),
};
