#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory model: no litmus test of litmus.c has an outcome that the architecture forbids, on both back ends, and the
threads do meet. litmus.py [--rounds N] [--seconds N] [NAME]; 77 without a cross compiler or with one CPU."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = 32
SLICE = 5000                     # rounds between two looks at the clock
ENOUGH = 5                       # tests in which threads met
PATIENCE = 30                    # slices more if they did not: the host had no two processors for them


def run(accel, program, rounds, seconds, names):
    """Whether all is well: at least so many rounds of each test, or as many as there is time for."""
    end, done, more = time.monotonic() + seconds, 0, PATIENCE
    tests = {}                                          # name: [rounds, forbidden, seen or None]

    def met():
        return bool(names) or sum(t[2] > 0 for t in tests.values()) >= ENOUGH

    due = True
    while due or (more and not met()):
        more -= not due
        now = min(rounds, SLICE)
        r = subprocess.run([CHIMERA, "user", "-accel", accel, program, str(now), *names], capture_output=True, text=True,
                           check=False)
        lines = re.findall(r"^(.+?) +(\d+) rounds, (\d+) forbidden(?:, (\d+) seen)?$", r.stdout, re.M)
        if r.returncode or len(lines) != (len(names) or TESTS):
            print(f"{accel}: exit status {r.returncode}\n{r.stdout}{r.stderr}", flush=True)
            return False
        for name, *numbers in lines:
            tests[name] = [a + int(b or 0) for a, b in zip(tests.get(name, [0, 0, 0]), numbers)]
        done += now
        due = done < rounds and (not seconds or time.monotonic() < end)
    for name, (n, forbidden, seen) in tests.items():
        print(f"{accel}: {name:16} {n} rounds, {forbidden} forbidden, {seen} seen", flush=True)
    return not any(t[1] for t in tests.values()) and met()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=0, help="no longer than this (the interpreter gets a fifth of it)")
    parser.add_argument("name", nargs="*")
    args = parser.parse_args()
    if not shutil.which(CC) or len(os.sched_getaffinity(0)) < 2:
        print("skipped: no cross compiler, or a single CPU")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "litmus")
        subprocess.run([CC, "-O2", "-static", "-pthread", "-o", program, os.path.join(HERE, "litmus.c")], check=True)
        ok = [run(accel, program, args.rounds // part, args.seconds * (0.8 if part == 1 else 0.2), args.name)
              for accel, part in (("tcg", 1), ("tci", 5))]
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
