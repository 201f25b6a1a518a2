#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
debug.py: debug exceptions of AArch64: software step, breakpoints, watchpoints, at EL1 and at EL2 (debug.S).

What each case must take is below, from the manual (DDI 0487, D2). Compiled and interpreted; with --oracle also on
qemu-system-aarch64, where what is known to differ is: the OS lock and a mask that a stepped instruction sets do not
keep its step exceptions back, and an address size fault at EL2 has an instruction syndrome.

    debug.py [--accel LIST] [--oracle]

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
LINK = 0x40080000
SS, D = 1 << 21, 1 << 9
STEP, BREAK, WATCH, ABORT, SVC, HVC = 0x32, 0x30, 0x34, 0x24, 0x15, 0x16
FSC, ISV, EX, WNR = 0x22, 1 << 24, 1 << 6, 1 << 6


def expected(level):
    """[case: [(EC, ISS, offset of a watched address or 0, SPSR)]]; own: from the kernel's own level."""
    own = 0x3c5 if level == 1 else 0x3c9
    end, own_end = (SVC, 0, 0, 0), (SVC, 0, 0, own - D)
    stepped, own_stepped = (STEP, FSC | ISV, 0, 0), (STEP + 1, FSC | ISV, 0, own - D)
    hit = [(BREAK, FSC, 0, 0), end]
    context = [hit, [end]] if level == 1 else [[end], [end]]
    cases = [
        [stepped, stepped, (STEP, FSC | ISV | EX, 0, 0), stepped, (ABORT, 0, 0, SS), stepped, (SVC, 1, 0, 0),
         (STEP, FSC, 0, 0), stepped, stepped, stepped, stepped, end],
        [(STEP, FSC, 0, 0), end],
        [own_stepped, own_stepped, own_stepped, (ABORT + 1, 0, 0, own - D + SS), (SVC, 0, 0, own)],
        [(SVC, 0, 0, own)], [own_end], [end],
        hit, [end], [end],
        [(BREAK + 1, FSC, 0, own - D), own_end], [(SVC, 0, 0, own)],
        *context,
        [stepped, (BREAK, FSC, 0, SS), stepped, stepped, end],
        [(WATCH, FSC, 15, 0), end], [(WATCH, FSC | WNR, 3, 0), end], [(WATCH, FSC, 8, 0), end],
        [(WATCH, FSC | WNR, 96, 0), end],
        [(WATCH + 1, FSC, 0, own - D), own_end] if level == 1 else [own_end],
        [(WATCH + 1, FSC | WNR, 0, own - D), own_end],
        [stepped, (WATCH, FSC | WNR, 0, SS), stepped, stepped, end],
    ]
    if level == 2:
        el1 = (STEP, FSC | ISV, 0, 0x3c5)
        cases += [[el1, el1, (HVC, 0, 0, 0x3c5)], [(HVC, 0, 0, 0x3c5 - D)]]
    return cases


def build(folder, level):
    exe = os.path.join(folder, 'kernel%d' % level)
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wa,--defsym,LEVEL=%d' % level,
                    '-Wl,-Ttext=0x%x' % LINK, '-Wl,--build-id=none,--no-warn-rwx-segments',
                    os.path.join(HERE, 'debug.S'), '-o', exe], check=True)
    return exe


def symbol(exe, name):
    out = subprocess.run(['aarch64-linux-gnu-nm', exe], check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(int(line.split()[0], 16) for line in out.splitlines() if line.split()[2] == name)


def execute(command, level, exe):
    """[case: [(EC, ISS, watched, SPSR)]]"""
    machine = 'virt' if level == 1 else 'virt,virtualization=on'
    p = subprocess.run(command + ['-M', machine, '-cpu', 'cortex-a57', '-m', '512M', '-nographic', '-kernel', exe],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * PATIENCE)
    if p.returncode:
        raise SystemExit('debug: %s ended with %d: %s' % (command[0], p.returncode, p.stderr.decode()))
    data, cases = symbol(exe, 'data'), []
    for at in range(0, len(p.stdout) - 31, 32):
        esr, far, _elr, spsr = struct.unpack_from('<4Q', p.stdout, at)
        ec = esr >> 26
        if not esr:
            cases.append([])
        else:
            cases[-1].append((ec, esr & 0x1ffffff, far - data if ec & ~1 == WATCH else 0, spsr))
    return cases


def text(records):
    return ', '.join('EC %02x ISS %x at %x SPSR %x' % r for r in records)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tcg,one-insn-per-tb=on;tci', help='with semicolons')
    p.add_argument('--oracle', action='store_true')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc') or (args.oracle and not shutil.which('qemu-system-aarch64')):
        print('debug: no cross assembler, or no other emulator')
        return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    ways = [(a, [chimera, '-accel', a]) for a in args.accel.split(';')]
    if args.oracle:
        ways.append(('oracle', ['qemu-system-aarch64']))
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for level in (1, 2):
            exe, want = build(folder, level), expected(level)
            for name, command in ways:
                got = execute(command, level, exe)
                known = {3, 6} if name == 'oracle' else set()
                if len(got) != len(want):
                    print('%s, EL%d: %d cases, not %d' % (name, level, len(got), len(want)))
                    wrong += 1
                for n, (a, b) in enumerate(zip(want, got), 1):
                    if a != b and n not in known:
                        print('%s, EL%d, case %d:\n    want %s\n    got  %s' % (name, level, n, text(a), text(b)))
                        wrong += 1
                print('%s, EL%d: %d cases' % (name, level, len(got)))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
