/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forks and short threads while others make code, map memory and are interrupted all the time. An argument: the number of
 * rounds without a fork.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 40, THREADS = 4 };

static volatile int stop;
static volatile int ticks;

static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

static void *make_code(void *arg)
{
    uint32_t *code = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int n = 0; !stop; n++) {
        uint32_t *fn = code + n % 64 * 256;
        char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        fn[0] = 0x52800000 | (uint32_t)(n & 0x7fff) << 5;       /* mov w0, #n; ret */
        fn[1] = 0xd65f03c0;
        __builtin___clear_cache((char *)fn, (char *)(fn + 2));
        if (((int (*)(void))(uintptr_t)fn)() != (n & 0x7fff)) {
            puts("old code ran");
            _exit(1);
        }
        page[5000] = 1;
        munmap(page, 8192);
    }
    return arg;
}

static void *nothing(void *arg)
{
    return arg;
}

static void short_thread(void)
{
    pthread_t t;

    pthread_create(&t, NULL, nothing, NULL);
    pthread_join(t, NULL);
}

static int fork_one(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        short_thread();
        _exit(77);
    }
    while (waitpid(pid, &status, 0) < 0) {
    }
    if (WEXITSTATUS(status) != 77) {
        printf("child: %x\n", status);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
    struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
    struct itimerval timer = { { 0, 700 }, { 0, 700 } };
    pthread_t t[THREADS];

    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, make_code, NULL);
    }
    for (int i = 0; i < rounds; i++) {
        if (argc == 1 && fork_one() < 0) {
            return 1;
        }
        short_thread();
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    printf("ticks: %d\n", ticks > 0);
    return 0;
}
