/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls whose arguments are translated: compiled for the host too, it must say the same there. A line a call;
 * what depends on the machine is reduced to whether it is right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/mempolicy.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *folder;

/* -1 and the error, or 0 */
static int failed(long r)
{
    return r < 0 ? -errno : 0;
}

static void test_ipc(void)
{
    int shm = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600), sem = semget(IPC_PRIVATE, 3, IPC_CREAT | 0640);
    int msg = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    struct shmid_ds s = { 0 };
    struct semid_ds d = { 0 };
    struct msqid_ds m = { 0 };
    struct shminfo info;
    struct seminfo sems;
    unsigned short values[3] = { 4, 5, 6 };
    struct { long type; char text[8]; } out = { 7, "message" }, in = { 0 };
    char *at = shmat(shm, NULL, 0);
    int r;

    r = shmctl(shm, IPC_STAT, &s);
    printf("shm: %d %zu %d %d %d", r, s.shm_segsz, (int)s.shm_nattch, s.shm_cpid == getpid(), s.shm_perm.mode & 0777);
    strcpy(at, "kept");
    s.shm_perm.mode = 0644;
    r = shmctl(shm, IPC_SET, &s);
    shmctl(shm, IPC_STAT, &s);
    printf(" %d %o %d", r, s.shm_perm.mode & 0777, shmctl(shm, IPC_INFO, (void *)&info) >= 0 && info.shmmni > 0);
    r = shmctl(shm, IPC_RMID, NULL);
    printf(" %d %s", r, at);
    r = shmdt(at);
    printf(" %d %d\n", r, failed(shmctl(shm, IPC_STAT, &s)));
    semctl(sem, 0, SETALL, values);
    r = semctl(sem, 0, IPC_STAT, &d);
    printf("sem: %d %d %o %d %d", r, (int)d.sem_nsems, d.sem_perm.mode & 0777, d.sem_otime == 0,
           labs((long)(d.sem_ctime - time(NULL))) < 100);
    d.sem_perm.mode = 0600;
    r = semctl(sem, 0, IPC_SET, &d);
    semctl(sem, 0, IPC_STAT, &d);
    memset(values, 0, sizeof(values));
    semctl(sem, 0, GETALL, values);
    printf(" %d %o %d%d%d %d %d", r, d.sem_perm.mode & 0777, values[0], values[1], values[2],
           semctl(sem, 0, IPC_INFO, (void *)&sems) >= 0 && sems.semmns > 0, semctl(sem, 1, GETVAL));
    r = semop(sem, (struct sembuf[2]){ { 0, -4, 0 }, { 2, 1, 0 } }, 2);
    printf(" %d %d %d", r, semctl(sem, 0, GETVAL), semctl(sem, 2, GETVAL));
    r = semtimedop(sem, &(struct sembuf){ 0, -1, 0 }, 1, &(struct timespec){ 0, 1000000 });
    printf(" %d %d\n", failed(r), semctl(sem, 0, IPC_RMID));
    r = msgsnd(msg, &out, 8, 0);
    msgctl(msg, IPC_STAT, &m);
    printf("msg: %d %d %d", r, (int)m.msg_qnum, m.msg_lspid == getpid());
    r = (int)msgrcv(msg, &in, 8, 0, 0);
    printf(" %d %ld %s %d\n", r, in.type, in.text, msgctl(msg, IPC_RMID, NULL));
}

static uint32_t words[3];

static void *wake(void *arg)
{
    usleep(20000);
    __atomic_store_n(&words[2], 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &words[2], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return arg;
}

/* A thread ends whose list has an entry in memory that cannot be written, or is nowhere. */
static void *with_robust_list(void *arg)
{
    uint64_t nowhere[3], *head = arg ? arg : nowhere;
    uint64_t *entry = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    head[0] = (uintptr_t)entry;
    head[1] = 8;
    head[2] = 0;
    entry[0] = (uintptr_t)head;
    entry[1] = (uint64_t)syscall(SYS_gettid);
    mprotect(entry, 4096, PROT_READ);
    return syscall(SYS_set_robust_list, arg ? head : (void *)4096, 24) == 0 ? entry : NULL;
}

static void test_robust_lists(void)
{
    uint64_t head[3];
    pthread_t t;
    void *entry;

    pthread_create(&t, NULL, with_robust_list, head);
    pthread_join(t, &entry);
    printf("robust list: %d", entry != NULL);
    pthread_create(&t, NULL, with_robust_list, NULL);
    pthread_join(t, &entry);
    printf(" %d\n", entry != NULL);
}

/* Mappings come and go at random: none is given the place of another, each keeps its contents, holes are used again. */
static void test_mappings(void)
{
    enum { SLOTS = 300, ROUNDS = 6000, PAGE = 4096 };
    static struct { char *at; size_t len; char mark; } s[SLOTS];
    uint32_t seed = 1;
    int wrong = 0, failures = 0;
    char *first, *again;

    for (int i = 0; i < ROUNDS; i++) {
        unsigned n, kind;
        size_t len;
        char *at;

        seed = seed * 1103515245 + 12345;
        n = seed >> 8 & 0xffff;
        kind = seed >> 24 & 7;
        len = (size_t)PAGE * (1 + (seed >> 28));
        n %= SLOTS;
        for (size_t k = 0; k < s[n].len; k += PAGE) {
            wrong += s[n].at[k] != s[n].mark || s[n].at[k + PAGE - 1] != s[n].mark;
        }
        if (s[n].len && kind < 3) {
            failures += munmap(s[n].at, s[n].len) < 0;
            s[n].len = 0;
        } else if (s[n].len && kind < 6) {
            at = mremap(s[n].at, s[n].len, len, MREMAP_MAYMOVE);
            failures += at == MAP_FAILED;
            for (size_t k = s[n].len; k < len; k++) {
                wrong += at[k] != 0;
            }
            s[n].at = at;
            s[n].len = len;
        } else {
            int fixed = s[n].len && kind == 6;

            at = mmap(fixed ? s[n].at : NULL, fixed ? s[n].len : len, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | (fixed ? MAP_FIXED : 0), -1, 0);
            failures += at == MAP_FAILED;
            if (s[n].len && !fixed) {
                munmap(s[n].at, s[n].len);
            }
            s[n].at = at;
            s[n].len = fixed ? s[n].len : len;
            for (size_t k = 0; k < s[n].len; k++) {
                wrong += at[k] != 0;
            }
        }
        s[n].mark = (char)(i | 1);
        memset(s[n].at, s[n].mark, s[n].len);
    }
    for (unsigned n = 0; n < SLOTS; n++) {
        if (s[n].len) {
            munmap(s[n].at, s[n].len);
        }
    }
    first = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(first, 64 * PAGE);
    again = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("mappings: %d wrong, %d failed, used again: %d\n", wrong, failures, first == again);
}

/* What is before a hole changes its protection. */
static void test_holes(void)
{
    enum { PAGE = 4096 };
    char *at = mmap(NULL, 5 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fds[2], before;

    pipe(fds);
    write(fds[1], "abc", 3);
    munmap(at + 2 * PAGE, PAGE);
    printf("holes: %d", failed(mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE)));
    before = failed(mprotect(at + PAGE, 4 * PAGE, PROT_READ | PROT_WRITE));
    printf(" %d", before);
    for (int i = 0; i < 5; i++) {
        printf(" %d", failed(read(fds[0], at + i * PAGE, 1)));
    }
    printf("\n");
    munmap(at, 5 * PAGE);
    close(fds[0]);
    close(fds[1]);
}

/* -- SIGSEGV and SIGBUS that somebody sends ---------------------------------------------------------------------------- */

static volatile int faults_sent, faults_to;

static void on_sent(int sig, siginfo_t *info, void *context)
{
    faults_sent += sig * 1000 + (info->si_pid == getpid()) * 100 + info->si_code + 10;
    faults_to = gettid();
}

static void *waits_for_fault(void *arg)
{
    siginfo_t info;
    int r = sigwaitinfo(arg, &info);

    printf(" %d %d", r, info.si_code);
    return NULL;
}

static void *lets_in(void *arg)
{
    pthread_sigmask(SIG_UNBLOCK, arg, NULL);
    faults_to = -1;
    while (faults_to <= 0) {
        usleep(1000);
    }
    printf(" %d", faults_to == gettid());
    return NULL;
}

/* What waits already comes as soon as a thread lets it in. */
static void *finds(void *arg)
{
    pthread_sigmask(SIG_UNBLOCK, arg, NULL);
    printf(" %d", faults_to == gettid());
    return NULL;
}

static void print_pending(void)
{
    sigset_t set;

    sigpending(&set);
    printf(" (%d %d)", sigismember(&set, SIGSEGV), sigismember(&set, SIGBUS));
}

static void test_sent_faults(const char *self)
{
    const struct sigaction sa = { .sa_sigaction = on_sent, .sa_flags = SA_SIGINFO };
    const struct timespec none = { 0, 0 }, wild = { 0, -1 };
    sigset_t set, segv, old;
    siginfo_t info = { 0 };
    pthread_t t;

    sigemptyset(&segv);
    sigaddset(&segv, SIGSEGV);
    set = segv;
    sigaddset(&set, SIGBUS);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    printf("sent:");
    kill(getpid(), SIGSEGV);
    print_pending();
    syscall(SYS_tgkill, getpid(), gettid(), SIGBUS);
    print_pending();
    printf(" %d", sigtimedwait(&segv, &info, &none));
    printf(" %d %d", info.si_code, info.si_pid == getpid());
    print_pending();
    printf(" %d", sigtimedwait(&segv, &info, &none));
    printf(" %d", failed(syscall(SYS_rt_sigtimedwait, &set, NULL, &wild, 8)));
    printf(" %d", failed(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4)));
    printf(" %d", failed(syscall(SYS_rt_sigpending, &set, 16)));
    printf(" %d", sigtimedwait(&set, NULL, NULL));
    print_pending();
    printf("\nsent, let in:");
    kill(getpid(), SIGSEGV);
    printf(" %d", faults_sent);
    pthread_sigmask(SIG_UNBLOCK, &segv, NULL);
    printf(" %d", faults_sent);
    pthread_sigmask(SIG_BLOCK, &segv, NULL);
    printf("\nsent, others:");
    fflush(stdout);
    pthread_create(&t, NULL, waits_for_fault, &segv);
    usleep(20000);
    kill(getpid(), SIGSEGV);
    pthread_join(t, NULL);
    print_pending();
    pthread_create(&t, NULL, lets_in, &segv);
    while (faults_to != -1) {
        usleep(1000);
    }
    kill(getpid(), SIGSEGV);
    pthread_join(t, NULL);
    kill(getpid(), SIGSEGV);
    pthread_create(&t, NULL, finds, &segv);
    pthread_join(t, NULL);
    print_pending();
    printf("\n");
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        pid_t pid = i ? fork() : vfork();

        if (pid == 0) {
            signal(SIGSEGV, SIG_IGN);
            kill(getpid(), SIGBUS);
            execl("/nonexistent", "x", NULL);
            execl(self, self, ".", "inherited", NULL);
            _exit(1);
        }
        waitpid(pid, NULL, 0);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
}

/* What a program finds that was executed by that. */
static int print_inherited(void)
{
    struct sigaction segv, bus;
    sigset_t mask;

    sigaction(SIGSEGV, NULL, &segv);
    sigaction(SIGBUS, NULL, &bus);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    printf("inherited: %d %d %d %d", segv.sa_handler == SIG_IGN, bus.sa_handler == SIG_DFL, sigismember(&mask, SIGSEGV),
           sigismember(&mask, SIGBUS));
    print_pending();
    kill(getpid(), SIGSEGV);
    printf("\n");
    return 0;
}

/* Interpreters that may not be executed; what fcntl does not know. */
static void test_refusals(void)
{
    static const char *const text[] = { "#!./interpreter\n", "#!.\n", "#!./absent\n" };
    int fd = open("interpreter", O_CREAT | O_WRONLY, 0644);

    write(fd, "#!/bin/true\n", 12);
    printf("refused: %d %d %d %d,", failed(fcntl(fd, 4000, &fd)), failed(fcntl(fd, -1, &fd)), failed(fcntl(fd, 1100, 1)),
           failed(fcntl(99, 4000, &fd)));
    printf(" %d", failed(fcntl(fd, F_SETOWN, getpid())));
    printf(" %d %d,", fcntl(fd, F_GETOWN) == getpid(), failed(fcntl(fd, F_GETSIG)));
    close(fd);
    for (int i = 0; i < 3; i++) {
        fd = open("script", O_CREAT | O_TRUNC | O_WRONLY, 0755);
        write(fd, text[i], strlen(text[i]));
        close(fd);
        printf(" %d", failed(execl("./script", "script", NULL)));
    }
    printf("\n");
}

static siginfo_t forged;

static void on_forged(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    forged = *info;
}

/* What says that it is a fault, sent by the program to itself. */
static void test_forged_faults(void)
{
    struct sigaction act = { .sa_sigaction = on_forged, .sa_flags = SA_SIGINFO }, old[2];
    static const int sigs[] = { SIGSEGV, SIGBUS };
    sigset_t set, before;

    for (int i = 0; i < 2; i++) {
        siginfo_t info = { .si_signo = sigs[i], .si_code = 1 + i, .si_addr = (void *)(uintptr_t)0x123450 };

        sigaction(sigs[i], &act, &old[i]);
        memset(&forged, 0, sizeof(forged));
        printf("forged: %ld", syscall(SYS_rt_sigqueueinfo, getpid(), sigs[i], &info));
        printf(" %d %d %p,", forged.si_signo, forged.si_code, forged.si_addr);
        memset(&forged, 0, sizeof(forged));
        sigemptyset(&set);
        sigaddset(&set, sigs[i]);
        sigprocmask(SIG_BLOCK, &set, &before);
        printf(" %ld", syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), sigs[i], &info));
        printf(" %d", forged.si_signo);
        sigprocmask(SIG_SETMASK, &before, NULL);
        printf(" %d %d %p,", forged.si_signo, forged.si_code, forged.si_addr);
        printf(" %d\n", (int)syscall(SYS_rt_sigqueueinfo, 1, sigs[i], &info));
        sigaction(sigs[i], &old[i], NULL);
    }
}

/* Numbers of a child that cannot be written. */
static void test_wild_child(void)
{
    struct { uint64_t flags, pidfd, child, parent, signal, stack, stack_size, tls; } args = {
        .flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .child = 16, .parent = 8, .signal = SIGCHLD,
    };
    int status = 0;
    long pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0) {
        syscall(SYS_exit_group, 6);
    }
    printf("wild child: %d", pid > 0 && waitpid((pid_t)pid, &status, 0) == pid);
    printf(" %x\n", (unsigned)status);
}

static void test_futexes(void)
{
    struct { uint64_t value, addr; uint32_t flags, reserved; } w[3];
    struct timespec until;
    pthread_t t;
    long r;

    for (int i = 0; i < 3; i++) {
        w[i].value = 0;
        w[i].addr = (uintptr_t)&words[i];
        w[i].flags = 2 | FUTEX_PRIVATE_FLAG;
        w[i].reserved = 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec = 0;
    r = syscall(449, w, 3, 0, &until, CLOCK_MONOTONIC);
    printf("futexes: %d", failed(r));
    pthread_create(&t, NULL, wake, NULL);
    do {
        r = syscall(449, w, 3, 0, NULL, 0);
    } while (r < 0 && errno == EINTR);
    pthread_join(t, NULL);
    printf(" %d", r < 0 ? failed(r) : (int)r);          /* 2, or EAGAIN when the other was quicker */
    w[1].value = 1;
    printf(" %d", failed(syscall(449, w, 3, 0, NULL, 0)));
    w[1].addr = 8;
    printf(" %d %d %d\n", failed(syscall(449, w, 2, 0, NULL, 0)), failed(syscall(449, w, 0, 0, NULL, 0)),
           failed(syscall(SYS_restart_syscall)));
}

static void *hold(void *mutex)
{
    pthread_mutex_lock(mutex);
    for (;;) {
        pause();
    }
}

/* Robust mutexes of a process that ends: its only thread's; two of another thread, which goes on running until then. */
static void test_robust(void)
{
    pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec until;
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&m[0], &attr);
    pthread_mutex_init(&m[1], &attr);
    printf("robust:");
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            pthread_t t;

            pthread_mutex_lock(&m[0]);
            if (i) {
                pthread_create(&t, NULL, hold, &m[1]);
                while (pthread_mutex_trylock(&m[1]) == 0) {
                    pthread_mutex_unlock(&m[1]);
                }
            }
            _exit(0);
        }
        wait(NULL);
        for (int k = 0; k <= i; k++) {
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 5;
            printf(" %d", pthread_mutex_timedlock(&m[k], &until) == EOWNERDEAD);
            pthread_mutex_consistent(&m[k]);
            pthread_mutex_unlock(&m[k]);
        }
    }
    printf("\n");
    munmap(m, 4096);
}

static void test_open(void)
{
    struct open_how how = { .flags = O_RDWR | O_CREAT | O_DIRECTORY, .mode = 0600 };
    struct { struct open_how how; uint64_t more; } longer = { .how = { .flags = O_RDONLY | O_DIRECTORY } };
    union { struct file_handle h; char room[256]; } handle = { .h = { .handle_bytes = 128 } };
    int dir = open(folder, O_RDONLY | O_DIRECTORY), fd, mount_id;
    struct stat st;

    printf("openat2: %d", failed(syscall(SYS_openat2, AT_FDCWD, folder, &how, 10)));
    how.flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    fd = (int)syscall(SYS_openat2, dir, "made", &how, sizeof(how));
    fstat(fd, &st);
    printf(" %d %o %d", fd < 0, st.st_mode & 0777, fcntl(fd, F_GETFD));
    how = (struct open_how){ .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
    printf(" %d %d", failed(syscall(SYS_openat2, dir, "../x", &how, sizeof(how))),
           failed(syscall(SYS_openat2, dir, "made", &how, sizeof(how))));
    printf(" %d", failed(syscall(SYS_openat2, AT_FDCWD, folder, &longer, sizeof(longer))));
    longer.more = 1;
    printf(" %d", failed(syscall(SYS_openat2, AT_FDCWD, folder, &longer, sizeof(longer))));
    how.flags = UINT64_C(1) << 40;
    printf(" %d\n", failed(syscall(SYS_openat2, dir, "made", &how, sizeof(how))));
    printf("handle: %d", name_to_handle_at(dir, "made", &handle.h, &mount_id, 0) < 0 ? errno == EOPNOTSUPP : 1);
    symlink("made", "link-to-made");
    printf(" %d %d\n", failed(open("link-to-made", O_RDONLY | O_NOFOLLOW)), failed(open("made", O_RDONLY | O_DIRECTORY)));
    close(fd);
    close(dir);
}

static void test_vectors(void)
{
    char a[8] = "one, ", b[16] = "two", c[64] = { 0 }, d[8] = { 0 };
    struct iovec out[2] = { { a, 5 }, { b, 4 } }, in[2] = { { c, 3 }, { d, 6 } }, remote = { a, 8 };
    int p[2];
    long r;

    pipe(p);
    r = vmsplice(p[1], out, 2, 0);
    printf("vmsplice: %ld", r);
    r = readv(p[0], in, 2);
    printf(" %ld %s|%s\n", r, c, d);
    in[0].iov_len = 8;
    r = process_vm_readv(getpid(), in, 1, &remote, 1, 0);
    printf("process_vm_readv: %ld %.8s", r, c);
    in[0].iov_base = (char[8]){ "written" };
    r = process_vm_writev(getpid(), in, 1, &remote, 1, 0);
    remote.iov_base = (void *)16;
    printf(" %ld %.8s %d\n", r, a, failed(process_vm_readv(getpid(), in, 1, &remote, 1, 0)));
}

static void *sends_later(void *fds)
{
    usleep(50000);
    send(((int *)fds)[1], "later", 5, 0);
    return fds;
}

/* Several messages: all that are asked for, with MSG_WAITFORONE what there is; time is looked at after each. */
static void test_messages(void)
{
    static const struct { int flags, first; long ns; } tries[] = {
        { 0, 1, -1 }, { MSG_WAITFORONE, 1, -1 }, { MSG_WAITFORONE, 2, -1 }, { 0, 0, 20000000 }, { 0, 1, 10 }, { 0, 0, 0 },
        { MSG_DONTWAIT, 0, -1 }, { 0, 1, 2000000000 },
    };
    struct mmsghdr m[2];
    struct iovec v[2];
    char text[2][16];

    printf("messages:");
    for (unsigned i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        struct timespec time = { 0, tries[i].ns };
        int fds[2], r;
        pthread_t t;

        socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
        for (int k = 0; k < 2; k++) {
            v[k] = (struct iovec){ text[k], sizeof(text[k]) };
            m[k] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &v[k], .msg_iovlen = 1 } };
            if (k < tries[i].first) {
                send(fds[1], "now", 3, 0);
            }
        }
        pthread_create(&t, NULL, sends_later, fds);
        r = (int)syscall(SYS_recvmmsg, fds[0], m, 2, tries[i].flags, tries[i].ns < 0 ? NULL : &time);
        printf(" %d", r < 0 ? failed(r) : r);
        if (r > 0) {
            printf("/%u/%d", m[r - 1].msg_len, time.tv_nsec == tries[i].ns ? 1 : time.tv_nsec ? 2 : 0);
        }
        pthread_join(t, NULL);
        close(fds[0]);
        close(fds[1]);
    }
    printf("\n");
}

static int in_namespace(void *p)
{
    (void)p;
    return sethostname("elsewhere", 9) < 0 ? 3 : 4;
}

static void *waits(void *pipe)
{
    char c;

    return read(((int *)pipe)[0], &c, 1) == 1 ? pipe : NULL;
}

/* Memory of a child; children in namespaces of their own. */
static void test_children(void)
{
    static volatile int value = 1;
    static char stack[65536];
    struct iovec here, there = { (void *)&value, sizeof(value) };
    char host[65] = "", c;
    int ready[2], seen = 0, status = 0;
    pid_t pid;
    long r;

    if (pipe(ready) < 0) {
        return;
    }
    here = (struct iovec){ &seen, sizeof(seen) };
    pid = fork();
    if (pid == 0) {
        value = 42;
        if (write(ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    r = read(ready[0], &c, 1);
    r = process_vm_readv(pid, &here, 1, &there, 1, 0);
    printf("child's memory: %ld %d", r, seen);
    seen = 43;
    r = process_vm_writev(pid, &here, 1, &there, 1, 0);
    seen = 0;
    printf(" %ld", r);
    r = process_vm_readv(pid, &here, 1, &there, 1, 0);
    printf(" %ld %d %d", r, seen, value);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf(" %d", failed(process_vm_readv(pid, &here, 1, &there, 1, 0)));
    printf(" %d\n", failed(process_vm_readv(1, &here, 1, &there, 1, 0)) != 0);
    for (int i = 0; i < 4; i++) {
        static const int flags[] = { CLONE_NEWUSER | CLONE_NEWUTS, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS,
                                     CLONE_NEWUSER | CLONE_NEWUTS | CLONE_VM | CLONE_VFORK, CLONE_NEWUSER | CLONE_NEWUTS };
        pthread_t t;

        if (i == 3) {
            pthread_create(&t, NULL, waits, ready);
        }
        pid = i == 2 ? clone(in_namespace, stack + sizeof(stack), flags[i] | SIGCHLD, NULL) :
              (pid_t)syscall(SYS_clone, flags[i] | SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0) {
            _exit(in_namespace(NULL) + 10 * (getpid() == 1));
        }
        printf("namespace: %d", pid < 0 ? errno : 0);
        if (pid > 0) {
            waitpid(pid, &status, 0);
        }
        gethostname(host, sizeof(host) - 1);
        printf(" %d %d\n", status, strcmp(host, "elsewhere") == 0);
        if (i == 3 && write(ready[1], "x", 1) == 1) {
            pthread_join(t, NULL);
        }
    }
    close(ready[0]);
    close(ready[1]);
}

static void test_policy(void)
{
    int mode = -1;
    unsigned long nodes[16] = { 0 }, one[16] = { 1 };
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long r = syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0);

    if (r < 0 && errno == ENOSYS) {
        printf("policy: none\n");
        return;
    }
    printf("policy: %d %d", failed(r), mode);
    r = syscall(SYS_mbind, at, 8192, MPOL_BIND, one, 1024, 0);
    printf(" %d", failed(r));
    syscall(SYS_get_mempolicy, &mode, nodes, 1024, at, MPOL_F_ADDR);
    printf(" %d %lx", mode, nodes[0]);
    munmap(at + 4096, 4096);
    printf(" %d", failed(syscall(SYS_mbind, at, 8192, MPOL_BIND, one, 1024, 0)));
    printf(" %d", failed(syscall(SYS_mbind, at, 8192, MPOL_DEFAULT, NULL, 0, 0)));
    printf(" %d %d\n", failed(syscall(SYS_set_mempolicy, MPOL_PREFERRED, one, 1024)),
           failed(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0)));
}

static void test_devices(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0), p[2], n, master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0;
    struct ifconf conf = { .ifc_len = 0 };
    struct ifreq many[32], one;
    struct winsize w = { 24, 80, 0, 0 };
    char name[64];
    int found = 0, r;

    conf.ifc_len = sizeof(many);
    conf.ifc_req = many;
    r = ioctl(s, SIOCGIFCONF, &conf);
    for (int i = 0; i < conf.ifc_len / (int)sizeof(many[0]); i++) {
        found += strcmp(many[i].ifr_name, "lo") == 0;
    }
    printf("interfaces: %d %d", r, found);
    memset(&one, 0, sizeof(one));
    strcpy(one.ifr_name, "lo");
    r = ioctl(s, SIOCGIFFLAGS, &one);
    printf(" %d %d", r, !!(one.ifr_flags & IFF_LOOPBACK));
    r = ioctl(s, SIOCGIFINDEX, &one);
    printf(" %d %d\n", r, one.ifr_ifindex > 0);
    pipe(p);
    write(p[1], "abc", 3);
    r = ioctl(p[0], FIONREAD, &n);
    printf("ioctl: %d %d %d %d\n", r, n, failed(ioctl(p[0], TIOCGWINSZ, &w)), failed(ioctl(99, FIONREAD, &n)));
    {
        uint32_t ids[2] = { 77, 77 };

        printf("owners: %d", failed(fcntl(p[0], 17 /* F_GETOWNER_UIDS */, ids)));
        printf(" %u\n", ids[0]);
    }
    r = ioctl(master, TIOCSPTLCK, &unlock);
    snprintf(name, sizeof(name), "%s", ptsname(master) ? "named" : "none");
    printf("terminal: %d %s", r, name);
    r = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    printf(" %d", r >= 0 && isatty(r));
    ioctl(master, TIOCSWINSZ, &w);
    memset(&w, 0, sizeof(w));
    ioctl(r, TIOCGWINSZ, &w);
    printf(" %d %d\n", w.ws_row, w.ws_col);
    close(s);
    close(master);
}

static void test_events(void)
{
    enum { MANY = 4200 };
    static struct epoll_event events[2 * MANY];
    struct rlimit limit;
    int e = epoll_create1(0), n = 0, fds[MANY];

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (n = 0; n < MANY && (fds[n] = eventfd(1, 0)) >= 0; n++) {
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = UINT64_C(0x123456789) * (unsigned)n };

        epoll_ctl(e, EPOLL_CTL_ADD, fds[n], &event);
    }
    printf("events: %d %d", n, epoll_wait(e, events, 2 * MANY, 0));
    printf(" %d %d\n", events[n - 1].data.u64 % 0x123456789 == 0, epoll_wait(e, events, 2 * MANY, 0));
    {
        struct kcmp_epoll_slot slot = { .efd = (unsigned)e, .tfd = (unsigned)fds[5] };
        long pid = getpid();

        printf("kcmp: %d", failed(syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, fds[5], &slot)));
        printf(" %d\n", failed(syscall(SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, fds[5], 8)));
    }
    while (n--) {
        close(fds[n]);
    }
    close(e);
}

static void *named(void *arg)
{
    char name[16] = { 0 };

    prctl(PR_GET_NAME, name);
    printf(" %s", name);
    prctl(PR_SET_NAME, "a thread");
    return arg;
}

static void test_process(void)
{
    char name[32] = { 0 }, line[512] = { 0 }, *close_paren;
    int *tid = NULL, fd, policy;
    pthread_t t;
    struct sched_param param;

    prctl(PR_GET_NAME, name);
    printf("names: %s", name);
    pthread_create(&t, NULL, named, NULL);
    pthread_join(t, NULL);
    prctl(PR_SET_NAME, "another (name)");
    fd = open("/proc/self/stat", O_RDONLY);
    read(fd, line, sizeof(line) - 1);
    close(fd);
    close_paren = strrchr(line, ')');
    printf(" %d %.16s", atoi(line) == getpid(), strchr(line, '('));
    printf(" %c\n", close_paren ? close_paren[2] : '?');
    fd = open("/proc/self/comm", O_RDONLY);
    memset(line, 0, sizeof(line));
    read(fd, line, sizeof(line) - 1);
    close(fd);
    printf("comm: %s", line);
    prctl(PR_GET_TID_ADDRESS, &tid);
    printf("prctl: %d %d %d", tid && *tid == gettid(), prctl(PR_GET_SECCOMP), prctl(PR_GET_TIMING));
    printf(" %d %d\n", prctl(PR_GET_DUMPABLE), failed(prctl(9999, 0, 0, 0, 0)));
    {
        static uint64_t head[3] = { 0 };
        void *at = NULL, *before = NULL;
        size_t len = 0;

        head[0] = (uintptr_t)head;
        syscall(SYS_get_robust_list, 0, &before, &len);
        syscall(SYS_set_robust_list, head, 24);
        printf("robust list: %d", failed(syscall(SYS_get_robust_list, getpid(), &at, &len)));
        printf(" %d %zu %d\n", at == (void *)head, len, failed(syscall(SYS_get_robust_list, 0x3fffffff, &at, &len)));
        syscall(SYS_set_robust_list, before, 24);
    }
    pthread_getschedparam(pthread_self(), &policy, &param);
    printf("schedule: %d %d\n", policy, param.sched_priority);
    printf("landlock: %d\n", syscall(444, NULL, 0, 1) != 0);
    printf("key: %d\n", (int)syscall(SYS_keyctl, 99));
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        return print_inherited();
    }
    folder = argc > 1 ? argv[1] : ".";
    if (chdir(folder) < 0) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_ipc();
    test_futexes();
    test_robust_lists();
    test_wild_child();
    test_forged_faults();
    test_mappings();
    test_robust();
    test_holes();
    test_sent_faults(argv[0]);
    test_refusals();
    test_open();
    test_vectors();
    test_messages();
    test_children();
    test_policy();
    test_devices();
    test_events();
    test_process();
    return 0;
}
