/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Option text: splitting, escapes, typed values, unknown parameters. */
#include "core/keyval.h"

static KeyVal *parse(const char *text, const char *implied)
{
    g_autoptr(GError) error = NULL;
    KeyVal *kv = keyval_parse(text, implied, &error);

    g_assert_no_error(error);
    return kv;
}

static void test_split(void)
{
    g_autoptr(KeyVal) kv = parse("user,id=net0,path=a,,b=c,,,nowait,snapshot", "type");
    g_autofree char *again = keyval_to_string(kv);

    g_assert_cmpstr(keyval_get(kv, "type"), ==, "user");
    g_assert_cmpstr(keyval_get(kv, "id"), ==, "net0");
    g_assert_cmpstr(keyval_get(kv, "path"), ==, "a,b=c,");
    g_assert_cmpstr(keyval_get(kv, "wait"), ==, "off");
    g_assert_cmpstr(keyval_get(kv, "snapshot"), ==, "on");
    g_assert_null(keyval_get(kv, "none"));
    g_assert_cmpstr(again, ==, "type=user,id=net0,path=a,,b=c,,,wait=off,snapshot=on");
    g_assert_true(keyval_check_all_used(kv, NULL));
}

static void test_implied(void)
{
    g_autoptr(KeyVal) a = parse("format=raw,file=x", "file");
    g_autoptr(KeyVal) b = parse("a,,b", "file");
    g_autoptr(KeyVal) c = parse("", "file");

    g_assert_cmpstr(keyval_get(a, "file"), ==, "x");
    g_assert_cmpstr(keyval_get(b, "file"), ==, "a,b");
    g_assert_false(keyval_has(c, "file"));
}

static void test_last_wins_and_set(void)
{
    g_autoptr(KeyVal) kv = parse("a=1,a=2", NULL);

    g_assert_cmpstr(keyval_get(kv, "a"), ==, "2");
    keyval_set(kv, "a", "3");
    g_assert_cmpstr(keyval_get(kv, "a"), ==, "3");
    keyval_set(kv, "a", NULL);
    g_assert_false(keyval_has(kv, "a"));
}

static void test_bad_syntax(void)
{
    static const char *const texts[] = { "=1", "a=1,=2", "a=1, ,=x" };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(keyval_parse(texts[i], NULL, &error));
        g_assert_error(error, USAGE_ERROR, USAGE_ERROR_SYNTAX);
    }
}

static void test_unknown(void)
{
    g_autoptr(KeyVal) kv = parse("file=x,foramt=raw", NULL);
    g_autoptr(GError) error = NULL;

    keyval_get(kv, "file");
    keyval_get(kv, "format");
    keyval_get(kv, "id");
    g_assert_false(keyval_check_all_used(kv, &error));
    g_assert_cmpstr(error->message, ==, "foramt: unknown parameter (near names: format)");
}

static void test_typed(void)
{
    static const char *const colours[] = { "red", "green", NULL };
    g_autoptr(KeyVal) kv = parse("b=on,u=0x10,c=green,s=1.5G,bad=12z,neg=-1", NULL);
    g_autoptr(GError) error = NULL;
    bool b = false;
    uint64_t u = 7, s = 0;
    unsigned c = 0;

    g_assert_true(keyval_get_bool(kv, "b", &b, &error) && b);
    g_assert_true(keyval_get_uint(kv, "missing", 100, &u, &error));
    g_assert_cmpuint(u, ==, 7);
    g_assert_true(keyval_get_uint(kv, "u", 100, &u, &error));
    g_assert_cmpuint(u, ==, 16);
    g_assert_true(keyval_get_enum(kv, "c", colours, &c, &error));
    g_assert_cmpuint(c, ==, 1);
    g_assert_true(keyval_get_size(kv, "s", 1, &s, &error));
    g_assert_cmpuint(s, ==, UINT64_C(1536) << 20);
    g_assert_false(keyval_get_uint(kv, "u", 15, &u, &error));
    g_assert_cmpstr(error->message, ==, "u=0x10: at most 15");
    g_clear_error(&error);
    g_assert_false(keyval_get_uint(kv, "bad", 100, &u, &error));
    g_clear_error(&error);
    g_assert_false(keyval_get_uint(kv, "neg", 100, &u, &error));
    g_clear_error(&error);
    g_assert_false(keyval_get_enum(kv, "b", colours, &c, &error));
    g_assert_cmpstr(error->message, ==, "b=on: expected one of red, green");
}

static void test_size(void)
{
    static const struct {
        const char *text;
        uint64_t unit, value;
        bool ok;
    } rows[] = {
        { "512", 1 << 20, UINT64_C(512) << 20, true }, { "1G", 1 << 20, UINT64_C(1) << 30, true },
        { "4096K", 1, UINT64_C(4) << 20, true }, { "16MiB", 1, UINT64_C(16) << 20, true },
        { "10B", 1 << 20, 10, true }, { "0x1000", 1 << 20, 0x1000, true }, { "0.5k", 1, 512, true },
        { "", 1, 0, false }, { "-1", 1, 0, false }, { "1X", 1, 0, false }, { "1.G", 1, 0, false },
        { "99999999999999999999", 1, 0, false }, { "17179869184G", 1, 0, false }, { "1MB", 1, 0, false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t v = 0;

        g_assert_cmpint(parse_size("m", rows[i].text, rows[i].unit, &v, NULL), ==, rows[i].ok);
        g_assert_cmpuint(v, ==, rows[i].value);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/split", test_split);
    g_test_add_func("/keyval/implied", test_implied);
    g_test_add_func("/keyval/last-wins-and-set", test_last_wins_and_set);
    g_test_add_func("/keyval/bad-syntax", test_bad_syntax);
    g_test_add_func("/keyval/unknown", test_unknown);
    g_test_add_func("/keyval/typed", test_typed);
    g_test_add_func("/keyval/size", test_size);
    return g_test_run();
}
