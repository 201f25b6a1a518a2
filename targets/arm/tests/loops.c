/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the functions that loops.py made, each some times from random states; prints a hash of what each left behind. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RUNS = 6, BUDGET = 600, NUM_X = 9, NUM_V = 8 };

typedef struct State {
    uint64_t x[NUM_X + 1];                      /* 0: memory, 9: the budget; 1 is set by the function */
    uint64_t nzcv, fpcr, fpsr, unused;
    uint64_t v[NUM_V][2];
} State;

extern void *const functions[];
extern const uint64_t num_functions;
static uint8_t memory[512] __attribute__((aligned(16)));

void call(State *s, void *function);
__asm__(
    ".text\ncall:\n"
    "    stp x29, x30, [sp, #-32]!\n    str x0, [sp, #16]\n    mov x17, x1\n    mov x16, x0\n"
    "    ldr x9, [x16, #88]\n    msr fpcr, x9\n    msr fpsr, xzr\n    ldr x9, [x16, #80]\n    msr nzcv, x9\n"
    "    add x9, x16, #112\n    ld1 {v0.2d-v3.2d}, [x9], #64\n    ld1 {v4.2d-v7.2d}, [x9]\n"
    "    ldp x2, x3, [x16, #16]\n    ldp x4, x5, [x16, #32]\n    ldp x6, x7, [x16, #48]\n    ldp x8, x9, [x16, #64]\n"
    "    ldr x0, [x16]\n    blr x17\n    ldr x16, [sp, #16]\n"
    "    stp x2, x3, [x16, #16]\n    stp x4, x5, [x16, #32]\n    stp x6, x7, [x16, #48]\n    stp x8, x9, [x16, #64]\n"
    "    mrs x9, nzcv\n    str x9, [x16, #80]\n    mrs x9, fpsr\n    str x9, [x16, #96]\n    msr fpcr, xzr\n"
    "    add x9, x16, #112\n    st1 {v0.2d-v3.2d}, [x9], #64\n    st1 {v4.2d-v7.2d}, [x9]\n"
    "    ldp x29, x30, [sp], #32\n    ret\n");
_Static_assert(sizeof(State) == 112 + 16 * NUM_V, "call() knows the offsets");

static uint64_t seed = 88172645463325252;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const uint8_t *p = data;

    while (size--) {
        h = (h ^ *p++) * 1099511628211u;
    }
    return h;
}

static void fill(State *s)
{
    /* halves of the formats' zeros, infinities, NaNs, denormal and normal numbers */
    static const uint16_t special[] = {
        0, 0x8000, 0x3c00, 0x0400, 0x0001, 0x7c00, 0x7e00, 0x7d01, 0x7bff, 0x3f80, 0x7f80, 0x3ff0, 0x7ff0, 0x0010, 0x0080,
    };

    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < sizeof(memory); i += 2) {
        uint16_t v = next() % 3 ? (uint16_t)next() : special[next() % (sizeof(special) / sizeof(*special))];

        memcpy(memory + i, &v, sizeof(v));
    }
    for (unsigned i = 2; i < NUM_X; i++) {
        s->x[i] = next() % 4 == 0 ? 0 : next() % 3 ? next() % 64 : next();
    }
    for (unsigned i = 0; i < NUM_V; i++) {
        if (next() % 3) {
            memcpy(s->v[i], memory + 16 * (next() % 32), 16);
        } else if (next() % 2) {
            s->v[i][next() % 2] = next();
        }
    }
    s->x[0] = (uintptr_t)memory;
    s->x[9] = next() % BUDGET;
    s->nzcv = (next() & 15) << 28;
    s->fpcr = (next() & 3) << 22;               /* RMode; now and then FZ, FZ16, DN, AHP */
    if (next() % 8 == 0) {
        s->fpcr |= next() & (1u << 24 | 1u << 19 | 3u << 25);
    }
}

int main(void)
{
    for (unsigned i = 0; i < num_functions; i++) {
        uint64_t h = 1469598103934665603u;

        for (unsigned run = 0; run < RUNS; run++) {
            State s;

            fill(&s);
            call(&s, functions[i]);
            s.x[0] = 0;
            h = hash(h, &s, sizeof(s));
            h = hash(h, memory, sizeof(memory));
        }
        printf("f%u %016" PRIx64 "\n", i, h);
    }
    return 0;
}
