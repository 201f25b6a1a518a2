/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Near names, counters, the log. */
#include <string.h>
#include <unistd.h>
#include "core/keyval.h"
#include "core/log.h"
#include "core/near.h"
#include "core/stats.h"

static char *near(const char *name, const char *const *candidates)
{
    NearNames *n = near_new(name);

    for (unsigned i = 0; candidates[i]; i++) {
        near_add(n, candidates[i]);
    }
    return near_finish(n);
}

static void test_near(void)
{
    static const char *const cpus[] = {
        "cortex-a35", "cortex-a53", "cortex-a55", "cortex-a57", "cortex-a72", "max", "neoverse-n1", NULL,
    };
    static const struct {
        const char *name, *want;
    } rows[] = {
        { "cortex-a73", " (near names: cortex-a53, cortex-a72, cortex-a35)" },      /* one edit, one edit, two */
        { "xam", "" },
        { "mxa", " (near names: max)" },        /* neighbours swapped count once */
        { "MAX", " (near names: max)" },
        { "neoverse", " (near names: neoverse-n1)" },                               /* a beginning */
        { "i386", "" },
        { "", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = near(rows[i].name, cpus);

        g_assert_cmpstr(text, ==, rows[i].want);
    }
}

static void test_near_same_twice(void)
{
    static const char *const names[] = { "virt", "virt", "virt", "vixt", NULL };
    g_autofree char *text = near("vir", names);

    g_assert_cmpstr(text, ==, " (near names: virt)");
}

static void test_stats(void)
{
    Stats a = { { 0 } }, b = { { 0 } };
    g_autoptr(GString) text = g_string_new(NULL);

    stats_inc(&a, STAT_tb_translated);
    stats_add(&b, STAT_tb_translated, 4);
    stats_add(&b, STAT_wfi, 2);
    stats_sum(&a, &b);
    stats_format(&a, text);
    g_assert_cmpstr(text->str, ==, "tb_translated 5\nwfi 2\n");
    g_assert_cmpstr(stats_name(STAT_wfi), ==, "wfi");
    for (unsigned i = 0; i < NUM_STATS; i++) {
        g_assert_nonnull(stats_desc(i));
    }
}

static void test_log(void)
{
    g_autofree char *file = NULL, *text = NULL, *help = log_help();
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("chimera-log-XXXXXX", &file, &error);

    g_assert_no_error(error);
    close(fd);
    g_assert_false(log_set("int,gest_errors", NULL, &error));
    g_assert_cmpstr(error->message, ==,
                    "gest_errors: unknown log item (near names: guest_errors): -d help lists them");
    g_clear_error(&error);
    g_assert_false(log_set(NULL, "/nowhere/at/all", &error));
    g_assert_nonnull(strstr(error->message, "/nowhere/at/all: "));
    g_clear_error(&error);
    g_assert_cmpuint(log_mask, ==, 0);

    g_assert_true(log_set("guest_errors,int", file, &error));
    g_assert_cmphex(log_mask, ==, LOG_GUEST_ERRORS | LOG_INT);
    log_guest_error("bad %d\n", 1);
    log_unimp("not seen\n");
    log_printf(LOG_INT, "taken\n");
    log_close();
    log_guest_error("after\n");
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "bad 1\ntaken\n");
    unlink(file);

    g_assert_true(log_set("all", NULL, &error));
    g_assert_true(log_enabled(LOG_IR) && !log_enabled(LOG_NOCHAIN));
    g_assert_true(log_set("", NULL, &error));
    g_assert_cmpuint(log_mask, ==, 0);
    g_assert_nonnull(strstr(help, "guest_errors "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/near", test_near);
    g_test_add_func("/base/near-same-twice", test_near_same_twice);
    g_test_add_func("/base/stats", test_stats);
    g_test_add_func("/base/log", test_log);
    return g_test_run();
}
