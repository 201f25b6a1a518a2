/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The A-profile's side of the exchange, with or without an operating system. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "tests/guest/amp/layout.h"

struct Amp {
    volatile uint32_t *mhu, *ctrl;              /* to the cluster; the reset controller */
    struct Shared *shared;
    unsigned first_cpu, cpus;                   /* of the cluster, as the controller numbers them */
    void (*idle)(void);                         /* there is nothing to do just now */
};

struct Result {
    uint32_t sent, received, errors, doorbells;
};

static inline volatile uint32_t *reg(volatile uint32_t *base, unsigned offset)
{
    return base + offset / 4;
}

static inline volatile uint32_t *ctrl_reg(const struct Amp *a, unsigned cpu, unsigned which)
{
    return reg(a->ctrl, which + (a->first_cpu + cpu) * CTRL_STRIDE);
}

/* Clears the rings; the cluster's CPUs are held. */
void exchange_init(const struct Amp *a);
/* Releases a CPU, which starts where its VECTOR says, and waits until it says that it is ready. */
void exchange_start(const struct Amp *a, unsigned cpu);
/* Holds a CPU and waits until it has stopped. */
void exchange_stop(const struct Amp *a, unsigned cpu);
/* count messages to each CPU, as many on their way as the rings take, and their answers, checked, in order. */
struct Result exchange(const struct Amp *a, uint32_t count);

#endif
