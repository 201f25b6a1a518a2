#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
insn_oracle.py: random A64 instructions on random register states, against another emulator.

Picks encodings from pattern files, makes one program of them (insn_oracle.S) and runs it as a Linux program
under qemu-aarch64 and as a kernel on the board "virt" here, compiled and interpreted. On a difference the
instruction is run alone and what differs is printed. With --big-endian, data is big-endian.

    insn_oracle.py [--count N] [--seed N] [--patterns FILE...] [--names REGEX] [--accel LIST] [--all]

Exit status 77 (skipped) where the other emulator or the cross assembler is missing.
"""

import argparse
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ARM = os.path.dirname(HERE)
ROOT = os.path.normpath(os.path.join(ARM, '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
LINK = 0x40080000
CLREX = 0xd5033f5f
ROUNDS, STATES = 4, 61
MEMORY = 6144                                   # bytes that pointers lead into, at their middle
STATE_QUADS = 64 + 30 + 4
POINTERS, OFFSETS = range(16, 24), range(24, 28)        # X registers of a state: pointers, small offsets
ALIGNED_POINTERS = range(16, 18)

# What both sides have; a pattern that needs something else is left out.
FEATURES = {'-', 'FP', 'AdvSIMD', 'FP16', 'RDM', 'DotProd', 'I8MM', 'AES', 'PMULL', 'SHA1', 'SHA256',
            'SHA512', 'SHA3', 'SM3', 'SM4', 'FCMA', 'FHM', 'BF16', 'JSCVT', 'FRINTTS', 'CRC32', 'FlagM', 'FlagM2',
            'LSE', 'LOR', 'LRCPC', 'LRCPC2'}
# (file, names): what is chosen from by default. Left out is what qemu-aarch64 7.2 gets wrong: FJCVTZS says that a
# denormal that it flushes was exact, and FCVTZS and FCVTZU of a half-precision scalar by fixed point sign-extend
# (docs/CAVEATS.md); a64_model_fp.py has them. proof.py says which encodings are compared, and what proves the others.
DEFAULT = [
    ('a64_simd_int.decode', ''), ('a64_simd_copy.decode', ''), ('a64_simd_shift.decode', ''),
    ('a64_simd_elem.decode', ''), ('a64_crypto.decode', ''), ('a64_simd_ldst.decode', ''),
    ('a64_fp.decode', '(?!FJCVTZS)'), ('a64_simd_fp.decode', '(?!FCVTZ[SU]_s)'),
    ('a64_dp_imm.decode', ''), ('a64_dp_reg.decode', ''),
    # at EL1 these access as EL0: precise.py has them
    ('a64_ldst.decode', '(?!(LD|ST)TR)'),
]
# What faults where it is not aligned.
ALIGNED = {'LDXR', 'LDXP', 'STXR', 'STXP', 'STLR', 'LDAR', 'STLLR', 'LDLAR', 'LDAPR', 'STLUR', 'LDAPUR', 'CAS', 'CASP',
           'LDADD', 'LDCLR', 'LDEOR', 'LDSET', 'LDSMAX', 'LDSMIN', 'LDUMAX', 'LDUMIN', 'SWP'}


def load_rows(path):
    decodegen = os.path.join(ROOT, 'targets', 'common', 'decodegen.py')
    out = subprocess.run([sys.executable, decodegen, '--name', 'a64', '--list', path,
                          '--features', os.path.join(ARM, 'features.def')],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def allowed(row):
    needs = re.sub(r'\[[^]]*\]', '', row['needs'])
    return all(f in FEATURES for f in re.split(r'[&|]', needs) if f)


def choose_word(rng, row, memory, general=False):
    mask, value = (int(x, 16) for x in rng.choice(row['cubes']))
    free = ~mask & 0xffffffff
    word = value | (rng.getrandbits(32) & free)

    def put(pos, length, field):
        nonlocal word
        bits = ((1 << length) - 1) << pos
        word = word & ~(bits & free) | (field << pos) & bits & free

    if memory:
        if row['name'].startswith('LDR_lit'):
            put(5, 19, rng.randrange(2, 64))
            return word
        aligned = row['name'] in ALIGNED
        base = rng.choice(list(ALIGNED_POINTERS if aligned else POINTERS) + [31])
        put(5, 5, base)
        if 'option' in row['operands']:
            # a negative offset must not be zero-extended
            put(16, 5, rng.choice(OFFSETS[:2] if word >> 13 & 7 == 2 else OFFSETS))
        if row['fields'].get('i') == '12 bits':
            put(16, 6, 0)
        if 'rt2' in row['operands']:
            put(10, 5, ((word & 31) + rng.randrange(1, 32)) % 32)
        if general:
            choose_general(rng, row, put, base)
        if aligned:
            if 'imm' in row['operands']:
                put(12, 9, rng.randrange(-16, 16) * 8 & 511)
            # fields that should be ones
            if 'rs' not in row['operands']:
                put(16, 5, 31)
            if 'rt2' not in row['operands'] and word >> 24 & 0x3f == 8:
                put(10, 5, 31)
    return word


def choose_general(rng, row, put, base):
    """Registers that the manual allows together: what is loaded, the base that is written, the status."""
    free = [r for r in range(32) if r != base]
    rng.shuffle(free)
    if row['name'].endswith(('_pre', '_post')) or 'rt2' in row['operands'] or row['name'].startswith('STX'):
        put(0, 5, free[0])
        if 'rt2' in row['operands']:
            put(10, 5, free[1])
        if row['name'].startswith('STX'):
            put(16, 5, free[2])


def exclusive_before(word):
    """The load-exclusive, to X30, that lets a store-exclusive succeed."""
    return word & ~0x001ffc1f | 0x005f7c00 | 30


EDGES = {1: [0, 1, 0x7f, 0x80, 0xff, 0x55, 8, 0xf8],
         2: [0, 1, 0x7fff, 0x8000, 0xffff, 0x3c00, 0x7c00, 0x7e01, 0x7d01, 0xfc00, 0x0001, 0x0400, 0x03ff, 0x1400, 0x7bff,
             16, 0xfff0],
         4: [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x3f800000, 0x7f800000, 0x7fc00001,
             0x7f800001, 0x4b000001, 0xcf000000, 0x4f000000, 0xffffffe0],
         8: [0, 1, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x3ff0000000000000,
             0x7ff0000000000000, 0x7ff8000000000001, 0x7ff0000000000001,  0x41dfffffffc00000,
             0xc1e0000000000000, 0xffffffffffffffc0]}


def random_bytes(rng, n):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(n)
    size = rng.choice([s for s in (1, 2, 4, 8) if s <= n])
    out = b''
    while len(out) < n:
        v = rng.choice(EDGES[size]) if rng.random() < 0.7 else rng.getrandbits(8 * size)
        if rng.random() < 0.2:
            v = v + rng.choice([-1, 1]) & (1 << 8 * size) - 1
        out += v.to_bytes(size, 'little')
    return out


class Program:
    """The instructions with their states; builds executables that write hashes, or all results of one."""

    options = []                                # more of ours

    def __init__(self, rng, words, before, memory, fpcr=(0,), big_endian=False, align_check=False):
        self.words = words
        self.before = before
        self.memory = memory
        self.big_endian = big_endian
        self.align_check = align_check
        self.content = random_bytes(rng, MEMORY)
        self.states = []
        for _ in range(STATES):
            x = [int.from_bytes(random_bytes(rng, 8), 'little') for _ in range(30)]
            v = [int.from_bytes(random_bytes(rng, 8), 'little') for _ in range(64)]
            misaligned = [0, 0, 16] if align_check else [0, 0, 16, 8, 4, 1, 3, 7, 61]
            pointers = [rng.choice(misaligned) for _ in range(len(POINTERS) + 1)]
            pointers[:len(ALIGNED_POINTERS)] = [n // 16 * 16 for n in pointers[:len(ALIGNED_POINTERS)]]
            offsets = [rng.choice([0, 1, 2, 5, 16] + [-1, -8] * (i > 1)) for i in range(len(OFFSETS))]
            self.states.append((v, x, rng.getrandbits(4) << 28, rng.choice(fpcr), pointers, offsets))

    def include(self, first, count, raw):
        lines = ['.set TESTS, %d' % count, '.set ROUNDS, %d' % ROUNDS, '.set STATES, %d' % STATES,
                 '.set RAW, %d' % raw, '.set ALIGN_CHECK, %d' % self.align_check,
                 '.set MEMORY, %d' % (MEMORY if self.memory else 0),
                 '.set OUT_SIZE, %d' % (count * (ROUNDS * STATE_QUADS if raw else 1) * 8 + 64)]
        lines.append('.macro TEST_LIST')
        for w, before in zip(self.words[first:first + count], self.before[first:first + count]):
            lines.append('test 0x%08x, 0x%08x' % (w, before))
        lines += ['.endm', '.macro STATE_LIST']
        # a test alone has the states that it has among the others
        turn = first * ROUNDS % STATES
        for v, x, nzcv, fpcr, pointers, offsets in self.states[turn:] + self.states[:turn]:
            x = ['0x%x' % n for n in x]
            for r, add in zip(POINTERS, pointers):
                x[r] = 'memory + %d' % (MEMORY // 2 + add)
            for r, n in zip(OFFSETS, offsets):
                x[r] = '0x%x' % (n & 0xffffffffffffffff)
            lines.append('.quad ' + ', '.join('0x%x' % n for n in v))
            lines.append('.quad ' + ', '.join(x))
            sp = MEMORY // 2 + pointers[-1] // 16 * 16
            lines.append('.quad memory + %d, 0x%x, 0x%x, 0' % (sp, nzcv, fpcr))
        lines += ['.endm', '.macro MEMORY_CONTENT']
        lines += ['.quad ' + ', '.join('0x%x' % n for n in struct.unpack_from('<16Q', self.content, i))
                  for i in range(0, MEMORY, 128)]
        lines.append('.endm')
        return '\n'.join(lines) + '\n'

    def build(self, folder, first, count, raw):
        with open(os.path.join(folder, 'insn_oracle.inc'), 'w') as f:
            f.write(self.include(first, count, raw))
        exe = os.path.join(folder, 'program')
        subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wa,-I' + folder, '-Wl,-Ttext=0x%x' % LINK,
                        '-Wl,--build-id=none,--no-warn-rwx-segments',
                        '-mbig-endian' if self.big_endian else '-mlittle-endian',
                        os.path.join(HERE, 'insn_oracle.S'), '-o', exe], check=True)
        return exe

    def run_oracle(self, exe):
        p = subprocess.run(['qemu-aarch64_be' if self.big_endian else 'qemu-aarch64', '-cpu', 'max', exe],
                           stdout=subprocess.PIPE, timeout=300 * PATIENCE)
        if p.returncode:
            raise SystemExit('insn_oracle: the other emulator ended with %d' % p.returncode)
        return p.stdout

    def run_here(self, chimera, exe, accel):
        if self.big_endian:
            # the same bytes in a little-endian file, which is what the board's loader takes
            flat = exe + '.bin'
            subprocess.run(['aarch64-linux-gnu-objcopy', '-I', 'elf64-bigaarch64', '-O', 'binary', exe, flat],
                           check=True)
            exe = exe + '.elf'
            with open(flat, 'rb') as f, open(exe, 'wb') as out:
                out.write(elf_of(LINK, f.read(), 1 << 24))
        # the oracle's pointer authentication is that of Armv8.3
        p = subprocess.run([chimera, '-M', 'virt', '-cpu', 'max,pauth2=off', '-m', '256M', '-accel', accel, '-nographic',
                            '-kernel', exe, *self.options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=600 * PATIENCE)
        if p.returncode:
            raise SystemExit('insn_oracle: chimera ended with %d: %s' % (p.returncode, p.stderr.decode()))
        return p.stdout


def elf_of(address, data, memory_size):
    """A little-endian executable of one segment."""
    ident = b'\x7fELF\x02\x01\x01'
    header = struct.pack('<16sHHIQQQIHHHHHH', ident, 2, 183, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack('<IIQQQQQQ', 1, 7, 120, address, address, len(data), memory_size, 8)
    return header + segment + data


NAMES = ['v%d.d[%d]' % (i // 2, i % 2) for i in range(64)] + ['x%d' % i for i in range(30)] + \
        ['sp', 'nzcv', 'fpsr', 'memory']


def explain(program, folder, chimera, accel, index, name):
    word, order = program.words[index], '>' if program.big_endian else '<'
    exe = program.build(folder, index, 1, 1)
    want, got = program.run_oracle(exe), program.run_here(chimera, exe, accel)
    print('%s %08x (%s): different from the other emulator' % (name, word, accel))
    if got[:8] == b'EXCEPTN!':
        print('    exception: esr %x elr %x' % struct.unpack_from(order + 'QQ', got, 8))
        return
    size = STATE_QUADS * 8
    for r in range(ROUNDS):
        state = program.states[(index * ROUNDS + r) % STATES]
        a = struct.unpack_from('%s%dQ' % (order, STATE_QUADS), want, r * size)
        b = struct.unpack_from('%s%dQ' % (order, STATE_QUADS), got, r * size)
        if a != b:
            half = (lambda pair: pair) if program.big_endian else reversed
            fields = {'d': word & 31, 'n': word >> 5 & 31, 'm': word >> 16 & 31, 'a': word >> 10 & 31}
            print('    state: fpcr %x, ' % state[3] + ', '.join(
                'v%d(%s) %016x_%016x' % (n, f, *half(state[0][2 * n:2 * n + 2])) for f, n in fields.items()))
            for i, (p, q) in enumerate(zip(a, b)):
                if p != q:
                    print('    %-8s want %016x got %016x' % (NAMES[i], p, q))
            return
    print('    alone it is the same: what came before matters')


def compare(args, chimera, rng, rows):
    """One program of args.count instructions. (whether all is well, {accelerator: instructions compared})"""
    rng.shuffle(rows)
    words, before, which = [], [], []
    while len(words) < args.count:
        row, memory, general = rows[len(words) % len(rows)]
        words.append(choose_word(rng, row, memory, general))
        exclusive = row['name'].startswith('STX') and rng.random() < 0.7
        before.append(exclusive_before(words[-1]) if exclusive else CLREX)
        which.append(row['name'])
    program = Program(rng, words, before, any(m for _, m, _ in rows), [int(f, 16) for f in args.fpcr.split(',')],
                      args.big_endian, args.align_check)
    failed, compared = False, {}
    with tempfile.TemporaryDirectory() as folder:
        exe = program.build(folder, 0, len(words), 0)
        want = program.run_oracle(exe)
        for accel in args.accel.split(';'):
            exe = program.build(folder, 0, len(words), 0)
            got = program.run_here(chimera, exe, accel)
            if got[:8] == b'EXCEPTN!':
                esr, elr, test = struct.unpack_from('>QQQ' if args.big_endian else '<QQQ', got, 8)
                print('%s: exception, esr %x elr %x in %s %08x' % (accel, esr, elr, which[test], words[test]))
                failed = True
                continue
            if len(got) != len(want):
                print('%s: wrote %d bytes, not %d: %r' % (accel, len(got), len(want), got[:80]))
                failed = True
                continue
            bad = {}
            for i in range(len(words)):
                if got[8 * i:8 * i + 8] != want[8 * i:8 * i + 8]:
                    bad.setdefault(which[i], []).append(i)
            compared[accel] = len(words)
            if bad:
                print('%s: %d differ, of: %s' % (accel, sum(len(b) for b in bad.values()), ' '.join(sorted(bad))))
            failed |= bool(bad)
            for name in sorted(bad)[:None if args.all else 5]:
                explain(program, folder, chimera, accel, bad[name][0], name)
    return not failed, compared


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--count', type=int, default=1500)
    p.add_argument('--programs', type=int, default=1, help='of so many instructions each')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--patterns', nargs='*', help='pattern files instead of the default ones')
    p.add_argument('--names', default='', help='only patterns whose name matches')
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--fpcr', default='0,400000,800000,c00000,1000000,2000000,3000000,80000,1080000,4000000',
                   help='values of FPCR, hexadecimal, with commas')
    p.add_argument('--big-endian', action='store_true', help='data, not code')
    p.add_argument('--align-check', action='store_true', help='SCTLR_EL1.A here; for instructions without offset')
    p.add_argument('--stats', action='store_true', help='with -d stats, which calls helpers another way')
    p.add_argument('--all', action='store_true', help='show every pattern that differs, not the first 5')
    args = p.parse_args()

    Program.options = ['-d', 'stats', '-D', '/dev/null'] if args.stats else []
    for tool in ('qemu-aarch64_be' if args.big_endian else 'qemu-aarch64', 'aarch64-linux-gnu-gcc'):
        if not shutil.which(tool):
            print('insn_oracle: no %s' % tool)
            return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    rng = random.Random(args.seed)
    chosen = [(f, '') for f in args.patterns] if args.patterns else DEFAULT
    rows = []
    for path, names in chosen:
        for row in load_rows(os.path.join(ARM, path)):
            if allowed(row) and re.match(names, row['name']) and re.match(args.names, row['name']):
                rows.append((row, 'ldst' in path, path == 'a64_ldst.decode'))
    failed, total = False, {}
    for _ in range(args.programs):
        ok, compared = compare(args, chimera, rng, rows)
        failed |= not ok
        for accel, count in compared.items():
            total[accel] = total.get(accel, 0) + count
    for accel, count in total.items():
        print('%s: %d instructions of %d patterns, %d executions%s' %
              (accel, count, len(rows), count * ROUNDS, '' if failed else ', 0 differ'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
