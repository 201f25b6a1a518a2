/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/amp/exchange.h"

void exchange_init(const struct Amp *a)
{
    volatile uint32_t *word = (volatile uint32_t *)a->shared;

    for (unsigned i = 0; i < sizeof(struct Shared) / 4; i++) {
        word[i] = 0;
    }
    *reg(a->mhu, AP_CLEAR) = UINT32_MAX;
    *reg(a->mhu, SCP_CLEAR) = UINT32_MAX;
    barrier();
}

void exchange_start(const struct Amp *a, unsigned cpu)
{
    barrier();
    *ctrl_reg(a, cpu, CTRL_CONTROL) = RUN;
    while (a->shared->channel[cpu].ready != READY) {
        a->idle();
    }
}

void exchange_stop(const struct Amp *a, unsigned cpu)
{
    *ctrl_reg(a, cpu, CTRL_CONTROL) = 0;
    while (*ctrl_reg(a, cpu, CTRL_STATUS) & RUNNING) {
        a->idle();
    }
}

static uint32_t random_word(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state ^ *state >> 16;
}

static struct Message message(uint32_t sequence, uint32_t *state)
{
    struct Message m;

    m.sequence = sequence;
    m.kind = KIND_DATA;
    m.check = 0;
    for (unsigned i = 0; i < PAYLOAD; i++) {
        m.payload[i] = random_word(state);
    }
    return m;
}

static unsigned wrong(const struct Message *m, uint32_t sequence, uint32_t *state, unsigned cpu)
{
    unsigned bad = m->sequence != sequence || m->kind != (KIND_DATA | KIND_ANSWER) || m->check != check_of(m);

    for (unsigned i = 0; i < PAYLOAD; i++) {
        bad |= m->payload[i] != answer(random_word(state), sequence, i, cpu);
    }
    return bad;
}

struct Result exchange(const struct Amp *a, uint32_t count)
{
    struct Result r = { 0, 0, 0, 0 };
    uint32_t sent[MAX_CPUS], received[MAX_CPUS], sending[MAX_CPUS], expecting[MAX_CPUS];
    uint32_t first[MAX_CPUS];

    for (unsigned n = 0; n < a->cpus; n++) {
        sent[n] = received[n] = 0;
        first[n] = a->shared->channel[n].received;
        sending[n] = expecting[n] = 0x1000 + n;
    }
    while (r.received < count * a->cpus) {
        unsigned done = 0;
        uint32_t bells = *reg(a->mhu, AP_STAT);

        if (bells) {
            *reg(a->mhu, AP_CLEAR) = bells;
            r.doorbells++;
        }
        for (unsigned n = 0; n < a->cpus; n++) {
            struct Channel *c = &a->shared->channel[n];
            struct Message m;
            unsigned before = done;

            while (sent[n] < count && c->in.head - c->in.tail < RING) {
                ring_put(&c->in, message(first[n] + sent[n], &sending[n]));
                sent[n]++;
                r.sent++;
                done++;
            }
            if (done != before && wants_doorbell(n)) {
                barrier();
                *reg(a->mhu, SCP_SET) = 1u << n;
            }
            while (ring_get(&c->out, &m)) {
                r.errors += wrong(&m, first[n] + received[n], &expecting[n], n);
                received[n]++;
                r.received++;
                done++;
            }
        }
        if (!done) {
            a->idle();
        }
    }
    for (unsigned n = 0; n < a->cpus; n++) {
        r.errors += a->shared->channel[n].errors;
    }
    return r;
}
