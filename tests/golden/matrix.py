#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every domain XML here under every policy on every recorded host: rewritten or refused, as matrix.json says.

    matrix.py CLOISTERCTL [--write]

A rewritten one is rewritten again without a changed byte, allowed by Verify, and differs from its input only
where domains/check-domains allows it. A refused one names a place: its XPath selects one node of the input.
`--write` puts what the program does now into matrix.json; it is for reading the difference, not for passing.
"""
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

CTL = os.path.abspath(sys.argv[1])
ON = {'milan-snp': 'snp', 'spr-tdx': 'tdx'}
ID_BLOCK = ['idBlock=' + 'A' * 128]
# Policy and the data of its request: what snp-strict demands cannot come out of a domain of today's.
POLICIES = {'sev': [], 'sev-es': [], 'snp': [], 'snp-strict': ID_BLOCK, 'tdx': [], 'any': []}
NAMESPACES = {'qemu': 'http://libvirt.org/schemas/domain/qemu/1.0'}


def load_judge():
    loader = importlib.machinery.SourceFileLoader('judge', os.path.join(HERE, 'domains', 'check-domains'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('judge', loader))
    loader.exec_module(module)
    return module


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
    path = os.path.join(folder, 'out.xml')
    with open(path, 'wb') as f:
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
    """What came of it, and what is wrong with that whatever the table says."""
    with open(path, 'rb') as f:
        before = f.read()
    r = run('rewrite', host, policy, path)
    found = reasons(r.stderr.decode())
    if r.returncode == 0:
        return 'rewritten', judge_rewritten(judge, host, policy, before, r.stdout, folder)
    if r.returncode == 3:
        return sorted('%s %s' % pair for pair in found), judge_refused(before, found, r.stdout)
    return 'exit %d' % r.returncode, ['neither rewritten nor refused: ' + r.stderr.decode().strip()]


def main():
    judge, table, faults = load_judge(), {}, []
    files = sorted(glob.glob(os.path.join(HERE, 'domains', '*.xml')) + glob.glob(os.path.join(HERE, 'nova31', '*.xml')))
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            row = table[os.path.relpath(path, HERE)] = {}
            for host in sorted(ON):
                for policy in POLICIES:
                    name = '%s on %s' % (policy, host)
                    row[name], wrong = cell(judge, host, policy, path, folder)
                    faults += ['%s: %s: %s' % (os.path.relpath(path, HERE), name, w) for w in wrong]
    if '--write' in sys.argv[2:]:
        with open(TABLE, 'w') as f:
            f.write(json.dumps(table, indent=1) + '\n')
    with open(TABLE) as f:
        expected = json.load(f)
    for name in sorted(set(expected) | set(table)):
        for column in sorted(set(expected.get(name, {})) | set(table.get(name, {}))):
            want, got = expected.get(name, {}).get(column), table.get(name, {}).get(column)
            if want != got:
                faults.append('%s: %s: expected %s, got %s' % (name, column, want, got))
    for line in faults:
        print(line)
    cells = [c for row in table.values() for c in row.values()]
    print('%d cells: %d rewritten, %d refused, %d faults' % (
        len(cells), cells.count('rewritten'), len([c for c in cells if isinstance(c, list)]), len(faults)))
    return 1 if faults or not cells else 0


if __name__ == '__main__':
    sys.exit(main())
