#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Launch.Inventory of the built cloister-hostd: what a compute service is told of key pools, and when nothing.

`daemon_inventory.py --program HOSTD --hosts FOLDER`, then unittest's own arguments. FOLDER has recorded hosts.
"""

import os
import shutil
import sys
import tempfile
import unittest

from daemon_probe import Silent
from daemon_wire import Hostd, Refused, read_arguments

ARGUMENTS = None
INVENTORY = 'io.cloister.Launch.Inventory'


def technology(name, trait, *features):
    return {'name': name, 'trait': trait, 'fallback': f'CUSTOM_{trait}', 'features': list(features)}


SEV = technology('sev', 'HW_CPU_X86_AMD_SEV')
SEV_ES = technology('sev-es', 'HW_CPU_X86_AMD_SEV_ES')
SEV_SNP = technology('sev-snp', 'HW_CPU_X86_AMD_SEV_SNP')


class Inventory(unittest.TestCase):
    def hostd(self, host, settings=''):
        daemon = Hostd(ARGUMENTS.program, os.path.join(ARGUMENTS.hosts, host), settings)
        self.addCleanup(daemon.__exit__)
        return daemon

    def ask(self, daemon, which='compute'):
        with daemon.client(which) as client:
            return client.call(INVENTORY)

    def test_pools(self):
        daemon = self.hostd('milan-snp-leak').start()
        answer = self.ask(daemon)
        self.assertIsNone(answer['drained'])
        sev, es = answer['pools']
        self.assertEqual(sev['pool'], 'sev')
        self.assertEqual(sev['technologies'], [SEV])
        # Five are in use: three by libvirt's guests, and two leaked.
        self.assertEqual(es, {'pool': 'sev-es', 'total': 127, 'reserved': 2, 'guests': 3,
                              'technologies': [SEV_ES, SEV_SNP]})

    def test_feature(self):
        ready = self.hostd('spr-tdx-quote-ready').start()
        self.assertEqual([pool['technologies'] for pool in self.ask(ready)['pools']],
                         [[technology('tdx', 'HW_CPU_X86_INTEL_TDX', 'CUSTOM_CC_TDX_QUOTE_READY')]])

    def test_none(self):
        daemon = self.hostd('plain-vm').start()
        self.assertEqual(self.ask(daemon), {'pools': [], 'drained': None})

    def test_whose(self):
        daemon = self.hostd('milan-snp').start()
        self.assertEqual(len(self.ask(daemon, 'admin')['pools']), 2)
        with self.assertRaises(Refused) as refused:
            self.ask(daemon, 'hook')
        self.assertEqual(refused.exception.name, 'org.varlink.service.InterfaceNotFound')

    def test_gate_not_armed(self):
        """Rewrite refuses then: nobody is to be sent here."""
        daemon = self.hostd('milan-snp')
        os.mkdir(daemon.state)
        with open(os.path.join(daemon.state, 'gate-not-armed'), 'w', encoding='utf-8'):
            pass  # one that cannot be read is an alarm too
        answer = self.ask(daemon.start())
        self.assertIn('gate-not-armed', answer['drained'])
        self.assertEqual([pool['total'] - pool['reserved'] for pool in answer['pools']], [0, 0])

    def test_not_probed_yet(self):
        """An error, and not an empty list, which would withdraw what is published."""
        if os.getuid() != 0 or not os.path.exists('/dev/fuse'):
            self.skipTest('needs root and /dev/fuse')
        place = tempfile.mkdtemp(prefix='cloister-host-')
        self.addCleanup(shutil.rmtree, place)
        copy = os.path.join(place, 'host')
        shutil.copytree(os.path.join(ARGUMENTS.hosts, 'milan-snp'), copy)
        silent = Silent(os.path.join(copy, 'sys', 'module'))
        self.addCleanup(silent.end)
        daemon = self.hostd(copy, '[probe]\ndeadline_seconds = 1\n').start()
        with self.assertRaises(Refused) as refused:
            self.ask(daemon)
        self.assertEqual(refused.exception.name, 'io.cloister.Error.Unavailable')
        self.assertIn('ask again', refused.exception.parameters['message'])
        silent.end()
        with daemon.client() as client:
            client.call('io.cloister.Admin.Reload')
        self.assertEqual(len(self.ask(daemon)['pools']), 2)


if __name__ == '__main__':
    ARGUMENTS, rest = read_arguments('program', 'hosts')
    unittest.main(argv=[sys.argv[0], *rest])
