#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl doctor, offline: on every recorded host, and on some that are changed for it."""

import json
import os
import re
import shutil
import stat
import unittest

import ctl

HOSTS = sorted(name for name in os.listdir(ctl.HOSTS) if os.path.isdir(os.path.join(ctl.HOSTS, name)))
LINE = re.compile(r'^(error|warning): [a-z0-9-]+: \S.*$')


def doctor(host, *args, **more):
    return ctl.run('doctor', '--offline', '--host', os.path.join(ctl.HOSTS, host), *args, **more)


class Every(ctl.Case):
    def test_says_what_capabilities_say(self):
        """Lines, JSON and exit status agree with each other, and with the verdicts."""
        for host in HOSTS:
            with self.subTest(host):
                ran, as_json = doctor(host), doctor(host, '--json')
                self.assertEqual(ran.err + as_json.err, '')
                self.assertEqual(ran.status, as_json.status)
                answer = json.loads(as_json.out)
                facts = json.loads(ctl.run('capabilities', '--offline', '--json', '--host',
                                           os.path.join(ctl.HOSTS, host)).out)
                self.assertEqual(answer['technologies'], {
                    name: t['verdict'] for name, t in facts['technologies'].items()})
                self.assertEqual(answer['guest'], facts['host']['guest'])
                if answer['guest']:
                    self.check_guest(ran, answer)
                else:
                    self.check_host(ran, answer, facts['technologies'])

    def check_guest(self, ran, answer):
        self.assertEqual((ran.status, answer['findings']), (5, []))
        self.assertIn('is a guest', ran.out)
        self.assertEqual(len(ran.out.splitlines()), 1)

    def check_host(self, ran, answer, technologies):
        findings = answer['findings']
        levels = [f['level'] for f in findings]
        self.assertEqual(levels, sorted(levels, key=['error', 'warning', 'note'].index))
        self.assertEqual(ran.status, 3 if 'error' in levels else 0)
        told = [f for f in findings if f['level'] != 'note']
        lines = ran.out.splitlines()
        if not told:
            self.assertEqual(lines, ['nothing is wrong'])
            return
        self.assertEqual(len(lines), len(told))
        for line, finding in zip(lines, told):
            self.assertRegex(line, LINE)
            self.assertTrue(line.startswith(f"{finding['level']}: {finding['id']}: "))
            if finding['fix']:
                self.assertIn('; to do: ' + finding['fix'], line)
        self.check_technologies({f['id']: f for f in findings}, technologies)

    def check_technologies(self, findings, technologies):
        for name, facts in technologies.items():
            broken = facts['verdict'] == 'unusable' and facts['layer'] != 'hardware'
            self.assertEqual(name in findings, broken or (
                facts['verdict'] == 'unknown' and 'not-root' not in findings), name)
            if broken:
                self.assertIn(facts['cause'], findings[name]['text'])
                self.assertEqual(facts['fix'], findings[name]['fix'])


class One(ctl.Case):
    def test_known_bad(self):
        """milan-snp: firmware 1.55 and Linux 6.11."""
        ran = doctor('milan-snp')
        self.assertEqual(ran.status, 0, ran.out)
        self.assertIn('warning: known-bad-es-beside-snp-old-firmware: for guests of sev-es: ', ran.out)
        self.assertIn('warning: known-bad-cve-2026-31591: ', ran.out)
        self.assertNotIn('\x1b', ran.out)

    def test_operators_list(self):
        self.file('known-bad-site.xml', '<known-bad>'
                  '<ignore id="cve-2026-31591" because="we have the fix"/>'
                  '<combination id="mine" severity="warn"><version of="kernel" from="6.11"/>'
                  '<breaks>it \x9b[31m ends</breaks><fix>update it</fix><source>a page</source>'
                  '</combination></known-bad>')
        ran = doctor('milan-snp', '--policy-dir', self.folder)
        self.assertNotIn('cve-2026-31591', ran.out)
        self.assertRegex(ran.out, r'warning: known-bad-mine: it  ?\[31m ends; to do: update it')
        self.file('known-bad-site.xml', '<known-bad><cough/></known-bad>')
        ran = doctor('milan-snp', '--policy-dir', self.folder)
        self.assertEqual(ran.status, 3)
        self.assertIn('error: known-bad: ', ran.out)
        self.assertIn('known-bad-site.xml:1: ', ran.out)

    def test_color(self):
        plain = doctor('milan-snp').out
        colored = doctor('milan-snp', '--color', 'always').out
        self.assertIn('\x1b[1;33mwarning\x1b[0m: ', colored)
        self.assertEqual(re.sub('\x1b\\[[0-9;]*m', '', colored), plain)
        self.expect_usage(doctor('milan-snp', '--color', 'pink'), 'always, never or auto')

    def test_not_root(self):
        """Which answers it costs, each cause once."""
        ran = doctor('milan-snp-not-root')
        lines = [line for line in ran.out.splitlines() if line.startswith('warning: not-root: ')]
        self.assertEqual(len(lines), 1, ran.out)
        for name in ('sev', 'sev-es', 'sev-snp'):
            self.assertRegex(lines[0], rf'\b{name}\b')
        self.assertIn('run it as root', lines[0])

    def test_unreadable(self):
        copy = os.path.join(self.folder, 'host')
        shutil.copytree(os.path.join(ctl.HOSTS, 'milan-snp'), copy)
        os.chmod(copy, stat.S_IRWXU)
        with open(os.path.join(copy, 'cpuid'), 'w', encoding='utf-8') as file:
            file.write('nonsense\n')
        self.expect_failure(ctl.run('doctor', '--offline', '--host', copy), 2, 'cpuid')
        self.expect_failure(ctl.run('doctor', '--offline', '--host', copy + '/gone'), 2, 'gone')

    def test_no_daemon(self):
        self.expect_failure(ctl.run('doctor', '--socket', self.folder + '/gone'), 69, 'gone',
                            'doctor --offline')


if __name__ == '__main__':
    ctl.main()
