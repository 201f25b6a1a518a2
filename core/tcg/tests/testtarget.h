/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest for the translation library's own tests: eight general registers, flags, four vectors and more that are wide,
 * predicates and a PC in a CPU
 * object with everything that a TcgLayout names, a flat memory, and helpers of each kind.
 */
#ifndef CORE_TCG_TESTS_TESTTARGET_H
#define CORE_TCG_TESTS_TESTTARGET_H

#include "core/tcg/ir_int.h"

enum { TEST_X0, TEST_X7 = 7, TEST_NZCV, TEST_V0, TEST_V3 = TEST_V0 + 3, TEST_PC, TEST_Y0, TEST_Z0 = TEST_Y0 + 2,
       TEST_P0 = TEST_Z0 + 3, TEST_NUM_REGS = TEST_P0 + 3 };

/* Guest addresses TEST_MEM_BASE .. + TEST_MEM_SIZE - 1 are memory; any other access raises. */
enum { TEST_MEM_BASE = 0x10000, TEST_MEM_SIZE = 0x4000, TEST_PAGE_BITS = 12, TEST_TLB_ENTRIES = 16, TEST_JC_BITS = 4 };

typedef struct TestAccess {
    uint64_t addr, value;                       /* value: stored or returned (its low half if 16 bytes) */
    MemOp mo;
    bool store;
} TestAccess;

typedef struct TestCpu {
    uint64_t x[8];
    TcgVecVal v[4];
    uint8_t y[2][32], z[3][64];                 /* V256, V512 */
    uint64_t p[3];                              /* PRED */
    uint64_t pc;
    uint32_t nzcv;
    uint32_t raised;
    int32_t poll;
    uint32_t left_insns;
    uint32_t scratch;                           /* a field that is no register */
    uint32_t jc_mask;
    uintptr_t direct_base;
    TcgFpState fp;
    TcgTlbFast tlb[2];
    TcgJumpEntry *jc;
    uint64_t jc_tag;
    TcgTlbEntry tlb_entries[2][TEST_TLB_ENTRIES];
    TcgJumpEntry jc_entries[1 << TEST_JC_BITS];
    /* what slow paths and helpers saw */
    const void *last_map;
    unsigned num_slow, num_calls;
    unsigned raise_after;                       /* the n-th slow access or may_raise call from here raises; 0: none */
    TestAccess log[256];
    unsigned num_log;
    TcgVecVal seen_v;
    uint64_t seen[8];
    uint8_t mem[TEST_MEM_SIZE] __attribute__((aligned(64)));
} TestCpu;

/* A zeroed TestCpu, or a struct with one inside: aligned as its members want; for g_aligned_free(). */
#define test_new0(type) ((type *)g_aligned_alloc0(1, sizeof(type), _Alignof(type)))

extern const TcgTarget test_target;
extern const TcgLayout test_layout;             /* accesses are checked by the TLB */
extern const TcgLayout test_layout_direct;      /* accesses go to direct_base + address */
extern const TcgLayout test_layout_counted;     /* as test_layout, in counted mode */

/* Registers and memory are filled from a seed; the TLB is empty, the poll word is INT32_MAX. */
void test_cpu_init(TestCpu *cpu, uint64_t seed);
/* Makes the TLB hit for all of memory, reads and writes, regime 0. */
void test_cpu_fill_tlb(TestCpu *cpu);
/* Guest registers and memory alone. On a difference says which, if ret_why is not NULL. */
bool test_cpu_equal(const TestCpu *a, const TestCpu *b, GString *ret_why);

static inline CPUState *test_cs(TestCpu *cpu)
{
    return (CPUState *)cpu;
}

/* Helpers, by name (as in golden files). */
enum {
    TEST_H_PURE3,                               /* pure3(a, b, c) = a * 3 + b * 5 + c; i64; PURE */
    TEST_H_ADD32,                               /* add32(a, b): i32; no registers */
    TEST_H_SIX,                                 /* six(i64 a..f): stores them in seen[], returns their sum */
    TEST_H_PEEK,                                /* peek(): reads all; a hash of all registers */
    TEST_H_POKE,                                /* poke(v): reads and writes all: x3 ^= v, nzcv = v & 15, v2 += 1 */
    TEST_H_LISTED,                              /* listed(v): reads x1, writes x2: x2 = x1 + v */
    TEST_H_MAY_RAISE,                           /* may_raise(v): raises if v is odd, else returns v / 2 */
    TEST_H_RAISE,                               /* raise(): never returns */
    TEST_H_VADD,                                /* vadd(a, b): V128 by pointer; lanes of 8 bytes added */
    TEST_H_SEE_V,                               /* see_v(v, n): seen_v = v, seen[0] = n; nothing returned */
    TEST_H_WIDE,                                /* wide(V512 a, i64 n, V256 b): V512: a, b in its lower half, + n by 8s */
    TEST_H_MAY_RAISE_ALL,                       /* as may_raise, but reads all and checks that registers are in env */
    TEST_NUM_HELPERS
};
extern const TcgHelper test_helpers[TEST_NUM_HELPERS];

/* A small generator of random numbers, and values that like edges. */
uint64_t test_rand(uint64_t *state);
uint64_t test_rand_edge(uint64_t *state);

#endif
