/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of machines, CPUs, devices and objects, and of one type's properties. */
#include <stdio.h>
#include <string.h>
#include "core/io/char.h"
#include "core/io/net.h"
#include "core/program.h"

static void print_row(const char *name, const char *desc)
{
    printf("  %-24s %s\n", name, desc);
}

static const char *group_of(const ModuleName *n, bool by_category)
{
    return !by_category ? n->arch : n->by_user ? n->category : "Made by boards alone";
}

/* Rows under one heading an architecture, or a category; each list is sorted already. */
static void print_grouped(const GPtrArray *names, bool by_category)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new();

    for (unsigned i = 0; i < names->len; i++) {
        const ModuleName *n = names->pdata[i];
        const char *group = group_of(n, by_category);

        if (!g_ptr_array_find_with_equal_func(groups, group, g_str_equal, NULL)) {
            g_ptr_array_add(groups, (void *)group);
        }
    }
    for (unsigned g = 0; g < groups->len; g++) {
        const char *group = groups->pdata[g];

        printf("%s:\n", *group ? group : "other");
        for (unsigned i = 0; i < names->len; i++) {
            const ModuleName *n = names->pdata[i];

            if (strcmp(group_of(n, by_category), group) == 0) {
                print_row(n->name, n->desc);
            }
        }
    }
}

int list_machines(ModuleLoader *ml)
{
    printf("Machines (-M NAME), by architecture\n");
    print_grouped(module_names(ml, MODULE_MACHINE), false);
    return 0;
}

int list_cpus(ModuleLoader *ml)
{
    printf("CPU models (-cpu NAME), by architecture\n");
    print_grouped(module_names(ml, MODULE_CPU), false);
    return 0;
}

int list_devices(ModuleLoader *ml)
{
    printf("Devices (-device NAME), by kind\n");
    print_grouped(module_names(ml, MODULE_DEVICE), true);
    printf("Generic:\n");
    print_row("loader", "puts a file or a value into memory at reset");
    return 0;
}

int list_objects(ModuleLoader *ml)
{
    const GPtrArray *names = module_names(ml, MODULE_BACKEND);

    printf("Objects (-object TYPE)\n");
    for (unsigned i = 0; i < names->len; i++) {
        const ModuleName *n = names->pdata[i];

        print_row(n->name, n->desc);
    }
    return 0;
}

int list_accels(void)
{
    printf("Accelerators (-accel NAME)\n");
    print_row("tcg", "guest code is compiled (the default)");
    print_row("tci", "guest code is interpreted: any host, much slower");
    return 0;
}

static void print_kind(const char *name, const char *help, void *opaque)
{
    print_row(name, help);
}

int list_chardevs(void)
{
    printf("Character backends (-chardev KIND,id=ID)\n");
    chardev_foreach_kind(print_kind, NULL);
    return 0;
}

int list_netdevs(ModuleLoader *ml)
{
    const GPtrArray *names = module_names(ml, MODULE_TYPE);

    printf("Network backends (-netdev KIND,id=ID)\n");
    for (unsigned i = 0; i < names->len; i++) {
        const ModuleName *n = names->pdata[i];

        if (g_str_has_prefix(n->name, NETDEV_PREFIX)) {
            print_row(n->name + strlen(NETDEV_PREFIX), n->desc);
        }
    }
    return 0;
}

static int compare_properties(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const Property *const *)a)->name, (*(const Property *const *)b)->name);
}

static void collect_property(const Property *p, void *opaque)
{
    g_ptr_array_add(opaque, (void *)p);
}

static void print_property(const Property *p)
{
    g_autofree char *def = property_default_text(p);
    g_autofree char *choices = p->type == PROP_ENUM ? g_strjoinv("|", (char **)p->names) : NULL;
    g_autofree char *left = g_strdup_printf("%s=<%s>", p->name, choices ? choices : property_type_name(p->type));

    printf("  %-32s %s%s%s%s\n", left, p->help ? p->help : "", *def ? " (default: " : "", def, *def ? ")" : "");
}

static const char *const loader_help =
    "loader: puts a file or a value into memory at reset\n"
    "  file=<path>                      the file: ELF, HEX or raw\n"
    "  addr=<uint64>                    where a raw file or the value goes\n"
    "  force-raw=<bool>                 the file is raw bytes, whatever it looks like (default: off)\n"
    "  cpu-num=<uint32>                 this CPU starts at addr, or at the file's entry\n"
    "  data=<uint64>                    the value\n"
    "  data-len=<uint8>                 its bytes: 1, 2, 4 or 8\n"
    "  data-be=<bool>                   it is stored big-endian (default: off)\n";

int describe_properties(ModuleLoader *ml, const char *name, const char *arch, GError **error)
{
    static const ModuleNameKind kinds[] = { MODULE_MACHINE, MODULE_CPU, MODULE_DEVICE, MODULE_BACKEND };
    const ModuleName *found = NULL;
    g_autoptr(GPtrArray) props = g_ptr_array_new();
    TypeRegistry *types;
    ObjectClass *oc;

    if (strcmp(name, "loader") == 0) {
        fputs(loader_help, stdout);
        return 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds) && !found; i++) {
        found = module_find(ml, kinds[i], "", name, arch, NULL);
    }
    if (!found) {
        module_find(ml, MODULE_DEVICE, "device", name, arch, error);
        return -1;
    }
    types = module_loader_types(ml);
    oc = type_class(types, found->type, error);
    if (!oc) {
        type_registry_free(types);
        return -1;
    }
    printf("%s: %s\n", found->name, found->desc);
    class_foreach_property(oc, collect_property, props);
    g_ptr_array_sort(props, compare_properties);
    for (unsigned i = 0; i < props->len; i++) {
        print_property(props->pdata[i]);
    }
    type_registry_free(types);
    return 0;
}
