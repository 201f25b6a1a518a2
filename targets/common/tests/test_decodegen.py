#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of decodegen.py, and its own evaluation of patterns."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import decodegen as dg      # noqa: E402  (found by the line above)

ADD = 'ADD  0000 0000 iiii nnnn 0000 0000 0000 dddd  -  rd=d rn=n imm=i\n'
SPEC = 'name\tmask\tvalue\nadd.x\tff00fff0\t00000000\nadd.y\tff80fff0\t00000000\nsub.x\tff000000\t01000000\n'


class DecodegenTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.dir.cleanup()

    def path(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    def isa(self, text, features=None, spec=None):
        return dg.Isa([self.path('t.decode', text)], features,
                      dg.load_spec(self.path('spec.tsv', spec)) if spec else None)

    def fails(self, text, message, line=None, **args):
        with self.assertRaisesRegex(dg.DecodeError, message) as caught:
            self.isa(text, **args)
        if line is not None:
            self.assertRegex(str(caught.exception), r't\.decode:%d: ' % line)

    # What a file says

    def test_operands(self):
        isa = self.isa('''# comment
OPS  jjii 0000 0000 0000 0000 kkkk lllm mmmm  -  plain=i cat=j:i lit=k:00 signed=s(m) \\
     minus=16-k plus=1+(j:i) splus=2+s(j) neg=3-s(l) const=#-7
''')
        row = isa.lookup(0x70000f9f)        # j=01 i=11 k=1111 l=100 m=11111
        self.assertEqual({o.name: o.value(0x70000f9f) for o in row.operands},
                         {'plain': 3, 'cat': 7, 'lit': 60, 'signed': -1, 'minus': 1, 'plus': 8, 'splus': 3, 'neg': 7,
                          'const': -7})

    def test_describe(self):
        isa = self.isa('SUB  0000 0001 iiii nnnn 0000 0000 0000 dddd  -  rd=d imm=s(i) rn=n = sub.x\n', spec=SPEC)
        self.assertEqual(isa.describe(0x01f20003), 'SUB\tsub.x\trd=0x3 imm=-0x1 rn=0x2')
        self.assertEqual(isa.describe(0x02f20003), 'UNDEFINED')

    def test_scattered_field(self):
        isa = self.isa('F  i000 0000 0000 0000 0000 0000 0000 00ii  -  a=i\n')
        self.assertEqual(isa.lookup(0x80000001).operands[0].value(0x80000001), 5)

    def test_constraints(self):
        isa = self.isa('''.let BAD = a==1x
A  aabb 0000 0000 0000 0000 0000 0000 0000  -  a=a b=b unless($BAD | a==b)
B  aabb 0001 0000 0000 0000 0000 0000 0000  -  a=a b=b when(a!=0x & !(b==00)) unless(a:b==1111)
''')
        got = [n for n in range(16) if isa.lookup(n << 28)]
        self.assertEqual(got, [1, 2, 3, 4, 6, 7])
        self.assertEqual([n for n in range(16) if isa.lookup(n << 28 | 1 << 24)], [9, 10, 11, 13, 14])

    def test_needs(self):
        isa = self.isa('''.needs FP
A  aa00 0000 0000 0000 0000 0000 0000 0000  [a==11]FP16&(X|Y)  a=a
.needs -
B  aa00 0001 0000 0000 0000 0000 0000 0000  -  a=a
''')
        self.assertTrue(isa.lookup(0, {'FP', 'X'}))
        self.assertTrue(isa.lookup(0xc0000000, {'FP', 'FP16', 'Y'}))
        self.assertIsNone(isa.lookup(0xc0000000, {'FP', 'Y'}))
        self.assertIsNone(isa.lookup(0, {'FP'}))
        self.assertIsNone(isa.lookup(0, {'X'}))
        self.assertTrue(isa.lookup(0x01000000, set()))

    def test_priority(self):
        isa = self.isa('''HINT  0000 0000 0000 0000 0000 0000 0000 iiii  -    imm=i
WFI   0000 0000 0000 0000 0000 0000 0000 0011  W    over(HINT)
''')
        self.assertEqual(isa.lookup(3, {'W'}).name, 'WFI')
        self.assertEqual(isa.lookup(3, set()).name, 'HINT')
        self.assertEqual(isa.lookup(4, {'W'}).name, 'HINT')

    def test_widths(self):
        isa = self.isa('''.width 16
MOVS  0010 0ddd iiii iiii  -  rd=d imm=i
.width 32
B     0010 0ddd iiii iiii iiii iiii iiii iiii  -  rd=d imm=i
''')
        self.assertEqual(isa.describe(0x2105, width=16), 'MOVS\t-\trd=0x1 imm=0x5')
        self.assertEqual(isa.lookup(0x2105, width=32), None)
        self.assertEqual(isa.lookup(0x21000005).name, 'B')

    def test_rows_of_a_name(self):
        isa = self.isa('''LDR  0000 0000 iiii nnnn 0000 0000 0000 dddd  -  size=#0 rd=d rn=n imm=i
LDR  0000 0001 iiii nnnn 0000 0000 0000 dddd  -  imm=i:0 rn=n size=#1 rd=d
''')
        self.assertEqual(isa.describe(0x01230004), 'LDR\t-\tsize=0x1 rd=0x4 rn=0x3 imm=0x4')

    def test_specification_row(self):
        isa = self.isa('ADD  0000 0000 iiii nnnn 0000 0000 0000 dddd  -  rd=d rn=n imm=i = add.x add.y\n', spec=SPEC)
        self.assertEqual(isa.describe(0x00800000).split('\t')[1], 'add.x')
        self.assertEqual(isa.describe(0x00700000).split('\t')[1], 'add.y')

    # What is refused

    def test_overlap(self):
        self.fails(ADD + 'NOP  0000 0000 0000 0000 0000 0000 0000 0000  -\n',
                   'NOP: overlaps ADD at .*t.decode:1, for instance 0x00000000', 2)

    def test_no_overlap_by_constraint(self):
        self.isa(ADD[:-1] + ' unless(n==0000)\nNOP  0000 0000 0000 0000 0000 0000 0000 0000  -\n')

    def test_over_not_needed(self):
        self.fails(ADD + 'NOP  0000 0001 0000 0000 0000 0000 0000 0000  -  over(ADD)\n',
                   r'over\(ADD\) is not needed', 2)
        self.fails(ADD + 'NOP  0000 0001 0000 0000 0000 0000 0000 0000  -  over(SUB)\n', 'no such pattern', 2)

    def test_over_in_a_circle(self):
        self.fails('''A  0000 0000 0000 0000 0000 0000 0000 aa00  -  a=a over(B)
B  0000 0000 0000 0000 0000 0000 0000 0bb0  -  b=b over(C)
C  0000 0000 0000 0000 0000 0000 0000 000.  -  over(A)
''', 'circle')

    def test_unused_field(self):
        self.fails(ADD.replace(' imm=i', ''), 'field i is unused', 1)

    def test_unknown_field(self):
        self.fails(ADD.replace('imm=i', 'imm=i sh=k'), 'no field k', 1)
        self.fails(ADD[:-1] + ' unless(k==1)\n', 'no field k', 1)

    def test_bits(self):
        self.fails(ADD.replace('iiii', 'iii'), '31 bits, not 32', 1)
        self.fails(ADD.replace('iiii', 'iiiii'), '33 bits, not 32', 1)
        self.fails(ADD.replace('iiii', 'xxxx'), 'bits, not 32', 1)

    def test_condition(self):
        self.fails(ADD[:-1] + ' unless(i==111)\n', '111 has 3 bits, not 4', 1)
        self.fails(ADD[:-1] + ' unless(i=1111)\n', 'cannot read', 1)
        self.fails(ADD[:-1] + ' unless(i==1111 | )\n', 'ends too early', 1)
        self.fails(ADD[:-1] + ' unless($NONE)\n', 'no .let NONE', 1)
        self.fails(ADD[:-1] + ' when(i==n) unless(i==xxxx)\n', 'covers no word', 1)

    def test_operand_errors(self):
        self.fails(ADD[:-1] + ' imm=d\n', 'operand imm twice', 1)
        self.fails(ADD + 'ADD  0000 0001 iiii nnnn 0000 0000 0000 dddd  -  rd=d rn=n shift=i\n', 'operands differ', 2)
        self.fails('W  iiii iiii iiii iiii iiii iiii iiii iiii  -  imm=i\n', 'does not fit an int', 1)

    def test_unknown_feature(self):
        self.isa(ADD.replace('  -  ', '  LSE  '), features={'LSE'})
        self.fails(ADD.replace('  -  ', '  LSE3  '), 'unknown feature LSE3', 1, features={'LSE'})

    def test_unknown_row(self):
        self.fails(ADD[:-1] + ' = add.z\n', 'unknown row add.z', 1, spec=SPEC)
        self.fails(ADD, 'names no row', 1, spec=SPEC)

    def test_row_without_words(self):
        self.fails(ADD[:-1] + ' = add.x sub.x\n', 'has no word of row sub.x', 1, spec=SPEC)

    def test_word_without_row(self):
        self.fails(ADD[:-1] + ' = add.y\n', '0x00800000 is in none of its rows', 1, spec=SPEC)

    def test_unknown_text(self):
        self.fails('.foo 1\n', 'unknown directive', 1)
        self.fails(ADD[:-1] + ' nonsense\n', 'cannot read "nonsense"', 1)

    def test_two_files(self):
        with self.assertRaisesRegex(dg.DecodeError, 'u.decode:1: ADD: also in .*t.decode:1'):
            dg.Isa([self.path('t.decode', ADD), self.path('u.decode', ADD.replace('0000 0000 i', '0000 0001 i'))])

    # The tree

    def test_tree(self):
        text = ''.join('I%d  %s iiii iiii iiii iiii iiii iiii  -  imm=i unless(i==%s)\n' %
                       (n, format(n, '08b'), format(n, '024b')) for n in range(0, 200, 3))
        isa = self.isa(text)
        tree = dg.Tree(isa, 32)
        for n in range(256):
            at = tree.top
            while not at & tree.LEAF:
                pos, length, first = tree.nodes[at]
                at = tree.next[first + ((n << 24) >> pos & ((1 << length) - 1))]
            at &= ~tree.LEAF
            rows = tree.lists[at:tree.lists.index(tree.END, at)]
            found = [i for i in rows if isa.rows[i].covers(n << 24 | 0xffffff)]
            self.assertEqual([isa.rows[i].name for i in found], ['I%d' % n] if n < 200 and n % 3 == 0 else [])


if __name__ == '__main__':
    unittest.main()
