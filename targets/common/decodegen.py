#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
decodegen.py: compiles instruction pattern files (*.decode) to C.

A pattern is a line (a line that ends in a backslash goes on):

  # name    31                                   0   needs  items
  ADD_r     z000 1011 hh0m mmmm kkkk kknn nnnd dddd  -      sf=z rd=d rn=n rm=m shift=h imm=k  \\
            unless(h==11 | z==0&k==1xxxxx) = add_addsub_shift.integer_arithmetic_add_sub_shiftedreg

name    of the pattern: trans_NAME(dc, a) translates it, a being an arg_NAME. Lines of one name, in one file,
        have the same operands.
bits    as many characters as the encoding has bits, blanks aside: 0 and 1 are fixed, a dot is ignored, a
        letter (but not x) is a bit of the field of that letter. The bits of a field need not be neighbours.
needs   features: FEAT_ names without FEAT_, &, |, parentheses, [COND]F (F only where COND holds), - for none.
items   operand=EXPR        EXPR: parts joined by ':', most significant first, a part being a field or a
                            string of 0 and 1; s(PARTS) is signed; N-x and N+x compute with a decimal N and
                            one of these; #N is N
        unless(COND)        the line does not cover words for which COND holds
        when(COND)          the line covers only words for which COND holds
        over(NAME,...)      the line has priority over the lines NAME, which it overlaps
        = ROW ...           last: names of the specification's rows that the line stands for (ditto: as above)
COND    FIELDS==BITS, FIELDS!=BITS (fields joined by ':', BITS of 0, 1 and x), FIELDS==FIELDS, FIELDS!=FIELDS,
        joined by &, | and parentheses, !(COND)

Directives: ".width N" (bits of an encoding, 32 unless given), ".needs FEATURES" (for all lines below, besides
their own; "-" ends it), ".let NAME = COND" (then $NAME in a condition below).

A word that no line covers is UNDEFINED, as is one whose features are missing, unless a line of lower priority
covers it too (so hints without their feature are NOPs). trans_NAME returns false for UNDEFINED.

It is an error if two lines overlap without an over(), if an over() is not needed, if a field is unused, if a
feature or a row of the specification is unknown, or if some word of a line belongs to none of its rows.
"""

import argparse
import json
import os
import re
import sys


class DecodeError(Exception):
    """A mistake in a pattern file; the text begins with file:line."""


# Cubes: (mask, value) is the set of words w with w & mask == value.

def cube_and(a, b):
    if a[0] & b[0] & (a[1] ^ b[1]):
        return None
    return (a[0] | b[0], a[1] | b[1])


def cube_subtract(a, b):
    """a without b, as disjoint cubes."""
    if a[0] & b[0] & (a[1] ^ b[1]):
        return [a]
    out = []
    mask, value = a
    rest = b[0] & ~a[0]
    while rest:
        bit = rest & -rest
        rest ^= bit
        out.append((mask | bit, value | (~b[1] & bit)))
        mask |= bit
        value |= b[1] & bit
    return out


def cubes_subtract(cubes, minus):
    for m in minus:
        cubes = [c for a in cubes for c in cube_subtract(a, m)]
    return cubes


def cubes_and(a, b):
    return [c for x in a for y in b if (c := cube_and(x, y)) is not None]


def cubes_contain(cubes, word):
    return any((word & m) == v for m, v in cubes)


# Conditions: ('bits', mask, value), ('eq', positions, positions), ('and', [..]), ('or', [..]), ('not', c)

def cond_cubes(cond):
    kind = cond[0]
    if kind == 'bits':
        return [(cond[1], cond[2])]
    if kind == 'or':
        return [c for part in cond[1] for c in cond_cubes(part)]
    if kind == 'and':
        cubes = [(0, 0)]
        for part in cond[1]:
            cubes = cubes_and(cubes, cond_cubes(part))
        return cubes
    if kind == 'not':
        return cubes_subtract([(0, 0)], cond_cubes(cond[1]))
    mask = sum(1 << p for p in cond[1] + cond[2])
    out = []
    for n in range(1 << len(cond[1])):
        value = 0
        for i, (a, b) in enumerate(zip(cond[1], cond[2])):
            if n >> i & 1:
                value |= 1 << a | 1 << b
        out.append((mask, value))
    return out


def cond_holds(cond, word):
    return cubes_contain(cond_cubes(cond), word)


def cond_c(cond, top=False):
    kind = cond[0]
    if kind == 'bits':
        return '(insn & 0x%08x) == 0x%08x' % (cond[1], cond[2])
    if kind == 'not':
        inner = cond[1]
        if inner[0] == 'bits':
            return '(insn & 0x%08x) != 0x%08x' % (inner[1], inner[2])
        return '!(' + cond_c(inner, True) + ')'
    if kind == 'eq':
        return '%s == %s' % (parts_c(positions_parts(cond[1])), parts_c(positions_parts(cond[2])))
    text = (' && ' if kind == 'and' else ' || ').join(
        cond_c(c) if c[0] in ('bits', 'not', 'eq') else '(' + cond_c(c) + ')' for c in cond[1])
    return text


def positions_parts(positions):
    """Bit positions, most significant first, as runs (low position, length)."""
    parts = []
    for p in positions:
        if parts and parts[-1][0] == p + 1:
            parts[-1] = (p, parts[-1][1] + 1)
        else:
            parts.append((p, 1))
    return parts


def parts_c(parts):
    """A C expression for parts: (position, length), or (None, length, literal)."""
    terms = []
    shift = sum(p[1] for p in parts)
    for p in parts:
        shift -= p[1]
        if p[0] is None:
            if p[2]:
                terms.append('0x%xu' % (p[2] << shift))
            continue
        term = 'decode_bits(insn, %d, %d)' % (p[0], p[1])
        terms.append(term + ' << %d' % shift if shift else term)
    if not terms:
        return '0u'
    if len(terms) == 1:
        return terms[0]
    return ' | '.join('(' + t + ')' if '<<' in t else t for t in terms)


def parts_value(parts, word):
    value = 0
    for p in parts:
        value = value << p[1] | (p[2] if p[0] is None else word >> p[0] & ((1 << p[1]) - 1))
    return value


class Operand:
    """name = base + PARTS, base - PARTS, s(PARTS) or a constant (no parts)."""

    def __init__(self, name, parts, base=0, subtract=False, signed=False):
        self.name = name
        self.parts = parts
        self.base = base
        self.subtract = subtract
        self.signed = signed

    def width(self):
        return sum(p[1] for p in self.parts)

    def value(self, word):
        v = parts_value(self.parts, word)
        if self.signed and v >> (self.width() - 1):
            v -= 1 << self.width()
        return self.base - v if self.subtract else self.base + v

    def c(self):
        if not self.parts:
            return str(self.base)
        text = parts_c(self.parts)
        if self.signed:
            text = 'decode_sext(%s, %d)' % (text, self.width())
        if self.subtract or self.base:
            text = text if self.signed else '(int)(%s)' % text
            return '%d %s %s' % (self.base, '-' if self.subtract else '+', text)
        return text


# Features: ('feat', name), ('and', [..]), ('or', [..]), ('if', cond, f)

def needs_names(needs):
    if needs[0] == 'feat':
        return {needs[1]}
    if needs[0] == 'if':
        return needs_names(needs[2])
    return {n for part in needs[1] for n in needs_names(part)}


def needs_hold(needs, word, features):
    """features: a set of names, or None for all."""
    if features is None:
        return True
    if needs[0] == 'feat':
        return needs[1] in features
    if needs[0] == 'if':
        return not cond_holds(needs[1], word) or needs_hold(needs[2], word, features)
    return (all if needs[0] == 'and' else any)(needs_hold(p, word, features) for p in needs[1])


def needs_c(needs, enum_prefix):
    if needs[0] == 'feat':
        return 'decode_has_feature(features, %s%s)' % (enum_prefix, needs[1])
    if needs[0] == 'if':
        negated = needs[1] if needs[1][0] == 'not' else None
        cond = cond_c(negated[1]) if negated else cond_c(('not', needs[1]))
        return '(%s || %s)' % (cond, needs_c(needs[2], enum_prefix))
    text = (' && ' if needs[0] == 'and' else ' || ').join(needs_c(p, enum_prefix) for p in needs[1])
    return '(' + text + ')' if needs[0] == 'or' else text


class Row:
    """One line of a pattern file."""

    def __init__(self, name, where, file):
        self.name = name
        self.where = where
        self.file = file
        self.mask = self.value = 0
        self.width = 32
        self.fields = {}            # letter -> bit positions, most significant first
        self.used = set()
        self.operands = []
        self.conds = []             # all must hold
        self.needs = ('and', [])
        self.needs_text = '-'
        self.over = []
        self.specs = []             # names; resolved to SpecRow by Isa
        self.cubes = []
        self.index = 0

    def error(self, text):
        return DecodeError('%s: %s: %s' % (self.where, self.name, text))

    def covers(self, word):
        return cubes_contain(self.cubes, word)


class SpecRow:
    """A row of the specification's table."""

    def __init__(self, columns):
        self.name = columns['name']
        self.group = columns.get('group', '')
        self.mask = int(columns['mask'], 16)
        self.value = int(columns['value'], 16)
        self.width = 4 * len(columns['mask'])
        self.columns = columns


def load_spec(path):
    with open(path, encoding='ascii') as f:
        header = f.readline().rstrip('\n').split('\t')
        return [SpecRow(dict(zip(header, line.rstrip('\n').split('\t')))) for line in f]


def load_features(path):
    """The names of the FEATURE... lines of an X-macro file."""
    with open(path, encoding='utf-8') as f:
        return set(re.findall(r'^\s*FEATURE\w*\(\s*(\w+)', f.read(), re.M))


class CondParser:
    """Recursive descent over a condition or a feature expression."""

    TOKEN = re.compile(r'\s*(==|!=|[&|!()\[\]:]|\w+)')

    def __init__(self, row, text):
        self.row = row
        self.text = text
        self.tokens = []
        pos = 0
        text = text.rstrip()
        while pos < len(text):
            m = self.TOKEN.match(text, pos)
            if not m:
                raise row.error('cannot read "%s"' % text[pos:])
            self.tokens.append(m.group(1))
            pos = m.end()
        self.pos = 0

    def peek(self):
        return self.tokens[self.pos] if self.pos < len(self.tokens) else None

    def next(self):
        t = self.peek()
        if t is None:
            raise self.row.error('"%s" ends too early' % self.text)
        self.pos += 1
        return t

    def expect(self, token):
        if self.next() != token:
            raise self.row.error('expected "%s" in "%s"' % (token, self.text))

    def end(self, result):
        if self.peek() is not None:
            raise self.row.error('"%s" is too much in "%s"' % (self.peek(), self.text))
        return result

    def alternatives(self, inner):
        out = [self.conjunction(inner)]
        while self.peek() == '|':
            self.next()
            out.append(self.conjunction(inner))
        return out[0] if len(out) == 1 else ('or', out)

    def conjunction(self, inner):
        out = [inner()]
        while self.peek() == '&':
            self.next()
            out.append(inner())
        return out[0] if len(out) == 1 else ('and', out)

    def cond(self):
        return self.end(self.alternatives(self.cond_atom))

    def cond_atom(self):
        if self.peek() in ('!', '('):
            negate = self.next() == '!'
            if negate:
                self.expect('(')
            inner = self.alternatives(self.cond_atom)
            self.expect(')')
            return ('not', inner) if negate else inner
        left = self.positions()
        op = self.next()
        if op not in ('==', '!='):
            raise self.row.error('expected == or != in "%s"' % self.text)
        if re.fullmatch('[01x]+', self.peek() or ''):
            bits = self.next()
            if len(bits) != len(left):
                raise self.row.error('%s has %d bits, not %d, in "%s"' %
                                     (bits, len(bits), len(left), self.text))
            mask = sum(1 << p for p, b in zip(left, bits) if b != 'x')
            value = sum(1 << p for p, b in zip(left, bits) if b == '1')
            result = ('bits', mask, value)
        else:
            right = self.positions()
            if len(left) != len(right):
                raise self.row.error('fields of different widths in "%s"' % self.text)
            result = ('eq', left, right)
        return result if op == '==' else ('not', result)

    def positions(self):
        out = []
        while True:
            name = self.next()
            if name not in self.row.fields:
                raise self.row.error('no field %s' % name)
            self.row.used.add(name)
            out += self.row.fields[name]
            if self.peek() != ':':
                return out
            self.next()

    def needs(self):
        return self.end(self.alternatives(self.needs_atom))

    def needs_atom(self):
        t = self.next()
        if t == '(':
            inner = self.alternatives(self.needs_atom)
            self.expect(')')
            return inner
        if t == '[':
            cond = self.alternatives(self.cond_atom)
            self.expect(']')
            return ('if', cond, self.needs_atom())
        if not re.fullmatch(r'\w+', t):
            raise self.row.error('expected a feature in "%s"' % self.text)
        return ('feat', t)


def parse_parts(row, text):
    parts = []
    if text.startswith('(') and text.endswith(')'):
        text = text[1:-1]
    for part in text.split(':'):
        if re.fullmatch('[01]+', part):
            parts.append((None, len(part), int(part, 2)))
        elif part in row.fields:
            row.used.add(part)
            parts += positions_parts(row.fields[part])
        else:
            raise row.error('no field %s' % part)
    merged = []
    for p in parts:
        last = merged[-1] if merged else None
        if last and last[0] is not None and p[0] is not None and last[0] == p[0] + p[1]:
            merged[-1] = (p[0], last[1] + p[1])
        else:
            merged.append(p)
    return merged


def parse_operand(row, name, text):
    if m := re.fullmatch(r'#(-?\d+)', text):
        return Operand(name, [], base=int(m.group(1)))
    if m := re.fullmatch(r'(?:(\d+)([-+]))?s\(([^()]*)\)', text):
        op = Operand(name, parse_parts(row, m.group(3)), int(m.group(1) or 0), m.group(2) == '-', True)
    elif m := re.fullmatch(r'(\d+)([-+])(.*)', text):
        op = Operand(name, parse_parts(row, m.group(3)), base=int(m.group(1)), subtract=m.group(2) == '-')
    else:
        op = Operand(name, parse_parts(row, text))
    if op.width() > (32 if op.signed else 31):
        raise row.error('operand %s does not fit an int' % name)
    if len(op.parts) > 6:
        raise row.error('operand %s has more than 6 parts' % name)
    return op


def split_items(row, text):
    """Splits at blanks outside parentheses."""
    items, depth, current = [], 0, ''
    for c in text:
        depth += {'(': 1, ')': -1}.get(c, 0)
        if depth < 0:
            raise row.error('")" without "("')
        if c.isspace() and depth == 0:
            if current:
                items.append(current)
            current = ''
        else:
            current += c
    if depth:
        raise row.error('"(" without ")"')
    return items + [current] if current else items


def parse_file(path):
    rows = []
    width = 32
    lets = {}
    file_needs = None
    name_of_file = os.path.basename(path)

    def expand(row, text):
        def sub(m):
            if m.group(1) not in lets:
                raise row.error('no .let %s' % m.group(1))
            return '(' + lets[m.group(1)] + ')'
        return re.sub(r'\$(\w+)', sub, text)

    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    number = 0
    while number < len(lines):
        first = number + 1
        text = lines[number].split('#', 1)[0] if lines[number].lstrip().startswith('#') else lines[number]
        number += 1
        while text.endswith('\\') and number < len(lines):
            text = text[:-1] + ' ' + lines[number]
            number += 1
        text = text.strip()
        if not text:
            continue
        where = '%s:%d' % (path, first)
        if text.startswith('.'):
            if m := re.fullmatch(r'\.width (16|32)', text):
                width = int(m.group(1))
            elif m := re.fullmatch(r'\.needs (\S+)', text):
                file_needs = None if m.group(1) == '-' else m.group(1)
            elif m := re.fullmatch(r'\.let (\w+) = (.*)', text):
                lets[m.group(1)] = m.group(2)
            else:
                raise DecodeError('%s: unknown directive "%s"' % (where, text))
            continue

        name, _, rest = text.partition(' ')
        row = Row(name, where, name_of_file)
        row.width = width
        if not re.fullmatch(r'[A-Za-z]\w*', name):
            raise row.error('not a name')
        bits = ''
        rest = rest.strip()
        while len(bits) < width:
            token, _, rest = rest.partition(' ')
            rest = rest.strip()
            if not re.fullmatch('[01.a-wyzA-Z]+', token):
                raise row.error('%d bits, not %d, before "%s"' % (len(bits), width, token))
            bits += token
        if len(bits) != width:
            raise row.error('%d bits, not %d' % (len(bits), width))
        for i, b in enumerate(bits):
            pos = width - 1 - i
            if b in '01':
                row.mask |= 1 << pos
                row.value |= int(b) << pos
            elif b != '.':
                row.fields.setdefault(b, []).append(pos)

        needs_text, _, rest = rest.partition(' ')
        if not needs_text:
            raise row.error('no column of features')
        parts = []
        if file_needs:
            parts.append(CondParser(row, file_needs).needs())
        if needs_text != '-':
            parts.append(CondParser(row, expand(row, needs_text)).needs())
        row.needs = ('and', parts)
        row.needs_text = '&'.join(t for t in (file_needs, needs_text) if t and t != '-') or '-'

        items = split_items(row, rest)
        if '=' in items:
            at = items.index('=')
            row.specs = items[at + 1:]
            items = items[:at]
            if row.specs == ['ditto'] and rows and rows[-1].name == row.name:
                row.specs = rows[-1].specs
            if not row.specs:
                raise row.error('no row after "="')
        for item in items:
            if m := re.fullmatch(r'(unless|when)\((.*)\)', item, re.S):
                cond = CondParser(row, expand(row, m.group(2))).cond()
                row.conds.append(('not', cond) if m.group(1) == 'unless' else cond)
            elif m := re.fullmatch(r'over\((.*)\)', item):
                row.over += [n.strip() for n in m.group(1).split(',')]
            elif m := re.fullmatch(r'([a-z]\w*)=(\S+)', item):
                if any(o.name == m.group(1) for o in row.operands):
                    raise row.error('operand %s twice' % m.group(1))
                row.operands.append(parse_operand(row, m.group(1), m.group(2)))
            else:
                raise row.error('cannot read "%s"' % item)
        for letter in row.fields:
            if letter not in row.used:
                raise row.error('field %s is unused' % letter)
        row.cubes = [(row.mask, row.value)]
        for cond in row.conds:
            row.cubes = cubes_and(row.cubes, cond_cubes(cond)) if cond[0] != 'not' else \
                cubes_subtract(row.cubes, cond_cubes(cond[1]))
        if not row.cubes:
            raise row.error('covers no word')
        rows.append(row)
    return rows


class Isa:
    """All pattern files of one instruction set, checked."""

    def __init__(self, paths, features=None, spec=None):
        self.files = [os.path.basename(p) for p in paths]
        self.rows = []
        self.patterns = {}
        for path in paths:
            self.rows += parse_file(path)
        for i, row in enumerate(self.rows):
            row.index = i
            first = self.patterns.setdefault(row.name, [row])[0]
            if first is not row:
                if first.file != row.file:
                    raise row.error('also in %s' % first.where)
                if {o.name for o in first.operands} != {o.name for o in row.operands}:
                    raise row.error('operands differ from those at %s' % first.where)
                order = [o.name for o in first.operands]
                row.operands.sort(key=lambda o: order.index(o.name))
                self.patterns[row.name].append(row)
            if features is not None:
                for name in sorted(needs_names(row.needs)):
                    if name not in features:
                        raise row.error('unknown feature %s' % name)
        self.check_overlaps()
        self.resolve_specs(spec)

    def check_overlaps(self):
        needed = set()
        self.below = {row.index: [] for row in self.rows}      # rows of lower priority that overlap
        for i, a in enumerate(self.rows):
            for name in a.over:
                if name not in self.patterns:
                    raise a.error('over(%s): no such pattern' % name)
            for b in self.rows[i + 1:]:
                if a.width != b.width or a.mask & b.mask & (a.value ^ b.value):
                    continue
                common = cubes_and(a.cubes, b.cubes)
                if not common:
                    continue
                if b.name in a.over and a.name not in b.over:
                    high, low = a, b
                elif a.name in b.over and b.name not in a.over:
                    high, low = b, a
                else:
                    raise b.error('overlaps %s at %s, for instance 0x%0*x' %
                                  (a.name, a.where, b.width // 4, common[0][1]))
                needed.add((high.index, low.name))
                self.below[high.index].append(low.index)
        for row in self.rows:
            for name in row.over:
                if (row.index, name) not in needed:
                    raise row.error('over(%s) is not needed' % name)
        order, state = [], {}

        def visit(index):
            if state.get(index) == 1:
                raise self.rows[index].error('over() goes in a circle')
            if index not in state:
                state[index] = 1
                for low in self.below[index]:
                    visit(low)
                state[index] = 2
                order.append(index)
        for row in self.rows:
            visit(row.index)
        self.rank = {index: n for n, index in enumerate(reversed(order))}

    def resolve_specs(self, spec):
        by_name = {r.name: r for r in spec} if spec is not None else None
        for row in self.rows:
            if by_name is None:
                row.spec_rows = [SpecRow({'name': n, 'mask': '%x' % row.mask, 'value': '%x' % row.value})
                                 for n in row.specs]
                continue
            if not row.specs:
                raise row.error('names no row of the specification')
            row.spec_rows = []
            rest = row.cubes
            for name in row.specs:
                if name not in by_name:
                    raise row.error('unknown row %s' % name)
                s = by_name[name]
                if not cubes_and(row.cubes, [(s.mask, s.value)]):
                    raise row.error('has no word of row %s' % name)
                row.spec_rows.append(s)
                rest = cubes_subtract(rest, [(s.mask, s.value)])
            if rest:
                raise row.error('0x%0*x is in none of its rows' % (row.width // 4, rest[0][1]))
            row.spec_rows.sort(key=lambda s: -bin(s.mask).count('1'))

    def lookup(self, word, features=None, width=32):
        """The row that decodes word, or None. features: a set of names, None for all."""
        found = [r for r in self.rows if r.width == width and (word & r.mask) == r.value and r.covers(word)
                 and needs_hold(r.needs, word, features)]
        return min(found, key=lambda r: self.rank[r.index]) if found else None

    @staticmethod
    def spec_of(row, word):
        for s in row.spec_rows:
            if (word & s.mask) == s.value:
                return s
        return None

    def describe(self, word, features=None, width=32):
        """What --decode prints after the word and a tab."""
        row = self.lookup(word, features, width)
        if row is None:
            return 'UNDEFINED'
        spec = self.spec_of(row, word)
        values = [(o.name, o.value(word)) for o in row.operands]
        return '%s\t%s\t%s' % (row.name, spec.name if spec else '-', ' '.join(
            '%s=%s0x%x' % (n, '-' if v < 0 else '', abs(v)) for n, v in values))

    def listing(self):
        return [{'name': r.name, 'where': '%s:%s' % (r.file, r.where.rsplit(':', 1)[1]), 'width': r.width,
                 'mask': '%0*x' % (r.width // 4, r.mask), 'value': '%0*x' % (r.width // 4, r.value),
                 'cubes': [['%0*x' % (r.width // 4, m), '%0*x' % (r.width // 4, v)] for m, v in r.cubes],
                 'fields': {k: '%d bits' % len(v) for k, v in r.fields.items()},
                 'needs': r.needs_text, 'operands': [o.name for o in r.operands],
                 'rows': [s.name for s in r.spec_rows]} for r in self.rows]


# Output

HEAD = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* Generated by decodegen.py; do not edit. */\n'


def shape(row):
    return 'args_' + ('_'.join(o.name for o in row.operands) or 'none')


def emit_header(isa, file, prefix):
    guard = re.sub(r'\W', '_', file + '_trans_h').upper()
    out = [HEAD, '/* What the patterns of %s hand to their translators. */' % file, '#ifndef ' + guard,
           '#define ' + guard, '', '#include <stdbool.h>', '', '#include "targets/common/decode.h"', '']
    done = set()
    for name, rows in isa.patterns.items():
        row = rows[0]
        if row.file != file:
            continue
        s = shape(row)
        if s not in done:
            done.add(s)
            members = 'int ' + ', '.join(o.name for o in row.operands) + '; ' if row.operands else ''
            out += ['#ifndef HAVE_' + s, '#define HAVE_' + s,
                    'typedef struct %s { %s} %s;' % (s, members, s), '#endif']
    out.append('')
    for name, rows in isa.patterns.items():
        if rows[0].file == file:
            out.append('typedef %s arg_%s%s;' % (shape(rows[0]), prefix, name))
    out.append('')
    for name, rows in isa.patterns.items():
        if rows[0].file == file:
            out.append('bool trans_%s%s(DisasContext *dc, const arg_%s%s *a);' % (prefix, name, prefix, name))
    out += ['', '#endif', '']
    return '\n'.join(out)


def members(rows):
    """The indices of a set of rows."""
    while rows:
        yield (rows & -rows).bit_length() - 1
        rows &= rows - 1


class Tree:
    """
    The decision tree, as arrays for decode_walk() of decode.h. A node looks at some bits of the word and has
    an entry of next[] for each value of theirs: another node, or (LEAF set) where in lists[] the rows begin
    that are tried in turn.
    """

    LEAF = 0x8000
    SURE = 0x4000       # the row's conditions hold
    END = 0xffff
    TRY = 2             # at most so many rows are tried in turn, if there is a way to tell them apart
    MANY = 200          # rows that are worth a first node of so many bits
    TOP = 11

    def __init__(self, isa, width):
        self.isa = isa
        self.width = width
        self.known = {}         # (rows, relevant known bits, sure rows, what others still ask for) -> entry
        self.nodes = []         # (shift, width, first entry of next)
        self.next = []
        self.lists = [self.END]
        self.list_at = {(): 0}
        # sets of rows, as a bit for each row's index: that fix bit i, and that agree with bit i being 0 and 1
        self.fixes = [0] * width
        self.compatible = [[0, 0] for _ in range(width)]
        everything = 0
        for r in isa.rows:
            if r.width == width:
                everything |= 1 << r.index
                for i in range(width):
                    fixed = r.mask >> i & 1
                    self.fixes[i] |= fixed << r.index
                    for v in (0, 1):
                        self.compatible[i][v] |= (not fixed or r.value >> i & 1 == v) << r.index
        # by row: the words for which its conditions hold, if it has any
        self.cubes = {r.index: cond_cubes(('and', r.conds)) for r in isa.rows if r.conds}
        self.sure_if = {r.index for r in isa.rows if not r.needs[1]}
        self.top = self.build(everything, 0, 0)
        if len(self.lists) >= self.LEAF or len(self.nodes) >= self.LEAF or len(isa.rows) >= self.SURE:
            raise DecodeError('decodegen: the decision tree is too big')

    def build(self, rows, known, value):
        """The entry for a set of rows, a bit for each row's index, when the bits of known were seen to be those of value."""
        relevant = sure = 0
        asked = []
        for i in members(rows):
            cubes = self.cubes.get(i, [(0, 0)])
            left = cubes_and([(known, value)], cubes)
            if not left:
                rows &= ~(1 << i)
            elif not cubes_subtract([(known, value)], cubes):
                sure |= (i in self.sure_if) << i
            else:
                asked.append((i, tuple(sorted({(m & ~known, v & ~known) for m, v in left}))))
        for i in range(self.width):
            if rows & self.fixes[i]:
                relevant |= 1 << i
        key = (rows, known & relevant, sure, tuple(asked))
        if key not in self.known:
            entry = self.split(rows, known, value) if rows.bit_count() > self.TRY else None
            self.known[key] = self.leaf(rows, sure) if entry is None else entry
        return self.known[key]

    def buckets(self, rows, shift, width):
        """What is left of rows for each value of the bits."""
        sets = [rows]
        for i in range(shift + width - 1, shift - 1, -1):
            sets = [s & c for s in sets for c in self.compatible[i]]
        return sets

    def split(self, rows, known, value):
        best = None
        for width in [self.TOP] if not known and rows.bit_count() > self.MANY else range(1, 8):
            for shift in range(0, self.width - width + 1):
                if ((1 << width) - 1) << shift & known or not rows & self.fixes[shift] or \
                        not rows & self.fixes[shift + width - 1]:
                    continue
                sets = self.buckets(rows, shift, width)
                # the time that is left, and, a little, the size
                cost = sum(s.bit_count() ** 2 for s in sets) / (1 << width) + \
                    0.1 * sum(s.bit_count() for s in set(sets)) + 0.01 * (1 << width)
                if best is None or cost < best[0] - 1e-9:
                    best = (cost, shift, width, sets)
        if best is None or best[0] > 0.95 * rows.bit_count() ** 2:
            return None
        _, shift, width, sets = best
        known |= ((1 << width) - 1) << shift
        value &= ~(((1 << width) - 1) << shift)
        node, first = len(self.nodes), len(self.next)
        self.nodes.append((shift, width, first))
        self.next += [0] * (1 << width)
        for n, s in enumerate(sets):
            self.next[first + n] = self.build(s, known, value | n << shift)
        return node

    def leaf(self, rows, sure):
        key = tuple(i | (self.SURE if sure >> i & 1 else 0)
                    for i in sorted(members(rows), key=lambda i: self.isa.rank[i]))
        if key not in self.list_at:
            self.list_at[key] = len(self.lists)
            self.lists += list(key) + [self.END]
        return self.LEAF | self.list_at[key]


def numbers(values, form):
    """Values as lines of a C initialiser."""
    out, line = [], '   '
    for v in values:
        text = ' ' + form % v + ','
        if len(line) + len(text) > 110:
            out.append(line)
            line = '   '
        line += text
    return out + [line]


def row_widths(isa):
    """(width, suffix of names) of the encodings: 16-bit ones have a suffix if there are others."""
    widths = sorted({r.width for r in isa.rows})
    return [(w, '' if w == 32 or len(widths) == 1 else str(w)) for w in widths]


def emit_source(isa, name, prefix, includes):
    """decode_NAME: from a word to the call of a trans_ function."""
    out = [HEAD, '/* Decoding of %s for translation. */' % name, '#include "targets/common/decode.h"']
    out += ['#include "%s"' % i for i in includes] + ['']
    out += ['/* A pattern whose translator is not there yet is UNDEFINED; a test lists them. */']
    for pattern in isa.patterns:
        full = 'trans_%s%s' % (prefix, pattern)
        out.append('extern __typeof__(%s) %s __attribute__((weak));' % (full, full))
    out.append('')
    for w, suffix in row_widths(isa):
        # A function for each way to take operands out of the word, with a table of the patterns that share it: a
        # function a row costs seconds to compile, and one switch over all rows more than that.
        takers = {}
        for r in isa.rows:
            if r.width == w:
                inits = tuple('.%s = %s' % (o.name, o.c()) for o in r.operands)
                takers.setdefault((shape(r), inits), {}).setdefault('trans_%s%s' % (prefix, r.name), []).append(r.index)
        rows = {}
        for number, ((struct, inits), patterns) in enumerate(takers.items()):
            take = 'take%s_%d' % (suffix, number)
            for n, indices in enumerate(patterns.values()):
                rows.update((i, '{ %d, %d }' % (number, n)) for i in indices)
            out += ['static bool %s(DisasContext *dc, uint32_t insn%s, unsigned n)' % (
                        take, '' if inits else ' G_GNUC_UNUSED'), '{',
                    '    static bool (*const trans[])(DisasContext *dc, const %s *a) = {' % struct]
            out += ['        %s,' % t for t in patterns] + ['    };', '    const %s a = {' % struct]
            out += ['        %s,' % i for i in inits] + ['    };', '', '    return trans[n] && trans[n](dc, &a);', '}', '']
        out += ['int decode_match_%s%s(uint32_t insn, const uint64_t *features);' % (name, suffix),
                'bool decode_%s%s(DisasContext *dc, uint32_t insn);' % (name, suffix), '',
                'bool decode_%s%s(DisasContext *dc, uint32_t insn)' % (name, suffix), '{',
                '    static bool (*const take[])(DisasContext *dc, uint32_t insn, unsigned n) = {']
        out += ['        take%s_%d,' % (suffix, number) for number in range(len(takers))]
        out += ['    };', '    static const struct {', '        uint16_t take, n;', '    } rows[] = {']
        out += ['        [%d] = %s,' % (i, rows[i]) for i in sorted(rows)]
        out += ['    };', '    int row = decode_match_%s%s(insn, dc_features(dc));' % (name, suffix), '',
                '    return row >= 0 && take[rows[row].take](dc, insn, rows[row].n);', '}', '']
    return '\n'.join(out)


def row_condition(row, enum_prefix):
    """What the row asks for besides its fixed bits, as a C expression; '' for nothing."""
    tests = [cond_c(c) for c in row.conds]
    tests = ['(' + t + ')' if c[0] == 'or' else t for c, t in zip(row.conds, tests)]
    if row.needs[1]:
        tests.append(needs_c(row.needs, enum_prefix))
    return '\n            && '.join(tests)


class Text:
    """Strings, one behind the other."""

    def __init__(self):
        self.at, self.size = {}, 0

    def offset(self, s):
        if s not in self.at:
            self.at[s] = self.size
            self.size += len(s) + 1
        return self.at[s]


class Members:
    """Members of one array, of which equal runs are there once."""

    def __init__(self):
        self.all, self.at = [], {}

    def first(self, run):
        key = tuple(run)
        if key not in self.at:
            self.at[key] = len(self.all)
            self.all += run
        return self.at[key]


def emit_table(isa, name, enum_prefix, includes):
    """decode_match_NAME, by the decision tree, and decode_table_NAME, the patterns as data."""
    out = [HEAD, '/* The patterns of %s. */' % name, '#include "targets/common/decode.h"']
    out += ['#include "%s"' % i for i in includes] + ['']

    conditions = {'': 0}
    out += ['static const DecodeTest tests[] = {']
    for r in isa.rows:
        n = conditions.setdefault(row_condition(r, enum_prefix), len(conditions))
        out.append('    { 0x%08x, 0x%08x, %d }, /* %d: %s, %s:%s */' % (
            r.mask, r.value, n, r.index, r.name, r.file, r.where.rsplit(':', 1)[1]))
    out += ['};', '', 'static bool holds(unsigned condition, uint32_t insn, const uint64_t *features)', '{',
            '    (void)insn;', '    (void)features;', '    switch (condition) {']
    for text, n in conditions.items():
        if text:
            out += ['    case %d:' % n, '        return ' + text + ';']
    out += ['    default:', '        return true;', '    }', '}', '']

    for w, suffix in row_widths(isa):
        tree = Tree(isa, w)
        full = '%s%s' % (name, suffix)
        out += ['static const DecodeNode nodes_%s[] = {' % full]
        out += numbers(tree.nodes or [(0, 0, 0)], '{ %d, %d, %d }') + ['};']
        out += ['static const uint16_t next_%s[] = {' % full] + numbers(tree.next or [0], '%d') + ['};']
        out += ['static const uint16_t lists_%s[] = {' % full] + numbers(tree.lists, '%d') + ['};', '']
        out += ['int decode_match_%s(uint32_t insn, const uint64_t *features);' % full, '',
                'int decode_match_%s(uint32_t insn, const uint64_t *features)' % full, '{',
                '    return decode_walk(%d, nodes_%s, next_%s, lists_%s, tests, holds, insn, features);' % (
                    tree.top, full, full, full), '}', '']
    text = Text()
    operands, specs = Members(), Members()
    rows_out = []
    for r in isa.rows:
        ops = []
        for o in r.operands:
            parts = ', '.join('{ %s, %d, 0x%x }' % (('DECODE_LITERAL', p[1], p[2]) if p[0] is None else
                                                    (p[0], p[1], 0)) for p in o.parts)
            ops.append('{ %d, %d, %s, %s, %d, { %s } }' % (
                text.offset(o.name), len(o.parts), str(o.signed).lower(), str(o.subtract).lower(), o.base,
                parts or '{ 0, 0, 0 }'))
        sp = ['{ 0x%08x, 0x%08x, %d }' % (s.mask, s.value, text.offset(s.name)) for s in r.spec_rows]
        rows_out.append('    { %d, %d, %d, %d, %d },' % (
            text.offset(r.name), operands.first(ops), specs.first(sp), len(ops), len(sp)))
    for kind, members in (('DecodeOperand operands', operands), ('DecodeSpec specs', specs)):
        out += ['static const %s[] = {' % kind] + ['    %s,' % m for m in members.all or ['{ 0 }']] + ['};', '']
    out += ['static const char text[] ='] + ['    "%s\\0"' % s for s in text.at] + ['    "";', '']
    out += ['static const DecodeRow rows[] = {'] + rows_out + ['};', '']
    for w, suffix in row_widths(isa):
        out += ['extern const DecodeTable decode_table_%s%s;' % (name, suffix),
                'const DecodeTable decode_table_%s%s = {' % (name, suffix), '    .name = "%s",' % name,
                '    .width = %d,' % w, '    .rows = rows,', '    .num_rows = G_N_ELEMENTS(rows),',
                '    .operands = operands,', '    .specs = specs,', '    .text = text,',
                '    .match = decode_match_%s%s,' % (name, suffix), '};', '']
    return '\n'.join(out)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def main(argv):
    p = argparse.ArgumentParser(description='Compiles instruction pattern files to C.')
    p.add_argument('files', nargs='+', help='pattern files of one instruction set')
    p.add_argument('--name', default='isa', help='of the instruction set: decode_NAME, decode_table_NAME')
    p.add_argument('--prefix', default='', help='goes before each pattern in trans_ and arg_ names')
    p.add_argument('--enum-prefix', default='FEAT_', help="of features' enumerators")
    p.add_argument('--features', help='X-macro file that lists the features')
    p.add_argument('--spec', help="table of the specification's rows")
    p.add_argument('--include', default='', help='header that declares dc_features')
    p.add_argument('--features-include', default='', help='header that has the FEAT_ enumerators')
    p.add_argument('--include-dir', default='', help='where the generated headers are, as #include sees them')
    p.add_argument('--header-prefix', default='', help="goes before each generated header's name")
    p.add_argument('--source', help='C file to write: from words to calls of trans_ functions')
    p.add_argument('--table', help='C file to write: the decision tree, and the patterns as data')
    p.add_argument('--headers', help='folder for the generated *.trans.h')
    p.add_argument('--list', action='store_true', help='print the rows as JSON')
    p.add_argument('--decode', action='store_true', help='decode the hex words on standard input')
    args = p.parse_args(argv)

    try:
        isa = Isa(args.files, load_features(args.features) if args.features else None,
                  load_spec(args.spec) if args.spec else None)
    except (DecodeError, OSError) as e:
        print('decodegen: %s' % e, file=sys.stderr)
        return 1

    headers = [args.header_prefix + re.sub(r'\.decode$', '', f) + '.trans.h' for f in isa.files]
    if args.headers:
        for f, h in zip(isa.files, headers):
            write(os.path.join(args.headers, h), emit_header(isa, f, args.prefix))
    if args.source:
        write(args.source, emit_source(isa, args.name, args.prefix, [i for i in [args.include] if i] +
                                       [args.include_dir + h for h in headers]))
    if args.table:
        write(args.table, emit_table(isa, args.name, args.enum_prefix,
                                     [i for i in [args.features_include] if i]))
    if args.list:
        json.dump(isa.listing(), sys.stdout, indent=1)
        print()
    if args.decode:
        for line in sys.stdin:
            word = line.strip()
            print(word + '\t' + isa.describe(int(word, 16), width=4 * len(word)))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
