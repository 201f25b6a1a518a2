/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals: sent to itself, with a handler that looks at its frame; and a fault that the handler mends. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench/programs/bench.h"

static volatile sig_atomic_t seen;
static volatile uintptr_t page;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number == SIGSEGV) {
        if ((uintptr_t)info->si_addr != page || mprotect((void *)page, 1, PROT_READ | PROT_WRITE) < 0) {
            _exit(1);
        }
    }
    seen += number == SIGSEGV ? 3 : 1;
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    page = (uintptr_t)p;
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGSEGV, &act, NULL);
    for (unsigned long i = 0; i < rounds; i++) {
        raise(SIGUSR1);
        kill(getpid(), SIGUSR1);
        if (i % 4 == 0) {
            mprotect((void *)page, 4096, PROT_READ);
            *p = (char)i;
        }
    }
    return bench_result(bench_mix((uint64_t)seen, (unsigned char)*p));
}
