#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory model: no litmus test of litmus.c has an outcome that the architecture forbids, on both back ends, and the
threads do meet. litmus.py [--rounds N] [NAME]; 77 without a cross compiler or with one CPU."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = 32


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("name", nargs="*")
    args = parser.parse_args()
    if not shutil.which(CC) or len(os.sched_getaffinity(0)) < 2:
        print("skipped: no cross compiler, or a single CPU")
        return 77
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "litmus")
        subprocess.run([CC, "-O2", "-static", "-pthread", "-o", program, os.path.join(HERE, "litmus.c")], check=True)
        for accel, rounds in ("tcg", args.rounds), ("tci", args.rounds // 5):
            r = subprocess.run([CHIMERA, "user", "-accel", accel, program, str(rounds), *args.name], capture_output=True,
                               text=True, check=False)
            print(f"{accel}:\n{r.stdout}{r.stderr}", flush=True)
            lines = re.findall(r"(\d+) rounds, (\d+) forbidden(?:, (\d+) seen)?", r.stdout)
            ok &= r.returncode == 0 and len(lines) == (len(args.name) or TESTS) and not any(int(f) for _, f, _ in lines)
            ok &= bool(args.name) or sum(int(s) > 0 for _, _, s in lines if s) >= 5
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
