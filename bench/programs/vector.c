/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flags: -ftree-vectorize -fvect-cost-model=dynamic */
/* Loops that the compiler makes vector code of: bytes, 16 and 32 bits, single and double precision. */
#include "bench/programs/bench.h"

enum { N = 1024 };

#define LOOP __attribute__((noinline))

static LOOP void blend(uint8_t *restrict out, const uint8_t *restrict a, const uint8_t *restrict b)
{
    for (int i = 0; i < N; i++) {
        out[i] = (uint8_t)((a[i] * 3 + b[i] + 2) >> 2);
    }
}

static LOOP unsigned distance(const uint8_t *a, const uint8_t *b)
{
    unsigned sum = 0;

    for (int i = 0; i < N; i++) {
        sum += (unsigned)abs(a[i] - b[i]);
    }
    return sum;
}

static LOOP void clip(int16_t *restrict out, const int32_t *restrict a)
{
    for (int i = 0; i < N; i++) {
        int32_t v = a[i] >> 4;

        out[i] = (int16_t)(v > 30000 ? 30000 : v < -30000 ? -30000 : v);
    }
}

static LOOP int32_t dot(const int16_t *a, const int16_t *b)
{
    int32_t sum = 0;

    for (int i = 0; i < N; i++) {
        sum += a[i] * b[i] >> 3;
    }
    return sum;
}

static LOOP void scale(float *restrict out, const float *restrict a, const int32_t *restrict b)
{
    for (int i = 0; i < N; i++) {
        out[i] = a[i] * 0.5f + (float)(b[i] >> 20);
    }
}

static LOOP void smooth(double *restrict out, const double *restrict a)
{
    for (int i = 0; i < N; i++) {
        double v = (a[i] + a[i + 1]) * 0.5;

        out[i] = v > 100 ? 100 : v;
    }
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    static uint8_t a[N], b[N], c[N];
    static int32_t w[N];
    static int16_t h[N], g[N];
    static float f[N], e[N];
    static double d[N + 1], s[N + 1];
    uint32_t seed = 31;
    uint64_t sum = 0;

    for (int i = 0; i < N; i++) {
        a[i] = (uint8_t)bench_random(&seed);
        b[i] = (uint8_t)bench_random(&seed);
        w[i] = (int32_t)bench_random(&seed) >> 8;
        g[i] = (int16_t)bench_random(&seed);
        f[i] = (float)(i & 63);
        d[i] = i & 255;
    }
    for (unsigned long r = 0; r < rounds; r++) {
        blend(c, a, b);
        sum = bench_mix(sum, distance(c, b));
        clip(h, w);
        sum = bench_mix(sum, (uint32_t)dot(h, g));
        scale(e, f, w);
        smooth(s, d);
        sum = bench_mix(sum, (uint64_t)(int64_t)(e[r % N] * 2 + s[r % N] * 2));
        a[r % N] ^= (uint8_t)sum;
        w[r % N] += (int32_t)(sum & 0xffff);
    }
    return bench_result(sum);
}
