#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl rewrite and verify, offline: outputs, statuses and where each line goes."""

import difflib
import json
import os
import pty
import re
import unittest

import ctl

RED, GREEN, RESET = '\x1b[31m', '\x1b[32m', '\x1b[0m'


def rewrite(*args, **more):
    return ctl.offline('rewrite', *args, **more)


def verify(*args, **more):
    return ctl.offline('verify', *args, **more)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def patch(before, diff):
    """Follows the parts of a unified diff; what they keep and remove has to be there."""
    after, at = [], 0
    for line in diff:
        if line[0] == '@':
            first, count = re.match(r'@@ -(\d+)(?:,(\d+))?', line).groups('1')
            to = int(first) - (count != '0')
            after += before[at:to]
            at = to
        elif line[0] == '+':
            after.append(line[1:])
        else:
            assert before[at] == line[1:], f'{before[at]!r} is not {line[1:]!r}'
            at += 1
            if line[0] == ' ':
                after.append(line[1:])
    return after + before[at:]


class Rewrite(ctl.Case):
    def test_xml_alone_on_stdout(self):
        ran = rewrite('--policy', 'snp', ctl.WEB)
        self.assertEqual(ran.status, 0, ran.err)
        self.assertTrue(ran.out.startswith("<domain type='kvm'>\n  <name>web-1</name>\n"))
        self.assertTrue(ran.out.endswith('</domain>\n'))
        self.assertIn("<launchSecurity type='sev-snp'", ran.out)
        self.assertIn("<!-- nobody's but the author's -->", ran.out)
        # The old variables file is no longer used, and that has to be said.
        self.assertTrue(ran.lines)
        for line in ran.lines:
            self.assertRegex(line, r'^note: \S')
        again = rewrite('--policy', 'snp', '-', stdin=ran.bytes)
        self.assertEqual((again.status, again.bytes), (0, ran.bytes))

    def test_refused(self):
        ran = rewrite('--policy', 'snp', ctl.IDE)
        self.assertEqual((ran.status, ran.out), (3, ''))
        reasons = [line for line in ran.lines if not line.startswith('note: ')]
        self.assertTrue(reasons)
        for line in reasons:
            self.assertRegex(line, ctl.REASON)
        self.assertIn('/domain/devices/disk/target/@bus', ran.err.replace('[1]', ''))
        self.assertEqual(rewrite('--policy', 'snp', ctl.IDE).err, ran.err)

    def test_refused_writes_nothing_with_diff(self):
        ran = rewrite('--policy', 'snp', '--diff', ctl.IDE)
        self.assertEqual((ran.status, ran.out), (3, ''))

    def test_unknown_policy_lists_the_known(self):
        ran = rewrite('--policy', 'spn', ctl.WEB)
        self.expect_failure(ran, 2, 'spn', 'snp', 'snp-strict', 'sev-es', 'tdx', 'any')

    def test_json(self):
        plain = rewrite('--policy', 'snp', ctl.WEB)
        ran = rewrite('--policy', 'snp', '--json', ctl.WEB)
        self.assertEqual((ran.status, ran.err), (0, ''))
        answer = json.loads(ran.out)
        self.assertEqual(set(answer), {'verdict', 'technology', 'uuid', 'policy_digest', 'reasons',
                                       'notes', 'xml'})
        self.assertEqual(answer['verdict'], 'allow')
        self.assertEqual(answer['technology'], 'sev-snp')
        self.assertEqual(answer['uuid'], '4f0c2b1a-7c55-4d0e-9a34-2f6f0a1b5c77')
        self.assertRegex(answer['policy_digest'], '^sha256:[0-9a-f]{64}$')
        self.assertEqual(answer['reasons'], [])
        self.assertEqual(answer['xml'], plain.out)
        self.assertEqual(len(answer['notes']), len(plain.lines))

        ran = rewrite('--policy', 'snp', '--json', ctl.IDE)
        self.assertEqual((ran.status, ran.err), (3, ''))
        answer = json.loads(ran.out)
        self.assertEqual((answer['verdict'], answer['xml'], answer['uuid']), ('refuse', None, None))
        for reason in answer['reasons']:
            self.assertEqual(set(reason), {'id', 'xpath', 'text'})

    def test_technology(self):
        for name in ('sev', 'sev-es', 'sev-snp'):
            ran = rewrite('--policy', 'any', '--technology', name, '--json', ctl.WEB)
            self.assertEqual(json.loads(ran.out)['technology'], name)
        ran = rewrite('--policy', 'any', '--technology', 'tdx', ctl.WEB)
        self.assertEqual(ran.status, 3, ran.err)

    def test_policy_dir(self):
        text = ctl.run('policies', '--offline', 'show', 'snp').out
        text = re.sub(r'''name=(["'])snp\1''', 'name="mine"', text, count=1)
        self.file('mine.xml', text)
        ran = rewrite('--policy-dir', self.folder, '--policy', 'mine', ctl.WEB)
        self.assertEqual(ran.status, 0, ran.err)
        gone = os.path.join(self.folder, 'gone')
        self.expect_failure(rewrite('--policy-dir', gone, '--policy', 'snp', ctl.WEB), 2, gone)
        self.file('broken.xml', '<policy>\n<bogus/></policy>\n')
        ran = rewrite('--policy-dir', self.folder, '--policy', 'snp', ctl.WEB)
        self.expect_failure(ran, 2)
        self.assertRegex(ran.err, r'broken\.xml:\d+: ')


class KnownBad(ctl.Case):
    ENTRY = ('<known-bad><combination id="site" severity="%s" technologies="sev-snp">'
             '<version of="qemu" from="%s" before="10.0"/>'
             '<guest test="boolean(devices/disk)" who="that have a disk"/>'
             '<breaks>it ends</breaks><fix>update it</fix><source>a page</source></combination>'
             '</known-bad>')

    def rewrite(self, severity, version):
        self.file('known-bad.xml', self.ENTRY % (severity, version))
        return rewrite('--policy-dir', self.folder, '--policy', 'snp', ctl.WEB)

    def test_warns_and_refuses(self):
        """The recorded host has QEMU 9.2."""
        line = 'known-bad-site: /domain: it ends; to do: update it (a page)'
        warned = self.rewrite('warn', '9.2')
        self.assertEqual(warned.status, 0, warned.err)
        self.assertIn('note: ' + line, warned.lines)
        self.assertIn("<launchSecurity type='sev-snp'>", warned.out.replace('"', "'"))
        refused = self.rewrite('refuse', '9.2')
        self.assertEqual((refused.status, refused.out), (3, ''))
        self.assertIn(line, refused.lines)
        other = self.rewrite('refuse', '9.3')
        self.assertEqual(other.status, 0, other.err)
        self.assertNotIn('known-bad-site', other.err)


class Diff(ctl.Case):
    def test_is_a_unified_diff(self):
        after = rewrite('--policy', 'snp', ctl.WEB).out
        ran = rewrite('--policy', 'snp', '--diff', ctl.WEB)
        self.assertEqual(ran.status, 0, ran.err)
        self.assertNotIn('\x1b', ran.out)
        lines = ran.out.splitlines()
        self.assertEqual(lines[:2], [f'--- {ctl.WEB}', f'+++ {ctl.WEB} (snp)'])
        # No more lines of either kind than Python's own diff has; followed, it makes the result.
        own = list(difflib.unified_diff(read(ctl.WEB).splitlines(), after.splitlines()))[2:]
        for sign in '+-':
            self.assertLessEqual(sum(l[0] == sign for l in lines[2:]),
                                 sum(l[0] == sign for l in own))
        self.assertEqual(patch(read(ctl.WEB).splitlines(), lines[2:]), after.splitlines())

    def test_nothing_changes(self):
        after = rewrite('--policy', 'snp', ctl.WEB)
        ran = rewrite('--policy', 'snp', '--diff', '-', stdin=after.bytes)
        self.assertEqual((ran.status, ran.out), (0, ''))
        self.assertIn('note: nothing changes', ran.err)

    def test_color(self):
        plain = rewrite('--policy', 'snp', '--diff', ctl.WEB).out
        ran = rewrite('--policy', 'snp', '--diff', '--color=always', ctl.WEB, env={'NO_COLOR': '1'})
        self.assertIn(f'{GREEN}+', ran.out)
        self.assertIn(f'{RED}-', ran.out)
        self.assertEqual(re.sub('\x1b\\[\\d+m', '', ran.out), plain)

    def on_terminal(self, *args, env=None):
        master, slave = pty.openpty()
        ran = rewrite('--policy', 'snp', '--diff', *args, ctl.WEB, stdout=slave, env=env)
        os.close(slave)
        self.assertEqual(ran.status, 0, ran.err)
        shown = b''
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            shown += part
        os.close(master)
        return shown.decode()

    def test_terminal(self):
        self.assertIn(GREEN, self.on_terminal())
        self.assertIn(GREEN, self.on_terminal(env={'NO_COLOR': ''}))
        self.assertNotIn('\x1b', self.on_terminal(env={'NO_COLOR': '1'}))
        self.assertNotIn('\x1b', self.on_terminal('--color=never'))


class Verify(ctl.Case):
    def setUp(self):
        super().setUp()
        self.good = rewrite('--policy', 'snp', ctl.WEB).out

    def test_allow(self):
        ran = verify('--policy', 'snp', '-', stdin=self.good.encode())
        self.assertEqual((ran.status, ran.out), (0, 'allow: sev-snp under policy snp\n'), ran.err)
        # Without a host there is less to check, and that is said.
        ran = ctl.run('verify', '--offline', '--policy', 'snp', '-', stdin=self.good.encode())
        self.assertEqual(ran.status, 0, ran.out + ran.err)
        for line in ran.lines:
            self.assertRegex(line, '^note: ')

    def test_refuse(self):
        bad = self.good.replace(" iommu='on'", '').replace("0x30000", "0xb0000")
        self.assertNotEqual(bad, self.good)
        ran = verify('--policy', 'snp', '-', stdin=bad.encode())
        self.assertEqual(ran.status, 3, ran.err)
        lines = ran.out.splitlines()
        self.assertGreaterEqual(len(lines), 2)
        for line in lines:
            self.assertRegex(line, ctl.REASON)
        self.assertIn('/domain/launchSecurity/policy', ran.out)
        self.assertIn('/domain/devices/disk', ran.out)

    def test_not_ours(self):
        ran = verify('--policy', 'snp', ctl.WEB)
        self.assertEqual(ran.status, 4, ran.err)
        self.assertTrue(ran.out.startswith('not ours: '))
        answer = json.loads(verify('--policy', 'snp', '--json', ctl.WEB).out)
        self.assertEqual(answer['verdict'], 'not-ours')

    def test_data(self):
        data = self.file('data', b'\1' * 32)
        other = self.file('other', b'\2' * 32)
        after = rewrite('--policy', 'snp', '--data', f'hostData=@{data}', ctl.WEB)
        self.assertEqual(after.status, 0, after.err)
        same = verify('--policy', 'snp', '--data', f'hostData=@{data}', '-', stdin=after.bytes)
        self.assertEqual(same.status, 0, same.out + same.err)
        for good, value in ((after.bytes, other), (self.good.encode(), data)):
            ran = verify('--policy', 'snp', '--data', f'hostData=@{value}', '-', stdin=good)
            self.assertEqual(ran.status, 3, ran.out + ran.err)
            self.assertIn('hostData', ran.out)

    def test_json(self):
        answer = json.loads(verify('--policy', 'snp', '--json', '-', stdin=self.good.encode()).out)
        self.assertEqual(set(answer), {'verdict', 'technology', 'reasons', 'notes'})
        self.assertEqual((answer['verdict'], answer['technology']), ('allow', 'sev-snp'))
        ran = verify('--policy', 'sev', '--json', '-', stdin=self.good.encode())
        self.assertEqual((ran.status, ran.err), (3, ''))
        self.assertTrue(json.loads(ran.out)['reasons'])


if __name__ == '__main__':
    ctl.main()
