#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""abi_hash.py OUTPUT HEADER...: writes core/abi.h, whose CHIMERA_ABI is a hash of the installed headers."""
import hashlib
import sys

digest = hashlib.sha256()
for header in sorted(sys.argv[2:], key=lambda path: path.split("core/", 1)[-1]):
    with open(header, "rb") as f:
        digest.update(header.split("core/", 1)[-1].encode() + b"\0" + f.read() + b"\0")
text = f"""/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Generated: the modules' ABI, a hash of the installed headers. */
#ifndef CORE_ABI_H
#define CORE_ABI_H

#define CHIMERA_ABI "{digest.hexdigest()[:16]}"

#endif
"""
with open(sys.argv[1], "w") as f:
    f.write(text)
