# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fuzzers of numbered cases have in common: their options, TAP, and cases in batches until there were as many as asked
for and the time is over."""
import argparse
import concurrent.futures
import os
import time


class Campaign:
    def __init__(self, count, add_options=None):
        p = argparse.ArgumentParser()
        p.add_argument('--chimera', required=True)
        p.add_argument('--count', type=int, default=count)
        p.add_argument('--first', type=int, default=0)
        p.add_argument('--seed', type=int, default=1)
        p.add_argument('--seconds', type=float, default=0)
        p.add_argument('--jobs', type=int, default=2)
        if add_options:
            add_options(p)
        self.args = p.parse_args()
        self.args.chimera = os.path.abspath(self.args.chimera)
        self.tests = self.failed = self.cases = 0
        self.until = time.monotonic() + self.args.seconds

    def report(self, name, wrong):
        """One test; wrong: what went wrong, or nothing."""
        self.tests += 1
        self.failed += bool(wrong)
        for line in (wrong or '').splitlines():
            print('#', line)
        print('not ok' if wrong else 'ok', self.tests, name, flush=True)

    def batches(self, case, size):
        """For each batch its numbers and what case(number) returns for each, in order."""
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            while self.cases < self.args.count or time.monotonic() < self.until:
                left = self.args.count - self.cases
                first = self.args.first + self.cases
                numbers = range(first, first + (min(size, left) if left > 0 else size))
                yield numbers, pool.map(case, numbers)
                self.cases += len(numbers)

    def run(self, case, size=100):
        """A test a batch. case(number): what went wrong, or nothing."""
        for numbers, results in self.batches(case, size):
            wrong = [f'case {n}: {w}' for n, w in zip(numbers, results) if w]
            self.report(f'cases {numbers[0]} to {numbers[-1]} of seed {self.args.seed}', '\n'.join(wrong))

    def finish(self, things):
        """The end of TAP; the exit status."""
        print(f'1..{self.tests}')
        print(f'# {self.cases} {things}')
        return self.failed != 0
