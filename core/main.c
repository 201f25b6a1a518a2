/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program: argv to what it asks for. The only place that prints errors or exits. */
#include <stdio.h>
#include <string.h>
#include "core/linux_user/user.h"
#include "core/log.h"
#include "core/program.h"
#include "core/version.h"

#ifdef CHIMERA_BUILTIN_MODULES
extern const ChimeraModule *const chimera_builtin_modules[];
#else
#define chimera_builtin_modules NULL
#endif

/*
 * `chimera user ...`, or the name of a program for one architecture's programs: *ret_status is then what the program
 * returns, and true.
 */
static bool run_user(int argc, char **argv, int *ret_status, GError **error)
{
    g_autofree char *name = g_path_get_basename(argc ? argv[0] : "chimera");
    bool by_word = argc > 1 && strcmp(argv[1], "user") == 0;
    bool is_static = g_str_has_suffix(name, "-static");     /* as packages call what is linked so */
    const ModuleName *row = NULL;
    ModuleLoader *ml;

    if (!by_word && (!g_str_has_prefix(name, "qemu-") || g_str_has_prefix(name, "qemu-system-"))) {
        return false;
    }
    ml = module_loader_new(chimera_builtin_modules, MODULES_OF_PROGRAMS, error);
    if (!ml) {
        *ret_status = -1;
        return true;
    }
    if (!by_word) {
        name[strlen(name) - (is_static ? strlen("-static") : 0)] = '\0';
        row = module_find(ml, MODULE_INVOCATION, "program", name, NULL, NULL);
    }
    if (!by_word && (!row || strcmp(row->category, "user") != 0)) {
        module_loader_free(ml);
        return false;
    }
    *ret_status = linux_user_main(ml, row ? row->arch : NULL, argc - by_word, argv + by_word, error);
    module_loader_free(ml);
    return true;
}

/* What we are called may say which architecture is meant: the manifests know the names. */
static bool apply_invocation(ModuleLoader *ml, Options *o, GError **error)
{
    const ModuleName *row = module_find(ml, MODULE_INVOCATION, "program", o->program, NULL, NULL);

    if (row && !o->target) {
        o->target = g_strdup(row->arch);
    }
    return !o->target || module_find(ml, MODULE_ARCH, "-target", o->target, NULL, error);
}

static int print_text(char *text)
{
    fputs(text, stdout);
    g_free(text);
    return 0;
}

static int act(ModuleLoader *ml, Options *o, GError **error)
{
    switch (o->action) {
    case ACTION_VERSION:
        printf("Chimera emulator version " CHIMERA_VERSION "\n");
        return 0;
    case ACTION_HELP:
        return print_text(options_help());
    case ACTION_LIST_LOG:
        return print_text(log_help());
    case ACTION_LIST_MACHINES:
        return list_machines(ml);
    case ACTION_LIST_CPUS:
        return list_cpus(ml);
    case ACTION_LIST_DEVICES:
        return list_devices(ml);
    case ACTION_LIST_OBJECTS:
        return list_objects(ml);
    case ACTION_LIST_ACCELS:
        return list_accels();
    case ACTION_LIST_CHARDEVS:
        return list_chardevs();
    case ACTION_LIST_NETDEVS:
        return list_netdevs(ml);
    case ACTION_DESCRIBE:
        return describe_properties(ml, o->arg[0], o->target, error);
    case ACTION_DECODE:
        return decode_words(ml, o->arg[0], error);
    case ACTION_WRITE_MANIFEST:
        return module_write_manifest(o->arg[0], o->arg[1], error) ? 0 : -1;
    case ACTION_RUN:
        return run_machine(ml, o, error);
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Options *o = NULL;
    ModuleLoader *ml = NULL;
    int status = -1;
    bool user = run_user(argc, argv, &status, &error);

    /* what needs no module works whatever the folders hold */
    if (!user) {
        o = options_parse(argc, argv, &error);
    }
    if (o && (o->action == ACTION_VERSION || o->action == ACTION_HELP || o->action == ACTION_LIST_LOG ||
              o->action == ACTION_WRITE_MANIFEST)) {
        status = act(NULL, o, &error);
    } else if (o) {
        ml = module_loader_new(chimera_builtin_modules, MODULES_ALL, &error);
        if (ml && apply_invocation(ml, o, &error)) {
            status = act(ml, o, &error);
        }
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {     /* what was written before, too */
        fprintf(stderr, "chimera: standard output: cannot be written\n");
        status = 1;
    }
    if (error) {
        fprintf(stderr, "chimera: %s\n", error->message);
        status = 1;
    }
    log_close();
    module_loader_free(ml);
    options_free(o);
    return status;
}
