/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties: every kind from text and back, defaults, ranges, links, errors. */
#include <string.h>
#include "core/keyval.h"
#include "core/qom/object.h"

typedef struct Thing {
    Object parent;
    bool flag;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int64_t i64;
    uint64_t size;
    char *text;
    uint32_t colour;
    Object *link;
    BlockBackend *drive;
    int hooked;
} Thing;

DECLARE_OBJECT(Thing, THING, "thing")

static const char *const colours[] = { "red", "green", "blue", NULL };

static bool hooked_set(Object *obj, const Property *p, const char *value, GError **error)
{
    if (!*value) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "empty");
        return false;
    }
    THING(obj)->hooked = (int)strlen(value);
    return true;
}

static char *hooked_get(Object *obj, const Property *p)
{
    return g_strdup_printf("%d", THING(obj)->hooked);
}

static const Property props[] = {
    PROP_DEF("flag", Thing, flag, PROP_BOOL, true, "a flag"),
    PROP_DEF("u8", Thing, u8, PROP_U8, 8, ""),
    PROP_DEF("u16", Thing, u16, PROP_U16, 16, ""),
    { .name = "u32", .type = PROP_U32, .offset = offsetof(Thing, u32), .def = 32, .min = 10, .max = 99 },
    PROP_DEF("u64", Thing, u64, PROP_U64, UINT64_MAX, ""),
    { .name = "i64", .type = PROP_I64, .offset = offsetof(Thing, i64), .def = (uint64_t)-64,
      .min = (uint64_t)-100, .max = 100 },
    PROP_DEF("size", Thing, size, PROP_SIZE, 4096, ""),
    { .name = "text", .type = PROP_STRING, .offset = offsetof(Thing, text), .target = "hello" },
    { .name = "colour", .type = PROP_ENUM, .offset = offsetof(Thing, colour), .def = 1, .names = colours },
    PROP_LINK_DEF("link", Thing, link, "thing", "another thing"),
    PROP_DEF("drive", Thing, drive, PROP_BLOCK, 0, "a drive"),
    { .name = "hooked", .type = PROP_U32, .set = hooked_set, .get = hooked_get, .live = true },
    PROP_END
};

static const TypeInfo thing_type = {
    .name = "thing", .parent = TYPE_OBJECT, .instance_size = sizeof(Thing), .props = props,
};

static Thing *thing_new(void)
{
    TypeRegistry *types = type_registry_new(NULL, NULL);

    g_assert_true(type_register(types, &thing_type, NULL));
    return THING(object_new(types, "thing", NULL));
}

static void thing_free(Thing *t)
{
    TypeRegistry *types = object_types(&t->parent);

    object_unref(&t->parent);
    type_registry_free(types);
}

static void check_text(Thing *t, const char *prop, const char *want)
{
    g_autofree char *text = object_get(&t->parent, prop, NULL);

    g_assert_cmpstr(text, ==, want);
}

static void test_defaults(void)
{
    Thing *t = thing_new();
    static const char *const want[][2] = {
        { "flag", "on" }, { "u8", "8" }, { "u16", "16" }, { "u32", "32" }, { "u64", "18446744073709551615" },
        { "i64", "-64" }, { "size", "4096" }, { "text", "hello" }, { "colour", "green" }, { "link", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(want); i++) {
        g_autofree char *def = property_default_text(class_find_property(t->parent.oc, want[i][0]));

        check_text(t, want[i][0], want[i][1]);
        g_assert_cmpstr(def, ==, want[i][1]);
    }
    thing_free(t);
}

static void test_set(void)
{
    Thing *t = thing_new();
    static const char *const rows[][3] = {      /* property, text, what it reads as; NULL: refused */
        { "flag", "no", "off" }, { "flag", "maybe", NULL }, { "u8", "0xff", "255" }, { "u8", "256", NULL },
        { "u8", "-1", NULL }, { "u16", "65535", "65535" }, { "u32", "10", "10" }, { "u32", "9", NULL },
        { "u32", "100", NULL }, { "u64", "0xffffffffffffffff", "18446744073709551615" },
        { "u64", "18446744073709551616", NULL }, { "i64", "-100", "-100" }, { "i64", "-101", NULL },
        { "i64", "100", "100" }, { "i64", "101", NULL }, { "size", "64K", "65536" }, { "size", "x", NULL },
        { "text", "", "" }, { "text", "a b", "a b" }, { "colour", "blue", "blue" }, { "colour", "pink", NULL },
        { "hooked", "four", "4" }, { "hooked", "", NULL }, { "drive", "hd0", NULL },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(object_set(&t->parent, rows[i][0], rows[i][1], &error), ==, rows[i][2] != NULL);
        if (rows[i][2]) {
            g_assert_no_error(error);
            check_text(t, rows[i][0], rows[i][2]);
        } else {
            g_autofree char *prefix = g_strdup_printf("thing.%s=%s: ", rows[i][0], rows[i][1]);

            g_assert_true(g_str_has_prefix(error->message, prefix));
        }
    }
    object_set_bool(&t->parent, "flag", true);
    object_set_uint(&t->parent, "colour", 2);
    object_set_str(&t->parent, "text", "z");
    g_assert_true(object_get_bool(&t->parent, "flag"));
    g_assert_cmpuint(object_get_uint(&t->parent, "colour"), ==, 2);
    g_assert_cmpuint(object_get_uint(&t->parent, "hooked"), ==, 4);
    g_assert_cmpstr(t->text, ==, "z");
    thing_free(t);
}

static void test_unknown(void)
{
    Thing *t = thing_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(object_set(&t->parent, "color", "red", &error));
    g_assert_cmpstr(error->message, ==, "thing.color: unknown property (near names: colour)");
    thing_free(t);
}

static void test_frozen(void)
{
    Thing *t = thing_new();
    g_autoptr(GError) error = NULL;

    t->parent.frozen = true;
    g_assert_false(object_set(&t->parent, "u8", "1", &error));
    g_assert_nonnull(strstr(error->message, "cannot be set once"));
    g_assert_true(object_set(&t->parent, "hooked", "abc", NULL));
    thing_free(t);
}

static void test_link(void)
{
    Thing *t = thing_new();
    g_autoptr(GError) error = NULL;
    Object *root = &t->parent, *a, *box;

    object_set_name(root, "machine");
    a = object_new_child(root, "a", "thing", NULL);
    box = object_new_child(root, "box", TYPE_CONTAINER, NULL);
    g_assert_true(object_set(root, "link", "a", &error));
    g_assert_true(t->link == a && a->refs == 2);
    check_text(t, "link", "/machine/a");
    g_assert_false(object_set(root, "link", "b", &error));
    g_assert_cmpstr(error->message, ==, "/machine.link=b: no such object");
    g_clear_error(&error);
    g_assert_false(object_set(root, "link", "/machine/box", &error));
    g_assert_nonnull(error);
    object_set_link(a, "link", a);              /* a cycle: only dropping the links lets it go */
    g_assert_cmpint(a->refs, ==, 3);
    g_assert_true(object_set(root, "link", "", NULL));
    object_dispose_tree(root);
    g_assert_cmpint(a->refs, ==, 1);
    g_assert_cmpint(box->refs, ==, 1);
    thing_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/property/defaults", test_defaults);
    g_test_add_func("/qom/property/set", test_set);
    g_test_add_func("/qom/property/unknown", test_unknown);
    g_test_add_func("/qom/property/frozen", test_frozen);
    g_test_add_func("/qom/property/link", test_link);
    return g_test_run();
}
