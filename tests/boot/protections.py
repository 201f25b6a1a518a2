#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernel on -cpu max runs protections.c: faults of memory tags and of branch targets reach a program; TAP.

protections.py --chimera PROGRAM      exit status 77 (skipped) without the cross compiler
"""
import argparse
import os
import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'lib'))
import console
import guest

# SIGSEGV 11: SEGV_MTESERR 9, SEGV_MTEAERR 8; SIGILL 4: ILL_ILLOPC 1
WANT = ['sync right tag: signal 0', 'sync wrong tag: signal 11 code 9', 'async right tag: signal 0',
        'async wrong tag: signal 11 code 8', 'to a landing pad: signal 0 code 0', 'to none: signal 4 code 1']
CC = 'aarch64-linux-gnu-gcc'


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)),
                   help='this many times the usual patience')
    args = p.parse_args()
    if not shutil.which(CC):
        print('1..0 # SKIP no ' + CC)
        return 77
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        subprocess.run([CC, '-O1', '-static', '-march=armv8.5-a+memtag', HERE / 'protections.c', '-o', tmp / 'program'],
                       check=True)
        cpio = guest.Cpio()
        cpio.add('program', (tmp / 'program').read_bytes(), 0o100755)
        (tmp / 'initrd').write_bytes(files['initrd'].read_bytes() + gzip.compress(cpio.finish()))
        c = console.Console([args.chimera, '-M', 'virt', '-cpu', 'max,pauth-impdef=on', '-m', '512M', '-kernel', files['kernel'],
                             '-initrd', tmp / 'initrd', '-append', 'console=ttyAMA0', '-nographic', '-no-reboot'])
        try:
            c.expect('guest-is-up', 120 * args.scale)
            c.expect(r'/ # ', 120 * args.scale)
            out = c.run('/program', 60 * args.scale)
        finally:
            c.close()
    print('1..%d' % len(WANT))
    bad = 0
    for n, line in enumerate(WANT, 1):
        ok = line in out.splitlines() or line + '\r' in out.split('\n')
        bad += not ok
        print('%s %d %s' % ('ok' if ok else 'not ok', n, line))
    if bad:
        print('# ' + out.replace('\n', '\n# '))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
