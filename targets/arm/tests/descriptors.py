#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
descriptors.py: translation tables of 64 and 128 bits, of both stages, by AT instructions (descriptors.S).

What PAR_EL1 must say, and what hardware makes of the descriptors, is computed here, as the manual's pseudocode does (DDI
0487, J1: AArch64.S1Walk, AArch64.S2Walk and what they call). The tables are made up as the walk here comes to
them: levels to skip, addresses out of range, Protected and AssuredOnly bits, TopLevel attributes, 16 memory
attributes, permissions, Access flags.

    descriptors.py [--accel LIST] [--cases N] [--seed N]

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

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))

PAMAX = 52
RAM, RAM_END = 0x40000000, 0x80000000
R, W, X, GCS = 1, 2, 4, 8
S1_INDIRECT = [0, R, X, R | X, 0, R | W, R | W | X, R | W | X, R, R | GCS, R | X, 0, R | W, 0, R | W | X, 0]
S1_OVERLAY = [0, R, X, R | X, W, R | W, W | X, R | W | X] + [0] * 8
# stage 2: read, write, write of a walk
S2 = ['', '', 'rm', 'rm', 'w', '', 'rm', 'rm', 'r', 'r', 'r', 'r', 'rwm', 'rwm', 'rwm', 'rwm']
TOP_LEVEL = {6: 1, 3: 2, 7: 3}
MAIR_BYTES = [0xff, 0x44, 0x00, 0x04, 0xbb, 0x4f, 0xf4, 0x0c]
PS = [32, 36, 40, 42, 44, 48, 52, 56]
TRANSLATION, ADDRESS_SIZE, ACCESS_FLAG, PERMISSION = 0x04, 0x00, 0x08, 0x0c
GRANULES = {12: (0, 2), 14: (2, 1), 16: (1, 3)}                 # TG0, TG1
NORMAL2 = 0xf << 2                                              # stage 2: Normal, write-back


class Fault(Exception):
    def __init__(self, status, level, **how):
        super().__init__()
        self.status, self.level, self.how = status, level, how

    def fst(self):
        if self.level < 0:
            return {TRANSLATION: 0x2b, ADDRESS_SIZE: 0x29}[self.status]
        return self.status | self.level


def bits(value, high, low):
    return value >> low & (1 << high - low + 1) - 1


def nibble(register, n):
    return register >> 4 * n & 15


def reverse(value, size):
    return int.from_bytes(value.to_bytes(size, 'little'), 'big')


class Retry(Exception):
    """The tables went out of memory."""


class Stage:
    """What both stages' walks share, from the registers of a stage."""

    def address_size(self):
        ps = PS[self.ps]
        return min(ps, PAMAX) if self.d128 or self.granule == 16 else min(ps, PAMAX, 48)

    def out_of_range(self, address):
        return address >> self.address_size() != 0

    def stride(self):
        return self.granule - (4 if self.d128 else 3)

    def table_base(self, ttbr):
        size = 64 - self.txsz - ((3 - self.start) * self.stride() + self.granule) + (4 if self.d128 else 3)
        if self.d128:
            base, size = bits(ttbr, 87, 80) << 48 | bits(ttbr, 47, 5) << 5, max(size, 5)
        elif self.granule == 16 and self.ps == 6:
            base, size = bits(ttbr, 5, 2) << 48 | bits(ttbr, 47, 6) << 6, max(size, 6)
        else:
            base = bits(ttbr, 47, 1) << 1
        return base >> size << size

    def descriptor_type(self, d, level):
        """(type, levels to skip)"""
        if not d & 1:
            return 'invalid', 0
        if self.d128:
            skl = bits(d, 110, 109)
            if self.granule != 12 and skl == 3 or level + skl > 3:
                return 'invalid', 0
            return ('leaf' if level + skl == 3 else 'table'), skl
        if d & 2:
            return ('leaf' if level == 3 else 'table'), 0
        blocks = {12: (1, 2), 14: (2,), 16: (1, 2)}[self.granule]
        return ('leaf' if level in blocks else 'invalid'), 0

    def output(self, d, low):
        address = bits(d, 47, low) << low
        if self.d128:
            return address | bits(d, 55, 48) << 48
        return address | (bits(d, 15, 12) << 48 if self.granule == 16 else 0)

    def leaf_size(self, level):
        return self.granule + self.stride() * (3 - level)

    def pi(self, d):
        return bits(d, 118, 115) if self.d128 else bits(d, 54, 53) << 2 | bits(d, 51, 51) << 1 | bits(d, 6, 6)


class Machine:
    """The tables as they are made up, registers, and the walks."""

    def __init__(self, rng):
        self.rng = rng
        self.memory = {}                        # words
        self.first = {}                         # as they are before the instruction
        self.slots = list(range(RAM + (1 << 28), RAM_END, 1 << 16))
        rng.shuffle(self.slots)

    # -- memory

    def fetch(self, stage, address, level, make):
        size = 16 if stage.d128 else 8
        words = [address + 8 * i for i in range(size // 8)]
        if not any(w in self.memory for w in words):
            value = make()
            raw = reverse(value, size) if stage.ee else value
            for i, w in enumerate(words):
                self.memory[w] = self.first[w] = raw >> 64 * i & 2**64 - 1
        for w in words:
            self.memory.setdefault(w, 0)
            self.first.setdefault(w, 0)
        raw = sum(self.memory[w] << 64 * i for i, w in enumerate(words))
        return reverse(raw, size) if stage.ee else raw

    def store(self, stage, address, value):
        size = 16 if stage.d128 else 8
        raw = reverse(value, size) if stage.ee else value
        for i in range(size // 8):
            self.memory[address + 8 * i] = raw >> 64 * i & 2**64 - 1

    def random_descriptor(self, stage, level, table_wanted, address):
        """Most are as table_wanted says, where the level allows."""
        rng, d128 = self.rng, stage.d128
        d = rng.getrandbits(128 if d128 else 64)
        d = d & ~3 | (rng.random() < 0.97) | (0 if d128 else 2)
        d |= (1 << 10) if rng.random() < 0.7 else 0
        low = stage.granule
        if d128:
            most = 3 - level
            if table_wanted and most > 0:
                skl = rng.choice([0, 0, 0] + [s for s in (1, 2) if s < most])
            else:
                skl = most if most < 3 else 3 if stage.granule == 12 else 0
            if rng.random() < 0.04:
                skl = rng.randrange(4)
            d = d & ~(3 << 109) | skl << 109
            if level + skl == 3:
                low = stage.leaf_size(level)
        elif not table_wanted and level in (1, 2):
            d &= ~2
            low = stage.leaf_size(level)
        d = d & ~((1 << 48) - (1 << 12)) | address >> low << low
        if d128:
            d &= ~(0xff << 48)
        elif stage.granule == 16:
            d &= ~(0xf << 12)
        if rng.random() < 0.04:                 # out of range, if the size is not the greatest
            d |= 1 << rng.choice([47, 44, 41, 39, 36, 33] + ([55, 52, 50] if d128 else []))
        if bits(d, 9, 8) == 1:
            d |= 2 << 8
        return d

    # -- stage 2

    def translate2(self, ipa, kind, top=None, assured=False, user=False, write=False):
        """kind 'walk', 'update' or 'access'. (PA, mostly read-only)"""
        s = self.s2
        if s is None:
            return ipa, False
        how = {'stage2': True, 'ptw': kind != 'access'}
        if ipa >> 64 - s.txsz:
            raise Fault(TRANSLATION, 0, **how)
        base = s.table_base(s.ttbr)
        level, width = s.start, 64 - s.txsz - s.leaf_size(s.start)
        if s.out_of_range(base):
            raise Fault(ADDRESS_SIZE, 0, **how)
        while True:
            shift = s.leaf_size(level)
            address = base | bits(ipa, shift + width - 1, shift) << (4 if s.d128 else 3)
            if not RAM <= address < RAM_END:
                raise Retry
            d = self.fetch(s, address, level, lambda: self.make2(s, level, ipa, kind))
            kind_of, skl = s.descriptor_type(d, level)
            if kind_of == 'invalid':
                raise Fault(TRANSLATION, level, **how)
            if kind_of == 'leaf':
                break
            base = s.output(d, s.granule)
            if s.out_of_range(base):
                raise Fault(ADDRESS_SIZE, level, **how)
            level, width = level + 1 + skl, s.stride() * (1 + skl)
        out = s.output(d, shift) | bits(ipa, shift - 1, 0)
        if s.out_of_range(out):
            raise Fault(ADDRESS_SIZE, level, **how)
        if not d >> 10 & 1:
            if not s.ha:
                raise Fault(ACCESS_FLAG, level, **how)
            d |= 1 << 10
            self.store(s, address, d)
        # permissions
        read, write_too = True, kind == 'update' or (kind == 'access' and write)
        if kind == 'access' and write:
            read = False
        letter = 'w' if kind == 'access' else 'm'
        mro, tops, over, clean = False, 0, None, False
        if s.indirect:
            field = nibble(s.pir, s.pi(d))
            base_perms, tops = S2[field], TOP_LEVEL.get(field, 0)
            mro = 'w' not in base_perms and 'm' in base_perms
            clean = not d >> 7 & 1
            if s.poe:
                o = nibble(s.por, bits(d, 124, 121) if s.d128 else bits(d, 62, 59))
                over = S2[o]
                mro = not ('w' in base_perms and 'w' in over) and 'm' in base_perms and 'm' in over
                tops = tops | TOP_LEVEL.get(o, 0) if mro else 0
        else:
            ap = bits(d, 7, 6)
            if s.hd and d >> 51 & 1:
                ap |= 2
            base_perms = 'r' * (ap & 1) + 'wm' * (ap >> 1)
        if kind == 'walk' and top is not None:
            own, other = (s.tl1, s.tl0) if top else (s.tl0, s.tl1)
            mine = 2 if top else 1
            if own and not tops & mine or other and tops == 3 - mine:
                raise Fault(PERMISSION, level, top=True, **how)
        if kind == 'access' and not assured and (d >> 114 & 1 if s.d128 else s.assured_only and d >> 58 & 1):
            raise Fault(PERMISSION, level, assured=True, **how)
        for perms, overlay in (over, True), (base_perms, False):
            if perms is not None and (read and 'r' not in perms or write_too and letter not in perms):
                raise Fault(PERMISSION, level, overlay=overlay, **how)
        if write_too and s.indirect and clean:
            if not s.hd:
                raise Fault(PERMISSION, level, dirty=True, **how)
            if kind == 'update':                # not of AT
                self.store(s, address, d | 1 << 7)
        elif write_too and kind == 'update' and s.hd and d >> 51 & 1:
            self.store(s, address, d | 1 << 7)
        return out, mro

    def make2(self, s, level, ipa, kind):
        rng = self.rng
        table = level < 3 and rng.random() < 0.5
        if table:
            d = self.random_descriptor(s, level, True, self.slots.pop())
            if s.descriptor_type(d, level)[0] == 'leaf':
                table = False
        if not table:                           # what it maps is memory, where it is
            d = self.random_descriptor(s, level, False, ipa)
            if s.descriptor_type(d, level)[0] == 'table':
                d = self.random_descriptor(s, level, True, self.slots.pop())
        return d & ~(0xf << 2) | NORMAL2 if s.descriptor_type(d, level)[0] == 'leaf' else d

    # -- stage 1

    def translate1(self, va, write, user, scope2):
        s = self.s1
        high = bits(va, 55, 55)
        size = 64 - s.txsz
        if bits(va, 63, size) != (2**(64 - size) - 1 if high else 0) or s.start > 3:
            raise Fault(TRANSLATION, 0)
        base = s.table_base(s.ttbr)
        if s.out_of_range(base):
            raise Fault(ADDRESS_SIZE, 0)
        level, width = s.start, size - s.leaf_size(s.start)
        assured, ap_table = s.protect, 0
        while True:
            shift = s.leaf_size(level)
            ipa = base | bits(va, shift + width - 1, shift) << (4 if s.d128 else 3)
            address, mro = self.translate2(ipa, 'walk', top=high if level == s.start else None, user=user)
            if not RAM <= address < RAM_END:
                raise Retry
            d = self.fetch(s, address, level, lambda: self.make1(s, level))
            kind_of, skl = s.descriptor_type(d, level)
            assured = assured and mro and bool(d >> (114 if s.d128 else 52) & 1)
            if kind_of == 'invalid':
                raise Fault(TRANSLATION, level)
            if kind_of == 'leaf':
                break
            base = s.output(d, s.granule)
            if s.out_of_range(base):
                raise Fault(ADDRESS_SIZE, level)
            ap_table |= bits(d, 62, 61)
            level, width = level + 1 + skl, s.stride() * (1 + skl)
        out = s.output(d, shift) | bits(va, shift - 1, 0)
        if s.out_of_range(out):
            raise Fault(ADDRESS_SIZE, level)
        if not d >> 10 & 1:
            if not s.ha:
                raise Fault(ACCESS_FLAG, level)
            self.translate2(ipa, 'update', user=user)
            self.store(s, address, d | 1 << 10)
        self.check1(s, d, level, write, user, ap_table)
        index = bits(d, 5, 2) if s.d128 and s.aie else bits(d, 4, 2) | (bits(d, 59, 59) << 3 if s.aie else 0)
        if scope2:
            out, _ = self.translate2(out, 'access', assured=assured, user=user, write=write)
        return out, MAIR_BYTES[index & 7] if index < 8 else MAIR_BYTES[7 - (index & 7)], bits(d, 9, 8)

    def make1(self, s, level):
        rng = self.rng
        table = level < 3 and rng.random() < 0.7
        to = self.slots.pop() if table else rng.getrandbits(rng.choice((31, 32, 32, 36, 40, 48)))
        d = self.random_descriptor(s, level, table, to)
        if s.descriptor_type(d, level)[0] == 'table' and not table:
            d = self.random_descriptor(s, level, True, self.slots.pop())
        if self.s2 and rng.random() < 0.8:
            d |= 1 << (114 if s.d128 else 52)
        return d

    def check1(self, s, d, level, write, user, ap_table):
        overlay_ok, wxn = True, False
        if s.indirect:
            ppi, upi = nibble(s.pir, s.pi(d)), nibble(s.pire0, s.pi(d))
            p, u = S1_INDIRECT[ppi], S1_INDIRECT[upi]
            if p & (X | GCS) and u & (W | GCS):
                p = u = 0
            perms = u if user else p
            overlay_ok, wxn = not (upi if user else ppi) & 8, (upi if user else ppi) == 6
        else:
            if s.hpd:
                ap_table = 0
            ap = bits(d, 7, 6)
            if s.hd and d >> 51 & 1:
                ap &= 1
            no_write = ap >> 1 or ap_table >> 1
            el0 = ap & 1 and not ap_table & 1
            perms = (R | (0 if no_write else W)) if el0 or not user else 0
        need = W if write else R
        if overlay_ok and (s.e0poe if user else s.poe):
            o = S1_OVERLAY[nibble(s.por0 if user else s.por1, bits(d, 124, 121) if s.d128 else bits(d, 62, 60))]
            if not o & need or wxn and write and o & X:
                raise Fault(PERMISSION, level, overlay=True)
        if not perms & need:
            raise Fault(PERMISSION, level)
        if write and s.indirect and not s.hd and d >> 7 & 1:
            raise Fault(PERMISSION, level, dirty=True)


OPS = {'s1e1r': 0, 's1e1w': 1, 's1e0r': 2, 's1e0w': 3, 's12e1r': 4, 's12e1w': 5, 's12e0r': 6, 's12e0w': 7, 's1e2r': 8,
       's1e2w': 9}


def table_at(rng, stage):
    """An address of the first table: at the start of memory, if it is large."""
    size = 64 - stage.txsz - ((3 - stage.start) * stage.stride() + stage.granule) + (4 if stage.d128 else 3)
    room = 1 << max(size, 6)
    at = RAM + room * rng.randrange(max(1, (1 << 24) // room))
    if rng.random() < 0.03:
        at |= 1 << rng.choice((33, 40, 45, 47))
    return at


def case(rng):
    m = Machine(rng)
    host = rng.random() < 0.15
    two = not host and rng.random() < 0.7
    op = rng.choice([n for n in OPS if ('e2' in n) == host and (two or not n.startswith('s12'))])
    write, user = op.endswith('w'), 'e0' in op
    s = m.s1 = Stage()
    s.d128 = rng.random() < 0.7
    s.granule = rng.choice((12, 14, 16))
    s.ps = rng.choice((6, 6, 7, 5, 5, 4, 2, 1)) if s.d128 else rng.choice((5, 5, 6, 6, 4, 2, 1))
    low = 12 if s.granule == 16 else 16
    s.txsz = rng.choice((25, 16, low, rng.randint(low, 39)))    # no FEAT_TTST
    s.skl = rng.choice((0, 0, 0, 1, 2)) if s.d128 else 0
    s.start = 3 - (64 - s.txsz - 1 - s.granule) // s.stride() + s.skl
    if s.start > 3 and rng.random() < 0.9:
        s.start -= s.skl
        s.skl = 0
    s.ee = rng.random() < 0.2
    s.hd = rng.random() < 0.5
    s.ha = s.hd or rng.random() < 0.6
    s.pie = not s.d128 and rng.random() < 0.5
    s.indirect = s.d128 or s.pie
    s.pnch = rng.random() < 0.6
    s.protect = s.d128 or s.pnch
    s.poe, s.e0poe, s.aie = (rng.random() < 0.25 for _ in range(3))
    s.hpd = rng.random() < 0.3
    s.pir = sum(rng.choice((5, 5, 7, 12, 1, rng.randrange(16))) << 4 * i for i in range(16))
    s.pire0 = sum(rng.choice((5, 1, 8, rng.randrange(16))) << 4 * i for i in range(16))
    s.por1, s.por0 = (sum(rng.choice((7, 5, 5, rng.randrange(8))) << 4 * i for i in range(16)) for _ in range(2))
    upper = rng.random() < 0.5
    first = table_at(rng, s) if s.start <= 3 else RAM
    s.ttbr = first & 2**48 - 1 | s.skl << 1 | rng.getrandbits(16) << 48
    if s.d128:
        s.ttbr |= (rng.getrandbits(16) | rng.getrandbits(40) << 24) << 64
        if rng.random() < 0.03:
            s.ttbr |= 1 << 64 + 16 + rng.randrange(8)
    va = rng.getrandbits(64 - s.txsz)
    # indices of tables that skip levels are small, so that the tables lie in memory
    va &= ~0 << 48 | sum(0xff << n for n in range(s.granule, 56, s.stride())) | (1 << s.granule) - 1 if rng.random() < 0.5 else ~0
    va &= (1 << 64 - s.txsz) - 1
    if s.skl:
        va &= (1 << s.leaf_size(s.start) + 8) - 1
    va |= (2**64 - (1 << 64 - s.txsz)) if upper else 0
    if s.txsz > 9 and bits(va, 55, 55) != upper:
        raise Retry
    if rng.random() < 0.03:
        va ^= 1 << rng.randrange(56, 64)

    t = m.s2 = Stage() if two else None
    vtcr, hcr = 1 << 31, 1 << 31 | (host << 34)
    vttbr = 0
    if two:
        t.d128 = rng.random() < 0.6
        t.granule = rng.choice((12, 14, 16))
        t.ps = rng.choice((6, 6, 5, 5, 7 if t.d128 else 6, 4))
        t.ee = s.ee                             # SCTLR_EL1.EE and SCTLR_EL2.EE are written alike
        t.hd = rng.random() < 0.5
        t.ha = t.hd or rng.random() < 0.7
        t.indirect = t.d128 or rng.random() < 0.6
        t.s2pie = t.indirect and (not t.d128 or rng.random() < 0.5)
        t.poe = t.indirect and rng.random() < 0.25
        t.assured_only, t.tl0, t.tl1 = rng.random() < 0.6, rng.random() < 0.2, rng.random() < 0.2
        t.pir = sum(rng.choice((12, 12, 6, 3, 7, 2, 14, rng.randrange(16))) << 4 * i for i in range(16))
        t.por = sum(rng.choice((12, 12, 6, 3, 7, 2, rng.randrange(16))) << 4 * i for i in range(16))
        t.skl = 0
        sl0 = 0
        if t.d128:
            t.txsz = rng.choice((16, 20, 24, 12, rng.randint(12, 31)))
            t.skl = rng.choice((0, 0, 0, 1))
            t.start = 3 - (64 - t.txsz - 1 - t.granule) // t.stride() + t.skl
            if t.start > 3:
                t.start -= t.skl
                t.skl = 0
        else:
            sl0, t.start, t.txsz = rng.choice({12: ((1, 1, 25), (1, 1, 31), (2, 0, 20), (0, 2, 32), (1, 1, 24)),
                                               14: ((1, 2, 28), (2, 1, 24), (2, 1, 20)),
                                               16: ((1, 2, 31), (2, 1, 20), (2, 1, 16), (1, 2, 24))}[t.granule])
        first = table_at(rng, t) + (1 << 24)
        vttbr = t.ttbr = first & 2**48 - 1 | t.skl << 1 | rng.getrandbits(16) << 48
        size = 64 - t.txsz - ((3 - t.start) * t.stride() + t.granule) + (4 if t.d128 else 3)
        if first >> size << size != first:
            raise Retry
        vtcr |= (t.txsz | sl0 << 6 | GRANULES[t.granule][0] << 14 | t.ps << 16 | t.ha << 21 | t.hd << 22 |
                 t.assured_only << 34 | t.tl1 << 35 | t.s2pie << 36 | t.poe << 37 | t.d128 << 38 | t.tl0 << 41)
        hcr |= 1
    tg0, tg1 = GRANULES[s.granule]
    tcr = (s.txsz * 0x10001 | tg0 << 14 | tg1 << 30 | s.ps << 32 | s.ha << 39 | s.hd << 40 | (3 << 41) * s.hpd)
    tcr2 = s.pnch | s.pie << 1 | s.e0poe << 2 | s.poe << 3 | s.aie << 4 | s.d128 << 5
    mair = sum(b << 8 * i for i, b in enumerate(MAIR_BYTES))
    mair2 = sum(b << 8 * (7 - i) for i, b in enumerate(MAIR_BYTES))
    sctlr = 0x30d00801 | s.ee << 25
    scope2 = two and op.startswith('s12')
    wide = t.d128 if scope2 else s.d128
    try:
        out, attr, sh = m.translate1(va, write, user, scope2)
        page = bits(out, 55, 12) << 12
        par = [1 << 11 | (0 if wide else page) | attr << 56 | sh << 7, page | 1 if wide else 0]
        mask = [2**64 - 1 & ~(1 << 9), 2**64 - 1]
        if scope2 or attr >> 4 == 0 or attr == 0x44 or sh == 1:
            mask[0] &= ~(3 << 7)
        if scope2:
            mask[0] &= ~(0xff << 56)
    except Fault as f:
        h = f.how.get
        par = [1 | f.fst() << 1 | bool(h('ptw')) << 8 | bool(h('stage2')) << 9 | 1 << 11 | bool(h('assured')) << 12 |
               bool(h('top')) << 13 | bool(h('overlay')) << 14 | bool(h('dirty')) << 15, int(wide)]
        mask = [2**48 - 1, 2**64 - 1]
    if not m.first:
        m.first[RAM] = m.memory[RAM] = 0
    regs = [s.ttbr & 2**64 - 1, s.ttbr >> 64, vttbr & 2**64 - 1, vttbr >> 64, tcr, tcr2, mair, mair2, s.pir, s.pire0, s.por1,
            s.por0, sctlr, vtcr, t.pir if two else 0, t.por if two else 0, hcr]
    words = [len(m.first), OPS[op], va] + regs
    for a, v in m.first.items():
        words += [a, v]
    return words, par, mask, [m.memory[a] for a in m.first], (op, vars(s), vars(t) if two else None)


def cases(rng, count):
    out = []
    while len(out) < count:
        try:
            out.append(case(rng))
        except (Retry, IndexError):
            pass
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--cases', type=int, default=1500)
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    for tool in 'gcc', 'objcopy':
        if not shutil.which('aarch64-linux-gnu-' + tool):
            print('descriptors: no aarch64-linux-gnu-' + tool)
            return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    todo = cases(random.Random(args.seed), args.cases)
    outcomes = {}
    for _, par, _, _, _ in todo:
        what = 'translated' if not par[0] & 1 else f'FST {par[0] >> 1 & 63:#x}, stage {1 + (par[0] >> 9 & 1)}'
        outcomes[what] = outcomes.get(what, 0) + 1
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'cases.bin'), 'wb') as f:
            for words, _, _, _, _ in todo:
                f.write(struct.pack('<%dQ' % len(words), *words))
            f.write(bytes(8))
        with open(os.path.join(folder, 'cases.inc'), 'w', encoding='ascii') as f:
            f.write('.arch armv8.5-a\n.macro CASES\ncases: .incbin "%s/cases.bin"\n.endm\n' % folder)
        exe = os.path.join(folder, 'firmware')
        subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-I', folder, '-Wl,-Ttext=0',
                        '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'descriptors.S'), '-o', exe],
                       check=True)
        subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', exe, exe + '.bin'], check=True)
        size = sum(16 + 8 * len(after) for _, _, _, after, _ in todo)
        for accel in args.accel.split(';'):
            command = [chimera, '-accel', accel, '-M', 'virt,secure=on,virtualization=on', '-cpu', 'max', '-m', '1G',
                       '-nographic', '-semihosting', '-bios', exe + '.bin']
            run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120 * PATIENCE)
            data = run.stdout
            if len(data) != size:
                print(f'{accel}: {len(data)} bytes of {size}: {run.stderr.decode()}')
                return 1
            at = 0
            for n, (_, par, mask, after, about) in enumerate(todo):
                got = struct.unpack_from('<%dQ' % (2 + len(after)), data, at)
                at += 8 * len(got)
                same = all((g ^ w) & m == 0 for g, w, m in zip(got, par, mask)) and list(got[2:]) == after
                if not same:
                    wrong += 1
                    if wrong < 6:
                        print(f'{accel}: case {n}: {about}:\n  want {[hex(v) for v in par + after]}\n'
                              f'  got  {[hex(v) for v in got]}')
    print(', '.join(f'{v} {k}' for k, v in sorted(outcomes.items())))
    print(f'{len(todo)} cases, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
