/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counters. A Stats belongs to one thread (a CPU, a translator), which alone adds to it; others may read it at any
 * time and see each counter whole. Sums over threads are made by who prints them.
 */
#ifndef CORE_STATS_H
#define CORE_STATS_H

#include <glib.h>
#include "core/forward.h"

typedef enum Stat {
#define STAT(name, desc) STAT_##name,
#include "core/stats.def"
#undef STAT
    NUM_STATS
} Stat;

struct Stats {
    uint64_t count[NUM_STATS];
};

/* By the owning thread only. */
static inline void stats_add(Stats *s, Stat which, uint64_t n)
{
    uint64_t v = __atomic_load_n(&s->count[which], __ATOMIC_RELAXED);

    __atomic_store_n(&s->count[which], v + n, __ATOMIC_RELAXED);
}

static inline void stats_inc(Stats *s, Stat which)
{
    stats_add(s, which, 1);
}

/* sum += s; sum belongs to the caller. */
void stats_sum(Stats *sum, const Stats *s);
const char *stats_name(Stat which);
const char *stats_desc(Stat which);
/* Appends "name value" lines, one a counter that is not 0. */
void stats_format(const Stats *s, GString *out);

#endif
