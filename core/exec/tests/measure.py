#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What says where time goes: counters of -d stats and `info jit`, and what perf is told of code (-perfmap, -jitdump).
Needs aarch64-linux-gnu-gcc, else it is skipped."""
import os
import re
import shutil
import struct
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
    fault = program + ".fault"
    with open(fault + ".S", "w", encoding="ascii") as f:
        f.write(".global _start\n_start: ldr x0, [x1]\n")
    subprocess.run([CC, "-nostdlib", "-static", "-o", fault, fault + ".S"], check=True)
    p = subprocess.run([CHIMERA, "user", "-d", "stats", fault], capture_output=True, text=True, timeout=60 * PATIENCE,
                       check=False)
    check("a program that is killed", (p.returncode, "tb_translated 1\n" in p.stderr), (-11, True))
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


def perf(folder, *args, status=0):
    """Runs with both options: its number, and (start, size, name) of the map's lines and of the dump's records."""
    with subprocess.Popen([CHIMERA, *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as p:
        out = p.communicate(timeout=60 * PATIENCE)[0]
    check(" ".join(args), p.returncode, status)
    return p.pid, out, perf_map(p.pid), jit_dump(os.path.join(folder, f"jit-{p.pid}.dump"), p.pid)


def perf_map(pid):
    path = f"/tmp/perf-{pid}.map"
    with open(path, encoding="ascii") as f:
        rows = [re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) (\S+)", line) for line in f.read().splitlines()]
    os.unlink(path)
    check("lines of the map", None in rows, False)
    return [(int(r[1], 16), int(r[2], 16), r[3]) for r in rows]


def jit_dump(path, pid):
    """As Linux describes it in tools/perf/Documentation/jitdump-specification.txt."""
    with open(path, "rb") as f:
        data = f.read()
    magic, version, at, machine, _, of, time, flags = struct.unpack_from("<6I2Q", data)
    check("the dump's header", (magic, version, at, machine, of, flags), (0x4a695444, 1, 40, 62, pid, 0))
    rows = []
    while at < len(data):
        kind, size, then = struct.unpack_from("<2IQ", data, at)
        check("in order of time", then >= time, True)
        time = then
        if kind == 3:
            check("the dump's last record", (size, at + size), (16, len(data)))
            break
        of, thread, vma, start, length, index = struct.unpack_from("<2I4Q", data, at + 16)
        check("a record", (kind, of, thread > 0, vma, index), (0, pid, True, start, len(rows)))
        name = data[at + 56:data.index(b"\0", at + 56)]
        check("a record's size", size, 56 + len(name) + 1 + length)
        rows.append((start, length, name.decode()))
        at += size
    check("the dump's end", at <= len(data), True)
    return rows


def well_formed(what, rows):
    spans = sorted((start, start + size) for start, size, _ in rows)
    check(f"{what}: code", [s for s, e in spans if e <= s], [])
    check(f"{what}: code in one place", [a for a, b in zip(spans, spans[1:]) if a[1] > b[0]], [])


def perf_files(folder, program, kernel):
    """Names from the program's, the kernel's and other files' symbols, of both tiers."""
    wanted = {"chimera.shared", "_start", "asks", "odd", "spin", "leaf"}
    raw, names = os.path.join(folder, "raw"), os.path.join(folder, "names")
    load = f"loader,file={raw},force-raw=on,addr={LINK:#x},cpu-num=0"
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", kernel, raw], check=True)
    symbols = subprocess.run(["aarch64-linux-gnu-nm", kernel], capture_output=True, text=True, check=True).stdout
    with open(names, "w", encoding="ascii") as f:
        f.write(symbols)                        # as /proc/kallsyms has them
    for what, args in (("a program", ["user", "-perfmap", "-jitdump", program]),
                       ("a kernel", [*VIRT, "-perfmap", "-jitdump", "-kernel", kernel]),
                       ("a list", [*VIRT, "-perfmap", "-jitdump", "-symbols", names, "-device", load])):
        _, _, lines, records = perf(folder, *args)
        well_formed(what, lines)
        check(f"{what}: names", wanted - {name for _, _, name in lines}, set())
        check(f"{what}: regions", any(re.fullmatch(r"(spin\+0x\w+|leaf)\.region", name) for _, _, name in lines), True)
        check(f"{what}: the dump has the same", records, lines)
    _, _, lines, _ = perf(folder, *VIRT, "-perfmap", "-jitdump", "-device", load)
    check("no names", f"guest-{LINK:#x}" in {name for _, _, name in lines}, True)


FORKS = """#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) void in_child(void) { printf("%d\\n", getpid()); fflush(stdout); }
int main(void)
{
    if (fork() == 0) { in_child(); _exit(0); }
    wait(NULL);
    return 0;
}
"""


def others(folder):
    """A fork's child has files of its own, libraries have names; a map begins anew with the code buffer."""
    source, forks, large = (os.path.join(folder, n) for n in ("forks.c", "forks", "large"))
    with open(source, "w", encoding="ascii") as f:
        f.write(FORKS)
    subprocess.run([CC, "-O1", "-o", forks, source], check=True)
    root = subprocess.run([CC, "-print-file-name=libc.so.6"], capture_output=True, text=True, check=True).stdout.strip()
    pid, out, lines, _ = perf(folder, "user", "-L", os.path.dirname(os.path.dirname(os.path.realpath(root))),
                              "-perfmap", "-jitdump", forks)
    child = int(out)
    names, childs = {name for _, _, name in lines}, perf_map(child)
    jit_dump(os.path.join(folder, f"jit-{child}.dump"), child)
    check("a child", (child != pid, "in_child" in {name for _, _, name in childs}, "in_child" in names), (True, True, False))
    check("names", ["main" in names, "__libc_start_main" in names], [True, True])
    with open(source + ".S", "w", encoding="ascii") as f:
        f.write(".global _start\n_start:\n.rept 12000\neor x1, x1, x2\nb 1f\n1:\n.endr\n"
                "last: mov x0, #0\nmov x8, #93\nsvc #0\n")
    subprocess.run([CC, "-nostdlib", "-static", "-o", large, source + ".S"], check=True)
    _, _, lines, records = perf(folder, "user", "-tb-size", "1", "-perfmap", "-jitdump", large)
    well_formed("a full buffer", lines)
    check("a full buffer", (lines[0][2], "last" in {name for _, _, name in lines}, len(lines) < 6000, len(records) > 12000),
          ("chimera.shared", True, True, True))


def refused(program, kernel):
    for args in (["user", "-accel", "tci", "-perfmap", program], [*VIRT, "-accel", "tci", "-jitdump", "-kernel", kernel],
                 [*VIRT, "-symbols", kernel, "-kernel", kernel], [*VIRT, "-perfmap", "-symbols", "/dev/null", "-kernel", kernel]):
        p = subprocess.run([CHIMERA, *args], capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
        check(f"refused: {args}", (p.returncode != 0, p.stderr.count("\n")), (True, 1))


def main():
    if not shutil.which(CC):
        print(f"skipped: no {CC}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program, kernel, forever = build(folder)
        costs(program, kernel)
        info_jit(forever)
        if os.uname().machine == "x86_64":
            perf_files(folder, program, kernel)
            others(folder)
            refused(program, kernel)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
