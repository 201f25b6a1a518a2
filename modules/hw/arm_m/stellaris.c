/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lm3s6965evb: Stellaris LM3S6965 evaluation board: Cortex-M3, 256 KiB of flash, 64 KiB of memory, three UARTs (PL011), GPIO
 * (PL061), a watchdog, and system control, whose clocks are ready at once (LM3S6965 data sheet, 6). Timers other than
 * SysTick, ADC, I2C, SSI, PWM, QEI, Ethernet and the display are not modelled (docs/CAVEATS.md).
 */
#include "core/exec/regbank.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/simple.h"

enum { FLASH_SIZE = 256 << 10, SRAM_SIZE = 64 << 10 };
#define SRAM_AT 0x20000000

/* -- system control ---------------------------------------------------------------------------------------------------------- */

enum { DID0, DID1, DC0, DC1, DC2, DC3, DC4, PBORCTL, LDOPCTL, SRCR0, SRCR1, SRCR2, RIS, IMC, MISC, RESC, RCC, PLLCFG, RCC2,
       RCGC0, RCGC1, RCGC2, SCGC0, SCGC1, SCGC2, DCGC0, DCGC1, DCGC2, DSLPCLKCFG, NUM_REGS, INT_PLL = 1 << 6 };
#define RCC2_USERCC2 (1u << 31)
enum { RCC_PWRDN = 1 << 13 };

typedef struct Lm3sSysctl {
    Device parent;
    RegBank bank;
    IrqLine irq;
    uint32_t reg[NUM_REGS];
} Lm3sSysctl;
DECLARE_OBJECT(Lm3sSysctl, LM3S_SYSCTL, "lm3s-sysctl")

static void update(Lm3sSysctl *s)
{
    irq_set(&s->irq, (s->reg[RIS] & s->reg[IMC]) != 0);
}

/* The PLL locks as soon as it has power. */
static void rcc_after(void *dev, const RegDef *r, unsigned n)
{
    Lm3sSysctl *s = LM3S_SYSCTL(dev);

    if (!(s->reg[s->reg[RCC2] & RCC2_USERCC2 ? RCC2 : RCC] & RCC_PWRDN)) {
        s->reg[RIS] |= INT_PLL;
    }
    update(s);
}

static void imc_after(void *dev, const RegDef *r, unsigned n)
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

#define STORED(id, at, value) [id] = { at, #id, .reset = value, .rw = UINT32_MAX }
static const RegDef regs[NUM_REGS] = {
    [DID0] = { 0x000, "DID0", .reset = 0x10010002 }, [DID1] = { 0x004, "DID1", .reset = 0x1073402e },
    [DC0] = { 0x008, "DC0", .reset = 0x00ff007f }, [DC1] = { 0x010, "DC1", .reset = 0x001133ff },
    [DC2] = { 0x014, "DC2", .reset = 0x030f5317 }, [DC3] = { 0x018, "DC3", .reset = 0x0f0f87ff },
    [DC4] = { 0x01c, "DC4", .reset = 0x5000007f }, STORED(PBORCTL, 0x030, 0x7ffd), STORED(LDOPCTL, 0x034, 0),
    STORED(SRCR0, 0x040, 0), STORED(SRCR1, 0x044, 0), STORED(SRCR2, 0x048, 0), [RIS] = { 0x050, "RIS" },
    [IMC] = { 0x054, "IMC", .rw = 0x42, .after = imc_after },
    [MISC] = { 0x058, "MISC", .read = misc_read, .write = misc_write, .no_store = true }, STORED(RESC, 0x05c, 1),
    [RCC] = { 0x060, "RCC", .reset = 0x078e3ad1, .rw = UINT32_MAX, .after = rcc_after },
    [PLLCFG] = { 0x064, "PLLCFG" }, [RCC2] = { 0x070, "RCC2", .reset = 0x07802800, .rw = UINT32_MAX, .after = rcc_after },
    STORED(RCGC0, 0x100, 0x40), STORED(RCGC1, 0x104, 0), STORED(RCGC2, 0x108, 0), STORED(SCGC0, 0x110, 0x40),
    STORED(SCGC1, 0x114, 0), STORED(SCGC2, 0x118, 0), STORED(DCGC0, 0x120, 0x40), STORED(DCGC1, 0x124, 0),
    STORED(DCGC2, 0x128, 0), STORED(DSLPCLKCFG, 0x144, 0x07800000),
};

static void sysctl_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", &LM3S_SYSCTL(obj)->irq, 1);
}

static bool sysctl_realize(Device *dev, GError **error)
{
    regbank_init(&LM3S_SYSCTL(dev)->bank, dev, NULL, regs, NUM_REGS, LM3S_SYSCTL(dev)->reg, 0x1000);
    return true;
}

static void sysctl_unrealize(Device *dev)
{
    regbank_destroy(&LM3S_SYSCTL(dev)->bank);
}

static void sysctl_reset(Device *dev, ResetType type)
{
    regbank_reset(&LM3S_SYSCTL(dev)->bank);
    update(LM3S_SYSCTL(dev));
}

static bool sysctl_post_load(void *s, GError **error)
{
    update(s);
    return true;
}

static const VMStateField sysctl_vmstate[] = {
    VMSTATE_REGS(Lm3sSysctl, bank), VMSTATE_POST_LOAD(sysctl_post_load), VMSTATE_END
};

static void sysctl_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = sysctl_realize;
    dc->unrealize = sysctl_unrealize;
    dc->reset = sysctl_reset;
    dc->vmstate = sysctl_vmstate;
    dc->category = "Misc";
}

const TypeInfo lm3s_sysctl_type = {
    .name = "lm3s-sysctl", .parent = TYPE_DEVICE, .desc = "Stellaris system control", .instance_size = sizeof(Lm3sSysctl),
    .init = sysctl_init, .class_init = sysctl_class_init,
};

/* -- the board --------------------------------------------------------------------------------------------------------------- */

typedef struct Lm3sMachine {
    Machine parent;
    MemoryRegion root, flash, sram, bus;
} Lm3sMachine;

#define UART(n, at, number) { "uart" #n, "pl011", at, .serial = (n) + 1, .irqs = { { "intr", number } } }
#define GPIO(n, at, number) { "gpio" n, "pl061", at, .irqs = { { "intr", number } } }
static const BoardDevice devices[] = {
    { "watchdog", "cmsdk-apb-watchdog", 0x40000000, "frequency", "12000000", .irqs = { { "irq", 18 } } },
    GPIO("a", 0x40004000, 0), GPIO("b", 0x40005000, 1), GPIO("c", 0x40006000, 2), GPIO("d", 0x40007000, 3),
    GPIO("e", 0x40024000, 4), GPIO("f", 0x40025000, 30), GPIO("g", 0x40026000, 31),
    UART(0, 0x4000c000, 5), UART(1, 0x4000d000, 6), UART(2, 0x4000e000, 33),
    { "sysctl", "lm3s-sysctl", 0x400fe000, .irqs = { { "irq", 28 } } }, { NULL }
};

static const BoardCpu board_cpu = { .frequency = 12000000, .num_irq = 64, .num_prio_bits = 3, .bitband = true };

static bool build(Machine *m, GError **error)
{
    Lm3sMachine *s = (Lm3sMachine *)m;
    Object *owner = &m->parent.parent;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    if (!memory_region_init_rom(&s->flash, owner, "flash", FLASH_SIZE, error) ||
        !memory_region_init_ram(&s->sram, owner, "sram", SRAM_SIZE, error)) {
        return false;
    }
    memory_region_add(&s->root, 0, &s->flash, 0);
    memory_region_add(&s->root, SRAM_AT, &s->sram, 0);
    board_add_background(m, &s->root, &s->bus, "apb", 0x40000000, 0x100000);
    m->sysmem = address_space_new(m, &s->root, "memory");
    return board_finish(m, &s->root, &board_cpu, devices, 0, error);
}

static void finalize(Object *obj)
{
    Lm3sMachine *s = (Lm3sMachine *)obj;

    memory_region_destroy(&s->flash);
    memory_region_destroy(&s->sram);
    memory_region_destroy(&s->bus);
    memory_region_destroy(&s->root);
}

static void class_init(ObjectClass *oc, const TypeInfo *info)
{
    static const char *const cpus[] = { "cortex-m3", NULL };

    board_class_init(oc, cpus, 1, SRAM_SIZE, build);
}

const TypeInfo lm3s6965evb_type = {
    .name = "lm3s6965evb-arm-m-machine", .parent = TYPE_MACHINE, .desc = "Stellaris LM3S6965 evaluation board (Cortex-M3)",
    .instance_size = sizeof(Lm3sMachine), .class_init = class_init, .finalize = finalize,
};
