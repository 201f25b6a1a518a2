/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes: half of them end at once, half execute this program anew; each time the parent waits. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench/programs/bench.h"

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;

    if (argc > 2) {
        return atoi(argv[2]);                           /* executed anew */
    }
    for (unsigned long i = 0; i < rounds; i++) {
        char code[8];
        int status;
        pid_t child = fork();

        if (child < 0) {
            return 1;
        }
        if (!child) {
            if (i % 2) {
                _exit(i & 63);
            }
            snprintf(code, sizeof(code), "%d", (int)(i & 63));
            execl("/proc/self/exe", argv[0], "0", code, NULL);
            _exit(127);
        }
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
            return 1;
        }
        sum = bench_mix(sum, WEXITSTATUS(status));
    }
    return bench_result(sum);
}
