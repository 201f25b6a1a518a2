#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed program finds its modules; a module built outside the tree against the installed headers loads; a bad
module is one clear line that names the file, and exit status 1."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["CHIMERA_SOURCE"]
BUILD = os.environ["CHIMERA_BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))


def run(*command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, **kwargs)


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="chimera-test-")
        cls.dest = os.path.join(cls.top, "dest")
        done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.dest)
        assert done.returncode == 0, done.stderr
        found = [os.path.join(f, "chimera") for f, _, names in os.walk(cls.dest)
                 if "chimera" in names and os.path.basename(f) == "bin"]
        cls.program = found[0]
        cls.prefix = os.path.dirname(os.path.dirname(cls.program))
        pc = next(os.path.join(f, "chimera.pc") for f, _, names in os.walk(cls.dest) if "chimera.pc" in names)
        with open(pc) as f:
            text = re.sub("^prefix=.*", "prefix=" + cls.prefix, f.read(), flags=re.M)
        moved = os.path.join(cls.top, "chimera.pc")
        with open(moved, "w") as f:
            f.write(text)
        flags = run("pkg-config", "--cflags", moved)
        assert flags.returncode == 0, flags.stderr
        cls.cflags = shlex.split(flags.stdout)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def folder(self):
        return tempfile.mkdtemp(dir=self.top)

    def compile(self, folder, name="vendor", *defines):
        so = os.path.join(folder, f"chimera-{name}.so")
        done = run("cc", "-std=gnu11", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                   "-Wno-missing-field-initializers", *self.cflags, f'-DNAME="{name}"', *defines, "-o", so,
                   os.path.join(HERE, "vendor.c"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return so

    def manifest(self, so):
        return run(self.program, "-write-manifest", so, so[:-3] + ".manifest")

    def chimera(self, path, *args):
        return run(self.program, *args, env=dict(os.environ, CHIMERA_MODULE_PATH=path))

    def assertRefused(self, done, pattern):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, "^chimera: " + pattern)

    def test_installed_program_finds_its_modules(self):
        env = {k: v for k, v in os.environ.items() if k != "CHIMERA_MODULE_PATH"}
        installed = [name for _, _, names in os.walk(self.dest) for name in names]
        tests_own = set()                       # names of modules that are for tests alone
        for name in os.listdir(os.path.join(BUILD, "modules")):
            if name.endswith(".manifest") and name not in installed:
                with open(os.path.join(BUILD, "modules", name)) as f:
                    tests_own.update(re.findall(r"(?m)^\S+=(\S+?);", f.read()))
        for args in (["-M", "help"], ["-cpu", "help"], ["-device", "help"]):
            here = run(os.path.join(BUILD, "chimera"), *args, env=env)
            there = run(self.program, *args, env=env)
            self.assertEqual(there.returncode, 0, there.stderr)
            lines = [line for line in here.stdout.splitlines() if not (line[0] == " " and line.split()[0] in tests_own)]
            lines = [line for line, after in zip(lines, lines[1:] + [""])
                     if not (line.endswith(":") and not after.startswith(" "))]
            self.assertEqual(lines, there.stdout.splitlines())

    def test_howto(self):
        """The example of docs/howto/add-a-device.md, built as its last section says."""
        with open(os.path.join(SOURCE, "docs", "howto", "add-a-device.md")) as f:
            text = f.read()
        blocks = re.findall(r"(?s)```c\n(.*?)```", text)
        files = {"modules/hw/timer/countdown.c": blocks[0]}
        parts = re.split(r"(?m)^/\* (modules/\S+) \*/\n", blocks[1])
        files.update(zip(parts[1::2], parts[2::2]))
        self.assertEqual(set(os.path.basename(name) for name in files), {"countdown.c", "timer.h", "module.c"})
        folder = self.folder()
        for name, content in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(content.replace('.name = "hw-timer"', '.name = "vendor"'))
        commands = re.search(r"(?s)## Outside the tree.*?```\n(.*?)```", text)[1]
        env = {k: v for k, v in os.environ.items() if k != "CHIMERA_MODULE_PATH"}
        env["PATH"] = os.path.dirname(self.program) + os.pathsep + env["PATH"]
        env["PKG_CONFIG_PATH"] = self.top
        done = run("sh", "-e", "-c", commands, cwd=folder, env=env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^  countdown +a countdown that interrupts$")
        env["CHIMERA_MODULE_PATH"] = folder
        done = run("chimera", "-device", "countdown,help", env=env)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_out_of_tree(self):
        folder = self.folder()
        self.assertEqual(self.manifest(self.compile(folder)).returncode, 0)
        done = self.chimera(folder, "-device", "help")
        self.assertRegex(done.stdout, r"Display:\n  vendor-led +a light of another vendor\n")
        done = self.chimera(folder, "-device", "vendor-led,help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("colour=<red|green>", done.stdout)
        self.assertIn("whether it shines (default: on)", done.stdout)
        self.assertRefused(run(self.program, "-device", "vendor-led,help"), "device vendor-led: unknown")
        self.assertRefused(self.chimera(folder, "-device", "vendor-lid,help"),
                           r"device vendor-lid: unknown \(near names: vendor-led")

    def test_first_folder_wins(self):
        one, two = self.folder(), self.folder()
        self.assertEqual(self.manifest(self.compile(one)).returncode, 0)
        self.assertEqual(self.manifest(self.compile(two, "vendor", '-DTYPE="vendor-two"')).returncode, 0)
        done = self.chimera(f"{one}:{two}", "-device", "help")
        self.assertIn("vendor-led", done.stdout)
        self.assertNotIn("vendor-two", done.stdout)

    def test_other_abi(self):
        folder = self.folder()
        so = self.compile(folder, "vendor", "-DOTHER_ABI")
        self.assertRefused(self.manifest(so), rf"{so}: built for ABI 0123456789abcdef, this program has ")
        # a manifest that promises the right one does not help
        self.assertEqual(self.manifest(self.compile(self.folder())).returncode, 0)
        good = self.folder()
        self.manifest(self.compile(good))
        shutil.copy(os.path.join(good, "chimera-vendor.manifest"), folder)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{so}: built for ABI 0123456789abcdef")
        # nor is a file opened whose manifest is of another
        with open(os.path.join(folder, "chimera-vendor.manifest"), "r+") as f:
            text = re.sub("abi=.*", "abi=fedcba", f.read())
            f.seek(0)
            f.truncate()
            f.write(text)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{so}: built for ABI fedcba")

    def test_missing_need(self):
        folder = self.folder()
        so = self.compile(folder, "vendor", '-DNEEDS="nowhere"')
        self.assertRefused(self.manifest(so), rf"{so}: needs .*chimera-nowhere.so: no such file")
        good = self.folder()
        self.manifest(self.compile(good))
        shutil.copy(os.path.join(good, "chimera-vendor.manifest"), folder)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{so}: needs module nowhere: not in {folder}")

    def test_needs_itself(self):
        folder = self.folder()
        a = self.compile(folder, "a", '-DNEEDS="b"', '-DTYPE="a-led"')
        b = self.compile(folder, "b", '-DNEEDS="a"', '-DTYPE="b-led"')
        self.manifest(a)
        self.manifest(b)
        self.assertRefused(self.chimera(folder, "-device", "a-led,help"), ".*chimera-a.so: it needs itself")

    def test_two_claim_one_type(self):
        folder = self.folder()
        self.manifest(self.compile(folder, "one"))
        self.manifest(self.compile(folder, "two"))
        self.assertRefused(self.chimera(folder, "-device", "help"),
                           "type vendor-led: two modules claim it: .*chimera-one.so and .*chimera-two.so")

    def test_claims_a_type_of_the_core(self):
        folder = self.folder()
        so = self.compile(folder, "vendor", '-DTYPE="container"')
        self.assertRefused(self.manifest(so), "module vendor: container: a type of this name exists already")

    def test_broken_files(self):
        folder = self.folder()
        so = self.compile(folder)
        self.manifest(so)
        with open(so, "r+b") as f:
            f.truncate(1000)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{so}: cannot be loaded: ")
        os.unlink(so)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{so}: no such file")
        with open(os.path.join(folder, "chimera-vendor.manifest"), "w") as f:
            f.write("[module\nname=x")
        self.assertRefused(self.chimera(folder, "-device", "help"), ".*chimera-vendor.manifest: ")

    def test_no_descriptor(self):
        so = self.compile(self.folder(), "vendor", "-DNO_DESCRIPTOR", "-Wno-unused-const-variable")
        self.assertRefused(self.manifest(so), rf"{so}: not a module")

    def test_undefined_symbol(self):
        so = self.compile(self.folder(), "vendor", "-DUNDEFINED_SYMBOL")
        self.assertRefused(self.manifest(so), rf"{so}: cannot be loaded: .*nobody_has_this")

    def test_name_of_machines(self):
        arch, need = '-DARCH="vax"', '-DNEEDS="hw-char"'
        for name, defines, bad in (("hw-vendor", [], None), ("io-vendor", [need], None), ("hw-vendor", [arch], "hw-vendor"),
                                   ("io-vendor", [arch], "io-vendor"), ("vendor", [arch], None), ("vendor", [need], None),
                                   ("vendor", [arch, need], "hw-char")):
            so = self.compile(self.folder(), name, *defines)
            if bad:
                self.assertRefused(self.manifest(so), rf"{so}: a module with architectures .*: {bad}")
            else:
                self.assertEqual(self.manifest(so).returncode, 0)

    def test_programs_need_no_machines(self):
        for name, status in ("hw-bad", 0), ("bad", 1):
            folder = self.folder()
            with open(os.path.join(folder, f"chimera-{name}.manifest"), "w") as f:
                f.write("nothing\n")
            self.assertEqual(self.chimera(folder, "user", "-cpu", "help").returncode, status)
            self.assertRefused(self.chimera(folder, "-M", "help"), f".*chimera-{name}.manifest: ")

    def test_wrong_name(self):
        folder = self.folder()
        so = self.compile(folder)
        self.manifest(so)
        other = os.path.join(folder, "chimera-other.so")
        os.rename(so, other)
        with open(os.path.join(folder, "chimera-vendor.manifest")) as f:
            text = f.read().replace("name=vendor", "name=other")
        with open(os.path.join(folder, "chimera-vendor.manifest"), "w") as f:
            f.write(text)
        self.assertRefused(self.chimera(folder, "-device", "vendor-led,help"), rf"{other}: its name is vendor, not other")


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
