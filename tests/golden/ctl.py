# SPDX-License-Identifier: Apache-2.0
"""For the golden tests of cloisterctl: runs the built program and says what it did."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = os.path.join(os.path.dirname(HERE), 'hosts')
HOST = os.path.join(HOSTS, 'milan-snp')
WEB = os.path.join(HERE, 'cli', 'web-1.xml')
IDE = os.path.join(HERE, 'cli', 'ide.xml')
REASON = r'^[a-z][a-z0-9-]*: /domain\S*: \S.*$'

program = None


class Ran:
    def __init__(self, result):
        self.status = result.returncode
        self.bytes = result.stdout
        self.out = result.stdout.decode()
        self.err = result.stderr.decode()
        self.lines = self.err.splitlines()


def run(*args, stdin=b'', stdout=subprocess.PIPE, env=None):
    environment = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', **(env or {})}
    result = subprocess.run([program, *args], input=stdin, stdout=stdout, stderr=subprocess.PIPE,
                            env=environment, timeout=60, check=False)
    if result.stdout is None:
        result.stdout = b''
    return Ran(result)


def offline(command, *args, **more):
    return run(command, '--offline', '--host', HOST, *args, **more)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def expect_usage(self, ran, words):
        self.assertEqual(ran.status, 64, ran.err)
        self.assertEqual(ran.out, '')
        self.assertEqual(len(ran.lines), 1, ran.err)
        self.assertIn(words, ran.err)
        self.assertIn('--help', ran.err)

    def expect_failure(self, ran, status, *words):
        """One line on stderr, nothing on stdout."""
        self.assertEqual(ran.status, status, ran.err)
        self.assertEqual(ran.out, '')
        self.assertEqual(len(ran.lines), 1, ran.err)
        for word in words:
            self.assertIn(word, ran.err)


def main():
    global program
    program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
