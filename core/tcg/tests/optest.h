/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines to test: each backend in each mode, optimising or not, with its code memory; and regions run on them. */
#ifndef CORE_TCG_TESTS_OPTEST_H
#define CORE_TCG_TESTS_OPTEST_H

#include "core/tcg/backend.h"
#include "core/tcg/tests/testtarget.h"

/* The test guest with operands in memory, which no optimiser sees through. */
typedef struct OpCpu {
    TestCpu cpu;
    TcgVecVal in[4], out;
    TcgVecVal kept[2][24];                      /* values alive across the operation: before, after */
} OpCpu;

typedef struct Engine {
    char *name;
    bool quick;                                 /* translates as what runs for the first time */
    TcgBackend be;                              /* a copy: with fewer host features, say */
    TcgConfig config;
    TcgCodeBuf *buf;
    TcgGen *gen;
} Engine;

/* All engines for a layout: Engine pointers. Free with g_ptr_array_unref. */
GPtrArray *engines_new(const TcgLayout *layout);
/* Starts a region; its owner is `owner`. */
TcgGen *engine_begin(Engine *e, void *owner);
/* Ends it; forgets older code when memory is full. */
void engine_finish(Engine *e, TcgCode *ret);
uintptr_t engine_run(Engine *e, const TcgCode *code, void *cpu);

#endif
