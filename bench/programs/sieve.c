/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sieve of Eratosthenes over bytes, small enough for the first cache. */
#include "bench/programs/bench.h"

enum { LIMIT = 30000 };

static unsigned count(uint8_t *composite)
{
    unsigned found = 0;

    memset(composite, 0, LIMIT);
    for (unsigned i = 2; i < LIMIT; i++) {
        if (!composite[i]) {
            found++;
            for (unsigned k = i * 2; k < LIMIT; k += i) {
                composite[k] = 1;
            }
        }
    }
    return found;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint8_t *composite = malloc(LIMIT);
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        sum = bench_mix(sum, count(composite) + composite[i % LIMIT]);
    }
    free(composite);
    return bench_result(sum);
}
