/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types, life of objects, the composition tree. */
#include <string.h>
#include "core/keyval.h"
#include "core/qom/object.h"

typedef struct BaseClass {
    ObjectClass parent;
    int value;
} BaseClass;

typedef struct Base {
    Object parent;
    int *deaths;
    uint8_t number;
} Base;

DECLARE_OBJECT(Base, BASE, "base")
DECLARE_CLASS(BaseClass, BASE, "base")

static const Property base_props[] = {
    PROP_DEF("number", Base, number, PROP_U8, 7, "a number"),
    PROP_END
};

static void base_class_init(ObjectClass *oc, const TypeInfo *info)
{
    BASE_CLASS(oc)->value = 1;
}

static void derived_class_init(ObjectClass *oc, const TypeInfo *info)
{
    BASE_CLASS(oc)->value += (int)(intptr_t)info->class_data;
}

static void base_finalize(Object *obj)
{
    if (BASE(obj)->deaths) {
        ++*BASE(obj)->deaths;
    }
}

static const TypeInfo base_type = {
    .name = "base", .parent = TYPE_OBJECT, .instance_size = sizeof(Base), .class_size = sizeof(BaseClass),
    .props = base_props, .class_init = base_class_init, .finalize = base_finalize,
};
static const TypeInfo derived_type = {
    .name = "derived", .parent = "base", .class_init = derived_class_init, .class_data = (void *)41,
};
static const TypeInfo late_type = { .name = "late", .parent = "derived" };
static const TypeInfo abstract_type = { .name = "abstract", .parent = TYPE_OBJECT, .abstract = true };

static bool load(void *opaque, TypeRegistry *types, const char *name, GError **error)
{
    ++*(int *)opaque;
    if (strcmp(name, "late") == 0) {
        return type_register(types, &late_type, error);
    }
    g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "%s: no module has it", name);
    return false;
}

static TypeRegistry *registry(int *loads)
{
    TypeRegistry *types = type_registry_new(loads ? load : NULL, loads);

    g_assert_true(type_register(types, &base_type, NULL));
    g_assert_true(type_register(types, &derived_type, NULL));
    g_assert_true(type_register(types, &abstract_type, NULL));
    return types;
}

static void test_types(void)
{
    int loads = 0;
    TypeRegistry *types = registry(&loads);
    g_autoptr(GError) error = NULL;
    ObjectClass *oc;

    oc = type_class(types, "derived", &error);
    g_assert_no_error(error);
    g_assert_cmpint(BASE_CLASS(oc)->value, ==, 42);
    g_assert_true(class_is_a(oc, "base") && class_is_a(oc, TYPE_OBJECT) && !class_is_a(oc, "late"));
    g_assert_null(type_class_known(types, "late"));
    oc = type_class(types, "late", &error);
    g_assert_no_error(error);
    g_assert_cmpint(BASE_CLASS(oc)->value, ==, 42);
    g_assert_cmpint(loads, ==, 1);
    g_assert_true(type_class_known(types, "late") == oc);
    g_assert_null(type_class(types, "nothing", &error));
    g_assert_cmpstr(error->message, ==, "nothing: no module has it");
    g_clear_error(&error);
    g_assert_false(type_register(types, &base_type, &error));
    g_assert_nonnull(error);
    type_registry_free(types);
}

static void test_unknown(void)
{
    TypeRegistry *types = registry(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(object_new(types, "derivd", &error));
    g_assert_cmpstr(error->message, ==, "derivd: unknown type (near names: derived)");
    g_clear_error(&error);
    g_assert_null(object_new(types, "abstract", &error));
    g_assert_nonnull(error);
    type_registry_free(types);
}

static Object *child(Object *parent, const char *name, int *deaths)
{
    Object *obj = object_new_child(parent, name, "derived", NULL);

    BASE(obj)->deaths = deaths;
    return obj;
}

static void test_tree(void)
{
    TypeRegistry *types = registry(NULL);
    Object *root = object_new(types, TYPE_CONTAINER, NULL);
    int deaths = 0;
    bool ambiguous;
    Object *a = child(root, "a", &deaths), *b = child(root, "b", &deaths);
    Object *a0 = child(a, "cpu[*]", &deaths), *a1 = child(a, "cpu[*]", &deaths), *bx = child(b, "x", &deaths);
    Object *ax = child(a, "x", &deaths);
    g_autofree char *loose = object_path(a1), *path = NULL;

    g_assert_cmpstr(loose, ==, "(unattached)/a/cpu[1]");
    object_set_name(root, "machine");
    path = object_path(bx);
    g_assert_cmpstr(path, ==, "/machine/b/x");
    g_assert_true(object_resolve(root, "/machine/a/cpu[0]", NULL) == a0);
    g_assert_true(object_resolve(root, "/machine", NULL) == root);
    g_assert_true(object_resolve(root, "a/x", NULL) == ax);
    g_assert_true(object_resolve(root, "cpu[1]", &ambiguous) == a1);
    g_assert_false(ambiguous);
    g_assert_null(object_resolve(root, "x", &ambiguous));
    g_assert_true(ambiguous);
    g_assert_null(object_resolve(root, "/machinery/a", NULL));
    g_assert_null(object_resolve(root, "y", &ambiguous));
    g_assert_false(ambiguous);

    object_ref(bx);
    object_remove_child(root, b);               /* b goes, bx is held */
    g_assert_cmpint(deaths, ==, 1);
    object_unref(bx);
    g_assert_cmpint(deaths, ==, 2);
    object_unref(root);
    g_assert_cmpint(deaths, ==, 6);
    type_registry_free(types);
}

static void test_globals(void)
{
    TypeRegistry *types = registry(NULL);
    g_autoptr(GError) error = NULL;
    Object *obj;

    type_registry_add_global(types, "base", "number", "9");
    obj = object_new(types, "derived", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(BASE(obj)->number, ==, 9);
    object_unref(obj);
    type_registry_add_global(types, "derived", "number", "900");
    g_assert_null(object_new(types, "derived", &error));
    g_assert_cmpstr(error->message, ==, "derived.number=900: from 0 to 255");
    type_registry_free(types);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/object/types", test_types);
    g_test_add_func("/qom/object/unknown", test_unknown);
    g_test_add_func("/qom/object/tree", test_tree);
    g_test_add_func("/qom/object/globals", test_globals);
    return g_test_run();
}
