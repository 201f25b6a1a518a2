/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting, stopping and resetting the CPUs of a machine: what main and the monitor call. */
#ifndef CORE_EXEC_EXEC_H
#define CORE_EXEC_EXEC_H

#include "core/exec/cpu.h"
#include "core/keyval.h"
#include "core/qom/machine.h"
#include "core/stats.h"

enum {
    EXEC_HEAT = 300000,                         /* AccelConfig.heat by default */
    EXEC_MAX_CODE_MIB = 2048,                   /* the most that tcg_codebuf_new takes: jumps reach 2 GiB */
};

/* AccelConfig.stress; stress.c has the names. */
enum {
    ACCEL_STRESS_QUEUE = 1 << 0,                /* all regions are made in the background */
    ACCEL_STRESS_LATE = 1 << 1,                 /* every other one is too late for its bytes */
    ACCEL_STRESS_WRITES = 1 << 2,               /* code goes as if somebody had written it */
    ACCEL_STRESS_RECYCLE = 1 << 3,              /* the code buffer is emptied */
    ACCEL_STRESS_UNLINK = 1 << 4,               /* blocks are unlinked, and epochs end */
    ACCEL_STRESS_EXITS = 1 << 5,                /* CPUs are asked to leave; lookups from inside fail */
    ACCEL_STRESS_SLOW = 1 << 6,                 /* no access is inline */
    ACCEL_STRESS_FLUSH = 1 << 7,                /* TLBs are flushed */
    ACCEL_STRESS_VERIFY = 1 << 8,               /* the IR is checked between passes */
    ACCEL_NUM_STRESS = 9,
};

typedef struct AccelConfig {
    const char *backend;                        /* "tcg" or "tci" */
    bool single_thread;                         /* one host thread for all CPUs, round robin */
    bool one_insn;                              /* blocks of one instruction */
    bool naive;                                 /* every register write stored at once: the reference */
    unsigned heat;                              /* a block in which so many instructions ran becomes a region; 0: none does */
    bool wait_regions;                          /* the CPU makes it and then goes on; else a thread of its own does */
    unsigned stress;                            /* what is to happen often, for tests: ACCEL_STRESS_ bits */
    size_t code_size;                           /* bytes; 0: the default */
    bool perfmap, jitdump;                      /* tell perf what code is (perf.c) */
    /* -icount */
    bool counted;                               /* virtual time is what CPUs retire */
    unsigned shift;                             /* 2^shift ns an instruction */
    bool adapt;                                 /* shift=auto: follow the host's clock */
    bool sleep;                                 /* while all CPUs sleep, time is the host's; false: it jumps */
    uint64_t quantum;                           /* ns: the longest turn of a CPU while others wait */
    uint64_t stop_after;                        /* instructions of all CPUs; 0: no end */
} AccelConfig;

/* The keys of -accel that a machine and a program alike may have. */
bool accel_config_parse(AccelConfig *config, KeyVal *kv, GError **error);

/* The types that core/exec provides ("cpu", "cluster"): once for each registry, before a module of CPUs is loaded. */
void exec_register_types(TypeRegistry *types);
/* Before the board is built: creates the code buffer, caches and the clock. */
bool exec_init(Machine *m, const AccelConfig *config, GError **error);
/* After build and reset: creates the CPU threads, paused. */
void exec_start(Machine *m);
void exec_resume(Machine *m);                   /* the machine runs; the clock goes on */
void exec_pause(Machine *m);                    /* returns when every CPU is between instructions; not from a CPU's thread */
void exec_reset(Machine *m);                    /* pauses, resets devices, CPUs and m->resets, resumes if it ran */
void exec_stop(Machine *m);                     /* ends the threads; before the machine is freed */
void exec_stats(Machine *m, Stats *ret);        /* sums over the CPUs so far */
/* Appends "name value" lines, one a counter that is not 0, and helpers' costs: what -d stats prints at the end. */
void exec_stats_format(Machine *m, GString *out);
void exec_jit_format(Machine *m, GString *out); /* the same and what is in the code buffer now, for people */
/* -perfmap and -jitdump, before CPUs run: a file that names guest code (symbols.h). False: nothing is named, or nobody asks. */
bool exec_perf_symbols(Machine *m, const char *path);
/* Counted mode: fn is called at the end of each window, under the machine lock: what finishes at no time of its own. */
void exec_at_window_end(Machine *m, void (*fn)(void *opaque), void *opaque);
/* Any thread: fn(cs), which wakes cs if it is to, now; in counted mode when cs has come to the caller's time. */
void exec_send_event(CPUState *cs, void (*fn)(CPUState *cs));
void exec_log_trace(Machine *m);                /* -d trace-hash: a line a cluster, and one of all */

#endif
