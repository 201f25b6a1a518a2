#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options whose effect needs a board of some size: what is put into memory and where CPUs start, device trees, on the
machine virt, with programs of a few instructions."""
import os
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
RAM = 0x40000000


def movz(rd, imm, shift=0):
    return 0xd2800000 | shift // 16 << 21 | imm << 5 | rd


def movk(rd, imm, shift=0):
    return movz(rd, imm, shift) | 1 << 29


def program(text):
    """Prints text on the serial port, and powers off by PSCI."""
    words = [movz(1, 0x900, 16)]
    for c in text:
        words += [movz(0, ord(c)), 0x39000020]                          # strb w0, [x1]
    words += [movz(0, 8), movk(0, 0x8400, 16), 0xd4000002, 0x14000000]  # SYSTEM_OFF; hvc #0; b .
    return struct.pack(f"<{len(words)}I", *words)


def run(*args, machine="virt"):
    return subprocess.run([CHIMERA, "-M", machine, "-display", "none", "-serial", "stdio", *args], capture_output=True,
                          text=True, timeout=60 * PATIENCE, stdin=subprocess.DEVNULL)


class Virt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chimera-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def assertPrints(self, text, *args, **kwargs):
        done = run(*args, **kwargs)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, text, ""))

    def assertRefused(self, pattern, *args, **kwargs):
        done = run(*args, **kwargs)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, "^chimera: " + pattern)

    def test_loader_starts_cpu(self):
        a, b = self.file("a", program("a")), self.file("b", program("b"))
        at = f"-device loader,file={a},addr=0x41000000,cpu-num=0,force-raw=on".split()
        self.assertPrints("a", *at)
        self.assertPrints("a", *at, "-bios", b)
        self.assertPrints("a", *at, "-kernel", b)
        self.assertPrints("b", "-device", f"loader,file={a},addr=0x41000000", "-kernel", b)
        self.assertPrints("a", "-device", f"loader,file={a},addr=0x41000000", "-device", "loader,addr=0x41000000,cpu-num=0")

    def test_loader_takes_the_place_of_the_device_tree(self):
        a = self.file("a", program("a"))
        self.assertPrints("a", "-device", f"loader,file={a},addr={RAM},cpu-num=0")
        self.assertRefused(".*overlaps", "-device", f"loader,file={a},addr={RAM},cpu-num=0", "-device",
                           f"loader,addr={RAM + 8},data=1,data-len=8")

    def test_loader_value(self):
        words = program("v")
        args = []
        for i in range(0, len(words), 4):
            args += ["-device", f"loader,addr={0x41000000 + i},data={struct.unpack_from('<I', words, i)[0]},data-len=4"]
        self.assertPrints("v", *args, "-device", "loader,addr=0x41000000,cpu-num=0")

    def test_dumpdtb_into_a_pipe(self):
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        got = []
        reader = threading.Thread(target=lambda: got.append(open(fifo, "rb").read()))
        reader.start()
        self.assertPrints("", machine=f"virt,dumpdtb={fifo}")
        reader.join()
        self.assertEqual(got[0][:4], b"\xd0\x0d\xfe\xed")
        self.assertTrue(stat.S_ISFIFO(os.lstat(fifo).st_mode))

    def test_dumpdtb_through_a_link(self):
        target, link = self.file("target", b"x" * (1 << 21)), os.path.join(self.folder, "link")
        os.symlink(target, link)
        inode = os.stat(target).st_ino
        self.assertPrints("", machine=f"virt,dumpdtb={link}")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(os.stat(target).st_ino, inode)
        with open(target, "rb") as f:
            tree = f.read()
        self.assertEqual(struct.unpack(">II", tree[:8]), (0xd00dfeed, len(tree)))
        self.assertRefused("dumpdtb: .*: No such file or directory", machine=f"virt,dumpdtb={self.folder}/no/x")
        self.assertRefused("dumpdtb: .*: Is a directory", machine=f"virt,dumpdtb={self.folder}")

    def test_pidfile_that_is_a_link(self):
        target, link = self.file("target", b""), os.path.join(self.folder, "link")
        os.symlink(target, link)
        self.assertPrints("a", "-kernel", self.file("a", program("a")), "-pidfile", link)
        self.assertTrue(os.path.islink(link))


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
