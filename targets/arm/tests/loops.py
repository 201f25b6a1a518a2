#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
loops.py: random functions with loops, as regions that are made at different times, against qemu-aarch64.

A function is a few blocks of A64 that branch among each other until its budget is used up; loops.c runs each with random
registers, flags, memory and FPCR and prints what it left there, FPSR included. What the optimiser does to flags, comparisons
and values that only some paths want is compared that single instructions cannot show (insn_oracle.py).

    loops.py [--count N] [--functions N] [--seed N]

Exit status 77 (skipped) without the cross compiler or qemu-aarch64.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
WAYS = ['tci'] + [f'tcg,heat={n},background=off' for n in (0, 1, 5, 40)] + ['tcg']
CONDS = 'eq ne hs lo mi pl vs vc hi ls ge lt gt le'.split()
SHAPES = {'h': ['4h', '8h'], 's': ['2s', '4s'], 'd': ['2d']}
IMMEDIATES = ['0xff', '0xffff0000ffff0000', '0x3fffffffc000', '1', '0x8000000000000000']


class Writer:
    """Instructions at random. x2 to x8 and v0 to v7 are free, x0 is memory, x1 an index into it, x9 the budget, x10 and x11
    for a moment."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, text):
        return self.rng.choice(text.split())

    def x(self):
        return f'x{self.rng.randrange(2, 9)}'

    def w(self):
        return f'w{self.rng.randrange(2, 9)}'

    def f(self, kind):
        return f'{kind}{self.rng.randrange(8)}'

    def v(self, shape='16b'):
        return f'v{self.rng.randrange(8)}.{shape}'

    def integer(self):
        x, w, r, pick = self.x, self.w, self.rng, self.pick
        return r.choice([
            lambda: f'{pick("add sub and orr eor adds subs ands bics")} {x()}, {x()}, {x()}',
            lambda: f'subs {x()}, {x()}, #{r.choice([0, 1, 16, 32, 255])}',
            lambda: f'cmp {r.choice([x(), w()])}, #{r.choice([0, 0, 1, 32])}',
            lambda: f'ccmp {x()}, #{r.choice([0, 0, 1, 16])}, #{r.randrange(16)}, {r.choice(CONDS)}',
            lambda: f'csel {x()}, {x()}, {x()}, {r.choice(CONDS)}',
            lambda: f'cset {x()}, {r.choice(CONDS)}',
            lambda: f'{pick("add sub and orr eor bic orn")} {w()}, {w()}, {w()}',
            lambda: f'orr {w()}, {w()}, #0x7f7f7f7f',
            self.narrow_access,
            lambda: f'and {x()}, {x()}, #{r.choice(IMMEDIATES)}',
        ])()

    def narrow_access(self):
        """At a sum of 32 bits of a register that has anything above them."""
        r = self.rng
        out = [f'and x10, {self.x()}, #0xffffffff0000003f', f'add w11, w10, #{r.choice([0, 16, 255, 400])}']
        if r.randrange(2):
            out.append(f'add w11, w11, #{r.randrange(40)}')
        return '\n'.join(out + [f'{self.pick("ldr str ldrb strh ldrsw")} REG, [{self.pick("x0,x11 x0,w11,uxtw x11,x0 x11,x0")}]'])\
            .replace('ldrsw REG', f'ldrsw {self.x()}').replace('REG', self.w())

    def vector(self):
        v, r, pick = self.v, self.rng, self.pick
        shape = r.choice(['16b', '8h', '4s', '2d'])
        same = v()
        return r.choice([
            lambda: f'umaxp {v()}, {v()}, {v()}',
            lambda: f'umaxp {v()}, {same}, {same}',
            lambda: f'fmov {self.x()}, {self.f("d")}',
            lambda: f'umov {self.x()}, {self.v("d")}[{r.randrange(2)}]',
            lambda: f'{pick("cmeq cmgt cmge cmhi cmhs cmtst")} {v(shape)}, {v(shape)}, {v(shape)}',
            lambda: f'{pick("cmeq cmlt cmle cmge cmgt")} {v(shape)}, {v(shape)}, #0',
            lambda: f'{pick("eor orr and bic")} {v()}, {v()}, {v()}',
            lambda: f'{pick("ldr str")} {self.f("q")}, [x0, #{16 * r.randrange(16)}]',
            lambda: f'ldr {self.f("q")}, [x0, x1, lsl #4]',
        ])()

    def floating(self):
        f, v, r, pick = self.f, self.v, self.rng, self.pick
        kind = r.choice('hhsd')
        other = r.choice([k for k in 'hsd' if k != kind])
        shape = r.choice(SHAPES[kind])
        return r.choice([
            lambda: f'{pick("fadd fsub fmul fdiv fmax fmin fmaxnm fminnm fnmul fabd")} {f(kind)}, {f(kind)}, {f(kind)}',
            lambda: f'{pick("fadd fsub fmul fdiv fmax fmin fabd fmla fmls faddp fcmeq fcmgt facgt")} '
                    f'{v(shape)}, {v(shape)}, {v(shape)}',
            lambda: f'{pick("fmadd fmsub fnmadd fnmsub")} {f(kind)}, {f(kind)}, {f(kind)}, {f(kind)}',
            lambda: f'{pick("fsqrt fneg fabs frintn frintx frintz frinti frinta")} {f(kind)}, {f(kind)}',
            lambda: f'{pick("fsqrt fneg fabs frintn frintx frintz scvtf ucvtf fcvtzs fcvtzu")} {v(shape)}, {v(shape)}',
            lambda: f'fcvt {f(other)}, {f(kind)}',
            lambda: f'fcvtl {v("4s")}, {v("4h")}',
            lambda: f'fcvtn2 {v("8h")}, {v("4s")}',
            lambda: f'{pick("fcmp fcmpe")} {f(kind)}, {r.choice([f(kind), "#0.0"])}',
            lambda: f'{pick("fccmp fccmpe")} {f(kind)}, {f(kind)}, #{r.randrange(16)}, {r.choice(CONDS)}',
            lambda: f'fcsel {f(kind)}, {f(kind)}, {f(kind)}, {r.choice(CONDS)}',
            lambda: f'{pick("fcvtzs fcvtzu fcvtns fcvtas fcvtms")} {r.choice([self.x(), self.w()])}, {f(kind)}',
            lambda: f'{pick("scvtf ucvtf")} {f(kind)}, {r.choice([self.x(), self.w()])}',
            lambda: f'{pick("ldr str")} {f(kind)}, [x0, #{8 * r.randrange(40)}]',
            lambda: f'fmov {f(kind)}, #{pick("1.0 -0.5 2.0 0.125")}',
            lambda: f'mrs {self.x()}, fpsr',
            lambda: f'mov {v("h")}[{r.randrange(8)}], {v("h")}[{r.randrange(8)}]',
        ])()

    def words_alike(self, label):
        """What strcmp asks of two words, of 64 bits or of 32 that have anything above them."""
        z, v, k = self.rng.choice([('x', self.x, '0x7f7f7f7f7f7f7f7f'), ('w', self.w, '0x7f7f7f7f')])
        a, b = v(), v()
        return '\n'.join([f'orr {z}10, {a}, #{k}', f'bic {z}10, {self.rng.choice([a, v()])}, {z}10', f'eor {z}11, {a}, {b}',
                          'orr x10, x10, x11', f'{self.pick("cbz cbnz")} x10, {label}'])

    def branch(self, label):
        r = self.rng
        return r.choice([
            lambda: self.words_alike(label),
            lambda: f'{self.pick("cbz cbnz")} {r.choice([self.x(), self.w()])}, {label}',
            lambda: f'{self.pick("tbz tbnz")} {self.x()}, #{r.randrange(64)}, {label}',
            lambda: f'b.{r.choice(CONDS)} {label}',
            lambda: f'b.{r.choice(CONDS)} {label}',
        ])()

    def function(self, name):
        r = self.rng
        kinds = r.choice([[self.integer, self.vector], [self.floating], [self.integer, self.vector, self.floating]])
        blocks = r.randrange(2, 6)
        out = [f'{name}:', f'mov x1, #{r.choice([3, 9, 15])}']
        for block in range(blocks + 1):
            out.append(f'.L{name}_{block}:')
            for _ in range(r.randrange(1, 3)):
                out += [r.choice(kinds)() for _ in range(r.randrange(1, 7))]
                to = r.randrange(blocks + 1)
                out += ['sub x9, x9, #1', f'tbnz x9, #63, .L{name}_end', self.branch(f'.L{name}_{to}')]
        return out + [f'.L{name}_end:', 'ret']

    def program(self, functions):
        out = ['.arch armv8.2-a+fp16', '.text']
        for i in range(functions):
            out += self.function(f'f{i}')
        out += ['.data', '.globl functions, num_functions', 'functions:', *[f'.quad f{i}' for i in range(functions)],
                f'num_functions: .quad {functions}']
        return '\n'.join(out) + '\n'


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    return done.stdout if done.returncode == 0 else f'status {done.returncode}: {done.stderr.strip()}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 2)[1])
    parser.add_argument('--count', type=int, default=4, help='programs')
    parser.add_argument('--functions', type=int, default=150, help='in each of them')
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    for tool in ('aarch64-linux-gnu-gcc', 'qemu-aarch64'):
        if not shutil.which(tool):
            print(f'loops: {tool} is not installed')
            return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.seed, args.seed + args.count):
            source, program = os.path.join(folder, 'loops.S'), os.path.join(folder, 'loops')
            with open(source, 'w', encoding='ascii') as f:
                f.write(Writer(random.Random(seed)).program(args.functions))
            subprocess.run(['aarch64-linux-gnu-gcc', '-O1', '-static', '-march=armv8.2-a+fp16', '-o', program, source,
                            os.path.join(HERE, 'loops.c')], check=True)
            want = run(['qemu-aarch64', '-cpu', 'max', program]).split('\n')
            if len(want) != args.functions + 1:
                print(f'seed {seed}: qemu-aarch64: {want[-1]}')
                return 1
            for way in WAYS:
                got = run([chimera, 'user', '-accel', way, program]).split('\n')
                differ = [i for i, line in enumerate(want) if got[i:i + 1] != [line]]
                if differ:
                    failures += 1
                    print(f'seed {seed}, {way}: {len(differ)} differ, the first {want[differ[0]]}, here {got[differ[0]:][:1]}')
    print(f'{args.count} programs of {args.functions} functions, in {len(WAYS)} ways: {failures} differ')
    return failures > 0


if __name__ == '__main__':
    sys.exit(main())
