#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every domain XML here under a launch policy on a recorded host: rewritten or refused, as matrix.json says.

    matrix.py CLOISTERCTL [--write]

A rewritten one is rewritten again without a changed byte, allowed by Verify, and differs from its input only
where domains/check-domains allows it; and it is valid where it may run, by the schema of each libvirt at hand
(tests/stack/make-root): a fault that its input has is taken out of both. A refused one names a place: its XPath
selects one node of the input.
`--write` puts what the program does now into matrix.json; it is for reading the difference, not for passing.
"""
import collections
import concurrent.futures
import copy
import glob
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = os.path.join(os.path.dirname(HERE), 'hosts')
TABLE = os.path.join(HERE, 'matrix.json')

if importlib.util.find_spec('lxml') is None:
    print('skipped: %s has no lxml (python3-lxml)' % sys.executable)
    sys.exit(77)
from lxml import etree  # noqa: E402

EACH = int(os.environ.get('GOLDEN_EACH', '1'))  # only each such cell
CTL = os.path.abspath(sys.argv[1])
ON = {'milan-snp': 'snp', 'spr-tdx': 'tdx'}
ID_BLOCK = ['idBlock=' + 'A' * 128]
# Policy and the data of its request: what snp-strict demands cannot come out of a domain of today's.
POLICIES = {'sev': [], 'sev-es': [], 'snp': [], 'snp-strict': ID_BLOCK, 'tdx': [], 'any': []}
# What a host without the technology says, and the strictest policy, repeats: one folder shows it.
EVERYWHERE = [(policy, host) for host in sorted(ON) for policy in POLICIES]
WHERE_IT_CAN = [(policy, 'milan-snp') for policy in ('sev', 'sev-es', 'snp', 'any')] + [('tdx', 'spr-tdx')]
FOLDERS = {'domains': EVERYWHERE, 'nova26': WHERE_IT_CAN, 'nova31': WHERE_IT_CAN + [('snp-strict', 'milan-snp')],
           'nova34': WHERE_IT_CAN, 'virtinst': WHERE_IT_CAN, 'libvirt': WHERE_IT_CAN}
SCHEMA = 'usr/share/libvirt/schemas/domain.rng'
NAMESPACES = {'qemu': 'http://libvirt.org/schemas/domain/qemu/1.0'}


def load_judge():
    loader = importlib.machinery.SourceFileLoader('judge', os.path.join(HERE, 'domains', 'check-domains'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('judge', loader))
    loader.exec_module(module)
    return module


class Schema:
    """A libvirt's own: whether a result is valid that may run there."""

    def __init__(self, path):
        self.path = path
        self.rng = etree.RelaxNG(etree.parse(path))
        with open(os.path.join(os.path.dirname(path), 'domaincommon.rng'), encoding='utf-8') as f:
            words = f.read()
        # A libvirt that has no word for a technology runs no such guest.
        self.types = [t for t in ('sev', 'sev-snp', 'tdx') if '<value>%s</value>' % t in words]
        self.counts = collections.Counter()

    def is_valid(self, root):
        return self.rng.validate(root)

    def what_is_wrong(self, root):
        """The place of the one element or attribute without which it is valid; None: no single one is."""
        root = copy.deepcopy(root)
        for element in reversed(list(root.iterdescendants('*'))):
            place, parent, at = root.getroottree().getpath(element), element.getparent(), element.getparent().index(element)
            for name, value in list(element.attrib.items()):
                del element.attrib[name]
                if self.is_valid(root):
                    return '%s/@%s' % (place, name)
                element.set(name, value)
            parent.remove(element)
            if self.is_valid(root):
                return place
            parent.insert(at, element)
        return None

    def judge(self, before, after):
        before, after = etree.fromstring(before), etree.fromstring(after)
        kind = after.find('launchSecurity').get('type')
        if kind not in self.types:
            return []
        self.counts[kind] += 1
        if self.is_valid(after):
            return []
        errors = '; '.join('%d: %s' % (e.line, e.message) for e in self.rng.error_log)
        if not self.is_valid(before):
            place = self.what_is_wrong(before)
            if place is None:
                # Written by a newer libvirt, in more places than one: no such guest comes here.
                self.counts[kind] -= 1
                self.counts['(of a newer libvirt)'] += 1
                return []
            where, _, name = place.partition('/@')
            for element in after.xpath(where):
                if name:
                    element.attrib.pop(name, None)
                else:
                    element.getparent().remove(element)
            if self.is_valid(after):
                return []
        return ['not valid by %s: %s' % (self.path, errors)]


def load_schemas():
    """Of each libvirt whose root was made, and this machine's own."""
    build = os.environ.get('CLOISTER_BUILD', os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build'))
    return [Schema(p) for p in sorted(glob.glob(os.path.join(build, 'roots', '*', SCHEMA))) + glob.glob('/' + SCHEMA)]


def run(verb, host, policy, path):
    argv = [CTL, verb, '--offline', '--host', os.path.join(HOSTS, host), '--policy', policy]
    for pair in POLICIES[policy]:
        argv += ['--data', pair]
    return subprocess.run(argv + [path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def reasons(text):
    """(id, XPath) of each line that refuses; a note is no reason."""
    lines = [line.split(': ', 2) for line in text.splitlines() if not line.startswith(('note: ', 'warning: '))]
    return [(parts[0], parts[1]) for parts in lines if len(parts) == 3]


def judge_rewritten(judge, host, policy, before, after, folder):
    rules = judge.rules_for(policy, ON[host], [])
    faults, lesser = judge.judge_bytes(before, after, 'bytes', rules, 'cloister')
    handle, path = tempfile.mkstemp(suffix='.xml', dir=folder)
    with open(handle, 'wb') as f:
        f.write(after)
    again = run('rewrite', host, policy, path)
    if again.returncode or again.stdout != after:
        faults.append('the second rewrite: exit %d, %s' % (again.returncode, 'other bytes' if again.stdout else 'nothing'))
    verdict = run('verify', host, policy, path)
    if verdict.returncode:
        faults.append('verify: exit %d: %s' % (verdict.returncode, verdict.stdout.decode().strip()))
    return faults + lesser


def judge_refused(before, found, output):
    root = etree.fromstring(before)
    faults = ['no reason'] if not found else []
    if output:
        faults.append('refused, and XML printed')
    for name, where in found:
        try:
            count = len(root.xpath(where, namespaces=NAMESPACES))
        except etree.XPathError as error:
            count = str(error)
        if count != 1:
            faults.append('%s: %s selects %s nodes' % (name, where, count))
    return faults


def cell(judge, host, policy, path, folder):
    """What came of it, what is wrong with that whatever the table says, and the XML before and after."""
    with open(path, 'rb') as f:
        before = f.read()
    r = run('rewrite', host, policy, path)
    found = reasons(r.stderr.decode())
    if r.returncode == 0:
        return 'rewritten', judge_rewritten(judge, host, policy, before, r.stdout, folder), (before, r.stdout)
    if r.returncode == 3:
        return sorted('%s %s' % pair for pair in found), judge_refused(before, found, r.stdout), None
    return 'exit %d' % r.returncode, ['neither rewritten nor refused: ' + r.stderr.decode().strip()], None


def run_all(schemas):
    """The table as it is now, and the faults; two at a time, because most of it is programs that start."""
    judge, table, faults = load_judge(), {}, []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        cells = [(path, policy, host) for name, columns in FOLDERS.items()
                 for path in sorted(glob.glob(os.path.join(HERE, name, '*.xml'))) for policy, host in columns]
        jobs = [(path, policy, host, pool.submit(cell, judge, host, policy, path, folder))
                for path, policy, host in cells[::EACH]]
        for path, policy, host, job in jobs:
            got, wrong, texts = job.result()
            file, column = os.path.relpath(path, HERE), '%s on %s' % (policy, host)
            table.setdefault(file, {})[column] = got
            for schema in schemas if texts else []:
                wrong = wrong + schema.judge(*texts)
            faults += ['%s: %s: %s' % (file, column, w) for w in wrong]
    return table, faults


def main():
    schemas = load_schemas()
    table, faults = run_all(schemas)
    if '--write' in sys.argv[2:]:
        with open(TABLE, 'w') as f:
            f.write(json.dumps(table, indent=1) + '\n')
    with open(TABLE) as f:
        expected = json.load(f)
    if EACH > 1:
        expected = {name: {c: expected.get(name, {}).get(c) for c in row} for name, row in table.items()}
    for name in sorted(set(expected) | set(table)):
        for column in sorted(set(expected.get(name, {})) | set(table.get(name, {}))):
            want, got = expected.get(name, {}).get(column), table.get(name, {}).get(column)
            if want != got:
                faults.append('%s: %s: expected %s, got %s' % (name, column, want, got))
    for line in faults:
        print(line)
    for schema in schemas:
        print('schema %s: %s' % (schema.path, ', '.join('%s %d' % pair for pair in sorted(schema.counts.items()))))
    if not schemas:
        print('schemas: skipped, none is here (tests/stack/make-root bookworm, trixie, sid)')
    cells = [c for row in table.values() for c in row.values()]
    print('%d cells: %d rewritten, %d refused, %d faults' % (
        len(cells), cells.count('rewritten'), len([c for c in cells if isinstance(c, list)]), len(faults)))
    return 1 if faults or not cells else 0


if __name__ == '__main__':
    sys.exit(main())
