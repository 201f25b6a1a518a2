#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each source is compiled once: no file is built per target, and no TARGET_ macro chooses among guests.

Unit tests that are run twice with other arguments are programs of their own; they are not counted.
"""
import collections
import json
import os
import re
import lint


def main():
    findings = []
    with open(os.path.join(lint.BUILD, "compile_commands.json")) as f:
        commands = json.load(f)
    seen = collections.Counter()
    for c in commands:
        path = os.path.relpath(os.path.join(c["directory"], c["file"]), lint.ROOT)
        if not path.startswith("..") and "tests" not in path.split("/"):
            seen[path] += 1
    findings += [f"{path}: compiled {n} times" for path, n in sorted(seen.items()) if n > 1]
    for name in lint.files(".c", ".h", ".def"):
        if name.startswith("core/"):
            for number, line in enumerate(lint.strip_comments(lint.read(name)).splitlines(), 1):
                if re.search(r"#\s*(?:if|ifdef|ifndef|elif)\b.*\bTARGET_", line):
                    findings.append(f"{name}:{number}: core/ chooses by target: {line.strip()}")
    lint.report(findings)


if __name__ == "__main__":
    main()
