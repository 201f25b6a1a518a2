/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netduinoplus2: Netduino Plus 2: an STM32F405RG (ST RM0090, memory map 2.3, interrupts 12.2): Cortex-M4, 168 MHz, 1 MiB of
 * flash at 0x08000000 and 0 (SYSCFG_MEMRMP may put other memory there), 128 KiB of memory at 0x20000000 and 64 KiB at
 * 0x10000000. Timers run at 84 MHz on APB1 and 168 MHz on APB2, whatever RCC is told. What is not modelled: docs/CAVEATS.md.
 */
#include "core/bits.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/stm32.h"

enum { FLASH_SIZE = 1 << 20, SRAM_SIZE = 128 << 10, CCM_SIZE = 64 << 10, SYSTEM_SIZE = 64 << 10 };
#define FLASH_AT 0x08000000
#define SRAM_AT 0x20000000
#define CCM_AT 0x10000000
#define SYSTEM_AT 0x1fff0000                    /* boot loader, one-time programmable area, what the factory wrote */

typedef struct Netduino {
    Machine parent;
    MemoryRegion root, sram, ccm, system, bus;
    MemoryRegion low[4];                        /* what may be at 0: flash, system memory, nothing of ours, SRAM */
} Netduino;

/* -- the devices ------------------------------------------------------------------------------------------------------------- */

#define IRQ(name, n) { name, n }
#define USART(n, at, number) { "usart" #n, "stm32f2xx-usart", at, .serial = n, .irqs = { IRQ("irq", number) } }
#define GPIO(letter, number) { "gpio" letter, "stm32f4-gpio", 0x40020000 + 0x400 * number, "port", #number }
#define TIM(n, at, kind, ...) { "tim" #n, "stm32f2xx-timer", at, "kind", kind, ##__VA_ARGS__ }
#define FAST .prop2 = "frequency", .value2 = "168000000"
static const BoardDevice flash_row = { "flash-interface", "stm32f4-flash", 0x40023c00 };
static const BoardDevice devices[] = {
    { "rcc", "stm32f4-rcc", 0x40023800, .irqs = { IRQ("irq", 5) } }, { "pwr", "stm32f4-pwr", 0x40007000 },
    { "exti", "stm32f4-exti", 0x40013c00 }, { "syscfg", "stm32f4-syscfg", 0x40013800 },
    GPIO("a", 0), GPIO("b", 1), GPIO("c", 2), GPIO("d", 3), GPIO("e", 4), GPIO("f", 5), GPIO("g", 6), GPIO("h", 7), GPIO("i", 8),
    USART(1, 0x40011000, 37), USART(2, 0x40004400, 38), USART(3, 0x40004800, 39), USART(4, 0x40004c00, 52),
    USART(5, 0x40005000, 53), USART(6, 0x40011400, 71),
    TIM(1, 0x40010000, "advanced", FAST, .irqs = { IRQ("cc", 27) }), TIM(2, 0x40000000, "general32", .irqs = { IRQ("irq", 28) }),
    TIM(3, 0x40000400, "general16", .irqs = { IRQ("irq", 29) }), TIM(4, 0x40000800, "general16", .irqs = { IRQ("irq", 30) }),
    TIM(5, 0x40000c00, "general32", .irqs = { IRQ("irq", 50) }), TIM(6, 0x40001000, "basic", .irqs = { IRQ("irq", 54) }),
    TIM(7, 0x40001400, "basic", .irqs = { IRQ("irq", 55) }), TIM(8, 0x40010400, "advanced", FAST, .irqs = { IRQ("cc", 46) }),
    TIM(9, 0x40014000, "two", FAST), TIM(10, 0x40014400, "one", FAST), TIM(11, 0x40014800, "one", FAST),
    TIM(12, 0x40001800, "two"), TIM(13, 0x40001c00, "one"), TIM(14, 0x40002000, "one"),
    { "iwdg", "stm32f4-iwdg", 0x40003000 }, { "wwdg", "stm32f4-wwdg", 0x40002c00, .irqs = { IRQ("irq", 0) } },
    { "rtc", "stm32f4-rtc", 0x40002800 },
    { "spi1", "stm32f4-spi", 0x40013000, .irqs = { IRQ("irq", 35) } },
    { "spi2", "stm32f4-spi", 0x40003800, .irqs = { IRQ("irq", 36) } },
    { "spi3", "stm32f4-spi", 0x40003c00, .irqs = { IRQ("irq", 51) } },
    { "i2c1", "stm32f4-i2c", 0x40005400, .irqs = { IRQ("event", 31), IRQ("error", 32) } },
    { "i2c2", "stm32f4-i2c", 0x40005800, .irqs = { IRQ("event", 33), IRQ("error", 34) } },
    { "i2c3", "stm32f4-i2c", 0x40005c00, .irqs = { IRQ("event", 72), IRQ("error", 73) } },
    { "adc", "stm32f4-adc", 0x40012000, .irqs = { IRQ("irq", 18) } }, { "crc", "stm32f4-crc", 0x40023000 },
    { "rng", "stm32f4-rng", 0x50060800, .irqs = { IRQ("irq", 80) } },
    { "dma1", "stm32f4-dma", 0x40026000 }, { "dma2", "stm32f4-dma", 0x40026400 }, { NULL }
};

/* Interrupts of the advanced timers that smaller ones share (table 61). */
static const struct { unsigned irq; const char *advanced, *out, *other; } shared[] = {
    { 24, "tim1", "brk", "tim9" }, { 25, "tim1", "up", "tim10" }, { 26, "tim1", "trg", "tim11" },
    { 43, "tim8", "brk", "tim12" }, { 44, "tim8", "up", "tim13" }, { 45, "tim8", "trg", "tim14" },
};

/* Whose requests are which streams' (tables 42 and 43). */
static const struct { const char *name, *out; uint8_t n, dma, stream, channel; } requests[] = {
    { "spi3", "rx-dma", 0, 1, 0, 0 }, { "spi3", "rx-dma", 0, 1, 2, 0 }, { "spi3", "tx-dma", 0, 1, 5, 0 },
    { "spi3", "tx-dma", 0, 1, 7, 0 }, { "spi2", "rx-dma", 0, 1, 3, 0 }, { "spi2", "tx-dma", 0, 1, 4, 0 },
    { "usart3", "rx-dma", 0, 1, 1, 4 }, { "usart3", "tx-dma", 0, 1, 3, 4 }, { "usart3", "tx-dma", 0, 1, 4, 7 },
    { "usart4", "rx-dma", 0, 1, 2, 4 }, { "usart4", "tx-dma", 0, 1, 4, 4 }, { "usart2", "rx-dma", 0, 1, 5, 4 },
    { "usart2", "tx-dma", 0, 1, 6, 4 }, { "usart5", "rx-dma", 0, 1, 0, 4 }, { "usart5", "tx-dma", 0, 1, 7, 4 },
    { "adc", "dma", 0, 2, 0, 0 }, { "adc", "dma", 0, 2, 4, 0 }, { "adc", "dma", 1, 2, 2, 1 }, { "adc", "dma", 1, 2, 3, 1 },
    { "adc", "dma", 2, 2, 0, 2 }, { "adc", "dma", 2, 2, 1, 2 }, { "spi1", "rx-dma", 0, 2, 0, 3 }, { "spi1", "rx-dma", 0, 2, 2, 3 },
    { "spi1", "tx-dma", 0, 2, 3, 3 }, { "spi1", "tx-dma", 0, 2, 5, 3 }, { "usart1", "rx-dma", 0, 2, 2, 4 },
    { "usart1", "rx-dma", 0, 2, 5, 4 }, { "usart1", "tx-dma", 0, 2, 7, 4 }, { "usart6", "rx-dma", 0, 2, 1, 5 },
    { "usart6", "rx-dma", 0, 2, 2, 5 }, { "usart6", "tx-dma", 0, 2, 6, 5 }, { "usart6", "tx-dma", 0, 2, 7, 5 },
};

/* Whom a bit of the reset registers resets (7.3.5 to 7.3.9). */
static const struct { uint8_t bus, bit; const char *name; } resets[] = {
    { STM32_AHB1, 0, "gpioa" }, { STM32_AHB1, 1, "gpiob" }, { STM32_AHB1, 2, "gpioc" }, { STM32_AHB1, 3, "gpiod" },
    { STM32_AHB1, 4, "gpioe" }, { STM32_AHB1, 5, "gpiof" }, { STM32_AHB1, 6, "gpiog" }, { STM32_AHB1, 7, "gpioh" },
    { STM32_AHB1, 8, "gpioi" }, { STM32_APB1, 0, "tim2" }, { STM32_APB1, 1, "tim3" }, { STM32_APB1, 2, "tim4" },
    { STM32_APB1, 3, "tim5" }, { STM32_APB1, 4, "tim6" }, { STM32_APB1, 5, "tim7" }, { STM32_APB1, 6, "tim12" },
    { STM32_APB1, 7, "tim13" }, { STM32_APB1, 8, "tim14" }, { STM32_APB1, 11, "wwdg" }, { STM32_APB1, 17, "usart2" },
    { STM32_APB1, 18, "usart3" }, { STM32_APB1, 19, "usart4" }, { STM32_APB1, 20, "usart5" }, { STM32_APB1, 28, "pwr" },
    { STM32_APB1, 14, "spi2" }, { STM32_APB1, 15, "spi3" }, { STM32_APB1, 21, "i2c1" }, { STM32_APB1, 22, "i2c2" },
    { STM32_APB1, 23, "i2c3" }, { STM32_APB2, 8, "adc" }, { STM32_APB2, 12, "spi1" }, { STM32_AHB1, 12, "crc" },
    { STM32_AHB1, 21, "dma1" }, { STM32_AHB1, 22, "dma2" }, { STM32_AHB2, 6, "rng" },
    { STM32_APB2, 0, "tim1" }, { STM32_APB2, 1, "tim8" }, { STM32_APB2, 4, "usart1" }, { STM32_APB2, 5, "usart6" },
    { STM32_APB2, 14, "syscfg" }, { STM32_APB2, 16, "tim9" }, { STM32_APB2, 17, "tim10" }, { STM32_APB2, 18, "tim11" },
};

/* -- the board --------------------------------------------------------------------------------------------------------------- */

static Device *named(Machine *m, const char *name)
{
    return DEVICE(object_child(&m->parent.parent, name));
}

static void peripheral_reset(void *opaque, unsigned n, int level)
{
    if (level) {
        device_reset(opaque, RESET_WARM);
    }
}

static void remap(void *opaque, unsigned n, int level)
{
    memory_region_set_enabled(opaque, level);
}

static void connect_exti(Machine *m, Device *cpu)
{
    static const uint8_t irqs[] = { 6, 7, 8, 9, 10, 23, 40, 1, 41, 42, 62, 76, 2, 3 };
    Device *exti = named(m, "exti"), *syscfg = named(m, "syscfg");

    for (unsigned i = 0; i < G_N_ELEMENTS(irqs); i++) {
        device_connect_irq(exti, "irq", i, cpu, "irq", irqs[i]);
    }
    device_connect_irq(exti, "event", 0, cpu, "wakeup", 0);
    for (unsigned pin = 0; pin < 16; pin++) {
        device_connect_irq(syscfg, "exti", pin, exti, "line", pin);
        for (unsigned port = 0; port < 9; port++) {
            const char name[] = { 'g', 'p', 'i', 'o', (char)('a' + port), 0 };

            device_connect_irq(named(m, name), "pin", pin, syscfg, "pin", 16 * port + pin);
        }
    }
    device_connect_irq(named(m, "rtc"), "alarm", 0, exti, "line", 17);
    device_connect_irq(named(m, "rtc"), "wakeup", 0, exti, "line", 22);
}

static void connect_dma(Machine *m, Device *cpu)
{
    static const uint8_t irqs[2][8] = { { 11, 12, 13, 14, 15, 16, 17, 47 }, { 56, 57, 58, 59, 60, 68, 69, 70 } };
    Device *dma[] = { named(m, "dma1"), named(m, "dma2") };

    for (unsigned i = 0; i < 2 * 8; i++) {
        device_connect_irq(dma[i / 8], "irq", i % 8, cpu, "irq", irqs[i / 8][i % 8]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        device_connect_irq(named(m, requests[i].name), requests[i].out, requests[i].n, dma[requests[i].dma - 1], "request",
                           8u * requests[i].stream + requests[i].channel);
    }
}

static bool connect(Netduino *s, GError **error)
{
    Machine *m = &s->parent;
    Device *cpu = &CPU(m->cpus->pdata[0])->parent, *rcc = named(m, "rcc"), *rtc = named(m, "rtc");

    connect_exti(m, cpu);
    connect_dma(m, cpu);
    for (unsigned i = 0; i < G_N_ELEMENTS(shared); i++) {
        g_autofree char *name = g_strdup_printf("irq%u", shared[i].irq);
        Device *or = board_add(m, NULL, &(BoardDevice){ name, "irq-or", .irqs = { { "out", (int)shared[i].irq } } }, cpu, error);

        if (!or) {
            return false;
        }
        device_connect_irq(named(m, shared[i].advanced), shared[i].out, 0, or, "in", 0);
        device_connect_irq(named(m, shared[i].other), "irq", 0, or, "in", 1);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(resets); i++) {
        device_connect_irq_handler(rcc, "reset", 32u * resets[i].bus + resets[i].bit, peripheral_reset,
                                   named(m, resets[i].name), 0);
    }
    device_connect_irq(cpu, "sysresetreq", 0, rcc, "cause", STM32_CAUSE_SOFTWARE);
    device_connect_irq(named(m, "iwdg"), "reset", 0, rcc, "cause", STM32_CAUSE_IWDG);
    device_connect_irq(named(m, "wwdg"), "reset", 0, rcc, "cause", STM32_CAUSE_WWDG);
    device_connect_irq(named(m, "pwr"), "dbp", 0, rcc, "dbp", 0);
    device_connect_irq(named(m, "pwr"), "dbp", 0, rtc, "dbp", 0);
    device_connect_irq(rcc, "backup-reset", 0, rtc, "backup-reset", 0);
    for (unsigned i = 0; i < 3; i++) {
        device_connect_irq(rcc, "rtc-clock", i, rtc, "clock", i);
    }
    device_connect_irq(named(m, flash_row.name), "irq", 0, cpu, "irq", 4);
    for (unsigned i = 0; i < G_N_ELEMENTS(s->low); i++) {
        if (i != 2) {
            device_connect_irq_handler(named(m, "syscfg"), "remap", i, remap, &s->low[i], 0);
        }
    }
    return true;
}

/* Unique device ID, flash size, calibration of sensor and reference, option bytes (RM0090, 2.3, 39; data sheet, 5.3). */
static void write_factory(MemoryRegion *mr)
{
    uint8_t *p = memory_region_ram_ptr(mr);

    memset(p, 0xff, SYSTEM_SIZE);
    stn_le_p(p + 0x7a10, 0x00330028, 4);
    stn_le_p(p + 0x7a14, 0x3133470b, 4);
    stn_le_p(p + 0x7a18, 0x33353334, 4);
    stn_le_p(p + 0x7a22, FLASH_SIZE >> 10, 2);
    stn_le_p(p + 0x7a2a, 1501, 2);                 /* 1.21 V of 3.3 V */
    stn_le_p(p + 0x7a2c, 958, 2);                  /* 30 degrees */
    stn_le_p(p + 0x7a2e, 1207, 2);                 /* 110 degrees */
    stn_le_p(p + 0xc000, 0xaaed, 2);
}

static const BoardCpu board_cpu = { .frequency = 168000000, .num_irq = 96, .num_prio_bits = 4, .bitband = true };

static bool build(Machine *m, GError **error)
{
    Netduino *s = (Netduino *)m;
    Object *owner = &m->parent.parent;
    MemoryRegion *low[] = { NULL, &s->system, NULL, &s->sram };
    Device *flash;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    if (!memory_region_init_rom(&s->system, owner, "system-memory", SYSTEM_SIZE, error) ||
        !memory_region_init_ram(&s->sram, owner, "sram", SRAM_SIZE, error) ||
        !memory_region_init_ram(&s->ccm, owner, "ccm", CCM_SIZE, error)) {
        return false;
    }
    write_factory(&s->system);
    memory_region_add(&s->root, SYSTEM_AT, &s->system, 0);
    memory_region_add(&s->root, SRAM_AT, &s->sram, 0);
    memory_region_add(&s->root, CCM_AT, &s->ccm, 0);
    board_add_background(m, &s->root, &s->bus, "apb", 0x40000000, 0x80000);
    m->sysmem = address_space_new(m, &s->root, "memory");
    flash = board_add(m, &s->root, &flash_row, NULL, error);
    if (!flash) {
        return false;
    }
    low[0] = device_region(flash, "memory");
    memory_region_add(&s->root, FLASH_AT, low[0], 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(low); i++) {
        if (low[i]) {
            memory_region_init_alias(&s->low[i], owner, "low", low[i], 0, low[i]->size);
            memory_region_set_enabled(&s->low[i], i == 0);
            memory_region_add(&s->root, 0, &s->low[i], 0);
        }
    }
    return board_finish(m, &s->root, &board_cpu, devices, FLASH_AT, error) && connect(s, error);
}

static void finalize(Object *obj)
{
    Netduino *s = (Netduino *)obj;

    for (unsigned i = 0; i < G_N_ELEMENTS(s->low); i++) {
        memory_region_destroy(&s->low[i]);
    }
    memory_region_destroy(&s->system);
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
