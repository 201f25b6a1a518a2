#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode: a program compiled for the guest does what it must, on both back ends; what cannot run gives a line and
the status that a shell gives. Needs aarch64-linux-gnu-gcc, else it is skipped."""
import os
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
CHIMERA = os.path.join(os.environ["CHIMERA_BUILD"], "chimera")
PATIENCE = int(os.environ.get("CHIMERA_PATIENCE", 1))
THREADSAN = os.environ.get("CHIMERA_SANITIZER") == "thread"
HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = """threads: 160000 1600 0
unmapped: 11 1 1234
read-only: 11 2 4097
not executable: 11 2 0
undefined: 4
breakpoint: 5 1
on another stack: 11
interrupted: -1 1 1
restarted: 1 x 2
code: 4950
tagged: 5
bad pointer: -1 14 -1 14
fork: 7
name exec
exec: 3
killed: 11
"""
INTERFACE = """vdso: 1 1 1 1
vdso clocks: 0
unwound: 1 1
tagged: -1 1 0 1 6 -1 1 -1 1
mte: 1 1 1 0 f0 7 0 0 9 33 1
mte tag bits: 3 9 9 7 0 783
mte asynchronous: 8 1 4 5 0
keys: 1 1 -1 f 0 b 1 -1
id: 1 1 1 11 111ff000000 80000000 0 6 1 0 4 4
vfork: 5 3 1 2 0 9 9 clone3: 0 4 5 -1 1
setxid: 0
descriptors: 0 3
"""
PROCFS = """cpuinfo: 1 1 1 1 1 1
maps: 1 smaps: 4096 2048 2048 1 rollup: 1 1 status: 1 1 1 statm: 1
names: 1 1 1 1 1 1 exe: 1
stat: 1
signals: 200 1
environ: 1
mem: -1 13
pagemap: -1 1
numa_maps: -1 2
"""
failures = []


def check(what, got, wanted):
    if got != wanted:
        failures.append(what)
        print(f"{what}: got {got!r}, wanted {wanted!r}")


def run(*args, **kw):
    return subprocess.run([CHIMERA, "user", *args], capture_output=True, text=True, timeout=60 * PATIENCE, check=False, **kw)


def compared(folder, name):
    """A program says what it says on the host: calls whose arguments are translated, and what signals do to calls."""
    folder = os.path.join(folder, name)
    source, guest, host = os.path.join(HERE, name + ".c"), os.path.join(folder, "g", name), os.path.join(folder, "h", name)
    for cc, out, flags in (CC, guest, ["-static"]), ("cc", host, []):
        os.makedirs(os.path.dirname(out))
        subprocess.run([cc, "-O1", "-w", "-pthread", *flags, "-o", out, source], check=True)
    for place in "1", "2":
        os.mkdir(os.path.join(folder, place))
    wanted = subprocess.run([host], capture_output=True, text=True, timeout=60 * PATIENCE, check=False,
                            cwd=os.path.join(folder, "1"))
    r = run(guest, cwd=os.path.join(folder, "2"))
    for got, want in zip(r.stdout.splitlines(), wanted.stdout.splitlines()):
        check(name, got, want)
    check(name, (r.returncode, r.stdout.count("\n")), (0, wanted.stdout.count("\n")))


def scripts(folder):
    """A program that is a script: its interpreter runs, as execve would have it; other bad ones are refused."""
    source, program = os.path.join(folder, "says.c"), os.path.join(folder, "says")
    with open(source, "w", encoding="ascii") as f:
        f.write("""#include <stdio.h>\n#include <stdlib.h>
int main(int argc, char **argv) { for (char **a = argv; *a; a++) printf("[%s]", *a); return argc > 1 ? atoi(argv[1]) : 0; }\n""")
    subprocess.run([CC, "-static", "-o", program, source], check=True)

    def script(name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    check("arguments", [(r.stdout, r.returncode) for r in (run(program, "3", "a b", ""), run("-0", "X", program, "-255"),
                                                          run("--", program, "256"))],
          [(f"[{program}][3][a b][]", 3), ("[X][-255]", 1), (f"[{program}][256]", 0)])
    first = script("first", f"#! {program}  7 x \nrest\n")
    second = script("second", f"#!{first}")
    for path, wanted in (first, f"[{program}][7 x][{first}][y z]"), (second, f"[{program}][7 x][{first}][{second}][y z]"):
        r = run("-0", "X", path, "y z")
        check("script", (r.returncode, r.stdout), (7, wanted))
    script("loop", f"#!{os.path.join(folder, 'loop')}\n")
    for name, text, status in (("missing", "#!/nowhere/there\n", 127), ("none", "#!\n", 126), ("blank", "#! \t\n", 126),
                               ("native", "#!/bin/sh\n", 126), ("loop", f"#!{os.path.join(folder, 'loop')}\n", 126),
                               ("empty", "", 126), ("mark", "#!", 126)):
        r = run(script(name, text))
        check(name, (r.returncode, r.stderr.count("\n")), (status, 1))


def refusals(folder):
    r = run(os.path.join(folder, "absent"))
    check("missing file", (r.returncode, r.stderr.count("\n")), (127, 1))
    r = run("/bin/sh")
    check("the host's own", (r.returncode, r.stderr.count("\n"), "aarch64" in r.stderr), (126, 1, True))
    text = os.path.join(folder, "text")
    with open(text, "w", encoding="ascii") as f:
        f.write("not a program\n")
    r = run(text)
    check("no ELF file", (r.returncode, r.stderr.count("\n")), (126, 1))


def main():
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, stress, interface, procfs = (os.path.join(folder, n) for n in ("basics", "stress", "interface", "procfs"))
        for out in program, stress, interface, procfs:
            source = os.path.join(HERE, os.path.basename(out) + ".c")
            subprocess.run([CC, "-O2", "-static", "-pthread", "-funwind-tables", "-o", out, source], check=True)
        for accel in "tcg", "tci":
            r = run("-accel", accel, program)
            check(f"{accel}: output", r.stdout, EXPECTED)
            check(f"{accel}: status", r.returncode, 42)
            # ThreadSanitizer's own locks are not taken around a fork: a child of a process that has threads may hang
            r = run("-accel", accel, stress, *(["200"] if THREADSAN else []))
            check(f"{accel}: stress", (r.returncode, r.stdout), (0, "ticks: 1\n"))
            r = run("-accel", accel, interface)
            check(f"{accel}: interface", r.stdout, INTERFACE)
            check(f"{accel}: interface's status", r.returncode, 0)
        r = run(procfs, env={"FIRST": "1"})
        check("/proc", (r.returncode, r.stdout), (0, PROCFS))
        drawn = [run(*seed, procfs, "random").stdout for seed in (["-seed", "7"], ["-seed", "7"], ["-seed", "8"], [], [])]
        check("-seed", (len(drawn[0]), drawn[0] == drawn[1], len(set(drawn[1:]))), (32, True, 4))
        check("-p 4096", run("-p", "4096", procfs, "random").returncode, 0)
        r = run("-p", "65536", procfs, "random")
        check("-p", (r.returncode, r.stderr.count("\n")), (1, 1))
        r = run("-strace", program, "x")
        check("-strace", (r.returncode, "exit_group(3)" in r.stderr), (3, True))
        with open(program, "rb") as f:
            whole = f.read()
        for size in 16, 64, 200, 5000:
            cut = os.path.join(folder, "cut")
            with open(cut, "wb") as f:
                f.write(whole[:size])
            r = run(cut)
            check(f"truncated to {size}", (r.returncode, r.stderr.count("\n")), (126, 1))
        refusals(folder)
        scripts(folder)
        if shutil.which("cc"):
            compared(folder, "calls")
            compared(folder, "restart")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
