/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects: life by reference counts, and the composition tree, in which a parent owns its children. */
#include <string.h>
#include "core/keyval.h"
#include "core/qom/type_int.h"

/* Instances may embed vectors of the host. */
#define OBJECT_ALIGN 64

static size_t class_instance_size(const ObjectClass *oc)
{
    for (; oc; oc = oc->parent) {
        if (oc->info->instance_size) {
            return oc->info->instance_size;
        }
    }
    return sizeof(Object);
}

static void init_chain(Object *obj, const ObjectClass *oc)
{
    if (oc->parent) {
        init_chain(obj, oc->parent);
    }
    if (oc->info->init) {
        oc->info->init(obj);
    }
}

static Object *instance_new(ObjectClass *oc)
{
    Object *obj = g_aligned_alloc0(1, class_instance_size(oc), OBJECT_ALIGN);

    g_assert(!oc->info->abstract);
    obj->oc = oc;
    obj->refs = 1;
    properties_init(obj);
    init_chain(obj, oc);
    return obj;
}

Object *object_new(TypeRegistry *types, const char *type, GError **error)
{
    ObjectClass *oc = type_class(types, type, error);
    Object *obj;

    if (!oc) {
        return NULL;
    }
    if (oc->info->abstract) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s: an abstract type has no objects", type);
        return NULL;
    }
    obj = instance_new(oc);
    if (!globals_apply(obj, error)) {
        object_unref(obj);
        return NULL;
    }
    return obj;
}

Object *object_new_with_class(ObjectClass *oc)
{
    Object *obj = instance_new(oc);
    bool ok = globals_apply(obj, NULL);

    g_assert(ok);
    return obj;
}

Object *object_ref(Object *obj)
{
    int old = __atomic_fetch_add(&obj->refs, 1, __ATOMIC_RELAXED);

    g_assert(old > 0);
    return obj;
}

void object_unref(Object *obj)
{
    if (!obj) {
        return;
    }
    int old = __atomic_fetch_sub(&obj->refs, 1, __ATOMIC_ACQ_REL);

    g_assert(old > 0);
    if (old > 1) {
        return;
    }
    g_assert(!obj->parent);
    obj->refs = 1;                              /* whoever dispose calls may take and drop references */
    if (obj->oc->dispose) {
        obj->oc->dispose(obj);
    }
    while (obj->children && obj->children->len) {
        object_remove_child(obj, obj->children->pdata[obj->children->len - 1]);
    }
    for (const ObjectClass *oc = obj->oc; oc; oc = oc->parent) {
        if (oc->info->finalize) {
            oc->info->finalize(obj);
        }
    }
    g_assert(obj->refs == 1);
    properties_finalize(obj);
    if (obj->children) {
        g_ptr_array_unref(obj->children);
    }
    g_free(obj->name);
    g_aligned_free(obj);
}

void *object_check(const void *ptr, const char *type)
{
    const Object *obj = ptr;

    g_assert(obj);
    class_check_cast(obj->oc, type);
    return (void *)obj;
}

/* -- the composition tree ---------------------------------------------------------------------------------- */

Object *object_child(const Object *parent, const char *name)
{
    for (unsigned i = 0; parent->children && i < parent->children->len; i++) {
        Object *child = parent->children->pdata[i];

        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }
    return NULL;
}

void object_set_name(Object *obj, const char *name)
{
    g_assert(!obj->parent);
    g_free(obj->name);
    obj->name = g_strdup(name);
}

void object_add_child(Object *parent, const char *name, Object *child)
{
    g_assert(!child->parent && child != parent && *name && !strchr(name, '/'));
    g_free(child->name);
    if (g_str_has_suffix(name, "[*]")) {
        for (unsigned n = 0;; n++) {
            child->name = g_strdup_printf("%.*s[%u]", (int)strlen(name) - 3, name, n);
            if (!object_child(parent, child->name)) {
                break;
            }
            g_free(child->name);
        }
    } else {
        g_assert(!object_child(parent, name));
        child->name = g_strdup(name);
    }
    if (!parent->children) {
        parent->children = g_ptr_array_new();
    }
    g_ptr_array_add(parent->children, child);
    child->parent = parent;
}

Object *object_new_child(Object *parent, const char *name, const char *type, GError **error)
{
    Object *obj = object_new(object_types(parent), type, error);

    if (obj) {
        object_add_child(parent, name, obj);
    }
    return obj;
}

void object_remove_child(Object *parent, Object *child)
{
    bool found;

    g_assert(child->parent == parent);
    found = g_ptr_array_remove(parent->children, child);
    g_assert(found);
    child->parent = NULL;
    object_unref(child);
}

bool object_foreach(Object *obj, bool (*fn)(Object *obj, void *opaque), void *opaque)
{
    if (!fn(obj, opaque)) {
        return false;
    }
    for (unsigned i = 0; obj->children && i < obj->children->len; i++) {
        if (!object_foreach(obj->children->pdata[i], fn, opaque)) {
            return false;
        }
    }
    return true;
}

static void dispose_below(Object *obj)
{
    for (unsigned i = obj->children ? obj->children->len : 0; i-- > 0;) {
        dispose_below(obj->children->pdata[i]);
    }
    if (obj->oc->dispose) {
        obj->oc->dispose(obj);
    }
}

static bool drop_links(Object *obj, void *opaque)
{
    properties_drop_links(obj);
    return true;
}

void object_dispose_tree(Object *root)
{
    dispose_below(root);
    object_foreach(root, drop_links, NULL);
}

char *object_path(const Object *obj)
{
    GString *s = g_string_new(NULL);

    for (; obj->parent; obj = obj->parent) {
        g_string_prepend(s, obj->name);
        g_string_prepend_c(s, '/');
    }
    if (obj->name) {
        g_string_prepend(s, obj->name);
        g_string_prepend_c(s, '/');
    } else {
        g_string_prepend(s, "(unattached)");
    }
    return g_string_free(s, FALSE);
}

/* The object at a path relative to obj, or NULL. */
static Object *walk(Object *obj, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (unsigned i = 0; obj && parts[i]; i++) {
        if (*parts[i]) {
            obj = object_child(obj, parts[i]);
        }
    }
    return obj;
}

typedef struct NameSearch {
    const char *name;
    Object *found;
    bool ambiguous;
} NameSearch;

static bool match_name(Object *obj, void *opaque)
{
    NameSearch *s = opaque;

    if (obj->name && strcmp(obj->name, s->name) == 0) {
        s->ambiguous = s->found != NULL;
        s->found = obj;
    }
    return !s->ambiguous;
}

Object *object_resolve(Object *root, const char *path, bool *ambiguous)
{
    NameSearch s = { .name = path };

    if (ambiguous) {
        *ambiguous = false;
    }
    if (path[0] == '/') {
        const char *rest = path + 1;

        if (root->name && !root->parent) {
            size_t len = strlen(root->name);

            if (strncmp(rest, root->name, len) != 0 || (rest[len] && rest[len] != '/')) {
                return NULL;
            }
            rest += len;
        }
        return walk(root, rest);
    }
    if (strchr(path, '/')) {
        return walk(root, path);
    }
    object_foreach(root, match_name, &s);
    if (s.ambiguous && ambiguous) {
        *ambiguous = true;
    }
    return s.ambiguous ? NULL : s.found;
}
