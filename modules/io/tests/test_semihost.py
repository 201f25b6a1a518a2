#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every semihosting call, made by an AArch64 program on the board "virt": results, wild pointers, exit codes, the console
on a pipe and on a chardev, who may call."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "lib"))
from gdbremote import Gdb, PATIENCE  # noqa: E402

CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
GCC = "aarch64-linux-gnu-gcc"


class Semihost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="chimera-test-")
        cls.program = os.path.join(cls.folder.name, "program")
        subprocess.run([GCC, "-O1", "-ffreestanding", "-nostdlib", "-static", "-mgeneral-regs-only", "-fno-stack-protector",
                        "-mstrict-align", "-fno-pie", "-no-pie",
                        "-Wl,-Ttext=0x40080000,--build-id=none,--no-warn-rwx-segments,-z,norelro",
                        os.path.join(HERE, "semihost_a64.c"), "-o", cls.program], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def command(self, config, *args):
        return [CHIMERA, "-M", "virt", "-cpu", "cortex-a57", "-m", "128M", "-display", "none", "-serial", "null",
                "-kernel", self.program, "-semihosting-config", config, *args]

    def execute(self, config, *args, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.command(config, *args), capture_output=True, text=True, timeout=60, **kw)

    def test_all(self):
        for accel in ("tcg", "tci"):
            done = self.execute("enable=on,target=native,arg=all,arg=two,arg=words", "-accel", accel)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "stdout\nfrom a shell\ncok\n", "stderr\n"))

    def test_wild_pointers(self):
        done = self.execute("arg=wild")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

    def test_exit_codes(self):
        for status in (0, 1, 42):
            self.assertEqual(self.execute(f"arg=exit:{status:02}").returncode, status)
        done = self.execute("arg=reason", "-d", "guest_errors")
        self.assertEqual(done.returncode, 1)
        self.assertIn("reason 0x20023", done.stderr)

    def test_input(self):
        self.assertEqual(self.execute("arg=stdin", stdin=None, input="xyz\n").stdout,
                         "0x0000000000000078yz\n\nend of input\nok\n")
        # a call that waits is no busy loop, and holds up neither the machine nor its end
        with subprocess.Popen(self.command("arg=stdin"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            time.sleep(1)
            self.assertIsNone(p.poll())
            with open(f"/proc/{p.pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            self.assertLess((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 0.8)
            p.stdin.write("a")
            p.stdin.flush()
            self.assertEqual(p.stdout.read(18), "0x0000000000000061")
            p.terminate()
            self.assertEqual(p.wait(30), 0)

    def test_chardev(self):
        log = os.path.join(self.folder.name, "log")
        done = self.execute("chardev=c,arg=all,arg=two,arg=words", "-chardev", f"file,id=c,path={log}")
        self.assertEqual((done.returncode, done.stdout), (0, "from a shell\n"))
        with open(log) as f:
            self.assertEqual(f.read(), "stdout\nstderr\ncok\n")
        done = self.execute("chardev=c,arg=stdin", "-chardev", "stdio,id=c", stdin=None, input="xyz\n")
        self.assertEqual(done.stdout, "0x0000000000000078yz\n\nend of input\nok\n")

    def test_who_may_call(self):
        self.assertEqual(self.execute("arg=user").returncode, 77)
        done = self.execute("arg=user,userspace=on")
        self.assertEqual((done.returncode, done.stdout), (0, "from EL0\nok\n"))
        # without it the first call is UNDEFINED, and the vectors at 0 are no memory
        pidfile = os.path.join(self.folder.name, "pid")
        args = self.command("enable=off") + ["-d", "int", "-pidfile", pidfile]
        with subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
            end = time.monotonic() + 20 * PATIENCE
            while not os.path.exists(pidfile) and time.monotonic() < end:
                time.sleep(0.02)            # from then on it ends well when it is told to
            time.sleep(0.5)
            self.assertIsNone(p.poll())
            p.terminate()
            self.assertEqual((p.stdout.read(), p.wait(30)), (b"", 0))

    def debugged(self, config, *args):
        """The program, stopped at its start, and where its debugger comes in."""
        path = os.path.join(self.folder.name, "gdb")
        p = subprocess.Popen(self.command(config, "-S", "-gdb", f"unix:{path},server=on,wait=off", *args),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(p.communicate)
        self.addCleanup(p.kill)
        end = time.monotonic() + 20 * PATIENCE
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.02)
        return p, path

    @unittest.skipUnless(shutil.which("gdb-multiarch"), "no gdb-multiarch")
    def test_gdb(self):
        """Files, console and commands of gdb's host, which says what the program prints."""
        for target in ("gdb", "auto"):
            for accel in ("tcg", "tci"):
                p, path = self.debugged(f"target={target},arg=all,arg=two,arg=words", "-accel", accel)
                gdb = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-ex", "set remote system-call-allowed 1", "-ex",
                                      f"target remote {path}", "-ex", "continue", self.program], stdin=subprocess.DEVNULL,
                                     capture_output=True, text=True, timeout=60 * PATIENCE)
                self.assertEqual((p.wait(30 * PATIENCE), *p.communicate()), (0, "", ""), gdb)
                self.assertEqual(gdb.stderr, "stdout\nstderr\ncok\n")
                self.assertIn("from a shell\n[Inferior 1 (process 1) exited normally]", gdb.stdout)
        p, path = self.debugged("target=gdb,arg=stdin")
        gdb = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-ex", f"target remote {path}", "-ex", "continue",
                              self.program], input="xyz\n", capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertEqual((p.wait(30 * PATIENCE), *p.communicate()), (0, "", ""), gdb)
        self.assertEqual(gdb.stderr, "0x0000000000000078yz\n\nend of input\nok\n")

    def answer(self, g, request, text, answer):
        """The program asks for this, with this text; the host says so."""
        self.assertEqual(g.receive().decode(), request)
        self.assertEqual(g.read(0x1000, len(text)), text.encode())
        self.assertEqual(g.ask(f"m{0x1000 + len(text):x},1"), "E14")
        g.send(answer)

    def test_gdb_packets(self):
        """What the debugger may answer, and what it may not; interrupts; a breakpoint meanwhile; one that goes away."""
        p, path = self.debugged("target=gdb,arg=user,userspace=on", "-smp", "2")
        g = Gdb(path)
        self.assertEqual(g.ask("F0"), "E22")                    # nobody has asked
        g.send("vCont;c")
        self.assertEqual(g.receive().decode(), "Fwrite,1,1000,9")
        for bad in ("F", "Fx", "F-", "F1,", "F1,2,D", "F1,2,Cx", "F1 "):
            self.assertEqual(g.ask(bad), "E22", bad)
        self.assertEqual(g.ask("mfff,2"), "E14")
        self.assertEqual(g.ask("m1000,ffffffffffffffff"), "from EL0\n".encode().hex())
        self.assertEqual(g.ask("Mffff,1:00"), "E14")
        self.assertEqual(g.ask("M1008,2:0000"), "E14")
        # interrupted before it was begun: told as a stop, and asked for again
        self.assertRegex(g.ask("F-1,4,C"), "^T02")
        self.assertRegex(g.ask("?"), "^T02")
        self.assertEqual(g.reg(0), 4)                           # SYS_WRITE0, not done yet
        g.send("vCont;c")
        self.answer(g, "Fwrite,1,1000,9", "from EL0\n", "F9,0,C")
        self.assertRegex(g.receive().decode(), "^T02")          # interrupted afterwards
        g.send("vCont;c")
        # stopped meanwhile: heard after the answer
        self.assertEqual(g.receive().decode(), "Fwrite,1,1000,3")
        g.raw(b"\x03")
        self.assertEqual(g.read(0x1000, 3), b"ok\n")
        g.send("F3;attachment")
        self.assertRegex(g.receive().decode(), "^T02")
        g.send("vCont;c")
        self.assertEqual(g.receive(), b"W00;process:1")
        g.close()
        self.assertEqual(p.wait(30 * PATIENCE), 0)
        # away in the middle of a call, which fails; then nobody is there: the calls fail at once
        p, path = self.debugged("target=gdb,arg=stdin")
        g = Gdb(path)
        g.send("vCont;c")
        self.assertEqual(g.receive(), b"Fread,0,1000,1")
        g.close()
        self.assertEqual((p.wait(30 * PATIENCE), *p.communicate()), (0, "", ""))
        # auto: without a debugger it is native, and what is under way when one comes is, too
        done = self.execute("target=auto,arg=all,arg=two,arg=words")
        self.assertEqual((done.returncode, done.stdout), (0, "stdout\nfrom a shell\ncok\n"))
        self.assertEqual(self.execute("target=gdb,arg=exit:07").returncode, 7)

    def test_refused(self):
        for config, why in (("target=gbd", "target=gbd: "), ("enable=maybe", "enable=maybe: "), ("arr=1", "arr: unknown parameter"),
                            ("chardev=none-such", ".*none-such")):
            done = self.execute(config)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, "^chimera: -semihosting-config: " + why)


if __name__ == "__main__":
    if not shutil.which(GCC):
        sys.exit(77)
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
