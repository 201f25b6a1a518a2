/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flags: -ffp-contract=off */
/*
 * How long points stay near the origin under z := z * z + c. The answer depends on each rounding, so that no operations
 * may be fused.
 */
#include "bench/programs/bench.h"

enum { SIDE = 64, LIMIT = 200 };

static unsigned steps(double cx, double cy)
{
    double x = 0, y = 0, xx = 0, yy = 0;
    unsigned n = 0;

    while (n < LIMIT && xx + yy <= 4) {
        y = 2 * x * y + cy;
        x = xx - yy + cx;
        xx = x * x;
        yy = y * y;
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        for (int row = 0; row < SIDE; row++) {
            for (int col = 0; col < SIDE; col++) {
                sum += steps(-2 + 2.5 * col / SIDE, -1.25 + 2.5 * row / SIDE + 1e-6 * (double)(i & 1023));
            }
        }
    }
    return bench_result(sum);
}
