/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * noexec SECONDS: a page may be executed, and then not, while another thread calls what is there; a call that begins after
 * mprotect has returned must fault. Exit status 1 if one did not.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { PIECES = 14, WORDS = 64, ADDS = 40 };

typedef uint64_t (*Piece)(uint64_t);

static uint32_t *page;
static volatile int stop;
static volatile int turn;                       /* which time it is that it may not be executed; 0: it may */
static volatile unsigned long wrong;
static __thread sigjmp_buf back;

static void on_fault(int sig)
{
    siglongjmp(back, sig);
}

static void *call_all(void *opaque)
{
    for (volatile unsigned n = 0; !stop; n++) {
        Piece piece = (Piece)(page + n % (PIECES + 1) * WORDS);
        int before = turn;

        if (!sigsetjmp(back, 0)) {
            piece(0);
            wrong += before && turn == before;
        }
    }
    return NULL;
}

static void wait_some(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++) {
    }
}

int main(int argc, char **argv)
{
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
    struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
    pthread_t thread;
    int turns = 0;

    sigaction(SIGSEGV, &sa, NULL);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < PIECES; i++) {     /* each goes on to the next */
        for (unsigned k = 0; k < ADDS; k++) {
            page[i * WORDS + k] = 0x91000400;   /* add x0, x0, #1 */
        }
        page[i * WORDS + ADDS] = 0x14000000 | (WORDS - ADDS);
    }
    page[PIECES * WORDS] = 0xd65f03c0;          /* ret */
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    if (pthread_create(&thread, NULL, call_all, NULL)) {
        return 2;
    }
    for (unsigned n = 0; time(NULL) < end; n++) {
        turn = 0;
        mprotect(page, 4096, PROT_READ | PROT_EXEC);
        wait_some(n * 37 % 4000);
        mprotect(page, 4096, PROT_READ);
        turn = ++turns;
        wait_some(20000);
    }
    stop = 1;
    pthread_join(thread, NULL);
    printf("wrong: %lu\n", wrong);
    return wrong != 0;
}
