# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of gdb's remote serial protocol, for tests: packets, and the few requests that most tests need."""
import os
import re
import socket
import struct
import time

PATIENCE = int(os.environ.get('CHIMERA_PATIENCE', 1))


class Gone(Exception):
    """The other side closed the connection."""


def escape(data):
    return b''.join(b'}' + bytes([c ^ 0x20]) if c in b'#$}*' else bytes([c]) for c in data)


def unescape(data):
    return re.sub(rb'}(.)', lambda m: bytes([m[1][0] ^ 0x20]), data, flags=re.S)


class Gdb:
    """With handshake: as gdb begins, multiprocess, without acknowledgements if it can."""

    def __init__(self, path, handshake=True):
        self.buf = b''
        self.ack = True
        self.sock = self.connect(path)
        self.sock.settimeout(30 * PATIENCE)
        if handshake:
            self.supported = self.ask('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+')
            self.ack = self.ask('QStartNoAckMode') != 'OK'

    @staticmethod
    def connect(path):
        end = time.monotonic() + 20 * PATIENCE
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(path)
                return s
            except OSError:
                s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def close(self):
        self.sock.close()

    def raw(self, data):
        self.sock.sendall(data)

    def byte(self):
        if not self.buf:
            self.buf = self.sock.recv(65536)
            if not self.buf:
                raise Gone
        c, self.buf = self.buf[:1], self.buf[1:]
        return c

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        body = escape(data)
        self.raw(b'$' + body + b'#%02x' % (sum(body) & 0xff))

    def receive(self):
        """The next packet, as bytes without escapes."""
        while self.byte() != b'$':
            pass
        body = b''
        while True:
            c = self.byte()
            if c == b'#':
                break
            body += c
        want = int(self.byte() + self.byte(), 16)
        assert want == sum(body) & 0xff, body
        if self.ack:
            self.raw(b'+')
        return unescape(body)

    def ask(self, data):
        self.send(data)
        return self.receive().decode('latin-1')

    # -- what tests want --

    def interrupt(self):
        self.raw(b'\x03')
        return self.receive().decode()

    def reg(self, n):
        """A register of at most 64 bits."""
        return int.from_bytes(bytes.fromhex(self.ask(f'p{n:x}')), 'little')

    def set_reg(self, n, value, size=8):
        assert self.ask(f'P{n:x}=' + value.to_bytes(size, 'little').hex()) == 'OK'

    def read(self, addr, n):
        return bytes.fromhex(self.ask(f'm{addr:x},{n:x}'))

    def read64(self, addr):
        return struct.unpack('<Q', self.read(addr, 8))[0]

    def monitor(self, line):
        self.send('qRcmd,' + line.encode().hex())
        out = ''
        while True:
            p = self.receive().decode()
            if not p.startswith('O') or p == 'OK':
                assert p == 'OK', p
                return out
            out += bytes.fromhex(p[1:]).decode()


def symbols(exe):
    """{name: address} of an ELF file."""
    import subprocess
    out = subprocess.run(['nm', exe], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in out.splitlines() if len(line.split()) == 3}
