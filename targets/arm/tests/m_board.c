/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * m-test: a board for tests of the M-profile CPU. Memory where the boards of the MPS2 have it, one device, and an IDAU by
 * which bit 28 of an address tells the Security states apart. -kernel is a raw image, loaded at 0. Not installed.
 *
 *   0x00000000, 0x10000000  4 MiB of code        0x20000000, 0x30000000, 0x28000000, 0x38000000  4 MiB of data
 *   0x40004000, 0x40200000, 0x50200000           the device
 */
#include "core/exec/cpu.h"
#include "core/exec/loader.h"
#include "core/exec/regbank.h"
#include "core/io/char.h"
#include "core/module.h"
#include "targets/arm/iface/m_profile.h"

#define TYPE_M_TEST_IO "m-test-io"
#define TYPE_M_TEST_IDAU "m-test-idau"
enum { DATA, STATE, CTRL, EXIT, SET, CLEAR, PULSE, NMI, ATTRS, NUM_REGS, NUM_LINES = 240, IO_SIZE = 0x1000 };

/* -- the device ---------------------------------------------------------------------------------------------------------- */

typedef struct MTestIo {
    Device parent;
    RegBank bank;
    CharBackend chr;
    IrqLine irq[NUM_LINES], nmi;
    uint32_t reg[NUM_REGS];
} MTestIo;
DECLARE_OBJECT(MTestIo, M_TEST_IO, TYPE_M_TEST_IO)

static void data_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    uint8_t c = v;

    char_write(&M_TEST_IO(dev)->chr, &c, 1);
}

static void exit_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    machine_request_shutdown(DEVICE(dev)->machine, v);
}

static void line_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    MTestIo *s = M_TEST_IO(dev);
    IrqLine *line = r->offset == 0x30 ? &s->nmi : v < NUM_LINES ? &s->irq[v] : NULL;

    if (line && r->offset != 0x24) {
        irq_raise(line);
    }
    if (line && r->offset != 0x20) {
        irq_lower(line);
    }
}

/* What came with the access: Secure 1, privileged 2. */
static uint64_t attrs_read(void *dev, const RegDef *r, unsigned n)
{
    const MemTxAttrs *a = &M_TEST_IO(dev)->bank.attrs;

    return (a->pas == PAS_SECURE) | a->privileged << 1;
}

static const RegDef io_regs[NUM_REGS] = {
    [DATA]  = { 0x00, "DATA", .write = data_write },
    [STATE] = { 0x04, "STATE" },
    [CTRL]  = { 0x08, "CTRL", .rw = UINT32_MAX },
    [EXIT]  = { 0x14, "EXIT", .write = exit_write },
    [SET]   = { 0x20, "SET", .write = line_write },
    [CLEAR] = { 0x24, "CLEAR", .write = line_write },
    [PULSE] = { 0x28, "PULSE", .write = line_write },
    [NMI]   = { 0x30, "NMI", .write = line_write },
    [ATTRS] = { 0x34, "ATTRS", .read = attrs_read },
};

static bool io_realize(Device *dev, GError **error)
{
    MTestIo *s = M_TEST_IO(dev);

    regbank_init(&s->bank, dev, NULL, io_regs, NUM_REGS, s->reg, IO_SIZE);
    char_connect(&s->chr, s, NULL, NULL, NULL);
    return true;
}

static void io_unrealize(Device *dev)
{
    char_disconnect(&M_TEST_IO(dev)->chr);
    regbank_destroy(&M_TEST_IO(dev)->bank);
}

static void io_reset(Device *dev, ResetType type)
{
    MTestIo *s = M_TEST_IO(dev);

    regbank_reset(&s->bank);
    for (unsigned i = 0; i < NUM_LINES; i++) {
        irq_lower(&s->irq[i]);
    }
}

static void io_init(Object *obj)
{
    device_init_irq_out(DEVICE(obj), "irq", M_TEST_IO(obj)->irq, NUM_LINES);
    device_init_irq_out(DEVICE(obj), "nmi", &M_TEST_IO(obj)->nmi, 1);
}

static void io_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = io_realize;
    dc->unrealize = io_unrealize;
    dc->reset = io_reset;
    dc->category = "Misc";
}

static const Property io_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(MTestIo, chr), .help = "what it prints to" }, PROP_END
};

static const TypeInfo io_type = {
    .name = TYPE_M_TEST_IO, .parent = TYPE_DEVICE, .desc = "the device of m-test", .instance_size = sizeof(MTestIo),
    .props = io_props, .class_init = io_class_init, .init = io_init,
};

/* -- IDAU ------------------------------------------------------------------------------------------------------------------ */

static ArmIdauResult idau_check(ArmIdau *idau, uint32_t addr)
{
    bool secure = addr >> 28 & 1 && addr < 0xe0000000;

    return (ArmIdauResult){ .ns = !secure, .nsc = secure, .region = addr >> 28 };
}

static void idau_init(Object *obj)
{
    ((ArmIdau *)obj)->check = idau_check;
}

static const TypeInfo idau_type = {
    .name = TYPE_M_TEST_IDAU, .parent = TYPE_ARM_IDAU, .desc = "the IDAU of m-test", .init = idau_init,
};

/* -- the board ------------------------------------------------------------------------------------------------------------- */

enum { NUM_ALIASES = 6 };
typedef struct MTestMachine {
    Machine parent;
    MemoryRegion root, code, data, alias[NUM_ALIASES];
    bool no_memory;
} MTestMachine;

static bool load_image(Machine *m, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    char *data;
    gsize size;

    if (!g_file_get_contents(m->config.kernel, &data, &size, error)) {
        return false;
    }
    bytes = g_bytes_new_take(data, size);
    return rom_add(m, m->config.kernel, m->sysmem, 0, bytes, 0, error);
}

static bool build(Machine *m, GError **error)
{
    static const struct { hwaddr at; bool code; } aliases[] = {
        { 0x10000000, true }, { 0x28000000, false }, { 0x30000000, false }, { 0x38000000, false },
    };
    MTestMachine *s = (MTestMachine *)m;
    Object *obj = &m->parent.parent;
    unsigned n = 0;
    Cluster *cluster;
    CPUState *cs;
    Device *io, *cpu;
    Chardev *chr;

    memory_region_init(&s->root, obj, "system", UINT64_C(1) << 32);
    if (!memory_region_init_ram(&s->code, obj, "code", 4 << 20, error) ||
        !memory_region_init_ram(&s->data, obj, "data", 4 << 20, error)) {
        return false;
    }
    if (!s->no_memory) {
        memory_region_add(&s->root, 0, &s->code, 0);
    }
    memory_region_add(&s->root, 0x20000000, &s->data, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(aliases) && !s->no_memory; i++, n++) {
        memory_region_init_alias(&s->alias[n], obj, "alias", aliases[i].code ? &s->code : &s->data, 0, 4 << 20);
        memory_region_add(&s->root, aliases[i].at, &s->alias[n], 0);
    }
    m->sysmem = address_space_new(m, &s->root, "system");
    if (m->config.kernel && !load_image(m, error)) {
        return false;
    }
    io = DEVICE(object_new_child(obj, "io", TYPE_M_TEST_IO, error));
    chr = machine_take_serial(m, 0);
    if (chr && !chardev_attach(chr, &M_TEST_IO(io)->chr, error)) {
        return false;
    }
    if (!device_realize(io, error)) {
        return false;
    }
    memory_region_add(&s->root, 0x40004000, device_region(io, NULL), 0);
    for (unsigned i = 0; i < 2; i++, n++) {
        memory_region_init_alias(&s->alias[n], obj, "io-alias", device_region(io, NULL), 0, IO_SIZE);
        memory_region_add(&s->root, i ? 0x50200000 : 0x40200000, &s->alias[n], 0);
    }
    g_assert(n <= NUM_ALIASES);
    cluster = cluster_new(m, "cluster0", m->sysmem);
    cs = cluster_add_cpu(cluster, m->config.cpu, error);
    if (!cs) {
        return false;
    }
    cpu = &cs->parent;
    if (strstr(m->config.cpu, "-m23") || strstr(m->config.cpu, "-m33")) {
        Object *idau = object_new_child(obj, "idau", TYPE_M_TEST_IDAU, error);

        object_set_link(&cpu->parent, "idau", idau);
        object_set_uint(&cpu->parent, "init-svtor", 0x10000000);
    }
    if (strstr(m->config.cpu, "-m3-") || strstr(m->config.cpu, "-m4-")) {
        object_set_bool(&cpu->parent, "bitband", true);
    }
    if (!device_realize(cpu, error)) {
        return false;
    }
    for (unsigned i = 0; i < MIN(NUM_LINES, object_get_uint(&cpu->parent, "num-irq")); i++) {
        device_connect_irq(io, "irq", i, cpu, "irq", i);
    }
    device_connect_irq(io, "nmi", 0, cpu, "nmi", 0);
    return true;
}

static void finalize(Object *obj)
{
    MTestMachine *s = (MTestMachine *)obj;

    for (unsigned i = 0; i < NUM_ALIASES; i++) {
        memory_region_destroy(&s->alias[i]);
    }
    memory_region_destroy(&s->code);
    memory_region_destroy(&s->data);
    memory_region_destroy(&s->root);
}

static void machine_class_init(ObjectClass *oc, const TypeInfo *info)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->arch = "arm-m";
    mc->default_cpu = "cortex-m33-arm-m-cpu";
    mc->default_ram = 8 << 20;
    mc->takes = TAKES_KERNEL;
    mc->default_smp = mc->max_smp = 1;
    mc->build = build;
}

static const Property machine_props[] = {
    PROP_DEF("no-memory", MTestMachine, no_memory, PROP_BOOL, 0, "there is nothing at the vector table"), PROP_END
};

static const TypeInfo machine_info = {
    .name = "m-test", .parent = TYPE_MACHINE, .desc = "for tests of M-profile", .instance_size = sizeof(MTestMachine),
    .props = machine_props, .class_init = machine_class_init, .finalize = finalize,
};

static const TypeInfo *const types[] = { &io_type, &idau_type, &machine_info, NULL };
static const char *const needs[] = { "arm", NULL };
CHIMERA_MODULE(.name = "arm-m-test", .types = types, .needs = needs);
