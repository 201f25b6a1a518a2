/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A signal with a handler while a call waits, with and without SA_RESTART: which calls go on, which give EINTR
 * (signal(7)). Then timers, masks of threads, and signals while calls and the vDSO run. Compiled for the host too, it
 * must say the same there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* -- what waits ------------------------------------------------------------------------------------------------------ */

static pthread_t first;
static int first_tid, handled, returned;
static int fd[2], other = -1, id = -1, child;
static uint32_t word;
static char buffer[70000], name[64];
static struct itimerspec soon = { { 0, 0 }, { 0, 20000000 } };

static void on_signal(int sig)
{
    (void)sig;
    __atomic_store_n(&handled, 1, __ATOMIC_SEQ_CST);
}

static int result(long r)
{
    return r < 0 ? -errno : (int)r;
}

static void setup_pipe(void)
{
    if (pipe(fd) < 0) {
        exit(1);
    }
}

static void setup_full_pipe(void)
{
    setup_pipe();
    fcntl(fd[1], F_SETFL, O_NONBLOCK);
    while (write(fd[1], buffer, 4096) > 0) {
    }
    fcntl(fd[1], F_SETFL, 0);
}

static void feed(void)
{
    if (write(fd[1], "abc", 3) < 0) {
        exit(1);
    }
}

static void drain(void)
{
    for (int i = 0; i < 4; i++) {
        if (read(fd[0], buffer, 4096) <= 0) {
            break;
        }
    }
}

static void setup_sockets(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0) {
        exit(1);
    }
}

static void setup_listener(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(a.sun_path + 1, 60, "chimera-restart-%d", getpid());
    fd[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd[0], (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd[0], 1) < 0) {
        exit(1);
    }
    fd[1] = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void connect_it(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    snprintf(a.sun_path + 1, 60, "chimera-restart-%d", getpid());
    connect(fd[1], (struct sockaddr *)&a, sizeof(a));
}

static void setup_child(void)
{
    setup_pipe();
    child = fork();
    if (child == 0) {
        char c;

        close(fd[1]);
        while (read(fd[0], &c, 1) < 0) {
        }
        _exit(7);
    }
}

static void setup_events(void)
{
    fd[0] = eventfd(0, 0);
    fd[1] = dup(fd[0]);
}

static void feed_event(void)
{
    uint64_t one = 1;

    if (write(fd[1], &one, 8) < 0) {
        exit(1);
    }
}

static void setup_timer(void)
{
    fd[0] = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void arm_timer(void)
{
    timerfd_settime(fd[0], 0, &soon, NULL);
}

static void setup_epoll(void)
{
    struct epoll_event e = { .events = EPOLLIN };

    setup_pipe();
    other = epoll_create1(0);
    epoll_ctl(other, EPOLL_CTL_ADD, fd[0], &e);
}

static void setup_word(void)
{
    word = 0;
}

static void wake_word(void)
{
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void setup_sem(void)
{
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
}

static void post_sem(void)
{
    semop(id, &(struct sembuf){ 0, 1, 0 }, 1);
}

static void drop_sem(void)
{
    semctl(id, 0, IPC_RMID);
}

static void setup_msg(void)
{
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
}

static void post_msg(void)
{
    struct { long type; char text[4]; } m = { 1, "xyz" };

    msgsnd(id, &m, 4, 0);
}

static void drop_msg(void)
{
    msgctl(id, IPC_RMID, NULL);
}

static void setup_mq(void)
{
    struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };

    snprintf(name, sizeof(name), "/chimera-restart-%d", getpid());
    other = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
}

static void setup_full_mq(void)
{
    setup_mq();
    mq_send(other, "full", 4, 0);
}

static void post_mq(void)
{
    mq_send(other, "xyz", 3, 0);
}

static void take_mq(void)
{
    mq_receive(other, buffer, 8, NULL);
}

static void drop_mq(void)
{
    mq_unlink(name);
}

static void setup_lock(void)
{
    snprintf(name, sizeof(name), "restart-lock-%d", getpid());
    fd[0] = open(name, O_RDWR | O_CREAT, 0600);
    fd[1] = open(name, O_RDWR);
    flock(fd[0], LOCK_EX);
}

static void unlock_it(void)
{
    flock(fd[0], LOCK_UN);
}

static void setup_ofd_lock(void)
{
    struct flock l = { .l_type = F_WRLCK };

    setup_lock();
    fcntl(fd[0], F_OFD_SETLK, &l);
}

static void unlock_ofd(void)
{
    struct flock l = { .l_type = F_UNLCK };

    fcntl(fd[0], F_OFD_SETLK, &l);
}

static void drop_name(void)
{
    unlink(name);
}

static void setup_fifo(void)
{
    snprintf(name, sizeof(name), "restart-fifo-%d", getpid());
    mkfifo(name, 0600);
}

static void open_other_end(void)
{
    fd[1] = open(name, O_WRONLY | O_NONBLOCK);
}

static void setup_terminal(void)
{
    struct termios t;

    fd[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    grantpt(fd[1]);
    unlockpt(fd[1]);
    fd[0] = open(ptsname(fd[1]), O_RDWR | O_NOCTTY);
    tcgetattr(fd[0], &t);
    cfmakeraw(&t);
    tcsetattr(fd[0], TCSANOW, &t);
}

static void setup_inotify(void)
{
    other = inotify_init1(0);
    snprintf(name, sizeof(name), "restart-watched-%d", getpid());
    close(open(name, O_RDWR | O_CREAT, 0600));
    inotify_add_watch(other, name, IN_ATTRIB);
}

static void touch_it(void)
{
    chmod(name, 0640);
}

static void nothing(void)
{
}

static sigset_t only(int sig)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, sig);
    return s;
}

static void setup_usr2(void)
{
    sigset_t s = only(SIGUSR2);

    pthread_sigmask(SIG_BLOCK, &s, NULL);
}

static void send_usr2(void)
{
    pthread_kill(first, SIGUSR2);
}

#define CALL(name, ...) \
    static int name(void) \
    { \
        __VA_ARGS__ \
    }
CALL(do_read, return result(read(fd[0], buffer, 3));)
CALL(do_readv, struct iovec v = { buffer, 3 }; return result(readv(fd[0], &v, 1));)
CALL(do_read8, return result(read(fd[0], buffer, 8));)
CALL(do_write, return result(write(fd[1], buffer, 4096));)
CALL(do_recv, return result(recv(fd[0], buffer, 3, 0));)
CALL(do_recvmsg, struct iovec v = { buffer, 3 }; struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
     return result(recvmsg(fd[0], &m, 0));)
CALL(do_recv_timed, struct timeval t = { 5, 0 }; setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
     return result(recv(fd[0], buffer, 3, 0));)
CALL(do_accept, return result(accept(fd[0], NULL, NULL)) >= 0 ? 0 : -errno;)
CALL(do_wait4, int s; return result(waitpid(child, &s, 0)) > 0 ? WEXITSTATUS(s) : -errno;)
CALL(do_waitid, siginfo_t s; return result(waitid(P_PID, (id_t)child, &s, WEXITED)) == 0 ? s.si_status : -errno;)
CALL(do_poll, struct pollfd p = { fd[0], POLLIN, 0 }; return result(poll(&p, 1, 5000));)
CALL(do_ppoll, struct pollfd p = { fd[0], POLLIN, 0 }; struct timespec t = { 5, 0 }; return result(ppoll(&p, 1, &t, NULL));)
CALL(do_select, fd_set s; FD_ZERO(&s); FD_SET(fd[0], &s); struct timeval t = { 5, 0 };
     return result(select(fd[0] + 1, &s, NULL, NULL, &t));)
CALL(do_pselect, fd_set s; FD_ZERO(&s); FD_SET(fd[0], &s); struct timespec t = { 5, 0 };
     return result(pselect(fd[0] + 1, &s, NULL, NULL, &t, NULL));)
CALL(do_epoll, struct epoll_event e; return result(epoll_wait(other, &e, 1, 5000));)
CALL(do_futex, long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
     return r < 0 && errno == EAGAIN ? 0 : result(r);)
CALL(do_futex_timed, struct timespec t = { 5, 0 }; long r = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, NULL, 0);
     return r < 0 && errno == EAGAIN ? 0 : result(r);)
CALL(do_nanosleep, struct timespec t = { 0, 300000000 }, left = { 9, 9 }; int r = result(nanosleep(&t, &left));
     return r == -EINTR && left.tv_sec == 0 && left.tv_nsec < 300000000 ? r : r == 0 ? 0 : -999;)
CALL(do_sleep_until, struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); t.tv_sec++;
     return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);)
CALL(do_semop, return result(semop(id, &(struct sembuf){ 0, -1, 0 }, 1));)
CALL(do_msgrcv, struct { long type; char text[4]; } m; return result(msgrcv(id, &m, 4, 0, 0));)
CALL(do_mq_receive, return result(mq_receive(other, buffer, 8, NULL));)
CALL(do_mq_send, return result(mq_send(other, "abc", 3, 0));)
CALL(do_flock, return result(flock(fd[1], LOCK_EX));)
CALL(do_fcntl, struct flock l = { .l_type = F_WRLCK }; return result(fcntl(fd[1], F_OFD_SETLKW, &l));)
CALL(do_open, fd[0] = open(name, O_RDONLY); return fd[0] < 0 ? -errno : 0;)
CALL(do_inotify, return result(read(other, buffer, 4096)) > 0 ? 1 : -errno;)
CALL(do_sigwait, sigset_t s = only(SIGUSR2); siginfo_t i; return result(sigwaitinfo(&s, &i)) == SIGUSR2 ? 2 : -errno;)
CALL(do_sigtimedwait, sigset_t s = only(SIGUSR2); siginfo_t i; struct timespec t = { 5, 0 };
     return result(sigtimedwait(&s, &i, &t)) == SIGUSR2 ? 2 : -errno;)
CALL(do_pause, return result(pause());)
CALL(do_splice, return result(splice(fd[0], NULL, other, NULL, 3, 0));)

typedef struct Wait {
    const char *name;
    void (*setup)(void);
    int (*call)(void);
    void (*complete)(void), (*drop)(void);
} Wait;
static void setup_splice(void)
{
    setup_pipe();
    other = open("/dev/null", O_WRONLY);
}
static const Wait waits[] = {
    { "read", setup_pipe, do_read, feed, nothing },
    { "readv", setup_pipe, do_readv, feed, nothing },
    { "write", setup_full_pipe, do_write, drain, nothing },
    { "read of a terminal", setup_terminal, do_read, feed, nothing },
    { "read of an eventfd", setup_events, do_read8, feed_event, nothing },
    { "read of a timerfd", setup_timer, do_read8, arm_timer, nothing },
    { "read of inotify", setup_inotify, do_inotify, touch_it, drop_name },
    { "recv", setup_sockets, do_recv, feed, nothing },
    { "recvmsg", setup_sockets, do_recvmsg, feed, nothing },
    { "recv with a timeout", setup_sockets, do_recv_timed, feed, nothing },
    { "accept", setup_listener, do_accept, connect_it, nothing },
    { "wait4", setup_child, do_wait4, feed, nothing },
    { "waitid", setup_child, do_waitid, feed, nothing },
    { "poll", setup_pipe, do_poll, feed, nothing },
    { "ppoll", setup_pipe, do_ppoll, feed, nothing },
    { "select", setup_pipe, do_select, feed, nothing },
    { "pselect", setup_pipe, do_pselect, feed, nothing },
    { "epoll_wait", setup_epoll, do_epoll, feed, nothing },
    { "futex", setup_word, do_futex, wake_word, nothing },
    { "futex with a timeout", setup_word, do_futex_timed, wake_word, nothing },
    { "nanosleep", setup_word, do_nanosleep, nothing, nothing },
    { "clock_nanosleep", setup_word, do_sleep_until, nothing, nothing },
    { "semop", setup_sem, do_semop, post_sem, drop_sem },
    { "msgrcv", setup_msg, do_msgrcv, post_msg, drop_msg },
    { "mq_receive", setup_mq, do_mq_receive, post_mq, drop_mq },
    { "mq_send", setup_full_mq, do_mq_send, take_mq, drop_mq },
    { "flock", setup_lock, do_flock, unlock_it, drop_name },
    { "fcntl", setup_ofd_lock, do_fcntl, unlock_ofd, drop_name },
    { "open of a FIFO", setup_fifo, do_open, open_other_end, drop_name },
    { "sigwaitinfo", setup_usr2, do_sigwait, send_usr2, nothing },
    { "sigtimedwait", setup_usr2, do_sigtimedwait, send_usr2, nothing },
    { "pause", nothing, do_pause, nothing, nothing },
    { "splice", setup_splice, do_splice, feed, nothing },
};

/* The first thread sleeps in the kernel. */
static int sleeps(void)
{
    char path[64], text[256] = { 0 };
    const char *end;
    int f;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", first_tid);
    f = open(path, O_RDONLY);
    if (f < 0 || read(f, text, sizeof(text) - 1) < 0) {
        return 0;
    }
    close(f);
    end = strrchr(text, ')');
    return end && end[2] == 'S';
}

static void until_sleeping(void)
{
    for (int seen = 0; seen < 3 && !__atomic_load_n(&returned, __ATOMIC_SEQ_CST);) {
        usleep(2000);
        seen = sleeps() ? seen + 1 : 0;
    }
}

static void *disturb(void *arg)
{
    const Wait *w = arg;

    until_sleeping();
    pthread_kill(first, SIGUSR1);
    while (!__atomic_load_n(&handled, __ATOMIC_SEQ_CST)) {
        usleep(500);
    }
    until_sleeping();                           /* again, or it has returned */
    w->complete();
    return NULL;
}

static void test_wait(const Wait *w, int flags)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };
    pthread_t t;
    int r;

    sigaction(SIGUSR1, &sa, NULL);
    fd[0] = fd[1] = other = id = -1;
    child = 0;
    handled = returned = 0;
    w->setup();
    pthread_create(&t, NULL, disturb, (void *)w);
    r = w->call();
    __atomic_store_n(&returned, 1, __ATOMIC_SEQ_CST);
    pthread_join(t, NULL);
    w->drop();
    close(fd[0]);
    close(fd[1]);
    close(other);
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
    if (w->complete == send_usr2 && r < 0) {    /* it came later */
        sigset_t s = only(SIGUSR2);
        struct timespec none = { 0, 0 };

        sigtimedwait(&s, NULL, &none);
    }
    printf("%s%d", flags ? ", restarting " : "", r);
}

/* -- timers, masks --------------------------------------------------------------------------------------------------- */

static int timer_hits, timer_value, timer_tid;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    timer_value = info->si_value.sival_int;
    timer_tid = gettid();
    timer_hits++;
}

static void *with_timer(void *arg)
{
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 5 };
    struct itimerspec often = { { 0, 2000000 }, { 0, 2000000 } };
    timer_t timer;
    int before, overrun;
    sigset_t s = only(SIGRTMIN + 3);

    ev._sigev_un._tid = gettid();
    timer_create(CLOCK_MONOTONIC, &ev, &timer);
    timer_settime(timer, 0, &often, NULL);
    while (timer_hits < 5) {
        usleep(1000);
    }
    printf("timer: %d %d", timer_value, timer_tid == gettid());
    pthread_sigmask(SIG_BLOCK, &s, NULL);
    before = timer_hits;
    usleep(30000);
    printf(" %d", timer_hits - before);
    pthread_sigmask(SIG_UNBLOCK, &s, NULL);
    overrun = timer_getoverrun(timer);
    timer_delete(timer);
    printf(" %d %d\n", timer_hits > before, overrun >= 0);
    return arg;
}

static int by[3], main_got;

static void on_mask(int sig)
{
    (void)sig;
    main_got += pthread_equal(pthread_self(), first);
    by[0]++;
}

static void *masked(void *arg)
{
    sigset_t s = only(SIGUSR2), now;

    /* what the creator blocked is blocked here, and only this thread's mask changes */
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    by[1] = sigismember(&now, SIGUSR2) + 2 * sigismember(&now, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &s, NULL);
    while (!by[0]) {
        usleep(1000);
    }
    return arg;
}

static void test_masks(void)
{
    struct sigaction sa = { .sa_handler = on_mask };
    sigset_t s = only(SIGUSR2), now;
    pthread_t t;

    sigaction(SIGUSR2, &sa, NULL);
    pthread_sigmask(SIG_BLOCK, &s, NULL);
    pthread_create(&t, NULL, masked, NULL);
    kill(getpid(), SIGUSR2);
    pthread_join(t, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    printf("masks: %d %d %d %d", by[0], by[1], main_got, sigismember(&now, SIGUSR2));
    pthread_kill(first, SIGUSR2);
    sigpending(&now);
    printf(" %d", sigismember(&now, SIGUSR2));
    pthread_sigmask(SIG_UNBLOCK, &s, NULL);
    printf(" %d\n", main_got);
}

/* Signals all the time while short calls and the vDSO's run: each result is right, no signal is lost. */
static int storm_hits;

static void on_storm(int sig)
{
    struct timespec t;

    (void)sig;
    clock_gettime(CLOCK_MONOTONIC, &t);
    errno = EDOM;
    storm_hits++;
}

static void test_storm(void)
{
    struct sigaction sa = { .sa_handler = on_storm, .sa_flags = SA_RESTART };
    struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
    struct timespec last = { 0, 0 }, t;
    int p[2], wrong = 0;
    char c = 0;

    if (pipe(p) < 0) {
        return;
    }
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; storm_hits < 300; i++) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        wrong += t.tv_sec < last.tv_sec || (t.tv_sec == last.tv_sec && t.tv_nsec < last.tv_nsec);
        last = t;
        wrong += write(p[1], "q", 1) != 1;
        wrong += read(p[0], &c, 1) != 1 || c != 'q';
        wrong += getppid() <= 0 || lseek(p[0], 0, SEEK_CUR) != -1;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    printf("storm: %d wrong\n", wrong);
}

/* -- signals that come right before a call on masks ------------------------------------------------------------------ */

enum { QUEUED = 1500, KINDS = 3, EXECS = 60 };
static unsigned queued_hits[KINDS], while_blocked;
static pthread_t queued_to;

/* The guest's call ends a long block of code, so that most signals come in the middle of that. */
static void set_mask(const sigset_t *set)
{
#ifdef __aarch64__
    register long x0 __asm__("x0") = SIG_SETMASK, x1 __asm__("x1") = (long)set, x2 __asm__("x2") = 0, x3 __asm__("x3") = 8;
    register long x8 __asm__("x8") = SYS_rt_sigprocmask;

    __asm__ volatile(".rept 60\n udiv x4, x8, x3\n .endr\n svc #0"
                     : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x8) : "x4", "memory");
#else
    sigprocmask(SIG_SETMASK, set, NULL);
#endif
}

static void on_queued(int sig, siginfo_t *info, void *context)
{
    (void)info;
    queued_hits[sig - SIGRTMIN]++;
    while_blocked += sigismember(&((ucontext_t *)context)->uc_sigmask, sig) > 0;
}

static void *queues(void *arg)
{
    for (int i = 0; i < QUEUED; i++) {
        for (int k = 0; k < KINDS; k++) {
            while (pthread_sigqueue(queued_to, SIGRTMIN + k, (union sigval){ .sival_int = i }) == EAGAIN) {
                usleep(100);
            }
        }
    }
    __atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
    return arg;
}

/* Each comes once, and none while it is blocked. */
static void test_queued(void)
{
    struct sigaction sa = { .sa_sigaction = on_queued, .sa_flags = SA_SIGINFO };
    sigset_t none, some, all;
    int over = 0;
    pthread_t t;

    sigemptyset(&none);
    some = only(SIGRTMIN);
    sigfillset(&all);
    for (int k = 0; k < KINDS; k++) {
        sigaction(SIGRTMIN + k, &sa, NULL);
    }
    queued_to = pthread_self();
    pthread_sigmask(SIG_SETMASK, &all, NULL);   /* the other thread's */
    pthread_create(&t, NULL, queues, &over);
    while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
        set_mask(&some);
        set_mask(&none);
    }
    pthread_join(t, NULL);
    set_mask(&none);
    printf("queued:");
    for (int k = 0; k < KINDS; k++) {
        printf(" %u", queued_hits[k]);
    }
    printf(", while blocked: %u\n", while_blocked);
}

static void on_any(int sig)
{
    (void)sig;
}

/* A program executes itself while signals come: each time it begins with what the last one had blocked, nothing. */
static int again(int rounds)
{
    static const int sent[] = { SIGURG, SIGWINCH, SIGCHLD };
    char path[32], number[16];
    sigset_t now;

    sigprocmask(SIG_SETMASK, NULL, &now);
    for (int sig = 1; sig < 64; sig++) {
        if (sigismember(&now, sig) > 0) {
            return 1;
        }
    }
    if (rounds == 0) {
        return 0;
    }
    for (unsigned i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        signal(sent[i], on_any);
    }
    snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
    snprintf(number, sizeof(number), "%d", rounds - 1);
    execl(path, path, number, (char *)NULL);
    return 2;
}

static void test_execs(void)
{
    int status;
    pid_t sender, pid = fork();

    if (pid == 0) {
        _exit(again(EXECS));
    }
    sender = fork();
    if (sender == 0) {
        for (;;) {
            for (int i = 0; i < 20; i++) {
                kill(pid, i % 2 ? SIGURG : SIGWINCH);
            }
            usleep(20);
        }
    }
    waitpid(pid, &status, 0);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    printf("executes: 0x%x\n", status);
}

/* -- stopping -------------------------------------------------------------------------------------------------------- */

static void test_stopping(void)
{
    static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
    int ready[2];
    char c;
    int status;

    printf("stops:");
    for (unsigned i = 0; i < 4; i++) {
        pid_t pid = pipe(ready) < 0 ? -1 : fork();

        if (pid == 0) {
            struct timespec t = { 0, 300000000 };
            int r;

            write(ready[1], "r", 1);
            r = nanosleep(&t, NULL);            /* goes on after it was stopped, whatever the signal */
            _exit(r == 0 ? 3 : 4);
        }
        read(ready[0], &c, 1);
        close(ready[0]);
        close(ready[1]);
        kill(pid, stops[i]);
        waitpid(pid, &status, WUNTRACED);
        printf(" %d", WIFSTOPPED(status) ? WSTOPSIG(status) : -WEXITSTATUS(status));
        kill(pid, SIGCONT);
        if (WIFSTOPPED(status)) {
            waitpid(pid, &status, WCONTINUED);
            printf(" %d", WIFCONTINUED(status));
            if (WIFCONTINUED(status)) {
                waitpid(pid, &status, 0);
            }
            printf(" %d", WEXITSTATUS(status));
        }
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
    pthread_t t;

    if (argc > 1) {
        return again(atoi(argv[1]));
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    first = pthread_self();
    first_tid = gettid();
    for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        printf("%s: ", waits[i].name);
        test_wait(&waits[i], 0);
        test_wait(&waits[i], SA_RESTART);
        printf("\n");
    }
    sigaction(SIGRTMIN + 3, &sa, NULL);
    pthread_create(&t, NULL, with_timer, NULL);
    pthread_join(t, NULL);
    test_masks();
    test_storm();
    test_queued();
    test_execs();
    test_stopping();
    return 0;
}
