/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A product of matrices in single precision by a kernel of four rows and eight columns: intrinsics on Advanced SIMD,
 * the compiler's 128-bit vectors elsewhere. The elements are small integers, so that the result is exact.
 */
#include "bench/programs/bench.h"

enum { N = 64 };

#ifdef __aarch64__
#include <arm_neon.h>

static void kernel(const float *a, const float *b, float *c)
{
    float32x4_t s[4][2];

    for (int i = 0; i < 4; i++) {
        s[i][0] = s[i][1] = vdupq_n_f32(0);
    }
    for (int k = 0; k < N; k += 4) {
        float32x4_t r[4];

        for (int i = 0; i < 4; i++) {
            r[i] = vld1q_f32(a + i * N + k);
        }
#define STEP(n) \
        do { \
            float32x4_t lo = vld1q_f32(b + (k + n) * N), hi = vld1q_f32(b + (k + n) * N + 4); \
            \
            for (int i = 0; i < 4; i++) { \
                s[i][0] = vfmaq_laneq_f32(s[i][0], lo, r[i], n); \
                s[i][1] = vfmaq_laneq_f32(s[i][1], hi, r[i], n); \
            } \
        } while (0)
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
    }
    for (int i = 0; i < 4; i++) {
        vst1q_f32(c + i * N, s[i][0]);
        vst1q_f32(c + i * N + 4, s[i][1]);
    }
}
#else
typedef float Vector __attribute__((vector_size(16)));

static void kernel(const float *a, const float *b, float *c)
{
    Vector s[4][2] = { 0 };

    for (int k = 0; k < N; k++) {
        Vector lo = *(const Vector *)(b + k * N), hi = *(const Vector *)(b + k * N + 4);

        for (int i = 0; i < 4; i++) {
            s[i][0] += lo * a[i * N + k];
            s[i][1] += hi * a[i * N + k];
        }
    }
    for (int i = 0; i < 4; i++) {
        *(Vector *)(c + i * N) = s[i][0];
        *(Vector *)(c + i * N + 4) = s[i][1];
    }
}
#endif

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    float *a = aligned_alloc(16, N * N * sizeof(float)), *b = aligned_alloc(16, N * N * sizeof(float));
    float *c = aligned_alloc(16, N * N * sizeof(float));
    uint64_t sum = 0;

    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(i * 7 % 13 - 6);
        b[i] = (float)(i * 5 % 11 - 5);
    }
    for (unsigned long r = 0; r < rounds; r++) {
        a[r % (N * N)] = (float)(r % 9);
        for (int i = 0; i < N; i += 4) {
            for (int k = 0; k < N; k += 8) {
                kernel(a + i * N, b + k, c + i * N + k);
            }
        }
        for (int i = 0; i < N * N; i += 61) {
            sum = bench_mix(sum, (uint64_t)(int64_t)c[i]);
        }
    }
    return bench_result(sum);
}
