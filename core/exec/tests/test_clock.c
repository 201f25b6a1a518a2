/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers: order, re-arming from callbacks, random churn against a list; the host's clock through a main loop. */
#include "core/exec/clock.h"
#include <glib.h>

typedef struct T {
    Timer t;
    Clock *c;
    GArray *fired;                              /* int64_t: when */
    int64_t again;                              /* period, or 0 */
} T;

static void hit(void *opaque)
{
    T *t = opaque;
    int64_t now = clock_now(t->c);

    g_array_append_val(t->fired, now);
    if (t->again) {
        timer_mod(&t->t, now + t->again);
    }
}

static void init(T *t, Clock *c, int64_t again)
{
    t->c = c;
    t->again = again;
    t->fired = g_array_new(FALSE, FALSE, sizeof(int64_t));
    timer_init(&t->t, c, hit, t);
}

static void test_order(void)
{
    Clock *c = clock_new(NULL, NULL);
    T a, b;

    init(&a, c, 10);
    init(&b, c, 0);
    timer_mod(&a.t, 5);
    timer_mod(&b.t, 100);
    g_assert_cmpint(clock_deadline(c), ==, 5);
    clock_run(c, 40);
    g_assert_cmpuint(a.fired->len, ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(g_array_index(a.fired, int64_t, i), ==, 5 + 10 * i);
    }
    g_assert_cmpint(clock_now(c), ==, 40);
    g_assert_cmpint(clock_deadline(c), ==, 45);
    timer_del(&a.t);
    g_assert_false(timer_armed(&a.t));
    g_assert_cmpint(clock_deadline(c), ==, 100);
    timer_mod(&b.t, 3);                         /* in the past: fires at once, time does not go back */
    clock_run(c, 41);
    g_assert_cmpint(g_array_index(b.fired, int64_t, 0), ==, 40);
    g_array_unref(a.fired);
    g_array_unref(b.fired);
    clock_free(c);
}

static void test_random(void)
{
    enum { N = 40 };
    Clock *c = clock_new(NULL, NULL);
    T t[N];
    int64_t model[N];
    int64_t now = 0;

    for (unsigned i = 0; i < N; i++) {
        init(&t[i], c, 0);
        model[i] = INT64_MAX;
    }
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = g_test_rand_int_range(0, N);
        int64_t least = INT64_MAX;

        switch (g_test_rand_int_range(0, 4)) {
        case 0:
            timer_del(&t[i].t);
            model[i] = INT64_MAX;
            break;
        case 1:
            now += g_test_rand_int_range(0, 30);
            clock_run(c, now);
            for (unsigned k = 0; k < N; k++) {
                bool due = model[k] <= now;

                g_assert_cmpuint(t[k].fired->len, ==, due ? 1 : 0);
                if (due) {
                    g_assert_cmpint(g_array_index(t[k].fired, int64_t, 0), ==, model[k]);
                    g_array_set_size(t[k].fired, 0);
                    model[k] = INT64_MAX;
                }
            }
            break;
        default:
            model[i] = now + g_test_rand_int_range(0, 100);
            timer_mod(&t[i].t, model[i]);
            break;
        }
        for (unsigned k = 0; k < N; k++) {
            least = MIN(least, model[k]);
            g_assert_true(timer_armed(&t[k].t) == (model[k] != INT64_MAX));
        }
        g_assert_cmpint(clock_deadline(c), ==, least);
    }
    for (unsigned i = 0; i < N; i++) {
        g_array_unref(t[i].fired);
    }
    clock_free(c);
}

static void test_host(void)
{
    GMainContext *ctx = g_main_context_new();
    Clock *c = clock_new(ctx, NULL);
    int64_t start = g_get_monotonic_time();
    T t;

    init(&t, c, 0);
    g_assert_cmpint(clock_now(c), ==, 0);       /* it stands until started */
    timer_mod(&t.t, 3000000);
    g_assert_false(g_main_context_iteration(ctx, FALSE));
    clock_set_running(c, true);
    while (!t.fired->len) {
        g_main_context_iteration(ctx, TRUE);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    }
    g_assert_cmpint(g_array_index(t.fired, int64_t, 0), >=, 3000000);
    clock_set_running(c, false);
    start = clock_now(c);
    g_usleep(2000);
    g_assert_cmpint(clock_now(c), ==, start);
    clock_set_running(c, true);
    g_assert_cmpint(clock_now(c), >=, start);
    g_array_unref(t.fired);
    clock_free(c);
    g_main_context_unref(ctx);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clock/order", test_order);
    g_test_add_func("/clock/random", test_random);
    g_test_add_func("/clock/host", test_host);
    return g_test_run();
}
