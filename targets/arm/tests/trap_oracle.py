#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
trap_oracle.py: every encoding of MRS at each level, with trap controls of the levels above it set one at a time,
against qemu-system-aarch64: the syndromes. A difference must be one of those explained below.

    trap_oracle.py [--cpu NAME] [LEVEL:CONTROL=VALUE...]

Exit status 77 (skipped) where the other emulator or the cross assembler is missing.
"""

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

from sysreg_oracle import ENCODINGS, HERE, PATIENCE, ROOT, table

CONTROLS = {'SCR': 0x30000, 'HCR': 0, 'MDCR2': 6, 'MDCR3': 0, 'CPTR2': 0x33ff, 'CNTHCTL': 3, 'PMUSER': 0, 'MDSCR': 0}
CASES = ['2:', '1:', '0:', '0:PMUSER=1', '0:HCR=0x8000000', '1:SCR=0x4000', '1:SCR=0x8000', '2:SCR=0x8000',
         '1:HCR=0x800000000', '1:HCR=0x1000000000', '1:HCR=0x10000', '1:HCR=0x20000', '1:HCR=0x40000',
         '1:HCR=0x200000', '1:MDCR2=0x206', '1:MDCR2=0x406', '1:MDCR2=0x806', '1:MDCR2=0x106', '1:MDCR2=0x46',
         '0:MDCR2=0x206', '1:MDCR3=0x200', '1:MDCR3=0x400', '1:MDCR3=0x40', '2:MDCR3=0x40', '1:CPTR2=0x800033ff',
         '1:CNTHCTL=0']
# Names, and why they may differ.
EXPLAINED = [
    (r'OSDTR[RT]X_EL1|OSECCR_EL1|DBG(PRCR|CLAIM\w+|AUTHSTATUS)_EL1|DBGDTR(RX|TX)?_EL0|ERRSELR_EL1', 'not there'),
    (r'S3_._C1[15]_.*', 'IMPLEMENTATION DEFINED'),
]
# Names that are UNDEFINED here, and why the other emulator may have them.
UNDEFINED_HERE = [
    (r'.*_EL[01]2', 'by the manual, where HCR_EL2.E2H is 0'),
    (r'(DBGVCR|DACR|IFSR|FPEXC)32_EL2|SPSR_(irq|abt|und|fiq)', 'they are there with AArch32 at EL1'),
]
UNDEFINED = 0x02000000                          # syndrome: unknown reason


def run(command, cpu, image):
    options = ['-M', 'virt,secure=on,virtualization=on,gic-version=3', '-cpu', cpu, '-m', '256M', '-nographic',
               '-bios', image]
    with subprocess.Popen(command + options, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        stop = threading.Timer(60 * PATIENCE, p.kill)
        stop.start()
        out = p.stdout.read(4 * ENCODINGS)
        stop.cancel()
        p.kill()
    if len(out) != 4 * ENCODINGS:
        raise SystemExit('trap_oracle: %s: %d bytes: %s' % (command[0], len(out), p.stderr.read().decode()))
    return struct.unpack('<%dI' % ENCODINGS, out)


def build(folder, case):
    level, _, control = case.partition(':')
    values = dict(CONTROLS)
    if control:
        name, value = control.split('=')
        values[name] |= int(value, 0)
        if name in ('CNTHCTL', 'MDCR2'):
            values[name] = int(value, 0)
    exe = os.path.join(folder, 'firmware')
    symbols = ['-Wa,--defsym,%s=%d' % item for item in dict(values, LEVEL=int(level)).items()]
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', *symbols, '-Wl,-Ttext=0',
                    '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'trap_oracle.S'), '-o', exe], check=True)
    subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', exe, exe + '.bin'], check=True)
    return exe + '.bin'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--cpu', default='neoverse-n1')
    p.add_argument('cases', nargs='*')
    args = p.parse_args()
    if not shutil.which('qemu-system-aarch64') or not shutil.which('aarch64-linux-gnu-gcc'):
        print('trap_oracle: no other emulator, or no cross assembler')
        return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    names, bad, known = table(), 0, set()
    with tempfile.TemporaryDirectory() as folder:
        for case in args.cases or CASES:
            image = build(folder, case)
            want, got = run(['qemu-system-aarch64'], args.cpu, image), run([chimera], args.cpu, image)
            for enc, (a, b) in enumerate(zip(want, got)):
                raw = 'S%d_%d_C%d_C%d_%d' % (2 + (enc >> 14), enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7)
                name = names.get(enc, raw)
                explained = EXPLAINED + (UNDEFINED_HERE if b == UNDEFINED else [])
                if a != b and (enc, a, b) not in known and not any(re.fullmatch(e, name) for e, _ in explained):
                    print('%s: %s %s: want %x, got %x' % (case, raw, name, a, b))
                    known.add((enc, a, b))
                    bad += 1
            print('%s: %d encodings trap' % (case, sum(s >> 26 != 0 for s in got)))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
