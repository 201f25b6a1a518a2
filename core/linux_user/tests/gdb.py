#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode under a debugger (-g): by packets, and by gdb-multiarch.

    gdb.py [--accel tci] [--only NAME,...]      CHIMERA_BUILD says what is tested
    gdb.py --fuzz SECONDS [--seed N]    packets that are none, for programs with threads, signals and children

77 (skipped) without the cross compiler; gdb's own part is left out where there is no gdb-multiarch."""
import argparse
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.path.insert(0, os.path.join(ROOT, "core", "gdbstub", "tests"))
sys.path.insert(0, HERE)
from gdbremote import Gdb, Gone, PATIENCE, symbols  # noqa: E402
import programs  # noqa: E402
import test_gdb  # noqa: E402

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.abspath(os.path.join(os.environ["CHIMERA_BUILD"], "chimera"))
HOT = os.path.join(ROOT, "core", "gdbstub", "tests", "hot.S")
SYSROOT = "/usr/aarch64-linux-gnu"
THREADSAN = os.environ.get("CHIMERA_SANITIZER") == "thread"
X0, SP, PC = 0, 31, 32
TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


class Place:
    """A folder with the program: linked statically, and dynamically."""

    def __init__(self, folder):
        self.folder = folder
        self.static, self.dynamic = os.path.join(folder, "static"), os.path.join(folder, "dynamic")
        source = os.path.join(HERE, "debuggee.c")
        for out, flags in (self.static, ["-static"]), (self.dynamic, []):
            subprocess.run([CC, "-g", "-O1", "-pthread", *flags, "-o", out, source, HOT], check=True)
        self.sym = symbols(self.static)
        self.num = 0
        self.accel = "tcg"

    def run(self, *args, program=None, options=(), env=None):
        return Program(self, [*options], [program or self.static, *args], env)


class Program:
    def __init__(self, place, options, args, env):
        place.num += 1
        self.path = os.path.join(place.folder, f"socket{place.num}")
        where = [] if env else ["-g", self.path]
        common = ["-L", SYSROOT, "-accel", place.accel]
        self.process = subprocess.Popen([CHIMERA, "user", *common, *options, *where, *args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, QEMU_GDB=self.path) if env else None)
        self.gone = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.gone:
            self.process.kill()
            self.process.communicate()

    def gdb(self, **kw):
        return Gdb(self.path, **kw)

    def ends(self, status, out=""):
        self.gone = True
        try:
            got, err = self.process.communicate(timeout=30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert (self.process.returncode, got) == (status, out), (self.process.returncode, got, err)
        assert "Sanitizer" not in err, err


def reply(g, pattern, what="vCont;c"):
    got = g.ask(what)
    assert re.fullmatch(pattern, got), (what, got, pattern)
    return got


def reaches(g, sym, name, pattern=r"T05swbreak:;thread:p[0-9a-f]+\.[0-9a-f]+;"):
    """Runs to a function; the breakpoint goes."""
    assert g.ask(f"Z0,{sym[name]:x},4") == "OK"
    got = reply(g, pattern)
    assert g.ask(f"z0,{sym[name]:x},4") == "OK"
    assert g.reg(PC) == sym[name], hex(g.reg(PC))
    return got


def thread_of(text):
    return re.search(r"thread:(p[0-9a-f]+\.[0-9a-f]+);", text)[1]


def whole(g, name):
    data = b""
    while True:
        g.send(f"qXfer:{name}:{len(data):x},200")
        part = g.receive()
        assert part[:1] in b"ml", part
        data += part[1:]
        if part[:1] == b"l":
            return data


# -- by packets ------------------------------------------------------------------------------------------------------


@test
def beginning(place):
    """Nothing has run; what the kernel would tell; breakpoints, steps, watchpoints, memory; the end."""
    with place.run() as p:
        g = p.gdb()
        pid = p.process.pid
        assert g.ask("?") == f"T05thread:p{pid:x}.{pid:x};"
        entry = int(re.search(r"Entry point address:\s+0x(\w+)", subprocess.run(
            ["readelf", "-h", place.static], capture_output=True, text=True, check=True).stdout)[1], 16)
        assert g.reg(PC) == entry
        assert g.ask("qAttached") == "0" and g.ask("!") == "OK"
        for part in "qXfer:auxv:read+", "qXfer:exec-file:read+", "qXfer:siginfo:read+", "QPassSignals+", "exec-events+":
            assert part in g.supported, part
        auxv = whole(g, "auxv:read:")
        pairs = dict(zip(*[iter(int.from_bytes(auxv[i:i + 8], "little") for i in range(0, len(auxv), 8))] * 2))
        assert pairs[6] == 4096 and pairs[9] == entry and pairs[0] == 0
        assert whole(g, f"exec-file:read:{pid:x}").decode() == place.static
        assert g.ask(f"qXfer:exec-file:read:{pid + 1:x}:0,100").startswith("E")
        assert g.ask("qXfer:siginfo:read::0,100") == "E01"
        xml = whole(g, "features:read:target.xml").decode()
        assert "<osabi>GNU/Linux</osabi>" in xml and 'name="tpidr"' in xml and "SCTLR_EL1" not in xml
        assert 'name="static"' in whole(g, "threads:read:").decode()
        sym = place.sym
        reaches(g, sym, "square")
        assert g.reg(X0) == 0 and g.ask("qXfer:siginfo:read::0,100") == "E01"
        where = g.reg(PC)
        for i in range(1, 4):
            reply(g, r"T05thread:.*;", f"vCont;s:p{pid:x}.{pid:x}")
            assert g.reg(PC) == where + 4 * i
        # text is not the guest's to write, but the debugger's; the change is run
        text = g.read(sym["twice"], 8)
        assert g.ask(f"M{sym['twice']:x},8:" + "402580d2c0035fd6") == "OK"      # mov x0, #0x12a; ret
        saved = [g.reg(n) for n in range(33)]
        g.set_reg(PC, sym["twice"])
        g.set_reg(30, where)
        assert g.ask(f"Z1,{where:x},4") == "OK"
        reply(g, r"T05hwbreak:;.*")
        assert g.reg(X0) == 0x12a and g.ask(f"z1,{where:x},4") == "OK"
        assert g.ask(f"M{sym['twice']:x},8:" + text.hex()) == "OK"
        for n in range(33):
            g.set_reg(n, saved[n])
        assert g.ask("m10,4") == "E14" and g.ask("M10,1:00") == "E14" and g.ask("mffffffffffff0000,4") == "E14"
        stack = g.reg(SP)
        assert len(g.read(stack, 0x100)) == 0x100
        # each kind of watchpoint, before the access
        w = sym["watched"]
        assert g.ask(f"Z2,{w:x},4") == "OK"
        assert reply(g, r"T05watch:.*").startswith(f"T05watch:{w:x};") and g.read(w, 4) == b"\0\0\0\0"
        assert g.ask(f"z2,{w:x},4") == "OK"
        reply(g, r"T05thread:.*;", f"vCont;s:p{pid:x}.{pid:x}")
        assert g.read(w, 4) == b"\x0e\0\0\0"
        c = sym["counter"]
        for kind, name in (3, "rwatch"), (4, "awatch"):
            assert g.ask(f"Z{kind},{c + 1:x},1") == "OK"
            assert reply(g, r"T05" + name + ":.*").startswith(f"T05{name}:{c + 1:x};")
            assert g.ask(f"z{kind},{c + 1:x},1") == "OK"
        # refused
        assert g.ask("vRun;2f62696e") == "" and g.ask("vAttach;1").startswith("E") and g.ask("R00") == ""
        assert g.ask("qRcmd,00") == "" and g.ask("qqemu.PhyMemMode") == ""
        assert g.ask("vCont;c") == f"W07;process:{pid:x}"
        p.ends(7, "sum 30 5\n")


@test
def all_stop(place):
    """Threads come, stop together and go."""
    with place.run("threads") as p:
        g = p.gdb()
        sym = place.sym
        assert g.ask("QPassSignals:e;14;10") == "OK"
        reaches(g, sym, "mark")
        ids = g.ask("qfThreadInfo")[1:].split(",")
        assert len(ids) == 4 and ids[0] == f"p{p.process.pid:x}.{p.process.pid:x}", ids
        tasks = {int(t) for t in os.listdir(f"/proc/{p.process.pid}/task")}
        assert {int(i.split(".")[1], 16) for i in ids} < tasks
        before = g.read(sym["counter"], 4)
        time.sleep(0.05)
        assert g.read(sym["counter"], 4) == before
        for i in ids:
            assert g.ask(f"T{i}") == "OK" and g.ask(f"Hg{i}") == "OK"
            assert g.reg(SP) and g.ask(f"qThreadExtraInfo,{i}") == b"static".hex()
        assert g.ask("Tp1.1").startswith("E") and g.ask("Hgp1.1").startswith("E")
        # a breakpoint that two come to; each stops
        inside = sym["spin"]
        assert g.ask(f"Hg{ids[1]}") == "OK"
        pc = g.reg(PC)
        assert inside <= pc < inside + 64, hex(pc)
        assert g.ask(f"Z0,{pc:x},4") == "OK"
        seen = {thread_of(reply(g, r"T05swbreak:;thread:.*")) for _ in range(4)}
        assert seen <= {ids[1], ids[2]}
        # one alone: others stand
        assert g.ask(f"z0,{pc:x},4") == "OK" and g.ask(f"Hg{ids[2]}") == "OK"
        other = g.reg(PC), g.reg(X0)
        for _ in range(20):
            reply(g, f"T05thread:{ids[1]};", f"vCont;s:{ids[1]}")
        assert g.ask(f"Hg{ids[2]}") == "OK" and (g.reg(PC), g.reg(X0)) == other
        # a range of addresses
        assert g.ask(f"Hg{ids[1]}") == "OK"
        reply(g, f"T05thread:{ids[1]};", f"vCont;r{g.reg(PC):x},{g.reg(PC) + 4:x}:{ids[1]}")
        # the thread that sleeps is there, and calls a function when asked
        assert g.ask(f"Hg{ids[3]}") == "OK"
        saved = g.ask("g")
        ret = sym["mark"]
        g.set_reg(X0, 21)
        g.set_reg(30, ret)
        g.set_reg(PC, sym["twice"])
        assert g.ask(f"Z0,{ret:x},4") == "OK"
        assert thread_of(reply(g, r"T05swbreak:;.*", f"vCont;c:{ids[3]}")) == ids[3]
        assert g.reg(PC) == ret and g.reg(X0) == 42 and g.ask(f"z0,{ret:x},4") == "OK"
        assert g.ask("G" + saved) == "OK"
        assert g.ask("vCont;c").startswith("W00")
        p.ends(0, "joined\n")


@test
def hot(place):
    with place.run() as p:
        g = p.gdb()
        got = reaches(g, place.sym, "main")
        test_gdb.in_hot_loop(g, place.sym, thread_of(got))
        g.send("k")
        p.ends(-signal.SIGKILL)


@test
def interruption(place):
    """^C: of what runs, of what waits in the kernel; a debugger goes and another one comes."""
    with place.run("spin") as p:
        g = p.gdb()
        end = time.monotonic() + 20 * PATIENCE
        while g.read(place.sym["counter"], 4) == b"\0\0\0\0":
            assert g.ask("D") == "OK" and time.monotonic() < end
            g.close()
            time.sleep(0.1)
            g = p.gdb()
            assert g.ask("?").startswith("T05thread") and g.ask("qAttached") == "1"
        for _ in range(20):
            g.send("vCont;c")
            time.sleep(0.01)
            assert g.interrupt().startswith("T02thread")
            assert place.sym["spin"] <= g.reg(PC) < place.sym["spin"] + 64
        g.close()                               # without a word: it stands
        time.sleep(0.05)
        g = p.gdb()
        count = g.read(place.sym["counter"], 4)
        g.close()
        time.sleep(0.05)
        g = p.gdb()
        assert g.read(place.sym["counter"], 4) == count
        assert g.ask(f"Z0,{place.sym['spin']:x},4") == "OK"
        assert g.ask(f"M{place.sym['stop']:x},4:01000000") == "OK"
        assert g.ask("D;" + f"{p.process.pid:x}") == "OK"
        p.ends(9)
    with place.run("pause") as p:
        g = p.gdb()
        reaches(g, place.sym, "mark")
        for _ in range(5):
            g.send("vCont;c")
            time.sleep(0.05)
            assert g.interrupt().startswith("T02thread")
        got = thread_of(g.ask("?"))
        assert g.ask(f"Hg{got}") == "OK"
        x0 = g.reg(X0)
        g.set_reg(X0, x0)
        g.send("vCont;c")                       # a register was written: the call is made again, unseen
        time.sleep(0.1)
        assert g.interrupt().startswith("T02thread")
        p.process.send_signal(signal.SIGTERM)
        reply(g, r"T0fthread:.*")
        g.send("vCont;c")                       # dropped
        time.sleep(0.1)
        assert g.interrupt().startswith("T02thread") and p.process.poll() is None
        reply(g, r"X0f;process:.*", f"vCont;C0f:{got};c")
        p.ends(-signal.SIGTERM)
    with place.run("spin") as p:
        g = p.gdb()
        g.send("k")
        p.ends(-signal.SIGKILL)
    with place.run("spin") as p:
        g = p.gdb()
        assert g.ask(f"vKill;{p.process.pid:x}") == "OK"
        p.ends(-signal.SIGKILL)


@test
def signal_stops(place):
    """Each is told with the protocol's number, passed on, changed or dropped; those that it does not want are not."""
    with place.run("signals") as p:
        g = p.gdb()
        usr1, usr2, winch, alarm, rt = 30, 31, 28, 14, 49
        got = thread_of(reply(g, f"T{usr1:02x}thread:.*"))
        info = g.ask("qXfer:siginfo:read::0,80")
        assert info[0] == "l" and info[1:5] == "\x0a\0\0\0"
        reply(g, f"T{usr1:02x}thread:.*", f"vCont;C{usr1:02x}:{got};c")
        reply(g, f"T{usr2:02x}thread:.*", "vCont;c")            # the second was dropped
        reply(g, f"T{winch:02x}thread:.*", "vCont;c")
        reply(g, f"T{rt:02x}thread:.*", "vCont;c")
        data = g.ask("qXfer:siginfo:read::18,4")
        assert data[1:] == "\xd2\x04\0\0", data
        assert g.ask("qXfer:siginfo:write::18:" + "\x01\x02\0\0") == "4"
        assert g.ask("qXfer:siginfo:write::7f:" + "12") == "E01"
        reply(g, f"T{alarm:02x}thread:.*", f"vCont;C{rt:02x}")
        assert g.ask("vCont;c").startswith("W00")
        p.ends(0, "first 10\nsecond 0\nqueued 1 513\nnot ended\n")
    with place.run("signals") as p:
        g = p.gdb()
        assert g.ask("QPassSignals:1e;1f;1c;31") == "OK"
        reply(g, r"T0ethread:.*")
        assert g.ask("QPassSignals:zz").startswith("E")
        reply(g, r"X0e;process:.*", "C0e")
        p.ends(-signal.SIGALRM, "first 10\nsecond 10\nqueued 1 1234\n")
    with place.run("signals") as p:             # stepped into a handler
        g = p.gdb()
        got = thread_of(reply(g, r"T1ethread:.*"))
        reply(g, r"T05thread:.*", f"vCont;S1e:{got}")
        assert g.reg(PC) == place.sym["on_signal"]
        assert g.ask("D") == "OK"
        p.ends(-signal.SIGALRM, "first 10\nsecond 10\nqueued 1 1234\n")
    with place.run("status") as p:              # the debugger alone stops it
        g = p.gdb()
        got = thread_of(reaches(g, place.sym, "twice"))
        where = place.sym["twice"] + 4
        assert g.ask(f"Z0,{where:x},4") == "OK"
        reply(g, r"T05swbreak:.*", f"vCont;C12:{got};c")
        assert g.reg(PC) == where and g.ask(f"z0,{where:x},4") == "OK"
        reply(g, r"W22;process:.*", f"vCont;C11:{got};c")
        p.ends(34)
    with place.run("signals") as p:             # another one instead
        g = p.gdb()
        got = thread_of(reply(g, r"T1ethread:.*"))
        reply(g, r"X09;process:.*|X0f;process:.*", f"vCont;C0f:{got};c")
        p.ends(-signal.SIGTERM)
    for what, number, sig in ("fault", "0b", signal.SIGSEGV), ("abort", "06", signal.SIGABRT):
        with place.run(what) as p:
            g = p.gdb()
            reply(g, f"T{number}thread:.*")
            if what == "fault":
                reply(g, f"T{number}thread:.*")         # the instruction is run again
                assert g.ask("qXfer:siginfo:read::10,4") == "m\x10\0\0\0"
            reply(g, f"X{number};process:.*", f"vCont;C{number}")
            p.ends(-sig)


@test
def calls_go_on(place):
    """What a signal that the program does not see has interrupted goes on."""
    with place.run("sleep") as p:
        g = p.gdb()
        reaches(g, place.sym, "mark")
        g.send("vCont;c")
        time.sleep(0.1)
        p.process.send_signal(signal.SIGUSR1)
        assert g.receive().startswith(b"T1ethread")
        g.send("vCont;c")
        time.sleep(0.1)
        p.process.send_signal(signal.SIGWINCH)
        assert g.receive().startswith(b"T1cthread")
        assert g.ask("vCont;c").startswith("W00")
        p.ends(0, "slept 0 1\n")
    with place.run("pause") as p:               # a signal by the debugger's own will
        g = p.gdb()
        got = thread_of(reaches(g, place.sym, "mark"))
        g.send("vCont;c")
        time.sleep(0.1)
        assert g.interrupt().startswith("T02")
        reply(g, r"X0f;process:.*", f"vCont;C0f:{got}")
        p.ends(-signal.SIGTERM)


@test
def children(place):
    """They have no debugger: breakpoints that they come to do not stop them, and what they execute runs."""
    for env in None, True:
        with place.run("children", env=env) as p:
            g = p.gdb()
            assert g.ask("QPassSignals:14") == "OK"
            assert g.ask(f"Z0,{place.sym['twice']:x},4") == "OK"
            assert g.ask(f"Z2,{place.sym['watched']:x},4") == "OK"
            reply(g, r"T05swbreak:;thread:.*")
            assert g.reg(X0) == 4
            assert g.ask(f"z0,{place.sym['twice']:x},4") == "OK"
            assert g.ask("vCont;c").startswith("W08")
            p.ends(8, "fork 40\nvfork 42\nexecuted 34\n")


@test
def executing(place):
    """execve: told to who wants to know; else it goes on under the debugger."""
    with place.run("exec", options=["-strace"]) as p:
        g = p.gdb(handshake=False)
        g.supported = g.ask("qSupported:multiprocess+;swbreak+;hwbreak+;exec-events+")
        g.ack = g.ask("QStartNoAckMode") != "OK"
        assert g.ask("QPassSignals:1e") == "OK"
        reaches(g, place.sym, "twice")
        got = g.ask("vCont;c")
        assert got.startswith("T05exec:" + place.static.encode().hex() + ";thread:"), got
        pid = p.process.pid
        assert g.ask("?") == got and g.ask("qC") == f"QCp{pid:x}.{pid:x}"
        reaches(g, place.sym, "twice")
        assert g.reg(X0) == 17
        assert g.ask("vCont;c").startswith("W22")
        p.gone = True
        assert p.process.wait(30 * PATIENCE) == 34
        p.process.communicate()
    with place.run("exec") as p:
        g = p.gdb()
        g.send("vCont;c")
        assert g.receive().startswith(b"W22")
        p.ends(34)
    with place.run("failing") as p:
        g = p.gdb()
        reaches(g, place.sym, "mark")
        assert g.ask("vCont;c").startswith("W03")
        p.ends(3)
    with place.run("exec") as p:                # a debugger may come again
        g = p.gdb(handshake=False)
        g.supported = g.ask("qSupported:multiprocess+;exec-events+")
        assert g.ask("vCont;c").startswith("T05exec")
        g.close()
        g = p.gdb()
        assert g.ask("vCont;c").startswith("W22")
        p.ends(34)


@test
def leader_leaves(place):
    with place.run("thread-exit") as p:
        g = p.gdb()
        assert g.ask("vCont;c").startswith("W00")
        p.ends(0)


@test
def files(place):
    """Host I/O: what the program would find, to be read."""
    with place.run() as p:
        g = p.gdb()

        def ask(text):
            g.send(text)
            return g.receive()
        assert ask("vFile:setfs:0") == b"F0"
        assert ask("vFile:open:" + b"/lib/ld-linux-aarch64.so.1".hex() + ",0,0") == b"F0"
        with open(SYSROOT + "/lib/ld-linux-aarch64.so.1", "rb") as f:
            data = f.read()
        got = ask("vFile:pread:0,100,10")
        assert got == b"F100;" + data[16:272]
        got = ask("vFile:fstat:0")
        assert got.startswith(b"F40;") and int.from_bytes(got[4 + 28:4 + 36], "big") == len(data)
        assert ask("vFile:pread:0,100,7fffffff") == b"F0;"
        assert ask("vFile:pread:1,100,0") == b"F-1,9" and ask("vFile:close:7") == b"F-1,9"
        assert ask("vFile:close:0") == b"F0" and ask("vFile:pread:0,1,0") == b"F-1,9"
        assert ask("vFile:open:" + b"/nowhere".hex() + ",0,0") == b"F-1,2"
        assert ask("vFile:open:" + os.path.join(place.folder, "new").encode().hex() + ",601,1ff") == b"F-1,d"
        assert ask("vFile:unlink:" + place.static.encode().hex()) == b"F-1,d" and os.path.exists(place.static)
        link = os.path.join(place.folder, "link")
        os.symlink("where it leads", link)
        assert ask("vFile:readlink:" + link.encode().hex()) == b"Fe;where it leads"
        assert ask("vFile:readlink:" + place.static.encode().hex()) == b"F-1,16"
        for n in range(16):
            assert ask("vFile:open:" + place.static.encode().hex() + ",0,0") == b"F%x" % n
        assert ask("vFile:open:" + place.static.encode().hex() + ",0,0") == b"F-1,18"
        # /proc speaks of the program
        assert ask("vFile:close:0") == b"F0" and ask("vFile:open:" + b"/proc/self/cmdline".hex() + ",0,0") == b"F0"
        assert ask("vFile:pread:0,100,0").split(b";", 1)[1] == place.static.encode() + b"\0"
        assert ask("vFile:readlink:" + f"/proc/{p.process.pid}/exe".encode().hex()).endswith(place.static.encode())
        # the program's descriptors are its own
        assert not [n for n in os.listdir(f"/proc/{p.process.pid}/fd") if int(n) > 2]
        g.send("k")
        p.ends(-signal.SIGKILL)


@test
def places(place):
    """Where it waits: a port of localhost; what cannot be is said."""
    def refused(*args):
        r = subprocess.run([CHIMERA, "user", *args, place.static], capture_output=True, text=True, timeout=30 * PATIENCE,
                           check=False)
        assert (r.returncode, r.stderr.count("\n")) == (1, 1), (r.returncode, r.stderr)
    refused("-g", "0")
    refused("-g", "70000")
    refused("-g", "/nowhere/socket")
    refused("-g", "fd:99:98,1,0,")
    refused("-g", "x" * 200)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.listen(1)
        refused("-g", str(port))
    process = subprocess.Popen([CHIMERA, "user", "-g", str(port), place.static, "status"])
    end = time.monotonic() + 20 * PATIENCE
    while True:
        try:
            s = socket.create_connection(("127.0.0.1", port), timeout=20 * PATIENCE)
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
    s.sendall(b"+$vCont;c#a8")
    data = b""
    while b"#" not in data:
        data += s.recv(100)
    assert b"$W22#" in data, data
    s.close()
    assert process.wait(20 * PATIENCE) == 34


@test
def cut_off(place):
    """What comes in pieces, too long or damaged; a peer that is gone."""
    with place.run("spin") as p:
        g = p.gdb(handshake=False)
        g.raw(b"$?#0")
        time.sleep(0.05)
        g.raw(b"0$?#3f")
        assert g.byte() == b"-" and g.receive().startswith(b"T05thread:")
        g.raw(b"$m0,4" + b"0" * 40000 + b"#00")
        assert g.receive() == b"E22"
        g.raw(b"$vCont;c#a8$cut")
        g.close()
        g = p.gdb()
        assert g.ask("?").startswith("T05thread")
        for bad in ("QPassSignals:1;;2", "qXfer:auxv:read::zz", "qXfer:exec-file:read::", "qXfer:siginfo:write::zz",
                    "vFile:open:zz", "vFile:open:2f", "vFile:open:2f2,0,0",
                    "vFile:pread:0", "vFile:fstat:", "vFile:close:-1", "vFile:readlink:",
                    "vCont;Czz", "vKill;1", "D;1", "vAttach;zz"):
            got = g.ask(bad)
            assert re.fullmatch("E[0-9a-f]{2}|F-1,[0-9a-f]+", got), (bad, got)
        g.send("k")
        p.ends(-signal.SIGKILL)


def let_through(g, pause):
    """Continues until the end, passes every signal on, and interrupts it now and then."""
    rnd = random.Random(1)
    g.send("vCont;c")
    while True:
        g.sock.settimeout(rnd.random() * pause + 0.001)
        try:
            got = g.receive().decode()
            g.sock.settimeout(30 * PATIENCE)
        except TimeoutError:
            g.sock.settimeout(30 * PATIENCE)
            got = g.interrupt()
        if got[0] in "WX":
            return got
        sig = got[1:3]
        g.send("vCont;c" if sig == "02" else f"vCont;C{sig}:{thread_of(got)};c")


@test
def transparent(place):
    """A program that nothing is done to does what it does without a debugger, however often it is stopped."""
    if THREADSAN:
        return                                  # programs.py says why
    for name, status, out in ("basics", 42, programs.EXPECTED), ("stress", 0, "ticks: 1\n"):
        exe = os.path.join(place.folder, name)
        subprocess.run([CC, "-O2", "-static", "-pthread", "-w", "-o", exe, os.path.join(HERE, name + ".c")], check=True)
        with place.run(program=exe) as p:
            g = p.gdb()
            assert let_through(g, 0.02) == f"W{status:02x};process:{p.process.pid:x}"
            p.ends(status, out)
    # every thread and child comes to a breakpoint
    sym = symbols(exe)
    with place.run("100", program=exe) as p:
        g = p.gdb()
        hits = 0
        assert g.ask(f"Z0,{sym['nothing']:x},4") == "OK"
        got = g.ask("vCont;c")
        while got[0] == "T":
            thread = thread_of(got)
            if "swbreak" in got:
                hits += 1
                assert g.ask(f"z0,{sym['nothing']:x},4") == "OK"
                got = g.ask(f"vCont;s:{thread}")
                thread = thread_of(got)
                assert g.ask(f"Z0,{sym['nothing']:x},4") == "OK"
            got = g.ask("vCont;c" if got[1:3] == "05" else f"vCont;C{got[1:3]}:{thread};c")
        assert got.startswith("W00") and hits > 50, (got, hits)
        p.ends(0, "ticks: 1\n")


# -- by gdb ----------------------------------------------------------------------------------------------------------


def gdb(p, exe, lines, folder, before=()):
    script = os.path.join(folder, "script.gdb")
    with open(script, "w", encoding="ascii") as f:
        f.write("\n".join(["set confirm off", "set height 0", "set debuginfod enabled off", *before, f"target remote {p.path}",
                           *lines, ""]))
    end = time.monotonic() + 20 * PATIENCE
    while not os.path.exists(p.path):
        assert time.monotonic() < end
        time.sleep(0.02)
    r = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-x", script, *exe], capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, timeout=120 * PATIENCE, check=False)
    return r.stdout + r.stderr


def found(out, *patterns):
    at = 0
    for pattern in patterns:
        m = re.search(pattern, out[at:])
        assert m, f"{pattern!r} is not in (from {at}):\n{out}"
        at += m.end()


def by_gdb(place):
    if not shutil.which("gdb-multiarch"):
        print("no gdb-multiarch")
        return
    sysroot = [f"set sysroot {SYSROOT}"]
    with place.run(program=place.dynamic) as p:
        out = gdb(p, [place.dynamic], [
            "break square", "continue", "backtrace", "delete", "watch watched", "continue", "print watched", "delete",
            "print square(9)", "print counter", "break puts if 0", "tbreak printf", "tbreak __printf_chk", "continue",
            "info sharedlibrary", "finish", "stepi", "x/i $pc", "info auxv", "delete", "continue"], place.folder, sysroot)
        found(out, "Breakpoint 1, square \\(x=", "#1 .*main \\(argc=", "Old value = 0\nNew value = 14", r"\$1 = 14", r"\$2 = 81",
              r"\$3 = 5", "Temporary breakpoint .*printf", "libc.so.6", r"main \(argc", "=> 0x", "AT_ENTRY",
              "exited with code 07")
        p.ends(7, "sum 30 5\n")
    with place.run(program=place.dynamic) as p:         # everything from the target: the program and its libraries
        out = gdb(p, [], ["break square", "continue", "backtrace 1", "info sharedlibrary", "kill"], place.folder)
        found(out, "Reading .*ld-linux-aarch64.so.1 from remote target", "Breakpoint 1, square \\(x=", "target:.*libc.so.6")
        p.ends(-signal.SIGKILL)
    with place.run("threads", program=place.dynamic) as p:
        out = gdb(p, [place.dynamic], ["break mark", "continue", "info threads", "thread apply all backtrace",
                                       "thread apply all -q print $_thread", "thread 2", "step", "set scheduler-locking on",
                                       "next", "set scheduler-locking off", "thread 1", "print square(3)", "thread 4",
                                       "print twice(6)", "delete", "continue"], place.folder, sysroot)
        found(out, "hit Breakpoint 1, mark", r"\* 1 .*mark", "  4 .*Thread", "Thread 4 ", " sleep ", "Thread 3 ", " spin ",
              " worker ", "Thread 2 ", " spin ", r"\$\d+ = 9", r"\$\d+ = 12", "exited normally")
        p.ends(0, "joined\n")
    with place.run("signals") as p:
        out = gdb(p, [place.static], ["handle SIGUSR2 nostop noprint pass", "break on_signal", "continue",
                                      "print $_siginfo.si_signo", "continue", "backtrace", "delete", "continue",
                                      "signal 0", "continue"], place.folder)
        found(out, "received signal SIGUSR1", r"\$1 = 10", "Breakpoint 1, on_signal", "signal handler called",
              "received signal SIGUSR1", "received signal SIG37", "terminated with signal SIGALRM")
        p.ends(-signal.SIGALRM, "first 10\nsecond 0\nqueued 1 1234\n")
    with place.run("exec", program=place.dynamic) as p:
        out = gdb(p, [place.dynamic], ["break twice", "continue", "continue", "print x", "catch exec", "continue"], place.folder,
                  sysroot)
        found(out, r"Breakpoint 1, twice \(x=.*1\)", "is executing new program: .*dynamic", r"Breakpoint 1, twice \(x=.*17\)",
              r"\$1 = 17", "exited with code 042")
        p.ends(34)
    with place.run(program=place.dynamic) as p:
        core = os.path.join(place.folder, "core")
        out = gdb(p, [place.dynamic], ["break square", "continue", "info proc mappings", f"generate-core-file {core}", "kill",
                                       f"core-file {core}", "backtrace", "info registers pc"], place.folder, sysroot)
        found(out, "Breakpoint 1, square", r"r-xp .*dynamic", "Saved corefile", "#0 .*square", "#1 .*main")
        p.ends(-signal.SIGKILL)
    with place.run("children") as p:
        out = gdb(p, [place.static], ["break twice", "continue", "print x", "continue"], place.folder)
        found(out, r"Breakpoint 1, twice \(x=.*4\)", r"\$1 = 4", "exited with code 010")
        p.ends(8, "fork 40\nvfork 42\nexecuted 34\n")
    with place.run("spin") as p:                # ^C while it runs, by gdb itself
        out = gdb(p, [place.static], [
            "python import threading, os, signal",
            "python threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()", "continue", "backtrace",
            "print stop = 1", "continue"], place.folder)
        found(out, "received signal SIGINT", "#0 .*spin", "exited with code 011")
        p.ends(9)


# -- packets that are none ---------------------------------------------------------------------------------------------

OWN = ["QPassSignals:e;14;17", "qXfer:auxv:read::0,100", "qXfer:exec-file:read::0,100", "qXfer:siginfo:read::0,80",
       "qXfer:siginfo:write::0:abcd", "vFile:setfs:0", "vFile:open:2f6574632f706173737764,0,0", "vFile:pread:0,100,0",
       "vFile:fstat:0", "vFile:close:0", "vFile:readlink:2f62696e", "vFile:unlink:2f", "vCont;C1e", "vCont;S05", "vCont;c",
       "vCont;C0b:p1.1;c", "C1e", "S0f", "Z0,%(spin)x,4", "Z2,%(counter)x,4", "z2,%(counter)x,4", "z0,%(spin)x,4",
       "m%(counter)x,8", "M%(counter)x,4:01020304", "p20", "qfThreadInfo", "qC", "D", "Hg0", "Hc-1", "vCont;t", "vCont;r0,1000",
       "G" + "00" * 788]


def attempt(p, **kw):
    """A connection, or None: the program has ended."""
    while p.process.poll() is None:
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(p.path)
            return p.gdb(**kw)
        except (ConnectionError, FileNotFoundError):
            time.sleep(0.01)
    return None


def fuzz(place, seconds, seed):
    rnd = random.Random(seed)
    end = time.monotonic() + seconds
    runs = sent = 0
    while time.monotonic() < end:
        own = [x % place.sym if "%" in x else x for x in OWN]
        what = rnd.choice(["threads", "spin", "signals", "children", "pause", "plain", "exec"])
        with place.run(what) as p:
            try:
                while p.process.poll() is None and time.monotonic() < end:
                    g = attempt(p, handshake=False)
                    if not g:
                        break                   # it has ended
                    g.sock.settimeout(0.01)
                    runs += 1
                    for _ in range(rnd.randrange(1, 200)):
                        body = test_gdb.mutate(rnd, rnd.choice(own + test_gdb.SEEDS))
                        data = b"$" + body + b"#%02x" % (sum(body) & 0xff)
                        if rnd.randrange(10) == 0:
                            data = bytes(rnd.randrange(256) for _ in range(rnd.randrange(200)))
                        if re.search(rb"\$(k#|vKill)", data, re.S):
                            continue
                        try:
                            g.raw(data + rnd.choice((b"", b"\x03", b"+", b"-")))
                            sent += 1
                            if rnd.random() < 0.3:
                                g.sock.recv(65536)
                        except OSError:
                            if g.sock.fileno() < 0:
                                break
                    g.close()
                    if rnd.randrange(4) == 0:
                        break
                if p.process.poll() is None:
                    # it still answers
                    try:
                        g = attempt(p)
                        assert not g or re.match("T[0-9a-f]{2}", g.ask("?")) and len(g.ask("g")) > 500
                        if g:
                            g.send("k")
                    except (ConnectionError, Gone):
                        pass                    # it ended by itself meanwhile
                p.gone = True
                err = p.process.communicate(timeout=30 * PATIENCE)[1]
                # a program whose memory was written to has its own assertions fail
                assert not re.search("in the emulator|Sanitizer|assertion|^chimera.*Assertion", err, re.M), err
            except BaseException:
                print(f"seed {seed}, run {runs}, {what}, ended: {p.process.poll()}")
                raise
    print(f"fuzz: {runs} sessions, {sent} packets")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--only", default="")
    a.add_argument("--accel", default="tcg")
    a.add_argument("--fuzz", type=float)
    a.add_argument("--seed", type=int, default=1)
    a = a.parse_args()
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    only = [n for n in a.only.split(",") if n]
    with tempfile.TemporaryDirectory() as folder:
        place = Place(os.path.realpath(folder))
        place.accel = a.accel
        if a.fuzz:
            fuzz(place, a.fuzz, a.seed)
            return 0
        for fn in TESTS + [by_gdb]:
            if not only or fn.__name__ in only:
                print(fn.__name__, flush=True)
                fn(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
