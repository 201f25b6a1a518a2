#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_gdb.py: the gdb server, by its packets and by gdb-multiarch, on a small kernel (target.S).

    test_gdb.py [--accel LIST] [--only NAME,...] [--counted]          packets and gdb
    test_gdb.py --oracle                                  the same registers as qemu-system-aarch64 shows, step by step
    test_gdb.py --fuzz SECONDS [--seed N]                 packets that are none, while the machine runs

Exit status 77 (skipped) without the cross assembler.
"""
import argparse
import atexit
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
from gdbremote import Gdb, Gone, PATIENCE, symbols  # noqa: E402

X0, X19, X20, X21, SP, PC, CPSR = 0, 19, 20, 21, 31, 32, 33
ALIAS = 0x80000000 - 0x40000000
COUNTED = '--counted' in sys.argv
TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


class Machine:
    """A running emulator and its server's path."""

    def __init__(self, exe, accel, *options, folder, program=None, smp=2, board=None):
        self.path = os.path.join(folder, 'gdb')
        if os.path.exists(self.path):
            os.unlink(self.path)
        build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
        program = program or [os.environ.get('CHIMERA') or os.path.join(build, 'chimera'), '-accel', accel]
        spec = ['-gdb', f'unix:{self.path},server=on,wait=off'] if '-gdb' not in options else []
        if COUNTED and not program[0].startswith('qemu'):
            program = program + ['-icount', 'shift=3,sleep=off', '-rtc', 'clock=vm', '-seed', '1']
        board = board or ['-M', 'virt', '-cpu', 'cortex-a72', '-smp', str(smp), '-m', '256M']
        self.process = subprocess.Popen(program + board + ['-display', 'none', '-serial', 'null', '-kernel', exe] + spec +
                                        list(options), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        atexit.register(self.process.kill)

    def end(self):
        self.process.terminate()
        err = self.process.communicate(timeout=30 * PATIENCE)[1].decode()
        if 'Sanitizer' in err or self.process.returncode not in (0, -15):
            raise AssertionError(f'it ended with {self.process.returncode}: {err}')


def stop_at(g, sym, name, kind='0'):
    """Runs to a symbol; the breakpoint goes."""
    assert g.ask(f'Z{kind},{sym[name]:x},4') == 'OK'
    reply = g.ask('vCont;c')
    assert g.ask(f'z{kind},{sym[name]:x},4') == 'OK'
    assert g.reg(PC) == sym[name], (name, reply, hex(g.reg(PC)))
    return reply


def in_hot_loop(g, sym, thread, alone=''):
    """A loop with a call that is one piece of optimised code: each place in it has what the program would have there."""
    names = ['hot', 'hot_middle', 'hot_rare', 'hot_tail', 'hot_leaf']
    begin, middle, rare, tail, leaf = (sym[name] for name in names)
    go, step = f'vCont;c{alone}', f'vCont;s:{thread}'

    def look():
        """What all others are is known from the PC and how often it went round."""
        pc, n = g.reg(PC), g.reg(9)
        added = n - (begin < pc <= middle or pc >= leaf)
        turns = n - (begin < pc <= middle + 4 or pc >= leaf)
        rares = n & ~0xffff if n & 0xffff or pc in (tail, tail + 4, begin) else n - 0x10000
        leaves = n // 8 - (n % 8 == 0 and (begin < pc < middle or pc == leaf))
        want = (added * (added + 1) // 2 % 2**64, leaves, turns, max(rares, 0))
        got = (g.reg(11), g.reg(13), g.read64(sym['turns']), g.read64(sym['turns'] + 8))
        assert got == want, (hex(pc), n, got, want)
        return pc, n

    def steps(count):
        pc, n = look()
        for i in range(count):
            then = {begin + 8: middle if n & 7 else begin + 12, begin + 12: leaf, leaf + 4: middle,
                    middle + 12: tail if n & 0xffff else rare, tail + 4: begin}.get(pc, pc + 4)
            assert g.ask(step) == f'T05thread:{thread};'
            pc, n = look()
            assert pc == then, (hex(pc), hex(then))

    def point(kind, addr, on):
        assert g.ask(f'{"Z" if on else "z"}{kind},{addr:x},{8 if kind == 2 else 4}') == 'OK'

    for n, value in ((9, 0), (11, 0), (12, sym['turns']), (13, 0), (14, 1 << 40), (PC, begin)):
        g.set_reg(n, value)
    for i in range(3):
        g.send(go)
        time.sleep(0.2)
        assert g.interrupt() == f'T02thread:{thread};'
        steps(25)
        for addr, turns in ((begin, 1), (begin + 8, 1), (middle, 1), (middle + 8, 1), (tail, 1), (leaf, 8), (leaf + 4, 8)):
            point(0, addr, True)
            assert g.ask(go).startswith('T05swbreak')
            pc, n = look()
            assert pc == addr
            assert g.ask(step) == f'T05thread:{thread};' and g.ask(go).startswith('T05swbreak')
            assert look() == (addr, n + turns)
            point(0, addr, False)
            steps(2)
        point(2, sym['turns'] + 8, True)
        assert g.ask(go) == f'T05watch:{sym["turns"] + 8:x};thread:{thread};'
        pc, n = look()
        assert pc == rare and n & 0xffff == 0
        point(2, sym['turns'] + 8, False)
        steps(15)
    # registers and code that the debugger changes in the middle of it
    point(0, tail, True)
    assert g.ask(go).startswith('T05swbreak')
    point(0, tail, False)
    g.set_reg(14, g.reg(9))
    point(0, begin, True)
    assert g.ask(go).startswith('T05swbreak') and g.reg(9) == 0
    point(0, begin, False)
    g.set_reg(11, 5)
    assert g.ask(f'M{middle:x},4:1f2003d5') == 'OK'     # nop
    g.send(go)
    time.sleep(0.1)
    g.interrupt()
    assert g.reg(11) == 5


# -- by packets ------------------------------------------------------------------------------------------------------


@test
def framing(g, sym, m):
    """Checksums, acknowledgements, repetition, what is not known."""
    g.close()
    g = Gdb(m.path, handshake=False)
    g.raw(b'$?#00')
    assert g.byte() == b'-'
    g.raw(b'$?#3f')
    assert g.byte() == b'+'
    first = g.receive()
    g.raw(b'-')
    assert g.receive() == first and first.startswith(b'T05'), first
    g.raw(b'+noise\x00\xff$cut off$?#3f')
    assert g.receive() == first
    g.raw(b'$?#0')
    time.sleep(0.05)
    g.raw(b'0$?#3f')                            # a damaged one and a good one
    assert g.byte() == b'-'
    assert g.receive() == first
    for unknown in ('vMustReplyEmpty', 'vNothing', 'qNothing', 'QNothing', 'Y', '', 'jx'):
        assert g.ask(unknown) == '', unknown
    assert g.ask('!') == 'OK'
    g.raw(b'$m40000000,4' + b'0' * 40000 + b'#00')
    assert g.receive() == b'E22'
    assert g.ask('?').encode() == first
    g.close()


@test
def malformed(g, sym, m):
    """Each gets an error, and nothing else happens."""
    for p in ('m', 'mx,1', 'm0', 'm0,', 'm11111111111111111,1', 'M0,1', 'M0,1:', 'M0,1:zz', 'M0,2:00', 'X0,3:a', 'p', 'pffff',
              'pzz', 'P', 'P0', 'P0=', 'P0=12', 'P0=0011223344556677889', 'G12', 'H', 'Hx1', 'Hgp9.1', 'Hg77', 'T', 'T77', 'T-1',
              'vCont', 'vCont;', 'vCont;x', 'vCont;c:p7.1', 'vCont;C', 'vCont;r1', 'vCont;r1,2:', 'Z0', 'Z0,', 'Z0,zz,4',
              'Z2,1000,0', 'z1,10', 'D;', 'D;77', 'vAttach;9', 'vKill;9', 'qThreadExtraInfo,', 'qThreadExtraInfo,p1.-1',
              'qXfer:threads:read::', 'qXfer:threads:read::zz,10', 'qXfer:features:read:target.xml:0', 'qRcmd,1', 'qRcmd,zz',
              'czz', 'sg', 'Cx', 'Qqemu.PhyMemMode:2'):
        reply = g.ask(p)
        assert re.fullmatch('E[0-9a-f]{2}', reply), (p, reply)
    assert g.ask('qXfer:features:read:other.xml:0,100') == 'E00'
    assert g.ask('Z5,0,0') == ''
    assert g.reg(PC) == sym['_start']


@test
def registers(g, sym, m):
    names = {}
    xml = ''
    while True:
        part = g.ask(f'qXfer:features:read:target.xml:{len(xml):x},400')
        xml += part[1:]
        if part[0] == 'l':
            break
    for r in re.finditer(r'<reg name="([^"]*)" bitsize="(\d+)" type="[^"]*" regnum="(\d+)"', xml):
        names[r[1]] = int(r[3]), int(r[2]) // 8
    assert names['pc'] == (PC, 8) and names['cpsr'] == (CPSR, 4) and names['v31'][1] == 16
    assert 'org.gnu.gdb.aarch64.core' in xml and 'org.gnu.gdb.aarch64.fpu' in xml
    everything = bytes.fromhex(g.ask('g'))
    size = sum(s for i, s in names.values() if i <= names['fpcr'][0])
    assert len(everything) == size, (len(everything), size)
    for name, value in (('x0', 5), ('x30', 1 << 63 | 7), ('sp', 0x40001230), ('cpsr', 0x600003c5), ('fpcr', 0x03000000),
                        ('v7', 0x00112233445566778899aabbccddeeff), ('fpsr', 0x0800009f), ('TPIDR_EL1', 0x1234567890)):
        n, s = names[name]
        g.set_reg(n, value, s)
        assert g.reg(n) == value, (name, hex(g.reg(n)))
    changed = bytes.fromhex(g.ask('g'))
    assert changed[names['x30'][0] * 8:][:8] == struct.pack('<Q', 1 << 63 | 7)
    assert g.ask('G' + everything.hex()) == 'OK'
    assert bytes.fromhex(g.ask('g')) == everything
    # read only; an exception level that is not there; AArch32 state
    assert g.ask(f'P{names["MIDR_EL1"][0]:x}=' + '00' * 8).startswith('E')
    for cpsr in (0x3cd, 0x3c9, 0x3d3, 0x3c6):
        assert g.ask(f'P{CPSR:x}=' + struct.pack('<I', cpsr).hex()).startswith('E'), hex(cpsr)
    assert g.reg(names['MIDR_EL1'][0]) == 0x410fd083
    # what has an effect when it is read is not there
    assert 'ICC_IAR1_EL1' not in names and 'SCTLR_EL1' in names
    for name, (n, s) in names.items():
        assert re.fullmatch(f'([0-9a-f]{{{2 * s}}}|x+)', g.ask(f'p{n:x}')), name


@test
def memory(g, sym, m):
    data = bytes(range(256)) * 8
    at = 0x48000000
    assert g.ask(f'M{at:x},{len(data):x}:' + data.hex()) == 'OK'
    assert g.read(at, len(data)) == data
    g.send(f'X{at + 1:x},100:'.encode() + data[255::-1])
    assert g.receive() == b'OK' and g.read(at + 1, 256) == data[255::-1]
    g.send(f'X{at:x},0:')
    assert g.receive() == b'OK'
    # the end of RAM: what there is of it
    assert len(g.read(0x4ffffff0, 64)) == 16
    assert g.ask('m60000000000,4') == 'E14' and g.ask('M60000000000,1:00') == 'E14'
    assert g.ask(f'm{at:x},0') == ''
    # the UART's identification, a device's registers
    assert g.read(0x09000fe0, 4)[0] == 0x11
    # through the page table, once it is on
    stop_at(g, sym, 'square')
    assert g.read(at + ALIAS, 16) == g.read(at, 16)
    assert g.ask(f'M{at + ALIAS:x},2:7788') == 'OK' and g.read(at, 2) == b'\x77\x88'
    assert g.ask('mc0000000,4') == 'E14'
    assert g.ask('qqemu.PhyMemMode') == '0' and g.ask('Qqemu.PhyMemMode:1') == 'OK' and g.ask('qqemu.PhyMemMode') == '1'
    assert g.ask(f'm{at + ALIAS:x},4') == 'E14' and g.read(at, 2) == b'\x77\x88'
    assert g.ask('Qqemu.PhyMemMode:0') == 'OK'


@test
def breakpoints(g, sym, m):
    """Before the instruction, each time, on the CPU that comes there; at this virtual address alone."""
    reply = stop_at(g, sym, 'square')
    assert reply == 'T05swbreak:;thread:p1.1;', reply
    assert stop_at(g, sym, 'handler', '1') == 'T05hwbreak:;thread:p1.1;'
    count = g.reg(X20)
    assert g.ask(f'Z0,{sym["square"]:x},4') == 'OK' and g.ask(f'Z0,{sym["square"]:x},4') == 'OK'
    assert g.ask(f'Z0,{sym["loop"]:x},4') == 'OK'
    for i in range(1, 20):
        assert g.ask('vCont;c') == 'T05swbreak:;thread:p1.1;'
        assert g.reg(PC) == sym['loop'] and g.reg(X20) == count + i - 1
        assert g.ask('vCont;s:p1.1;c') == 'T05thread:p1.1;'
        assert g.ask('vCont;c') == 'T05swbreak:;thread:p1.1;'
        assert g.reg(PC) == sym['square'] and g.reg(X0) == count + i
        # going on without a step stops again, as if it were in memory
        assert g.ask('vCont;c:p1.1') == 'T05swbreak:;thread:p1.1;' and g.reg(PC) == sym['square']
        assert g.ask('vCont;s:p1.1;c') == 'T05thread:p1.1;'
    for name in ('square', 'loop'):
        assert g.ask(f'z0,{sym[name]:x},4') == 'OK'
    # code that is patched in the same page all the time
    assert g.ask(f'Z0,{sym["hole"]:x},4') == 'OK'
    for i in range(3):
        assert g.ask('vCont;c') == 'T05swbreak:;thread:p1.1;' and g.reg(PC) == sym['hole']
        assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(PC) == sym['hole'] + 4, hex(g.reg(PC) - sym["hole"])
    assert g.ask(f'z0,{sym["hole"]:x},4') == 'OK'
    # memory does not show them
    before = g.read(sym['square'], 4)
    assert g.ask(f'Z0,{sym["square"]:x},4') == 'OK' and g.read(sym['square'], 4) == before
    assert g.ask(f'z0,{sym["square"]:x},4') == 'OK'
    # another address of the same page of RAM
    assert g.ask(f'Z0,{sym["square"] + ALIAS:x},4') == 'OK'
    g.send('vCont;c')
    time.sleep(0.2)
    assert g.interrupt().startswith('T02')
    assert g.ask('Hgp1.1') == 'OK'
    g.set_reg(PC, sym['loop'] + ALIAS)
    assert g.ask('vCont;c').startswith('T05swbreak') and g.reg(PC) == sym['square'] + ALIAS
    assert g.ask(f'z0,{sym["square"] + ALIAS:x},4') == 'OK'
    # a thread of the other CPU
    reply = stop_at(g, sym, 'loop2')
    assert reply == 'T05swbreak:;thread:p1.2;', reply


@test
def cost(g, sym, m):
    """A breakpoint concerns its own page: nothing is thrown away for it."""
    def counters():
        text = g.monitor('info jit').split('Counters:')[1]
        return {m[1]: int(m[2]) for m in re.finditer(r'^(\w+) +(\d+)  ', text, re.MULTILINE)}
    g.send('vCont;c')
    time.sleep(0.3)
    g.interrupt()
    before = counters()
    for i in range(5):
        assert g.ask(f'Z0,{0x40200000 + 4096 * i:x},4') == 'OK'
        g.send('vCont;c')
        time.sleep(0.05)
        g.interrupt()
    after = counters()
    # the program patches itself, so that some translation goes on
    assert after['tb_flushed'] == before['tb_flushed']
    assert after['tlb_flush'] - before['tlb_flush'] <= 2, (before, after)
    assert g.ask('Z0,40200000,4') == 'OK'


@test
def stepping(g, sym, m):
    """One instruction of one CPU; exclusive sequences go through; an exception's entry is a step."""
    stop_at(g, sym, 'exclusive')
    pc, counter, other = g.reg(PC), g.read64(sym['counter']), g.read64(sym['data2'])
    for i in range(5):
        assert g.reg(PC) == pc + 4 * i
        assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;'
    assert g.reg(PC) == sym['exclusive_end'] and g.read64(sym['counter']) == counter + 1
    assert g.read64(sym['data2']) == other      # the other CPU stood
    svc = sym['after_svc'] - 4
    assert g.ask(f'Z0,{svc:x},4') == 'OK' and g.ask('vCont;c:p1.1').startswith('T05swbreak') and g.reg(PC) == svc
    assert g.ask(f'z0,{svc:x},4') == 'OK'
    assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(PC) == sym['handler']
    assert g.ask('vCont;S05:p1.1') == 'T05thread:p1.1;' and g.ask('s') == 'T05thread:p1.1;'
    assert g.reg(PC) == sym['after_svc']
    # a range: while the PC is in it; a breakpoint in it ends it
    stop_at(g, sym, 'square')
    assert g.ask(f'vCont;r{sym["square"]:x},{sym["square"] + 16:x}:p1.1') == 'T05thread:p1.1;'
    assert g.reg(PC) == sym['square'] + 16
    stop_at(g, sym, 'square')
    assert g.ask(f'Z0,{sym["square"] + 8:x},4') == 'OK'
    assert g.ask(f'vCont;r{sym["square"]:x},{sym["square"] + 16:x}:p1.1').startswith('T05')
    assert g.reg(PC) == sym['square'] + 8
    assert g.ask(f'z0,{sym["square"] + 8:x},4') == 'OK'
    # fetches that fail
    g.set_reg(PC, 0xc0000000)
    assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(PC) == sym['vectors'] + 0x200
    g.set_reg(PC, sym['loop'] + 2)
    assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(PC) == sym['vectors'] + 0x200
    # both CPUs, one stepping while the other runs
    other = g.read64(sym['data2'])
    g.set_reg(PC, sym['loop'])
    for i in range(5000 * PATIENCE):
        assert g.ask('vCont;s:p1.1;c') == 'T05thread:p1.1;'
        if i > 20 and (COUNTED or g.read64(sym['data2']) > other):
            break                               # counted, the other's turn may be far away
    assert COUNTED or g.read64(sym['data2']) > other


@test
def watchpoints(g, sym, m):
    """Before the access, with the address of the first watched byte that it touches; each kind by what it is about."""
    def watch(kind, addr, length, want, where, limit=4):
        assert g.ask(f'Z{kind},{addr:x},{length:x}') == 'OK'
        for i in range(limit):
            reply = g.ask('vCont;c:p1.1')
            assert reply == f'T05{want};thread:p1.1;', reply
            assert g.reg(PC) == where, (hex(g.reg(PC)), hex(where))
            # it has not been done; it can be, when the point is not there
            assert g.ask(f'z{kind},{addr:x},{length:x}') == 'OK'
            assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(PC) == where + 4
            assert g.ask(f'Z{kind},{addr:x},{length:x}') == 'OK'
        assert g.ask(f'z{kind},{addr:x},{length:x}') == 'OK'
    stop_at(g, sym, 'square')
    store, load = sym['loop'] + 12, sym['loop'] + 16
    d, ro, half = sym['data'], sym['read_only'], sym['half']
    watch(2, d, 8, f'watch:{d:x}', store)
    watch(2, d + 5, 1, f'watch:{d + 5:x}', store)
    watch(3, ro, 8, f'rwatch:{ro:x}', load)
    watch(4, d + 4, 8, f'awatch:{d + 4:x}', store, 1)
    watch(4, ro + 7, 1, f'awatch:{ro + 7:x}', load)
    watch(3, half + 3, 1, f'rwatch:{half + 3:x}', load + 8)
    watch(2, half + 3, 1, f'watch:{half + 3:x}', load + 16)
    # what is written before it is watched has its value still
    assert g.ask(f'Z2,{d:x},8') == 'OK' and g.ask('vCont;c:p1.1').startswith('T05watch')
    assert g.read64(d) == (g.reg(X20) - 1) ** 2 and g.reg(X0) == g.reg(X20) ** 2
    assert g.ask(f'z2,{d:x},8') == 'OK'
    # reads only, writes only
    assert g.ask(f'Z2,{ro:x},8') == 'OK' and g.ask(f'Z3,{d:x},8') == 'OK'
    g.send('vCont;c')
    time.sleep(0.2)
    assert g.interrupt().startswith('T02')
    assert g.ask(f'z2,{ro:x},8') == 'OK' and g.ask(f'z3,{d:x},8') == 'OK'
    # a pair; an exclusive's store; by way of an alias it is another address
    assert g.ask('Hgp1.1') == 'OK'
    stop_at(g, sym, 'square')
    sp = g.reg(SP)
    watch(2, sp - 8, 4, f'watch:{sp - 8:x}', sym['square'], 1)
    watch(2, sym['counter'], 8, f'watch:{sym["counter"]:x}', sym['exclusive'] + 12, 2)
    assert g.ask(f'Z2,{d + ALIAS:x},8') == 'OK'
    g.send('vCont;c:p1.1')
    time.sleep(0.1)
    assert g.interrupt().startswith('T02')
    assert g.ask(f'z2,{d + ALIAS:x},8') == 'OK'
    # the other CPU's
    assert g.ask(f'Z2,{sym["data2"]:x},8') == 'OK'
    assert g.ask('vCont;c') == f'T05watch:{sym["data2"]:x};thread:p1.2;'


@test
def hot(g, sym, m):
    """... while the other CPU stands, and at last goes on."""
    stop_at(g, sym, 'loop')
    in_hot_loop(g, sym, 'p1.1', ':p1.1')
    assert stop_at(g, sym, 'hot_tail') == 'T05swbreak:;thread:p1.1;'


@test
def threads(g, sym, m):
    assert g.ask('qfThreadInfo') == 'mp1.1,p1.2' and g.ask('qsThreadInfo') == 'l'
    assert g.ask('Tp1.2') == 'OK' and g.ask('qAttached:1') == '1' and g.ask('qC') == 'QCp1.1'
    assert 'off' in bytes.fromhex(g.ask('qThreadExtraInfo,p1.2')).decode()
    text = g.ask('qXfer:threads:read::0,1000')
    assert text[0] == 'l' and 'id="p1.2" core="1" name="cluster0.cpu1"' in text, text
    stop_at(g, sym, 'loop2')
    assert g.ask('qC') == 'QCp1.2'
    assert g.ask('Hgp1.1') == 'OK' and sym['_start'] <= g.reg(PC) < sym['second'] or g.reg(PC) >= sym['vectors']
    assert g.ask('Hgp1.2') == 'OK' and g.reg(PC) == sym['loop2']
    n = g.reg(X21)
    assert g.ask('vCont;t:p1.1;s:p1.2') == 'T05thread:p1.2;' and g.reg(X21) == n + 1
    # without processes
    g.close()
    g = Gdb(m.path, handshake=False)
    assert g.ask('qfThreadInfo') == 'm1,2' and g.ask('Hg2') == 'OK' and g.ask('?') == 'T05thread:1;'
    assert g.ask('Hc2') == 'OK' and g.ask('s') == 'T05thread:2;'
    g.close()


@test
def interruption(g, sym, m):
    g.send('vCont;c')
    time.sleep(0.1)
    assert re.fullmatch('T02thread:p1.[12];', g.interrupt())
    count = g.ask('?')
    assert count.startswith('T02')
    g.raw(b'\x03')                              # it stands: nothing to interrupt
    assert g.ask('?') == count
    g.send('vCont;c')
    time.sleep(0.05)
    g.raw(b'\x03\x03\x03')
    assert g.receive().startswith(b'T02')
    assert g.ask('?').startswith('T02')


@test
def leaving(g, sym, m):
    """Detaching goes on, a connection that breaks does not leave breakpoints, another may come."""
    def alive():
        b = Gdb(m.path)
        a = b.read64(sym['data2'])
        b.send('vCont;c')
        time.sleep(0.1)
        b.interrupt()
        assert b.read64(sym['data2']) != a
        return b
    assert g.ask(f'Z0,{sym["loop"]:x},4') == 'OK' and g.ask('vCont;c').startswith('T05')
    assert g.ask('D;1') == 'OK'
    g.close()
    time.sleep(0.1)
    b = Gdb(m.path)
    a = b.read64(sym['data2'])
    assert a > 0
    b.close()
    b = alive()
    assert b.ask(f'Z0,{sym["loop"]:x},4') == 'OK'
    b.close()
    b = alive()
    assert b.ask('vAttach;1').startswith('T05')
    b.send('vCont;c')
    b.close()                                   # while it runs: it goes on running
    b = alive()
    assert b.ask('D') == 'OK'
    a = b.read64(sym['data2'])                  # it runs, and stands for each packet alone
    for p in 'g', f'z0,{sym["loop"]:x},4', 'Hgp1.2', '?':
        assert b.ask(p)
    assert b.ask(f'Z0,{sym["loop"]:x},4').startswith('E')
    time.sleep(0.1)
    assert b.read64(sym['data2']) != a and 'running' in b.monitor('info status')
    assert b.ask('vAttach;1').startswith('T05') and 'paused' in b.monitor('info status')
    b.monitor('cont')
    assert b.ask(f'Z0,{sym["loop"]:x},4') == 'OK' and b.ask(f'z0,{sym["loop"]:x},4') == 'OK'
    b.send('vCont;s:p1.1')                      # what runs is told to step: it does
    assert b.receive() == b'T05thread:p1.1;'
    b.send('k')
    assert m.process.wait(10 * PATIENCE) == 0


@test
def monitor(g, sym, m):
    assert 'paused' in g.monitor('info status')
    assert g.monitor('nonsense').startswith('unknown command')
    assert f'0x{sym["_start"]:x}' in g.monitor('print $pc')
    stop_at(g, sym, 'square')
    assert g.monitor('print $x20 + 2 * (3 + 4) << 1') == f'0x{(g.reg(X20) + 14) << 1:x}\n'
    assert g.read(sym['read_only'], 8)[::-1].hex() in g.monitor(f'x/2xg {sym["read_only"]:#x}')
    assert '0x11223344' in g.monitor(f'xp/xw {sym["read_only"] + 4:#x}')
    assert 'stp' in g.monitor(f'x/4i $pc').lower(), g.monitor('x/4i $pc')
    assert 'X20=' in g.monitor('info registers') and g.monitor('info registers -a').count('CPU#') == 2
    assert g.monitor('system_reset') == ''
    assert g.reg(PC) == sym['_start'] and 'paused' in g.monitor('info status')
    stop_at(g, sym, 'square')
    g.send('qRcmd,' + b'quit'.hex())
    try:
        assert g.receive() == b'OK'
        g.receive()
        raise AssertionError('it goes on')
    except Gone:
        pass
    assert m.process.wait(10 * PATIENCE) == 0


@test
def two_debuggers(g, sym, m):
    """The machine goes on when both have said so; a breakpoint is told to whoever waits."""
    path = m.path + '2'
    assert 'unknown' in g.monitor(f'gdbserver unix:{path},cluster=none')
    assert 'waiting for gdb' in g.monitor(f'gdbserver unix:{path},cluster=cluster0')
    b = Gdb(path)
    assert b.reg(PC) == sym['_start'] and g.ask(f'Z0,{sym["square"]:x},4') == 'OK'
    g.send('vCont;c')
    time.sleep(0.1)
    assert b.reg(PC) == sym['_start'] and 'paused' in b.monitor('info status')
    b.send('vCont;c')
    for each in (g, b):
        assert each.receive() == b'T05swbreak:;thread:p1.1;' and each.reg(PC) == sym['square']
    b.close()
    time.sleep(0.1)
    assert g.ask(f'z0,{sym["square"]:x},4') == 'OK'
    g.send('vCont;c')
    time.sleep(0.1)
    assert g.interrupt().startswith('T02')
    g.monitor('gdbserver none')                 # but the one that asks
    assert g.ask('?').startswith('T02') and not os.path.exists(path)


@test
def ending(g, sym, m):
    """A debugger that waits hears of the end."""
    g.send('vCont;c')
    time.sleep(0.1)
    m.process.terminate()
    assert g.receive() == b'W00;process:1'


def m_profile(accel, folder):
    """A Cortex-M4 and a Cortex-M33, by packets and by gdb."""
    if not shutil.which('arm-none-eabi-gcc'):
        print('m_profile: no cross assembler: not tried')
        return
    exe, raw = os.path.join(folder, 'target_m'), os.path.join(folder, 'target_m.bin')
    subprocess.run(['arm-none-eabi-gcc', '-g', '-mcpu=cortex-m4', '-nostdlib', '-Wl,-Ttext=0', '-Wl,-estart',
                    os.path.join(HERE, 'target_m.S'), '-o', exe], check=True)
    subprocess.run(['arm-none-eabi-objcopy', '-O', 'binary', exe, raw], check=True)
    sym = {name: addr & ~1 for name, addr in symbols(exe).items()}
    log = os.path.join(folder, 'log_m')
    m = Machine(raw, accel, '-S', '-d', 'guest_errors', '-D', log, folder=folder, board=['-M', 'm-test', '-cpu', 'cortex-m4'])
    g = Gdb(m.path)
    xml = g.ask('qXfer:features:read:target.xml:0,2000')
    numbers = {r[1]: int(r[2]) for r in re.finditer(r'<reg name="([^"]*)"[^>]* regnum="(\d+)"', xml)}
    assert 'org.gnu.gdb.arm.m-profile' in xml and 'org.gnu.gdb.arm.vfp' in xml and 'msp' in numbers and 'msp_ns' not in numbers
    r0, sp, lr, pc, xpsr = (numbers[n] for n in ('r0', 'sp', 'lr', 'pc', 'xpsr'))
    # as reset leaves it
    assert (g.reg(pc), g.reg(sp), g.reg(numbers['msp'])) == (sym['start'], 0x20001000, 0x20001000), hex(g.reg(pc))
    assert g.reg(xpsr) == 1 << 24
    assert g.read(0xe000ed00, 4)[::-1].hex() == '410fc241'          # CPUID, in the system space
    assert g.ask(f'Z0,{sym["block"]:x},2') == 'OK' and g.ask('vCont;c') == 'T05swbreak:;thread:p1.1;'
    assert g.reg(pc) == sym['block'] and g.read(0x20000100, 4) == b'\1\0\0\0'
    at = sym['block']
    for length in (2, 2, 2, 4, 2, 2):           # an instruction of an IT block that is not done is one, too
        assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;'
        at += length
        assert g.reg(pc) == at, (hex(g.reg(pc)), hex(at))
    assert g.reg(r0 + 5) == 1 and g.reg(r0 + 6) == 0x10000 and g.reg(r0 + 7) == 3
    assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(pc) == sym['svcall']
    assert g.reg(xpsr) & 0x1ff == 11 and g.reg(lr) == 0xfffffff9
    assert g.ask('vCont;r%x,%x:p1.1' % (sym['svcall'], sym['svcall'] + 4)) == 'T05thread:p1.1;'
    assert g.reg(pc) == sym['after_svc'] and g.reg(xpsr) & 0x1ff == 0
    # from call to return, again and again, without a point that would make the CPU look for code anew
    assert g.ask(f'z0,{sym["block"]:x},2') == 'OK'
    g.send('vCont;c')
    time.sleep(0.2)
    g.interrupt()
    for i in range(60):
        at, back = g.reg(pc), g.reg(lr)
        assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;'
        if at == sym['square'] + 4:             # the return
            assert g.reg(pc) == sym['store'], hex(g.reg(pc))
        elif at == sym['svcall'] + 2:
            assert back == 0xfffffff9 and g.reg(pc) == sym['after_svc'], hex(g.reg(pc))
    assert g.ask('Z2,20000102,1') == 'OK'
    assert g.ask('vCont;c') == 'T05watch:20000102;thread:p1.1;' and g.reg(pc) == sym['store']
    g.set_reg(numbers['d3'], 0x123456789abcdef0)
    g.set_reg(numbers['psp'], 0x20000803, 4)
    g.set_reg(numbers['primask'], 1, 4)
    assert (g.reg(numbers['d3']), g.reg(numbers['psp']), g.reg(numbers['primask'])) == (0x123456789abcdef0, 0x20000800, 1)
    g.set_reg(xpsr, 0xf10001ff, 4)
    assert g.reg(xpsr) == 0xf1000000            # the exception number is not to be written
    # a PC that is written ends lockup: what follows can be one anew
    assert g.ask('z2,20000102,1') == 'OK'
    g.set_reg(pc, 0xf0000000, 4)
    assert g.ask(f'Z0,{sym["fault"]:x},2') == 'OK' and g.ask('vCont;c') == 'T05swbreak:;thread:p1.1;'
    assert g.ask(f'z0,{sym["fault"]:x},2') == 'OK' and g.reg(xpsr) & 0x1ff == 3
    for i in range(2):
        g.set_reg(pc, 0xf0000000, 4)
        g.send('vCont;c')
        time.sleep(0.2)
        g.interrupt()
        assert g.reg(pc) == 0xfffffffe, hex(g.reg(pc))
        g.set_reg(pc, sym['fault'], 4)
        assert g.ask('vCont;s:p1.1') == 'T05thread:p1.1;' and g.reg(pc) == sym['fault']
    with open(log) as f:
        assert f.read().count('lockup at') == 2
    g.close()
    if shutil.which('gdb-multiarch'):
        script = os.path.join(folder, 'script')
        with open(script, 'w') as f:
            f.write(f'set pagination off\ntarget remote {m.path}\nmonitor system_reset\nflushregs\nbreak svcall\n'
                    'continue\nbacktrace\ninfo registers xpsr\nfinish\n')
        out = subprocess.run(['gdb-multiarch', '-nx', '-q', '-batch', '-x', script, exe], stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * PATIENCE).stdout
        assert re.search(r'#0 +svcall.*\n#1 +<signal handler called>\n#2 .* (block|after_svc) \(\)', out), out
    m.end()
    m = Machine(raw, accel, '-S', folder=folder, board=['-M', 'm-test', '-cpu', 'cortex-m33'])
    g = Gdb(m.path)
    xml = g.ask('qXfer:features:read:target.xml:0,2000')
    assert 'org.gnu.gdb.arm.secext' in xml and 'msplim' in xml
    assert len(bytes.fromhex(g.ask('g').replace('x', '0'))) > 16 * 4
    g.close()
    m.end()


# -- by gdb -------------------------------------------------------------------------------------------------------------

SCRIPT = r'''
set pagination off
set confirm off
set width 0
target extended-remote PATH
info threads
break square
continue
printf "A %#lx %ld\n", $pc, $x20
backtrace
delete
watch *(long *)&data
continue
delete
rwatch *(long *)&read_only
continue
delete
tbreak exclusive
continue
next
stepi
printf "B %#lx\n", $pc
break loop2
continue
thread
set $x21 = 1000
stepi
printf "C %ld\n", $x21
delete
thread 1
print $SCTLR_EL1 & 1
set $v3.d.f[0] = 2.5
print $v3.d.f[0]
hbreak handler
continue
finish
monitor info cpus
monitor system_reset
flushregs
printf "D %#lx\n", $pc
detach
'''
WANTED = [r'1 +Thread 1\.1 "cluster0\.cpu0"', r'2 +Thread 1\.2 "cluster0\.cpu1" \(cortex-a72-aarch64-cpu \[off\]\)',
          r'hit Breakpoint 1, .*square \(\)', r'A 0x[0-9a-f]+ 1\n', r'#0 +square.*\n#1 .*loop', r'hit Hardware watchpoint 2.*\n\n'
          r'Old value = 0\nNew value = 1', r'hit Hardware read watchpoint 3.*\n\nValue = 1234605616436508552',
          r'Temporary breakpoint 4, .*exclusive', r'B 0x[0-9a-f]+', r'Thread 2.* hit Breakpoint 5, .*loop2',
          r'Current thread is 2 \(Thread 1\.2\)', r'C 1001', r'\$1 = 1', r'\$2 = 2\.5',
          r'hit Breakpoint 6, .*handler', r'CPU #1: cortex-a72', r'D 0x40080000', r'\[Inferior 1 \(.*\) detached\]']


def with_gdb(exe, accel, folder):
    if not shutil.which('gdb-multiarch'):
        print('gdb: not there: not tried')
        return
    m = Machine(exe, accel, '-S', folder=folder)
    script = os.path.join(folder, 'script')
    Gdb.connect(m.path).close()                 # it listens
    with open(script, 'w') as f:
        f.write(SCRIPT.replace('PATH', m.path))
    out = subprocess.run(['gdb-multiarch', '-nx', '-q', '-batch', '-x', script, exe], stdin=subprocess.DEVNULL, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * PATIENCE).stdout
    m.end()
    at = 0
    for want in WANTED:
        found = re.compile(want).search(out, at)
        if not found:
            raise AssertionError(f'{want}: not in what follows of\n{out}')
        at = found.end()


# -- against another emulator ----------------------------------------------------------------------------------------


def oracle(exe, sym, folder, steps=400):
    """The general registers after each of some steps, and vector registers at the end."""
    if not shutil.which('qemu-system-aarch64'):
        print('qemu-system-aarch64: not there: not tried')
        return
    def trace(program):
        m = Machine(exe, 'tcg', '-S', folder=folder, program=program, smp=1)
        g = Gdb(m.path)
        xml = g.ask('qXfer:features:read:target.xml:0,100')
        assert '<target' in xml
        if program:
            assert g.ask('Qqemu.sstep=7') == 'OK'       # no interrupts, no timers
        stop_at(g, sym, 'loop')                 # behind what is UNKNOWN at reset
        for n in range(19):
            g.set_reg(n, 0x1000 + n)
        for n in range(21, 31):
            g.set_reg(n, 0x1000 + n)
        g.set_reg(CPSR, 0x3c5, 4)
        seen = []
        for i in range(steps):
            regs = bytes.fromhex(g.ask('g').replace('x', '0'))[:33 * 8 + 4]
            values = struct.unpack('<33QI', regs)
            seen.append(values[:32] + (values[32], values[33] & 0xf00003cf))
            assert g.ask('vCont;s:p1.1').startswith('T05')
        seen.append([g.ask(f'p{34 + n:x}') for n in range(32)])
        g.close()
        m.end()
        return seen
    ours, theirs = trace(None), trace(['qemu-system-aarch64', '-nic', 'none'])
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            diff = (a, b)
            if isinstance(a, tuple):
                diff = [(n, hex(x), hex(y)) for n, (x, y) in enumerate(zip(a, b)) if x != y]
            raise AssertionError(f'after {i} steps: {diff}')
    print(f'{steps} steps alike')


# -- fuzzing -------------------------------------------------------------------------------------------------------------

SEEDS = ['?', 'g', 'G' + '00' * 788, 'p20', 'P20=0000084000000000', 'm40080000,40', 'M48000000,4:01020304', 'X48000000,4:abcd',
         'Z0,40080070,4', 'z0,40080070,4', 'Z1,40080070,4', 'Z2,40093000,8', 'Z3,40093008,8', 'Z4,40093000,40', 'z4,40093000,40',
         'vCont;c', 'vCont;s:p1.1;c', 'vCont;s:p1.-1', 'vCont;r40080000,40080100:p1.1', 'vCont;t:p1.1;c:p1.2', 'c', 's', 'C05',
         'S05', 'Hgp1.1', 'Hgp1.2', 'Hcp0.0', 'Hg-1', 'Tp1.2', 'qC', 'qfThreadInfo', 'qsThreadInfo', 'qThreadExtraInfo,p1.1',
         'qAttached:1',
         'qSupported:multiprocess+;swbreak+', 'qXfer:features:read:target.xml:0,ffb', 'qXfer:threads:read::0,1000', 'D', 'D;1',
         'vAttach;1', 'QStartNoAckMode', 'qqemu.PhyMemMode', 'Qqemu.PhyMemMode:1', 'R00', 'qRcmd,' + b'info status'.hex(),
         'qRcmd,' + b'x/10i $pc'.hex(), 'qRcmd,' + b'info mtree'.hex(), 'qRcmd,' + b'print ((1+2)*$x3'.hex(),
         'qRcmd,' + b'system_reset'.hex(), 'qRcmd,' + b'stop'.hex(), 'qRcmd,' + b'cont'.hex(),
         'qRcmd,' + b'xp/4xg 0x40000000'.hex()]
MONITOR = ['info registers', 'info cpus', 'x/%d%s%s %s', 'print/%s %s', 'info registers %s', 'qom-list %s', 'qom-get %s type',
           'help %s', 'cpu %s', 'log %s', 'gva2gpa %s', 'chardev-send-break %s', 'info tlb', 'info qtree',
           'info qom-tree', 'info jit']


def mutate(rnd, packet):
    data = bytearray(packet.encode('latin-1'))
    for _ in range(rnd.choice((0, 1, 1, 2, 5))):
        n = rnd.randrange(len(data) + 1)
        kind = rnd.randrange(5)
        if kind == 0 and n < len(data):
            data[n] = rnd.randrange(256)
        elif kind == 1:
            data[n:n] = rnd.choice((b'f' * 16, b',', b';', b':', b'-1', b'p', b'0', b'ffffffffffffffff', b'#', b'$', b'}', b'\x03'))
        elif kind == 2:
            del data[n:n + rnd.randrange(1, 8)]
        elif kind == 3:
            data = data * rnd.choice((1, 2, 30))
        else:
            data[n:n] = rnd.choice(SEEDS).encode()
    return bytes(data)


def monitor_line(rnd):
    value = rnd.choice(('0', '-1', '0x40000000', '$pc', '$x' + '9' * 30, '(' * 200, '1/0', '~' * 100, '$sp+8*(2', '"', '\\', '%s%n',
                        '/machine', '18446744073709551616', '\t', 'a' * 5000))
    line = rnd.choice(MONITOR)
    words = [rnd.choice((0, 1, 7, 2**31)), rnd.choice('xduocib'), rnd.choice('bhwg'), value]
    if line.count('%') == 4:
        line = line % tuple(words)
    elif line.count('%') == 2:
        line = line % (words[1], value)
    elif '%' in line:
        line = line % value
    return line


ASKS = """
    .global _start
_start: ldr x19, =0x40100000
    ldr x0, =name
    mov x1, #4
    mov x2, #4
    stp x0, x1, [x19]
    str x2, [x19, #16]
1:  mov x1, x19
    mov w0, #1                                  // open, and so on: what is answered is the next one's handle
    hlt #0xf000
    mov w20, #2
2:  add x1, x19, #64
    stp x0, x19, [x1]
    str x20, [x1, #16]
    mov w0, w20
    hlt #0xf000
    add w20, w20, #1
    cmp w20, #0x13
    b.ne 2b
    b 1b
name: .asciz "file"
"""
# of another cluster, with other registers
OTHERS = ['Hgp2.3', 'Hgp2.4', 'Hcp2.3', 'vCont;s:p2.3;c', 'vCont;c:p2.-1', 'vCont;r0,400:p2.4;c', 'Z0,10,2', 'Z1,44,2',
          'Z2,20000000,4', 'Z4,0,1000', 'm0,100', 'me000e000,1000', 'Me000ed08,4:00000020', 'Me000ed94,4:07000000',
          'M20000000,4:01020304', 'D;2',
          'vAttach;2', 'Tp2.3', 'P0f=01000000', 'P19=ff0100f1', 'p1a', 'p40', 'P28=ffffffff', 'qThreadExtraInfo,p2.4']
ANSWERS = ['F0', 'F4', 'F-1,2', 'F-1,4,C', 'F10000,0,C', 'Fffffffff', 'F-1', 'F8000000000000000;', 'F,', 'F1,2,3',
           'm1000,4', 'X1000,4:abcd', 'M1000,40:' + '7f' * 64, 'm1003,ffff']


def fuzz(exe, folder, accel, seconds, seed):
    rnd = random.Random(seed)
    end = time.monotonic() + seconds
    runs = sent = 0
    asks, m_exe = os.path.join(folder, 'asks'), None
    if shutil.which('arm-none-eabi-gcc'):
        m_exe = os.path.join(folder, 'target_m')
        subprocess.run(['arm-none-eabi-gcc', '-g', '-mcpu=cortex-m4', '-nostdlib', '-Wl,-Ttext=0,-estart',
                        os.path.join(HERE, 'target_m.S'), '-o', m_exe], check=True)
    with open(asks + '.S', 'w') as f:
        f.write(ASKS)
    subprocess.run(['aarch64-linux-gnu-gcc', '-nostdlib', '-static', '-Wl,-Ttext=0x40080000,--build-id=none', asks + '.S', '-o',
                    asks], check=True)
    while time.monotonic() < end:
        # one of three asks things of the debugger's host, but not to end; one has clusters of different cores
        kind = runs // 8 % 3
        asking, board = kind == 1, None
        seeds = SEEDS + (3 * ANSWERS if asking else [])
        if kind == 2 and m_exe:
            seeds = SEEDS + 2 * OTHERS
            board = ['-M', 'amp-virt', '-cpu', 'cortex-a72', '-smp', '2', '-cluster',
                     f'm,cpu=cortex-m33,count=2,kernel={m_exe}']
        m = Machine(asks if asking else exe, accel, '-S', '-semihosting-config', 'target=gdb,userspace=on', folder=folder,
                    board=board)
        try:
            for _ in range(8):
                g = Gdb(m.path, handshake=False)
                g.sock.settimeout(0.01)
                runs += 1
                for _ in range(rnd.randrange(1, 200)):
                    kind = rnd.randrange(10)
                    if kind == 0:
                        data = bytes(rnd.randrange(256) for _ in range(rnd.randrange(200)))
                    elif kind == 1:
                        data = b'$qRcmd,' + monitor_line(rnd).encode().hex().encode()
                        data += b'#%02x' % (sum(data[1:]) & 0xff)
                    else:
                        body = mutate(rnd, rnd.choice(seeds))
                        data = b'$' + body + b'#%02x' % (sum(body) & 0xff)
                    # what ends the emulator as it should
                    if re.search(rb'\$(k#|vKill)|\$qRcmd.*7175|\$qRcmd,71#', data, re.S):
                        continue
                    try:
                        g.raw(data + rnd.choice((b'', b'\x03', b'+', b'-')))
                    except OSError:
                        break
                    sent += 1
                    if rnd.random() < 0.3:
                        try:
                            g.sock.recv(65536)
                        except OSError:
                            pass
                g.close()
                assert m.process.poll() is None, 'it ended: ' + m.process.stderr.read().decode()
            g = Gdb(m.path)
            g.monitor('stop')
            assert len(g.ask('g')) > 500 and re.match('T0[25]', g.ask('?'))
            g.close()
        except BaseException:
            print(f'seed {seed}, run {runs}, ended: {m.process.poll()}')
            m.process.kill()
            print(m.process.stderr.read().decode())
            raise
        m.end()
    print(f'fuzz: {runs} sessions, {sent} packets')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--accel', default='tcg;tci', help='with semicolons')
    p.add_argument('--only', default='')
    p.add_argument('--counted', action='store_true', help='time is counted instructions')
    p.add_argument('--oracle', action='store_true')
    p.add_argument('--fuzz', type=float, metavar='SECONDS')
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc'):
        print('test_gdb: no cross assembler')
        return 77
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        exe = os.path.join(folder, 'target')
        subprocess.run(['aarch64-linux-gnu-gcc', '-g', '-nostdlib', '-static', '-Wl,-Ttext=0x40080000',
                        '-Wl,--build-id=none,--no-warn-rwx-segments', os.path.join(HERE, 'target.S'), '-o', exe], check=True)
        sym = symbols(exe)
        if args.oracle:
            oracle(exe, sym, folder)
            return 0
        if args.fuzz:
            fuzz(exe, folder, args.accel.split(';')[0], args.fuzz, args.seed)
            return 0
        for accel in args.accel.split(';'):
            for fn in TESTS:
                if args.only and fn.__name__ not in args.only.split(','):
                    continue
                m = Machine(exe, accel, '-S', folder=folder)
                try:
                    fn(Gdb(m.path), sym, m)
                    m.end()
                    print(f'{accel}: {fn.__name__}: ok')
                except Exception as e:          # the others are still of interest
                    import traceback
                    wrong += 1
                    m.process.kill()
                    print(f'{accel}: {fn.__name__}: {type(e).__name__} {e}')
                    traceback.print_exc(file=sys.stdout)
            if not args.only or 'm_profile' in args.only.split(','):
                m_profile(accel, folder)
                print(f'{accel}: m_profile: ok')
            if not args.only or 'gdb' in args.only.split(','):
                with_gdb(exe, accel, folder)
                print(f'{accel}: gdb-multiarch: ok')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
