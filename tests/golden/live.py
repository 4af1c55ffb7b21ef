#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What libvirt 9.0, 11.3 and 12 make of a rewritten guest and hand to the hook (live/) is allowed by Verify, and is
refused with the id that names it once a protection is weakened in it."""

import concurrent.futures
import glob
import os
import re
import unittest

import ctl

LIVE = os.path.join(ctl.HERE, 'live')
STAGES = {'rewritten': 'definition', 'dumpxml-inactive': 'definition', 'prepare': 'prepare', 'start': 'start',
          'started': 'start', 'reconnect': 'start', 'dumpxml': 'start'}
EACH = int(os.environ.get('GOLDEN_EACH', '1'))  # only each such case
RUNNING = [name for name, stage in STAGES.items() if stage != 'definition']
DIGEST = re.compile(r'(<cloister:launch [^>]*digest=.)sha256:[0-9a-f]{64}')
METADATA = re.compile(r'\s*<metadata>.*</metadata>', re.S)
SECURITY = re.compile(r'\s*<launchSecurity.*</launchSecurity>', re.S)
LOADER = re.compile(r'<loader [^>]*(/>|>[^<]*</loader>)')
QEMU = ("<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-s'/>"
        '</qemu:commandline></domain>')

# (id, what is there, what comes in its place), of each technology: the first match alone is replaced.
EVERY = [
    ('one-launch-security', SECURITY, ''),
    ('firmware-feature', LOADER, "<loader type='rom' stateless='yes'>/srv/own.fd</loader>"),
    ('firmware-feature', LOADER, "<loader type='pflash' readonly='yes' stateless='yes'>/srv/own.fd</loader>"),
    ('firmware-loader', LOADER, "<loader type='pflash' readonly='yes' stateless='yes'/>"),
    ('firmware-stateless', re.compile(" stateless='yes'"), ''),
    ('firmware-variables', re.compile('</loader>|<loader [^>]*/>'), r'\g<0><nvram>/srv/vars.fd</nvram>'),
    ('rom', re.compile("<rom enabled='no'/>"), "<rom enabled='yes'/>"),
    ('kvm', re.compile("<domain type='kvm'"), "<domain type='qemu'"),
    ('emulator', re.compile('<emulator>.*</emulator>'), '<emulator>/srv/qemu</emulator>'),
    ('memballoon', re.compile('<memballoon .*</memballoon>', re.S), ''),
    ('qemu-argument', re.compile('</domain>'), QEMU),
]
SEV = [
    ('sev-debug-off', re.compile('<policy>0x003(3|7)'), lambda m: '<policy>0x003%d' % (int(m[1]) - 1)),
    ('locked', re.compile('<locked/>'), ''),
    ('cbitpos', re.compile('<cbitpos>51'), '<cbitpos>47'),
]
OWN = {
    'sev': SEV + [('sev-type', re.compile("<launchSecurity type='sev'"), "<launchSecurity type='tdx'")],
    'sev-es': SEV + [('sev-es', re.compile('<policy>0x0037'), '<policy>0x0033')],
    'snp': [
        ('snp-debug-off', re.compile('<policy>0x0*30000'), '<policy>0xb0000'),
        ('snp-no-agent', re.compile('<policy>0x0*30000'), '<policy>0x70000'),
        ('snp-cpu', re.compile("mode='host-passthrough'"), "mode='host-model'"),
        ('snp-no-flash', re.compile("<loader type='rom'"), "<loader type='pflash'"),
    ],
    'tdx': [
        ('tdx-debug-off', re.compile('<policy>0x10000000'), '<policy>0x10000001'),
        ('tdx-sept-ve', re.compile('<policy>0x10000000'), '<policy>0x0'),
        ('tdx-ioapic', re.compile("<ioapic driver='qemu'/>"), ''),
        ('tdx-cpu', re.compile("mode='host-passthrough'"), "mode='host-model'"),
        ('quote-service', re.compile('<quoteGenerationService/>'), ''),
    ],
}


def guests():
    """(version, policy, name -> text) of each guest that was recorded."""
    for folder in sorted(glob.glob(os.path.join(LIVE, '*', '*', ''))):
        version, policy = folder.split(os.sep)[-3:-1]
        texts = {}
        for name in STAGES:
            with open(os.path.join(folder, name + '.xml'), newline='') as file:
                texts[name] = file.read()
        yield version, policy, texts


def command(verb, policy, text, *args):
    host = os.path.join(ctl.HOSTS, 'spr-tdx' if policy == 'tdx' else 'milan-snp')
    return ctl.run(verb, '--offline', '--host', host, '--policy', policy, *args, '-', stdin=text.encode())


def verified(cases):
    """What Verify says of each (version, policy, file, id, text)."""
    cases = cases[::EACH]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(cases, pool.map(lambda c: command('verify', c[1], c[4], '--stage', STAGES[c[2]]), cases))


def weakened(policy, text, devices=1):
    """(id, the text with one protection less); of so many devices, one at a time, the iommu."""
    for name, found, instead in EVERY + OWN[policy]:
        if name == 'firmware-loader' and "firmware='efi'" not in text:
            continue  # libvirt 9 drops it when it has chosen, and an empty loader is another fault then
        if name == 'cbitpos' and '<cbitpos>' not in text:
            continue  # libvirt fills it in between prepare and start
        yield name, found.sub(instead, text, count=1)
    for match in list(re.finditer(" iommu='on'", text))[:devices]:
        yield 'iommu', text[:match.start()] + " iommu='off'" + text[match.end():]


class Live(ctl.Case):
    def test_three_libvirts_were_recorded(self):
        found = [(version.split('.')[0], policy) for version, policy, _ in guests()]
        self.assertEqual(sorted(found), [('11', 'sev'), ('11', 'sev-es'), ('11', 'snp'), ('12', 'snp'), ('12', 'tdx'),
                                         ('9', 'sev'), ('9', 'sev-es')])

    def test_each_is_what_its_name_says(self):
        for version, policy, texts in guests():
            with self.subTest(libvirt=version, policy=policy):
                for name, text in texts.items():
                    self.assertEqual(bool(re.match(r"<domain type='kvm' id='\d+'", text)), name in RUNNING, name)
                self.assertNotEqual(texts['prepare'], texts['start'])

    def test_all_are_allowed(self):
        cases = [(version, policy, name, '', text)
                 for version, policy, texts in guests() for name, text in texts.items()]
        for case, ran in verified(cases):
            with self.subTest(case=case[:3]):
                self.assertEqual(ran.status, 0, ran.out + ran.err)
                self.assertNotIn('not checked', ran.out + ran.err)

    def test_each_weakening_is_refused(self):
        cases, seen = [], set()
        for version, policy, texts in guests():
            for name in RUNNING:
                for reason, text in weakened(policy, texts[name], 99 if name in ('prepare', 'start') else 1):
                    self.assertNotEqual(text, texts[name], (version, policy, name, reason, 'nothing was weakened'))
                    # started, reconnect and dumpxml are mostly one text.
                    if (policy, text.strip()) not in seen:
                        cases.append((version, policy, name, reason, text))
                    seen.add((policy, text.strip()))
        self.assertGreater(len(cases), 300)
        for case, ran in verified(cases):
            with self.subTest(case=case[:4]):
                self.expect_refusal(ran, case[3])

    def test_without_the_note_as_well(self):
        """The metadata, ours and Nova's, gone too: what is weakened is still refused, by the same id."""
        cases = [(version, policy, name, reason, text)
                 for version, policy, texts in guests() for name in ('prepare', 'start')
                 for reason, text in weakened(policy, METADATA.sub('', texts[name]))]
        for case, ran in verified(cases):
            with self.subTest(case=case[:4]):
                if case[3] == 'one-launch-security':
                    # Nothing in it asks for protection any more: only a binding can tell (hook_live.py).
                    self.assertEqual(ran.status, 4, ran.out + ran.err)
                else:
                    self.expect_refusal(ran, case[3])

    def expect_refusal(self, ran, reason):
        self.assertEqual(ran.status, 3, ran.out + ran.err)
        for line in ran.out.splitlines():
            self.assertRegex(line, ctl.REASON)
        self.assertIn(reason, [line.split(':')[0] for line in ran.out.splitlines()])

    def test_rewrite_leaves_the_definition_alone(self):
        for version, policy, texts in guests():
            with self.subTest(libvirt=version, policy=policy):
                ran = command('rewrite', policy, texts['dumpxml-inactive'])
                self.assertEqual(ran.status, 0, ran.err)
                # The digest is of today's templates, the text of those that it was recorded with.
                expected, notes = DIGEST.subn(lambda m: m[1] + DIGEST.search(ran.out)[0][-71:],
                                              texts['dumpxml-inactive'])
                self.assertEqual(notes, 1)
                self.assertEqual(ran.bytes, expected.encode())


if __name__ == '__main__':
    ctl.main()
