#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a C program of many functions, each of which runs four times: what starting a large program is like.

cold.py FUNCTIONS >cold.c
"""
import random
import sys

GROUP = 50
OPS = ['x += {c}u', 'x ^= y >> {s}', 'y = y * {c}u + x', 'x = x << {s} | x >> {r}', 'if (x & {m}) y += {c}u; else x -= y',
       't[{i}] += x', 'y ^= t[{j}]', 'if (y > x) x += t[{i}] >> {s}', 'x = (x & {m}) * 3 + y', 'y -= (x >> {s}) ^ {c}u']


def function(rng, n):
    lines = [f'    t[{n % 16}] ^= x;']
    for _ in range(rng.randint(6, 16)):
        s = rng.randint(1, 31)
        line = rng.choice(OPS).format(c=rng.getrandbits(rng.choice((8, 16, 32))), s=s, r=32 - s, m=1 << rng.randint(0, 31),
                                      i=rng.randint(0, 15), j=rng.randint(0, 15))
        lines.append(f'    {line};')
    if n and rng.random() < 0.3:
        lines.append(f'    if (depth) y += f{rng.randrange(n)}(x, depth - 1, t);')
    body = '\n'.join(lines)
    return (f'static __attribute__((noinline)) uint32_t f{n}(uint32_t x, int depth, uint32_t *t)\n'
            f'{{\n    uint32_t y = {n}u + (uint32_t)depth;\n\n{body}\n    return x ^ y;\n}}\n')


def main():
    count = int(sys.argv[1])
    rng = random.Random(1)
    print('/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* written by cold.py */\n#include "bench/programs/bench.h"\n')
    for n in range(count):
        print(function(rng, n))
    groups = range(0, count, GROUP)
    for first in groups:
        calls = '\n'.join(f'    x = f{n}(x, 0, t);' for n in range(first, min(first + GROUP, count)))
        print(f'static __attribute__((noinline)) uint32_t all{first}(uint32_t x, uint32_t *t)\n{{\n{calls}\n    return x;\n}}\n')
    all_calls = '\n'.join(f'        x = all{first}(x, t);' for first in groups)
    print('int main(void)\n{\n    uint32_t t[16] = { 1, 2, 3 }, x = 7;\n\n    for (int i = 0; i < 4; i++) {\n'
          f'{all_calls}\n    }}\n    return bench_result(bench_mix(x, t[5]));\n}}')


if __name__ == '__main__':
    main()
