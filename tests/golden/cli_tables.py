#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl capabilities and policies, offline."""

import json
import os
import re
import unittest

import ctl

POLICIES = ['any', 'sev', 'sev-es', 'snp', 'snp-strict', 'tdx']


def policies(*args):
    return ctl.run('policies', '--offline', *args)


class Capabilities(ctl.Case):
    def test_table(self):
        ran = ctl.offline('capabilities')
        self.assertEqual((ran.status, ran.err), (0, ''))
        lines = ran.out.splitlines()
        self.assertEqual(lines[0], f'host: {ctl.HOST}, kernel 6.11.0, libvirt 10.10.0, '
                         'qemu 9.2.0, sev firmware 1.55.29')
        self.assertEqual(lines[2].split(), ['TECHNOLOGY', 'VERDICT', 'LAYER', 'CAPACITY', 'POOL',
                                            'QUOTE'])
        self.assertRegex(ran.out, r'(?m)^sev-snp     usable          -      127 guests, 0 in use  sev-es  \S+$')
        column = lines[2].index('VERDICT')
        for line in lines[3:11]:
            self.assertRegex(line[column - 1:], r'^ \S')
        self.assertNotIn('\x1b', ran.out)

    def test_json(self):
        ran = ctl.offline('capabilities', '--json')
        self.assertEqual((ran.status, ran.err), (0, ''))
        answer = json.loads(ran.out)
        self.assertEqual(set(answer), {'host', 'technologies', 'firmware'})
        snp = answer['technologies']['sev-snp']
        self.assertEqual(snp['verdict'], 'usable')
        self.assertEqual(snp['capacity']['total'], 127)
        self.assertTrue(snp['evidence'])

    def test_another_host(self):
        ran = ctl.run('capabilities', '--offline', '--host', os.path.join(ctl.HOSTS, 'spr-tdx'))
        self.assertRegex(ran.out, r'(?m)^tdx +usable ')

    def test_this_machine(self):
        ran = ctl.run('capabilities', '--offline')
        self.assertEqual(ran.status, 0, ran.err)
        self.assertTrue(ran.out.startswith('host: live'))


class Policies(ctl.Case):
    def test_list(self):
        for args in ([], ['list']):
            ran = policies(*args)
            self.assertEqual((ran.status, ran.err), (0, ''))
            lines = ran.out.splitlines()
            self.assertTrue(lines[0].startswith('POLICY '))
            self.assertEqual([line.split()[0] for line in lines[1:]], POLICIES)

    def test_json(self):
        answer = json.loads(policies('--json').out)
        self.assertEqual([p['name'] for p in answer['policies']], POLICIES)
        for policy in answer['policies']:
            self.assertEqual(set(policy), {'name', 'title', 'path', 'digest', 'technologies'})
            self.assertTrue(os.path.exists(policy['path']))
        self.assertEqual(answer['policies'][3]['technologies'], ['sev-snp'])

    def test_show(self):
        path = json.loads(policies('--json').out)['policies'][3]['path']
        with open(path, encoding='utf-8') as file:
            self.assertEqual(policies('show', 'snp').out, file.read())
        self.assertEqual(json.loads(policies('show', 'snp', '--json').out)['name'], 'snp')
        self.expect_failure(policies('show', 'nsp'), 2, 'nsp', 'snp-strict')

    def test_check(self):
        text = policies('show', 'snp').out
        mine = re.sub(r'''name=(["'])snp\1''', 'name="mine"', text, count=1)
        good = self.file('mine.xml', mine)
        for args in (['policies', 'check', good], ['policies', '--offline', 'check', good]):
            ran = ctl.run(*args)
            self.assertEqual((ran.status, ran.out), (0, f'{good}: policy mine is good\n'), ran.err)
        lines = mine.splitlines(keepends=True)
        lines.insert(len(lines) - 1, '<bogus/>\n')
        bad = self.file('bad.xml', ''.join(lines).replace('"mine"', '"bad"'))
        ran = policies('check', bad)
        self.expect_failure(ran, 2, f'{bad}:{len(lines) - 1}: ')
        self.expect_failure(policies('check', self.folder + '/gone.xml'), 2, 'gone.xml')
        self.expect_failure(policies('check', self.file('no.xml', 'no')), 2, 'no.xml')

    def test_check_known_bad(self):
        """A list of known-bad combinations is no policy, and its faults have file and line too."""
        entry = ('<known-bad>\n<combination id="a" severity="%s" technologies="sev-snp">'
                 '<version of="qemu" from="9.0" before="10.0"/><breaks>it ends</breaks>'
                 '<fix>update it</fix><source>a page</source></combination>\n</known-bad>\n')
        good = self.file('known-bad-site.xml', entry % 'warn')
        ran = policies('check', good)
        self.assertEqual((ran.status, ran.out), (0, f'{good}: 1 known-bad combinations, good\n'),
                         ran.err)
        ran = policies('--policy-dir', self.folder)
        self.assertEqual([line.split()[0] for line in ran.out.splitlines()[1:]], POLICIES)
        bad = self.file('known-bad-bad.xml', entry % 'fatal')
        self.expect_failure(policies('check', bad), 2, f'{bad}:2: ')
        self.expect_failure(policies('--policy-dir', self.folder), 2, f'{bad}:2: ')


if __name__ == '__main__':
    ctl.main()
