/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupt lines. An output line (IrqLine, embedded in its device) drives zero or more inputs; an input is a
 * handler, its owner and a number. Levels are lock-free words: irq_set may be called from any thread that the
 * device's own lock rules allow, and calls the handlers at once, on change only.
 */
#ifndef CORE_QOM_IRQ_H
#define CORE_QOM_IRQ_H

#include "core/forward.h"

/* level is 0 or 1 for lines; pulses are two calls. */
typedef void IrqHandler(void *opaque, unsigned n, int level);

typedef struct IrqSink {
    IrqHandler *handler;
    void *opaque;
    unsigned n;
} IrqSink;

struct IrqLine {
    int level;                                  /* atomic */
    unsigned num_sinks;
    IrqSink *sinks;                             /* fixed after wiring */
};

void irq_line_clear(IrqLine *line);             /* frees the sinks */
/* A sink that is added to a raised line sees the level at once. Not while other threads drive the line. */
void irq_line_add(IrqLine *line, IrqHandler *handler, void *opaque, unsigned n);
void irq_set(IrqLine *line, int level);
static inline int irq_level(const IrqLine *line)
{
    return __atomic_load_n(&line->level, __ATOMIC_ACQUIRE);
}
static inline void irq_raise(IrqLine *line)
{
    irq_set(line, 1);
}
static inline void irq_lower(IrqLine *line)
{
    irq_set(line, 0);
}
static inline void irq_pulse(IrqLine *line)
{
    irq_set(line, 1);
    irq_set(line, 0);
}

#endif
