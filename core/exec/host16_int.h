/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 16 aligned bytes of host memory at once: private to this folder. */
#ifndef CORE_EXEC_HOST16_INT_H
#define CORE_EXEC_HOST16_INT_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 u128;

/* *expect becomes what was there. A host without such an instruction takes the library's way. */
static inline bool host_cas16(void *p, u128 *expect, u128 v)
{
#ifdef __x86_64__
    uint64_t lo = (uint64_t)*expect, hi = (uint64_t)(*expect >> 64);
    bool ok;

    __asm__ __volatile__("lock cmpxchg16b %1"
                         : "=@ccz"(ok), "+m"(*(u128 *)p), "+a"(lo), "+d"(hi)
                         : "b"((uint64_t)v), "c"((uint64_t)(v >> 64)) : "memory");
    *expect = (u128)hi << 64 | lo;
    return ok;
#else
    return __atomic_compare_exchange_n((u128 *)p, expect, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
#endif
}

static inline u128 host_load16(void *p)
{
#ifdef __x86_64__
    u128 v;

    /* Atomic on every processor with AVX; read-only RAM is never asked for a write. */
    __asm__ __volatile__("movdqa %1, %%xmm0\n\tmovdqu %%xmm0, %0" : "=m"(v) : "m"(*(u128 *)p) : "xmm0", "memory");
    return v;
#else
    return __atomic_load_n((u128 *)p, __ATOMIC_ACQUIRE);
#endif
}

#endif
