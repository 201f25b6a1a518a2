/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound in single precision: a recursive filter in two sections, a delay, a limiter, a level. */
#include "bench/programs/bench.h"

enum { SAMPLES = 4096, DELAY = 400 };

typedef struct Section {
    float b0, b1, b2, a1, a2, z1, z2;
} Section;

static inline float section(Section *s, float in)
{
    float out = s->b0 * in + s->z1;

    s->z1 = s->b1 * in - s->a1 * out + s->z2;
    s->z2 = s->b2 * in - s->a2 * out;
    return out;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    float *in = malloc(SAMPLES * sizeof(*in)), *delay = calloc(DELAY, sizeof(*delay)), level = 0;
    Section low = { 0.0675f, 0.1349f, 0.0675f, -1.1430f, 0.4128f, 0, 0 };
    Section high = { 0.9150f, -1.8300f, 0.9150f, -1.8227f, 0.8372f, 0, 0 };
    uint32_t seed = 7;
    unsigned at = 0;

    for (int i = 0; i < SAMPLES; i++) {
        in[i] = (float)((int32_t)bench_random(&seed) / 2147483648.0);
    }
    for (unsigned long r = 0; r < rounds; r++) {
        for (int i = 0; i < SAMPLES; i++) {
            float x = section(&high, section(&low, in[i])) + 0.3f * delay[at];

            x = x > 0.5f ? 0.5f + (x - 0.5f) * 0.25f : x < -0.5f ? -0.5f + (x + 0.5f) * 0.25f : x;
            delay[at] = x;
            at = at + 1 < DELAY ? at + 1 : 0;
            level += 0.001f * (fabsf(x) - level);
        }
    }
    return bench_result(bench_mix(0, (uint64_t)lrintf(level * 1000)));
}
