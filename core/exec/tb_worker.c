/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread that makes regions while CPUs run on.
 *
 * It waits for a queue that CPUs fill, which is short: a block for which there is no place runs on as it is, and asks
 * again when it has run as often again. The thread begins with the first that is queued, and not for a process that makes
 * few of them: those are made by the CPU. It ends when there was nothing to do for a while, and begins anew: the host's
 * kernel does system calls faster for a process of one thread. It looks at no guest memory and holds no block: a region has
 * a copy of its bytes, and is put in if its page's generation is what it was.
 *
 * Who needs the code buffer or the pages as they are (tb_reset, the end of a RAM block, fork) holds the thread: from
 * then on it is between two regions. While it is held CPUs make what they need themselves. A vfork's child shares the
 * memory of a process that may be killed: the thread is held as long as there is one.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/exec/tb_int.h"

enum { QUEUE = 16, FIRST = 8 };                 /* FIRST: so many are made before there is a thread */
enum { IDLE_US = 10000 };                       /* so long it waits */

struct TbWorker {
    ExecMachine *x;
    GMutex lock;                                /* a leaf */
    GCond cond;                                 /* something to do, or done */
    GThread *thread;
    bool ended;                                 /* the thread did, or is about to, and needs nothing any more: to be joined */
    GQueue queue;                               /* (TbRegion *) */
    TbRegion *now;                              /* what it makes; it uses it without the lock */
    bool starting, stopping;
    bool none;                                  /* no thread could be made */
    unsigned held;
    unsigned made;                              /* by CPUs, while that matters */
    Stats stats;
    GPtrArray *gens;                            /* (TcgGen *) by x->classes; its own */
};

TbWorker *tb_worker_new(ExecMachine *x)
{
    TbWorker *w = g_new0(TbWorker, 1);

    w->x = x;
    g_mutex_init(&w->lock);
    g_cond_init(&w->cond);
    g_queue_init(&w->queue);
    w->gens = g_ptr_array_new();
    return w;
}

void tb_worker_free(TbWorker *w)
{
    if (!w) {
        return;
    }
    tb_worker_stop(w);
    for (unsigned i = 0; i < w->gens->len; i++) {
        if (w->gens->pdata[i]) {
            tcg_gen_free(w->gens->pdata[i]);
        }
    }
    g_ptr_array_unref(w->gens);
    g_mutex_clear(&w->lock);
    g_cond_clear(&w->cond);
    g_free(w);
}

static TcgGen *gen_for(TbWorker *w, const ExecClass *ec)
{
    if (w->gens->len <= ec->index) {
        g_ptr_array_set_size(w->gens, (int)ec->index + 1);
    }
    if (!w->gens->pdata[ec->index]) {
        w->gens->pdata[ec->index] = tcg_gen_new(&ec->config);
    }
    return w->gens->pdata[ec->index];
}

static void *worker_main(void *opaque)
{
    TbWorker *w = opaque;
    gint64 end = 0;                             /* of waiting; 0: it has not begun */

    g_mutex_lock(&w->lock);
    w->starting = false;
    g_cond_broadcast(&w->cond);
    while (!w->stopping && !w->ended) {
        TbRegion *made;

        if (w->held) {
            g_cond_wait(&w->cond, &w->lock);
            continue;
        }
        if (g_queue_is_empty(&w->queue)) {
            end = end ? end : g_get_monotonic_time() + IDLE_US;
            w->ended = !g_cond_wait_until(&w->cond, &w->lock, end) && !w->held && g_queue_is_empty(&w->queue);
            continue;
        }
        end = 0;
        w->now = g_queue_pop_head(&w->queue);
        g_mutex_unlock(&w->lock);
        tb_region_make(w->x, w->now, gen_for(w, tb_region_class(w->now)), &w->stats);
        g_mutex_lock(&w->lock);
        made = w->now;
        w->now = NULL;                          /* others look at it until here */
        g_free(made);
        if (w->held) {
            g_cond_broadcast(&w->cond);
        }
    }
    g_mutex_unlock(&w->lock);
    return NULL;
}

/* Under the lock. */
static void join_ended(TbWorker *w)
{
    if (w->ended) {
        g_thread_join(w->thread);
        w->thread = NULL;
        w->ended = false;
    }
}

/* Under the lock. The thread takes no signal: they are the guest's, or the main loop's. */
static bool start(TbWorker *w)
{
    uint64_t all = ~UINT64_C(0), old;

    join_ended(w);
    if (w->thread || w->none) {
        return w->thread;
    }
    w->starting = true;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));  /* the C library's own are the guest's, too */
    w->thread = g_thread_try_new("regions", worker_main, w, NULL);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
    w->starting = w->thread;
    w->none = !w->thread;
    return w->thread;
}

/* Under the lock. */
static bool has(TbWorker *w, const TranslationBlock *tb)
{
    bool found = w->now && tb_region_has(w->now, tb);

    for (const GList *l = w->queue.head; l && !found; l = l->next) {
        found = tb_region_has(l->data, tb);
    }
    return found;
}

/* Under the lock. */
static TbWorkerSays ask(TbWorker *w, const TranslationBlock *tb)
{
    if (w->held || w->none || (w->made < FIRST && !(w->x->config.stress & ACCEL_STRESS_QUEUE))) {
        return TB_WORKER_DOES_NOT;
    }
    return w->queue.length >= QUEUE || has(w, tb) ? TB_WORKER_BUSY : TB_WORKER_DOES;
}

TbWorkerSays tb_worker_ask(TbWorker *w, const TranslationBlock *tb)
{
    TbWorkerSays says;

    g_mutex_lock(&w->lock);
    says = ask(w, tb);
    w->made += says == TB_WORKER_DOES_NOT && w->made < FIRST;
    g_mutex_unlock(&w->lock);
    return says;
}

TbWorkerSays tb_worker_post(TbWorker *w, TbRegion *r, const TranslationBlock *tb)
{
    TbWorkerSays says;

    g_mutex_lock(&w->lock);
    says = ask(w, tb);
    if (says == TB_WORKER_DOES && !start(w)) {
        says = TB_WORKER_DOES_NOT;
    }
    if (says == TB_WORKER_DOES) {
        g_queue_push_tail(&w->queue, r);
        if (!w->now) {
            g_cond_broadcast(&w->cond);
        }
    }
    g_mutex_unlock(&w->lock);
    return says;
}

void tb_worker_hold(TbWorker *w)
{
    g_mutex_lock(&w->lock);
    w->held++;
    while (w->now || w->starting) {
        g_cond_wait(&w->cond, &w->lock);
    }
    join_ended(w);                              /* it may be in the midst of the C library until then */
    g_mutex_unlock(&w->lock);
}

void tb_worker_release(TbWorker *w)
{
    g_mutex_lock(&w->lock);
    w->held--;
    if (!w->held) {
        g_cond_broadcast(&w->cond);
    }
    g_mutex_unlock(&w->lock);
}

void tb_worker_drop(TbWorker *w, const RamBlock *rb)
{
    GQueue kept = G_QUEUE_INIT, gone = G_QUEUE_INIT;
    TbRegion *r;

    g_mutex_lock(&w->lock);
    g_assert(w->held && !w->now);
    while ((r = g_queue_pop_head(&w->queue))) {
        g_queue_push_tail(!rb || tb_region_ram(r) == rb ? &gone : &kept, r);
    }
    w->queue = kept;
    g_mutex_unlock(&w->lock);
    while ((r = g_queue_pop_head(&gone))) {
        tb_region_drop(w->x, r);
    }
}

void tb_worker_stop(TbWorker *w)
{
    GThread *thread;

    tb_worker_hold(w);
    tb_worker_drop(w, NULL);
    g_mutex_lock(&w->lock);
    thread = w->thread;                         /* others may stop it as well: one waits for it */
    w->thread = NULL;
    w->stopping |= thread != NULL;
    g_cond_broadcast(&w->cond);
    g_mutex_unlock(&w->lock);
    if (thread) {
        g_thread_join(thread);
        g_mutex_lock(&w->lock);
        w->stopping = false;
        g_mutex_unlock(&w->lock);
    }
    tb_worker_release(w);
}

void tb_worker_fork_lock(TbWorker *w)
{
    tb_worker_hold(w);
    g_mutex_lock(&w->lock);
}

void tb_worker_fork_unlock(TbWorker *w, bool child)
{
    g_mutex_unlock(&w->lock);
    if (child) {                                /* nobody waits for it any more; the thread's object stays behind */
        memset(&w->cond, 0, sizeof(w->cond));
        g_cond_init(&w->cond);
        w->thread = NULL;
        tb_worker_drop(w, NULL);
        w->held = 0;
        w->made = 0;
        w->none = false;
    } else {
        tb_worker_release(w);
    }
}

const Stats *tb_worker_stats(const TbWorker *w)
{
    return &w->stats;
}
