#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of system calls in docs/linux-user.md is the one in syscalls.def, and each has a number in the table of AArch64.

document.py [--update]: with it, writes the list."""
import os
import re
import sys
import textwrap

ROOT = os.environ.get("CHIMERA_SOURCE") or os.path.dirname(os.path.abspath(__file__)) + "/../../.."
PAGE = os.path.join(ROOT, "docs", "linux-user.md")
START, END = "<!-- calls -->\n", "<!-- end -->"


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def main():
    rows = re.findall(r"^(PASS|CALL)\((\w+), ", read("core", "linux_user", "syscalls.def"), re.M)
    numbers = re.findall(r"\[(\d+)\] = LINUX_CALL_(\w+),", read("targets", "arm", "linux_user.c"))
    names = [name for _, name in rows]
    ok = True
    for name in sorted(set(names) ^ {name for _, name in numbers}):
        print(f"{name}: in one table alone")
        ok = False
    values = [number for number, _ in numbers]
    for twice in {x for x in names if names.count(x) > 1} | {x for x in values if values.count(x) > 1}:
        print(f"{twice}: twice")
        ok = False
    text = f"{len(rows)} calls.\n"
    for kind, title in ("CALL", "Translated"), ("PASS", "Handed on"):
        some = ", ".join(f"`{name}`" for name in sorted(name for k, name in rows if k == kind))
        text += "\n" + "\n".join(textwrap.wrap(f"{title}: {some}.", 118)) + "\n"
    page = read("docs", "linux-user.md")
    head, rest = page.split(START)
    new = head + START + text + END + rest.split(END, 1)[1]
    if new != page and "--update" in sys.argv:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(new)
    elif new != page:
        print("docs/linux-user.md is out of date: core/linux_user/tests/document.py --update")
        ok = False
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
