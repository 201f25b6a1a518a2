#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode: processes made by every means at once, from threads, under timers (storms.c), on both back ends; no child
hangs, dies or sees what it should not. storms.py [--rounds 10]; 77 without a cross compiler."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    if os.environ.get("CHIMERA_SANITIZER") == "thread":
        print("skipped: ThreadSanitizer's own locks are not taken around a fork, so that children of threads may hang")
        return 77
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "storms")
        subprocess.run([CC, "-O1", "-static", "-pthread", "-o", program, os.path.join(HERE, "storms.c")], check=True)
        for accel in "tcg", "tci":
            r = subprocess.run([CHIMERA, "user", "-accel", accel, program, str(rounds)], capture_output=True, text=True,
                               check=False)
            if (r.returncode, r.stdout, r.stderr) != (0, "children: 0, bad: 0, interrupted: yes\n", ""):
                print(f"{accel}: status {r.returncode}\n{r.stdout}{r.stderr}")
                ok = False
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
