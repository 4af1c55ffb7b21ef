#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How cloisterctl is called, rightly and wrongly, and what its exit statuses are."""

import os
import subprocess
import unittest

import ctl

COMMANDS = ['status', 'capabilities', 'policies', 'rewrite', 'verify', 'domains']


class Usage(ctl.Case):
    def test_help(self):
        for args in (['--help'], ['-h'], ['help']):
            ran = ctl.run(*args)
            self.assertEqual((ran.status, ran.err), (0, ''))
            for command in COMMANDS:
                self.assertIn(f'\n  {command} ', ran.out)

    def test_version(self):
        ran = ctl.run('--version')
        self.assertEqual((ran.status, ran.err), (0, ''))
        self.assertRegex(ran.out, r'^cloisterctl \d+\.\d+\.\d+\n$')

    def test_help_of_each_command(self):
        for command in COMMANDS:
            for option in ('--help', '-h'):
                ran = ctl.run(command, option)
                self.assertEqual((ran.status, ran.err), (0, ''))
                self.assertTrue(ran.out.startswith(f'Usage:\n  cloisterctl {command} '), ran.out)
                self.assertIn('Exit status: 0', ran.out)
                self.assertIn('--json', ran.out)

    def test_commands(self):
        self.expect_usage(ctl.run(), 'a command is missing')
        self.expect_usage(ctl.run('rewirte'), "no command 'rewirte'")
        self.expect_usage(ctl.run('--verson'), "no command '--verson'")

    def test_options(self):
        for args, words in (
                (['--bogus', ctl.WEB], '--bogus'),
                (['--policy'], 'policy'),
                ([ctl.WEB], '--policy NAME is missing'),
                (['--policy', 'snp'], 'FILE is missing'),
                (['--policy', 'snp', ctl.WEB, 'more'], "'more' is one argument too many"),
                (['--policy', 'snp', '--data', 'hostData', ctl.WEB], 'KEY=VALUE'),
                (['--policy', 'snp', '--data', '=x', ctl.WEB], 'KEY=VALUE'),
                (['--policy', 'snp', '--data', 'a=1', '--data', 'a=2', ctl.WEB],
                 'a was given twice'),
                (['--policy', 'snp', '--technology', 'sve', ctl.WEB], '--technology'),
                (['--policy', 'snp', '--stage', 'migrate', ctl.WEB], 'stage'),
                (['--policy', 'snp', '--socket', 'x', ctl.WEB], '--socket')):
            with self.subTest(args=args):
                self.expect_usage(ctl.run('verify', '--offline', *args), words)
        for args, words in (
                (['--diff', '--json'], '--diff and --json'),
                (['--diff', '--color', 'blue'], "not 'blue'"),
                (['--stage', 'start'], '--stage')):
            with self.subTest(args=args):
                self.expect_usage(ctl.offline('rewrite', '--policy', 'snp', *args, ctl.WEB), words)
        self.expect_usage(ctl.run('rewrite', '--host', ctl.HOST, '--policy', 'snp', ctl.WEB),
                          '--host needs --offline')
        self.expect_usage(ctl.run('policies', 'shwo', 'snp'), 'show NAME')
        self.expect_usage(ctl.run('policies', 'show'), 'show NAME')
        self.expect_usage(ctl.run('policies', 'list', 'snp'), 'show NAME')
        self.expect_usage(ctl.run('status', '--offline'), '--offline')
        self.expect_usage(ctl.run('domains', 'x'), "'x' is one argument too many")

    def test_bytes_that_are_not_utf8(self):
        ran = ctl.run('rewrite', '--offline', '--policy', 'snp', b'/nonexistent/\xff\n\x1b[31m')
        self.expect_failure(ran, 2, '/nonexistent/\N{REPLACEMENT CHARACTER}')
        self.assertNotIn('\x1b', ran.err)
        ran = ctl.offline('rewrite', '--policy', 'snp', '--data', b'hostData=\xff', ctl.WEB)
        self.expect_failure(ran, 2, 'hostData', 'UTF-8')


class Input(ctl.Case):
    def test_files(self):
        for command in ('rewrite', 'verify'):
            gone = os.path.join(self.folder, 'gone.xml')
            self.expect_failure(ctl.offline(command, '--policy', 'snp', gone), 2, gone, 'No such')
            self.expect_failure(ctl.offline(command, '--policy', 'snp', self.folder), 2,
                                self.folder)
            self.expect_failure(ctl.offline(command, '--policy', 'snp', '/dev/zero'), 2,
                                '/dev/zero is larger than 4194304 bytes')
            big = self.file('big.xml', b'<domain>' + b' ' * (4 << 20) + b'</domain>')
            self.expect_failure(ctl.offline(command, '--policy', 'snp', big), 2, 'larger')
            self.expect_failure(ctl.offline(command, '--policy', 'snp', '-', stdin=b'<dom'), 2)
            self.expect_failure(ctl.offline(command, '--policy', 'snp', '-', stdin=b''), 2)

    def test_stdin(self):
        with open(ctl.WEB, 'rb') as file:
            text = file.read()
        named = ctl.offline('rewrite', '--policy', 'snp', ctl.WEB)
        self.assertEqual(named.status, 0, named.err)
        piped = ctl.offline('rewrite', '--policy', 'snp', '-', stdin=text)
        self.assertEqual((piped.status, piped.bytes), (0, named.bytes))
        self.assertEqual(piped.err, named.err)

    def test_option_like_name(self):
        ran = ctl.offline('rewrite', '--policy', 'snp', '--', '--gone.xml')
        self.expect_failure(ran, 2, 'cannot open --gone.xml')

    def test_data_files(self):
        gone = os.path.join(self.folder, 'gone')
        data = lambda value: ctl.offline('rewrite', '--policy', 'snp', '--data', value, ctl.WEB)
        self.expect_failure(data(f'hostData=@{gone}'), 2, 'hostData', gone)
        self.expect_failure(data(f'hostData=@{self.folder}'), 2, 'hostData', self.folder)
        self.expect_failure(data('hostData=@/dev/zero'), 2, 'hostData', 'larger than 65536')
        self.expect_failure(data('noSuchKey=1'), 2, 'noSuchKey')
        good = data('hostData=@' + self.file('host-data', bytes(range(32))))
        self.assertEqual(good.status, 0, good.err)
        self.assertIn('>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=<', good.out)

    def test_host(self):
        ran = ctl.run('rewrite', '--offline', '--host', self.folder + '/gone', '--policy', 'snp',
                      ctl.WEB)
        self.expect_failure(ran, 2, 'gone')
        ran = ctl.run('capabilities', '--offline', '--host', ctl.WEB)
        self.expect_failure(ran, 2, ctl.WEB)


class Output(ctl.Case):
    def test_full_disk(self):
        for args in (['--help'], ['--version'], ['rewrite', '--help'],
                     ['policies', '--offline'], ['capabilities', '--offline', '--host', ctl.HOST],
                     ['rewrite', '--offline', '--host', ctl.HOST, '--policy', 'snp', ctl.WEB]):
            with self.subTest(args=args), open('/dev/full', 'wb') as full:
                ran = ctl.run(*args, stdout=full)
                self.assertEqual(ran.status, 74, ran.err)
                self.assertIn('standard output', ran.lines[-1])
                self.assertIn('No space left', ran.lines[-1])

    def test_closed(self):
        ran = subprocess.run(['sh', '-c', '"$0" --version >&-', ctl.program],
                             stderr=subprocess.PIPE, check=False)
        self.assertEqual(ran.returncode, 74)


if __name__ == '__main__':
    ctl.main()
