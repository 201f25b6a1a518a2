#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random words as kernels: whatever the guest does, the emulator neither ends nor is harmed; TAP.

random_images.py --chimera PROGRAM [--count 50] [--seed 1] [--seconds 1]
Image N of a seed is always the same; a failure prints the command that shows it again.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
MACHINES = ['virt', 'virt,gic-version=3', 'virt,secure=on', 'virt,virtualization=on,gic-version=3',
            'virt,secure=on,virtualization=on']
CPUS = ['cortex-a35', 'cortex-a53', 'cortex-a55', 'cortex-a57', 'cortex-a72', 'cortex-a76', 'neoverse-n1', 'max']
# What random words seldom are, so that devices, system registers and translation are met as well: MOVZ/MOVK of an
# address of the map into X0-X7, loads and stores through them, MSR and MRS, branches within the image.
BASES = [0x08000000, 0x08010000, 0x080a0000, 0x09000000, 0x09010000, 0x09020000, 0x09030000, 0x0a000000, 0x0a003e00,
         0x0e000000, 0x00000000, 0x40000000, 0x7fffffff0000]


def word(rng):
    kind = rng.random()
    if kind < 0.55:
        return rng.getrandbits(32)
    rd, rn = rng.randrange(8), rng.randrange(8)
    if kind < 0.70:                             # MOVZ, MOVK
        base = rng.choice(BASES)
        half = rng.randrange(3)
        op = rng.choice([0xd2800000, 0xf2800000])
        return op | half << 21 | (base >> 16 * half & 0xffff) << 5 | rd
    if kind < 0.85:                             # LDR, STR of all sizes, unsigned offset
        return 0x39000000 | rng.randrange(4) << 30 | rng.randrange(2) << 22 | rng.randrange(256) << 10 | rn << 5 | rd
    if kind < 0.95:                             # MSR, MRS, SYS
        return 0xd5000000 | rng.getrandbits(22) | rng.choice([0, 0x100000])
    return 0x14000000 | rng.randrange(-64, 64) & 0x3ffffff      # B


def image(rng):
    return b''.join(word(rng).to_bytes(4, 'little') for _ in range(4096))


def run(chimera, seed, n, seconds):
    """None, or what went wrong."""
    rng = random.Random(f'{seed}-{n}')
    machine, cpu = rng.choice(MACHINES), rng.choice(CPUS)
    accel = rng.choice(['tcg', 'tcg', 'tcg,thread=single', 'tci'])
    smp = rng.choice([1, 2])
    with tempfile.TemporaryDirectory() as tmp:
        path = pathlib.Path(tmp) / 'image'
        path.write_bytes(image(rng))
        pidfile = pathlib.Path(tmp) / 'pid'
        command = [chimera, '-M', machine, '-cpu', cpu, '-smp', str(smp), '-m', '64M', '-accel', accel, '-kernel', str(path),
                   '-nographic', '-nic', 'none', '-seed', '1', '-pidfile', str(pidfile)]
        proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        started = time.monotonic()
        while not pidfile.exists() and proc.poll() is None and time.monotonic() - started < 60:
            time.sleep(0.02)
        time.sleep(seconds)
        if proc.poll() is None:
            proc.send_signal(signal.SIGTERM)
        try:
            _, err = proc.communicate(timeout=60 * PATIENCE)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.communicate()
            return f'does not end on SIGTERM: {" ".join(command)}'
        if proc.returncode != 0:                # a guest that powers off ends with 0 as well
            return f'status {proc.returncode}: {" ".join(command)}\n{err.decode(errors="replace")[-2000:]}'
    return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--count', type=int, default=50)
    p.add_argument('--first', type=int, default=0)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--seconds', type=float, default=1)
    p.add_argument('--jobs', type=int, default=2)
    args = p.parse_args()
    failed = 0
    print(f'1..{args.count}', flush=True)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        numbers = range(args.first, args.first + args.count)
        results = pool.map(lambda n: run(args.chimera, args.seed, n, args.seconds), numbers)
        for n, (number, wrong) in enumerate(zip(numbers, results), 1):
            if wrong:
                failed += 1
                for line in wrong.splitlines():
                    print('#', line)
            print('ok' if not wrong else 'not ok', n, f'image {args.seed}-{number}', flush=True)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
