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
enum { MIN_STACK = 5120, FIRST_OF_LIBC = 32, LAST_OF_LIBC = 33 };
#define SIG_BIT(n) (UINT64_C(1) << ((n) - 1))
#define NEVER_BLOCKED_BY_GUEST (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
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

static uintptr_t *context_pc(void *uc)
{
#ifdef __x86_64__
    return (uintptr_t *)&((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
#else
    return NULL;
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

        if (t && why == USER_FAULT_PROTECTED) {
            /* the reservation is mapped, to the host */
            uintptr_t page = addr - t->p->mem.base;

            if (page < t->p->mem.size && !mem_prot(t->p, page)) {
                why = USER_FAULT_UNMAPPED;
            }
        }
        if (t && exec_user_fault(t->cs, addr, why, pc ? (const void **)pc : (const void *[]){ NULL })) {
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
        h.handler = host_handler;
        h.mask = 0;
        h.flags |= SA_NODEFER;                  /* C code leaves it by a jump */
    } else if (a->handler <= 1 && !taken) {
        memcpy(&h.handler, &a->handler, sizeof(a->handler));
    } else {
        h.handler = host_handler;
    }
    h.flags |= a->flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT);
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

/* -- masks ----------------------------------------------------------------------------------------------------------- */

void signal_set_mask(Thread *t, uint64_t mask)
{
    t->mask = mask & ~NEVER_BLOCKED_BY_GUEST;
    for (unsigned i = 1; i < G_N_ELEMENTS(t->has); i++) {
        if (t->has[i] && !(t->mask & SIG_BIT(t->info[i].si_signo))) {
            __atomic_store_n(&t->pending, 1, __ATOMIC_SEQ_CST);
        }
    }
    set_host_mask(t->mask);
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

static bool on_alt_stack(const Thread *t)
{
    vaddr sp = t->p->target->get_sp(t->cs);

    return t->alt_size && sp - t->alt_sp - 1 < t->alt_size;
}

int64_t linux_call_sigaltstack(Thread *t, const uint64_t *a)
{
    GuestStack old = { .sp = t->alt_sp, .size = t->alt_size }, new;

    old.flags = (int32_t)((t->alt_size ? on_alt_stack(t) ? SS_ONSTACK : 0 : SS_DISABLE) | (t->alt_flags & 1u << 31));
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
        .alt_flags = t->alt_size ? on_alt_stack(t) ? SS_ONSTACK : t->alt_flags & 1u << 31 : SS_DISABLE,
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
    if (t->alt_flags & 1u << 31 && alt) {       /* SS_AUTODISARM */
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
        die(t, SIGSEGV);
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

bool signals_deliver(Thread *t)
{
    bool handled = false;

    while (__atomic_load_n(&t->pending, __ATOMIC_SEQ_CST)) {
        uint64_t all = ~UINT64_C(0);
        siginfo_t info[3];
        bool has[3];

        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
        memcpy(info, t->info, sizeof(info));
        memcpy(has, t->has, sizeof(has));
        memset(t->has, 0, sizeof(t->has));
        __atomic_store_n(&t->pending, 0, __ATOMIC_SEQ_CST);
        set_host_mask(all);
        handled |= deliver_injected(t);
        for (unsigned i = 0; i < G_N_ELEMENTS(has); i++) {
            if (has[i] && i && t->mask & SIG_BIT(info[i].si_signo)) {
                t->info[i] = info[i];           /* the guest blocks it: it waits here */
                t->has[i] = true;
            } else if (has[i]) {
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
    if (!__atomic_load_n(&t->pending, __ATOMIC_SEQ_CST)) {
        set_host_mask(t->mask);
    }
    return handled;
}

int64_t linux_call_rt_sigreturn(Thread *t, const uint64_t *a G_GNUC_UNUSED)
{
    LinuxSigFrame f;

    if (!t->p->target->pop_frame(t->cs, &f)) {
        die(t, SIGSEGV);
    }
    if (!on_alt_stack(t)) {
        t->alt_sp = f.alt_flags & SS_DISABLE ? 0 : f.alt_sp;
        t->alt_size = f.alt_flags & SS_DISABLE ? 0 : f.alt_size;
        t->alt_flags = f.alt_flags & ~(uint32_t)SS_ONSTACK;
    }
    signal_set_mask(t, f.mask);
    return LINUX_NO_RESULT;
}
