#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
translated.py: every A64 pattern has its trans_ function.

decode_a64 refers to the trans_ functions weakly, so that a pattern without one is UNDEFINED and not a link error;
this finds them in the module's archive. Exit status 77 (skipped) where no translator is linked at all.
"""

import os
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..'))


def main():
    build = os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build'))
    archive = os.path.join(build, 'modules', 'libmodule-arm.a')
    if not os.path.exists(archive):
        print('translated: %s is not built' % archive)
        return 77
    wanted, defined = set(), set()
    out = subprocess.run(['nm', archive], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[-1].startswith('trans_'):
            if parts[-2] == 'w':
                wanted.add(parts[-1])
            elif parts[-2] in 'TW':
                defined.add(parts[-1])
    if not wanted:
        print('translated: no A64 translator is linked')
        return 77
    for name in sorted(wanted - defined):
        print('translated: no %s' % name)
    print('translated: %d of %d patterns' % (len(wanted & defined), len(wanted)))
    return 1 if wanted - defined else 0


if __name__ == '__main__':
    sys.exit(main())
