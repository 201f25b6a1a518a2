#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
coverage.py: A64's pattern files against the specification's table (tests/data/arm/a64.tsv).

Both sides are sets of words, held as cubes (mask, value), so that the comparison is exact, not sampled: for each
row of the table, the words that the table's rule gives to it, and the words that the patterns decode and say are
its. They must be equal, but for what needs a feature that no pattern names. Then random words go through the
generator's own evaluation of the patterns and, if it is built, through chimera --decode, and the features that each
word needs are compared.

  coverage.py [--report] [--words N] [--seed N]     exit status 1 if anything differs
"""

import argparse
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
sys.path.insert(0, os.path.join(ROOT, 'targets', 'common'))
import decodegen as dg      # noqa: E402  (found by the line above)

GROUPS = ('base', 'advsimd-fp')
BASELINE = {'FP', 'AdvSIMD'}            # what the table takes for granted
# Features whose instructions must be there. Others may be left out, whole.
PROMISED = BASELINE | {
    'AES', 'PMULL', 'SHA1', 'SHA256', 'SHA512', 'SHA3', 'SM3', 'SM4', 'CRC32', 'LSE', 'LOR', 'RDM', 'PAN',
    'UAO', 'FP16', 'DotProd', 'FHM', 'LRCPC', 'LRCPC2', 'LRCPC3', 'LSE128', 'MOPS', 'MTE', 'MTE2', 'DIT', 'SSBS', 'FlagM',
    'FlagM2',
    'FRINTTS', 'JSCVT', 'FCMA',
    'BF16', 'I8MM', 'SB', 'PAuth', 'BTI', 'RAS', 'CSSC', 'HBC', 'WFxT', 'XS', 'THE', 'D128', 'SYSREG128', 'SYSINSTR128',
    'GCS'}


# Features whose rows may be missing: docs/CAVEATS.md says why. Every other row decodes in full.
MISSING = {'TME'}
# UDF is UNDEFINED by definition; of MSR (immediate) the fields of other features are missing.
EXCEPTIONS = {'udf_perm_undef.udf', 'msr_imm.system_register_cpsr'}


class SpecCond:
    """Conditions of the table (tests/data/arm/README.md) to cubes."""

    TOKEN = re.compile(r'\s*(==|!=|[&|()]|!(?=\()|[\w.]+(?:\[\d+(?::\d+)?\])?)')

    def __init__(self, text, fields):
        self.tokens = self.TOKEN.findall(text)
        if ''.join(self.tokens) != text.replace(' ', ''):
            raise ValueError(text)
        self.pos = 0
        self.fields = fields
        self.cond = self.alternatives()
        if self.pos != len(self.tokens):
            raise ValueError(text)

    def take(self):
        self.pos += 1
        return self.tokens[self.pos - 1]

    def more(self, token):
        if self.pos < len(self.tokens) and self.tokens[self.pos] == token:
            self.pos += 1
            return True
        return False

    def alternatives(self):
        out = [self.parts()]
        while self.more('|'):
            out.append(self.parts())
        return ('or', out)

    def parts(self):
        out = [self.atom()]
        while self.more('&'):
            out.append(self.atom())
        return ('and', out)

    def positions(self, name):
        if m := re.fullmatch(r'insn\[(\d+)(?::(\d+))?\]', name):
            high, low = int(m.group(1)), int(m.group(2) or m.group(1))
            return list(range(high, low - 1, -1))
        return self.fields[name]

    def atom(self):
        if self.more('!'):
            return ('not', self.atom())
        if self.more('('):
            inner = self.alternatives()
            if not self.more(')'):
                raise ValueError('no )')
            return inner
        left = self.take()
        if left == '1':
            return ('bits', 0, 0)
        left = self.positions(left)
        op, right = self.take(), self.take()
        if re.fullmatch('[01x]+', right):
            result = ('bits', sum(1 << p for p, b in zip(left, right) if b != 'x'),
                      sum(1 << p for p, b in zip(left, right) if b == '1'))
        else:
            result = ('eq', left, self.positions(right))
        return result if op == '==' else ('not', result)


def spec_fields(row):
    out = {}
    for f in row.columns['fields'].split():
        name, _, bits = f.partition(':')
        high, _, low = bits.partition('-')
        out[name] = list(range(int(high), int(low or high) - 1, -1))
    return out


def cubes_of(text, fields):
    return dg.cond_cubes(SpecCond(text, fields).cond) if text else []


def parse_features(text, fields):
    """[(condition cubes, feature)]: a word in the cubes needs the feature."""
    out = []
    for part in re.findall(r'(?:\[[^\]]*\])?FEAT_\w+', text):
        m = re.fullmatch(r'(?:\[([^\]]*)\])?FEAT_(\w+)', part)
        out.append((cubes_of(m.group(1), fields) if m.group(1) else [(0, 0)], m.group(2)))
    if len(out) != text.count('FEAT_') or '|FEAT' in re.sub(r'\[[^\]]*\]', '', text):
        raise ValueError(text)
    return out


def is_hint(row):
    return row.value & 0xfffff01f == 0xd503201f and row.mask & 0xfffff000 == 0xfffff000


class Coverage:
    def __init__(self):
        data = os.path.join(ROOT, 'tests', 'data', 'arm', 'a64.tsv')
        arm = os.path.join(ROOT, 'targets', 'arm')
        paths = [os.path.join(arm, f) for f in sorted(os.listdir(arm)) if re.fullmatch(r'a64_.*\.decode', f)]
        self.spec = [r for r in dg.load_spec(data) if r.group in GROUPS]
        self.isa = dg.Isa(paths, dg.load_features(os.path.join(arm, 'features.def')), dg.load_spec(data))
        self.supported = {n for r in self.isa.rows for n in dg.needs_names(r.needs)}
        self.buckets = {}
        for r in self.spec:
            fields = spec_fields(r)
            r.needs = parse_features(r.columns['feature'], fields)
            r.cubes = dg.cubes_subtract([(r.mask, r.value)], cubes_of(r.columns['undef'], fields) +
                                        cubes_of(r.columns['see'], fields))
            r.bits = bin(r.mask).count('1')
        for r in self.spec:
            # a word belongs to the row with most mask bits
            r.own = r.cubes
            for other in self.spec:
                if other.bits > r.bits and not r.mask & other.mask & (r.value ^ other.value):
                    r.own = dg.cubes_subtract(r.own, other.cubes)
            self.put(r)
        self.by_name = {r.name: r for r in self.spec}

    def put(self, r):
        for n in range(32):
            if not (n << 24 ^ r.value) & r.mask & 0x1f000000:
                self.buckets.setdefault(n, []).append(r)

    def lookup(self, word):
        """The table's own rule."""
        found = [r for r in self.buckets.get(word >> 24 & 31, ()) if word & r.mask == r.value
                 and dg.cubes_contain(r.cubes, word)]
        return max(found, key=lambda r: r.bits) if found else None

    def expected(self, row):
        """The row's words that must decode: those that need no feature which no pattern names."""
        cubes = row.own
        if not is_hint(row):
            for when, feature in row.needs:
                if feature not in self.supported:
                    cubes = dg.cubes_subtract(cubes, when)
        return cubes

    def decoded(self):
        """Row of the table -> the words that the patterns say are its."""
        out = {}
        above = {}
        for high, lows in self.isa.below.items():
            for low in lows:
                above.setdefault(low, []).append(high)
        for r in self.isa.rows:
            cubes = r.cubes
            for high in above.get(r.index, ()):
                cubes = dg.cubes_subtract(cubes, self.isa.rows[high].cubes)
            for s in r.spec_rows:           # most mask bits first
                part = dg.cubes_and(cubes, [(s.mask, s.value)])
                cubes = dg.cubes_subtract(cubes, [(s.mask, s.value)])
                out.setdefault(s.name, []).extend(part)
        return out

    def compare(self):
        """Exact comparison; a list of differences, and {row: 'all', 'part' or 'none'}."""
        decoded = self.decoded()
        errors = ['no pattern needs %s' % f for f in sorted(PROMISED - self.supported)]
        status = {}
        for name, cubes in decoded.items():
            row = self.by_name.get(name)
            extra = dg.cubes_subtract(cubes, row.own) if row else cubes
            if extra:
                errors.append('%08x decodes as %s, and is not' % (extra[0][1], name))
        for row in self.spec:
            have = decoded.get(row.name, [])
            missing = dg.cubes_subtract(self.expected(row), have)
            if missing:
                errors.append('%08x is %s, and does not decode as that' % (missing[0][1], row.name))
            needs = {f for _, f in row.needs}
            if row.name not in EXCEPTIONS and not needs & MISSING and dg.cubes_subtract(row.own, have):
                errors.append('%s does not decode in full' % row.name)
            status[row.name] = 'none' if not have else 'part' if dg.cubes_subtract(row.own, have) else 'all'
        return errors, status

    def random_words(self, rng, per_row, uniform):
        for row in self.spec:
            if row.own:
                for _ in range(per_row):
                    mask, value = rng.choice(row.own)
                    yield rng.getrandbits(32) & ~mask | value
            # beside the row: one fixed or excluded bit turned over
            for _ in range(per_row // 2):
                yield rng.getrandbits(32) & ~row.mask | row.value ^ 1 << rng.randrange(32)
        for _ in range(uniform):
            yield rng.getrandbits(32)

    def check_word(self, word):
        """What is wrong with the patterns' view of word, or None."""
        row = self.lookup(word)
        got = self.isa.lookup(word)
        got_name = self.isa.spec_of(got, word).name if got else None
        needs = {f for when, f in row.needs if dg.cubes_contain(when, word)} if row else set()
        if row is None or not row.own or needs - self.supported and not is_hint(row):
            return None if got is None else '%08x: %s, not UNDEFINED' % (word, got_name)
        if got_name != row.name:
            return '%08x: %s, not %s' % (word, got_name, row.name)
        if got.name == 'HINT':
            return None if self.isa.lookup(word, set()) is got else '%08x: a hint that is UNDEFINED' % word
        if self.isa.lookup(word, needs | BASELINE) is not got:
            return '%08x: %s needs more than %s' % (word, got.name, sorted(needs))
        for f in needs:
            if self.isa.lookup(word, self.supported - {f}) is got:
                return '%08x: %s decodes without %s' % (word, got.name, f)
        return None

    def features_of(self, word):
        row = self.lookup(word)
        return {f for when, f in row.needs if dg.cubes_contain(when, word)} if row else set()


def run_chimera(words):
    """chimera --decode's lines for words, or None if it is not built or has no Arm target."""
    chimera = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')), 'chimera')
    if not os.path.exists(chimera):
        return None
    text = ''.join('%08x\n' % w for w in words)
    r = subprocess.run([chimera, '--decode', 'aarch64'], input=text, capture_output=True, text=True,
                       check=False)
    if r.returncode != 0:
        print('coverage: chimera --decode aarch64: %s' % r.stderr.strip())
        return None
    return r.stdout.splitlines()


def report(c, status):
    print('%-12s %-24s %5s %5s %5s %5s' % ('group', 'feature', 'rows', 'all', 'part', 'none'))
    counts = {}
    for row in c.spec:
        features = row.columns['feature']
        key = (row.group, '-' if not features else features.replace('FEAT_', '') if '[' not in features else
               re.sub(r'&?\[[^\]]*\]FEAT_\w+', '', features).replace('FEAT_', '') or '-')
        n = counts.setdefault(key, {'rows': 0, 'all': 0, 'part': 0, 'none': 0})
        n['rows'] += 1
        n[status[row.name]] += 1
    total = {'rows': 0, 'all': 0, 'part': 0, 'none': 0}
    for key in sorted(counts):
        n = counts[key]
        for k in total:
            total[k] += n[k]
        print('%-12s %-24s %5d %5d %5d %5d' % (key + tuple(n[k] for k in ('rows', 'all', 'part', 'none'))))
    print('%-12s %-24s %5d %5d %5d %5d' %
          (('total', '') + tuple(total[k] for k in ('rows', 'all', 'part', 'none'))))
    for row in c.spec:
        if status[row.name] != 'all':
            print('  %-4s %s %s' % (status[row.name], row.name, row.columns['feature']))


def main():
    p = argparse.ArgumentParser(description="A64's patterns against the specification's table.")
    p.add_argument('--report', action='store_true', help='coverage by group and feature, and rows not covered')
    p.add_argument('--words', type=int, default=4, help='random words for each row')
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()

    c = Coverage()
    errors, status = c.compare()
    if args.report:
        report(c, status)
    n = {k: sum(1 for s in status.values() if s == k) for k in ('all', 'part', 'none')}
    print('coverage: %d rows in full, %d in part, %d not decoded' % (n['all'], n['part'], n['none']))

    rng = random.Random(args.seed)
    words = list(c.random_words(rng, args.words, 500 * args.words))
    errors += [e for w in words if (e := c.check_word(w))]
    print('coverage: %d random words, seed %d' % (len(words), args.seed))

    lines = run_chimera(words)
    if lines is None:
        print('coverage: chimera --decode was not run')
    else:
        if len(lines) != len(words):
            errors.append('chimera --decode: %d lines for %d words' % (len(lines), len(words)))
        # the CPU need not have every feature; one that decodes somewhere it has
        needs = [c.features_of(w) for w in words]
        wrong = [(w, n, line) for w, n, line in zip(words, needs, lines)
                 if line != '%08x\t%s' % (w, c.isa.describe(w))]
        wrong_words = {w for w, n, line in wrong}
        have = {f for w, n in zip(words, needs) if w not in wrong_words for f in n}
        lacks = set()
        for w, n, line in wrong:
            if n - have and (line.endswith('\tUNDEFINED') or '\tHINT\t' in line):
                lacks |= n - have
            else:
                errors.append('chimera --decode: "%s", not "%s"' % (line, c.isa.describe(w)))
        if lacks:
            print('coverage: the CPU seems to lack %s' % ' '.join(sorted(lacks)))
        print('coverage: compared with chimera --decode')
    for e in errors[:40]:
        print('coverage: ' + e)
    print('coverage: %d differences' % len(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
