#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Varlink clients that others wrote, against the built cloister-hostd: Debian 13's varlinkctl and
python3-varlink, run inside that root with the sockets mounted where they are on a host.

`varlink_clients.py --program HOSTD --recording FOLDER --interfaces FOLDER [--root FOLDER]`, then
unittest's own arguments. Needs root, and the root trixie of tests/stack/make-root, which it has made.
"""

import argparse
import json
import os
import re
import select
import subprocess
import sys
import unittest

from daemon_wire import Hostd

ARGUMENTS = None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOT = os.path.join(os.environ.get('CLOISTER_BUILD', os.path.join(TOP, 'build')), 'roots', 'trixie')
NOBODY = 65534

SERVED = {'compute': ['io.cloister.Launch'], 'hook': ['io.cloister.Hook'],
          'admin': ['io.cloister.Admin', 'io.cloister.Launch']}
ALWAYS = ['org.varlink.service', 'io.cloister.Error']

UUID = '11111111-2222-3333-4444-555555555555'
PLAIN = (f"<domain type='kvm'><name>web-1</name><uuid>{UUID}</uuid><memory unit='MiB'>2048</memory>"
         "<vcpu>2</vcpu><os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>"
         '<features><acpi/></features><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>'
         '</devices></domain>')
# Says that it is protected, and is not.
WEAK = PLAIN.replace('<devices>', "<launchSecurity type='sev-snp'><policy>0</policy>"
                     '</launchSecurity><devices>')

# The root as it is, with a /run of its own that holds the sockets; all of it ends with the command.
ENTER = '''
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mkdir "$1/run/cloister"
mount --bind "$2" "$1/run/cloister"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
root=$1
shift 2
exec chroot "$root" "$@"
'''


def enter(run, *command, text=None):
    return subprocess.run(
        ['unshare', '--mount', '--pid', '--fork', '--propagation', 'private',
         'sh', '-euc', ENTER, 'enter', ARGUMENTS.root, run, *command],
        input=text if text is not None else '', capture_output=True, text=True, timeout=120,
        check=False, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                          'SYSTEMD_COLORS': '0', 'SYSTEMD_URLIFY': '0', 'TERM': 'dumb'})


def start(run, *command):
    return subprocess.Popen(
        ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private',
         'sh', '-euc', ENTER, 'enter', ARGUMENTS.root, run, *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'SYSTEMD_COLORS': '0'})


def iter_lines(pipe):
    """A function that gives the whole lines that came within some seconds."""
    rest = b''

    def lines(seconds):
        nonlocal rest
        if select.select([pipe], [], [], seconds)[0]:
            got = os.read(pipe.fileno(), 65536)
            if not got:
                raise AssertionError('the stream ended')
            rest += got
        *whole, rest = rest.split(b'\n')
        return [line.decode() for line in whole]
    return lines


def address(which):
    return f'/run/cloister/{which}/{which}.sock'


def members(text):
    """What an interface's text defines, by kind and name, without comments and white space."""
    text = re.sub(r'#[^\n]*', '', text)
    found = re.split(r'\b(?=(?:interface|method|type|error)\s+[A-Za-z.]+)', text)
    defined = {}
    for part in found[1:]:
        words = re.match(r'(\w+)\s+([\w.-]+)', part)
        defined[f'{words[1]} {words[2]}'] = re.sub(r'\s+', '', part)
    return defined


def written(interface):
    with open(os.path.join(ARGUMENTS.interfaces, interface + '.varlink'), encoding='utf-8') as file:
        return file.read()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Hostd(ARGUMENTS.program, ARGUMENTS.recording).start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()


class Varlinkctl(Case):
    def run_it(self, *words, status=0):
        ended = enter(self.daemon.run, 'varlinkctl', *words)
        self.assertEqual(ended.returncode, status, f'{words}: {ended.stdout}{ended.stderr}')
        return ended.stdout

    def call(self, which, method, status=0, **parameters):
        said = self.run_it('--json=short', 'call', address(which), method, json.dumps(parameters),
                           status=status)
        return json.loads(said)

    def test_info(self):
        for which, interfaces in SERVED.items():
            info = json.loads(self.run_it('--json=short', 'info', address(which)))
            self.assertEqual(info['product'], 'cloister-hostd')
            self.assertEqual(sorted(info['interfaces']), sorted(interfaces + ALWAYS))
            self.assertEqual(self.run_it('list-interfaces', address(which)).split(),
                             sorted(interfaces + ALWAYS))

    def test_introspect(self):
        """It understands each interface: what it prints is its own writing of what it parsed."""
        for which, interfaces in SERVED.items():
            for interface in interfaces + ['io.cloister.Error']:
                text = written(interface)
                shown = self.run_it('introspect', address(which), interface)
                self.assertEqual(members(shown), members(text), interface)
                for member in members(text):
                    self.assertIn(member.split()[0], ('interface', 'method', 'type', 'error'))
            # Without a name it shows all of them.
            self.assertEqual(
                sorted(re.findall(r'^interface (\S+)', self.run_it('introspect', address(which)),
                                  re.M)), sorted(interfaces + ALWAYS))

    def test_methods_are_listed(self):
        for which, interfaces in SERVED.items():
            for interface in interfaces:
                expected = [f'{interface}.{name}' for name in
                            re.findall(r'^method (\w+)', written(interface), re.M)]
                self.assertGreater(len(expected), 0)
                self.assertEqual(self.run_it('list-methods', address(which), interface).split(),
                                 sorted(expected))

    def test_admin(self):
        status = self.call('admin', 'io.cloister.Admin.Status')
        self.assertEqual(status['pid'], self.daemon.process.pid)
        self.assertEqual(status['state_dir'], self.daemon.state)
        names = [policy['name'] for policy in
                 self.call('admin', 'io.cloister.Admin.Policies')['policies']]
        self.assertIn('snp-strict', names)
        # `more` on a method that does not stream is answered once.
        said = self.run_it('--more', '--json=short', 'call', address('admin'),
                           'io.cloister.Admin.Status', '{}')
        self.assertEqual(json.loads(said.lstrip('\x1e'))['pid'], status['pid'])

    def test_monitor(self):
        shown = start(self.daemon.run, 'varlinkctl', '--more', '--json=short', 'call',
                      address('admin'), 'io.cloister.Admin.Monitor', '{}')
        self.addCleanup(shown.stdout.close)
        self.addCleanup(shown.wait)
        self.addCleanup(shown.kill)
        lines = iter_lines(shown.stdout)
        with self.daemon.client('hook') as hook:
            seen = []
            # It may not listen yet when the first of these happen.
            while len(seen) < 3:
                hook.call('io.cloister.Hook.Event', object='web-1', operation='prepare', xml=WEAK)
                seen += [json.loads(line.lstrip('\x1e')) for line in lines(0.2)]
        for one in seen:
            self.assertEqual((one['event'], one['name']), ('gate', 'web-1'))
        # Without `more` there is nothing to answer.
        self.run_it('call', address('admin'), 'io.cloister.Admin.Monitor', '{}', status=1)

    def test_compute(self):
        facts = self.call('compute', 'io.cloister.Launch.Capabilities')
        self.assertIn('sev-snp', facts['technologies'])
        refused = self.call('compute', 'io.cloister.Launch.Verify', xml=WEAK, policy='snp')
        self.assertEqual(refused['verdict'], 'refuse')
        self.assertGreater(len(refused['reasons']), 0)
        made = self.call('compute', 'io.cloister.Launch.Rewrite', xml=PLAIN, policy='snp',
                         data={'hostData': 'A' * 43 + '='})
        self.assertEqual(made['verdict'], 'allow', made['reasons'])
        held = self.call('compute', 'io.cloister.Launch.Verify', xml=made['xml'], policy='snp')
        self.assertEqual(held['verdict'], 'allow', held['reasons'])
        # The domain is bound now, and the gate holds it to that, whoever asks.
        event = {'object': 'web-1', 'operation': 'prepare', 'sub_operation': 'begin', 'extra': '-'}
        self.assertEqual(self.call('hook', 'io.cloister.Hook.Event', xml=made['xml'], **event),
                         {'verdict': 'allow'})
        veto = self.call('hook', 'io.cloister.Hook.Event', xml=PLAIN, **event)
        self.assertEqual(veto['verdict'], 'veto')
        self.assertNotIn('\n', veto['reason'])

    def test_errors(self):
        error = self.call('admin', 'io.cloister.Admin.Policy', status=1, name='no-such')
        self.assertIn('no-such', error['message'])
        error = self.call('compute', 'io.cloister.Launch.Verify', status=1, xml='<domain',
                          policy='snp')
        self.assertGreater(len(error['message']), 0)
        self.assertEqual(self.call('hook', 'io.cloister.Hook.Event', status=1, object='a'),
                         {'parameter': 'operation'})
        self.assertEqual(self.call('hook', 'io.cloister.Admin.Status', status=1),
                         {'interface': 'io.cloister.Admin'})

    def test_wrong_user(self):
        os.chmod(self.daemon.folder, 0o755)
        for which in SERVED:
            os.chmod(os.path.dirname(self.daemon.path(which)), 0o755)
            os.chmod(self.daemon.path(which), 0o666)
            ended = enter(self.daemon.run, 'setpriv', f'--reuid={NOBODY}', '--clear-groups',
                          'varlinkctl', 'info', address(which))
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn('io.cloister.Error.Denied', ended.stderr)


class PythonVarlink(Case):
    HEAD = '''
import json, sys, varlink

def attempt(function, **parameters):
    try:
        return function(**parameters)
    except varlink.VarlinkError as error:
        return {'error': error.error(), 'parameters': error.parameters()}

def answer(value):
    print(json.dumps(value))
'''

    def run_it(self, program):
        ended = enter(self.daemon.run, 'python3', '-', text=self.HEAD + program)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)

    def test_introspect(self):
        for which, interfaces in SERVED.items():
            said = self.run_it(f'''
with varlink.Client('unix:{address(which)}') as client:
    found = [client.get_interface(name) for name in client.get_interfaces()]
    answer({{one.name: [one.get_description(),
                      [m.name for m in one.members.values() if hasattr(m, 'out_type')]]
            for one in found}})
''')
            self.assertEqual(sorted(said), sorted(interfaces + ALWAYS))
            for interface in interfaces:
                text, methods = said[interface]
                self.assertEqual(text, written(interface))
                self.assertEqual(sorted(methods),
                                 sorted(re.findall(r'^method (\w+)', text, re.M)))

    def test_admin(self):
        status, policies, error = self.run_it(f'''
with varlink.Client('unix:{address('admin')}') as client:
    with client.open('io.cloister.Admin') as admin:
        answer([admin.Status(), admin.Policies(), attempt(admin.Policy, name='no-such')])
''')
        self.assertEqual(status['pid'], self.daemon.process.pid)
        self.assertIn('snp', [policy['name'] for policy in policies['policies']])
        self.assertEqual(error['error'], 'io.cloister.Error.NotFound')
        self.assertIn('no-such', error['parameters']['message'])

    def test_compute(self):
        facts, refused, made, held, error = self.run_it(f'''
plain, weak = {PLAIN!r}, {WEAK!r}
with varlink.Client('unix:{address('compute')}') as client:
    with client.open('io.cloister.Launch') as launch:
        facts = launch.Capabilities()
        refused = launch.Verify(xml=weak, policy='snp')
        made = launch.Rewrite(xml=plain, policy='snp', data={{'hostData': 'A' * 43 + '='}})
        held = launch.Verify(xml=made['xml'], policy='snp', stage='definition')
        answer([facts, refused, made, held, attempt(launch.Verify, xml='<domain', policy='snp')])
''')
        self.assertIn('sev-snp', facts['technologies'])
        self.assertEqual(refused['verdict'], 'refuse')
        self.assertEqual(made['verdict'], 'allow', made['reasons'])
        self.assertEqual(made['uuid'], UUID)
        self.assertEqual(held['verdict'], 'allow', held['reasons'])
        self.assertEqual(error['error'], 'io.cloister.Error.Invalid')

    def test_hook(self):
        allow, veto, missing = self.run_it(f'''
plain, weak = {PLAIN.replace(UUID, UUID[::-1])!r}, {WEAK.replace(UUID, UUID[::-1])!r}
with varlink.Client('unix:{address('hook')}') as client:
    with client.open('io.cloister.Hook') as hook:
        answer([hook.Event(object='web-1', operation='prepare', xml=plain),
                hook.Event(object='web-1', operation='prepare', xml=weak,
                           bindings={{'device': 1, 'inode': -1}}),
                attempt(hook.Event, object='web-1')])
''')
        self.assertEqual(allow['verdict'], 'allow')
        self.assertEqual(veto['verdict'], 'veto')
        self.assertEqual(missing, {'error': 'org.varlink.service.InvalidParameter',
                                   'parameters': {'parameter': 'operation'}})

    def test_monitor(self):
        first, second, error = self.run_it(f'''
import threading
done = threading.Event()

def happen():
    with varlink.Client('unix:{address('hook')}') as client:
        with client.open('io.cloister.Hook') as hook:
            while not done.wait(0.1):
                hook.Event(object='web-1', operation='prepare', xml={WEAK!r})

threading.Thread(target=happen).start()
with varlink.Client('unix:{address('admin')}') as client:
    with client.open('io.cloister.Admin') as admin:
        events = admin.Monitor(_more=True)
        seen = [next(events), next(events)]
    done.set()
    with client.open('io.cloister.Admin') as admin:
        answer([*seen, attempt(admin.Monitor)])
''')
        for one in (first, second):
            self.assertEqual((one['event'], one['name']), ('gate', 'web-1'))
        self.assertEqual(error['error'], 'org.varlink.service.ExpectedMore')

    def test_not_served_here(self):
        error = self.run_it(f'''
with varlink.Client('unix:{address('hook')}') as client:
    answer(attempt(client.open, interface_name='io.cloister.Admin'))
''')
        self.assertEqual(error['error'], 'org.varlink.service.InterfaceNotFound')


def reason_to_skip():
    if os.getuid() != 0:
        return 'needs root to enter the Debian 13 root'
    if ARGUMENTS.root == ROOT:
        made = subprocess.run([os.path.join(TOP, 'tests', 'stack', 'make-root'), 'trixie', ROOT],
                              stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        if made.returncode != 0:
            return 'tests/stack/make-root trixie failed: no Debian 13 root (no mirror?)'
    for what in ('usr/bin/varlinkctl', 'usr/lib/python3/dist-packages/varlink'):
        if not os.path.exists(os.path.join(ARGUMENTS.root, what)):
            return f'no {what} in {ARGUMENTS.root}'
    tried = enter('/', 'true')
    if tried.returncode != 0:
        return f'cannot enter {ARGUMENTS.root}: {tried.stderr.strip()}'
    return None


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', required=True)
    parser.add_argument('--recording', required=True)
    parser.add_argument('--interfaces', required=True)
    parser.add_argument('--root', default=ROOT)
    ARGUMENTS, rest = parser.parse_known_args()
    reason = reason_to_skip()
    if reason:
        print('SKIP:', reason)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
