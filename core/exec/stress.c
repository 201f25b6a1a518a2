/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * -accel tcg,stress=WHAT[+WHAT...]: what happens seldom, often. Each is something that may happen at any time anyway, so a
 * guest sees nothing of it; a turn of the CPU loop is counted, so that the CPU gets on in between.
 */
#include <string.h>
#include "core/exec/exec_int.h"
#include "core/exec/tb_int.h"

/* A whole machine runs more code, and looks at all pages of its RAM as the code buffer is emptied. */
enum {
    WRITE_TURNS = 5, WRITE_TURNS_MACHINE = 100, UNLINK_TURNS = 3, EXIT_TURNS = 2, EXIT_ACCESSES = 50, RECYCLE_BLOCKS = 64,
    RECYCLE_BLOCKS_MACHINE = 20000,
};

static const char *const names[] = {
    "queue", "late", "writes", "recycle", "unlink", "exits", "slow", "flush", "verify", NULL
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == ACCEL_NUM_STRESS + 1);

bool stress_parse(const char *text, unsigned *ret, GError **error)
{
    g_auto(GStrv) list = g_strsplit(*text ? text : "+", "+", -1);
    unsigned stress = 0;

    for (unsigned i = 0; list[i]; i++) {
        unsigned n = 0;

        while (names[n] && strcmp(names[n], list[i]) != 0) {
            n++;
        }
        if (!names[n]) {
            g_autofree char *all = g_strjoinv(", ", (char **)names);

            if (*list[i]) {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "stress=%s: unknown: there are %s", list[i], all);
            } else {
                g_set_error(error, USAGE_ERROR, USAGE_ERROR_VALUE, "stress=%s: a name is missing: there are %s", text, all);
            }
            return false;
        }
        stress |= 1u << n;
    }
    *ret = stress;
    return true;
}

static void nothing(void *p G_GNUC_UNUSED)
{
}

void stress_turn(CPUState *cs)
{
    CPUExec *e = cs->exec;
    unsigned stress = e->x->config.stress;

    e->stress_turns++;
    if (stress & ACCEL_STRESS_FLUSH) {
        tlb_flush_all(cs);
    }
    if (stress & ACCEL_STRESS_UNLINK && e->stress_turns % UNLINK_TURNS == 0) {
        epoch_retire(e->x->epoch, nothing, NULL);
    }
}

void stress_found(CPUState *cs, TranslationBlock *tb)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    unsigned stress = x->config.stress, turns = x->user ? WRITE_TURNS : WRITE_TURNS_MACHINE;

    if (stress & ACCEL_STRESS_WRITES && tb->rb && e->stress_turns % turns == 0) {
        tb_invalidate(x, NULL, tb->rb, tb->offset, 1);
    }
    if (stress & ACCEL_STRESS_UNLINK && tb->rb) {
        tb_unlink(x, tb);
    }
    if (stress & ACCEL_STRESS_EXITS && e->stress_turns % EXIT_TURNS == 0 && !cs->counted) {
        __atomic_store_n(&cs->poll, -1, __ATOMIC_SEQ_CST);
    }
}

bool stress_recycles(CPUState *cs)
{
    CPUExec *e = cs->exec;
    unsigned blocks = e->x->user ? RECYCLE_BLOCKS : RECYCLE_BLOCKS_MACHINE;

    return e->x->config.stress & ACCEL_STRESS_RECYCLE && ++e->stress_blocks % blocks == 0;
}

void stress_access(CPUState *cs)
{
    unsigned stress = cs->exec->x->config.stress;

    if (stress & ACCEL_STRESS_FLUSH) {
        tlb_flush_all(cs);                      /* also what other accesses of the same code looked at */
    }
    if (stress & ACCEL_STRESS_EXITS && ++cs->exec->stress_accesses % EXIT_ACCESSES == 0 && !cs->counted) {
        __atomic_store_n(&cs->poll, -1, __ATOMIC_SEQ_CST);
    }
}
