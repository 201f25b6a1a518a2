#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
boards.py: firmware (board.c) on each board with an M-profile CPU: console, SysTick, a timer, typed input, semihosting.

    boards.py [--oracle] [BOARD...]     --oracle: qemu-system-arm instead of chimera
    boards.py --sse                     what AN505 and AN521 have of their own (sse.c)
    boards.py --micropython             Debian's MicroPython for microbit, fetched, answers what is typed

Exit status 77 (skipped) without arm-none-eabi-gcc.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..', '..'))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import guest        # noqa: E402  (found by the line above)

PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))

CMSDK = {'CMSDK': 1, 'UART': 0x40004000, 'UART_IRQ': 0, 'TIMER': 0x40000000, 'TIMER_IRQ': 8, 'SYSTICK': 1,
         'ETH': 0x40200000, 'ETH_IRQ': 13}
AN500 = {**CMSDK, 'ETH': 0xa0000000}
SSE = {'CMSDK': 1, 'UART': 0x50200000, 'UART_IRQ': 32, 'TIMER': 0x50000000, 'TIMER_IRQ': 3, 'SYSTICK': 1,
       'ETH': 0x52000000, 'ETH_IRQ': 48}
NRF51 = {'NRF51': 1, 'UART': 0x40002000, 'UART_IRQ': 2, 'TIMER': 0x40008000, 'TIMER_IRQ': 8, 'SYSTICK': 0}
LM3S = {'PL011': 1, 'UART': 0x4000c000, 'UART_IRQ': 5, 'SYSTICK': 1, 'TIMER': 0x40031000, 'TIMER_IRQ': 21,
        'STELLARIS_ETH': 0x40048000, 'RCC': 0x400fe060, 'ETH_IRQ': 42}
STM32 = {'STM32': 1, 'UART': 0x40011000, 'UART_IRQ': 37, 'TIMER': 0x40000000, 'TIMER_IRQ': 28, 'SYSTICK': 1}
# board: (gcc's CPU, code, data, macros)
BOARDS = {
    'mps2-an385': ('cortex-m3', 0, 0x20000000, CMSDK), 'mps2-an386': ('cortex-m4', 0, 0x20000000, CMSDK),
    'mps2-an500': ('cortex-m7', 0, 0x20000000, AN500), 'mps2-an505': ('cortex-m33', 0x10000000, 0x38000000, SSE),
    'mps2-an521': ('cortex-m33', 0x10000000, 0x38000000, SSE), 'microbit': ('cortex-m0', 0, 0x20000000, NRF51),
    'lm3s6965evb': ('cortex-m3', 0, 0x20000000, LM3S), 'netduinoplus2': ('cortex-m4', 0x08000000, 0x20000000, STM32),
}
SCRIPT = """
SECTIONS {
    .text %#x : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
    data_from = ALIGN(LOADADDR(.text) + SIZEOF(.text), 4);
    .data %#x : AT(data_from) { data_start = .; *(.data*) . = ALIGN(4); data_end = .; }
    .bss : { bss_start = .; *(.bss* COMMON) . = ALIGN(4); bss_end = .; }
    stack_top = %#x + 0x3000;
    /DISCARD/ : { *(.ARM.*) }
}
"""


SSE_SCRIPT = """
SECTIONS {
    .text 0x10000000 : { KEEP(*(.vectors)) . = ALIGN(256); KEEP(*(.vectors1)) *(.text*) *(.rodata*) }
    .bss 0x38000000 : { *(.bss*) }
    stack_top = 0x38003000;
    stack_top1 = 0x38004000;
    /DISCARD/ : { *(.ARM.*) }
}
"""
SSE_TEXT = """NS read of a Secure block 0 0
interrupts, INFO1 1 10
NS write 1111 0
NS read with bus errors 0 1
BFAR 28200010 3
NS read of a NS block 2222 0
NS write of a NS block 3333 0
S read of a NS block 0 1
S read of a S block 1111 0
INFO2 1 1
S read of what is S again 3333 0
NS read of a S device 0 0
interrupts 1 0
with bus errors 0 1
BFAR 40000008 2
NS read of a NS device 4444 0
S read of a NS device 0 1
S unprivileged read 0 1
S unprivileged read, allowed 4444 0
"""
SSE_SECOND = """CPUWAIT, identity 2 0
the second CPU says 101 0
messages 4 5
"""


def sse(program):
    ok = True
    for name in 'mps2-an505', 'mps2-an521':
        with tempfile.TemporaryDirectory() as folder:
            script, elf = os.path.join(folder, 'sse.ld'), os.path.join(folder, 'sse.elf')
            with open(script, 'w', encoding='ascii') as f:
                f.write(SSE_SCRIPT)
            subprocess.run(['arm-none-eabi-gcc', '-mcpu=cortex-m33', '-mthumb', '-Os', '-ffreestanding', '-nostdlib', '-Wall',
                            '-Werror'] +
                           (['-DBOARD_SECOND'] if name == 'mps2-an521' else []) +
                           ['-T', script, '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'sse.c'), '-o', elf],
                           check=True)
            done = subprocess.run([program, '-M', name, '-kernel', elf, '-display', 'none', '-serial', 'null', '-monitor', 'none',
                                   '-semihosting-config', 'enable=on,target=native'], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30 * PATIENCE, check=False)
        want = SSE_TEXT + (SSE_SECOND if name == 'mps2-an521' else '') + 'again, by the watchdog 600d 4\n'
        got = done.stdout.decode(errors='replace')
        good = got == want and done.returncode == 0
        print('boards: sse: %s: %s' % (name, 'ok' if good else 'status %d, printed\n%s' % (done.returncode, got)))
        ok &= good
    return 0 if ok else 1


def build(folder, name):
    cpu, code, data, macros = BOARDS[name]
    script, elf = os.path.join(folder, name + '.ld'), os.path.join(folder, name + '.elf')
    with open(script, 'w', encoding='ascii') as f:
        f.write(SCRIPT % (code, data, data))
    subprocess.run(['arm-none-eabi-gcc', '-mcpu=' + cpu, '-mthumb', '-Os', '-ffreestanding', '-nostdlib', '-Wall', '-Werror',
                    '-DBOARD_NAME="%s"' % name] + ['-DBOARD_%s=%#x' % m for m in macros.items()] +
                   ['-T', script, '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'board.c'), '-o', elf],
                   check=True)
    return elf


def run(program, name, elf, oracle):
    command = [program, '-M', name, '-kernel', elf, '-display', 'none', '-serial', 'stdio', '-monitor', 'none',
               '-semihosting-config', 'enable=on,target=native']
    macros = BOARDS[name][3]
    if 'ETH_IRQ' in macros:
        command += ['-nic', 'user,model=' + ('lan9118' if 'ETH' in macros else 'stellaris')]
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text, end = b'', time.monotonic() + 30 * PATIENCE
    os.set_blocking(p.stdout.fileno(), False)
    typed = False
    while time.monotonic() < end:
        part = p.stdout.read()
        text += part or b''
        if b'type: ' in text and not typed:
            p.stdin.write(b'line\r')
            p.stdin.flush()
            typed = True
        if part == b'' or p.poll() is not None:
            text += p.stdout.read() or b''
            break
        time.sleep(0.02)
    else:
        p.kill()
    status = p.wait()
    want = name + ': hello\n' + ('systick\n' if macros['SYSTICK'] else '')
    want += ('clock\n' if 'RCC' in macros else '')
    want += ('timer\n' if 'TIMER' in macros else '') + ('arp\n' if 'ETH_IRQ' in macros else '')
    want += 'type: got line\n'
    got = text.decode(errors='replace')
    ok = got == want and status == 0
    print('boards: %s%s: %s' % (name, ' (oracle)' if oracle else '', 'ok' if ok else 'status %d, printed %r' % (status, got)))
    return ok


def micropython():
    folder = guest.cache() / 'guest-firmware'
    image = folder / 'usr/share/firmware-microbit-micropython/firmware.hex'
    if not image.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([os.path.join(ROOT, 'tests', 'lib', 'guestdeb'), 'amd64', folder, 'firmware-microbit-micropython'],
                       check=True, stdout=subprocess.DEVNULL)
    chimera = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')), 'chimera')
    p = subprocess.Popen([chimera, '-M', 'microbit', '-device', 'loader,file=%s' % image, '-display', 'none', '-serial', 'stdio'],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.set_blocking(p.stdout.fileno(), False)
    text = b''
    steps = [(b'>>> ', b'print(6*7)\r'), (b'\n42\r\n>>> ', b'x = [n*n for n in range(10)]; sum(x)\r'), (b'\n285\r\n>>> ', None)]
    end = time.monotonic() + 60 * PATIENCE
    while steps and time.monotonic() < end and p.poll() is None:
        text += p.stdout.read() or b''
        if steps[0][0] in text:
            typed = steps.pop(0)[1]
            if typed:
                p.stdin.write(typed)
                p.stdin.flush()
        time.sleep(0.02)
    p.kill()
    p.wait()
    print('boards: micropython: %s' % ('it printed %r' % text.decode(errors='replace') if steps else 'ok'))
    return 1 if steps else 0


def main():
    p = argparse.ArgumentParser(description='Firmware on each board with an M-profile CPU.')
    p.add_argument('boards', nargs='*')
    p.add_argument('--oracle', action='store_true')
    p.add_argument('--sse', action='store_true')
    p.add_argument('--micropython', action='store_true')
    args = p.parse_args()
    if args.micropython:
        return micropython()
    if not shutil.which('arm-none-eabi-gcc') or (args.oracle and not shutil.which('qemu-system-arm')):
        print('boards: no cross compiler, or no other emulator')
        return 77
    program = 'qemu-system-arm' if args.oracle else os.path.join(
        os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')), 'chimera')
    if args.sse:
        return sse(program)
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for name in args.boards or BOARDS:
            ok &= run(program, name, build(folder, name), args.oracle)
    return 0 if ok else 1


if __name__ == '__main__':
    sys.exit(main())
