#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_tree.py: decodegen.py's decision tree against a search of all rows, on random words.

  test_tree.py [--count N] [--seed N] --features FILE PATTERNS...

A word is one of a row's, or nearly. The rows that the tree has tried in turn must be all that match, in order.
"""

import argparse
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import decodegen as dg      # noqa: E402  (found by the line above)

TOP = 12                    # the search begins with the rows that agree with so many bits


def by_tree(tree, isa, word):
    at = tree.top
    while not at & tree.LEAF:
        shift, width, first = tree.nodes[at]
        at = tree.next[first + (word >> shift & (1 << width) - 1)]
    out, at = [], at & ~tree.LEAF
    while tree.lists[at] != tree.END:
        row, sure = isa.rows[tree.lists[at] & ~tree.SURE], tree.lists[at] & tree.SURE
        if word & row.mask == row.value and (sure or dg.cubes_contain(tree.cubes.get(row.index, [(0, 0)]), word)):
            out.append(row.index)
        at += 1
    return out


class Search:
    def __init__(self, isa, width):
        self.shift, self.cache = width - TOP, {}
        self.rows = sorted((r for r in isa.rows if r.width == width), key=lambda r: isa.rank[r.index])

    def find(self, word):
        top = word >> self.shift
        if top not in self.cache:
            self.cache[top] = [r for r in self.rows if not (r.mask >> self.shift) & (r.value >> self.shift ^ top)]
        return [r.index for r in self.cache[top] if word & r.mask == r.value and r.covers(word)]


def check(isa, width, count, rng):
    tree, search = dg.Tree(isa, width), Search(isa, width)
    bad = 0
    for n in range(count):
        row = search.rows[n % len(search.rows)]
        word = row.value | rng.getrandbits(width) & ~row.mask
        if n % 3 == 0:
            word ^= 1 << rng.randrange(width)
        elif row.conds:                 # what the conditions say is mostly about few words
            mask, value = rng.choice(row.cubes)
            word = word & ~mask | value
        got, want = by_tree(tree, isa, word), search.find(word)
        if got != want:
            bad += 1
            if bad < 10:
                print('0x%0*x: %s, not %s' % (width // 4, word, [isa.rows[i].name for i in got],
                                             [isa.rows[i].name for i in want]))
    print('%d bits: %d rows, %d nodes, %d entries; %d of %d words wrong' %
          (width, len(search.rows), len(tree.nodes), len(tree.next), bad, count))
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--count', type=int, default=100000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--features', required=True)
    parser.add_argument('patterns', nargs='+')
    args = parser.parse_args()
    isa = dg.Isa(args.patterns, dg.load_features(args.features))
    rng = random.Random(args.seed)
    sys.exit(1 if sum(check(isa, width, args.count, rng) for width in sorted({r.width for r in isa.rows})) else 0)


if __name__ == '__main__':
    main()
