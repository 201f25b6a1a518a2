/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware of a cluster's CPUs: each takes messages from its ring, checks that they come whole and in order, and answers.
 * CPUs of even number sleep in WFI until the doorbell's interrupt; those of odd number in WFE, after LDREX of the
 * ring's head, until the other side's store to it. In ping-pong every CPU waits that second way.
 */
#include "tests/guest/amp/layout.h"
#include "tests/guest/amp/m_board.h"

static uint32_t load_exclusive(volatile uint32_t *at)
{
    uint32_t value;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

/* Sleeps while *at is old. */
static void wait_for_store(struct Channel *c, volatile uint32_t *at, uint32_t old)
{
    while (load_exclusive(at) == old) {
        __asm__ volatile("wfe" : : : "memory");
        c->wakeups++;
    }
    __asm__ volatile("clrex");
}

static void wait_for_doorbell(struct Channel *c)
{
    __asm__ volatile("cpsid i" : : : "memory");
    if (c->in.head == c->in.tail) {
        __asm__ volatile("dsb\nwfi" : : : "memory");
        c->wakeups++;
    }
    __asm__ volatile("cpsie i\nisb" : : : "memory");
}

void mhu_handler(void)
{
    REG(MHU_TO_A + SCP_CLEAR) = 1u << CPU_NUMBER;
    __asm__ volatile("dsb" : : : "memory");
}

static void ring_bell(unsigned n)
{
    barrier();
    REG(MHU_TO_A + AP_SET) = 1u << n;
}

static void ping_pong(struct Channel *c, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        wait_for_store(c, &c->ping, i);
        c->errors += c->ping != i + 1;
        barrier();
        c->pong = i + 1;
    }
}

void program(void)
{
    unsigned n = CPU_NUMBER;
    struct Channel *c = &((struct Shared *)(uintptr_t)SRAM_MESSAGES)->channel[n];
    struct Message m;
    uint32_t expected = 0;

    if (wants_doorbell(n)) {
        NVIC_ISER = 1u << IRQ_MHU_LOW;
    }
    barrier();
    c->ready = READY;
    ring_bell(n);
    for (;;) {
        while (!ring_get(&c->in, &m)) {
            if (wants_doorbell(n)) {
                wait_for_doorbell(c);
            } else {
                wait_for_store(c, &c->in.head, c->in.tail);
            }
        }
        c->received++;
        c->errors += m.sequence != expected || m.check != check_of(&m);
        expected = m.sequence + 1;
        if (m.kind == KIND_PING_PONG) {
            ping_pong(c, m.payload[0]);
        }
        for (unsigned i = 0; i < PAYLOAD; i++) {
            m.payload[i] = answer(m.payload[i], m.sequence, i, n);
        }
        m.kind |= KIND_ANSWER;
        while (!ring_put(&c->out, m)) {
        }
        ring_bell(n);
    }
}
