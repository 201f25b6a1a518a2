# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints share: the tree's files, text without comments, and how findings are told."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("CHIMERA_BUILD", os.path.join(ROOT, "build"))


def files(*suffixes):
    """The tree's own files, from git when there is one, as paths from the root."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=True).stdout.decode()
        names = [n for n in out.split("\0") if n and os.path.exists(os.path.join(ROOT, n))]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, found in os.walk(ROOT):
            folders[:] = [d for d in folders if not d.startswith(("build", ".git", "__pycache__"))]
            names += [os.path.relpath(os.path.join(folder, f), ROOT) for f in found]
    return sorted(n for n in set(names) if not suffixes or n.endswith(suffixes))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def strip_comments(text):
    """Comments and string literals become blanks; line numbers stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def report(findings):
    """Prints findings and ends the script."""
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
