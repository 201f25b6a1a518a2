/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every benchmark program has: a number of rounds as its argument, and one line with a checksum at its end that
 * is the same on every host and guest. Programs whose floating-point results may differ in the last bits (one compiler
 * fuses a multiplication and an addition, the other's processor cannot) round before they add up.
 */
#ifndef BENCH_PROGRAMS_BENCH_H
#define BENCH_PROGRAMS_BENCH_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned long bench_rounds(int argc, char **argv)
{
    return argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
}

static inline int bench_result(uint64_t sum)
{
    printf("%016llx\n", (unsigned long long)sum);
    return 0;
}

static inline uint64_t bench_mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

/* A figure to five digits. */
static inline uint64_t bench_mix_double(uint64_t sum, double value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.4e", value);
    for (const char *p = text; *p; p++) {
        sum = bench_mix(sum, (unsigned char)*p);
    }
    return sum;
}

/* Never 0 if the state is not. */
static inline uint32_t bench_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
