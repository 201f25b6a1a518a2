/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorting records through a comparison function that is called by address. */
#include "bench/programs/bench.h"

enum { RECORDS = 2000, SMALL = 8 };

typedef struct Record {
    uint32_t key, weight;
} Record;

typedef int Compare(const Record *a, const Record *b);

static int by_key(const Record *a, const Record *b)
{
    return a->key < b->key ? -1 : a->key > b->key;
}

static int by_weight(const Record *a, const Record *b)
{
    return a->weight != b->weight ? (a->weight < b->weight ? 1 : -1) : by_key(a, b);
}

static int by_low_bits(const Record *a, const Record *b)
{
    return (int)(a->key & 0xffff) - (int)(b->key & 0xffff);
}

static void swap(Record *a, Record *b)
{
    Record t = *a;

    *a = *b;
    *b = t;
}

static void sort(Record *r, unsigned n, Compare *compare)
{
    while (n > SMALL) {
        unsigned lo = 0, hi = n - 1;
        Record pivot = r[n / 2];

        while (lo <= hi) {
            while (compare(&r[lo], &pivot) < 0) {
                lo++;
            }
            while (compare(&r[hi], &pivot) > 0) {
                hi--;
            }
            if (lo <= hi) {
                swap(&r[lo++], &r[hi]);
                if (hi-- == 0) {
                    hi = 0;
                    break;
                }
            }
        }
        sort(r, hi + 1 < lo ? hi + 1 : lo, compare);
        r += lo;
        n -= lo;
    }
    for (unsigned i = 1; i < n; i++) {
        for (unsigned k = i; k && compare(&r[k - 1], &r[k]) > 0; k--) {
            swap(&r[k - 1], &r[k]);
        }
    }
}

int main(int argc, char **argv)
{
    static Compare *const order[] = { by_key, by_weight, by_low_bits };
    unsigned long rounds = bench_rounds(argc, argv);
    Record *r = malloc(RECORDS * sizeof(*r));
    uint32_t seed = 12345;
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        for (unsigned k = 0; k < RECORDS; k++) {
            r[k].key = bench_random(&seed);
            r[k].weight = bench_random(&seed) & 0xff;
        }
        for (unsigned k = 0; k < 3; k++) {
            sort(r, RECORDS, order[k]);
            sum = bench_mix(sum, k < 2 ? r[RECORDS / 3].key : r[RECORDS / 3].key & 0xffff);
        }
    }
    free(r);
    return bench_result(sum);
}
