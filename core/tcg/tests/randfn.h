/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random regions in SSA form for the tests of what comes after the optimiser. */
#ifndef CORE_TCG_TESTS_RANDFN_H
#define CORE_TCG_TESTS_RANDFN_H

#include "core/tcg/tests/testtarget.h"

typedef struct RandFn {
    unsigned blocks, nodes;                     /* blocks, and nodes in each (at most) */
    unsigned vars[TCG_NUM_TYPES];               /* values of each type that are alive together */
    unsigned calls;                             /* calls among 64 nodes */
    unsigned maps;                              /* guest accesses among 64 nodes */
    bool forward;                               /* no loops */
} RandFn;

/* Fills an empty region, in SSA form with maps, constants, recipes and, unless forward, loops (irreducible ones too). */
void rand_fn(TcgFn *fn, const RandFn *shape, uint64_t *seed);

#endif
