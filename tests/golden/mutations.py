#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each protection, taken from a good domain one at a time, is refused by Verify with the id that names it.

Two lists: what Rewrite changed is changed back (found by comparing trees, not by asking Rewrite), and
the protections of protections.json, which were written down apart from the templates. Every assertion of the
templates must be caught alone by at least one mutation, or be excused in protections.json.
"""
import concurrent.futures
import copy
import glob
import importlib.util
import json
import os
import subprocess
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

if importlib.util.find_spec('lxml') is None:
    print('skipped: %s has no lxml (python3-lxml)' % sys.executable)
    sys.exit(77)
from lxml import etree  # noqa: E402

EACH = int(os.environ.get('GOLDEN_EACH', '1'))  # only each such mutation; what they cover is not asked then
CTL = os.path.abspath(sys.argv[1])
HOSTS = {'tdx': 'spr-tdx'}


def run(verb, policy, text, data=()):
    argv = [CTL, verb, '--offline', '--host', os.path.join(TOP, 'tests', 'hosts', HOSTS.get(policy, 'milan-snp')),
            '--policy', policy]
    for pair in data:
        argv += ['--data', pair]
    return subprocess.run(argv + ['-'], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def ids(result):
    return sorted({line.split(':')[0] for line in result.stdout.decode().splitlines() if ':' in line})


def dump(root):
    return etree.tostring(root.getroottree())


def undo_each(before, after):
    """Documents that are `after` but for one change of Rewrite's, which is undone; with a name for it."""
    old, new = etree.fromstring(before), etree.fromstring(after)

    def walk(a, b, path):
        kids = [k for k in b if isinstance(k.tag, str)]
        pool = [k for k in a if isinstance(k.tag, str)]
        for name in set(a.attrib) | set(b.attrib):
            if a.get(name) != b.get(name):
                yield path, ('attribute', name, a.get(name))
        if (a.text or '').strip() != (b.text or '').strip() and not len(kids):
            yield path, ('text', None, a.text)
        for index, kid in enumerate(kids):
            # An element of Rewrite's has no twin left in the input.
            twin = next((k for k in pool if k.tag == kid.tag and
                         all(kid.get(n, v) == v or n in ('iommu', 'enabled', 'state', 'mode', 'present', 'driver',
                                                        'stateless', 'type', 'readonly', 'secure') or kid.get(n) is None
                             for n, v in k.attrib.items())), None)
            if twin is None:
                yield path + [index], ('made', kid.tag, None)
            else:
                pool.remove(twin)
                yield from walk(twin, kid, path + [index])
        for gone in pool:
            yield path, ('removed', gone.tag, gone)

    for path, (kind, name, value) in walk(old, new, []):
        doc = copy.deepcopy(new)
        node = doc
        for index in path:
            node = [k for k in node if isinstance(k.tag, str)][index]
        label = '%s %s in %s' % (kind, name, '/'.join(map(str, path)))
        if kind == 'attribute':
            if value is None:
                del node.attrib[name]
            else:
                node.set(name, value)
        elif kind == 'text':
            node.text = value
        elif kind == 'made':
            if 'cloister' in str(name) or node.tag == 'metadata':
                continue  # our note is no protection: a binding, where there is one, says the same
            node.getparent().remove(node)
        else:
            node.append(copy.deepcopy(value))
        yield label, dump(doc)


def apply(spec, text):
    """One mutation of protections.json on a good text; None where it has nothing to change."""
    root = etree.fromstring(text)
    found = root.getroottree().xpath(spec['at'], namespaces={'q': 'http://libvirt.org/schemas/domain/qemu/1.0'})
    if not found:
        return None
    for node in found if spec.get('all') else found[:1]:
        if 'set' in spec:
            for name, value in spec['set'].items():
                if value is None:
                    node.attrib.pop(name, None)
                else:
                    node.set(name, value)
        if 'text' in spec:
            node.text = spec['text']
        if 'add' in spec:
            for piece in spec['add'] if isinstance(spec['add'], list) else [spec['add']]:
                node.append(etree.fromstring(piece))
        if spec.get('remove'):
            node.getparent().remove(node)
        if spec.get('twice'):
            node.getparent().append(copy.deepcopy(node))
    return dump(root)


def assertions():
    found = set()
    for path in glob.glob(os.path.join(TOP, 'templates', '*', '*.xml')):
        found |= {e.get('id') for e in xml.etree.ElementTree.parse(path).iter('assert')}
    return found


def goods(table, failures):
    """(file, policy, what Rewrite made of it) of each good domain."""
    for good in table['good']:
        with open(os.path.join(HERE, good['file']), 'rb') as f:
            before = f.read()
        for old, new in good.get('edit', []):
            assert old.encode() in before, old
            before = before.replace(old.encode(), new.encode())
        for policy in good['policies']:
            r = run('rewrite', policy, before, good.get('data', {}).get(policy, []))
            if r.returncode:
                failures.append('%s %s: not rewritten: %s' % (good['file'], policy, r.stderr.decode()))
                continue
            failures += ['%s %s: not so after rewriting: %s' % (good['file'], policy, e)
                         for e in good.get('expect', []) if not etree.fromstring(r.stdout).xpath('boolean(%s)' % e)]
            yield good['file'], policy, before, r.stdout


def mutants(table, failures):
    """(what was done to whom, the id that has to name it or None, policy, text, data)."""
    for file, policy, before, after in goods(table, failures):
        for label, text in undo_each(before, after):
            yield '%s %s: undone (%s)' % (file, policy, label), None, policy, text, []
        for spec in table['protections']:
            text = apply(spec, after) if policy in spec.get('policies', [policy]) else None
            if text is not None:
                spec['tried'] = True
                yield ('%s %s: %s' % (file, policy, json.dumps(spec)), spec['id'], policy, text,
                       spec.get('data', []))


def uncovered(table, alone):
    excused = set(table['excused'])
    return (['never tried: %s' % json.dumps(s) for s in table['protections'] if 'tried' not in s]
            + ['assertion %s: no mutation that only it catches' % i for i in sorted(assertions() - alone - excused)]
            + ['excused, and caught alone all the same: %s' % i for i in sorted(excused & alone)])


def main():
    with open(os.path.join(HERE, 'protections.json')) as f:
        table = json.load(f)
    failures, alone = [], set()
    tried = list(mutants(table, failures))[::EACH]
    # The time goes into programs that start: as many at once as there are processors.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for m, v in zip(tried, pool.map(lambda m: run('verify', *m[2:]), tried)):
            what, wanted = m[:2]
            if v.returncode != 3 or (wanted and wanted not in ids(v)):
                failures.append('%s: exit %d, %s' % (what, v.returncode, ids(v)))
            elif len(ids(v)) == 1:
                alone.add(ids(v)[0])
    if EACH == 1:
        failures += uncovered(table, alone)
    for line in failures:
        print(line)
    print('%d mutations, %d assertions caught alone, %d faults' % (len(tried), len(alone), len(failures)))
    sys.exit(1 if failures or not tried else 0)


main()
