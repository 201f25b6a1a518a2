/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* places N: so many pages of code at addresses far from each other, each mapped, run and unmapped. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    unsigned wanted = argc > 1 ? (unsigned)atoi(argv[1]) : 1000, wrong = 0;
    uint64_t seed = 1;

    for (unsigned n = 0; n < wanted; n++) {
        uint32_t *p = MAP_FAILED;

        while (p == MAP_FAILED) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            p = mmap((void *)(0x1000000000 + (seed >> 30 << 12)), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        }
        p[0] = 0xd2800000 | (n & 0xffff) << 5;  /* mov x0, #n */
        p[1] = 0xd65f03c0;                      /* ret */
        __builtin___clear_cache((char *)p, (char *)(p + 2));
        wrong += ((uint64_t (*)(void))p)() != (n & 0xffff);
        munmap(p, 4096);
    }
    printf("wrong: %u\n", wrong);
    return wrong != 0;
}
