#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every source that the build compiles is free of clang's warnings too: its own command line, the syntax alone.

Generated headers must be there: it comes after the build of the tests. Exit status 77 (skipped) where there is no clang.
"""
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import lint

KEPT = ("-I", "-D", "-std=", "-W", "-isystem", "-pthread")


def commands():
    """(source, folder, flags), each source once."""
    with open(os.path.join(lint.BUILD, "compile_commands.json")) as f:
        found = {os.path.normpath(os.path.join(c["directory"], c["file"])): (c["directory"], shlex.split(c["command"]))
                 for c in json.load(f)}
    for source, (folder, words) in sorted(found.items()):
        if source.endswith(".c") and os.path.exists(source):
            yield source, folder, [w for w in words if w.startswith(KEPT) and not w.startswith(("-Wl,", "-Winvalid-pch"))]


def check(command):
    source, folder, flags = command
    run = subprocess.run(["clang", "-fsyntax-only", "-Wno-unknown-warning-option", *flags, "-Werror", source], cwd=folder,
                         text=True, capture_output=True)
    return run.stderr.strip() or f"{source}: status {run.returncode}" if run.returncode else None


def main():
    if not shutil.which("clang"):
        print("no clang")
        raise SystemExit(77)
    todo = list(commands())
    if not todo:
        lint.report(["compile_commands.json names no sources"])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [f for f in pool.map(check, todo) if f]
    print(f"{len(todo)} sources")
    lint.report(findings)


if __name__ == "__main__":
    main()
