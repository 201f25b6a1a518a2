/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Executes a region as it stands, before or after any pass up to lower, on the test guest: what the passes are
 * compared with.
 *
 * Before ssa registers are fields of the CPU object, and what a fault undoes is undone from a copy made at each
 * insn_start. After ssa a fault is undone by the state map, recipes being evaluated then and not before.
 */
#ifndef CORE_TCG_TESTS_IREXEC_H
#define CORE_TCG_TESTS_IREXEC_H

#include "core/tcg/tests/testtarget.h"

typedef struct IrExec {
    unsigned raise_at;                          /* the n-th EXIT operation that is reached leaves; 0: none is made to */
    unsigned fuel;                              /* blocks to run at most */
    /* results */
    unsigned events;                            /* EXIT operations reached */
    unsigned insns;                             /* what the map that was restored says, else 0 */
    int left;                                   /* TcgExit; -1: out of fuel */
} IrExec;

void ir_exec(TcgFn *fn, TestCpu *cpu, IrExec *e);

#endif
