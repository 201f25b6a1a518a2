#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the tests of a module of Python's own test package, inside the guest, and writes what becomes of each to a file at once,
so that nothing is lost if the guest dies.

run_unittest.py MODULE RESULTS only|without FILE   appends "start ID", "pass ID", "fail ID" and "skip ID" lines, at last
"end"; FILE has a test's ID in each line. What tests say goes to the standard output.
"""
import importlib
import os
import sys
import traceback
import unittest


class Result(unittest.TestResult):
    def __init__(self, path):
        super().__init__()
        self.out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.pid = os.getpid()
        self.outcome = {}

    def put(self, word, test):
        if os.getpid() == self.pid:             # a test's child may come back to us
            os.write(self.out, f"{word} {test.id()}\n".encode(errors="replace").replace(b"\r", b" "))

    def say(self, test, err):
        text = "".join(traceback.format_exception(*err))
        sys.__stdout__.write(f"FAIL {test.id()}\n{text}\n")
        sys.__stdout__.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome[test] = "pass"
        self.put("start", test)

    def stopTest(self, test):
        super().stopTest(test)
        self.put(self.outcome.pop(test), test)

    def failed(self, test, err):
        self.say(test, err)
        if test in self.outcome:
            self.outcome[test] = "fail"
        else:                                   # setUpModule or setUpClass
            self.put("fail", test)

    addError = addFailure = failed

    def addSubTest(self, test, subtest, err):
        if err:
            self.failed(test, err)

    def addUnexpectedSuccess(self, test):
        self.outcome[test] = "fail"

    def addSkip(self, test, reason):
        if test in self.outcome:
            self.outcome[test] = "skip"
        elif not isinstance(test, unittest.case._SubTest):
            self.put("skip", test)


def only(suite, wanted):
    """The suite without the tests that are not wanted, its structure kept: setUpClass and setUpModule depend on it."""
    if not isinstance(suite, unittest.TestSuite):
        return suite
    return type(suite)(only(x, wanted) for x in suite if isinstance(x, unittest.TestSuite) or wanted(x.id()))


def main():
    name, results = sys.argv[1:3]
    with open(sys.argv[4], encoding="utf-8") as f:
        names = set(f.read().split("\n"))
    wanted = names.__contains__ if sys.argv[3] == "only" else lambda name: name not in names
    sys.argv = [name]
    from test import support            # the guest's
    support.use_resources = ["subprocess"]
    support.verbose = 0
    result = Result(results)
    support._run_suite = lambda suite: only(suite, wanted).run(result)
    try:
        module = importlib.import_module(name)
    except unittest.SkipTest:
        module = None
    if hasattr(module, "test_main"):        # it prepares something, and comes to _run_suite
        module.test_main()
    elif module:
        only(unittest.defaultTestLoader.loadTestsFromModule(module), wanted).run(result)
    os.write(result.out, b"end\n")
    sys.stdout.flush()
    os._exit(0)                         # what threads tests left need not be waited for


if __name__ == "__main__":
    main()
