#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each recorded host (tests/hosts/*/) has its expected answer, and `cloisterctl capabilities` gives it.

`hosts_expected.py --program CLOISTERCTL... [--hosts FOLDER] [--host NAME]`, then unittest's own arguments.
The program may be several words (an emulator of another architecture and its arguments before it).

The answer is in the folder's `expected.json`, written from what is known of the machine, never from what
Cloister printed. A folder without one fails. Technologies that it does not name must be not-applicable.

    {
      "host": {"guest": false, "cbitpos": 51},         members of "host" of the answer, exactly
      "technologies": {
        "sev-snp": {
          "verdict": "unusable",                       exactly; must be given
          "layer": "firmware",                         exactly; must be given with unusable
          "cause": ["1.49", "1.51"],                   words that the text has, whatever their case;
          "fix": ["BIOS"],                             must be given with unusable; cause with unknown
          "capacity": {"total": 127, "pool": "sev-es"},members of capacity, exactly; total must be given
                                                       with usable
          "values": {"vmsa_features": "0x20",          exactly
                     "certs_supported": {"unknown": ["6.16"]}},   words of why it is unknown
          "quote": {"state": "unknown", "cause": ["VCEK"]},
          "evidence": ["firmware: msr c0010010: 3fc0000"]         LAYER: SOURCE: VALUE, exactly
        }
      }
    }

Besides, all answers are held to what none may break: see check_sense().
"""

import argparse
import json
import os
import subprocess
import sys
import unittest

ARGUMENTS = None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TECHNOLOGIES = ['sev', 'sev-es', 'sev-snp', 'tdx', 'sgx', 'cca', 'pef', 's390-pv']
LAYERS = ['hardware', 'firmware', 'kernel', 'qemu', 'libvirt']
COUNTS = ['total', 'in_use', 'free', 'others', 'leaked']
KNOWN = {'verdict', 'layer', 'cause', 'fix', 'capacity', 'values', 'quote', 'evidence'}
NEEDS = {'usable': {'capacity'}, 'unusable': {'layer', 'cause', 'fix'}, 'unknown': {'cause'},
         'not-applicable': set()}


def has_words(text, words):
    return [word for word in words if word.lower() not in (text or '').lower()]


def check_words(what, text, words):
    return [f'{what}: {text!r} does not say {word!r}' for word in has_words(text, words)]


def check_members(what, got, want):
    return [f'{what}.{name}: {got.get(name)!r}, expected {value!r}' for name, value in want.items()
            if name not in got or got[name] != value]


def check_values(name, got, want):
    faults = []
    for key, value in want.items():
        if not isinstance(value, dict):
            faults += check_members(f'{name}.values', got, {key: value})
        elif not isinstance(got.get(key), dict):
            faults.append(f'{name}.values.{key}: {got.get(key)!r}, expected unknown')
        else:
            faults += check_words(f'{name}.values.{key}', got[key]['unknown'], value['unknown'])
    return faults


def check_technology(name, got, want):
    faults = check_members(name, got, {k: want.get(k) for k in ('verdict', 'layer')})
    for key in ('cause', 'fix'):
        faults += check_words(f'{name}.{key}', got[key], want.get(key, []))
    faults += check_members(f'{name}.capacity', got['capacity'], want.get('capacity', {}))
    faults += check_values(name, got['values'], want.get('values', {}))
    quote = dict(want.get('quote', {}))
    faults += check_words(f'{name}.quote', got['quote']['cause'], quote.pop('cause', []))
    faults += check_members(f'{name}.quote', got['quote'], quote)
    lines = [f"{e['layer'] or 'none'}: {e['source']}: {e['value']}" for e in got['evidence']]
    faults += [f'{name}: no evidence {line!r} in {lines}' for line in want.get('evidence', [])
               if line not in lines]
    return faults


def check_sense(name, got):
    """What holds for every answer about every machine."""
    faults = []
    verdict, capacity = got['verdict'], got['capacity']
    if (got['layer'] is not None) != (verdict == 'unusable'):
        faults.append(f'{name}: {verdict} at layer {got["layer"]}')
    if (got['cause'] is None) != (verdict == 'usable'):
        faults.append(f'{name}: {verdict}, and its cause is {got["cause"]!r}')
    if verdict == 'unusable' and not got['fix']:
        faults.append(f'{name}: unusable, and no fix')
    if verdict == 'unusable' and any(capacity[k] for k in ('total', 'free')):
        faults.append(f'{name}: unusable, and room for {capacity["total"]}')
    total, in_use, free = (capacity[k] for k in ('total', 'in_use', 'free'))
    if None not in (total, in_use, free) and free != max(total - in_use, 0):
        faults.append(f'{name}: {total} keys, {in_use} in use, {free} free')
    if free is not None and None in (total, in_use):
        faults.append(f'{name}: {free} free of what is not known')
    for key in ('others', 'leaked'):
        if capacity[key] is not None and in_use is not None and capacity[key] > in_use:
            faults.append(f'{name}: {key} {capacity[key]} of {in_use} in use')
    for evidence in got['evidence']:
        if evidence['layer'] not in LAYERS + [None] or not evidence['source']:
            faults.append(f'{name}: evidence {evidence}')
    layers = {e['layer'] for e in got['evidence']}
    if verdict == 'unusable' and got['layer'] not in layers:
        faults.append(f'{name}: broken at {got["layer"]}, and no evidence of that layer')
    return faults


def check_pools(technologies):
    """Who shares a pool has one answer on it."""
    faults, pools = [], {}
    for name, got in technologies.items():
        if got['verdict'] in ('usable', 'unknown') and got['capacity']['pool'] is not None:
            first = pools.setdefault(got['capacity']['pool'], (name, got['capacity']))
            faults += check_members(f'{name}.capacity (as {first[0]})', got['capacity'],
                                    {k: first[1][k] for k in COUNTS})
    return faults


def check_form(want):
    """An expected.json that misses the point would pass: it must say what counts."""
    faults = [f'{name}: no such technology' for name in want['technologies'] if name not in TECHNOLOGIES]
    if set(want) - {'host', 'technologies'}:
        faults.append(f'members {sorted(set(want) - {"host", "technologies"})}')
    for name, row in want['technologies'].items():
        if set(row) - KNOWN:
            faults.append(f'{name}: members {sorted(set(row) - KNOWN)}')
        if row.get('verdict') not in NEEDS:
            faults.append(f'{name}: verdict {row.get("verdict")!r}')
            continue
        missing = [k for k in NEEDS[row['verdict']] if not row.get(k)]
        if missing:
            faults.append(f'{name}: {row["verdict"]} without {missing}')
        if row['verdict'] == 'usable' and 'total' not in row.get('capacity', {}):
            faults.append(f'{name}: usable without capacity.total')
        for key in ('cause', 'fix'):
            if not isinstance(row.get(key, []), list):
                faults.append(f'{name}: {key} is no list of words')
    return faults


def compare(got, want):
    faults = check_members('host', got['host'], want.get('host', {}))
    for name in TECHNOLOGIES:
        row = want['technologies'].get(name, {'verdict': 'not-applicable'})
        faults += check_technology(name, got['technologies'][name], row)
        faults += check_sense(name, got['technologies'][name])
    return faults + check_pools(got['technologies'])


class Hosts(unittest.TestCase):
    """One test a folder, added below."""

    maxDiff = None

    def look(self, name):
        folder = os.path.join(ARGUMENTS.hosts, name)
        path = os.path.join(folder, 'expected.json')
        self.assertTrue(os.path.isfile(path), f'{name} has no expected.json: what must be answered?')
        with open(path, encoding='utf-8') as file:
            want = json.load(file)
        self.assertEqual(check_form(want), [], 'expected.json itself')
        done = subprocess.run(ARGUMENTS.program + ['capabilities', '--offline', '--host', folder, '--json'],
                              capture_output=True, text=True, timeout=120, check=False,
                              env=dict(os.environ, LC_ALL='C.UTF-8'))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        faults = compare(json.loads(done.stdout), want)
        self.assertEqual(faults, [], '\n' + '\n'.join(faults))


class Checks(unittest.TestCase):
    """The comparison itself finds what differs."""

    GOT = {'verdict': 'usable', 'layer': None, 'cause': None, 'fix': None, 'values': {'a': 'b'},
           'capacity': {'total': 5, 'in_use': 2, 'free': 3, 'others': None, 'leaked': None, 'pool': 'p'},
           'quote': {'state': 'none', 'cause': None, 'fix': None},
           'evidence': [{'layer': 'kernel', 'source': 's', 'value': 'v'}]}
    WANT = {'verdict': 'usable', 'capacity': {'total': 5}, 'values': {'a': 'b'}, 'evidence': ['kernel: s: v']}

    def test_good(self):
        self.assertEqual(check_technology('t', self.GOT, self.WANT), [])
        self.assertEqual(check_sense('t', self.GOT), [])

    def test_finds(self):
        for change in ({'verdict': 'unknown'}, {'layer': 'kernel'}, {'cause': ['x']}, {'capacity': {'total': 6}},
                       {'values': {'a': 'c'}}, {'values': {'a': {'unknown': []}}}, {'values': {'z': 'b'}},
                       {'quote': {'state': 'ready'}}, {'evidence': ['hardware: s: v']}):
            self.assertEqual(len(check_technology('t', self.GOT, dict(self.WANT, **change))), 1, change)

    def test_sense(self):
        room = dict(self.GOT['capacity'], free=4)
        for change in ({'layer': 'kernel'}, {'cause': 'x'}, {'capacity': room},
                       {'capacity': dict(self.GOT['capacity'], leaked=3)},
                       {'evidence': [{'layer': 'soft', 'source': 's', 'value': 'v'}]}):
            self.assertEqual(len(check_sense('t', dict(self.GOT, **change))), 1, change)
        other = dict(self.GOT, capacity=room)
        self.assertEqual(len(check_pools({'a': self.GOT, 'b': other})), 1)

    def test_form(self):
        for row in ({}, {'verdict': 'usable'}, {'verdict': 'unusable', 'cause': ['x'], 'fix': ['x']},
                    {'verdict': 'usable', 'capacity': {'total': 1}, 'fixx': 1},
                    {'verdict': 'unknown', 'cause': 'text'}, {'verdict': 'usable', 'capacity': {'pool': 'p'}}):
            self.assertNotEqual(check_form({'technologies': {'sev': row}}), [], row)


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', nargs='+', required=True)
    parser.add_argument('--hosts', default=os.path.join(TOP, 'tests', 'hosts'))
    parser.add_argument('--host', action='append', help='only this one')
    # unittest's own arguments follow a "--", or stand first
    ARGUMENTS, rest = parser.parse_known_args()
    names = ARGUMENTS.host or sorted(e.name for e in os.scandir(ARGUMENTS.hosts) if e.is_dir())
    if not names:
        sys.exit('no recorded hosts in ' + ARGUMENTS.hosts)
    for name in names:
        setattr(Hosts, 'test_' + name.replace('-', '_'), lambda self, name=name: self.look(name))
    unittest.main(argv=sys.argv[:1] + [a for a in rest if a != '--'])


if __name__ == '__main__':
    main()
