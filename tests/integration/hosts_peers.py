#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What other programs conclude from each recorded host, beside what `cloisterctl capabilities` answers.

`hosts_peers.py --program CLOISTERCTL... [--hosts FOLDER] [--host NAME]`, then unittest's own arguments.

Where the two agree there is nothing to say. Where they differ, DIFFERENCES has to say why Cloister is right, and
Cloister's own cause, evidence, values or capacity have to show it: in the very word that stands there. A difference that
is not in the table fails, and so does a row of the table that is none any more. The peers are in peers.py.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from peers import PEERS, Machine
from peers_differences import DIFFERENCES, VARIANTS

ARGUMENTS = None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def differs(said, ours):
    """Facts in which a peer's answer on a technology is another than ours, and how."""
    found = {}
    if said.get('usable') is not None and ours['verdict'] != ('usable' if said['usable'] else 'unusable') \
            and not (not said['usable'] and ours['verdict'] == 'not-applicable'):
        found['verdict'] = f'{"usable" if said["usable"] else "not usable"}; ours: {ours["verdict"]}'
    total = ours['capacity']['total']
    if 'capacity' in said and ours['verdict'] != 'unusable' and said['capacity'] != total:
        found['capacity'] = f'{said["capacity"]}; ours: {total}'
    for name in set(said) - {'usable', 'capacity'}:
        if said[name] != ours['values'].get(name, said[name]):
            found[name] = f'{said[name]}; ours: {ours["values"][name]}'
    return found


def shown(technology):
    """All that Cloister says of a technology, as text: what a row's word is looked for in."""
    lines = [technology['cause'] or '', technology['quote']['cause'] or '']
    lines += [f'{e["source"]}: {e["value"]}' for e in technology['evidence']]
    lines += [f'{key}: {value}' for member in ('capacity', 'values') for key, value in technology[member].items()]
    return '\n'.join(lines)


def expected(host):
    """The table's rows for a host: (peer, technology, fact) and the word that shows why."""
    return {(peer, technology, row.fact): row.hosts[host]
            for row in DIFFERENCES if host in row.hosts for peer in row.peers for technology in row.technologies}


def compare(host, machine, answer, technologies=None):
    """`technologies`: those to look at; None for all."""
    faults = []
    rows = {k: word for k, word in expected(host).items() if not technologies or k[1] in technologies}
    for peer, conclude in PEERS.items():
        for technology, said in conclude(machine).items():
            if technologies and technology not in technologies:
                continue
            ours = answer['technologies'][technology]
            for fact, how in differs(said, ours).items():
                word = rows.pop((peer, technology, fact), None)
                if word is None:
                    faults.append(f'{peer} on {technology}, {fact}: {how}, and the table does not say why '
                                  f'({ours["cause"]})')
                elif word not in shown(ours):
                    faults.append(f'{peer} on {technology}, {fact}: {how}, but ours does not say {word!r}')
    return faults + [f'{" ".join(row)}: in the table, but the answers do not differ' for row in rows]


class Peers(unittest.TestCase):
    """One test a host, added below."""

    maxDiff = None

    def answer(self, folder):
        done = subprocess.run(ARGUMENTS.program + ['capabilities', '--offline', '--host', folder, '--json'],
                              capture_output=True, text=True, timeout=120, check=False,
                              env=dict(os.environ, LC_ALL='C.UTF-8'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return json.loads(done.stdout)

    def folder(self, name):
        base, edits = VARIANTS.get(name, (name, {}))
        folder = os.path.join(ARGUMENTS.hosts, base)
        if not edits:
            return folder
        changed = os.path.join(tempfile.mkdtemp(), name)
        self.addCleanup(shutil.rmtree, os.path.dirname(changed))
        shutil.copytree(folder, changed)
        for path, (old, new) in edits.items():
            with open(os.path.join(changed, path), encoding='utf-8') as file:
                text = file.read()
            self.assertEqual(text.count(old), 1, path)
            with open(os.path.join(changed, path), 'w', encoding='utf-8') as file:
                file.write(text.replace(old, new))
        return changed

    def look(self, name):
        folder = self.folder(name)
        faults = compare(name, Machine(folder), self.answer(folder))
        self.assertEqual(faults, [], '\n' + '\n'.join(faults))

    def test_nfd_prefix(self):
        """NFD's count of SEV is the first row that begins so: with no key left for SEV, SEV-ES's."""
        folder = self.folder('milan-all-keys-to-es')
        self.assertEqual(PEERS['nfd'](Machine(folder))['sev']['capacity'], 509)
        technologies = self.answer(folder)['technologies']
        self.assertEqual([technologies[t]['capacity']['total'] for t in ('sev', 'sev-es')], [0, 509])


class Compared(unittest.TestCase):
    """The comparison itself finds what it is for."""

    OURS = {'verdict': 'usable', 'capacity': {'total': 5}, 'values': {'cbitpos': '51'}}

    def test_differs(self):
        for said, fact in (({'usable': False}, 'verdict'), ({'usable': True, 'capacity': 6}, 'capacity'),
                           ({'usable': True, 'cbitpos': '19'}, 'cbitpos')):
            self.assertEqual(list(differs(said, self.OURS)), [fact])
        for verdict in ('unusable', 'unknown', 'not-applicable'):
            self.assertEqual(list(differs({'usable': True}, dict(self.OURS, verdict=verdict))), ['verdict'])
        self.assertEqual(list(differs({'usable': False}, dict(self.OURS, verdict='unknown'))), ['verdict'])

    def test_agrees(self):
        self.assertEqual(differs({'usable': True, 'capacity': 5, 'cbitpos': '51'}, self.OURS), {})
        for verdict in ('unusable', 'not-applicable'):
            self.assertEqual(differs({'usable': False}, dict(self.OURS, verdict=verdict)), {})


class Table(unittest.TestCase):
    def test_names(self):
        hosts = set(os.listdir(ARGUMENTS.hosts)) | set(VARIANTS)
        for row in DIFFERENCES:
            self.assertTrue(set(row.peers) <= set(PEERS), row)
            self.assertTrue(set(row.hosts) <= hosts, row)
            self.assertTrue(row.why and all(row.hosts.values()), row)

    def test_one_row_each(self):
        seen = [(peer, technology, row.fact, host) for row in DIFFERENCES for host in row.hosts
                for peer in row.peers for technology in row.technologies]
        self.assertEqual(sorted(k for k in set(seen) if seen.count(k) > 1), [])

    def test_all_peers_differ_somewhere(self):
        """A peer that never differs has nothing to be here for."""
        self.assertEqual(set(PEERS) - {peer for row in DIFFERENCES for peer in row.peers}, set())


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', nargs='+', required=True)
    parser.add_argument('--hosts', default=os.path.join(TOP, 'tests', 'hosts'))
    parser.add_argument('--host', action='append', help='only this one')
    ARGUMENTS, rest = parser.parse_known_args()
    folders = sorted(e.name for e in os.scandir(ARGUMENTS.hosts) if e.is_dir())
    if not folders:
        sys.exit('no recorded hosts in ' + ARGUMENTS.hosts)
    for name in ARGUMENTS.host or folders + sorted(VARIANTS):
        setattr(Peers, 'test_' + name.replace('-', '_'), lambda self, name=name: self.look(name))
    unittest.main(argv=sys.argv[:1] + [a for a in rest if a != '--'])


if __name__ == '__main__':
    main()
