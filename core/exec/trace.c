/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * -d trace-hash: one number for everything that the CPUs of a counted run did: each exception, interrupt and device
 * access with its CPU's count of instructions and virtual time, and the registers at the end of each window. Two runs
 * are the same when their numbers are.
 */
#include <string.h>
#include "core/exec/exec_int.h"
#include "core/log.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

void trace_event(CPUState *cs, TraceKind kind, uint64_t a, uint64_t b)
{
    uint64_t h = mix(cs->exec->trace, kind);

    h = mix(h, (uint64_t)clock_now(cs->exec->x->machine->clock));
    cs->exec->trace = mix(mix(h, a), b);
}

void trace_registers(CPUState *cs)
{
    const TcgTarget *target = cs->exec->ec->cc->tcg;
    uint64_t h = mix(mix(cs->exec->trace, TRACE_REGISTERS), cs->insns);

    for (unsigned i = 0; i < target->num_regs; i++) {
        const TcgReg *r = &target->regs[i];
        uint64_t v[2] = { 0 };

        memcpy(v, (const uint8_t *)cs + r->offset, tcg_type_size(r->type));
        h = mix(mix(h, v[0]), v[1]);
    }
    cs->exec->trace = h;
}

void exec_log_trace(Machine *m)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < m->clusters->len; i++) {
        const Cluster *c = m->clusters->pdata[i];
        uint64_t h = 0, insns = 0;

        for (unsigned k = 0; k < c->cpus->len; k++) {
            const CPUState *cs = c->cpus->pdata[k];

            h = mix(h, cs->exec->trace);
            insns += cs->insns;
        }
        all = mix(all, h);
        log_write("trace-hash %s %" G_GUINT64_FORMAT " %016" G_GINT64_MODIFIER "x\n", c->name, insns, h);
    }
    log_write("trace-hash all %016" G_GINT64_MODIFIER "x\n", all);
}
