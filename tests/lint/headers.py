#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each header that has a guard compiles alone, and no headers include each other in a circle. Argument: the compiler."""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import lint


def includes(name):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', lint.read(name), re.M)


def circles(headers):
    graph = {h: [i for i in includes(h) if i in headers] for h in headers}
    findings, state = [], {}

    def visit(header, path):
        if state.get(header) == "done":
            return
        if header in path:
            findings.append("headers include each other: " + " -> ".join(path[path.index(header):] + [header]))
            return
        for i in graph[header]:
            visit(i, path + [header])
        state[header] = "done"
    for h in sorted(headers):
        visit(h, [])
    return findings


def compile_alone(args):
    command, header = args
    source = f'#include "{header}"\n'
    run = subprocess.run(command + ["-x", "c", "-fsyntax-only", "-"], input=source, text=True, capture_output=True,
                         cwd=lint.ROOT)
    return f"{header} does not compile alone:\n{run.stderr.strip()}" if run.returncode else None


def main():
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "gmodule-2.0"], capture_output=True, text=True,
                           check=True).stdout
    command = shlex.split(sys.argv[1]) + ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
                                          "-Wno-missing-field-initializers", "-Wno-unused-function",
                                          "-D_GNU_SOURCE", "-I", lint.ROOT, "-I", lint.BUILD] + shlex.split(flags)
    # one without a guard is a template, included several times with other macros
    headers = [h for h in lint.files(".h") if not h.startswith("tests/guest/") and
               re.search(r"^#ifndef \w+_H$", lint.read(h), re.M)]
    findings = circles(set(headers))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings += [f for f in pool.map(compile_alone, [(command, h) for h in headers]) if f]
    lint.report(findings)


if __name__ == "__main__":
    main()
