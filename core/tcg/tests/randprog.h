/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random programs of the test guest, as a translator would emit them: loops, faults, flags, calls, locals. */
#ifndef CORE_TCG_TESTS_RANDPROG_H
#define CORE_TCG_TESTS_RANDPROG_H

#include "core/tcg/tests/testtarget.h"

typedef struct RandProg {
    unsigned blocks;                            /* guest basic blocks */
    unsigned insns;                             /* guest instructions in each, at most */
    bool vectors, calls, inner;                 /* inner: control flow inside instructions */
    bool forward;                               /* no loops */
    bool brief;                                 /* values are used by the instruction that made them alone */
    bool tree;                                  /* ... and no joins */
    bool wide;                                  /* wide vectors and predicates, if the backend has them */
    bool preds;                                 /* V128 and predicates */
    bool joins;                                 /* ... but within instructions that have set no row yet */
    bool breadth;                               /* checks are emitted breadth first */
} RandProg;

/* Emits one between tcg_gen_begin and tcg_gen_finish. Every loop polls; memory is mostly hit. */
void rand_prog(TcgGen *g, const RandProg *shape, uint64_t *seed);

#endif
