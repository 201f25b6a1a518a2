/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What helpers cost, for who asks: code of a TcgConfig with a TcgCosts counts each call of a helper from it, and the
 * ticks until it is back, in a table that the CPU object points to (TcgLayout.costs_offset). Other code knows nothing
 * of this.
 */
#ifndef CORE_TCG_COSTS_H
#define CORE_TCG_COSTS_H

#include <time.h>
#include "core/tcg/tcg.h"

enum { TCG_NUM_COSTS = 1024 };

/* A CPU's, by helper: written by its thread alone; others may read it at any time. */
typedef struct TcgCost {
    uint64_t calls, ticks;
} TcgCost;

/* The helpers that code calls, by number: shared by all generators. */
TcgCosts *tcg_costs_new(void);
void tcg_costs_free(TcgCosts *c);
/* Below TCG_NUM_COSTS, and 0 for helpers that have no number of their own, there being too many. */
unsigned tcg_costs_number(TcgCosts *c, const TcgHelper *h);
/* How many have one; numbers begin with 1. */
unsigned tcg_costs_count(TcgCosts *c);
const char *tcg_costs_name(TcgCosts *c, unsigned number);
/* Around fork(2). */
void tcg_costs_lock(TcgCosts *c);
void tcg_costs_unlock(TcgCosts *c);

/* A clock that is quick to read: the host's cycle counter, else nanoseconds. */
static inline uint64_t tcg_ticks(void)
{
#ifdef __x86_64__
    return __builtin_ia32_rdtsc();
#else
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

/* The CPU's own thread: one more call, from began on. */
static inline void tcg_cost_add(TcgCost *c, uint64_t began)
{
    __atomic_store_n(&c->calls, c->calls + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&c->ticks, c->ticks + (tcg_ticks() - began), __ATOMIC_RELAXED);
}

#endif
