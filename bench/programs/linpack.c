/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dense system of linear equations by elimination with row pivots, in double precision. */
#include "bench/programs/bench.h"

enum { N = 100 };

static void fill(double (*a)[N], double *b, uint32_t *seed)
{
    for (int i = 0; i < N; i++) {
        b[i] = 0;
        for (int k = 0; k < N; k++) {
            a[i][k] = (int32_t)bench_random(seed) / 2147483648.0;
            b[i] += a[i][k] * (k % 7 + 1);      /* so that the solution is known */
        }
    }
}

static void solve(double (*a)[N], double *b)
{
    for (int col = 0; col < N; col++) {
        int pivot = col;

        for (int i = col + 1; i < N; i++) {
            if (fabs(a[i][col]) > fabs(a[pivot][col])) {
                pivot = i;
            }
        }
        for (int k = 0; k < N && pivot != col; k++) {
            double t = a[col][k];

            a[col][k] = a[pivot][k];
            a[pivot][k] = t;
        }
        if (pivot != col) {
            double t = b[col];

            b[col] = b[pivot];
            b[pivot] = t;
        }
        for (int i = col + 1; i < N; i++) {
            double f = a[i][col] / a[col][col];

            for (int k = col; k < N; k++) {
                a[i][k] -= f * a[col][k];
            }
            b[i] -= f * b[col];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int k = i + 1; k < N; k++) {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    double (*a)[N] = malloc(N * sizeof(*a)), b[N];
    uint32_t seed = 4711;
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        fill(a, b, &seed);
        solve(a, b);
        for (int k = 0; k < N; k++) {
            sum = bench_mix(sum, (uint64_t)llrint(b[k] * 1000));
        }
    }
    free(a);
    return bench_result(sum);
}
