/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User mode: finding guest memory, threads that come and go, faults of the host, fork.
 *
 * Translations are kept by RAM block and offset as in a machine; here a block is a gigabyte of guest addresses, made
 * when first needed. What C code accesses is touched first and accessed then, both with a recovery point, as another
 * thread may unmap it in between: cs->exec->recover says where the signal handler jumps to.
 */
#include <errno.h>
#include <string.h>
#include "core/bits.h"
#include "core/exec/memory_int.h"
#include "core/exec/perf.h"
#include "core/exec/tb_int.h"

enum { CHUNK_BITS = 30, PAGE_BITS = 12, TAG_BITS = 4 };

typedef struct Chunk {
    RamBlock rb;
    MemoryRegion mr;
    uint8_t *page_bits;                         /* atomic pointer: a byte a page; NULL: all zero */
} Chunk;

struct ExecUser {
    UserMemory mem;
    uint64_t changes;                           /* atomic: of what may be executed, and how; counted before they are made */
    Chunk **chunk;                              /* atomic pointers */
    uint64_t num_chunks;
};

static void code_written(RamBlock *rb G_GNUC_UNUSED)
{
}

static Chunk *chunk_of(ExecMachine *x, vaddr addr)
{
    struct ExecUser *u = x->user;
    Chunk **at = &u->chunk[addr >> CHUNK_BITS], *c = __atomic_load_n(at, __ATOMIC_ACQUIRE), *none = NULL;

    if (c) {
        return c;
    }
    c = g_new0(Chunk, 1);
    c->rb.name = g_strdup("user");
    c->rb.host = (uint8_t *)u->mem.base + (addr >> CHUNK_BITS << CHUNK_BITS);
    c->rb.size = BIT64(CHUNK_BITS);
    c->rb.id = (uint32_t)(addr >> CHUNK_BITS);
    c->rb.on_free = code_written;
    c->mr.name = c->rb.name;
    c->mr.kind = MR_RAM;
    c->mr.ram = &c->rb;
    c->mr.size = c->rb.size;
    c->mr.enabled = true;
    if (!__atomic_compare_exchange_n(at, &none, c, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        g_free(c->rb.name);
        g_free(c);
        c = none;
    }
    return c;
}

void exec_user_init(Machine *m, const UserMemory *mem)
{
    ExecMachine *x = exec_machine(m);
    struct ExecUser *u = g_new0(struct ExecUser, 1);

    u->mem = *mem;
    u->num_chunks = (mem->size >> CHUNK_BITS) + 1;
    u->chunk = g_new0(Chunk *, u->num_chunks);
    x->user = u;
    x->paused = false;
}

bool exec_user_mapping(ExecMachine *x, vaddr addr, UserMapping *ret)
{
    return x->user->mem.mapping && x->user->mem.mapping(x->user->mem.opaque, addr, ret);
}

uint64_t exec_user_mask(const ExecMachine *x)
{
    return x->user->mem.addr_mask;
}

/* -- what is kept of pages ------------------------------------------------------------------------------------------ */

static uint8_t *page_bits(Chunk *c, bool create)
{
    uint8_t *bits = __atomic_load_n(&c->page_bits, __ATOMIC_ACQUIRE), *mine;

    if (bits || !create) {
        return bits;
    }
    mine = g_malloc0(BIT64(CHUNK_BITS - PAGE_BITS));
    if (!__atomic_compare_exchange_n(&c->page_bits, &bits, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        g_free(mine);
        return bits;
    }
    return mine;
}

/* Calls fn for each part of a range that lies in one chunk; chunks that nobody has used are made only if create. */
static void for_chunks(Machine *m, vaddr addr, uint64_t len, bool create,
                       void (*fn)(Chunk *c, uint64_t offset, uint64_t len, void *opaque), void *opaque)
{
    ExecMachine *x = exec_machine(m);
    vaddr end = MIN(addr + len, x->user->mem.size);

    while (addr < end) {
        Chunk *c = create ? chunk_of(x, addr) : __atomic_load_n(&x->user->chunk[addr >> CHUNK_BITS], __ATOMIC_ACQUIRE);
        vaddr next = MIN(((addr >> CHUNK_BITS) + 1) << CHUNK_BITS, end);

        if (c) {
            fn(c, addr & (BIT64(CHUNK_BITS) - 1), next - addr, opaque);
        }
        addr = next;
    }
}

static void set_bits(Chunk *c, uint64_t offset, uint64_t len, void *opaque)
{
    const uint8_t *value = opaque;
    uint8_t *bits = page_bits(c, *value);

    if (bits) {
        memset(bits + (offset >> PAGE_BITS), *value, len >> PAGE_BITS);
    }
}

void user_set_page_bits(Machine *m, vaddr addr, uint64_t len, uint8_t bits)
{
    for_chunks(m, addr, len, bits, set_bits, &bits);
}

static void clear_tags(Chunk *c, uint64_t offset, uint64_t len, void *opaque G_GNUC_UNUSED)
{
    uint8_t *tags = ram_tags(&c->rb, false);

    if (tags) {
        memset(tags + (offset >> TAG_BITS), 0, len >> TAG_BITS);
    }
}

void user_clear_tags(Machine *m, vaddr addr, uint64_t len)
{
    for_chunks(m, addr, len, false, clear_tags, NULL);
}

void user_copy_tags(Machine *m, vaddr to, vaddr from, uint64_t len)
{
    ExecMachine *x = exec_machine(m);

    for (uint64_t i = 0; i < len; i += BIT64(PAGE_BITS)) {
        Chunk *src = chunk_of(x, from + i), *dst = chunk_of(x, to + i);
        const uint8_t *tags = ram_tags(&src->rb, false);
        const uint64_t mask = BIT64(CHUNK_BITS) - 1;

        if (tags) {
            memcpy(ram_tags(&dst->rb, true) + (((to + i) & mask) >> TAG_BITS), tags + (((from + i) & mask) >> TAG_BITS),
                   BIT64(PAGE_BITS - TAG_BITS));
        }
    }
}

/* -- accesses ----------------------------------------------------------------------------------------------------- */

bool user_try(CPUState *cs, void (*fn)(void *opaque), void *opaque)
{
    sigjmp_buf *outer = cs->exec->recover;
    sigjmp_buf point;

    cs->exec->recover = &point;
    if (sigsetjmp(point, 0)) {                  /* a fault jumped here */
        cs->exec->recover = outer;
        return false;
    }
    fn(opaque);
    cs->exec->recover = outer;
    return true;
}

static void touch_load(void *p)
{
    (void)__atomic_load_n((volatile uint8_t *)p, __ATOMIC_RELAXED);
}

static void touch_store(void *p)
{
    __atomic_fetch_or((uint8_t *)p, 0, __ATOMIC_RELAXED);
}

typedef struct Copy {
    void *dst;
    const void *src;
    size_t len;
} Copy;

static void copy(void *opaque)
{
    const Copy *c = opaque;

    memcpy(c->dst, c->src, c->len);
}

static bool inside(const UserMemory *mem, vaddr addr, size_t len)
{
    return addr < mem->size && len <= mem->size - addr;
}

bool user_read(CPUState *cs, void *buf, vaddr addr, size_t len)
{
    const UserMemory *mem = &cs->exec->x->user->mem;

    addr &= mem->addr_mask;
    return inside(mem, addr, len) && user_try(cs, copy, &(Copy){ buf, (const void *)(mem->base + addr), len });
}

bool user_write(CPUState *cs, vaddr addr, const void *buf, size_t len)
{
    const UserMemory *mem = &cs->exec->x->user->mem;

    addr &= mem->addr_mask;
    return inside(mem, addr, len) && user_try(cs, copy, &(Copy){ (void *)(mem->base + addr), buf, len });
}

typedef struct Swap {
    uint32_t *at, *old, value;
} Swap;

static void compare_swap(void *opaque)
{
    const Swap *s = opaque;

    __atomic_compare_exchange_n(s->at, s->old, s->value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool user_compare_swap(CPUState *cs, vaddr addr, uint32_t *old, uint32_t value)
{
    const UserMemory *mem = &cs->exec->x->user->mem;

    addr &= mem->addr_mask;
    return inside(mem, addr, sizeof(value)) &&
           user_try(cs, compare_swap, &(Swap){ (uint32_t *)(mem->base + addr), old, value });
}

static bool fault(CPUState *cs, vaddr addr, AccessType type, UserFault why, bool probe)
{
    if (!probe) {
        cs->exec->ec->cc->user_fault(cs, addr, type, why);
    }
    return false;
}

/* The page that a CPU found code in last, as long as nothing has changed: its translations mostly follow each other. */
typedef struct UserFetch {
    uint64_t changes;
    TlbInfo info;
} UserFetch;

bool user_find(CPUState *cs, vaddr addr, unsigned size, AccessType type, bool probe, TlbInfo *ret)
{
    ExecMachine *x = cs->exec->x;
    const UserMemory *mem = &x->user->mem;
    uint64_t page_mask = BIT64(cs->exec->ec->cc->tcg->page_bits) - 1;
    vaddr at = addr & mem->addr_mask;
    unsigned prot = PROT_R | PROT_W;
    uint64_t changes = __atomic_load_n(&x->user->changes, __ATOMIC_ACQUIRE);
    UserFetch *last = cs->exec->fetch;
    Chunk *c;

    if (type == ACCESS_FETCH && last && last->info.page == (addr & ~page_mask) && last->changes == changes &&
        !debug_has_watches(cs)) {
        *ret = last->info;
        return true;
    }
    if (at >= mem->size) {
        return fault(cs, addr, type, USER_FAULT_UNMAPPED, probe);
    }
    if (type == ACCESS_FETCH) {
        prot = mem->prot(mem->opaque, at);
        if (!(prot & PROT_X)) {
            return fault(cs, addr, type, prot ? USER_FAULT_PROTECTED : USER_FAULT_UNMAPPED, probe);
        }
    } else if (!user_try(cs, type == ACCESS_STORE || type == ACCESS_RMW ? touch_store : touch_load,
                         (void *)(mem->base + at))) {
        return fault(cs, addr, type, cs->exec->fault, probe);
    }
    c = chunk_of(x, at);
    if (type != ACCESS_FETCH) {
        const uint8_t *bits = page_bits(c, false);

        prot |= (bits ? bits[(at & (BIT64(CHUNK_BITS) - 1)) >> PAGE_BITS] : 0u) << USER_PROT_SHIFT;
    }
    *ret = (TlbInfo){
        .page = addr & ~page_mask, .paddr = at & ~page_mask, .mr = &c->mr,
        .offset = (at & (BIT64(CHUNK_BITS) - 1)) & ~page_mask, .hi = (uint32_t)page_mask, .attrs = MEMTX_ATTRS_NONE,
        .prot = prot & (PROT_R | PROT_W | PROT_X), .user = prot >> USER_PROT_SHIFT,
        .watched = debug_has_watches(cs) && debug_page_watched(cs, addr & ~page_mask, page_mask + 1),
    };
    if (type == ACCESS_FETCH && !ret->watched) {
        /* who changes it waits for nobody, but what it says holds a lock meanwhile */
        last = cs->exec->fetch = last ? last : g_new(UserFetch, 1);
        *last = (UserFetch){ changes, *ret };
    }
    return true;
}

bool user_fetch(CPUState *cs, vaddr pc, uint8_t *buf, unsigned len)
{
    return user_read(cs, buf, pc, len) || fault(cs, pc, ACCESS_FETCH, cs->exec->fault, false);
}

bool exec_user_fault(CPUState *cs, UserFault why, const void **pc)
{
    CPUExec *e = cs->exec;
    const void *resume;

    if (e->recover) {
        e->fault = why;
        siglongjmp(*e->recover, 1);
    }
    resume = tcg_fault_resume(e->x->be, e->x->buf, *pc);
    if (!resume) {
        return false;
    }
    *pc = resume;
    return true;
}

bool exec_user_recovers(const CPUState *cs)
{
    return cs->exec->recover;
}

/* -- code that changes ----------------------------------------------------------------------------------------------- */

static void changed(Chunk *c, uint64_t offset, uint64_t len, void *opaque)
{
    ram_written(&c->rb, offset, len);
}

static void unmapped(Chunk *c, uint64_t offset, uint64_t len, void *opaque)
{
    tb_forget_pages(opaque, &c->rb, offset, len);
}

void user_code_changed(Machine *m, vaddr addr, uint64_t len)
{
    ExecMachine *x = exec_machine(m);

    __atomic_fetch_add(&x->user->changes, 1, __ATOMIC_SEQ_CST);
    perf_unmapped(x->perf, addr, len);
    for_chunks(m, addr, len, false, changed, NULL);
}

void user_code_unmapped(Machine *m, vaddr addr, uint64_t len)
{
    user_code_changed(m, addr, len);
    for_chunks(m, addr, len, false, unmapped, exec_machine(m));
}

void cpu_code_changed(CPUState *cs, vaddr addr, uint64_t len)
{
    ExecMachine *x = cs->exec->x;

    if (x->user) {
        user_code_changed(x->machine, addr & x->user->mem.addr_mask, len);
    }
}

/* -- threads --------------------------------------------------------------------------------------------------------- */

void exec_user_attach(CPUState *cs)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    ExecThread *t;

    g_mutex_lock(&x->lock);
    while (x->exclusive) {
        g_cond_wait(&x->cond, &x->lock);
    }
    t = exec_thread_new(x);
    g_ptr_array_add(t->cpus, cs);
    exec_attach(x, cs);
    g_mutex_unlock(&x->lock);
    e->gen = e->gen ? e->gen : tcg_gen_new(&e->ec->config);
    e->thread = t;
    e->alone = false;
    e->debug_run = DEBUG_RUN;
    e->exempt = e->redirected = e->reporting = false;
    e->resume_sig = 0;
    e->redo = REDO_NONE;
    cs->direct_base = x->user->mem.base;
    tcg_set_direct(x->be, cs->direct_base);
    cs->raised = 0;
    cs->halted = false;
    tlb_flush_all(cs);
    jc_flush(cs);
}

void exec_user_detach(CPUState *cs)
{
    ExecMachine *x = cs->exec->x;

    g_mutex_lock(&x->lock);
    /* a vfork's child that was killed is still said to run */
    __atomic_store_n(&cs->exec->thread->running, false, __ATOMIC_SEQ_CST);
    g_cond_broadcast(&x->cond);
    while (x->exclusive) {
        g_cond_wait(&x->cond, &x->lock);
    }
    exec_thread_free(cs->exec->thread);
    cs->exec->thread = NULL;
    g_cond_broadcast(&x->cond);
    g_mutex_unlock(&x->lock);
}

USER_IN_HANDLER void exec_user_interrupt(CPUState *cs)
{
    __atomic_or_fetch(&cs->requests, CPU_REQ_INTERRUPT, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cs->poll, -1, __ATOMIC_SEQ_CST);
}

static bool stands(const CPUState *cs)
{
    return __atomic_load_n(&cs->exec->x->paused, __ATOMIC_SEQ_CST) || cs->exec->debug_run == DEBUG_HOLD;
}

UserStop exec_user_run(CPUState *cs)
{
    CPUExec *e = cs->exec;
    ExecThread *t = e->thread;
    ExecMachine *x = e->x;
    UserStop stop;

    epoch_online(&t->epoch);
    for (;;) {
        uint32_t req;

        exec_wait_exclusive(x);
        epoch_quiescent(&t->epoch);
        if (x->notify && !cs->raised && stands(cs)) {
            epoch_offline(&t->epoch);
            if (exec_user_gate(cs)) {
                return USER_STOP_REQUEST;       /* it may be somewhere else now */
            }
            epoch_online(&t->epoch);
            continue;
        }
        req = exec_serve(cs);
        if (cs->raised) {
            if (req & CPU_REQ_INTERRUPT) {
                exec_user_interrupt(cs);        /* still to be told */
            }
            stop = USER_STOP_EXCEPTION;
            break;
        }
        if (req & CPU_REQ_INTERRUPT) {
            stop = USER_STOP_REQUEST;
            break;
        }
        if (cs->halted) {                       /* a hint: others may run */
            cs->halted = false;
            g_thread_yield();
        }
        e->alone |= e->debug_run >= DEBUG_STEP;
        exec_run_inside(cs);
    }
    epoch_offline(&t->epoch);
    return stop;
}

/* -- fork ------------------------------------------------------------------------------------------------------------ */

void exec_user_fork_begin(CPUState *cs)
{
    exec_exclusive_begin(cs->exec->x, cs->exec->thread);
}

void exec_user_fork_lock(CPUState *cs)
{
    ExecMachine *x = cs->exec->x;

    tb_worker_fork_lock(x->worker);
    g_mutex_lock(&x->lock);
    g_mutex_lock(&x->tb_lock);
    epoch_lock(x->epoch);
    tb_pool_lock(x->tb_pool);
    if (x->costs) {
        tcg_costs_lock(x->costs);
    }
    perf_lock(x->perf);
}

void exec_user_hold_worker(CPUState *cs)
{
    tb_worker_hold(cs->exec->x->worker);
}

void exec_user_end_worker(CPUState *cs)
{
    tb_worker_stop(cs->exec->x->worker);
}

void exec_user_release_worker(CPUState *cs)
{
    tb_worker_release(cs->exec->x->worker);
}

/* The code is shared with the parent, and its addresses are in it: all of it is made anew. */
static bool new_code_memory(ExecMachine *x)
{
    TcgCodeBuf *buf = tcg_codebuf_new(tcg_codebuf_size(x->buf), x->be, NULL);

    if (!buf) {
        return false;
    }
    tb_reset(x);
    tcg_codebuf_free(x->buf);
    x->buf = buf;
    return true;
}

/* Points are in translations alone, which are made anew. */
static void no_debugger(ExecMachine *x, CPUState *cs)
{
    debug_remove_all(cs->cluster);
    g_ptr_array_set_size(x->clients, 0);
    x->notify = NULL;
    x->paused = x->stop_pending = x->told_running = false;
    cs->exec->debug_run = DEBUG_RUN;
    cs->exec->alone = cs->exec->exempt = cs->exec->redirected = false;
    cs->exec->thread->outside = cs->exec->thread->parked = false;
}

bool exec_user_fork_end(CPUState *cs, bool child)
{
    ExecMachine *x = cs->exec->x;
    ExecThread *self = cs->exec->thread;
    bool ok = true;

    perf_unlock(x->perf);
    if (x->costs) {
        tcg_costs_unlock(x->costs);
    }
    tb_pool_unlock(x->tb_pool);
    epoch_unlock(x->epoch);
    g_mutex_unlock(&x->tb_lock);
    g_mutex_unlock(&x->lock);
    tb_worker_fork_unlock(x->worker, child);
    if (child) {
        for (unsigned i = x->threads->len; i-- > 0;) {
            ExecThread *t = x->threads->pdata[i];

            if (t != self) {
                for (unsigned k = 0; k < t->cpus->len; k++) {
                    CPU(t->cpus->pdata[k])->exec->thread = NULL;
                }
                exec_thread_free(t);
            }
        }
        ok = new_code_memory(x);
        if (ok) {
            perf_forked(x->perf);
        }
        jc_flush(cs);
        no_debugger(x, cs);
    }
    exec_exclusive_end(x, self);
    __atomic_store_n(&self->running, false, __ATOMIC_SEQ_CST);
    return ok;
}

/* -- a debugger ---------------------------------------------------------------------------------------------------- */

bool exec_is_user(const CPUState *cs)
{
    return cs->exec->x->user;
}

void exec_user_debug(Machine *m, void (*notify)(void *opaque), void *opaque)
{
    ExecMachine *x = exec_machine(m);

    x->notify = notify;
    x->notify_opaque = opaque;
    x->paused = true;
}

void exec_user_debug_wait(Machine *m)
{
    ExecMachine *x = exec_machine(m);

    g_mutex_lock(&x->lock);
    while (!x->threads->len) {
        g_cond_wait(&x->cond, &x->lock);
    }
    g_mutex_unlock(&x->lock);
}

void user_break_changed(CPUState *cs, vaddr addr)
{
    ExecMachine *x = cs->exec->x;

    if (x->user) {
        user_code_changed(x->machine, addr & x->user->mem.addr_mask & ~(BIT64(PAGE_BITS) - 1), BIT64(PAGE_BITS));
    }
}

size_t user_debug_rw(CPUState *cs, vaddr addr, void *buf, size_t len, bool write)
{
    ExecMachine *x = cs->exec->x;
    const UserMemory *mem = &x->user->mem;
    size_t done;

    addr &= mem->addr_mask;
    if (!mem->debug_rw || addr >= mem->size) {
        return 0;
    }
    done = mem->debug_rw(mem->opaque, addr, buf, MIN(len, mem->size - addr), write);
    if (write && done) {
        user_code_changed(x->machine, addr, done);
    }
    return done;
}

bool exec_user_gate(CPUState *cs)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    bool changed;

    g_mutex_lock(&x->lock);
    while (x->notify && stands(cs)) {
        e->thread->parked = true;
        g_cond_broadcast(&x->cond);
        g_cond_wait(&x->cond, &x->lock);
    }
    e->thread->parked = false;
    changed = e->redirected;
    e->redirected = false;
    g_mutex_unlock(&x->lock);
    return changed;
}

void exec_user_set_outside(CPUState *cs, bool outside)
{
    ExecMachine *x = cs->exec->x;

    g_mutex_lock(&x->lock);
    cs->exec->thread->outside = outside;
    g_cond_broadcast(&x->cond);
    g_mutex_unlock(&x->lock);
}

void exec_user_exempt(CPUState *cs, bool exempt)
{
    cs->exec->exempt = exempt;
}

bool exec_user_report(CPUState *cs, const DebugStop *why, int *ret_sig)
{
    CPUExec *e = cs->exec;
    ExecMachine *x = e->x;
    bool first;

    g_mutex_lock(&x->lock);
    first = !stands(cs);
    if (first) {
        x->stop = *why;
        x->stop_pending = true;
        e->reporting = true;
        e->resume_sig = DEBUG_SIGNAL_SAME;
        __atomic_store_n(&x->paused, true, __ATOMIC_SEQ_CST);
    }
    g_mutex_unlock(&x->lock);
    if (!first) {
        return false;
    }
    debug_notify(x);
    exec_user_gate(cs);
    g_mutex_lock(&x->lock);
    *ret_sig = e->resume_sig;
    e->resume_sig = 0;
    e->reporting = false;
    g_mutex_unlock(&x->lock);
    return true;
}

void exec_user_stepped(CPUState *cs)
{
    if (cs->exec->x->notify && cs->exec->debug_run >= DEBUG_STEP) {
        debug_stepped(cs);
    }
}

int exec_user_injected(CPUState *cs)
{
    CPUExec *e = cs->exec;
    int sig = e->reporting ? 0 : e->resume_sig;

    if (!e->reporting) {
        e->resume_sig = 0;
    }
    return MAX(sig, 0);
}

bool exec_user_is_redirected(const CPUState *cs)
{
    return cs->exec->redirected && cs->exec->thread && cs->exec->thread->outside;
}
