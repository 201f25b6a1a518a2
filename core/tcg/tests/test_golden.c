/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Golden files: IR in, passes, IR out. A file (*.ir) is comments, "run: LETTERS [naive] [least] [upper] [direct]"
 * (tcg_pipeline's letters, "-" for none; least: a backend that has only what each must have; upper: one whose operations of
 * 32 bits clear the upper halves; direct: the layout without TLBs), a region, "expect:" and the region that comes out. A
 * comment may say what must not occur in the body of its loops, recipes aside:
 *
 *   # loop-free-of: st_env flags_
 *
 * Usage: test-tcg-golden FOLDER; with --bless it rewrites what is expected instead of comparing.
 */
#include "core/tcg/tests/testtarget.h"
#include "core/tcg/backend.h"

#include <string.h>

static bool has_all(const TcgBackend *be, const TcgNode *n)
{
    return true;
}

/* Enough of a poor backend to see expansions: no bit tricks, no flags conditions, no vector selects, no wide arithmetic. */
static bool has_least(const TcgBackend *be, const TcgNode *n)
{
    if (tcg_type_is_wide(n->type) && tcg_op_def[n->op].flags & TCGF_PURE) {
        return n->op == OP_vlow || n->op == OP_vhigh || n->op == OP_vcat;
    }
    switch (n->op) {
    case OP_rbit: case OP_popcnt: case OP_clz: case OP_ctz: case OP_andn: case OP_orn: case OP_flags_cond: case OP_brflag:
    case OP_select_fc: case OP_select_cmp: case OP_vabs: case OP_vneg: case OP_vbyterev: case OP_vext: case OP_vbitsel:
        return false;
    case OP_vmul: return n->aux != 0;
    default: return true;
    }
}

static const TcgBackend backend_all = {
    .name = "all", .has_op = has_all, .access_offset = true, .access_index = true, .access_page = true,
};
static bool upper_is_zero(const TcgFn *fn, TcgId id)
{
    return node_type(fn_node(fn, id)) == TCG_I32 && fn_node(fn, id)->op != OP_trunc;
}

static const TcgBackend backend_upper = {
    .name = "upper", .has_op = has_all, .access_offset = true, .access_index = true, .access_page = true,
    .upper_is_zero = upper_is_zero,
};
static const TcgBackend backend_least = { .name = "least", .has_op = has_least };

static bool bless;

/* Runs what the file says on its region: the text that comes out, or NULL with the test failed. */
static char *run_file(const char *path, const char *run, const char *input)
{
    char **words = g_strsplit(run, " ", -1);
    TcgConfig config = { .backend = &backend_all, .target = &test_target, .layout = &test_layout, .verify = true };
    GString *out = g_string_new(NULL), *again = g_string_new(NULL);
    GError *error = NULL;
    TcgFn *fn, *back;

    for (unsigned i = 1; words[0] && words[i]; i++) {
        config.naive |= !strcmp(words[i], "naive");
        config.layout = strcmp(words[i], "direct") ? config.layout : &test_layout_direct;
        config.backend = !strcmp(words[i], "least") ? &backend_least :
                         !strcmp(words[i], "upper") ? &backend_upper : config.backend;
    }
    fn = tcg_fn_parse(&config, input, &error);
    if (!fn) {
        g_test_fail_printf("%s: %s", path, error->message);
        return NULL;
    }
    for (const char *c = words[0]; *c && *c != '-'; c++) {
        const TcgPass *pass = tcg_pipeline;

        while (pass->run && pass->letter != *c) {
            pass++;
        }
        if (!pass->run) {
            g_test_fail_printf("%s: no pass '%c'", path, *c);
            return NULL;
        }
        tcg_pass_run(fn, pass);
    }
    tcg_fn_print(fn, out);
    back = tcg_fn_parse(&config, out->str, &error);
    if (!back) {
        g_test_fail_printf("%s: what comes out: %s", path, error->message);
        return NULL;
    }
    tcg_fn_print(back, again);
    g_string_replace(out, " ; recipe", "", 0);
    if (strcmp(out->str, again->str)) {
        g_test_message("%s\n----\n%s", out->str, again->str);
        g_test_fail_printf("%s: what comes out is not read back as it is", path);
    }
    g_string_truncate(out, 0);
    tcg_fn_print(fn, out);
    tcg_fn_free(fn);
    tcg_fn_free(back);
    g_string_free(again, TRUE);
    g_strfreev(words);
    return g_string_free(out, FALSE);
}

/* Blocks inside loops hold none of the words, recipes aside. */
static void check_loops(const char *path, const char *text, const char *words)
{
    char **lines = g_strsplit(text, "\n", -1), **banned = g_strsplit(words, " ", -1);
    bool loop = false, any = false;

    for (unsigned i = 0; lines[i]; i++) {
        if (lines[i][0] == 'b') {
            loop = strstr(lines[i], "loop depth") != NULL;
            any |= loop;
        }
        for (unsigned k = 0; loop && banned[k]; k++) {
            if (*banned[k] && strstr(lines[i], banned[k]) && !strstr(lines[i], "; recipe")) {
                g_test_fail_printf("%s: in a loop: %s", path, lines[i]);
            }
        }
    }
    if (!any) {
        g_test_fail_printf("%s: no loop came out", path);
    }
    g_strfreev(lines);
    g_strfreev(banned);
}

static void test_file(gconstpointer data)
{
    const char *path = data;
    char *text, *run, *body, *expect, *out, *end;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    run = strstr(text, "run: ");
    expect = strstr(text, "expect:\n");
    if (!run || !expect || !(body = strchr(run, '\n'))) {
        g_test_fail_printf("%s: no 'run:' or 'expect:'", path);
        return;
    }
    *body++ = 0;
    end = expect;
    expect += strlen("expect:\n");
    end[-1] = 0;
    out = run_file(path, run + strlen("run: "), body);
    if (out) {
        char *rule = strstr(text, "# loop-free-of: ");

        if (rule) {
            char *words = g_strndup(rule + strlen("# loop-free-of: "), strcspn(rule + strlen("# loop-free-of: "), "\n"));

            check_loops(path, out, words);
            g_free(words);
        }
        if (bless) {
            char *all = g_strdup_printf("%s\n%s\nexpect:\n%s", text, body, out);

            g_assert_true(g_file_set_contents(path, all, -1, NULL));
            g_free(all);
        } else if (strcmp(out, expect)) {
            g_test_message("%s", out);
            g_test_fail_printf("%s: something else came out", path);
        }
    }
    g_free(out);
    g_free(text);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *folder = NULL, *name;
    GDir *dir;
    int result;

    g_test_init(&argc, &argv, NULL);
    for (int i = 1; i < argc; i++) {
        bless |= !strcmp(argv[i], "--bless");
        folder = strcmp(argv[i], "--bless") ? argv[i] : folder;
    }
    dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".ir")) {
            g_ptr_array_add(names, g_build_filename(folder, name, NULL));
        }
    }
    g_dir_close(dir);
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, by_name);
    for (unsigned i = 0; i < names->len; i++) {
        char *base = g_path_get_basename(names->pdata[i]), *path = g_strconcat("/tcg/golden/", base, NULL);

        g_test_add_data_func(path, names->pdata[i], test_file);
        g_free(base);
        g_free(path);
    }
    result = g_test_run();
    g_ptr_array_free(names, TRUE);
    return result;
}
