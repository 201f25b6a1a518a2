/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Epochs. A domain counts epochs; retiring opens a new one. A thing retired in epoch e is free when every online
 * thread has been outside in epoch e or later, and each bracket counter was seen at zero once since: a bracket that
 * was open when the thing was unpublished keeps its counter above zero until it closes.
 */
#include "core/exec/epoch.h"

enum { NUM_SHARDS = 16 };

typedef struct Shard {
    unsigned open __attribute__((aligned(64)));
} Shard;

typedef struct Retired {
    void (*fn)(void *p);
    void *p;
    uint64_t epoch;
    uint32_t shards;                            /* bit n: shard n was seen without open brackets */
} Retired;

struct EpochDomain {
    Shard shard[NUM_SHARDS];
    uint64_t epoch;                             /* atomic; written with the lock held */
    unsigned num_retired;                       /* atomic copy of retired->len */
    GMutex lock;
    GPtrArray *threads;
    GArray *retired;                            /* Retired, oldest first */
};

EpochDomain *epoch_domain_new(void)
{
    EpochDomain *d = g_aligned_alloc0(1, sizeof(*d), 64);

    d->epoch = 1;
    g_mutex_init(&d->lock);
    d->threads = g_ptr_array_new();
    d->retired = g_array_new(FALSE, FALSE, sizeof(Retired));
    return d;
}

void epoch_domain_free(EpochDomain *d)
{
    if (!d) {
        return;
    }
    g_assert(d->threads->len == 0);
    for (unsigned i = 0; i < d->retired->len; i++) {
        const Retired *r = &g_array_index(d->retired, Retired, i);

        r->fn(r->p);
    }
    g_array_unref(d->retired);
    g_ptr_array_unref(d->threads);
    g_mutex_clear(&d->lock);
    g_aligned_free(d);
}

/* Takes what is free out of the list; the caller frees it without the lock. */
static GArray *collect(EpochDomain *d)
{
    uint64_t oldest = UINT64_MAX;
    uint32_t idle = 0;
    GArray *free_now = NULL;
    unsigned kept = 0;

    for (unsigned i = 0; i < d->threads->len; i++) {
        const EpochThread *t = d->threads->pdata[i];
        uint64_t seen = __atomic_load_n(&t->seen, __ATOMIC_SEQ_CST);

        if (seen && seen < oldest) {
            oldest = seen;
        }
    }
    if (d->retired->len == 0 || g_array_index(d->retired, Retired, 0).epoch > oldest) {
        return NULL;                            /* the others are younger */
    }
    for (unsigned i = 0; i < NUM_SHARDS; i++) {
        if (__atomic_load_n(&d->shard[i].open, __ATOMIC_SEQ_CST) == 0) {
            idle |= 1u << i;
        }
    }
    for (unsigned i = 0; i < d->retired->len; i++) {
        Retired *r = &g_array_index(d->retired, Retired, i);

        r->shards |= idle;
        if (r->epoch <= oldest && r->shards == (1u << NUM_SHARDS) - 1) {
            if (!free_now) {
                free_now = g_array_new(FALSE, FALSE, sizeof(Retired));
            }
            g_array_append_val(free_now, *r);
        } else {
            g_array_index(d->retired, Retired, kept) = *r;
            kept++;
        }
    }
    g_array_set_size(d->retired, kept);
    __atomic_store_n(&d->num_retired, kept, __ATOMIC_RELAXED);
    return free_now;
}

static void release(GArray *free_now)
{
    if (!free_now) {
        return;
    }
    for (unsigned i = 0; i < free_now->len; i++) {
        const Retired *r = &g_array_index(free_now, Retired, i);

        r->fn(r->p);
    }
    g_array_unref(free_now);
}

void epoch_thread_add(EpochDomain *d, EpochThread *t)
{
    t->domain = d;
    t->seen = 0;
    g_mutex_lock(&d->lock);
    g_ptr_array_add(d->threads, t);
    g_mutex_unlock(&d->lock);
}

void epoch_thread_remove(EpochThread *t)
{
    EpochDomain *d = t->domain;

    epoch_offline(t);
    g_mutex_lock(&d->lock);
    g_ptr_array_remove(d->threads, t);
    g_mutex_unlock(&d->lock);
}

static void look(EpochDomain *d)
{
    GArray *free_now;

    if (__atomic_load_n(&d->num_retired, __ATOMIC_RELAXED) == 0 || !g_mutex_trylock(&d->lock)) {
        return;
    }
    free_now = collect(d);
    g_mutex_unlock(&d->lock);
    release(free_now);
}

void epoch_online(EpochThread *t)
{
    __atomic_store_n(&t->seen, __atomic_load_n(&t->domain->epoch, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
    /* The epoch may have moved between load and store: then we only look older than we are. */
}

void epoch_offline(EpochThread *t)
{
    __atomic_store_n(&t->seen, 0, __ATOMIC_SEQ_CST);
    look(t->domain);
}

void epoch_quiescent(EpochThread *t)
{
    uint64_t now = __atomic_load_n(&t->domain->epoch, __ATOMIC_ACQUIRE);

    if (now != t->seen) {
        __atomic_store_n(&t->seen, now, __ATOMIC_SEQ_CST);
    }
    look(t->domain);
}

bool epoch_moved(const EpochThread *t)
{
    return __atomic_load_n(&t->domain->epoch, __ATOMIC_RELAXED) != __atomic_load_n(&t->seen, __ATOMIC_RELAXED);
}

unsigned epoch_enter(EpochDomain *d)
{
    /* Threads have stacks of their own: its address spreads them over the counters. */
    uintptr_t stack = (uintptr_t)__builtin_frame_address(0) >> 16;
    unsigned n = (stack ^ stack >> 4 ^ stack >> 8) & (NUM_SHARDS - 1);

    __atomic_add_fetch(&d->shard[n].open, 1, __ATOMIC_SEQ_CST);
    return n;
}

void epoch_leave(EpochDomain *d, unsigned token)
{
    __atomic_sub_fetch(&d->shard[token].open, 1, __ATOMIC_RELEASE);
}

void epoch_retire(EpochDomain *d, void (*fn)(void *p), void *p)
{
    Retired r = { .fn = fn, .p = p };
    GArray *free_now;

    g_mutex_lock(&d->lock);
    r.epoch = __atomic_add_fetch(&d->epoch, 1, __ATOMIC_SEQ_CST);
    g_array_append_val(d->retired, r);
    __atomic_store_n(&d->num_retired, d->retired->len, __ATOMIC_RELAXED);
    free_now = collect(d);
    g_mutex_unlock(&d->lock);
    release(free_now);
}

void epoch_lock(EpochDomain *d)
{
    g_mutex_lock(&d->lock);
}

void epoch_unlock(EpochDomain *d)
{
    g_mutex_unlock(&d->lock);
}
