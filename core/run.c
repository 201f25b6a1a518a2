/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From options to a machine that runs: backends, the board, the user's devices, the main loop, the end.
 * The main loop's thread is the process's first; CPUs have theirs (core/exec).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/exec/debug.h"
#include "core/exec/loader.h"
#include "core/exec/semihost.h"
#include "core/file.h"
#include "core/gdbstub/gdbstub.h"
#include "core/io/backends.h"
#include "core/io/block.h"
#include "core/io/char.h"
#include "core/io/net.h"
#include "core/log.h"
#include "core/monitor/monitor.h"
#include "core/program.h"

typedef struct Run {
    ModuleLoader *ml;
    Options *o;
    TypeRegistry *types;
    Machine *m;
    const ModuleName *row;                      /* the machine's */
    MachineClass *mc;
    unsigned num_auto;                          /* ids that we made up */
    bool serials_named;                         /* -serial */
    unsigned num_announced;                     /* of the backends */
    GPtrArray *monitor_chrs;                    /* (Chardev *) that the monitor will be on */
    Monitor *mon;
    GdbServers *gdb;
} Run;

static bool bad(const char *what, const char *why, GError **error)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", what, why);
    return false;
}

/* -- the machine and its CPUs -------------------------------------------------------------------------------- */

static bool find_machine(Run *r, GError **error)
{
    const char *name = keyval_get(r->o->machine, "type");
    ObjectClass *oc;

    if (!name) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "no machine: name one with -M: -M help lists them");
        return false;
    }
    r->row = module_find(r->ml, MODULE_MACHINE, "machine", name, r->o->target, error);
    oc = r->row ? type_class(r->types, r->row->type, error) : NULL;
    if (!oc) {
        return false;
    }
    r->mc = MACHINE_CLASS(oc);
    return true;
}

static bool cpu_fits(Run *r, const ModuleName *cpu, GError **error)
{
    if (r->mc->valid_cpus) {
        g_autofree char *list = NULL;

        for (unsigned i = 0; r->mc->valid_cpus[i]; i++) {
            if (strcmp(r->mc->valid_cpus[i], cpu->type) == 0 || strcmp(r->mc->valid_cpus[i], cpu->name) == 0) {
                return true;
            }
        }
        list = g_strjoinv(", ", (char **)r->mc->valid_cpus);
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "machine %s: CPU model %s does not fit: it takes %s",
                    r->row->name, cpu->name, list);
        return false;
    }
    if (r->mc->arch && *cpu->arch && strcmp(r->mc->arch, cpu->arch) != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "machine %s: CPU model %s does not fit: it is %s, the "
                    "machine %s", r->row->name, cpu->name, cpu->arch, r->mc->arch);
        return false;
    }
    return true;
}

/* "NAME[,FEATURE=on|off...]": NAME becomes its type's. */
static bool append_cpu(Run *r, const char *text, GString *out, GError **error)
{
    g_autofree char *name = g_strndup(text, strcspn(text, ","));
    const ModuleName *cpu;

    if (!*name) {
        return bad("-cpu", "a model's name is missing: -cpu help lists them", error);
    }
    cpu = module_find(r->ml, MODULE_CPU, "CPU model", name, r->mc->arch, NULL);
    if (!cpu) {
        cpu = module_find(r->ml, MODULE_CPU, "CPU model", name, NULL, error);
    }
    if (!cpu || !cpu_fits(r, cpu, error)) {
        return false;
    }
    g_string_append_printf(out, "%s%s%s", out->len ? ":" : "", cpu->type, text + strlen(name));
    return true;
}

/* "A:B": models in turn. */
static bool check_cpu(Run *r, GError **error)
{
    MachineConfig *c = &r->m->config;
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) models = NULL;

    if (!c->cpu) {
        c->cpu = g_strdup(r->mc->default_cpu);
        if (!c->cpu) {
            return true;                        /* a board that chooses for itself */
        }
    }
    models = g_strsplit(c->cpu, ":", -1);
    if (models[0] && models[1] && !(r->mc->takes & TAKES_CPU_LIST)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-cpu %s: machine %s takes one model", c->cpu, r->row->name);
        return false;
    }
    for (unsigned i = 0; models[i]; i++) {
        if (!append_cpu(r, models[i], out, error)) {
            return false;
        }
    }
    g_free(c->cpu);
    c->cpu = g_strdup(out->str);
    return true;
}

static bool check_counts(Run *r, GError **error)
{
    MachineConfig *c = &r->m->config;

    if (!c->smp) {
        c->smp = r->mc->default_smp ? r->mc->default_smp : 1;
    }
    c->max_smp = MAX(c->max_smp, c->smp);
    if (r->mc->max_smp && c->max_smp > r->mc->max_smp) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-smp %u: machine %s has at most %u CPUs", c->max_smp,
                    r->row->name, r->mc->max_smp);
        return false;
    }
    if (!c->ram_size) {
        c->ram_size = r->mc->default_ram;
    }
    return true;
}

/* The options' own fields become the machine's. */
static void take_config(Run *r)
{
    MachineConfig *from = &r->o->config, *to = &r->m->config;

    to->ram_size = from->ram_size;
    to->smp = from->smp;
    to->max_smp = from->max_smp;
    to->cpu = g_steal_pointer(&from->cpu);
    to->kernel = g_steal_pointer(&from->kernel);
    to->initrd = g_steal_pointer(&from->initrd);
    to->append = g_steal_pointer(&from->append);
    to->dtb = g_steal_pointer(&from->dtb);
    to->dumpdtb = g_steal_pointer(&from->dumpdtb);
    to->bios = g_steal_pointer(&from->bios);
    to->seed = from->seed;
    to->seed_set = from->seed_set;
    to->counted = r->o->accel.counted;
    to->no_reboot = from->no_reboot;
    to->rtc_vm_clock = from->rtc_vm_clock;
}

/* A default that no object takes is found here, not in the middle of a board's work. */
static bool try_global(Run *r, const char *type, const char *prop, GError **error)
{
    ObjectClass *oc = type_class(r->types, type, error);
    Object *trial;

    if (!oc) {
        return false;
    }
    if (oc->info->abstract) {
        if (!class_find_property(oc, prop)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s.%s: unknown property", type, prop);
            return false;
        }
        return true;
    }
    trial = object_new(r->types, type, error);
    object_unref(trial);
    return trial != NULL;
}

static bool add_globals(Run *r, GError **error)
{
    for (unsigned i = 0; i < r->o->globals->len; i++) {
        const char *text = r->o->globals->pdata[i], *eq = strchr(text, '=');
        g_autofree char *left = g_strndup(text, (size_t)(eq - text));
        char *dot = strrchr(left, '.');
        static const ModuleNameKind kinds[] = {
            MODULE_DEVICE, MODULE_CPU, MODULE_MACHINE, MODULE_BACKEND, MODULE_TYPE,
        };
        const ModuleName *row = NULL;

        *dot = '\0';
        for (unsigned k = 0; k < G_N_ELEMENTS(kinds) && !row; k++) {
            row = module_find(r->ml, kinds[k], "", left, r->mc->arch, NULL);
        }
        if (!row && !type_class_known(r->types, left)) {
            module_find(r->ml, MODULE_DEVICE, "-global: type", left, NULL, error);
            return false;
        }
        type_registry_add_global(r->types, row ? row->type : left, dot + 1, eq + 1);
        if (!try_global(r, row ? row->type : left, dot + 1, error)) {
            g_prefix_error(error, "-global: ");
            return false;
        }
    }
    return true;
}

static bool set_machine_property(void *opaque, const char *key, const char *value, GError **error)
{
    Run *r = opaque;

    return object_set(&r->m->parent.parent, key, value, error);
}

/* -- backends ---------------------------------------------------------------------------------------------- */

static char *auto_id(Run *r, const char *stem)
{
    for (;;) {
        char *id = g_strdup_printf("%s%u", stem, r->num_auto++);

        if (!object_child(r->m->backends, id)) {
            return id;
        }
        g_free(id);
    }
}

static bool set_property(void *opaque, const char *key, const char *value, GError **error)
{
    return object_set(opaque, key, value, error);
}

/* -object: below /machine/backends by its id. */
static bool new_object(Run *r, KeyVal *kv, GError **error)
{
    const char *type = keyval_get(kv, "qom-type"), *id;
    const ModuleName *row;
    Object *obj;

    if (!keyval_get_id(kv, "id", true, &id, error)) {
        return false;
    }
    row = module_find(r->ml, MODULE_BACKEND, "object", type, NULL, error);
    if (!row) {
        return false;
    }
    if (object_child(r->m->backends, id)) {
        return bad(id, "this id is taken", error);
    }
    obj = object_new_child(r->m->backends, id, row->type, error);
    if (!obj || !keyval_foreach_unused(kv, set_property, obj, error)) {
        return false;
    }
    if (obj->oc->complete && !obj->oc->complete(obj, error)) {
        return false;
    }
    obj->frozen = true;
    return true;
}

/*
 * How the host is to keep an image. Hints that change nothing a guest can see are taken, if they are ones; what would
 * is refused. *discards: whether the guest may give parts of the image back.
 */
static bool check_cache(KeyVal *kv, bool *discards, GError **error)
{
    static const char *const caches[] = { "writeback", "none", "unsafe", NULL };
    static const char *const aios[] = { "threads", "native", "io_uring", NULL };
    static const char *const detects[] = { "off", "on", "unmap", NULL };
    static const char *const discard_values[] = { "ignore", "off", "unmap", "on", NULL };
    static const char *const switches[] = { "cache.direct", "cache.no-flush", "auto-read-only" };
    unsigned which, discard = 0;
    bool on;

    for (unsigned i = 0; i < G_N_ELEMENTS(switches); i++) {
        if (!keyval_get_bool(kv, switches[i], &on, error)) {
            return false;
        }
    }
    if (!keyval_get_enum(kv, "aio", aios, &which, error) ||
        !keyval_get_enum(kv, "detect-zeroes", detects, &which, error) ||
        !keyval_get_enum(kv, "discard", discard_values, &discard, error)) {
        return false;
    }
    *discards = discard >= 2;
    if (g_strcmp0(keyval_get(kv, "cache"), "writethrough") == 0 ||
        g_strcmp0(keyval_get(kv, "cache"), "directsync") == 0) {
        return not_supported("cache=writethrough", error);
    }
    return keyval_get_enum(kv, "cache", caches, &which, error);
}

static void drain(void *opaque)
{
    block_drain(opaque);
}

/* In counted mode requests end with the window in which they were made, not when the host is done. */
static BlockBackend *open_block(Run *r, const char *id, const char *file, const char *format, bool readonly,
                                bool snapshot, bool discards, GError **error)
{
    bool counted = r->o->accel.counted;
    BlockBackend *blk = block_open(r->m->backends, id, file, format, readonly, snapshot,
                                   counted ? NULL : r->m->context, error);

    if (blk) {
        block_set_discards(blk, discards);
    }
    if (blk && counted) {
        exec_at_window_end(r->m, drain, blk);
    }
    return blk;
}

/* -drive: a block backend, and what takes it. */
static bool new_drive(Run *r, KeyVal *kv, GError **error)
{
    static const char *const interfaces[] = { "none", "virtio", "pflash", "sd", "mtd", NULL };
    static const char *const unsupported[] = { "ide", "scsi", "floppy", "xen" };
    static const char *const medias[] = { "disk", "cdrom", NULL };
    unsigned interface = 1, media = 0;
    uint64_t index = 0;
    bool readonly = false, snapshot = r->o->snapshot, discards = false;
    const char *file, *format, *id;
    g_autofree char *made = NULL;
    BlockBackend *blk;
    DriveOption *d;

    for (unsigned i = 0; i < G_N_ELEMENTS(unsupported); i++) {
        if (g_strcmp0(keyval_get(kv, "if"), unsupported[i]) == 0) {
            return not_supported(unsupported[i], error);
        }
    }
    format = keyval_get(kv, "format");
    if (!keyval_get_id(kv, "id", false, &id, error) || !keyval_get_enum(kv, "if", interfaces, &interface, error) ||
        !keyval_get_enum(kv, "media", medias, &media, error) ||
        !keyval_get_uint(kv, "index", 255, &index, error) || !keyval_get_uint(kv, "unit", 255, &index, error) ||
        !keyval_get_bool(kv, "readonly", &readonly, error) || !keyval_get_bool(kv, "read-only", &readonly, error) ||
        !keyval_get_bool(kv, "snapshot", &snapshot, error) || !check_cache(kv, &discards, error) ||
        !(file = keyval_need(kv, "file", error)) || !keyval_check_all_used(kv, error)) {
        return false;
    }
    if (!id) {
        id = made = auto_id(r, interfaces[interface]);
    }
    blk = open_block(r, id, file, format, readonly || media == 1, snapshot, discards, error);
    if (!blk) {
        return false;
    }
    if (interface == 1) {
        KeyVal *dev = keyval_new();

        if (!r->mc->drive_device) {
            keyval_free(dev);
            return bad("if=virtio", "this machine has no place for it", error);
        }
        keyval_set(dev, "driver", r->mc->drive_device);
        keyval_set(dev, "drive", id);
        g_ptr_array_add(r->o->devices, dev);    /* made with the others, after the board */
    } else if (interface > 1) {
        d = g_new0(DriveOption, 1);
        d->interface = g_strdup(interfaces[interface]);
        d->index = keyval_has(kv, "index") || keyval_has(kv, "unit") ? (int)index : -1;
        d->blk = blk;
        g_ptr_array_add(r->m->config.drives, d);
    }
    return true;
}

/* The file node that a format node of -blockdev names, or NULL. */
static KeyVal *find_node(Run *r, const char *name)
{
    for (unsigned i = 0; i < r->o->blockdevs->len; i++) {
        KeyVal *kv = r->o->blockdevs->pdata[i];

        if (g_strcmp0(keyval_get(kv, "node-name"), name) == 0) {
            return kv;
        }
    }
    return NULL;
}

/*
 * -blockdev: a format node over a file node, written as one (file.driver=, file.filename=), as two (file=NODE), or a
 * file node alone.
 */
static bool new_blockdev(Run *r, KeyVal *kv, GError **error)
{
    static const char *const drivers[] = { "raw", "file", NULL };
    static const char *const file_drivers[] = { "file", NULL };
    unsigned driver = 0, file_driver = 0;
    bool readonly = false, discards = false;
    const char *id, *node, *file;

    if (!keyval_get_id(kv, "node-name", true, &id, error) || !keyval_need(kv, "driver", error)) {
        return false;
    }
    if (strcmp(keyval_get(kv, "driver"), "qcow2") == 0) {
        return not_supported("qcow2", error);
    }
    if (!keyval_get_enum(kv, "driver", drivers, &driver, error) ||
        !keyval_get_enum(kv, "file.driver", file_drivers, &file_driver, error) ||
        !keyval_get_bool(kv, "read-only", &readonly, error) || !check_cache(kv, &discards, error)) {
        return false;
    }
    node = driver == 0 ? keyval_get(kv, "file") : NULL;
    if (node) {
        KeyVal *below = find_node(r, node);

        if (!below || below == kv) {
            return bad(node, "no such node", error);
        }
        file = keyval_need(below, "filename", error);
    } else {
        file = keyval_need(kv, driver == 0 ? "file.filename" : "filename", error);
    }
    if (!file || !keyval_check_all_used(kv, error)) {
        return false;
    }
    for (unsigned i = 0; driver == 1 && i < r->o->blockdevs->len; i++) {
        if (g_strcmp0(keyval_get(r->o->blockdevs->pdata[i], "file"), id) == 0) {
            return true;                        /* a format node opens it */
        }
    }
    return open_block(r, id, file, "raw", readonly, r->o->snapshot, discards, error) != NULL;
}

/* -nic: a -netdev and the card that takes it. */
static bool new_nic(Run *r, KeyVal *kv, GError **error)
{
    const char *model = keyval_get(kv, "model"), *mac = keyval_get(kv, "mac"), *id;
    bool onboard = r->mc->nic_onboard && (!model || strcmp(model, r->mc->nic_onboard) == 0);
    g_autofree char *made = NULL, *opts = NULL;
    g_autoptr(KeyVal) net = NULL;
    KeyVal *dev;

    if (!keyval_get_id(kv, "id", false, &id, error)) {
        return false;
    }
    if (onboard && r->m->config.nic) {
        return bad(r->mc->nic_onboard, "this machine has one network card", error);
    }
    if (!model && !r->mc->nic_device && !onboard) {
        return bad("model=", "missing: this machine has no network card of its own", error);
    }
    if (!id) {
        id = made = auto_id(r, "nic");
    }
    net = keyval_copy(kv);
    keyval_set(net, "model", NULL);
    keyval_set(net, "mac", NULL);
    keyval_set(net, "id", id);
    opts = keyval_to_string(net);
    if (!netdev_new_from_opts(r->m->backends, opts, r->m->context, error)) {
        return false;
    }
    if (onboard) {
        r->m->config.nic = g_strdup(id);
        r->m->config.nic_mac = g_strdup(mac);
        r->m->config.nic_named = model != NULL;
        return true;
    }
    dev = keyval_new();
    keyval_set(dev, "driver", model ? model : r->mc->nic_device);
    keyval_set(dev, "netdev", id);
    keyval_set(dev, "mac", mac);
    g_ptr_array_add(r->o->devices, dev);
    return true;
}

/* Scripts read from standard output which terminal a pty became. */
static void announce_ptys(Run *r)
{
    const GPtrArray *list = r->m->backends->children;

    for (; list && r->num_announced < list->len; r->num_announced++) {
        const Chardev *chr = chardev_find(r->m->backends, ((Object *)list->pdata[r->num_announced])->name);

        if (chr && g_str_has_prefix(chardev_filename(chr), "pty:")) {
            printf("char device redirected to %s (label %s)\n", chardev_filename(chr) + 4, chardev_id(chr));
            fflush(stdout);
        }
    }
}

/* The terminal is the first serial port's, together with the monitor unless that is elsewhere, or not wanted. */
static const char *default_serial(const Options *o)
{
    if (o->display_none && !o->nographic) {
        return "null";
    }
    for (unsigned i = 0; i < o->monitors->len; i++) {
        if (strcmp(o->monitors->pdata[i], "stdio") == 0) {
            return "null";
        }
    }
    return o->monitor_none || o->monitors->len || o->mons->len ? "stdio" : "mon:stdio";
}

/* Without -serial, the first port is the terminal unless there is a display, or defaults are not wanted. */
static bool new_serials(Run *r, GError **error)
{
    Options *o = r->o;

    r->serials_named = o->serials->len != 0;
    if (!r->serials_named && !o->nodefaults) {
        g_ptr_array_add(o->serials, g_strdup(default_serial(o)));
    }
    for (unsigned i = 0; i < o->serials->len; i++) {
        g_autofree char *id = g_strdup_printf("serial%u", i);
        GError *why = NULL;
        Chardev *chr = chardev_new_from_spec(r->m->backends, id, o->serials->pdata[i], r->m->context, &why);

        if (why) {
            g_propagate_error(error, why);
            return false;
        }
        announce_ptys(r);
        g_ptr_array_add(r->m->config.serials, chr);
        if (chr && g_str_has_prefix(o->serials->pdata[i], "mon:")) {
            g_ptr_array_add(r->monitor_chrs, chr);
        }
    }
    return true;
}

/* -monitor */
static bool new_monitors(Run *r, GError **error)
{
    for (unsigned i = 0; i < r->o->monitors->len; i++) {
        g_autofree char *id = g_strdup_printf("monitor%u", i);
        Chardev *chr = chardev_new_from_spec(r->m->backends, id, r->o->monitors->pdata[i], r->m->context, error);

        if (!chr) {
            g_prefix_error(error, "-monitor: ");
            return false;
        }
        announce_ptys(r);
        g_ptr_array_add(r->monitor_chrs, chr);
    }
    return true;
}

/* -mon */
static bool new_mon(Run *r, KeyVal *kv, GError **error)
{
    static const char *const modes[] = { "readline", "control", NULL };
    const char *id = keyval_need(kv, "chardev", error);
    unsigned mode = 0;
    Chardev *chr;

    if (!id || !keyval_get_enum(kv, "mode", modes, &mode, error)) {
        return false;
    }
    if (mode == 1) {
        return not_supported("mode=control", error);
    }
    chr = chardev_find(r->m->backends, id);
    if (!chr) {
        return bad(id, "there is no such chardev", error);
    }
    g_ptr_array_add(r->monitor_chrs, chr);
    return keyval_check_all_used(kv, error);
}

/* The program's command line: what arg= says, else the kernel's name and -append. */
static char *semihosting_cmdline(Run *r)
{
    const MachineConfig *c = &r->m->config;
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < r->o->semihosting_args->len; i++) {
        g_string_append_printf(s, "%s%s", i ? " " : "", (const char *)r->o->semihosting_args->pdata[i]);
    }
    if (!r->o->semihosting_args->len && c->kernel) {
        g_string_append_printf(s, "%s%s%s", c->kernel, c->append ? " " : "", c->append ? c->append : "");
    }
    return g_string_free(s, FALSE);
}

static bool make_semihosting(Run *r, GError **error)
{
    g_autofree char *cmdline = semihosting_cmdline(r);
    Object *obj;

    if (!r->o->semihosting) {
        return true;
    }
    obj = object_new_child(&r->m->parent.parent, "semihosting", TYPE_SEMIHOST, error);
    if (!obj || (r->o->semihosting_chardev && !object_set(obj, "chardev", r->o->semihosting_chardev, error)) ||
        (r->o->semihosting_target && !object_set(obj, "target", r->o->semihosting_target, error)) ||
        !object_set(obj, "cmdline", cmdline, error) ||
        !object_set(obj, "userspace", r->o->semihosting_user ? "on" : "off", error) || !obj->oc->complete(obj, error)) {
        g_prefix_error(error, "-semihosting-config: ");
        return false;
    }
    obj->frozen = true;
    return true;
}

static bool each(Run *r, const GPtrArray *list, const char *option, bool (*fn)(Run *r, KeyVal *kv, GError **error),
                 GError **error)
{
    for (unsigned i = 0; i < list->len; i++) {
        if (!fn(r, list->pdata[i], error)) {
            g_prefix_error(error, "%s: ", option);
            return false;
        }
    }
    return true;
}

/* -cluster: what the board is to make beside its own CPUs. */
static bool new_cluster(Run *r, KeyVal *kv, GError **error)
{
    MachineConfig *c = &r->m->config;
    const char *name, *cpu = keyval_get(kv, "cpu");
    g_autofree char *model = g_strndup(cpu, strcspn(cpu, ","));
    uint64_t count = 1;
    const ModuleName *row;
    ClusterOption *o;

    if (!(r->mc->takes & TAKES_CLUSTERS)) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "machine %s takes none", r->row->name);
        return false;
    }
    if (!keyval_get_id(kv, "name", true, &name, error)) {
        return false;
    }
    for (unsigned i = 0; i < c->clusters->len; i++) {
        if (strcmp(((ClusterOption *)c->clusters->pdata[i])->name, name) == 0) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "name=%s: another cluster has this name", name);
            return false;
        }
    }
    row = module_find(r->ml, MODULE_CPU, "CPU model", model, NULL, error);
    if (!row) {
        return false;
    }
    o = g_new0(ClusterOption, 1);
    g_ptr_array_add(c->clusters, o);
    o->name = g_strdup(name);
    o->cpu = g_strconcat(row->type, cpu + strlen(model), NULL);
    o->kernel = g_strdup(keyval_get(kv, "kernel"));
    if (!keyval_get_uint(kv, "count", 4096, &count, error) ||
        !keyval_get_uint(kv, "frequency", UINT64_C(100000000000), &o->frequency, error) ||
        !keyval_get_size(kv, "tcm-code", 1, &o->tcm_code, error) ||
        !keyval_get_size(kv, "tcm-data", 1, &o->tcm_data, error)) {
        return false;
    }
    if (!count) {
        return bad("count=0", "a cluster has at least one CPU", error);
    }
    if (keyval_has(kv, "frequency") && !o->frequency) {
        return bad("frequency=0", "the clock must run", error);
    }
    o->count = (unsigned)count;
    return keyval_check_all_used(kv, error) &&
           (!o->kernel || module_load(r->ml, r->types, "loader", error) != NULL);
}

static bool make_backends(Run *r, GError **error)
{
    io_backends_init(r->m);
    for (unsigned i = 0; i < r->o->chardevs->len; i++) {
        if (!chardev_new_from_opts(r->m->backends, r->o->chardevs->pdata[i], r->m->context, error)) {
            return false;
        }
        announce_ptys(r);
    }
    for (unsigned i = 0; i < r->o->netdevs->len; i++) {
        if (!netdev_new_from_opts(r->m->backends, r->o->netdevs->pdata[i], r->m->context, error)) {
            return false;
        }
    }
    return each(r, r->o->objects, "-object", new_object, error) &&
           each(r, r->o->blockdevs, "-blockdev", new_blockdev, error) &&
           each(r, r->o->drives, "-drive", new_drive, error) && each(r, r->o->nics, "-nic", new_nic, error) &&
           new_serials(r, error) && new_monitors(r, error) && each(r, r->o->mons, "-mon", new_mon, error);
}

/* -- devices of the user ------------------------------------------------------------------------------------- */

static bool new_loader(Run *r, KeyVal *kv, GError **error)
{
    LoaderOption *l = g_new0(LoaderOption, 1);
    uint64_t len = 0, cpu = 0, last_cpu = r->m->config.max_smp - 1;
    const char *id;

    for (unsigned i = 0; i < r->m->config.clusters->len; i++) {
        last_cpu += ((ClusterOption *)r->m->config.clusters->pdata[i])->count;
    }

    g_ptr_array_add(r->m->config.loaders, l);
    l->file = g_strdup(keyval_get(kv, "file"));
    l->has_addr = keyval_has(kv, "addr");
    l->cpu_num = -1;
    if (!keyval_get_id(kv, "id", false, &id, error) || !keyval_get_uint(kv, "addr", UINT64_MAX, &l->addr, error) ||
        !keyval_get_bool(kv, "force-raw", &l->force_raw, error) ||
        !keyval_get_uint(kv, "data", UINT64_MAX, &l->data, error) ||
        !keyval_get_uint(kv, "data-len", 8, &len, error) ||
        !keyval_get_bool(kv, "data-be", &l->data_be, error) ||
        !keyval_get_uint(kv, "cpu-num", last_cpu, &cpu, error)) {
        return false;
    }
    if (keyval_has(kv, "cpu-num")) {
        l->cpu_num = (int)cpu;
    }
    l->data_len = (unsigned)len;
    if (l->file ? keyval_has(kv, "data") || len : keyval_has(kv, "data") != (len > 0)) {
        return bad("loader", "file=, or data= with data-len=", error);
    }
    if (len & (len - 1)) {
        return bad("data-len", "1, 2, 4 or 8", error);
    }
    if (len && len < 8 && l->data >> (8 * len)) {
        return bad(keyval_get(kv, "data"), "more than data-len bytes", error);
    }
    if (!l->file && !l->has_addr) {
        return bad("loader", "addr= is missing", error);
    }
    if (!l->file && !len && l->cpu_num < 0) {
        return bad("loader", "nothing to load: file=, data= or cpu-num=", error);
    }
    return keyval_check_all_used(kv, error) &&
           (!l->file || module_load(r->ml, r->types, "loader", error) != NULL);
}

/* Loaders are no devices: what they put into memory comes after the board, before the user's devices. */
static bool take_loaders(Run *r, GError **error)
{
    GPtrArray *devices = r->o->devices;

    for (unsigned i = 0; i < devices->len;) {
        if (strcmp(keyval_get(devices->pdata[i], "driver"), "loader") != 0) {
            i++;
            continue;
        }
        if (!new_loader(r, devices->pdata[i], error)) {
            g_prefix_error(error, "-device loader: ");
            return false;
        }
        g_ptr_array_remove_index(devices, i);
    }
    return true;
}

/* Whether other emulators have a device of this name on a bus that we do not have. */
static bool is_known_elsewhere(const char *name)
{
    static const char *const names[] = {
        "e1000", "e1000e", "igb", "nvme", "rtl8139", "VGA", "bochs-display", "ramfb", "qemu-xhci", "nec-usb-xhci",
        "ahci", "ivshmem-plain", "scsi-hd", "scsi-cd", "sd-card", "pcie-root-port", "pxb-pcie", "vmxnet3",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return strstr(name, "-pci") || g_str_has_prefix(name, "usb-") || g_str_has_prefix(name, "pci-") ||
           g_str_has_prefix(name, "vhost-");
}

static Object *container(Object *parent, const char *name)
{
    Object *c = object_child(parent, name);

    return c ? c : object_new_child(parent, name, TYPE_CONTAINER, NULL);
}

static bool new_device(Run *r, KeyVal *kv, GError **error)
{
    const char *name = keyval_get(kv, "driver"), *id;
    const ModuleName *row = module_find(r->ml, MODULE_DEVICE, "device", name, NULL, error);
    Object *root = &r->m->parent.parent, *where, *obj;
    Device *dev;

    if (row && !keyval_get_id(kv, "id", false, &id, error)) {
        return false;
    }
    if (!row) {
        if (is_known_elsewhere(name)) {
            g_clear_error(error);
            not_supported(name, error);
        }
        return false;
    }
    if (!row->by_user) {
        return bad(name, "only a board makes this device", error);
    }
    where = container(root, id ? "peripheral" : "peripheral-anon");
    if (id && object_child(where, id)) {
        return bad(id, "this id is taken", error);
    }
    obj = object_new_child(where, id ? id : "device[*]", row->type, error);
    if (!obj) {
        return false;
    }
    dev = DEVICE(obj);
    dev->id = g_strdup(id);
    if (!keyval_foreach_unused(kv, set_property, obj, error)) {
        return false;
    }
    if (DEVICE_CLASS_OF(dev)->plug && !DEVICE_CLASS_OF(dev)->plug(dev, r->m, error)) {
        return false;
    }
    if (!device_realize(dev, error)) {
        g_prefix_error(error, "%s: ", name);
        return false;
    }
    return true;
}

/* What the user named and the board has no use for. */
static bool check_images(Run *r, GError **error)
{
    const MachineConfig *c = &r->m->config;
    const struct {
        const char *option, *value;
        MachineTakes takes;
    } images[] = {
        { "-kernel", c->kernel, TAKES_KERNEL },
        { "-initrd", c->initrd, TAKES_INITRD },
        { "-append", c->append, TAKES_APPEND },
        { "-dtb", c->dtb, TAKES_DTB },
        { "dumpdtb=", c->dumpdtb, TAKES_DUMPDTB },
        { "-bios", c->bios, TAKES_BIOS },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(images); i++) {
        /* semihosting gives a program its arguments whatever the board */
        if (images[i].value && !(r->mc->takes & images[i].takes) &&
            !(images[i].takes == TAKES_APPEND && r->o->semihosting)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: machine %s takes none", images[i].option,
                        r->row->name);
            return false;
        }
    }
    return true;
}

static bool all_serials_taken(Run *r, GError **error)
{
    const GPtrArray *serials = r->m->config.serials;

    for (unsigned i = 0; i < serials->len && r->serials_named; i++) {
        if (serials->pdata[i]) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-serial %s: machine %s has no serial port %u",
                        (const char *)r->o->serials->pdata[i], r->row->name, i);
            return false;
        }
    }
    return true;
}

static bool all_drives_taken(Run *r, GError **error)
{
    const GPtrArray *drives = r->m->config.drives;

    for (unsigned i = 0; i < drives->len; i++) {
        const DriveOption *d = drives->pdata[i];

        if (!d->taken) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-drive id=%s: machine %s has no free place for if=%s",
                        block_id(d->blk), r->row->name, d->interface);
            return false;
        }
    }
    return true;
}

/* What goes with -icount alone, and what it wants. */
static bool check_counted(Run *r, GError **error)
{
    const MachineConfig *c = &r->m->config;

    if (r->o->accel.counted) {
        if (!c->rtc_vm_clock || !c->seed_set) {
            g_printerr("chimera: -icount: runs repeat only with %s where the machine has a clock or random numbers\n",
                       !c->rtc_vm_clock ? !c->seed_set ? "-rtc clock=vm and -seed N" : "-rtc clock=vm" : "-seed N");
        }
        return true;
    }
    return r->o->accel.stop_after ? bad("-stop-after", "it counts instructions: -icount is missing", error) :
           log_enabled(LOG_TRACE_HASH) ? bad("-d trace-hash", "it needs a run that repeats: -icount is missing", error) :
           true;
}

/* -- building ---------------------------------------------------------------------------------------------- */

/* Names for -perfmap and -jitdump: of what is loaded, where it is ELF, and of files that are named for them. */
static bool add_symbols(Run *r, GError **error)
{
    const MachineConfig *c = &r->m->config;
    const char *const images[] = { c->kernel, c->bios };

    if (!r->o->accel.perfmap && !r->o->accel.jitdump) {
        return !r->o->symbols->len || bad("-symbols", "it goes with -perfmap or -jitdump", error);
    }
    for (unsigned i = 0; i < r->o->symbols->len; i++) {
        if (!exec_perf_symbols(r->m, r->o->symbols->pdata[i])) {
            g_autofree char *what = g_strdup_printf("-symbols %s", (char *)r->o->symbols->pdata[i]);

            return bad(what, "it cannot be read, or names no code", error);
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(images); i++) {
        if (images[i]) {
            exec_perf_symbols(r->m, images[i]);
        }
    }
    for (unsigned i = 0; c->loaders && i < c->loaders->len; i++) {
        const LoaderOption *o = c->loaders->pdata[i];

        if (o->file) {
            exec_perf_symbols(r->m, o->file);
        }
    }
    for (unsigned i = 0; c->clusters && i < c->clusters->len; i++) {
        const ClusterOption *o = c->clusters->pdata[i];

        if (o->kernel) {
            exec_perf_symbols(r->m, o->kernel);
        }
    }
    return true;
}

static bool build(Run *r, GError **error)
{
    Options *o = r->o;

    if (!find_machine(r, error) || !add_globals(r, error)) {
        return false;
    }
    r->m = machine_new(r->types, r->row->type, error);
    if (!r->m) {
        return false;
    }
    take_config(r);
    return check_counted(r, error) && check_cpu(r, error) && check_counts(r, error) && check_images(r, error) &&
           exec_init(r->m, &o->accel, error) && keyval_foreach_unused(o->machine, set_machine_property, r, error) &&
           each(r, o->clusters, "-cluster", new_cluster, error) &&
           make_backends(r, error) && take_loaders(r, error) && r->mc->build(r->m, error) &&
           device_realize(&r->m->parent, error) && all_serials_taken(r, error) &&
           loader_run_options(r->m, r->m->sysmem, error) &&
           (r->m->config.dumpdtb || (each(r, o->devices, "-device", new_device, error) && all_drives_taken(r, error))) &&
           add_symbols(r, error) &&
           make_semihosting(r, error);          /* last: what is typed on a shared console is a device's first */
}

static bool write_pidfile(const char *file, GError **error)
{
    g_autofree char *text = g_strdup_printf("%ld\n", (long)getpid());

    if (!file_write(file, text, strlen(text), error)) {
        g_prefix_error(error, "-pidfile: ");
        return false;
    }
    return true;
}

/* -- running ----------------------------------------------------------------------------------------------- */

static void on_broken_pipe(int number)
{
}

/* Whoever reads our output may go: writes fail then. A handler, unlike SIG_IGN, is not passed on to programs we start. */
static void survive_broken_pipes(void)
{
    struct sigaction sa = { .sa_handler = on_broken_pipe, .sa_flags = SA_RESTART };

    sigaction(SIGPIPE, &sa, NULL);
}

static void log_stats(Machine *m)
{
    g_autoptr(GString) text = g_string_new(NULL);

    exec_stats_format(m, text);
    log_write("%s", text->str);
}

/* Returns the exit status. */
static int main_loop(Run *r)
{
    Machine *m = r->m;

    for (;;) {
        /* in counted mode CPUs wait while one of these is set: it is taken back when they cannot run on */
        if (__atomic_load_n(&m->shutdown_requested, __ATOMIC_ACQUIRE)) {
            if (!r->o->no_shutdown || __atomic_load_n(&m->quit_requested, __ATOMIC_RELAXED)) {
                return __atomic_load_n(&m->exit_status, __ATOMIC_RELAXED);
            }
            exec_pause(m);
            __atomic_store_n(&m->shutdown_requested, false, __ATOMIC_RELEASE);
        }
        if (__atomic_load_n(&m->reset_requested, __ATOMIC_ACQUIRE)) {
            if (m->config.no_reboot) {
                machine_request_shutdown(m, 0);
                __atomic_store_n(&m->reset_requested, false, __ATOMIC_RELEASE);
            } else {
                exec_reset(m);
            }
            continue;
        }
        debug_poll(m);
        g_main_context_iteration(m->context, TRUE);
    }
}

/* The monitor is always there, for debuggers at least. */
static bool open_debuggers(Run *r, GError **error)
{
    r->mon = monitor_new(r->m);
    r->gdb = gdbservers_new(r->m, r->mon);
    for (unsigned i = 0; i < r->monitor_chrs->len; i++) {
        if (!monitor_open(r->mon, r->monitor_chrs->pdata[i], error)) {
            g_prefix_error(error, "-monitor: ");
            return false;
        }
    }
    for (unsigned i = 0; i < r->o->gdbs->len; i++) {
        if (!gdbservers_open(r->gdb, r->o->gdbs->pdata[i], error)) {
            g_prefix_error(error, "-gdb: ");
            return false;
        }
        announce_ptys(r);
    }
    return true;
}

static int run(Run *r, GError **error)
{
    int status;

    quit_signals_attach(r->m);                  /* first: whoever reads the number may end us by it */
    if (r->o->pidfile && !write_pidfile(r->o->pidfile, error)) {
        return -1;
    }
    exec_start(r->m);
    exec_reset(r->m);
    status = open_debuggers(r, error) ? 0 : -1;
    if (status == 0) {
        if (!r->o->paused) {
            exec_resume(r->m);
        }
        status = main_loop(r);
    }
    exec_stop(r->m);
    gdbservers_free(r->gdb);
    monitor_free(r->mon);
    if (log_enabled(LOG_TRACE_HASH)) {
        exec_log_trace(r->m);
    }
    if (log_enabled(LOG_STATS)) {
        log_stats(r->m);
    }
    if (r->o->pidfile) {
        file_remove(r->o->pidfile);
    }
    return status;
}

int run_machine(ModuleLoader *ml, Options *o, GError **error)
{
    Run r = { .ml = ml, .o = o };
    int status = -1;
    bool ok;

    if (!log_set(o->log_items, o->log_file, error)) {
        return -1;
    }
    survive_broken_pipes();
    r.types = module_loader_types(ml);
    r.monitor_chrs = g_ptr_array_new();
    ok = build(&r, error);
    if (ok) {
        status = r.m->config.dumpdtb ? 0 : run(&r, error);
    } else if (r.m && r.m->quit_requested) {
        g_clear_error(error);                   /* it was to wait for somebody, and need not any more */
        status = 0;
    }
    machine_free(r.m);
    type_registry_free(r.types);
    g_ptr_array_unref(r.monitor_chrs);
    return status;
}
