#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Some time of a Linux boot on several interpreted CPUs under ThreadSanitizer: no race of the emulator's. TAP.

races.py --chimera PROGRAM [--seconds 60]     PROGRAM is built with -Db_sanitize=thread
"""
import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'lib'))
import console  # noqa: E402
import guest    # noqa: E402


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--seconds', type=float, default=60)
    args = p.parse_args()
    files = guest.linux()
    os.environ['TSAN_OPTIONS'] = 'exitcode=66'
    print('1..2', flush=True)
    c = console.Console([args.chimera, '-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '512M', '-accel', 'tci',
                         '-kernel', files['kernel'], '-initrd', files['initrd'], '-append', 'console=ttyAMA0 earlycon',
                         '-nographic', '-no-reboot', '-nic', 'user,model=virtio-net-device'])
    try:
        try:
            c.expect('Booting Linux', 60 + 10 * args.seconds)
            booted = True
        except console.ConsoleError as e:
            print('#', '\n# '.join(str(e).splitlines()))
            booted = False
        end = time.monotonic() + args.seconds
        while booted and time.monotonic() < end and c.proc.poll() is None:
            c._read(0.5)
        running = c.proc.poll() is None
        c.proc.terminate()
        status = c.wait(120)
    finally:
        c.close()
    clean = 'ThreadSanitizer' not in c.output and status == 0
    print('ok' if booted and running else 'not ok', 1, 'the kernel boots')
    print('ok' if clean else 'not ok', 2, 'no races')
    if not clean:
        print(f'# status {status}')
        for line in c.output[max(c.output.find('ThreadSanitizer') - 200, 0):][:6000].splitlines():
            print('#', line)
    return not (booted and running and clean)


if __name__ == '__main__':
    sys.exit(main())
