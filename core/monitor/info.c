/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `info ...`: what there is, and how it stands. */
#include <string.h>
#include "core/exec/exec.h"
#include "core/exec/loader.h"
#include "core/io/block.h"
#include "core/io/net.h"
#include "core/monitor/monitor_int.h"
#include "core/version.h"

static void info_version(MonitorCall *c)
{
    monitor_print(c, "Chimera " CHIMERA_VERSION "\n");
}

static void info_status(MonitorCall *c)
{
    const char *text = c->m->state == RUN_SHUTDOWN ? "paused (shutdown)" : debug_is_paused(c->m) ? "paused" : "running";

    monitor_print(c, "VM status: %s\n", text);
}

/* -- CPUs ---------------------------------------------------------------------------------------------------------------- */

static const char *cpu_state(const CPUState *cs)
{
    return __atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) ? "off" : cs->halted ? "halted" : "running";
}

static void get_pc(CPUState *cs, void *opaque)
{
    *(vaddr *)opaque = CPU_CLASS_OF(cs)->get_pc(cs);
}

static void print_cpu(MonitorCall *c, CPUState *cs)
{
    vaddr pc = 0;

    cpu_run_on(cs, get_pc, &pc, true);
    monitor_print(c, "%c CPU #%u: %s, cluster %s, %s, pc 0x%" G_GINT64_MODIFIER "x\n", cs == monitor_cpu(c->mon) ? '*' : ' ',
                  cs->index, cs->parent.parent.oc->info->name, cs->cluster->name, cpu_state(cs), pc);
}

static void info_cpus(MonitorCall *c)
{
    for (unsigned i = 0; i < c->m->cpus->len; i++) {
        print_cpu(c, c->m->cpus->pdata[i]);
    }
}

static void info_clusters(MonitorCall *c)
{
    for (unsigned i = 0; i < c->m->clusters->len; i++) {
        const Cluster *cl = c->m->clusters->pdata[i];

        monitor_print(c, "%s: %u CPU%s, address space %s\n", cl->name, cl->cpus->len, cl->cpus->len == 1 ? "" : "s",
                      address_space_name(cl->as));
        for (unsigned k = 0; k < cl->cpus->len; k++) {
            print_cpu(c, cl->cpus->pdata[k]);
        }
    }
}

static void dump_registers(CPUState *cs, void *opaque)
{
    if (CPU_CLASS_OF(cs)->dump) {
        CPU_CLASS_OF(cs)->dump(cs, opaque);
    }
}

/* [-a]: of all CPUs; [NAME]: one register, of whatever kind. */
static void info_registers(MonitorCall *c)
{
    bool all = c->num_args && strcmp(c->args[0], "-a") == 0;

    for (unsigned i = 0; i < c->m->cpus->len; i++) {
        CPUState *cs = c->m->cpus->pdata[i];

        if (!all && cs != monitor_cpu(c->mon)) {
            continue;
        }
        if (c->num_args && !all) {
            g_autoptr(GArray) features = debug_features(cs);
            const DebugReg *r = debug_reg_find(features, c->args[0]);
            uint8_t buf[DEBUG_REG_MAX];

            if (!r || !debug_reg_read(cs, r, buf)) {
                monitor_print(c, "%s: %s\n", c->args[0], r ? "it cannot be read now" : "no such register");
                continue;
            }
            monitor_print(c, "%s 0x", r->name);
            for (unsigned k = r->bits / 8; k-- > 0;) {
                monitor_print(c, "%02x", buf[k]);
            }
            monitor_print(c, "\n");
            continue;
        }
        monitor_print(c, "%sCPU#%u (%s)\n", i && all ? "\n" : "", cs->index, cs->cluster->name);
        cpu_run_on(cs, dump_registers, c->out, true);
    }
}

static void complete_registers(Monitor *mon, unsigned n, GPtrArray *words)
{
    g_autoptr(GArray) features = n == 0 && monitor_cpu(mon) ? debug_features(monitor_cpu(mon)) : NULL;

    for (unsigned i = 0; features && i < features->len; i++) {
        const DebugFeature *f = &g_array_index(features, DebugFeature, i);

        for (unsigned k = 0; k < f->num; k++) {
            g_ptr_array_add(words, g_strdup(f->regs[k].name));
        }
    }
}

static void info_jit(MonitorCall *c)
{
    exec_jit_format(c->m, c->out);
}

static void dump_tlb(CPUState *cs, void *opaque)
{
    tlb_dump(cs, opaque);
}

static void info_tlb(MonitorCall *c)
{
    CPUState *cs = monitor_cpu(c->mon);

    if (cs) {
        cpu_run_on(cs, dump_tlb, c->out, true);
    }
}

/* -- memory ------------------------------------------------------------------------------------------------------------ */

static void print_space(MonitorCall *c, GPtrArray *seen, AddressSpace *as, bool flat)
{
    if (g_ptr_array_find(seen, as, NULL)) {
        return;
    }
    g_ptr_array_add(seen, as);
    if (flat) {
        address_space_dump(as, c->out);
    } else if (address_space_root(as)) {
        monitor_print(c, "address space %s:\n", address_space_name(as));
        memory_region_dump(address_space_root(as), c->out);
    }
}

/* [-f]: as CPUs see it, without what is hidden. */
static void info_mtree(MonitorCall *c)
{
    bool flat = c->num_args && strcmp(c->args[0], "-f") == 0;
    g_autoptr(GPtrArray) seen = g_ptr_array_new();

    machine_lock(c->m);
    for (unsigned i = 0; i < c->m->clusters->len; i++) {
        const Cluster *cl = c->m->clusters->pdata[i];

        print_space(c, seen, cl->as, flat);
        for (unsigned k = 0; k < cl->cpus->len; k++) {
            print_space(c, seen, CPU(cl->cpus->pdata[k])->as, flat);
        }
    }
    machine_unlock(c->m);
}

static void info_roms(MonitorCall *c)
{
    rom_dump(c->m, c->out);
}

/* -- objects ------------------------------------------------------------------------------------------------------------ */

static void print_tree(MonitorCall *c, Object *obj, unsigned depth)
{
    monitor_print(c, "%*s/%s (%s)\n", 2 * depth, "", obj->name ? obj->name : "", obj->oc->info->name);
    for (unsigned i = 0; obj->children && i < obj->children->len; i++) {
        print_tree(c, obj->children->pdata[i], depth + 1);
    }
}

static void info_qom_tree(MonitorCall *c)
{
    Object *top = &c->m->parent.parent;

    if (c->num_args) {
        top = object_resolve(top, c->args[0], NULL);
        if (!top) {
            monitor_print(c, "%s: no such object\n", c->args[0]);
            return;
        }
    }
    machine_lock(c->m);
    print_tree(c, top, 0);
    machine_unlock(c->m);
}

typedef struct PropCall {
    MonitorCall *c;
    Object *obj;
    unsigned depth;
} PropCall;

static void print_property(const Property *p, void *opaque)
{
    const PropCall *pc = opaque;
    g_autofree char *text = object_get(pc->obj, p->name, NULL);

    if (text) {
        monitor_print(pc->c, "%*s%s = %s\n", 2 * pc->depth + 2, "", p->name, text);
    }
}

static void print_devices(MonitorCall *c, Object *obj, unsigned depth)
{
    bool is_device = object_is_a(obj, TYPE_DEVICE) && !object_is_a(obj, TYPE_MACHINE) && !object_is_a(obj, TYPE_CPU);

    if (is_device) {
        Device *dev = DEVICE(obj);
        PropCall pc = { c, obj, depth };

        monitor_print(c, "%*s%s: %s%s%s\n", 2 * depth, "", obj->oc->info->name, obj->name, dev->id ? ", id " : "",
                      dev->id ? dev->id : "");
        class_foreach_property(obj->oc, print_property, &pc);
        for (unsigned i = 0; dev->regions && i < dev->regions->len; i++) {
            const MemoryRegion *mr = g_array_index(dev->regions, DeviceRegion, i).mr;

            if (mr->container) {
                monitor_print(c, "%*smmio 0x%016" G_GINT64_MODIFIER "x/0x%" G_GINT64_MODIFIER "x\n", 2 * depth + 2, "", mr->addr,
                              mr->size);
            }
        }
    }
    for (unsigned i = 0; obj->children && i < obj->children->len; i++) {
        print_devices(c, obj->children->pdata[i], depth + is_device);
    }
}

static void info_qtree(MonitorCall *c)
{
    machine_lock(c->m);
    print_devices(c, &c->m->parent.parent, 0);
    machine_unlock(c->m);
}

/* -- backends ------------------------------------------------------------------------------------------------------------ */

static void each_backend(MonitorCall *c, void (*fn)(MonitorCall *c, const char *id))
{
    Object *top = c->m->backends;

    machine_lock(c->m);
    for (unsigned i = 0; top && top->children && i < top->children->len; i++) {
        fn(c, ((Object *)top->children->pdata[i])->name);
    }
    machine_unlock(c->m);
}

static void print_chardev(MonitorCall *c, const char *id)
{
    const Chardev *chr = chardev_find(c->m->backends, id);

    if (chr) {
        monitor_print(c, "%s: filename=%s\n", id, chardev_filename(chr));
    }
}

static void print_block(MonitorCall *c, const char *id)
{
    const BlockBackend *blk = block_find(c->m->backends, id);

    if (blk) {
        monitor_print(c, "%s: %" G_GUINT64_FORMAT " bytes%s\n", id, block_size(blk), block_readonly(blk) ? ", read only" : "");
    }
}

static void print_net(MonitorCall *c, const char *id)
{
    const NetBackend *nb = netdev_find(c->m->backends, id);

    if (nb) {
        monitor_print(c, "%s: type=%s%s\n", id, nb->parent.oc->info->name, nb->device ? "" : ", no card");
    }
}

static void info_chardev(MonitorCall *c)
{
    each_backend(c, print_chardev);
}

static void info_block(MonitorCall *c)
{
    each_backend(c, print_block);
}

static void info_network(MonitorCall *c)
{
    each_backend(c, print_net);
}

static const MonitorCommand rows[] = {
    { "info version", NULL, "the emulator's version", info_version },
    { "info status", NULL, "whether the machine runs", info_status },
    { "info cpus", NULL, "each CPU and its state", info_cpus },
    { "info clusters", NULL, "each cluster and its CPUs", info_clusters },
    { "info registers", "[-a|NAME]", "registers of the CPU, of all CPUs, or one by name", info_registers,
      .complete = complete_registers },
    { "info jit|info opcount|info stats", NULL, "counters of translation and execution, the code buffer; with -d stats\n"
      "times, and helpers", info_jit },
    { "info tlb", NULL, "address translations that the CPU keeps", info_tlb },
    { "info mtree", "[-f]", "memory regions; -f: what CPUs see of them", info_mtree },
    { "info roms", NULL, "what is put into memory at each reset", info_roms },
    { "info qom-tree", "[PATH]", "objects", info_qom_tree },
    { "info qtree", NULL, "devices, their properties and registers' addresses", info_qtree },
    { "info chardev", NULL, "character backends", info_chardev },
    { "info block", NULL, "disk images", info_block },
    { "info network", NULL, "network backends", info_network },
};
const MonitorTable monitor_info = { rows, G_N_ELEMENTS(rows), NULL };
