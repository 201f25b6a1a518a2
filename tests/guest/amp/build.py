# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the programs of this folder: firmware for amp-virt's clusters, and what talks to it."""
import gzip
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'lib'))
import guest  # noqa: E402

# Linux's modules for a system control processor, in the order in which they are loaded
MODULES = ['arm_mhu', 'arm_scpi', 'scpi-hwmon']
WARN = ['-O2', '-Wall', '-Wextra', '-Werror', '-std=gnu11', '-I', HERE.parents[2]]


def firmware(folder, name, cpu='cortex-m33', secure=False, debug=False):
    """(ELF, raw image) of tests/guest/amp/NAME.c for an M-profile core. secure: for the board's idau=on."""
    stem = name + ('-secure' if secure else '')
    elf, raw = folder / (stem + '.elf'), folder / (stem + '.bin')
    subprocess.run(['arm-none-eabi-gcc', *WARN, '-mcpu=' + cpu, '-mthumb', '-mfloat-abi=soft', '-nostartfiles',
                    '-T', HERE / 'm.ld', '-Wl,--no-warn-rwx-segments', *(['-g'] if debug else []),
                    *(['-Wl,--defsym,secure_bit=0x10000000'] if secure else []),
                    '-o', elf, HERE / 'm_start.c', HERE / (name + '.c')], check=True)
    subprocess.run(['arm-none-eabi-objcopy', '-O', 'binary', elf, raw], check=True)
    return elf, raw


def linux_program(folder):
    out = folder / 'amp-messages'
    subprocess.run(['aarch64-linux-gnu-gcc', *WARN, '-static', '-o', out, HERE / 'linux.c', HERE / 'exchange.c'], check=True)
    return out


def bare_program(folder, debug=False):
    out = folder / 'bare.elf'
    subprocess.run(['aarch64-linux-gnu-gcc', *WARN, '-ffreestanding', '-nostdlib', '-static', '-fno-pic', '-no-pie',
                    '-mgeneral-regs-only', '-mstrict-align', '-fno-tree-loop-distribute-patterns', '-fno-stack-protector',
                    '-Wl,--build-id=none,--no-warn-rwx-segments',
                    *(['-g'] if debug else []), '-T', HERE / 'bare.ld', '-o', out, HERE / 'bare.c', HERE / 'exchange.c'],
                   check=True)
    return out


def a_program(folder):
    """For a cluster of A-profile cores: does what the toy's program does."""
    out = folder / 'a_sums.elf'
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wl,-Ttext=0,--build-id=none,--no-warn-rwx-segments', '-o',
                    out, HERE / 'a_sums.S'], check=True)
    return out


def toy_program(folder):
    """For the made-up architecture: answers value * value + sequence, sleeping until its doorbell in between."""
    lui, ld, st, addi, mul, add, beq, bne, wfi, fence = 0x12, 0x20, 0x21, 0x10, 0x05, 0x01, 0x30, 0x31, 0x54, 0x55

    def op(code, d=0, a=0, imm=0, b=0):
        return (code << 24 | d << 20 | a << 16 | (imm & 0xffff) | b << 12).to_bytes(4, 'little')

    words = [
        op(lui, 2, 0, 0x2802), op(lui, 5, 0, 0x4001), op(addi, 6, 0, -1), op(addi, 7, 0, 1),
        op(ld, 1, 2, 0), op(bne, 1, 3, 4),              # 4: a new sequence number?
        op(wfi), op(st, 6, 5, 0x110), op(beq, 0, 0, -4),
        op(ld, 4, 2, 4), op(mul, 4, 4, b=4), op(add, 4, 4, b=1), op(st, 4, 2, 12), op(fence), op(st, 1, 2, 8),
        op(addi, 3, 1, 0), op(st, 7, 5, 0x008), op(beq, 0, 0, -13),
    ]
    out = folder / 'toy.bin'
    out.write_bytes(b''.join(words))
    return out


def initrd(folder, linux, commands=''):
    """Debian's kernel's initrd of guest.linux() with our programs and MODULES; /amp-init runs commands before the shell."""
    cpio = guest.Cpio()
    kernel = linux['kernel'].parents[1] / 'lib/modules' / linux['version']
    for name in MODULES:
        cpio.add(f'lib/{name}.ko', next(kernel.rglob(name + '.ko')).read_bytes(), 0o100644)
    cpio.add('bin/amp-messages', linux_program(folder).read_bytes(), 0o100755)
    for name in ('m_messages', 'm_scpi'):
        cpio.add(f'lib/{name}.bin', firmware(folder, name)[1].read_bytes(), 0o100644)
    init = guest.INIT.replace('MODULES', ' '.join(guest.MODULES)).replace('echo guest-is-up', commands + '\necho guest-is-up')
    cpio.add('amp-init', init.encode(), 0o100755)
    out = folder / 'initrd'
    out.write_bytes(linux['initrd'].read_bytes() + gzip.compress(cpio.finish(), mtime=0))
    return out
