#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Firmware and device trees on virt: Debian's U-Boot to its prompt; -machine dumpdtb=, -dtb; the order of virtio
devices; a debugger in the guest; TAP.

firmware.py --chimera PROGRAM [--long] [--scale N]      --scale: this many times the usual patience
"""
import argparse
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import console
import guest

UBOOT = r'\n=> '
LINUX = r'/ # '


def uboot(chimera, machine, smp, timeout, pflash=False):
    """To the prompt; what is typed there is answered; it sees the virtio devices and ends the machine."""
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        disk = pathlib.Path(tmp) / 'disk'
        disk.write_bytes(b'the first sector'.ljust(512, b'\0') + bytes(1 << 20))
        if pflash:
            flash = pathlib.Path(tmp) / 'flash'
            flash.write_bytes(files['uboot'].read_bytes().ljust(64 << 20, b'\xff'))
            firmware = ['-drive', f'if=pflash,format=raw,file={flash}']
        else:
            firmware = ['-bios', files['uboot']]
        c = console.Console([chimera, '-M', machine, '-cpu', 'cortex-a72', '-smp', smp, '-m', '256M', '-nographic',
                             *firmware, '-drive', f'file={disk},format=raw,if=none,id=d',
                             '-device', 'virtio-blk-device,drive=d'])
        try:
            c.expect('Hit any key to stop autoboot', timeout)
            c.send('')
            c.expect(UBOOT, timeout)

            def run(command):
                c.send(command)
                return c.expect(UBOOT, timeout)

            assert re.search(r'U-Boot \d{4}\.\d\d', run('version')), 'version'
            assert 'DRAM bank' in run('bdinfo') or 'bank' in run('bdinfo'), 'bdinfo'
            run('virtio scan')
            assert 'VirtIO Block Device' in run('virtio info'), 'virtio info'
            run('virtio read 0x48000000 0 1')
            assert 'the first sector' in run('md.b 0x48000000 0x10'), 'reading the disk'
            if 'secure=on' in machine:          # EL3 is the firmware's: nobody is there to power off
                c.send('\x01x')
            else:
                c.send('poweroff')
            assert c.wait(timeout) == 0, f'exit status {c.proc.returncode}'
        finally:
            c.close()


def dump(chimera, tmp, machine, *more):
    blob = pathlib.Path(tmp) / 'virt.dtb'
    done = subprocess.run([chimera, '-M', f'{machine},dumpdtb={blob}', '-m', '512M', '-cpu', 'cortex-a72', '-nographic',
                           *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == '' and done.stderr == '', done.stdout + done.stderr
    return blob


def decompile(blob):
    return subprocess.run(['dtc', '-q', '-I', 'dtb', '-O', 'dts', blob], check=True, capture_output=True, text=True).stdout


def dumpdtb(chimera, timeout):
    """The tree is written, without a guest; it says what the options say."""
    with tempfile.TemporaryDirectory() as tmp:
        text = decompile(dump(chimera, tmp, 'virt', '-smp', '3'))
        for want in (r'memory@40000000', r'reg = <0x0+ 0x40000000 0x0+ 0x20000000>', r'pl011@9000000',
                     r'virtio_mmio@a003e00', r'cpu@2 ', r'compatible = "arm,cortex-a72"', r'arm,cortex-a15-gic',
                     r'gpio-keys', r'method = "hvc"'):
            assert re.search(want, text), f'{want!r} is not in\n{text}'
        assert 'cpu@3' not in text and 'secram' not in text, text
        text = decompile(dump(chimera, tmp, 'virt,gic-version=3,secure=on,virtualization=on'))
        for want in (r'arm,gic-v3', r'secram@e000000', r'pl011@9040000'):
            assert re.search(want, text), f'{want!r} is not in\n{text}'
        done = subprocess.run([chimera, '-M', f'virt,dumpdtb={tmp}/no/such/folder', '-nographic'], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 1 and done.stderr.count('\n') == 1 and 'no/such/folder' in done.stderr, done.stderr


def dtb(chimera, timeout):
    """The kernel boots with a tree of the user's, whose memory and command line are the machine's."""
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        blob = dump(chimera, tmp, 'virt')
        text = decompile(blob).replace('model = "linux,dummy-virt"', 'model = "edited by a test"')
        edited = pathlib.Path(tmp) / 'edited.dtb'
        subprocess.run(['dtc', '-q', '-I', 'dts', '-O', 'dtb', '-o', edited], input=text, text=True, check=True)
        c = console.Console([chimera, '-M', 'virt', '-cpu', 'cortex-a72', '-m', '384M', '-kernel', files['kernel'],
                             '-initrd', files['initrd'], '-append', 'console=ttyAMA0 of.the.test', '-dtb', edited,
                             '-nographic'])
        try:
            c.expect('guest-is-up', timeout)
            c.expect(LINUX, timeout)
            assert 'edited by a test' in c.run('cat /proc/device-tree/model', timeout), 'the model'
            assert 'of.the.test' in c.run('cat /proc/cmdline', timeout), 'the command line'
            total = int(re.search(r'MemTotal: +(\d+)', c.run('cat /proc/meminfo', timeout))[1])
            assert 256 << 10 < total < 384 << 10, f'{total} KiB of memory'
            c.send('poweroff -f')
            assert c.wait(timeout) == 0, f'exit status {c.proc.returncode}'
        finally:
            c.close()


def truncated(chimera, timeout):
    """A kernel that is not whole is refused."""
    kernel = guest.linux()['kernel'].read_bytes()
    with tempfile.TemporaryDirectory() as tmp:
        for size in (len(kernel) * 7 // 8, len(kernel) // 2, 100):
            path = pathlib.Path(tmp) / 'kernel'
            path.write_bytes(kernel[:size])
            done = subprocess.run([chimera, '-M', 'virt', '-m', '512M', '-kernel', path, '-nographic'], timeout=timeout,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert done.returncode == 1 and done.stderr.count('\n') == 1, f'{size}: {done.returncode} {done.stderr}'


def virtio_order(chimera, timeout):
    """Devices take transports as on the machine whose map this is: the first named has the last transport. Booting
    says nothing of guest errors."""
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        log = pathlib.Path(tmp) / 'log'
        c = console.Console([chimera, '-M', 'virt', '-cpu', 'cortex-a72', '-m', '512M', '-kernel', files['kernel'],
                             '-initrd', files['initrd'], '-append', 'console=ttyAMA0', '-nographic', '-no-shutdown',
                             '-d', 'guest_errors', '-D', log,
                             '-device', 'virtio-rng-device', '-netdev', 'user,id=n', '-device', 'virtio-net-device,netdev=n',
                             '-device', 'virtio-serial-device'])
        try:
            c.expect('guest-is-up', timeout)
            c.expect(LINUX, timeout)
            for transport, kind in (('a003e00', 4), ('a003c00', 1), ('a003a00', 3)):
                text = c.run(f'cat /sys/devices/platform/{transport}.virtio_mmio/virtio*/device', timeout)
                assert f'0x{kind:04x}' in text, f'{transport}: {text}'
            c.send('\x01x')                     # -no-shutdown is about the guest's wish, not about the user's
            assert c.wait(timeout) == 0, f'exit status {c.proc.returncode}'
        finally:
            c.close()
        assert not log.exists() or log.read_text() == '', log.read_text()


def debugger(chimera, timeout):
    """The kernel's ptrace has the CPU's breakpoints, watchpoints and single steps."""
    files = guest.linux()
    with tempfile.TemporaryDirectory() as tmp:
        program, initrd = pathlib.Path(tmp) / 'ptrace', pathlib.Path(tmp) / 'initrd'
        source = pathlib.Path(__file__).resolve().parent / 'ptrace.c'
        subprocess.run(['aarch64-linux-gnu-gcc', '-O2', '-static', '-o', program, source], check=True)
        cpio = guest.Cpio()
        cpio.add('debugger', program.read_bytes(), 0o100755)
        initrd.write_bytes(files['initrd'].read_bytes() + gzip.compress(cpio.finish()))
        c = console.Console([chimera, '-M', 'virt', '-cpu', 'cortex-a72', '-m', '512M', '-kernel', files['kernel'],
                             '-initrd', initrd, '-append', 'console=ttyAMA0 rdinit=/debugger', '-nographic'])
        try:
            c.expect('hits 17 steps 10000 same 1', timeout)
            assert c.wait(timeout) == 0, f'exit status {c.proc.returncode}'
        finally:
            c.close()


def tests():
    """name, suite, function(chimera, timeout)"""
    def on(machine, smp, **more):
        return lambda chimera, timeout: uboot(chimera, machine, smp, timeout, **more)

    yield 'uboot', 'short', on('virt', 1)
    yield 'dumpdtb', 'short', dumpdtb
    yield 'truncated-kernel', 'short', truncated
    yield 'dtb', 'short', dtb
    yield 'virtio-order', 'short', virtio_order
    yield 'debugger', 'short', debugger
    yield 'uboot-pflash', 'long', on('virt', 1, pflash=True)
    yield 'uboot-smp4', 'long', on('virt', 4)
    yield 'uboot-gic3', 'long', on('virt,gic-version=3', 2)
    yield 'uboot-virtualization', 'long', on('virt,virtualization=on', 1)
    yield 'uboot-secure', 'long', on('virt,secure=on', 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--long', action='store_true')
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)))
    p.add_argument('names', nargs='*')
    args = p.parse_args()
    todo = [t for t in tests() if (t[0] in args.names if args.names else args.long or t[1] == 'short')]
    failed = 0
    print(f'1..{len(todo)}', flush=True)
    for n, (name, _, test) in enumerate(todo, 1):
        try:
            test(args.chimera, 60 * args.scale)
            print(f'ok {n} {name}', flush=True)
        except (console.ConsoleError, AssertionError, subprocess.SubprocessError) as e:
            failed += 1
            for line in str(e).splitlines():
                print('#', line)
            print(f'not ok {n} {name}', flush=True)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
