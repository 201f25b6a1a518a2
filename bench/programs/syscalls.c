/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that do little: identity, a byte to a pipe and back, a position, the time, a page's protection. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "bench/programs/bench.h"

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;
    int ends[2], null = open("/dev/null", O_RDWR);

    if (pipe(ends) < 0 || null < 0) {
        return 1;
    }
    for (unsigned long i = 0; i < rounds; i++) {
        struct timespec now;
        struct stat st;
        char byte = (char)i, buf[64];

        sum += syscall(SYS_getppid) != 0;
        sum += syscall(SYS_getuid) == getuid();
        sum += (uint64_t)write(ends[1], &byte, 1);
        sum += (uint64_t)read(ends[0], &byte, 1);
        sum = bench_mix(sum, (unsigned char)byte);
        sum += (uint64_t)write(null, buf, sizeof(buf));
        sum += (uint64_t)read(null, buf, sizeof(buf));
        sum += (uint64_t)lseek(null, 0, SEEK_CUR);
        sum += fstat(null, &st) == 0 && S_ISCHR(st.st_mode);
        sum += syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0;
        sum += lseek(ends[0], 0, SEEK_CUR) < 0;         /* an error */
    }
    return bench_result(sum);
}
