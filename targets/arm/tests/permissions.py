#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
permissions.py: what the MMU allows: direct and indirect permissions and overlays of both stages (permissions.S,
permissions_stage2.S).

What each access must report is computed here, as the manual's pseudocode does (DDI 0487, J1:
AArch64.S1CheckPermissions, AArch64.S2CheckPermissions and what they call), for all pairs of permissions of EL1 and EL0,
of both stages' indirect fields with overlays, with PAN, WXN, guarded control stacks, and the dirty state by hardware
and by software.

    permissions.py [--accel LIST] [--command PROGRAM]

Exit status 77 (skipped) without the cross assembler.
"""
import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))

R, W, X, GCS = 1, 2, 4, 8
S1_INDIRECT = [0, R, X, R | X, 0, R | W, R | W | X, R | W | X, R, R | GCS, R | X, 0, R | W, 0, R | W | X, 0]
S1_OVERLAY = [0, R, X, R | X, W, R | W, W | X, R | W | X] + [0] * 8
# stage 2: data, fetch at EL1, fetch at EL0, write of a walk
S2 = ['', '', 'rm', 'rm', 'w', '', 'rm', 'rm', 'r', 'ru', 'rp', 'rpu', 'rwm', 'rwum', 'rwpm', 'rwpum']
S1_PROBES = ['load', 'store', 'swap', 'fetch', 'ldtr', 'sttr', 'fetch EL0', 'gcsstr', 'gcssttr']
S2_PROBES = ['load', 'store', 'swap', 'fetch', 'load EL0', 'store EL0', 'fetch EL0', 'walk']
SVC, HVC = 0x56000000, 0x5a000000
IS_GCS, OVERLAY, DIRTY, WNR = 1 << 40, 1 << 38, 1 << 37, 1 << 6
PERMISSION = 0x0200000f                         # at level 3
AF, ND, DBM = 1 << 10, 1 << 7, 1 << 51


def nibble(register, n):
    return register >> 4 * n & 15


def pi_bits(n):
    return (n >> 2) << 53 | (n >> 1 & 1) << 51 | (n & 1) << 6


# -- stage 1 -------------------------------------------------------------------------------------------------------

class Stage1:
    """One set-up: registers and the pages' descriptors without address."""
    def __init__(self, pages, pie=0, poe=0, e0poe=0, pir=0, pire0=0, por1=0, por0=0, pan=0, hd=0, wxn=0, epan=0):
        self.pages, self.pie, self.poe, self.e0poe, self.pan, self.hd = pages, pie, poe, e0poe, pan, hd
        self.pir, self.pire0, self.por1, self.por0, self.wxn, self.epan = pir, pire0, por1, por0, wxn, epan

    def head(self):
        if self.pie:                            # index 15 is the kernel's, and no overlay's
            kernel = AF | 0x301 | pi_bits(15)
            pir, pire0 = self.pir & ~(15 << 60) | 0xe << 60, self.pire0 & ~(15 << 60)
        else:
            kernel = AF | 0x301 | 1 << 54 | 7 << 60
            pir = pire0 = 0
        por1 = self.por1 & ~(15 << 28) | 7 << 28
        tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32 | (3 << 39 if self.hd else 0)
        sctlr = 0x30d00801 | self.wxn << 19 | self.epan << 57
        code = kernel | 0x40000000 | (ND if self.wxn else 0)    # read-only
        return [code, kernel if self.pie else kernel | 1 << 53, tcr,
                self.pie << 1 | self.e0poe << 2 | self.poe << 3, pir, pire0, por1, self.por0, 0x3c5 | self.pan << 22, sctlr]

    def direct(self, d, user):
        ap = d >> 6 & 3
        if self.hd and d & DBM:
            ap &= 1
        pr, pw, ur, uw = {0: (1, 1, 0, 0), 1: (1, 1, 1, 1), 2: (1, 0, 0, 0), 3: (1, 0, 1, 0)}[ap]
        px = not (d >> 53 & 1 or uw)
        ux = not d >> 54 & 1
        if self.pan and (ur or uw or (self.epan and ux)):
            pr = pw = 0
        r, w, x = (ur, uw, ux) if user else (pr, pw, px)
        return bool(r), bool(w), bool(x), False, bool(self.wxn and w and x), True

    def indirect(self, d, user):
        pi = (d >> 53 & 3) << 2 | (d >> 51 & 1) << 1 | d >> 6 & 1
        ppi, upi = nibble(self.pir, pi), nibble(self.pire0, pi)
        p, u = S1_INDIRECT[ppi], S1_INDIRECT[upi]
        if p & (X | GCS) and u & (W | GCS):
            p = u = 0
        if self.pan and upi:
            p &= ~(R | W)
        index, perms = (upi, u) if user else (ppi, p)
        return bool(perms & R), bool(perms & W), bool(perms & X), bool(perms & GCS), index == 6, not index & 8

    def check(self, d, user, kind):
        """The ISS2 and WnR of a permission fault, or None."""
        r, w, x, gcs, wxn, overlay = (self.indirect if self.pie else self.direct)(d, user)
        if kind == 'gcs':
            if not gcs:
                return IS_GCS | WNR
            return IS_GCS | DIRTY | WNR if not self.hd and d & ND else None
        overlay = overlay and (self.e0poe if user else self.poe)
        o_r = o_w = o_x = True
        if overlay:
            o = S1_OVERLAY[nibble(self.por0 if user else self.por1, d >> 60 & 7)]
            o_r, o_w, o_x = bool(o & R), bool(o & W), bool(o & X)
        if overlay and wxn and o_x:
            o_w = False
        elif wxn:
            x = False
        if kind == 'fetch':
            return OVERLAY if not o_x else 0 if not x else None
        read, write = kind in ('load', 'swap'), kind in ('store', 'swap')
        if read and not o_r:
            return OVERLAY
        if write and not o_w:
            return OVERLAY | WNR
        if read and not r:
            return 0
        if write and not w:
            return WNR
        if write and not self.hd and self.pie and d & ND:
            return DIRTY | WNR
        return None

    def expected(self, d):
        out = []
        for name in S1_PROBES:
            user = name in ('ldtr', 'sttr', 'fetch EL0', 'gcssttr')
            kind = {'ldtr': 'load', 'sttr': 'store', 'fetch EL0': 'fetch', 'gcsstr': 'gcs', 'gcssttr': 'gcs'}.get(name, name)
            fault = self.check(d, user, kind)
            if fault is None:
                out.append(SVC if kind == 'fetch' else 0)
                if kind in ('store', 'swap', 'gcs') and self.hd and (self.pie or d & DBM):
                    d &= ~ND
            else:
                ec = 0x25 if kind != 'fetch' else 0x20 if user else 0x21
                out.append(ec << 26 | PERMISSION | fault)
        return out + [d]


def stage1():
    setups = []
    pages = [pi_bits(i // 8) | (i % 8) << 60 | AF | 0x303 for i in range(120)]
    clean = [d | ND for d in pages]
    step = 0x123456789abcdef
    # every field of EL1 with every field of EL0
    for shift in range(16):
        pir = sum(i << 4 * i for i in range(15))
        pire0 = sum((i + shift) % 16 << 4 * i for i in range(15))
        both = {'pie': 1, 'pir': pir, 'pire0': pire0, 'poe': 1, 'e0poe': 1, 'por1': 0x76543210, 'por0': 0x01234567}
        setups += [Stage1(pages, **both), Stage1(pages, pan=1, **both)]
        last = dict(both, pir=pir & ~15 | 15)   # 15 in place of 0
        setups.append(Stage1(pages, **dict(last, pan=shift & 1, poe=shift >> 1 & 1, e0poe=shift >> 2 & 1)))
        setups.append(Stage1(clean, hd=1, **both))
    setups.append(Stage1(clean, pie=1, pir=0x0e7c65321a984fb & step * 13 | step, pire0=step * 7 & 2**60 - 1))
    setups.append(Stage1(clean, pie=1, poe=1, e0poe=1, pir=step * 3 & 2**60 - 1, pire0=step, por1=0x77777777, por0=0xfedcba98))
    # direct permissions: AP, PXN, UXN and DBM with seven overlays
    pages = [(i & 3) << 6 | (i >> 2 & 3) << 53 | (i >> 4 & 1) << 51 | po << 60 | AF | 0x303
             for i in range(17) for po in range(7)] + [AF | 0x303]
    for pan in 0, 1:
        for hd in 0, 1:
            for poe in 0, 1, 2, 3:
                setups.append(Stage1(pages, pan=pan, hd=hd, poe=poe & 1, e0poe=poe >> 1, por1=0x7531642, por0=0x2461357))
                setups.append(Stage1(pages, hd=hd, pan=pan, poe=poe & 1, e0poe=poe >> 1, wxn=1, por1=0x7531642, por0=0x2461357))
    setups.append(Stage1(pages, pan=1, epan=1, poe=1, e0poe=1, por1=0x7777777, por0=0x7777777))
    return setups, SETUPS_1


# -- stage 2 -------------------------------------------------------------------------------------------------------

class Stage2:
    def __init__(self, pages, poe=0, pir=0, por=0, hd=0, pie=1):
        self.pages, self.poe, self.hd, self.pie = pages, poe, hd, pie
        self.pir, self.por = pir & ~(15 << 60) | 15 << 60, por & ~(15 << 60) | 15 << 60

    def head(self):
        memory = AF | 0x3f9 | ND | (pi_bits(15) | 15 << 59 if self.pie else 0xc0)
        vtcr = 0x80023560 | self.pie << 36 | self.poe << 37 | (3 << 21 if self.hd else 0)
        vtcr &= ~0x3f
        vtcr |= 31
        return [memory | 0x4 | 0x40000000, memory & ~0x3c | 0x4, vtcr, self.pir, self.por]

    def check(self, d, user, kind):
        dirty = bool(d & ND)
        if self.pie:
            pi = (d >> 53 & 3) << 2 | (d >> 51 & 1) << 1 | d >> 6 & 1
            base = S2[nibble(self.pir, pi)]
            over = S2[nibble(self.por, d >> 59 & 15)] if self.poe else 'rwpum'
        else:
            ap, xn = d >> 6 & 3, d >> 53 & 3
            if self.hd and d & DBM:
                ap |= 2
            base = 'r' * (ap & 1) + 'wm' * (ap >> 1) + {0: 'pu', 1: 'u', 2: '', 3: 'p'}[xn] * (ap & 1)
            over, dirty = 'rwpum', True
        if kind == 'fetch':
            letter = 'u' if user else 'p'
            return OVERLAY if letter not in over else 0 if letter not in base else None
        if kind == 'walk':                      # reads the descriptor, and then updates it
            fault = self.check(d, user, 'load')
            if fault is not None:
                return fault
        w = 'm' if kind == 'walk' else 'w'
        read, write = kind in ('load', 'swap', 'walk'), kind in ('store', 'swap', 'walk')
        for perms, flag in (over, OVERLAY), (base, 0):
            if read and 'r' not in perms:
                return flag
            if write and w not in perms:
                return flag | WNR
        if write and not self.hd and not dirty:
            return DIRTY | WNR
        return None

    def expected(self, d):
        out = []
        for name in S2_PROBES:
            user, kind = name.endswith('EL0'), name.split()[0]
            fault = self.check(d, user, kind)
            if fault is None:
                out.append(HVC)
                if kind in ('store', 'swap', 'walk') and self.hd and (self.pie or d & DBM):
                    d |= ND
                continue
            esr = (0x20 if kind in ('fetch', 'walk') else 0x24) << 26 | PERMISSION | fault
            if kind == 'walk':
                esr = esr & ~WNR | 1 << 7       # S1PTW; of a fetch
            elif kind in ('load', 'store'):
                esr |= 1 << 24 | 3 << 22 | 1 << 15
            out.append(esr)
        return out + [d]


def stage2():
    setups = []
    pages = [pi_bits(i // 15) | (i % 15) << 59 | AF | 0x33f for i in range(225)]
    for poe in 0, 1:
        for offset in 0, 5, 11:
            pir = sum((i + offset) % 16 << 4 * i for i in range(15))
            por = sum((i * 7 + offset) % 16 << 4 * i for i in range(15))
            setups += [Stage2([d | ND for d in pages], poe, pir, por), Stage2(pages, poe, pir, por),
                       Stage2(pages, poe, pir, por, hd=1)]
    pages = [(i & 3) << 6 | (i >> 2 & 3) << 53 | (i >> 4 & 1) << 51 | AF | 0x33f for i in range(32)] * 7 + [AF | 0x3ff]
    setups += [Stage2(pages, pie=0), Stage2(pages, pie=0, hd=1)]
    return setups, SETUPS_2


SETUPS_1 = ('permissions.S', 'virt', S1_PROBES)
SETUPS_2 = ('permissions_stage2.S', 'virt,virtualization=on', S2_PROBES)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--command', help='another emulator instead')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc'):
        print('permissions: no cross assembler')
        return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    ways = [args.command.split()] if args.command else [[chimera, '-accel', a] for a in args.accel.split(';')]
    wrong = done = 0
    for setups, (source, machine, probes) in stage1(), stage2():
        pages, columns = len(setups[0].pages), len(probes) + 1
        want = [s.expected(d) for s in setups for d in s.pages]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'setups.inc'), 'w', encoding='ascii') as f:
                f.write('.arch armv8.5-a\n.set PAGES, %d\n.set SETUP_HEAD, %d\n.data\n.balign 8\nsetups:\n'
                        % (pages, len(setups[0].head()) * 8))
                for s in setups:
                    assert len(s.pages) == pages
                    f.write(''.join('.quad %#x\n' % v for v in s.head()) + ''.join('.quad page + %#x\n' % d for d in s.pages))
                f.write('setups_end:\n.text\n')
            exe = os.path.join(folder, 'kernel')
            subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-I', folder, '-Wl,-Ttext=0x40080000',
                            '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, source), '-o', exe], check=True)
            symbols = subprocess.run(['aarch64-linux-gnu-nm', exe], capture_output=True, text=True, check=True).stdout
            page = next(int(line.split()[0], 16) for line in symbols.splitlines() if line.split()[2] == 'page')
            for way in ways:
                run = subprocess.run(way + ['-M', machine, '-cpu', 'max', '-m', '256M', '-nographic', '-kernel', exe],
                                     stdin=subprocess.DEVNULL, capture_output=True, timeout=120 * PATIENCE)
                got = list(struct.iter_unpack('<%dQ' % columns, run.stdout[:len(run.stdout) // (8 * columns) * 8 * columns]))
                if run.returncode or len(got) != len(want):
                    print(f'{way}: {source}: status {run.returncode}, {len(got)} pages of {len(want)}: {run.stderr.decode()}')
                    wrong += 1
                for n, (w, g) in enumerate(zip(want, got)):
                    s = setups[n // pages]
                    for name, a, b in zip(probes + ['descriptor'], w, g):
                        done += 1
                        if name == 'descriptor':
                            b -= page
                        if a != b:
                            wrong += 1
                            if wrong < 20:
                                print(f'{way[-1]}: {source}: set-up {n // pages}, {vars(s) | {"pages": n % pages}}, '
                                      f'page {s.pages[n % pages]:#x}: {name}: want {a:#x}, got {b:#x}')
    print(f'{done} accesses, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
