#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Damaged images of every format that the loaders know, and damaged device trees: a line and status 1, or a machine that
runs what is left of the program; never a fault of the emulator. TAP.

boot_images.py --chimera PROGRAM [--count 200] [--seed 1] [--first 0] [--seconds 0]
Case N of a seed is always the same; a failure prints it and keeps its file. With --seconds, cases until the time is over.
"""
import gzip
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

from campaign import Campaign

PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))
BASE = 0x40100000
INTERESTING = [0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 0x7f, 0xff, 0xfff, 0x1000, 0xffff, 0x10000, 0x1fffff, 0x7fffffff, 0x80000000,
               0xffffffff, BASE, 0x44000000, 1 << 32, 1 << 40, 1 << 47, 1 << 63, (1 << 64) - 0x1000, (1 << 64) - 1]
# what must not be in what the emulator says
BAD_WORDS = ['AddressSanitizer', 'runtime error', 'ThreadSanitizer', 'ERROR:', 'assert', 'GLib', 'Bail out',
             'failed to allocate']
# writes 'k' to the serial port; PSCI SYSTEM_OFF
CODE = struct.pack('<7I', 0xd2a12001, 0x52800d62, 0x39000022, 0xd2800100, 0xf2b08000, 0xd4000002, 0x14000000)


def raw():
    return CODE


def elf():
    ident = b'\x7fELF\x02\x01\x01' + bytes(9)
    head = ident + struct.pack('<HHIQQQIHHHHHH', 2, 183, 1, BASE, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    segments = struct.pack('<IIQQQQQQ', 1, 5, 0x100, BASE, BASE, len(CODE), 0x1000, 16)
    segments += struct.pack('<IIQQQQQQ', 1, 6, 0x100, BASE + 0x2000, BASE + 0x2000, 8, 0x100, 16)
    return (head + segments).ljust(0x100, b'\0') + CODE


def linux():
    body = CODE.ljust(4096, b'\0')
    head = struct.pack('<IIQQQQQQ4sI', 0xd503201f, 0x1400001f, 0, 128 + len(body), 0xa, 0, 0, 0, b'ARM\x64', 0)
    return head.ljust(128, b'\0') + body


def pe():
    """Linux's, with the header that EFI looks at."""
    image = bytearray(linux())
    image[0:4], image[60:64] = struct.pack('<I', 0x91005a4d), struct.pack('<I', 64)
    image[64:112] = (b'PE\0\0' + struct.pack('<HHIIIHH', 0xaa64, 1, 0, 0, 0, 0, 0)).ljust(48, b'\0')
    return bytes(image)


def uboot(data=CODE, compression=0):
    return struct.pack('>IIIIIIIBBBB32s', 0x27051956, 0, 0, len(data), BASE, BASE, 0, 5, 22, 2, compression, b'x') + data


def hexes():
    def record(kind, offset, data):
        line = struct.pack('>BHB', len(data), offset, kind) + data
        return b':' + (line + bytes([-sum(line) & 255])).hex().upper().encode() + b'\n'

    return record(4, 0, struct.pack('>H', BASE >> 16)) + record(0, BASE & 0xffff, CODE) + \
        record(5, 0, struct.pack('>I', BASE)) + record(1, 0, b'')


FORMATS = {
    'raw': raw, 'elf': elf, 'linux': linux, 'pe': pe, 'uboot': uboot, 'hex': hexes,
    'linux.gz': lambda: gzip.compress(linux(), mtime=0), 'raw.gz': lambda: gzip.compress(raw(), mtime=0),
    'uboot.gz': lambda: uboot(gzip.compress(CODE, mtime=0), 1),
}


def resum(text):
    """HEX records whose sums are right again, so that more than the sum is looked at."""
    out = []
    for line in text.split(b'\n'):
        try:
            data = bytes.fromhex(line[1:].decode())[:-1]
            line = b':' + (data + bytes([-sum(data) & 255])).hex().upper().encode()
        except ValueError:
            pass
        out.append(line)
    return b'\n'.join(out)


def mutate(rng, data, head):
    """data with fields, bytes or its length changed, most of all in the first `head` bytes."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        if not out:
            break
        at = rng.randrange(min(len(out), head) if rng.random() < 0.8 else len(out))
        kind = rng.random()
        if kind < 0.6:                          # a field
            size = rng.choice([1, 2, 4, 8])
            at -= at % size
            value = rng.choice(INTERESTING) if rng.random() < 0.7 else len(data) + rng.randrange(-2, 3)
            out[at:at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, rng.choice(['little', 'big']))
        elif kind < 0.8:
            out[at] = rng.getrandbits(8)
        elif kind < 0.9:
            del out[at:at + rng.choice([1, 4, 100])]
        else:
            out[at:at] = rng.randbytes(rng.choice([1, 4, 100]))
    if rng.random() < 0.15:
        del out[rng.randrange(len(out) + 1):]
    return bytes(out)


def make_case(rng, folder, tree):
    """The options of a case, whose file is written."""
    name = rng.choice(list(FORMATS) + ['dtb', 'dtb'])
    data = tree if name == 'dtb' else FORMATS[name]()
    data = mutate(rng, data, 64 if name == 'dtb' else 256)
    if name == 'hex' and rng.random() < 0.7:
        data = resum(data)
    elif name.endswith('.gz') and rng.random() < 0.5:   # damage inside
        inner = mutate(rng, raw() if name == 'raw.gz' else linux(), 64)
        data = uboot(gzip.compress(inner, mtime=0), 1) if name == 'uboot.gz' else gzip.compress(inner, mtime=0)
    path = os.path.join(folder, 'image')
    with open(path, 'wb') as f:
        f.write(data)
    if name == 'dtb':
        good = os.path.join(folder, 'good')
        with open(good, 'wb') as f:
            f.write(linux())
        return path, ['-kernel', good, '-dtb', path, '-append', 'x']
    way = rng.random()
    if way < 0.6:
        return path, ['-kernel', path]
    if way < 0.9:
        return path, ['-device', f'loader,file={path},cpu-num=0' + rng.choice(['', f',addr={BASE}'])]
    return path, ['-device', f'loader,file={path},addr={rng.choice(INTERESTING)}']


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def start(chimera, options, serial='null'):
    """(status, what it said). A program that runs on is ended after some thousand instructions."""
    command = [chimera, '-M', 'virt', '-m', '64M', '-display', 'none', '-serial', serial, '-monitor', 'none', '-icount',
               '1,sleep=off', '-rtc', 'clock=vm', '-seed', '1', '-stop-after', '5000', '-no-reboot', *options]
    env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0:exitcode=99')
    proc = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            preexec_fn=limits, env=env)
    try:
        _, err = proc.communicate(timeout=3 * PATIENCE)
    except subprocess.TimeoutExpired:           # it waits for an interrupt, or decompresses something large
        proc.terminate()
        try:
            _, err = proc.communicate(timeout=60 * PATIENCE)
        except subprocess.TimeoutExpired:
            proc.kill()
            return None, proc.communicate()[1].decode(errors='replace')
        if proc.returncode == -15:              # before it could listen to signals
            return 0, err.decode(errors='replace')
    return proc.returncode, err.decode(errors='replace')


def judge(status, err):
    """None, or what is wrong with an end."""
    if status is None:
        return 'does not end on SIGTERM'
    if any(w in err for w in BAD_WORDS) or status not in (0, 1):
        return 'a fault of the emulator'
    if status == 1 and (err.count('\n') != 1 or not err.startswith('chimera: ')):
        return 'not one line'
    return None


def run(chimera, seed, n, tree):
    rng = random.Random(f'{seed}-{n}')
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as folder:
        path, options = make_case(rng, folder, tree)
        status, err = start(chimera, options)
        wrong = judge(status, err)
        if wrong:
            keep = tempfile.mkdtemp(prefix=f'chimera-fuzz-failed-{seed}-{n}-')
            shutil.copytree(folder, keep, dirs_exist_ok=True)
            return f'{wrong}: status {status}, files in {keep}: {" ".join(options)}\n{err[-3000:]}'
    return None


def controls(chimera, folder):
    """Unharmed images run to the power-off, and the device tree to damage."""
    wrong = []
    for name, make in FORMATS.items():
        path = os.path.join(folder, name)
        with open(path, 'wb') as f:
            f.write(make())
        said = os.path.join(folder, 'said')
        status, err = start(chimera, ['-kernel', path], 'file:' + said)
        with open(said, 'rb') as f:
            if (status, err, f.read()) != (0, '', b'k'):
                wrong.append(f'{name}: status {status}: {err}')
    path = os.path.join(folder, 'tree')
    subprocess.run([chimera, '-M', f'virt,dtb-randomness=off,dumpdtb={path}', '-display', 'none'], check=True)
    with open(path, 'rb') as f:
        return wrong, f.read()


def main():
    c = Campaign(200)
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as folder:
        wrong, tree = controls(c.args.chimera, folder)
    c.report('unharmed images', '\n'.join(wrong))
    c.run(lambda n: run(c.args.chimera, c.args.seed, n, tree))
    return c.finish('images')


if __name__ == '__main__':
    sys.exit(main())
