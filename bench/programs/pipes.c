/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A byte to another process and back, through two pipes. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench/programs/bench.h"

static void echo(int from, int to)
{
    unsigned char byte;

    while (read(from, &byte, 1) == 1) {
        byte ^= 0x5a;
        if (write(to, &byte, 1) != 1) {
            _exit(1);
        }
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;
    int there[2], back[2], status;
    pid_t child;

    if (pipe(there) < 0 || pipe(back) < 0 || (child = fork()) < 0) {
        return 1;
    }
    if (!child) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    for (unsigned long i = 0; i < rounds; i++) {
        unsigned char byte = (unsigned char)i;

        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
            return 1;
        }
        sum = bench_mix(sum, byte);
    }
    close(there[1]);
    if (waitpid(child, &status, 0) != child || status) {
        return 1;
    }
    return bench_result(sum);
}
