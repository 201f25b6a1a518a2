/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arm's MPS2 with its FPGA images: AN385 (Cortex-M3), AN386 (M4) and AN500 (M7) around the CMSDK (Arm DAI 0385D, 0386C, 0500B),
 * AN505 (one Cortex-M33) and AN521 (two) around the IoT kit and SSE-200 (DAI 0505B, 0521C). -kernel is an ELF file, Intel HEX,
 * or raw bytes for the start of code memory.
 *
 * On AN505 and AN521 addresses with bit 28 set are Secure, by the IDAU; which of these are Non-secure callable is what NSCCFG
 * of the security controller says. Devices stand behind the ports of peripheral protection controllers, memory but the PSRAM
 * behind memory protection controllers, all of which let Secure accesses alone through until they are told otherwise. Both
 * aliases reach the same. The second CPU of AN521 waits for CPUWAIT.
 */
#include "core/keyval.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/mps2.h"
#include "modules/hw/arm_m/sse.h"

#define MIB (1u << 20)
#define SECURE_ALIAS 0x10000000u                /* bit 28 */
enum {
    MAX_RAMS = 6, MAX_ALIASES = 4, MAX_MPCS = 7, NUM_BACKGROUNDS = 3, MAX_CPUS = 2, NUM_UARTS = 5, NUM_GPIOS = 4, NUM_SPIS = 5,
    NO_PPC = -1,
};

typedef struct Ram {
    const char *name;
    hwaddr addr;
    uint32_t size;
} Ram;
typedef struct Alias {
    hwaddr addr, of;                            /* `of`: the address of a RAM of the board */
    uint32_t size;
} Alias;

/* A device behind a port of a PPC (or NO_PPC); an address of 0x50000000 or more is of the Secure alias alone. */
typedef struct SseDevice {
    BoardDevice d;
    int ppc;
    unsigned port;
} SseDevice;
/* Memory behind an MPC. */
typedef struct SseMemory {
    const char *name;
    hwaddr addr;
    const char *size;
    hwaddr regs;                                /* of the MPC */
    unsigned status;                            /* bit of SECMPCINTSTATUS */
    int port;                                   /* of APB_PPCEXP0, or NO_PPC */
} SseMemory;
/* What several of a board's devices share, by number; 0: nothing. */
typedef struct SharedIrqs {
    unsigned uart_overrun, uart[NUM_UARTS];     /* all UARTs; each UART's all */
    unsigned spi[NUM_SPIS];                     /* some have one together */
    struct { unsigned first, count; } pin[NUM_GPIOS];       /* of each GPIO's pins */
} SharedIrqs;

typedef struct Board {
    const char *const *cpus;
    const BoardDevice *devices;
    const SseDevice *sse;
    const SseMemory *memories;
    SharedIrqs shared;
    const char *apb0_ports;
    const Ram *rams;
    const Alias *aliases;
    struct { hwaddr addr; uint64_t size; } background[NUM_BACKGROUNDS];
    hwaddr code;                                /* where the vector table is */
    uint32_t frequency, num_irq;
    unsigned num_cpus;
    bool bitband;
} Board;

typedef struct Mps2Machine {
    Machine parent;
    MemoryRegion root, devices, ram[MAX_RAMS], alias[MAX_ALIASES], background[NUM_BACKGROUNDS], secure_window;
    MemoryRegion secure_memory[MAX_MPCS];
    Device *cpu[MAX_CPUS];
} Mps2Machine;

typedef struct Mps2MachineClass {
    MachineClass parent;
    const Board *board;
} Mps2MachineClass;

/* -- AN385, AN386, AN500 --------------------------------------------------------------------------------------------------- */

#define UART(n, at, irq) { "uart" #n, "cmsdk-apb-uart", at, .serial = (n) + 1, .irqs = { { "rx", irq }, { "tx", (irq) + 1 } } }
#define GPIO(n, at, irq) { "gpio" #n, "cmsdk-ahb-gpio", at, .irqs = { { "irq", irq } } }
#define SPI(n, at) { "spi" #n, "pl022", at }
#define I2C(n, at) { "i2c" #n, "versatile-i2c", at }
#define ETHERNET(at, irq) { "eth", "lan9118", at, "id-rev", "0x92200000", .irqs = { { "irq", irq } } }
#define CMSDK_DEVICES(scc, eth) \
    { "timer0", "cmsdk-apb-timer", 0x40000000, .irqs = { { "irq", 8 } } }, \
    { "timer1", "cmsdk-apb-timer", 0x40001000, .irqs = { { "irq", 9 } } }, \
    { "dualtimer", "cmsdk-apb-dualtimer", 0x40002000, .irqs = { { "irq", 10 } } }, \
    UART(0, 0x40004000, 0), UART(1, 0x40005000, 2), UART(2, 0x40006000, 4), UART(3, 0x40007000, 18), UART(4, 0x40009000, 20), \
    { "watchdog", "cmsdk-apb-watchdog", 0x40008000, .irqs = { { "irq", BOARD_NMI } } }, \
    GPIO(0, 0x40010000, 6), GPIO(1, 0x40011000, 7), \
    GPIO(2, 0x40012000, 16), GPIO(3, 0x40013000, 17), \
    SPI(0, 0x40020000), SPI(1, 0x40021000), SPI(2, 0x40025000), SPI(3, 0x40026000), SPI(4, 0x40027000), \
    I2C(0, 0x40022000), I2C(1, 0x40023000), I2C(2, 0x40029000), I2C(3, 0x4002a000), \
    { "fpgaio", "mps2-fpgaio", 0x40028000 }, { "scc", "mps2-scc", 0x4002f000, "id", scc }, ETHERNET(eth, 13), { NULL }

#define VGA { 0x41000000, 0x200000 }
#define CMSDK_SHARED { .uart_overrun = 12, .spi = { 11, 11, 22, 23, 23 }, .pin = { { 24, 8 } } }

static const BoardDevice an385_devices[] = { CMSDK_DEVICES("0x41043850", 0x40200000) };
static const BoardDevice an386_devices[] = { CMSDK_DEVICES("0x41043860", 0x40200000) };
static const BoardDevice an500_devices[] = { CMSDK_DEVICES("0x41045000", 0xa0000000) };

static const Ram an385_rams[] = {
    { "ssram1", 0x00000000, 4 * MIB }, { "blockram", 0x01000000, 0x4000 }, { "ssram2", 0x20000000, 4 * MIB },
    { "psram", 0x21000000, 16 * MIB }, { NULL }
};
static const Ram an500_rams[] = {
    { "ssram1", 0x00000000, 4 * MIB }, { "ssram2", 0x20000000, 4 * MIB }, { "psram", 0x60000000, 16 * MIB }, { NULL }
};
static const Alias an385_aliases[] = {
    { 0x00400000, 0x00000000, 4 * MIB }, { 0x20400000, 0x20000000, 4 * MIB }, { .size = 0 }
};

static const char *const m3[] = { "cortex-m3", NULL }, *const m4[] = { "cortex-m4", NULL }, *const m7[] = { "cortex-m7", NULL };
static const char *const m33[] = { "cortex-m33", NULL };
static const Board an385 = {
    .cpus = m3, .bitband = true, .devices = an385_devices, .rams = an385_rams, .aliases = an385_aliases,
    .shared = CMSDK_SHARED, .frequency = 25000000, .num_irq = 32, .num_cpus = 1, .background = { { 0x40000000, 0x300000 }, VGA },
};
static const Board an386 = {
    .cpus = m4, .bitband = true, .devices = an386_devices, .rams = an385_rams, .aliases = an385_aliases,
    .shared = CMSDK_SHARED, .frequency = 25000000, .num_irq = 32, .num_cpus = 1, .background = { { 0x40000000, 0x300000 }, VGA },
};
static const Board an500 = {
    .cpus = m7, .devices = an500_devices, .rams = an500_rams, .aliases = an385_aliases, .shared = CMSDK_SHARED,
    .frequency = 25000000, .num_irq = 32, .num_cpus = 1, .background = { { 0x40000000, 0x100000 }, VGA, { 0xa0000000, 0x10000 } },
};

/* -- AN505, AN521 ---------------------------------------------------------------------------------------------------------- */

#define TWENTY_MHZ "frequency", "20000000"
#define SSE_DEVICES(scc) \
    { { "timer0", "cmsdk-apb-timer", 0x40000000, TWENTY_MHZ, .irqs = { { "irq", 3 } } }, APB_PPC0, 0 }, \
    { { "timer1", "cmsdk-apb-timer", 0x40001000, TWENTY_MHZ, .irqs = { { "irq", 4 } } }, APB_PPC0, 1 }, \
    { { "dualtimer", "cmsdk-apb-dualtimer", 0x40002000, TWENTY_MHZ, .irqs = { { "irq", 5 } } }, APB_PPC0, 2 }, \
    { { "s32ktimer", "cmsdk-apb-timer", 0x4002f000, "frequency", "32768", .irqs = { { "irq", 2 } } }, APB_PPC1, 0 }, \
    { { "nswatchdog", "cmsdk-apb-watchdog", 0x40081000, TWENTY_MHZ, .irqs = { { "irq", 1 }, { "reset", 0 } } }, NO_PPC }, \
    { { "swatchdog", "cmsdk-apb-watchdog", 0x50081000, TWENTY_MHZ }, NO_PPC }, \
    { { "s32kwatchdog", "cmsdk-apb-watchdog", 0x5002e000, "frequency", "32768" }, NO_PPC }, \
    { UART(0, 0x40200000, 32), APB_PPCEXP1, 5 }, { UART(1, 0x40201000, 34), APB_PPCEXP1, 6 }, \
    { UART(2, 0x40202000, 36), APB_PPCEXP1, 7 }, { UART(3, 0x40203000, 38), APB_PPCEXP1, 8 }, \
    { UART(4, 0x40204000, 40), APB_PPCEXP1, 9 }, \
    { GPIO(0, 0x40100000, 68), AHB_PPCEXP0, 1 }, { GPIO(1, 0x40101000, 69), AHB_PPCEXP0, 2 }, \
    { GPIO(2, 0x40102000, 70), AHB_PPCEXP0, 3 }, { GPIO(3, 0x40103000, 71), AHB_PPCEXP0, 4 }, \
    { SPI(0, 0x40205000), APB_PPCEXP1, 0 }, { SPI(1, 0x40206000), APB_PPCEXP1, 1 }, { SPI(2, 0x40209000), APB_PPCEXP1, 2 }, \
    { SPI(3, 0x4020a000), APB_PPCEXP1, 3 }, { SPI(4, 0x4020b000), APB_PPCEXP1, 4 }, \
    { I2C(0, 0x40207000), APB_PPCEXP1, 10 }, { I2C(1, 0x40208000), APB_PPCEXP1, 11 }, \
    { I2C(2, 0x4020c000), APB_PPCEXP1, 12 }, { I2C(3, 0x4020d000), APB_PPCEXP1, 13 }, \
    { { "scc", "mps2-scc", 0x40300000, "id", scc, .prop2 = "osc0", .value2 = "40000000" }, APB_PPCEXP2, 0 }, \
    { { "fpgaio", "mps2-fpgaio", 0x40302000, TWENTY_MHZ }, APB_PPCEXP2, 2 }, \
    { ETHERNET(0x42000000, 48), NO_PPC }, \
    { { NULL } }
#define SSE_SHARED { \
        .uart_overrun = 47, .uart = { 42, 43, 44, 45, 46 }, .spi = { 51, 52, 53, 54, 55 }, \
        .pin = { { 72, 16 }, { 88, 16 }, { 104, 16 }, { 120, 4 } }, \
    }

static const SseDevice an505_devices[] = {
    { { "sysinfo", "sse-sysinfo", 0x40020000, "version", "0x00041743" }, NO_PPC },
    { { "sysctl", "sse-sysctl", 0x50021000 }, NO_PPC },
    SSE_DEVICES("0x41045050")
};
static const SseDevice an521_devices[] = {
    { { "sysinfo", "sse-sysinfo", 0x40020000 }, NO_PPC },
    { { "sysctl", "sse-sysctl", 0x50021000, "cpu-wait", "2" }, NO_PPC },
    { { "cpuid", "sse-cpu-identity", 0x4001f000 }, NO_PPC },
    { { "mhu0", "sse-mhu", 0x40003000 }, APB_PPC0, 3 }, { { "mhu1", "sse-mhu", 0x40004000 }, APB_PPC0, 4 },
    SSE_DEVICES("0x41045210")
};

#define SSRAMS \
    { "ssram1", 0x00000000, "0x400000", 0x48007000, 16, 0 }, { "ssram2", 0x28000000, "0x200000", 0x48008000, 17, 1 }, \
    { "ssram3", 0x28200000, "0x200000", 0x48009000, 18, 2 }, { NULL }
static const SseMemory an505_memories[] = { { "sram0", 0x20000000, "0x8000", 0x50083000, 0, NO_PPC }, SSRAMS };
static const SseMemory an521_memories[] = {
    { "sram0", 0x20000000, "0x8000", 0x50083000, 0, NO_PPC }, { "sram1", 0x20008000, "0x8000", 0x50084000, 1, NO_PPC },
    { "sram2", 0x20010000, "0x8000", 0x50085000, 2, NO_PPC }, { "sram3", 0x20018000, "0x8000", 0x50086000, 3, NO_PPC }, SSRAMS
};
static const Ram an505_rams[] = { { "psram", 0x80000000, 16 * MIB }, { NULL } };
static const Alias an505_aliases[] = { { 0x90000000, 0x80000000, 16 * MIB }, { .size = 0 } };
static const Board an505 = {
    .cpus = m33, .sse = an505_devices, .memories = an505_memories, .rams = an505_rams, .aliases = an505_aliases,
    .code = 0x10000000, .shared = SSE_SHARED, .apb0_ports = "7", .frequency = 20000000, .num_irq = 124, .num_cpus = 1,
    .background = { { 0x40000000, 0x8200000 } },
};
static const Board an521 = {
    .cpus = m33, .sse = an521_devices, .memories = an521_memories, .rams = an505_rams, .aliases = an505_aliases,
    .code = 0x10000000, .shared = SSE_SHARED, .apb0_ports = "31", .frequency = 20000000, .num_irq = 124, .num_cpus = 2,
    .background = { { 0x40000000, 0x8200000 } },
};

/* -- the boards -------------------------------------------------------------------------------------------------------------- */

static const Ram *ram_at(const Board *b, hwaddr addr, unsigned *ret_index)
{
    for (unsigned i = 0; b->rams[i].name; i++) {
        if (b->rams[i].addr == addr) {
            *ret_index = i;
            return &b->rams[i];
        }
    }
    g_assert_not_reached();
}

static bool add_memory(Mps2Machine *s, const Board *b, GError **error)
{
    Object *owner = &s->parent.parent.parent;
    unsigned n;

    for (unsigned i = 0; b->rams[i].name; i++) {
        if (!memory_region_init_ram(&s->ram[i], owner, b->rams[i].name, b->rams[i].size, error)) {
            return false;
        }
        memory_region_add(&s->root, b->rams[i].addr, &s->ram[i], 0);
    }
    for (unsigned i = 0; b->aliases[i].size; i++) {
        ram_at(b, b->aliases[i].of, &n);
        memory_region_init_alias(&s->alias[i], owner, "alias", &s->ram[n], 0, b->aliases[i].size);
        memory_region_add(&s->root, b->aliases[i].addr, &s->alias[i], 0);
    }
    for (unsigned i = 0; i < NUM_BACKGROUNDS && b->background[i].size; i++) {
        board_add_background(&s->parent, &s->devices, &s->background[i], "bus", b->background[i].addr, b->background[i].size);
    }
    if (b->sse) {
        /* all of them again where bit 28 is set */
        memory_region_init_alias(&s->secure_window, owner, "secure-devices", &s->devices, 0x40000000, SECURE_ALIAS);
        memory_region_add(&s->root, 0x50000000, &s->secure_window, 0);
    }
    return true;
}

/* To each CPU's input of that number. */
static void connect(Mps2Machine *s, Device *dev, const char *out, unsigned n, const char *in, unsigned irq)
{
    for (unsigned i = 0; i < MAX_CPUS && s->cpu[i]; i++) {
        device_connect_irq(dev, out, n, s->cpu[i], in, irq);
    }
}

static Device *add_device(Mps2Machine *s, const char *name, const char *type, const char *prop, const char *value, GError **error)
{
    return board_add(&s->parent, NULL, &(BoardDevice){ name, type, .prop = prop, .value = value }, s->cpu[0], error);
}

/* A gate whose inputs are all of these outputs of a device or of several. */
static Device *add_or(Mps2Machine *s, const char *name, const char *in, unsigned irq, GError **error)
{
    Device *or = add_device(s, name, "irq-or", NULL, NULL, error);

    if (or) {
        connect(s, or, "out", 0, in, irq);
    }
    return or;
}

static Device *numbered(Mps2Machine *s, const char *name, unsigned n)
{
    g_autofree char *full = g_strdup_printf("%s%u", name, n);

    return DEVICE(object_child(&s->parent.parent.parent, full));
}

static bool share_irqs(Mps2Machine *s, const SharedIrqs *shared, GError **error)
{
    static const char *const outs[] = { "rx", "tx", "overrun" };
    Device *overrun = add_or(s, "uart-overrun", "irq", shared->uart_overrun, error), *spi = NULL;

    for (unsigned i = 0; overrun && i < NUM_UARTS; i++) {
        Device *uart = numbered(s, "uart", i), *all;
        g_autofree char *name = g_strdup_printf("uart%u-all", i);

        device_connect_irq(uart, "overrun", 0, overrun, "in", i);
        if (!shared->uart[i]) {
            continue;
        }
        all = add_or(s, name, "irq", shared->uart[i], error);
        if (!all) {
            return false;
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(outs); k++) {
            device_connect_irq(uart, outs[k], 0, all, "in", k);
        }
    }
    for (unsigned i = 0, first = 0; overrun && i < NUM_SPIS; i++) {
        g_autofree char *name = g_strdup_printf("spi%u-all", i);

        if (i == 0 || shared->spi[i] != shared->spi[first]) {
            first = i;
            spi = add_or(s, name, "irq", shared->spi[i], error);
            if (!spi) {
                return false;
            }
        }
        device_connect_irq(numbered(s, "spi", i), "intr", 0, spi, "in", i);
    }
    for (unsigned i = 0; i < NUM_GPIOS; i++) {
        for (unsigned k = 0; k < shared->pin[i].count; k++) {
            connect(s, numbered(s, "gpio", i), "pin", k, "irq", shared->pin[i].first + k);
        }
    }
    return overrun != NULL;
}

/* -- what stands behind protection controllers ------------------------------------------------------------------------------- */

static void map(Mps2Machine *s, hwaddr addr, MemoryRegion *mr)
{
    memory_region_add(addr >= 0x50000000 ? &s->root : &s->devices, addr, mr, 1);
}

static bool add_memories(Mps2Machine *s, const SseMemory *rows, Device *secctl, GError **error)
{
    for (unsigned i = 0; rows[i].name; i++) {
        const SseMemory *r = &rows[i];
        Device *mpc = add_device(s, r->name, "sie200-mpc", "size", r->size, error);
        MemoryRegion *regs, *memory, *alias = &s->secure_memory[i];

        if (!mpc) {
            return false;
        }
        regs = device_region(mpc, NULL);
        memory = device_region(mpc, "memory");
        map(s, r->regs, r->port == NO_PPC ? regs : sse_secctl_gate(secctl, APB_PPCEXP0, (unsigned)r->port, regs));
        memory_region_add(&s->root, r->addr, memory, 0);
        memory_region_init_alias(alias, &s->parent.parent.parent, "secure-memory", memory, 0, memory->size);
        memory_region_add(&s->root, r->addr | SECURE_ALIAS, alias, 0);
        device_connect_irq(mpc, "irq", 0, secctl, "mpc", r->status);
    }
    return true;
}

static bool add_sse_devices(Mps2Machine *s, const SseDevice *rows, Device *secctl, GError **error)
{
    for (; rows->d.name; rows++) {
        Device *dev = board_add(&s->parent, NULL, &rows->d, s->cpu[0], error);
        MemoryRegion *mr;

        if (!dev) {
            return false;
        }
        mr = device_region(dev, NULL);
        map(s, rows->d.addr, rows->ppc == NO_PPC ? mr : sse_secctl_gate(secctl, (SsePpc)rows->ppc, rows->port, mr));
        for (unsigned k = 0; s->cpu[1] && k < BOARD_MAX_IRQS && rows->d.irqs[k].out; k++) {
            device_connect_irq(dev, rows->d.irqs[k].out, 0, s->cpu[1], "irq", rows->d.irqs[k].irq);
        }
    }
    return true;
}

/* Interrupts of the subsystem itself (AN505, AN521: "Interrupts"). */
enum { IRQ_MHU0 = 6, IRQ_MPC = 9, IRQ_PPC = 10 };

static bool add_sse(Mps2Machine *s, const Board *b, Object *idau, GError **error)
{
    Object *owner = &s->parent.parent.parent;
    Device *secctl = add_device(s, "secctl", "sse-secctl", "apb0-ports", b->apb0_ports, error), *sysctl, *nmi;

    if (!secctl) {
        return false;
    }
    sse_idau_attach(idau, secctl);
    memory_region_add(&s->root, 0x50080000, device_region(secctl, "secure"), 1);
    memory_region_add(&s->devices, 0x40080000, device_region(secctl, "nonsecure"), 1);
    connect(s, secctl, "mpc", 0, "irq", IRQ_MPC);
    connect(s, secctl, "ppc", 0, "irq", IRQ_PPC);
    if (!add_memories(s, b->memories, secctl, error) || !add_sse_devices(s, b->sse, secctl, error)) {
        return false;
    }
    sysctl = DEVICE(object_child(owner, "sysctl"));
    for (unsigned i = 0; i < b->num_cpus; i++) {
        sse_sysctl_add_cpu(sysctl, CPU(s->cpu[i]));
    }
    nmi = add_or(s, "nmi", "nmi", 0, error);
    if (!nmi) {
        return false;
    }
    device_connect_irq(DEVICE(object_child(owner, "swatchdog")), "irq", 0, nmi, "in", 0);
    device_connect_irq(DEVICE(object_child(owner, "s32kwatchdog")), "irq", 0, nmi, "in", 1);
    device_connect_irq(DEVICE(object_child(owner, "nswatchdog")), "reset", 0, sysctl, "reset", 0);
    device_connect_irq(DEVICE(object_child(owner, "swatchdog")), "reset", 0, sysctl, "reset", 1);
    device_connect_irq(DEVICE(object_child(owner, "s32kwatchdog")), "reset", 0, sysctl, "reset", 2);
    for (unsigned i = 0; i < 2 && b->num_cpus == 2; i++) {
        for (unsigned k = 0; k < b->num_cpus; k++) {
            device_connect_irq(numbered(s, "mhu", i), "cpu", k, s->cpu[k], "irq", IRQ_MHU0 + i);
        }
    }
    return true;
}

static bool mps2_build(Machine *m, GError **error)
{
    Mps2Machine *s = (Mps2Machine *)m;
    const Board *b = ((Mps2MachineClass *)m->parent.parent.oc)->board;
    Object *owner = &m->parent.parent, *idau = NULL;
    Cluster *cluster;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    memory_region_init(&s->devices, owner, "devices", UINT64_C(1) << 32);
    memory_region_add(&s->root, 0, &s->devices, -1);
    if (!add_memory(s, b, error)) {
        return false;
    }
    m->sysmem = address_space_new(m, &s->root, "memory");
    if (b->sse) {
        idau = object_new_child(owner, "idau", "sse-idau", error);
    }
    cluster = cluster_new(m, "cluster0", m->sysmem);
    for (unsigned i = 0; i < b->num_cpus; i++) {
        CPUState *cs = cluster_add_cpu(cluster, m->config.cpu, error);

        if (!cs) {
            return false;
        }
        s->cpu[i] = &cs->parent;
        object_set_uint(&cs->parent.parent, "frequency", b->frequency);
        object_set_uint(&cs->parent.parent, "num-irq", b->num_irq);
        if (b->sse) {
            object_set_link(&cs->parent.parent, "idau", idau);
            object_set_uint(&cs->parent.parent, "init-svtor", b->code);
        }
        object_set_bool(&cs->parent.parent, "bitband", b->bitband);
        object_set_bool(&cs->parent.parent, "start-powered-off", i > 0);
        if (!device_realize(&cs->parent, error)) {
            return false;
        }
    }
    return (b->sse ? add_sse(s, b, idau, error) : board_add_all(m, &s->devices, b->devices, s->cpu[0], error)) &&
           share_irqs(s, &b->shared, error) && board_load(m, b->code, error);
}

static void mps2_finalize(Object *obj)
{
    Mps2Machine *s = (Mps2Machine *)obj;

    memory_region_destroy(&s->secure_window);
    for (unsigned i = 0; i < MAX_MPCS; i++) {
        memory_region_destroy(&s->secure_memory[i]);
    }
    for (unsigned i = 0; i < MAX_ALIASES; i++) {
        memory_region_destroy(&s->alias[i]);
    }
    for (unsigned i = 0; i < MAX_RAMS; i++) {
        memory_region_destroy(&s->ram[i]);
    }
    for (unsigned i = 0; i < NUM_BACKGROUNDS; i++) {
        memory_region_destroy(&s->background[i]);
    }
    memory_region_destroy(&s->devices);
    memory_region_destroy(&s->root);
}

static void mps2_class_init(ObjectClass *oc, const TypeInfo *info)
{
    const Board *b = info->class_data;

    ((Mps2MachineClass *)oc)->board = b;
    board_class_init(oc, b->cpus, b->num_cpus, 16 * MIB, mps2_build);
    MACHINE_CLASS(oc)->nic_onboard = "lan9118";
}

#define BOARD(name_, board, desc_) \
    { .name = "mps2-" name_ "-arm-m-machine", .parent = TYPE_MACHINE, .desc = desc_, .instance_size = sizeof(Mps2Machine), \
      .class_size = sizeof(Mps2MachineClass), .class_data = &board, .class_init = mps2_class_init, .finalize = mps2_finalize }
const TypeInfo mps2_types[MPS2_NUM_BOARDS] = {
    BOARD("an385", an385, "Arm MPS2 with AN385 (Cortex-M3)"), BOARD("an386", an386, "Arm MPS2 with AN386 (Cortex-M4)"),
    BOARD("an500", an500, "Arm MPS2 with AN500 (Cortex-M7)"), BOARD("an505", an505, "Arm MPS2 with AN505 (Cortex-M33)"),
    BOARD("an521", an521, "Arm MPS2 with AN521 (two Cortex-M33s)"),
};
