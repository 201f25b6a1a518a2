/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * microbit: BBC micro:bit 1.5: an nRF51822 (Cortex-M0, 16 MHz, 256 KiB of flash, 16 KiB of memory), its console on UART0.
 * From the nRF51 Series Reference Manual 3.0 and the board's schematics. Radio, ADC, SPI, temperature, GPIOTE and PPI are not
 * modelled, nor the sensors (docs/CAVEATS.md). -kernel is an ELF file, Intel HEX, or raw bytes for address 0.
 */
#include "core/exec/loader.h"
#include "core/exec/memory.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/nrf51.h"

enum { FLASH_SIZE = 256 << 10, SRAM_SIZE = 16 << 10, INFO_SIZE = 0x1000 };
#define SRAM_AT 0x20000000
#define FICR_AT 0x10000000
#define UICR_AT 0x10001000
#define ROM_TABLE_AT 0xf0000000                 /* start-up code finds the revision in it */

typedef struct Microbit {
    Machine parent;
    MemoryRegion root, flash, sram, ficr, uicr, rom_table, apb;
} Microbit;
DECLARE_OBJECT(Microbit, MICROBIT, "microbit-arm-m-machine")

static const BoardDevice devices[] = {
    { "clock", "nrf51-clock", 0x40000000, .irqs = { { "irq", 0 } } },
    { "uart", "nrf51-uart", 0x40002000, .serial = 1, .irqs = { { "irq", 2 } } },
    { "twi0", "nrf51-twi", 0x40003000, .irqs = { { "irq", 3 } } },
    { "twi1", "nrf51-twi", 0x40004000, .irqs = { { "irq", 4 } } },
    { "timer0", "nrf51-timer", 0x40008000, .irqs = { { "irq", 8 } } },
    { "timer1", "nrf51-timer", 0x40009000, .irqs = { { "irq", 9 } } },
    { "timer2", "nrf51-timer", 0x4000a000, .irqs = { { "irq", 10 } } },
    { "rtc0", "nrf51-timer", 0x4000b000, "rtc", "on", .irqs = { { "irq", 11 } } },
    { "rng", "nrf51-rng", 0x4000d000, .irqs = { { "irq", 13 } } },
    { "rtc1", "nrf51-timer", 0x40011000, "rtc", "on", .irqs = { { "irq", 17 } } },
    { "nvmc", "nrf51-nvmc", 0x4001e000 },
    { "gpio", "nrf51-gpio", 0x50000000 },
    { NULL }
};

/* What the factory wrote (7.1). */
static bool write_info(Machine *m, GError **error)
{
    static const struct { uint32_t offset, value; } ficr[] = {
        { 0x10, 1024 }, { 0x14, FLASH_SIZE / 1024 }, { 0x28, UINT32_MAX }, { 0x2c, 0 }, { 0x34, 2 }, { 0x38, SRAM_SIZE / 2 },
        { 0x3c, SRAM_SIZE / 2 }, { 0x5c, 0xffff003c }, { 0x60, 0x4d425643 }, { 0x64, 0x31303531 }, { 0xa0, UINT32_MAX },
        { 0xa4, 0x12345678 }, { 0xa8, 0xffffc0de },
    };
    static const uint8_t rom_table[32] = { [0] = 1, [8] = 0x70 };       /* 0xfe0: part number 1, third revision */
    g_autoptr(GBytes) table = g_bytes_new_static(rom_table, sizeof(rom_table));
    g_autofree uint8_t *ones = g_malloc(FLASH_SIZE);

    memset(ones, 0xff, FLASH_SIZE);
    address_space_write(m->sysmem, 0, MEMTX_ATTRS_DEBUG, ones, FLASH_SIZE);
    address_space_write(m->sysmem, FICR_AT, MEMTX_ATTRS_DEBUG, ones, INFO_SIZE);
    address_space_write(m->sysmem, UICR_AT, MEMTX_ATTRS_DEBUG, ones, INFO_SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ficr); i++) {
        address_space_write(m->sysmem, FICR_AT + ficr[i].offset, MEMTX_ATTRS_DEBUG, &ficr[i].value, 4);
    }
    return rom_add(m, "rom table", m->sysmem, ROM_TABLE_AT + 0xfe0, table, 0, error);
}

static const BoardCpu board_cpu = { .frequency = 16000000 };

static bool microbit_build(Machine *m, GError **error)
{
    Microbit *s = MICROBIT(m);
    Object *owner = &m->parent.parent;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    if (!memory_region_init_ram(&s->flash, owner, "flash", FLASH_SIZE, error) ||
        !memory_region_init_ram(&s->sram, owner, "sram", SRAM_SIZE, error) ||
        !memory_region_init_ram(&s->ficr, owner, "ficr", INFO_SIZE, error) ||
        !memory_region_init_ram(&s->uicr, owner, "uicr", INFO_SIZE, error) ||
        !memory_region_init_rom(&s->rom_table, owner, "rom-table", INFO_SIZE, error)) {
        return false;
    }
    memory_region_add(&s->root, 0, &s->flash, 0);
    memory_region_add(&s->root, SRAM_AT, &s->sram, 0);
    memory_region_add(&s->root, FICR_AT, &s->ficr, 0);
    memory_region_add(&s->root, UICR_AT, &s->uicr, 0);
    memory_region_add(&s->root, ROM_TABLE_AT, &s->rom_table, 0);
    m->sysmem = address_space_new(m, &s->root, "memory");
    board_add_background(m, &s->root, &s->apb, "apb", 0x40000000, 0x80000);
    return write_info(m, error) && board_finish(m, &s->root, &board_cpu, devices, 0, error);
}

static void microbit_finalize(Object *obj)
{
    Microbit *s = MICROBIT(obj);

    memory_region_destroy(&s->flash);
    memory_region_destroy(&s->sram);
    memory_region_destroy(&s->ficr);
    memory_region_destroy(&s->uicr);
    memory_region_destroy(&s->rom_table);
    memory_region_destroy(&s->apb);
    memory_region_destroy(&s->root);
}

static void microbit_class_init(ObjectClass *oc, const TypeInfo *info)
{
    static const char *const cpus[] = { "cortex-m0", NULL };

    board_class_init(oc, cpus, 1, SRAM_SIZE, microbit_build);
}

const TypeInfo microbit_type = {
    .name = "microbit-arm-m-machine", .parent = TYPE_MACHINE, .desc = "BBC micro:bit (nRF51822, Cortex-M0)",
    .instance_size = sizeof(Microbit), .class_init = microbit_class_init, .finalize = microbit_finalize,
};
