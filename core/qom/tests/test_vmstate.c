/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State tables: save, load, compare; what does not fit is refused by name. */
#include <string.h>
#include "core/keyval.h"
#include "core/qom/machine.h"

typedef struct Sub {
    uint16_t x;
    uint32_t derived;
} Sub;

typedef struct Dev {
    Device parent;
    uint8_t u8;
    uint64_t u64;
    uint32_t array[3];
    bool flag;
    char bytes[4];
    uint32_t num;
    uint8_t *buffer;
    Sub one, many[2];
    int custom;
    uint32_t sum;
} Dev;

DECLARE_OBJECT(Dev, DEV, "dev")

static bool sub_post_load(void *s, GError **error)
{
    ((Sub *)s)->derived = ((Sub *)s)->x * 2u;
    return true;
}

static bool dev_post_load(void *s, GError **error)
{
    Dev *d = s;

    d->sum = d->array[0] + d->array[1] + d->array[2];
    if (d->sum == 0xdead) {
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "sum");
        return false;
    }
    return true;
}

static GVariant *custom_save(const void *field)
{
    return g_variant_new_int32(*(const int *)field);
}

static bool custom_load(void *field, GVariant *state, GError **error)
{
    *(int *)field = g_variant_get_int32(state);
    return true;
}

static const VMStateOps custom_ops = { custom_save, custom_load };

static const VMStateField sub_fields[] = {
    VMSTATE_UINT(Sub, x), VMSTATE_POST_LOAD(sub_post_load), VMSTATE_END
};

static const VMStateField dev_fields[] = {
    VMSTATE_UINT(Dev, u8),
    { .name = "u64", .alias = "old_u64", .kind = VMS_UINT, .offset = offsetof(Dev, u64), .size = 8, .count = 1 },
    VMSTATE_UINT_ARRAY(Dev, array),
    VMSTATE_BOOL(Dev, flag),
    VMSTATE_BYTES(Dev, bytes),
    { .name = "buffer", .kind = VMS_BUFFER, .offset = offsetof(Dev, buffer), .num_offset = offsetof(Dev, num) },
    VMSTATE_STRUCT(Dev, one, sub_fields),
    VMSTATE_STRUCT_ARRAY(Dev, many, sub_fields),
    VMSTATE_CUSTOM(Dev, custom, custom_ops),
    { .name = "extra", .kind = VMS_UINT, .offset = offsetof(Dev, sum), .size = 4, .count = 1, .optional = true },
    VMSTATE_POST_LOAD(dev_post_load),
    VMSTATE_END
};

static void dev_init(Object *obj)
{
    DEV(obj)->num = 5;
    DEV(obj)->buffer = g_malloc0(5);
}

static void dev_finalize(Object *obj)
{
    g_free(DEV(obj)->buffer);
}

static void dev_class_init(ObjectClass *oc, const TypeInfo *info)
{
    DEVICE_CLASS(oc)->vmstate = dev_fields;
}

static const TypeInfo dev_type = {
    .name = "dev", .parent = TYPE_DEVICE, .instance_size = sizeof(Dev), .init = dev_init,
    .finalize = dev_finalize, .class_init = dev_class_init,
};

static void fill(Dev *d)
{
    d->u8 = 0xfe;
    d->u64 = UINT64_MAX - 1;
    d->array[0] = 1;
    d->array[1] = 0x80000000;
    d->array[2] = 3;
    d->flag = true;
    memcpy(d->bytes, "abcd", 4);
    memcpy(d->buffer, "12345", 5);
    d->one.x = 11;
    d->many[0].x = 22;
    d->many[1].x = 33;
    d->custom = -7;
}

static void test_device(void)
{
    TypeRegistry *types = type_registry_new(NULL, NULL);
    g_autoptr(GVariant) state = NULL, again = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *diff = NULL;
    Object *root;
    Dev *a, *b;

    g_assert_true(type_register(types, &dev_type, NULL));
    root = object_new(types, "dev", NULL);
    object_set_name(root, "machine");
    a = DEV(root);
    b = DEV(object_new_child(root, "b", "dev", NULL));
    fill(a);
    state = g_variant_ref_sink(device_save(DEVICE(root)));
    memset(&a->u8, 0, offsetof(Dev, num) - offsetof(Dev, u8));
    b->u8 = 4;
    again = g_variant_ref_sink(device_save(DEVICE(root)));
    diff = vmstate_diff(state, again, 2);
    g_assert_cmpstr(diff, ==, "/machine.u8: 254 != 0\n/machine.u64: 18446744073709551614 != 0\n");
    g_assert_true(device_load(DEVICE(root), state, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(a->sum, ==, 0x80000004);
    g_assert_cmpuint(a->many[1].derived, ==, 66);
    g_assert_cmpint(a->custom, ==, -7);
    g_assert_cmpmem(a->buffer, 5, "12345", 5);
    g_assert_cmpuint(b->u8, ==, 0);
    object_remove_child(root, &b->parent.parent);
    g_assert_false(device_load(DEVICE(root), state, &error));
    g_assert_cmpstr(error->message, ==, "/machine/b: no such device");
    object_unref(root);
    type_registry_free(types);
}

/* Loads a's state with one entry removed (value NULL) or replaced, and returns the error's text or NULL. */
static char *load_edited(Dev *d, const char *name, GVariant *value)
{
    g_autoptr(GVariant) state = g_variant_ref_sink(vmstate_save(dev_fields, d));
    GVariantDict dict;
    g_autoptr(GVariant) edited = NULL;
    GError *error = NULL;
    char *text = NULL;

    g_variant_dict_init(&dict, state);
    if (value) {
        g_variant_dict_insert_value(&dict, name, value);
    } else {
        g_variant_dict_remove(&dict, name);
    }
    edited = g_variant_ref_sink(g_variant_dict_end(&dict));
    if (!vmstate_load(dev_fields, d, edited, &error)) {
        text = g_strdup(error->message);
        g_error_free(error);
    }
    return text;
}

static void test_refused(void)
{
    Dev d = { .num = 5, .buffer = (uint8_t[5]){ 0 } };
    const uint32_t dead[3] = { 0xdead, 0, 0 };
    const struct {
        const char *name;
        GVariant *value;
        const char *want;
    } rows[] = {
        { "u8", NULL, "u8: missing" },
        { "extra", NULL, NULL },
        { "u8", g_variant_new_uint64(256), "u8: 0x100 does not fit in 1 bytes" },
        { "u8", g_variant_new_string("x"), "u8: type s, not t" },
        { "bytes", g_variant_new_bytestring("ab"), "bytes: 3 elements, not 4" },
        { "what", g_variant_new_uint64(1), "what: unknown field" },
        { "one", g_variant_new_parsed("@a{sv} {}"), "one.x: missing" },
        { "many", g_variant_new_parsed("[<@a{sv} {'x': <uint64 1>}>]"), "many: 1 elements, not 2" },
        { "many", g_variant_new_parsed("[<@a{sv} {'x': <uint64 1>}>, <@a{sv} {'x': <1>}>]"),
          "many[1].x: type i, not t" },
        { "array", g_variant_new_parsed("[@t 57005, 0, 0]"), "sum" },
    };

    fill(&d);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = load_edited(&d, rows[i].name, rows[i].value);

        g_assert_cmpstr(text, ==, rows[i].want);
    }
    g_assert_cmpmem(d.array, sizeof(dead), dead, sizeof(dead));
}

static void test_alias(void)
{
    Dev d = { .num = 5, .buffer = (uint8_t[5]){ 0 } };
    g_autoptr(GVariant) state = NULL, edited = NULL;
    g_autoptr(GError) error = NULL;
    GVariantDict dict;

    fill(&d);
    state = g_variant_ref_sink(vmstate_save(dev_fields, &d));
    g_variant_dict_init(&dict, state);
    g_variant_dict_remove(&dict, "u64");
    g_variant_dict_insert(&dict, "old_u64", "t", UINT64_C(77));
    edited = g_variant_ref_sink(g_variant_dict_end(&dict));
    g_assert_true(vmstate_load(dev_fields, &d, edited, &error));
    g_assert_cmpuint(d.u64, ==, 77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/vmstate/device", test_device);
    g_test_add_func("/qom/vmstate/refused", test_refused);
    g_test_add_func("/qom/vmstate/alias", test_alias);
    return g_test_run();
}
