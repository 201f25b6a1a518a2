/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page faults: memory that is mapped, touched a byte a page, and given back; and pages copied when they are written. */
#include <sys/mman.h>
#include "bench/programs/bench.h"

enum { PAGE = 4096, PAGES = 256 };

int main(int argc, char **argv)
{
    unsigned long rounds = bench_rounds(argc, argv);
    uint64_t sum = 0;

    for (unsigned long i = 0; i < rounds; i++) {
        volatile unsigned char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
            return 1;
        }
        madvise((void *)p, PAGES * PAGE, MADV_NOHUGEPAGE);      /* where there are huge pages */
        for (int k = 0; k < PAGES; k += 2) {
            sum += p[k * PAGE];                         /* the page of zeros first, a page of its own then */
        }
        for (int k = 0; k < PAGES; k++) {
            p[k * PAGE + k] = (unsigned char)(i + k);
        }
        for (int k = 0; k < PAGES; k += 17) {
            sum = bench_mix(sum, p[k * PAGE + k]);
        }
        munmap((void *)p, PAGES * PAGE);
    }
    return bench_result(sum);
}
