/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * targets ROUNDS: more functions than a cache of jumps has entries, called by one branch, changed by this thread and by
 * another, executable and not. Exit status 1 if a call did what had been there before.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FUNCTIONS = 20000, WORDS = 5, PAGE = 4096 };
#define SIZE ((FUNCTIONS * WORDS * 4 + PAGE - 1) / PAGE * PAGE)

static uint32_t *code;
static unsigned value[FUNCTIONS];
static unsigned wrong;
static sigjmp_buf back;

static void on_fault(int sig)
{
    siglongjmp(back, sig);
}

static void make(unsigned n, unsigned v)
{
    uint32_t *f = code + n * WORDS;

    value[n] = v & 0xffff;
    f[0] = 0x52800000 | value[n] << 5;          /* mov w0, #value */
    f[1] = 0xd65f03c0;                          /* ret */
    __builtin___clear_cache((char *)f, (char *)(f + 2));
}

static __attribute__((noinline)) unsigned call(unsigned n)
{
    return ((unsigned (*)(void))(code + n * WORDS))();
}

static void call_all(void)
{
    for (unsigned n = 0; n < FUNCTIONS; n++) {
        wrong += call(n) != value[n];
    }
}

static void change_each(unsigned step)
{
    for (unsigned n = 0; n < FUNCTIONS; n += step) {
        make(n, value[n] * 3 + step);
    }
}

static void *other_thread(void *opaque)
{
    change_each(11);
    call_all();
    return opaque;
}

/* Calls what is in a page that may not be executed, or is gone. */
static void call_page(unsigned page)
{
    unsigned first = page * PAGE / 4 / WORDS + 1, last = ((page + 1) * PAGE / 4 - 2) / WORDS;

    for (volatile unsigned n = first; n < last; n++) {
        if (!sigsetjmp(back, 0)) {
            call(n);
            wrong++;
        }
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
    int rounds = argc > 1 ? atoi(argv[1]) : 1;

    sigaction(SIGSEGV, &sa, NULL);
    code = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned n = 0; n < FUNCTIONS; n++) {
        make(n, n * 7);
    }
    call_all();
    for (int r = 0; r < rounds; r++) {
        unsigned page = 1 + (unsigned)r * 13 % (SIZE / PAGE - 2);
        char *at = (char *)code + page * PAGE, kept[PAGE];
        pthread_t thread;

        call_all();
        change_each(7);
        call_all();
        if (pthread_create(&thread, NULL, other_thread, NULL)) {
            return 2;
        }
        pthread_join(thread, NULL);
        call_all();
        mprotect(at, PAGE, PROT_READ | PROT_WRITE);
        call_page(page);
        mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
        call_all();
        memcpy(kept, at, PAGE);
        munmap(at, PAGE);
        call_page(page);
        mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy(at, kept, PAGE);
        call_all();
    }
    printf("wrong: %u\n", wrong);
    return wrong != 0;
}
