#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
m_oracle.py: random T16 and T32 instructions on random register states, against another emulator.

Picks encodings from the pattern files, makes one image of them (m_oracle.S) and runs it on a board of qemu-system-arm and
on the board m-test here, compiled and interpreted. What is compared: registers, flags, Q and GE, IT state, floating point
and its flags, memory, and where the instruction faults, the exception with its status registers. On a difference the
instruction is run alone and what differs is printed.

    m_oracle.py [--cpu NAME...] [--count N] [--rounds N] [--seed N] [--names REGEX] [--accel LIST] [--all]

Exit status 77 (skipped) where the other emulator or the cross assembler is missing.
"""

import argparse
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from coverage import ROOT, dg

HERE = os.path.dirname(os.path.abspath(__file__))
ARM = os.path.dirname(HERE)
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
MEMORY, MIDDLE, SLED = 4096, 2048, 32
STATES, RESULT_WORDS = 61, 58

# cpu: (board of the other emulator, address of code, of data, features, gcc's name)
V6, V7, V7E = {'M'}, {'M', 'T32'}, {'M', 'T32', 'M_DSP', 'VFP'}
CPUS = {
    'cortex-m0': ('microbit', 0, 0x20000000, V6, 'cortex-m0'),
    'cortex-m0plus': ('microbit', 0, 0x20000000, V6, 'cortex-m0plus'),
    'cortex-m3': ('mps2-an385', 0, 0x20000000, V7, 'cortex-m3'),
    'cortex-m4': ('mps2-an386', 0, 0x20000000, V7E, 'cortex-m4'),
    'cortex-m7': ('mps2-an500', 0, 0x20000000, V7E | {'VFP_V5', 'VFP_DP'}, 'cortex-m7'),
    # on a Mainline core, without what Baseline lacks: faults of their own (SHCSR), unaligned accesses, Q
    'cortex-m23': ('mps2-an505', 0x10000000, 0x38000000, {'M', 'M_V8', 'M_SEC'}, 'cortex-m23'),
    'cortex-m33': ('mps2-an505', 0x10000000, 0x38000000, V7E | {'VFP_V5', 'M_V8', 'M_SEC'}, 'cortex-m33'),
}

# Registers of the states of pieces that access memory: pointers, small offsets, where branches go to.
POINTERS, OFFSETS, TARGET_REGS = (1, 4, 5, 9, 11), (2, 6, 10), (0, 3, 7, 8, 12, 14)
ALIGNED = 4                                     # of the pointers
# The other emulator lets these be unaligned.
EXCLUSIVE = re.compile('(LDREX|STREX|LDA|STL)')
NONE, RANDOM, TARGETS, SMALL = range(4)         # what is in memory

# What is left to directed tests: it ends the run, sleeps, leaves Thread mode, or depends on what the boards are.
LEFT_OUT = re.compile('(BKPT_n|SVC_n|WF[IE](_n)?|YIELD(_n)?|SEV(_n)?|CPS_n|IT_n|BXNS|BLXNS|SG|TT|VLSTM|VLLDM|UDF(_n)?)$')
LOADS = re.compile('(LDR|LDM|POP|STR|STM|PUSH|LDA|STL|PLD|PLI|MEM_HINT|VLDR|VSTR|VLDM|VSTM|TBB)')
BRANCHES = re.compile('(B_n|B_cond_n|CBZ_n|BX_n|BLX_n|B_cond|B_uncond|BL|TBB)$')
NOT_IN_IT = re.compile('(B_cond|B_cond_n|CBZ_n|MOVS_n|VSEL|VMAXNM|VMINNM|VRINT|VCVTA)$')
IT_LAST = re.compile('(B_|BL|BX|TBB)')


def sysm(rng, main, write):
    """Special registers that exist in each profile. Stacks and masks are not written: the piece ends with SVC."""
    if write:
        return rng.randrange(4)
    return rng.choice([0, 1, 2, 3, 5, 6, 7, 9, 16, 20] + [17, 18, 19] * main)


class Chooser:
    """Random words of patterns that a CPU has."""

    def __init__(self, rng, cpu, names):
        paths = [os.path.join(ARM, f) for f in sorted(os.listdir(ARM)) if re.fullmatch(r't(16|32_.*)\.decode', f)]
        self.isa = dg.Isa(paths, dg.load_features(os.path.join(ARM, 'm_features.def')),
                          dg.load_spec(os.path.join(ROOT, 'tests', 'data', 'arm', 'm_profile.tsv')))
        self.should = {r.name: (int(r.columns['should_mask'] or '0', 16), int(r.columns['should_value'] or '0', 16))
                       for r in dg.load_spec(os.path.join(ROOT, 'tests', 'data', 'arm', 't32.tsv'))}
        self.should.update({'HINT_T2': (0x000f2800, 0x000f0000), 'MRS_M_T1': (0x001f2000, 0x000f0000),
                            'MSR_M_T1': (0x00102300, 0)})
        self.rng = rng
        self.features = CPUS[cpu][3]
        self.main = 'T32' in self.features
        self.v8 = 'M_V8' in self.features
        self.rows = [r for r in self.isa.rows if not LEFT_OUT.match(r.name) and re.match(names, r.name)]

    def put(self, row, word, letter, value):
        for i, bit in enumerate(reversed(row.fields[letter])):
            word = word & ~(1 << bit) | (value >> i & 1) << bit
        return word

    def word(self, row):
        """A word of the row, or None if this CPU has none."""
        rng = self.rng
        for _ in range(300):
            mask, value = rng.choice(row.cubes)
            word = value | rng.getrandbits(row.width) & ~mask
            for letter, value in self.fields(row, word).items():
                word = self.put(row, word, letter, value)
            if self.isa.lookup(word, self.features, row.width) is not row:
                continue
            mask, value = self.should.get(self.isa.spec_of(row, word).name, (0, 0))
            word = word & ~mask | value
            if self.isa.lookup(word, self.features, row.width) is row and self.sane(row, word):
                return word
        return None

    def fields(self, row, word):
        rng, operands, fields = self.rng, [o.name for o in row.operands], {}
        if LOADS.match(row.name):
            if 'rn' in operands and 'n' in row.fields and (rng.random() < 0.93 or not row.name.startswith(('LD', 'VLD'))):
                low = len(row.fields['n']) == 3
                fields['n'] = rng.choice([1, 4, 5] if low else list(POINTERS) + [13])
                if EXCLUSIVE.match(row.name) or row.name == 'TBB':
                    fields['n'] = ALIGNED
            if 'm' in row.fields:
                fields['m'] = rng.choice([2, 6] if len(row.fields['m']) == 3 else OFFSETS)
            if len(row.fields.get('i', '')) == 12:
                fields['i'] = rng.randrange(1024)
        elif BRANCHES.match(row.name):
            self.branch_fields(row, fields)
        elif row.name == 'MSR_M':
            fields['y'] = sysm(rng, self.main, True)
        elif row.name == 'MRS_M':
            fields['y'] = sysm(rng, self.main, False)
        return fields

    def branch_fields(self, row, fields):
        """Forward, within the sled that follows, or three halfwords back, to the SVC of what was before."""
        rng = self.rng
        for letter in 'sjkitc':
            if letter in row.fields and letter != 'c':
                fields[letter] = 0
        near = rng.randrange(SLED - 4)
        if row.name == 'CBZ_n':
            fields['j'] = near
        elif row.name in ('B_n', 'B_cond_n'):
            fields['i'] = near if rng.random() < 0.8 else -3
        elif row.name in ('B_cond', 'B_uncond', 'BL'):
            ahead = rng.random() < 0.8
            fields.update({'s': 1 - ahead, 't': near if ahead else -3, 'i': -1 + ahead, 'j': 1, 'k': 1})
            if row.name == 'B_cond':
                fields.update({'j': 1 - ahead, 'k': 1 - ahead})

    def sane(self, row, word):
        """What the manual leaves open, and patterns have anyway."""
        o = {x.name: x.value(word) for x in row.operands}
        name = row.name
        if name in ('LDM', 'STM', 'LDMDB', 'STMDB'):
            if bin(o['list']).count('1') < 2 or o['list'] >> 13 & 1 or (o['wb'] and o['list'] >> o['rn'] & 1):
                return False
        if name == 'STM_n' and o['list'] >> o['rn'] & 1 and o['list'] & ((1 << o['rn']) - 1):
            return False
        if name in ('VLDM', 'VSTM'):
            count = o['imm'] >> 1 if o['dp'] else o['imm']
            if o['rd'] + count > (16 if o['dp'] else 32) or o['dp'] and o['imm'] & 1:
                return False
        if name == 'BFI' and o['msb'] < o['lsb'] or name in ('SBFX', 'UBFX') and o['lsb'] + o['widthm1'] > 31:
            return False
        # UNPREDICTABLE with SP, outside of what moves it on purpose
        moves = name in ('ADD_hi', 'MOV_hi', 'ADD_sp_n', 'SUB_sp_n') or \
            (name in ('ADD_i', 'SUB_i', 'ADDW', 'SUBW', 'ADD_r', 'SUB_r') and o.get('rn') == 13)
        regs = {k: v for k, v in o.items() if k in ('rd', 'rn', 'rm', 'ra', 'rlo', 'rhi', 'rt', 'rt2')}
        if 'dp' in o:
            regs = {k: v for k, v in regs.items() if k in ('rt', 'rt2') or
                    (k == 'rn' and name in ('VLDR', 'VSTR', 'VLDM', 'VSTM'))}
        for k, v in regs.items():
            if v != 13 or (k == 'rn' and LOADS.match(name)):
                continue
            if not moves and not (name in ('CMP_hi', 'CMP_i', 'CMP_r', 'CMN_i') and k != 'rm') and name not in ('ADR_n',):
                return False
        if name in ('ADD_r', 'SUB_r') and o['rn'] == 13 and (o['rd'] == 13 and (o['shift'] or o['imm'] > 3) or
                                                             o['rm'] == 13):
            return False
        if name in ('ADD_i', 'SUB_i', 'ADDW', 'SUBW') and o['rd'] == 13 and (o['rn'] != 13 or o['imm'] > 255):
            return False
        if name in ('ADD_r', 'SUB_r') and o['rd'] == 13 and (o['rn'] != 13 or o['rm'] not in OFFSETS):
            return False
        if name in ('ADD_hi', 'MOV_hi') and o['rd'] == 13 and o['rm'] not in (OFFSETS if name == 'ADD_hi' else POINTERS):
            return False
        if name == 'ADD_hi' and o['rd'] == 15:
            return o['rm'] in OFFSETS
        if name == 'MOV_hi' and o['rd'] == 15 or name in ('BX_n', 'BLX_n'):
            return o['rm'] in TARGET_REGS
        if o.get('list', 0) >> 15 and o.get('rn', 13) not in POINTERS + (13,) * (name != 'LDMDB'):
            return False
        if o.get('rt') == 15 and (row.name == 'LDR_lit' or o.get('imm', 0) & 3 or o.get('shift', 2) < 2 or
                                  o.get('rn', 13) not in (ALIGNED, 13)):
            return False
        if name == 'LDRD' and not o['p'] and not o['w']:
            return False
        if name == 'MSR_M' and not self.main:
            return False                        # the other emulator's Armv6-M has a Q
        if name == 'MSR_M' and o['sysm'] < 4 and o['mask'] != 2 and ('M_DSP' not in self.features or not o['mask']):
            return False
        if name == 'MSR_M' and o['sysm'] >= 4 and o['mask'] != 2:
            return False
        if name in ('HINT', 'NOP_n', 'DBG', 'DSB', 'DMB', 'ISB', 'CLREX', 'COPROC'):
            return name != 'COPROC' or o['coproc'] < 8 if not self.v8 else o.get('coproc', 0) < 8
        return True

    def kind(self, row, word):
        """Which content memory has for it."""
        o = {x.name: x.value(word) for x in row.operands}
        if row.name in ('BX_n', 'BLX_n') or (row.name == 'MOV_hi' and o['rd'] == 15):
            return TARGETS
        if row.name == 'TBB' or row.name == 'ADD_hi' and o['rd'] == 15:
            return SMALL
        if row.name.startswith(('LDR', 'LDM', 'POP')) and (o.get('rt') == 15 or o.get('list', 0) >> 15):
            return TARGETS
        if row.name in ('ADD_hi', 'MOV_hi', 'ADD_r', 'SUB_r') and o['rd'] == 13:
            return RANDOM
        return RANDOM if LOADS.match(row.name) else NONE

    def branches(self, row, word):
        o = {x.name: x.value(word) for x in row.operands}
        return bool(BRANCHES.match(row.name)) or (row.name in ('ADD_hi', 'MOV_hi') and o['rd'] == 15) or \
            (row.name.startswith(('LDR', 'LDM', 'POP')) and (o.get('rt') == 15 or bool(o.get('list', 0) >> 15)))

    def before(self, row, word):
        """The load-exclusive that lets a store-exclusive succeed, into R12 or, if that is the base, R0."""
        if row.name not in ('STREX', 'STREXBH') or self.rng.random() < 0.2:
            return []
        o = {x.name: x.value(word) for x in row.operands}
        rt = 12 if o['rn'] != 12 else 0
        if row.name == 'STREX':
            return [0xe8500f00 | o['rn'] << 16 | rt << 12 | word & 0xff]
        return [0xe8d00f00 | o['rn'] << 16 | rt << 12 | word & 0xf0 | 15]


EDGES = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x3f800000, 0x7f800000, 0x7fc00001, 0x7f800001, 0x4b000001, 0xcf000000,
         0x4f000000, 0xffffffe0, 0x00800000, 0x007fffff, 0x00000001, 0x80000001, 0x477fe000, 0x33800000, 0x38800000,
         0x7c017e00, 0xfc003c00, 0x7fff8000, 0x80007fff, 0x80ff7f01, 31, 32, 33, 255, 256]
EDGES64 = [0, 1, 0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000001, 0x7ff0000000000001, 0x41dfffffffc00000,
           0xc1e0000000000000, 0x10000000000000, 0xfffffffffffff, 0x8000000000000001, 0x36a0000000000000,
           0x47efffffe0000000, 0x40effc0000000000, 0x4330000000000001]


def value(rng):
    r = rng.random()
    if r < 0.35:
        return rng.getrandbits(32)
    if r < 0.45:
        return rng.randrange(64)
    return rng.choice(EDGES) + (rng.choice([-1, 1]) if rng.random() < 0.2 else 0) & 0xffffffff


def fp_words(rng):
    """S0-S31, as singles or as doubles."""
    if rng.random() < 0.5:
        return [value(rng) for _ in range(32)]
    out = []
    for _ in range(16):
        v = rng.choice(EDGES64) if rng.random() < 0.6 else rng.getrandbits(64)
        if rng.random() < 0.3:
            v = struct.unpack('<Q', struct.pack('<d', rng.uniform(-1e6, 1e6)))[0]
        out += [v & 0xffffffff, v >> 32]
    return out


class Program:
    """The pieces with their states; builds images that write hashes, or all results of one."""

    def __init__(self, rng, cpu, pieces, ccr, rounds):
        self.cpu, self.pieces, self.ccr, self.rounds = cpu, pieces, ccr, rounds
        self.board, self.code, self.data, self.features, self.gcc = CPUS[cpu]
        middle = self.data + 0x400 + MIDDLE
        self.states = []
        for pointers in (False, True):
            for _ in range(STATES):
                r = [value(rng) for _ in range(13)]
                if pointers:
                    wild = rng.randrange(60)
                    for n, p in enumerate(POINTERS):
                        r[p] = middle + rng.choice([0, 0, 0, 4, 8, 64, -16] + [1, 2, 3, 6] * (p != ALIGNED))
                        if n == wild:
                            r[p] = 0x9c000000 + rng.randrange(1024) * 4 + (p != ALIGNED) * rng.randrange(4)
                    for p in OFFSETS:
                        r[p] = rng.choice([0, 1, 2, 4, 8, 12, 20])
                    for p in TARGET_REGS[:-1]:
                        r[p] = self.target(rng)
                    r[9] |= rng.random() < 0.5
                lr = self.target(rng) if pointers else value(rng)
                sp = middle - 512 + rng.choice([0, 4, 8, 64])    # the frame is not where pointers lead
                psr = rng.getrandbits(4) << 28
                if 'T32' in self.features:
                    psr |= rng.getrandbits(1) << 27
                if 'M_DSP' in self.features:
                    psr |= rng.getrandbits(4) << 16
                fpscr = rng.choice([0, 0, 0, 1 << 25, 1 << 24, 3 << 24, 1 << 26, 1 << 22, 2 << 22, 3 << 22, 0x05800000])
                fpscr |= (rng.getrandbits(4) << 28) | (0x9f & rng.getrandbits(8) if rng.random() < 0.2 else 0)
                self.states.append((r, sp, lr, psr, fpscr, fp_words(rng)))
        self.content = [[value(rng) for _ in range(MEMORY // 4)],
                        [self.target(rng) for _ in range(MEMORY // 4)],
                        [rng.randrange(16) | rng.randrange(16) << 16 for _ in range(MEMORY // 4)]]

    @staticmethod
    def target(rng):
        """An address to branch to: into the sled mostly, with bit 0 clear sometimes (then the oracle wants a word's)."""
        if rng.random() < 0.2:
            return 0x9c000001 + 2 * rng.randrange(SLED)
        return ('sled', 2 * rng.randrange(SLED) + 1 if rng.random() < 0.9 else 4 * rng.randrange(SLED // 2))

    @staticmethod
    def text(v):
        return 'sled + %d' % v[1] if isinstance(v, tuple) else '0x%x' % v

    def include(self, first, count, raw, skew):
        pieces = self.pieces[first:first + count]
        lines = ['.set %s, 0x%x' % p for p in (
            ('CODE', self.code), ('DATA', self.data), ('CCR', self.ccr), ('FP', 'VFP' in self.features),
            ('MAIN', 'T32' in self.features), ('RAW', raw), ('ROUNDS', self.rounds), ('STATES', STATES), ('TESTS', len(pieces)),
            ('MEMORY', MEMORY), ('SLED', SLED), ('PAD', 1024 + skew))]
        lines.append('.macro STATE_LIST')
        turn = first * self.rounds % STATES
        for states in (self.states[:STATES], self.states[STATES:]):
            for r, sp, lr, psr, fpscr, s in states[turn:] + states[:turn]:
                lines.append('.word ' + ', '.join(self.text(v) for v in r + [sp, lr, psr, fpscr, 0] + s))
        lines += ['.endm', '.macro CONTENT']
        for c in self.content:
            for i in range(0, len(c), 16):
                lines.append('.word ' + ', '.join(self.text(v) for v in c[i:i + 16]))
        lines += ['.endm', '.macro TEST_LIST']
        lines += ['.word piece%d, 0x%x' % (i, p.kind | p.psr) for i, p in enumerate(pieces)]
        lines += ['.endm', '.macro PIECES', 'svc #0']        # what the first piece's branch back finds
        for i, p in enumerate(pieces):
            half = [h for width, w in p.words for h in ([w] if width == 16 else [w >> 16, w & 0xffff])]
            lines += ['.align 2' if p.kind else '', 'piece%d: .hword ' % i + ', '.join('0x%x' % h for h in half)]
            if p.sled:
                lines.append('.rept %d; add r8, r9; .endr' % SLED)
            lines.append('svc #0')
        lines.append('.endm')
        return '\n'.join(lines) + '\n'

    def alone(self, folder, index):
        """The image of one piece that writes all results, at an address that is alike."""
        at = [self.address(self.build(folder, *x)[0], x[0] - index) for x in ((0, len(self.pieces), 0), (index, 1, 1))]
        return self.build(folder, index, 1, 1, (at[0] - at[1]) % 4096)

    @staticmethod
    def address(elf, first):
        out = subprocess.run(['arm-none-eabi-nm', elf], capture_output=True, text=True, check=True).stdout
        return int(re.search(r'(\w+) . piece%d\n' % -first, out).group(1), 16)

    def build(self, folder, first, count, raw, skew=0):
        with open(os.path.join(folder, 'm_oracle.inc'), 'w', encoding='ascii') as f:
            f.write(self.include(first, count, raw, skew))
        elf, flat = os.path.join(folder, 'm_oracle.elf'), os.path.join(folder, 'm_oracle.bin')
        fpu = {'cortex-m7': 'fpv5-d16', 'cortex-m33': 'fpv5-sp-d16', 'cortex-m4': 'fpv4-sp-d16'}.get(self.cpu)
        subprocess.run(['arm-none-eabi-gcc', '-nostdlib', '-static', '-mcpu=' + self.gcc, '-mthumb', '-Wa,-I' + folder,
                        '-Wl,-Ttext=0x%x,--build-id=none,--no-warn-rwx-segments,-e,0x%x' % (self.code, self.code)] +
                       (['-mfloat-abi=hard', '-mfpu=' + fpu] if fpu else ['-mfloat-abi=soft']) +
                       [os.path.join(HERE, 'm_oracle.S'), '-o', elf], check=True)
        subprocess.run(['arm-none-eabi-objcopy', '-O', 'binary', elf, flat], check=True)
        return elf, flat

    def run(self, folder, what, command):
        out = os.path.join(folder, 'm_oracle.out')
        if os.path.exists(out):
            os.remove(out)
        p = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=(40 + len(self.pieces) * self.rounds / 1000) * PATIENCE, check=False)
        data = b''
        if os.path.exists(out):
            with open(out, 'rb') as f:
                data = f.read()
        if p.returncode or not data:
            piece = self.pieces[int.from_bytes(data[-4:], 'little')] if len(data) % 1024 == 4 else None
            raise SystemExit('m_oracle: %s: %s ended with %d%s: %s' % (
                self.cpu, what, p.returncode, ' in %s' % piece if piece else '', p.stdout.decode(errors='replace')[:400]))
        return data

    def run_oracle(self, folder, images):
        return self.run(folder, 'the other emulator',
                        ['qemu-system-arm', '-M', self.board, '-display', 'none', '-serial', 'null', '-monitor', 'none',
                         '-semihosting-config', 'enable=on,target=native', '-kernel', images[0]])

    def run_here(self, folder, images, chimera, accel):
        return self.run(folder, accel, [chimera, '-M', 'm-test', '-cpu', self.cpu, '-accel', accel, '-display', 'none',
                                        '-serial', 'null', '-semihosting-config', 'enable=on', '-kernel', images[1]])


class Piece:
    def __init__(self, name, words, kind, sled, psr):
        self.name, self.words, self.kind, self.sled, self.psr = name, words, kind, sled, psr

    def __str__(self):
        return '%s %s, kind %d, psr %x' % (self.name, ' '.join('%0*x' % (w // 4, v) for w, v in self.words), self.kind, self.psr)


def choose(rng, chooser, count):
    """Pieces of one instruction, a quarter of them in an IT block; of all rows alike."""
    out, rows = [], []
    for row in chooser.rows:
        if chooser.word(row) is not None:
            rows.append(row)
    rng.shuffle(rows)
    while len(out) < count:
        row = rows[len(out) % len(rows)]
        word = chooser.word(row)
        if word is None:
            continue
        words, psr, branch = [(row.width, word)], 1 << 24, chooser.branches(row, word)
        words = [(32, w) for w in chooser.before(row, word)] + words
        if chooser.main and len(words) == 1 and not NOT_IN_IT.match(row.name) and rng.random() < 0.25:
            it = rng.randrange(15) << 4 | 8
            if rng.random() < 0.5 and not BRANCHES.match(row.name):
                words.insert(0, (16, 0xbf00 | it))
            else:
                psr |= (it >> 2) << 10 | (it & 3) << 25
        out.append(Piece(row.name, words, chooser.kind(row, word), branch, psr))
    return out, len(rows)


NAMES = ['r%d' % i for i in range(13)] + ['psp', 'lr', 'pc', 'xpsr', 'ipsr', 'cfsr', 'hfsr', 'mmfar', 'bfar', 'primask',
                                          'basepri', 'fpscr', 'memory'] + ['s%d' % i for i in range(32)]


UNALIGNED, PRECISERR = 1 << 24, 1 << 9
CFSR = NAMES.index('cfsr')


def device_unaligned(program, want, got):
    """Armv8-M: an unaligned access to Device memory where nothing is. The other emulator makes it: a bus fault."""
    def words(x, r):
        return struct.unpack_from('<%dI' % RESULT_WORDS, x, r * RESULT_WORDS * 4)

    pairs = [(words(want, r), words(got, r)) for r in range(program.rounds)]
    return 'M_V8' in CPUS[program.cpu][3] and all(
        a == b or (a[CFSR] & PRECISERR and b[CFSR] == UNALIGNED) for a, b in pairs)


def explain(program, folder, chimera, accel, index):
    """Prints how an instruction differs. True: it does not, by the manual."""
    piece = program.pieces[index]
    images = program.alone(folder, index)
    want, got = program.run_oracle(folder, images), program.run_here(folder, images, chimera, accel)
    if want != got and device_unaligned(program, want, got):
        print('%s %s (%s): an unaligned access to Device memory' % (program.cpu, piece, accel))
        return True
    print('%s %s (%s): different from the other emulator' % (program.cpu, piece, accel))
    size = RESULT_WORDS * 4
    for r in range(program.rounds):
        n = (index * program.rounds + r) % STATES
        state = program.states[n + (STATES if piece.kind else 0)]
        a, b = (struct.unpack_from('<%dI' % RESULT_WORDS, x, r * size) for x in (want, got))
        if a != b:
            print('    state: %s sp %x lr %s psr %x fpscr %x' % (
                ' '.join('r%d=%s' % (i, program.text(v)) for i, v in enumerate(state[0])), state[1],
                program.text(state[2]), *state[3:5]))
            if piece.name.startswith('V'):
                print('    ' + ' '.join('s%d=%x' % x for x in enumerate(state[5])))
            for name, p, q in zip(NAMES, a, b):
                if p != q:
                    print('    %-8s want %08x got %08x' % (name, p, q))
            return False
    print('    alone it is the same: what came before matters')
    return False


def compare(args, cpu, chimera, rng):
    chooser = Chooser(rng, cpu, args.names)
    failed, left = False, args.count
    at_once = 20000 if 'T32' in chooser.features else 3000
    while left > 0:
        pieces, rows = choose(rng, chooser, min(left, at_once))
        left -= len(pieces)
        ccr = rng.choice([0, 0x10, 0x18]) if 'T32' in chooser.features else 8
        program = Program(rng, cpu, pieces, 0x200 | ccr, args.rounds)
        with tempfile.TemporaryDirectory() as folder:
            images = program.build(folder, 0, len(pieces), 0)
            want = program.run_oracle(folder, images)
            for accel in args.accel.split(';'):
                got = program.run_here(folder, images, chimera, accel)
                if len(got) != len(want):
                    print('m_oracle: %s %s: wrote %d bytes, not %d' % (cpu, accel, len(got), len(want)))
                    failed = True
                    continue
                bad = {}
                for i, p in enumerate(pieces):
                    if got[4 * i:4 * i + 4] != want[4 * i:4 * i + 4]:
                        bad.setdefault(p.name, []).append(i)
                print('m_oracle: %s %s: %d instructions of %d patterns, %d executions, %d differ, of: %s' %
                      (cpu, accel, len(pieces), rows, len(pieces) * args.rounds, sum(len(b) for b in bad.values()),
                       ' '.join(sorted(bad)) or '-'))
                shown = 0
                for name, i in [(name, i) for name in sorted(bad) for i in bad[name]]:
                    if shown == 5 and not args.all:
                        break
                    if not explain(program, folder, chimera, accel, i):
                        failed, shown = True, shown + 1
                    program.build(folder, 0, len(pieces), 0)
    return failed


def main():
    p = argparse.ArgumentParser(description='Random T16 and T32 instructions against another emulator.')
    p.add_argument('--cpu', nargs='*', default=list(CPUS), choices=list(CPUS))
    p.add_argument('--count', type=int, default=2000, help='instructions a CPU')
    p.add_argument('--rounds', type=int, default=4, help='states that each of them runs on')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--names', default='', help='only patterns whose name matches')
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--all', action='store_true', help='show every pattern that differs, not the first 5')
    args = p.parse_args()

    for tool in ('qemu-system-arm', 'arm-none-eabi-gcc'):
        if not shutil.which(tool):
            print('m_oracle: no %s' % tool)
            return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    failed = False
    for cpu in args.cpu:
        failed |= compare(args, cpu, chimera, random.Random('%d %s' % (args.seed, cpu)))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
