/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storms of processes: threads that fork, spawn, execute and wait, each in its own way, while another makes code and
 * timers interrupt all of them. Every child says by its status whether it saw what it should. storms ROUNDS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;
static int rounds;
static volatile int stop;
static unsigned bad, children, ticks;

static void on_tick(int sig)
{
    (void)sig;
    __atomic_add_fetch(&ticks, 1, __ATOMIC_RELAXED);
}

static void ended(pid_t pid, int wanted)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            status = -1;
            break;
        }
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted) {
        fprintf(stderr, "child: status 0x%x, wanted %d\n", status, wanted);
        __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
    }
    __atomic_add_fetch(&children, 1, __ATOMIC_RELAXED);
}

/* Code made now: a function that returns n. */
static int fresh(uint32_t *code, int n)
{
    code[0] = 0x52800000 | (uint32_t)n << 5;
    code[1] = 0xd65f03c0;
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    return ((int (*)(void))(uintptr_t)code)();
}

static void *page(int prot)
{
    return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *makes_code(void *arg)
{
    uint32_t *code = page(PROT_READ | PROT_WRITE | PROT_EXEC);

    for (int n = 0; !stop; n = (n + 1) & 0x7fff) {
        if (fresh(code + (n % 64) * 16, n) != n) {
            __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
        }
    }
    return arg;
}

/* Calls whose arguments the emulator copies: a fork comes at any time of that. */
static void *fails_to_execute(void *arg)
{
    static char *const argv[] = { "some", "text", "and", "more", "of", "it", "than", "there", "is", "room", NULL };

    while (!stop) {
        execve("/nonexistent", argv, argv);
    }
    return arg;
}

static void *forks(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        int n = i % 100;
        pid_t pid = fork();

        if (pid == 0) {
            void *p = malloc(1000 + (size_t)n * 4096);  /* the C library's locks are free */

            memset(p, n, 1000);
            free(p);
            _exit(fresh(page(PROT_READ | PROT_WRITE | PROT_EXEC), n));
        }
        ended(pid, n);
    }
    return arg;
}

static void *spawns(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        char number[16];
        char *argv[] = { self, "child", number, NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;

        snprintf(number, sizeof(number), "%d", i % 100);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (posix_spawn(&pid, self, &actions, NULL, argv, environ) == 0) {
            ended(pid, i % 100);
        } else {
            __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
        }
        posix_spawn_file_actions_destroy(&actions);
        if (posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ) != ENOENT) {
            __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
        }
    }
    return arg;
}

/* A child that has threads of its own when it executes. */
static void *executes(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        char number[16];
        pid_t pid = fork();

        if (pid == 0) {
            pthread_t t;

            pthread_create(&t, NULL, makes_code, NULL);
            snprintf(number, sizeof(number), "%d", i % 100);
            execl(self, self, "child", number, (char *)NULL);
            _exit(126);
        }
        ended(pid, i % 100);
    }
    return arg;
}

/* Children of children, of vfork and of threads that end. */
static void *nests(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            pid_t inner = vfork();
            int status = 0;

            if (inner == 0) {
                _exit(i % 50);
            }
            waitpid(inner, &status, 0);
            inner = fork();
            if (inner == 0) {
                _exit(WEXITSTATUS(status) + 1);
            }
            waitpid(inner, &status, 0);
            _exit(WEXITSTATUS(status) + 1);
        }
        ended(pid, i % 50 + 2);
    }
    return arg;
}

static void *killed(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
            pthread_t t;

            pthread_create(&t, NULL, makes_code, NULL);
            for (;;) {
                pause();
            }
        }
        usleep(1000);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        if (!WIFSIGNALED(status)) {
            __atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
        }
        __atomic_add_fetch(&children, 1, __ATOMIC_RELAXED);
    }
    return arg;
}

int main(int argc, char **argv)
{
    void *(*const kinds[])(void *) = { forks, spawns, executes, nests, killed };
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    const struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
    pthread_t thread[KINDS], maker, failing;

    if (argc == 3 && strcmp(argv[1], "child") == 0) {
        return atoi(argv[2]);
    }
    self = argv[0];
    rounds = argc > 1 ? atoi(argv[1]) : 30;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    pthread_create(&maker, NULL, makes_code, NULL);
    pthread_create(&failing, NULL, fails_to_execute, NULL);
    for (unsigned i = 0; i < KINDS; i++) {
        pthread_create(&thread[i], NULL, kinds[i], NULL);
    }
    for (unsigned i = 0; i < KINDS; i++) {
        pthread_join(thread[i], NULL);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    stop = 1;
    pthread_join(maker, NULL);
    pthread_join(failing, NULL);
    printf("children: %d, bad: %u, interrupted: %s\n", (int)children - 5 * rounds, bad, ticks ? "yes" : "no");
    return 0;
}
