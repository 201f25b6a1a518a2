/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operands for tests: the values at which something changes in a format, and random ones that come near them.
 */
#ifndef FPU_TESTS_OPERANDS_INT_H
#define FPU_TESTS_OPERANDS_INT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Layout {
    int exp_bits;
    int frac_bits;
} Layout;

/* splitmix64: every seed is good, and a test that fails prints what it needs to be repeated. */
static inline uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t low_bits(uint64_t x, int n)
{
    return n >= 64 ? x : x & ((UINT64_C(1) << n) - 1);
}

enum { NUM_EDGES = 60 };

/* The i-th edge of a format, i < NUM_EDGES; the second half are the negatives of the first. */
static inline uint64_t edge_value(Layout l, int i)
{
    uint64_t one = UINT64_C(1) << l.frac_bits;                  /* one unit of the exponent field */
    uint64_t bias = low_bits(UINT64_MAX, l.exp_bits - 1);
    uint64_t inf = low_bits(UINT64_MAX, l.exp_bits) << l.frac_bits;
    uint64_t quiet = one >> 1;
    uint64_t sign = (uint64_t)(i >= NUM_EDGES / 2) << (l.exp_bits + l.frac_bits);
    const uint64_t edges[NUM_EDGES / 2] = {
        0, 1, 2, 3, quiet, one - 1,                             /* zero, denormals */
        one, one + 1, 2 * one - 1, 2 * one,                     /* the least normals */
        (bias - 1) * one, bias * one - 1, bias * one, bias * one + 1, bias * one + quiet, (bias + 1) * one,
        (bias + 1) * one + quiet,                               /* 0.5, around 1, 1.5, 2, 3 */
        (bias + l.frac_bits) * one - 1, (bias + l.frac_bits) * one, (bias + l.frac_bits + 1) * one - 1,
        (bias - l.frac_bits) * one, (bias / 2 + 1) * one,       /* integers end; just tiny products */
        inf - 2 * one, inf - one - 1, inf - one, inf - 1,       /* the greatest numbers */
        inf, inf + 1, inf + quiet, inf + quiet + quiet / 2 + 1, /* infinity, NaNs */
    };

    return sign | edges[i % (NUM_EDGES / 2)];
}

/*
 * Exponents bunch up around zero, both ends and each other; fractions have long runs of equal bits or none.
 */
static inline uint64_t random_value(Layout l, uint64_t *state)
{
    static const uint8_t integer_widths[] = { 15, 16, 31, 32, 63, 64, 84 };
    uint64_t r = random_bits(state);
    uint64_t frac = low_bits(random_bits(state), l.frac_bits);
    int max_exp = (1 << l.exp_bits) - 1;
    int bias = max_exp / 2;
    int exp = (r >> 8) % (max_exp + 1);

    switch (r & 7) {
    case 0:
        return edge_value(l, (r >> 8) % NUM_EDGES);
    case 1:
        exp = bias - 3 + (r >> 8) % 7;
        break;
    case 2:
        exp = (r >> 8) % 4;
        break;
    case 3:
        exp = max_exp - 1 - (int)((r >> 8) % 4);
        break;
    case 4:
        exp = bias + (int)((r >> 8) % (2 * l.frac_bits)) - l.frac_bits / 2;
        break;
    case 5:
        exp = bias / 2 + (r >> 8) % 5;
        break;
    case 6:
        exp = bias + integer_widths[(r >> 8) % sizeof(integer_widths)] - 1 + (r >> 16) % 2;
        break;
    }
    switch (r >> 4 & 7) {
    case 0:
        frac &= ~low_bits(UINT64_MAX, (r >> 24) % (l.frac_bits + 1));
        break;
    case 1:
        frac |= low_bits(UINT64_MAX, (r >> 24) % (l.frac_bits + 1));
        break;
    case 2:
        frac = low_bits(frac, (r >> 24) % (l.frac_bits + 1));
        break;
    case 3:
        frac = UINT64_C(1) << (r >> 24) % l.frac_bits;
        break;
    case 4:
        frac = 0;
        break;
    }
    exp = exp < 0 ? 0 : exp > max_exp ? max_exp : exp;
    return (r >> 63) << (l.exp_bits + l.frac_bits) | (uint64_t)exp << l.frac_bits | frac;
}

#endif
