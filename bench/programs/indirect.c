/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Indirect branches with many targets: calls through tables, objects with methods, a switch as a jump table. */
#include "bench/programs/bench.h"

#define FOR_ALL(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
enum { FUNCTIONS = 16, OBJECTS = 256 };

typedef uint32_t Function(uint32_t x);

#define DEFINE(n) \
static uint32_t function_##n(uint32_t x) \
{ \
    return (x ^ n) + (x >> (n + 1)); \
}
FOR_ALL(DEFINE)

typedef struct Object Object;
typedef struct Methods {
    uint32_t (*get)(const Object *o);
    void (*step)(Object *o, uint32_t by);
} Methods;
struct Object {
    const Methods *methods;
    uint32_t a, b;
};

static uint32_t get_a(const Object *o)
{
    return o->a;
}

static uint32_t get_sum(const Object *o)
{
    return o->a + o->b;
}

static void step_a(Object *o, uint32_t by)
{
    o->a += by;
}

static void step_both(Object *o, uint32_t by)
{
    o->a ^= by;
    o->b += o->a;
}

static __attribute__((noinline)) uint32_t choose(uint32_t x)
{
    switch (x & 15) {
    case 0: return x * 3;
    case 1: return x + 77;
    case 2: return x ^ 0x5555;
    case 3: return x >> 3;
    case 4: return ~x;
    case 5: return x * x;
    case 6: return x - 9;
    case 7: return x | 0x100;
    case 8: return x << 5;
    case 9: return x & 0xffff;
    case 10: return x % 1000;
    case 11: return x / 3;
    case 12: return x + (x >> 16);
    case 13: return x ^ x << 7;
    case 14: return x * 7 + 1;
    default: return 5;
    }
}

int main(int argc, char **argv)
{
#define NAME(n) function_##n,
    static Function *const function[FUNCTIONS] = { FOR_ALL(NAME) };
    static const Methods kinds[] = { { get_a, step_a }, { get_sum, step_a }, { get_a, step_both }, { get_sum, step_both } };
    unsigned long rounds = bench_rounds(argc, argv);
    static Object object[OBJECTS];
    uint32_t x = 1, seed = 5;
    uint64_t sum = 0;

    for (int i = 0; i < OBJECTS; i++) {
        object[i].methods = &kinds[bench_random(&seed) % 4];
    }
    for (unsigned long r = 0; r < rounds; r++) {
        for (int i = 0; i < OBJECTS; i++) {
            Object *o = &object[i];

            x = function[(x ^ (uint32_t)i) % FUNCTIONS](x + (uint32_t)i);
            o->methods->step(o, x);
            x = choose(x + o->methods->get(o));
            sum += x;
        }
    }
    return bench_result(sum);
}
