#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/STYLE.md says and a script can see: licence lines, line lengths, tabs, marks left for later, what is executable,
and that no library or device ends the process."""
import os
import re
import lint

MAX_LINE = 132
SOURCES = (".c", ".h", ".def", ".py", ".decode", ".S", "meson.build", "meson_options.txt")
NO_SPDX = ("tests/data/",)
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def check(name, findings):
    text = lint.read(name)
    lines = text.splitlines()
    if not any("SPDX-License-Identifier: LGPL-2.1-or-later" in line for line in lines[:2]):
        findings.append(f"{name}: no SPDX line")
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        if len(line) > MAX_LINE:
            findings.append(f"{where}: {len(line)} columns, more than {MAX_LINE}")
        if "\t" in line:
            findings.append(f"{where}: a tab")
        if line != line.rstrip():
            findings.append(f"{where}: blanks at the end")
        if MARKS.search(line):
            findings.append(f"{where}: a mark left for later: docs/CAVEATS.md is the place")
    if text.startswith("#!") != os.access(os.path.join(lint.ROOT, name), os.X_OK):
        findings.append(f"{name}: what starts with #! is executable, and nothing else")
    if text and not text.endswith("\n"):
        findings.append(f"{name}: no newline at the end")
    if name.endswith((".c", ".h")):
        if re.search(r"\btypedef\b[^;{]*\b\w+_t\s*;", lint.strip_comments(text)):
            findings.append(f"{name}: a type of ours ends in _t")
    guest_side = name.startswith(("modules/", "targets/", "core/exec/", "core/io/", "core/tcg/"))
    if name.endswith((".c", ".h")) and guest_side and "/tests/" not in name:
        for number, line in enumerate(lint.strip_comments(text).splitlines(), 1):
            match = re.search(r"\b(exit|_exit|abort|quick_exit|g_error|perror)\s*\(", line)
            if match:
                findings.append(f"{name}:{number}: {match.group(1)}: errors go up as GError, guests get answers")


def main():
    findings = []
    for name in lint.files(*SOURCES):
        if not name.startswith(NO_SPDX):
            check(name, findings)
    lint.report(findings)


if __name__ == "__main__":
    main()
