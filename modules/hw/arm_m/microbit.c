/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * microbit: BBC micro:bit 1.5: an nRF51822 (Cortex-M0, 16 MHz, 256 KiB of flash, 16 KiB of memory), its console on UART0.
 * From the nRF51 Series Reference Manual 3.0 and the board's schematics. Buttons A and B are /machine/button-a and button-b,
 * whose property "pressed" presses them. The sizes of flash and memory are those of the nrf51-soc /machine/soc, which
 * -global changes: -global nrf51-soc.sram-size=32768 is the nRF51822 of variant AC, and ports for boards that never were have
 * more. The radio and the sensors are not modelled (docs/CAVEATS.md). -kernel is an ELF file,
 * Intel HEX, or raw bytes for address 0.
 */
#include "core/exec/loader.h"
#include "core/exec/memory.h"
#include "core/keyval.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/nrf51.h"

enum { SRAM_SIZE = 16 << 10, FLASH_SIZE = 256 << 10, PAGE = 1 << 10, INFO_SIZE = 0x1000, PIN_BUTTON_A = 17, PIN_BUTTON_B = 26 };
#define SRAM_AT 0x20000000
#define FICR_AT 0x10000000
#define UICR_AT 0x10001000
#define ROM_TABLE_AT 0xf0000000                 /* start-up code finds the revision in it */

typedef struct Microbit {
    Machine parent;
    MemoryRegion root, sram, ficr, rom_table, apb;
} Microbit;
DECLARE_OBJECT(Microbit, MICROBIT, "microbit-arm-m-machine")

/* The chip as a whole: what there is of memory. */
typedef struct Nrf51Soc {
    Device parent;
    uint32_t flash_size, sram_size;
} Nrf51Soc;
DECLARE_OBJECT(Nrf51Soc, NRF51_SOC, "nrf51-soc")

static bool soc_realize(Device *dev, GError **error)
{
    Nrf51Soc *s = NRF51_SOC(dev);

    if (s->flash_size % PAGE || s->sram_size % PAGE) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "nrf51-soc: flash-size and sram-size are multiples of %d",
                    PAGE);
        return false;
    }
    return true;
}

static const Property soc_props[] = {
    { .name = "flash-size", .type = PROP_U32, .offset = offsetof(Nrf51Soc, flash_size), .def = FLASH_SIZE, .min = PAGE,
      .max = 1 << 20, .help = "bytes of flash: pages of 1 KiB" },
    { .name = "sram-size", .type = PROP_U32, .offset = offsetof(Nrf51Soc, sram_size), .def = SRAM_SIZE, .min = PAGE,
      .max = 1 << 20, .help = "bytes of memory: a multiple of 1 KiB" }, PROP_END
};

static void soc_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DEVICE_CLASS(oc)->realize = soc_realize;
}

const TypeInfo nrf51_soc_type = {
    .name = "nrf51-soc", .parent = TYPE_DEVICE, .desc = "nRF51: sizes of its flash and its memory",
    .instance_size = sizeof(Nrf51Soc), .props = soc_props, .class_init = soc_class_init,
};

static const BoardDevice soc_row = { "soc", "nrf51-soc", 0 };
static const BoardDevice devices[] = {
    { "clock", "nrf51-clock", 0x40000000, .irqs = { { "irq", 0 } } },
    { "uart", "nrf51-uart", 0x40002000, .serial = 1, .irqs = { { "irq", 2 } } },
    { "twi0", "nrf51-twi", 0x40003000, .irqs = { { "irq", 3 } } },
    { "twi1", "nrf51-twi", 0x40004000, .irqs = { { "irq", 4 } } },
    { "gpiote", "nrf51-gpiote", 0x40006000, .irqs = { { "irq", 6 } } },
    { "adc", "nrf51-adc", 0x40007000, .irqs = { { "irq", 7 } } },
    { "timer0", "nrf51-timer", 0x40008000, .irqs = { { "irq", 8 } } },
    { "timer1", "nrf51-timer", 0x40009000, .irqs = { { "irq", 9 } } },
    { "timer2", "nrf51-timer", 0x4000a000, .irqs = { { "irq", 10 } } },
    { "rtc0", "nrf51-timer", 0x4000b000, "rtc", "on", .irqs = { { "irq", 11 } } },
    { "temp", "nrf51-temp", 0x4000c000, .irqs = { { "irq", 12 } } },
    { "rng", "nrf51-rng", 0x4000d000, .irqs = { { "irq", 13 } } },
    { "ecb", "nrf51-ecb", 0x4000e000, .irqs = { { "irq", 14 } } },
    { "wdt", "nrf51-wdt", 0x40010000, .irqs = { { "irq", 16 } } },
    { "rtc1", "nrf51-timer", 0x40011000, "rtc", "on", .irqs = { { "irq", 17 } } },
    { "qdec", "nrf51-qdec", 0x40012000, .irqs = { { "irq", 18 } } },
    { "lpcomp", "nrf51-lpcomp", 0x40013000, .irqs = { { "irq", 19 } } },
    { "ppi", "nrf51-ppi", 0x4001f000 },
    { "gpio", "nrf51-gpio", 0x50000000 },
    { NULL }
};

/* What the factory wrote (7.1). */
static bool write_info(Machine *m, const Nrf51Soc *soc, GError **error)
{
    const struct { uint32_t offset, value; } ficr[] = {
        { 0x10, PAGE }, { 0x14, soc->flash_size / PAGE }, { 0x28, UINT32_MAX }, { 0x2c, 0 }, { 0x34, 2 },
        { 0x38, soc->sram_size / 2 }, { 0x3c, soc->sram_size / 2 }, { 0x5c, 0xffff003c }, { 0x60, 0x4d425643 },
        { 0x64, 0x31303531 }, { 0xa0, UINT32_MAX }, { 0xa4, 0x12345678 }, { 0xa8, 0xffffc0de },
    };
    static const uint8_t rom_table[32] = { [0] = 1, [8] = 0x70 };       /* 0xfe0: part number 1, third revision */
    g_autoptr(GBytes) table = g_bytes_new_static(rom_table, sizeof(rom_table));

    memset(memory_region_ram_ptr(&MICROBIT(m)->ficr), 0xff, INFO_SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ficr); i++) {
        address_space_write(m->sysmem, FICR_AT + ficr[i].offset, MEMTX_ATTRS_DEBUG, &ficr[i].value, 4);
    }
    return rom_add(m, "rom table", m->sysmem, ROM_TABLE_AT + 0xfe0, table, 0, error);
}

static const BoardCpu board_cpu = { .frequency = 16000000 };

static Device *named(Machine *m, const char *name)
{
    return DEVICE(object_child(&m->parent.parent, name));
}

/* A button pulls its pin to ground. */
static void button(void *opaque, unsigned pin, int level)
{
    device_set_irq_in(opaque, "in", pin, !level);
}

static bool add_button(Machine *m, const char *name, unsigned pin, GError **error)
{
    Device *key = board_add(m, NULL, &(BoardDevice){ name, "gpio-key" }, NULL, error), *gpio = named(m, "gpio");

    if (key) {
        device_set_irq_in(gpio, "in", pin, 1);
        device_connect_irq_handler(key, "out", 0, button, gpio, pin);
    }
    return key != NULL;
}

static bool connect(Machine *m, GError **error)
{
    Device *gpio = named(m, "gpio"), *gpiote = named(m, "gpiote"), *clock = named(m, "clock"), *ppi = named(m, "ppi");

    for (unsigned i = 0; i < NRF51_PINS; i++) {
        device_connect_irq(gpio, "pin", i, gpiote, "pin", i);
        device_connect_irq(gpiote, "own", i, gpio, "own", i);
        device_connect_irq(gpiote, "out", i, gpio, "owner-out", i);
    }
    device_connect_irq(gpio, "detect", 0, gpiote, "detect", 0);
    device_connect_irq(gpio, "detect", 0, clock, "cause", NRF51_CAUSE_DETECT);
    device_connect_irq(named(m, "wdt"), "reset", 0, clock, "cause", NRF51_CAUSE_DOG);
    device_connect_irq(&CPU(m->cpus->pdata[0])->parent, "sysresetreq", 0, clock, "cause", NRF51_CAUSE_SOFTWARE);
    for (const BoardDevice *d = devices; d->name; d++) {
        Device *dev = named(m, d->name);

        for (unsigned i = 0; i < NRF51_EVENTS && device_has_irq_out(dev, "event"); i++) {
            device_connect_irq(dev, "event", i, ppi, "event", (d->addr >> 12 & (NRF51_PERIPHERALS - 1)) * NRF51_EVENTS + i);
        }
    }
    return add_button(m, "button-a", PIN_BUTTON_A, error) && add_button(m, "button-b", PIN_BUTTON_B, error);
}

static bool microbit_build(Machine *m, GError **error)
{
    Microbit *s = MICROBIT(m);
    Object *owner = &m->parent.parent;
    Device *nvmc, *dev = board_add(m, NULL, &soc_row, NULL, error);
    g_autofree char *flash_size = NULL;
    const Nrf51Soc *soc;

    if (!dev) {
        return false;
    }
    soc = NRF51_SOC(dev);
    flash_size = g_strdup_printf("%u", soc->flash_size);
    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    if (!memory_region_init_ram(&s->sram, owner, "sram", soc->sram_size, error) ||
        !memory_region_init_rom(&s->ficr, owner, "ficr", INFO_SIZE, error) ||
        !memory_region_init_rom(&s->rom_table, owner, "rom-table", INFO_SIZE, error)) {
        return false;
    }
    memory_region_add(&s->root, SRAM_AT, &s->sram, 0);
    memory_region_add(&s->root, FICR_AT, &s->ficr, 0);
    memory_region_add(&s->root, ROM_TABLE_AT, &s->rom_table, 0);
    m->sysmem = address_space_new(m, &s->root, "memory");
    board_add_background(m, &s->root, &s->apb, "apb", 0x40000000, 0x80000);
    nvmc = board_add(m, &s->root, &(BoardDevice){ "nvmc", "nrf51-nvmc", 0x4001e000, "flash-size", flash_size }, NULL, error);
    if (!nvmc) {
        return false;
    }
    memory_region_add(&s->root, 0, device_region(nvmc, "flash"), 0);
    memory_region_add(&s->root, UICR_AT, device_region(nvmc, "uicr"), 0);
    return write_info(m, soc, error) && board_finish(m, &s->root, &board_cpu, devices, 0, error) && connect(m, error);
}

static void microbit_finalize(Object *obj)
{
    Microbit *s = MICROBIT(obj);

    memory_region_destroy(&s->sram);
    memory_region_destroy(&s->ficr);
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
