/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process and its threads: running, clone(2) and fork(2), execve(2). A guest thread is a host thread with a CPU of
 * its own; CPUs of threads that ended are used again. A vfork's child is a host process of its own that runs on a
 * CPU of its own in its parent's memory, guest's and ours: to core/exec it is one more thread. Its parent's thread
 * waits in the host's kernel and tidies up behind it.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* AddressSanitizer keeps where a thread's stack is: a vfork's child, which shares that, is on another. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_ENTER(bottom, size, ret_bottom, ret_size) \
    (__sanitizer_start_switch_fiber(NULL, bottom, size), __sanitizer_finish_switch_fiber(NULL, ret_bottom, ret_size))
#else
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define STACK_ENTER(bottom, size, ret_bottom, ret_size) ((void)(bottom), (void)(size))
#endif
/*
 * For ThreadSanitizer, a vfork's child is another fiber of the thread whose data it shares, left for good when it ends;
 * its own clone(2) takes what shares memory for a fork, and sees nothing from then on.
 */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#define FIBER_NEW() __tsan_create_fiber(0)
#define FIBER_NOW() __tsan_get_current_fiber()
#define FIBER_ENTER(f) __tsan_switch_to_fiber(f, 0)
#define FIBER_FREE(f) __tsan_destroy_fiber(f)
#else
#define FIBER_NEW() NULL
#define FIBER_NOW() NULL
#define FIBER_ENTER(f) ((void)(f))
#define FIBER_FREE(f) ((void)(f))
#endif
#include "core/linux_user/user_int.h"
#include "core/log.h"

/* What clone(2) gives a child of its own, or shares with it, that concerns the host's kernel alone. */
#define NAMESPACES ((uint64_t)(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
                               CLONE_NEWCGROUP))
#define HANDED_ON (NAMESPACES | (uint64_t)(CLONE_FS | CLONE_FILES | CLONE_IO | CLONE_SYSVSEM | CLONE_PARENT))

enum { HOST_STACK = 256 << 10 };

Thread *thread_new(Process *p, CPUState *cs)
{
    Thread *t = g_new0(Thread, 1);

    t->p = p;
    t->cs = cs;
    return t;
}

CPUState *process_cpu(Process *p, GError **error)
{
    CPUState *cs = NULL;

    g_mutex_lock(&p->threads_lock);
    if (p->idle_cpus->len) {
        cs = g_ptr_array_steal_index_fast(p->idle_cpus, p->idle_cpus->len - 1);
    } else {
        cs = cluster_add_cpu(p->cluster, p->cpu_type, error);
        if (cs && !device_realize(&cs->parent, error)) {
            cs = NULL;
        }
        if (cs) {
            device_reset(&cs->parent, RESET_COLD);
        }
    }
    g_mutex_unlock(&p->threads_lock);
    if (cs) {
        p->target->init(cs, p->vdso);
    }
    return cs;
}

/* Under a debugger: what a signal has interrupted of which the guest hears nothing goes on; steps end. */
static void after_signals(Thread *t, bool handled, bool done)
{
    if (t->interrupted && !handled) {
        t->p->target->set_result(t->cs, t->first_arg);
        t->p->target->restart(t->cs);
    }
    t->interrupted = false;
    if (done || handled) {
        exec_user_stepped(t->cs);
    }
}

void thread_run(Thread *t)
{
    const LinuxTarget *target = t->p->target;

    t->tid = (int)syscall(SYS_gettid);
    linux_current = t;
    exec_user_attach(t->cs);
    exec_user_exempt(t->cs, t->vfork);
    signal_set_mask(t, t->mask);
    while (!t->exiting) {
        UserStop stop = exec_user_run(t->cs);
        bool handled = false;
        LinuxTrap trap;

        if (target->late_trap(t->cs, &trap)) {
            t->cs->raised = 0;                  /* the instruction runs again, after the handler */
            handled = signal_trap(t, &trap);
        } else if (stop == USER_STOP_EXCEPTION) {
            target->trap(t->cs, &trap);
            t->cs->raised = 0;
            if (trap.sig == 0 && __atomic_load_n(&t->pending, __ATOMIC_SEQ_CST)) {
                target->restart(t->cs);         /* the signal came first */
                stop = USER_STOP_REQUEST;
            } else if (trap.sig == 0) {
                syscall_do(t);
            } else if (trap.sig > 0) {
                log_printf(LOG_INT, "user: thread %d: signal %d, code %d, address 0x%" G_GINT64_MODIFIER "x, PC 0x%"
                           G_GINT64_MODIFIER "x\n", t->tid, trap.sig, trap.code, trap.addr,
                           CPU_CLASS_OF(t->cs)->get_pc(t->cs));
                handled = signal_trap(t, &trap);
            }
        } else if (t->held) {
            gdb_try_held(t);
        }
        if (!t->exiting) {
            handled |= signals_deliver(t);
            if (t->p->gdb) {
                after_signals(t, handled, stop == USER_STOP_EXCEPTION);
            }
        }
    }
}

/* -- the end of a thread --------------------------------------------------------------------------------------------- */

/* Robust futexes (Linux, Documentation/locking/robust-futexes.rst). */
static void robust_entry(const Thread *t, CPUState *cs, vaddr entry, int64_t offset, bool pending)
{
    vaddr at = (entry + (uint64_t)offset) & t->p->mem.addr_mask;
    uint32_t word, now;

    if ((at & 3) || !user_read(cs, &word, at, sizeof(word)) || !(mem_prot(t->p, at) & PROT_W)) {
        return;
    }
    do {
        if ((word & FUTEX_TID_MASK) != (uint32_t)t->tid) {
            if (pending && !word) {
                syscall(SYS_futex, g2h(t->p, at), FUTEX_WAKE, 1, NULL, NULL, 0);
            }
            return;
        }
        now = word;
        if (!user_compare_swap(t->cs, at, &now, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED)) {
            return;
        }
        if (now == word) {
            if (word & FUTEX_WAITERS) {
                syscall(SYS_futex, g2h(t->p, at), FUTEX_WAKE, 1, NULL, NULL, 0);
            }
            return;
        }
        word = now;
    } while (true);
}

/* cs: the calling thread's, for accesses. */
static void robust_exit(const Thread *t, CPUState *cs)
{
    uint64_t head[3], entry, next;              /* list, futex_offset, list_op_pending */

    if (!t->robust_list || !user_read(cs, head, t->robust_list, sizeof(head))) {
        return;
    }
    entry = head[0];
    for (unsigned i = 0; i < 2048 && (entry & ~UINT64_C(1)) != t->robust_list; i++) {
        bool ok = user_read(cs, &next, entry & ~UINT64_C(1), sizeof(next));

        if (entry != head[2]) {
            robust_entry(t, cs, entry & ~UINT64_C(1), (int64_t)head[1], false);
        }
        if (!ok) {
            break;
        }
        entry = next;
    }
    if (head[2]) {
        robust_entry(t, cs, head[2] & ~UINT64_C(1), (int64_t)head[1], true);
    }
}

static bool holds_robust(const Thread *t, CPUState *cs)
{
    uint64_t head[3];

    return t->robust_list && user_read(cs, head, t->robust_list, sizeof(head)) && (head[0] != t->robust_list || head[2]);
}

void process_gives_up(Thread *t)
{
    Process *p = t->p;
    bool any = false;

    signals_block();
    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        any |= p->threads->pdata[i] != t && holds_robust(p->threads->pdata[i], t->cs);
    }
    g_mutex_unlock(&p->threads_lock);
    if (any) {
        exec_user_fork_begin(t->cs);            /* what they guard must not change once others may have it */
    }
    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        robust_exit(p->threads->pdata[i], t->cs);
    }
    g_mutex_unlock(&p->threads_lock);
}

void thread_ends(Thread *t)
{
    Process *p = t->p;
    CPUState *cs = t->cs;
    vaddr clear = t->clear_tid;
    uint32_t zero = 0;
    bool wake;

    signals_block();
    robust_exit(t, cs);
    wake = clear && user_write(cs, clear, &zero, sizeof(zero));
    linux_current = NULL;
    exec_user_detach(cs);
    g_mutex_lock(&p->threads_lock);
    g_ptr_array_add(p->idle_cpus, cs);
    g_ptr_array_remove_fast(p->threads, t);
    g_cond_broadcast(&p->threads_cond);
    g_mutex_unlock(&p->threads_lock);
    if (wake) {
        syscall(SYS_futex, g2h(p, clear), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    }
    g_free(t);
}

/* -- clone ----------------------------------------------------------------------------------------------------------- */

typedef struct NewThread {
    Thread *t;
    uint64_t flags;
    vaddr ptid, ctid;
    GMutex lock;
    GCond cond;
    int tid;                                    /* not 0: it has started; t may be gone soon */
} NewThread;

static void *thread_main(void *opaque)
{
    NewThread *n = opaque;
    Thread *t = n->t;
    int tid = (int)syscall(SYS_gettid);

    t->tid = tid;
    linux_current = t;                          /* an address may be wrong */
    if (n->flags & CLONE_CHILD_SETTID) {
        user_write(t->cs, n->ctid, &tid, sizeof(tid));
    }
    if (n->flags & CLONE_PARENT_SETTID) {
        user_write(t->cs, n->ptid, &tid, sizeof(tid));
    }
    g_mutex_lock(&n->lock);
    n->tid = tid;
    g_cond_signal(&n->cond);
    g_mutex_unlock(&n->lock);                   /* n is the parent's, and gone */
    thread_run(t);
    thread_ends(t);
    return NULL;
}

/* The first guarded page is about to be mapped: no thread runs code that does not mind. */
void process_guard(Thread *t, uint32_t prot)
{
    Process *p = t->p;

    if (!(prot & p->prot_bits & p->target->prot_guarded) || __atomic_load_n(&p->guarded, __ATOMIC_ACQUIRE)) {
        return;
    }
    signals_block();
    exec_user_fork_begin(t->cs);
    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; i < p->threads->len; i++) {
        p->target->set_guarded(((Thread *)p->threads->pdata[i])->cs, true);
    }
    p->target->set_guarded(t->cs, true);        /* a vfork's child is not among them */
    __atomic_store_n(&p->guarded, true, __ATOMIC_RELEASE);
    exec_user_fork_lock(t->cs);
    exec_user_fork_end(t->cs, false);
    g_mutex_unlock(&p->threads_lock);
    signal_set_mask(t, t->mask);
}

static int64_t clone_thread(Thread *t, uint64_t flags, vaddr stack, vaddr ptid, vaddr tls, vaddr ctid)
{
    Process *p = t->p;
    const LinuxTarget *target = p->target;
    NewThread n = { .flags = flags, .ptid = ptid, .ctid = ctid };
    CPUState *cs = process_cpu(p, NULL);
    pthread_attr_t attr;
    pthread_t thread;
    int err, tid;

    if (!cs) {
        return -EAGAIN;
    }
    target->copy(cs, t->cs);
    target->set_result(cs, 0);
    if (stack) {
        target->set_sp(cs, stack);
    }
    if (flags & CLONE_SETTLS) {
        target->set_tls(cs, tls);
    }
    n.t = thread_new(p, cs);
    n.t->action = t->action;
    n.t->mask = t->mask;
    n.t->clear_tid = flags & CLONE_CHILD_CLEARTID ? ctid : 0;
    g_mutex_init(&n.lock);
    g_cond_init(&n.cond);
    g_mutex_lock(&p->threads_lock);
    g_ptr_array_add(p->threads, n.t);
    if (p->guarded) {
        target->set_guarded(cs, true);          /* since it was copied, perhaps */
    }
    g_mutex_unlock(&p->threads_lock);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    signals_block();
    err = pthread_create(&thread, &attr, thread_main, &n);
    pthread_attr_destroy(&attr);
    signals_of_libc(t);
    if (err == 0) {
        g_mutex_lock(&n.lock);
        while (!n.tid) {
            g_cond_wait(&n.cond, &n.lock);
        }
        tid = n.tid;
        g_mutex_unlock(&n.lock);
    } else {
        g_mutex_lock(&p->threads_lock);
        g_ptr_array_remove_fast(p->threads, n.t);
        g_ptr_array_add(p->idle_cpus, cs);
        g_mutex_unlock(&p->threads_lock);
        g_free(n.t);
        tid = -err;
    }
    signal_set_mask(t, t->mask);
    return tid;
}

/*
 * A fork's child finds the locks of GLib's slice allocator (before 2.76) as another thread had them at that moment: it is
 * not to be used, which GLib must hear before its own constructor takes from it. The C library's malloc knows of forks.
 */
#if !GLIB_CHECK_VERSION(2, 76, 0)
__attribute__((no_sanitize("address", "thread"))) static void no_slices(void)
{
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
    g_slice_set_config(G_SLICE_CONFIG_ALWAYS_MALLOC, TRUE);
    G_GNUC_END_IGNORE_DEPRECATIONS
}

__attribute__((section(".preinit_array"), used)) static void (*const before_glib)(void) = no_slices;
#endif

/* Whether the child must be made by the kernel's own call, which leaves locks of the host's libc as they are. */
static bool needs_own_fork(const CloneArgs *a)
{
    return a->flags & HANDED_ON || (a->exit_signal != SIGCHLD && a->exit_signal != 0);
}

/*
 * fork(2), with what flags say: by the kernel's call if nobody else can hold such a lock. Else the child of libc's fork
 * enters its namespaces itself, but for what only a parent can say; *ret_pipe: what it says of that, by tell_parent.
 */
static pid_t make_child(const Thread *t, const CloneArgs *a, int ret_pipe[2])
{
    if (!needs_own_fork(a)) {
        return fork();
    }
    if (t->p->threads->len == 1 && !t->p->gdb && !t->vfork) {
        return (pid_t)syscall(SYS_clone, (a->flags & HANDED_ON) | (unsigned)a->exit_signal, NULL, NULL, NULL, 0);
    }
    if (a->flags & HANDED_ON & ~(NAMESPACES & ~(uint64_t)CLONE_NEWPID) || (a->exit_signal != SIGCHLD && a->exit_signal != 0)) {
        log_unimp("user: clone with flags 0x%" G_GINT64_MODIFIER "x and signal %d of a process with threads\n", a->flags,
                  a->exit_signal);
        errno = EINVAL;
        return -1;
    }
    return pipe2(ret_pipe, O_CLOEXEC) < 0 ? -1 : fork();
}

/* The child of such a fork: ends if it may not. */
static void enter_namespaces(const CloneArgs *a, int pipe[2])
{
    int err = unshare((int)(a->flags & NAMESPACES)) < 0 ? errno : 0;

    if (write(pipe[1], &err, sizeof(err)) != sizeof(err) || err) {
        _exit(0);
    }
    close(pipe[0]);
    close(pipe[1]);
}

/* The parent: the child's number, or -1 with errno. */
static pid_t namespaces_entered(pid_t pid, int pipe[2])
{
    int err = 0;

    close(pipe[1]);
    if (pid > 0 && (read(pipe[0], &err, sizeof(err)) != sizeof(err) || err)) {
        waitpid(pid, NULL, 0);
        errno = err ? err : EAGAIN;
        pid = -1;
    }
    close(pipe[0]);
    return pid;
}

static int64_t clone_process(Thread *t, const CloneArgs *a)
{
    Process *p = t->p;
    const LinuxTarget *target = p->target;
    uint64_t flags = a->flags;
    int wait[2] = { -1, -1 }, entered[2] = { -1, -1 };
    pid_t pid;
    int err;

    if (flags & CLONE_VFORK && pipe2(wait, O_CLOEXEC) < 0) {
        return -errno;
    }
    signals_block();
    exec_user_fork_begin(t->cs);
    g_mutex_lock(&p->threads_lock);
    g_rec_mutex_lock(&p->map_lock);
    exec_user_fork_lock(t->cs);
    pid = make_child(t, a, entered);
    err = errno;
    if (!exec_user_fork_end(t->cs, pid == 0)) {
        signal_die(SIGKILL);                    /* as the kernel's own lack of memory would */
    }
    if (pid == 0) {
        g_rec_mutex_init(&p->map_lock);         /* it knows its owner by a number that was the parent's thread's */
    } else {
        g_rec_mutex_unlock(&p->map_lock);
    }
    if (pid == 0) {
        int tid = (int)syscall(SYS_gettid);

        if (entered[0] >= 0) {
            enter_namespaces(a, entered);
        }
        for (unsigned i = p->threads->len; i-- > 0;) {
            if (p->threads->pdata[i] != t) {
                g_free(g_ptr_array_steal_index_fast(p->threads, i));
            }
        }
        if (p->gdb) {
            gdb_forked(t);
        }
        if (t->vfork) {                         /* the child of a vfork's child: all memory is its own */
            t->vfork = false;
            g_ptr_array_add(p->threads, t);
        }
        g_mutex_unlock(&p->threads_lock);
        t->tid = tid;
        t->robust_list = 0;
        t->clear_tid = flags & CLONE_CHILD_CLEARTID ? a->ctid : 0;
        __atomic_store_n(&t->pending, 0, __ATOMIC_SEQ_CST);
        memset(t->has, 0, sizeof(t->has));
        memset(p->has, 0, sizeof(p->has));
        if (flags & CLONE_CHILD_SETTID) {
            user_write(t->cs, a->ctid, &tid, sizeof(tid));
        }
        if (a->stack) {
            target->set_sp(t->cs, a->stack);
        }
        if (flags & CLONE_SETTLS) {
            target->set_tls(t->cs, a->tls);
        }
        if (wait[0] >= 0) {
            close(wait[0]);
        }
        if (flags & CLONE_CLEAR_SIGHAND) {
            signals_reset(t);
        }
        signal_set_mask(t, t->mask);
        return 0;
    }
    g_mutex_unlock(&p->threads_lock);
    if (entered[0] >= 0) {
        pid = namespaces_entered(pid, entered);
        err = pid < 0 ? errno : err;
    }
    if (pid > 0 && flags & CLONE_PARENT_SETTID) {
        user_write(t->cs, a->ptid, &pid, sizeof(pid));
    }
    if (pid > 0 && flags & CLONE_PIDFD) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (pidfd >= 0 && !user_write(t->cs, a->pidfd, &pidfd, sizeof(pidfd))) {
            close(pidfd);
        }
    }
    if (wait[0] >= 0) {
        char c;

        close(wait[1]);
        if (p->gdb) {
            gdb_call_begins(t);
        }
        while (pid > 0 && read(wait[0], &c, 1) < 0 && errno == EINTR) {
        }
        close(wait[0]);
        if (p->gdb) {
            gdb_call_ends(t);
        }
    }
    signal_set_mask(t, t->mask);
    return pid < 0 ? -err : pid;
}

/* -- vfork ----------------------------------------------------------------------------------------------------------- */

void thread_leaves(Thread *t, void *p, GDestroyNotify free)
{
    if (t->vfork && t->num_left < MAX_LEFT) {
        t->left[t->num_left++] = (Leftover){ p, free };
    }
}

void process_leave(int status)
{
    for (;;) {
        syscall(SYS_exit_group, status);
    }
}

typedef struct NewProcess {
    Thread *t;
    CloneArgs a;
    void *fiber;
    const uint8_t *stack, *parent_stack;        /* what is lowest */
    size_t parent_size;                         /* 0: it did not get so far */
    pid_t parent;
} NewProcess;

/*
 * A debugger that holds the parent holds the child as well. If the parent is killed then, nobody would let the child go: it
 * ends with it, until it executes a program.
 */
static void end_with_parent(const Thread *t, bool end)
{
    int sig = 0;

    if (!t->p->gdb || prctl(PR_GET_PDEATHSIG, &sig) < 0 || sig != (end ? 0 : SIGKILL)) {
        return;                                 /* or it has asked for a signal itself */
    }
    prctl(PR_SET_PDEATHSIG, end ? SIGKILL : 0);
}

/* The child: shares the thread-local data of the parent's thread, which waits. */
static int vfork_main(void *opaque)
{
    NewProcess *n = opaque;
    int tid = (int)syscall(SYS_gettid);

    FIBER_ENTER(n->fiber);
    linux_current = n->t;
    STACK_ENTER(n->stack, HOST_STACK, (const void **)&n->parent_stack, &n->parent_size);
    if (n->a.flags & CLONE_CHILD_SETTID) {
        user_write(n->t->cs, n->a.ctid, &tid, sizeof(tid));
    }
    if (n->a.flags & CLONE_PARENT_SETTID) {
        user_write(n->t->cs, n->a.ptid, &tid, sizeof(tid));
    }
    if (n->a.flags & CLONE_CLEAR_SIGHAND) {
        signals_reset(n->t);
    }
    if (n->t->p->gdb) {
        signals_give_back(n->t);
    }
    if (!(n->a.flags & CLONE_PARENT)) {
        end_with_parent(n->t, true);
        if (n->t->p->gdb && getppid() != n->parent) {
            _exit(0);                           /* killed already */
        }
    }
    thread_run(n->t);
    process_leave(0);
}

static int64_t clone_vfork(Thread *t, const CloneArgs *a)
{
    Process *p = t->p;
    const LinuxTarget *target = p->target;
    CPUState *cs = process_cpu(p, NULL);
    NewProcess n = { .t = thread_new(p, cs), .a = *a, .parent = getpid() };
    void *own = FIBER_NOW();
    Thread *child = n.t;
    uint32_t zero = 0;
    uint8_t *stack = aligned_alloc(16, HOST_STACK);     /* so that memory checkers know that it is new */
    int pidfd = -1, pid, err;

    if (!cs || !stack) {
        free(stack);
        g_free(child);
        return -EAGAIN;
    }
    n.fiber = FIBER_NEW();
    n.stack = stack;
    ASAN_UNPOISON_MEMORY_REGION(stack, HOST_STACK);     /* of a child that was there before, and did not return */
    target->copy(cs, t->cs);
    target->set_result(cs, 0);
    if (a->stack) {
        target->set_sp(cs, a->stack);
    }
    if (a->flags & CLONE_SETTLS) {
        target->set_tls(cs, a->tls);
    }
    child->vfork = true;
    child->mask = t->mask;
    child->alt_sp = t->alt_sp;
    child->alt_size = t->alt_size;
    child->alt_flags = t->alt_flags;
    child->action = g_new(SigAction, LINUX_NSIG + 1);
    memcpy(child->action, t->action, sizeof(p->action));
    signals_block();
    if (p->gdb) {
        gdb_call_begins(t);
    }
    exec_user_hold_worker(t->cs);
    pid = clone(vfork_main, stack + HOST_STACK,
                (int)(CLONE_VM | CLONE_VFORK | (a->flags & (CLONE_PIDFD | HANDED_ON)) | (unsigned)a->exit_signal), &n, &pidfd);
    FIBER_ENTER(own);
    if (n.parent_size) {
        STACK_ENTER(n.parent_stack, n.parent_size, NULL, NULL);
    }
    err = errno;
    linux_current = t;
    exec_user_release_worker(t->cs);
    if (pid >= 0) {
        if (a->flags & CLONE_CHILD_CLEARTID && user_write(t->cs, a->ctid, &zero, sizeof(zero))) {
            syscall(SYS_futex, g2h(p, a->ctid), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        }
        if (a->flags & CLONE_PIDFD && !user_write(t->cs, a->pidfd, &pidfd, sizeof(pidfd))) {
            close(pidfd);
        }
        exec_user_detach(cs);
    }
    if (p->gdb) {
        gdb_call_ends(t);
    }
    FIBER_FREE(n.fiber);
    free(stack);
    for (unsigned i = 0; i < child->num_left; i++) {
        child->left[i].free(child->left[i].p);
    }
    g_free(child->action);
    g_free(child);
    g_mutex_lock(&p->threads_lock);
    g_ptr_array_add(p->idle_cpus, cs);
    g_mutex_unlock(&p->threads_lock);
    signal_set_mask(t, t->mask);
    return pid < 0 ? -err : pid;
}

int64_t process_clone(Thread *t, const CloneArgs *a)
{
    const uint64_t thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const uint64_t tids = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS;
    uint64_t flags = a->flags;

    if ((flags & CLONE_SIGHAND && !(flags & CLONE_VM)) || (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
        (flags & CLONE_CLEAR_SIGHAND && flags & CLONE_SIGHAND)) {
        return -EINVAL;
    }
    if (flags & CLONE_THREAD) {
        if ((flags & thread_flags) != thread_flags || flags & ~(thread_flags | tids | CLONE_SYSVSEM | CLONE_DETACHED)) {
            return -EINVAL;
        }
        /* threads beside a vfork's child would outlive what they run in */
        return t->vfork ? -EAGAIN : clone_thread(t, flags, a->stack, a->ptid, a->tls, a->ctid);
    }
    if (flags & ~(tids | HANDED_ON | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND) ||
        (flags & CLONE_VM && !(flags & CLONE_VFORK)) ||
        a->exit_signal == SIGSEGV || a->exit_signal == SIGBUS) {        /* the end of a child would look like a fault of ours */
        log_unimp("user: clone with flags 0x%" G_GINT64_MODIFIER "x and signal %d\n", flags, a->exit_signal);
        return -EINVAL;
    }
    return flags & CLONE_VM ? clone_vfork(t, a) : clone_process(t, a);
}

/* -- execve ---------------------------------------------------------------------------------------------------------- */

/*
 * execve; gdb: where -g's value goes if it is a program of ours. A signal that waits is this program's: with it the
 * next one would begin with all signals blocked.
 */
static int64_t replace(Thread *t, const char *path, char **argv, char **env, char **gdb)
{
    bool debugged = t->p->gdb && !t->vfork;
    g_autofree char *spec = NULL;
    int fds[2] = { -1, -1 };
    int64_t r;

    if (debugged) {
        signals_give_back(t);
        spec = gdb ? gdb_before_exec(t, fds) : NULL;
    }
    if (spec) {
        *gdb = spec;
    }
    if (t->vfork) {
        end_with_parent(t, false);
    }
    signals_before_exec(t);
    r = call_unless_pending(t, SYS_execve, (uintptr_t)path, (uintptr_t)argv, (uintptr_t)env, 0);
    signals_stay(t);
    if (t->vfork) {
        end_with_parent(t, true);
    }
    if (debugged) {
        g_mutex_lock(&t->p->threads_lock);
        signals_retake(t->p, t->action);
        g_mutex_unlock(&t->p->threads_lock);
        gdb_exec_failed(t, fds);
    }
    return r;
}

GPtrArray *script_args(char *head, const char *path, char **argv)
{
    char *line = head + 2, *arg;
    GPtrArray *args;

    line[strcspn(line, "\n")] = '\0';
    g_strstrip(line);
    if (!*line) {
        return NULL;
    }
    args = g_ptr_array_new();
    g_ptr_array_add(args, line);
    arg = line + strcspn(line, " \t");
    if (*arg) {
        *arg++ = '\0';
        g_ptr_array_add(args, g_strstrip(arg));
    }
    g_ptr_array_add(args, (char *)path);
    for (char **a = argv[0] ? argv + 1 : argv; *a; a++) {
        g_ptr_array_add(args, *a);
    }
    g_ptr_array_add(args, NULL);
    return args;
}

int open_interpreter(Process *p, const char *name, char **ret_path)
{
    *ret_path = path_in_sysroot(p, name);
    return faccessat(AT_FDCWD, *ret_path, X_OK, AT_EACCESS) == 0 ? open(*ret_path, O_RDONLY | O_CLOEXEC) : -1;
}

/* What the host's own dynamic linker, which starts us, would take for itself. */
static bool is_linkers(const char *variable)
{
    return g_str_has_prefix(variable, "LD_") || g_str_has_prefix(variable, "GLIBC_TUNABLES=");
}

/* Runs the file fd, which is path, with argv; returns -errno. A script's interpreter is looked at in turn. */
static int64_t exec_file(Thread *t, int fd, const char *path, char **argv, char **env, unsigned depth)
{
    Process *p = t->p;
    uint8_t head[MAX_SCRIPT_LINE + 1] = { 0 };
    ssize_t n = pread(fd, head, MAX_SCRIPT_LINE, 0);
    g_autoptr(GPtrArray) args = NULL, rest = NULL;
    unsigned gdb_at = 0;
    LinuxElf elf;
    struct stat st;
    int64_t r;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        return -EACCES;
    }
    if (n >= 4 && head[0] == '#' && head[1] == '!') {
        g_autofree char *real = NULL;
        int ifd;

        args = script_args((char *)head, path, argv);
        if (!args || depth == 0) {
            return depth ? -ENOEXEC : -ELOOP;
        }
        ifd = open_interpreter(p, args->pdata[0], &real);
        if (ifd < 0) {
            return -errno;
        }
        thread_leaves(t, args, (GDestroyNotify)g_ptr_array_unref);
        thread_leaves(t, real, g_free);
        r = exec_file(t, ifd, real, (char **)args->pdata, env, depth - 1);
        close(ifd);
        return r;
    }
    if (n < 20 || !elf_identify(head, (size_t)n, path, &elf, NULL)) {
        return -ENOEXEC;
    }
    {
        g_autofree char *name = g_strdup_printf("%u-%u-%s", elf.machine, elf.elf64 ? 64 : 32, elf.big_endian ? "be" : "le");

        if (!module_find(p->ml, MODULE_ELF_MACHINE, "ELF machine", name, NULL, NULL)) {
            return replace(t, path, argv, env, NULL);           /* the host's own, or for another's binfmt_misc */
        }
    }
    args = g_ptr_array_new();
    rest = g_ptr_array_new();
    g_ptr_array_add(args, (char *)"chimera");
    g_ptr_array_add(args, (char *)"user");
    for (unsigned i = 0; i < p->o->again->len; i++) {
        g_ptr_array_add(args, p->o->again->pdata[i]);
    }
    if (argv[0]) {
        g_ptr_array_add(args, (char *)"-0");
        g_ptr_array_add(args, argv[0]);
    }
    for (char **e = env; *e; e++) {
        if (is_linkers(*e)) {
            g_ptr_array_add(args, (char *)"-env");
            g_ptr_array_add(args, *e);
        } else {
            g_ptr_array_add(rest, *e);
        }
    }
    g_ptr_array_add(rest, NULL);
    if (p->o->gdb_by_env || (p->gdb && !t->vfork)) {
        g_ptr_array_add(args, (char *)"-g");
        g_ptr_array_add(args, (char *)"none");
        gdb_at = args->len - 1;
    }
    g_ptr_array_add(args, (char *)"--");
    g_ptr_array_add(args, (char *)path);
    for (char **a = argv[0] ? argv + 1 : argv; *a; a++) {
        g_ptr_array_add(args, *a);
    }
    g_ptr_array_add(args, NULL);
    thread_leaves(t, args, (GDestroyNotify)g_ptr_array_unref);
    thread_leaves(t, rest, (GDestroyNotify)g_ptr_array_unref);
    r = replace(t, "/proc/self/exe", (char **)args->pdata, (char **)rest->pdata, gdb_at ? (char **)&args->pdata[gdb_at] : NULL);
    /* in a chroot without /proc it is binfmt_misc's */
    return r == -ENOENT ? replace(t, path, argv, env, NULL) : r;
}

/*
 * A name of the open file fd for the program that is about to run: its path, if that leads to it, else that of a
 * descriptor that stays open, *ret_fd.
 */
static char *name_of_file(int fd, int *ret_fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    char *path = g_file_read_link(link, NULL);
    struct stat a, b;

    if (path && stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        return path;
    }
    g_free(path);
    *ret_fd = fcntl(fd, F_DUPFD, 3);
    return g_strdup_printf("/proc/self/fd/%d", *ret_fd);
}

int64_t process_exec(Thread *t, int dirfd, const char *path, char **argv, char **env, int flags)
{
    g_autofree char *real = NULL;
    int64_t r;
    int fd, kept = -1;

    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
        return -EINVAL;
    }
    if (!*path && flags & AT_EMPTY_PATH) {
        real = g_strdup_printf("/proc/self/fd/%d", dirfd);
        dirfd = AT_FDCWD;
    } else if (procfs_is_exe(t, dirfd, path)) {
        real = g_strdup(t->p->exe);
    } else {
        real = path_in_sysroot(t->p, path);
    }
    if (faccessat(dirfd, real, X_OK, AT_EACCESS) < 0) {
        return -errno;
    }
    fd = openat(dirfd, real, O_RDONLY | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    if (fd < 0) {
        return -errno;
    }
    if (!*path || g_str_has_prefix(real, "/proc/self/fd/") || g_str_has_prefix(real, "/dev/fd/") ||
        (dirfd != AT_FDCWD && real[0] != '/')) {
        g_free(real);
        real = name_of_file(fd, &kept);
    }
    thread_leaves(t, real, g_free);
    r = exec_file(t, fd, real, argv, env, MAX_SCRIPT_DEPTH);
    t->num_left = 0;
    close(fd);
    if (kept >= 0) {
        close(kept);
    }
    return r;
}
