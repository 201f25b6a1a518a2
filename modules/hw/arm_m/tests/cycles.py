#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
In counted mode a core retires an instruction a cycle of its own clock, which is SysTick's: a loop of known length takes so
many ticks on each board, whatever -icount says of CPUs without a clock; and as many on amp-virt at a frequency of ours.

Exit status 77 (skipped) without arm-none-eabi-gcc.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import boards  # noqa: E402

ROUNDS = 10000
SYS_EXIT_EXTENDED, APPLICATION_EXIT = 0x20, 0x20026
# the status is how many ticks came beside two a round, at most 255
PROGRAM = f"""
    .syntax unified
    .thumb
    .section .vectors, "a"
    .word stack_top, start
    .text
    .global start
    .thumb_func
start:
    ldr r0, =0xe000e010
    ldr r1, =0xffffff
    str r1, [r0, #4]
    str r1, [r0, #8]
    movs r1, #5
    str r1, [r0]
    ldr r3, ={ROUNDS}
    nop
    ldr r2, [r0, #8]
1:  subs r3, #1
    bne 1b
    ldr r4, [r0, #8]
    subs r2, r2, r4
    ldr r3, ={2 * ROUNDS}
    subs r2, r2, r3
    cmp r2, #255
    bls 2f
    movs r2, #255
2:  ldr r1, =block
    ldr r3, ={APPLICATION_EXIT}
    str r3, [r1]
    str r2, [r1, #4]
    movs r0, #{SYS_EXIT_EXTENDED}
    bkpt #0xab
    b .
    .bss
    .align 2
block: .space 8
"""


def build(folder, name, cpu, code, data):
    stem = os.path.join(folder, name)
    with open(stem + '.S', 'w', encoding='ascii') as f:
        f.write(PROGRAM)
    with open(stem + '.ld', 'w', encoding='ascii') as f:
        f.write(boards.SCRIPT % (code, data, data))
    subprocess.run(['arm-none-eabi-gcc', '-mcpu=' + cpu, '-mthumb', '-nostdlib', '-T', stem + '.ld', '-Wl,-estart',
                    '-Wl,--build-id=none,--no-warn-rwx-segments', stem + '.S', '-o', stem + '.elf'], check=True)
    return stem + '.elf'


def main():
    if not shutil.which('arm-none-eabi-gcc'):
        print('cycles: no cross compiler')
        return 77
    chimera = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(boards.ROOT, 'build')), 'chimera')
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for name, (cpu, code, data, macros) in boards.BOARDS.items():
            if macros['SYSTICK']:
                runs.append((name, ['-M', name, '-kernel', build(folder, name, cpu, code, data)]))
        elf = build(folder, 'amp', 'cortex-m33', 0, 0x20000000)
        for cluster in ('', ',frequency=1000000', ',frequency=333333333'):
            runs.append(('amp-virt' + cluster, ['-M', 'amp-virt', '-cluster', f'm,cpu=cortex-m33{cluster},kernel={elf}']))
        for name, args in runs:
            for shift in ('0', '3', '7'):
                done = subprocess.run([chimera, *args, '-display', 'none', '-serial', 'null', '-monitor', 'none', '-icount',
                                       f'shift={shift},sleep=off', '-rtc', 'clock=vm', '-seed', '1', '-semihosting'],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      timeout=60 * boards.PATIENCE)
                ok = done.returncode == 1       # the load behind the loop
                wrong += not ok
                print(f'cycles: {name}, shift={shift}: ' + ('ok' if ok else f'status {done.returncode} {done.stdout}'))
    return wrong != 0


if __name__ == '__main__':
    sys.exit(main())
