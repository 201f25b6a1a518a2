#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
proof.py: what shows that each encoding of the specification's table (tests/data/arm/a64.tsv) does what it must.

Of each row of the groups that coverage.py looks at, the first of these that has words of it:

  oracle    insn_oracle.py and precise.py --oracle compare what it does with the other emulator
  directed  a64_directed.py: the pseudocode, evaluated outside our C
  system    system.py and its like: kernels that print values of the manual
  precise   precise.py: what it does alone, in steps, with faults and interrupts is the same

A row that decodes and that none has is a failure. Printed are the counts, by feature for what the oracle does not have,
and with --list each row.

    proof.py [--list]

Exit status 77 (skipped) without the cross assembler.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import a64_directed
import coverage
import insn_oracle
import precise
import system

WORDS = 24                                      # random ones of each pattern, to know its rows


def of_objects(exe, first=''):
    """The instruction words of an executable, from symbol `first` on: what the assembler made from instructions."""
    out, begun = [], not first
    text = subprocess.run(['aarch64-linux-gnu-objdump', '-d', exe], capture_output=True, text=True, check=True).stdout
    for line in text.split('\n'):
        begun |= line.endswith('<%s>:' % first)
        m = re.match(r'\s*[0-9a-f]+:\t([0-9a-f]{8}) *\t(\S+)', line)
        if m and begun and m.group(2) != '.word':
            out.append(int(m.group(1), 16))
    return out


def oracle_words():
    rng = random.Random(1)
    for path, names in insn_oracle.DEFAULT:
        for row in insn_oracle.load_rows(os.path.join(insn_oracle.ARM, path)):
            if insn_oracle.allowed(row) and re.match(names, row['name']):
                for _ in range(WORDS):
                    yield insn_oracle.choose_word(rng, row, 'ldst' in path, path == 'a64_ldst.decode')
    yield from precise_words(100)


def precise_words(count):
    for program in precise.Image(random.Random(3), count, 1).programs:
        yield from program.words


def directed_words():
    cases = a64_directed.all_cases('max', 1, a64_directed.MODELS, 1)
    with tempfile.TemporaryDirectory() as folder:
        yield from of_objects(a64_directed.build(folder, cases), 'piece0')


def system_words():
    with tempfile.TemporaryDirectory() as folder:
        for name in system.PROGRAMS:
            yield from of_objects(system.build(folder, name))


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--list', action='store_true', help='each row')
    args = p.parse_args()
    if not shutil.which('aarch64-linux-gnu-gcc'):
        print('proof: no cross assembler')
        return 77
    c = coverage.Coverage()
    _, status = c.compare()
    found = {}

    def note(kind, words):
        for word in words:
            row = c.lookup(word)
            if row:
                found.setdefault(row.name, kind)

    note('oracle', oracle_words())
    note('directed', directed_words())
    note('system', system_words())
    insn_oracle.FEATURES |= precise.MORE_FEATURES
    note('precise', precise_words(100))

    counts, features = {}, {}
    for row in c.spec:
        kind = found.get(row.name, 'none') if status[row.name] != 'none' else 'not decoded'
        counts[kind] = counts.get(kind, 0) + 1
        name = re.sub(r'\[[^\]]*\]FEAT_\w+&?', '', row.columns['feature']).replace('FEAT_', '').strip('&') or '-'
        if kind != 'oracle':
            features.setdefault(kind, {}).setdefault(name, []).append(row.name)
        if args.list:
            print('%-12s %-20s %s' % (kind, name, row.name))
    for kind, of in features.items():
        print('%s: %s' % (kind, ', '.join('%s %d' % (n, len(rows)) for n, rows in sorted(of.items()))))
    nothing = sorted(n for rows in features.get('none', {}).values() for n in rows)
    for name in nothing:
        print('nothing runs %s' % name)
    parts = ['%d %s' % (n, kind) for kind, n in sorted(counts.items(), key=lambda x: -x[1])]
    print('%d rows of encodings: %s' % (len(c.spec), ', '.join(parts)))
    return 1 if nothing else 0


if __name__ == '__main__':
    sys.exit(main())
