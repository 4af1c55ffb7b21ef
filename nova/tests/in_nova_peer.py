# SPDX-License-Identifier: Apache-2.0
"""Runs Nova's own unit tests and writes what each came to; run by peer.py in a root with Nova.

  in_nova_peer.py plain|ours OUTPUT WORDS MODULE...

With "ours" our driver stands in LibvirtDriver's place, and hostd's answer is yes to everything.
WORDS, separated by commas, select tests by a part of their names; "-" takes all. A module
"P/N:MODULE" takes the P-th of N parts of its tests.
"""

import json
import os
import sys
import unittest
import zlib

sys.path.insert(0, "/mnt/src/tests/stack")
import nova_xml  # noqa: E402

nova_xml.prepare()

import nova.virt  # noqa: E402
from nova.virt import libvirt as libvirt_package  # noqa: E402
from nova.virt.libvirt import driver as libvirt_driver  # noqa: E402


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.all = {}

    def note(self, test, outcome, text=""):
        self.all[test.id()] = [outcome, text]

    def addSuccess(self, test):
        self.all.setdefault(test.id(), ["pass", ""])

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error", self.errors[-1][1][-3000:])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "fail", self.failures[-1][1][-3000:])

    def addSkip(self, test, reason):
        self.note(test, "skip")

    def addExpectedFailure(self, test, err):
        self.note(test, "xfail")

    def addUnexpectedSuccess(self, test):
        self.note(test, "unexpected success")


def stand_in():
    """A subclass that Nova's tests, which know LibvirtDriver by its name alone, take for it."""
    nova.virt.__path__.append("/mnt/src/nova/virt")
    from nova.virt.cloister import client
    from nova.virt.cloister import driver

    def rewrite(self, xml, policy, technology=None, data=None):
        return {"verdict": "allow", "technology": technology or "sev", "xml": xml,
                "policy_digest": "0" * 64}

    def inventory(self):
        raise client.Unreachable("there is no Inventory in Nova's tests")

    client.Client.rewrite = rewrite
    client.Client.inventory = inventory
    client.Client.verify = lambda self, *args, **kwargs: {"verdict": "allow"}
    base = libvirt_driver.LibvirtDriver

    class StandIn(driver.CloisterLibvirtDriver):
        def __init__(self, *args, **kwargs):
            # The base says super(LibvirtDriver, self), and would find itself.
            libvirt_driver.LibvirtDriver = base
            try:
                super().__init__(*args, **kwargs)
            finally:
                libvirt_driver.LibvirtDriver = StandIn

    for name, value in vars(base).items():
        if isinstance(value, (staticmethod, classmethod)):  # mock's autospec looks at vars() alone
            setattr(StandIn, name, value)
    libvirt_driver.LibvirtDriver = libvirt_package.LibvirtDriver = StandIn


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def tests_of(module, words):
    part, _, name = module.rpartition(":")
    mine, parts = map(int, part.split("/")) if part else (0, 1)
    for test in flat(unittest.defaultTestLoader.loadTestsFromName(name)):
        if words and not any(word in test.id() for word in words):
            continue
        if zlib.crc32(test.id().encode()) % parts == mine:
            yield test


def main(which, output, words, *modules):
    if which == "ours":
        stand_in()
    words = [] if words == "-" else words.split(",")
    outcomes = Outcomes()
    unittest.TestSuite(t for module in modules for t in tests_of(module, words)).run(outcomes)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(outcomes.all, file)
    sys.stderr.flush()
    os._exit(0)


main(*sys.argv[1:])
