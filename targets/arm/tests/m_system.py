#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
m_system.py: directed tests of M-profile's system behaviour (m_system/), on every board that has a core of its own.

Builds the firmware for each board, runs its cases and reports each as a subtest (TAP). What a case expects is from the
architecture reference manuals. Cases named lockup_* end in lockup: they run alone, and the log has to say so.

    m_system.py [--board NAME...] [--case REGEX] [--accel LIST] [--list] [--keep FOLDER]     accel: tcg, tci, counted (-icount)
    m_system.py --oracle        the same firmware on qemu-system-arm: prints where that differs from the manuals; no test

Exit status 77 (skipped) without arm-none-eabi-gcc.
"""

import argparse
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, 'm_system')
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))

V7M, V8M = 'V7|MAIN|MPU7|WATCHDOG|NOT_V8|DWT', 'V8|MAIN|MPU8|WATCHDOG|DWT'
# board, or CPU of the tests' own: (gcc's CPU, code, data, arena, what there is (test.h), macros)
BOARDS = {
    'microbit': ('cortex-m0', 0, 0x20000000, 0x20003000, 'V6|M0|NOFP|NOT_V8', []),
    'mps2-an385': ('cortex-m3', 0, 0x20000000, 0x20100000, V7M + '|BITBAND|NOFP', []),
    'mps2-an386': ('cortex-m4', 0, 0x20000000, 0x20100000, V7M + '|BITBAND|FP|DSP', []),
    'mps2-an500': ('cortex-m7', 0, 0x20000000, 0x20100000, V7M + '|FP|DSP|DP|CACHE', []),
    'mps2-an505': ('cortex-m33', 0x10000000, 0x38000000, 0x38100000, V8M + '|FP|DSP|SEC', ['SSE']),
    'mps2-an521': ('cortex-m33', 0x10000000, 0x38000000, 0x38100000, V8M + '|FP|DSP|SEC', ['SSE']),
    'cortex-m0plus': ('cortex-m0plus', 0, 0x20000000, 0x20100000, 'V6|SMALL|MPU6|NOFP|NOT_V8', []),
    'cortex-m23': ('cortex-m23', 0x10000000, 0x38000000, 0x38100000, 'V8|SMALL|SECB|NOFP', []),
}
FLAGS = ['-std=gnu11', '-mthumb', '-mfloat-abi=soft', '-masm-syntax-unified', '-Os', '-g', '-ffreestanding', '-nostdlib',
         '-fno-builtin', '-fno-strict-aliasing', '-fno-toplevel-reorder', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror']
# What there is no sense in assembling for others.
NEEDS = {'mpu_v7.c': 'MPU7', 'mpu_v8.c': 'MPU8', 'fp.c': 'FP', 'secure.c': 'SEC', 'non_secure.S': 'SEC', 'baseline.c': 'SMALL|M0'}
SCRIPT = """
ENTRY(reset)
SECTIONS {
    %(ns)s
    .text %(code)#x : { KEEP(*(.vectors)) *(.text*) *(.rodata*) . = ALIGN(4); cases_start = .; KEEP(*(.cases)) cases_end = .; }
    .ARM.exidx : { *(.ARM.exidx*) }
    data_from = ALIGN(LOADADDR(.ARM.exidx) + SIZEOF(.ARM.exidx), 4);
    .data %(data)#x : AT(data_from) { data_start = .; *(.data*) . = ALIGN(4); data_end = .; }
    .bss : { bss_start = .; *(.bss* COMMON) . = ALIGN(4); bss_end = .; }
    stack_top = %(data)#x + 0x3000;
    arena = %(arena)#x;
    ASSERT(bss_end < stack_top - 0x800, "no room for the stack")
    /DISCARD/ : { *(.ARM.attributes) *(.comment) }
}
"""
# Non-secure code and data, and a veneer region, at addresses of their own.
NS_SECTIONS = """
    .ns_text 0x00200000 : { KEEP(*(.ns.vectors)) *(.ns.text*) *(.ns.rodata*) }
    .nsc 0x10280000 : { KEEP(*(.nsc*)) }
    .ns_bss 0x28180000 (NOLOAD) : { *(.ns.bss*) }
"""


# What the log says, and what the firmware says.
LOCKUP, LOCKUP_CASE = re.compile(b'lockup', re.I), re.compile(br'(case|lockup|ok) \w+\n')


def build(folder, board):
    cpu, code, data, arena, has, macros = BOARDS[board]
    script, elf = os.path.join(folder, board + '.ld'), os.path.join(folder, board + '.elf')
    secure = 'SEC' in has
    with open(script, 'w', encoding='ascii') as f:
        f.write(SCRIPT % {'code': code, 'data': data, 'arena': arena, 'ns': NS_SECTIONS if secure else ''})
    sources = sorted(os.path.join(SOURCES, s) for s in os.listdir(SOURCES) if s.endswith(('.c', '.S')))
    for name, needs in NEEDS.items():
        if not set(needs.split('|')) & set(has.split('|')):
            sources.remove(os.path.join(SOURCES, name))
    command = ['arm-none-eabi-gcc', '-mcpu=' + cpu, '-DHAS=(%s)' % has, '-DBOARD="%s"' % board] + FLAGS
    command += ['-D' + m for m in macros] + ['-I', ROOT, '-T', script]
    if secure:
        command.append('-mcmse')
    subprocess.run(command + ['-Wl,--build-id=none,--no-warn-rwx-segments'] + sources + ['-lgcc', '-o', elf], check=True)
    return elf


def start(program, board, elf, words, accel, oracle):
    machine = ['-M', board, '-kernel', elf]
    if board.startswith('cortex'):              # of no board: m-test takes raw images as kernels
        machine = ['-M', 'm-test', '-cpu', board, '-device', f'loader,file={elf}']
    command = [program, *machine, '-display', 'none', '-serial', 'null', '-monitor', 'none',
               '-semihosting-config', 'enable=on,target=native,arg=m,arg=' + words, '-d', 'guest_errors']
    if accel == 'counted':
        command += ['-icount', 'shift=6,sleep=off,align=off', '-rtc', 'clock=vm', '-seed', '1']
    elif not oracle:
        command += ['-accel', accel]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        text, end, status = b'', time.monotonic() + (10 if 'lockup' in words else 30) * PATIENCE, None
        while status is None and time.monotonic() < end:
            ready = select.select([p.stdout], [], [], 0.1)[0]
            part = os.read(p.stdout.fileno(), 65536) if ready else b''
            text += part
            if ready and not part:
                status = p.wait()
            elif LOCKUP.search(LOCKUP_CASE.sub(b'', text)) and b'lockup' in words.encode():
                end = min(end, time.monotonic() + 0.3)      # what says that it is alive would come now
        if status is None:
            p.kill()
    return text.decode(errors='replace'), status


class Board:
    """The cases of one board: name -> (passed, text)."""

    def __init__(self, program, board, elf, accel, oracle):
        self.args = (program, board, elf)
        self.accel, self.oracle = accel, oracle
        self.results = {}
        text, _ = start(*self.args, 'list', accel, oracle)
        self.names = re.findall(r'^(\w+)$', text.split('\nend\n')[0], re.M)

    def run_case(self, name):
        text, status = start(*self.args, name, self.accel, self.oracle)
        if name.startswith('lockup'):
            locked = LOCKUP.search(LOCKUP_CASE.sub(b'', text.encode())) is not None
            ok = 'lockup %s\n' % name in text and 'alive' not in text and 'not ok' not in text
            self.results[name] = (ok and locked and 'end\n' not in text, text)
        else:
            self.results[name] = ('\nok %s\n' % name in text, text + ('' if status is not None else '# no end\n'))

    def run_all(self):
        done = 0
        while done < len(self.names):
            text, _ = start(*self.args, 'from %d' % done, self.accel, self.oracle)
            for part in re.split(r'^case ', text, flags=re.M)[1:]:
                name = part.split('\n')[0]
                self.results[name] = ('\nok %s\n' % name in part, part)
            ended = re.search(r'^end$', text, re.M)
            ran = [n for n in self.names[done:] if n in self.results]
            if ended or not ran:
                break
            last = ran[-1]
            self.results[last] = (False, self.results[last][1] + '# the run ended here\n')
            done = self.names.index(last) + 1
        for name in self.names:
            if name.startswith('lockup'):
                self.run_case(name)
            elif name not in self.results:
                self.results[name] = (False, '# did not run\n')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--board', nargs='*', default=list(BOARDS))
    parser.add_argument('--case', default='')
    parser.add_argument('--accel', default='tcg')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--oracle', action='store_true')
    parser.add_argument('--keep')
    args = parser.parse_args()
    program = 'qemu-system-arm' if args.oracle else os.environ.get('CHIMERA', os.path.join(ROOT, 'build', 'chimera'))
    if not shutil.which('arm-none-eabi-gcc') or not shutil.which(program):
        print('1..0 # SKIP arm-none-eabi-gcc or %s is missing' % program)
        return 77
    lines, bad = [], 0
    with tempfile.TemporaryDirectory() as folder:
        folder = args.keep or folder
        for board in args.board:
            elf = build(folder, board)
            if args.oracle and board.startswith('cortex'):
                continue
            for accel in ['-'] if args.oracle else args.accel.split(','):
                b = Board(program, board, elf, accel, args.oracle)
                if args.list:
                    print('%s: %d cases: %s' % (board, len(b.names), ' '.join(b.names)))
                    continue
                if args.case:
                    for name in b.names:
                        if re.search(args.case, name):
                            b.run_case(name)
                else:
                    b.run_all()
                for name, (passed, text) in b.results.items():
                    bad += not passed
                    lines.append((passed, '%s %s %s' % (board, accel, name), text))
    if args.list:
        return 0
    if not args.oracle:
        print('1..%d' % len(lines))
    for i, (passed, name, text) in enumerate(lines):
        if not passed:
            for line in text.splitlines()[:30]:
                print('# ' + line)
        if not args.oracle or not passed:
            print('%s %d - %s' % ('ok' if passed else 'not ok', i + 1, name))
    if args.oracle:
        print('%d cases, %d differ' % (len(lines), bad))
        return 0
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
