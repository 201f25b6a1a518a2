/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals (signal(7), sigaltstack(2); Linux, kernel/signal.c's contract). See user_int.h for the idea. What the
 * guest's own instructions cause is delivered by the thread that ran them, whatever the host thought of it.
 *
 * The host's calls are made raw: the host's libc keeps two signals to itself, which the guest's libc wants.
 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "core/linux_user/user_int.h"

/* rt_sigaction's and sigaltstack's structs of the generic ABI. */
typedef struct GuestSigaction {
    uint64_t handler, flags, restorer, mask;
} GuestSigaction;
typedef struct GuestStack {
    uint64_t sp;
    int32_t flags;
    uint32_t pad;
    uint64_t size;
} GuestStack;
#define AUTODISARM (1u << 31)                   /* SS_AUTODISARM */
enum { MIN_STACK = 5120, FIRST_OF_LIBC = 32, LAST_OF_LIBC = 33 };
#define SIG_BIT(n) (UINT64_C(1) << ((n) - 1))
#define NEVER_BLOCKED_BY_GUEST (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
/* What the host never blocks, by its slot in Thread.info: slot 0 is for all others. */
static const int slot_signal[] = { [1] = SIGSEGV, [2] = SIGBUS };
#define NEVER_BLOCKED (NEVER_BLOCKED_BY_GUEST | SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS))
#define GUEST_SA_RESTORER UINT64_C(0x04000000)
#define GUEST_SA_EXPOSE_TAGBITS UINT64_C(0x800)
/* Flags that the kernel does not know are not kept, so that programs can ask. */
#define GUEST_SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | \
                        GUEST_SA_RESTORER | GUEST_SA_EXPOSE_TAGBITS)

__thread Thread *linux_current;

/* -- the host's side ------------------------------------------------------------------------------------------------- */

typedef struct HostSigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
} HostSigaction;

#ifdef __x86_64__
#define HOST_RESTORER 0x04000000ul
void linux_host_sigreturn(void);
__asm__(
    ".pushsection .text\n"
    ".type linux_host_sigreturn, @function\n"
    "    nop\n"                                 /* unwinders look at the byte before */
    "linux_host_sigreturn:\n"
    "    mov $15, %rax\n"
    "    syscall\n"
    ".size linux_host_sigreturn, . - linux_host_sigreturn\n"
    ".popsection\n");
#else
#define HOST_RESTORER 0ul
static void linux_host_sigreturn(void)
{
}
#endif

static void set_host_mask(uint64_t mask)
{
    mask &= ~NEVER_BLOCKED;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

void signals_block(void)
{
    set_host_mask(~UINT64_C(0));
}

static uintptr_t *context_pc(void *uc)
{
#ifdef __x86_64__
    return (uintptr_t *)&((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
#else
    return NULL;
#endif
}

/* The floating-point environment of what was interrupted, the guest's exceptions in it: a handler begins with another. */
static void context_fp_enter(const void *uc)
{
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(((const ucontext_t *)uc)->uc_mcontext.fpregs->mxcsr);
#endif
}

/* The emulator's own mistake, or what a guest's stray store did to it. */
static void own_fault(int sig, uintptr_t addr, uintptr_t pc)
{
    char text[128];
    int n = snprintf(text, sizeof(text), "chimera: signal %d in the emulator at 0x%zx, address 0x%zx\n", sig, pc, addr);

    if (write(STDERR_FILENO, text, (size_t)n) < 0) {
        signal_die(SIGABRT);
    }
    signal_die(sig);
}

USER_IN_HANDLER static void host_handler(int sig, siginfo_t *info, void *context)
{
    Thread *t = linux_current;
    uintptr_t *pc = context_pc(context);
    unsigned slot = sig == SIGSEGV ? 1 : sig == SIGBUS ? 2 : 0;

    if (gdb_is_kick(sig, info)) {
        if (t) {
            __atomic_store_n(&t->pending, 1, __ATOMIC_SEQ_CST);
            exec_user_interrupt(t->cs);
            if (pc) {
                *pc = safe_syscall_resume(*pc);
            }
        }
        return;
    }
    /* an access that the host refused; a process may send itself what looks like one */
    if (slot && info->si_code > 0 && !(pc && safe_syscall_inside(*pc))) {
        UserFault why = sig == SIGBUS ? USER_FAULT_BUS :
                        info->si_code == SEGV_ACCERR ? USER_FAULT_PROTECTED : USER_FAULT_UNMAPPED;
        uintptr_t addr = (uintptr_t)info->si_addr;
        uint64_t mask;

        if (t && why == USER_FAULT_PROTECTED) {
            /* the reservation is mapped, to the host */
            uintptr_t page = addr - t->p->mem.base;

            if (page < t->p->mem.size && !mem_prot(t->p, page)) {
                why = USER_FAULT_UNMAPPED;
            }
        }
        if (t && exec_user_recovers(t->cs)) {
            memcpy(&mask, &((ucontext_t *)context)->uc_sigmask, sizeof(mask));
            syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
            context_fp_enter(context);          /* a jump leaves it as it is */
        }
        if (t && exec_user_fault(t->cs, why, pc ? (const void **)pc : (const void *[]){ NULL })) {
            return;
        }
        own_fault(sig, addr, pc ? *pc : 0);
    }
    if (!t) {
        gdb_forward(sig, info);
        return;
    }
    t->info[slot] = *info;
    t->has[slot] = true;
    if (!slot) {
        t->by_call = t->mask & SIG_BIT(sig);
    }
    __atomic_store_n(&t->pending, 1, __ATOMIC_SEQ_CST);
    exec_user_interrupt(t->cs);
    if (pc) {
        *pc = safe_syscall_resume(*pc);
    }
    /* the kernel queues the rest */
    memset(&((ucontext_t *)context)->uc_sigmask, 0xff, sizeof(uint64_t));
    {
        uint64_t all = ~NEVER_BLOCKED;

        memcpy(&((ucontext_t *)context)->uc_sigmask, &all, sizeof(all));
    }
}

/* The host's disposition for what the guest wants; taken: a debugger hears of it first. */
static int set_host_action(int sig, const SigAction *a, bool taken)
{
    HostSigaction h = { .flags = SA_SIGINFO | HOST_RESTORER, .restorer = linux_host_sigreturn, .mask = ~NEVER_BLOCKED };

    if (sig == SIGSEGV || sig == SIGBUS) {
        /* no other signal comes before it returns: the mask that it returns to would let in one after that */
        h.handler = host_handler;
        h.flags |= SA_NODEFER;                  /* C code leaves it by a jump */
    } else if (a->handler <= 1 && !taken) {
        memcpy(&h.handler, &a->handler, sizeof(a->handler));
    } else {
        h.handler = host_handler;
    }
    h.flags |= a->flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT);
    h.flags |= (sig == SIGSEGV || sig == SIGBUS) && a->handler <= 1 ? SA_RESTART : 0;   /* ignored, it interrupts nothing */
    if (taken && a->handler <= 1) {
        h.flags |= SA_RESTART | (sig == SIGCHLD && a->handler ? SA_NOCLDWAIT : 0);
    }
    return syscall(SYS_rt_sigaction, sig, &h, NULL, sizeof(h.mask)) < 0 ? -errno : 0;
}

void signals_init(Process *p)
{
    for (int sig = 1; sig <= LINUX_NSIG; sig++) {
        HostSigaction h;

        if (syscall(SYS_rt_sigaction, sig, NULL, &h, sizeof(h.mask)) == 0) {
            uintptr_t handler;

            memcpy(&handler, &h.handler, sizeof(handler));
            p->action[sig].handler = handler == 1;              /* what is ignored stays so over execve */
        }
    }
    set_host_action(SIGSEGV, &p->action[SIGSEGV], false);
    set_host_action(SIGBUS, &p->action[SIGBUS], false);
}

/* Without a handler the process goes on; or stops, which under a debugger it does by the debugger alone. */
static bool is_harmless(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT || sig == SIGTSTP || sig == SIGTTIN ||
           sig == SIGTTOU || sig == SIGSTOP;
}

/* Under threads_lock. A debugger hears of it, or of the end that it brings. */
static bool is_taken(const Process *p, const SigAction *action, int sig)
{
    return gdb_wants(p, sig) || (gdb_is_attached(p) && action[sig].handler == 0 && !is_harmless(sig));
}

static bool taken(const Thread *t, int sig)
{
    return !t->vfork && is_taken(t->p, t->action, sig);
}

void signals_retake(Process *p, const SigAction *action)
{
    for (int sig = 1; sig <= LINUX_NSIG; sig++) {
        if (sig != SIGKILL && sig != SIGSTOP) {
            set_host_action(sig, &action[sig], is_taken(p, action, sig));
        }
    }
}

void signals_give_back(Thread *t)
{
    g_mutex_lock(&t->p->threads_lock);
    for (int sig = 1; sig <= LINUX_NSIG; sig++) {
        if (sig != SIGKILL && sig != SIGSTOP) {
            set_host_action(sig, &t->action[sig], false);
        }
    }
    g_mutex_unlock(&t->p->threads_lock);
}

void signals_of_libc(Thread *t)
{
    g_mutex_lock(&t->p->threads_lock);
    for (int sig = FIRST_OF_LIBC; sig <= LAST_OF_LIBC; sig++) {
        set_host_action(sig, &t->action[sig], taken(t, sig));
    }
    g_mutex_unlock(&t->p->threads_lock);
}

void signals_reset(Thread *t)
{
    for (int sig = 1; sig <= LINUX_NSIG; sig++) {
        if (t->action[sig].handler > 1) {
            t->action[sig] = (SigAction){ 0 };
            set_host_action(sig, &t->action[sig], taken(t, sig));
        }
    }
}

void signal_die(int sig)
{
    HostSigaction h = { 0 };
    uint64_t none = 0;

    syscall(SYS_rt_sigaction, sig, &h, NULL, sizeof(h.mask));
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
    _exit(128 + sig);
}

/* Where a signal waits for delivery all others stay blocked until then: there is room for one. */
static bool try_mask(Thread *t, uint64_t mask)
{
    mask &= ~NEVER_BLOCKED;
    return call_unless_pending(t, SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&mask, 0, sizeof(mask)) == 0;
}

/* -- SIGSEGV and SIGBUS that were sent and are blocked ------------------------------------------------------------------ */

/* The host does not block them: they wait here. What was sent to the process is any thread's. */

/* The kernel lets nobody send another thread a signal as if by kill(2): on the way it has a code of ours. */
enum { SI_SHARED = -0x5353 };

/*
 * What the kernel says of a fault (a code above zero) a program may say to itself. On the way that has its sign bit set: it
 * would be taken for a fault of ours.
 */
static bool may_be_fault(const siginfo_t *info)
{
    return info->si_code > 0 && (info->si_signo == SIGSEGV || info->si_signo == SIGBUS);
}

static int64_t queue(long nr, uint64_t tgid, uint64_t tid, uint64_t sig, siginfo_t info)
{
    long r;

    info.si_code = may_be_fault(&info) ? info.si_code | INT_MIN : info.si_code;
    r = nr == SYS_rt_sigqueueinfo ? syscall(nr, (int)tgid, (int)sig, &info) :
        syscall(nr, (int)tgid, (int)tid, (int)sig, &info);
    return r < 0 ? -errno : r;
}

static void name_code(siginfo_t *info)
{
    siginfo_t named = *info;

    named.si_code = info->si_code & INT_MAX;
    if (info->si_code < INT_MIN / 2 && may_be_fault(&named)) {
        *info = named;
    } else if (info->si_code == SI_SHARED) {
        info->si_code = SI_USER;
    }
}

static bool is_shared(const Thread *t, const siginfo_t *info)
{
    return !t->vfork && (info->si_code == SI_USER || info->si_code == SI_QUEUE);
}

static bool any_waits(const Thread *t, unsigned slot)
{
    return !t->vfork && __atomic_load_n(&t->p->has[slot], __ATOMIC_SEQ_CST);
}

/* One that a thread got and blocks: for one that does not, or waits for it; else it waits for such a thread. */
static void share(Thread *t, unsigned slot, const siginfo_t *info)
{
    uint64_t bit = SIG_BIT(info->si_signo);
    Process *p = t->p;

    g_mutex_lock(&p->threads_lock);
    if (!p->has[slot]) {
        p->info[slot] = *info;
        __atomic_store_n(&p->has[slot], true, __ATOMIC_SEQ_CST);        /* before a look at who wants it */
    }
    for (unsigned i = 0; i < p->threads->len && p->has[slot]; i++) {
        const Thread *other = p->threads->pdata[i];
        siginfo_t sent = p->info[slot];
        bool wants = !(__atomic_load_n(&other->mask, __ATOMIC_SEQ_CST) & bit) ||
                     __atomic_load_n(&other->waits_for, __ATOMIC_SEQ_CST) & bit;

        sent.si_code = sent.si_code == SI_USER ? SI_SHARED : sent.si_code;
        if (other != t && other->tid && wants &&
            queue(SYS_rt_tgsigqueueinfo, getpid(), other->tid, info->si_signo, sent) == 0) {
            __atomic_store_n(&p->has[slot], false, __ATOMIC_SEQ_CST);
        }
    }
    g_mutex_unlock(&p->threads_lock);
}

/* One of set that waits for this thread (own) or for any becomes the caller's. */
static bool take_blocked(Thread *t, uint64_t set, bool own, siginfo_t *ret)
{
    Process *p = t->p;

    for (unsigned i = 1; i < G_N_ELEMENTS(slot_signal); i++) {
        uint64_t all = ~UINT64_C(0), old;
        bool found;

        if (!(set & SIG_BIT(slot_signal[i])) || !((own && t->has[i]) || any_waits(t, i))) {
            continue;
        }
        g_mutex_lock(&p->threads_lock);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
        found = (own && t->has[i]) || any_waits(t, i);
        if (own && t->has[i]) {
            *ret = t->info[i];
            t->has[i] = false;
        } else if (found) {
            *ret = p->info[i];
            __atomic_store_n(&p->has[i], false, __ATOMIC_SEQ_CST);
        }
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
        g_mutex_unlock(&p->threads_lock);
        if (found) {
            return true;
        }
    }
    return false;
}

/* Those of set come to this thread. */
static void take_shared(Thread *t, uint64_t set)
{
    siginfo_t info;

    while (take_blocked(t, set, false, &info) &&
           queue(SYS_rt_tgsigqueueinfo, getpid(), t->tid, info.si_signo, info) == 0) {
    }
}

/* A signal with what a[at] points to; a fault's code is for the caller itself alone, as the kernel has it. */
static int64_t queue_given(Thread *t, long nr, const uint64_t *a, unsigned at, bool self)
{
    siginfo_t info;

    if (!user_read(t->cs, &info, a[at], sizeof(info))) {
        return -EFAULT;
    }
    info.si_signo = (int)a[at - 1];
    return may_be_fault(&info) && !self ? -EPERM : queue(nr, a[0], a[1], a[at - 1], info);
}

int64_t linux_call_rt_sigqueueinfo(Thread *t, const uint64_t *a)
{
    return queue_given(t, SYS_rt_sigqueueinfo, a, 2, (int)a[0] == t->tid);
}

int64_t linux_call_rt_tgsigqueueinfo(Thread *t, const uint64_t *a)
{
    return queue_given(t, SYS_rt_tgsigqueueinfo, a, 3, (int)a[1] == t->tid);
}

int64_t linux_call_pidfd_send_signal(Thread *t, const uint64_t *a)
{
    siginfo_t info;
    long r;

    if (a[2] && !user_read(t->cs, &info, a[2], sizeof(info))) {
        return -EFAULT;
    }
    if (a[2] && may_be_fault(&info)) {
        return -EPERM;                          /* though the descriptor may be the caller's own */
    }
    r = syscall(SYS_pidfd_send_signal, (int)a[0], (int)a[1], a[2] ? &info : NULL, (unsigned)a[3]);
    return r < 0 ? -errno : r;
}

int64_t linux_call_rt_sigpending(Thread *t, const uint64_t *a)
{
    uint64_t set = 0;

    if (a[1] > sizeof(set)) {
        return -EINVAL;
    }
    if (syscall(SYS_rt_sigpending, &set, sizeof(set)) < 0) {
        return -errno;
    }
    for (unsigned i = 1; i < G_N_ELEMENTS(t->has); i++) {
        set |= t->has[i] || any_waits(t, i) ? SIG_BIT(slot_signal[i]) & t->mask : 0;
    }
    return user_write(t->cs, a[0], &set, a[1]) ? 0 : -EFAULT;
}

int64_t linux_call_rt_sigtimedwait(Thread *t, const uint64_t *a)
{
    struct timespec time;
    siginfo_t info = { 0 };
    uint64_t set;
    int64_t r;

    if (a[3] != sizeof(set)) {
        return -EINVAL;
    }
    if (!user_read(t->cs, &set, a[0], sizeof(set)) || (a[2] && !user_read(t->cs, &time, a[2], sizeof(time)))) {
        return -EFAULT;
    }
    if (a[2] && (time.tv_sec < 0 || (uint64_t)time.tv_nsec > 999999999)) {
        return -EINVAL;
    }
    set &= ~NEVER_BLOCKED_BY_GUEST;
    __atomic_store_n(&t->waits_for, set, __ATOMIC_SEQ_CST);
    if (take_blocked(t, set, true, &info)) {
        r = info.si_signo;
    } else {
        r = safe_syscall(t, SYS_rt_sigtimedwait, (uintptr_t)&set, (uintptr_t)&info, a[2] ? (uintptr_t)&time : 0, sizeof(set),
                         0, 0);
    }
    __atomic_store_n(&t->waits_for, 0, __ATOMIC_SEQ_CST);
    name_code(&info);
    return r > 0 && a[1] && !user_write(t->cs, a[1], &info, sizeof(info)) ? -EFAULT : r;
}

void signals_before_exec(Thread *t)
{
    const uintptr_t ignored = 1;
    HostSigaction ignore = { 0 };
    uint64_t mask = t->mask;

    if (!(mask & NEVER_BLOCKED) && t->action[SIGSEGV].handler != 1 && t->action[SIGBUS].handler != 1) {
        return;
    }
    if (call_unless_pending(t, SYS_rt_sigprocmask, SIG_SETMASK, (uintptr_t)&mask, 0, sizeof(mask)) != 0) {
        return;                                 /* the signal comes first */
    }
    memcpy(&ignore.handler, &ignored, sizeof(ignored));
    g_mutex_lock(&t->p->threads_lock);
    for (unsigned i = 1; i < G_N_ELEMENTS(slot_signal); i++) {
        bool shared = any_waits(t, i);

        if (mask & SIG_BIT(slot_signal[i]) && (t->has[i] || shared)) {
            queue(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), slot_signal[i], t->has[i] ? t->info[i] : t->p->info[i]);
            t->has[i] = false;
            if (shared) {
                __atomic_store_n(&t->p->has[i], false, __ATOMIC_SEQ_CST);
            }
        }
        if (t->action[slot_signal[i]].handler == 1) {
            syscall(SYS_rt_sigaction, slot_signal[i], &ignore, NULL, sizeof(ignore.mask));
        }
    }
    g_mutex_unlock(&t->p->threads_lock);
}

void signals_stay(Thread *t)
{
    g_mutex_lock(&t->p->threads_lock);
    set_host_action(SIGSEGV, &t->action[SIGSEGV], taken(t, SIGSEGV));
    set_host_action(SIGBUS, &t->action[SIGBUS], taken(t, SIGBUS));
    g_mutex_unlock(&t->p->threads_lock);
    try_mask(t, t->mask);
}

/* -- masks ----------------------------------------------------------------------------------------------------------- */

void signal_set_mask(Thread *t, uint64_t mask)
{
    mask &= ~NEVER_BLOCKED_BY_GUEST;
    try_mask(t, mask);
    /* what came before it was let in by the one before */
    __atomic_store_n(&t->mask, mask, __ATOMIC_SEQ_CST);
    take_shared(t, ~mask);
    for (unsigned i = 1; i < G_N_ELEMENTS(t->has); i++) {
        if (t->has[i] && !(t->mask & SIG_BIT(t->info[i].si_signo))) {
            __atomic_store_n(&t->pending, 1, __ATOMIC_SEQ_CST);
        }
    }
}

int64_t linux_call_rt_sigprocmask(Thread *t, const uint64_t *a)
{
    uint64_t old = t->mask, set;

    if (a[3] != sizeof(set)) {
        return -EINVAL;
    }
    if (a[1]) {
        if (!user_read(t->cs, &set, a[1], sizeof(set))) {
            return -EFAULT;
        }
        if (a[0] != SIG_BLOCK && a[0] != SIG_UNBLOCK && a[0] != SIG_SETMASK) {
            return -EINVAL;
        }
        signal_set_mask(t, a[0] == SIG_BLOCK ? old | set : a[0] == SIG_UNBLOCK ? old & ~set : set);
    }
    return a[2] && !user_write(t->cs, a[2], &old, sizeof(old)) ? -EFAULT : 0;
}

int64_t linux_call_rt_sigsuspend(Thread *t, const uint64_t *a)
{
    uint64_t set;
    int64_t r;

    if (a[1] != sizeof(set)) {
        return -EINVAL;
    }
    if (!user_read(t->cs, &set, a[0], sizeof(set))) {
        return -EFAULT;
    }
    set &= ~NEVER_BLOCKED;
    r = safe_syscall(t, SYS_rt_sigsuspend, (uintptr_t)&set, sizeof(set), 0, 0, 0, 0);
    if (r == -EINTR) {
        t->suspended = true;
        t->suspend_mask = set;
    }
    return r;
}

int64_t linux_call_rt_sigaction(Thread *t, const uint64_t *a)
{
    Process *p = t->p;
    int sig = (int)a[0];
    GuestSigaction new, old;
    int64_t r = 0;

    if (a[3] != sizeof(uint64_t) || sig < 1 || sig > LINUX_NSIG || (a[1] && (sig == SIGKILL || sig == SIGSTOP))) {
        return -EINVAL;
    }
    if (a[1] && !user_read(t->cs, &new, a[1], sizeof(new))) {
        return -EFAULT;
    }
    g_mutex_lock(&p->threads_lock);
    old = (GuestSigaction){ t->action[sig].handler, t->action[sig].flags, t->action[sig].restorer, t->action[sig].mask };
    if (a[1]) {
        SigAction act = { new.handler, new.flags & GUEST_SA_KNOWN, new.restorer, new.mask & ~NEVER_BLOCKED_BY_GUEST };

        t->action[sig] = act;
        r = set_host_action(sig, &act, taken(t, sig));
    }
    g_mutex_unlock(&p->threads_lock);
    return r == 0 && a[2] && !user_write(t->cs, a[2], &old, sizeof(old)) ? -EFAULT : r;
}

/* -- the alternate stack ----------------------------------------------------------------------------------------- */

/* With SS_AUTODISARM a stack that is known is not in use. */
static bool on_alt_stack(const Thread *t)
{
    vaddr sp = t->p->target->get_sp(t->cs);

    return t->alt_size && !(t->alt_flags & AUTODISARM) && sp - t->alt_sp - 1 < t->alt_size;
}

int64_t linux_call_sigaltstack(Thread *t, const uint64_t *a)
{
    GuestStack old = { .sp = t->alt_sp, .size = t->alt_size }, new;

    old.flags = (int32_t)((t->alt_size ? on_alt_stack(t) ? SS_ONSTACK : 0 : SS_DISABLE) | (t->alt_flags & AUTODISARM));
    if (a[0]) {
        if (!user_read(t->cs, &new, a[0], sizeof(new))) {
            return -EFAULT;
        }
        if (on_alt_stack(t)) {
            return -EPERM;
        }
        if ((new.flags & 0x7fffffff) != 0 && (new.flags & 0x7fffffff) != SS_ONSTACK &&
            (new.flags & 0x7fffffff) != SS_DISABLE) {
            return -EINVAL;
        }
        if (!(new.flags & SS_DISABLE) && new.size < MIN_STACK) {
            return -ENOMEM;
        }
        t->alt_flags = (uint32_t)new.flags;
        t->alt_sp = new.flags & SS_DISABLE ? 0 : new.sp;
        t->alt_size = new.flags & SS_DISABLE ? 0 : new.size;
    }
    return a[1] && !user_write(t->cs, a[1], &old, sizeof(old)) ? -EFAULT : 0;
}

/* -- delivery -------------------------------------------------------------------------------------------------------- */

/* A handler's frame. False: the stack cannot take it. */
static bool push_frame(Thread *t, int sig, const siginfo_t *info, const SigAction *act)
{
    const LinuxTarget *target = t->p->target;
    bool alt = act->flags & SA_ONSTACK && t->alt_size && !on_alt_stack(t);
    uint64_t during = t->suspended ? t->suspend_mask : t->mask;
    LinuxSigFrame f = {
        .sig = sig, .info = info, .mask = t->mask, .handler = act->handler,
        .restorer = act->flags & GUEST_SA_RESTORER ? act->restorer : 0,
        .stack = alt ? t->alt_sp + t->alt_size : target->get_sp(t->cs),
        .alt_sp = t->alt_sp, .alt_size = t->alt_size,
        .alt_flags = t->alt_size ? on_alt_stack(t) ? SS_ONSTACK : t->alt_flags & AUTODISARM : SS_DISABLE,
    };

    if (!f.restorer) {
        f.restorer = t->p->sigreturn;
    }
    if (on_alt_stack(t) && f.stack - t->alt_sp < MIN_STACK - 128) {
        return false;                           /* it would run over its end */
    }
    if (!target->push_frame(t->cs, &f)) {
        return false;
    }
    t->suspended = false;
    if (t->alt_flags & AUTODISARM && alt) {
        t->alt_sp = t->alt_size = 0;
        t->alt_flags = 0;
    }
    t->mask = during | act->mask | (act->flags & SA_NODEFER ? 0 : SIG_BIT(sig));
    t->mask &= ~NEVER_BLOCKED_BY_GUEST;
    return true;
}

/* ... of a thread, whose debugger hears of it. */
static void G_GNUC_NORETURN die(Thread *t, int sig)
{
    if (!t->vfork) {                            /* the statistics are the parent's */
        process_log_stats(t->p);
    }
    gdb_exits(t->p, t, 'X', sig);
    signal_die(sig);
}

/* ask: the debugger, if there is one. True: a handler runs. */
static bool deliver(Thread *t, const siginfo_t *given, bool forced, bool ask)
{
    Process *p = t->p;
    int sig = given->si_signo;
    siginfo_t info = *given;
    SigAction act;

    if (p->gdb && ask && !t->vfork) {
        int wanted = gdb_signal(t, sig, &info);

        if (!wanted) {
            return false;
        }
        forced = forced && wanted == sig;
        sig = wanted;
    }
    g_mutex_lock(&p->threads_lock);
    act = t->action[sig];
    if (act.handler > 1 && act.flags & SA_RESETHAND) {
        t->action[sig].handler = 0;
        set_host_action(sig, &t->action[sig], taken(t, sig));
    }
    g_mutex_unlock(&p->threads_lock);
    if (forced && (act.handler <= 1 || t->mask & SIG_BIT(sig))) {
        die(t, sig);
    }
    if (act.handler == 0) {
        if (sig == SIGSEGV || sig == SIGBUS) {
            die(t, sig);
        }
        if (p->gdb && !is_harmless(sig)) {
            die(t, sig);                        /* as the host would have done */
        }
        return false;                           /* changed since it came; what it would have done is unknown */
    }
    if (act.handler == 1) {
        return false;
    }
    if (!push_frame(t, sig, &info, &act)) {
        const siginfo_t no_room = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

        if (sig == SIGSEGV) {
            die(t, SIGSEGV);
        }
        return deliver(t, &no_room, true, true);        /* its handler may have a stack of its own */
    }
    return true;
}

/* What a debugger sends. */
static bool deliver_injected(Thread *t)
{
    siginfo_t info = { .si_signo = __atomic_exchange_n(&t->injected, 0, __ATOMIC_SEQ_CST), .si_code = SI_USER };

    info.si_pid = getpid();
    info.si_uid = getuid();
    return info.si_signo && deliver(t, &info, false, false);
}

/*
 * What was noted when the mask let it in, and is blocked now (by a call that came first, or the handler of a fault),
 * waits in the host's kernel again. False: it cannot.
 */
static bool put_back(Thread *t, const siginfo_t *info, bool by_call)
{
    return !by_call && t->mask & SIG_BIT(info->si_signo) &&
           queue(SYS_rt_tgsigqueueinfo, getpid(), t->tid, info->si_signo, *info) == 0;
}

bool signals_deliver(Thread *t)
{
    bool handled = false;

    while (__atomic_load_n(&t->pending, __ATOMIC_SEQ_CST)) {
        uint64_t all = ~UINT64_C(0);            /* those too that a process sends and the others do not block */
        bool has[3], by_call;
        siginfo_t info[3];

        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
        memcpy(info, t->info, sizeof(info));
        memcpy(has, t->has, sizeof(has));
        by_call = t->by_call;
        memset(t->has, 0, sizeof(t->has));
        __atomic_store_n(&t->pending, 0, __ATOMIC_SEQ_CST);
        set_host_mask(all);
        handled |= deliver_injected(t);
        name_code(&info[1]);
        name_code(&info[2]);
        for (unsigned i = 0; i < G_N_ELEMENTS(has); i++) {
            if (has[i] && i && t->mask & SIG_BIT(info[i].si_signo) && is_shared(t, &info[i])) {
                share(t, i, &info[i]);
            } else if (has[i] && i && t->mask & SIG_BIT(info[i].si_signo)) {
                t->info[i] = info[i];           /* the guest blocks it: it waits here */
                t->has[i] = true;
            } else if (has[i] && (i || !put_back(t, &info[i], by_call))) {
                handled |= deliver(t, &info[i], false, true);
            }
        }
        if (t->suspended) {
            t->suspended = false;
        }
        set_host_mask(t->mask);
    }
    return handled;
}

bool signal_trap(Thread *t, const LinuxTrap *trap)
{
    bool handled;
    siginfo_t info = { .si_signo = trap->sig, .si_code = trap->code };
    vaddr mask = t->p->mem.addr_mask, addr = trap->addr;

    g_mutex_lock(&t->p->threads_lock);
    if (!(t->action[trap->sig].flags & GUEST_SA_EXPOSE_TAGBITS) && !(addr & (mask ^ mask >> 1))) {
        addr &= mask;                           /* of addresses that are the kernel's all bits are told */
    }
    g_mutex_unlock(&t->p->threads_lock);
    info.si_addr = (void *)(uintptr_t)addr;
    handled = deliver(t, &info, true, true);
    try_mask(t, t->mask);
    return handled;
}

int64_t linux_call_rt_sigreturn(Thread *t, const uint64_t *a G_GNUC_UNUSED)
{
    LinuxSigFrame f = { .mask = t->mask };      /* what cannot be read leaves it */

    if (!t->p->target->pop_frame(t->cs, &f)) {
        vaddr sp = t->p->target->get_sp(t->cs);

        signal_set_mask(t, f.mask);
        signal_trap(t, &(LinuxTrap){ SIGSEGV, mem_ends_above(t->p, sp) ? SEGV_ACCERR : SEGV_MAPERR, sp });
        return LINUX_NO_RESULT;
    }
    if (!on_alt_stack(t)) {
        t->alt_sp = f.alt_flags & SS_DISABLE ? 0 : f.alt_sp;
        t->alt_size = f.alt_flags & SS_DISABLE ? 0 : f.alt_size;
        t->alt_flags = f.alt_flags & ~(uint32_t)SS_ONSTACK;
    }
    signal_set_mask(t, f.mask);
    return LINUX_NO_RESULT;
}
