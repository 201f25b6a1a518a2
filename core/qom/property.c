/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties: text to field and back, defaults, and the errors that name object, property, value and near names. */
#include <errno.h>
#include <string.h>
#include "core/keyval.h"
#include "core/near.h"
#include "core/qom/type_int.h"

static const char *const type_names[] = {
    [PROP_BOOL] = "bool", [PROP_U8] = "uint8", [PROP_U16] = "uint16", [PROP_U32] = "uint32", [PROP_U64] = "uint64",
    [PROP_I64] = "int64", [PROP_SIZE] = "size", [PROP_STRING] = "string", [PROP_ENUM] = "enum", [PROP_LINK] = "link",
    [PROP_CHAR] = "chardev", [PROP_BLOCK] = "drive", [PROP_NET] = "netdev",
};

const char *property_type_name(PropertyType type)
{
    return type_names[type];
}

const Property *class_find_property(const ObjectClass *oc, const char *name)
{
    for (; oc; oc = oc->parent) {
        for (const Property *p = oc->info->props; p && p->name; p++) {
            if (strcmp(p->name, name) == 0) {
                return p;
            }
        }
    }
    return NULL;
}

void class_foreach_property(const ObjectClass *oc, void (*fn)(const Property *p, void *opaque), void *opaque)
{
    for (; oc; oc = oc->parent) {
        for (const Property *p = oc->info->props; p && p->name; p++) {
            fn(p, opaque);
        }
    }
}

/* -- integers ---------------------------------------------------------------------------------------------- */

static bool is_integer(PropertyType type)
{
    return type >= PROP_U8 && type <= PROP_SIZE;
}

static uint64_t type_max(PropertyType type)
{
    switch (type) {
    case PROP_U8:
        return UINT8_MAX;
    case PROP_U16:
        return UINT16_MAX;
    case PROP_U32:
        return UINT32_MAX;
    case PROP_I64:
        return INT64_MAX;
    default:
        return UINT64_MAX;
    }
}

static void store_integer(void *field, PropertyType type, uint64_t v)
{
    switch (type) {
    case PROP_BOOL:
        *(bool *)field = v != 0;
        break;
    case PROP_U8:
        *(uint8_t *)field = (uint8_t)v;
        break;
    case PROP_U16:
        *(uint16_t *)field = (uint16_t)v;
        break;
    case PROP_U32:
    case PROP_ENUM:
        *(uint32_t *)field = (uint32_t)v;
        break;
    case PROP_U64:
    case PROP_I64:
    case PROP_SIZE:
        *(uint64_t *)field = v;
        break;
    default:
        g_assert_not_reached();
    }
}

static uint64_t load_integer(const void *field, PropertyType type)
{
    switch (type) {
    case PROP_BOOL:
        return *(const bool *)field;
    case PROP_U8:
        return *(const uint8_t *)field;
    case PROP_U16:
        return *(const uint16_t *)field;
    case PROP_U32:
    case PROP_ENUM:
        return *(const uint32_t *)field;
    case PROP_U64:
    case PROP_I64:
    case PROP_SIZE:
        return *(const uint64_t *)field;
    default:
        g_assert_not_reached();
    }
}

static bool check_range(const Property *p, const char *what, const char *text, uint64_t v, GError **error)
{
    bool limited = p->min || p->max;

    if (p->type == PROP_I64) {
        if (limited && ((int64_t)v < (int64_t)p->min || (int64_t)v > (int64_t)p->max)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                        what, text, (int64_t)p->min, (int64_t)p->max);
            return false;
        }
    } else if (v > type_max(p->type) || (limited && (v < p->min || v > p->max))) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                    what, text, limited ? p->min : 0, limited ? p->max : type_max(p->type));
        return false;
    }
    return true;
}

static bool parse_integer(const Property *p, const char *what, const char *text, uint64_t *v, GError **error)
{
    bool negative = p->type == PROP_I64 && text[0] == '-';
    bool ok;

    if (p->type == PROP_SIZE) {
        ok = parse_size(what, text, 1, v, error);
    } else {
        ok = parse_uint(what, text + negative, p->type == PROP_I64 ? (uint64_t)INT64_MAX + negative : UINT64_MAX, v,
                        error);
    }
    if (!ok) {
        return false;
    }
    if (negative) {
        *v = -*v;
    }
    return check_range(p, what, text, *v, error);
}

/* -- text to field ----------------------------------------------------------------------------------------- */

static char *object_label(const Object *obj)
{
    const Object *top = obj;

    while (top->parent) {
        top = top->parent;
    }
    return top->name ? object_path(obj) : g_strdup(obj->oc->info->name);
}

static bool set_link(Object *obj, const Property *p, const char *what, const char *value, GError **error)
{
    Object **field = property_field(obj, p);
    Object *root = obj, *to = NULL;
    bool ambiguous = false;

    while (root->parent) {
        root = root->parent;
    }
    if (*value) {
        to = object_resolve(root, value, &ambiguous);
        if (!to) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s=%s: %s", what, value,
                        ambiguous ? "several objects have this name: give the path" : "no such object");
            return false;
        }
        if (p->target && !object_is_a(to, p->target)) {
            g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: a %s, not a %s", what, value,
                        to->oc->info->name, p->target);
            return false;
        }
        object_ref(to);
    }
    object_unref(*field);
    *field = to;
    return true;
}

static bool set_enum(Object *obj, const Property *p, const char *what, const char *value, GError **error)
{
    g_autofree char *list = NULL;

    for (uint32_t i = 0; p->names[i]; i++) {
        if (strcmp(p->names[i], value) == 0) {
            *(uint32_t *)property_field(obj, p) = i;
            return true;
        }
    }
    list = g_strjoinv(", ", (char **)p->names);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: expected one of %s", what, value, list);
    return false;
}

/* The backends are core/io's: without resolvers (a unit test) they cannot be named by text. */
static bool set_backend(Object *obj, const Property *p, const char *what, const char *value, GError **error)
{
    const PropertyResolvers *r = &object_types(obj)->resolvers;
    void *field = property_field(obj, p);

    if (p->type == PROP_CHAR && r->set_char) {
        if (r->set_char(r->opaque, obj, field, value, error)) {
            return true;
        }
    } else if (p->type == PROP_BLOCK && r->find_block) {
        BlockBackend *be = r->find_block(r->opaque, obj, value, error);

        if (be) {
            *(BlockBackend **)field = be;
            return true;
        }
    } else if (p->type == PROP_NET && r->find_net) {
        NetBackend *be = r->find_net(r->opaque, obj, value, error);

        if (be) {
            *(NetBackend **)field = be;
            return true;
        }
    } else {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_NOT_SUPPORTED, "%s=%s: no backends here", what, value);
        return false;
    }
    g_prefix_error(error, "%s: ", what);
    return false;
}

static const Property *find_for_user(Object *obj, const char *name, GError **error)
{
    const Property *p = class_find_property(obj->oc, name);
    NearNames *near;
    g_autofree char *text = NULL, *label = NULL;

    if (p) {
        return p;
    }
    near = near_new(name);
    for (const ObjectClass *oc = obj->oc; oc; oc = oc->parent) {
        for (const Property *q = oc->info->props; q && q->name; q++) {
            near_add(near, q->name);
        }
    }
    text = near_finish(near);
    label = object_label(obj);
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s.%s: unknown property%s", label, name, text);
    return NULL;
}

bool object_set(Object *obj, const char *name, const char *value, GError **error)
{
    const Property *p = find_for_user(obj, name, error);
    g_autofree char *label = NULL, *what = NULL;
    uint64_t v;
    bool b;

    if (!p) {
        return false;
    }
    label = object_label(obj);
    what = g_strdup_printf("%s.%s", label, name);
    if (obj->frozen && !p->live) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "%s=%s: cannot be set once the machine is built", what,
                    value);
        return false;
    }
    if (p->set) {
        if (!p->set(obj, p, value, error)) {
            g_prefix_error(error, "%s=%s: ", what, value);
            return false;
        }
        return true;
    }
    switch (p->type) {
    case PROP_BOOL:
        if (!parse_bool(what, value, &b, error)) {
            return false;
        }
        *(bool *)property_field(obj, p) = b;
        return true;
    case PROP_U8:
    case PROP_U16:
    case PROP_U32:
    case PROP_U64:
    case PROP_I64:
    case PROP_SIZE:
        if (!parse_integer(p, what, value, &v, error)) {
            return false;
        }
        store_integer(property_field(obj, p), p->type, v);
        return true;
    case PROP_STRING: {
        char **field = property_field(obj, p);

        g_free(*field);
        *field = g_strdup(value);
        return true;
    }
    case PROP_ENUM:
        return set_enum(obj, p, what, value, error);
    case PROP_LINK:
        return set_link(obj, p, what, value, error);
    case PROP_CHAR:
    case PROP_BLOCK:
    case PROP_NET:
        return set_backend(obj, p, what, value, error);
    }
    g_assert_not_reached();
}

/* -- field to text ----------------------------------------------------------------------------------------- */

static char *integer_text(PropertyType type, uint64_t v)
{
    if (type == PROP_I64) {
        return g_strdup_printf("%" G_GINT64_FORMAT, (int64_t)v);
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT, v);
}

char *object_get(Object *obj, const char *name, GError **error)
{
    const Property *p = find_for_user(obj, name, error);
    const PropertyResolvers *r = &object_types(obj)->resolvers;
    const void *field;

    if (!p) {
        return NULL;
    }
    if (p->get) {
        return p->get(obj, p);
    }
    field = property_field(obj, p);
    switch (p->type) {
    case PROP_BOOL:
        return g_strdup(*(const bool *)field ? "on" : "off");
    case PROP_U8:
    case PROP_U16:
    case PROP_U32:
    case PROP_U64:
    case PROP_I64:
    case PROP_SIZE:
        return integer_text(p->type, load_integer(field, p->type));
    case PROP_STRING:
        return g_strdup(*(char *const *)field ? *(char *const *)field : "");
    case PROP_ENUM:
        return g_strdup(p->names[*(const uint32_t *)field]);
    case PROP_LINK: {
        const Object *to = *(Object *const *)field;

        return to ? object_path(to) : g_strdup("");
    }
    case PROP_CHAR:
    case PROP_BLOCK:
    case PROP_NET: {
        char *id = r->backend_id ? r->backend_id(r->opaque, obj, p, field) : NULL;

        return id ? id : g_strdup("");
    }
    }
    g_assert_not_reached();
}

char *property_default_text(const Property *p)
{
    if (p->set) {
        return g_strdup("");
    }
    switch (p->type) {
    case PROP_BOOL:
        return g_strdup(p->def ? "on" : "off");
    case PROP_ENUM:
        return g_strdup(p->names[p->def]);
    case PROP_STRING:
        return g_strdup(p->target ? p->target : "");
    default:
        return is_integer(p->type) ? integer_text(p->type, p->def) : g_strdup("");
    }
}

/* -- typed access: a wrong name or type is our mistake ------------------------------------------------------ */

static const Property *find_for_us(Object *obj, const char *name)
{
    const Property *p = class_find_property(obj->oc, name);

    if (!p) {
        g_error("%s has no property %s", obj->oc->info->name, name);
    }
    return p;
}

static void set_text(Object *obj, const char *name, const char *value)
{
    g_autoptr(GError) error = NULL;

    if (!object_set(obj, name, value, &error)) {
        g_error("%s", error->message);
    }
}

void object_set_bool(Object *obj, const char *prop, bool value)
{
    g_assert(find_for_us(obj, prop)->type == PROP_BOOL);
    set_text(obj, prop, value ? "on" : "off");
}

void object_set_uint(Object *obj, const char *prop, uint64_t value)
{
    const Property *p = find_for_us(obj, prop);
    g_autofree char *text = NULL;

    g_assert(is_integer(p->type) || p->type == PROP_ENUM);
    text = p->type == PROP_ENUM ? g_strdup(p->names[value]) : integer_text(p->type, value);
    set_text(obj, prop, text);
}

void object_set_str(Object *obj, const char *prop, const char *value)
{
    PropertyType type = find_for_us(obj, prop)->type;

    g_assert(type == PROP_STRING || type == PROP_ENUM);
    set_text(obj, prop, value);
}

void object_set_link(Object *obj, const char *prop, Object *value)
{
    const Property *p = find_for_us(obj, prop);
    Object **field = property_field(obj, p);

    g_assert(p->type == PROP_LINK && !p->set && !(obj->frozen && !p->live));
    g_assert(!value || !p->target || object_is_a(value, p->target));
    if (value) {
        object_ref(value);
    }
    object_unref(*field);
    *field = value;
}

uint64_t object_get_uint(Object *obj, const char *prop)
{
    const Property *p = find_for_us(obj, prop);

    g_assert(is_integer(p->type) || p->type == PROP_ENUM);
    if (p->get) {
        g_autofree char *text = p->get(obj, p);
        uint64_t v = 0;
        bool ok = parse_integer(p, prop, text, &v, NULL);

        g_assert(ok);
        return v;
    }
    return load_integer(property_field(obj, p), p->type);
}

bool object_get_bool(Object *obj, const char *prop)
{
    const Property *p = find_for_us(obj, prop);

    g_assert(p->type == PROP_BOOL);
    if (p->get) {
        g_autofree char *text = p->get(obj, p);

        return strcmp(text, "on") == 0;
    }
    return *(bool *)property_field(obj, p);
}

/* -- life -------------------------------------------------------------------------------------------------- */

void properties_init(Object *obj)
{
    for (const ObjectClass *oc = obj->oc; oc; oc = oc->parent) {
        for (const Property *p = oc->info->props; p && p->name; p++) {
            /* a row of the same name nearer to the object stands before this one */
            if (p->set || class_find_property(obj->oc, p->name) != p) {
                continue;
            }
            if (p->type == PROP_STRING) {
                *(char **)property_field(obj, p) = g_strdup(p->target);
            } else if (p->type <= PROP_SIZE || p->type == PROP_ENUM) {
                store_integer(property_field(obj, p), p->type, p->def);
            }
        }
    }
}

void properties_drop_links(Object *obj)
{
    for (const ObjectClass *oc = obj->oc; oc; oc = oc->parent) {
        for (const Property *p = oc->info->props; p && p->name; p++) {
            if (p->type == PROP_LINK && !p->set) {
                Object **field = property_field(obj, p);

                object_unref(*field);
                *field = NULL;
            }
        }
    }
}

void properties_finalize(Object *obj)
{
    properties_drop_links(obj);
    for (const ObjectClass *oc = obj->oc; oc; oc = oc->parent) {
        for (const Property *p = oc->info->props; p && p->name; p++) {
            if (p->type == PROP_STRING && !p->set) {
                g_clear_pointer((char **)property_field(obj, p), g_free);
            }
        }
    }
}

bool globals_apply(Object *obj, GError **error)
{
    const GPtrArray *globals = object_types(obj)->globals;

    for (unsigned i = 0; i < globals->len; i++) {
        const TypeGlobal *g = globals->pdata[i];

        if (class_is_a(obj->oc, g->type) && !object_set(obj, g->prop, g->value, error)) {
            return false;
        }
    }
    return true;
}
