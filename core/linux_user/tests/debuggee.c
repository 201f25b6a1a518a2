/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gdb.py debugs: argv[1] says what it does. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

volatile int counter, watched, stop, ready, handled, value_of_sender;
__thread int own = 5;

NOINLINE int square(int x)
{
    counter++;
    return x * x;
}

NOINLINE int twice(int x)
{
    __asm__ volatile("");
    return 2 * x;
}

NOINLINE void mark(void)
{
    __asm__ volatile("");
}

static void on_signal(int sig)
{
    handled = sig;
}

static void on_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    handled = sig;
    value_of_sender = info->si_value.sival_int;
}

NOINLINE void spin(void)
{
    while (!stop) {
        counter++;
    }
}

static void *worker(void *p)
{
    own = (int)(long)p;
    __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
    spin();
    return NULL;
}

static void *sleeper(void *p)
{
    __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
    while (!stop) {
        sleep(1);
    }
    return p;
}

static void *short_lived(void *p)
{
    return p;
}

static int threads(void)
{
    pthread_t t[3], u;

    pthread_create(&t[0], NULL, worker, (void *)1);
    pthread_create(&t[1], NULL, worker, (void *)2);
    pthread_create(&t[2], NULL, sleeper, NULL);
    while (ready < 3) {
        usleep(1000);
    }
    for (int i = 0; i < 20; i++) {
        pthread_create(&u, NULL, short_lived, NULL);
        pthread_join(u, NULL);
    }
    mark();
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    puts("joined");
    return 0;
}

static int children(char **argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(twice(20));
    }
    waitpid(pid, &status, 0);
    printf("fork %d\n", WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0) {
        _exit(twice(21));
    }
    waitpid(pid, &status, 0);
    printf("vfork %d\n", WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0) {
        execl(argv[0], argv[0], "status", NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    printf("executed %d\n", WEXITSTATUS(status));
    return twice(4);
}

/* A signal that it does not see disturbs no call. */
static int undisturbed(void)
{
    struct timespec before, after;
    unsigned left;

    clock_gettime(CLOCK_MONOTONIC, &before);
    mark();
    left = sleep(1);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept %u %d\n", left, after.tv_sec - before.tv_sec + (after.tv_nsec > before.tv_nsec) >= 1);
    return 0;
}

static int signals(void)
{
    struct sigaction act = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO };
    union sigval value = { .sival_int = 1234 };

    signal(SIGUSR1, on_signal);
    sigaction(SIGRTMIN + 3, &act, NULL);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR1);
    printf("first %d\n", handled);
    handled = 0;
    raise(SIGUSR1);
    printf("second %d\n", handled);
    raise(SIGUSR2);
    raise(SIGWINCH);
    sigqueue(getpid(), SIGRTMIN + 3, value);
    printf("queued %d %d\n", handled == SIGRTMIN + 3, value_of_sender);
    raise(SIGALRM);
    puts("not ended");
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "plain";
    int sum = 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(what, "status") == 0) {
        return twice(17);
    }
    if (strcmp(what, "plain") == 0) {
        for (int i = 0; i < 5; i++) {
            sum += square(i);
            if (i == 3) {
                watched = sum;
            }
        }
        printf("sum %d %d\n", sum, (int)strlen(what));
        return 7;
    }
    if (strcmp(what, "threads") == 0) {
        return threads();
    }
    if (strcmp(what, "children") == 0) {
        return children(argv);
    }
    if (strcmp(what, "exec") == 0) {
        twice(1);
        execl(argv[0], argv[0], "status", NULL);
    }
    if (strcmp(what, "failing") == 0) {
        execl("/", "x", NULL);
        mark();
        return errno == EACCES ? 3 : 4;
    }
    if (strcmp(what, "spin") == 0) {
        spin();
        return 9;
    }
    if (strcmp(what, "pause") == 0) {
        mark();
        pause();
        puts("woken");
        return handled;
    }
    if (strcmp(what, "sleep") == 0) {
        return undisturbed();
    }
    if (strcmp(what, "signals") == 0) {
        return signals();
    }
    if (strcmp(what, "fault") == 0) {
        *(volatile int *)16 = 1;
    }
    if (strcmp(what, "abort") == 0) {
        abort();
    }
    if (strcmp(what, "thread-exit") == 0) {
        pthread_t t;

        ready = 0;
        pthread_create(&t, NULL, sleeper, NULL);
        stop = 1;
        pthread_exit(NULL);
    }
    return 1;
}
