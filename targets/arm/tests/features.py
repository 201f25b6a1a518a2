#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
features.py: features.def against the specification's tables (tests/data/arm/features.tsv, sysregs.tsv).

Of each row, the register, the field's place, the value and the sign must be those of the table's test. Of the
features that the table has no single such test for, the names at least must be the table's. Each CPU model
(cpu_models.c) that has a feature has those that it implies. The list of what each has is that of docs/cpus.md, which
--update writes.
"""

import os
import re
import sys
import textwrap

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..'))

# Features whose test is not in the table's row: exception levels and what follows from another's test. Each is one
# field of ID_AA64PFR0_EL1, but for PAuth, which any of the algorithms implies.
NO_TEST = {'EL2', 'EL3', 'AA32EL0', 'AA32EL1', 'AA32EL2', 'AA32EL3', 'GICv3', 'GICv4p1', 'PAuth'}

# Features whose test in the table names other features (EL3, MTE2, granules) where features.def has their fields, or
# fields that sysregs.tsv does not know.
WRITTEN_OUT = {'DoubleFault', 'LPA2', 'MTE_ASYNC', 'NV', 'NV2', 'S2TGran4K', 'S2TGran16K', 'S2TGran64K'}

# What a feature asks for and a model has not: docs/CAVEATS.md. VHE's cores alone have a field for E2H0.
NOT_KEPT = {('max', 'THE', 'FGT2')}
FREE = {'E2H0'}
BOARDS = {'GICv3', 'GICv4p1'}                   # what the board's interrupt controller adds

DOCS = os.path.join(ROOT, 'docs', 'cpus.md')
BEGIN, END = '<!-- features: by features.py --update -->\n', '<!-- end -->\n'


def table(name):
    with open(os.path.join(ROOT, 'tests', 'data', 'arm', name), encoding='ascii') as f:
        header = f.readline().rstrip('\n').split('\t')
        return [dict(zip(header, line.rstrip('\n').split('\t'))) for line in f]


def models():
    """{model: {register: value}} of cpu_models.c, without those of the M-profile."""
    with open(os.path.join(ROOT, 'targets', 'arm', 'cpu_models.c'), encoding='utf-8') as f:
        text = f.read()
    values = {name: {r + '_EL1': int(v, 16) for r, v in re.findall(r'\bID\((\w+), (0x[0-9a-f]+)\)', body)}
              for name, body in re.findall(r'ArmIdValue (id_\w+)\[\] = \{(.*?)\n\};', text, re.S)}
    return {name: values[ids] for name, ids in re.findall(r'\.name = "([^"]+)".*?\.id = (\w+)', text, re.S)}


def features_of(ids, rows, expressions):
    """The features that the values of ID registers say."""
    def unsigned(register, shift, width):
        return ids.get(register, 0) >> shift & (1 << width) - 1

    def signed(register, shift, width):
        value = unsigned(register, shift, width)
        return value - (value >> width - 1 << width)

    have = {name for name, register, shift, width, minimum, is_signed in rows
            if (signed if is_signed == '1' else unsigned)(register, int(shift), int(width)) >= int(minimum)}
    for name, expression in expressions:
        python = re.sub(r'(IDS?)\((\w+),', r'\1("\2",', expression).replace('&&', ' and ').replace('||', ' or ')
        if eval(' '.join(python.split()), {'ID': unsigned, 'IDS': signed}):
            have.add(name)
    return have


def implied(have, known):
    """(feature, what it implies and is not there) by the table; of features that are not ours nothing is said."""
    def value(expression):
        python = re.sub(r'FEAT_(\w+)', lambda m: str(m.group(1) in have or m.group(1) not in known), expression)
        return eval(python.replace('!', ' not ').replace('&', ' and ').replace('|', ' or '))

    for row in table('features.tsv'):
        name = row['name'][5:]
        if name in have - FREE:
            parts = row['implies'].split(';')
            # conditions of features alone
            parts += [m.group(2) for m in re.finditer(r'(?:^|; )(\(?[^;v]*?)->([^;]*)', row['other']) if value(m.group(1))]
            for part in parts:
                if part.strip() and not value(part):
                    yield name, part.strip().replace('FEAT_', '')


def listing(have, order):
    """The part of docs/cpus.md."""
    lines = ['| model | features |', '|---|---|']
    seen = {}
    for model, features in have.items():
        same = next((m for m, f in seen.items() if f == features), None)
        names = ' '.join(n for n in order if n in features)
        lines.append('| `%s` | %s |' % (model, 'as `%s`' % same if same else names))
        seen.setdefault(model, features)
    every = set().union(*have.values()) | BOARDS
    lines += ['', *textwrap.wrap('No model has, as its ID registers say: ' +
                                 ' '.join(n for n in order if n not in every) + '.', 118)]
    return '\n'.join(lines) + '\n'


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
    order = re.findall(r'^FEATURE(?:_EXPR)?\((\w+),', text, re.M)
    have = {model: features_of(ids, rows, expressions) for model, ids in models().items()}
    missing = {(model, *pair) for model, features in have.items() for pair in implied(features, set(order))}
    errors += ['%s: %s without %s' % m for m in sorted(missing - NOT_KEPT)]
    errors += ['%s: %s has %s after all' % m for m in sorted(NOT_KEPT - missing)]
    with open(DOCS, encoding='utf-8') as f:
        docs = f.read()
    head, rest = docs.split(BEGIN)
    wanted = head + BEGIN + listing(have, order) + END + rest.split(END)[1]
    if '--update' in sys.argv[1:]:
        with open(DOCS, 'w', encoding='utf-8') as f:
            f.write(wanted)
    elif docs != wanted:
        errors.append('docs/cpus.md is not what it says: features.py --update')
    if checked < 200:
        errors.append('only %d features were compared' % checked)
    for e in errors:
        print('features: ' + e)
    print('features: %d rows, %d compared, %d errors' % (len(rows) + len(expressions), checked, len(errors)))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
