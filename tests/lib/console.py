# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's console: a program whose output is watched and whose input is typed, without a terminal."""
import os
import re
import select
import subprocess
import time


class ConsoleError(Exception):
    pass


class Console:
    def __init__(self, command, echo=None):
        self.command = [str(c) for c in command]
        self.proc = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = ''
        self.seen = 0                           # what expect() has consumed
        self.echo = echo

    def _read(self, timeout):
        ready, _, _ = select.select([self.proc.stdout], [], [], max(timeout, 0))
        if not ready:
            return False
        data = os.read(self.proc.stdout.fileno(), 65536)
        text = data.decode(errors='replace').replace('\r', '')
        self.output += text
        if self.echo:
            self.echo.write(text)
            self.echo.flush()
        return bool(data)

    def expect(self, pattern, timeout):
        """Waits until pattern (a regular expression) comes; returns what was printed up to and with it."""
        end = time.monotonic() + timeout
        while True:
            m = re.compile(pattern).search(self.output, self.seen)
            if m:
                text = self.output[self.seen:m.end()]
                self.seen = m.end()
                return text
            left = end - time.monotonic()
            if left <= 0:
                raise ConsoleError(f'no {pattern!r} within {timeout} s; the last that came:\n{self.output[-1500:]}')
            if not self._read(left) and self.proc.poll() is not None:
                raise ConsoleError(f'ended with status {self.proc.returncode} before {pattern!r}:\n{self.output[-1500:]}')

    def send(self, line):
        self.proc.stdin.write(line.encode() + b'\n')
        self.proc.stdin.flush()

    def run(self, command, timeout=60):
        """Types a shell command and returns its output; raises if its status is not 0."""
        mark = f'status-{os.urandom(4).hex()}'
        # the echo of what is typed must not look like the answer
        self.send(f'{command}; echo {mark[:6]}""{mark[6:]} $?')
        text = self.expect(mark + r' \d+\n', timeout)
        status = int(text.split()[-1])
        body = text[:text.rindex(mark)]
        if status:
            raise ConsoleError(f'{command!r} ended with status {status}:\n{body}')
        return body

    def wait(self, timeout):
        end = time.monotonic() + timeout
        while self.proc.poll() is None:
            left = end - time.monotonic()
            if left <= 0:
                raise ConsoleError(f'still running after {timeout} s')
            if not self._read(min(left, 0.5)):
                time.sleep(0.01)
        while self._read(0):
            pass
        return self.proc.returncode

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()
