/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The toy board: RAM at 0, one device at TOY_IO_BASE (console, exit, timer, doorbells, a copier, and words that can
 * be executed from it), and CPUs of one or several variants: -cpu toy-a:toy-b gives them in turn. -kernel is a raw
 * image, loaded at 0, where every CPU starts.
 */
#include "core/exec/clock.h"
#include "core/exec/exec.h"
#include "core/exec/loader.h"
#include "core/exec/regbank.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "targets/toy/cpu.h"

enum { PUTC, EXIT, TIMER, ACK, IPI, IPI_ACK, DMA_SRC, DMA_DST, DMA_GO, COUNT, PROG, NUM_REGS };

typedef struct ToyIo {
    Device parent;
    /* wiring */
    RegBank bank;
    CharBackend chr;
    Timer timer;
    IrqLine timer_irq;
    IrqLine ipi[8];
    /* guest state */
    uint32_t reg[NUM_REGS];
    uint32_t prog[64];
} ToyIo;

DECLARE_OBJECT(ToyIo, TOY_IO, TYPE_TOY_IO)

static void putc_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    uint8_t c = v;

    char_write(&TOY_IO(dev)->chr, &c, 1);
}

static void exit_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    machine_request_shutdown(DEVICE(dev)->machine, v);
}

static void expired(void *opaque)
{
    irq_raise(&TOY_IO(opaque)->timer_irq);
}

static void timer_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    ToyIo *s = TOY_IO(dev);

    timer_mod(&s->timer, clock_now(device_clock(&s->parent)) + (int64_t)v * 1000);
}

static void ack_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    irq_lower(&TOY_IO(dev)->timer_irq);
}

static void ipi_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    if (v < G_N_ELEMENTS(TOY_IO(dev)->ipi)) {
        irq_set(&TOY_IO(dev)->ipi[v], r->offset == TOY_IO_IPI);
    }
}

static void dma_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    ToyIo *s = TOY_IO(dev);
    uint64_t len = MIN(v, 0x10000);
    g_autofree uint8_t *buf = g_malloc(len + 1);

    if (address_space_read(s->parent.machine->sysmem, s->reg[DMA_SRC], MEMTX_ATTRS_NONE, buf, len) == MEMTX_OK) {
        address_space_write(s->parent.machine->sysmem, s->reg[DMA_DST], MEMTX_ATTRS_NONE, buf, len);
    }
}

static uint64_t count_read(void *dev, const RegDef *r, unsigned n)
{
    return TOY_IO(dev)->reg[COUNT] + 1;         /* what is read is kept */
}

static uint64_t prog_read(void *dev, const RegDef *r, unsigned n)
{
    return TOY_IO(dev)->prog[n];
}

static void prog_write(void *dev, const RegDef *r, unsigned n, uint64_t v)
{
    TOY_IO(dev)->prog[n] = v;
}

static const RegDef toy_io_regs[NUM_REGS] = {
    [PUTC]    = { TOY_IO_PUTC, "PUTC", .write = putc_write },
    [EXIT]    = { TOY_IO_EXIT, "EXIT", .write = exit_write },
    [TIMER]   = { TOY_IO_TIMER, "TIMER", .write = timer_write },
    [ACK]     = { TOY_IO_ACK, "ACK", .write = ack_write },
    [IPI]     = { TOY_IO_IPI, "IPI", .write = ipi_write },
    [IPI_ACK] = { TOY_IO_IPI_ACK, "IPI_ACK", .write = ipi_write },
    [DMA_SRC] = { TOY_IO_DMA_SRC, "DMA_SRC", .rw = UINT32_MAX },
    [DMA_DST] = { TOY_IO_DMA_DST, "DMA_DST", .rw = UINT32_MAX },
    [DMA_GO]  = { TOY_IO_DMA_GO, "DMA_GO", .write = dma_write },
    [COUNT]   = { TOY_IO_COUNT, "COUNT", .read = count_read },
    [PROG]    = { TOY_IO_PROG, "PROG", .count = 64, .read = prog_read, .write = prog_write },
};

static bool toy_io_realize(Device *dev, GError **error)
{
    ToyIo *s = TOY_IO(dev);

    regbank_init(&s->bank, dev, NULL, toy_io_regs, NUM_REGS, s->reg, TOY_IO_SIZE);
    char_connect(&s->chr, s, NULL, NULL, NULL);
    timer_init(&s->timer, device_clock(dev), expired, s);
    return true;
}

static void toy_io_unrealize(Device *dev)
{
    ToyIo *s = TOY_IO(dev);

    timer_del(&s->timer);
    char_disconnect(&s->chr);
    regbank_destroy(&s->bank);
}

static void toy_io_reset(Device *dev, ResetType type)
{
    ToyIo *s = TOY_IO(dev);

    timer_del(&s->timer);
    irq_lower(&s->timer_irq);
    for (unsigned i = 0; i < G_N_ELEMENTS(s->ipi); i++) {
        irq_lower(&s->ipi[i]);
    }
    regbank_reset(&s->bank);
    memset(s->prog, 0, sizeof(s->prog));
}

static void toy_io_init(Object *obj)
{
    ToyIo *s = TOY_IO(obj);

    device_init_irq_out(&s->parent, "timer", &s->timer_irq, 1);
    device_init_irq_out(&s->parent, "ipi", s->ipi, G_N_ELEMENTS(s->ipi));
}

static const VMStateField toy_io_vmstate[] = {
    VMSTATE_REGS(ToyIo, bank), VMSTATE_UINT_ARRAY(ToyIo, prog), VMSTATE_TIMER(ToyIo, timer), VMSTATE_END
};

static void toy_io_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = toy_io_realize;
    dc->unrealize = toy_io_unrealize;
    dc->reset = toy_io_reset;
    dc->vmstate = toy_io_vmstate;
    dc->category = "Misc";
}

static const Property toy_io_props[] = {
    { .name = "chardev", .type = PROP_CHAR, .offset = offsetof(ToyIo, chr), .help = "what it prints to" },
    PROP_END
};

const TypeInfo toy_io_type = {
    .name = TYPE_TOY_IO, .parent = TYPE_DEVICE, .desc = "the toy board's device", .instance_size = sizeof(ToyIo),
    .props = toy_io_props, .class_init = toy_io_class_init, .init = toy_io_init,
};

/* -- the board ---------------------------------------------------------------------------------------------------------- */

typedef struct ToyMachine {
    Machine parent;
    MemoryRegion root, ram;
} ToyMachine;

static bool load_image(Machine *m, GError **error)
{
    char *image;
    gsize size;
    g_autoptr(GBytes) bytes = NULL;

    if (!g_file_get_contents(m->config.kernel, &image, &size, error)) {
        return false;
    }
    bytes = g_bytes_new_take(image, size);
    if (size == 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: the file is empty", m->config.kernel);
        return false;
    }
    return rom_add(m, m->config.kernel, m->sysmem, 0, bytes, 0, error);
}

static bool toy_build(Machine *m, GError **error)
{
    ToyMachine *s = (ToyMachine *)m;
    uint64_t ram_size = m->config.ram_size ? m->config.ram_size : MACHINE_CLASS_OF(m)->default_ram;
    unsigned smp = m->config.smp ? m->config.smp : 1;
    g_auto(GStrv) models = g_strsplit(m->config.cpu ? m->config.cpu : TYPE_TOY_A, ":", -1);
    unsigned num_models = g_strv_length(models);
    Cluster *cluster;
    Chardev *serial;
    Device *io;

    memory_region_init(&s->root, &m->parent.parent, "system", UINT64_C(1) << 32);
    if (!memory_region_init_ram(&s->ram, &m->parent.parent, "ram", ram_size, error)) {
        return false;
    }
    memory_region_add(&s->root, 0, &s->ram, 0);
    m->sysmem = address_space_new(m, &s->root, "system");
    if (m->config.kernel && !load_image(m, error)) {
        return false;
    }
    io = DEVICE(object_new_child(&m->parent.parent, "io", TYPE_TOY_IO, error));
    serial = machine_take_serial(m, 0);
    if (serial && !chardev_attach(serial, &TOY_IO(io)->chr, error)) {
        return false;
    }
    if (!device_realize(io, error)) {
        return false;
    }
    memory_region_add(&s->root, TOY_IO_BASE, device_region(io, NULL), 0);
    cluster = cluster_new(m, "cluster0", m->sysmem);
    for (unsigned i = 0; i < smp; i++) {
        CPUState *cs = cluster_add_cpu(cluster, models[i % num_models], error);

        if (!cs || !device_realize(&cs->parent, error)) {
            return false;
        }
        if (i == 0) {
            device_connect_irq(io, "timer", 0, &cs->parent, "irq", 0);
        }
        if (i < 8) {
            device_connect_irq(io, "ipi", i, &cs->parent, "irq", 1);
        }
    }
    return true;
}

static void toy_machine_class_init(ObjectClass *oc, const TypeInfo *info)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->arch = "toy";
    mc->default_cpu = TYPE_TOY_A;
    mc->default_ram = 16 << 20;
    mc->default_smp = 1;
    mc->max_smp = 8;
    mc->takes = TAKES_KERNEL | TAKES_CPU_LIST;
    mc->build = toy_build;
}

static void toy_machine_finalize(Object *obj)
{
    ToyMachine *s = (ToyMachine *)obj;

    memory_region_destroy(&s->ram);
    memory_region_destroy(&s->root);
}

const TypeInfo toy_machine_type = {
    .name = "toy", .parent = TYPE_MACHINE, .desc = "made up, for tests", .instance_size = sizeof(ToyMachine),
    .class_init = toy_machine_class_init, .finalize = toy_machine_finalize,
};
