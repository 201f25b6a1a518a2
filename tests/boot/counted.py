#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counted runs repeat: Debian's kernel on two CPUs, with and without a disk, has one trace hash whatever runs it and
whatever else the host does; TAP.

counted.py --chimera PROGRAM [--long]
"""
import argparse
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'lib'))
import guest

COMMANDS = """
for n in 1 2; do (i=0; while [ $i -lt 200 ]; do i=$((i + 1)); done; echo loop $n) & done
wait
dd if=/dev/vda bs=64k count=8 2>/dev/null | md5sum
dd if=/dev/urandom of=/dev/vda bs=4k count=4 conv=fsync 2>/dev/null
date
cat /proc/interrupts >/tmp/interrupts
poweroff -f
"""
# how the same run may be run
ENGINES = [('again', []), ('under load', []), ('unoptimised', ['naive=on']), ('one instruction a block', ['one-insn-per-tb=on']),
           ('small code buffer', ['tb-size=8']), ('under stress', ['stress=writes+recycle+unlink+flush+slow'])]


def run(args, files, tmp, accel, insns, load):
    """(instructions, hash, what the guest said)"""
    disk = tmp / 'disk'
    disk.write_bytes(bytes(range(256)) * 4096)
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(3 if load else 0)]
    try:
        out = subprocess.run(
            [args.chimera, '-M', 'virt', '-cpu', 'max', '-smp', '2', '-m', '512M', '-kernel', files['kernel'],
             '-initrd', tmp / 'initrd', '-append', 'console=ttyAMA0 rdinit=/counted', '-nographic', '-no-reboot',
             '-drive', f'file={disk},format=raw', '-object', 'rng-builtin,id=rng', '-device', 'virtio-rng-device,rng=rng',
             '-icount', 'shift=3,sleep=off', '-rtc', 'clock=vm', '-seed', '42', '-d', 'trace-hash', '-D', tmp / 'log',
             '-accel', accel, *(['-stop-after', str(insns)] if insns else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900 * args.scale, check=True)
    finally:
        for b in busy:
            b.kill()
            b.wait()
    log = (tmp / 'log').read_text()
    match = re.fullmatch(r'trace-hash cluster0 (\d+) [0-9a-f]{16}\ntrace-hash all ([0-9a-f]{16})\n', log)
    if not match:
        raise SystemExit('no trace hash: ' + log + out.stdout.decode(errors='replace')[-2000:])
    return int(match.group(1)), match.group(2), out.stdout.decode(errors='replace')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--long', action='store_true', help='to the power-off, and the interpreter')
    p.add_argument('--scale', type=int, default=int(os.environ.get('CHIMERA_PATIENCE', 1)),
                   help='this many times the usual patience')
    args = p.parse_args()
    files = guest.linux()
    insns = 0 if args.long else 60_000_000
    runs = [(name, ','.join(['tcg'] + how), insns) for name, how in ENGINES]
    if args.long:
        runs = [r for r in runs if 'one' not in r[0]]
        runs += [('to a given end, compiled', 'tcg', 300_000_000), ('one instruction a block', 'tcg,one-insn-per-tb=on',
                  300_000_000), ('interpreted', 'tci', 300_000_000)]
    else:
        runs.append(('interpreted', 'tci', insns))
    bad, first = 0, {}
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        init = guest.INIT.replace('MODULES', ' '.join(guest.MODULES))
        cpio = guest.Cpio()
        cpio.add('counted', init[:init.index('exec setsid')].encode() + COMMANDS.encode(), 0o100755)
        (tmp / 'initrd').write_bytes(files['initrd'].read_bytes() + gzip.compress(cpio.finish()))
        first[insns] = run(args, files, tmp, 'tcg', insns, False)
        print('1..%d' % (len(runs) + 1), flush=True)
        ok = first[insns][0] == insns if insns else 'loop 1' in first[0][2] and 'loop 2' in first[0][2]
        print('%s 1 %d instructions: %s' % ('ok' if ok else 'not ok', *first[insns][:2]), flush=True)
        bad += not ok
        for n, (name, accel, end) in enumerate(runs, 2):
            got = run(args, files, tmp, accel, end, 'load' in name)
            want = first.setdefault(end, got)
            ok = got == want
            bad += not ok
            print('%s %d %s' % ('ok' if ok else 'not ok', n, name), flush=True)
            if not ok:
                print('# got %s %s, wanted %s %s' % (*got[:2], *want[:2]))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
