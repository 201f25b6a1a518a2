/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Litmus tests of the memory model on host threads (Arm ARM, B2.3, "The AArch64 application-level memory model"): litmus
 * ROUNDS [NAME]. Threads walk over the same cells in step, each doing its part of the test; then each cell's outcome
 * is looked at. A line a test: its name, how many rounds, how many forbidden outcomes, and how many that are
 * allowed and show that the threads meet.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 1024, THREADS = 4 };

typedef struct Cell {
    uint64_t x __attribute__((aligned(64)));
    uint64_t y __attribute__((aligned(64)));
    uint64_t r[THREADS][2] __attribute__((aligned(64)));
} Cell;
static Cell cells[CELLS] __attribute__((aligned(64)));

typedef void Body(Cell *c);
typedef struct Test {
    const char *name;
    unsigned threads;
    Body *body[THREADS];
    int (*forbidden)(const Cell *c);
    int (*seen)(const Cell *c);                 /* allowed: each happened in its turn */
} Test;

#define BODY(name, ...) \
    static void name(Cell *c) \
    { \
        uint64_t r0 = 0, r1 = 0, one = 1, two = 2, t = 0; \
        __asm__ volatile(__VA_ARGS__ \
                         : [r0] "+&r"(r0), [r1] "+&r"(r1), [t] "+&r"(t) \
                         : [x] "r"(&c->x), [y] "r"(&c->y), [one] "r"(one), [two] "r"(two) : "memory", "cc"); \
        STORE \
    }
#define STORE
BODY(wx, "str %[one], [%[x]]")
BODY(wy, "str %[one], [%[y]]")
BODY(wx_stlr_wy, "str %[one], [%[x]]\n stlr %[one], [%[y]]")
BODY(wx_dmb_wy, "str %[one], [%[x]]\n dmb ish\n str %[one], [%[y]]")
BODY(wx_dmbst_wy, "str %[one], [%[x]]\n dmb ishst\n str %[one], [%[y]]")
BODY(wx_dmb_wy2, "str %[one], [%[x]]\n dmb sy\n str %[two], [%[y]]")
BODY(wy_dmb_wx2, "str %[one], [%[y]]\n dmb sy\n str %[two], [%[x]]")
BODY(wx2_stlr_wy, "str %[two], [%[x]]\n stlr %[one], [%[y]]")
BODY(wx_swpl_wy, "str %[one], [%[x]]\n .arch armv8.1-a\n swpl %[one], xzr, [%[y]]")
BODY(wx_stlxr_wy, "str %[one], [%[x]]\n 1: ldxr %[t], [%[y]]\n stlxr %w[r0], %[one], [%[y]]\n cbnz %w[r0], 1b")
#undef STORE
#define STORES(n) c->r[n][0] = r0, c->r[n][1] = r1;
#define STORE STORES(1)
BODY(ldar_ry_rx, "ldar %[r0], [%[y]]\n ldr %[r1], [%[x]]")
BODY(ldapr_ry_rx, ".arch armv8.3-a\n ldapr %[r0], [%[y]]\n ldr %[r1], [%[x]]")
BODY(ldaxr_ry_rx, "ldaxr %[r0], [%[y]]\n ldr %[r1], [%[x]]\n clrex")
BODY(ry_dmb_rx, "ldr %[r0], [%[y]]\n dmb ish\n ldr %[r1], [%[x]]")
BODY(ry_dmbld_rx, "ldr %[r0], [%[y]]\n dmb ishld\n ldr %[r1], [%[x]]")
BODY(ry_addr_rx, "ldr %[r0], [%[y]]\n eor %[t], %[r0], %[r0]\n ldr %[r1], [%[x], %[t]]")
BODY(ry_isb_rx, "ldr %[r0], [%[y]]\n cbnz %[r0], 1f\n 1: isb\n ldr %[r1], [%[x]]")
BODY(swpa_ry_rx, ".arch armv8.1-a\n ldadda xzr, %[r0], [%[y]]\n ldr %[r1], [%[x]]")
BODY(ry_data_wx, "ldr %[r0], [%[y]]\n eor %[t], %[r0], %[r0]\n add %[t], %[t], #1\n str %[t], [%[x]]")
BODY(ry_ctrl_wx, "ldr %[r0], [%[y]]\n cbz %[r0], 1f\n 1: str %[one], [%[x]]")
BODY(ldar_ry_wx, "ldar %[r0], [%[y]]\n str %[one], [%[x]]")
BODY(rx_rx, "ldr %[r0], [%[x]]\n ldr %[r1], [%[x]]")
BODY(wy_rx, "str %[one], [%[y]]\n ldr %[r0], [%[x]]")
BODY(wy_dmb_rx, "str %[one], [%[y]]\n dmb ish\n ldr %[r0], [%[x]]")
BODY(wy_dsb_rx, "str %[one], [%[y]]\n dsb ish\n ldr %[r0], [%[x]]")
BODY(stlr_wy_ldar_rx, "stlr %[one], [%[y]]\n ldar %[r0], [%[x]]")
BODY(wy2_dmb_rx, "str %[two], [%[y]]\n dmb ish\n ldr %[r0], [%[x]]")
#undef STORE
#define STORE STORES(0)
BODY(wx_ry, "str %[one], [%[x]]\n ldr %[r0], [%[y]]")
BODY(wx_dmb_ry, "str %[one], [%[x]]\n dmb ish\n ldr %[r0], [%[y]]")
BODY(wx_dsb_ry, "str %[one], [%[x]]\n dsb ish\n ldr %[r0], [%[y]]")
BODY(stlr_wx_ldar_ry, "stlr %[one], [%[x]]\n ldar %[r0], [%[y]]")
BODY(rx_data_wy, "ldr %[r0], [%[x]]\n eor %[t], %[r0], %[r0]\n add %[t], %[t], #1\n str %[t], [%[y]]")
BODY(rx_ctrl_wy, "ldr %[r0], [%[x]]\n cbz %[r0], 1f\n 1: str %[one], [%[y]]")
BODY(ldar_rx_wy, "ldar %[r0], [%[x]]\n str %[one], [%[y]]")
#undef STORE
#define STORE STORES(2)
BODY(ldar_rx_ldar_ry, "ldar %[r0], [%[x]]\n ldar %[r1], [%[y]]")
BODY(rx_dmb_ry, "ldr %[r0], [%[x]]\n dmb ish\n ldr %[r1], [%[y]]")
BODY(rx_addr_ry, "ldr %[r0], [%[x]]\n eor %[t], %[r0], %[r0]\n ldr %[r1], [%[y], %[t]]")
#undef STORE
#define STORE STORES(3)
BODY(ldar_ry_ldar_rx, "ldar %[r0], [%[y]]\n ldar %[r1], [%[x]]")
BODY(ry_dmb_rx_3, "ldr %[r0], [%[y]]\n dmb ish\n ldr %[r1], [%[x]]")
BODY(ry_addr_rx_3, "ldr %[r0], [%[y]]\n eor %[t], %[r0], %[r0]\n ldr %[r1], [%[x], %[t]]")
#undef STORE

/* WRC's middle: reads x, then writes y. */
static void rx_dmb_wy_2(Cell *c)
{
    uint64_t r;

    __asm__ volatile("ldr %0, [%1]\n dmb ish\n str %0, [%2]" : "=&r"(r) : "r"(&c->x), "r"(&c->y) : "memory");
    c->r[2][0] = r;
}

static int mp_bad(const Cell *c)
{
    return c->r[1][0] == 1 && c->r[1][1] == 0;
}

static int mp_seen(const Cell *c)
{
    return c->r[1][0] == 0 && c->r[1][1] == 1;
}

static int sb_bad(const Cell *c)
{
    return c->r[0][0] == 0 && c->r[1][0] == 0;
}

static int sb_seen(const Cell *c)
{
    return c->r[0][0] == 1 && c->r[1][0] == 1;
}

static int lb_bad(const Cell *c)
{
    return c->r[0][0] == 1 && c->r[1][0] == 1;
}

static int lb_seen(const Cell *c)
{
    return c->r[0][0] == 0 && c->r[1][0] == 0;
}

static int ww_bad(const Cell *c)
{
    return c->x == 1 && c->y == 1;
}

static int ww_seen(const Cell *c)
{
    return c->x == 2 && c->y == 2;
}

static int s_bad(const Cell *c)
{
    return c->r[1][0] == 1 && c->x == 2;
}

static int s_seen(const Cell *c)
{
    return c->r[1][0] == 0 && c->x == 1;
}

static int r_bad(const Cell *c)
{
    return c->y == 2 && c->r[1][0] == 0;
}

static int r_seen(const Cell *c)
{
    return c->y == 2 && c->r[1][0] == 1;
}

static int iriw_bad(const Cell *c)
{
    return c->r[2][0] == 1 && c->r[2][1] == 0 && c->r[3][0] == 1 && c->r[3][1] == 0;
}

static int iriw_seen(const Cell *c)
{
    return (c->r[2][0] ^ c->r[2][1]) | (c->r[3][0] ^ c->r[3][1]);
}

static int wrc_bad(const Cell *c)
{
    return c->r[2][0] == 1 && c->r[1][0] == 1 && c->r[1][1] == 0;
}

static int none(const Cell *c)
{
    (void)c;
    return 0;
}

static const Test tests[] = {
    { "MP+stlr+ldar", 2, { wx_stlr_wy, ldar_ry_rx }, mp_bad, mp_seen },
    { "MP+stlr+ldapr", 2, { wx_stlr_wy, ldapr_ry_rx }, mp_bad, mp_seen },
    { "MP+stlxr+ldaxr", 2, { wx_stlxr_wy, ldaxr_ry_rx }, mp_bad, mp_seen },
    { "MP+swpl+ldadda", 2, { wx_swpl_wy, swpa_ry_rx }, mp_bad, mp_seen },
    { "MP+dmb+dmb", 2, { wx_dmb_wy, ry_dmb_rx }, mp_bad, mp_seen },
    { "MP+dmbst+dmbld", 2, { wx_dmbst_wy, ry_dmbld_rx }, mp_bad, mp_seen },
    { "MP+dmb+addr", 2, { wx_dmb_wy, ry_addr_rx }, mp_bad, mp_seen },
    { "MP+dmb+ctrl-isb", 2, { wx_dmb_wy, ry_isb_rx }, mp_bad, mp_seen },
    { "SB", 2, { wx_ry, wy_rx }, none, sb_bad },
    { "SB+dmb+dmb", 2, { wx_dmb_ry, wy_dmb_rx }, sb_bad, sb_seen },
    { "SB+dsb+dsb", 2, { wx_dsb_ry, wy_dsb_rx }, sb_bad, sb_seen },
    { "SB+stlr-ldar", 2, { stlr_wx_ldar_ry, stlr_wy_ldar_rx }, sb_bad, sb_seen },
    { "LB+data+data", 2, { rx_data_wy, ry_data_wx }, lb_bad, lb_seen },
    { "LB+ctrl+ctrl", 2, { rx_ctrl_wy, ry_ctrl_wx }, lb_bad, lb_seen },
    { "LB+ldar+ldar", 2, { ldar_rx_wy, ldar_ry_wx }, lb_bad, lb_seen },
    { "2+2W+dmb+dmb", 2, { wx_dmb_wy2, wy_dmb_wx2 }, ww_bad, ww_seen },
    { "S+stlr+data", 2, { wx2_stlr_wy, ry_data_wx }, s_bad, s_seen },
    { "R+dmb+dmb", 2, { wx_dmb_wy, wy2_dmb_rx }, r_bad, r_seen },
    { "CoRR", 2, { wx, rx_rx }, mp_bad, mp_seen },
    { "WRC+dmb+addr", 3, { wx, ry_addr_rx, rx_dmb_wy_2 }, wrc_bad, mp_seen },
    { "IRIW+ldar", 4, { wx, wy, ldar_rx_ldar_ry, ldar_ry_ldar_rx }, iriw_bad, iriw_seen },
    { "IRIW+dmb", 4, { wx, wy, rx_dmb_ry, ry_dmb_rx_3 }, iriw_bad, iriw_seen },
    { "IRIW+addr", 4, { wx, wy, rx_addr_ry, ry_addr_rx_3 }, iriw_bad, iriw_seen },
};

/* -- running --------------------------------------------------------------------------------------------------------- */

static const Test *current;
static unsigned long batches;
static pthread_barrier_t barrier;
static struct {
    unsigned long at __attribute__((aligned(64)));
} place[THREADS];

/* Waits until all threads are at their nth step; then all go on within a few instructions. */
static void meet(unsigned k, unsigned long n)
{
    unsigned spins = 0;

    __atomic_store_n(&place[k].at, n, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < current->threads; i++) {
        while (__atomic_load_n(&place[i].at, __ATOMIC_ACQUIRE) < n) {
            if (++spins > 2000) {
                sched_yield();
            }
        }
    }
}

static unsigned long forbidden, seen;

static void *walk(void *arg)
{
    unsigned k = (unsigned)(uintptr_t)arg;
    Body *body = current->body[k];
    uint32_t state = k * 7919 + 1;
    unsigned long step = 0;

    for (unsigned long b = 0; b < batches; b++) {
        if (k == 0) {
            memset(cells, 0, sizeof(cells));
        }
        for (unsigned i = 0; i < CELLS; i++) {
            meet(k, ++step);
            state = state * 1664525 + 1013904223;
            for (volatile unsigned wait = state >> 28; wait; wait--) {
            }
            body(&cells[i]);
        }
        meet(k, ++step);
        for (unsigned i = 0; k == 0 && i < CELLS; i++) {
            forbidden += !!current->forbidden(&cells[i]);
            seen += !!current->seen(&cells[i]);
        }
    }
    return NULL;
}

static void run(const Test *t, unsigned long rounds)
{
    pthread_t thread[THREADS];

    current = t;
    batches = (rounds + CELLS - 1) / CELLS;
    memset(place, 0, sizeof(place));
    forbidden = seen = 0;
    for (unsigned k = 1; k < t->threads; k++) {
        pthread_create(&thread[k], NULL, walk, (void *)(uintptr_t)k);
    }
    walk(NULL);
    for (unsigned k = 1; k < t->threads; k++) {
        pthread_join(thread[k], NULL);
    }
    printf("%-16s %lu rounds, %lu forbidden, %lu seen\n", t->name, batches * CELLS, forbidden, seen);
}

/* -- atomicity ------------------------------------------------------------------------------------------------------- */

/* What threads do for a while to shared words; wrong: values that no order of whole accesses explains. */
typedef struct Word {
    uint64_t a, b;
} Word;
static Word shared __attribute__((aligned(64)));
static uint8_t bytes[32] __attribute__((aligned(64)));
static uint64_t lock __attribute__((aligned(64))), counter __attribute__((aligned(64)));
static unsigned long wrong, todo;

/* LSE2: a pair in 16 aligned bytes is one access. */
static void pairs(unsigned k, unsigned long i)
{
    uint64_t a, b, v = k << 28 | i;

    if (k & 1) {
        __asm__ volatile("stp %1, %1, [%0]" : : "r"(&shared), "r"(v) : "memory");
    } else {
        __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(a), "=&r"(b) : "r"(&shared) : "memory");
        wrong += a != b;
    }
}

/* LSE2: what lies inside 16 aligned bytes is one access, however aligned. */
static void unaligned(unsigned k, unsigned long i)
{
    uint64_t v = (i & 0xff) * UINT64_C(0x0101010101010101);

    if (k & 1) {
        __asm__ volatile("str %1, [%0]" : : "r"(bytes + 5), "r"(v) : "memory");
    } else {
        __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(bytes + 5) : "memory");
        wrong += v != (v & 0xff) * UINT64_C(0x0101010101010101);
    }
}

/* The n-th sum is n * 0x01...01, however large n is: -255 is that number's inverse. */
static void unaligned_add(unsigned k __attribute__((unused)), unsigned long i __attribute__((unused)))
{
    uint64_t v;

    __asm__ volatile(".arch armv8.1-a\n ldaddal %1, %0, [%2]" : "=r"(v) : "r"(UINT64_C(0x0101010101010101)),
                     "r"(bytes + 5) : "memory");
    wrong += v * (uint64_t)-255 >> 40 != 0;
}

static void casp(unsigned k, unsigned long i __attribute__((unused)))
{
    register uint64_t o0 __asm__("x0");
    register uint64_t o1 __asm__("x1");
    register uint64_t n0 __asm__("x2");
    register uint64_t n1 __asm__("x3");

    __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(o0), "=&r"(o1) : "r"(&shared) : "memory");
    wrong += o1 != ~o0;
    n0 = o0 + k + 1;
    n1 = ~n0;
    __asm__ volatile(".arch armv8.1-a\n caspal x0, x1, x2, x3, [%4]" : "+r"(o0), "+r"(o1) : "r"(n0), "r"(n1), "r"(&shared)
                     : "memory");
    wrong += o1 != ~o0;
}

static void exclusive_pair(unsigned k __attribute__((unused)), unsigned long i __attribute__((unused)))
{
    uint64_t a, b, s;

    __asm__ volatile("1: ldaxp %0, %1, [%3]\n add %0, %0, #1\n sub %1, %1, #1\n stlxp %w2, %0, %1, [%3]\n cbnz %w2, 1b"
                     : "=&r"(a), "=&r"(b), "=&r"(s) : "r"(&shared) : "memory");
    wrong += a + b != ~UINT64_C(0);
}

static void exclusive_count(unsigned k __attribute__((unused)), unsigned long i __attribute__((unused)))
{
    uint64_t a, s;

    __asm__ volatile("1: ldxr %0, [%2]\n add %0, %0, #1\n stxr %w1, %0, [%2]\n cbnz %w1, 1b"
                     : "=&r"(a), "=&r"(s) : "r"(&counter) : "memory");
}

static void lse_count(unsigned k __attribute__((unused)), unsigned long i)
{
    if (i & 1) {
        __asm__ volatile(".arch armv8.1-a\n stadd %0, [%1]" : : "r"(UINT64_C(1)), "r"(&counter) : "memory");
    } else {
        uint64_t o, n;

        __asm__ volatile(".arch armv8.1-a\n 1: ldr %0, [%2]\n mov %1, %0\n add x9, %0, #1\n cas %1, x9, [%2]\n cmp %0, %1\n"
                         " b.ne 1b" : "=&r"(o), "=&r"(n) : "r"(&counter) : "x9", "cc", "memory");
    }
}

/* Halves of one word, by size: the others' bits stay. */
static void neighbours(unsigned k, unsigned long i __attribute__((unused)))
{
    if (k & 1) {
        __asm__ volatile(".arch armv8.1-a\n staddh %w0, [%1]" : : "r"(1), "r"((uint8_t *)&shared + 2 * k) : "memory");
    } else {
        uint32_t a, s;

        __asm__ volatile("1: ldxrh %w0, [%2]\n add %w0, %w0, #1\n stxrh %w1, %w0, [%2]\n cbnz %w1, 1b"
                         : "=&r"(a), "=&r"(s) : "r"((uint8_t *)&shared + 2 * k) : "memory");
    }
}

/* A lock of exclusives, and one of swaps: what it guards is plain. */
static void locked(unsigned k, unsigned long i)
{
    uint32_t r, s;

    if (k & 1) {
        __asm__ volatile("1: ldaxr %0, [%2]\n cbnz %0, 1b\n stxr %w1, %3, [%2]\n cbnz %w1, 1b"
                         : "=&r"(r), "=&r"(s) : "r"(&lock), "r"(UINT64_C(1)) : "memory");
    } else {
        __asm__ volatile(".arch armv8.1-a\n 1: swpa %1, x9, [%0]\n cbnz x9, 1b" : : "r"(&lock), "r"(UINT64_C(1))
                         : "x9", "memory");
    }
    counter = *(volatile uint64_t *)&counter + 1;
    if (i % 64 == 0) {
        sched_yield();
    }
    __asm__ volatile("stlr xzr, [%0]" : : "r"(&lock) : "memory");
}

typedef struct Storm {
    const char *name;
    void (*step)(unsigned k, unsigned long i);
    int sums;                                   /* counter is the number of steps */
} Storm;
static const Storm storms[] = {
    { "pairs", pairs, 0 }, { "unaligned", unaligned, 0 }, { "unaligned add", unaligned_add, 0 }, { "casp", casp, 0 },
    { "exclusive pair", exclusive_pair, 0 }, { "exclusives", exclusive_count, 1 }, { "LSE", lse_count, 1 },
    { "neighbours", neighbours, 0 }, { "locks", locked, 1 },
};
static const Storm *storm;

static void *blow(void *arg)
{
    unsigned k = (unsigned)(uintptr_t)arg;

    pthread_barrier_wait(&barrier);
    for (unsigned long i = 0; i < todo; i++) {
        storm->step(k, i);
    }
    return NULL;
}

static void run_storm(const Storm *s, unsigned long rounds)
{
    pthread_t thread[THREADS];

    storm = s;
    todo = rounds / THREADS;
    wrong = 0;
    counter = lock = 0;
    memset(bytes, 0, sizeof(bytes));
    shared = (Word){ 0, s->step == casp || s->step == exclusive_pair ? ~UINT64_C(0) : 0 };
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned k = 1; k < THREADS; k++) {
        pthread_create(&thread[k], NULL, blow, (void *)(uintptr_t)k);
    }
    blow(NULL);
    for (unsigned k = 1; k < THREADS; k++) {
        pthread_join(thread[k], NULL);
    }
    if (s->sums) {
        wrong += counter != todo * THREADS;
    }
    for (unsigned k = 0; s->step == neighbours && k < THREADS; k++) {
        wrong += (uint16_t)(shared.a >> 16 * k) != (uint16_t)todo;
    }
    printf("%-16s %lu rounds, %lu forbidden\n", s->name, todo * THREADS, wrong);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
    const char *only = argc > 2 ? argv[2] : NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (!only || strcmp(only, tests[i].name) == 0) {
            run(&tests[i], rounds);
        }
    }
    for (unsigned i = 0; i < sizeof(storms) / sizeof(storms[0]); i++) {
        if (!only || strcmp(only, storms[i].name) == 0) {
            run_storm(&storms[i], rounds);
        }
    }
    return 0;
}
