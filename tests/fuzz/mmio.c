/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads and writes of devices at random, by a program without an operating system, for A64 and for M-profile. mmio.py
 * compiles it with REGIONS, { address, size } of each device; STATE, an address of memory that survives a reset, where the
 * random numbers go on and accesses are counted; SEED; and BUFFERS, 1 MiB of memory that devices may be told to use.
 * An access that faults is skipped. Interrupts stay masked.
 */
#include <stdint.h>

typedef struct Region {
    uint64_t addr, size;
} Region;
static const Region regions[] = { REGIONS };
enum { NUM_REGIONS = sizeof(regions) / sizeof(regions[0]), MAGIC = 0x46555a5a };

static volatile struct State {
    uint32_t magic, count, random_lo, random_hi;
} *const state = (volatile struct State *)STATE;

#ifdef __aarch64__
/* X18 is the handler's. */
#define VECTORS(el) \
    ".balign 2048\n" \
    "vectors" #el ": .skip 0x200\n" \
    "mrs x18, elr_el" #el "\n add x18, x18, #4\n msr elr_el" #el ", x18\n eret\n .balign 2048\n"
__asm__(".section .text.first, \"ax\"\n"
        ".globl _start\n"
        "_start: ldr x0, =stack\n mov sp, x0\n"
        "mrs x0, CurrentEL\n cmp x0, #8\n b.lo 1f\n b.eq 2f\n"
        "adr x0, vectors3\n msr vbar_el3, x0\n b run\n"
        "1: adr x0, vectors1\n msr vbar_el1, x0\n b run\n"
        "2: adr x0, vectors2\n msr vbar_el2, x0\n b run\n"
        ".ltorg\n" VECTORS(1) VECTORS(2) VECTORS(3)
        ".bss\n.balign 16\n.skip 16384\nstack:\n.text");
#define LOAD(insn, reg) __asm__ volatile(insn " %" reg "0, [%1]" : "+r"(v) : "r"(addr) : "memory")
#define STORE(insn, reg) __asm__ volatile(insn " %" reg "0, [%1]" : : "r"(v), "r"(addr) : "memory")
enum { WIDTHS = 4 };

static uint64_t load(uint64_t addr, unsigned width)
{
    uint64_t v = 0;

    switch (width) {
    case 0:
        LOAD("ldrb", "w");
        break;
    case 1:
        LOAD("ldrh", "w");
        break;
    case 2:
        LOAD("ldr", "w");
        break;
    default:
        LOAD("ldr", "x");
        break;
    }
    return v;
}

static void store(uint64_t addr, unsigned width, uint64_t v)
{
    switch (width) {
    case 0:
        STORE("strb", "w");
        break;
    case 1:
        STORE("strh", "w");
        break;
    case 2:
        STORE("str", "w");
        break;
    default:
        STORE("str", "x");
        break;
    }
}
#else
extern const char stack_top[];
void run(void);

/* The instructions below have two bytes, and a NOP behind them. */
__attribute__((naked)) static void skip(void)
{
    __asm__ volatile("ldr r0, [sp, #24]\n adds r0, #4\n str r0, [sp, #24]\n bx lr");
}

__attribute__((naked)) static void ignore(void)
{
    __asm__ volatile("bx lr");
}

__attribute__((naked)) static void start(void)
{
    __asm__ volatile("cpsid i\n bl run");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)start, (const void *)ignore, [3 ... 7] = (const void *)skip, [8 ... 15] = (const void *)ignore,
};
#define LOAD(insn) __asm__ volatile(insn " %0, [%1]\n nop" : "+l"(v) : "l"((uint32_t)addr) : "memory")
#define STORE(insn) __asm__ volatile(insn " %0, [%1]\n nop" : : "l"((uint32_t)v), "l"((uint32_t)addr) : "memory")
enum { WIDTHS = 3 };

static uint64_t load(uint64_t addr, unsigned width)
{
    uint32_t v = 0;

    if (width == 0) {
        LOAD("ldrb");
    } else if (width == 1) {
        LOAD("ldrh");
    } else {
        LOAD("ldr");
    }
    return v;
}

static void store(uint64_t addr, unsigned width, uint64_t v)
{
    if (width == 0) {
        STORE("strb");
    } else if (width == 1) {
        STORE("strh");
    } else {
        STORE("str");
    }
}
#endif

/* xorshift64 */
static uint64_t number(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint32_t pick(uint64_t *s, uint32_t n)
{
    return (uint32_t)(number(s) >> 33) % n;
}

static uint64_t value(uint64_t *s, uint64_t last)
{
    switch (pick(s, 8)) {
    case 0:
        return 0;
    case 1:
        return ~(uint64_t)0;
    case 2:
        return (uint64_t)1 << pick(s, 64);
    case 3:
        return pick(s, 16);
    case 4:
        return BUFFERS + (pick(s, 0x100000) & ~7u);
    case 5:
        return last;
    default:
        return number(s);
    }
}

/* Most of the time where registers are. */
static uint64_t offset(uint64_t *s, uint64_t size, unsigned width)
{
    uint32_t limit = size > 4096 && pick(s, 2) ? 4096 : size > 0x7fffffff ? 0x7fffffff : (uint32_t)size;

    if (pick(s, 4) == 0 && limit > 256) {
        limit = 256;
    }
    return pick(s, 16) ? pick(s, limit) & ~((1u << width) - 1) : pick(s, limit);
}

void run(void);
void run(void)
{
    uint64_t s = SEED, last = 0;

    if (state->magic == MAGIC) {
        s = (uint64_t)state->random_hi << 32 | state->random_lo;
    } else {
        state->count = 0;
    }
    for (;;) {
        const Region *r = &regions[pick(&s, NUM_REGIONS)];
        unsigned burst = 1 + pick(&s, 48), width = pick(&s, 3) ? 2 : pick(&s, WIDTHS);

        state->random_lo = (uint32_t)s;
        state->random_hi = (uint32_t)(s >> 32);
        state->magic = MAGIC;
        for (unsigned i = 0; i < burst; i++) {
            uint64_t addr = r->addr + offset(&s, r->size, width);

            if (pick(&s, 2)) {
                store(addr, width, value(&s, last));
            } else {
                last = load(addr, width);
            }
        }
        state->count += burst;
    }
}
