/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Atomic operations of one thread: a lock, counters, compare and exchange, a queue's ordered loads and stores. */
#include <pthread.h>
#include "bench/programs/bench.h"

enum { STEPS = 1000, SLOTS = 16 };

typedef struct Shared {
    uint32_t lock;
    uint64_t counter, bits, best;
    uint64_t head, tail, slot[SLOTS];
} Shared;

static __attribute__((noinline)) void acquire(uint32_t *lock)
{
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) {
    }
}

static __attribute__((noinline)) void put(Shared *s, uint64_t value)
{
    uint64_t head = __atomic_load_n(&s->head, __ATOMIC_RELAXED);

    s->slot[head % SLOTS] = value;
    __atomic_store_n(&s->head, head + 1, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) uint64_t take(Shared *s)
{
    uint64_t tail = __atomic_load_n(&s->tail, __ATOMIC_RELAXED), value = 0;

    if (__atomic_load_n(&s->head, __ATOMIC_ACQUIRE) != tail) {
        value = s->slot[tail % SLOTS];
        __atomic_store_n(&s->tail, tail + 1, __ATOMIC_RELEASE);
    }
    return value;
}

static void *nothing(void *opaque)
{
    return opaque;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    Shared *s = calloc(1, sizeof(*s));
    uint64_t sum = 0;
    pthread_t other;

    /* the C library and the emulator alike may do less while there is one thread alone */
    if (pthread_create(&other, NULL, nothing, NULL) != 0) {
        return 1;
    }
    pthread_join(other, NULL);
    for (unsigned long i = 0; i < rounds; i++) {
        for (unsigned k = 0; k < STEPS; k++) {
            uint64_t seen = __atomic_load_n(&s->best, __ATOMIC_RELAXED);

            acquire(&s->lock);
            s->slot[0] += k;
            __atomic_store_n(&s->lock, 0, __ATOMIC_RELEASE);
            put(s, __atomic_fetch_add(&s->counter, k, __ATOMIC_SEQ_CST));
            __atomic_fetch_xor(&s->bits, seen >> 3 ^ k, __ATOMIC_RELAXED);
            while (!__atomic_compare_exchange_n(&s->best, &seen, seen * 5 + k, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            }
            sum += take(s);
        }
    }
    sum = bench_mix(sum, s->counter ^ s->bits);
    return bench_result(bench_mix(sum, s->best));
}
