#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the hook decides alone, hostd being away, on the XML that real libvirts handed it: hook_live.py HOOK_AT

The XML is that of tests/golden/live/; HOOK_AT is the hook's whole course with folders of the test's own.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

LIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden', 'live')
SECURITY = re.compile(rb'\s*<launchSecurity.*</launchSecurity>', re.S)
NOTE = re.compile(rb'\s*<cloister:launch [^>]*/>')
VETOED, ALLOWED = 1, 0


def recorded(operation):
    for path in sorted(glob.glob(os.path.join(LIVE, '*', '*', operation + '.xml'))):
        with open(path, 'rb') as file:
            yield os.path.relpath(path, LIVE), file.read()


class HookLive(unittest.TestCase):
    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        os.mkdir(os.path.join(self.top, 'bindings'))

    def bind(self, xml):
        uuid = re.search(rb'^  <uuid>(.*)</uuid>', xml, re.M)[1].decode()
        with open(os.path.join(self.top, 'bindings', uuid), 'w'):
            pass
        return os.path.join(self.top, 'bindings', uuid)

    def expect(self, status, operation, xml, words=''):
        name = re.search(rb'<name>(.*)</name>', xml)[1].decode()
        done = subprocess.run([self.program, self.top, '20000', '/etc/libvirt/hooks/qemu.d/50-cloister', name,
                               operation, 'begin', '-'], input=xml, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, b'')
        self.assertEqual(done.stderr.count(b'\n'), 1 if status else 0)
        self.assertIn(words, done.stderr.decode())

    def test_there_is_something_to_test(self):
        for operation in ('prepare', 'start', 'started', 'reconnect'):
            self.assertGreaterEqual(len(list(recorded(operation))), 7)

    def test_a_start_is_vetoed(self):
        for operation in ('prepare', 'start'):
            for path, xml in recorded(operation):
                with self.subTest(path):
                    self.expect(VETOED, operation, xml, 'cloister-hostd cannot be reached')
                    # Stripped of what protects it, its note tells still; our own note alone does too.
                    self.expect(VETOED, operation, SECURITY.sub(b'', xml), 'cloister-hostd cannot be reached')
                    self.expect(VETOED, operation, NOTE.sub(b'', xml), 'cloister-hostd cannot be reached')

    def test_a_stripped_guest_is_vetoed_by_its_binding(self):
        for operation in ('prepare', 'start'):
            for path, xml in recorded(operation):
                bare = NOTE.sub(b'', SECURITY.sub(b'', xml))
                with self.subTest(path):
                    self.assertNotIn(b'cloister', bare)
                    self.expect(ALLOWED, operation, bare)
                    binding = self.bind(bare)
                    self.expect(VETOED, operation, bare, 'is bound')
                    os.unlink(binding)

    def test_what_runs_is_left_alone(self):
        for operation in ('started', 'reconnect'):
            for path, xml in recorded(operation):
                self.bind(xml)
                with self.subTest(path):
                    self.expect(ALLOWED, operation, xml)
                    self.expect(ALLOWED, operation, SECURITY.sub(b'', xml))


if __name__ == '__main__':
    HookLive.program = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
