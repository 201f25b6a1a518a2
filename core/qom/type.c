/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types: the registry, and classes that are built when first used, each starting as a copy of its parent's. */
#include <string.h>
#include "core/keyval.h"
#include "core/near.h"
#include "core/qom/machine.h"
#include "core/qom/type_int.h"

static const TypeInfo object_type = {
    .name = TYPE_OBJECT,
    .desc = "the root of all types",
    .instance_size = sizeof(Object),
    .class_size = sizeof(ObjectClass),
    .abstract = true,
};

static const TypeInfo container_type = {
    .name = TYPE_CONTAINER,
    .parent = TYPE_OBJECT,
    .desc = "a folder of the composition tree",
};

static const TypeInfo *const core_types[] = { &object_type, &container_type, &device_type, &machine_type };

/*
 * Before each class: the type names that casts of its objects were checked against and found right, by where the
 * string is. Modules are never unloaded, so a string constant keeps its place.
 */
enum { NUM_CASTS = 16 };

typedef struct ClassHead {
    const char *cast[NUM_CASTS];                /* atomic */
} __attribute__((aligned(16))) ClassHead;

static ClassHead *head_of(const ObjectClass *oc)
{
    return (ClassHead *)oc - 1;
}

static void node_free(void *p)
{
    TypeNode *node = p;

    if (node->oc) {
        g_free(head_of(node->oc));
    }
    g_free(node);
}

static void global_free(void *p)
{
    TypeGlobal *g = p;

    g_free(g->type);
    g_free(g->prop);
    g_free(g->value);
    g_free(g);
}

TypeRegistry *type_registry_new(TypeLoadFn *load, void *opaque)
{
    TypeRegistry *types = g_new0(TypeRegistry, 1);

    types->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, node_free);
    types->order = g_ptr_array_new();
    types->interfaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    types->globals = g_ptr_array_new_with_free_func(global_free);
    types->load = load;
    types->load_opaque = opaque;
    for (unsigned i = 0; i < G_N_ELEMENTS(core_types); i++) {
        type_register(types, core_types[i], NULL);
    }
    return types;
}

void type_registry_free(TypeRegistry *types)
{
    if (types) {
        g_hash_table_unref(types->interfaces);
        g_ptr_array_unref(types->globals);
        g_ptr_array_unref(types->order);
        g_hash_table_unref(types->nodes);
        g_free(types);
    }
}

void type_registry_set_resolvers(TypeRegistry *types, const PropertyResolvers *r)
{
    types->resolvers = *r;
}

void type_registry_add_global(TypeRegistry *types, const char *type, const char *prop, const char *value)
{
    TypeGlobal *g = g_new(TypeGlobal, 1);

    *g = (TypeGlobal){ g_strdup(type), g_strdup(prop), g_strdup(value) };
    g_ptr_array_add(types->globals, g);
}

const void *type_registry_interface(TypeRegistry *types, const char *module)
{
    return g_hash_table_lookup(types->interfaces, module);
}

void type_registry_add_interface(TypeRegistry *types, const char *module, const void *interface)
{
    g_hash_table_insert(types->interfaces, g_strdup(module), (void *)interface);
}

bool type_register(TypeRegistry *types, const TypeInfo *info, GError **error)
{
    TypeNode *node = g_hash_table_lookup(types->nodes, info->name);

    g_assert(info->parent || info == &object_type);
    if (node) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_FAILED, "%s: a type of this name exists already", info->name);
        return false;
    }
    node = g_new0(TypeNode, 1);
    node->info = info;
    g_hash_table_insert(types->nodes, (void *)info->name, node);
    g_ptr_array_add(types->order, node);
    return true;
}

static ObjectClass *class_build(TypeRegistry *types, TypeNode *node, GError **error)
{
    const TypeInfo *info = node->info;
    ObjectClass *parent = NULL, *oc;
    size_t size = info->class_size, parent_size = 0;

    if (info->parent) {
        parent = type_class(types, info->parent, error);
        if (!parent) {
            g_prefix_error(error, "%s: parent type ", info->name);
            return NULL;
        }
        for (const ObjectClass *c = parent; c && !parent_size; c = c->parent) {
            parent_size = c->info->class_size;
        }
    }
    size = MAX(size, parent_size);
    g_assert(info->class_size == 0 || info->class_size >= parent_size);
    oc = (ObjectClass *)((ClassHead *)g_malloc0(sizeof(ClassHead) + size) + 1);
    if (parent) {
        memcpy(oc, parent, parent_size);
    }
    oc->info = info;
    oc->parent = parent;
    oc->types = types;
    node->oc = oc;
    if (info->class_init) {
        info->class_init(oc, info);
    }
    return oc;
}

ObjectClass *type_class(TypeRegistry *types, const char *name, GError **error)
{
    TypeNode *node = g_hash_table_lookup(types->nodes, name);

    if (!node && types->load) {
        if (!types->load(types->load_opaque, types, name, error)) {
            return NULL;
        }
        node = g_hash_table_lookup(types->nodes, name);
    }
    if (!node) {
        NearNames *near = near_new(name);
        g_autofree char *text = NULL;

        for (unsigned i = 0; i < types->order->len; i++) {
            near_add(near, ((TypeNode *)types->order->pdata[i])->info->name);
        }
        text = near_finish(near);
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: unknown type%s", name, text);
        return NULL;
    }
    return node->oc ? node->oc : class_build(types, node, error);
}

ObjectClass *type_class_known(TypeRegistry *types, const char *name)
{
    TypeNode *node = g_hash_table_lookup(types->nodes, name);

    if (!node) {
        return NULL;
    }
    return node->oc ? node->oc : class_build(types, node, NULL);
}

bool class_is_a(const ObjectClass *oc, const char *type)
{
    for (; oc; oc = oc->parent) {
        if (oc->info->name == type || strcmp(oc->info->name, type) == 0) {
            return true;
        }
    }
    return false;
}

void class_check_cast(const ObjectClass *oc, const char *type)
{
    const char **cast;

    g_assert(oc);
    cast = &head_of(oc)->cast[((uintptr_t)type ^ (uintptr_t)type >> 4) % NUM_CASTS];
    if (__atomic_load_n(cast, __ATOMIC_RELAXED) != type) {
        g_assert(class_is_a(oc, type));
        __atomic_store_n(cast, type, __ATOMIC_RELAXED);
    }
}

void *class_check(const void *oc, const char *type)
{
    class_check_cast(oc, type);
    return (void *)oc;
}
