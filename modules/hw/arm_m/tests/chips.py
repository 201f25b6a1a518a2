#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Firmware (stm32.c, nrf51.c) that uses its chip's reset control, flash, timers, pins and what connects them.

    chips.py [BOARD...]

Exit status 77 (skipped) without arm-none-eabi-gcc.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import boards

WANT = {
    'netduinoplus2': ('stm32.c', 'flags 0e000000\nflags 14000000\nflags 24000000\nflags 44000000\nflash 1234abcd\nby DMA\n'
                      'pins 00000001\n'),
    'microbit': ('nrf51.c', 'reasons 00000000\nreasons 00000004\nreasons 00000002\noff\nreasons 00010000\nevent 00000001\n'
                 'temperature 00000064\nflash 00001234\n'),
}


def run(program, name):
    source, want = WANT[name]
    cpu, code, data, _ = boards.BOARDS[name]
    with tempfile.TemporaryDirectory() as folder:
        script, elf, out = (os.path.join(folder, n) for n in ('chip.ld', 'chip.elf', 'out'))
        with open(script, 'w', encoding='ascii') as f:
            f.write(boards.SCRIPT % (code, data, data))
        subprocess.run(['arm-none-eabi-gcc', '-mcpu=' + cpu, '-mthumb', '-O1', '-ffreestanding', '-nostdlib', '-Wall', '-Werror',
                        '-I', boards.ROOT, '-T', script, '-Wl,--build-id=none,--no-warn-rwx-segments',
                        os.path.join(boards.HERE, source), '-o', elf],
                       check=True)
        p = subprocess.Popen([program, '-M', name, '-kernel', elf, '-display', 'none', '-serial', 'file:' + out, '-monitor',
                              'stdio', '-semihosting-config', 'enable=on,target=native'], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
        end, text = time.monotonic() + 30 * boards.PATIENCE, ''
        while p.poll() is None and time.monotonic() < end:
            with open(out, encoding='ascii') if os.path.exists(out) else open(os.devnull, encoding='ascii') as f:
                text = f.read()
            if text.endswith('off\n'):
                time.sleep(0.2)
                try:
                    p.stdin.write('qom-set button-a pressed on\n')
                    p.stdin.flush()
                except BrokenPipeError:
                    break
            time.sleep(0.05)
        p.kill()
        p.communicate()
        with open(out, encoding='ascii') as f:
            text = f.read()
    print('chips: %s: %s' % (name, 'ok' if text == want else 'printed\n' + text))
    return text == want


def main():
    if not shutil.which('arm-none-eabi-gcc'):
        print('chips: no cross compiler')
        return 77
    program = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(boards.ROOT, 'build')), 'chimera')
    return 0 if all([run(program, name) for name in sys.argv[1:] or WANT]) else 1


if __name__ == '__main__':
    sys.exit(main())
