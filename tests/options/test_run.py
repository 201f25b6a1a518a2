#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run from argv to its end, on the made-up architecture: output, exit status, signals, and the mistakes that are
found when a machine is built."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
ADDI, LUI, ST, JAL, WFI = 0x10, 0x12, 0x21, 0x33, 0x54       # targets/toy/cpu.h
PUTC, EXIT = 0, 4


def ins(op, d=0, a=0, imm=0):
    return op << 24 | d << 20 | a << 16 | imm & 0xffff


def program(text, status):
    """Prints text; then ends with status, or sleeps for ever if it is None."""
    words = [ins(LUI, 15, 0, 0x1000)]
    for c in text:
        words += [ins(ADDI, 1, 0, ord(c)), ins(ST, 1, 15, PUTC)]
    if status is not None:
        words += [ins(ADDI, 1, 0, status), ins(ST, 1, 15, EXIT)]
    words += [ins(WFI), ins(JAL, 0, 0, -1)]
    return struct.pack(f"<{len(words)}I", *words)


class Process(subprocess.Popen):
    """One that does not outlive a test that fails."""
    def __exit__(self, kind, *args):
        if kind:
            self.kill()
        return super().__exit__(kind, *args)


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="chimera-test-")
        cls.hello = cls.kernel("hello", "hello\n", 7)
        cls.off = cls.kernel("off", "x", 0)
        cls.sleep = cls.kernel("sleep", "ready\n", None)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def kernel(cls, name, text, status):
        path = os.path.join(cls.folder.name, name)
        with open(path, "wb") as f:
            f.write(program(text, status))
        return path

    def path(self, name):
        return os.path.join(self.folder.name, self.id().split(".")[-1] + "-" + name)

    def run_toy(self, *args, text=""):
        return subprocess.run([CHIMERA, "-M", "toy", *args], capture_output=True, text=True, timeout=60 * PATIENCE,
                              input=text)

    def start(self, *args):
        return Process([CHIMERA, "-M", "toy", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True)

    def assertRefused(self, args, pattern):
        with self.subTest(args=args):
            done = self.run_toy(*args)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertRegex(done.stderr, "^chimera: " + pattern)

    def test_output_and_status(self):
        for args in ([], ["-nographic"], ["-serial", "stdio"], ["-monitor", "none", "-nographic"], ["-accel", "tci"],
                     ["-accel", "tcg,thread=single"], ["-accel", "tcg,one-insn-per-tb=on,naive=on"],
                     ["-machine", "accel=tci"], ["-cpu", "toy-b"], ["-m", "32"], ["-accel", "tcg,tb-size=4"]):
            with self.subTest(args=args):
                done = self.run_toy("-kernel", self.hello, *args)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "hello\n", ""))

    def test_topologies(self):
        for smp in ("2,sockets=1", "cores=2", "2,sockets=1,cores=2,threads=1", "1,maxcpus=8,cores=2",
                    "1,maxcpus=4,sockets=2,cores=2,threads=1"):
            done = self.run_toy("-kernel", self.hello, "-smp", smp)
            self.assertEqual(done.returncode, 7, done.stderr)

    def test_several_cpus(self):
        done = self.run_toy("-smp", "4", "-cpu", "toy-a:toy-b", "-kernel", self.off, "-display", "none", "-serial", "stdio")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "^x{1,4}$")

    def test_serial_elsewhere(self):
        log = self.path("log")
        for args in (["-serial", f"file:{log}"], ["-chardev", f"file,id=a,path={log}", "-serial", "chardev:a"]):
            done = self.run_toy("-kernel", self.hello, *args)
            self.assertEqual((done.returncode, done.stdout), (7, ""))
            with open(log) as f:
                self.assertEqual(f.read(), "hello\n")
        for args in (["-serial", "none"], ["-serial", "null"], ["-nodefaults"], ["-display", "none"]):
            done = self.run_toy("-kernel", self.hello, *args)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "", ""))

    def test_debuggers_refused(self):
        for args, pattern in ((["-gdb", "nonsense"], "-gdb: nonsense: expected"),
                              (["-gdb", "tcp::65536"], "-gdb: tcp::65536,.*: a port is 65535 at most"),
                              (["-gdb", "tcp:here"], "-gdb: tcp:here,server=on,wait=off,nodelay=on: expected HOST:PORT"),
                              (["-gdb", "null,cluster=none"], "-gdb: cluster none: unknown: there are: "),
                              (["-monitor", "nonsense"], "-monitor: nonsense: expected"),
                              (["-mon", "chardev=none"], "-mon: none: there is no such chardev"),
                              (["-mon", "mode=readline"], "-mon: chardev=: missing"),
                              (["-chardev", "null,id=a", "-mon", "a,mode=control"], "-mon: mode=control: not supported yet"),
                              (["-chardev", "null,id=a", "-mon", "a", "-monitor", "chardev:a"], "-monitor: .*in use")):
            self.assertRefused(["-kernel", self.hello, "-nographic", *args], pattern)

    def test_monitor(self):
        """On the terminal that is the guest's, after Ctrl-A c; alone; and what it says to nonsense."""
        with self.start("-kernel", self.sleep, "-nographic") as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.stdin.write("\x01cinfo status\rquit\r")
            process.stdin.flush()
            self.assertEqual(process.wait(30), 0, process.stderr.read())
            self.assertIn("VM status: running", process.stdout.read())
        commands = ["help", "info sta\t", "\x1b[A\x1b[A\x1b[B", "\x10\x10", "qom-li\t\x15", "help info",
                    "info", "nonsense", "info cpus", "info clusters", "info registers", "info registers -a",
                    "info mtree", "info mtree -f", "info qom-tree", "info qtree", "info jit", "info tlb", "info roms",
                    "info chardev", "info block", "info network", "info version", "stop", "info status", "print 6 * 7",
                    "print/xb -1", "print (1", "print 1/0", "xp/4xw 0", "x/2i 0", "xp 0xffffffffffff0000", "qom-list",
                    "qom-get /machine nothing", "qom-get toy-io x", "qom-set /machine type x",
                    "qom-get /machine/backends/monitor0 nothing", "qom-list /machine/backends", "info qom-tree /nowhere",
                    "cpu 9", "memsave 0",
                    f"pmemsave 0 16 {self.path('saved')}", "log nonsense", "log int", "log none", "gva2gpa 0x10",
                    "gdbserver unix:" + self.path("gdb"), "gdbserver none", "cont", "info status", "quit"]
        done = self.run_toy("-kernel", self.sleep, "-display", "none", "-monitor", "stdio",
                            text="\n".join(commands) + "\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for want in ("unknown command: 'nonsense'", r"CPU #0: toy-a, cluster \w+, ", "cluster", "address space", "/machine ",
                     "tb_translated", "VM status: paused", "0x2a", "0xff", "division by zero", r"expected \)",
                     "cannot access memory at 0xffffffffffff0000", "unknown log item", "VM status: running",
                     "there are CPUs 0 to 0", "usage: memsave", r"/machine\.nothing: unknown property",
                     r"/machine/backends/monitor0\.nothing: unknown", r"monitor0 \(child<chardev>\)", "/nowhere: no such",
                     "waiting for gdb on unix:", "gpa: 0x10", "no such"):
            self.assertRegex(done.stdout, want)
        with open(self.path("saved"), "rb") as f:
            self.assertEqual(len(f.read()), 16)

    def test_monitor_editing(self):
        """What keys make of a line, and what the terminal shows of it."""
        left, right, up, down = "\x1b[D", "\x1b[C", "\x1b[A", "\x1bOB"
        rows = [
            ("print 27" + left + left + "3" + "\x05" + " + 1", "print 327 + 1"),
            ("rint 1\x01p\x1b[Fé" + left + "\x1b[3~2", "print 12"),
            ("xxprint 7\x1b[1~\x04\x1b[3~", "print 7"),
            ("print 5 junk  junk\x17\x17", "print 5 "),
            ("print 4junk" + 4 * left + "\x0b", "print 4"),
            ("junk\x15print 6", "print 6"),
            ("ri 8" + 2 * left + "nt\x1bOHp\x06\x02\x02\x1b[7~\x1b[8~ + 1", "print 8 + 1"),
            ("pri 9" + 2 * left + "\t\x04", "print 9"),
            (up + up + up + down + "1", "print 8 + 11"),
            ("\x10\x10\x0e\x0e\x0eprint 2", "print 2"),
            ("print 3" + 30 * left + 30 * right + "\x1b[2~\x1b[1;5C\x1bq", "print 3"),
        ]
        with self.start("-kernel", self.sleep, "-display", "none", "-monitor", "stdio") as process:
            process.stdin.write("".join(keys + "\r" for keys, _ in rows) + "quit\r")
            process.stdin.flush()
            text, error = process.communicate(timeout=60 * PATIENCE)
        self.assertEqual((process.returncode, error), (0, ""))
        screen, column = [""], 0
        for c in text:
            if c == "\n":                       # universal newlines: after a carriage return
                screen.append("")
                column = 0
            elif c == "\r":
                column = 0
            elif c == "\b":
                column -= 1
            else:
                screen[-1] = screen[-1][:column].ljust(column) + c + screen[-1][column + 1:]
                column += 1
        shown = [line for line in screen if line.startswith("(chimera)")]
        self.assertGreater(len(shown), len(rows))
        for (keys, want), line in zip(rows, shown):
            self.assertEqual(line.rstrip(), "(chimera) " + want.rstrip(), repr(keys))
        values = [int(line, 16) for line in screen if re.fullmatch("0x[0-9a-f]+", line)]
        self.assertEqual(values, [eval(want[6:]) for _, want in rows])

    def test_signals_end_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            pidfile = self.path("pid")
            with self.start("-kernel", self.sleep, "-nographic", "-pidfile", pidfile) as process:
                self.assertEqual(process.stdout.readline(), "ready\n")
                with open(pidfile) as f:
                    self.assertEqual(f.read(), f"{process.pid}\n")
                process.send_signal(number)
                self.assertEqual(process.wait(30), 0, process.stderr.read())
            self.assertFalse(os.path.exists(pidfile))

    def test_loader(self):
        words = program("l", 3)
        raw = self.path("raw")
        with open(raw, "wb") as f:
            f.write(words)
        for args in ([], ["-kernel", self.off]):
            done = self.run_toy("-device", f"loader,file={raw},addr=0x4000,cpu-num=0", *args)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "l", ""))
        self.assertRefused(["-device", f"loader,file={raw},addr=0", "-kernel", self.off], ".*overlaps")

    def test_pty_is_announced(self):
        rows = [
            (["-serial", "pty"], "serial0"),
            (["-serial", "mon:pty"], "serial0-base"),
            (["-chardev", "pty,id=term", "-serial", "chardev:term"], "term"),
        ]
        for args, label in rows:
            with self.subTest(args=args), self.start("-kernel", self.sleep, *args) as process:
                line = process.stdout.readline()
                found = re.fullmatch(r"char device redirected to (/dev/pts/\d+) \(label (\S+)\)\n", line)
                self.assertTrue(found, line)
                self.assertEqual(found[2], label)
                fd = os.open(found[1], os.O_RDWR | os.O_NOCTTY)
                text = b""
                while len(text) < 6:
                    text += os.read(fd, 6)
                os.close(fd)
                self.assertEqual(text, b"ready\n")
                process.terminate()
                self.assertEqual(process.wait(30), 0)

    def test_signal_while_waiting_for_a_client(self):
        path = self.path("socket")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.start("-kernel", self.sleep, "-chardev", f"socket,id=a,path={path},server=on,wait=on",
                            "-serial", "chardev:a") as process:
                while not os.path.exists(path):
                    time.sleep(0.01)
                process.send_signal(number)
                self.assertEqual(process.wait(30), 0)
                self.assertEqual(process.stderr.read(), "")
            self.assertFalse(os.path.exists(path))

    def test_client_that_is_waited_for(self):
        path = self.path("socket")
        with self.start("-kernel", self.hello, "-serial", f"unix:{path},server=on") as process:
            while not os.path.exists(path):
                time.sleep(0.01)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                self.assertEqual(client.recv(6, socket.MSG_WAITALL), b"hello\n")
                self.assertEqual(process.wait(30), 7)
        self.assertFalse(os.path.exists(path))

    def test_socket_does_not_replace_a_file(self):
        path = self.path("file")
        with open(path, "w") as f:
            f.write("mine")
        self.assertRefused(["-serial", f"unix:{path},server=on"], ".*in use")
        with open(path) as f:
            self.assertEqual(f.read(), "mine")

    def test_output_whose_reader_goes(self):
        pidfile = self.path("pid")
        with self.start("-kernel", self.hello, "-nographic", "-S", "-pidfile", pidfile) as process:
            process.stdout.close()
            while not os.path.exists(pidfile):
                time.sleep(0.01)
            process.terminate()
            self.assertEqual(process.wait(30), 0)
        self.assertFalse(os.path.exists(pidfile))
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([CHIMERA, "-M", "toy", "-kernel", self.hello, "-nographic", "-pidfile", pidfile],
                              stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE, timeout=60 * PATIENCE)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (7, b""))
        self.assertFalse(os.path.exists(pidfile))

    def test_ids(self):
        image = self.path("disk")
        with open(image, "wb") as f:
            f.truncate(1 << 20)
        for bad in ("a/b", "", "/", "1a", "-a", "a b", "a[0]", "\u00e9"):
            for args in (["-device", f"virtio-rng-device,id={bad}"], ["-object", f"rng-builtin,id={bad}"],
                         ["-netdev", f"user,id={bad}"], ["-chardev", f"null,id={bad}"],
                         ["-drive", f"file={image},if=none,id={bad}"], ["-nic", f"user,id={bad}"],
                         ["-blockdev", f"raw,node-name={bad},file.driver=file,file.filename={image}"],
                         ["-device", f"loader,addr=0,data=0,data-len=1,id={bad}"]):
                self.assertRefused(args, f".*={re.escape(bad)}: an id is a letter")
        done = self.run_toy("-kernel", self.hello, "-chardev", "null,id=a-B.c_9", "-object", "rng-builtin,id=z")
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_ctrl_a_x(self):
        with self.start("-kernel", self.sleep, "-nographic") as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.stdin.write("\x01x")
            process.stdin.flush()
            self.assertEqual(process.wait(30), 0)

    def test_paused(self):
        with self.start("-kernel", self.hello, "-S") as process:
            time.sleep(0.5)
            self.assertIsNone(process.poll())
            process.terminate()
            self.assertEqual(process.stdout.read(), "")
            self.assertEqual(process.wait(30), 0)

    def test_no_shutdown(self):
        with self.start("-kernel", self.hello, "-no-shutdown") as process:
            self.assertEqual(process.stdout.readline(), "hello\n")
            time.sleep(0.3)
            self.assertIsNone(process.poll())
            process.terminate()
            self.assertEqual(process.wait(30), 0)

    def test_log(self):
        log = self.path("log")
        done = self.run_toy("-kernel", self.off, "-d", "in_asm,exec,nochain", "-D", log)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "x", ""))
        self.assertGreater(os.path.getsize(log), 0)
        done = self.run_toy("-kernel", self.off, "-d", "ir", "-D", log)
        with open(log, encoding="utf-8") as f:
            text = f.read()
        self.assertEqual(done.returncode, 0)
        self.assertGreater(text.count("IR: "), 0)
        self.assertEqual(text.count("IR: "), len(re.findall("# after (?:quick|lower)", text)))
        done = self.run_toy("-kernel", self.off, "-d", "stats")
        self.assertRegex(done.stderr, r"(?m)^tb_translated \d+$")

    def test_refused(self):
        image = self.path("disk")
        with open(image, "wb") as f:
            f.truncate(1 << 20)
        rows = [
            (["-kernel", "/nowhere"], ".*/nowhere"),
            (["-smp", "9"], "-smp 9: machine toy has at most 8 CPUs"),
            (["-m", "100000000G"], ""),
            (["-cpu", "toy-a:"], "-cpu: a model's name is missing"),
            (["-object", "rng-random,id=a,filename=/nonexistent"], "-object: filename=/nonexistent: No such file"),
            (["-object", f"rng-random,id=a,filename={self.folder.name}"], "-object: filename=.*: a folder"),
            (["-cpu", "toy-c"], r"CPU model toy-c: unknown \(near names: toy-a, toy-b\)"),
            (["-machine", "tyo=1"], "/machine.tyo: unknown property"),
            (["-M", "toyy"], r"machine toyy: unknown \(near names: toy\)"),
            (["-device", "pl011"], "-device: pl011: only a board makes this device"),
            (["-device", "virtio-net-pci,netdev=x"], "-device: virtio-net-pci: not supported yet"),
            (["-device", "usb-kbd"], "-device: usb-kbd: not supported yet"),
            (["-device", "nothing-like-it"], "-device: device nothing-like-it: unknown"),
            (["-device", "loader"], "-device loader: loader: "),
            (["-device", "loader,addr=0,data=1,data-len=3"], "-device loader: data-len: 1, 2, 4 or 8"),
            (["-device", "loader,addr=0,data=0x123456789,data-len=4"], "-device loader: 0x123456789: more than data-len bytes"),
            (["-initrd", self.off], "-initrd: machine toy takes none"),
            (["-dtb", self.off], "-dtb: machine toy takes none"),
            (["-bios", self.off], "-bios: machine toy takes none"),
            (["-append", "x"], "-append: machine toy takes none"),
            (["-machine", "dumpdtb=/nowhere/x"], "dumpdtb=: machine toy takes none"),
            (["-serial", "null", "-serial", "null"], "-serial null: machine toy has no serial port 1"),
            (["-device", "loader,file=x,data=1"], "-device loader: loader: file=, or data="),
            (["-device", "loader,file=x,cpu-num=4"], "-device loader: cpu-num=4: at most 0"),
            (["-drive", f"file={image}"], "-drive: if=virtio: this machine has no place for it"),
            (["-drive", f"file={image},if=pflash"], "-drive id=pflash0: machine toy has no free place for if=pflash"),
            (["-drive", f"file={image},if=ide"], "-drive: ide: not supported yet"),
            (["-drive", f"file={image},if=none,fromat=raw"], r"-drive: fromat: unknown parameter \(near names: format\)"),
            (["-drive", "if=none,id=a"], "-drive: file=: missing"),
            (["-drive", "file=/nowhere,if=none"], ".*/nowhere"),
            (["-drive", f"file={image},if=none,cache=writethrough"], "-drive: cache=writethrough: not supported yet"),
            (["-drive", f"file={image},if=none,discard=maybe"], "-drive: discard=maybe: .*ignore"),
            (["-drive", f"file={image},if=none,aio=x"], "-drive: aio=x: .*threads"),
            (["-drive", f"file={image},if=none,detect-zeroes=x"], "-drive: detect-zeroes=x: .*unmap"),
            (["-blockdev", f"file,node-name=a,filename={image},cache.direct=x"], "-blockdev: cache.direct=x: "),
            (["-blockdev", f"file,node-name=a,filename={image},auto-read-only=x"], "-blockdev: auto-read-only=x: "),
            (["-blockdev", "qcow2,node-name=a,file=b"], "-blockdev: qcow2: not supported yet"),
            (["-blockdev", "raw,node-name=a,file=b"], "-blockdev: b: no such node"),
            (["-nic", "user"], "-nic: model=: missing"),
            (["-netdev", "tap,id=a"], ".*tap: not supported yet"),
            (["-netdev", "usr,id=a"], r"-netdev usr,id=a: usr: unknown \(near names: user\)"),
            (["-global", "nothing-like-it.x=1"], "-global: type nothing-like-it: unknown"),
            (["-global", "toy-io.x=1"], "-global: toy-io.x: unknown property"),
            (["-global", "device.x=1"], "-global: device.x: unknown property"),
            (["-object", "nothing-like-it,id=a"], "-object: object nothing-like-it: unknown"),
            (["-chardev", "stdio,id=a", "-chardev", "null,id=a"], ".*a"),
            (["-serial", "nothing:x"], ".*nothing"),
            (["-serial", "chardev:none-such"], ".*none-such"),
            (["-pidfile", "/nowhere/pid", "-kernel", self.off], "-pidfile: "),
            (["-D", "/nowhere/log"], "/nowhere/log: "),
            (["-d", "gest_errors"], "gest_errors: unknown log item"),
        ]
        for args, pattern in rows:
            self.assertRefused(args, pattern)

    def test_blockdev_and_drive_open(self):
        image = self.path("disk")
        with open(image, "wb") as f:
            f.truncate(1 << 20)
        for args in (["-blockdev", f"file,node-name=f,filename={image}", "-blockdev", "raw,node-name=d,file=f"],
                     ["-blockdev", f"driver=raw,node-name=d,file.driver=file,file.filename={image},read-only=on"],
                     ["-drive", f"file={image},if=none,id=d,format=raw,cache=unsafe,aio=threads"],
                     ["-snapshot", "-drive", f"file={image},if=none,id=d"]):
            with self.subTest(args=args):
                done = self.run_toy("-kernel", self.hello, *args)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "hello\n", ""))


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
