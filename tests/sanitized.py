#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command with a program that is built under a sanitizer, in a folder of its own below the build folder.

sanitized.py address|undefined|thread COMMAND...     {chimera} in COMMAND is the program
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    mode, command = sys.argv[1], sys.argv[2:]
    build = os.path.join(os.environ.get("CHIMERA_BUILD", os.path.join(ROOT, "build")), "sanitize-" + mode)
    if os.environ.get("CHIMERA_SANITIZER", "none") != "none":
        print("1..0 # SKIP this build has a sanitizer of its own")
        return 0
    if not os.path.exists(os.path.join(build, "build.ninja")):
        # sanitizers make the compiler warn of code that it made itself
        subprocess.run(["meson", "setup", build, ROOT, f"-Db_sanitize={mode}", "-Db_lundef=false", "-Dwerror=false"],
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", build, "product"], check=True, stdout=subprocess.DEVNULL)
    env = dict(os.environ, CHIMERA_BUILD=build, CHIMERA_SANITIZER=mode, CHIMERA_PATIENCE="10")
    chimera = os.path.join(build, "chimera")
    return subprocess.run([a.replace("{chimera}", chimera) for a in command], env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
