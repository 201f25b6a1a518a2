#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds a build folder and runs its tests; the last line is "N passed, N failed, N skipped".

A test program that speaks TAP counts once for each of its subtests, any other once. Exit status 0 when nothing
failed.
"""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}


def count_tap(text):
    """(passed, failed, skipped) of a TAP stream's top level."""
    passed = failed = skipped = 0
    for line in text.splitlines():
        match = re.match(r"(not )?ok\b[^#]*(?:#\s*(\w+))?", line)
        if not match:
            continue
        directive = (match.group(2) or "").upper()
        if directive == "SKIP":
            skipped += 1
        elif match.group(1) and directive != "TO" "DO":
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped


FIGURE = re.compile(r"^(?:#\s*)?(?:(?:ok|not ok) \d+ (?:- )?)?(.*\b\d+ (?:instructions|executions|images|files|packets|"
                    r"accesses|rounds|patterns|encodings|programs|rows|cases)\b.*)$", re.M)


def figures(log):
    """Of the long tests: what each says of how much it did, and how long it took; then all of them."""
    total = 0
    with open(log) as f:
        for line in f:
            test = json.loads(line)
            total += test["duration"]
            if ":long" not in test["name"]:
                continue
            said = FIGURE.findall(test.get("stdout") or "")
            print(f"{test['name']}: {test['duration']:.0f} s{': ' + said[-1] if said else ''}")
    print(f"{total / 60:.1f} minutes of tests")


def count(log):
    passed = failed = skipped = 0
    failures = []
    with open(log) as f:
        for line in f:
            test = json.loads(line)
            result = test["result"].upper()
            p, n, s = count_tap(test.get("stdout") or "") if re.search(r"^1\.\.\d+", test.get("stdout") or "", re.M) \
                else (0, 0, 0)
            if result in BAD:
                failures.append(f"{test['name']} ({result.lower()})")
                n = max(n, 1)
            elif result == "SKIP":
                s = max(s, 1)
            elif p + n + s == 0:
                p = 1
            passed, failed, skipped = passed + p, failed + n, skipped + s
    return passed, failed, skipped, failures


def coverage(build):
    """Lines executed, a folder a line, from gcov's own report."""
    totals = {}
    for folder, _, files in os.walk(build):
        data = [os.path.join(folder, f) for f in files if f.endswith(".gcda")]
        for path in data:
            out = subprocess.run(["gcov", "--json-format", "--stdout", path], cwd=build, capture_output=True)
            for text in out.stdout.splitlines():
                for source in json.loads(text)["files"]:
                    name = os.path.relpath(os.path.join(build, source["file"]), ROOT)
                    if name.startswith((".", "/")) or "/tests/" in name:
                        continue
                    lines = totals.setdefault(os.path.dirname(name), {})
                    for line in source["lines"]:
                        key = name, line["line_number"]
                        lines[key] = lines.get(key, False) or line["count"] > 0
    for folder in sorted(totals):
        hit, total = sum(totals[folder].values()), len(totals[folder])
        print(f"{folder:32} {hit:6} of {total:6} lines {100 * hit / total:5.1f}%")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--setup-args", default="", help="meson options of a new build folder")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("tests", nargs="*", help="names; all of the suites if none is given")
    args = parser.parse_args()
    os.chdir(ROOT)
    build = os.path.abspath(args.build)

    if not os.path.exists(os.path.join(build, "build.ninja")):
        subprocess.run(["meson", "setup", build, *shlex.split(args.setup_args)], check=True, stdout=subprocess.DEVNULL)
    if subprocess.run(["ninja", "-C", build, "all", "meson-test-prereq"]).returncode != 0:
        print("run.py: the build failed", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs"]
    for suite in args.suite or ["short"]:
        command += ["--suite", suite]
    status = subprocess.run(command + args.tests).returncode
    if not os.path.exists(log):
        print("0 passed, 1 failed, 0 skipped")
        return 1
    passed, failed, skipped, failures = count(log)
    if args.coverage:
        coverage(build)
    if "long" in args.suite:
        figures(log)
    if status and not failed:
        failed = 1
    for name in failures:
        print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
