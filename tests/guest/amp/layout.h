/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the programs of both sides agree on: two rings of messages for each CPU of the cluster, in the SRAM of amp-virt
 * that belongs to nobody, and bit n of the low-priority channel of the MHU as the doorbell of CPU n, each way. All
 * words are 32 bits, written by one side each.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdint.h>

#define SRAM_MESSAGES 0x28010000u               /* struct Shared */
#define TOY_MAILBOX 0x28020000u                 /* struct ToyMailbox */
#define PARAMETERS 0x280ff000u                  /* how many messages, for a program without an operating system */

enum { RING = 16, PAYLOAD = 5, MAX_CPUS = 8 };
enum { READY = 0x52454459 };
enum { KIND_DATA = 1, KIND_PING_PONG = 2, KIND_ANSWER = 0x100 };

struct Message {
    uint32_t sequence, kind, payload[PAYLOAD], check;
};

struct Ring {
    volatile uint32_t head, unused1[15];        /* messages ever put in */
    volatile uint32_t tail, unused2[15];        /* and taken out */
    volatile struct Message message[RING];
};

struct Channel {
    struct Ring in, out;                        /* to the cluster's CPU, and from it */
    volatile uint32_t ready, received, errors, wakeups, unused[12];
    volatile uint32_t ping, unused1[15], pong, unused2[15];
};

struct Shared {
    struct Channel channel[MAX_CPUS];
};

struct ToyMailbox {
    volatile uint32_t sequence, value, answered, result;
};

/* Offsets in the MHU's frame. AP_* is what the lower-numbered cluster receives, SCP_* the other. */
enum { AP_STAT = 0x000, AP_SET = 0x008, AP_CLEAR = 0x010, SCP_STAT = 0x100, SCP_SET = 0x108, SCP_CLEAR = 0x110 };
/* The reset controller: of CPU n, + 0x20 * n. */
enum { CTRL_COUNT = 0x000, CTRL_CONTROL = 0x100, CTRL_STATUS = 0x104, CTRL_VECTOR = 0x108, CTRL_ID = 0x110,
       CTRL_STRIDE = 0x20, RUN = 1, RUNNING = 1, SLEEPING = 2, LOCKUP = 4 };

static inline void barrier(void)
{
    __asm__ volatile("dmb sy" : : : "memory");
}

static inline uint32_t check_of(const struct Message *m)
{
    uint32_t sum = m->sequence * 31 + m->kind;

    for (unsigned i = 0; i < PAYLOAD; i++) {
        sum = (sum << 5 | sum >> 27) ^ m->payload[i];
    }
    return sum + 0x1234567;
}

/* A CPU that sleeps until the ring's head is stored to has no handler that would clear its doorbell. */
static inline int wants_doorbell(unsigned cpu)
{
    return cpu % 2 == 0;
}

/* What a CPU answers a word of payload with. */
static inline uint32_t answer(uint32_t word, uint32_t sequence, unsigned i, unsigned cpu)
{
    return (word ^ (sequence * 0x9e3779b9u + i)) + cpu;
}

/* By value, since the SRAM may be mapped so that only whole words can be accessed. False: full. */
static inline int ring_put(struct Ring *r, struct Message m)
{
    volatile struct Message *at = &r->message[r->head % RING];

    if (r->head - r->tail == RING) {
        return 0;
    }
    barrier();                                  /* the place was read before tail said so */
    at->sequence = m.sequence;
    at->kind = m.kind;
    for (unsigned i = 0; i < PAYLOAD; i++) {
        at->payload[i] = m.payload[i];
    }
    at->check = check_of(&m);
    barrier();
    r->head = r->head + 1;
    return 1;
}

/* False: empty. */
static inline int ring_get(struct Ring *r, struct Message *m)
{
    volatile struct Message *at = &r->message[r->tail % RING];

    if (r->head == r->tail) {
        return 0;
    }
    barrier();
    m->sequence = at->sequence;
    m->kind = at->kind;
    for (unsigned i = 0; i < PAYLOAD; i++) {
        m->payload[i] = at->payload[i];
    }
    m->check = at->check;
    barrier();
    r->tail = r->tail + 1;
    return 1;
}

#endif
