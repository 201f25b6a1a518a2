/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A debugger's session: what each packet asks for. One thing of the stream is done at a time, in the main loop with no
 * lock held, since most of it waits for CPUs; while the debugger waits for a stop, only ^C is looked at.
 *
 * Thread numbers are those of the machine's CPUs plus one, whether the peer knows of processes or not.
 */
#include <string.h>
#include "core/exec/exec.h"
#include "core/gdbstub/stub_int.h"
#include "core/io/char.h"
#include "core/keyval.h"
#include "core/log.h"

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5, MAX_ACTIONS = 64, OUTPUT_PIECE = 2000 };

typedef struct Inferior {
    Cluster *cluster;
    unsigned pid;
    bool detached;
    GdbTarget *target;                          /* made when first asked for */
} Inferior;

struct GdbStub {
    Machine *m;
    Monitor *mon;
    CharBackend chr;
    GdbLink link;
    GSource *source;                            /* something is to be done */
    GArray *inferiors;                          /* Inferior */
    bool connected;                             /* a peer is there */
    bool arrived, gone;                         /* ... as of events that were not acted on yet */
    bool running;                               /* the peer waits for a stop */
    bool busy;                                  /* a packet is being done */
    bool multiprocess, swbreak, hwbreak, phys_memory;
    CPUState *general, *control;                /* Hg, Hc */
    DebugStop why;                              /* the last stop */
    GArray *points;                             /* Point: what this debugger has put there */
    GdbCalls calls;
    char *chardev;                              /* the id of the one that we made; NULL: it is the user's */
};

typedef struct Point {
    Cluster *cluster;
    DebugPointKind kind;
    vaddr addr;
    uint64_t len;
} Point;

/* -- threads ------------------------------------------------------------------------------------------------------- */

static Inferior *inferior_of(GdbStub *s, const CPUState *cs)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        if (inf->cluster == cs->cluster) {
            return inf;
        }
    }
    return NULL;
}

static Inferior *inferior_by_pid(GdbStub *s, uint64_t pid)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        if (inf->pid == pid) {
            return inf;
        }
    }
    return NULL;
}

static CPUState *first_cpu(GdbStub *s)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        const Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        if (!inf->detached && inf->cluster->cpus->len) {
            return inf->cluster->cpus->pdata[0];
        }
    }
    return g_array_index(s->inferiors, Inferior, 0).cluster->cpus->pdata[0];
}

static void append_thread(GdbStub *s, GString *out, const CPUState *cs)
{
    if (s->multiprocess) {
        g_string_append_printf(out, "p%x.%x", inferior_of(s, cs)->pid, cs->index + 1);
    } else {
        g_string_append_printf(out, "%x", cs->index + 1);
    }
}

/* What a thread id means: one CPU, or all of a process or of everything. */
typedef struct ThreadId {
    Inferior *inf;                              /* NULL: any process */
    CPUState *cs;                               /* NULL: all of them, or any */
} ThreadId;

/* "-1" (all) and "0" (any) are 0. */
static bool id_part(const char **p, uint64_t *ret)
{
    if (g_str_has_prefix(*p, "-1")) {
        *p += 2;
        *ret = 0;
        return true;
    }
    return hex_number(p, ret);
}

static bool parse_thread(GdbStub *s, const char **p, ThreadId *ret)
{
    uint64_t pid = 0, tid = 0;

    memset(ret, 0, sizeof(*ret));
    if (**p == 'p') {
        ++*p;
        if (!id_part(p, &pid)) {
            return false;
        }
        ret->inf = pid ? inferior_by_pid(s, pid) : NULL;
        if ((pid && !ret->inf) || (**p == '.' && (++*p, !id_part(p, &tid)))) {
            return false;
        }
    } else if (!id_part(p, &tid)) {
        return false;
    }
    if (tid == 0) {
        return true;
    }
    if (tid > s->m->cpus->len) {
        return false;
    }
    ret->cs = s->m->cpus->pdata[tid - 1];
    return inferior_of(s, ret->cs) && (!ret->inf || ret->inf->cluster == ret->cs->cluster);
}

static bool thread_matches(const ThreadId *id, const CPUState *cs)
{
    return id->cs ? id->cs == cs : !id->inf || id->inf->cluster == cs->cluster;
}

/* The CPU that a thread id means where one is needed: the one that is in use if it fits. */
static CPUState *pick(const ThreadId *id, CPUState *now)
{
    return id->cs ? id->cs : thread_matches(id, now) ? now : id->inf->cluster->cpus->pdata[0];
}

/* Calls fn for each CPU that the debugger is attached to. */
static void each_cpu(GdbStub *s, void (*fn)(GdbStub *s, CPUState *cs, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        const Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        for (unsigned k = 0; !inf->detached && k < inf->cluster->cpus->len; k++) {
            fn(s, inf->cluster->cpus->pdata[k], opaque);
        }
    }
}

/* -- replies ------------------------------------------------------------------------------------------------------- */

static void reply(GdbStub *s, const char *text)
{
    gdblink_puts(&s->link, text);
}

static void reply_ok(GdbStub *s)
{
    reply(s, "OK");
}

static void reply_bad(GdbStub *s)
{
    reply(s, "E22");                            /* EINVAL */
}

static void reply_stop(GdbStub *s)
{
    static const char *const watch[] = {
        [DEBUG_WATCH_WRITE] = "watch", [DEBUG_WATCH_READ] = "rwatch", [DEBUG_WATCH_ACCESS] = "awatch",
    };
    g_autoptr(GString) out = g_string_new(NULL);
    const DebugStop *why = &s->why;

    g_string_append_printf(out, "T%02x", why->kind == DEBUG_STOP_PAUSED ? SIGNAL_INT : SIGNAL_TRAP);
    if (why->kind == DEBUG_STOP_WATCH) {
        g_string_append_printf(out, "%s:%" G_GINT64_MODIFIER "x;", watch[why->point], why->addr);
    } else if (why->kind == DEBUG_STOP_BREAK && why->point == DEBUG_BREAK_SOFT && s->swbreak) {
        g_string_append(out, "swbreak:;");
    } else if (why->kind == DEBUG_STOP_BREAK && why->point == DEBUG_BREAK_HARD && s->hwbreak) {
        g_string_append(out, "hwbreak:;");
    }
    g_string_append(out, "thread:");
    append_thread(s, out, why->cs);
    g_string_append_c(out, ';');
    reply(s, out->str);
}

/* -- stopping and going on -------------------------------------------------------------------------------------------- */

static void stopped(void *opaque, const DebugStop *why)
{
    GdbStub *s = opaque;

    if (!s->connected || (why->cs && (!inferior_of(s, why->cs) || inferior_of(s, why->cs)->detached))) {
        return;                                 /* another debugger's */
    }
    s->why = *why;
    if (!s->why.cs) {
        s->why.cs = s->general ? s->general : first_cpu(s);
    }
    s->general = s->control = s->why.cs;
    if (s->running && s->calls.asked) {
        s->calls.stop_due = true;               /* it expects to be asked for more, or a stop, when it has answered */
    } else if (s->running) {
        s->running = false;
        reply_stop(s);
    }
}

static void resumed(void *opaque G_GNUC_UNUSED)
{
}

static bool holds(void *opaque)
{
    GdbStub *s = opaque;
    bool attached = false;

    for (unsigned i = 0; i < s->inferiors->len; i++) {
        attached |= !g_array_index(s->inferiors, Inferior, i).detached;
    }
    return s->connected && !s->running && attached;
}

static void interrupt(GdbStub *s)
{
    const DebugStop why = { .kind = DEBUG_STOP_PAUSED };

    exec_pause(s->m);
    if (s->running) {                           /* it stood already: another debugger's doing, or the monitor's */
        stopped(s, &why);
    }
}

static void go(GdbStub *s)
{
    s->running = true;
    gdbcalls_next(&s->calls, &s->link);
    debug_go(s->m);
}

/* -- what programs ask of its host --------------------------------------------------------------------------------- */

static bool host_call(void *opaque, DebugHostCall *call)
{
    GdbStub *s = opaque;

    if (!s->connected || !inferior_of(s, call->cs) || inferior_of(s, call->cs)->detached) {
        return false;
    }
    g_queue_push_tail(&s->calls.waiting, call);
    if (s->running) {
        gdbcalls_next(&s->calls, &s->link);
    }
    return true;
}

static void set_detached(GdbStub *s, Inferior *inf, bool detached)
{
    if (inf->detached != detached) {
        inf->detached = detached;
        debug_serve_host(inf->cluster, !detached);
        gdbcalls_fail(&s->calls, inf->cluster);
    }
}

static void let_run(GdbStub *s G_GNUC_UNUSED, CPUState *cs, void *opaque G_GNUC_UNUSED)
{
    debug_set_run(cs, DEBUG_RUN, 0, 0);
}

/* Those of a cluster, or all (NULL). */
static void remove_points(GdbStub *s, const Cluster *cluster)
{
    for (unsigned i = s->points->len; i-- > 0;) {
        const Point *p = &g_array_index(s->points, Point, i);

        if (!cluster || p->cluster == cluster) {
            debug_remove(p->cluster, p->kind, p->addr, p->len);
            g_array_remove_index_fast(s->points, i);
        }
    }
}

static void detach(GdbStub *s, Inferior *inf)
{
    remove_points(s, inf->cluster);
    for (unsigned i = 0; i < inf->cluster->cpus->len; i++) {
        let_run(s, inf->cluster->cpus->pdata[i], NULL);
    }
    set_detached(s, inf, true);
}

/* -- packets ------------------------------------------------------------------------------------------------------- */

/* args: behind the row's name. */
typedef struct Packet {
    const char *args;
    size_t len;                                 /* of args */
} Packet;

static void do_why(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_stop(s);
}

static void do_extended(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_ok(s);
}

typedef struct Action {
    DebugRun run;
    vaddr first, end;
    ThreadId who;
} Action;

typedef struct Actions {
    Action action[MAX_ACTIONS];
    unsigned num;
} Actions;

static void apply_actions(GdbStub *s G_GNUC_UNUSED, CPUState *cs, void *opaque)
{
    const Actions *a = opaque;

    for (unsigned i = 0; i < a->num; i++) {
        if (thread_matches(&a->action[i].who, cs)) {
            debug_set_run(cs, a->action[i].run, a->action[i].first, a->action[i].end);
            return;
        }
    }
    debug_set_run(cs, DEBUG_HOLD, 0, 0);
}

/* c, s [ADDR]; C, S SIG[;ADDR]: signals have no meaning here. The CPU of Hc; when stepping, others stand. */
static void resume_old(GdbStub *s, const char *args, bool step)
{
    Actions a = { .num = 1 };
    uint64_t pc;

    if (*args) {
        if (!hex_number(&args, &pc) || *args) {
            reply_bad(s);
            return;
        }
        CPU_CLASS_OF(s->control)->set_pc(s->control, pc);
        cpu_key_changed(s->control);
    }
    a.action[0].run = step ? DEBUG_STEP : DEBUG_RUN;
    if (step) {
        a.action[0].who.cs = s->control;
    }
    each_cpu(s, apply_actions, &a);
    go(s);
}

static void do_continue(GdbStub *s, const Packet *p)
{
    resume_old(s, p->args, false);
}

static void do_step(GdbStub *s, const Packet *p)
{
    resume_old(s, p->args, true);
}

static const char *behind_signal(const char *args)
{
    uint64_t sig;

    return !hex_number(&args, &sig) ? "?" : *args == ';' ? args + 1 : args;
}

static void do_continue_signal(GdbStub *s, const Packet *p)
{
    resume_old(s, behind_signal(p->args), false);
}

static void do_step_signal(GdbStub *s, const Packet *p)
{
    resume_old(s, behind_signal(p->args), true);
}

static bool parse_action(GdbStub *s, const char **p, Action *a)
{
    uint64_t sig;

    switch (*(*p)++) {
    case 'C':
        if (!hex_number(p, &sig)) {
            return false;
        }
        /* fall through */
    case 'c':
        a->run = DEBUG_RUN;
        break;
    case 'S':
        if (!hex_number(p, &sig)) {
            return false;
        }
        /* fall through */
    case 's':
        a->run = DEBUG_STEP;
        break;
    case 'r':
        a->run = DEBUG_STEP_RANGE;
        if (!hex_number(p, &a->first) || *(*p)++ != ',' || !hex_number(p, &a->end)) {
            return false;
        }
        break;
    case 't':
        a->run = DEBUG_HOLD;
        break;
    default:
        return false;
    }
    if (**p == ':') {
        ++*p;
        return parse_thread(s, p, &a->who);
    }
    return true;
}

static void do_vcont(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    Actions a = { .num = 0 };

    while (*at == ';') {
        at++;
        if (a.num == MAX_ACTIONS || !parse_action(s, &at, &a.action[a.num++])) {
            reply_bad(s);
            return;
        }
    }
    if (*at || !a.num) {
        reply_bad(s);
        return;
    }
    each_cpu(s, apply_actions, &a);
    go(s);
}

static void do_vcont_query(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply(s, "vCont;c;C;s;S;t;r");
}

static void do_thread(GdbStub *s, const Packet *p)
{
    const char *at = p->args + 1;
    ThreadId id;

    if ((*p->args != 'g' && *p->args != 'c') || !parse_thread(s, &at, &id) || *at) {
        reply_bad(s);
        return;
    }
    if (*p->args == 'g') {
        s->general = pick(&id, s->general);
    } else {
        s->control = pick(&id, s->control);
    }
    reply_ok(s);
}

static void do_alive(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    ThreadId id;

    if (!parse_thread(s, &at, &id) || *at || !id.cs) {
        reply_bad(s);
    } else {
        reply_ok(s);
    }
}

/* -- registers ------------------------------------------------------------------------------------------------------- */

static GdbTarget *target_of(GdbStub *s, const CPUState *cs)
{
    Inferior *inf = inferior_of(s, cs);

    if (!inf->target) {
        inf->target = gdbtarget_new(inf->cluster->cpus->pdata[0]);
    }
    return inf->target;
}

static void append_reg(GString *out, CPUState *cs, const DebugReg *r, unsigned bits)
{
    uint8_t buf[DEBUG_REG_MAX];

    if (r && debug_reg_read(cs, r, buf)) {
        hex_append(out, buf, r->bits / 8);
    } else {
        for (unsigned i = 0; i < bits / 8; i++) {
            g_string_append(out, "xx");         /* not available */
        }
    }
}

static unsigned reg_bits(const GdbTarget *t, unsigned n)
{
    return ((const DebugReg *)t->regs->pdata[n])->bits;
}

static void do_read_all(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GdbTarget *t = target_of(s, s->general);

    for (unsigned i = 0; i < t->num_at_once; i++) {
        append_reg(out, s->general, gdbtarget_reg(t, s->general, i), reg_bits(t, i));
    }
    reply(s, out->len ? out->str : "E01");
}

static bool write_reg(CPUState *cs, const DebugReg *r, const char **hex)
{
    uint8_t buf[DEBUG_REG_MAX];

    return r && hex_bytes(hex, buf, r->bits / 8) && debug_reg_write(cs, r, buf);
}

static void do_write_all(GdbStub *s, const Packet *p)
{
    GdbTarget *t = target_of(s, s->general);
    const char *hex = p->args;

    for (unsigned i = 0; i < t->num_at_once && *hex; i++) {
        const char *start = hex;

        if (!write_reg(s->general, gdbtarget_reg(t, s->general, i), &hex)) {
            if (!g_str_has_prefix(start, "xx") || strlen(start) < reg_bits(t, i) / 4) {
                reply_bad(s);
                return;
            }
            hex = start + reg_bits(t, i) / 4;
        }
    }
    if (*hex) {
        reply_bad(s);
    } else {
        reply_ok(s);
    }
}

static void do_read_reg(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GdbTarget *t = target_of(s, s->general);
    const char *at = p->args;
    uint64_t n;

    if (!hex_number(&at, &n) || *at || n >= t->regs->len) {
        reply_bad(s);
        return;
    }
    append_reg(out, s->general, gdbtarget_reg(t, s->general, (unsigned)n), reg_bits(t, (unsigned)n));
    reply(s, out->str);
}

static void do_write_reg(GdbStub *s, const Packet *p)
{
    GdbTarget *t = target_of(s, s->general);
    const char *at = p->args;
    uint64_t n;

    if (!hex_number(&at, &n) || *at++ != '=' || n >= t->regs->len ||
        !write_reg(s->general, gdbtarget_reg(t, s->general, (unsigned)n), &at) || *at) {
        reply_bad(s);
    } else {
        reply_ok(s);
    }
}

/* -- memory ---------------------------------------------------------------------------------------------------------- */

/* "ADDR,LEN" */
static bool parse_range(const char **p, vaddr *addr, uint64_t *len)
{
    return hex_number(p, addr) && *(*p)++ == ',' && hex_number(p, len);
}

static size_t read_memory(GdbStub *s, vaddr addr, uint8_t *buf, uint64_t len)
{
    if (s->calls.asked) {
        const uint8_t *from = gdbcalls_memory(&s->calls, addr, &len);

        if (from) {
            memcpy(buf, from, len);
        }
        return len;
    }
    return s->phys_memory ? debug_read_phys(s->general, addr, buf, len) : debug_read(s->general, addr, buf, len);
}

static void do_read_memory(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *at = p->args;
    uint8_t buf[GDB_MAX_PACKET / 2];
    uint64_t len;
    vaddr addr;
    size_t n;

    if (!parse_range(&at, &addr, &len) || *at) {
        reply_bad(s);
        return;
    }
    len = MIN(len, sizeof(buf));
    n = read_memory(s, addr, buf, len);
    if (len && !n) {
        reply(s, "E14");                        /* EFAULT */
        return;
    }
    hex_append(out, buf, n);
    reply(s, out->str);
}

static void write_memory(GdbStub *s, vaddr addr, const uint8_t *buf, size_t len)
{
    size_t n;

    if (s->calls.asked) {
        uint64_t room = len;
        uint8_t *to = gdbcalls_memory(&s->calls, addr, &room);

        n = to && room == len ? len : 0;
        if (n) {
            memcpy(to, buf, n);
        }
    } else {
        n = s->phys_memory ? debug_write_phys(s->general, addr, buf, len) : debug_write(s->general, addr, buf, len);
    }
    reply(s, n == len ? "OK" : "E14");
}

static void do_write_memory(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint8_t buf[GDB_MAX_PACKET / 2];
    uint64_t len;
    vaddr addr;

    if (!parse_range(&at, &addr, &len) || *at++ != ':' || len > sizeof(buf) || !hex_bytes(&at, buf, len) || *at) {
        reply_bad(s);
    } else {
        write_memory(s, addr, buf, len);
    }
}

static void do_write_binary(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t len;
    vaddr addr;

    if (!parse_range(&at, &addr, &len) || *at++ != ':' || len != p->len - (size_t)(at - p->args)) {
        reply_bad(s);
    } else {
        write_memory(s, addr, (const uint8_t *)at, len);
    }
}

/* -- breakpoints and watchpoints ----------------------------------------------------------------------------------- */

/* "TYPE,ADDR,KIND": the kind is a watchpoint's length. They are of the process of Hg. False: replied. */
static bool parse_point(GdbStub *s, const Packet *p, Point *ret)
{
    const char *at = p->args + 1;

    if (*p->args < '0' || *p->args > '4') {
        reply(s, "");
        return false;
    }
    *ret = (Point){ .cluster = s->general->cluster, .kind = (DebugPointKind)(*p->args - '0') };
    if (*at++ != ',' || !parse_range(&at, &ret->addr, &ret->len) || (*at && *at != ';')) {
        reply_bad(s);
        return false;
    }
    if (ret->kind == DEBUG_BREAK_SOFT || ret->kind == DEBUG_BREAK_HARD) {
        ret->len = 0;                           /* how it would be encoded */
    }
    return true;
}

static int find_point(const GdbStub *s, const Point *p)
{
    for (unsigned i = 0; i < s->points->len; i++) {
        const Point *o = &g_array_index(s->points, Point, i);

        if (o->cluster == p->cluster && o->kind == p->kind && o->addr == p->addr && o->len == p->len) {
            return (int)i;
        }
    }
    return -1;
}

static void do_insert(GdbStub *s, const Packet *p)
{
    Point point;

    if (!parse_point(s, p, &point)) {
        return;
    }
    if (inferior_of(s, s->general)->detached) {
        reply_bad(s);                           /* a stop there would be nobody's */
        return;
    }
    if (!debug_insert(point.cluster, point.kind, point.addr, point.len)) {
        reply_bad(s);
        return;
    }
    if (find_point(s, &point) < 0) {
        g_array_append_val(s->points, point);
    }
    reply_ok(s);
}

static void do_remove(GdbStub *s, const Packet *p)
{
    Point point;
    int n;

    if (parse_point(s, p, &point)) {
        n = find_point(s, &point);
        if (n >= 0) {
            debug_remove(point.cluster, point.kind, point.addr, point.len);
            g_array_remove_index_fast(s->points, (unsigned)n);
        }
        reply_ok(s);
    }
}

/* -- attaching, leaving ---------------------------------------------------------------------------------------------- */

static void do_attach(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    Inferior *inf;
    uint64_t pid;

    if (!hex_number(&at, &pid) || *at || !(inf = inferior_by_pid(s, pid)) || !inf->cluster->cpus->len) {
        reply_bad(s);
        return;
    }
    exec_pause(s->m);
    set_detached(s, inf, false);
    s->general = s->control = inf->cluster->cpus->pdata[0];
    s->why = (DebugStop){ .kind = DEBUG_STOP_STEP, .cs = s->general };
    reply_stop(s);
}

static void do_detach(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    Inferior *inf;
    uint64_t pid;

    if (!*at) {
        for (unsigned i = 0; i < s->inferiors->len; i++) {
            detach(s, &g_array_index(s->inferiors, Inferior, i));
        }
    } else if (*at++ != ';' || !hex_number(&at, &pid) || *at || !(inf = inferior_by_pid(s, pid))) {
        reply_bad(s);
        return;
    } else {
        detach(s, inf);
    }
    reply_ok(s);
    debug_go(s->m);
}

static void do_kill(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    machine_request_quit(s->m);
}

static void do_vkill(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t pid;

    if (!hex_number(&at, &pid) || *at || !inferior_by_pid(s, pid)) {
        reply_bad(s);
        return;
    }
    reply_ok(s);
    machine_request_quit(s->m);
}

static void do_restart(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    machine_request_reset(s->m);
}

/* -- queries ------------------------------------------------------------------------------------------------------------ */

static void do_supported(GdbStub *s, const Packet *p)
{
    g_auto(GStrv) peer = g_strsplit(*p->args == ':' ? p->args + 1 : p->args, ";", -1);
    g_autoptr(GString) out = g_string_new(NULL);

    for (unsigned i = 0; peer[i]; i++) {
        s->multiprocess |= strcmp(peer[i], "multiprocess+") == 0;
        s->swbreak |= strcmp(peer[i], "swbreak+") == 0;
        s->hwbreak |= strcmp(peer[i], "hwbreak+") == 0;
    }
    g_string_append_printf(out, "PacketSize=%x;multiprocess+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+;"
                           "qXfer:threads:read+", GDB_MAX_PACKET);
    if (target_of(s, s->general)->xml) {
        g_string_append(out, ";qXfer:features:read+");
    }
    reply(s, out->str);
}

static void do_no_ack(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_ok(s);
    s->link.no_ack = true;
}

static void do_must_reply_empty(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply(s, "");
}

static void do_current(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    g_autoptr(GString) out = g_string_new("QC");

    append_thread(s, out, s->general);
    reply(s, out->str);
}

static void do_attached(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply(s, "1");
}

static void list_thread(GdbStub *s, CPUState *cs, void *opaque)
{
    GString *out = opaque;

    g_string_append_c(out, out->len ? ',' : 'm');
    append_thread(s, out, cs);
}

static void do_first_threads(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    g_autoptr(GString) out = g_string_new(NULL);

    each_cpu(s, list_thread, out);
    reply(s, out->len ? out->str : "l");
}

static void do_more_threads(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply(s, "l");
}

/* "cortex-a72-aarch64-cpu [halted]" */
static char *thread_text(const CPUState *cs)
{
    const char *state = __atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) ? "off" : cs->halted ? "halted" : "running";

    return g_strdup_printf("%s [%s]", cs->parent.parent.oc->info->name, state);
}

static void do_thread_extra(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = NULL;
    const char *at = p->args;
    ThreadId id;

    if (*at++ != ',' || !parse_thread(s, &at, &id) || *at || !id.cs) {
        reply_bad(s);
        return;
    }
    text = thread_text(id.cs);
    hex_append(out, text, strlen(text));
    reply(s, out->str);
}

static void describe_thread(GdbStub *s, CPUState *cs, void *opaque)
{
    g_autofree char *text = thread_text(cs);
    GString *out = opaque;

    g_string_append(out, "<thread id=\"");
    append_thread(s, out, cs);
    g_string_append_printf(out, "\" core=\"%u\" name=\"", cs->index);
    xml_append(out, cs->cluster->name);
    g_string_append_printf(out, ".cpu%u\">", cs->index);
    xml_append(out, text);
    g_string_append(out, "</thread>");
}

/* "OFFSET,LENGTH" of a text: 'm' and a part of it, 'l' and the last. */
static void reply_part(GdbStub *s, const char *text, const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t offset, len, total = strlen(text);

    if (!parse_range(&args, &offset, &len) || *args) {
        reply_bad(s);
        return;
    }
    offset = MIN(offset, total);
    len = MIN(MIN(len, GDB_MAX_PACKET / 2), total - offset);
    g_string_append_c(out, offset + len < total ? 'm' : 'l');
    g_string_append_len(out, text + offset, (gssize)len);
    gdblink_send(&s->link, out->str, out->len);
}

static void do_xfer_threads(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new("<?xml version=\"1.0\"?><threads>");

    each_cpu(s, describe_thread, out);
    g_string_append(out, "</threads>");
    reply_part(s, out->str, p->args);
}

static void do_xfer_features(GdbStub *s, const Packet *p)
{
    const char *xml = target_of(s, s->general)->xml;

    if (!xml || !g_str_has_prefix(p->args, "target.xml:")) {
        reply(s, "E00");                        /* no such annex */
        return;
    }
    reply_part(s, xml, p->args + strlen("target.xml:"));
}

static void do_monitor(GdbStub *s, const Packet *p)
{
    g_autofree char *text = g_malloc(p->len / 2 + 1), *out = NULL;
    const char *at = p->args;

    if (p->len % 2 || !hex_bytes(&at, (uint8_t *)text, p->len / 2)) {
        reply_bad(s);
        return;
    }
    text[p->len / 2] = '\0';
    out = monitor_execute(s->mon, text);
    for (size_t i = 0, len = strlen(out); i < len; i += OUTPUT_PIECE) {
        g_autoptr(GString) piece = g_string_new("O");

        hex_append(piece, out + i, MIN(len - i, OUTPUT_PIECE));
        reply(s, piece->str);
    }
    reply_ok(s);
}

static void do_phys_query(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply(s, s->phys_memory ? "1" : "0");
}

static void do_phys_set(GdbStub *s, const Packet *p)
{
    if (strcmp(p->args, "0") != 0 && strcmp(p->args, "1") != 0) {
        reply_bad(s);
        return;
    }
    s->phys_memory = *p->args == '1';
    reply_ok(s);
}

static void do_host_answer(GdbStub *s, const Packet *p)
{
    bool interrupted;

    if (!gdbcalls_answer(&s->calls, p->args, &interrupted)) {
        reply_bad(s);
        return;
    }
    if (s->calls.stop_due) {
        s->calls.stop_due = s->running = false;
        reply_stop(s);
    } else if (interrupted) {
        interrupt(s);
    } else if (s->running) {
        gdbcalls_next(&s->calls, &s->link);
    }
}

static void do_symbol(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_ok(s);                                /* none is wanted */
}

/* -- the table --------------------------------------------------------------------------------------------------------- */

typedef struct PacketRow {
    const char *name;
    bool whole;                                 /* nothing stands behind it */
    void (*fn)(GdbStub *s, const Packet *p);
    bool any_time;                              /* CPUs may run meanwhile */
} PacketRow;

/* The first whose name the packet begins with; what none begins is answered by nothing, as the protocol says. */
static const PacketRow rows[] = {
    { "?", true, do_why },
    { "!", true, do_extended },
    { "c", false, do_continue },
    { "C", false, do_continue_signal },
    { "D", false, do_detach },
    { "F", false, do_host_answer, .any_time = true },
    { "g", true, do_read_all },
    { "G", false, do_write_all },
    { "H", false, do_thread },
    { "k", true, do_kill },
    { "m", false, do_read_memory },
    { "M", false, do_write_memory },
    { "p", false, do_read_reg },
    { "P", false, do_write_reg },
    { "R", false, do_restart },
    { "s", false, do_step },
    { "S", false, do_step_signal },
    { "T", false, do_alive },
    { "X", false, do_write_binary },
    { "z", false, do_remove },
    { "Z", false, do_insert },
    { "vAttach;", false, do_attach },
    { "vCont?", true, do_vcont_query },
    { "vCont", false, do_vcont },
    { "vKill;", false, do_vkill },
    { "vMustReplyEmpty", true, do_must_reply_empty },
    { "qSupported", false, do_supported },
    { "QStartNoAckMode", true, do_no_ack },
    { "qC", true, do_current },
    { "qAttached", false, do_attached },
    { "qfThreadInfo", true, do_first_threads },
    { "qsThreadInfo", true, do_more_threads },
    { "qThreadExtraInfo", false, do_thread_extra },
    { "qXfer:threads:read::", false, do_xfer_threads },
    { "qXfer:features:read:", false, do_xfer_features },
    { "qRcmd,", false, do_monitor, .any_time = true },
    { "qSymbol::", true, do_symbol },
    { "qqemu.PhyMemMode", true, do_phys_query },
    { "Qqemu.PhyMemMode:", false, do_phys_set },
};

static void do_packet(GdbStub *s, const GByteArray *packet)
{
    const char *text = (const char *)packet->data;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t n = strlen(rows[i].name);

        if (packet->len >= n && memcmp(text, rows[i].name, n) == 0 && (!rows[i].whole || packet->len == n)) {
            const Packet p = { text + n, packet->len - n };

            s->busy = true;
            if (!rows[i].any_time) {
                debug_hold(s->m);               /* the monitor, or having detached, may have let them run */
            }
            rows[i].fn(s, &p);
            if (!rows[i].any_time) {
                debug_release(s->m);
            }
            s->busy = false;
            return;
        }
    }
    reply(s, "");
}

/* -- the connection -------------------------------------------------------------------------------------------------- */

static void peer_arrived(GdbStub *s)
{
    s->arrived = false;
    gdblink_reset(&s->link);
    s->connected = true;
    s->running = s->multiprocess = s->swbreak = s->hwbreak = s->phys_memory = false;
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        set_detached(s, &g_array_index(s->inferiors, Inferior, i), false);
    }
    exec_pause(s->m);
    s->general = s->control = first_cpu(s);
    s->why = (DebugStop){ .kind = DEBUG_STOP_STEP, .cs = s->general };
}

/* No more of them are for this peer. */
static void refuse_calls(GdbStub *s)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        set_detached(s, &g_array_index(s->inferiors, Inferior, i), true);
    }
    s->calls.stop_due = false;
}

/* Its breakpoints go; what stands goes on standing, until the next one comes or the monitor continues. */
static void peer_gone(GdbStub *s)
{
    s->gone = false;
    if (s->connected) {
        s->connected = false;
        debug_hold(s->m);
        remove_points(s, NULL);
        each_cpu(s, let_run, NULL);
        refuse_calls(s);
        debug_release(s->m);
    }
}

static gboolean work(gpointer opaque)
{
    GdbStub *s = opaque;
    g_autoptr(GByteArray) packet = g_byte_array_new();
    GdbEvent ev = GDB_NONE;

    if (s->gone) {
        peer_gone(s);
    }
    if (s->arrived) {
        peer_arrived(s);
    }
    if (s->connected) {
        machine_lock(s->m);
        ev = gdblink_next(&s->link, s->running && !s->calls.asked, packet);
        machine_unlock(s->m);
    }
    switch (ev) {
    case GDB_BREAK:
        if (s->running) {
            interrupt(s);
        }
        break;
    case GDB_PACKET:
        do_packet(s, packet);
        break;
    case GDB_TOO_LONG:
        reply(s, "E22");
        break;
    case GDB_NONE:
        break;
    }
    machine_lock(s->m);
    if (ev == GDB_NONE && !s->gone && !s->arrived) {
        g_source_destroy(s->source);
        g_clear_pointer(&s->source, g_source_unref);
    }
    char_accept_input(&s->chr);
    machine_unlock(s->m);
    return G_SOURCE_CONTINUE;
}

/* Under the machine lock. */
static void schedule(GdbStub *s)
{
    if (!s->source) {
        s->source = g_idle_source_new();
        g_source_set_priority(s->source, G_PRIORITY_DEFAULT);
        g_source_set_callback(s->source, work, s, NULL);
        g_source_attach(s->source, s->m->context);
    }
}

static unsigned can_receive(void *opaque)
{
    GdbStub *s = opaque;

    return s->gone || s->arrived ? 0 : gdblink_room(&s->link);
}

static void receive(void *opaque, const uint8_t *buf, unsigned len)
{
    GdbStub *s = opaque;

    gdblink_feed(&s->link, buf, len);
    schedule(s);
}

static void event(void *opaque, ChrEvent ev)
{
    GdbStub *s = opaque;

    if (ev == CHR_EVENT_BREAK) {
        return;
    }
    s->arrived = ev == CHR_EVENT_OPENED;
    s->gone |= ev == CHR_EVENT_CLOSED;
    schedule(s);
}

static void write_out(void *opaque, const uint8_t *buf, size_t len)
{
    GdbStub *s = opaque;

    machine_lock(s->m);
    char_write(&s->chr, buf, len);
    machine_unlock(s->m);
}

/* -- making one ------------------------------------------------------------------------------------------------------- */

static bool add_inferiors(GdbStub *s, const char *cluster, GError **error)
{
    for (unsigned i = 0; i < s->m->clusters->len; i++) {
        Inferior inf = { .cluster = s->m->clusters->pdata[i], .pid = i + 1, .detached = true };

        if (inf.cluster->cpus->len && (!cluster || strcmp(cluster, inf.cluster->name) == 0)) {
            g_array_append_val(s->inferiors, inf);
        }
    }
    if (s->inferiors->len == 0) {
        g_autoptr(GString) names = g_string_new(NULL);

        for (unsigned i = 0; i < s->m->clusters->len; i++) {
            g_string_append_printf(names, "%s%s", i ? ", " : "", ((Cluster *)s->m->clusters->pdata[i])->name);
        }
        g_set_error(error, USAGE_ERROR, USAGE_ERROR_UNKNOWN, "cluster %s: unknown: there are: %s", cluster ? cluster : "",
                    names->str);
    }
    return s->inferiors->len > 0;
}

/* Of "ADDRESS,KEY=VALUE...": a socket is a server that nobody waits for, and cluster= is ours. */
static char *chardev_spec(const char *spec, char **ret_cluster, GError **error)
{
    bool socket = g_str_has_prefix(spec, "tcp:") || g_str_has_prefix(spec, "unix:");
    const char *comma = strchr(spec, ',');
    g_autoptr(KeyVal) kv = keyval_parse(comma ? comma + 1 : "", NULL, error);
    g_autofree char *address = comma ? g_strndup(spec, (gsize)(comma - spec)) : g_strdup(spec), *rest = NULL;

    if (!kv) {
        return NULL;
    }
    *ret_cluster = g_strdup(keyval_get(kv, "cluster"));
    keyval_set(kv, "cluster", NULL);
    if (socket && !keyval_has(kv, "server")) {
        keyval_set(kv, "server", "on");
    }
    if (socket && !keyval_has(kv, "wait")) {
        keyval_set(kv, "wait", "off");
    }
    if (g_str_has_prefix(spec, "tcp:") && !keyval_has(kv, "nodelay")) {
        keyval_set(kv, "nodelay", "on");
    }
    rest = keyval_to_string(kv);
    return g_strconcat(address, *rest ? "," : "", rest, NULL);
}

GdbStub *gdbstub_new(Machine *m, Monitor *mon, const char *spec, GError **error)
{
    g_autofree char *cluster = NULL, *dev = chardev_spec(spec, &cluster, error), *id = NULL;
    GdbStub *s;
    Chardev *chr;

    if (!dev) {
        return NULL;
    }
    s = g_new0(GdbStub, 1);
    s->m = m;
    s->mon = mon;
    s->inferiors = g_array_new(FALSE, TRUE, sizeof(Inferior));
    s->points = g_array_new(FALSE, FALSE, sizeof(Point));
    gdblink_init(&s->link, write_out, s);
    for (unsigned n = 0; !id || chardev_find(m->backends, id); n++) {
        g_free(id);
        id = g_strdup_printf("gdb%u", n);
    }
    chr = add_inferiors(s, cluster, error) ? chardev_new_from_spec(m->backends, id, dev, m->context, error) : NULL;
    if (chr && !g_str_has_prefix(dev, "chardev:")) {
        s->chardev = g_strdup(id);
    }
    if (!chr || !chardev_attach(chr, &s->chr, error)) {
        gdbstub_free(s);
        return NULL;
    }
    debug_add_client(m, &(const DebugClient){ stopped, resumed, holds, host_call, s });
    machine_lock(m);
    char_connect(&s->chr, s, can_receive, receive, event);
    machine_unlock(m);
    return s;
}

bool gdbstub_is_busy(const GdbStub *s)
{
    return s->busy;
}

void gdbstub_free(GdbStub *s)
{
    if (!s) {
        return;
    }
    if (s->connected && s->running) {
        g_autoptr(GString) out = g_string_new(NULL);

        g_string_append_printf(out, "W%02x", (unsigned)__atomic_load_n(&s->m->exit_status, __ATOMIC_RELAXED) & 0xff);
        if (s->multiprocess) {
            g_string_append_printf(out, ";process:%x", inferior_of(s, first_cpu(s))->pid);
        }
        reply(s, out->str);
    }
    debug_remove_client(s->m, s);
    refuse_calls(s);
    remove_points(s, NULL);
    machine_lock(s->m);
    if (s->source) {
        g_source_destroy(s->source);
        g_source_unref(s->source);
    }
    if (s->chr.chr) {
        char_disconnect(&s->chr);
    }
    if (s->chardev && object_child(s->m->backends, s->chardev)) {
        object_remove_child(s->m->backends, object_child(s->m->backends, s->chardev));
    }
    machine_unlock(s->m);
    g_free(s->chardev);
    g_array_unref(s->points);
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        gdbtarget_free(g_array_index(s->inferiors, Inferior, i).target);
    }
    g_array_unref(s->inferiors);
    gdblink_clear(&s->link);
    g_free(s);
}
