/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a debugger does to CPUs (debug.h): points, how CPUs go on, stops, memory and registers from outside. */
#include "core/bits.h"
#include "core/exec/debug.h"
#include "core/exec/exec_int.h"
#include "core/exec/memory_int.h"
#include "core/exec/tb_int.h"

typedef struct DebugPoint {
    DebugPointKind kind;
    vaddr addr;
    uint64_t len;
} DebugPoint;

/* A cluster's: those before num_breaks are breakpoints, by address; the others are watchpoints. */
struct ClusterDebug {
    GArray *points;                             /* DebugPoint */
    unsigned num_breaks;
};

static bool is_watch(DebugPointKind kind)
{
    return kind >= DEBUG_WATCH_WRITE;
}

static const DebugPoint *point(const struct ClusterDebug *d, unsigned n)
{
    return &g_array_index(d->points, DebugPoint, n);
}

/* An address without its tag byte. */
static vaddr untagged(vaddr addr)
{
    return addr & (BIT64(56) - 1);
}

/* -- what CPUs ask ------------------------------------------------------------------------------------------------------- */

bool debug_break_at(CPUState *cs, vaddr pc, uint64_t page_mask, uint64_t *ret_stops, unsigned *len, DebugPointKind *ret_kind)
{
    const struct ClusterDebug *d = cs->cluster->debug;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    bool some = false;

    for (unsigned i = 0; i < d->num_breaks; i++) {
        const DebugPoint *p = point(d, i);

        if ((p->addr ^ pc) & ~page_mask) {
            continue;
        }
        if (p->addr == pc) {
            *ret_kind = p->kind;
            return true;
        }
        if (p->addr > pc) {
            *len = (unsigned)MIN(*len, p->addr - pc);
        }
        h = (h ^ (p->addr & page_mask)) * UINT64_C(0x100000001b3);
        some = true;
    }
    *ret_stops = some ? h | 1 : 0;
    return false;
}

bool debug_page_watched(CPUState *cs, vaddr page, uint64_t size)
{
    const struct ClusterDebug *d = cs->cluster->debug;
    vaddr first = untagged(page), last = first + size - 1;

    for (unsigned i = d->num_breaks; i < d->points->len; i++) {
        vaddr from = untagged(point(d, i)->addr);

        if (from <= last && from + point(d, i)->len - 1 >= first) {
            return true;
        }
    }
    return false;
}

bool debug_has_watches(const CPUState *cs)
{
    const struct ClusterDebug *d = cs->cluster->debug;

    return d && d->points->len > d->num_breaks && !cs->exec->exempt;
}

bool debug_watch(CPUState *cs, vaddr addr, unsigned size, AccessType type)
{
    const struct ClusterDebug *d = cs->cluster->debug;
    vaddr first = untagged(addr), last = first + size - 1;

    if (!__atomic_load_n(&cs->exec->thread->running, __ATOMIC_RELAXED)) {
        return true;                            /* an exception's own accesses */
    }
    for (unsigned i = d->num_breaks; i < d->points->len; i++) {
        const DebugPoint *p = point(d, i);
        vaddr from = untagged(p->addr);
        bool fits = p->kind == DEBUG_WATCH_ACCESS || (p->kind == DEBUG_WATCH_WRITE ? type != ACCESS_LOAD : type != ACCESS_STORE);

        if (fits && from <= last && from + p->len - 1 >= first) {
            cs->exec->watch_hit = (DebugStop){
                .kind = DEBUG_STOP_WATCH, .cs = cs, .point = p->kind, .addr = p->addr + (MAX(from, first) - from),
            };
            cs->raised = 1;
            return false;
        }
    }
    return true;
}

void debug_notify(ExecMachine *x)
{
    exec_kick_all(x);
    if (x->notify) {
        x->notify(x->notify_opaque);
    } else {
        g_main_context_wakeup(x->machine->context);
    }
}

void debug_stop(CPUState *cs, DebugStopKind kind, DebugPointKind at, vaddr addr)
{
    ExecMachine *x = cs->exec->x;
    bool first;

    g_mutex_lock(&x->lock);
    first = !x->paused && !__atomic_load_n(&x->stopping, __ATOMIC_SEQ_CST);
    if (first) {
        x->stop = (DebugStop){ .kind = kind, .cs = cs, .point = at, .addr = addr };
        x->stop_pending = true;
        __atomic_store_n(&x->paused, true, __ATOMIC_SEQ_CST);
    }
    g_mutex_unlock(&x->lock);
    if (first) {
        debug_notify(x);
    }
}

/* -- points ---------------------------------------------------------------------------------------------------------------- */

static int find(const struct ClusterDebug *d, DebugPointKind kind, vaddr addr, uint64_t len)
{
    for (unsigned i = 0; d && i < d->points->len; i++) {
        const DebugPoint *p = point(d, i);

        if (p->kind == kind && p->addr == addr && (p->len == len || !is_watch(kind))) {
            return (int)i;
        }
    }
    return -1;
}

/* What CPUs know of a point's place is looked at anew. */
static void forget(Cluster *c, DebugPointKind kind, vaddr addr, uint64_t len)
{
    TlbFlush f = { .addr = addr, .size = len, .globals = true };

    for (unsigned i = 0; i < c->cpus->len; i++) {
        CPUState *cs = c->cpus->pdata[i];

        if (cs->exec->x->user) {
            cpu_request_quiet(cs, CPU_REQ_JC);  /* which code is right for it, too */
        } else if (is_watch(kind)) {
            tlb_post(cs, &f);
        } else {
            cpu_request_quiet(cs, CPU_REQ_JC);
        }
        cs->exec->alone = false;
    }
    if (!is_watch(kind) && c->cpus->len) {
        user_break_changed(c->cpus->pdata[0], addr);
    }
}

bool debug_insert(Cluster *c, DebugPointKind kind, vaddr addr, uint64_t len)
{
    DebugPoint p = { kind, addr, len };
    struct ClusterDebug *d = c->debug;
    unsigned at = 0;

    if (is_watch(kind) && (len == 0 || addr + len - 1 < addr)) {
        return false;
    }
    if (find(d, kind, addr, len) >= 0) {
        return true;
    }
    if (!d) {
        d = c->debug = g_new0(struct ClusterDebug, 1);
        d->points = g_array_new(FALSE, FALSE, sizeof(DebugPoint));
    }
    if (is_watch(kind)) {
        g_array_append_val(d->points, p);
    } else {
        while (at < d->num_breaks && point(d, at)->addr < addr) {
            at++;
        }
        g_array_insert_val(d->points, at, p);
        d->num_breaks++;
    }
    forget(c, kind, addr, len);
    return true;
}

static void remove_at(Cluster *c, unsigned n)
{
    struct ClusterDebug *d = c->debug;
    DebugPoint p = *point(d, n);

    g_array_remove_index(d->points, n);
    d->num_breaks -= n < d->num_breaks;
    forget(c, p.kind, p.addr, p.len);
    if (d->points->len == 0) {
        g_array_unref(d->points);
        g_clear_pointer(&c->debug, g_free);
    }
}

void debug_remove(Cluster *c, DebugPointKind kind, vaddr addr, uint64_t len)
{
    int n = find(c->debug, kind, addr, len);

    if (n >= 0) {
        remove_at(c, (unsigned)n);
    }
}

void debug_remove_all(Cluster *c)
{
    while (c->debug) {
        remove_at(c, c->debug->points->len - 1);
    }
}

/* -- going on and stopping --------------------------------------------------------------------------------------------- */

void debug_set_run(CPUState *cs, DebugRun how, vaddr first, vaddr end)
{
    CPUExec *e = cs->exec;

    if (cs->counted && e->debug_run == DEBUG_HOLD && how != DEBUG_HOLD) {
        counted_released(cs);
    }
    e->debug_run = how;
    e->step_first = first;
    e->step_end = end;
    e->alone = false;
}

void debug_set_signal(CPUState *cs, int sig)
{
    cs->exec->resume_sig = sig;
}

void debug_stepped(CPUState *cs)
{
    CPUExec *e = cs->exec;
    vaddr pc = e->ec->cc->get_pc(cs);
    DebugPointKind kind;
    uint64_t stops;
    unsigned len = 0;

    /* in a range a breakpoint, or another's stop, ends it as well */
    if (e->debug_run == DEBUG_STEP_RANGE && pc >= e->step_first && pc < e->step_end &&
        !(cs->cluster->debug && debug_break_at(cs, pc, BIT64(e->ec->cc->tcg->page_bits) - 1, &stops, &len, &kind))) {
        return;
    }
    debug_stop(cs, DEBUG_STOP_STEP, DEBUG_BREAK_SOFT, 0);
}

void debug_add_client(Machine *m, const DebugClient *client)
{
    ExecMachine *x = exec_machine(m);
    DebugClient *c = g_new(DebugClient, 1);

    *c = *client;
    g_ptr_array_add(x->clients, c);
}

void debug_remove_client(Machine *m, void *opaque)
{
    ExecMachine *x = exec_machine(m);

    for (unsigned i = 0; i < x->clients->len; i++) {
        if (((DebugClient *)x->clients->pdata[i])->opaque == opaque) {
            g_ptr_array_remove_index(x->clients, i);
            return;
        }
    }
}

void debug_tell(ExecMachine *x, bool running)
{
    DebugStop why = { .kind = DEBUG_STOP_PAUSED };

    if (x->told_running == running) {
        return;
    }
    x->told_running = running;
    g_mutex_lock(&x->lock);
    if (x->stop_pending) {
        why = x->stop;
    }
    x->stop_pending = false;
    g_mutex_unlock(&x->lock);
    for (unsigned i = 0; i < x->clients->len; i++) {
        const DebugClient *c = x->clients->pdata[i];

        if (running) {
            c->resumed(c->opaque);
        } else {
            c->stopped(c->opaque, &why);
        }
    }
}

void debug_go(Machine *m)
{
    const ExecMachine *x = exec_machine(m);

    for (unsigned i = 0; i < x->clients->len; i++) {
        const DebugClient *c = x->clients->pdata[i];

        if (c->holds(c->opaque)) {
            return;
        }
    }
    exec_resume(m);
}

void debug_poll(Machine *m)
{
    ExecMachine *x = exec_machine(m);
    bool pending;

    g_mutex_lock(&x->lock);
    pending = x->stop_pending;
    g_mutex_unlock(&x->lock);
    if (pending) {
        exec_pause(m);
    }
}

bool debug_is_paused(Machine *m)
{
    return __atomic_load_n(&exec_machine(m)->paused, __ATOMIC_SEQ_CST);
}

/* -- the debugger's host ------------------------------------------------------------------------------------------------ */

void debug_ask_host(Machine *m, DebugHostCall *call)
{
    const ExecMachine *x = exec_machine(m);

    for (unsigned i = 0; i < x->clients->len; i++) {
        const DebugClient *c = x->clients->pdata[i];

        if (c->host_call(c->opaque, call)) {
            return;
        }
    }
    call->result = -1;
    call->error = DEBUG_HOST_NOBODY;
    call->done(call);
}

void debug_serve_host(Cluster *c, bool serves)
{
    __atomic_add_fetch(&c->hosts, serves ? 1 : -1, __ATOMIC_SEQ_CST);
}

bool debug_has_host(const CPUState *cs)
{
    return __atomic_load_n(&cs->cluster->hosts, __ATOMIC_SEQ_CST) > 0;
}

/* -- memory --------------------------------------------------------------------------------------------------------------- */

typedef struct Translation {
    vaddr addr;
    hwaddr paddr;
    MemTxAttrs attrs;
    bool ok;
} Translation;

static void translate(CPUState *cs, void *opaque)
{
    Translation *t = opaque;
    const CPUClass *cc = CPU_CLASS_OF(cs);

    t->attrs = MEMTX_ATTRS_DEBUG;
    t->ok = cc->debug_translate && cc->debug_translate(cs, t->addr, &t->paddr, &t->attrs);
}

bool debug_translate(CPUState *cs, vaddr addr, hwaddr *ret_paddr, MemTxAttrs *ret_attrs)
{
    Translation t = { .addr = addr };

    cpu_run_on(cs, translate, &t, true);
    if (t.ok) {
        *ret_paddr = t.paddr;
        *ret_attrs = t.attrs;
    }
    return t.ok;
}

/* RAM without side effects; a device as a CPU accesses it, in words where that is possible: somebody has asked for it. */
static size_t phys_rw(AddressSpace *as, hwaddr addr, MemTxAttrs attrs, uint8_t *buf, size_t len, bool write)
{
    size_t done = 0;

    while (done < len) {
        MemorySection s = address_space_lookup(as, addr + done, attrs.pas);
        uint64_t n = MIN(len - done, s.last - (addr + done) + 1);
        MemTxResult r;

        n = n ? n : len - done;                 /* the run is all of 2^64 */
        attrs.debug = s.mr && s.mr->ram;
        if (!s.mr) {
            return done;
        }
        r = write ? address_space_write(as, addr + done, attrs, buf + done, n)
                  : address_space_read(as, addr + done, attrs, buf + done, n);
        if (r != MEMTX_OK) {
            return done;
        }
        done += n;
    }
    return done;
}

/* A piece of memory in one page, done on the CPU's thread: what it sees may be its own alone. */
typedef struct Piece {
    vaddr addr;
    uint8_t *buf;
    size_t len, done;
    bool phys, write;
} Piece;

static void piece_rw(CPUState *cs, void *opaque)
{
    Translation t = { .paddr = ((Piece *)opaque)->addr, .attrs = MEMTX_ATTRS_DEBUG, .ok = true };
    Piece *p = opaque;

    if (!p->phys) {
        t.addr = p->addr;
        translate(cs, &t);
    }
    t.attrs.privileged = 1;
    p->done = t.ok ? phys_rw(cs->as, t.paddr, t.attrs, p->buf, p->len, p->write) : 0;
}

static size_t rw(CPUState *cs, vaddr addr, uint8_t *buf, size_t len, bool phys, bool write)
{
    uint64_t mask = BIT64(CPU_CLASS_OF(cs)->tcg->page_bits) - 1;
    size_t done = 0;

    if (cs->exec->x->user) {
        return user_debug_rw(cs, addr, buf, len, write);
    }
    while (done < len) {
        Piece p = { addr + done, buf + done, MIN(len - done, mask + 1 - ((addr + done) & mask)), 0, phys, write };

        cpu_run_on(cs, piece_rw, &p, true);
        done += p.done;
        if (p.done < p.len) {
            break;
        }
    }
    return done;
}

size_t debug_read(CPUState *cs, vaddr addr, void *buf, size_t len)
{
    return rw(cs, addr, buf, len, false, false);
}

size_t debug_write(CPUState *cs, vaddr addr, const void *buf, size_t len)
{
    return rw(cs, addr, (uint8_t *)buf, len, false, true);
}

size_t debug_read_phys(CPUState *cs, hwaddr addr, void *buf, size_t len)
{
    return rw(cs, addr, buf, len, true, false);
}

size_t debug_write_phys(CPUState *cs, hwaddr addr, const void *buf, size_t len)
{
    return rw(cs, addr, (uint8_t *)buf, len, true, true);
}

/* -- registers -------------------------------------------------------------------------------------------------------- */

static void free_feature(void *p)
{
    g_free(((DebugFeature *)p)->owned);
}

GArray *debug_features(CPUState *cs)
{
    const CPUClass *cc = CPU_CLASS_OF(cs);
    GArray *list;

    if (!cc->debug_features) {
        return NULL;
    }
    list = g_array_new(FALSE, FALSE, sizeof(DebugFeature));
    g_array_set_clear_func(list, free_feature);
    cc->debug_features(cs, list);
    return list;
}

typedef struct RegAccess {
    const DebugReg *r;
    uint8_t *to;
    const uint8_t *from;
    bool ok;
} RegAccess;

static void access_reg(CPUState *cs, void *opaque)
{
    RegAccess *a = opaque;
    uint32_t raised = cs->raised;

    a->ok = a->to ? a->r->read(cs, a->r, a->to) : a->r->write(cs, a->r, a->from);
    if (!raised && cs->raised) {                /* an access that the architecture refuses */
        cs->raised = 0;
        a->ok = false;
    }
    if (!a->to) {
        cpu_key_changed(cs);
        cs->exec->redirected |= a->ok;
    }
}

bool debug_reg_read(CPUState *cs, const DebugReg *r, uint8_t *buf)
{
    RegAccess a = { .r = r, .to = buf };

    cpu_run_on(cs, access_reg, &a, true);
    return a.ok;
}

bool debug_reg_write(CPUState *cs, const DebugReg *r, const uint8_t *buf)
{
    RegAccess a = { .r = r, .from = buf };

    if (r->write) {
        cpu_run_on(cs, access_reg, &a, true);
    }
    return a.ok;
}

const DebugReg *debug_reg_find(const GArray *features, const char *name)
{
    for (unsigned i = 0; features && i < features->len; i++) {
        const DebugFeature *f = &g_array_index(features, DebugFeature, i);

        for (unsigned k = 0; k < f->num; k++) {
            if (g_ascii_strcasecmp(f->regs[k].name, name) == 0) {
                return &f->regs[k];
            }
        }
    }
    return NULL;
}
