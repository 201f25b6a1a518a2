#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""build/chimera knows no guest: no symbol of it carries an architecture's, board's or device's name, it links no
library beyond GLib, GModule and libffi (and C's own), and lists come from manifests: -M help opens no module.

The host back end's folder is the exception: it is named after the host.
"""
import configparser
import glob
import os
import re
import subprocess
import sys
import lint

LIBRARIES = re.compile(r"^lib(glib-2\.0|gmodule-2\.0|ffi|c|m|pthread|dl|asan|ubsan|tsan|gcov|gcc_s)\.so")
# Words that are names of guest architectures or hardware whatever the manifests hold.
WORDS = {"arm", "aarch64", "aarch32", "armv7", "armv8", "riscv", "riscv32", "riscv64", "mips", "ppc", "cortex", "gic",
         "gicv2", "gicv3", "pl011", "pl031", "pl061", "nvic", "neoverse", "toy", "virtio", "psci"}


def manifest_words():
    words = set(WORDS)
    for path in glob.glob(os.path.join(lint.BUILD, "modules", "chimera-*.manifest")):
        manifest = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=False)
        manifest.optionxform = str
        manifest.read(path)
        for section in ("machines", "cpus", "devices", "archs"):
            if manifest.has_section(section):
                words |= {w for w in re.split(r"[^a-z0-9]+", " ".join(manifest.options(section)).lower())
                          if len(w) > 3 and re.search(r"\d", w)}
    return words


def main():
    program = os.path.join(lint.BUILD, "chimera")
    if not glob.glob(os.path.join(lint.BUILD, "modules", "chimera-*.so")):
        sys.exit(77)                            # -Dmodules=builtin: the modules are in it
    findings, words = [], manifest_words()
    out = subprocess.run(["nm", "--defined-only", program], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        name = line.split()[-1]
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name) + name.split("_")
        bad = words & {p.lower() for p in parts}
        if bad:
            findings.append(f"chimera: symbol {name}: {', '.join(sorted(bad))}")
    out = subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"NEEDED\s+(\S+)", out):
        if not LIBRARIES.match(library):
            findings.append(f"chimera: links {library}")
    for args in (["-M", "help"], ["-cpu", "help"], ["-device", "help"], ["-version"]):
        run = subprocess.run([program, *args], capture_output=True, text=True, env=dict(os.environ, LD_DEBUG="files"))
        if run.returncode != 0:
            findings.append(f"chimera {' '.join(args)}: status {run.returncode}")
        if "file=libglib" not in run.stderr:
            findings.append("LD_DEBUG=files says nothing: this check sees nothing")
        opened = set(re.findall(r"chimera-[\w-]+\.so", run.stderr))
        if opened:
            findings.append(f"chimera {' '.join(args)}: opened {', '.join(sorted(opened))}")
    lint.report(findings)


if __name__ == "__main__":
    main()
