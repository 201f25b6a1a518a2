#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode: signals.c says what signals.txt has, on both back ends, and a frame is right before each instruction of a
block. The text is what Linux documents and does on this architecture (signal(7), sigaltstack(2), arch/arm64). Debian's
qemu-aarch64 7.2 says ILL_ILLOPN for undefined words, has no ESR record, no address for what the host finds
non-canonical, ignores a misaligned SP, and tells of stopped children in spite of SA_NOCLDSTOP.

signals.py [--rounds 1]; 77 without a cross compiler.
"""
import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = float(os.environ.get("CHIMERA_PATIENCE", "1"))
HERE = os.path.dirname(os.path.abspath(__file__))


def run(name, wanted, *args):
    """True if it ended well and said what is wanted."""
    r = subprocess.run([CHIMERA, "user", *args], capture_output=True, text=True, timeout=150 * PATIENCE, check=False)
    if (r.returncode, r.stdout, r.stderr) == (0, wanted, ""):
        return True
    print(f"{name}: status {r.returncode}\n{r.stderr}")
    print("\n".join(difflib.unified_diff(wanted.splitlines(), r.stdout.splitlines(), "wanted", "got", "", "", 0, "")))
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    with open(os.path.join(HERE, "signals.txt"), encoding="utf-8") as f:
        everything = f.read()
    steps = "steps: 0 frames wrong, 0 sums wrong, each instruction: yes\n"
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "signals")
        subprocess.run([CC, "-O1", "-static", "-pthread", "-o", program, os.path.join(HERE, "signals.c")], check=True)
        for _ in range(args.rounds):
            for accel in "tcg", "tci":
                ok &= run(accel, everything, "-accel", accel, program)
                ok &= run(f"{accel}, each instruction", steps, "-accel", accel, "-one-insn-per-tb", program, "steps")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
