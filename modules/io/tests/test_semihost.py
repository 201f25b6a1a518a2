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
        args = self.command("enable=off") + ["-d", "int"]
        with subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
            time.sleep(0.5)
            self.assertIsNone(p.poll())
            p.terminate()
            self.assertEqual((p.stdout.read(), p.wait(30)), (b"", 0))

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
