#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs with wrong headers, interpreters and scripts in user mode: a line and status 126 or 127, or a program that
runs and ends as its own instructions have it; never a fault of the emulator. TAP.

elf_files.py --chimera PROGRAM [--count 400] [--seed 1] [--first 0] [--seconds 0]
Case N of a seed is always the same; a failure prints it. With --seconds, cases until the time is over.
"""
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

from campaign import Campaign

NOBODY = 65534
PAGE = 4096
EHDR = '<16sHHIQQQIHHHHHH'
PHDR = '<IIQQQQQQ'
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR, PT_TLS, PT_STACK, PT_PROPERTY = 1, 2, 3, 4, 6, 7, 0x6474e551, 0x6474e553
INTERESTING = [0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 0x7f, 0xff, PAGE - 1, PAGE, PAGE + 1, 0xfff0, 0xffff, 0x10000, 0x7fffffff,
               0x80000000, 0xffffffff, 1 << 32, 1 << 40, (1 << 46) - PAGE, 1 << 46, (1 << 47) - PAGE, 1 << 47, 1 << 48,
               (1 << 56) - 1, 1 << 56, (1 << 63) - 1, 1 << 63, (1 << 64) - PAGE, (1 << 64) - 1]
# what must not be in what the emulator says
BAD_WORDS = ['AddressSanitizer', 'runtime error', 'in the emulator', 'ERROR:', 'assert', 'GLib', 'Bail out', 'failed to allocate']


def code(*words):
    return b''.join(w.to_bytes(4, 'little') for w in words)


def movz(reg, value):
    return 0xd2800000 | value << 5 | reg


SVC = 0xd4000001
# exit_group(7)
EXIT_7 = code(movz(0, 7), movz(8, 94), SVC, 0x14000000)


class Segment:
    def __init__(self, kind, flags, offset, vaddr, filesz, memsz, align):
        self.fields = [kind, flags, offset, vaddr, vaddr, filesz, memsz, align]

    def pack(self):
        return struct.pack(PHDR, *self.fields)


class Elf:
    """An executable as fields, so that each can be made wrong."""

    def __init__(self, dynamic, text, interp=None):
        base = 0 if dynamic else 0x400000
        self.ident = b'\x7fELF\x02\x01\x01'
        self.header = [3 if dynamic else 2, 183, 1, base + 0x1000, 64, 0, 0, 64, 56, 0, 64, 0, 0]
        self.segments = [
            Segment(PT_PHDR, 4, 64, base + 64, 0, 0, 8),
            Segment(PT_LOAD, 4, 0, base, 0x800, 0x800, PAGE),
            Segment(PT_LOAD, 5, 0x1000, base + 0x1000, len(text), len(text), PAGE),
            Segment(PT_LOAD, 6, 0x2010, base + 0x3010, 0x100, 0x2000, PAGE),
            Segment(PT_STACK, 6, 0, 0, 0, 0, 16),
        ]
        self.body = bytearray(0x2200)
        self.body[0x1000:0x1000 + len(text)] = text
        if interp:
            self.body[0x700:0x700 + len(interp)] = interp
            self.segments.insert(1, Segment(PT_INTERP, 4, 0x700, base + 0x700, len(interp), len(interp), 1))

    def pack(self):
        head = list(self.header)
        if head[9] == 0:
            head[9] = len(self.segments)
        out = bytearray(self.body)
        h = struct.pack(EHDR, self.ident, *head)
        out[:len(h)] = h
        table = b''.join(s.pack() for s in self.segments)
        out[64:64 + len(table)] = table
        return out


def value(rng, bits, size):
    kind = rng.random()
    if kind < 0.7:
        v = rng.choice(INTERESTING)
    elif kind < 0.85:
        v = size + rng.randrange(-2, 3)
    else:
        v = rng.getrandbits(bits)
    if rng.random() < 0.2:
        v += rng.choice([-1, 1, PAGE, -PAGE])
    return v & (1 << bits) - 1


def mutate(rng, elf):
    """The file's bytes."""
    size = len(elf.body)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        kind = rng.random()
        if kind < 0.25:
            i = rng.randrange(len(elf.header))
            bits = 64 if i in (3, 4, 5) else 32 if i in (2, 6) else 16
            elf.header[i] = value(rng, bits, size)
        elif kind < 0.8:
            s = rng.choice(elf.segments)
            i = rng.randrange(8)
            bits = 32 if i < 2 else 64
            s.fields[i] = rng.choice([PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR, PT_TLS, PT_PROPERTY]) \
                if i == 0 and rng.random() < 0.7 else value(rng, bits, size)
        elif kind < 0.9 and len(elf.segments) < 12:
            s = rng.choice(elf.segments)
            extra = Segment(0, 0, 0, 0, 0, 0, 0)
            extra.fields = list(s.fields)
            extra.fields[rng.randrange(8)] = value(rng, 32, size)
            elf.segments.insert(rng.randrange(len(elf.segments) + 1), extra)
        else:
            rng.shuffle(elf.segments)
    out = elf.pack()
    kind = rng.random()
    if kind < 0.15:
        del out[rng.randrange(len(out)):]
    elif kind < 0.3:
        for _ in range(rng.choice([1, 4, 30])):
            out[rng.randrange(0x400)] = rng.choice([0, 0xff, rng.getrandbits(8)])
    elif kind < 0.33:
        out[:] = rng.randbytes(rng.choice([0, 3, 4, 16, 63, 64, 200]))
    return bytes(out)


def script(rng, names):
    interp = rng.choice(names + [b'', b' ', b'/nonexistent', b'.', b'/', b'\0', b'/dev/null', rng.randbytes(20), b'x' * 300])
    line = rng.choice([b'#!', b'#!', b'#! ', b'#!\t', b'# !']) + interp
    if rng.random() < 0.5:
        line += rng.choice([b' ', b'\t', b'  ']) + rng.choice([b'-x', b'a b', b'', b'y' * 300, rng.randbytes(9)])
    return line + rng.choice([b'\n', b'\r\n', b'', b'\0', b'\n' * 20])


def launcher(path):
    """execve(path, {path, NULL}, {NULL}); then exit_group(-errno)."""
    text = bytearray(code(0x10000000 | 0x40 >> 2 << 5 | 0,      # adr x0, path
                          0xd10103ff, 0xf90003e0, 0xf90007ff, 0x910003e1, 0x910023e2,
                          # sub sp, sp, #64; str x0, [sp]; str xzr, [sp, #8]; mov x1, sp; add x2, sp, #8
                          movz(8, 221), SVC, 0xcb0003e0, movz(8, 94), SVC))
    text += bytes(0x40 - len(text)) + path + b'\0'
    return bytes(Elf(False, bytes(text)).pack())


def make_case(rng, folder):
    """Writes what case needs; the file to run."""
    def put(name, data):
        path = os.path.join(folder, name)
        with open(path, 'wb') as f:
            f.write(data)
        os.chmod(path, 0o755)
        return path

    kind = rng.random()
    if kind < 0.45:
        return put('a', mutate(rng, Elf(rng.random() < 0.5, EXIT_7)))
    interp = os.path.join(folder, 'interp').encode() + b'\0'
    if kind < 0.75:
        wrong = rng.choice(['program', 'interp', 'name'])
        loader = Elf(True, EXIT_7)
        put('interp', mutate(rng, loader) if wrong == 'interp' else bytes(loader.pack()))
        if wrong == 'name':
            interp = rng.choice([b'\0', b'', b'/nonexistent\0', b'.\0', b'/\0', interp[:-1], interp + b'\0', rng.randbytes(30),
                                 b'/' * 2000, os.path.join(folder, 'a').encode() + b'\0', b'/proc/self/exe\0', b'/dev/null\0'])
        elf = Elf(rng.random() < 0.7, EXIT_7, interp[:240])
        if wrong == 'name' and rng.random() < 0.5:
            elf.segments[1].fields[rng.choice([2, 5, 6])] = value(rng, 64, len(elf.body))
        return put('a', mutate(rng, elf) if wrong == 'program' else bytes(elf.pack()))
    program = put('good', bytes(Elf(False, EXIT_7).pack()))
    target = os.path.join(folder, 'x').encode()
    run = put('a', launcher(target))
    kind = rng.random()
    if kind < 0.7:
        put('x', script(rng, [program.encode(), run.encode(), target, b'x']))
    else:
        put('x', mutate(rng, Elf(rng.random() < 0.5, EXIT_7)))
    if rng.random() < 0.3:
        return os.path.join(folder, 'x')
    return run


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 12))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, 1 << 24))
    os.setsid()
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def start(chimera, path, seconds=20):
    """(status, what it said); the status is None if it ran until the time was over."""
    env = {'PATH': '/usr/bin:/bin', 'ASAN_OPTIONS': 'detect_leaks=0:abort_on_error=0:exitcode=99'}
    proc = subprocess.Popen([chimera, 'user', path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env=env, preexec_fn=limits, cwd=os.path.dirname(path))
    try:
        _, err = proc.communicate(timeout=seconds)
        return proc.returncode, err.decode(errors='replace')
    except subprocess.TimeoutExpired:
        os.killpg(proc.pid, signal.SIGKILL)
        _, err = proc.communicate()
        return None, err.decode(errors='replace')


def run(chimera, seed, n):
    """None, or what went wrong."""
    rng = random.Random(f'{seed}-{n}')
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as folder:
        os.chmod(folder, 0o755)
        path = make_case(rng, folder)
        status, err = start(chimera, path)
        wrong = None
        if any(w in err for w in BAD_WORDS) or status in (99, -signal.SIGABRT):
            wrong = 'a fault of the emulator'
        elif status in (126, 127) and 'chimera' in err and (err.count('\n') != 1 or not err.startswith('chimera: ')):
            wrong = 'not one line'
        if wrong:
            keep = tempfile.mkdtemp(prefix=f'chimera-fuzz-failed-{seed}-{n}-')
            shutil.copytree(folder, keep, dirs_exist_ok=True)
            return f'{wrong}: status {status}, files in {keep}: {os.path.basename(path)}\n{err[-3000:]}'
    return None


def controls(chimera):
    """The unharmed ones work, and known mistakes are named."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix='chimera-fuzz-') as folder:
        os.chmod(folder, 0o755)

        def put(name, data):
            path = os.path.join(folder, name)
            with open(path, 'wb') as f:
                f.write(data)
            os.chmod(path, 0o755)
            return path

        good = put('good', Elf(False, EXIT_7).pack())
        put('interp', Elf(True, EXIT_7).pack())
        put('script', b'#!' + good.encode() + b'\n')
        other, odd, missing = Elf(False, EXIT_7), Elf(False, EXIT_7), Elf(True, EXIT_7, b'/nonexistent/ld.so\0')
        newline = Elf(True, EXIT_7, b'/nonexistent/two\nlines\0')
        other.header[1] = 243
        odd.header[1] = 4711
        expected = [
            (good, 7, ''), (put('pie', Elf(True, EXIT_7).pack()), 7, ''),
            (put('dynamic', Elf(True, code(0), os.path.join(folder, 'interp').encode() + b'\0').pack()), 7, ''),
            (put('launch', launcher(os.path.join(folder, 'script').encode())), 7, ''),
            (put('launch2', launcher(os.path.join(folder, 'absent').encode())), 2, ''),
            (put('other', other.pack()), 126, 'RISC-V'), (put('odd', odd.pack()), 126, 'machine 4711'),
            (put('newline', newline.pack()), 127, 'two\\nlines'),
            (put('missing', missing.pack()), 127, '/nonexistent/ld.so'), (put('text', b'hello\n'), 126, 'not an ELF'),
            (os.path.join(folder, 'absent'), 127, 'No such file'), (folder, 126, 'directory'),
            (put('short', bytes(Elf(False, EXIT_7).pack())[:40]), 126, 'ELF'),
        ]
        for path, status, text in expected:
            got, err = start(chimera, path)
            lines = 0 if status not in (126, 127) else 1
            if got != status or text not in err or err.count('\n') != lines:
                wrong.append(f'{os.path.basename(path)}: status {got}, wanted {status}: {err}')
    return '\n'.join(wrong) or None


def main():
    c = Campaign(400)
    c.report('unharmed files and known mistakes', controls(c.args.chimera))
    c.run(lambda n: run(c.args.chimera, c.args.seed, n))
    return c.finish('files')


if __name__ == '__main__':
    sys.exit(main())
