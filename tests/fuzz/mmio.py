#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random accesses to every device of every board (mmio.c): the emulator neither ends nor hangs, and its monitor answers. A
run takes a board, an accelerator and options by its number; a failure prints the command that shows it again. TAP.

mmio.py --chimera PROGRAM [--runs N | --time SECONDS] [--first N] [--seed 1] [--seconds 0.5] [BOARD...]
Exit status 77 (skipped) without the cross compilers.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'modules/hw/arm_m/tests'))
import boards  # noqa: E402

PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
VIRTIO = ['-object', 'rng-random,id=r,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=r', '-netdev', 'user,id=n',
          '-device', 'virtio-net-device,netdev=n', '-device', 'virtio-serial-device', '-chardev', 'null,id=c', '-device',
          'virtconsole,chardev=c', '-drive', 'file=DISK,format=raw,id=d,if=none', '-device', 'virtio-blk-device,drive=d']
# board: (machine, CPU's space in `info mtree`, options)
A64 = {
    'virt': ('virt', VIRTIO), 'virt-gic3': ('virt,gic-version=3', VIRTIO), 'virt-el3': ('virt,secure=on', VIRTIO),
    'virt-el2': ('virt,virtualization=on', VIRTIO), 'virt-el3-gic3': ('virt,secure=on,virtualization=on,gic-version=3', VIRTIO),
    'amp-virt': ('amp-virt', []), 'amp-virt-a': ('amp-virt', []),
}
CLUSTER = 'm,cpu=cortex-m33,count=2,frequency=100000000'
A_CLUSTER = 'a,cpu=cortex-a53,count=2'
A_STATE, A_BUFFERS = 0x46800000, 0x47000000
# memory, of which the program's own must be left alone
MEMORY = re.compile('ram|tcm|flash|ccm')
# what runs: 1 of 8 with the interpreter, some in counted time
ACCELS = [['-accel', 'tcg']] * 5 + [['-accel', 'tci'], ['-accel', 'tcg,thread=single'],
                                    ['-icount', 'shift=2,sleep=off', '-rtc', 'clock=vm', '-seed', '1']]


def regions(command, space):
    out = subprocess.run(command + ['-S', '-monitor', 'stdio'], input='info mtree -f\nquit\n', stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE).stdout
    text = re.search(rf'^{space}, secure:\n((?:  .*\n)*)', out, re.M)
    if not text:
        raise SystemExit(f'{command}: no memory map: {out}')
    found = re.findall(r'^ +([0-9a-f]+)-([0-9a-f]+) (\S+)', text.group(1), re.M)
    return [(int(a, 16), int(b, 16) - int(a, 16) + 1, name) for a, b, name in found]


def compile_program(rng, out, areas, state, buffers, tool, *args):
    text = ','.join('{%#x,%#x}' % (a, n) for a, n, _ in areas)
    subprocess.run([tool, '-O1', '-ffreestanding', '-nostdlib', '-static', '-Wall', '-Werror', f'-DREGIONS={text}',
                    f'-DSTATE={state:#x}', f'-DBUFFERS={buffers:#x}u', f'-DSEED={rng.getrandbits(63) | 1:#x}u',
                    '-Wl,--build-id=none,--no-warn-rwx-segments', *args, HERE / 'mmio.c', '-lgcc', '-o', out], check=True)


def m_program(rng, tmp, name, base, space=r'[\w-]+\.cpu\d+'):
    """(program, where it counts) for an M-profile CPU of the machine that base starts."""
    cpu, code, data, _ = boards.BOARDS[name] if name in boards.BOARDS else ('cortex-m33', 0, 0x20000000, None)
    areas = [r for r in regions(base, space) if not MEMORY.search(r[2])]
    if rng.randrange(4):                        # most of the time not what is the CPU's own
        areas = [r for r in areas if r[2] != 'system-space']
    (tmp / 'm.ld').write_text(boards.SCRIPT % (code, data, data))
    compile_program(rng, tmp / 'm.elf', areas, data + 0x3f00, data + 0x1000, 'arm-none-eabi-gcc', '-mcpu=' + cpu, '-mthumb',
                    '-masm-syntax-unified', '-T', tmp / 'm.ld')
    return tmp / 'm.elf', data + 0x3f00


def a_program(rng, tmp, base, space='memory', code=0x40200000, state=A_STATE, buffers=A_BUFFERS):
    areas = [r for r in regions(base, space) if not re.search('ram|tcm', r[2])]
    out = tmp / f'{space}.elf'
    compile_program(rng, out, areas, state, buffers, 'aarch64-linux-gnu-gcc', '-mgeneral-regs-only', '-ffixed-x18',
                    '-mstrict-align', '-fno-pie', '-no-pie', '-fno-stack-protector', f'-Wl,-Ttext={code:#x},-z,norelro')
    return out


def run(args, number, name):
    """(accesses, None or what went wrong)"""
    rng = random.Random(f'{args.seed}-{number}-{name}')
    accel = rng.choice(ACCELS)
    with tempfile.TemporaryDirectory() as folder:
        tmp = pathlib.Path(folder)
        (tmp / 'disk').write_bytes(bytes(1 << 20))
        base = [args.chimera, '-display', 'none', '-serial', 'null']
        if name in A64:
            machine, more = A64[name]
            base += ['-M', machine, '-cpu', 'cortex-a72', '-m', '128M'] + [o.replace('DISK', str(tmp / 'disk')) for o in more]
            counters = [(0, A_STATE)]
            command = base
            if name == 'amp-virt-a':            # a second cluster of A-profile cores
                program = a_program(rng, tmp, base + ['-cluster', A_CLUSTER], 'a', 0, 0x20003f00, 0x28080000)
                command = base + ['-cluster', A_CLUSTER + f',kernel={program}']
                counters.append((1, 0x20003f00))
            if name == 'amp-virt':
                program, at = m_program(rng, tmp, name, base + ['-cluster', CLUSTER])
                command = base + ['-cluster', CLUSTER + f',kernel={program}']
                counters.append((1, at))
            command = command + ['-kernel', a_program(rng, tmp, command)]
        else:
            base += ['-M', name]
            program, at = m_program(rng, tmp, name, base)
            counters = [(0, at)]
            command = base + ['-kernel', program]
        command = [str(c) for c in command + accel] + ['-monitor', 'stdio']
        p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(args.seconds * PATIENCE)
        lines = ''.join(f'cpu {cpu}\nxp/2xw {at:#x}\n' for cpu, at in counters)
        again = f'mmio.py --first {number} --runs 1 --seed {args.seed} {name}: {" ".join(command)}'
        try:
            out, err = p.communicate('info status\n' + lines + 'quit\n', timeout=30 * PATIENCE)
        except BrokenPipeError:                 # it has ended: a power-off, or what is to be found
            out, err = p.communicate(timeout=30 * PATIENCE)
        except subprocess.TimeoutExpired:
            if args.keep:
                return 0, f'hangs, pid {p.pid}: {again}'
            p.kill()
            p.communicate()
            return 0, f'hangs: {again}'
        if p.returncode or 'Sanitizer' in err:
            return 0, f'status {p.returncode}: {again}\n{err[-3000:]}'
        counts = [int(n, 16) for n in re.findall(r'^[0-9a-f]+: 0x46555a5a (0x[0-9a-f]+)', out, re.M)]
        return sum(counts), None


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--chimera', required=True)
    p.add_argument('--runs', type=int, default=1, help='of each board')
    p.add_argument('--time', type=float, help='as many as there is time for')
    p.add_argument('--first', type=int, default=0)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--seconds', type=float, default=0.5, help='of a run')
    p.add_argument('--keep', action='store_true', help='what hangs is left, to be looked at')
    p.add_argument('boards', nargs='*')
    args = p.parse_args()
    if not (shutil.which('aarch64-linux-gnu-gcc') and shutil.which('arm-none-eabi-gcc')):
        print('1..0 # SKIP no cross compilers')
        return 77
    names = args.boards or list(A64) + list(boards.BOARDS)
    total, wrong, number = dict.fromkeys(names, 0), {}, args.first
    end = time.monotonic() + (args.time or 0)
    while (time.monotonic() < end) if args.time else (number < args.first + args.runs):
        for name in names:
            count, error = run(args, number, name)
            total[name] += count
            if error:
                wrong[name] = wrong.get(name, '') + error + '\n'
        number += 1
    print(f'1..{len(names)}')
    for n, name in enumerate(names, 1):
        ok = name not in wrong and total[name] > 0
        for line in wrong.get(name, '').splitlines():
            print('#', line)
        print(f'{"ok" if ok else "not ok"} {n} {name}: {total[name]} accesses')
    return bool(wrong) or not all(total.values())


if __name__ == '__main__':
    sys.exit(main())
