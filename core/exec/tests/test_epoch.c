/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Epochs: nothing is freed while a thread or a bracket may hold it; everything is freed in the end. */
#include "core/exec/epoch.h"

static void count(void *p)
{
    (*(unsigned *)p)++;
}

static void test_rules(void)
{
    EpochDomain *d = epoch_domain_new();
    EpochThread a = { 0 }, b = { 0 };
    unsigned freed = 0, token;

    epoch_thread_add(d, &a);
    epoch_thread_add(d, &b);
    epoch_retire(d, count, &freed);             /* nobody is online */
    g_assert_cmpuint(freed, ==, 1);
    epoch_online(&a);
    epoch_retire(d, count, &freed);
    g_assert_cmpuint(freed, ==, 1);
    epoch_online(&b);                           /* came after: cannot hold it */
    epoch_quiescent(&a);
    g_assert_cmpuint(freed, ==, 2);
    epoch_retire(d, count, &freed);
    epoch_quiescent(&a);
    g_assert_cmpuint(freed, ==, 2);
    epoch_offline(&b);                          /* asleep counts as outside */
    g_assert_cmpuint(freed, ==, 3);
    token = epoch_enter(d);
    epoch_retire(d, count, &freed);
    epoch_quiescent(&a);
    g_assert_cmpuint(freed, ==, 3);
    epoch_leave(d, token);
    epoch_quiescent(&a);
    g_assert_cmpuint(freed, ==, 4);
    epoch_retire(d, count, &freed);
    epoch_thread_remove(&a);
    epoch_thread_remove(&b);
    epoch_domain_free(d);
    g_assert_cmpuint(freed, ==, 5);
}

typedef struct Box { unsigned magic; } Box;

typedef struct Shared {
    EpochDomain *d;
    Box *box;                                   /* atomic */
    bool stop;                                  /* atomic */
} Shared;

static void box_free(void *p)
{
    ((Box *)p)->magic = 0xdead;
    g_free(p);
}

static void *reader(void *opaque)
{
    Shared *s = opaque;
    EpochThread t = { 0 };

    epoch_thread_add(s->d, &t);
    for (unsigned i = 0; !__atomic_load_n(&s->stop, __ATOMIC_RELAXED); i++) {
        if (i % 16 == 0) {
            epoch_online(&t);
        }
        g_assert_cmphex(__atomic_load_n(&s->box, __ATOMIC_ACQUIRE)->magic, ==, 0x600d);
        epoch_quiescent(&t);
        if (i % 16 == 15) {
            epoch_offline(&t);
        }
    }
    epoch_thread_remove(&t);
    return NULL;
}

static void *bracket_reader(void *opaque)
{
    Shared *s = opaque;

    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        unsigned token = epoch_enter(s->d);

        g_assert_cmphex(__atomic_load_n(&s->box, __ATOMIC_SEQ_CST)->magic, ==, 0x600d);
        epoch_leave(s->d, token);
    }
    return NULL;
}

static void test_threads(void)
{
    Shared s = { .d = epoch_domain_new(), .box = g_new(Box, 1) };
    GThread *th[3];

    s.box->magic = 0x600d;
    th[0] = g_thread_new("reader", reader, &s);
    th[1] = g_thread_new("reader", reader, &s);
    th[2] = g_thread_new("bracket", bracket_reader, &s);
    for (unsigned i = 0; i < 20000; i++) {
        Box *n = g_new(Box, 1), *old;

        n->magic = 0x600d;
        old = __atomic_exchange_n(&s.box, n, __ATOMIC_SEQ_CST);
        epoch_retire(s.d, box_free, old);
    }
    __atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 3; i++) {
        g_thread_join(th[i]);
    }
    epoch_domain_free(s.d);
    g_free(s.box);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/epoch/rules", test_rules);
    g_test_add_func("/epoch/threads", test_threads);
    return g_test_run();
}
