/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saving, loading and comparing state by path, field name, type and count. */
#include <string.h>
#include "core/bits.h"
#include "core/keyval.h"
#include "core/qom/device.h"

#define STATE_ERROR(error, ...) g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, __VA_ARGS__)

static uint32_t buffer_size(const VMStateField *f, const void *s)
{
    return f->num_offset ? *(const uint32_t *)((const char *)s + f->num_offset) : f->count;
}

static GVariant *save_field(const VMStateField *f, const void *s)
{
    const char *p = (const char *)s + f->offset;
    GVariantBuilder b;

    switch (f->kind) {
    case VMS_UINT:
        if (f->count == 1) {
            return g_variant_new_uint64(ldn_le_p(p, f->size));
        }
        g_variant_builder_init(&b, G_VARIANT_TYPE("at"));
        for (uint32_t i = 0; i < f->count; i++) {
            g_variant_builder_add(&b, "t", ldn_le_p(p + (size_t)i * f->size, f->size));
        }
        return g_variant_builder_end(&b);
    case VMS_BOOL:
        if (f->count == 1) {
            return g_variant_new_boolean(*(const bool *)p);
        }
        g_variant_builder_init(&b, G_VARIANT_TYPE("ab"));
        for (uint32_t i = 0; i < f->count; i++) {
            g_variant_builder_add(&b, "b", ((const bool *)p)[i]);
        }
        return g_variant_builder_end(&b);
    case VMS_BYTES:
        return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, p, f->count, 1);
    case VMS_BUFFER:
        return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, *(const void *const *)p, buffer_size(f, s), 1);
    case VMS_STRUCT:
        if (f->count == 1) {
            return vmstate_save(f->sub, p);
        }
        g_variant_builder_init(&b, G_VARIANT_TYPE("av"));
        for (uint32_t i = 0; i < f->count; i++) {
            g_variant_builder_add(&b, "v", vmstate_save(f->sub, p + (size_t)i * f->size));
        }
        return g_variant_builder_end(&b);
    case VMS_TIMER:
    case VMS_REGBANK:
    case VMS_CUSTOM:
        return f->ops->save(p);
    case VMS_END:
    case VMS_POST_LOAD:
        break;
    }
    g_assert_not_reached();
}

static void save_into(GVariantBuilder *b, const VMStateField *fields, const void *s)
{
    for (const VMStateField *f = fields; f->kind != VMS_END; f++) {
        if (f->kind != VMS_POST_LOAD) {
            g_variant_builder_add(b, "{sv}", f->name, save_field(f, s));
        }
    }
}

GVariant *vmstate_save(const VMStateField *fields, const void *s)
{
    GVariantBuilder b;

    g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
    save_into(&b, fields, s);
    return g_variant_builder_end(&b);
}

/* -- loading ----------------------------------------------------------------------------------------------- */

static bool load_table(const VMStateField *fields, void *s, GVariant *state, GError **error);

static bool has_type(GVariant *v, const char *type, const char *name, GError **error)
{
    if (!g_variant_is_of_type(v, G_VARIANT_TYPE(type))) {
        STATE_ERROR(error, "%s: type %s, not %s", name, g_variant_get_type_string(v), type);
        return false;
    }
    return true;
}

static bool has_count(GVariant *v, size_t count, const char *name, GError **error)
{
    if (g_variant_n_children(v) != count) {
        STATE_ERROR(error, "%s: %zu elements, not %zu", name, g_variant_n_children(v), count);
        return false;
    }
    return true;
}

static bool store_uint(void *p, unsigned size, uint64_t v, const char *name, GError **error)
{
    if (size < 8 && v >> (8 * size)) {
        STATE_ERROR(error, "%s: 0x%" G_GINT64_MODIFIER "x does not fit in %u bytes", name, v, size);
        return false;
    }
    stn_le_p(p, v, size);
    return true;
}

static bool load_bytes(void *to, size_t count, GVariant *v, const char *name, GError **error)
{
    gsize n;
    const void *data;

    if (!has_type(v, "ay", name, error) || !has_count(v, count, name, error)) {
        return false;
    }
    data = g_variant_get_fixed_array(v, &n, 1);
    if (n) {
        memcpy(to, data, n);
    }
    return true;
}

static bool load_field(const VMStateField *f, void *s, GVariant *v, GError **error)
{
    char *p = (char *)s + f->offset;

    switch (f->kind) {
    case VMS_UINT:
        if (f->count == 1) {
            return has_type(v, "t", f->name, error) &&
                   store_uint(p, f->size, g_variant_get_uint64(v), f->name, error);
        }
        if (!has_type(v, "at", f->name, error) || !has_count(v, f->count, f->name, error)) {
            return false;
        }
        for (uint32_t i = 0; i < f->count; i++) {
            g_autoptr(GVariant) e = g_variant_get_child_value(v, i);

            if (!store_uint(p + (size_t)i * f->size, f->size, g_variant_get_uint64(e), f->name, error)) {
                return false;
            }
        }
        return true;
    case VMS_BOOL:
        if (f->count == 1) {
            if (!has_type(v, "b", f->name, error)) {
                return false;
            }
            *(bool *)p = g_variant_get_boolean(v);
            return true;
        }
        if (!has_type(v, "ab", f->name, error) || !has_count(v, f->count, f->name, error)) {
            return false;
        }
        for (uint32_t i = 0; i < f->count; i++) {
            g_autoptr(GVariant) e = g_variant_get_child_value(v, i);

            ((bool *)p)[i] = g_variant_get_boolean(e);
        }
        return true;
    case VMS_BYTES:
        return load_bytes(p, f->count, v, f->name, error);
    case VMS_BUFFER:
        return load_bytes(*(void **)p, buffer_size(f, s), v, f->name, error);
    case VMS_STRUCT:
        if (f->count == 1) {
            if (!load_table(f->sub, p, v, error)) {
                g_prefix_error(error, "%s.", f->name);
                return false;
            }
            return true;
        }
        if (!has_type(v, "av", f->name, error) || !has_count(v, f->count, f->name, error)) {
            return false;
        }
        for (uint32_t i = 0; i < f->count; i++) {
            g_autoptr(GVariant) boxed = g_variant_get_child_value(v, i);
            g_autoptr(GVariant) e = g_variant_get_variant(boxed);

            if (!load_table(f->sub, p + (size_t)i * f->size, e, error)) {
                g_prefix_error(error, "%s[%u].", f->name, i);
                return false;
            }
        }
        return true;
    case VMS_TIMER:
    case VMS_REGBANK:
    case VMS_CUSTOM:
        if (!f->ops->load(p, v, error)) {
            g_prefix_error(error, "%s: ", f->name);
            return false;
        }
        return true;
    case VMS_END:
    case VMS_POST_LOAD:
        break;
    }
    g_assert_not_reached();
}

/* The rows' fields; unknown names in state are not looked for here. */
static bool load_rows(const VMStateField *fields, void *s, GVariant *state, GError **error)
{
    for (const VMStateField *f = fields; f->kind != VMS_END; f++) {
        g_autoptr(GVariant) v = NULL;

        if (f->kind == VMS_POST_LOAD) {
            continue;
        }
        v = g_variant_lookup_value(state, f->name, NULL);
        if (!v && f->alias) {
            v = g_variant_lookup_value(state, f->alias, NULL);
        }
        if (!v && f->optional) {
            continue;
        }
        if (!v) {
            STATE_ERROR(error, "%s: missing", f->name);
            return false;
        }
        if (!load_field(f, s, v, error)) {
            return false;
        }
    }
    return true;
}

static bool table_has(const VMStateField *fields, const char *name)
{
    for (const VMStateField *f = fields; f->kind != VMS_END; f++) {
        if (f->kind != VMS_POST_LOAD && (strcmp(f->name, name) == 0 || (f->alias && strcmp(f->alias, name) == 0))) {
            return true;
        }
    }
    return false;
}

static bool run_post_load(const VMStateField *fields, void *s, GError **error)
{
    for (const VMStateField *f = fields; f->kind != VMS_END; f++) {
        if (f->kind == VMS_POST_LOAD) {
            if (!f->post_load(s, error)) {
                return false;
            }
        } else if (f->kind == VMS_STRUCT) {
            for (uint32_t i = 0; i < f->count; i++) {
                if (!run_post_load(f->sub, (char *)s + f->offset + (size_t)i * f->size, error)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* Rows and unknown names, without the post_load rows. */
static bool load_table(const VMStateField *fields, void *s, GVariant *state, GError **error)
{
    GVariantIter iter;
    const char *name;

    if (!has_type(state, "a{sv}", "state", error)) {
        return false;
    }
    g_variant_iter_init(&iter, state);
    while (g_variant_iter_next(&iter, "{&sv}", &name, NULL)) {
        if (!table_has(fields, name)) {
            STATE_ERROR(error, "%s: unknown field", name);
            return false;
        }
    }
    return load_rows(fields, s, state, error);
}

bool vmstate_load(const VMStateField *fields, void *s, GVariant *state, GError **error)
{
    return load_table(fields, s, state, error) && run_post_load(fields, s, error);
}

/* -- devices ----------------------------------------------------------------------------------------------- */

/* The distinct tables of a device's class and its parents', the root's first. */
static GPtrArray *device_tables(Device *dev)
{
    GPtrArray *tables = g_ptr_array_new();

    for (const ObjectClass *oc = dev->parent.oc; oc && class_is_a(oc, TYPE_DEVICE); oc = oc->parent) {
        const VMStateField *t = ((const DeviceClass *)oc)->vmstate;

        if (t && !g_ptr_array_find(tables, t, NULL)) {
            g_ptr_array_insert(tables, 0, (void *)t);
        }
    }
    return tables;
}

static bool save_device(Object *obj, void *opaque)
{
    g_autoptr(GPtrArray) tables = NULL;
    g_autofree char *path = NULL;
    GVariantBuilder b;

    if (!object_is_a(obj, TYPE_DEVICE)) {
        return true;
    }
    tables = device_tables(DEVICE(obj));
    if (tables->len) {
        g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
        for (unsigned i = 0; i < tables->len; i++) {
            save_into(&b, tables->pdata[i], obj);
        }
        path = object_path(obj);
        g_variant_builder_add(opaque, "{s@a{sv}}", path, g_variant_builder_end(&b));
    }
    return true;
}

GVariant *device_save(Device *root)
{
    GVariantBuilder b;

    g_variant_builder_init(&b, G_VARIANT_TYPE("a{sa{sv}}"));
    object_foreach(&root->parent, save_device, &b);
    return g_variant_builder_end(&b);
}

typedef struct DeviceLoad {
    GVariant *state;
    GHashTable *seen;                           /* paths that devices took */
    bool post;
    GError **error;
} DeviceLoad;

static bool load_device(Object *obj, void *opaque)
{
    DeviceLoad *l = opaque;
    g_autoptr(GPtrArray) tables = NULL;
    g_autoptr(GVariant) state = NULL;
    g_autofree char *path = NULL;
    GVariantIter iter;
    const char *name;

    if (!object_is_a(obj, TYPE_DEVICE)) {
        return true;
    }
    tables = device_tables(DEVICE(obj));
    if (!tables->len) {
        return true;
    }
    path = object_path(obj);
    if (l->post) {
        for (unsigned i = 0; i < tables->len; i++) {
            if (!run_post_load(tables->pdata[i], obj, l->error)) {
                g_prefix_error(l->error, "%s: ", path);
                return false;
            }
        }
        return true;
    }
    state = g_variant_lookup_value(l->state, path, G_VARIANT_TYPE("a{sv}"));
    if (!state) {
        STATE_ERROR(l->error, "%s: no state for this device", path);
        return false;
    }
    g_variant_iter_init(&iter, state);
    while (g_variant_iter_next(&iter, "{&sv}", &name, NULL)) {
        bool known = false;

        for (unsigned i = 0; i < tables->len; i++) {
            known |= table_has(tables->pdata[i], name);
        }
        if (!known) {
            STATE_ERROR(l->error, "%s: %s: unknown field", path, name);
            return false;
        }
    }
    for (unsigned i = 0; i < tables->len; i++) {
        if (!load_rows(tables->pdata[i], obj, state, l->error)) {
            g_prefix_error(l->error, "%s: ", path);
            return false;
        }
    }
    g_hash_table_add(l->seen, g_steal_pointer(&path));
    return true;
}

bool device_load(Device *root, GVariant *state, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    DeviceLoad l = { state, seen, false, error };
    GVariantIter iter;
    const char *path;

    if (!has_type(state, "a{sa{sv}}", "state", error) || !object_foreach(&root->parent, load_device, &l)) {
        return false;
    }
    g_variant_iter_init(&iter, state);
    while (g_variant_iter_next(&iter, "{&s@a{sv}}", &path, NULL)) {
        if (!g_hash_table_contains(seen, path)) {
            STATE_ERROR(error, "%s: no such device", path);
            return false;
        }
    }
    l.post = true;
    return object_foreach(&root->parent, load_device, &l);
}

/* -- comparing --------------------------------------------------------------------------------------------- */

typedef struct Diff {
    GString *out;
    unsigned left;
} Diff;

static void diff_values(Diff *d, const char *path, GVariant *a, GVariant *b)
{
    g_autofree char *ta = NULL, *tb = NULL;

    if (d->left == 0 || (a && b && g_variant_equal(a, b))) {
        return;
    }
    if (a && b && g_variant_is_of_type(a, G_VARIANT_TYPE_VARIANT) && g_variant_is_of_type(b, G_VARIANT_TYPE_VARIANT)) {
        g_autoptr(GVariant) va = g_variant_get_variant(a), vb = g_variant_get_variant(b);

        diff_values(d, path, va, vb);
        return;
    }
    if (a && b && g_variant_is_of_type(a, G_VARIANT_TYPE_DICTIONARY) &&
        g_variant_is_of_type(b, G_VARIANT_TYPE_DICTIONARY)) {
        for (unsigned pass = 0; pass < 2; pass++) {
            GVariant *from = pass ? b : a, *to = pass ? a : b;

            for (size_t i = 0; i < g_variant_n_children(from); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(from, i);
                g_autoptr(GVariant) key = g_variant_get_child_value(entry, 0);
                g_autoptr(GVariant) boxed = g_variant_get_child_value(entry, 1);
                g_autoptr(GVariant) here = g_variant_is_of_type(boxed, G_VARIANT_TYPE_VARIANT) ?
                                           g_variant_get_variant(boxed) : g_variant_ref(boxed);
                g_autoptr(GVariant) there = g_variant_lookup_value(to, g_variant_get_string(key, NULL), NULL);
                g_autofree char *sub = g_strdup_printf("%s%s%s", path, *path ? "." : "",
                                                       g_variant_get_string(key, NULL));

                if (pass == 0) {
                    diff_values(d, sub, here, there);
                } else if (!there) {
                    diff_values(d, sub, NULL, here);
                }
            }
        }
        return;
    }
    if (a && b && g_variant_is_container(a) && g_variant_is_of_type(b, g_variant_get_type(a)) &&
        g_variant_n_children(a) == g_variant_n_children(b)) {
        for (size_t i = 0; i < g_variant_n_children(a); i++) {
            g_autoptr(GVariant) ea = g_variant_get_child_value(a, i), eb = g_variant_get_child_value(b, i);
            g_autofree char *sub = g_strdup_printf("%s[%zu]", path, i);

            diff_values(d, sub, ea, eb);
        }
        return;
    }
    ta = a ? g_variant_print(a, FALSE) : g_strdup("(missing)");
    tb = b ? g_variant_print(b, FALSE) : g_strdup("(missing)");
    g_string_append_printf(d->out, "%s: %s != %s\n", path, ta, tb);
    d->left--;
}

char *vmstate_diff(GVariant *a, GVariant *b, unsigned max)
{
    Diff d = { g_string_new(NULL), max };

    diff_values(&d, "", a, b);
    if (d.out->len == 0) {
        g_string_free(d.out, TRUE);
        return NULL;
    }
    return g_string_free(d.out, FALSE);
}
