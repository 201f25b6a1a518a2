#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No mutable state of ours outside a machine, a CPU or a device: the objects of the program and the modules define no
variables in .data, .bss or thread-local storage, but those of state_allowed.txt, which says why."""
import os
import re
import subprocess
import lint

SECTIONS = re.compile(r"\.(data|bss|tdata|tbss)(\.|$)")


def allowed():
    rows = {}
    for line in lint.read("tests/lint/state_allowed.txt").splitlines():
        if line.strip() and not line.startswith("#"):
            symbol, reason = line.split(None, 1)
            rows[symbol] = reason
    return rows


def objects():
    for folder, _, names in os.walk(lint.BUILD):
        rel = os.path.relpath(folder, lint.BUILD)
        if rel.startswith(("tests", "meson-", "sanitize-")) or "test" in os.path.basename(folder):
            continue
        for name in names:
            if name.endswith(".o") and "_tests_" not in name and not name.startswith("tests_"):
                yield os.path.join(folder, name)


def main():
    rows, used, findings = allowed(), set(), []
    for path in sorted(objects()):
        out = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            match = re.match(r"[0-9a-f]+ (.......) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
            if not match:
                continue
            flags, section, size, symbol = match.groups()
            if ("O" not in flags and not section.startswith(".t")) or int(size, 16) == 0:
                continue
            if not SECTIONS.match(section) or section.startswith(".data.rel.ro"):
                continue
            symbol = re.sub(r"\.\d+$", "", symbol)                         # a static of a function: gcc's name,
            symbol = re.sub(r"^\w+\.(?=\w)", "", symbol)                 # clang's
            if symbol in rows:
                used.add(symbol)
            elif not re.match(r"(__|\.|_g_)", symbol):
                findings.append(f"{os.path.relpath(path, lint.BUILD)}: {symbol} in {section}: mutable state outside any "
                                "object")
    findings += [f"state_allowed.txt: {s}: nothing has it any more" for s in rows if s not in used]
    lint.report(findings)


if __name__ == "__main__":
    main()
