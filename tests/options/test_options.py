#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: what is answered without a machine, and that each mistake is one line and exit status 1."""
import os
import subprocess
import sys
import tempfile
import unittest

CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))


def run(*args, argv0=None, **kwargs):
    return subprocess.run([argv0 or CHIMERA, *args], executable=CHIMERA, capture_output=True, text=True, timeout=60 * PATIENCE,
                          stdin=subprocess.DEVNULL if "input" not in kwargs else None, **kwargs)


class Options(unittest.TestCase):
    def assertAnswers(self, done, pattern):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, pattern)

    def assertRefused(self, done, pattern):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, "^chimera: " + pattern)

    def test_version_and_help(self):
        self.assertAnswers(run("-version"), r"\AChimera emulator version \d+\.\d+\.\d+\n")
        self.assertAnswers(run("--version"), r"\AChimera emulator version \d+\.\d+\.\d+\n")
        for option in ("-h", "-help", "--help"):
            self.assertAnswers(run(option), r"(?s)usage: chimera .*\n  -M NAME.*\n  -pidfile FILE\n")

    def test_lists(self):
        for value in ("help", "?"):
            self.assertAnswers(run("-M", value), r"\AMachines ")
            self.assertAnswers(run("-machine", value), r"\AMachines ")
            self.assertAnswers(run("-cpu", value), r"\ACPU models ")
            self.assertAnswers(run("-device", value), r"(?m)\ADevices (.|\n)*^  pl011 +\S")
            self.assertAnswers(run("-object", value), r"\AObjects ")
            self.assertAnswers(run("-accel", value), r"(?m)\AAccelerators (.|\n)*^  tcg .*\n  tci ")
            self.assertAnswers(run("-chardev", value), r"(?m)\ACharacter backends (.|\n)*^  socket +\S")
            self.assertAnswers(run("-netdev", value), r"(?m)\ANetwork backends .*\n  user +\S.*\n\Z")
            self.assertAnswers(run("-d", value), r"(?m)^guest_errors ")
        self.assertAnswers(run("-device", "pl031,help"), r"(?m)\Apl031: .*\n")
        self.assertAnswers(run("-device", "loader,help"), r"(?m)^  data-len=")

    def test_unknown(self):
        self.assertRefused(run("-machin", "virt"), r"-machin: unknown option \(near names: machine\): -help lists")
        self.assertRefused(run("--kernell", "x"), r"--kernell: unknown option \(near names: kernel\)")
        self.assertRefused(run("-zzzzzzzzz"), r"-zzzzzzzzz: unknown option: -help")
        self.assertRefused(run("image.bin"), "image.bin: not an option")
        self.assertRefused(run("-"), "-: not an option")
        self.assertRefused(run("-M", "nothing-like-it"), "machine nothing-like-it: unknown")
        self.assertRefused(run("-target", "vax", "-M", "x"), "-target vax: unknown")
        self.assertRefused(run("-device", "pl0ll,help"), r"device pl0ll: unknown \(near names: .*pl011")

    def test_missing(self):
        self.assertRefused(run(), "no machine: name one with -M: -M help lists them")
        self.assertRefused(run("-kernel"), "-kernel: needs a value: FILE")
        self.assertRefused(run("-M", "accel=tcg"), "machine accel=tcg: unknown|no machine")

    def test_values(self):
        rows = {
            ("-smp", "0"): "-smp: 0: at least one CPU",
            ("-icount", "11"): "-icount: shift=11: at most 10",
            ("-icount", "auto,sleep=off"): "-icount: auto,sleep=off: shift=auto follows the host's time",
            ("-icount", "3,align=on"): "-icount: align=on: not supported yet",
            ("-icount", "3,quantum=1"): "-icount: 3,quantum=1: the quantum is at least 1000 ns",
            ("-M", "toy", "-stop-after", "5"): "-stop-after: it counts instructions: -icount is missing",
            ("-M", "toy", "-d", "trace-hash"): "-d trace-hash: it needs a run that repeats: -icount is missing",
            ("-smp", "x"): "-smp: cpus=x: expected a number",
            ("-smp", "4,maxcpus=2"): "-smp: 4,maxcpus=2: more CPUs than maxcpus",
            ("-smp", "99999"): "-smp: cpus=99999: at most 4096",
            ("-smp", "cores=0"): "-smp: cores=0: a topology has no zeros",
            ("-smp", "cpus=2,sockets=3"): "-smp: cpus=2,sockets=3: the topology has a multiple of 3 CPUs, which does not make 2",
            ("-smp", "8,sockets=2,cores=2,threads=1"): "-smp: 8,.*: the topology has 4 CPUs, which does not make 8",
            ("-smp", ""): "-smp: '': the number of CPUs is missing",
            ("-m", ""): "-m: size=: missing",
            ("-m", "size="): "-m: size=: expected a size",
            ("-cpu", ""): "-cpu: '': a model's name is missing",
            ("-cpu", ",pauth=off"): "-cpu: ,pauth=off: a model's name is missing",
            ("-smp", "2,crores=2"): r"-smp: crores: unknown parameter \(near names: cores",
            ("-m", "0"): "-m: 0: a machine needs RAM",
            ("-m", "1X"): "-m: size=1X: expected a size such as 512M or 1G",
            ("-m", "-5"): "-m: size=-5: expected a size",
            ("-m", "99999999999G"): "-m: size=99999999999G: too large",
            ("-m", "1G,slots=2"): "-m: slots: not supported yet",
            ("-accel", "kvm"): "-accel: accelerator kvm: unknown: there are tcg and tci",
            ("-accel", "tcg,tb-size=1"): "-accel: tb-size=1: at least 4 MiB",
            ("-accel", "tcg,tb-size=0"): "-accel: tb-size=0: at least 4 MiB",
            ("-accel", "tcg,tb-size=2049"): "-accel: tb-size=2049: at most 2048 MiB",
            ("-accel", "tcg,tb-size=17592186044416"): "-accel: tb-size=17592186044416: (at most|too large)",
            ("-accel", "tcg,heat=99999999999"): "-accel: heat=99999999999: at most 2147483647",
            ("-accel", "tcg,stress="): "-accel: stress=: a name is missing: there are queue, late, ",
            ("-accel", "tcg,stress=queue+"): r"-accel: stress=queue\+: a name is missing: there are queue, late, ",
            ("-accel", "tcg,stress=queue+lat"): "-accel: stress=lat: unknown: there are queue, late, ",
            ("-accel", "tcg,thread=many"): "-accel: thread=many: expected one of multi, single",
            ("-accel", "tcg,threads=multi"): r"-accel: threads: unknown parameter \(near names: thread\)",
            ("-global", "nonsense"): "-global: nonsense: expected TYPE.PROPERTY=VALUE",
            ("-global", "driver=a,property=b"): "-global: value=: missing",
            ("-seed", "abc"): "-seed: seed=abc: expected a number",
            ("-rtc", "base=localtime"): "-rtc: base=localtime: not supported yet",
            ("-rtc", "clock=moon"): "-rtc: clock=moon: expected one of host, vm",
            ("-object", "rng-random,=x"): "-object: .*a value without a key",
            ("-device", "id=x"): "-device: driver=: missing",
            ("-display", "gtk"): "-display: gtk: not supported yet",
            ("-vga", "std"): "-vga: std: not supported yet",
            ("-net", "nic"): "-net: nic: not supported yet",
            ("-blockdev", '{"driver":"raw"}'): "-blockdev: JSON: not supported yet",
            ("-machine", "virt,usb=on"): "-machine: usb=on: not supported yet",
            ("-d", "in_asm,gest_errors", "-M", "x"): "machine x: unknown|gest_errors: unknown log item",
        }
        for args, pattern in rows.items():
            with self.subTest(args=args):
                self.assertRefused(run(*args), pattern)

    def test_user(self):
        """User mode's options are looked at before its program is."""
        sizes = "expected a number of MiB, 1 to 2048\n"
        rows = {
            ("-tb-size", "17592186044416"): "-tb-size 17592186044416: " + sizes,
            ("-tb-size", "2049"): "-tb-size 2049: " + sizes,
            ("-tb-size", "16M"): "-tb-size 16M: " + sizes,
            ("-tb-size", "0"): "-tb-size 0: " + sizes,
            ("-tb-size", "-1"): "-tb-size -1: " + sizes,
            ("-tb-size", ""): "-tb-size : " + sizes,
            ("-heat", "99999999999"): "-heat=99999999999: at most 2147483647\n",
            ("-heat", "x"): "-heat=x: expected a number\n",
            ("-heat", "1K"): "-heat=1K: expected a number\n",
            ("-accel", "tcg,heat=99999999999"): "heat=99999999999: at most 2147483647\n",
            ("-accel", "tcg,tb-size=3"): "tb-size=3: at least 4 MiB",
            ("-accel", "tcg,tb-size=4G"): "tb-size=4G: at most 2048 MiB\n",
            ("-accel", "tcg,tb-size=17592186044416"): "tb-size=17592186044416: (at most|too large)",
            ("-accel", "tcg,thread=single"): "thread: unknown parameter",
            ("-accel", "tcg,stress="): "stress=: a name is missing: there are queue, late, ",
            ("-accel", "tcg,stress=queue+"): r"stress=queue\+: a name is missing: there are queue, late, ",
            ("-accel", "tcg,stress=+queue"): r"stress=\+queue: a name is missing: ",
            ("-accel", "tcg,stress=lat"): "stress=lat: unknown: there are queue, late, ",
        }
        for args, pattern in rows.items():
            with self.subTest(args=args):
                self.assertRefused(run("user", *args, "/nowhere/program"), pattern)
        for args in (("-tb-size", "2048"), ("-tb-size", "1"), ("-heat", "2147483647"), ("-heat", "0"),
                     ("-accel", "tcg,tb-size=4"), ("-accel", "tcg,tb-size=2048"), ("-accel", "tcg,tb-size=16M"),
                     ("-accel", "tcg,stress=queue+late")):
            with self.subTest(args=args):
                done = run("user", *args, "/nowhere/program")
                self.assertEqual((done.returncode, done.stderr.count("/nowhere/program: ")), (127, 1), done.stderr)

    def test_not_supported_yet(self):
        for option, value in (("qmp", "stdio"), ("incoming", "x"), ("daemonize", None)):
            args = ["-" + option] + ([value] if value else [])
            self.assertRefused(run(*args), f"-{option}: not supported yet\n")

    def test_accepted_without_effect(self):
        # the machine's name is what is wrong in the end
        self.assertRefused(run("-nodefaults", "-no-user-config", "-nic", "none", "-vga", "none", "-monitor", "none",
                               "-display", "none", "-nographic", "-net", "none", "-parallel", "none", "-name", "x",
                               "-accel", "kvm:tcg", "-rtc", "base=utc,clock=host", "-M", "nowhere"),
                           "machine nowhere: unknown")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([CHIMERA, "-help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertRefused(subprocess.CompletedProcess([], done.returncode, "", done.stderr), "standard output: ")

    def test_decode_errors(self):
        self.assertRefused(run("--decode", "vax"), "instruction set vax: unknown")

    def test_module_path_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("-M", "help", env=dict(os.environ, CHIMERA_MODULE_PATH=f"{folder}/none:{folder}:"))
        self.assertAnswers(done, "Machines")


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
