#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rewriting as a property: over domains of every layout, it is idempotent, keeps order and bytes, and verifies.

    properties.py CLOISTERCTL [SEED]

The bytes are judged by domains/check-domains, which knows nothing of how Rewrite works.
"""
import concurrent.futures
import importlib.machinery
import importlib.util
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CTL = os.path.abspath(sys.argv[1])
EACH = int(os.environ.get('GOLDEN_EACH', '1'))  # only each such case
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20261125
CASES = 300

if importlib.util.find_spec('lxml') is None:
    print('skipped: %s has no lxml (python3-lxml)' % sys.executable)
    sys.exit(77)


def load_judge():
    loader = importlib.machinery.SourceFileLoader('judge', os.path.join(HERE, 'domains', 'check-domains'))
    spec = importlib.util.spec_from_loader('judge', loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Writer:
    """Writes a tree of tuples (name, attributes, children or text) in a layout drawn by lot."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.eol = rnd.choice(['\n', '\n', '\r\n'])
        self.unit = rnd.choice(['  ', '\t', '    ', None])  # None: all on one line
        self.quotes = rnd.choice(['"', "'", '"\''])

    def attributes(self, pairs):
        out = ''
        for name, value in pairs:
            quote = self.rnd.choice(self.quotes)
            if value and '&' not in value and self.rnd.random() < 0.1:
                # The same value, its first letter written as a number.
                value = self.rnd.choice(['&#%d;', '&#x%x;']) % ord(value[0]) + value[1:]
            out += self.rnd.choice([' ', ' ', '  ', self.eol + '     ']) + name + self.rnd.choice(['=', '=', ' = ']) + \
                quote + value + quote
        return out + self.rnd.choice(['', '', '', ' '])

    def noise(self):
        return self.rnd.choice([''] * 12 + ['<!-- <disk bus="virtio"> -->', '<?note keep?>', '<![CDATA[ ]]>',
                                        '<o:disk xmlns:o="urn:other" bus="virtio"><target bus="virtio"/></o:disk>'])

    def element(self, tree, depth=0):
        name, pairs, content = tree
        line = '' if self.unit is None else self.eol + self.unit * depth
        start = line + '<' + name + self.attributes(pairs)
        if not content:
            return start + self.rnd.choice(['/>', '/>', '></' + name + '>'])
        if isinstance(content, str):
            return start + '>' + content + '</' + name + self.rnd.choice(['', '', ' ']) + '>'
        inner = ''.join(self.noise() + self.element(kid, depth + 1) for kid in content)
        return start + '>' + inner + self.noise() + line + '</' + name + '>'


def device(rnd, n):
    bus = rnd.choice(['virtio', 'virtio', 'sata', 'usb'])
    kinds = [
        ('disk', [('type', 'file'), ('device', 'disk')],
         rnd.sample([('driver', [('name', 'qemu'), ('type', 'raw')], None), ('source', [('file', '/a&amp;b')], None),
                     ('target', [('dev', 'vd%d' % n), ('bus', bus)], None)], 3)),
        ('disk', [('type', 'file')], [('target', [('bus', bus), ('dev', 'vx%d' % n)], None)]),
        ('interface', [('type', 'user')], [('model', [('type', rnd.choice(['virtio', 'e1000e']))], None)]),
        ('interface', [('type', 'user')], [('model', [('type', 'virtio')], None), ('rom', [('bar', 'on')], None)]),
        ('rng', [('model', 'virtio')], [('backend', [('model', 'random')], '/dev/urandom')]),
        ('controller', [('type', 'scsi'), ('model', rnd.choice(['virtio-scsi', 'lsilogic']))], None),
        ('channel', [('type', 'unix')], [('target', [('type', 'virtio'), ('name', 'c%d' % n)], None)]),
        ('input', [('type', 'tablet'), ('bus', rnd.choice(['usb', 'virtio']))], None),
        ('video', [], [('model', [('type', rnd.choice(['virtio', 'vga']))], None)]),
        ('serial', [('type', 'pty')], None),
        ('sound', [('model', 'ich9')], None),
    ]
    return rnd.choice(kinds)


def domain(rnd):
    devices = [device(rnd, n) for n in range(rnd.randrange(9))]
    if rnd.random() < 0.5:
        devices.append(('memballoon', [('model', rnd.choice(['virtio', 'none']))], None))
    rnd.shuffle(devices)
    os_kids = [('type', [('arch', 'x86_64'), ('machine', rnd.choice(['q35', 'pc-q35-9.2']))], 'hvm')]
    pairs = []
    if rnd.random() < 0.5:
        pairs = [('firmware', 'efi')]
    else:
        os_kids += [('loader', [('readonly', 'yes'), ('type', 'pflash')], '/usr/share/OVMF/OVMF_CODE.fd'),
                    ('nvram', [], '/var/lib/x_VARS.fd')]
    rnd.shuffle(os_kids)
    features = rnd.sample([('acpi', [], None), ('apic', [], None), ('vmcoreinfo', [], None),
                           ('smm', [('state', 'on')], None)], rnd.randrange(5))
    kids = [('memory', [('unit', 'MiB')], '512'), ('vcpu', [], '1'), ('os', pairs, os_kids), ('devices', [], devices)]
    optional = [('features', [], features), ('cpu', [('mode', rnd.choice(['host-model', 'host-passthrough']))], None),
                ('metadata', [], [('n:x', [('xmlns:n', 'urn:other')], 'a &lt; b')]),
                ('pm', [], [('suspend-to-mem', [('enabled', 'yes')], None)]), ('on_reboot', [], 'restart'),
                ('clock', [('offset', 'utc')], [('timer', [('name', 'hpet'), ('present', 'yes')], None)])]
    kids += rnd.sample(optional, rnd.randrange(len(optional) + 1))
    rnd.shuffle(kids)
    return ('domain', [('type', 'kvm')], [('name', [], 'x'), ('uuid', [], '6b7c8bdb-10ce-4958-aa98-d861d0c4459e')] + kids)


def run(verb, policy, host, path):
    return subprocess.run([CTL, verb, '--offline', '--host', os.path.join(TOP, 'tests', 'hosts', host),
                           '--policy', policy, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def one(judge, rnd, folder):
    """What is wrong, or None."""
    writer = Writer(rnd)
    text = rnd.choice(['', "<?xml version='1.0'?>" + writer.eol]) + writer.element(domain(rnd)).lstrip() + \
        rnd.choice(['', writer.eol])
    policy, host = rnd.choice([('sev', 'milan-snp'), ('sev-es', 'milan-snp'), ('snp', 'milan-snp'), ('tdx', 'spr-tdx'),
                               ('any', 'milan-snp')])
    before = text.encode()
    source, result = os.path.join(folder, 'in.xml'), os.path.join(folder, 'out.xml')
    with open(source, 'wb') as f:
        f.write(before)
    r = run('rewrite', policy, host, source)
    if r.returncode:
        return '%s: exit %d: %s\n%s' % (policy, r.returncode, r.stderr.decode(), text)
    faults, lesser = judge.judge_bytes(before, r.stdout, 'bytes',
                                       judge.rules_for(policy, 'tdx' if host == 'spr-tdx' else 'snp', []), 'cloister')
    with open(result, 'wb') as f:
        f.write(r.stdout)
    again = run('rewrite', policy, host, result)
    if again.returncode or again.stdout != r.stdout:
        faults.append('not idempotent')
    verdict = run('verify', policy, host, result)
    if verdict.returncode:
        faults.append('verify: ' + verdict.stdout.decode())
    return '%s: %s\n%s\n----\n%s' % (policy, faults + lesser, text, r.stdout.decode()) if faults + lesser else None


def main():
    judge = load_judge()

    def case(n):
        with tempfile.TemporaryDirectory() as folder:
            return one(judge, random.Random(SEED + n), folder)

    # The time goes into cloisterctl's processes: as many at once as there are processors.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        numbers = range(0, CASES, EACH)
        for n, wrong in zip(numbers, pool.map(case, numbers)):
            if wrong:
                pool.shutdown(cancel_futures=True)
                sys.exit('seed %d: %s' % (SEED + n, wrong))
    print('%d domains, seeds from %d' % (len(numbers), SEED))


main()
