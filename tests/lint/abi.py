#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the program exports equals docs/abi.txt, so that a change of the modules' interface is a line in a diff; what a
module leaves undefined is a part of it or of the libraries it links; and a module exports its descriptor alone.

--update writes docs/abi.txt anew.
"""
import glob
import os
import re
import subprocess
import sys
import lint


def symbols(path, *flags):
    out = subprocess.run(["nm", "-D", "--no-sort", *flags, path], capture_output=True, text=True, check=True).stdout
    found = set()
    for line in out.splitlines():
        parts = line.split()
        kind, name = (parts[-2], parts[-1]) if len(parts) >= 2 else ("", "")
        if kind not in "wv":                    # W, a weak definition, is one: half of libc is weak
            found.add(name.split("@")[0])
    return found


def libraries(path):
    out = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S+) \(", out)


def main():
    program = os.path.join(lint.BUILD, "chimera")
    modules = sorted(glob.glob(os.path.join(lint.BUILD, "modules", "chimera-*.so")))
    if not modules:
        sys.exit(77)                            # -Dmodules=builtin: nothing is exported to anybody
    exported = {s for s in symbols(program, "--defined-only") if not s.startswith(("_", "__")) and s != "main"}
    listed = os.path.join(lint.ROOT, "docs", "abi.txt")
    if sys.argv[1:] == ["--update"]:
        with open(listed, "w") as f:
            f.write("# What the program offers to modules. Written by tests/lint/abi.py --update.\n")
            f.writelines(name + "\n" for name in sorted(exported))
        return
    wanted = exported                           # until a list is written, modules alone are checked
    if os.path.exists(listed):
        with open(listed) as f:
            wanted = {line.strip() for line in f if line.strip() and not line.startswith("#")}
    findings = [f"{name}: exported, and not in docs/abi.txt" for name in sorted(exported - wanted)]
    findings += [f"{name}: in docs/abi.txt, and not exported" for name in sorted(wanted - exported)]
    if findings:
        findings.append("tests/lint/abi.py --update writes the list anew")
    for path in modules:
        name = os.path.basename(path)
        own = symbols(path, "--defined-only")
        if own != {"chimera_module"}:
            findings.append(f"{name}: exports {', '.join(sorted(own - {'chimera_module'}))}")
        known = set(exported)
        for library in libraries(path):
            known |= symbols(library, "--defined-only")
        findings += [f"{name}: needs {s}, which nobody offers" for s in sorted(symbols(path, "--undefined-only") - known)
                     if not s.startswith(("__asan", "__ubsan", "__tsan", "__gcov", "__sanitizer"))]
    lint.report(findings)


if __name__ == "__main__":
    main()
