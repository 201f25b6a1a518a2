/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The least that a program does: start, print a line, end. */
#include "bench/programs/bench.h"

int main(void)
{
    return bench_result(UINT64_C(0x68656c6c6f));
}
