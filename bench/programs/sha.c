/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4) with the processor's instructions; in C where the processor has none. */
#include "bench/programs/sha256.h"

#ifdef __aarch64__
#include <arm_neon.h>
#include <sys/auxv.h>

static int available(void)
{
    return (getauxval(AT_HWCAP) >> 6 & 1) != 0;         /* HWCAP_SHA2 */
}

static __attribute__((target("+crypto"))) void blocks_insn(uint32_t state[8], const uint8_t *data, unsigned blocks)
{
    uint32x4_t s0 = vld1q_u32(state), s1 = vld1q_u32(state + 4);

    for (; blocks; blocks--, data += 64) {
        uint32x4_t w[4], start0 = s0, start1 = s1;

        for (int i = 0; i < 4; i++) {
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + i * 16)));
        }
        for (int i = 0; i < 16; i++) {
            uint32x4_t wk = vaddq_u32(w[i & 3], vld1q_u32(sha256_k + i * 4)), before = s0;

            s0 = vsha256hq_u32(s0, s1, wk);
            s1 = vsha256h2q_u32(s1, before, wk);
            if (i < 12) {
                w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
            }
        }
        s0 = vaddq_u32(s0, start0);
        s1 = vaddq_u32(s1, start1);
    }
    vst1q_u32(state, s0);
    vst1q_u32(state + 4, s1);
}
#else
#include <cpuid.h>
#include <immintrin.h>

static int available(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

static __attribute__((target("sha,sse4.1"))) void blocks_insn(uint32_t state[8], const uint8_t *data, unsigned blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
    uint32_t out[8];

    for (; blocks; blocks--, data += 64) {
        __m128i w[4], start0 = abef, start1 = cdgh;

        for (int i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + i * 16)), swap);
        }
        for (int i = 0; i < 16; i++) {
            __m128i wk = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)(sha256_k + i * 4)));

            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
            if (i < 12) {
                __m128i middle = _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4);

                w[i & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]), middle),
                                                w[(i + 3) & 3]);
            }
        }
        abef = _mm_add_epi32(abef, start0);
        cdgh = _mm_add_epi32(cdgh, start1);
    }
    _mm_storeu_si128((__m128i *)out, abef);
    _mm_storeu_si128((__m128i *)(out + 4), cdgh);
    state[0] = out[3], state[1] = out[2], state[4] = out[1], state[5] = out[0];
    state[2] = out[7], state[3] = out[6], state[6] = out[5], state[7] = out[4];
}
#endif

enum { SIZE = 4096 };

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    Sha256Blocks *blocks = available() ? blocks_insn : sha256_blocks;
    uint8_t *data = malloc(SIZE);
    uint32_t state[8];
    uint64_t sum = 0;

    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)(i * 11 + (i >> 7));
    }
    if (!sha256_self_test(blocks)) {
        return 1;
    }
    for (unsigned long i = 0; i < rounds; i++) {
        data[i % SIZE]++;
        memcpy(state, sha256_start, sizeof(state));
        blocks(state, data, SIZE / 64);
        sum = bench_mix(sum, (uint64_t)state[0] << 32 | state[7]);
    }
    free(data);
    return bench_result(sum);
}
