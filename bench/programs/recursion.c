/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls and returns: Fibonacci numbers, Takeuchi's function, queens on a board. */
#include "bench/programs/bench.h"

#define CALLED __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))

static CALLED unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static CALLED int tak(int x, int y, int z)
{
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static CALLED unsigned queens(unsigned columns, unsigned left, unsigned right, unsigned all)
{
    unsigned found = 0, free_places = all & ~(columns | left | right);

    if (columns == all) {
        return 1;
    }
    while (free_places) {
        unsigned place = free_places & -free_places;

        free_places ^= place;
        found += queens(columns | place, (left | place) << 1, (right | place) >> 1, all);
    }
    return found;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        sum = bench_mix(sum, fib(20 + (i & 1)));
        sum = bench_mix(sum, (uint64_t)tak(14, 8 - (int)(i & 1), 2));
        sum = bench_mix(sum, queens(0, 0, 0, 0xff));
    }
    return bench_result(sum);
}
