#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
m_coverage.py: the pattern files of T16 and T32 against M-profile's table (tests/data/arm/m_profile.tsv).

Both sides are sets of words, held as decision diagrams, so that the comparison is exact: for each profile with each
set of extensions, the words that the table gives to a row, and the words that the patterns decode on a CPU with these
features and say are the row's, must be equal; so every row decodes where it is, is UNDEFINED where it is not, and
words of no row are UNDEFINED. The rows that M-profile shares with the A-profile must be as t32.tsv has them. Then
random words go through the generator's own evaluation of the patterns and through chimera --decode.

  m_coverage.py [--words N] [--seed N]     exit status 1 if anything differs
"""

import argparse
import os
import random
import re
import subprocess
import sys

from coverage import ROOT, SpecCond, dg, spec_fields

ARM = os.path.join(ROOT, 'targets', 'arm')
DATA = os.path.join(ROOT, 'tests', 'data', 'arm')
# What has the rows that a profile brings.
HAS = {'v6-M': {'v6-M', 'v7-M', 'v7E-M', 'v8-M.base', 'v8-M.main'}, 'v7-M': {'v7-M', 'v7E-M', 'v8-M.main'},
       'v7E-M': {'v7E-M', 'v8-M.main'}, 'v8-M.base': {'v8-M.base', 'v8-M.main'}, 'v8-M.main': {'v8-M.main'}}
# Extensions of the table, by the patterns' features.
EXTENSIONS = {'DSP': 'M_DSP', 'Security': 'M_SEC', 'FP': 'VFP', 'FPv5': 'VFP_V5', 'DP': 'VFP_DP'}
# Profiles as --decode names them, the features that they have by themselves, and the extensions to try.
PROFILES = {
    'v6-M': (set(), [set()]),
    'v7-M': ({'T32'}, [set()]),
    'v7E-M': ({'T32', 'M_DSP'}, [{'DSP'}, {'DSP', 'FP'}, {'DSP', 'FP', 'FPv5'}, {'DSP', 'FP', 'FPv5', 'DP'}]),
    'v8-M.base': ({'M_V8'}, [set(), {'Security'}]),
    'v8-M.main': ({'T32', 'M_V8'}, [set(), {'Security'}, {'DSP'}, {'Security', 'DSP', 'FP', 'FPv5'},
                                    {'Security', 'DSP', 'FP', 'FPv5', 'DP'}]),
}
# BXNS and BLXNS take bits of BX and BLX that are ignored elsewhere; of VMRS and VMSR there is one register.
NARROWER = {'BX_T1', 'BLX_r_T1', 'VMRS_T1', 'VMSR_T1'}


class Words:
    """
    Sets of words as reduced ordered decision diagrams, the top bit first. A set is a number: 0 the empty one, 1 all
    words, else the index of a node (bit, the set where it is 0, that where it is 1); equal sets are equal numbers.
    """

    def __init__(self):
        self.nodes, self.index, self.known = [(-1, 0, 0), (-1, 1, 1)], {}, {}

    def node(self, bit, low, high):
        if low == high:
            return low
        n = self.index.setdefault((bit, low, high), len(self.nodes))
        if n == len(self.nodes):
            self.nodes.append((bit, low, high))
        return n

    def minus(self, a, b):
        if a == 0 or b == 1 or a == b:
            return 0
        if b == 0:
            return a
        out = self.known.get((a, b))
        if out is None:
            na, nb = self.nodes[a], self.nodes[b]
            bit = max(na[0], nb[0])
            la, ha = na[1:] if na[0] == bit else (a, a)
            lb, hb = nb[1:] if nb[0] == bit else (b, b)
            out = self.known[a, b] = self.node(bit, self.minus(la, lb), self.minus(ha, hb))
        return out

    def both(self, a, b):
        return self.minus(a, self.minus(1, b))

    def either(self, a, b):
        return self.minus(1, self.minus(self.minus(1, a), b))

    def cube(self, mask, value):
        out = 1
        for bit in range(32):
            if mask >> bit & 1:
                out = self.node(bit, 0, out) if value >> bit & 1 else self.node(bit, out, 0)
        return out

    def where(self, cond):
        """The words for which a condition of the generator's holds."""
        kind, out = cond[0], 1
        if kind == 'bits':
            return self.cube(cond[1], cond[2])
        if kind == 'not':
            return self.minus(1, self.where(cond[1]))
        if kind == 'or':
            out = 0
            for part in cond[1]:
                out = self.either(out, self.where(part))
            return out
        if kind == 'and':
            for part in cond[1]:
                out = self.both(out, self.where(part))
            return out
        for a, b in zip(cond[1], cond[2]):
            same = self.either(self.cube(1 << a | 1 << b, 0), self.cube(1 << a | 1 << b, 1 << a | 1 << b))
            out = self.both(out, same)
        return out

    def needed(self, needs, features):
        """The words for which the features that a pattern needs are there."""
        if needs[0] == 'feat':
            return int(needs[1] in features)
        if needs[0] == 'if':
            cond = self.where(needs[1])
            return self.either(self.minus(1, cond), self.both(self.needed(needs[2], features), cond))
        out = 0 if needs[0] == 'or' else 1
        for n in needs[1]:
            out = (self.either if needs[0] == 'or' else self.both)(out, self.needed(n, features))
        return out

    def one_of(self, a):
        """A word of a set that is not empty."""
        word = 0
        while a > 1:
            bit, low, high = self.nodes[a]
            word |= 0 if low else 1 << bit
            a = low or high
        return word


class Coverage:
    def __init__(self):
        paths = [os.path.join(ARM, f) for f in sorted(os.listdir(ARM)) if re.fullmatch(r't(16|32_.*)\.decode', f)]
        self.spec = dg.load_spec(os.path.join(DATA, 'm_profile.tsv'))
        self.isa = dg.Isa(paths, dg.load_features(os.path.join(ARM, 'm_features.def')), self.spec)
        w = self.words = Words()
        for r in self.spec:
            r.fields = spec_fields(r)
            r.words = w.cube(r.mask, r.value)
            for column in ('undef', 'see', 'unpred'):
                r.words = w.minus(r.words, self.where(r.columns[column], r.fields))
            r.bits = bin(r.mask).count('1')
        for r in self.isa.rows:
            r.words = 0
            for c in r.cubes:
                r.words = w.either(r.words, w.cube(*c))

    def where(self, text, fields):
        return self.words.where(SpecCond(text, fields).cond) if text else 0

    def shared(self):
        """Differences from the A-profile's table."""
        a = {r.name: r for r in dg.load_spec(os.path.join(DATA, 't32.tsv'))}
        out, count = [], 0
        for r in self.spec:
            other = a.get(r.name)
            if other is None:
                continue
            count += 1
            same = (r.mask, r.value) == (other.mask, other.value)
            if r.name in NARROWER:
                same = r.mask & other.mask == other.mask and r.value & other.mask == other.value
            if not same or r.width != other.width:
                out.append('%s is not as t32.tsv has it' % r.name)
        return out, count

    def expected(self, profile, extensions):
        """Row -> its words, with the rule that the row with most mask bits has a word."""
        w, have = self.words, []
        for r in self.spec:
            if not any(profile in HAS[f] for f in r.columns['first'].split()):
                continue
            words = r.words
            for text in r.columns['extension'].split():
                m = re.fullmatch(r'(?:\[(.*)\])?(\w+)', text)
                if m.group(2) not in extensions:
                    words = w.minus(words, self.where(m.group(1), r.fields) if m.group(1) else 1)
            have.append((r, words))
        out = {}
        for r, words in have:
            for other, more in have:
                if other.bits > r.bits and other.width == r.width and not r.mask & other.mask & (r.value ^ other.value):
                    words = w.minus(words, more)
            out[r.name] = words
        return out

    def decoded(self, features):
        w, rows = self.words, self.isa.rows
        has = [w.both(r.words, w.needed(r.needs, features)) for r in rows]
        above = {}
        for high, lows in self.isa.below.items():
            for low in lows:
                above.setdefault(low, []).append(high)
        out = {}
        for r in rows:
            words = has[r.index]
            for high in above.get(r.index, ()):
                words = w.minus(words, has[high])
            for s in r.spec_rows:               # most mask bits first
                row = w.cube(s.mask, s.value)
                out[s.name] = w.either(out.get(s.name, 0), w.both(words, row))
                words = w.minus(words, row)
        return out

    def compare(self, profile, extensions):
        """(differences, rows that decode) of a profile with extensions."""
        features = {'M'} | PROFILES[profile][0] | {EXTENSIONS[e] for e in extensions}
        want, got = self.expected(profile, extensions), self.decoded(features)
        errors = []
        for name in sorted(set(want) | set(got)):
            a, b = want.get(name, 0), got.get(name, 0)
            for words, text in ((self.words.minus(a, b), 'and does not decode as that'),
                                (self.words.minus(b, a), 'by the patterns alone')):
                if words:
                    errors.append('%s %s: %x is %s, %s' % (profile, '+'.join(sorted(extensions)),
                                                           self.words.one_of(words), name, text))
        return errors, sum(1 for words in got.values() if words)

    def random_words(self, rng, per_row, uniform):
        for r in self.spec:
            for _ in range(per_row):
                yield r.width, rng.getrandbits(r.width) & ~r.mask | r.value
                yield r.width, rng.getrandbits(r.width) & ~r.mask | r.value ^ 1 << rng.randrange(r.width)
        for _ in range(uniform):
            yield 32, 0xe8000000 + rng.randrange(0x18000000)
            yield 16, rng.randrange(0xe800)

    def check_chimera(self, profile, extensions, words):
        chimera = os.path.join(os.environ.get('CHIMERA_BUILD', os.path.join(ROOT, 'build')), 'chimera')
        if not os.path.exists(chimera):
            return None
        features = {'M'} | PROFILES[profile][0] | {EXTENSIONS[e] for e in extensions}
        cpu = ','.join([profile.lower()] + ['%s=on' % EXTENSIONS[e] for e in sorted(extensions)])
        text = ['%0*x' % (w // 4, word) for w, word in words]
        r = subprocess.run([chimera, '--decode', 'thumb-m,' + cpu], input='\n'.join(text) + '\n', capture_output=True,
                           text=True, check=False)
        if r.returncode:
            return ['chimera --decode thumb-m,%s: %s' % (cpu, r.stderr.strip())]
        lines = r.stdout.splitlines()
        out = [] if len(lines) == len(text) else ['chimera --decode: %d lines for %d words' % (len(lines), len(text))]
        for (width, word), t, line in zip(words, text, lines):
            want = '%s\t%s' % (t, self.isa.describe(word, features, width))
            if line != want:
                out.append('chimera --decode thumb-m,%s: "%s", not "%s"' % (cpu, line, want))
        return out


def main():
    p = argparse.ArgumentParser(description="T16's and T32's patterns against M-profile's table.")
    p.add_argument('--words', type=int, default=3, help='random words for each row')
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()

    c = Coverage()
    errors, shared = c.shared()
    print('m_coverage: %d rows, %d of them also in t32.tsv' % (len(c.spec), shared))
    rng = random.Random(args.seed)
    for profile, (_, sets) in PROFILES.items():
        for extensions in sets:
            wrong, count = c.compare(profile, extensions)
            words = [(w, v) for w, v in c.random_words(rng, args.words, 200 * args.words)
                     if (v >> w - 16 >= 0xe800) == (w == 32)]
            more = c.check_chimera(profile, extensions, words)
            print('m_coverage: %-10s %-26s %d rows decode, %d random words%s' %
                  (profile, '+'.join(sorted(extensions)), count, len(words), ' not run' if more is None else ''))
            errors += wrong + (more or [])
    for e in errors[:40]:
        print('m_coverage: ' + e)
    print('m_coverage: %d differences' % len(errors))
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
