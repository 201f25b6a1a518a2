/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arm's MPS2 with its FPGA images: AN385 (Cortex-M3), AN386 (M4) and AN500 (M7) around the CMSDK (Arm DAI 0385D, 0386C, 0500B),
 * AN505 (one Cortex-M33) and AN521 (two) around the IoT kit and SSE-200 (DAI 0505B, 0521C). -kernel is an ELF file, Intel HEX,
 * or raw bytes for the start of code memory.
 *
 * On AN505 and AN521 addresses with bit 28 set are Secure, by the IDAU; which of these are Non-secure callable is what NSCCFG
 * of the security controller says. The peripheral and memory protection controllers let everything pass, and so both
 * aliases reach memory and devices always (docs/CAVEATS.md). The second CPU of AN521 starts off.
 */
#include "core/exec/regbank.h"
#include "core/keyval.h"
#include "modules/hw/arm_m/board.h"
#include "modules/hw/arm_m/mps2.h"
#include "targets/arm/iface/m_profile.h"

#define MIB (1u << 20)
enum { MAX_RAMS = 6, MAX_ALIASES = 12, NUM_BACKGROUNDS = 2, MAX_CPUS = 2 };

typedef struct Ram {
    const char *name;
    hwaddr addr;
    uint32_t size;
} Ram;
typedef struct Alias {
    hwaddr addr, of;                            /* `of`: the address of a RAM of the board */
    uint32_t size;
} Alias;

typedef struct Board {
    const char *const *cpus;
    const BoardDevice *devices;
    const Ram *rams;
    const Alias *aliases;
    struct { hwaddr addr; uint64_t size; } background[NUM_BACKGROUNDS];
    const char *scc_id;
    hwaddr code;                                /* where the vector table is */
    uint32_t frequency, num_irq;
    unsigned num_cpus;
    bool bitband;
    bool secure;                                /* bit 28 tells Secure addresses */
} Board;

typedef struct Mps2Machine {
    Machine parent;
    MemoryRegion root, devices, ram[MAX_RAMS], alias[MAX_ALIASES], background[NUM_BACKGROUNDS], secure_window;
} Mps2Machine;

typedef struct Mps2MachineClass {
    MachineClass parent;
    const Board *board;
} Mps2MachineClass;

/* -- AN385, AN386, AN500 --------------------------------------------------------------------------------------------------- */

#define UART(n, at, irq) { "uart" #n, "cmsdk-apb-uart", at, .serial = (n) + 1, .irqs = { { "rx", irq }, { "tx", (irq) + 1 } } }
#define GPIO(n, at, irq) { "gpio" #n, "cmsdk-ahb-gpio", at, .irqs = { { "irq", irq } } }
#define ETHERNET(at, irq) { "eth", "lan9118", at, "id-rev", "0x92200000", .irqs = { { "irq", irq } } }
#define CMSDK_DEVICES(scc, eth) \
    { "timer0", "cmsdk-apb-timer", 0x40000000, .irqs = { { "irq", 8 } } }, \
    { "timer1", "cmsdk-apb-timer", 0x40001000, .irqs = { { "irq", 9 } } }, \
    { "dualtimer", "cmsdk-apb-dualtimer", 0x40002000, .irqs = { { "irq", 10 } } }, \
    UART(0, 0x40004000, 0), UART(1, 0x40005000, 2), UART(2, 0x40006000, 4), UART(3, 0x4002c000, 18), UART(4, 0x4002d000, 20), \
    { "watchdog", "cmsdk-apb-watchdog", 0x40008000, .irqs = { { "irq", BOARD_NMI } } }, \
    GPIO(0, 0x40010000, 6), GPIO(1, 0x40011000, 7), \
    { "gpio2", "cmsdk-ahb-gpio", 0x40012000 }, { "gpio3", "cmsdk-ahb-gpio", 0x40013000 }, \
    { "fpgaio", "mps2-fpgaio", 0x40028000 }, { "scc", "mps2-scc", 0x4002f000, "id", scc }, ETHERNET(eth, 13), { NULL }

static const BoardDevice an385_devices[] = { CMSDK_DEVICES("0x41043850", 0x40200000) };
static const BoardDevice an386_devices[] = { CMSDK_DEVICES("0x41043860", 0x40200000) };
static const BoardDevice an500_devices[] = { CMSDK_DEVICES("0x41045000", 0xa0000000) };

static const Ram an385_rams[] = {
    { "ssram1", 0x00000000, 4 * MIB }, { "ssram2", 0x20000000, 4 * MIB }, { "psram", 0x21000000, 16 * MIB }, { NULL }
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
    .frequency = 25000000, .num_irq = 32, .num_cpus = 1, .background = { { 0x40000000, 0x300000 } },
};
static const Board an386 = {
    .cpus = m4, .bitband = true, .devices = an386_devices, .rams = an385_rams, .aliases = an385_aliases,
    .frequency = 25000000, .num_irq = 32, .num_cpus = 1, .background = { { 0x40000000, 0x300000 } },
};
static const Board an500 = {
    .cpus = m7, .devices = an500_devices, .rams = an500_rams, .aliases = an385_aliases, .frequency = 25000000, .num_irq = 32,
    .num_cpus = 1, .background = { { 0x40000000, 0x100000 }, { 0xa0000000, 0x10000 } },
};

/* -- AN505, AN521 ---------------------------------------------------------------------------------------------------------- */

#define SSE_DEVICES(scc) \
    { "timer0", "cmsdk-apb-timer", 0x40000000, "frequency", "20000000", .irqs = { { "irq", 3 } } }, \
    { "timer1", "cmsdk-apb-timer", 0x40001000, "frequency", "20000000", .irqs = { { "irq", 4 } } }, \
    { "dualtimer", "cmsdk-apb-dualtimer", 0x40002000, "frequency", "20000000", .irqs = { { "irq", 5 } } }, \
    { "s32ktimer", "cmsdk-apb-timer", 0x4002f000, "frequency", "32768", .irqs = { { "irq", 2 } } }, \
    { "watchdog", "cmsdk-apb-watchdog", 0x40081000, "frequency", "20000000", .irqs = { { "irq", BOARD_NMI } } }, \
    { "secctl", "mps2-secctl", 0x40080000 }, \
    UART(0, 0x40200000, 32), UART(1, 0x40201000, 34), UART(2, 0x40202000, 36), UART(3, 0x40203000, 38), UART(4, 0x40204000, 40), \
    { "gpio0", "cmsdk-ahb-gpio", 0x40100000 }, { "gpio1", "cmsdk-ahb-gpio", 0x40101000 }, \
    { "gpio2", "cmsdk-ahb-gpio", 0x40102000 }, { "gpio3", "cmsdk-ahb-gpio", 0x40103000 }, \
    { "scc", "mps2-scc", 0x40300000, "id", scc }, { "fpgaio", "mps2-fpgaio", 0x40302000, "frequency", "20000000" }, \
    ETHERNET(0x42000000, 48), { NULL }

static const BoardDevice an505_devices[] = { SSE_DEVICES("0x41045050") };
static const BoardDevice an521_devices[] = { SSE_DEVICES("0x41045210") };

static const Ram an505_rams[] = {
    { "ssram1", 0x00000000, 4 * MIB }, { "sram", 0x20000000, MIB / 8 }, { "ssram2", 0x28000000, 2 * MIB },
    { "ssram3", 0x28200000, 2 * MIB }, { "psram", 0x80000000, 16 * MIB }, { NULL }
};
static const Alias an505_aliases[] = {
    { 0x10000000, 0x00000000, 4 * MIB }, { 0x30000000, 0x20000000, MIB / 8 }, { 0x38000000, 0x28000000, 2 * MIB },
    { 0x38200000, 0x28200000, 2 * MIB }, { 0x90000000, 0x80000000, 16 * MIB }, { .size = 0 }
};
static const Board an505 = {
    .cpus = m33, .devices = an505_devices, .rams = an505_rams, .aliases = an505_aliases, .code = 0x10000000,
    .frequency = 20000000, .num_irq = 124, .num_cpus = 1, .secure = true, .background = { { 0x40000000, 0x8200000 } },
};
static const Board an521 = {
    .cpus = m33, .devices = an521_devices, .rams = an505_rams, .aliases = an505_aliases, .code = 0x10000000,
    .frequency = 20000000, .num_irq = 124, .num_cpus = 2, .secure = true, .background = { { 0x40000000, 0x8200000 } },
};

/* -- the security controller, and the IDAU that looks at it ----------------------------------------------------------------- */

enum { SC_SECRESPCFG, SC_NSCCFG, SC_SECMPCINTSTATUS, SC_PPC, SC_NUM, NSC_CODE = 1, NSC_RAM = 2 };

typedef struct SecCtl {
    Device parent;
    RegBank bank;
    uint32_t reg[SC_NUM], ppc[0x3d0];
} SecCtl;
DECLARE_OBJECT(SecCtl, MPS2_SECCTL, "mps2-secctl")

static uint64_t ppc_read(void *dev, const RegDef *r, unsigned n)
{
    return MPS2_SECCTL(dev)->ppc[n];
}

static void ppc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    MPS2_SECCTL(dev)->ppc[n] = v;
}

static const RegDef secctl_regs[SC_NUM] = {
    [SC_SECRESPCFG] = { 0x010, "SECRESPCFG", .rw = 1 }, [SC_NSCCFG] = { 0x014, "NSCCFG", .rw = 3 },
    [SC_SECMPCINTSTATUS] = { 0x01c, "SECMPCINTSTATUS" },
    [SC_PPC] = { 0x020, "PPC", .read = ppc_read, .write = ppc_write, .count = 0x3d0, .no_store = true },
};

static bool secctl_realize(Device *dev, GError **error)
{
    regbank_init(&MPS2_SECCTL(dev)->bank, dev, NULL, secctl_regs, SC_NUM, MPS2_SECCTL(dev)->reg, 0x1000);
    return true;
}

static void secctl_unrealize(Device *dev)
{
    regbank_destroy(&MPS2_SECCTL(dev)->bank);
}

static void secctl_reset(Device *dev, ResetType type)
{
    regbank_reset(&MPS2_SECCTL(dev)->bank);
    memset(MPS2_SECCTL(dev)->ppc, 0, sizeof(MPS2_SECCTL(dev)->ppc));
}

static const VMStateField secctl_vmstate[] = {
    VMSTATE_REGS(SecCtl, bank), VMSTATE_UINT_ARRAY(SecCtl, ppc), VMSTATE_END
};

static void secctl_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = secctl_realize;
    dc->unrealize = secctl_unrealize;
    dc->reset = secctl_reset;
    dc->vmstate = secctl_vmstate;
    dc->category = "Misc";
}

const TypeInfo mps2_secctl_type = {
    .name = "mps2-secctl", .parent = TYPE_DEVICE, .desc = "security controller of the IoT kit", .instance_size = sizeof(SecCtl),
    .class_init = secctl_class_init,
};

typedef struct Mps2Idau {
    ArmIdau parent;
    SecCtl *secctl;
} Mps2Idau;

static ArmIdauResult idau_check(ArmIdau *idau, uint32_t addr)
{
    const SecCtl *s = ((Mps2Idau *)idau)->secctl;
    uint32_t nsc = s ? __atomic_load_n(&s->reg[SC_NSCCFG], __ATOMIC_RELAXED) : 0;
    unsigned region = addr >> 28;
    bool secure = region & 1;

    if (region >= 0xe) {
        return (ArmIdauResult){ .ns = true, .exempt = true, .region = -1 };
    }
    return (ArmIdauResult){
        .ns = !secure, .nsc = (region == 1 && nsc & NSC_CODE) || (region == 3 && nsc & NSC_RAM), .region = region,
    };
}

static void idau_init(Object *obj)
{
    ((ArmIdau *)obj)->check = idau_check;
}

const TypeInfo mps2_idau_type = {
    .name = "mps2-idau", .parent = TYPE_ARM_IDAU, .desc = "IDAU of the IoT kit", .instance_size = sizeof(Mps2Idau),
    .init = idau_init,
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
    if (b->secure) {
        /* all of them again where bit 28 is set */
        memory_region_init_alias(&s->secure_window, owner, "secure-devices", &s->devices, 0x40000000, 0x10000000);
        memory_region_add(&s->root, 0x50000000, &s->secure_window, 0);
    }
    return true;
}

static bool mps2_build(Machine *m, GError **error)
{
    Mps2Machine *s = (Mps2Machine *)m;
    const Board *b = ((Mps2MachineClass *)m->parent.parent.oc)->board;
    Object *owner = &m->parent.parent, *idau = NULL;
    Device *cpu[MAX_CPUS] = { NULL };
    Cluster *cluster;

    memory_region_init(&s->root, owner, "system", UINT64_C(1) << 32);
    memory_region_init(&s->devices, owner, "devices", UINT64_C(1) << 32);
    memory_region_add(&s->root, 0, &s->devices, -1);
    if (!add_memory(s, b, error)) {
        return false;
    }
    m->sysmem = address_space_new(m, &s->root, "memory");
    if (b->secure) {
        idau = object_new_child(owner, "idau", "mps2-idau", error);
    }
    cluster = cluster_new(m, "cluster0", m->sysmem);
    for (unsigned i = 0; i < b->num_cpus; i++) {
        CPUState *cs = cluster_add_cpu(cluster, m->config.cpu, error);

        if (!cs) {
            return false;
        }
        cpu[i] = &cs->parent;
        object_set_uint(&cpu[i]->parent, "frequency", b->frequency);
        object_set_uint(&cpu[i]->parent, "num-irq", b->num_irq);
        if (b->secure) {
            object_set_link(&cpu[i]->parent, "idau", idau);
            object_set_uint(&cpu[i]->parent, "init-svtor", b->code);
        }
        object_set_bool(&cpu[i]->parent, "bitband", b->bitband);
        object_set_bool(&cpu[i]->parent, "start-powered-off", i > 0);
        if (!device_realize(cpu[i], error)) {
            return false;
        }
    }
    if (!board_add_all(m, &s->devices, b->devices, cpu[0], error)) {
        return false;
    }
    if (idau) {
        ((Mps2Idau *)idau)->secctl = MPS2_SECCTL(object_child(owner, "secctl"));
    }
    for (unsigned i = 1; i < b->num_cpus; i++) {
        for (const BoardDevice *d = b->devices; d->name; d++) {
            for (unsigned k = 0; k < BOARD_MAX_IRQS && d->irqs[k].out; k++) {
                if (d->irqs[k].irq >= 0) {
                    device_connect_irq(DEVICE(object_child(owner, d->name)), d->irqs[k].out, 0, cpu[i], "irq", d->irqs[k].irq);
                }
            }
        }
    }
    return board_load(m, b->code, error);
}

static void mps2_finalize(Object *obj)
{
    Mps2Machine *s = (Mps2Machine *)obj;

    memory_region_destroy(&s->secure_window);
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
