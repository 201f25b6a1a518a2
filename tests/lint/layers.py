#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every #include "..." is written from the root, and docs/layers.txt allows it; *_int.h stays in its folder."""
import os
import re
import lint


def load_rules():
    rules = {}
    for line in lint.read("docs/layers.txt").splitlines():
        line = line.split("#")[0].strip()
        if line:
            subject, allowed = line.split(":")
            rules[subject.strip()] = allowed.split()
    return rules


def below(name, folder):
    return name.startswith(folder + "/")


def rule_of(rules, name):
    best = None
    for subject in rules:
        hit = name == subject or (below(name, subject) if subject != "core" else os.path.dirname(name) == "core")
        if hit and (best is None or len(subject) > len(best)):
            best = subject
    return best


def allows(allowed, header):
    return any(header == a or (os.path.dirname(header) == "core" if a == "core" else below(header, a))
               for a in allowed)


def main():
    rules, findings = load_rules(), []
    with open(os.path.join(lint.BUILD, "build.ninja")) as f:
        generated = set(re.findall(r"\S+\.h\b", f.read()))
    for subject in rules:
        if not os.path.exists(os.path.join(lint.ROOT, subject)) and "." in subject:
            findings.append(f"docs/layers.txt: {subject}: no such file")
    for name in lint.files(".c", ".h", ".def"):
        in_tests = "tests" in name.split("/")[:-1]
        code = re.sub(r"/tests/.*", "/x", name) if in_tests else name      # a test may what the code beside it may
        subject = rule_of(rules, code)
        if subject is None and not in_tests:
            findings.append(f"{name}: docs/layers.txt has no row for it")
            continue
        for number, line in enumerate(lint.read(name).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            header, where = match.group(1), f"{name}:{number}"
            if not (os.path.exists(os.path.join(lint.ROOT, header)) or
                    os.path.exists(os.path.join(lint.BUILD, header)) or header in generated):
                findings.append(f"{where}: {header}: not a path from the root")
            elif in_tests and (subject is None or below(header, "tests/lib")):
                continue
            elif in_tests and below(header, os.path.dirname(name)):
                continue
            elif not allows(rules[subject], header):
                findings.append(f"{where}: {subject} may not include {header} (docs/layers.txt)")
            elif header.endswith("_int.h") and not below(code, os.path.dirname(header)):
                findings.append(f"{where}: {header} is for {os.path.dirname(header)} alone")
    lint.report(findings)


if __name__ == "__main__":
    main()
