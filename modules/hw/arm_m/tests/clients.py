#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
clients.py: firmware (board.c) on boards with M-profile CPUs, started and stopped by the command lines of the tools that
people use: Zephyr's run, test and debug targets, MicroPython's, and Cortex-Debug with its words to gdb. What is given to
Chimera is word for word theirs but for names of files.

Exit status 77 (skipped) without arm-none-eabi-gcc.
"""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import boards

PATIENCE = boards.PATIENCE
CHIMERA = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(boards.ROOT, 'build')), 'chimera')
ZEPHYR = {                                      # machine: -cpu, and what else Zephyr's board.cmake has
    'lm3s6965evb': ('cortex-m3', []), 'mps2-an385': ('cortex-m3', []), 'mps2-an521': ('cortex-m33', ['-m', '16']),
    'microbit': ('cortex-m0', []), 'netduinoplus2': ('cortex-m4', []),
}


class Guest:
    """A process with a console: what it printed, what is typed."""

    def __init__(self, command, out=None, typed=None, **kwargs):
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
        self.out = self.p.stdout.fileno() if out is None else out
        self.typed = self.p.stdin.fileno() if typed is None else typed
        self.text = b''

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        for stream in self.p.stdin, self.p.stdout, self.p.stderr:
            stream.close()

    def until(self, pattern):
        """What matches; AssertionError if nothing did in time. What was before it is gone."""
        end = time.monotonic() + 30 * PATIENCE
        while not (found := re.search(pattern, self.text)):
            left = end - time.monotonic()
            part = os.read(self.out, 65536) if left > 0 and select.select([self.out], [], [], left)[0] else b''
            if not part:
                raise AssertionError('no %r in %r; %r' % (pattern, self.text, self.p.poll()))
            self.text += part
        self.text = self.text[found.end():]
        return found

    def type(self, text):
        os.write(self.typed, text)

    def ends(self):
        """Its exit status, and what it said of errors."""
        status = self.p.wait(timeout=30 * PATIENCE)
        return status, self.p.stderr.read()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix='chimera-test-')
        cls.addClassCleanup(cls.temporary.cleanup)
        for name in ZEPHYR:                     # it would wait for a network
            cpu, code, data, macros = boards.BOARDS[name]
            boards.BOARDS[name] = cpu, code, data, {m: v for m, v in macros.items() if 'ETH' not in m}
        cls.elf = {name: boards.build(cls.temporary.name, name) for name in ZEPHYR}

    def path(self, name):
        return os.path.join(self.temporary.name, name)

    def board(self, name):
        cpu, more = ZEPHYR[name]
        return [CHIMERA, '-cpu', cpu, '-machine', name, '-nographic'] + more + ['-vga', 'none', '-net', 'none', '-pidfile',
                                                                              self.path('qemu.pid')]

    def pid_is(self, p):
        with open(self.path('qemu.pid'), encoding='ascii') as f:
            self.assertEqual(int(f.read()), p.pid)

    def console(self, g, name, counted):
        """The firmware says its name; the monitor is on the same characters; both go on; Ctrl-A x."""
        g.until(name.encode() + b': hello')
        g.until(b'type: ')
        g.type(b'\x01c')
        g.until(rb'\(chimera\) ')
        g.type(b'info status\n')
        g.until(b'VM status: running\r?\n')
        self.pid_is(g.p)
        g.type(b'\x01c\x01x')
        status, said = g.ends()
        said = re.sub(rb'chimera: -icount: runs repeat only .*\n', b'', said) if counted else said
        self.assertEqual((status, said), (0, b''))
        self.assertFalse(os.path.exists(self.path('qemu.pid')))

    def test_zephyr_run(self):
        """ninja run: the console and the monitor on the terminal, counted time on boards that Zephyr has so."""
        for name in ZEPHYR:
            for icount in [], ['-icount', 'shift=6,align=off,sleep=off', '-rtc', 'clock=vm'], \
                    ['-icount', 'shift=5,align=off,sleep=on', '-rtc', 'clock=vm']:
                with self.subTest(name=name, icount=icount):
                    command = self.board(name) + ['-chardev', 'stdio,id=con,mux=on', '-serial', 'chardev:con',
                                                  '-mon', 'chardev=con,mode=readline'] + icount + ['-kernel', self.elf[name]]
                    with Guest(command) as g:
                        self.console(g, name, icount)

    def test_zephyr_semihosting(self):
        """CONFIG_SEMIHOST: the host's console is the serial port's; without a debugger, target=auto is the host."""
        name = 'mps2-an521'
        command = self.board(name) + ['-chardev', 'stdio,id=con,mux=on', '-serial', 'chardev:con', '-semihosting-config',
                                      'enable=on,target=auto,chardev=con', '-mon', 'chardev=con,mode=readline',
                                      '-device', 'loader,file=' + self.elf[name]]
        with Guest(command) as g:
            g.until(b'type: ')
            g.type(b'line\r')
            g.until(b'got line')
            self.assertEqual(g.ends(), (0, b''))    # SYS_EXIT

    def test_zephyr_twister(self):
        """Its test runner: a pipe of two FIFOs, and the end by SIGTERM to what the file says."""
        name, pipe = 'mps2-an385', self.path('fifo')
        for suffix in '.in', '.out':
            os.mkfifo(pipe + suffix)
        typed, out = os.open(pipe + '.in', os.O_RDWR), os.open(pipe + '.out', os.O_RDWR)
        command = self.board(name) + ['-chardev', 'pipe,id=con,mux=on,path=' + pipe, '-serial', 'chardev:con', '-mon',
                                      'chardev=con,mode=readline', '-icount', 'shift=7,align=off,sleep=off', '-rtc',
                                      'clock=vm', '-kernel', self.elf[name]]
        with Guest(command, out, typed) as g:
            g.until(b'type: ')
            self.pid_is(g.p)
            g.p.terminate()
            self.assertEqual(g.ends()[0], 0)
        for fd in typed, out:
            os.close(fd)

    def test_zephyr_serials(self):
        """-serial pipe: and unix: (SLIP, PPP and Bluetooth servers), and -chardev pty for the second port."""
        name, pipe, link = 'mps2-an385', self.path('link'), self.path('slip.sock')
        for suffix in '.in', '.out':
            os.mkfifo(pipe + suffix)
        typed, out = os.open(pipe + '.in', os.O_RDWR), os.open(pipe + '.out', os.O_RDWR)
        command = [CHIMERA, '-cpu', 'cortex-m3', '-machine', name, '-nographic', '-vga', 'none', '-semihosting-config',
                   'enable=on,target=native', '-kernel', self.elf[name]]
        with Guest(command + ['-serial', 'pipe:' + pipe, '-chardev', 'pty,id=hostS0', '-serial', 'chardev:hostS0'],
                   out, typed) as g:
            self.assertRegex(g.p.stdout.readline(), rb'^char device redirected to /dev/pts/\d+ \(label hostS0\)$')
            g.until(b'type: ')
            g.type(b'line\r')
            g.until(b'got line')
            self.assertEqual(g.ends(), (0, b''))
        for fd in typed, out:
            os.close(fd)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(link)
            server.listen()
            with Guest(command + ['-serial', 'unix:' + link], -1, -1) as g:
                server.settimeout(30 * PATIENCE)
                s = server.accept()[0]
                g.out = g.typed = s.fileno()
                g.until(b'type: ')
                g.type(b'line\r')
                g.until(b'got line')
                self.assertEqual(g.ends(), (0, b''))
                s.close()

    def test_micropython_pty(self):
        """make test in ports/qemu: the runner looks for the terminal's name in what is printed."""
        name = 'mps2-an385'
        command = [CHIMERA, '-semihosting', '-machine', name, '-nographic', '-monitor', 'null', '-serial', 'pty', '-kernel',
                   self.elf[name]]
        with Guest(command) as g:
            found = g.until(rb'char device redirected to (/dev/pts/\d+) \(label serial0\)\n')
            g.out = g.typed = os.open(found[1], os.O_RDWR | os.O_NOCTTY)
            g.until(b'type: ')
            g.type(b'line\r')
            self.assertEqual(g.ends(), (0, b''))        # the terminal's end takes with it what was not read yet
            os.close(g.out)

    def test_micropython_microbit(self):
        """Its MICROBIT is a chip with more than any had: the sizes are where the memory ends, and in FICR."""
        sizes = ['-global', 'nrf51-soc.flash-size=1048576', '-global', 'nrf51-soc.sram-size=262144']
        for more, flash, sram in ([], 256 << 10, 16 << 10), (sizes, 1 << 20, 256 << 10):
            with Guest([CHIMERA, '-machine', 'microbit', '-nographic', '-monitor', 'null', '-semihosting', '-serial',
                        'mon:stdio'] + more + ['-kernel', self.elf['microbit']]) as g:
                g.until(b'type: ')
                g.type(b'\x01c')
                g.until(rb'\(chimera\) ')
                for at, value in (0x10000014, flash >> 10), (0x10000038, sram // 2), (flash - 4, 0xffffffff), \
                        (0x20000000 + sram - 4, 0):
                    g.type(b'xp /1wx 0x%x\n' % at)
                    self.assertEqual(int(g.until(rb': (0x\w+)\r?\n')[1], 0), value)
                for beyond in flash, 0x20000000 + sram:
                    g.type(b'xp /1wx 0x%x\n' % beyond)
                    g.until(rb'[Cc]annot access')
                g.type(b'\x01c')
                g.type(b'line\r')
                g.until(b'got line')
                self.assertEqual(g.ends()[0], 0)
        p = subprocess.run([CHIMERA, '-machine', 'microbit', '-display', 'none', '-global', 'nrf51-soc.sram-size=1000'],
                           capture_output=True, text=True, timeout=30 * PATIENCE, check=False)
        self.assertEqual((p.returncode, len(p.stderr.splitlines())), (1, 1))
        self.assertIn('nrf51-soc', p.stderr)

    def test_ethernet_of_a_model(self):
        """FreeRTOS+TCP's driver for the MPS2 wants a LAN9118, which the board, having a LAN9220, is told to have."""
        for nic, identity in ('user', b'0x92200000'), ('user,model=lan9118', b'0x01180001'):
            with Guest([CHIMERA, '-M', 'mps2-an385', '-nic', nic, '-display', 'none', '-monitor', 'stdio', '-S']) as g:
                g.until(rb'\(chimera\) ')
                g.type(b'xp /1wx 0x40200050\nquit\n')
                self.assertEqual(g.until(rb': (0x\w+)\r?\n')[1], identity)
                self.assertEqual(g.ends()[0], 0)

    @unittest.skipUnless(shutil.which('gdb-multiarch'), 'no gdb-multiarch')
    def test_cortex_debug(self):
        """Its server, and what it tells gdb by the machine interface: connect, reset, run to main, restart, interrupt."""
        name, port = 'mps2-an385', free_port()
        server = [CHIMERA, '-cpu', 'cortex-m3', '-machine', name, '-nographic', '-semihosting-config',
                  'enable=on,target=native', '-gdb', 'tcp::%d' % port, '-S', '-kernel', self.elf[name]]
        with Guest(server) as g, Guest(['gdb-multiarch', '-nx', '-q', '--interpreter=mi2'], cwd=self.temporary.name) as gdb:
            number = 0

            def tell(line, answer=rb'done'):
                nonlocal number
                number += 1
                gdb.type(b'%d%s\n' % (number, line.encode()))
                return gdb.until(rb'%d\^(?:%s)' % (number, answer))

            end = time.monotonic() + 30 * PATIENCE      # it waits until the port listens
            while time.monotonic() < end:
                with socket.socket() as s:
                    if s.connect_ex(('127.0.0.1', port)) == 0:
                        break
                time.sleep(0.05)
            tell('-gdb-set mi-async on')
            tell('-interpreter-exec console "set print demangle on"')
            tell('-file-exec-and-symbols "%s"' % self.elf[name])
            tell('-target-select extended-remote localhost:%d' % port, rb'connected')
            for _ in range(2):                          # launch, then the restart button
                tell('-interpreter-exec console "monitor stop"')
                tell('-interpreter-exec console "monitor system_reset"')
                tell('-break-insert -t main')
                tell('-exec-continue', rb'running')
                gdb.until(rb'\*stopped,reason="breakpoint-hit".*frame=\{addr="0x[0-9a-f]+",func="main"')
                tell('-data-list-register-values x 15', rb'done,register-values=\[\{number="15",value="0x[0-9a-f]+"\}\]')
                tell('-stack-list-frames', rb'done,stack=\[frame=\{level="0",addr="0x[0-9a-f]+",func="main"')
            tell('-data-read-memory-bytes 0 8', rb'done,memory=\[\{begin="0x00000000",offset="0x00000000",end="0x00000008"')
            tell('-exec-next', rb'running')
            gdb.until(rb'\*stopped,reason="end-stepping-range"')
            tell('-exec-continue', rb'running')
            g.until(b'type: ')
            tell('-exec-interrupt')
            gdb.until(rb'\*stopped,.*signal-name="SIGINT"')
            tell('-exec-continue', rb'running')
            g.type(b'line\r')
            g.until(b'got line')
            gdb.until(rb'=thread-group-exited,id="i1",exit-code="0"')
            self.assertEqual(g.ends()[0], 0)
            gdb.type(b'-gdb-exit\n')
            gdb.p.wait(timeout=30 * PATIENCE)


if __name__ == '__main__':
    if not shutil.which('arm-none-eabi-gcc'):
        print('clients: no cross compiler')
        sys.exit(77)
    unittest.main()
