#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a start of a guest pays for the gate: the hook, from exec to its end, beside nothing at all.

Everything is measured against static processes that do nothing, or read their stdin, run in turns
with the hook: what a busy machine does to one it does to the other, and a ratio means the same
everywhere. Nothing passes or fails by a clock.

  noop        a process that does nothing          hook-N     the hook of a bound guest, N KB, allowed
  read-N      a process that reads its stdin       plain-N    the hook of an ordinary guest
  noop x 64   64 of them at once                   hook x 64  likewise, and 10,000 guests are bound
  noop / 64   what each of those took of the whole time until all were done
"""

import argparse
import json
import os
import re
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'integration'))

from daemon_wire import Hostd  # noqa: E402

SIZES = (8, 64)
ROUNDS = 400
AT_ONCE = 64
TURNS = 24
BOUND = 10000
POLICY = 'snp'
DISK = """    <disk type="file" device="disk">
      <driver name="qemu" type="qcow2" cache="none"/>
      <source file="/var/lib/nova/instances/volumes/%d"/>
      <target dev="vd%s" bus="virtio"/>
    </disk>
"""


def grown(text, disks):
    head, tail = text.split('  </devices>', 1)
    return (head + ''.join(DISK % (i, chr(97 + i // 26) + chr(97 + i % 26))
                           for i in range(1, disks + 1)) + '  </devices>' + tail)


def live(text):
    """As libvirt prints a running domain, in what matters here."""
    return re.sub(r'<domain\b', '<domain id="7"', text, count=1)


class Bench:
    def __init__(self, options, daemon):
        self.options = options
        self.daemon = daemon
        self.place = os.path.join(daemon.folder, 'place')
        os.mkdir(self.place)
        os.symlink(daemon.state + '/bindings', self.place + '/bindings')
        os.symlink(daemon.path('hook'), self.place + '/hook.sock')
        with open(options.domain, encoding='utf-8') as file:
            self.template = file.read()
        self.rows = []

    # ---- guests

    def file(self, name, text):
        path = os.path.join(self.daemon.folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def named(self, text):
        """The same domain as another one."""
        return re.sub(r'<uuid>[^<]*</uuid>', f'<uuid>{uuid.uuid4()}</uuid>', text, count=1)

    def grown_to(self, size, finish):
        """The template with disks until @finish makes @size bytes of it, or just more."""
        disks = 0
        while True:
            text = finish(self.named(grown(self.template, disks)))
            if len(text) >= size:
                return text
            each = len(DISK) + 20
            disks += max(1, (size - len(text)) // (2 * each))

    def rewritten(self, text):
        with self.daemon.client('compute') as client:
            answer = client.call('io.cloister.Launch.Rewrite', xml=text, policy=POLICY)
        if answer['verdict'] != 'allow':
            sys.exit(f'bench-hook: the domain is not rewritten: {answer["reasons"]}')
        return answer['xml']

    def bind_many(self, count):
        """By copies of a binding that hostd wrote: as many Rewrites would measure the disk."""
        folder = self.daemon.state + '/bindings'
        name = os.listdir(folder)[0]
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            text = file.read()
        for _ in range(count - len(os.listdir(folder))):
            other = str(uuid.uuid4())
            with open(os.path.join(folder, other), 'w', encoding='utf-8') as file:
                file.write(text.replace(name, other))

    # ---- measuring

    def hook(self, path):
        return [path, self.options.hook, self.place, '5000', '/etc/libvirt/hooks/qemu.d/50-cloister',
                'guest', 'prepare', 'begin', '-']

    def run(self, rounds, at_once, cases):
        """{name: (times of each, times of whole turns)} in nanoseconds, sorted."""
        command = [self.options.spawn, str(rounds), str(at_once)]
        for case in cases.values():
            command += ['--', *case]
        out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        times = {name: ([], []) for name in cases}
        names = list(cases)
        for line in out.splitlines():
            words = line.split()
            times[names[int(words[0])]][len(words) - 2].append(int(words[-1]))
        return {name: (sorted(each), sorted(turns)) for name, (each, turns) in times.items()}

    def row(self, name, times, base, target=None, size=0):
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        p50_of_base = base[len(base) // 2]
        row = {'what': name, 'bytes': size, 'runs': len(times), 'p50_us': round(p50 / 1000, 1),
               'p99_us': round(p99 / 1000, 1), 'ratio': round(p50 / p50_of_base, 3),
               'p99_ratio': round(p99 / p50_of_base, 3), 'target': target}
        self.rows.append(row)
        if self.options.json:
            print(json.dumps(row), flush=True)
        else:
            print('%-10s %7s %6d %9.1f us %9.1f us %6.2f %6.2f  %s' %
                  (name, size or '', len(times), p50 / 1000, p99 / 1000, row['ratio'],
                   row['p99_ratio'], target or ''), flush=True)

    def one_at_a_time(self):
        cases, sizes = {'noop': ['/dev/null', self.options.noop]}, {}
        for kb in SIZES:
            bound = self.file(f'bound-{kb}', self.grown_to(
                kb * 1024, lambda text: live(self.rewritten(text))))
            plain = self.file(f'plain-{kb}', self.grown_to(kb * 1024, live))
            cases[f'hook-{kb}'] = self.hook(bound)
            cases[f'read-{kb}'] = [plain, self.options.read]
            cases[f'plain-{kb}'] = self.hook(plain)
            for name, path in ((f'hook-{kb}', bound), (f'read-{kb}', plain),
                               (f'plain-{kb}', plain)):
                sizes[name] = os.path.getsize(path)
        self.run(20, 1, cases)  # to warm up
        times = self.run(self.options.rounds, 1, cases)
        noop = times['noop'][0]
        for name, (each, _) in times.items():
            self.row(name, each, noop, size=sizes.get(name, 0),
                     target='of noop: at most 2, p99 4' if name.startswith('hook') else None)
        for kb in SIZES:
            self.row(f'plain-{kb}', times[f'plain-{kb}'][0], times[f'read-{kb}'][0],
                     size=sizes[f'plain-{kb}'], target='of read: at most 1')

    def many_at_once(self):
        bound = self.file('bound-one', live(self.rewritten(self.named(self.template))))
        cases = {'noop': ['/dev/null', self.options.noop], 'hook': self.hook(bound)}
        alone = self.run(self.options.rounds, 1, cases)
        self.bind_many(BOUND)
        lonely = self.run(self.options.rounds, 1, cases)
        crowd = self.run(TURNS, AT_ONCE, cases)
        # Each beside the processes that do nothing of its own time, and on few processors they wait
        # for each other, whoever they are: so of what those took, times what a hook is of one.
        ratio = (alone['hook'][0][len(alone['hook'][0]) // 2] /
                 alone['noop'][0][len(alone['noop'][0]) // 2])
        self.row('hook', alone['hook'][0], alone['noop'][0])
        self.row('+ 10,000', lonely['hook'][0], [t * ratio for t in lonely['noop'][0]],
                 'of hook, by noop')
        self.row(f'noop x {AT_ONCE}', crowd['noop'][0], alone['noop'][0], 'of noop')
        self.row(f'hook x {AT_ONCE}', crowd['hook'][0], alone['hook'][0], 'of hook')
        self.row(f'hook x {AT_ONCE}', crowd['hook'][0], [t * ratio for t in crowd['noop'][0]],
                 f'of hook, by noop x {AT_ONCE}: at most 1.5')
        for name in ('noop', 'hook'):
            self.row(f'{name} / {AT_ONCE}', [t // AT_ONCE for t in crowd[name][1]],
                     alone[name][0], f'a turn by {AT_ONCE}, of {name}')

    def memory(self):
        with open(f'/proc/{self.daemon.process.pid}/status', encoding='ascii') as file:
            status = file.read()
        row = {'what': 'hostd', 'target': 'under 32 MiB'}
        for key in ('VmRSS', 'VmHWM'):
            row[key + '_MiB'] = round(int(re.search(key + r':\s*(\d+) kB', status)[1]) / 1024, 1)
        self.rows.append(row)
        if self.options.json:
            print(json.dumps(row))
        else:
            print('%-10s RSS %.1f MiB, at most %.1f MiB with %d guests bound  %s' %
                  ('hostd', row['VmRSS_MiB'], row['VmHWM_MiB'],
                   len(os.listdir(self.daemon.state + '/bindings')), row['target']))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('program', 'recording', 'domain', 'hook', 'noop', 'read', 'spawn'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    with Hostd(options.program, options.recording) as daemon:
        daemon.start()
        bench = Bench(options, daemon)
        if not options.json:
            print('%-10s %7s %6s %12s %12s %6s %6s' % ('what', 'bytes', 'runs', 'p50', 'p99',
                                                       'ratio', 'p99'))
        bench.one_at_a_time()
        bench.many_at_once()
        bench.memory()


if __name__ == '__main__':
    main()
