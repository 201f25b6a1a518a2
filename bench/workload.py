# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark programs: what each is like, how many rounds it is given, and how it is compiled for host and guest.

A row's rounds take a native run to about 0.3 s of CPU time on a processor of 2.5 GHz. Programs that end by themselves
have 0 rounds and are run `times` times. A program may ask for compiler flags in its second line.
"""
import collections
import pathlib
import re
import subprocess
import sys

import measure

TOP = pathlib.Path(__file__).resolve().parents[1]
SOURCES = TOP / 'bench/programs'
COMPILERS = {'host': 'gcc', 'guest': 'aarch64-linux-gnu-gcc'}
FLAGS = ['-O2', '-static', '-pthread', f'-I{TOP}']

Program = collections.namedtuple('Program', 'name kind what rounds few times', defaults=(1,))

# few: rounds for a test that wants the checksum alone
PROGRAMS = [
    Program('integer', 'integer', 'lists, a matrix, a scanner, a CRC', 12800, 3),
    Program('sieve', 'integer', 'sieve of Eratosthenes', 3000, 1),
    Program('sort', 'integer', 'sort with callbacks', 460, 1),
    Program('sha256', 'integer', 'SHA-256 in C', 8400, 1),
    Program('hash', 'integer', 'hash table of words', 1200, 1),
    Program('records', 'calls', 'records and small procedures', 7500000, 100),
    Program('vm_goto', 'calls', 'bytecode, computed goto', 70000, 10),
    Program('vm_calls', 'calls', 'bytecode, calls', 56000, 10),
    Program('recursion', 'calls', 'recursion', 1200, 1),
    Program('trees', 'calls', 'trees with malloc', 2700, 1),
    Program('indirect', 'calls', 'indirect branches', 30000, 10),
    Program('nbody', 'floating', 'n-body, double', 1850000, 100),
    Program('linpack', 'floating', 'linear equations, double', 440, 1),
    Program('mandelbrot', 'floating', 'Mandelbrot set, double', 300, 1),
    Program('filter', 'floating', 'recursive filter, float', 8800, 1),
    Program('libm', 'floating', 'libm functions', 5300, 1),
    Program('sgemm', 'vector', 'sgemm, Advanced SIMD', 3700, 1),
    Program('vector', 'vector', 'loops the compiler vectorised', 80000, 10),
    Program('strings', 'vector', 'memory and string functions', 155000, 5),
    Program('aes', 'vector', 'AES instructions', 69000, 1),
    Program('sha', 'vector', 'SHA instructions', 7500, 1),
    Program('atomics', 'system', 'atomic operations', 7200, 1),
    Program('syscalls', 'system', 'system calls', 147000, 10),
    Program('signals', 'system', 'signals', 41000, 10),
    Program('hello', 'start', 'start of a static program', 0, 0, 50),
    Program('cold', 'start', 'code that runs four times', 0, 0, 10),
]

# What a kernel does for programs: measured in a booted guest alone.
KERNEL_PROGRAMS = [
    Program('pipes', 'kernel', 'round trips through pipes', 100000, 10),
    Program('faults', 'kernel', 'page faults', 400, 2),
    Program('forks', 'kernel', 'fork, and exec', 900, 10),
]


def choose(programs, names):
    """Of the programs those that a string of names with commas has, in its order; all of them for None."""
    known = {p.name: p for p in programs}
    if not names:
        return programs
    for name in names.split(','):
        if name not in known:
            raise measure.Failed(f'no program {name}: there are {", ".join(known)}')
    return [known[name] for name in names.split(',')]


def source(program, folder, cold_functions):
    """The program's C text; cold.c is written here."""
    if program.name != 'cold':
        return SOURCES / f'{program.name}.c'
    path = folder / 'cold.c'
    with path.open('w') as f:
        subprocess.run([sys.executable, SOURCES / 'cold.py', str(cold_functions)], stdout=f, check=True)
    return path


def build(folder, programs, cold_functions=800):
    """Compiles what is older than its sources, as folder/host/NAME and folder/guest/NAME."""
    newest = max(p.stat().st_mtime for p in [*SOURCES.iterdir(), pathlib.Path(__file__)])
    for side, compiler in COMPILERS.items():
        (folder / side).mkdir(parents=True, exist_ok=True)
        for program in programs:
            out = folder / side / program.name
            if out.exists() and out.stat().st_mtime > newest:
                continue
            path = source(program, folder, cold_functions)
            own = re.search(r'^/\* flags: (.*) \*/$', path.read_text(), re.M)
            subprocess.run([compiler, *FLAGS, *(own.group(1).split() if own else []), '-o', out, path, '-lm'], check=True)


def command(program, path, rounds):
    return [str(path), str(rounds)] if program.rounds else [str(path)]
