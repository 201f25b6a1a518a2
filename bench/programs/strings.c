/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C library's functions for memory and strings, on short and long operands. */
#include "bench/programs/bench.h"

enum { SIZE = 16384 };

int main(int argc, char **argv)
{
    static const unsigned length[] = { 5, 17, 40, 100, 333, 1000, 4000 };
    unsigned long rounds = bench_rounds(argc, argv);
    char *a = malloc(SIZE), *b = malloc(SIZE);
    uint64_t sum = 0;

    for (int i = 0; i < SIZE; i++) {
        a[i] = (char)('a' + i % 25);
    }
    for (unsigned long r = 0; r < rounds; r++) {
        for (unsigned i = 0; i < sizeof(length) / sizeof(*length); i++) {
            unsigned n = length[i], at = (unsigned)(r * 7 + i) % 64;
            char *p = a + at, *q = b + (at * 3) % 64, keep = p[n];

            memset(q, 0, n + 1);
            memcpy(q, p, n);
            sum += (unsigned)abs(memcmp(p, q, n)) + strlen(q);
            p[n] = 0;
            sum += (unsigned)abs(strcmp(p, q));
            sum += (size_t)((char *)memchr(p, 0, n + 1) - p);
            q[n / 2] = 'z';
            sum += (size_t)(strchr(q, 'z') - q);
            sum += (size_t)(strrchr(q, 'z') - q);
            memmove(q + 3, q, n);
            sum = bench_mix(sum, (unsigned char)q[n / 2 + 3]);
            sum += strcmp(p, q) < 0 ? 1 : 2;
            strncpy(q, p, n);
            sum += strstr(p, "xya") ? 1 : 0;
            p[n] = keep;
        }
    }
    return bench_result(sum);
}
