#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
a64_directed.py: A64 instructions that no other emulator at hand has, and what needs EL1, on the board "virt".

Each case is a piece of code (a64_directed.S runs it) and the doublewords that it must write, which come from an
evaluation of the manual's pseudocode here, in Python (a64_model_*.py). Compiled and interpreted.

  a64_directed.py [--accel LIST] [--cpu LIST] [--models LIST] [--names REGEX] [--seed N] [--rounds N]

Exit status 77 (skipped) where the cross assembler is missing.
"""

import argparse
import importlib
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
LINK = 0x40080000
MODELS = ['bti', 'ordered', 'mops', 'integer', 'fp', 'mte', 'ls64', 'rcw', 'sysreg128', 'pauth']

# The window: pages of many kinds at WINDOW, in a level 3 table; the memory behind page n is at MEMORY + 4096 n.
WINDOW, MEMORY, PAGES = 0x50000000, 0x48000000, 64
AF, NS_SHARE, EL0, RO, UXN, PXN, GP = 1 << 10, 3 << 8, 1 << 6, 1 << 7, 1 << 54, 1 << 53, 1 << 50
NORMAL, DEVICE, TAGGED, UNCACHED = 0 << 2, 1 << 2, 2 << 2, 3 << 2
PAGE = 3 | AF | NS_SHARE | NORMAL
# kind -> attributes; 0: not mapped
KINDS = {
    'rw': PAGE, 'ro': PAGE | RO, 'none': 0, 'user': PAGE | EL0 | PXN, 'device': (PAGE & ~(7 << 2)) | DEVICE,
    'tagged': (PAGE & ~(7 << 2)) | TAGGED, 'uncached': (PAGE & ~(7 << 2)) | UNCACHED,
    'tagged-user': (PAGE & ~(7 << 2)) | TAGGED | EL0 | PXN,
}
LAYOUT = (['rw'] * 4 + ['none'] + ['rw'] + ['ro'] + ['rw'] + ['device'] + ['uncached'] + ['none'] * 2 + ['user'] * 2 +
          ['none'] * 2 + ['tagged'] * 4 + ['none'] + ['tagged-user'] * 2 + ['none'])
GUARDED_AT = 0x60000000                         # code again, in guarded pages
SCTLR = 1 << 0 | 1 << 2 | 1 << 12 | 1 << 26 | 1 << 15 | 1 << 14 | 3 << 28 | 1 << 23 | 1 << 22 | 1 << 20 | 1 << 11
MAIR = 0xff | 0x00 << 8 | 0xf0 << 16 | 0x44 << 24
TCR = 0x803519 | 2 << 32


def window(kind, n=0):
    """Address of the nth page of a kind."""
    return WINDOW + 4096 * [i for i, k in enumerate(LAYOUT) if k == kind][n]


def random_memory(seed):
    rng = random.Random(seed)
    return rng.randbytes(4096 * PAGES)


def exception(ec, iss, far, spsr, at):
    """What the kernel writes of an exception; None: anything."""
    return [ec << 26 | 1 << 25 | iss, far, spsr, at]


class Env:
    """What a model may use: random numbers, the CPU's model, and the memory of the window as it is before its case."""

    def __init__(self, seed, cpu):
        self.rng, self.cpu = random.Random(seed), cpu
        self.memory = bytearray(random_memory(seed))

    def offset(self, address):
        return address - WINDOW


def tables():
    """Level 1: devices, then level 2 of RAM, whose window is level 3, then the same RAM guarded."""
    out = ['.quad 0x401', '.quad l2 + 3', '.skip 4096 - 16, 0']
    out += ['l2: .set n, 0', '.rept 512']
    skip = (WINDOW - 0x40000000) >> 21
    code = (GUARDED_AT - 0x40000000) >> 21
    out += ['.if n == %d' % skip, '.quad l3 + 3', '.elseif n >= %d && n < %d' % (code, code + 4),
            '.quad 0x%x + (n - %d) * 0x200000' % (0x40000000 | AF | NS_SHARE | NORMAL | 1 | GP, code),
            '.elseif n == %d' % (code + 4), '.quad 0x%x' % (0x40000000 | AF | NS_SHARE | NORMAL | 1 | EL0),
            '.else', '.quad 0x%x + n * 0x200000' % (0x40000000 | AF | NS_SHARE | NORMAL | 1),
            '.endif', '.set n, n + 1', '.endr']
    out += ['l3:'] + ['.quad 0x%x' % (KINDS[k] and KINDS[k] | MEMORY + 4096 * i) for i, k in enumerate(LAYOUT)]
    out += ['.skip 4096 - %d, 0' % (8 * len(LAYOUT))]
    return out


def include(cases):
    lines = ['.set PIECES, %d' % len(cases), '.set WINDOW, 0x%x' % WINDOW, '.set MAIR, 0x%x' % MAIR,
             '.set TCR, 0x%x' % TCR, '.set SCTLR, 0x%x' % SCTLR,
             '.set GUARDED, 0x%x' % (GUARDED_AT - 0x40000000), '.set USER_CODE, 0x%x' % (GUARDED_AT - 0x40000000 + (4 << 21))]
    lines += ['.macro TABLES'] + tables() + ['.endm']
    lines.append('.macro PIECES_LIST')
    lines += ['.quad piece%d' % i for i in range(len(cases))] + ['.endm']
    lines.append('.macro PIECES_CODE')
    for i, (_, code, _) in enumerate(cases):
        lines += ['.balign 16', 'piece%d:' % i] + code.replace('HERE', 'piece%d' % i).split('\n') + ['b done', '.ltorg']
    lines += ['.endm', '.macro MEMORY_CONTENT', '.quad 0', '.endm']
    return '\n'.join(lines) + '\n'


def run(chimera, exe, accel, cpu):
    p = subprocess.run([chimera, '-M', 'virt', '-cpu', cpu, '-m', '512M', '-accel', accel, '-nographic', '-kernel', exe],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300 * PATIENCE)
    if p.returncode:
        raise SystemExit('a64_directed: chimera ended with %d: %s' % (p.returncode, p.stderr.decode()))
    return p.stdout


def results_of(data, cases, base):
    n = len(cases)
    if len(data) < 8 * n:
        raise SystemExit('a64_directed: only %d bytes came: %r' % (len(data), data[:64]))
    ends = struct.unpack_from('<%dQ' % n, data)
    quads = struct.unpack_from('<%dQ' % ((len(data) - 8 * n) // 8), data, 8 * n)
    out, at = [], 0
    for end in ends:
        stop = (end - base) // 8
        out.append(list(quads[at:stop]))
        at = stop
    return out


def all_cases(cpu, seed, models, rounds):
    """[(name, code, doublewords that it must write)]"""
    cases = []
    for model in models:
        module = importlib.import_module('a64_model_' + model)
        cases += [(model + '-' + name, code, want) for name, code, want in module.cases(Env(seed, cpu), rounds)]
    return cases


def build(folder, cases):
    """The kernel that runs them."""
    with open(os.path.join(folder, 'a64_directed.inc'), 'w', encoding='ascii') as f:
        f.write(include(cases))
    exe = os.path.join(folder, 'kernel')
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-march=armv8.5-a+fp16+memtag+ls64', '-Wa,-I' + folder,
                    '-Wl,-Ttext=0x%x' % LINK, '-Wl,--build-id=none,--no-warn-rwx-segments',
                    os.path.join(HERE, 'a64_directed.S'), '-o', exe], check=True)
    return exe


def run_cases(chimera, cpu, args):
    """How many cases are wrong on a CPU."""
    cases = all_cases(cpu, args.seed, args.models.split(','), args.rounds)
    cases = [c for c in cases if re.search(args.names, c[0])]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        exe = build(folder, cases)
        symbols = subprocess.run(['aarch64-linux-gnu-nm', exe], capture_output=True, text=True, check=True).stdout
        base = int(re.search(r'(\w+) \w results$', symbols, re.M).group(1), 16)
        for accel in args.accel.split(';'):
            got = results_of(run(chimera, exe, accel, cpu), cases, base)
            wrong = 0
            for (name, _, want), have in zip(cases, got):
                same = len(want) == len(have) and all(w is None or w == h for w, h in zip(want, have))
                if not same:
                    wrong += 1
                    if wrong <= 8:
                        print('%s: %s' % (accel, name))
                        for i in range(max(len(want), len(have))):
                            w = '-' if i >= len(want) else 'any' if want[i] is None else '%016x' % want[i]
                            h = '-' if i >= len(have) else '%016x' % have[i]
                            print('    %2d want %16s got %16s%s' % (i, w, h, '' if w in (h, 'any') else '  <--'))
            print('a64_directed: %s, %s: %d cases, %d wrong' % (cpu, accel, len(cases), wrong))
            bad += wrong
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--cpu', default='max', help='with semicolons')
    p.add_argument('--models', default=','.join(MODELS), help='with commas')
    p.add_argument('--names', default='')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--rounds', type=int, default=1, help='how many times as many random cases')
    args = p.parse_args()
    for tool in ('gcc', 'nm'):
        if not shutil.which('aarch64-linux-gnu-' + tool):
            print('a64_directed: no aarch64-linux-gnu-' + tool)
            return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    sys.path.insert(0, HERE)
    sys.modules['a64_directed'] = sys.modules['__main__']
    bad = sum(run_cases(chimera, cpu, args) for cpu in args.cpu.split(';'))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
