#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
sysreg_oracle.py: every encoding of MRS at EL1, with each CPU model, against qemu-system-aarch64.

What is read must be the same, or the exception; a difference must be one of those explained below. What the
specification's table does not have must be UNDEFINED here.

    sysreg_oracle.py [--cpu LIST]

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

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
ENCODINGS = 32768
TRAPPED = 0x118                                 # what the kernel writes of EC 0x18
# Names, and why they may differ.
EXPLAINED = [
    (r'ID_(PFR|DFR|MMFR|ISAR)\d_EL1|MVFR\d_EL1|ID_AA64PFR0_EL1', 'no AArch32 here'),
    (r'SCTLR_EL1|RMR_EL1', 'reset value'),
    (r'CNT[PV]\w*_EL0', 'time'),
    (r'CCSIDR_EL1', 'bits 31:28 are UNKNOWN'),
    (r'OSDTR[RT]X_EL1|OSECCR_EL1|DBG(PRCR|CLAIM\w+|AUTHSTATUS)_EL1|DBGDTR(TX)?_EL0|ERRSELR_EL1', 'not there'),
    (r'MPIDR_EL1', 'MT of the later cores'),
    (r'PMCEID1_EL0', 'events'),
    (r'S3_1_C1[15]_.*', 'IMPLEMENTATION DEFINED'),
]


def table():
    names = {}
    with open(os.path.join(ROOT, 'tests', 'data', 'arm', 'sysregs.tsv'), encoding='ascii') as f:
        for line in f.readlines()[1:]:
            row = line.split('\t')
            op0, op1, crn, crm, op2 = (int(n) for n in row[1:6])
            names[(op0 - 2) << 14 | op1 << 11 | crn << 7 | crm << 3 | op2] = row[0]
    return names


def run(command, cpu, exe):
    p = subprocess.run(command + ['-M', 'virt', '-cpu', cpu, '-m', '256M', '-nographic', '-kernel', exe],
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * PATIENCE)
    if p.returncode or len(p.stdout) != 16 * ENCODINGS:
        raise SystemExit('sysreg_oracle: %s: %d bytes, status %d: %s' %
                         (command[0], len(p.stdout), p.returncode, p.stderr.decode()))
    return list(struct.iter_unpack('<QQ', p.stdout))


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--cpu', default='cortex-a35,cortex-a53,cortex-a57,cortex-a72,cortex-a76,neoverse-n1')
    args = p.parse_args()
    if not shutil.which('qemu-system-aarch64') or not shutil.which('aarch64-linux-gnu-gcc'):
        print('sysreg_oracle: no other emulator, or no cross assembler')
        return 77
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    chimera = os.environ.get('CHIMERA') or os.path.join(build, 'chimera')
    names, bad = table(), 0
    with tempfile.TemporaryDirectory() as folder:
        exe = os.path.join(folder, 'kernel')
        subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wl,-Ttext=0x40080000',
                        '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'sysreg_oracle.S'), '-o', exe],
                       check=True)
        for cpu in args.cpu.split(','):
            want, got = run(['qemu-system-aarch64'], cpu, exe), run([chimera], cpu, exe)
            same = explained = there = 0
            for enc, (a, b) in enumerate(zip(want, got)):
                raw = 'S%d_%d_C%d_C%d_%d' % (2 + (enc >> 14), enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7)
                name = names.get(enc, raw)
                there += b[1] == 0
                reserved_id = enc >> 11 == 8 and enc >> 7 & 15 == 0 and enc >> 3 & 15 in range(1, 8)
                if b[1] == 0 and enc not in names and not reserved_id:
                    print('%s: %s is in no table, and reads as %x' % (cpu, name, b[0]))
                    bad += 1
                if a == b:
                    same += 1
                elif any(re.fullmatch(pattern, name) for pattern, _ in EXPLAINED):
                    explained += 1
                else:
                    print('%s: %s: want %x (exception %x), got %x (%x)' % (cpu, name, *a, *b))
                    bad += 1
            print('%s: %d encodings read, %d are the same, %d explained' % (cpu, there, same, explained))
            if there < 150:
                print('%s: too few' % cpu)
                bad += 1
        # the space of ID registers, where reading what is not there is told as a trap
        got = run([chimera], 'max', exe)
        for enc in [1 << 14 | op1 << 11 | crm << 3 | op2 for op1 in (0, 1, 3) for crm in range(8) for op2 in range(8)]:
            if got[enc][1] not in (0, TRAPPED):
                print('max: S3_%d_C0_C%d_%d: exception %x' % (enc >> 11 & 7, enc >> 3 & 15, enc & 7, got[enc][1]))
                bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
