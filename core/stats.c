/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters: names, sums, text. */
#include "core/stats.h"

static const struct {
    const char *name;
    const char *desc;
} stat_rows[NUM_STATS] = {
#define STAT(name, desc) [STAT_##name] = { #name, desc },
#include "core/stats.def"
#undef STAT
};

void stats_sum(Stats *sum, const Stats *s)
{
    for (unsigned i = 0; i < NUM_STATS; i++) {
        sum->count[i] += __atomic_load_n(&s->count[i], __ATOMIC_RELAXED);
    }
}

const char *stats_name(Stat which)
{
    return stat_rows[which].name;
}

const char *stats_desc(Stat which)
{
    return stat_rows[which].desc;
}

void stats_format(const Stats *s, GString *out)
{
    for (unsigned i = 0; i < NUM_STATS; i++) {
        uint64_t v = __atomic_load_n(&s->count[i], __ATOMIC_RELAXED);

        if (v) {
            g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", stat_rows[i].name, v);
        }
    }
}
