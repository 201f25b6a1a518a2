/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads and stores of all kinds through a pointer whose top byte is argv[1]: the host refuses such an address, and the slow
 * path does the access. Done argv[2] times; what is printed is the same for all tags.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t buf[4096] __attribute__((aligned(64)));
static uint64_t hash;

static void mix(uint64_t v)
{
    hash = (hash ^ v) * 0x100000001b3;
    hash ^= hash >> 29;
}

static void mix_bytes(unsigned at, unsigned num)
{
    for (unsigned i = 0; i < num; i++) {
        mix(buf[at + i]);
    }
}

#define LOAD(insn, r) do { \
    uint64_t v = 0x1122334455667788; \
    __asm__ volatile(insn " %" r "0, [%1, #16]" : "=r"(v) : "r"(p) : "memory"); \
    mix(v); \
} while (0)
#define LOAD_V(r) do { \
    uint64_t lo, hi; \
    __asm__ volatile("movi v0.16b, #0x5a; ldr " r "0, [%2, #32]; mov %0, v0.d[0]; mov %1, v0.d[1]" \
                     : "=r"(lo), "=r"(hi) : "r"(p) : "v0", "memory"); \
    mix(lo); \
    mix(hi); \
} while (0)
#define STORE(insn, r) do { \
    __asm__ volatile(insn " %" r "0, [%1, #48]" : : "r"(hash), "r"(p) : "memory"); \
    mix_bytes(at + 40, 24); \
} while (0)
#define STORE_ZERO(insn, r) do { \
    __asm__ volatile(insn " " r ", [%0, #72]" : : "r"(p) : "memory"); \
    mix_bytes(at + 64, 24); \
} while (0)
#define STORE_V(r) do { \
    __asm__ volatile("dup v1.2d, %1; str " r "1, [%0, #96]; movi v1.2d, #0; str " r "1, [%0, #128]" \
                     : : "r"(p), "r"(hash) : "v1", "memory"); \
    mix_bytes(at + 92, 56); \
} while (0)

static __attribute__((noinline)) void all(unsigned tag, unsigned at)
{
    uint8_t *p = (uint8_t *)((uintptr_t)(buf + at) | (uint64_t)tag << 56), *q = p;
    uint64_t a, b;

    LOAD("ldrb", "w"); LOAD("ldrsb", "w"); LOAD("ldrsb", "x"); LOAD("ldrh", "w"); LOAD("ldrsh", "w"); LOAD("ldrsh", "x");
    LOAD("ldr", "w"); LOAD("ldrsw", "x"); LOAD("ldr", "x");
    LOAD_V("b"); LOAD_V("h"); LOAD_V("s"); LOAD_V("d"); LOAD_V("q");
    STORE("strb", "w"); STORE("strh", "w"); STORE("str", "w"); STORE("str", "x");
    STORE_ZERO("strb", "wzr"); STORE_ZERO("strh", "wzr"); STORE_ZERO("str", "wzr"); STORE_ZERO("str", "xzr");
    STORE_V("b"); STORE_V("h"); STORE_V("s"); STORE_V("d"); STORE_V("q");
    __asm__ volatile("ldp %0, %1, [%2], #16" : "=r"(a), "=r"(b), "+r"(q) : : "memory");
    mix(a);
    mix(b);
    mix((uint64_t)(q - p));
    __asm__ volatile("stp %1, %2, [%0, #-32]!" : "+r"(q) : "r"(hash), "r"(a) : "memory");
    mix((uint64_t)(q - p));
    mix_bytes(at - 16, 32);
    __asm__ volatile("ldp q3, q4, [%2]; stp q4, q3, [%2, #160]; mov %0, v3.d[1]; mov %1, v4.d[0]"
                     : "=r"(a), "=r"(b) : "r"(p) : "v3", "v4", "memory");
    mix(a);
    mix(b);
    mix_bytes(at + 160, 32);
    __asm__ volatile("ldr %0, [%2, %3, lsl #3]; ldur %w1, [%2, #-3]" : "=&r"(a), "=r"(b) : "r"(p), "r"(5L) : "memory");
    mix(a);
    mix(b);
}

int main(int argc, char **argv)
{
    unsigned tag = (unsigned)atoi(argv[1]), rounds = (unsigned)atoi(argv[2]);

    for (unsigned i = 0; i < sizeof(buf); i++) {
        buf[i] = (uint8_t)(i * 37 + (i >> 3));
    }
    for (unsigned i = 0; i < rounds; i++) {
        all(tag ? tag + i % 7 : 0, 256 + i * 64 % 2048);
    }
    printf("%016lx\n", hash);
    return 0;
}
