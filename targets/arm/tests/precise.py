#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
precise.py: at every fault and every interrupt the state is that between two instructions.

Random A64 programs with loops run at EL0 (precise.S): in steps, with a fault at nearly each access, and with an
interrupt that is raised after each instruction in turn. What the kernel saw at each exception is compared:

- each way to run (compiled and interpreted, blocks as long as they get) against blocks of one instruction that write
  every register back;
- within a run: the registers at a fault are those that the steps saw before the same instruction, though it may have
  done a part of its accesses; so is memory, but for stores of several registers; each interrupt came at some step, and
  every run ends alike;
- with --oracle: steps against qemu-system-aarch64 (whose loads of several registers are not undone by a fault).

    precise.py [--count N] [--seed N] [--accel LIST] [--oracle]

Exit status 77 (skipped) without the cross assembler.
"""

import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import insn_oracle
from insn_oracle import ARM, HERE, LINK, PATIENCE, ROOT, random_bytes

USER, DATA_PAGE, DATA_PAGES, BORDER = 0x80000000, 2, 7, 160
NOP, SVC = 0xd503201f, 0xd4000001
REFERENCE = 'tcg,one-insn-per-tb=on,naive=on'
ORACLE = 'qemu'
STATE_QUADS = 100
IRQ = 0xffffffff

# What the other emulator has not.
MORE_FEATURES = {'LSE128', 'LRCPC3'}
PAIRS = {'STILP', 'LDIAPP', 'LDCLRP', 'LDSETP', 'SWPP'}         # their second register is in bits 20 to 16

# X registers: results are 0 to 13; the rest is addresses and counters.
BRANCH, INNER, POINTERS, BORDERS, INDEX, TRIGGER, OUTER, SGI = 14, 15, range(16, 20), range(20, 26), 26, 27, 28, 29
RESULTS = 14

ALU = [('a64_dp_imm.decode', '', 4), ('a64_dp_reg.decode', '', 4), ('a64_fp.decode', '(?!FJCVTZS)', 1),
       ('a64_simd_int.decode', '', 1), ('a64_simd_fp.decode', '(?!FCVTZ[SU]_s)', 1), ('a64_simd_copy.decode', '', 1)]
MEM = [('a64_ldst.decode', '(?!STX)', 2), ('a64_simd_ldst.decode', '', 1)]


def load(files):
    """[(rows, weight)]: a list for each file."""
    return [([r for r in insn_oracle.load_rows(os.path.join(ARM, f)) if insn_oracle.allowed(r)
              and insn_oracle.re.match(names, r['name'])], weight) for f, names, weight in files]


class Word:
    """An encoding with random operands, of which some can then be chosen."""

    def __init__(self, rng, row):
        self.name, self.fields, self.operands = row['name'], row['fields'], row['operands']
        mask, value = (int(x, 16) for x in rng.choice(row['cubes']))
        self.free = ~mask & 0xffffffff
        self.word = value | (rng.getrandbits(32) & self.free)

    def get(self, pos, length=5):
        return self.word >> pos & ((1 << length) - 1)

    def put(self, pos, value, length=5):
        bits = ((1 << length) - 1) << pos & self.free
        self.word = self.word & ~bits | value << pos & bits


class Program:
    def __init__(self, rng, alu, mem, aligned):
        self.rng, self.alu, self.mem, self.aligned = rng, alu, mem, aligned
        self.words, self.slots, self.names = [], [], {}
        self.emit(NOP)                                          # steps tell of the state from its end on
        self.block(rng.randrange(4, 9), 0)
        while not self.slots or rng.random() < 0.5:
            self.block(rng.randrange(2, 7), 0)
        self.words.append(SVC)
        x = [int.from_bytes(random_bytes(rng, 8), 'little') for _ in range(31)]
        for i, r in enumerate(BORDERS):
            x[r] = USER + (DATA_PAGE + 1 + i << 12)
        x[INDEX], x[TRIGGER], x[SGI] = 2, USER + 0xff00, 0x02000001
        v = [int.from_bytes(random_bytes(rng, 8), 'little') for _ in range(64)]
        fpcr = rng.choice([0, 0, 0x1000000, 0x2000000, 0x400000])
        self.state = x + [USER + (DATA_PAGE + 1 << 12)] + v + [USER, rng.getrandbits(4) << 28, 0, fpcr]

    def emit(self, word, name=''):
        self.names[4 * len(self.words)] = name
        self.words.append(word)
        self.slots.append(len(self.words))
        self.words.append(NOP)

    def block(self, units, depth):
        rng = self.rng
        for _ in range(units):
            kind = rng.random()
            if kind < 0.50:
                self.access()
            elif kind < 0.75:
                self.compute()
            elif kind < 0.86:
                self.branch(depth)
            elif depth < 2:
                self.loop(depth)

    def compute(self):
        rows = self.rng.choices([r for r, _ in self.alu], [w for _, w in self.alu])[0]
        w = Word(self.rng, self.rng.choice(rows))
        w.put(0, self.rng.randrange(RESULTS))
        self.emit(w.word, w.name)

    def branch(self, depth):
        """Over some instructions, or by register to the next one."""
        rng = self.rng
        if rng.random() < 0.2:
            self.emit(0x10000000 | 4 << 5 | BRANCH, 'ADR')      # to after the BR and its slot
            self.emit(0xd61f0000 | BRANCH << 5, 'BR')
            return
        at = len(self.words)
        kind = rng.randrange(3)
        self.emit(0)
        self.block(rng.randrange(1, 4), depth)
        distance = len(self.words) - at
        if kind == 0:
            self.words[at] = 0x54000000 | distance << 5 | rng.randrange(16)
        elif kind == 1:
            self.words[at] = 0x34000000 | rng.getrandbits(1) << 31 | rng.getrandbits(1) << 24 | distance << 5 | \
                rng.randrange(RESULTS)
        else:
            self.words[at] = 0x36000000 | rng.getrandbits(1) << 31 | rng.getrandbits(1) << 24 | \
                rng.getrandbits(5) << 19 | distance << 5 | rng.randrange(RESULTS)

    def loop(self, depth):
        rng = self.rng
        r = INNER if depth else OUTER
        self.emit(0xd2800000 | rng.randrange(2, 5) << 5 | r, 'MOVZ')
        start = len(self.words)
        self.block(rng.randrange(1, 5), depth + 1)
        flags = rng.random() < 0.5
        self.emit(0xd1000400 | flags << 29 | r << 5 | r, 'SUB')
        back = start - len(self.words) & 0x7ffff
        self.emit((0x54000001 if flags else 0xb5000000 | r) | back << 5, 'loop')

    def access(self):
        rng = self.rng
        rows = rng.choices([r for r, _ in self.mem], [w for _, w in self.mem])[0]
        w = Word(rng, rng.choice(rows))
        name = w.name
        vector = '_v' in name or name[:3] in ('LD_', 'ST_')
        if name.startswith(('LDR_lit', 'PRFM_lit')):
            border = USER + (DATA_PAGE + 1 + rng.randrange(len(BORDERS)) << 12)
            target = border + rng.choice([-4, -4, -8, -12, 0, 32])
            w.put(5, target - (USER + 4 * len(self.words)) >> 2 & 0x7ffff, 19)
            if not vector and 'rt' in w.operands:
                w.put(0, rng.randrange(RESULTS))
            self.emit(w.word, name)
            return
        back = name.endswith(('_pre', '_post')) or name in ('STILP', 'LDIAPP') or (name[:3] in ('LD_', 'ST_') and 'm' in w.fields)
        if not back and rng.random() < 0.3:
            base = rng.randrange(RESULTS)                       # which it may load
        else:
            base = rng.choice(list(POINTERS) + [31])
        w.put(5, base)
        if not vector:
            if 'rt' in w.operands:
                w.put(0, rng.choice([rng.randrange(RESULTS), rng.randrange(RESULTS), 31]))
            if 'rs' in w.operands:
                w.put(16, rng.randrange(RESULTS))
            if 'rt2' in w.operands and name not in PAIRS:
                w.put(10, rng.randrange(RESULTS))
            if name == 'CASP':
                w.put(0, rng.randrange(RESULTS) & ~1)
                w.put(16, rng.randrange(RESULTS) & ~1)
        if w.word & 0x3f000000 == 0x08000000 or name == 'LDAPR':        # fields that should be ones
            if 'rs' not in w.operands:
                w.put(16, 31)
            if 'rt2' not in w.operands and name != 'LDAPR':
                w.put(10, 31)
        at = 16 if name in PAIRS else 10
        if name in PAIRS:
            w.free |= 31 << 16 | 31                             # a cube fixes bits of what must not be XZR
            w.put(0, rng.randrange(RESULTS))
            w.put(16, rng.randrange(RESULTS))
        if 'rt2' in w.operands and w.get(at) == w.get(0):
            w.put(at, (w.get(0) + 1) % RESULTS)
        imm = w.fields.get('i', '')
        if imm == '7 bits':
            w.put(15, rng.randrange(-2, 3) & 127, 7)
        elif imm == '9 bits':
            w.put(12, rng.randrange(-16, 17) & 511, 9)
        elif imm == '12 bits':
            w.put(10, rng.randrange(3), 12)
        if 'rm' in w.operands and 'm' in w.fields:
            w.put(16, rng.choice([31, INDEX]))
        aligned = name in ('LDXR', 'LDXP', 'STLR', 'LDAR', 'STLLR', 'LDLAR', 'LDAPR', 'STLUR', 'LDAPUR', 'CAS', 'CASP',
                           'SWP', 'STLR_pre', 'LDAPR_post', 'STLUR_v', 'LDAPUR_v', 'STL1', 'LDAP1') or \
            name in PAIRS or (name[:2] == 'LD' and 'rs' in w.operands)
        if rng.random() < (self.aligned if aligned else 0.25) or base == 31:
            offset = rng.randrange(-4, 4) * 16
            if aligned and imm:
                w.put(12, rng.randrange(-1, 2) * 8 & 511, 9)
        else:
            offset = -rng.randrange(1, 64)
        self.emit((0xd1000000 | -offset << 10 if offset < 0 else 0x91000000 | offset << 10) |
                  rng.choice(BORDERS) << 5 | base, 'ADD')
        self.emit(w.word, name)
        if name in ('LDXR', 'LDXP'):
            self.store_exclusive(w, name)

    def store_exclusive(self, w, name):
        """Of what was loaded, and the status to XZR: failing after an exception in between changes nothing."""
        registers = [w.get(0)] + ([w.get(10)] if name == 'LDXP' else [])
        if 31 in registers or w.get(5) in registers:
            return
        release = self.rng.getrandbits(1) << 15
        self.emit(w.word & ~(1 << 22 | 1 << 15) | 31 << 16 | release, name.replace('LD', 'ST'))


class Image:
    def __init__(self, rng, count, aligned):
        alu, mem = load(ALU), load(MEM)
        self.programs = [Program(rng, alu, mem, aligned) for _ in range(count)]
        self.memory = b''.join(random_bytes(rng, 64) for _ in range(DATA_PAGES * 64))

    def include(self, programs, raw):
        records = sum(200 * (len(p.slots) + 12) for p in programs)
        lines = ['.set PROGRAMS, %d' % len(programs), '.set RAW, %d' % raw,
                 '.set OUT_SIZE, %d' % min(records * (24 + raw * 8 * STATE_QUADS), 192 << 20),
                 '.macro PROGRAM_LIST']
        lines += ['.quad code%d, %d, slots%d, %d, state%d' % (i, len(p.words), i, len(p.slots), i)
                  for i, p in enumerate(programs)]
        for i, p in enumerate(programs):
            lines.append('code%d: .word %s' % (i, ', '.join('0x%x' % w for w in p.words)))
            lines.append('slots%d: .word %s' % (i, ', '.join('%d' % s for s in p.slots)))
            lines.append('.balign 8')
            lines.append('state%d: .quad %s' % (i, ', '.join('0x%x' % q for q in p.state)))
        lines += ['.endm', '.macro MEMORY_CONTENT']
        lines += ['.quad ' + ', '.join('0x%x' % n for n in struct.unpack_from('<16Q', self.memory, i))
                  for i in range(0, len(self.memory), 128)]
        lines.append('.endm')
        return '\n'.join(lines) + '\n'

    def build(self, folder, programs, raw):
        with open(os.path.join(folder, 'precise.inc'), 'w') as f:
            f.write(self.include(programs, raw))
        exe = os.path.join(folder, 'kernel')
        subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wa,-I' + folder, '-Wl,-Ttext=0x%x' % LINK,
                        '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'precise.S'), '-o', exe],
                       check=True)
        return exe


class Record:
    def __init__(self, data, at, raw):
        first, self.regs, self.memory = struct.unpack_from('<3Q', data, at)
        self.esr, self.far, self.elr = first >> 32, first >> 16 & 0xffff, first & 0xffff
        self.all = struct.unpack_from('<%dQ' % STATE_QUADS, data, at + 24) if raw else None

    def key(self):
        return self.esr, self.far, self.elr, self.regs, self.memory

    def __str__(self):
        what = 'interrupt' if self.esr == IRQ else 'esr %08x far %04x' % (self.esr, self.far)
        return 'elr %04x %s registers %016x memory %016x' % (self.elr, what, self.regs, self.memory)


def parse(data, programs, raw=False):
    """For each program its runs, each a list of records."""
    size = 24 + raw * 8 * STATE_QUADS
    if data[:8] == b'EXCEPTN!':
        raise SystemExit('precise: unexpected exception: esr %x elr %x far %x' % struct.unpack_from('<3Q', data, 8))
    runs, run = [], []
    for at in range(0, len(data) - size + 1, size):
        r = Record(data, at, raw)
        run.append(r)
        if r.esr >> 26 == 0x15:
            runs.append(run)
            run = []
    out, n = [], 0
    for p in programs:
        out.append(runs[n:n + 2 + len(p.slots)])
        n += 2 + len(p.slots)
    if n != len(runs) or run or len(data) % size:
        raise SystemExit('precise: %d runs, not %d' % (len(runs), n))
    return out


def execute(command, exe):
    p = subprocess.run(command + ['-m', '512M', '-nographic', '-kernel', exe], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900 * PATIENCE)
    if p.returncode:
        raise SystemExit('precise: %s ended with %d: %s' % (command[0], p.returncode, p.stderr.decode()))
    return p.stdout


def run_here(chimera, exe, accel, cpu):
    return execute([chimera, '-M', 'virt,gic-version=2', '-cpu', cpu, '-accel', accel], exe)


def partly(name):
    """Stores whose first accesses may be seen before the fault of a later one."""
    return name.startswith(('ST_mult', 'ST_single')) or (name.startswith('ST') and 'P' in name and '_v' in name)


def check_alone(program, runs):
    """What must be true of one program's runs whatever they are compared with: None, or what is not."""
    steps, faults = runs[0], runs[1]
    at = 0
    for r in faults:
        while at < len(steps) and (steps[at].elr, steps[at].regs) != (r.elr, r.regs):
            at += 1
        if at == len(steps):
            return 'fault: no such state in steps: %s (%s)' % (r, program.names.get(r.elr))
        if steps[at].memory != r.memory and not partly(program.names.get(r.elr, '')):
            return 'fault: memory changed: %s (%s)' % (r, program.names.get(r.elr))
    seen = {(r.elr, r.regs, r.memory) for r in steps}
    for n, run in enumerate(runs[2:]):
        for r in run:
            if (r.elr, r.regs, r.memory) not in seen:
                return 'interrupt, slot %d: no such state in steps: %s' % (n, r)
    for n, run in enumerate(runs[1:]):
        if run[-1].key() != steps[-1].key():
            return 'run %d ends otherwise: %s, not %s' % (n + 1, run[-1], steps[-1])
    return None


def difference(want, got):
    """Between the records of two runs: (index, text) or None."""
    for i, (a, b) in enumerate(zip(want, got)):
        if a.key() != b.key():
            return i, 'want %s\n    got  %s' % (a, b)
    return None if len(want) == len(got) else (min(len(want), len(got)), '%d records, not %d' % (len(got), len(want)))


NAMES = ['x%d' % i for i in range(31)] + ['sp'] + ['v%d.d[%d]' % (i // 2, i % 2) for i in range(64)] + \
        ['elr', 'nzcv', 'fpsr', 'fpcr']


def explain(image, index, run, i, want, got):
    """Both once more, with registers."""
    program = image.programs[index]
    with tempfile.TemporaryDirectory() as folder:
        exe = image.build(folder, [program], 1)
        a, b = (parse(f(exe), [program], True)[0][run] for f in (want, got))
    if i >= len(a) or i >= len(b):
        return
    a, b = a[i], b[i]
    print('    %s at %04x: %08x' % (program.names.get(a.elr), a.elr, program.words[a.elr // 4]))
    for name, p, q in zip(NAMES, a.all, b.all):
        if p != q:
            print('    %-8s want %016x got %016x' % (name, p, q))


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--count', type=int, default=20)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--oracle', action='store_true')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc') or (args.oracle and not shutil.which('qemu-system-aarch64')):
        print('precise: no cross assembler, or no other emulator')
        return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    if not args.oracle:
        insn_oracle.FEATURES |= MORE_FEATURES
    # the other emulator has no unaligned atomics (LSE2), and the pointer authentication of Armv8.3
    image = Image(random.Random(args.seed), args.count, 1 if args.oracle else 0.85)
    cpu = 'max,pauth2=off' if args.oracle else 'max'
    ways = {a: lambda exe, a=a: run_here(chimera, exe, a, cpu) for a in [REFERENCE] + args.accel.split(';')}
    if args.oracle:
        ways[ORACLE] = lambda exe: execute(['qemu-system-aarch64', '-M', 'virt,gic-version=2', '-cpu', 'max'], exe)
    results, failed = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        exe = image.build(folder, image.programs, 0)
        for name, way in ways.items():
            results[name] = parse(way(exe), image.programs)
    for name, programs in results.items():
        bad = 0
        count = [0, 0, 0]
        for i, runs in enumerate(programs):
            count[0] += len(runs[0])
            count[1] += len(runs[1])
            count[2] += sum(len(r) - 1 for r in runs[2:])
            why = None if name == ORACLE else check_alone(image.programs[i], runs)
            where = 0
            if not why and name != REFERENCE:
                for k in (0,) if name == ORACLE else (0, 1):
                    d = difference(results[REFERENCE][i][k], runs[k])
                    if d:
                        why = '%s: not as %s: record %d\n    %s' % (('steps', 'faults')[k], REFERENCE, *d)
                        where = k
                        break
            if why:
                bad += 1
                if bad <= 5:
                    print('%s, program %d: %s' % (name, i, why))
                    if 'not as' in why:
                        explain(image, i, where, d[0], ways[REFERENCE], ways[name])
        print('%s: %d programs, %d steps, %d faults, %d interrupts; %d wrong' % (name, len(programs), *count, bad))
        failed += bad
        # what the test is for must have happened
        if count[1] < 5 * args.count or count[2] < 10 * args.count:
            print('%s: too few of them' % name)
            failed += 1
    reference = results[REFERENCE]
    for i, runs in enumerate(reference):
        # with blocks of one instruction the interrupt comes at the instruction after the slot
        for slot, run in zip(image.programs[i].slots, runs[2:]):
            visits = sum(r.elr == 4 * slot for r in runs[0])
            taken = sum(r.esr == IRQ and r.elr == 4 * (slot + 1) for r in run)
            if visits != taken:
                print('%s, program %d: slot at %x: %d interrupts, not %d' % (REFERENCE, i, 4 * slot, taken, visits))
                failed += 1
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
