/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program for user mode: threads, signals with address and code, fork and exec, code made at run time, bad pointers. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20000 };

static atomic_int counted;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int guarded;

static void *worker(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        counted++;
        if (i % 100 == 0) {
            pthread_mutex_lock(&mutex);
            guarded++;
            pthread_mutex_unlock(&mutex);
        }
    }
    return arg;
}

static void test_threads(void)
{
    pthread_t t[THREADS];
    int bad = 0;

    for (long i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, worker, (void *)i);
    }
    for (long i = 0; i < THREADS; i++) {
        void *r;

        pthread_join(t[i], &r);
        bad += (long)r != i;
    }
    printf("threads: %d %d %d\n", counted, guarded, bad);
}

static sigjmp_buf back;
static siginfo_t seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    seen = *info;
    siglongjmp(back, 1);
}

static void test_faults(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t alt = { .ss_sp = malloc(65536), .ss_size = 65536 };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    if (!sigsetjmp(back, 1)) {
        *(volatile int *)0x1234 = 1;
    }
    printf("unmapped: %d %d %lx\n", seen.si_signo, seen.si_code, (long)seen.si_addr);
    if (!sigsetjmp(back, 1)) {
        ((volatile char *)page)[4097] = 1;
    }
    printf("read-only: %d %d %ld\n", seen.si_signo, seen.si_code, (long)((char *)seen.si_addr - page));
    if (!sigsetjmp(back, 1)) {
        ((void (*)(void))(uintptr_t)page)();
    }
    printf("not executable: %d %d %ld\n", seen.si_signo, seen.si_code, (long)((char *)seen.si_addr - page));
    if (!sigsetjmp(back, 1)) {
        __asm__ volatile("udf #0");
    }
    printf("undefined: %d\n", seen.si_signo);
    if (!sigsetjmp(back, 1)) {
        __asm__ volatile("brk #0");
    }
    printf("breakpoint: %d %d\n", seen.si_signo, seen.si_code);
    sa.sa_flags |= SA_ONSTACK;
    sigaltstack(&alt, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    if (!sigsetjmp(back, 1)) {
        __asm__ volatile("mov sp, %0\n\tstr x0, [sp, #-16]!" : : "r"(4096L));
    }
    printf("on another stack: %d\n", seen.si_signo);
}

static volatile int alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void test_restart(void)
{
    struct sigaction sa = { .sa_handler = on_alarm };
    struct timespec ts = { 5, 0 };
    int fd[2], r;
    char c;

    sigaction(SIGALRM, &sa, NULL);
    ualarm(100000, 0);
    r = nanosleep(&ts, &ts);
    printf("interrupted: %d %d %d\n", r, errno == EINTR, alarms);
    sa.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &sa, NULL);
    if (pipe(fd) < 0) {
        exit(1);
    }
    if (fork() == 0) {
        usleep(400000);
        _exit(write(fd[1], "x", 1) != 1);
    }
    ualarm(100000, 0);
    r = (int)read(fd[0], &c, 1);
    printf("restarted: %d %c %d\n", r, c, alarms);
    wait(NULL);
}

static void test_processes(char *self)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        pthread_t t;

        pthread_create(&t, NULL, worker, NULL);
        pthread_join(t, NULL);
        _exit(7);
    }
    waitpid(pid, &status, 0);
    printf("fork: %d\n", WEXITSTATUS(status));
    fflush(stdout);
    pid = vfork();
    if (pid == 0) {
        execl(self, "name", "exec", (char *)NULL);
        _exit(9);
    }
    waitpid(pid, &status, 0);
    printf("exec: %d\n", WEXITSTATUS(status));
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile int *)0 = 1;
    }
    waitpid(pid, &status, 0);
    printf("killed: %d\n", WTERMSIG(status));
}

static void test_code(void)
{
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;

    for (unsigned i = 0; i < 100; i++) {
        code[0] = 0x52800000 | i << 5;          /* mov w0, #i; ret */
        code[1] = 0xd65f03c0;
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        sum += ((int (*)(void))(uintptr_t)code)();
    }
    printf("code: %d\n", sum);
    *(volatile char *)((uintptr_t)code | 0x5a00000000000000u) = 5;
    printf("tagged: %d\n", *(volatile char *)code);
}

static void test_pointers(void)
{
    volatile uintptr_t low = 8, high = 0x7fffffffff0000;

    errno = 0;
    printf("bad pointer: %d", (int)write(1, (void *)low, 5));
    printf(" %d", errno);
    errno = 0;
    printf(" %d", (int)write(1, (void *)high, 5));
    printf(" %d\n", errno);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        printf("%s %s\n", argv[0], argv[1]);
        return 3;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_threads();
    test_faults();
    test_restart();
    test_code();
    test_pointers();
    test_processes(argv[0]);
    return 42;
}
