/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counted mode: virtual time is what the CPUs have retired, so that a run repeats exactly. Private to this folder.
 *
 * All CPUs run on one thread, which holds the machine lock but at the ends of windows. A window ends at the next
 * multiple of the quantum or when the next timer expires, whichever is first; CPUs take turns to its end, the one
 * whose time is least first, then by number. A CPU pays for a block at its entry out of the poll word, which is its
 * budget; what it did not run is given back when it leaves in the middle. What looks at time, changes an interrupt
 * or reaches a device is the only instruction of its block, so that its time is exact; it happens at the end of that
 * instruction.
 *
 * What one CPU does to another's lines or event register at a time that the other has not reached is kept until it has.
 * What comes from outside (the main loop, under the machine lock) comes at a window's end.
 */
#ifndef CORE_EXEC_COUNTED_H
#define CORE_EXEC_COUNTED_H

#include "core/exec/cpu.h"

struct ExecMachine;
struct ExecThread;

/* A change of an interrupt line, or what else one CPU does to another, that lies ahead of its CPU. */
typedef struct LineEvent {
    int64_t ns;
    void (*fn)(CPUState *cs);                   /* NULL: a line */
    uint8_t bit, level;
} LineEvent;

/* A CPU's time: base_ns + (insns - base_insns) * ns_num / ns_den, rounded down. */
typedef struct CpuTime {
    uint64_t ns_num, ns_den;                    /* nanoseconds an instruction */
    int64_t base_ns;
    uint64_t base_insns;
    int64_t wake_ns;                            /* when it was given a reason to go on while it slept; INT64_MAX: not */
    int32_t granted;                            /* of the turn under way; it began at cs->insns */
    int32_t held;                               /* the budget's rest, taken away to make code leave; -1: it is there */
    int32_t kept;                               /* kept back while one instruction runs */
    bool inside;                                /* in generated code */
    bool single;                                /* ... of one instruction */
    GArray *lines;                              /* LineEvent, soonest first */
} CpuTime;

typedef struct WindowEnd {
    void (*fn)(void *opaque);
    void *opaque;
} WindowEnd;

typedef struct Counted {
    int64_t window_end;                         /* ns */
    int64_t sleeping_since;                     /* host's ns: time goes on as the host's while all sleep; 0: it does not */
    bool in_window;                             /* the window is not over: a debugger, or the user, stopped in it */
    CPUState *turn;                             /* whose turn it is, or NULL */
    CPUState *stopped;                          /* whose turn it was then: it goes on first */
    uint64_t insns;                             /* that all CPUs have retired, at the last turn's end */
    int64_t adapt_host, adapt_ns;               /* shift=auto: both times when the pace was last looked at */
    GArray *ends;                               /* WindowEnd */
} Counted;

void counted_init(struct ExecMachine *x);
void counted_free(struct ExecMachine *x);
void counted_cpu_init(CPUState *cs);
void counted_cpu_free(CPUState *cs);
/* What the thread of all CPUs does until the machine stops. */
void counted_main(struct ExecThread *t);

/* The CPUs stand, the machine is built. */
void counted_start(struct ExecMachine *x);
/* Any thread: generated code of cs leaves at its next block's entry, if cs has its turn. */
void counted_leave(CPUState *cs);
void counted_wake(CPUState *cs);
/* A debugger held it, and no more: what it missed it does not make up for. All CPUs stand. */
void counted_released(CPUState *cs);
/* False: the change is kept for later. */
bool counted_set_line(CPUState *cs, unsigned bit, int level);
bool counted_send_event(CPUState *cs, void (*fn)(CPUState *cs));
/* Instructions that may still run in this turn. */
int32_t counted_budget(const CPUState *cs);
/* Code is entered: a block of one instruction that is to be the only one, or any. */
void counted_begin(CPUState *cs, bool single);
/*
 * It has come back. raised: from the middle of a block of so many instructions; what of them did not run is given back,
 * and the one that raised counts, unless it is done again.
 */
void counted_left(CPUState *cs, unsigned block_insns, bool raised, bool again);
/* What raised without a block, a fetch, counts as an instruction: time goes on. */
void counted_charge(CPUState *cs);

#endif
