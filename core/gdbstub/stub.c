/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A debugger's session: what each packet asks for. One thing of the stream is done at a time, in the main loop (or the
 * thread that a program's debugger has) with no lock held, since most of it waits for CPUs; while the debugger waits for
 * a stop, only ^C is looked at.
 *
 * Thread numbers are those of the machine's CPUs plus one, or of the program's threads, whether the peer knows of
 * processes or not.
 */
#include <string.h>
#include "core/exec/exec.h"
#include "core/gdbstub/stub_int.h"

enum { MAX_ACTIONS = 64, OUTPUT_PIECE = 2000 };

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

/* 0: none. */
static unsigned thread_number(GdbStub *s, const CPUState *cs)
{
    return s->program ? (unsigned)s->program->thread(s->opaque, cs) : cs->index + 1;
}

static CPUState *first_of(GdbStub *s, const Inferior *inf)
{
    for (unsigned i = 0; i < inf->cluster->cpus->len; i++) {
        if (thread_number(s, inf->cluster->cpus->pdata[i])) {
            return inf->cluster->cpus->pdata[i];
        }
    }
    return inf->cluster->cpus->pdata[0];
}

static CPUState *first_cpu(GdbStub *s)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        const Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        if (!inf->detached && inf->cluster->cpus->len) {
            return first_of(s, inf);
        }
    }
    return first_of(s, &g_array_index(s->inferiors, Inferior, 0));
}

static CPUState *cpu_of_thread(GdbStub *s, uint64_t tid)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        const Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        for (unsigned k = 0; k < inf->cluster->cpus->len; k++) {
            if (thread_number(s, inf->cluster->cpus->pdata[k]) == tid) {
                return inf->cluster->cpus->pdata[k];
            }
        }
    }
    return NULL;
}

static void append_thread(GdbStub *s, GString *out, const CPUState *cs)
{
    if (s->multiprocess) {
        g_string_append_printf(out, "p%x.%x", inferior_of(s, cs)->pid, thread_number(s, cs));
    } else {
        g_string_append_printf(out, "%x", thread_number(s, cs));
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
    ret->cs = cpu_of_thread(s, tid);
    return ret->cs && (!ret->inf || ret->inf->cluster == ret->cs->cluster);
}

static bool thread_matches(const ThreadId *id, const CPUState *cs)
{
    return id->cs ? id->cs == cs : !id->inf || id->inf->cluster == cs->cluster;
}

/* The CPU that a thread id means where one is needed: the one that is in use if it fits. */
static CPUState *pick(GdbStub *s, const ThreadId *id, CPUState *now)
{
    return id->cs ? id->cs : thread_matches(id, now) && thread_number(s, now) ? now :
           id->inf ? first_of(s, id->inf) : first_cpu(s);
}

/* Calls fn for each CPU that the debugger is attached to. */
static void each_cpu(GdbStub *s, void (*fn)(GdbStub *s, CPUState *cs, void *opaque), void *opaque)
{
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        const Inferior *inf = &g_array_index(s->inferiors, Inferior, i);

        for (unsigned k = 0; !inf->detached && k < inf->cluster->cpus->len; k++) {
            if (thread_number(s, inf->cluster->cpus->pdata[k])) {
                fn(s, inf->cluster->cpus->pdata[k], opaque);
            }
        }
    }
}

/* -- replies ------------------------------------------------------------------------------------------------------- */

void gdbstub_reply(GdbStub *s, const char *text)
{
    gdblink_puts(&s->link, text);
}

void gdbstub_reply_ok(GdbStub *s)
{
    gdbstub_reply(s, "OK");
}

void gdbstub_reply_bad(GdbStub *s)
{
    gdbstub_reply(s, "E22");
}

static unsigned stop_signal(const DebugStop *why)
{
    return why->kind == DEBUG_STOP_PAUSED ? SIGNAL_INT : why->kind == DEBUG_STOP_SIGNAL ? gdb_signal_of_host(why->sig) :
           SIGNAL_TRAP;
}

static void reply_stop(GdbStub *s)
{
    static const char *const watch[] = {
        [DEBUG_WATCH_WRITE] = "watch", [DEBUG_WATCH_READ] = "rwatch", [DEBUG_WATCH_ACCESS] = "awatch",
    };
    g_autoptr(GString) out = g_string_new(NULL);
    const DebugStop *why = &s->why;

    g_string_append_printf(out, "T%02x", stop_signal(why));
    if (why->kind == DEBUG_STOP_WATCH) {
        g_string_append_printf(out, "%s:%" G_GINT64_MODIFIER "x;", watch[why->point], why->addr);
    } else if (why->kind == DEBUG_STOP_BREAK && why->point == DEBUG_BREAK_SOFT && s->swbreak) {
        g_string_append(out, "swbreak:;");
    } else if (why->kind == DEBUG_STOP_BREAK && why->point == DEBUG_BREAK_HARD && s->hwbreak) {
        g_string_append(out, "hwbreak:;");
    } else if (why->kind == DEBUG_STOP_EXEC) {
        g_autoptr(GByteArray) name = g_byte_array_new();

        s->program->read(s->opaque, why->cs, GDB_EXEC_FILE, name);
        g_string_append(out, "exec:");
        hex_append(out, name->data, name->len);
        g_string_append_c(out, ';');
    }
    g_string_append(out, "thread:");
    append_thread(s, out, why->cs);
    g_string_append_c(out, ';');
    gdbstub_reply(s, out->str);
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
        s->why.cs = s->general && thread_number(s, s->general) ? s->general : first_cpu(s);
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
    if (s->program) {
        s->program->going(s->opaque);
    }
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
        if (s->program) {
            s->program->attached(s->opaque, !detached);
        }
    }
}

static void let_run(GdbStub *s, CPUState *cs, void *opaque G_GNUC_UNUSED)
{
    debug_set_run(cs, DEBUG_RUN, 0, 0);
    if (s->program) {
        debug_set_signal(cs, DEBUG_SIGNAL_SAME);
    }
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
        if (thread_number(s, inf->cluster->cpus->pdata[i])) {
            let_run(s, inf->cluster->cpus->pdata[i], NULL);
        }
    }
    s->came_later = true;
    set_detached(s, inf, true);
}

/* -- packets ------------------------------------------------------------------------------------------------------- */

static void do_why(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    reply_stop(s);
}

static void do_extended(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply_ok(s);
}

typedef struct Action {
    DebugRun run;
    int sig;                                    /* the host's: it gets it; 0: none */
    vaddr first, end;
    ThreadId who;
} Action;

typedef struct Actions {
    Action action[MAX_ACTIONS];
    unsigned num;
} Actions;

static void apply_actions(GdbStub *s, CPUState *cs, void *opaque)
{
    const Actions *a = opaque;

    for (unsigned i = 0; i < a->num; i++) {
        if (thread_matches(&a->action[i].who, cs)) {
            debug_set_run(cs, a->action[i].run, a->action[i].first, a->action[i].end);
            if (s->program) {
                debug_set_signal(cs, a->action[i].sig);
            }
            return;
        }
    }
    debug_set_run(cs, DEBUG_HOLD, 0, 0);
}

/* c, s [ADDR]; C, S SIG[;ADDR]: to machines signals mean nothing. The CPU of Hc; when stepping, others stand. */
static void resume_old(GdbStub *s, const char *args, bool step, int sig)
{
    Actions a = { .num = 1 };
    uint64_t pc;

    if (*args) {
        if (!hex_number(&args, &pc) || *args) {
            gdbstub_reply_bad(s);
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
    if (s->program && sig) {
        debug_set_signal(s->control, sig);
    }
    go(s);
}

static void do_continue(GdbStub *s, const Packet *p)
{
    resume_old(s, p->args, false, 0);
}

static void do_step(GdbStub *s, const Packet *p)
{
    resume_old(s, p->args, true, 0);
}

static const char *behind_signal(const char *args, int *ret_sig)
{
    uint64_t sig;

    if (!hex_number(&args, &sig)) {
        return "?";
    }
    *ret_sig = gdb_signal_to_host(sig);
    return *args == ';' ? args + 1 : args;
}

static void do_continue_signal(GdbStub *s, const Packet *p)
{
    int sig = 0;
    const char *args = behind_signal(p->args, &sig);

    resume_old(s, args, false, sig);
}

static void do_step_signal(GdbStub *s, const Packet *p)
{
    int sig = 0;
    const char *args = behind_signal(p->args, &sig);

    resume_old(s, args, true, sig);
}

static bool parse_action(GdbStub *s, const char **p, Action *a)
{
    uint64_t sig = 0;

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
    a->sig = gdb_signal_to_host(sig);
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
            gdbstub_reply_bad(s);
            return;
        }
    }
    if (*at || !a.num) {
        gdbstub_reply_bad(s);
        return;
    }
    each_cpu(s, apply_actions, &a);
    go(s);
}

static void do_vcont_query(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply(s, "vCont;c;C;s;S;t;r");
}

static void do_thread(GdbStub *s, const Packet *p)
{
    const char *at = p->args + 1;
    ThreadId id;

    if ((*p->args != 'g' && *p->args != 'c') || !parse_thread(s, &at, &id) || *at) {
        gdbstub_reply_bad(s);
        return;
    }
    if (*p->args == 'g') {
        s->general = pick(s, &id, s->general);
    } else {
        s->control = pick(s, &id, s->control);
    }
    gdbstub_reply_ok(s);
}

static void do_alive(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    ThreadId id;

    if (!parse_thread(s, &at, &id) || *at || !id.cs) {
        gdbstub_reply_bad(s);
    } else {
        gdbstub_reply_ok(s);
    }
}

bool gdb_parse_range(const char **p, uint64_t *first, uint64_t *len)
{
    return hex_number(p, first) && *(*p)++ == ',' && hex_number(p, len);
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
    gdbstub_reply(s, out->len ? out->str : "E01");
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
                gdbstub_reply_bad(s);
                return;
            }
            hex = start + reg_bits(t, i) / 4;
        }
    }
    if (*hex) {
        gdbstub_reply_bad(s);
    } else {
        gdbstub_reply_ok(s);
    }
}

static void do_read_reg(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GdbTarget *t = target_of(s, s->general);
    const char *at = p->args;
    uint64_t n;

    if (!hex_number(&at, &n) || *at || n >= t->regs->len) {
        gdbstub_reply_bad(s);
        return;
    }
    append_reg(out, s->general, gdbtarget_reg(t, s->general, (unsigned)n), reg_bits(t, (unsigned)n));
    gdbstub_reply(s, out->str);
}

static void do_write_reg(GdbStub *s, const Packet *p)
{
    GdbTarget *t = target_of(s, s->general);
    const char *at = p->args;
    uint64_t n;

    if (!hex_number(&at, &n) || *at++ != '=' || n >= t->regs->len ||
        !write_reg(s->general, gdbtarget_reg(t, s->general, (unsigned)n), &at) || *at) {
        gdbstub_reply_bad(s);
    } else {
        gdbstub_reply_ok(s);
    }
}

/* -- memory ---------------------------------------------------------------------------------------------------------- */

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

    if (!gdb_parse_range(&at, &addr, &len) || *at) {
        gdbstub_reply_bad(s);
        return;
    }
    len = MIN(len, sizeof(buf));
    n = read_memory(s, addr, buf, len);
    if (len && !n) {
        gdbstub_reply(s, "E14");                        /* EFAULT */
        return;
    }
    hex_append(out, buf, n);
    gdbstub_reply(s, out->str);
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
    gdbstub_reply(s, n == len ? "OK" : "E14");
}

static void do_write_memory(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint8_t buf[GDB_MAX_PACKET / 2];
    uint64_t len;
    vaddr addr;

    if (!gdb_parse_range(&at, &addr, &len) || *at++ != ':' || len > sizeof(buf) || !hex_bytes(&at, buf, len) || *at) {
        gdbstub_reply_bad(s);
    } else {
        write_memory(s, addr, buf, len);
    }
}

static void do_write_binary(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t len;
    vaddr addr;

    if (!gdb_parse_range(&at, &addr, &len) || *at++ != ':' || len != p->len - (size_t)(at - p->args)) {
        gdbstub_reply_bad(s);
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
        gdbstub_reply(s, "");
        return false;
    }
    *ret = (Point){ .cluster = s->general->cluster, .kind = (DebugPointKind)(*p->args - '0') };
    if (*at++ != ',' || !gdb_parse_range(&at, &ret->addr, &ret->len) || (*at && *at != ';')) {
        gdbstub_reply_bad(s);
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
        gdbstub_reply_bad(s);                           /* a stop there would be nobody's */
        return;
    }
    if (!debug_insert(point.cluster, point.kind, point.addr, point.len)) {
        gdbstub_reply_bad(s);
        return;
    }
    if (find_point(s, &point) < 0) {
        g_array_append_val(s->points, point);
    }
    gdbstub_reply_ok(s);
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
        gdbstub_reply_ok(s);
    }
}

/* -- attaching, leaving ---------------------------------------------------------------------------------------------- */

static void do_attach(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    Inferior *inf;
    uint64_t pid;

    if (!hex_number(&at, &pid) || *at || !(inf = inferior_by_pid(s, pid)) || !inf->cluster->cpus->len) {
        gdbstub_reply_bad(s);
        return;
    }
    exec_pause(s->m);
    set_detached(s, inf, false);
    s->general = s->control = first_of(s, inf);
    s->why = (DebugStop){ .kind = DEBUG_STOP_STEP, .cs = s->general };
    s->came_later = true;
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
        gdbstub_reply_bad(s);
        return;
    } else {
        detach(s, inf);
    }
    gdbstub_reply_ok(s);
    debug_go(s->m);
}

static void end(GdbStub *s)
{
    if (s->program) {
        s->program->kill(s->opaque);
    } else {
        machine_request_quit(s->m);
    }
}

static void do_kill(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    end(s);
}

static void do_vkill(GdbStub *s, const Packet *p)
{
    const char *at = p->args;
    uint64_t pid;

    if (!hex_number(&at, &pid) || *at || !inferior_by_pid(s, pid)) {
        gdbstub_reply_bad(s);
        return;
    }
    gdbstub_reply_ok(s);
    end(s);
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
        s->exec_events |= s->program && strcmp(peer[i], "exec-events+") == 0;
    }
    g_string_append_printf(out, "PacketSize=%x;multiprocess+;swbreak+;hwbreak+;vContSupported+;QStartNoAckMode+;"
                           "qXfer:threads:read+", GDB_MAX_PACKET);
    if (target_of(s, s->general)->xml) {
        g_string_append(out, ";qXfer:features:read+");
    }
    if (s->program) {
        g_string_append(out, gdb_program_supported);
    }
    gdbstub_reply(s, out->str);
}

static void do_no_ack(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply_ok(s);
    s->link.no_ack = true;
}

static void do_must_reply_empty(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply(s, "");
}

static void do_current(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    g_autoptr(GString) out = g_string_new("QC");

    append_thread(s, out, s->general);
    gdbstub_reply(s, out->str);
}

/* A program that began with the debugger is the debugger's: it ends with it. */
static void do_attached(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply(s, s->program && !s->came_later ? "0" : "1");
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
    gdbstub_reply(s, out->len ? out->str : "l");
}

static void do_more_threads(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply(s, "l");
}

/* "cortex-a72-aarch64-cpu [halted]"; a program's: its name */
static char *thread_text(GdbStub *s, const CPUState *cs)
{
    const char *state = __atomic_load_n(&cs->powered_off, __ATOMIC_SEQ_CST) ? "off" : cs->halted ? "halted" : "running";

    if (s->program) {
        GString *out = g_string_new(NULL);

        s->program->describe(s->opaque, cs, out);
        return g_string_free(out, FALSE);
    }
    return g_strdup_printf("%s [%s]", cs->parent.parent.oc->info->name, state);
}

static void do_thread_extra(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = NULL;
    const char *at = p->args;
    ThreadId id;

    if (*at++ != ',' || !parse_thread(s, &at, &id) || *at || !id.cs) {
        gdbstub_reply_bad(s);
        return;
    }
    text = thread_text(s, id.cs);
    hex_append(out, text, strlen(text));
    gdbstub_reply(s, out->str);
}

static void describe_thread(GdbStub *s, CPUState *cs, void *opaque)
{
    g_autofree char *text = thread_text(s, cs);
    GString *out = opaque;

    g_string_append(out, "<thread id=\"");
    append_thread(s, out, cs);
    if (s->program) {
        g_string_append(out, "\" name=\"");
        xml_append(out, text);
        g_string_append(out, "\"/>");
        return;
    }
    g_string_append_printf(out, "\" core=\"%u\" name=\"", cs->index);
    xml_append(out, cs->cluster->name);
    g_string_append_printf(out, ".cpu%u\">", cs->index);
    xml_append(out, text);
    g_string_append(out, "</thread>");
}

void gdbstub_reply_part(GdbStub *s, const void *bytes, size_t total, const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t offset, len;

    if (!gdb_parse_range(&args, &offset, &len) || *args) {
        gdbstub_reply_bad(s);
        return;
    }
    offset = MIN(offset, total);
    len = MIN(MIN(len, GDB_MAX_PACKET / 2), total - offset);
    g_string_append_c(out, offset + len < total ? 'm' : 'l');
    if (len) {
        g_string_append_len(out, (const char *)bytes + offset, (gssize)len);
    }
    gdblink_send(&s->link, out->str, out->len);
}

static void do_xfer_threads(GdbStub *s, const Packet *p)
{
    g_autoptr(GString) out = g_string_new("<?xml version=\"1.0\"?><threads>");

    each_cpu(s, describe_thread, out);
    g_string_append(out, "</threads>");
    gdbstub_reply_part(s, out->str, out->len, p->args);
}

static void do_xfer_features(GdbStub *s, const Packet *p)
{
    const char *xml = target_of(s, s->general)->xml;

    if (!xml || !g_str_has_prefix(p->args, "target.xml:")) {
        gdbstub_reply(s, "E00");                        /* no such annex */
        return;
    }
    gdbstub_reply_part(s, xml, strlen(xml), p->args + strlen("target.xml:"));
}

static void do_monitor(GdbStub *s, const Packet *p)
{
    g_autofree char *text = g_malloc(p->len / 2 + 1), *out = NULL;
    const char *at = p->args;

    if (p->len % 2 || !hex_bytes(&at, (uint8_t *)text, p->len / 2)) {
        gdbstub_reply_bad(s);
        return;
    }
    text[p->len / 2] = '\0';
    out = monitor_execute(s->mon, text);
    for (size_t i = 0, len = strlen(out); i < len; i += OUTPUT_PIECE) {
        g_autoptr(GString) piece = g_string_new("O");

        hex_append(piece, out + i, MIN(len - i, OUTPUT_PIECE));
        gdbstub_reply(s, piece->str);
    }
    gdbstub_reply_ok(s);
}

static void do_phys_query(GdbStub *s, const Packet *p G_GNUC_UNUSED)
{
    gdbstub_reply(s, s->phys_memory ? "1" : "0");
}

static void do_phys_set(GdbStub *s, const Packet *p)
{
    if (strcmp(p->args, "0") != 0 && strcmp(p->args, "1") != 0) {
        gdbstub_reply_bad(s);
        return;
    }
    s->phys_memory = *p->args == '1';
    gdbstub_reply_ok(s);
}

static void do_host_answer(GdbStub *s, const Packet *p)
{
    bool interrupted;

    if (!gdbcalls_answer(&s->calls, p->args, &interrupted)) {
        gdbstub_reply_bad(s);
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
    gdbstub_reply_ok(s);                                /* none is wanted */
}

/* -- the table --------------------------------------------------------------------------------------------------------- */

/* The first whose name the packet begins with; what none begins is answered by nothing, as the protocol says. */
static const PacketRow rows[] = {
    { "?", true, do_why },
    { "!", true, do_extended },
    { "c", false, do_continue },
    { "C", false, do_continue_signal },
    { "D", false, do_detach },
    { "F", false, do_host_answer, .any_time = true, .of = OF_MACHINES },
    { "g", true, do_read_all },
    { "G", false, do_write_all },
    { "H", false, do_thread },
    { "k", true, do_kill },
    { "m", false, do_read_memory },
    { "M", false, do_write_memory },
    { "p", false, do_read_reg },
    { "P", false, do_write_reg },
    { "R", false, do_restart, .of = OF_MACHINES },
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
    { "qRcmd,", false, do_monitor, .any_time = true, .of = OF_MACHINES },
    { "qSymbol::", true, do_symbol },
    { "qqemu.PhyMemMode", true, do_phys_query, .of = OF_MACHINES },
    { "Qqemu.PhyMemMode:", false, do_phys_set, .of = OF_MACHINES },
};

static const PacketRow *find_row(const PacketRow *list, unsigned num, const GByteArray *packet, bool program)
{
    for (unsigned i = 0; i < num; i++) {
        size_t n = strlen(list[i].name);

        if (packet->len >= n && memcmp(packet->data, list[i].name, n) == 0 && (!list[i].whole || packet->len == n) &&
            !(program && list[i].of == OF_MACHINES)) {
            return &list[i];
        }
    }
    return NULL;
}

static void do_packet(GdbStub *s, const GByteArray *packet)
{
    const PacketRow *row = s->program ? find_row(gdb_program_rows, gdb_num_program_rows, packet, true) : NULL;
    Packet p;

    row = row ? row : find_row(rows, G_N_ELEMENTS(rows), packet, s->program);
    if (!row) {
        gdbstub_reply(s, "");
        return;
    }
    p = (Packet){ (const char *)packet->data + strlen(row->name), packet->len - strlen(row->name) };
    s->busy = true;
    if (!row->any_time) {
        debug_hold(s->m);                       /* the monitor, or having detached, may have let them run */
    }
    if (!thread_number(s, s->general)) {
        s->general = first_cpu(s);
    }
    if (!thread_number(s, s->control)) {
        s->control = s->general;
    }
    row->fn(s, &p);
    if (!row->any_time) {
        debug_release(s->m);
    }
    s->busy = false;
}

/* -- the connection -------------------------------------------------------------------------------------------------- */

static void start(GdbStub *s)
{
    gdblink_reset(&s->link);
    s->connected = true;
    s->running = s->multiprocess = s->swbreak = s->hwbreak = s->exec_events = s->phys_memory = false;
    s->passed = 0;
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        set_detached(s, &g_array_index(s->inferiors, Inferior, i), false);
    }
    s->general = s->control = first_cpu(s);
    s->why = (DebugStop){ .kind = DEBUG_STOP_STEP, .cs = s->general };
}

void gdbstub_arrived(GdbStub *s)
{
    exec_pause(s->m);
    start(s);
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
void gdbstub_gone(GdbStub *s)
{
    if (s->connected) {
        s->connected = false;
        s->came_later = true;
        debug_hold(s->m);
        remove_points(s, NULL);
        each_cpu(s, let_run, NULL);
        refuse_calls(s);
        gdb_close_files(s);
        debug_release(s->m);
    }
}

unsigned gdbstub_room(const GdbStub *s)
{
    return gdblink_room(&s->link);
}

void gdbstub_feed(GdbStub *s, const uint8_t *buf, size_t len)
{
    gdblink_feed(&s->link, buf, len);
}

bool gdbstub_work(GdbStub *s)
{
    g_autoptr(GByteArray) packet = g_byte_array_new();
    GdbEvent ev = GDB_NONE;

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
        gdbstub_reply_bad(s);
        break;
    case GDB_NONE:
        break;
    }
    return ev != GDB_NONE;
}

bool gdbstub_ended(GdbStub *s, char how, int value)
{
    if (s->connected && !g_array_index(s->inferiors, Inferior, 0).detached) {
        g_autoptr(GString) out = g_string_new(NULL);

        if (!s->running) {
            return false;
        }
        g_string_append_printf(out, "%c%02x", how, how == 'X' ? gdb_signal_of_host(value) : (unsigned)value & 0xff);
        if (s->multiprocess) {
            g_string_append_printf(out, ";process:%x", g_array_index(s->inferiors, Inferior, 0).pid);
        }
        gdbstub_reply(s, out->str);
        s->running = false;
    }
    return true;
}

/* -- over an execve --------------------------------------------------------------------------------------------------- */

char *gdbstub_state(const GdbStub *s)
{
    unsigned flags = s->link.no_ack | s->multiprocess << 1 | s->swbreak << 2 | s->hwbreak << 3 | s->exec_events << 4 |
                     s->came_later << 5;

    if (!s->connected || !s->running || g_array_index(s->inferiors, Inferior, 0).detached) {
        return NULL;
    }
    return g_strdup_printf("%x,%" G_GINT64_MODIFIER "x", flags, s->passed);
}

bool gdbstub_continue(GdbStub *s, const char *state)
{
    uint64_t flags, passed;
    DebugStop why;

    if (!gdb_parse_range(&state, &flags, &passed) || *state) {
        return false;
    }
    exec_pause(s->m);
    start(s);
    s->link.no_ack = flags & 1;
    s->multiprocess = flags & 2;
    s->swbreak = flags & 4;
    s->hwbreak = flags & 8;
    s->exec_events = flags & 16;
    s->came_later = flags & 32;
    s->passed = passed;
    s->program->pass_signals(s->opaque, passed);
    s->running = true;
    if (s->exec_events) {
        why = (DebugStop){ .kind = DEBUG_STOP_EXEC, .cs = s->general };
        stopped(s, &why);
    } else {
        debug_go(s->m);
    }
    return true;
}

/* -- making one ------------------------------------------------------------------------------------------------------- */

GdbStub *gdbstub_new(Machine *m, Monitor *mon, void (*write)(void *opaque, const uint8_t *buf, size_t len), void *opaque)
{
    GdbStub *s = g_new0(GdbStub, 1);

    s->m = m;
    s->mon = mon;
    s->inferiors = g_array_new(FALSE, TRUE, sizeof(Inferior));
    s->points = g_array_new(FALSE, FALSE, sizeof(Point));
    for (unsigned i = 0; i < G_N_ELEMENTS(s->file); i++) {
        s->file[i] = -1;
    }
    gdblink_init(&s->link, write, opaque);
    debug_add_client(m, &(const DebugClient){ stopped, resumed, holds, host_call, s });
    return s;
}

void gdbstub_add_inferior(GdbStub *s, Cluster *c, unsigned pid)
{
    Inferior inf = { .cluster = c, .pid = pid, .detached = true };

    g_array_append_val(s->inferiors, inf);
}

GdbStub *gdbprogram_new(Machine *m, unsigned pid, const GdbProgram *program, void *opaque)
{
    GdbStub *s = gdbstub_new(m, NULL, program->write, opaque);

    s->program = program;
    s->opaque = opaque;
    gdbstub_add_inferior(s, m->clusters->pdata[0], pid);
    return s;
}

void gdbstub_free(GdbStub *s)
{
    if (!s) {
        return;
    }
    gdbstub_ended(s, 'W', __atomic_load_n(&s->m->exit_status, __ATOMIC_RELAXED));
    debug_remove_client(s->m, s);
    refuse_calls(s);
    remove_points(s, NULL);
    gdb_close_files(s);
    g_array_unref(s->points);
    for (unsigned i = 0; i < s->inferiors->len; i++) {
        gdbtarget_free(g_array_index(s->inferiors, Inferior, i).target);
    }
    g_array_unref(s->inferiors);
    gdblink_clear(&s->link);
    g_free(s);
}
