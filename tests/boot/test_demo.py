#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/demo without a terminal: the tour that it takes by itself, and lines that it is given."""
import os
import subprocess
import sys
import unittest

SOURCE = os.environ["CHIMERA_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests/lib"))
import webserver  # noqa: E402


def demo(kind, text):
    return subprocess.run([os.path.join(SOURCE, "tests/demo"), kind], input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


class Demo(unittest.TestCase):
    def test_tour(self):
        done = demo("demo-virt", "")
        self.assertEqual(done.returncode, 0, done.stdout)
        for what in ("aarch64 GNU/Linux", "CPU part\t: 0xd08", "16+0 records out", "a disk of the demo",
                     webserver.WebServer.TEXT.decode().strip(), "reboot: Power down"):
            self.assertIn(what, done.stdout)
        self.assertEqual(done.stdout.count("CPU part"), 2)

    def test_clusters(self):
        done = demo("demo", "echo $((6 * 7))-typed\npoweroff\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        for what in ("started 2 CPUs of cluster m", "20000 messages sent, 20000 answers in order, 0 wrong", "42-typed",
                     "reboot: Power down"):
            self.assertIn(what, done.stdout)

    def test_clusters_tour(self):
        done = demo("demo", "")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("20000 messages sent, 20000 answers in order, 0 wrong"), 2)
        for what in ("aarch64 GNU/Linux", "42001", "25500", "a disk of the demo", "reboot: Power down"):
            self.assertIn(what, done.stdout)

    def test_typed(self):
        done = demo("demo-virt", "echo $((6 * 7))-typed\npoweroff\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("42-typed", done.stdout)
        self.assertIn("reboot: Power down", done.stdout)
        self.assertNotIn("CPU part", done.stdout)


if __name__ == "__main__":
    unittest.main()
