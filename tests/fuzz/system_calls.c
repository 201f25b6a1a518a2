/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that makes random system calls with wild arguments: system_calls SEED BATCHES. Each batch is a child's; the
 * child may die as it likes, the parent must not notice. It gives up root's rights first, and leaves out what would
 * harm the machine or only wait.
 *
 * "system_calls outside" names memory beyond the guest's to each call that maps, unmaps or changes memory, and
 * works on: prints "outside: ok".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534, PAGE = 4096, CALLS_PER_BATCH = 150, BATCH_MS = 1000 };

static uint64_t state;

static uint64_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t below(uint64_t n)
{
    return (rnd() >> 11) % n;
}

static long raw(long nr, const uint64_t *a)
{
    register uint64_t x0 __asm__("x0") = a[0], x1 __asm__("x1") = a[1], x2 __asm__("x2") = a[2], x3 __asm__("x3") = a[3],
        x4 __asm__("x4") = a[4], x5 __asm__("x5") = a[5];
    register long x8 __asm__("x8") = nr;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory", "cc");
    return (long)x0;
}

/* -- arguments ------------------------------------------------------------------------------------------------------- */

static uint8_t *area;                           /* 16 pages: 0-7 to write, 8 to read, 9 and 15 not mapped, 10-14 shared */

static void make_area(void)
{
    area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + 8 * PAGE, PAGE, PROT_READ);
    munmap(area + 9 * PAGE, PAGE);
    munmap(area + 15 * PAGE, PAGE);
    mmap(area + 10 * PAGE, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static uint64_t number(void)
{
    static const uint64_t some[] = {
        0, 1, 2, 3, 4, 7, 8, 15, 16, 24, 31, 32, 56, 64, 100, 128, 255, 256, 1000, 1024, 4095, 4096, 4097, 8192, 65535, 65536,
        1 << 20, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(1) << 32, UINT64_C(1) << 46, UINT64_C(1) << 47,
        UINT64_C(1) << 62, UINT64_C(1) << 63, ~UINT64_C(0), ~UINT64_C(0) - 1, ~UINT64_C(4095),
    };

    switch (below(8)) {
    case 0:
        return below(20);
    case 1:
        return rnd() & 0xffff;
    case 2:
        return UINT64_C(1) << below(64);
    case 3:
        return rnd() >> below(64);
    default:
        return some[below(sizeof(some) / sizeof(some[0]))];
    }
}

static uint64_t wild(void)
{
    switch (below(12)) {
    case 0:
        return 0;
    case 1:
        return below(65536);
    case 2:
        return UINT64_C(0xffff000000000000) | (rnd() & 0xffffffffffff);
    case 3:
        return (UINT64_C(1) << 46) - 4096 * below(4) - below(2) * below(4096);
    case 4:
        return (UINT64_C(1) << 46) + (rnd() & 0x3fffffffffff & ~UINT64_C(4095));
    case 5:
        return UINT64_C(0x7f0000000000) | (rnd() & 0xffffffffff);
    case 6:
        return UINT64_C(0x550000000000) | (rnd() & 0xffffffffff);
    case 7:
        return rnd() & 0x7fffffffffff;
    case 8:
        return (uintptr_t)area + 8 * PAGE + below(PAGE);        /* read-only */
    case 9:
        return (uintptr_t)area + 9 * PAGE - below(32);          /* ends in nothing */
    case 10:
        return rnd();
    default:
        return ((uintptr_t)area + below(16 * PAGE)) | UINT64_C(0x5a) << 56;
    }
}

static uint64_t pointer(void)
{
    switch (below(6)) {
    case 0: case 1: case 2:
        return (uintptr_t)area + (below(7 * PAGE) & ~UINT64_C(7));
    case 3:
        return (uintptr_t)area + 10 * PAGE + below(6 * PAGE);
    default:
        return wild();
    }
}

static uint64_t path(void)
{
    static const char *const names[] = {
        "", ".", "..", "/", "x", "y", "x/y", "/nonexistent", "/proc/self/mem", "/proc/self/maps", "/proc/self/exe",
        "/proc/self/fd/3", "/proc/self/stat", "/proc/self/auxv", "/proc/self/cmdline", "/proc/self/status", "/dev/null",
        "/dev/zero", "/dev/full", "/dev/tty", "/proc/thread-self/mem", "/proc/self/task",
    };
    char *at = (char *)area + below(6) * PAGE + below(64);

    if (below(30) == 0) {
        memset(at, 'n', 5000);
        at[5000] = 0;
    } else {
        strcpy(at, names[below(sizeof(names) / sizeof(names[0]))]);
    }
    return (uintptr_t)at;
}

/* Structs whose words are pointers and lengths, good and bad: iovec, msghdr, sigevent, argv, epoll_event. */
static uint64_t structure(void)
{
    unsigned at = (unsigned)below(6) * PAGE + (unsigned)below(64) * 8, n = (unsigned)below(20) + 1;

    for (unsigned i = 0; i < n; i++) {
        uint64_t word = 0;

        switch (below(6)) {
        case 0: case 1:
            word = pointer();
            break;
        case 2: case 3:
            word = number();
            break;
        case 4:
            word = below(64);
            break;
        }
        memcpy(area + at + 8 * i, &word, 8);
    }
    return (uintptr_t)area + at;
}

static uint64_t any(void)
{
    switch (below(10)) {
    case 0: case 1: case 2:
        return pointer();
    case 3:
        return path();
    case 4: case 5:
        return structure();
    case 6:
        return below(12);                       /* a descriptor */
    default:
        return number();
    }
}

/* -- what is left out ------------------------------------------------------------------------------------------------ */

static int has_pid(long nr)
{
    return nr == __NR_kill || nr == __NR_tkill || nr == __NR_rt_sigqueueinfo || nr == __NR_tgkill ||
           nr == __NR_rt_tgsigqueueinfo || nr == __NR_prlimit64 || nr == __NR_process_vm_writev;
}

static int allowed(long nr, uint64_t *a)
{
    switch (nr) {
    case __NR_sync: case __NR_syncfs: case __NR_reboot: case __NR_swapon: case __NR_swapoff: case __NR_vhangup:
    case __NR_kexec_load: case 294 /* kexec_file_load */: case __NR_init_module: case __NR_finit_module:
    case __NR_delete_module: case __NR_settimeofday: case __NR_clock_settime: case __NR_adjtimex: case __NR_clock_adjtime:
    case __NR_sethostname: case __NR_setdomainname: case __NR_acct: case __NR_syslog:
        return 0;
    case __NR_close: case __NR_dup3: case __NR_dup:
        return (a[nr == __NR_dup3] & 0xffffffff) > 2;           /* what the emulator says is to be read */
    case __NR_close_range:
        a[0] |= 3;
        return 1;
    case __NR_mmap:
        a[3] &= a[1] > 1 << 26 ? ~(uint64_t)(MAP_POPULATE | MAP_LOCKED) : ~UINT64_C(0);
        return 1;
    case __NR_madvise:
        a[1] = a[1] > 1 << 26 && (a[2] == 22 || a[2] == 23) ? 1 << 20 : a[1];   /* MADV_POPULATE_* */
        return (int)a[2] != 100 && (int)a[2] != 101;            /* memory that is marked as broken */
    case __NR_clone:
        /* an own store through a wild SP is not the emulator's to check */
        a[1] = below(2) ? 0 : (uintptr_t)area + 7 * PAGE;
        return !(a[0] & 0x7e020000);                            /* no namespaces */
    case __NR_unshare: case __NR_setns:
        return 0;
    case __NR_ioctl:
        return 1;
    }
    if (has_pid(nr)) {
        a[0] = below(4) ? (uint64_t)(below(2) ? getpid() : (int)syscall(SYS_gettid)) : a[0];
        return (int)a[0] != -1 && (int)a[0] != getppid() && (int)a[0] != -getppid() && (int)a[0] != 1;
    }
    return 1;
}

/* Numbers that are worth more tries: memory, signals, vectors, processes. */
static long choose(void)
{
    static const uint16_t often[] = {
        __NR_mmap, __NR_munmap, __NR_mprotect, __NR_mremap, __NR_madvise, __NR_brk, __NR_shmget, __NR_shmat, __NR_shmdt,
        __NR_mlock, __NR_munlock, __NR_msync, __NR_mincore, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_sigaltstack,
        __NR_rt_sigreturn, __NR_rt_sigqueueinfo, __NR_readv, __NR_writev, __NR_sendmsg, __NR_recvmsg, __NR_sendmmsg,
        __NR_recvmmsg, __NR_setsockopt, __NR_getsockopt, __NR_socket, __NR_openat, __NR_read, __NR_write, __NR_clone,
        __NR_execve, __NR_futex, __NR_set_robust_list, __NR_set_tid_address, __NR_prctl, __NR_ioctl, __NR_fcntl,
        __NR_epoll_ctl, __NR_epoll_pwait, __NR_ppoll, __NR_pselect6, __NR_timer_create, __NR_mq_notify, __NR_prlimit64,
        __NR_setrlimit, __NR_memfd_create, __NR_ftruncate, __NR_getdents64, __NR_statx, __NR_kill, __NR_exit,
    };

    return below(2) ? often[below(sizeof(often) / sizeof(often[0]))] : (long)below(501);
}

/* A thread whose numbers, and robust list, are anywhere: it ends, and what it leaves is written. */

static uint64_t last_calls[3][7];               /* number and arguments */

__attribute__((used)) static void thread_end(void)
{
    for (int i = 0; i < 3; i++) {
        raw((long)last_calls[i][0], last_calls[i] + 1);
    }
}

/* Without a library, which has such words of its own. */
static void thread(void)
{
    static uint8_t stack[4 * PAGE] __attribute__((aligned(16)));
    const uint64_t shared = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    const uint64_t numbers = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    const uint64_t list = below(2) ? structure() : wild(), word = any(), parent = any(), child = any();
    const struct timespec time = { 0, 3000000 };
    register uint64_t x0 __asm__("x0"), x1 __asm__("x1"), x2 __asm__("x2"), x3 __asm__("x3"), x4 __asm__("x4");
    register uint64_t x8 __asm__("x8");

    memset(last_calls, 0, sizeof(last_calls));
    last_calls[0][0] = below(2) ? __NR_set_robust_list : __NR_getpid;
    last_calls[0][1] = list;
    last_calls[0][2] = 24;
    last_calls[1][0] = below(2) ? __NR_set_tid_address : __NR_getpid;
    last_calls[1][1] = word;
    last_calls[2][0] = __NR_exit;
    x8 = (rnd() >> 20 & numbers) | shared;
    x1 = (uintptr_t)(stack + sizeof(stack)), x2 = parent, x3 = 0, x4 = child, x0 = x8, x8 = __NR_clone;
    __asm__ volatile("svc #0\n cbnz x0, 1f\n bl thread_end\n 1:" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8)
                     : "memory", "cc", "x30");
    if ((long)x0 > 0) {
        nanosleep(&time, NULL);                 /* then the stack is free again */
    }
}

/* Now and then calls that can succeed, so that there is something to be wild with. */
static void sensible(void)
{
    uint64_t a[6] = { 0 };

    switch (below(8)) {
    case 0:
        a[1] = (1 + below(8)) * PAGE, a[2] = below(8), a[3] = 0x21 + below(2), a[4] = ~UINT64_C(0);
        raw(__NR_mmap, a);
        break;
    case 1:
        a[0] = 1 + below(2), a[1] = 1 + below(3);
        raw(__NR_socket, a);
        break;
    case 2:
        a[0] = (uintptr_t)area;
        raw(__NR_pipe2, a);
        break;
    case 3:
        a[0] = (uint64_t)AT_FDCWD, a[1] = path(), a[2] = O_RDWR | O_CREAT, a[3] = 0600;
        raw(__NR_openat, a);
        break;
    case 4:
        a[0] = (uintptr_t)area, a[1] = PAGE * (1 + below(8)), a[3] = 1, a[4] = 0;
        raw(__NR_mremap, a);
        break;
    case 5:
        a[1] = (1 + below(8)) * PAGE, a[2] = 01600;
        a[0] = (uint64_t)raw(__NR_shmget, a);
        a[1] = a[2] = 0;
        raw(__NR_shmat, a);
        break;
    case 6:
        a[0] = path();
        raw(__NR_memfd_create, a);
        break;
    default:
        raw(__NR_epoll_create1, a);
    }
}

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

static void batch(void)
{
    struct sigaction sa = { .sa_handler = on_tick };
    struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };
    int fd = open("z", O_RDWR | O_CREAT, 0600);

    /* what the parent says is not to be cut, nor its place moved; what the emulator says is to be read */
    dup2(fd, 0);
    dup2(fd, 1);
    close(fd);
    setsid();
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    make_area();
    for (int i = 0; i < CALLS_PER_BATCH; i++) {
        uint64_t a[6];
        long nr = choose();

        if (below(6) == 0) {
            sensible();
        }
        if (below(40) == 0) {
            thread();
        }
        for (int k = 0; k < 6; k++) {
            a[k] = any();
        }
        if (allowed(nr, a)) {
            raw(nr, a);
        }
    }
    _exit(0);
}

/* -- the parent ------------------------------------------------------------------------------------------------------ */

static void limit(int what, rlim_t n)
{
    struct rlimit r = { n, n };

    setrlimit(what, &r);
}

static int drop_rights(void)
{
    if (geteuid() != 0) {
        return 1;
    }
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static int run_batches(uint64_t seed, int batches)
{
    int killed = 0, ended = 0, late = 0;

    limit(RLIMIT_NOFILE, 64);
    limit(RLIMIT_FSIZE, 1 << 20);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 1 << 16);
    limit(RLIMIT_NPROC, 200);
    for (int i = 0; i < batches; i++) {
        struct timespec ms = { 0, 2000000 };
        int status, waited = 0;
        pid_t pid;

        state = (seed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)i + 1) * UINT64_C(0xbf58476d1ce4e5b9);
        rnd();
        pid = fork();
        if (pid == 0) {
            limit(RLIMIT_CPU, 5);
            batch();
        }
        if (pid < 0) {
            printf("fork: %d\n", errno);
            return 1;
        }
        while (waitpid(pid, &status, WNOHANG) == 0) {
            if (waited++ > BATCH_MS / 2) {
                kill(pid, SIGKILL);
                waitpid(pid, &status, 0);
                late++;
                break;
            }
            nanosleep(&ms, NULL);
        }
        kill(getpid() == 1 ? -1 : -pid, SIGKILL);       /* in a namespace of its own, all that it has left */
        killed += WIFSIGNALED(status);
        ended += WIFEXITED(status);
        while (waitpid(-1, &status, WNOHANG) > 0) {
        }
    }
    printf("%d batches: %d ended, %d killed, %d of them late\n", batches, ended, killed, late);
    return 0;
}

/* -- outside --------------------------------------------------------------------------------------------------------- */

static int wrong;

static void refused(const char *what, uint64_t addr, long r)
{
    if (r >= 0 || r < -4095) {
        printf("%s at 0x%llx: %ld\n", what, (unsigned long long)addr, r);
        wrong++;
    }
}

static void *nothing(void *arg)
{
    return arg;
}

static int outside(void)
{
    /* the guest's memory has up to 2^46 bytes */
    static const uint64_t places[] = {
        UINT64_C(1) << 46, UINT64_C(0x3ffffffff000), UINT64_C(0x440000000000), UINT64_C(0x555555554000),
        UINT64_C(0x7ffff7d00000), UINT64_C(0x7ffffffde000), UINT64_C(1) << 47, UINT64_C(1) << 55, UINT64_C(0xfffffffffff000),
    };
    char *page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600), status, fds[2];
    pthread_t t;
    pid_t pid;

    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const uint64_t at = places[i], lens[] = { PAGE, 16 * PAGE, UINT64_C(1) << 40, UINT64_C(1) << 46 };

        for (unsigned k = 0; k < 4; k++) {
            const uint64_t len = lens[k], low = at - 8 * PAGE;

#define TRY(name, ...) refused(#name, at, raw(__NR_##name, (const uint64_t[6]){ __VA_ARGS__ }))
            TRY(mmap, at, len, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~UINT64_C(0), 0);
            TRY(mmap, low, len + 8 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~UINT64_C(0), 0);
            TRY(munmap, at, len);
            TRY(mprotect, at, len, 0);
            TRY(mremap, at, len, len, 0);
            TRY(mremap, at, len, len + PAGE, MREMAP_MAYMOVE);
            TRY(mremap, (uintptr_t)page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
            TRY(mremap, (uintptr_t)page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at);
            TRY(madvise, at, len, MADV_DONTNEED);
            TRY(madvise, low, len + 8 * PAGE, MADV_DONTNEED);
            TRY(madvise, at, len, MADV_DONTFORK);
            TRY(mlock, at, len);
            TRY(munlock, at, len);
            TRY(msync, at, len, MS_SYNC);
            TRY(mincore, at, len, (uintptr_t)page);
            TRY(mincore, (uintptr_t)page, PAGE, at);
            TRY(shmat, (uint64_t)id, at, SHM_REMAP);
            TRY(write, 1, at, len);
            TRY(getrandom, at, len, 0);
            TRY(getcwd, at, len);
            TRY(rt_sigprocmask, SIG_BLOCK, 0, at, 8);
            TRY(clock_gettime, 0, at);
            TRY(uname, at);
            TRY(pipe2, at, 0);
        }
    }
    shmctl(id, IPC_RMID, NULL);
    refused("/proc/self/mem", 0, open("/proc/self/mem", O_RDWR) < 0 ? -1 : 0);
    /* everything goes on */
    strcpy(page, "still here");
    wrong += pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0 || pipe(fds) < 0;
    pid = fork();
    if (pid == 0) {
        _exit(strcmp(page, "still here") == 0 ? 7 : 8);
    }
    wrong += waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7;
    printf(wrong ? "outside: %d wrong\n" : "outside: ok\n", wrong);
    return wrong != 0;
}

/* A fault that a process says to have had, and what the kernel would have said: both reach the handler. */
static volatile int faults;
static volatile uintptr_t fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    faults++;
    fault_address = (uintptr_t)info->si_addr;
}

static int forged(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    siginfo_t info = { .si_signo = SIGSEGV, .si_code = SEGV_ACCERR };

    info.si_addr = (void *)0x123450;
    sigaction(SIGSEGV, &sa, NULL);
    syscall(SYS_rt_tgsigqueueinfo, getpid(), (int)syscall(SYS_gettid), SIGSEGV, &info);
    raise(SIGSEGV);
    printf("forged: %d\n", faults);
    return faults != 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "outside") == 0) {
        return outside() | forged();
    }
    if (argc != 3 || !drop_rights()) {
        return 2;
    }
    return run_batches(strtoull(argv[1], NULL, 0), atoi(argv[2]));
}
