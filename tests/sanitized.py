#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command with a program that is built under a sanitizer, in a folder of its own below the build folder.

sanitized.py address|undefined|thread COMMAND...     {chimera} in COMMAND is the program
"""
import fcntl
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def ran(command):
    """Whether it ended well; what it printed is shown if not."""
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode:
        print(p.stdout[-5000:])
    return p.returncode == 0


def main():
    mode, command = sys.argv[1], sys.argv[2:]
    build = os.path.join(os.environ.get("CHIMERA_BUILD", os.path.join(ROOT, "build")), "sanitize-" + mode)
    if os.environ.get("CHIMERA_SANITIZER", "none") != "none":
        print("1..0 # SKIP this build has a sanitizer of its own")
        return 0
    os.makedirs(build, exist_ok=True)
    with open(build + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # tests run side by side, and ninja does not look for another
        # sanitizers make the compiler warn of code that it made itself
        if not os.path.exists(os.path.join(build, "build.ninja")) and \
           not ran(["meson", "setup", build, ROOT, f"-Db_sanitize={mode}", "-Db_lundef=false", "-Dwerror=false"]):
            return 1
        if not ran(["ninja", "-C", build, "product"]):
            return 1
    env = dict(os.environ, CHIMERA_BUILD=build, CHIMERA_SANITIZER=mode, CHIMERA_PATIENCE="10")
    chimera = os.path.join(build, "chimera")
    return subprocess.run([a.replace("{chimera}", chimera) for a in command], env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
