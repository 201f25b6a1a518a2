/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling perf what translated code is: -perfmap and -jitdump. Calls with NULL do nothing. */
#ifndef CORE_EXEC_PERF_H
#define CORE_EXEC_PERF_H

#include "core/exec/exec_int.h"

typedef struct Perf Perf;

/* NULL with GError; *ret NULL: nobody wants it. */
bool perf_new(ExecMachine *x, Perf **ret, GError **error);
void perf_free(Perf *p);
/* Code of the guest's code at pc came to be. Any thread. */
void perf_code(Perf *p, const TcgCode *code, vaddr pc, bool region);
/* The code buffer was emptied; what was mapped at [addr, addr + len) may be something else. */
void perf_reset(Perf *p);
void perf_unmapped(Perf *p, vaddr addr, uint64_t len);
/* Around fork(2); a child has files of its own from then on. */
void perf_lock(Perf *p);
void perf_unlock(Perf *p);
void perf_forked(Perf *p);

#endif
