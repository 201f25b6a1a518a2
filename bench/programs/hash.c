/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash table with open addressing whose keys are words: hashing by bytes, probing, comparing. */
#include "bench/programs/bench.h"

enum { SLOTS = 1 << 14, WORDS = 6000, WORD = 12 };

typedef struct Slot {
    const char *word;
    uint32_t hash, count;
} Slot;

static uint32_t hash_of(const char *p)
{
    uint32_t h = 2166136261u;

    for (; *p; p++) {
        h = (h ^ (uint8_t)*p) * 16777619;
    }
    return h;
}

static Slot *find(Slot *table, const char *word)
{
    uint32_t h = hash_of(word), at = h;

    for (;; at++) {
        Slot *s = &table[at % SLOTS];

        if (!s->word || (s->hash == h && strcmp(s->word, word) == 0)) {
            s->hash = h;
            return s;
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    Slot *table = calloc(SLOTS, sizeof(*table));
    char (*words)[WORD] = malloc(WORDS * sizeof(*words));
    uint32_t seed = 2024;
    uint64_t sum = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        unsigned n = 3 + bench_random(&seed) % (WORD - 4);

        for (unsigned k = 0; k < n; k++) {
            words[i][k] = (char)('a' + bench_random(&seed) % 26);
        }
        words[i][n] = 0;
    }
    for (unsigned long r = 0; r < rounds; r++) {
        for (unsigned i = 0; i < WORDS; i++) {
            const char *word = words[(i * 7 + r) % WORDS];
            Slot *s = find(table, word);

            s->word = word;
            s->count += i & 3;
            sum += s->count;
        }
    }
    return bench_result(bench_mix(sum, find(table, words[5])->count));
}
