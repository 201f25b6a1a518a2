/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4, section 6.2) in C. */
#include "bench/programs/sha256.h"

enum { SIZE = 4096 };

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint8_t *data = malloc(SIZE);
    uint32_t state[8];
    uint64_t sum = 0;

    for (unsigned i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    if (!sha256_self_test(sha256_blocks)) {
        return 1;
    }
    for (unsigned long i = 0; i < rounds; i++) {
        data[i % SIZE]++;
        memcpy(state, sha256_start, sizeof(state));
        sha256_blocks(state, data, SIZE / 64);
        sum = bench_mix(sum, (uint64_t)state[0] << 32 | state[7]);
    }
    free(data);
    return bench_result(sum);
}
