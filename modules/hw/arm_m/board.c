/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What boards with M-profile CPUs have in common: see board.h. */
#include <elf.h>
#include <inttypes.h>

#include "core/exec/loader.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "core/log.h"
#include "modules/hw/arm_m/board.h"

Device *board_add(Machine *m, MemoryRegion *root, const BoardDevice *row, Device *cpu, GError **error)
{
    const MachineClass *mc = MACHINE_CLASS(m->parent.parent.oc);
    Object *obj = object_new_child(&m->parent.parent, row->name, row->type, error);
    Chardev *chr = row->serial ? machine_take_serial(m, row->serial - 1) : NULL;
    bool plain = m->config.nic_named && g_strcmp0(row->type, mc->nic_onboard) == 0;

    if (!obj || (chr && !object_set(obj, "chardev", chardev_id(chr), error))) {
        return NULL;
    }
    if (m->config.nic && class_find_property(obj->oc, "netdev") &&
        (!object_set(obj, "netdev", m->config.nic, error) ||
         (m->config.nic_mac && class_find_property(obj->oc, "mac") && !object_set(obj, "mac", m->config.nic_mac, error)))) {
        return NULL;
    }
    if ((row->prop && !plain && !object_set(obj, row->prop, row->value, error)) ||
        (row->prop2 && !object_set(obj, row->prop2, row->value2, error))) {
        return NULL;
    }
    if (!device_realize(DEVICE(obj), error)) {
        return NULL;
    }
    if (root) {
        memory_region_add(root, row->addr, device_region(DEVICE(obj), NULL), 0);
    }
    for (unsigned i = 0; i < BOARD_MAX_IRQS && row->irqs[i].out; i++) {
        int irq = row->irqs[i].irq;

        device_connect_irq(DEVICE(obj), row->irqs[i].out, 0, cpu, irq == BOARD_NMI ? "nmi" : "irq", irq == BOARD_NMI ? 0 : irq);
    }
    return DEVICE(obj);
}

bool board_add_all(Machine *m, MemoryRegion *root, const BoardDevice *rows, Device *cpu, GError **error)
{
    for (; rows->name; rows++) {
        if (!board_add(m, root, rows, cpu, error)) {
            return false;
        }
    }
    return true;
}

static MemTxResult background_read(void *opaque, hwaddr offset, unsigned size, uint64_t *value, MemTxAttrs attrs)
{
    const MemoryRegion *mr = opaque;

    log_unimp("%s: read of 0x%" PRIx64 "\n", mr->name, offset);
    *value = 0;
    return MEMTX_OK;
}

static MemTxResult background_write(void *opaque, hwaddr offset, unsigned size, uint64_t value, MemTxAttrs attrs)
{
    const MemoryRegion *mr = opaque;

    log_unimp("%s: write of 0x%" PRIx64 " to 0x%" PRIx64 "\n", mr->name, value, offset);
    return MEMTX_OK;
}

static const MemoryRegionOps background_ops = { .read = background_read, .write = background_write };

void board_add_background(Machine *m, MemoryRegion *root, MemoryRegion *mr, const char *name, hwaddr addr, uint64_t size)
{
    memory_region_init_io(mr, &m->parent.parent, &background_ops, mr, name, size);
    memory_region_add(root, addr, mr, -1);
}

bool board_load(Machine *m, hwaddr base, GError **error)
{
    const LoaderOps *ops = m->config.kernel ? loader_ops(m, error) : NULL;
    Image *image = ops ? ops->open(m->config.kernel, false, error) : NULL;
    bool ok = image != NULL;

    if (!m->config.kernel) {
        return true;
    }
    if (ok && image->format == IMAGE_ELF && (image->elf_machine != EM_ARM || image->elf64 || image->big_endian)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: an ELF file of another architecture (machine %u), not 32-bit Arm",
                    m->config.kernel, image->elf_machine);
        ok = false;
    }
    for (unsigned i = 0; ok && i < image->segments->len; i++) {
        ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        hwaddr addr = image->format == IMAGE_ELF || image->format == IMAGE_HEX ? s->addr : base;

        ok = s->mem_size == 0 || rom_add(m, m->config.kernel, m->sysmem, addr, s->data, s->mem_size, error);
    }
    if (image) {
        ops->free(image);
    }
    return ok;
}

bool board_finish(Machine *m, MemoryRegion *root, const BoardCpu *c, const BoardDevice *devices, hwaddr base, GError **error)
{
    CPUState *cs = cluster_add_cpu(cluster_new(m, "cluster0", m->sysmem), m->config.cpu, error);
    Object *obj = cs ? &cs->parent.parent : NULL;

    if (!obj) {
        return false;
    }
    object_set_uint(obj, "frequency", c->frequency);
    if (c->num_irq) {
        object_set_uint(obj, "num-irq", c->num_irq);
    }
    if (c->num_prio_bits) {
        object_set_uint(obj, "num-prio-bits", c->num_prio_bits);
    }
    object_set_bool(obj, "bitband", c->bitband);
    return device_realize(&cs->parent, error) && board_add_all(m, root, devices, &cs->parent, error) &&
           board_load(m, base, error);
}

void board_class_init(ObjectClass *oc, const char *const *cpus, unsigned num_cpus, uint64_t ram,
                      bool (*build)(Machine *m, GError **error))
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->arch = "arm-m";
    mc->default_cpu = cpus[0];
    mc->valid_cpus = cpus;
    mc->default_ram = ram;
    mc->default_smp = mc->max_smp = num_cpus;
    mc->takes = TAKES_KERNEL;
    mc->build = build;
}
