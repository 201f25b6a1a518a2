#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
features.py: features.def against the specification's tables (tests/data/arm/features.tsv, sysregs.tsv).

Of each row, the register, the field's place, the value and the sign must be those of the table's test. Of the
features that the table has no single such test for, the names at least must be the table's.
"""

import os
import re
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..'))

# Features whose test is not in the table's row: exception levels and what follows from another's test. Each is one
# field of ID_AA64PFR0_EL1, but for PAuth, which any of the algorithms implies.
NO_TEST = {'EL2', 'EL3', 'AA32EL0', 'AA32EL1', 'AA32EL2', 'AA32EL3', 'GICv3', 'GICv4p1', 'PAuth'}

# Features whose test in the table names other features (EL3, MTE2, granules) where features.def has their fields, or
# fields that sysregs.tsv does not know.
WRITTEN_OUT = {'DoubleFault', 'LPA2', 'MTE_ASYNC', 'NV', 'NV2', 'S2TGran4K', 'S2TGran16K', 'S2TGran64K'}


def table(name):
    with open(os.path.join(ROOT, 'tests', 'data', 'arm', name), encoding='ascii') as f:
        header = f.readline().rstrip('\n').split('\t')
        return [dict(zip(header, line.rstrip('\n').split('\t'))) for line in f]


def main():
    places = {}
    for row in table('sysregs.tsv'):
        for field in row['fields'].split():
            m = re.fullmatch(r'(\w+):(\d+)(?:-(\d+))?', field)
            if m:
                high, low = int(m.group(2)), int(m.group(3) or m.group(2))
                places[(row['name'], m.group(1))] = (low, high - low + 1)
    tests = {r['name'][5:]: r['aa64_id'] or r['aa32_id'] for r in table('features.tsv') if r['name'].startswith('FEAT_')}

    with open(os.path.join(ROOT, 'targets', 'arm', 'features.def'), encoding='utf-8') as f:
        text = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
    rows = re.findall(r'^FEATURE\((\w+), (\w+), (\d+), (\d+), (\d+), ([01]),\s+"[^"]+"\)$', text, re.M)
    expressions = re.findall(r'^FEATURE_EXPR\((\w+), (.*?),\s+"[^"]+"\)$', text, re.M | re.S)
    errors = []
    if len(rows) + len(expressions) != len(re.findall(r'^FEATURE', text, re.M)):
        errors.append('a line is not of either form')
    checked = 0
    for name, register, shift, width, minimum, is_signed in rows:
        test = tests.get(name, '')
        wanted = set()
        for m in re.finditer(r'(SInt\()?(\w+)\.(\w+)\)?>=(\d+)', test):
            place = places.get((m.group(2), m.group(3)))
            if place:
                wanted.add((m.group(2), str(place[0]), str(place[1]), m.group(4), '1' if m.group(1) else '0'))
        if name not in tests:
            errors.append('%s: no such feature in the table' % name)
        elif name in NO_TEST:
            if register != 'ID_AA64PFR0_EL1':
                errors.append('%s: not in ID_AA64PFR0_EL1' % name)
        elif wanted:
            checked += 1
            if (register, shift, width, minimum, is_signed) not in wanted:
                errors.append('%s: the table has "%s"' % (name, test))
    for name, expression in expressions:
        test = tests.get(name)
        if test is None:
            errors.append('%s: no such feature in the table' % name)
        elif name not in NO_TEST and test:
            have = {(m.group(1), int(m.group(2)), int(m.group(3)))
                    for m in re.finditer(r'IDS?\((\w+), (\d+), (\d+)\)', expression)}
            wanted = {(m.group(1),) + places.get((m.group(1), m.group(2)), (None, None))
                      for m in re.finditer(r'(ID_\w+)\.(\w+)', test)}
            if have != wanted and name not in WRITTEN_OUT:
                errors.append('%s: the fields of "%s" are %s, not %s' % (name, test, sorted(wanted, key=str), sorted(have)))
            checked += 1
    if checked < 200:
        errors.append('only %d features were compared' % checked)
    for e in errors:
        print('features: ' + e)
    print('features: %d rows, %d compared, %d errors' % (len(rows) + len(expressions), checked, len(errors)))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
