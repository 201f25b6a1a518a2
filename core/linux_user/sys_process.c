/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls on the process, its threads and its memory. */
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "core/exec/exec.h"
#include "core/linux_user/user_int.h"
#include "core/log.h"

enum { ROBUST_HEAD = 24, MAX_ANON_NAME = 80, PRCTL_GET_AUXV = 0x41555856 };

int64_t linux_call_exit(Thread *t, const uint64_t *a)
{
    Process *p = t->p;
    bool last;

    g_mutex_lock(&p->threads_lock);
    last = p->threads->len == 1;
    p->status = t->vfork ? p->status : (int)a[0];
    g_mutex_unlock(&p->threads_lock);
    if (last || t->vfork) {
        return linux_call_exit_group(t, a);
    }
    t->exiting = true;
    return LINUX_EXITED;
}

void process_log_stats(Process *p)
{
    if (log_enabled(LOG_STATS)) {
        g_autoptr(GString) text = g_string_new(NULL);

        g_mutex_lock(&p->threads_lock);         /* other threads add CPUs */
        exec_stats_format(p->m, text);
        g_mutex_unlock(&p->threads_lock);
        log_write("%s", text->str);
    }
}

int64_t linux_call_exit_group(Thread *t, const uint64_t *a)
{
    if (t->vfork) {
        process_leave((int)a[0]);               /* the statistics are the parent's */
    }
    process_log_stats(t->p);
    gdb_exits(t->p, t, 'W', (int)a[0]);
    process_gives_up(t);
    _exit((int)a[0]);                           /* others may be writing to the log, which is never behind */
}

int64_t linux_call_set_tid_address(Thread *t, const uint64_t *a)
{
    t->clear_tid = a[0];
    return t->tid;
}

int64_t linux_call_set_robust_list(Thread *t, const uint64_t *a)
{
    if (a[1] != ROBUST_HEAD) {
        return -EINVAL;
    }
    t->robust_list = a[0];
    return 0;
}

int64_t linux_call_get_robust_list(Thread *t, const uint64_t *a)
{
    Process *p = t->p;
    int tid = a[0] & UINT32_MAX ? (int)a[0] : t->tid;
    uint64_t head, size = ROBUST_HEAD;
    bool found = tid == t->tid;

    head = t->robust_list;
    g_mutex_lock(&p->threads_lock);
    for (unsigned i = 0; !found && i < p->threads->len; i++) {
        const Thread *other = p->threads->pdata[i];

        if (other->tid == tid) {
            head = other->robust_list;
            found = true;
        }
    }
    g_mutex_unlock(&p->threads_lock);
    if (!found) {                               /* another process's is its emulator's */
        return kill(tid, 0) < 0 && errno == ESRCH ? -ESRCH : -EPERM;
    }
    return user_write(t->cs, a[1], &head, sizeof(head)) && user_write(t->cs, a[2], &size, sizeof(size)) ? 0 : -EFAULT;
}

int64_t linux_call_futex(Thread *t, const uint64_t *a)
{
    uint64_t timeout = a[3];

    switch (a[1] & FUTEX_CMD_MASK) {            /* for others the fourth argument is a number */
    case FUTEX_WAIT: case FUTEX_WAIT_BITSET: case FUTEX_LOCK_PI: case FUTEX_WAIT_REQUEUE_PI: case FUTEX_LOCK_PI2:
        timeout = (uintptr_t)g2h_or_null(t->p, a[3]);
        break;
    }
    return safe_syscall(t, SYS_futex, (uintptr_t)g2h(t->p, a[0]), a[1], a[2], timeout,
                        (uintptr_t)g2h_or_null(t->p, a[4]), a[5]);
}

/* struct futex_waitv */
typedef struct GuestFutexWait {
    uint64_t value, addr;
    uint32_t flags, reserved;
} GuestFutexWait;
enum { MAX_FUTEXES = 128 };

int64_t linux_call_futex_waitv(Thread *t, const uint64_t *a)
{
    GuestFutexWait w[MAX_FUTEXES];
    uint32_t n = (uint32_t)a[1];

    if (!n || n > MAX_FUTEXES) {
        return -EINVAL;
    }
    if (!user_read(t->cs, w, a[0], n * sizeof(w[0]))) {
        return -EFAULT;
    }
    for (unsigned i = 0; i < n; i++) {
        w[i].addr = (uintptr_t)g2h(t->p, w[i].addr);
    }
    return safe_syscall(t, SYS_futex_waitv, (uintptr_t)w, n, a[2], (uintptr_t)g2h_or_null(t->p, a[3]), a[4], 0);
}

/* What the kernel itself makes its callers go on with, and nobody else has. */
int64_t linux_call_restart_syscall(Thread *t G_GNUC_UNUSED, const uint64_t *a G_GNUC_UNUSED)
{
    return -EINTR;
}

/* -- limits ---------------------------------------------------------------------------------------------------------- */

enum { MIN_HOST_STACK = 8 << 20 };

/* What would limit the emulator's own memory is kept, and not told to the host. */
static bool is_own_limit(unsigned resource)
{
    return resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK;
}

static int64_t own_limit(Thread *t, unsigned resource, vaddr new_addr, vaddr old_addr)
{
    Process *p = t->p;
    struct rlimit old, new;
    int64_t r = 0;

    if (new_addr && !user_read(t->cs, &new, new_addr, sizeof(new))) {
        return -EFAULT;
    }
    g_mutex_lock(&p->threads_lock);
    if (p->has_limit[resource]) {
        old = p->limit[resource];
    } else if (getrlimit((__rlimit_resource_t)resource, &old) < 0) {
        r = -errno;
    }
    if (r == 0 && new_addr) {
        if (new.rlim_cur > new.rlim_max) {
            r = -EINVAL;
        } else if (new.rlim_max > old.rlim_max && geteuid() != 0) {
            r = -EPERM;
        } else {
            p->limit[resource] = new;
            p->has_limit[resource] = true;
            if (resource == RLIMIT_STACK && new.rlim_cur >= MIN_HOST_STACK) {
                struct rlimit host;             /* for programs that are executed */

                getrlimit(RLIMIT_STACK, &host);
                host.rlim_cur = MIN(new.rlim_cur, host.rlim_max);
                setrlimit(RLIMIT_STACK, &host);
            }
        }
    }
    g_mutex_unlock(&p->threads_lock);
    return r == 0 && old_addr && !user_write(t->cs, old_addr, &old, sizeof(old)) ? -EFAULT : r;
}

int64_t linux_call_prlimit64(Thread *t, const uint64_t *a)
{
    if (((int)a[0] == 0 || (int)a[0] == getpid()) && is_own_limit((unsigned)a[1])) {
        return own_limit(t, (unsigned)a[1], a[2], a[3]);
    }
    if (a[2] && is_own_limit((unsigned)a[1])) {
        return -EPERM;                          /* it may be an emulator's as well */
    }
    return safe_syscall(t, SYS_prlimit64, a[0], a[1], (uintptr_t)g2h_or_null(t->p, a[2]),
                        (uintptr_t)g2h_or_null(t->p, a[3]), 0, 0);
}

int64_t linux_call_getrlimit(Thread *t, const uint64_t *a)
{
    return is_own_limit((unsigned)a[0]) && a[1] ? own_limit(t, (unsigned)a[0], 0, a[1]) :
           safe_syscall(t, SYS_getrlimit, a[0], (uintptr_t)g2h_or_null(t->p, a[1]), 0, 0, 0, 0);
}

int64_t linux_call_setrlimit(Thread *t, const uint64_t *a)
{
    return is_own_limit((unsigned)a[0]) && a[1] ? own_limit(t, (unsigned)a[0], a[1], 0) :
           safe_syscall(t, SYS_setrlimit, a[0], (uintptr_t)g2h_or_null(t->p, a[1]), 0, 0, 0, 0);
}

int64_t linux_call_uname(Thread *t, const uint64_t *a)
{
    struct utsname u;

    if (uname(&u) < 0) {
        return -errno;
    }
    memset(u.machine, 0, sizeof(u.machine));
    g_strlcpy(u.machine, t->p->target->machine, sizeof(u.machine));
    if (t->p->o->release) {
        memset(u.release, 0, sizeof(u.release));
        g_strlcpy(u.release, t->p->o->release, sizeof(u.release));
    }
    return user_write(t->cs, a[0], &u, sizeof(u)) ? 0 : -EFAULT;
}

int64_t linux_call_kcmp(Thread *t, const uint64_t *a)
{
    bool slot = (uint32_t)a[2] == KCMP_EPOLL_TFD;       /* its last argument is an address: struct kcmp_epoll_slot */

    return safe_syscall(t, SYS_kcmp, a[0], a[1], a[2], a[3], slot ? (uintptr_t)g2h(t->p, a[4]) : a[4], 0);
}

static int64_t set_anon_name(Thread *t, vaddr addr, uint64_t len, vaddr text)
{
    g_autofree char *name = NULL;
    int err = 0;

    if (text) {
        name = mem_string(t, text, &err);
        if (!name) {
            return -err;
        }
        if (strlen(name) >= MAX_ANON_NAME) {
            return -EINVAL;
        }
        for (const char *c = name; *c; c++) {
            if (*c < 0x20 || *c > 0x7e || strchr("\\`$[]", *c)) {
                return -EINVAL;
            }
        }
    }
    return mem_name_range(t->p, addr, len, name);
}

static int64_t get_auxv(Thread *t, vaddr to, uint64_t len)
{
    unsigned size = t->p->auxv_size;
    g_autofree char *buf = g_malloc(size);

    return user_read(t->cs, buf, t->p->auxv, size) && user_write(t->cs, to, buf, MIN(len, size)) ? (int64_t)size : -EFAULT;
}

int64_t linux_call_prctl(Thread *t, const uint64_t *a)
{
    int64_t r;

    switch ((int)a[0]) {
    case PR_SET_NAME: case PR_GET_NAME: case PR_GET_PDEATHSIG: case PR_GET_CHILD_SUBREAPER:
        return safe_syscall(t, SYS_prctl, a[0], (uintptr_t)g2h_or_null(t->p, a[1]), a[2], a[3], a[4], 0);
    case PR_SET_PDEATHSIG: case PR_GET_DUMPABLE: case PR_SET_DUMPABLE: case PR_GET_KEEPCAPS: case PR_SET_KEEPCAPS:
    case PR_GET_TIMERSLACK: case PR_SET_TIMERSLACK: case PR_SET_CHILD_SUBREAPER: case PR_SET_NO_NEW_PRIVS:
    case PR_GET_NO_NEW_PRIVS: case PR_CAPBSET_READ: case PR_CAPBSET_DROP: case PR_GET_SECUREBITS:
    case PR_SET_SECUREBITS: case PR_CAP_AMBIENT: case PR_SET_THP_DISABLE: case PR_GET_THP_DISABLE:
    case PR_SET_PTRACER: case PR_GET_SECCOMP: case PR_GET_TIMING: case PR_MCE_KILL: case PR_MCE_KILL_GET:
    case PR_GET_SPECULATION_CTRL: case PR_SET_SPECULATION_CTRL: case PR_SET_IO_FLUSHER: case PR_GET_IO_FLUSHER:
    case PR_TASK_PERF_EVENTS_DISABLE: case PR_TASK_PERF_EVENTS_ENABLE:
        return safe_syscall(t, SYS_prctl, a[0], a[1], a[2], a[3], a[4], 0);
    case PR_GET_TID_ADDRESS:
        return user_write(t->cs, a[1], &t->clear_tid, sizeof(t->clear_tid)) ? 0 : -EFAULT;
    case PR_SET_VMA:
        return a[1] == PR_SET_VMA_ANON_NAME ? set_anon_name(t, a[2], a[3], a[4]) : -EINVAL;
    case PRCTL_GET_AUXV:
        return a[3] || a[4] ? -EINVAL : get_auxv(t, a[1], a[2]);
    }
    r = t->p->target->prctl(t->cs, a);
    if (r == -EINVAL) {
        log_unimp("user: prctl %d\n", (int)a[0]);
    }
    return r;
}

/* -- memory ---------------------------------------------------------------------------------------------------------- */

int64_t linux_call_brk(Thread *t, const uint64_t *a)
{
    return mem_brk(t->p, a[0]);
}

int64_t linux_call_mmap(Thread *t, const uint64_t *a)
{
    process_guard(t, (uint32_t)a[2]);
    return mem_mmap(t->p, a[0], a[1], (uint32_t)a[2], (int)a[3], (int)a[4], a[5]);
}

int64_t linux_call_munmap(Thread *t, const uint64_t *a)
{
    return mem_munmap(t->p, a[0], a[1]);
}

int64_t linux_call_mprotect(Thread *t, const uint64_t *a)
{
    process_guard(t, (uint32_t)a[2]);
    return mem_mprotect(t->p, a[0], a[1], (uint32_t)a[2]);
}

int64_t linux_call_mremap(Thread *t, const uint64_t *a)
{
    return mem_mremap(t->p, a[0], a[1], a[2], (int)a[3], a[4]);
}

int64_t linux_call_madvise(Thread *t, const uint64_t *a)
{
    int64_t r;

    if ((int)a[2] == MADV_DONTFORK) {
        return -EINVAL;                         /* the child would lose what keeps its addresses free */
    }
    r = mem_range_call(t, SYS_madvise, a[0], a[1], (const uint64_t[4]){ (uint64_t)(int64_t)(int32_t)a[2] });
    if ((r == 0 || r == -ENOMEM) && a[1] <= t->p->mem.size &&
        ((int)a[2] == MADV_DONTNEED || (int)a[2] == MADV_REMOVE || (int)a[2] == MADV_FREE)) {
        user_code_changed(t->p->m, a[0] & t->p->mem.addr_mask, a[1]);
        user_clear_tags(t->p->m, a[0] & t->p->mem.addr_mask, page_up(a[1]));
    }
    return r;
}

int64_t linux_call_msync(Thread *t, const uint64_t *a)
{
    return mem_range_call(t, SYS_msync, a[0], a[1], (const uint64_t[4]){ a[2] });
}

int64_t linux_call_mlock(Thread *t, const uint64_t *a)
{
    return mem_range_call(t, SYS_mlock, a[0], a[1], NULL);
}

int64_t linux_call_mlock2(Thread *t, const uint64_t *a)
{
    return mem_range_call(t, SYS_mlock2, a[0], a[1], (const uint64_t[4]){ a[2] });
}

int64_t linux_call_munlock(Thread *t, const uint64_t *a)
{
    return mem_range_call(t, SYS_munlock, a[0], a[1], NULL);
}

/* Future mappings may be the emulator's own, which must not fail. */
int64_t linux_call_mlockall(Thread *t, const uint64_t *a)
{
    uint64_t flags = a[0] & UINT32_MAX;

    if (!flags || flags & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT) {
        return -EINVAL;
    }
    return flags & MCL_CURRENT ? safe_syscall(t, SYS_mlockall, flags & ~(uint64_t)MCL_FUTURE, 0, 0, 0, 0, 0) : 0;
}

int64_t linux_call_mincore(Thread *t, const uint64_t *a)
{
    return mem_range_call(t, SYS_mincore, a[0], a[1], (const uint64_t[4]){ (uintptr_t)g2h(t->p, a[2]) });
}

int64_t linux_call_mbind(Thread *t, const uint64_t *a)
{
    const uint64_t rest[4] = { a[2], (uintptr_t)g2h_or_null(t->p, a[3]), a[4], a[5] };
    int64_t r = mem_range_call(t, SYS_mbind, a[0], a[1], rest);

    return r != -ENOMEM ? r : (uint32_t)a[2] == MPOL_DEFAULT ? 0 : -EFAULT;     /* a hole */
}

/* Another process is an emulator too, if it runs a program of a guest's: then its guest has its addresses somewhere else. */
static int64_t process_vm(Thread *t, long nr, const uint64_t *a)
{
    g_autofree struct iovec *own = NULL, *other = NULL;
    uintptr_t base = t->p->mem.base;
    int err = 0;

    if ((int)a[0] != getpid()) {
        if (kill((pid_t)a[0], 0) < 0 && errno == ESRCH) {
            return -ESRCH;
        }
        base = mem_base_of(t->p, (int)a[0]);
        if (!base) {
            log_unimp("user: memory of another process, which is no guest's\n");
            return -EPERM;
        }
    }
    own = vectors_arg(t, a[1], a[2], &err);
    other = own ? vectors_arg(t, a[3], a[4], &err) : NULL;
    for (uint64_t i = 0; other && i < a[4]; i++) {
        if (other[i].iov_base && (uintptr_t)other[i].iov_base != UINTPTR_MAX) {
            other[i].iov_base = (void *)((uintptr_t)other[i].iov_base - t->p->mem.base + base);
        }
    }
    return other ? safe_syscall(t, nr, a[0], (uintptr_t)own, a[2], (uintptr_t)other, a[4], a[5]) : -err;
}

int64_t linux_call_process_vm_readv(Thread *t, const uint64_t *a)
{
    return process_vm(t, SYS_process_vm_readv, a);
}

int64_t linux_call_process_vm_writev(Thread *t, const uint64_t *a)
{
    return process_vm(t, SYS_process_vm_writev, a);
}

/*
 * A call that the kernel refuses to a process of several threads (EINVAL), while there are none but the guest's. A thread that
 * was joined is the process's a moment longer.
 */
static int64_t without_worker(Thread *t, long nr, uint64_t a, uint64_t b)
{
    enum { TRIES = 20, PAUSE_US = 100 };
    int64_t ret;

    exec_user_hold_worker(t->cs);
    exec_user_end_worker(t->cs);
    for (unsigned i = 0; (ret = safe_syscall(t, nr, a, b, 0, 0, 0, 0)) == -EINVAL && i < TRIES; i++) {
        g_usleep(PAUSE_US);
    }
    exec_user_release_worker(t->cs);
    return ret;
}

int64_t linux_call_unshare(Thread *t, const uint64_t *a)
{
    return without_worker(t, SYS_unshare, a[0], 0);
}

int64_t linux_call_setns(Thread *t, const uint64_t *a)
{
    return without_worker(t, SYS_setns, a[0], a[1]);
}

int64_t linux_call_shmget(Thread *t, const uint64_t *a)
{
    if ((int)a[2] & SHM_HUGETLB) {
        return -ENOMEM;                         /* as mmap has it */
    }
    return safe_syscall(t, SYS_shmget, a[0], a[1], a[2], 0, 0, 0);
}

int64_t linux_call_shmat(Thread *t, const uint64_t *a)
{
    return mem_shmat(t->p, (int)a[0], a[1], (int)a[2]);
}

int64_t linux_call_shmdt(Thread *t, const uint64_t *a)
{
    return mem_shmdt(t->p, a[0]);
}

/* asm-generic/sembuf.h, 64 bits; some hosts have gaps in it. */
typedef struct GuestSemid {
    struct ipc_perm perm;
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
} GuestSemid;

static int64_t sem_stat(Thread *t, uint64_t id, uint64_t command, vaddr addr)
{
    struct semid_ds h = { 0 };
    GuestSemid g = { 0 };
    bool set = (int)command == IPC_SET;
    int64_t r;

    if (set) {
        if (!user_read(t->cs, &g, addr, sizeof(g))) {
            return -EFAULT;
        }
        h.sem_perm = g.perm;
    }
    r = safe_syscall(t, SYS_semctl, id, 0, command, (uintptr_t)&h, 0, 0);
    if (r >= 0 && !set) {
        g = (GuestSemid){ .perm = h.sem_perm, .otime = h.sem_otime, .ctime = h.sem_ctime, .nsems = h.sem_nsems };
        return user_write(t->cs, addr, &g, sizeof(g)) ? r : -EFAULT;
    }
    return r;
}

int64_t linux_call_semctl(Thread *t, const uint64_t *a)
{
    uint64_t arg = a[3], id = (uint64_t)(int64_t)(int32_t)a[0];

    switch ((int)a[2]) {
    case GETALL: case SETALL: case IPC_INFO: case SEM_INFO:
        arg = (uintptr_t)g2h_or_null(t->p, arg);
        break;
    case SETVAL: case GETVAL: case GETPID: case GETNCNT: case GETZCNT: case IPC_RMID:
        break;
    case IPC_STAT: case IPC_SET: case SEM_STAT: case 20 /* SEM_STAT_ANY */:
        return sem_stat(t, id, a[2], arg);
    default:
        return -EINVAL;
    }
    return safe_syscall(t, SYS_semctl, id, (uint64_t)(int64_t)(int32_t)a[1], a[2], arg, 0, 0);
}

/* -- keys (keyctl(2)) -------------------------------------------------------------------------------------------------- */

int64_t linux_call_keyctl(Thread *t, const uint64_t *a)
{
    enum { NUMBERS = 1 << 7 };
    /* by operation: a bit for each of the arguments behind it that is an address */
    static const uint8_t kinds[] = {
        [0] = NUMBERS, [1] = 1, [2] = 2, [3] = NUMBERS, [4] = NUMBERS, [5] = NUMBERS, [6] = 2, [7] = NUMBERS, [8] = NUMBERS,
        [9] = NUMBERS, [10] = 6, [11] = 2, [12] = 2, [13] = NUMBERS, [14] = NUMBERS, [15] = NUMBERS, [16] = NUMBERS,
        [17] = 2, [18] = NUMBERS, [19] = NUMBERS, [21] = NUMBERS, [22] = NUMBERS, [29] = 6, [30] = NUMBERS, [31] = 1,
    };
    uint64_t h[5] = { a[0] };
    uint32_t op = (uint32_t)a[0];

    if (op >= G_N_ELEMENTS(kinds) || !kinds[op]) {
        log_unimp("user: keyctl %u\n", op);
        return -EOPNOTSUPP;
    }
    for (unsigned i = 1; i < G_N_ELEMENTS(h); i++) {
        h[i] = kinds[op] & 1 << (i - 1) ? (uintptr_t)g2h_or_null(t->p, a[i]) : a[i];
    }
    return safe_syscall(t, SYS_keyctl, h[0], h[1], h[2], h[3], h[4], 0);
}

/* -- processes --------------------------------------------------------------------------------------------------------- */

int64_t linux_call_clone(Thread *t, const uint64_t *a)
{
    const uint64_t clear_sighand = CLONE_CLEAR_SIGHAND;
    const CloneArgs args = {
        .flags = a[0] & UINT32_MAX & ~(uint64_t)CSIGNAL & ~clear_sighand, .exit_signal = (int)(a[0] & CSIGNAL),
        .stack = a[1], .ptid = a[2], .tls = a[3], .ctid = a[4], .pidfd = a[2],
    };

    if ((a[0] & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID)) {
        return -EINVAL;                         /* one word for both */
    }
    return process_clone(t, &args);
}

/* struct clone_args, its first version and the fields that came later */
typedef struct GuestCloneArgs {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} GuestCloneArgs;
enum { CLONE_ARGS_MIN = 64 };

int64_t linux_call_clone3(Thread *t, const uint64_t *a)
{
    GuestCloneArgs g = { 0 };
    CloneArgs args;

    if (a[1] > LINUX_PAGE) {
        return -E2BIG;
    }
    if (a[1] < CLONE_ARGS_MIN) {
        return -EINVAL;
    }
    if (!user_read(t->cs, &g, a[0], MIN(a[1], sizeof(g)))) {
        return -EFAULT;
    }
    for (uint64_t i = sizeof(g); i < a[1]; i++) {
        uint8_t byte;

        if (!user_read(t->cs, &byte, a[0] + i, 1) || byte) {
            return byte ? -E2BIG : -EFAULT;
        }
    }
    if (g.flags & (CSIGNAL | CLONE_DETACHED) || g.exit_signal & ~(uint64_t)CSIGNAL || !g.stack != !g.stack_size ||
        (g.flags & (CLONE_THREAD | CLONE_PARENT) && g.exit_signal)) {
        return -EINVAL;
    }
    if (g.set_tid_size) {
        log_unimp("user: clone3 with set_tid\n");
        return -EINVAL;
    }
    args = (CloneArgs){
        .flags = g.flags, .exit_signal = (int)g.exit_signal, .stack = g.stack + g.stack_size, .ptid = g.parent_tid,
        .tls = g.tls, .ctid = g.child_tid, .pidfd = g.pidfd,
    };
    return process_clone(t, &args);
}

/* What arguments and environment may take together: the kernel's own limit (execve(2)). */
enum { MAX_EXEC = 6 << 20 };

/* A NULL-terminated array of texts, whose bytes are added to *size; NULL with *ret_errno. */
static GPtrArray *text_array(Thread *t, vaddr addr, size_t *size, int *ret_errno)
{
    GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
    uint64_t at = 0;

    for (; addr; addr += 8) {
        char *text;

        if (!user_read(t->cs, &at, addr, sizeof(at))) {
            *ret_errno = EFAULT;
            g_ptr_array_unref(array);
            return NULL;
        }
        if (!at) {
            break;
        }
        text = mem_string(t, at, ret_errno);
        if (!text) {
            g_ptr_array_unref(array);
            return NULL;
        }
        g_ptr_array_add(array, text);
        *size += strlen(text) + 1 + sizeof(text);
        if (*size > MAX_EXEC) {
            *ret_errno = E2BIG;
            g_ptr_array_unref(array);
            return NULL;
        }
    }
    g_ptr_array_add(array, NULL);
    return array;
}

static int64_t do_exec(Thread *t, int dirfd, vaddr path_addr, vaddr argv_addr, vaddr env_addr, int flags)
{
    int err = 0;
    g_autofree char *path = mem_string(t, path_addr, &err);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GPtrArray) env = NULL;
    int64_t r;
    size_t size = 0;

    if (!path || !(argv = text_array(t, argv_addr, &size, &err)) || !(env = text_array(t, env_addr, &size, &err))) {
        return -err;
    }
    thread_leaves(t, path, g_free);
    thread_leaves(t, argv, (GDestroyNotify)g_ptr_array_unref);
    thread_leaves(t, env, (GDestroyNotify)g_ptr_array_unref);
    r = process_exec(t, dirfd, path, (char **)argv->pdata, (char **)env->pdata, flags);
    t->num_left = 0;
    return r;
}

int64_t linux_call_execve(Thread *t, const uint64_t *a)
{
    return do_exec(t, -100 /* AT_FDCWD */, a[0], a[1], a[2], 0);
}

int64_t linux_call_execveat(Thread *t, const uint64_t *a)
{
    return do_exec(t, (int)a[0], a[1], a[2], a[3], (int)a[4]);
}
