#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""User mode: the files for binfmt_misc have one entry, and the kernel runs programs by it, with the name that they were
called by. The kernel's part is done in a user namespace with a binfmt_misc of its own (Linux 6.7); 77 without one."""
import os
import shutil
import subprocess
import sys
import tempfile

CC = "aarch64-linux-gnu-gcc"
BUILD = os.path.abspath(os.environ["CHIMERA_BUILD"])
SOURCE = """
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        printf("[%s]", argv[i]);
    }
    printf(" %d\\n", access("/proc/self/exe", R_OK));
    return argc + 4;
}
"""
SCRIPT = """
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
cat "$1" >/proc/sys/fs/binfmt_misc/register || exit 76
cd "$2" || exit 75
(exec -a another ./program a 'b c'); echo $?
"$2"/program -strace; echo $?
./script x; echo $?
"""


def main():
    failures = []
    folder = os.path.join(BUILD, "core", "linux_user", "binfmt")
    with open(os.path.join(folder, "chimera-aarch64.conf"), encoding="ascii") as f:
        line = [text for text in f.read().splitlines() if not text.startswith("#")][0]
    name, kind, offset, magic, mask, interpreter, flags = line.split(":")[1:]
    with open(os.path.join(folder, "chimera-aarch64"), encoding="ascii") as f:
        debian = dict(text.split(" ", 1) for text in f.read().splitlines())
    if (name, kind, offset, flags) != ("chimera-aarch64", "M", "", "OPF"):
        failures.append(f"fields: {line}")
    if (debian["magic"], debian["mask"], debian["interpreter"], debian["preserve"]) != (magic, mask, interpreter, "yes"):
        failures.append("the two files differ")
    sizes = [len(text.encode("ascii").decode("unicode_escape")) for text in (magic, mask)]
    if sizes != [20, 20]:
        failures.append(f"lengths of magic and mask: {sizes}")
    if not (shutil.which(CC) and shutil.which("unshare")):
        return 1 if failures else 77
    with tempfile.TemporaryDirectory() as place:
        source, program = os.path.join(place, "program.c"), os.path.join(place, "program")
        with open(source, "w", encoding="ascii") as f:
            f.write(SOURCE)
        subprocess.run([CC, "-static", "-o", program, source], check=True)
        with open(os.path.join(place, "script"), "w", encoding="utf-8") as f:
            f.write(f"#!{program} arg\n")
        os.chmod(f.name, 0o755)
        os.symlink(os.path.join(BUILD, "chimera"), os.path.join(place, os.path.basename(interpreter)))
        entry = os.path.join(place, "entry")
        with open(entry, "w", encoding="ascii") as f:
            f.write(line.replace(interpreter, os.path.join(place, os.path.basename(interpreter))))
        r = subprocess.run(["unshare", "-Urm", "bash", "-c", SCRIPT, "-", entry, place], capture_output=True, text=True,
                           timeout=60, check=False)
        if r.returncode == 77 or "unshare" in r.stderr:
            print("skipped: no binfmt_misc in a namespace of our own")
            return 1 if failures else 77
        wanted = f"[another][a][b c] 0\n7\n[{program}][-strace] 0\n6\n[{program}][arg][./script][x] 0\n8\n"
        if (r.returncode, r.stdout, r.stderr) != (0, wanted, ""):
            failures.append(f"{r.returncode} {r.stdout!r} {r.stderr!r}, wanted {wanted!r}")
    for text in failures:
        print(text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
