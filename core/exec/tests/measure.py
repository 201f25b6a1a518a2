#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What says where time goes: counters of -d stats and `info jit`. Needs aarch64-linux-gnu-gcc, else it is skipped."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
HERE = os.path.dirname(os.path.abspath(__file__))
VIRT = ["-M", "virt", "-cpu", "cortex-a72", "-display", "none"]
LINK = 0x40080000
failures = []


def check(what, got, wanted):
    if got != wanted:
        failures.append(what)
        print(f"{what}: got {got!r}, wanted {wanted!r}")


def run(*args, text="", env=None):
    p = subprocess.run([CHIMERA, *args], input=text, capture_output=True, text=True, timeout=60 * PATIENCE, check=False,
                       env=env)
    check(" ".join(args), p.returncode, 0)
    return p


def build(folder):
    """A Linux program, a kernel that ends, one that does not."""
    out = []
    for name, flags in (("program", ["-DUSER"]), ("kernel", [f"-Wl,-Ttext={LINK:#x}"]),
                        ("forever", ["-DFOREVER", f"-Wl,-Ttext={LINK:#x}"])):
        out.append(os.path.join(folder, name))
        subprocess.run([CC, "-nostdlib", "-static", "-Wl,--build-id=none,--no-warn-rwx-segments", *flags, "-o", out[-1],
                        os.path.join(HERE, "measure.S")], check=True)
    return out


def counters(text):
    return {name: int(value) for name, value in re.findall(r"^(\w+) +(\d+)(?:$|  )", text, re.M)}


def helpers(text):
    """Name to calls; what has calls has taken time."""
    rows = re.findall(r"^helper (\S+) +(\d+) calls +(\d+) ns$", text, re.M)
    check("helpers take time", [name for name, _, ns in rows if int(ns) == 0], [])
    return {name: int(calls) for name, calls, _ in rows}


def costs(program, kernel):
    """Helpers by name, as often as the program needs them; without -d stats nothing of it."""
    for accel in "tcg", "tci":
        text = run("user", "-accel", accel, "-d", "stats", program).stderr
        c, h = counters(text), helpers(text)
        check(f"{accel}: system calls", h.get("svc"), 101)
        check(f"{accel}: divisions", sum(n for name, n in h.items() if name.startswith("fp")), 50)
        check(f"{accel}: sums", (c["helper_calls"], c["code_ns"] > 0, c["regions"] > 0), (sum(h.values()), True, True))
        text = run(*VIRT, "-accel", accel, "-kernel", kernel, "-d", "stats").stderr
        c, h = counters(text), helpers(text)
        check(f"{accel}: a kernel's divisions", sum(n for name, n in h.items() if name.startswith("fp")), 50)
        check(f"{accel}: a kernel", [c.get(n, 0) > 0 for n in ("code_ns", "slow_ns", "tb_ns", "region_ns", "region_host_bytes")],
              [True] * 5)
        check(f"{accel}: a device", (c["mmio_read"], c["tlb_slow"] >= 100), (100, True))
    check("nobody asked", run("user", program).stderr, "")
    hashes = {run(*VIRT, "-kernel", kernel, "-icount", "shift=0", "-d", items).stderr.split("trace-hash all")[1].split()[0]
              for items in ("trace-hash", "trace-hash,stats")}
    check("the guest does not notice", len(hashes), 1)


def info_jit(forever):
    """The monitor's answer has the lines that scripts look for, and helpers where they were counted."""
    for items in [], ["-d", "stats"]:
        text = run(*VIRT, "-kernel", forever, "-monitor", "stdio", *items,
                   text="info jit\n" * 400 + "stop\ninfo jit\nquit\n").stdout.split("Translation buffer state:")[-1]
        for want in (r"^gen code size +[1-9]\d*/\d+$", r"^TB count +[1-9]\d*$", r"^TB avg target size +\d+ max=\d+ bytes$",
                     r"^TB avg host size +\d+ bytes \(expansion ratio: [\d.]+\)$", r"^direct jump count +\d+ \(\d+%\)",
                     r"^TB flush count +0$", r"^TB invalidate count +\d+$", r"^tb_lookup +\d+  \w"):
            check(f"info jit {items}: {want}", bool(re.search(want, text, re.M)), True)
        check(f"info jit {items}: helpers", (helpers(text) != {}, "to be asked for" in text), (bool(items), not items))


def main():
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, kernel, forever = build(folder)
        costs(program, kernel)
        info_jit(forever)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
