#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl capabilities on every recorded host: JSON by its schema, and what a person is shown."""

import copy
import json
import os
import sys
import unittest

import ctl

try:
    import jsonschema
except ImportError:
    print('SKIP: no python3-jsonschema here')
    sys.exit(77)

HOSTS = sorted(name for name in os.listdir(ctl.HOSTS) if os.path.isdir(os.path.join(ctl.HOSTS, name)))
SCHEMA = os.path.join(os.path.dirname(os.path.dirname(ctl.HERE)), 'doc', 'capabilities.schema.json')
FULL = 'milan-snp'


def capabilities(host, *args):
    where = ['--host', os.path.join(ctl.HOSTS, host)] if host else []
    return ctl.run('capabilities', '--offline', *where, *args)


def answer_of(host):
    return json.loads(capabilities(host, '--json').out)


def load_schema():
    with open(SCHEMA, encoding='utf-8') as file:
        return json.load(file)


def closed(schema):
    """The same, in which nothing may be added: our own answers have nothing that it does not describe."""
    schema = copy.deepcopy(schema)

    def close(node):
        if isinstance(node, dict):
            if node.get('type') == 'object' and 'properties' in node:
                node.setdefault('additionalProperties', False)
            for part in node.values():
                close(part)
        elif isinstance(node, list):
            for part in node:
                close(part)
    close(schema)
    return schema


class Schema(ctl.Case):
    def setUp(self):
        super().setUp()
        self.schema = load_schema()
        jsonschema.Draft7Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft7Validator(self.schema)

    def test_every_host(self):
        strict = jsonschema.Draft7Validator(closed(self.schema))
        self.assertGreater(len(HOSTS), 1)
        for host in HOSTS + [None]:
            with self.subTest(host or 'this machine'):
                faults = [f'{"/".join(map(str, e.absolute_path))}: {e.message}'
                          for e in strict.iter_errors(answer_of(host))]
                self.assertEqual(faults, [])

    def test_finds_faults(self):
        """Each of these is none."""
        good = answer_of(FULL)
        snp = lambda answer: answer['technologies']['sev-snp']
        changes = {
            'verdict': lambda a: snp(a).update(verdict='yes'),
            'usable, and broken': lambda a: snp(a).update(layer='kernel'),
            'unusable, and no fix': lambda a: snp(a).update(verdict='unusable', layer='kernel', cause='x'),
            'no cause': lambda a: snp(a).update(verdict='unknown'),
            'layer': lambda a: snp(a).update(verdict='unusable', layer='bios', cause='x', fix='y'),
            'negative': lambda a: snp(a)['capacity'].update(total=-1),
            'no pool': lambda a: snp(a)['capacity'].pop('pool'),
            'evidence': lambda a: snp(a)['evidence'][0].pop('source'),
            'value': lambda a: snp(a)['values'].update(x=1),
            'quote': lambda a: snp(a)['quote'].update(state='fine'),
            'technology': lambda a: a['technologies'].pop('tdx'),
            'guest': lambda a: a['host'].update(guest=None),
            'firmware': lambda a: a.update(firmware='none'),
        }
        for name, change in changes.items():
            with self.subTest(name):
                bad = copy.deepcopy(good)
                change(bad)
                self.assertFalse(self.validator.is_valid(bad))


class Person(ctl.Case):
    def test_every_host(self):
        """The table has what the JSON has: verdict and layer, causes but of what is not applicable."""
        for host in HOSTS:
            with self.subTest(host):
                ran, answer = capabilities(host), answer_of(host)
                self.assertEqual((ran.status, ran.err), (0, ''))
                lines = ran.out.splitlines()
                start = [line.startswith('TECHNOLOGY ') for line in lines].index(True) + 1
                rows = {line.split()[0]: line.split() for line in lines[start:start + 8]}
                for name, facts in answer['technologies'].items():
                    self.assertEqual(rows[name][1:3], [facts['verdict'], facts['layer'] or '-'])
                    told = [line for line in lines if line.startswith(name + ': ')]
                    wanted = facts['cause'] and facts['verdict'] != 'not-applicable'
                    self.assertEqual(len(told), 1 if wanted else 0)
                    if wanted:
                        self.assertIn(facts['cause'], told[0])
                self.assertEqual('a guest itself' in ran.out, answer['host']['guest'])

    def test_not_root(self):
        self.assertIn('\nnot root, and so not known: sev', capabilities('milan-snp-not-root').out)
        self.assertNotIn('not root', capabilities(FULL).out)

    def test_lost_keys(self):
        self.assertRegex(capabilities('milan-snp-leak').out, r'sev-snp .* guests, \d+ in use, .*2 lost')

    def test_evidence(self):
        """Every piece of it, below its layer, layers from below."""
        for host in HOSTS:
            with self.subTest(host):
                lines = capabilities(host, '--evidence').out.splitlines()
                for name, facts in answer_of(host)['technologies'].items():
                    head = f"{name}: {facts['verdict']}"
                    if facts['verdict'] == 'not-applicable':
                        self.assertNotIn(head, lines)
                        continue
                    block = lines[lines.index(head) + 1:]
                    block = block[:block.index('')] if '' in block else block
                    self.check_block(block, facts)

    def check_block(self, block, facts):
        layers = [line.strip() for line in block if not line.startswith('    ')]
        order = ['machine', 'hardware', 'firmware', 'kernel', 'qemu', 'libvirt', 'values']
        self.assertEqual(layers, sorted(layers, key=order.index))
        got, layer = [], None
        for line in block:
            if not line.startswith('    '):
                layer = line.strip()
            elif layer != 'values':
                got.append((layer, line[4:]))
        want = [(e['layer'] or 'machine', ' '.join(f"{e['source']}: {e['value']}".split('\n')))
                for e in facts['evidence']]
        self.assertEqual(sorted(got), sorted(want))

    def test_usage(self):
        self.expect_usage(capabilities(FULL, '--evidence', '--json'), '--json')


if __name__ == '__main__':
    ctl.main()
