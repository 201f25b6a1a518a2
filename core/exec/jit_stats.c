/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What running code costs: counters of all CPUs, and, where -d stats asked for them when the machine was made, the time
 * in generated code, in helpers by name, in the TLB's slow path and in looking blocks up. Times are the host's cycle
 * counter: they pass while the host runs something else, too. As text for `info jit` and for the end of a run.
 */
#include <inttypes.h>
#include <string.h>
#include "core/exec/exec_int.h"
#include "core/exec/tb_int.h"
#include "core/log.h"

void exec_costs_init(ExecMachine *x)
{
    if (log_enabled(LOG_STATS)) {
        x->costs = tcg_costs_new();
        x->clock_ns = tb_clock_cost();
        x->ticks_began = tcg_ticks();
        x->ns_began = g_get_monotonic_time() * 1000;
    }
}

void exec_costs_attach(CPUState *cs)
{
    if (cs->exec->x->costs && !cs->costs) {
        cs->costs = g_new0(TcgCost, TCG_NUM_COSTS);
    }
}

/* -- slow paths, watched: timed, and what stress wants of them ---------------------------------------------------------- */

static uint64_t begin(CPUState *cs)
{
    stress_access(cs);
    return cs->exec->x->costs ? tcg_ticks() : 0;
}

static void end(CPUState *cs, uint64_t began)
{
    if (cs->exec->x->costs) {
        stats_add(&cs->exec->stats, STAT_slow_ns, tcg_ticks() - began);
    }
}

static uint64_t watched_ld(CPUState *cs, vaddr addr, MemOp mo, const void *map)
{
    uint64_t began = begin(cs), v = tlb_mem_ops.ld(cs, addr, mo, map);

    end(cs, began);
    return v;
}

static void watched_st(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.st(cs, addr, value, mo, map);
    end(cs, began);
}

static void watched_ld128(CPUState *cs, vaddr addr, void *ret, MemOp mo, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.ld128(cs, addr, ret, mo, map);
    end(cs, began);
}

static void watched_st128(CPUState *cs, vaddr addr, const void *value, MemOp mo, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.st128(cs, addr, value, mo, map);
    end(cs, began);
}

static void watched_ldv(CPUState *cs, vaddr addr, void *ret, MemOp mo, uint64_t bytes, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.ldv(cs, addr, ret, mo, bytes, map);
    end(cs, began);
}

static void watched_stv(CPUState *cs, vaddr addr, const void *value, MemOp mo, uint64_t bytes, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.stv(cs, addr, value, mo, bytes, map);
    end(cs, began);
}

static uint64_t watched_rmw(CPUState *cs, vaddr addr, uint64_t value, MemOp mo, TcgRmw op, const void *map)
{
    uint64_t began = begin(cs), v = tlb_mem_ops.rmw(cs, addr, value, mo, op, map);

    end(cs, began);
    return v;
}

static uint64_t watched_cas(CPUState *cs, vaddr addr, uint64_t expect, uint64_t value, MemOp mo, const void *map)
{
    uint64_t began = begin(cs), v = tlb_mem_ops.cas(cs, addr, expect, value, mo, map);

    end(cs, began);
    return v;
}

static void watched_cas128(CPUState *cs, vaddr addr, void *expect_ret, const void *value, MemOp mo, const void *map)
{
    uint64_t began = begin(cs);

    tlb_mem_ops.cas128(cs, addr, expect_ret, value, mo, map);
    end(cs, began);
}

const TcgMemOps watched_mem_ops = {
    .ld = watched_ld, .st = watched_st, .ld128 = watched_ld128, .st128 = watched_st128,
    .ldv = watched_ldv, .stv = watched_stv, .rmw = watched_rmw, .cas = watched_cas, .cas128 = watched_cas128,
};

/* -- sums --------------------------------------------------------------------------------------------------------- */

/* One helper's, over all CPUs; ticks are nanoseconds here. */
typedef struct HelperCost {
    const char *name;
    TcgCost cost;
} HelperCost;

static double ns_per_tick(const ExecMachine *x)
{
    uint64_t ticks = tcg_ticks() - x->ticks_began;

    return ticks ? (double)(g_get_monotonic_time() * 1000 - x->ns_began) / (double)ticks : 0;
}

static uint64_t to_ns(uint64_t ticks, double scale)
{
    return (uint64_t)((double)ticks * scale);
}

static int dearest_first(gconstpointer a, gconstpointer b)
{
    const HelperCost *p = a, *q = b;

    return p->cost.ticks != q->cost.ticks ? (p->cost.ticks < q->cost.ticks) - (p->cost.ticks > q->cost.ticks) :
           strcmp(p->name, q->name);
}

/* (HelperCost) of those that were called; the sums as well. */
static GArray *helper_costs(Machine *m, double scale, TcgCost *ret_sum)
{
    const ExecMachine *x = exec_machine(m);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(HelperCost));
    unsigned count = x->costs ? tcg_costs_count(x->costs) + 1 : 0;

    *ret_sum = (TcgCost){ 0 };
    for (unsigned n = 0; n < count; n++) {
        HelperCost h = { .name = tcg_costs_name(x->costs, n) };

        for (unsigned i = 0; i < m->cpus->len; i++) {
            const TcgCost *c = CPU(m->cpus->pdata[i])->costs;

            if (c) {
                h.cost.calls += __atomic_load_n(&c[n].calls, __ATOMIC_RELAXED);
                h.cost.ticks += __atomic_load_n(&c[n].ticks, __ATOMIC_RELAXED);
            }
        }
        h.cost.ticks = to_ns(h.cost.ticks, scale);
        if (h.cost.calls) {
            g_array_append_val(all, h);
            ret_sum->calls += h.cost.calls;
            ret_sum->ticks += h.cost.ticks;
        }
    }
    g_array_sort(all, dearest_first);
    return all;
}

/* CPUs count ticks where sums have nanoseconds, and all that tcg_run took as code_ns. */
static GArray *sums(Machine *m, Stats *ret)
{
    static const Stat in_code[] = { STAT_slow_ns, STAT_find_ns };
    const ExecMachine *x = exec_machine(m);
    double scale = x->costs ? ns_per_tick(x) : 0;
    uint64_t inside;
    GArray *helpers;
    TcgCost sum;

    memset(ret, 0, sizeof(*ret));
    if (x->worker) {
        stats_sum(ret, tb_worker_stats(x->worker));
    }
    for (unsigned i = 0; i < m->cpus->len; i++) {
        stats_sum(ret, &CPU(m->cpus->pdata[i])->exec->stats);
    }
    helpers = helper_costs(m, scale, &sum);
    ret->count[STAT_helper_calls] = sum.calls;
    ret->count[STAT_helper_ns] = inside = sum.ticks;
    for (unsigned i = 0; i < G_N_ELEMENTS(in_code); i++) {
        ret->count[in_code[i]] = to_ns(ret->count[in_code[i]], scale);
        inside += ret->count[in_code[i]];
    }
    ret->count[STAT_code_ns] = to_ns(ret->count[STAT_code_ns], scale);
    ret->count[STAT_code_ns] -= MIN(inside, ret->count[STAT_code_ns]);  /* who is inside now has not been added yet */
    return helpers;
}

void exec_stats(Machine *m, Stats *ret)
{
    g_array_unref(sums(m, ret));
}

/* -- text --------------------------------------------------------------------------------------------------------- */

static void helpers_format(const GArray *helpers, GString *out)
{
    for (unsigned i = 0; i < helpers->len; i++) {
        const HelperCost *h = &g_array_index(helpers, HelperCost, i);

        g_string_append_printf(out, "helper %-24s %12" PRIu64 " calls %14" PRIu64 " ns\n", h->name, h->cost.calls,
                               h->cost.ticks);
    }
}

void exec_stats_format(Machine *m, GString *out)
{
    Stats stats;
    GArray *helpers = sums(m, &stats);

    stats_format(&stats, out);
    helpers_format(helpers, out);
    g_array_unref(helpers);
}

static unsigned percent(uint64_t part, uint64_t all)
{
    return all ? (unsigned)(part * 100 / all) : 0;
}

/* The first lines are those that scripts look for in other emulators' answer. */
void exec_jit_format(Machine *m, GString *out)
{
    const ExecMachine *x = exec_machine(m);
    TbCacheSummary s;
    Stats stats;
    GArray *helpers = sums(m, &stats);

    tb_cache_summary((ExecMachine *)x, &s);
    g_string_append_printf(out, "Accelerator settings:\none-insn-per-tb: %s\n\n", x->config.one_insn ? "on" : "off");
    g_string_append_printf(out, "Translation buffer state:\ngen code size       %zu/%zu\n", tcg_codebuf_used(x->buf),
                           tcg_codebuf_size(x->buf));
    g_string_append_printf(out, "TB count            %u\n", s.num);
    g_string_append_printf(out, "TB avg target size  %" PRIu64 " max=%" PRIu64 " bytes\n", s.num ? s.bytes / s.num : 0,
                           s.max_bytes);
    g_string_append_printf(out, "TB avg host size    %" PRIu64 " bytes (expansion ratio: %.1f)\n",
                           s.num ? s.host_bytes / s.num : 0, s.bytes ? (double)s.host_bytes / (double)s.bytes : 0);
    g_string_append_printf(out, "cross page TB count 0 (0%%)\n");
    g_string_append_printf(out, "direct jump count   %" PRIu64 " (%u%%) of %" PRIu64 "\n", s.linked,
                           percent(s.linked, s.slots), s.slots);
    g_string_append_printf(out, "region count        %u, of %" PRIu64 " instructions, %" PRIu64 " bytes of host code\n\n",
                           s.regions, s.region_insns, s.region_host_bytes);
    g_string_append_printf(out, "Statistics:\nTB flush count      %" PRIu64 "\n", stats.count[STAT_tb_flushed]);
    g_string_append_printf(out, "TB invalidate count %" PRIu64 "\n", stats.count[STAT_tb_invalidated]);
    g_string_append_printf(out, "TLB full flushes    %" PRIu64 "\n\nCounters:\n", stats.count[STAT_tlb_flush]);
    for (unsigned i = 0; i < NUM_STATS; i++) {
        g_string_append_printf(out, "%-18s %14" PRIu64 "  %s\n", stats_name(i), stats.count[i], stats_desc(i));
    }
    if (x->costs) {
        g_string_append(out, "\nHelpers:\n");
        helpers_format(helpers, out);
    } else {
        g_string_append(out, "\nTimes, and helpers by name: to be asked for by -d stats when the machine is started\n");
    }
    g_array_unref(helpers);
}
