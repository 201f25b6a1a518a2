/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The exchange from an A-profile CPU without an operating system, its MMU off and its generic timer's event stream too:
 * messages with a cluster of M-profile cores (number 1), which it stops and starts again half way; ping-pong by plain
 * stores between CPUs that sleep in WFE after an exclusive load; and, if there is a cluster 2, sums with the made-up
 * architecture there. The number of messages is the word at PARAMETERS. Ends by PSCI.
 */
#include "tests/guest/amp/exchange.h"

#define UART ((volatile uint32_t *)0x09000000)
#define CTRL ((volatile uint32_t *)0x2a000000)
#define MHU(cluster) ((volatile uint32_t *)(0x2b000000ul + 0x10000ul * (cluster)))
enum { MAX_ROUNDS = 1000 };                     /* of what takes a switch of CPUs each time */

__asm__(".section .start, \"ax\"\n"
        ".global _start\n"
        "_start: adrp x1, stack_top\n"
        "add x1, x1, :lo12:stack_top\n"
        "mov sp, x1\n"
        "bl run\n"
        "ldr x0, =0x84000008\n"
        "hvc #0\n"
        "b .\n"
        ".text\n");

static void put(char c)
{
    *UART = (uint8_t)c;
}

static void print(const char *text)
{
    while (*text) {
        put(*text++);
    }
}

static void number(uint32_t n)
{
    if (n >= 10) {
        number(n / 10);
    }
    put((char)('0' + n % 10));
}

static void report(const char *what, uint32_t n)
{
    print(what);
    number(n);
    print("\r\n");
}

static void idle(void)
{
    __asm__ volatile("yield" : : : "memory");
}

/* Sleeps in WFE until *at is another than old, which another CPU's plain store makes it. */
static uint32_t wait_for_store(volatile uint32_t *at, uint32_t old)
{
    uint32_t value;

    for (;;) {
        __asm__ volatile("ldxr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
        if (value != old) {
            __asm__ volatile("clrex");
            return value;
        }
        __asm__ volatile("wfe" : : : "memory");
    }
}

static uint32_t ping_pong(const struct Amp *a, unsigned cpu, uint32_t rounds)
{
    struct Channel *c = &a->shared->channel[cpu];
    struct Message m = { .sequence = c->received, .kind = KIND_PING_PONG, .payload = { rounds } };
    uint32_t errors = 0;

    c->ping = c->pong = 0;
    barrier();
    ring_put(&c->in, m);
    if (wants_doorbell(cpu)) {
        *reg(a->mhu, SCP_SET) = 1u << cpu;
    }
    for (uint32_t i = 0; i < rounds; i++) {
        barrier();
        c->ping = i + 1;
        errors += wait_for_store(&c->pong, i) != i + 1;
    }
    while (!ring_get(&c->out, &m)) {
        idle();
    }
    return errors + c->errors + (m.kind != (KIND_PING_PONG | KIND_ANSWER));
}

/* The made-up architecture answers value * value + sequence. */
static uint32_t sums(uint32_t count)
{
    struct ToyMailbox *t = (struct ToyMailbox *)(uintptr_t)TOY_MAILBOX;
    uint32_t errors = 0;

    for (uint32_t i = 1; i <= count; i++) {
        t->value = i * 77;
        barrier();
        t->sequence = i;
        barrier();
        *reg(MHU(2), SCP_SET) = 1;
        while (t->answered != i) {
            idle();
        }
        *reg(MHU(2), AP_CLEAR) = 1;
        barrier();
        errors += t->result != i * 77 * (i * 77) + i;
    }
    return errors;
}

static unsigned members(unsigned cluster, unsigned *ret_first)
{
    unsigned n = 0;

    for (unsigned i = *reg(CTRL, CTRL_COUNT); i-- > 0;) {
        if (*reg(CTRL, CTRL_ID + i * CTRL_STRIDE) >> 8 == cluster) {
            *ret_first = i;
            n++;
        }
    }
    return n;
}

void run(void);
void run(void)
{
    uint32_t count = *(volatile uint32_t *)(uintptr_t)PARAMETERS, rounds = count / 4 < MAX_ROUNDS ? count / 4 : MAX_ROUNDS;
    struct Amp a = { .mhu = MHU(1), .ctrl = CTRL, .shared = (struct Shared *)(uintptr_t)SRAM_MESSAGES, .idle = idle };
    struct Result r;
    unsigned first = 0;

    a.cpus = members(1, &a.first_cpu);
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned n = 0; n < a.cpus; n++) {
            exchange_stop(&a, n);
        }
        exchange_init(&a);
        for (unsigned n = 0; n < a.cpus; n++) {
            exchange_start(&a, n);
        }
        r = exchange(&a, count);
        report("sent ", r.sent);
        report("received ", r.received);
        report("errors ", r.errors);
        for (unsigned n = 0; n < a.cpus; n++) {
            report("ping-pong errors ", ping_pong(&a, n, rounds));
        }
    }
    if (members(2, &first)) {
        *reg(CTRL, CTRL_CONTROL + first * CTRL_STRIDE) = RUN;
        report("sums wrong ", sums(count < MAX_ROUNDS ? count : MAX_ROUNDS));
    }
    print("done\r\n");
}
