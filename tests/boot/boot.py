#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots Debian's arm64 kernel on virt in many configurations, to the shell, and uses it; TAP.

boot.py --chimera PROGRAM [--long] [--scale N] [NAME...]      --scale: this many times the usual patience
"""
import argparse
import hashlib
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import console
import guest
import webserver

PROMPT = r'/ # '
MODELS = ['cortex-a35', 'cortex-a53', 'cortex-a55', 'cortex-a57', 'cortex-a72', 'cortex-a76', 'neoverse-n1', 'max']


def configs():
    """name, suite, machine, CPU, CPUs, further options"""
    yield 'a72-smp2', 'short', 'virt', 'cortex-a72', 2, []
    yield 'gic3-smp4', 'short', 'virt,gic-version=3', 'cortex-a57', 4, []
    yield 'single-thread', 'short', 'virt,gic-version=3', 'cortex-a72', 2, ['-accel', 'tcg,thread=single']
    yield 'reboot', 'short', 'virt,virtualization=on', 'max,pauth-impdef=on', 2, []
    yield 'smp1', 'long', 'virt', 'cortex-a72', 1, []
    yield 'smp4', 'long', 'virt', 'cortex-a72', 4, []
    for gic in (2, 3):
        yield f'virtualization-gic{gic}', 'long', f'virt,virtualization=on,gic-version={gic}', 'cortex-a72', 2, []
        yield f'secure-gic{gic}', 'long', f'virt,secure=on,gic-version={gic}', 'cortex-a72', 2, []
    yield 'secure-max', 'long', 'virt,secure=on,gic-version=3', 'max,pauth-impdef=on', 2, []
    for model in MODELS:
        yield f'cpu-{model}', 'long', 'virt,gic-version=3', model + (',pauth-impdef=on' if model == 'max' else ''), 1, []
    yield 'tci', 'long', 'virt', 'cortex-a72', 1, ['-accel', 'tci']


def boot(chimera, name, machine, cpu, smp, more, timeout):
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp, webserver.WebServer() as port:
        disk = pathlib.Path(tmp) / 'disk'
        content = os.urandom(65536)
        disk.write_bytes(content + bytes(1 << 20))
        c = console.Console([
            chimera, '-M', machine, '-cpu', cpu, '-smp', smp, '-m', '1G', '-kernel', files['kernel'],
            '-initrd', files['initrd'], '-append', 'console=ttyAMA0', '-nographic', *([] if name == 'reboot' else ['-no-reboot']),
            '-drive', f'file={disk},if=none,format=raw,id=hd0', '-device', 'virtio-blk-device,drive=hd0',
            '-netdev', 'user,id=net0', '-device', 'virtio-net-device,netdev=net0', *more])
        try:
            c.expect('guest-is-up', timeout)
            c.expect(PROMPT, timeout)
            assert 'aarch64' in c.run('uname -a', timeout), 'uname'
            assert c.run('cat /proc/cpuinfo', timeout).count('processor') == smp, 'the number of processors'
            sums = c.run('dd if=/dev/vda bs=4096 count=16 2>/dev/null | sha256sum', timeout)
            assert hashlib.sha256(content).hexdigest() in sums, 'reading the disk'
            c.run('echo written by the guest | dd of=/dev/vda bs=512 seek=256 conv=notrunc,fsync', timeout)
            assert webserver.WebServer.TEXT.decode() in c.run(f'wget -q -O - http://10.0.2.2:{port}/', timeout), 'wget'
            assert f"started at EL{2 if 'virtualization=on' in machine else 1}" in c.run('dmesg', timeout), 'the exception level'
            if name == 'reboot':
                c.send('reboot -f')
                c.expect('guest-is-up', timeout)
                c.expect(PROMPT, timeout)
                assert c.run('cat /proc/cpuinfo', timeout).count('processor') == smp, 'the number of processors after a reset'
            c.send('poweroff -f')
            assert c.wait(timeout) == 0, f'exit status {c.proc.returncode}'
            assert disk.read_bytes()[256 * 512:].startswith(b'written by the guest\n'), 'writing the disk'
        finally:
            c.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--long', action='store_true')
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)))
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    todo = [c for c in configs() if (c[0] in args.names if args.names else args.long or c[1] == 'short')]
    failed = 0
    print(f'1..{len(todo)}', flush=True)
    for n, (name, _, *what) in enumerate(todo, 1):
        try:
            boot(args.chimera, name, *what, timeout=(600 if name == 'tci' else 120) * args.scale)
            print(f'ok {n} {name}', flush=True)
        except (console.ConsoleError, AssertionError) as e:
            failed += 1
            for line in str(e).splitlines():
                print('#', line)
            print(f'not ok {n} {name}', flush=True)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
