/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lm3s6965evb: Stellaris LM3S6965 evaluation board: Cortex-M3, 256 KiB of flash, 64 KiB of memory, and the devices of the
 * LM3S6965's data sheet at its addresses and with its interrupts. CPU, SysTick, timers and watchdog have the system clock
 * that RCC selects. SRCR resets a module; all have a clock, whatever RCGC says (lm3s_sysctl.c says why).
 * What is missing is in docs/CAVEATS.md.
 */
#include "core/exec/regbank.h"
#include "core/io/net.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/lm3s.h"
#include "modules/hw/arm_m/mps2.h"

enum { FLASH_SIZE = 256 << 10, SRAM_SIZE = 64 << 10, NUM_TIMERS = 4, CLOCK_HZ = 12000000 };
#define SRAM_AT 0x20000000
#define TYPE_LM3S6965EVB "lm3s6965evb-arm-m-machine"

typedef struct Lm3sMachine {
    Machine parent;
    MemoryRegion root, flash, sram, bus;
    CPUState *cpu;
    Device *timer[NUM_TIMERS], *watchdog;
} Lm3sMachine;
DECLARE_OBJECT(Lm3sMachine, LM3S6965EVB, TYPE_LM3S6965EVB)

#define UART(n, at, number) { "uart" #n, "pl011", at, .serial = (n) + 1, .irqs = { { "intr", number } } }
#define GPIO(n, at, number) { "gpio" n, "pl061", at, "pads", "on", .irqs = { { "intr", number } } }
#define TIMER(n, at, a, b) { "timer" #n, "lm3s-gptm", at, .irqs = { { "timer-a", a }, { "timer-b", b } } }
static const BoardDevice devices[] = {
    { "watchdog", "cmsdk-apb-watchdog", 0x40000000, "frequency", "12000000", .irqs = { { "irq", 18 } } },
    GPIO("a", 0x40004000, 0), GPIO("b", 0x40005000, 1), GPIO("c", 0x40006000, 2), GPIO("d", 0x40007000, 3),
    GPIO("e", 0x40024000, 4), GPIO("f", 0x40025000, 30), GPIO("g", 0x40026000, 31),
    UART(0, 0x4000c000, 5), UART(1, 0x4000d000, 6), UART(2, 0x4000e000, 33),
    TIMER(0, 0x40030000, 19, 20), TIMER(1, 0x40031000, 21, 22), TIMER(2, 0x40032000, 23, 24), TIMER(3, 0x40033000, 35, 36),
    { "ssi", "pl022", 0x40008000, "pull-up", "on", .irqs = { { "intr", 7 } } },
    { "i2c0", "lm3s-i2c", 0x40020000, .irqs = { { "irq", 8 } } }, { "i2c1", "lm3s-i2c", 0x40021000, .irqs = { { "irq", 37 } } },
    { "adc", "lm3s-adc", 0x40038000, .irqs = { { "ss0", 14 }, { "ss1", 15 }, { "ss2", 16 }, { "ss3", 17 } } },
    { "enet", "stellaris-enet", 0x40048000, .irqs = { { "irq", 42 } } },
    { "flash-control", "lm3s-flash", 0x400fd000, .irqs = { { "irq", 29 } } }, { NULL }
};
/* A bit of SRCRn, counted from SRCR0's, and what it resets. */
static const struct {
    uint8_t bit;
    const char *name;
} modules[] = {
    { 3, "watchdog" }, { 16, "adc" }, { 32 + 4, "ssi" }, { 32 + 12, "i2c0" }, { 32 + 14, "i2c1" },
    { 32 + 0, "uart0" }, { 32 + 1, "uart1" }, { 32 + 2, "uart2" }, { 32 + 16, "timer0" },
    { 32 + 17, "timer1" }, { 32 + 18, "timer2" }, { 32 + 19, "timer3" }, { 64 + 0, "gpioa" }, { 64 + 1, "gpiob" },
    { 64 + 2, "gpioc" }, { 64 + 3, "gpiod" }, { 64 + 4, "gpioe" }, { 64 + 5, "gpiof" }, { 64 + 6, "gpiog" },
    { 64 + 28, "enet" },
};

static const BoardCpu board_cpu = { .frequency = CLOCK_HZ, .num_irq = 64, .num_prio_bits = 3, .bitband = true };

static void module_reset(void *opaque, unsigned n, int level)
{
    if (level) {
        device_reset(opaque, RESET_WARM);
    }
}

static void clock_changed(void *opaque, uint32_t hz)
{
    Lm3sMachine *s = opaque;

    cpu_set_frequency(s->cpu, hz);
    cmsdk_watchdog_set_frequency(s->watchdog, hz);
    for (unsigned i = 0; i < NUM_TIMERS; i++) {
        lm3s_gptm_set_frequency(s->timer[i], hz);
    }
}

static Device *device_named(Lm3sMachine *s, const char *name)
{
    return DEVICE(object_child(&s->parent.parent.parent, name));
}

/* The station address is where the kit's makers put it: three bytes in each of the two user registers. */
static bool add_sysctl(Lm3sMachine *s, GError **error)
{
    const char *text = s->parent.config.nic_mac;
    uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
    char low[16], high[16];
    const BoardDevice row = {
        "sysctl", "lm3s-sysctl", 0x400fe000, "user-reg0", low, .irqs = { { "irq", 28 } }, .prop2 = "user-reg1", .value2 = high,
    };

    if (text && !net_parse_mac(text, mac, error)) {
        return false;
    }
    g_snprintf(low, sizeof(low), "0x%02x%02x%02x", mac[2], mac[1], mac[0]);
    g_snprintf(high, sizeof(high), "0x%02x%02x%02x", mac[5], mac[4], mac[3]);
    return board_add(&s->parent, &s->root, &row, &s->cpu->parent, error) != NULL;
}

static void wire(Lm3sMachine *s)
{
    Device *sysctl = device_named(s, "sysctl");

    s->watchdog = device_named(s, "watchdog");
    for (unsigned i = 0; i < NUM_TIMERS; i++) {
        char name[] = { 't', 'i', 'm', 'e', 'r', (char)('0' + i), '\0' };

        s->timer[i] = device_named(s, name);
        device_connect_irq(s->timer[i], "trigger", 0, device_named(s, "adc"), "trigger", 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(modules); i++) {
        device_connect_irq_handler(sysctl, "module", modules[i].bit, module_reset, device_named(s, modules[i].name), 0);
    }
    device_connect_irq(s->watchdog, "reset", 0, sysctl, "reset", LM3S_RESET_WATCHDOG);
    device_connect_irq(&s->cpu->parent, "sysresetreq", 0, sysctl, "reset", LM3S_RESET_SOFTWARE);
    lm3s_sysctl_on_clock(sysctl, clock_changed, s);
}

static bool build(Machine *m, GError **error)
{
    Lm3sMachine *s = LM3S6965EVB(m);
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
    if (!board_finish(m, &s->root, &board_cpu, devices, 0, error)) {
        return false;
    }
    s->cpu = m->cpus->pdata[0];
    if (!add_sysctl(s, error)) {
        return false;
    }
    wire(s);
    return true;
}

static void finalize(Object *obj)
{
    Lm3sMachine *s = LM3S6965EVB(obj);

    memory_region_destroy(&s->flash);
    memory_region_destroy(&s->sram);
    memory_region_destroy(&s->bus);
    memory_region_destroy(&s->root);
}

static void class_init(ObjectClass *oc, const TypeInfo *info)
{
    static const char *const cpus[] = { "cortex-m3", NULL };

    board_class_init(oc, cpus, 1, SRAM_SIZE, build);
    MACHINE_CLASS(oc)->nic_onboard = "stellaris";
}

const TypeInfo lm3s6965evb_type = {
    .name = TYPE_LM3S6965EVB, .parent = TYPE_MACHINE, .desc = "Stellaris LM3S6965 evaluation board (Cortex-M3)",
    .instance_size = sizeof(Lm3sMachine), .class_init = class_init, .finalize = finalize,
};
