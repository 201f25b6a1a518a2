#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
stage2.py: stage 2 data aborts: the syndrome by which a hypervisor emulates a device (stage2.S).

What each access reports is below, from the manual (DDI 0487, D23.2.37: ISV, SAS, SSE, SRT, SF, AR, WnR). Compiled and
interpreted.

    stage2.py [--accel LIST] [--command PROGRAM]

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
BAD = 0x08123458
FSC = 5                                         # translation, level 1
NONE = None                                     # no valid syndrome

# instruction, offset, write, (SAS, SSE, SRT, SF, AR) or NONE
ACCESSES = [
    ('ldrb w5, [x0]', 0, 0, (0, 0, 5, 0, 0)), ('ldrh w6, [x0, #2]', 2, 0, (1, 0, 6, 0, 0)),
    ('ldr w7, [x0, #8]', 8, 0, (2, 0, 7, 0, 0)), ('ldr x8, [x0, #8]', 8, 0, (3, 0, 8, 1, 0)),
    ('ldrsb w9, [x0]', 0, 0, (0, 1, 9, 0, 0)), ('ldrsb x9, [x0]', 0, 0, (0, 1, 9, 1, 0)),
    ('ldrsh w9, [x0]', 0, 0, (1, 1, 9, 0, 0)), ('ldrsh x9, [x0]', 0, 0, (1, 1, 9, 1, 0)),
    ('ldrsw x10, [x0]', 0, 0, (2, 1, 10, 1, 0)),
    ('strb wzr, [x0]', 0, 1, (0, 0, 31, 0, 0)), ('strh w30, [x0]', 0, 1, (1, 0, 30, 0, 0)),
    ('str w11, [x0]', 0, 1, (2, 0, 11, 0, 0)), ('str x12, [x0]', 0, 1, (3, 0, 12, 1, 0)),
    ('ldur x13, [x0, #-8]', -8, 0, (3, 0, 13, 1, 0)), ('stur w14, [x0, #-4]', -4, 1, (2, 0, 14, 0, 0)),
    ('ldursw x13, [x0, #-4]', -4, 0, (2, 1, 13, 1, 0)),
    ('ldtr w15, [x0]', 0, 0, (2, 0, 15, 0, 0)), ('sttrb w15, [x0]', 0, 1, (0, 0, 15, 0, 0)),
    ('ldr x16, [x0, x2]', 16, 0, (3, 0, 16, 1, 0)), ('str w17, [x0, x2]', 16, 1, (2, 0, 17, 0, 0)),
    ('ldrsb x17, [x0, x2]', 16, 0, (0, 1, 17, 1, 0)),
    ('ldar w18, [x0]', 0, 0, (2, 0, 18, 0, 1)), ('stlr x19, [x0]', 0, 1, (3, 0, 19, 1, 1)),
    ('ldarb w18, [x0]', 0, 0, (0, 0, 18, 0, 1)), ('stlrh w18, [x0]', 0, 1, (1, 0, 18, 0, 1)),
    ('ldapr x18, [x0]', 0, 0, (3, 0, 18, 1, 1)), ('ldaprb w18, [x0]', 0, 0, (0, 0, 18, 0, 1)),
    ('ldapur w18, [x0, #4]', 4, 0, (2, 0, 18, 0, 1)), ('stlur x18, [x0, #8]', 8, 1, (3, 0, 18, 1, 1)),
    ('ldapursb x18, [x0, #1]', 1, 0, (0, 1, 18, 1, 1)), ('ldapursw x18, [x0, #4]', 4, 0, (2, 1, 18, 1, 1)),
    ('ldr x5, [x0], #8', 0, 0, NONE), ('str x5, [x0, #8]!', 8, 1, NONE), ('ldrb w5, [x0, #1]!', 1, 0, NONE),
    ('ldp x5, x6, [x0]', 0, 0, NONE), ('stp w5, w6, [x0]', 0, 1, NONE),
    ('ldr d5, [x0]', 0, 0, NONE), ('str q5, [x0, #8]', 8, 1, NONE), ('ldur s5, [x0]', 0, 0, NONE),
    ('ldr b5, [x0, x2]', 16, 0, NONE), ('ld1 {v1.8b}, [x0]', 0, 0, NONE),
    ('ldxr x5, [x0]', 0, 0, NONE), ('ldaxr w5, [x0]', 0, 0, NONE), ('swp x5, x6, [x0]', 0, 0, NONE),
    ('ldadd w5, w6, [x0]', 0, 0, NONE), ('cas x5, x6, [x0]', 0, 0, NONE), ('stadd w5, [x0]', 0, 0, NONE),
]


def expected(offset, write, fields):
    iss = FSC | write << 6
    if fields:
        sas, sse, srt, sf, ar = fields
        iss |= 1 << 24 | sas << 22 | sse << 21 | srt << 16 | sf << 15 | ar << 14
    return 0x24 << 26 | 1 << 25 | iss, BAD + offset, (BAD + offset) >> 12 << 4


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tcg,one-insn-per-tb=on;tci', help='with semicolons')
    p.add_argument('--command', help='another emulator instead')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc'):
        print('stage2: no cross assembler')
        return 77
    chimera = os.environ.get('CHIMERA') or os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')),
                                                        'chimera')
    ways = [args.command.split()] if args.command else [[chimera, '-accel', a] for a in args.accel.split(';')]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'accesses.inc'), 'w') as f:
            f.write('.arch armv8.5-a\n' + ''.join(a[0] + '\n' for a in ACCESSES))
        exe = os.path.join(folder, 'kernel')
        subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-I', folder, '-Wl,-Ttext=0x40080000',
                        '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'stage2.S'), '-o', exe], check=True)
        for way in ways:
            done = subprocess.run(way + ['-M', 'virt,virtualization=on', '-cpu', 'max', '-m', '256M', '-nographic', '-kernel',
                                         exe], stdin=subprocess.DEVNULL, capture_output=True, timeout=60 * PATIENCE)
            got = [struct.unpack_from('<3Q', done.stdout, at) for at in range(0, len(done.stdout) - 23, 24)]
            if done.returncode or len(got) != len(ACCESSES):
                print(f'{way}: status {done.returncode}, {len(got)} aborts of {len(ACCESSES)}: {done.stderr.decode()}')
                wrong += 1
            for (name, *what), have in zip(ACCESSES, got):
                want = expected(*what)
                if have != want:
                    print(f'{" ".join(way)}: {name}: want ESR, FAR, HPFAR %x %x %x, got %x %x %x' % (*want, *have))
                    wrong += 1
    print(f'{len(ways)} ways, {len(ACCESSES)} accesses, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
