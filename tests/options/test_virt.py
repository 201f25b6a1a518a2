#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options whose effect needs a board of some size: what is put into memory and where CPUs start, device trees, on the
machine virt, with programs of a few instructions."""
import os
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
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

    def test_elf_segments_that_meet(self):
        """Zeros of one segment and bytes of another in one place: the bytes are there, in any order; bytes do not share."""
        def elf(name, *segments):
            at, heads, body = 64 + 56 * len(segments), b"", b""
            for addr, data, size in segments:
                heads += struct.pack("<IIQQQQQQ", 1, 7, at + len(body), addr + (1 << 32), addr, len(data), size, 1)
                body += data
            head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, START, 64, 0, 0, 64, 56,
                               len(segments), 0, 0, 0)
            return self.file(name, head + heads + body)

        START = 0x41000000
        code = program("e")
        first, second = (START, code[:8], 0x1000), (START + 8, code[8:], len(code))
        nothing = (START, b"", 0x2000)
        self.assertPrints("e", "-kernel", elf("forward", first, second, nothing))
        self.assertPrints("e", "-kernel", elf("backward", nothing, second, first))
        self.assertPrints("e", "-device", f"loader,file={elf('device', second, nothing, first)},cpu-num=0")
        self.assertRefused(".*overlaps .*twice", "-kernel", elf("twice", first, second, (START + 4, b"1234", 4)))

    def test_loader_value(self):
        words = program("v")
        args = []
        for i in range(0, len(words), 4):
            args += ["-device", f"loader,addr={0x41000000 + i},data={struct.unpack_from('<I', words, i)[0]},data-len=4"]
        self.assertPrints("v", *args, "-device", "loader,addr=0x41000000,cpu-num=0")

    def test_intel_hex(self):
        def record(kind, offset, data):
            line = struct.pack(">BHB", len(data), offset, kind) + data
            return f":{(line + bytes([-sum(line) & 255])).hex().upper()}\n"

        code = program("h")
        lines = [record(4, 0, b"\x41\x00")]
        lines += [record(0, i, code[i:i + 16]) for i in range(0, len(code), 16)]
        text = "".join(lines)
        started = self.file("started", (text + record(5, 0, b"\x41\x00\x00\x00") + record(1, 0, b"")).encode())
        plain = self.file("plain", (text + record(1, 0, b"")).encode())
        for path in (started, plain):
            self.assertPrints("h", "-kernel", path)
            self.assertPrints("h", "-device", f"loader,file={path},cpu-num=0")
        damaged = self.file("damaged", text.replace("4100", "4101", 1).encode())
        for args in (["-kernel", damaged], ["-device", f"loader,file={damaged}"]):
            self.assertRefused(f".*{damaged}: Intel HEX: line 1: checksum", *args)
        self.assertRefused(".*a raw file wants addr=", "-device", f"loader,file={started},force-raw=on")

    def test_memory_tags(self):
        # x0 = ID_AA64PFR1_EL1; 'P' if MTE is 2 or more, else 'N'
        words = [0xd5380420, 0xd3482c00, 0xf100081f, movz(0, ord("N")), movz(2, ord("P")), 0x9a802040,  # csel, cs
                 movz(1, 0x900, 16), 0x39000020, movz(0, 8), movk(0, 0x8400, 16), 0xd4000002, 0x14000000]
        kernel = self.file("mte", struct.pack(f"<{len(words)}I", *words))
        for machine, cpu, text in (("virt", "max", "P"), ("virt,mte=on", "max", "P"), ("virt,mte=off", "max", "N"),
                                   ("virt,mte=off", "cortex-a57", "N"), ("virt", "max,mte=off", "N")):
            with self.subTest(machine=machine, cpu=cpu):
                self.assertPrints(text, "-cpu", cpu, "-kernel", kernel, machine=machine)
        self.assertRefused("mte=on: the CPU model has no memory tagging", "-kernel", kernel, machine="virt,mte=on")
        self.assertRefused("mte=maybe: expected on or off", "-kernel", kernel, machine="virt,mte=maybe")

    def test_contradictions(self):
        for cpu in ("max,pauth=off,pauth-impdef=on", "max,pauth-impdef=on,pauth=off",
                    "max,pauth-impdef=on,pauth-qarma3=on", "max,pauth-qarma3=on,pauth-impdef=on"):
            self.assertRefused(".*pauth.*: one or the other", "-cpu", cpu)
        a, flash = self.file("a", program("a")), self.file("flash", bytes(1 << 26))
        for cpu in ("max,pauth-impdef=on,pauth-impdef=off,pauth-qarma3=on", "max,pauth=off,pauth-impdef=off", "max,pauth=on"):
            self.assertPrints("a", "-cpu", cpu, "-kernel", a)
        self.assertRefused("-bios: the flash has an image already", "-bios", a, "-drive", f"file={flash},if=pflash,format=raw")
        self.assertRefused("-serial null: machine virt has no serial port 1", "-serial", "null")
        self.assertRefused("-cpu cortex-a53:cortex-a72: machine virt takes one model", "-cpu", "cortex-a53:cortex-a72")

    def test_tiny_images(self):
        """A few bytes, or the first bytes of a format, are loaded or refused."""
        for start in (b"", bytes(1), bytes(3), bytes(64), b"\x1f\x8b", b"\x7fELF", b":0", b"\x27\x05\x19\x56"):
            path = self.file("tiny", start)
            for args in (["-kernel", path], ["-bios", path], ["-device", f"loader,file={path},addr={RAM},cpu-num=0"],
                         ["-M", "toy", "-kernel", path]):
                with self.subTest(start=start, args=args):
                    with subprocess.Popen([CHIMERA, "-M", "virt", "-display", "none", *args], text=True,
                                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
                        try:
                            process.wait(0.1 if start else 60 * PATIENCE)
                        except subprocess.TimeoutExpired:
                            process.terminate()
                        message = process.stderr.read()
                    if process.returncode == 1:
                        self.assertRegex(message, r"\Achimera: .*tiny: .*\n\Z")
                    else:
                        self.assertIn((process.returncode, message), ((0, ""), (-signal.SIGTERM, "")))
                        self.assertNotEqual(start, b"")

    def test_clusters_that_are_refused(self):
        header = struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
        elf = self.file("x.elf", b"\x7fELF\2\1\1" + bytes(9) + header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 16, 16, 1))
        big = self.file("big.bin", bytes(8192))
        m33 = "m,cpu=cortex-m33"
        self.assertRefused("-cluster: machine virt takes none", "-cluster", m33)
        for pattern, *args in (
                ("-cluster: name=m: another cluster has this name", m33, "m,cpu=cortex-m4"),
                ("-cluster cluster0: name=cluster0: the machine has something of this name", "cluster0,cpu=cortex-m33"),
                ("-cluster: CPU model cortex-m34: unknown .near names: .*cortex-m33", "m,cpu=cortex-m34"),
                ("-cluster m: count=9: the cluster.s GICv2 serves 8 CPUs", "m,cpu=cortex-a53,count=9"),
                ("-cluster m: too many CPUs: 64 at most", m33 + ",count=65"),
                ("-cluster: .*count=0", m33 + ",count=0"),
                ("-cluster: cpu=: missing", "m"), ("-cluster: name=: missing", "cpu=cortex-m33"),
                ("-cluster: .*7", "7,cpu=cortex-m33"),
                ("-cluster: speed: unknown parameter", m33 + ",speed=1"),
                ("-cluster m: tcm-code=100: 4 KiB to 16 MiB", m33 + ",tcm-code=100"),
                ("-cluster m: tcm-data=33554432: 4 KiB to 16 MiB", m33 + ",tcm-data=32M"),
                ("-cluster m: /nowhere: there is no such file", m33 + ",kernel=/nowhere"),
                (".*an ELF file of another architecture .machine 183., not arm-m", m33 + ",kernel=" + elf),
                (".*big.bin: 0x0 to 0x1fff is not all memory", m33 + ",tcm-code=4K,kernel=" + big),
                ("-cluster c8: too many clusters: machine amp-virt has room for 7",
                 *(f"c{n},cpu=cortex-m0" for n in range(1, 9)))):
            with self.subTest(args=args):
                self.assertRefused(pattern, *(word for a in args for word in ("-cluster", a)), machine="amp-virt")
        self.assertRefused("scpi=s: there is no such cluster", "-cluster", m33, machine="amp-virt,scpi=s")
        self.assertRefused("-m: the machine amp-virt needs 128 MiB", "-m", "64", machine="amp-virt")
        self.assertRefused("-device loader: cpu-num=4: at most 3", "-smp", "2", "-cluster", m33 + ",count=2", "-device",
                           "loader,addr=0,cpu-num=4", machine="amp-virt")
        wrong = ".*x.elf: an ELF file of another architecture .machine 183., not arm-m"
        self.assertRefused(wrong, "-cluster", m33, "-device", f"loader,file={elf},cpu-num=1", machine="amp-virt")
        huge = self.file("huge.bin", bytes((4 << 20) + 4))
        self.assertRefused(".*huge.bin: 0x0 to 0x400003 does not fit", "-kernel", huge, machine="mps2-an385")
        for machine in ("mps2-an385", "microbit"):
            self.assertRefused(wrong, "-device", f"loader,file={elf}", machine=machine)

    def test_cpu_numbers_go_on_over_clusters(self):
        """What a loader puts where CPU 2 sees it is in its cluster's TCM, and where the A-profile's window shows it."""
        done = subprocess.run(
            [CHIMERA, "-M", "amp-virt", "-display", "none", "-S", "-serial", "null", "-monitor", "stdio", "-smp", "2",
             "-cluster", "m,cpu=cortex-m33,count=2,tcm-code=8K", "-cluster", "z,cpu=cortex-m0",
             "-device", "loader,addr=0x100,data=0x12345678,data-len=4,cpu-num=2",
             "-device", "loader,addr=0x104,data=0x9abcdef0,data-len=4,cpu-num=4"],
            input="xp/1wx 0x30000100\nxp/1wx 0x32000104\ninfo clusters\ninfo mtree\nquit\n", capture_output=True, text=True,
            timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        for want in ("0x12345678", "0x9abcdef0", "m: 2 CPUs, address space m", "z: 1 CPU, address space z",
                     "CPU #3: cortex-m33-arm-m-cpu, cluster m, off", "CPU #4: cortex-m0-arm-m-cpu, cluster z, off",
                     "address space m:", "tcm-code", "address space m.cpu3:", "address space z.cpu4:",
                     "regs, /machine/mhu0-1\n", "regs, /machine/m-devices/uart\n", "regs, /machine/amp-ctrl\n"):
            self.assertIn(want, done.stdout)

    def test_lockup_leaves_other_clusters_running(self):
        """A vector table of zeros: the first instruction is a fault, and so is its handler's."""
        zeros = self.file("zeros.bin", bytes(64))
        done = subprocess.Popen(
            [CHIMERA, "-M", "amp-virt", "-display", "none", "-serial", "stdio", "-monitor", "none",
             "-cluster", "m,cpu=cortex-m33,kernel=" + zeros, "-cluster", "n,cpu=cortex-m4,kernel=" + zeros,
             "-device", "loader,cpu-num=0,file=" + self.file("p.bin", program("alive\n")) + f",addr={RAM + 0x100000:#x}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = done.communicate(timeout=60 * PATIENCE)
        self.assertEqual((done.returncode, out), (0, "alive\n"), err)

    def test_lockup_is_told(self):
        zeros = self.file("zeros.bin", bytes(64))
        with subprocess.Popen([CHIMERA, "-M", "mps2-an385", "-display", "none", "-monitor", "none", "-kernel", zeros],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as p:
            line = p.stderr.readline()
            p.kill()
        self.assertIn("arm: cpu 0: lockup at 0x00000000: ", line)

    def test_one_thread_that_sleeps_is_left_alone(self):
        """With several CPUs on one thread nothing wakes up while they all sleep."""
        loop = self.file("wfi", struct.pack("<2I", 0xd503207f, 0x17ffffff))     # wfi; b .-4
        p = subprocess.Popen([CHIMERA, "-M", "virt", "-smp", "2", "-display", "none", "-serial", "null", "-monitor", "none",
                              "-accel", "tcg,thread=single", "-device", f"loader,file={loop},addr=0x41000000,cpu-num=0"])

        def switches():
            got = 0
            for task in os.scandir(f"/proc/{p.pid}/task"):
                with open(task.path + "/comm") as comm, open(task.path + "/status") as status:
                    if comm.read().strip() in ("slicer", "cpu0"):
                        got += int(status.read().split("voluntary_ctxt_switches:")[1].split()[0])
            return got

        try:
            end = time.monotonic() + 60 * PATIENCE
            while not switches() and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(0.5)
            before = switches()
            time.sleep(1)
            self.assertGreater(before, 0)
            self.assertLess(switches() - before, 20)
        finally:
            p.kill()
            p.wait()

    def test_dumpdtb_into_a_pipe(self):
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        got = []

        def read():
            with open(fifo, "rb") as f:
                got.append(f.read())

        reader = threading.Thread(target=read)
        reader.start()
        self.assertPrints("", machine=f"virt,dumpdtb={fifo}")
        reader.join()
        self.assertEqual(got[0][:4], b"\xd0\x0d\xfe\xed")
        self.assertTrue(stat.S_ISFIFO(os.lstat(fifo).st_mode))

    def dump(self, options="", *args):
        path = os.path.join(self.folder, "dtb")
        self.assertPrints("", *args, machine=f"virt,dumpdtb={path}{options}")
        with open(path, "rb") as f:
            return f.read()

    def test_random_numbers_in_the_device_tree(self):
        trees = [self.dump(), self.dump(), self.dump("", "-seed", "1"), self.dump("", "-seed", "2")]
        for tree in trees:
            self.assertIn(b"kaslr-seed", tree)
            self.assertIn(b"rng-seed", tree)
        self.assertEqual(len(set(trees)), 4)
        self.assertEqual(self.dump("", "-seed", "1"), trees[2])
        self.assertNotIn(b"rng-seed", self.dump(",dtb-randomness=off"))
        counted = [CHIMERA, "-M", f"virt,dumpdtb={self.folder}/counted", "-display", "none", "-icount", "1"]
        for seed in ([], ["-seed", "3"]):
            subprocess.run(counted + seed, check=True, stderr=subprocess.DEVNULL, timeout=60 * PATIENCE)
            with open(os.path.join(self.folder, "counted"), "rb") as f:
                self.assertEqual(b"kaslr-seed" in f.read(), bool(seed))

    def test_firmware_is_told_the_numbers_of_cpus(self):
        # fw_cfg: select items 5 and 15 (big-endian, at 8), print their first bytes (at 0) as digits
        words = [movz(1, 0x902, 16), movz(2, 0x900, 16)]
        for key in (5, 15):
            words += [movz(0, key << 8), 0x79001020, 0x39400023, 0x1100c063, 0x39000043]
            # strh w0, [x1, #8]; ldrb w3, [x1]; add w3, w3, #'0'; strb w3, [x2]
        words += [movz(0, 8), movk(0, 0x8400, 16), 0xd4000002, 0x14000000]
        kernel = self.file("cpus", struct.pack(f"<{len(words)}I", *words))
        self.assertPrints("36", "-smp", "3,maxcpus=6", "-kernel", kernel)
        self.assertPrints("11", "-kernel", kernel)

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
