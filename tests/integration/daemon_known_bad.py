#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Known-bad combinations in the built cloister-hostd: Rewrite, gate and doctor, and a list that is broken.

`daemon_known_bad.py --program HOSTD --recording FOLDER`, then unittest's own arguments.
"""

import subprocess
import sys
import unittest

from daemon_wire import GUEST, Hostd, Refused, read_arguments

ARGUMENTS = None
UUID = '11111111-2222-3333-4444-555555555555'
SITE = 'known-bad-site.xml'
# The recorded host has QEMU 9.2.0.
LIST = ('<known-bad>\n<combination id="site" severity="%s" technologies="sev-snp">'
        '<version of="qemu" from="9.2" before="9.3"/>'
        '<guest test="name = \'web-1\'" who="called web-1"/>'
        '<breaks>it ends</breaks><fix>update QEMU</fix><source>a page</source></combination>\n'
        '</known-bad>\n')
LINE = 'known-bad-site: /domain: it ends; to do: update QEMU (a page)'


class KnownBad(unittest.TestCase):
    def setUp(self):
        self.daemon = Hostd(ARGUMENTS.program, ARGUMENTS.recording)
        self.addCleanup(self.daemon.__exit__)

    def write(self, text):
        with open(f'{self.daemon.policies}/{SITE}', 'w', encoding='utf-8') as file:
            file.write(text)

    def call(self, which, method, **parameters):
        with self.daemon.client(which) as client:
            return client.call(f'io.cloister.{method}', **parameters)

    def rewrite(self):
        return self.call('compute', 'Launch.Rewrite', xml=GUEST % UUID, policy='snp')

    def event(self, operation, xml):
        return self.call('hook', 'Hook.Event', object='web-1', operation=operation,
                         sub_operation='begin', extra='-', xml=xml)

    def findings(self):
        return {f['id']: f for f in self.call('admin', 'Admin.Doctor')['findings']}

    def live(self):
        answer = self.rewrite()
        self.assertEqual(answer['verdict'], 'allow', answer['reasons'])
        return answer['xml'].replace('<domain ', "<domain id='1' ", 1)

    def test_gate_and_rewrite(self):
        self.daemon.start()
        xml = self.live()
        self.assertEqual(self.event('prepare', xml), {'verdict': 'allow'})

        self.write(LIST % 'warn')
        self.call('admin', 'Admin.Reload')
        self.assertEqual(self.event('prepare', xml), {'verdict': 'allow'})
        self.assertIn(f'note for "web-1": {LINE}', self.daemon.said())
        self.assertIn('known-bad-site', [note['id'] for note in self.rewrite()['notes']])
        found = self.findings()['known-bad-site']
        self.assertEqual((found['level'], found['fix'], found['source']),
                         ('warning', 'update QEMU', 'a page'))
        self.assertEqual(found['text'], 'for guests of sev-snp called web-1: it ends')

        self.write(LIST % 'refuse')
        self.call('admin', 'Admin.Reload')
        veto = self.event('prepare', xml)
        self.assertEqual((veto['verdict'], veto['reason']), ('veto', LINE))
        self.assertEqual(self.event('start', xml), {'verdict': 'allow'})
        refused = self.rewrite()
        self.assertEqual((refused['verdict'], refused['xml']), ('refuse', None))
        self.assertIn('known-bad-site', [reason['id'] for reason in refused['reasons']])

    def test_broken_on_reload(self):
        """The list before it stays in use, and guests start."""
        self.write(LIST % 'warn')
        self.daemon.start()
        self.write('<known-bad>\n<cough/></known-bad>\n')
        with self.assertRaises(Refused) as refused:
            self.call('admin', 'Admin.Reload')
        self.assertIn(SITE + ':2: ', refused.exception.parameters['message'])
        xml = self.live()
        self.assertEqual(self.event('prepare', xml), {'verdict': 'allow'})
        self.assertIn(f'note for "web-1": {LINE}', self.daemon.said())
        self.assertEqual(self.findings()['policies']['level'], 'error')

    def test_broken_at_start(self):
        """A fault in it neither keeps hostd from starting nor guests; doctor and log say so."""
        self.write('<known-bad')
        ended = subprocess.run([self.daemon.program, '--config', self.daemon.config,
                                '--check-config'], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.returncode, 78)
        self.assertIn(SITE + ':1: ', ended.stderr)
        self.daemon.start()
        self.assertIn(SITE + ':1: ', self.daemon.said())
        self.assertEqual(self.event('prepare', self.live()), {'verdict': 'allow'})
        found = self.findings()
        self.assertIn(SITE + ':1: ', found['known-bad']['text'])
        self.assertEqual(found['known-bad']['level'], 'error')
        self.assertIn('known-bad-cve-2026-31591', found)  # of the shipped ones

        self.write(LIST % 'warn')
        self.call('admin', 'Admin.Reload')
        found = self.findings()
        self.assertNotIn('known-bad', found)
        self.assertIn('known-bad-site', found)


def main():
    global ARGUMENTS
    ARGUMENTS, rest = read_arguments('program', 'recording')
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
