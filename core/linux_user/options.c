/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User mode's command line, with the spellings that qemu-ARCH programs have, and its environment variables. */
#include <stdio.h>
#include <string.h>
#include "core/keyval.h"
#include "core/linux_user/user_int.h"
#include "core/log.h"
#include "core/version.h"

typedef struct UserOption {
    const char *name, *env, *arg, *help;
    bool again;                                 /* programs that it executes get it too */
    bool path;                                  /* what the argument names does not depend on where the program goes */
} UserOption;

static const UserOption options[] = {
    { "h", NULL, NULL, "print this help" },
    { "help", NULL, NULL, NULL },
    { "version", NULL, NULL, "print the version" },
    { "L", "QEMU_LD_PREFIX", "DIR", "look for files whose names begin with / below DIR first", true, true },
    { "cpu", "QEMU_CPU", "MODEL", "the CPU: help lists them", true },
    { "E", "QEMU_SET_ENV", "VAR=VALUE,...", "set variables in the program's environment" },
    { "U", "QEMU_UNSET_ENV", "VAR,...", "remove variables from it" },
    { "env", NULL, "VAR=VALUE", "set one variable, whose value may have commas" },
    { "0", "QEMU_ARGV0", "NAME", "the program's argv[0]" },
    { "r", "QEMU_UNAME", "RELEASE", "the kernel's release, as uname tells it", true },
    { "s", "QEMU_STACK_SIZE", "BYTES", "the stack's size", true },
    { "B", "QEMU_GUEST_BASE", "ADDRESS", "where in the process guest address 0 lies", true },
    { "R", "QEMU_RESERVED_VA", "BYTES", "how much address space the guest has", true },
    { "accel", NULL, "tcg|tci[,...]", "translate to host code, or interpret", true },
    { "one-insn-per-tb", "QEMU_ONE_INSN_PER_TB", NULL, "one instruction a block", true },
    { "singlestep", "QEMU_SINGLESTEP", NULL, NULL, true },
    { "tb-size", NULL, "MIB", "memory for translated code: 1 to 2048", true },
    { "heat", NULL, "N", "code that ran so many instructions is compiled again with its loops; 0: never", true },
    { "perfmap", "QEMU_PERFMAP", NULL, "names of code for perf: /tmp/perf-PID.map", true },
    { "jitdump", "QEMU_JITDUMP", NULL, "code for perf inject: jit-PID.dump in this folder", true },
    { "strace", "QEMU_STRACE", NULL, "log system calls", true },
    { "d", "QEMU_LOG", "ITEM,...", "log things (-d help lists them)", true },
    { "D", "QEMU_LOG_FILENAME", "FILE", "log to FILE; +FILE: behind what is there", true, true },
    { "g", "QEMU_GDB", "PORT|PATH", "wait for gdb there, on localhost or a Unix socket" },
    { "p", "QEMU_PAGESIZE", "BYTES", "the size of pages: 4096", true },
    { "plugin", "QEMU_PLUGIN", "FILE", NULL },
    { "seed", "QEMU_RAND_SEED", "N", "where the CPU's and the kernel's random numbers for it start", true },
};

static void print_help(void)
{
    printf("usage: chimera user [OPTIONS] [--] PROGRAM [ARGS]\n\nRuns a Linux program of another architecture.\n\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        const UserOption *r = &options[i];
        g_autofree char *left = g_strdup_printf("-%s%s%s", r->name, r->arg ? " " : "", r->arg ? r->arg : "");

        if (r->help) {
            printf("  %-22s %s%s%s\n", left, r->help, r->env ? ": " : "", r->env ? r->env : "");
        }
    }
}

static bool set_accel(UserOptions *o, const char *value, GError **error)
{
    static const char *const names[] = { "tcg", "tci", NULL };
    g_autoptr(KeyVal) kv = keyval_parse(value, "accel", error);
    unsigned n = 0;

    if (!kv || !keyval_get_enum(kv, "accel", names, &n, error) || !accel_config_parse(&o->accel, kv, error)) {
        return false;
    }
    o->accel.backend = names[n];
    return keyval_check_all_used(kv, error);
}

static bool number(const char *text, const char *name, bool zero, uint64_t *ret, GError **error)
{
    g_autofree char *what = g_strdup_printf("-%s", name);

    if (!parse_size(what, text, 1, ret, error)) {
        return false;
    }
    if (*ret == 0 && !zero) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s %s: it cannot be 0", what, text);
        return false;
    }
    return true;
}

static void set(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static void set_variable(UserOptions *o, const char *item, bool add)
{
    size_t n = strcspn(item, "=");

    for (unsigned k = 0; k + 1 < o->env->len; k++) {
        const char *e = o->env->pdata[k];

        if (strncmp(e, item, n) == 0 && e[n] == '=') {
            g_ptr_array_remove_index(o->env, k);
            break;
        }
    }
    if (add && item[n] == '=') {
        g_ptr_array_insert(o->env, (int)o->env->len - 1, g_strdup(item));
    }
}

static bool set_env(UserOptions *o, const char *name, const char *list, bool add, GError **error)
{
    g_auto(GStrv) items = g_strsplit(list, ",", -1);

    for (unsigned i = 0; items[i]; i++) {
        if (add && *items[i] && !strchr(items[i], '=')) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-%s %s: expected VAR=VALUE", name, items[i]);
            return false;
        }
        set_variable(o, items[i], add);
    }
    return true;
}

typedef struct LogOptions {
    char *items, *file;
    bool strace;
} LogOptions;

static bool take(UserOptions *o, LogOptions *l, const UserOption *r, const char *value, GError **error)
{
    const char *n = r->name;
    uint64_t v;

    if (strcmp(n, "g") == 0) {
        set(&o->gdb, strcmp(value, "none") == 0 ? NULL : value);
        return true;
    }
    if (strcmp(n, "plugin") == 0) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "-%s: not supported yet in user mode", n);
        return false;
    }
    if (strcmp(n, "p") == 0) {
        if (!number(value, n, false, &v, error)) {
            return false;
        }
        if (v != LINUX_PAGE) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "-p %s: not supported: pages have %d bytes", value,
                        LINUX_PAGE);
        }
        return v == LINUX_PAGE;
    }
    if (strcmp(n, "seed") == 0) {
        o->seed_set = true;
        return number(value, n, true, &o->seed, error);
    }
    if (strcmp(n, "L") == 0) {
        set(&o->sysroot, value);
    } else if (strcmp(n, "cpu") == 0) {
        set(&o->cpu, value);
    } else if (strcmp(n, "E") == 0 || strcmp(n, "U") == 0) {
        return set_env(o, n, value, *n == 'E', error);
    } else if (strcmp(n, "env") == 0) {
        set_variable(o, value, true);
    } else if (strcmp(n, "r") == 0) {
        set(&o->release, value);
    } else if (strcmp(n, "0") == 0) {
        set(&o->argv0, value);
    } else if (strcmp(n, "s") == 0) {
        return number(value, n, false, &o->stack_size, error);
    } else if (strcmp(n, "R") == 0) {
        return number(value, n, false, &o->reserve, error);
    } else if (strcmp(n, "B") == 0) {
        if (!number(value, n, false, &v, error)) {
            return false;
        }
        o->base = v;
    } else if (strcmp(n, "tb-size") == 0) {
        if (!parse_uint(n, value, EXEC_MAX_CODE_MIB, &v, NULL) || v == 0) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-tb-size %s: expected a number of MiB, 1 to %d", value,
                        EXEC_MAX_CODE_MIB);
            return false;
        }
        o->accel.code_size = v << 20;
    } else if (strcmp(n, "heat") == 0) {
        if (!parse_uint("-heat", value, INT32_MAX, &v, error)) {
            return false;
        }
        o->accel.heat = (unsigned)v;
    } else if (strcmp(n, "accel") == 0) {
        return set_accel(o, value, error);
    } else if (strcmp(n, "perfmap") == 0) {
        o->accel.perfmap = true;
    } else if (strcmp(n, "jitdump") == 0) {
        o->accel.jitdump = true;
    } else if (strcmp(n, "strace") == 0) {
        l->strace = true;
    } else if (strcmp(n, "d") == 0) {
        set(&l->items, value);
    } else if (strcmp(n, "D") == 0) {
        set(&l->file, value);
    } else if (!r->arg) {
        o->accel.one_insn = true;
    }
    return true;
}

/* The argument as it is kept and handed on: paths from the root, -D's sign kept. Newly allocated. */
static char *whole(const UserOption *r, const char *value)
{
    bool more = *r->name == 'D' && *value == '+';
    g_autofree char *path = NULL;

    if (!r->path || !value[more]) {
        return g_strdup(value);
    }
    path = g_canonicalize_filename(value + more, NULL);
    return g_strconcat(more ? "+" : "", path, NULL);
}

static bool take_env(UserOptions *o, LogOptions *l, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        const char *given = options[i].env ? g_getenv(options[i].env) : NULL;
        g_autofree char *value = given ? whole(&options[i], given) : NULL;

        if (value && !take(o, l, &options[i], value, error)) {
            g_prefix_error(error, "%s: ", options[i].env);
            return false;
        }
        o->gdb_by_env |= value && strcmp(options[i].name, "g") == 0;
    }
    return true;
}

static const UserOption *find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static int parse(UserOptions *o, LogOptions *l, int argc, char **argv, int *ret_status, GError **error)
{
    g_autofree char *items = NULL;
    int i = 1;

    if (!take_env(o, l, error)) {
        return -1;
    }
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *name = argv[i] + (argv[i][1] == '-' && argv[i][2] ? 2 : 1);
        g_autofree char *value = NULL;
        const UserOption *r;

        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        r = find(name);
        if (!r) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown option: -h lists them", argv[i]);
            return -1;
        }
        if (strcmp(r->name, "h") == 0 || strcmp(r->name, "help") == 0) {
            print_help();
            *ret_status = 0;
            return -1;
        }
        if (strcmp(r->name, "version") == 0) {
            printf("Chimera emulator version " CHIMERA_VERSION "\n");
            *ret_status = 0;
            return -1;
        }
        if (r->arg && i + 1 >= argc) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "-%s: its argument %s is missing", r->name, r->arg);
            return -1;
        }
        value = whole(r, r->arg ? argv[i + 1] : "");
        if (r->again) {
            g_ptr_array_add(o->again, g_strdup(argv[i]));
            if (r->arg) {
                /* what is executed logs behind this program */
                g_ptr_array_add(o->again, g_strconcat(*r->name == 'D' && *value != '+' ? "+" : "", value, NULL));
            }
        }
        if (!take(o, l, r, value, error)) {
            return -1;
        }
        i += r->arg != NULL;
    }
    if (l->items && strcmp(l->items, "help") == 0) {
        g_autofree char *text = log_help();

        fputs(text, stdout);
        *ret_status = 0;
        return -1;
    }
    if (o->cpu && (strcmp(o->cpu, "help") == 0 || strcmp(o->cpu, "?") == 0)) {
        return argc;                            /* no program is wanted */
    }
    if (i >= argc) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "no program: chimera user [OPTIONS] PROGRAM [ARGS]");
        return -1;
    }
    items = g_strconcat(l->items ? l->items : "", l->strace ? ",strace" : "", NULL);
    return log_set(items, l->file, error) ? i : -1;
}

int user_options_parse(UserOptions *o, int argc, char **argv, int *ret_status, GError **error)
{
    LogOptions l = { 0 };
    int at;

    *ret_status = -1;
    at = parse(o, &l, argc, argv, ret_status, error);
    g_free(l.items);
    g_free(l.file);
    return at;
}
