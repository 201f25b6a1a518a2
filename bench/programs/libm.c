/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C library's elementary functions. */
#include "bench/programs/bench.h"

enum { STEPS = 200 };

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    double sum = 0;
    float small = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        for (int k = 1; k <= STEPS; k++) {
            double x = k / 16.0 + (double)(i & 7) / 100;

            sum += sin(x) * cos(x / 3) + exp(-x / 5) + log(x) + pow(x, 0.37) + atan2(x, 3) + fmod(x, 0.7);
            sum += floor(x * 3) + tanh(x / 8) - cbrt(x);
            small += sinf((float)x) + expf((float)-x) + logf((float)x);
        }
        small *= 0.5f;
    }
    return bench_result(bench_mix_double(bench_mix_double(0, sum), small));
}
