/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interrupt lines: a level that is exchanged atomically, and the handlers that hear of a change. */
#include "core/qom/irq.h"
#include <glib.h>

void irq_line_clear(IrqLine *line)
{
    g_free(line->sinks);
    line->sinks = NULL;
    line->num_sinks = 0;
}

void irq_line_add(IrqLine *line, IrqHandler *handler, void *opaque, unsigned n)
{
    line->sinks = g_renew(IrqSink, line->sinks, line->num_sinks + 1);
    line->sinks[line->num_sinks++] = (IrqSink){ handler, opaque, n };
    if (irq_level(line)) {
        handler(opaque, n, 1);
    }
}

void irq_set(IrqLine *line, int level)
{
    level = level != 0;
    if (__atomic_exchange_n(&line->level, level, __ATOMIC_ACQ_REL) == level) {
        return;
    }
    for (unsigned i = 0; i < line->num_sinks; i++) {
        line->sinks[i].handler(line->sinks[i].opaque, line->sinks[i].n, level);
    }
}
