#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exports.py OUTPUT HEADER...: a linker's dynamic list of the functions and objects that the headers declare.

A name that the program does not define has no effect, so the scan may take in too many: every identifier that
stands before a parenthesis or ends an extern declaration, outside comments and preprocessor lines. Names of
macros and of static inline functions do no harm either.
"""
import re
import sys

names = set()
for header in sys.argv[2:]:
    with open(header) as f:
        text = f.read()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", " ", text, flags=re.M)
    names |= set(re.findall(r"\b([A-Za-z_]\w*)\s*\(", text))
    for declaration in re.findall(r"\bextern\s+([^;(]*);", text):
        for part in declaration.split(","):
            match = re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", part)
            if match:
                names.add(match.group(1))
names -= {"if", "for", "while", "switch", "return", "sizeof", "defined", "__attribute__", "_Static_assert"}
with open(sys.argv[1], "w") as f:
    f.write("{\n" + "".join(f"{name};\n" for name in sorted(names)) + "};\n")
