#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Build arm_oracle.c for AArch64 and run it: on this host if it is one, else under qemu-aarch64.

Skipped (77) where neither a compiler nor a way to run its programs is found. Argument: trials per operation.
"""
import os
import platform
import shutil
import subprocess
import sys
import tempfile

UNITS = ('f16', 'bf16', 'f32', 'f64', 'convert', 'widen', 'estimate')


def main():
    source = os.environ.get('CHIMERA_SOURCE', '.')
    if platform.machine() == 'aarch64':
        cc, run = shutil.which('cc'), []
        if 'jscvt' not in open('/proc/cpuinfo').read() or 'bf16' not in open('/proc/cpuinfo').read():
            print('skipped: this processor lacks FEAT_JSCVT or FEAT_BF16')
            return 77
    else:
        cc, qemu = shutil.which('aarch64-linux-gnu-gcc'), shutil.which('qemu-aarch64')
        run = [qemu, '-cpu', 'max']
        if qemu is None:
            cc = None
    if cc is None:
        print('skipped: no compiler for AArch64, or nothing that runs its programs')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'arm_oracle')
        subprocess.run([cc, '-static', '-O2', '-std=gnu11', '-fwrapv', '-march=armv8.6-a+fp16+fp16fml+bf16',
                        '-I', source, os.path.join(source, 'modules/fpu/tests/arm_oracle.c')]
                       + [os.path.join(source, 'modules/fpu', unit + '.c') for unit in UNITS]
                       + ['-o', program], check=True)
        return subprocess.run(run + [program] + sys.argv[1:]).returncode


sys.exit(main())
