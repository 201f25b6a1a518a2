/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counted mode: counted.h says how. Shapes of time: nanoseconds are int64_t, instructions uint64_t. */
#include <string.h>
#include "core/bits.h"
#include "core/exec/exec_int.h"
#include "core/exec/tb_int.h"
#include "core/log.h"

enum { MAX_GRANT = 1 << 30, MAX_SHIFT = 10, ADAPT_NS = 20 * 1000 * 1000 };

/* -- a CPU's time ----------------------------------------------------------------------------------------------------- */

static uint64_t insns_now(const CPUState *cs)
{
    const CpuTime *t = &cs->exec->time;

    return cs->insns + (uint64_t)(t->granted - counted_budget(cs));
}

static int64_t time_at(const CpuTime *t, uint64_t insns)
{
    return t->base_ns + (int64_t)((unsigned __int128)(insns - t->base_insns) * t->ns_num / t->ns_den);
}

static int64_t cpu_time(const CPUState *cs)
{
    return time_at(&cs->exec->time, insns_now(cs));
}

/* How many more until its time is at least ns. */
static uint64_t insns_until(const CPUState *cs, int64_t ns)
{
    const CpuTime *t = &cs->exec->time;
    unsigned __int128 n;

    if (cpu_time(cs) >= ns) {
        return 0;
    }
    n = ((unsigned __int128)(ns - t->base_ns) * t->ns_den + t->ns_num - 1) / t->ns_num;
    return (uint64_t)n + t->base_insns - insns_now(cs);
}

static void set_time(CPUState *cs, int64_t ns)
{
    CpuTime *t = &cs->exec->time;

    t->base_ns = ns;
    t->base_insns = insns_now(cs);
}

/* One instruction takes num / den nanoseconds from now on. */
static void set_pace(CPUState *cs, uint64_t num, uint64_t den)
{
    set_time(cs, cpu_time(cs));
    cs->exec->time.ns_num = num;
    cs->exec->time.ns_den = den;
}

void counted_cpu_init(CPUState *cs)
{
    CpuTime *t = &cs->exec->time;

    t->held = -1;
    t->wake_ns = INT64_MAX;
    t->ns_num = t->ns_den = 1;
    t->lines = g_array_new(FALSE, FALSE, sizeof(LineEvent));
}

void counted_cpu_free(CPUState *cs)
{
    g_array_unref(cs->exec->time.lines);
}

/* -- what generated code pays with ------------------------------------------------------------------------------------ */

int32_t counted_budget(const CPUState *cs)
{
    const CpuTime *t = &cs->exec->time;

    return (t->held >= 0 ? t->held : cs->poll) + t->kept;
}

static bool on_own_thread(const ExecMachine *x)
{
    return x->threads->len && ((ExecThread *)x->threads->pdata[0])->thread == g_thread_self();
}

void counted_leave(CPUState *cs)
{
    ExecMachine *x = cs->exec->x;

    if (on_own_thread(x) && x->counted->turn == cs && cs->exec->time.held < 0) {
        cs->exec->time.held = cs->poll;
        cs->poll = -1;
    }
}

void counted_begin(CPUState *cs, bool single)
{
    CpuTime *t = &cs->exec->time;

    if (single) {
        int32_t *rest = t->held >= 0 ? &t->held : &cs->poll;    /* held: finding the block asked the CPU to leave */

        t->kept = *rest - 1;
        *rest = 0;
        cs->poll = 1;
    }
    t->single = single;
    t->inside = true;
    cs->left = UINT32_MAX;
}

void counted_left(CPUState *cs, unsigned block_insns, bool raised, bool again)
{
    CpuTime *t = &cs->exec->time;
    int32_t *rest = t->held >= 0 ? &t->held : &cs->poll;

    if (raised && cs->left < block_insns) {
        *rest += (int32_t)(block_insns - cs->left) - !again;
    }
    *rest += t->kept;
    t->kept = 0;
    t->inside = t->single = false;
}

void counted_charge(CPUState *cs)
{
    CpuTime *t = &cs->exec->time;

    *(t->held >= 0 ? &t->held : &cs->poll) -= 1;
}

bool cpu_exact_counted(CPUState *cs)
{
    CpuTime *t = &cs->exec->time;

    if (!t->inside || t->single) {
        return true;
    }
    cs->exec->redo = REDO_SINGLE;
    cs->raised = 1;
    return false;
}

/* -- what others do to a CPU ------------------------------------------------------------------------------------------ */

static bool asleep(const CPUState *cs)
{
    return cs->halted || __atomic_load_n(&cs->powered_off, __ATOMIC_RELAXED);
}

void counted_wake(CPUState *cs)
{
    Machine *m = cs->exec->x->machine;
    CpuTime *t = &cs->exec->time;

    /* without the lock: the main loop asks for something, which makes it no later for the CPU */
    if (machine_lock_held(m) && asleep(cs) && t->wake_ns == INT64_MAX && exec_has_reason(cs)) {
        t->wake_ns = clock_now(m->clock);
    }
}

void counted_released(CPUState *cs)
{
    int64_t now = clock_now(cs->exec->x->machine->clock);

    if (cpu_time(cs) < now) {
        set_time(cs, now);
    }
}

/* Whether it is to be done now; else it is kept. */
static bool due(CPUState *cs, LineEvent e)
{
    Counted *c = cs->exec->x->counted;
    CpuTime *t = &cs->exec->time;
    unsigned at = t->lines->len;

    e.ns = clock_now(cs->exec->x->machine->clock);
    if (c->turn == cs || (!at && (asleep(cs) || cpu_time(cs) >= e.ns))) {
        return true;
    }
    while (at && g_array_index(t->lines, LineEvent, at - 1).ns > e.ns) {
        at--;
    }
    g_array_insert_val(t->lines, at, e);
    return false;
}

bool counted_set_line(CPUState *cs, unsigned bit, int level)
{
    return due(cs, (LineEvent){ .bit = (uint8_t)bit, .level = level != 0 });
}

bool counted_send_event(CPUState *cs, void (*fn)(CPUState *cs))
{
    return due(cs, (LineEvent){ .fn = fn });
}

static void take_lines(CPUState *cs)
{
    GArray *lines = cs->exec->time.lines;
    unsigned n = 0;

    while (n < lines->len && g_array_index(lines, LineEvent, n).ns <= cpu_time(cs)) {
        const LineEvent *e = &g_array_index(lines, LineEvent, n++);

        if (e->fn) {
            e->fn(cs);
        } else {
            cpu_change_line(cs, e->bit, e->level);
        }
    }
    if (n) {
        g_array_remove_range(lines, 0, n);
    }
}

/* -- the clock -------------------------------------------------------------------------------------------------------- */

/* The time of whoever asks: the CPU whose turn it is; outside, the end of the last window, or how long all have slept. */
static int64_t counted_now(void *opaque, int64_t standing)
{
    const ExecMachine *x = opaque;
    const Counted *c = x->counted;

    if (c->turn && on_own_thread(x)) {
        return cpu_time(c->turn);
    }
    if (c->sleeping_since) {
        return MIN(standing + clock_host_now() - c->sleeping_since, c->window_end);
    }
    return standing;
}

/* A timer was set: no CPU goes beyond its time before it has fired. */
static void counted_armed(void *opaque, int64_t expire)
{
    ExecMachine *x = opaque;
    Counted *c = x->counted;

    if (expire < c->window_end) {
        c->window_end = expire;
        if (c->turn) {
            counted_leave(c->turn);
        }
    }
}

/* -- windows ---------------------------------------------------------------------------------------------------------- */

/* When the CPU can go on; INT64_MAX: not by itself. */
static int64_t ready_at(CPUState *cs)
{
    const CpuTime *t = &cs->exec->time;

    if (exec_has_reason(cs)) {
        return asleep(cs) && t->wake_ns != INT64_MAX ? MAX(cpu_time(cs), t->wake_ns) : cpu_time(cs);
    }
    return t->lines->len ? MAX(cpu_time(cs), g_array_index(t->lines, LineEvent, 0).ns) : INT64_MAX;
}

/* The CPU to go on within the window, or NULL. *ret_at: when; of the soonest, if it lies behind the window. */
static CPUState *pick(ExecMachine *x, int64_t *ret_at)
{
    CPUState *best = NULL;

    *ret_at = INT64_MAX;
    for (unsigned i = 0; i < x->machine->cpus->len; i++) {
        CPUState *cs = x->machine->cpus->pdata[i];
        int64_t at = ready_at(cs);

        if (at < *ret_at) {
            *ret_at = at;
            best = cs;
        }
    }
    return *ret_at < x->counted->window_end ? best : NULL;
}

/* Instructions that may run until a time, or until the run ends. */
static int32_t grant(CPUState *cs, int64_t until)
{
    const ExecMachine *x = cs->exec->x;
    uint64_t n = MIN(insns_until(cs, until), MAX_GRANT);

    return (int32_t)(x->config.stop_after ? MIN(n, x->config.stop_after - x->counted->insns) : n);
}

/* By a breakpoint, or by the user. */
static bool paused(const ExecMachine *x)
{
    return __atomic_load_n(&x->paused, __ATOMIC_SEQ_CST);
}

/* -stop-after: nothing runs any more. */
static bool spent(const ExecMachine *x)
{
    return x->config.stop_after && x->counted->insns >= x->config.stop_after;
}

static void take_turn(ExecMachine *x, CPUState *cs, int64_t at)
{
    Counted *c = x->counted;
    CpuTime *t = &cs->exec->time;
    bool busy = true;

    if (at > cpu_time(cs)) {
        set_time(cs, at);
    }
    t->wake_ns = INT64_MAX;
    c->turn = cs;
    while (busy && !paused(x)) {
        int64_t until;
        uint64_t used;

        take_lines(cs);
        until = t->lines->len ? MIN(c->window_end, g_array_index(t->lines, LineEvent, 0).ns) : c->window_end;
        t->held = -1;                           /* a line asked it to leave, which it is going to look at */
        t->granted = cs->poll = grant(cs, until);
        if (!t->granted && !__atomic_load_n(&cs->requests, __ATOMIC_SEQ_CST)) {
            break;
        }
        busy = exec_turn(cs);
        used = insns_now(cs) - cs->insns;
        cs->insns += used;
        c->insns += used;
        t->granted = cs->poll = 0;
        t->held = -1;
    }
    t->wake_ns = INT64_MAX;                     /* of a line that rose in its own turn: no time to wake at later */
    c->turn = NULL;
    c->stopped = paused(x) ? cs : NULL;
}

/* All CPUs sleep. Time goes on to the next timer: at once, or as the host's does. */
static void sleep_through(ExecMachine *x, ExecThread *t)
{
    Counted *c = x->counted;
    Clock *clock = x->machine->clock;
    int64_t now = clock_now(clock), next = clock_deadline(clock);

    c->window_end = next;
    if (next == INT64_MAX || x->config.sleep) {
        c->sleeping_since = x->config.sleep ? clock_host_now() : 0;
        machine_unlock(x->machine);
        exec_sleep(t, next == INT64_MAX ? -1 : next - now);
        machine_lock(x->machine);
        c->window_end = c->sleeping_since ? clock_now(clock) : now;
        c->sleeping_since = 0;
    }
}

/* shift=auto: the pace follows the host's clock. */
static void adapt(ExecMachine *x, int64_t now)
{
    Counted *c = x->counted;
    int64_t host = clock_host_now(), dh = host - c->adapt_host, dv = now - c->adapt_ns;

    if (dh < ADAPT_NS) {
        return;
    }
    if (dv < dh - dh / 4 && x->config.shift < MAX_SHIFT) {
        x->config.shift++;
    } else if (dv > dh + dh / 4 && x->config.shift) {
        x->config.shift--;
    }
    for (unsigned i = 0; i < x->machine->cpus->len; i++) {
        CPUState *cs = x->machine->cpus->pdata[i];

        if (!cs->frequency) {
            set_pace(cs, UINT64_C(1) << x->config.shift, 1);
        }
    }
    c->adapt_host = host;
    c->adapt_ns = now;
}

static void end_window(ExecMachine *x)
{
    Counted *c = x->counted;

    clock_run(x->machine->clock, c->window_end);
    for (unsigned i = 0; i < c->ends->len; i++) {
        const WindowEnd *e = &g_array_index(c->ends, WindowEnd, i);

        e->fn(e->opaque);
    }
    if (log_enabled(LOG_TRACE_HASH)) {
        for (unsigned i = 0; i < x->machine->cpus->len; i++) {
            trace_registers(x->machine->cpus->pdata[i]);
        }
    }
    if (x->config.adapt) {
        adapt(x, c->window_end);
    }
}

static void run_window(ExecMachine *x, ExecThread *t)
{
    Counted *c = x->counted;
    int64_t now = clock_now(x->machine->clock), at;
    CPUState *cs;

    if (!c->in_window) {
        c->window_end = MIN(now - now % (int64_t)x->config.quantum + (int64_t)x->config.quantum,
                            MAX(clock_deadline(x->machine->clock), now));
        c->in_window = true;
    }
    if (c->stopped) {
        take_turn(x, c->stopped, cpu_time(c->stopped));
    }
    at = now;
    while (!spent(x) && !paused(x) && (cs = pick(x, &at)) != NULL) {
        take_turn(x, cs, at);
    }
    if (paused(x)) {
        return;
    }
    c->in_window = false;
    if (at == INT64_MAX && c->window_end > now) {
        sleep_through(x, t);
    }
    end_window(x);
    if (spent(x)) {
        machine_request_shutdown(x->machine, 0);
    }
}

/* Lets those in who wait for the machine lock, and whoever ends, pauses or resets the machine. */
static void let_in(ExecMachine *x, ExecThread *t)
{
    Machine *m = x->machine;

    if (!machine_lock_wanted(m) && !exec_wants_control(x)) {
        return;
    }
    machine_unlock(m);
    while (machine_lock_wanted(m)) {
        g_thread_yield();
    }
    exec_give_control(t);
    machine_lock(m);
}

void counted_main(ExecThread *t)
{
    ExecMachine *x = t->x;

    epoch_online(&t->epoch);
    machine_lock(x->machine);
    for (;;) {
        let_in(x, t);
        if (__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST)) {
            break;
        }
        run_window(x, t);
    }
    machine_unlock(x->machine);
    epoch_offline(&t->epoch);
}

static const ClockHand hand = { counted_now, counted_armed };

void counted_init(ExecMachine *x)
{
    x->counted = g_new0(Counted, 1);
    x->counted->ends = g_array_new(FALSE, FALSE, sizeof(WindowEnd));
    x->machine->clock = clock_new(NULL, x->machine);
    clock_set_hand(x->machine->clock, &hand, x);
}

void counted_free(ExecMachine *x)
{
    g_array_unref(x->counted->ends);
    g_free(x->counted);
}

void counted_start(ExecMachine *x)
{
    for (unsigned i = 0; i < x->machine->cpus->len; i++) {
        CPUState *cs = x->machine->cpus->pdata[i];

        cs->counted = true;
        cpu_set_frequency(cs, cs->frequency);
    }
}

void exec_at_window_end(Machine *m, void (*fn)(void *opaque), void *opaque)
{
    ExecMachine *x = exec_machine(m);

    if (x->counted) {
        WindowEnd e = { fn, opaque };

        g_array_append_val(x->counted->ends, e);
    }
}

void cpu_set_frequency(CPUState *cs, uint64_t hz)
{
    if (CPU_CLASS_OF(cs)->set_frequency) {
        CPU_CLASS_OF(cs)->set_frequency(cs, hz);
    } else {
        cs->frequency = hz;
    }
    if (cs->counted) {
        set_pace(cs, hz ? UINT64_C(1000000000) : UINT64_C(1) << cs->exec->x->config.shift, hz ? hz : 1);
    }
}
