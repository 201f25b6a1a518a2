/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line: one table of options with their help and what each does. Names, value syntax and meaning are those
 * that existing tools pass to emulators; an option that is known and not done is an error that says so.
 */
#include <string.h>
#include "core/near.h"
#include "core/options.h"

typedef struct OptionRow {
    const char *name;
    const char *arg;                            /* NULL: takes none */
    const char *help;                           /* NULL: not listed */
    bool (*handle)(Options *o, const char *value, GError **error);     /* NULL: not supported yet */
} OptionRow;

bool not_supported(const char *what, GError **error)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s: not supported yet", what);
    return false;
}

/* -icount: nanoseconds of a quantum; powers of two of an instruction. */
enum { DEFAULT_QUANTUM = 100000, MIN_QUANTUM = 1000, MAX_QUANTUM = 1000000000, MAX_ICOUNT_SHIFT = 10, AUTO_SHIFT = 3 };

static bool is_help(const char *value)
{
    return strcmp(value, "help") == 0 || strcmp(value, "?") == 0;
}

static void set_text(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static void set_action(Options *o, Action action, const char *arg)
{
    if (o->action == ACTION_RUN) {              /* the first question is answered */
        o->action = action;
        set_text(&o->arg[0], arg);
    }
}

static bool bad_value(const char *value, const char *why, GError **error)
{
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: %s", value, why);
    return false;
}

/* A key that we know and do not do. */
static bool refuse_keys(KeyVal *kv, const char *const *keys, GError **error)
{
    for (unsigned i = 0; keys[i]; i++) {
        if (keyval_has(kv, keys[i])) {
            return not_supported(keys[i], error);
        }
    }
    return true;
}

/* -- handlers ---------------------------------------------------------------------------------------------- */

static bool opt_ignore(Options *o, const char *value, GError **error)
{
    return true;
}

static bool opt_version(Options *o, const char *value, GError **error)
{
    set_action(o, ACTION_VERSION, NULL);
    return true;
}

static bool opt_help(Options *o, const char *value, GError **error)
{
    set_action(o, ACTION_HELP, NULL);
    return true;
}

static bool set_accel(Options *o, KeyVal *kv, GError **error)
{
    static const char *const threads[] = { "multi", "single", NULL };
    static const char *const unsupported[] = { "split-wx", NULL };
    const char *names = keyval_get(kv, "accel");
    unsigned thread = 0;
    bool found = false;

    if (names) {
        /* "kvm:tcg": the first that is there */
        g_auto(GStrv) list = g_strsplit(names, ":", -1);

        for (unsigned i = 0; list[i] && !found; i++) {
            if (strcmp(list[i], "tcg") == 0 || strcmp(list[i], "tci") == 0) {
                set_text(&o->accel_name, list[i]);
                o->accel.backend = o->accel_name;
                found = true;
            }
        }
        if (!found) {
            NearNames *near = near_new(names);
            g_autofree char *text = NULL;

            near_add(near, "tcg");
            near_add(near, "tci");
            text = near_finish(near);
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "accelerator %s: unknown: there are tcg and tci%s",
                        names, text);
            return false;
        }
    }
    if (!keyval_get_enum(kv, "thread", threads, &thread, error) || !accel_config_parse(&o->accel, kv, error) ||
        !refuse_keys(kv, unsupported, error)) {
        return false;
    }
    if (keyval_has(kv, "thread")) {
        o->accel.single_thread = thread == 1;
    }
    return keyval_check_all_used(kv, error);
}

static bool opt_accel(Options *o, const char *value, GError **error)
{
    if (is_help(value)) {
        set_action(o, ACTION_LIST_ACCELS, NULL);
        return true;
    }
    g_autoptr(KeyVal) kv = keyval_parse(value, "accel", error);

    return kv && set_accel(o, kv, error);
}

static bool merge_machine(void *opaque, const char *key, const char *value, GError **error)
{
    Options *o = opaque;

    if (strcmp(key, "accel") == 0) {
        g_autoptr(KeyVal) kv = keyval_new();

        keyval_set(kv, "accel", value);
        return set_accel(o, kv, error);
    }
    if (strcmp(key, "dumpdtb") == 0) {
        set_text(&o->config.dumpdtb, value);
    } else if (strcmp(key, "dtb") == 0) {
        set_text(&o->config.dtb, value);
    } else if (strcmp(key, "kernel") == 0) {
        set_text(&o->config.kernel, value);
    } else if (strcmp(key, "initrd") == 0) {
        set_text(&o->config.initrd, value);
    } else if (strcmp(key, "append") == 0) {
        set_text(&o->config.append, value);
    } else if (strcmp(key, "firmware") == 0) {
        set_text(&o->config.bios, value);
    } else if (strcmp(key, "usb") == 0 || strcmp(key, "graphics") == 0 || strcmp(key, "dump-guest-core") == 0) {
        bool on;

        if (!parse_bool(key, value, &on, error)) {
            return false;
        }
        if (on && strcmp(key, "usb") == 0) {
            return not_supported("usb=on", error);
        }
    } else {
        keyval_set(o->machine, key, value);
    }
    return true;
}

static bool opt_machine(Options *o, const char *value, GError **error)
{
    g_autoptr(KeyVal) kv = NULL;

    if (is_help(value)) {
        set_action(o, ACTION_LIST_MACHINES, NULL);
        return true;
    }
    kv = keyval_parse(value, "type", error);
    if (!kv) {
        return false;
    }
    if (keyval_has(kv, "type") && (keyval_has(kv, "help") || keyval_has(kv, "?"))) {
        set_action(o, ACTION_DESCRIBE, keyval_get(kv, "type"));
        return true;
    }
    if (keyval_has(kv, "type")) {
        keyval_set(o->machine, "type", keyval_get(kv, "type"));
    }
    return keyval_foreach_unused(kv, merge_machine, o, error);
}

static bool opt_target(Options *o, const char *value, GError **error)
{
    set_text(&o->target, value);
    return true;
}

static bool opt_cpu(Options *o, const char *value, GError **error)
{
    if (!*value || *value == ',' || *value == ':') {
        return bad_value(*value ? value : "''", "a model's name is missing: -cpu help lists them", error);
    }
    if (is_help(value)) {
        set_action(o, ACTION_LIST_CPUS, NULL);
    } else if (g_str_has_suffix(value, ",help") || g_str_has_suffix(value, ",?")) {
        g_autofree char *name = g_strndup(value, strcspn(value, ","));

        set_action(o, ACTION_DESCRIBE, name);
    }
    set_text(&o->config.cpu, value);
    return true;
}

static bool opt_smp(Options *o, const char *value, GError **error)
{
    static const char *const levels[] = { "sockets", "dies", "clusters", "cores", "threads" };
    g_autoptr(KeyVal) kv = keyval_parse(value, "cpus", error);
    uint64_t cpus = 0, max = 0, product = 1;
    bool whole = true;                          /* no level is left for us to choose */

    if (!*value) {
        return bad_value("''", "the number of CPUs is missing", error);
    }
    if (!kv || !keyval_get_uint(kv, "cpus", 4096, &cpus, error) ||
        !keyval_get_uint(kv, "maxcpus", 4096, &max, error)) {
        return false;
    }
    if ((keyval_has(kv, "cpus") && !cpus) || (keyval_has(kv, "maxcpus") && !max)) {
        return bad_value(value, "at least one CPU", error);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++) {
        uint64_t n = 1;

        if (!keyval_get_uint(kv, levels[i], 4096, &n, error)) {
            return false;
        }
        if (!n) {
            return bad_value(value, "a topology has no zeros", error);
        }
        /* boards of ours have neither: what is not named is one */
        whole = whole && (keyval_has(kv, levels[i]) || i == 1 || i == 2);
        product *= n;
        if (product > 4096) {
            return bad_value(value, "at most 4096 CPUs", error);
        }
    }
    if (!max) {
        max = cpus ? cpus : product;
    }
    if (!cpus) {
        cpus = max;
    }
    if (cpus > max) {
        return bad_value(value, "more CPUs than maxcpus", error);
    }
    if (whole ? product != max : max % product != 0) {
        g_autofree char *why = g_strdup_printf("the topology has %s%u CPUs, which does not make %u",
                                               whole ? "" : "a multiple of ", (unsigned)product, (unsigned)max);

        return bad_value(value, why, error);
    }
    o->config.smp = (unsigned)cpus;
    o->config.max_smp = (unsigned)max;
    return keyval_check_all_used(kv, error);
}

static bool opt_cluster(Options *o, const char *value, GError **error)
{
    KeyVal *kv = keyval_parse(value, "name", error);

    if (!kv) {
        return false;
    }
    g_ptr_array_add(o->clusters, kv);
    return keyval_need(kv, "name", error) != NULL && keyval_need(kv, "cpu", error) != NULL;
}

static bool opt_memory(Options *o, const char *value, GError **error)
{
    static const char *const unsupported[] = { "slots", "maxmem", NULL };
    g_autoptr(KeyVal) kv = keyval_parse(value, "size", error);

    if (!kv || !keyval_get_size(kv, "size", 1 << 20, &o->config.ram_size, error) ||
        !refuse_keys(kv, unsupported, error) || !keyval_check_all_used(kv, error) || !keyval_need(kv, "size", error)) {
        return false;
    }
    if (!o->config.ram_size) {
        return bad_value(value, "a machine needs RAM", error);
    }
    return true;
}

#define TEXT_OPTION(name, field) \
    static bool opt_##name(Options *o, const char *value, GError **error) \
    { \
        set_text(&o->field, value); \
        return true; \
    }
TEXT_OPTION(kernel, config.kernel)
TEXT_OPTION(initrd, config.initrd)
TEXT_OPTION(append, config.append)
TEXT_OPTION(dtb, config.dtb)
TEXT_OPTION(bios, config.bios)
TEXT_OPTION(log_file, log_file)
TEXT_OPTION(pidfile, pidfile)

#define FLAG_OPTION(name, field) \
    static bool opt_##name(Options *o, const char *value, GError **error) \
    { \
        o->field = true; \
        return true; \
    }
FLAG_OPTION(nographic, nographic)
FLAG_OPTION(nodefaults, nodefaults)
FLAG_OPTION(paused, paused)
FLAG_OPTION(no_reboot, config.no_reboot)
FLAG_OPTION(no_shutdown, no_shutdown)
FLAG_OPTION(snapshot, snapshot)
FLAG_OPTION(perfmap, accel.perfmap)
FLAG_OPTION(jitdump, accel.jitdump)

static bool opt_display(Options *o, const char *value, GError **error)
{
    if (strcmp(value, "none") != 0) {
        return not_supported(value, error);
    }
    o->display_none = true;
    return true;
}

static bool opt_none(Options *o, const char *value, GError **error)
{
    return strcmp(value, "none") == 0 || not_supported(value, error);
}

static bool opt_monitor(Options *o, const char *value, GError **error)
{
    if (strcmp(value, "none") == 0 || strcmp(value, "null") == 0) {
        o->monitor_none = true;
    } else {
        g_ptr_array_add(o->monitors, g_strdup(value));
    }
    return true;
}

static bool opt_gdb(Options *o, const char *value, GError **error)
{
    if (strcmp(value, "none") != 0) {
        g_ptr_array_add(o->gdbs, g_strdup(value));
    }
    return true;
}

static bool opt_gdb_default(Options *o, const char *value, GError **error)
{
    g_ptr_array_add(o->gdbs, g_strdup("tcp::1234"));
    return true;
}

static bool opt_symbols(Options *o, const char *value, GError **error)
{
    g_ptr_array_add(o->symbols, g_strdup(value));
    return true;
}

static bool opt_serial(Options *o, const char *value, GError **error)
{
    g_ptr_array_add(o->serials, g_strdup(value));
    return true;
}

static bool opt_chardev(Options *o, const char *value, GError **error)
{
    if (is_help(value)) {
        set_action(o, ACTION_LIST_CHARDEVS, NULL);
        return true;
    }
    g_ptr_array_add(o->chardevs, g_strdup(value));
    return true;
}

static bool opt_netdev(Options *o, const char *value, GError **error)
{
    if (is_help(value)) {
        set_action(o, ACTION_LIST_NETDEVS, NULL);
        return true;
    }
    g_ptr_array_add(o->netdevs, g_strdup(value));
    return true;
}

static bool add_keyval(GPtrArray *list, const char *value, const char *implied, GError **error)
{
    KeyVal *kv;

    if (value[0] == '{') {
        return not_supported("JSON", error);
    }
    kv = keyval_parse(value, implied, error);
    if (!kv) {
        return false;
    }
    g_ptr_array_add(list, kv);
    return true;
}

static bool opt_mon(Options *o, const char *value, GError **error)
{
    return add_keyval(o->mons, value, "chardev", error);
}

static bool opt_drive(Options *o, const char *value, GError **error)
{
    return add_keyval(o->drives, value, NULL, error);
}

static bool opt_pflash(Options *o, const char *value, GError **error)
{
    KeyVal *kv = keyval_new();

    keyval_set(kv, "file", value);
    keyval_set(kv, "if", "pflash");
    g_ptr_array_add(o->drives, kv);
    return true;
}

static bool opt_sd(Options *o, const char *value, GError **error)
{
    KeyVal *kv = keyval_new();

    keyval_set(kv, "file", value);
    keyval_set(kv, "if", "sd");
    g_ptr_array_add(o->drives, kv);
    return true;
}

static bool opt_blockdev(Options *o, const char *value, GError **error)
{
    return add_keyval(o->blockdevs, value, "driver", error);
}

static bool opt_nic(Options *o, const char *value, GError **error)
{
    return strcmp(value, "none") == 0 || add_keyval(o->nics, value, "type", error);
}

/* -device and -object: a list, one's properties, or one more. */
static bool add_named(Options *o, GPtrArray *list, Action help, const char *value, const char *implied, GError **error)
{
    KeyVal *kv;

    if (is_help(value)) {
        set_action(o, help, NULL);
        return true;
    }
    if (!add_keyval(list, value, implied, error)) {
        return false;
    }
    kv = list->pdata[list->len - 1];
    if (!keyval_need(kv, implied, error)) {
        return false;
    }
    if (keyval_has(kv, "help") || keyval_has(kv, "?")) {
        set_action(o, ACTION_DESCRIBE, keyval_get(kv, implied));
    }
    return true;
}

static bool opt_device(Options *o, const char *value, GError **error)
{
    return add_named(o, o->devices, ACTION_LIST_DEVICES, value, "driver", error);
}

static bool opt_object(Options *o, const char *value, GError **error)
{
    return add_named(o, o->objects, ACTION_LIST_OBJECTS, value, "qom-type", error);
}

static bool opt_global(Options *o, const char *value, GError **error)
{
    const char *eq = strchr(value, '=');
    g_autofree char *left = eq ? g_strndup(value, (size_t)(eq - value)) : NULL;

    if (eq && strcmp(left, "driver") == 0) {
        g_autoptr(KeyVal) kv = keyval_parse(value, NULL, error);
        const char *driver, *property, *text;

        if (!kv || !(driver = keyval_need(kv, "driver", error)) ||
            !(property = keyval_need(kv, "property", error)) || !(text = keyval_need(kv, "value", error)) ||
            !keyval_check_all_used(kv, error)) {
            return false;
        }
        g_ptr_array_add(o->globals, g_strdup_printf("%s.%s=%s", driver, property, text));
        return true;
    }
    if (!eq || !strchr(left, '.')) {
        return bad_value(value, "expected TYPE.PROPERTY=VALUE", error);
    }
    g_ptr_array_add(o->globals, g_strdup(value));
    return true;
}

static bool opt_log_items(Options *o, const char *value, GError **error)
{
    if (is_help(value)) {
        set_action(o, ACTION_LIST_LOG, NULL);
        return true;
    }
    set_text(&o->log_items, value);
    return true;
}

static bool opt_seed(Options *o, const char *value, GError **error)
{
    o->config.seed_set = true;
    return parse_uint("seed", value, UINT64_MAX, &o->config.seed, error);
}

static bool opt_icount(Options *o, const char *value, GError **error)
{
    static const char *const unsupported[] = { "rr", "rrfile", "rrsnapshot", NULL };
    g_autoptr(KeyVal) kv = keyval_parse(value, "shift", error);
    bool align = false, sleep = true, adapt;
    uint64_t shift = 0, quantum = DEFAULT_QUANTUM;

    if (!kv || !refuse_keys(kv, unsupported, error)) {
        return false;
    }
    adapt = !keyval_has(kv, "shift") || strcmp(keyval_get(kv, "shift"), "auto") == 0;
    if ((!adapt && !keyval_get_uint(kv, "shift", MAX_ICOUNT_SHIFT, &shift, error)) ||
        !keyval_get_bool(kv, "align", &align, error) || !keyval_get_bool(kv, "sleep", &sleep, error) ||
        !keyval_get_uint(kv, "quantum", MAX_QUANTUM, &quantum, error) || !keyval_check_all_used(kv, error)) {
        return false;
    }
    if (align) {
        return not_supported("align=on", error);
    }
    if (adapt && !sleep) {
        return bad_value(value, "shift=auto follows the host's time: it goes with sleep=on", error);
    }
    if (quantum < MIN_QUANTUM) {
        return bad_value(value, "the quantum is at least 1000 ns", error);
    }
    o->accel.counted = true;
    o->accel.adapt = adapt;
    o->accel.shift = adapt ? AUTO_SHIFT : (unsigned)shift;
    o->accel.sleep = sleep;
    o->accel.quantum = quantum;
    return true;
}

static bool opt_stop_after(Options *o, const char *value, GError **error)
{
    return parse_uint("stop-after", value, INT64_MAX, &o->accel.stop_after, error);
}

static bool opt_rtc(Options *o, const char *value, GError **error)
{
    static const char *const clocks[] = { "host", "vm", NULL };
    static const char *const unsupported[] = { "driftfix", NULL };
    g_autoptr(KeyVal) kv = keyval_parse(value, NULL, error);
    unsigned which = 0;
    const char *base;

    if (!kv || !keyval_get_enum(kv, "clock", clocks, &which, error) || !refuse_keys(kv, unsupported, error)) {
        return false;
    }
    o->config.rtc_vm_clock = which == 1;
    base = keyval_get(kv, "base");
    if (base && strcmp(base, "utc") != 0) {
        g_autofree char *what = g_strdup_printf("base=%s", base);

        return not_supported(what, error);
    }
    return keyval_check_all_used(kv, error);
}

static bool opt_semihosting(Options *o, const char *value, GError **error)
{
    o->semihosting = true;
    return true;
}

static bool add_semihosting_arg(void *opaque, const char *key, const char *value, GError **error)
{
    Options *o = opaque;

    if (strcmp(key, "arg") != 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown parameter", key);
        return false;
    }
    g_ptr_array_add(o->semihosting_args, g_strdup(value));
    return true;
}

static bool opt_semihosting_config(Options *o, const char *value, GError **error)
{
    static const char *const targets[] = { "auto", "native", "gdb", NULL };
    g_autoptr(KeyVal) kv = keyval_parse(value, "enable", error);
    unsigned target = 0;
    const char *chardev;

    if (!kv) {
        return false;
    }
    o->semihosting = true;
    chardev = keyval_get(kv, "chardev");
    if (!keyval_get_bool(kv, "enable", &o->semihosting, error) ||
        !keyval_get_bool(kv, "userspace", &o->semihosting_user, error) ||
        !keyval_get_enum(kv, "target", targets, &target, error)) {
        return false;
    }
    set_text(&o->semihosting_target, targets[target]);
    if (chardev) {
        set_text(&o->semihosting_chardev, chardev);
    }
    return keyval_foreach_unused(kv, add_semihosting_arg, o, error);
}

static bool opt_decode(Options *o, const char *value, GError **error)
{
    set_action(o, ACTION_DECODE, value);
    return true;
}

static bool opt_write_manifest(Options *o, const char *value, GError **error)
{
    set_action(o, ACTION_WRITE_MANIFEST, value);
    return true;
}

/* -- the table --------------------------------------------------------------------------------------------- */

static const OptionRow rows[] = {
    { "help", NULL, "this text", opt_help },
    { "h", NULL, NULL, opt_help },
    { "version", NULL, "the version", opt_version },
    { "machine", "NAME[,PROPERTY=VALUE...]", "the machine; help lists them; NAME,help lists its properties;\n"
      "also dumpdtb=FILE, accel=NAME", opt_machine },
    { "M", "NAME[,...]", "the same", opt_machine },
    { "target", "ARCH", "the architecture, where several have a machine of that name", opt_target },
    { "cpu", "NAME[,FEATURE=on|off...]", "the CPU model; help lists them", opt_cpu },
    { "smp", "[cpus=]N[,maxcpus=N]", "the number of CPUs", opt_smp },
    { "cluster", "[name=]NAME,cpu=MODEL[,count=N][,frequency=HZ][,tcm-code=SIZE][,tcm-data=SIZE][,kernel=FILE]",
      "CPUs beside those of -smp, with memory and a program of their own", opt_cluster },
    { "m", "[size=]SIZE", "RAM: MiB, or with a suffix K, M, G", opt_memory },
    { "accel", "tcg|tci[,thread=single|multi][,one-insn-per-tb=on][,naive=on][,heat=N][,background=off][,stress=...][,tb-size=MiB]",
      "how guest code runs: compiled, or interpreted; help lists both", opt_accel },
    { "kernel", "FILE", "a kernel or bare-metal program", opt_kernel },
    { "initrd", "FILE", "an initial RAM disk", opt_initrd },
    { "append", "TEXT", "the kernel's command line", opt_append },
    { "dtb", "FILE", "a device tree, instead of the machine's own", opt_dtb },
    { "bios", "FILE", "firmware", opt_bios },
    { "device", "NAME[,id=ID][,PROPERTY=VALUE...]", "one more device; help lists them; NAME,help lists properties;\n"
      "loader,file=F or loader,addr=A,data=D,data-len=N puts something into memory", opt_device },
    { "global", "TYPE.PROPERTY=VALUE", "a default for every object of a type", opt_global },
    { "object", "TYPE,id=ID[,PROPERTY=VALUE...]", "a backend object, such as rng-random", opt_object },
    { "drive", "file=F[,if=virtio|none|pflash|sd][,id=ID][,format=raw][,readonly=on][,snapshot=on][,index=N]",
      "a disk image", opt_drive },
    { "blockdev", "raw|file,node-name=ID,...", "a disk image without its device", opt_blockdev },
    { "snapshot", NULL, "writes to disks go to temporary files", opt_snapshot },
    { "pflash", "FILE", "a flash image: -drive if=pflash", opt_pflash },
    { "sd", "FILE", "an SD card's image: -drive if=sd", opt_sd },
    { "netdev", "user,id=ID[,...]", "a network backend; help lists the kinds", opt_netdev },
    { "nic", "user[,model=NAME][,...]|none", "a network backend and its card", opt_nic },
    { "net", "none", NULL, opt_none },
    { "serial", "SPEC", "a serial port, in order: stdio, mon:stdio, file:F, pipe:F, pty, tcp:H:P, unix:F,\n"
      "chardev:ID, null, none", opt_serial },
    { "chardev", "KIND,id=ID[,...]", "a character backend; help lists the kinds", opt_chardev },
    { "nographic", NULL, "no display; the first serial port is the terminal (Ctrl-A x ends)", opt_nographic },
    { "display", "none", "no display", opt_display },
    { "vga", "none", NULL, opt_none },
    { "parallel", "none", NULL, opt_none },
    { "monitor", "SPEC", "the monitor: as -serial takes it, or none", opt_monitor },
    { "mon", "[chardev=]ID[,mode=readline]", "the monitor on a character backend", opt_mon },
    { "gdb", "SPEC[,cluster=NAME]", "wait for gdb there: tcp:HOST:PORT, unix:PATH, stdio, pty, or none", opt_gdb },
    { "s", NULL, "the same as -gdb tcp::1234", opt_gdb_default },
    { "nodefaults", NULL, "no devices but those that are asked for", opt_nodefaults },
    { "no-user-config", NULL, "accepted: there are no configuration files", opt_ignore },
    { "no-acpi", NULL, NULL, opt_ignore },
    { "name", "TEXT", "accepted: a name that process lists may show", opt_ignore },
    { "semihosting", NULL, "programs reach the host's files and console by semihosting calls", opt_semihosting },
    { "semihosting-config", "[enable=on][,target=auto|native|gdb][,chardev=ID][,userspace=on][,arg=TEXT...]",
      "the same, its console, and the program's arguments", opt_semihosting_config },
    { "S", NULL, "do not start the CPUs", opt_paused },
    { "no-reboot", NULL, "a reset ends the program", opt_no_reboot },
    { "no-shutdown", NULL, "a power-off stops the CPUs and keeps the program", opt_no_shutdown },
    { "seed", "N", "where the machine's random numbers start", opt_seed },
    { "rtc", "[base=utc][,clock=host|vm]", "what the machine's clock follows", opt_rtc },
    { "icount", "[shift=]N|auto[,sleep=on|off][,align=off][,quantum=NS]",
      "virtual time is counted: an instruction takes 2^N ns, and runs repeat exactly", opt_icount },
    { "stop-after", "N", "with -icount: end after so many instructions", opt_stop_after },
    { "d", "ITEM[,...]", "log; help lists the items", opt_log_items },
    { "D", "FILE", "the log's file (stderr)", opt_log_file },
    { "perfmap", NULL, "names of translated code for perf: /tmp/perf-PID.map", opt_perfmap },
    { "jitdump", NULL, "translated code for perf inject: jit-PID.dump in the current folder", opt_jitdump },
    { "symbols", "FILE", "names for these: an ELF file, or lines as of /proc/kallsyms; those of -kernel are known", opt_symbols },
    { "pidfile", "FILE", "write the process number there", opt_pidfile },
    { "decode", "ISA[,CPU[,FEATURE=on|off...]]", "decode hex words from standard input, and exit", opt_decode },
    { "write-manifest", "MODULE FILE", "write a module's manifest, and exit", opt_write_manifest },
    /* known to tools, and not done yet */
    { "qmp", "DEV", NULL, NULL },
    { "qmp-pretty", "DEV", NULL, NULL },
    { "daemonize", NULL, NULL, NULL },
    { "boot", "OPTIONS", NULL, NULL },
    { "fsdev", "OPTIONS", NULL, NULL },
    { "virtfs", "OPTIONS", NULL, NULL },
    { "fw_cfg", "OPTIONS", NULL, NULL },
    { "numa", "OPTIONS", NULL, NULL },
    { "smbios", "OPTIONS", NULL, NULL },
    { "usb", NULL, NULL, NULL },
    { "usbdevice", "OPTIONS", NULL, NULL },
    { "hda", "FILE", NULL, NULL },
    { "cdrom", "FILE", NULL, NULL },
    { "mtdblock", "FILE", NULL, NULL },
    { "incoming", "URI", NULL, NULL },
    { "loadvm", "NAME", NULL, NULL },
    { "enable-kvm", NULL, NULL, NULL },
    { "watchdog-action", "ACTION", NULL, NULL },
    { "action", "OPTIONS", NULL, NULL },
    { "msg", "OPTIONS", NULL, NULL },
    { "trace", "OPTIONS", NULL, NULL },
    { "plugin", "OPTIONS", NULL, NULL },
    { "sandbox", "OPTIONS", NULL, NULL },
    { "runas", "USER", NULL, NULL },
    { "chroot", "FOLDER", NULL, NULL },
    { "readconfig", "FILE", NULL, NULL },
    { "uuid", "UUID", NULL, NULL },
    { "vnc", "OPTIONS", NULL, NULL },
    { "spice", "OPTIONS", NULL, NULL },
    { "audio", "OPTIONS", NULL, NULL },
    { "audiodev", "OPTIONS", NULL, NULL },
    { "tpmdev", "OPTIONS", NULL, NULL },
    { "k", "LANGUAGE", NULL, NULL },
    { "g", "SIZE", NULL, NULL },
    { "mem-path", "PATH", NULL, NULL },
    { "mem-prealloc", NULL, NULL, NULL },
    { "overcommit", "OPTIONS", NULL, NULL },
    { "singlestep", NULL, NULL, NULL },
    { "dfilter", "RANGES", NULL, NULL },
    { "echr", "CHARACTER", NULL, NULL },
};

char *options_help(void)
{
    GString *s = g_string_new("usage: chimera -M NAME [OPTIONS]\n");

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].help) {
            g_auto(GStrv) lines = g_strsplit(rows[i].help, "\n", -1);

            g_string_append_printf(s, "\n  -%s%s%s\n", rows[i].name, rows[i].arg ? " " : "",
                                   rows[i].arg ? rows[i].arg : "");
            for (unsigned l = 0; lines[l]; l++) {
                g_string_append_printf(s, "        %s\n", lines[l]);
            }
        }
    }
    return g_string_free(s, FALSE);
}

static const OptionRow *find_row(const char *arg, GError **error)
{
    const char *name = arg + (arg[1] == '-' ? 2 : 1);
    NearNames *near;
    g_autofree char *text = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    near = near_new(name);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strlen(rows[i].name) > 1) {
            near_add(near, rows[i].name);
        }
    }
    text = near_finish(near);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown option%s: -help lists them", arg, text);
    return NULL;
}

static Options *options_new(const char *argv0)
{
    Options *o = g_new0(Options, 1);

    o->program = g_path_get_basename(argv0);
    o->machine = keyval_new();
    set_text(&o->accel_name, "tcg");
    o->accel.backend = o->accel_name;
    o->accel.heat = EXEC_HEAT;
    o->chardevs = g_ptr_array_new_with_free_func(g_free);
    o->netdevs = g_ptr_array_new_with_free_func(g_free);
    o->serials = g_ptr_array_new_with_free_func(g_free);
    o->monitors = g_ptr_array_new_with_free_func(g_free);
    o->gdbs = g_ptr_array_new_with_free_func(g_free);
    o->symbols = g_ptr_array_new_with_free_func(g_free);
    o->mons = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->globals = g_ptr_array_new_with_free_func(g_free);
    o->semihosting_args = g_ptr_array_new_with_free_func(g_free);
    o->drives = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->blockdevs = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->clusters = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->nics = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->devices = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    o->objects = g_ptr_array_new_with_free_func((GDestroyNotify)keyval_free);
    return o;
}

Options *options_parse(int argc, char **argv, GError **error)
{
    Options *o = options_new(argc ? argv[0] : "chimera");

    for (int i = 1; i < argc; i++) {
        const OptionRow *row;
        const char *value = NULL;

        if (i == 1 && strcmp(argv[i], "user") == 0) {
            not_supported("user", error);
            goto fail;
        }
        if (argv[i][0] != '-' || !argv[i][1]) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: not an option: images are named by -kernel, "
                        "-drive or -bios", argv[i]);
            goto fail;
        }
        row = find_row(argv[i], error);
        if (!row) {
            goto fail;
        }
        if (row->arg) {
            if (i + 1 == argc) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "%s: needs a value: %s", argv[i], row->arg);
                goto fail;
            }
            value = argv[++i];
        }
        if (!row->handle) {
            g_autofree char *what = g_strdup_printf("-%s", row->name);

            not_supported(what, error);
            goto fail;
        }
        if (!row->handle(o, value, error)) {
            g_prefix_error(error, "-%s: ", row->name);
            goto fail;
        }
        if (row->handle == opt_write_manifest) {
            if (i + 1 == argc) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX, "-write-manifest: needs two files");
                goto fail;
            }
            set_text(&o->arg[1], argv[++i]);
        }
    }
    return o;
fail:
    options_free(o);
    return NULL;
}

void options_free(Options *o)
{
    if (!o) {
        return;
    }
    g_free(o->arg[0]);
    g_free(o->arg[1]);
    g_free(o->program);
    g_free(o->target);
    keyval_free(o->machine);
    g_free(o->config.cpu);
    g_free(o->config.kernel);
    g_free(o->config.initrd);
    g_free(o->config.append);
    g_free(o->config.dtb);
    g_free(o->config.dumpdtb);
    g_free(o->config.bios);
    g_free(o->accel_name);
    g_ptr_array_unref(o->chardevs);
    g_ptr_array_unref(o->netdevs);
    g_ptr_array_unref(o->serials);
    g_ptr_array_unref(o->monitors);
    g_ptr_array_unref(o->mons);
    g_ptr_array_unref(o->gdbs);
    g_ptr_array_unref(o->symbols);
    g_ptr_array_unref(o->globals);
    g_ptr_array_unref(o->drives);
    g_ptr_array_unref(o->blockdevs);
    g_ptr_array_unref(o->nics);
    g_ptr_array_unref(o->clusters);
    g_ptr_array_unref(o->devices);
    g_ptr_array_unref(o->objects);
    g_free(o->semihosting_chardev);
    g_free(o->semihosting_target);
    g_ptr_array_unref(o->semihosting_args);
    g_free(o->log_items);
    g_free(o->log_file);
    g_free(o->pidfile);
    g_free(o);
}
