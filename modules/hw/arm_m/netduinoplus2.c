/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netduinoplus2: Netduino Plus 2: an STM32F405RG (ST RM0090): Cortex-M4, 168 MHz, 1 MiB of flash at 0x08000000 and 0, 128 KiB
 * of memory at 0x20000000 and 64 KiB at 0x10000000, six USARTs, and reset and clock control, whose clocks are ready when
 * they are turned on. Timers other than SysTick, GPIO, EXTI, SYSCFG, ADC, DMA, SPI, I2C and USB are not modelled
 * (docs/CAVEATS.md).
 */
#include "core/exec/regbank.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/simple.h"

enum { FLASH_SIZE = 1 << 20, SRAM_SIZE = 128 << 10, CCM_SIZE = 64 << 10 };
#define FLASH_AT 0x08000000
#define SRAM_AT 0x20000000
#define CCM_AT 0x10000000

/* -- reset and clock control (7) --------------------------------------------------------------------------------------------- */

enum { RCC_CR, RCC_PLLCFGR, RCC_CFGR, RCC_CIR, RCC_RSTR, RCC_ENR, RCC_LPENR, RCC_BDCR, RCC_CSR, RCC_SSCGR, RCC_PLLI2SCFGR, RCC_NUM,
       RCC_ROWS = 8 };

typedef struct Stm32Rcc {
    Device parent;
    RegBank bank;
    uint32_t reg[RCC_NUM], stored[3][RCC_ROWS];
} Stm32Rcc;
DECLARE_OBJECT(Stm32Rcc, STM32_RCC, "stm32f4-rcc")

/* The ready flag is above its enable. */
static void cr_after(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t on = s->reg[RCC_CR] & 0x05010001;

    s->reg[RCC_CR] = (s->reg[RCC_CR] & ~(on << 1) & ~0x0a020002u) | on << 1;
}

static void cfgr_after(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rcc *s = STM32_RCC(dev);

    s->reg[RCC_CFGR] = (s->reg[RCC_CFGR] & ~0xcu) | (s->reg[RCC_CFGR] & 3) << 2;
}

static void ready_after(void *dev, const RegDef *r, unsigned n)
{
    Stm32Rcc *s = STM32_RCC(dev);
    uint32_t *v = &s->reg[r->offset == 0x70 ? RCC_BDCR : RCC_CSR];

    *v = (*v & ~2u) | (*v & 1) << 1;
}

static uint64_t stored_read(void *dev, const RegDef *r, unsigned n)
{
    return STM32_RCC(dev)->stored[(r->offset - 0x10) / 0x20][n];
}

static void stored_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    STM32_RCC(dev)->stored[(r->offset - 0x10) / 0x20][n] = v;
}

#define ARRAY(id, at) [id] = { at, #id, .read = stored_read, .write = stored_write, .count = RCC_ROWS, .no_store = true }
static const RegDef rcc_regs[RCC_NUM] = {
    [RCC_CR] = { 0x00, "RCC_CR", .reset = 0x83, .rw = 0x050d00f9, .after = cr_after },
    [RCC_PLLCFGR] = { 0x04, "RCC_PLLCFGR", .reset = 0x24003010, .rw = 0x0f437fff },
    [RCC_CFGR] = { 0x08, "RCC_CFGR", .rw = 0xfffffcf3, .after = cfgr_after }, [RCC_CIR] = { 0x0c, "RCC_CIR", .rw = 0x3f00 },
    ARRAY(RCC_RSTR, 0x10), ARRAY(RCC_ENR, 0x30), ARRAY(RCC_LPENR, 0x50),
    [RCC_BDCR] = { 0x70, "RCC_BDCR", .rw = 0x18305, .after = ready_after },
    [RCC_CSR] = { 0x74, "RCC_CSR", .reset = 0x0e000000, .rw = 1, .after = ready_after },
    [RCC_SSCGR] = { 0x80, "RCC_SSCGR", .rw = 0xcfffffff },
    [RCC_PLLI2SCFGR] = { 0x84, "RCC_PLLI2SCFGR", .reset = 0x20003000, .rw = 0x70007fc0 },
};

static bool rcc_realize(Device *dev, GError **error)
{
    regbank_init(&STM32_RCC(dev)->bank, dev, NULL, rcc_regs, RCC_NUM, STM32_RCC(dev)->reg, 0x400);
    return true;
}

static void rcc_unrealize(Device *dev)
{
    regbank_destroy(&STM32_RCC(dev)->bank);
}

static void rcc_reset(Device *dev, ResetType type)
{
    regbank_reset(&STM32_RCC(dev)->bank);
    memset(STM32_RCC(dev)->stored, 0, sizeof(STM32_RCC(dev)->stored));
}

static const VMStateField rcc_vmstate[] = {
    VMSTATE_REGS(Stm32Rcc, bank), VMSTATE_UINT_ARRAY(Stm32Rcc, stored[0]), VMSTATE_UINT_ARRAY(Stm32Rcc, stored[1]),
    VMSTATE_UINT_ARRAY(Stm32Rcc, stored[2]), VMSTATE_END
};

static void rcc_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = rcc_realize;
    dc->unrealize = rcc_unrealize;
    dc->reset = rcc_reset;
    dc->vmstate = rcc_vmstate;
    dc->category = "Misc";
}

const TypeInfo stm32_rcc_type = {
    .name = "stm32f4-rcc", .parent = TYPE_DEVICE, .desc = "STM32F4 reset and clock control", .instance_size = sizeof(Stm32Rcc),
    .class_init = rcc_class_init,
};

/* -- the board --------------------------------------------------------------------------------------------------------------- */

typedef struct Netduino {
    Machine parent;
    MemoryRegion root, flash, boot, sram, ccm, bus;
} Netduino;

#define USART(n, at, number) { "usart" #n, "stm32f2xx-usart", at, .serial = n, .irqs = { { "irq", number } } }
static const BoardDevice devices[] = {
    USART(1, 0x40011000, 37), USART(2, 0x40004400, 38), USART(3, 0x40004800, 39), USART(4, 0x40004c00, 52),
    USART(5, 0x40005000, 53), USART(6, 0x40011400, 71), { "rcc", "stm32f4-rcc", 0x40023800 }, { NULL }
};

static const BoardCpu board_cpu = { .frequency = 168000000, .num_irq = 96, .num_prio_bits = 4, .bitband = true };

static bool build(Machine *m, GError **error)
{
    Netduino *s = (Netduino *)m;
    Object *owner = &m->parent.parent;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    if (!memory_region_init_rom(&s->flash, owner, "flash", FLASH_SIZE, error) ||
        !memory_region_init_ram(&s->sram, owner, "sram", SRAM_SIZE, error) ||
        !memory_region_init_ram(&s->ccm, owner, "ccm", CCM_SIZE, error)) {
        return false;
    }
    memory_region_init_alias(&s->boot, owner, "boot", &s->flash, 0, FLASH_SIZE);
    memory_region_add(&s->root, FLASH_AT, &s->flash, 0);
    memory_region_add(&s->root, 0, &s->boot, 0);
    memory_region_add(&s->root, SRAM_AT, &s->sram, 0);
    memory_region_add(&s->root, CCM_AT, &s->ccm, 0);
    board_add_background(m, &s->root, &s->bus, "apb", 0x40000000, 0x80000);
    m->sysmem = address_space_new(m, &s->root, "memory");
    return board_finish(m, &s->root, &board_cpu, devices, FLASH_AT, error);
}

static void finalize(Object *obj)
{
    Netduino *s = (Netduino *)obj;

    memory_region_destroy(&s->boot);
    memory_region_destroy(&s->flash);
    memory_region_destroy(&s->sram);
    memory_region_destroy(&s->ccm);
    memory_region_destroy(&s->bus);
    memory_region_destroy(&s->root);
}

static void class_init(ObjectClass *oc, const TypeInfo *info)
{
    static const char *const cpus[] = { "cortex-m4", NULL };

    board_class_init(oc, cpus, 1, SRAM_SIZE, build);
}

const TypeInfo netduinoplus2_type = {
    .name = "netduinoplus2-arm-m-machine", .parent = TYPE_MACHINE, .desc = "Netduino Plus 2 (STM32F405, Cortex-M4)",
    .instance_size = sizeof(Netduino), .class_init = class_init, .finalize = finalize,
};
