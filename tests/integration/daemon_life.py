#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The built cloister-hostd: starts, serves, reloads, refuses, ends.

`daemon_life.py --program HOSTD --recording FOLDER`, then unittest's own arguments.
"""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

from daemon_wire import GUEST, PATIENCE, Client, Hostd, Refused, read_arguments

ARGUMENTS = None
DOMAIN = ("<domain type='kvm'><name>web-1</name>"
          '<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>1024</memory></domain>')


def hostd(settings='', environment=None):
    return Hostd(ARGUMENTS.program, ARGUMENTS.recording, settings, environment)


def event(client, operation, xml=DOMAIN, **more):
    return client.call('io.cloister.Hook.Event', object='web-1', operation=operation,
                       sub_operation='begin', extra='-', xml=xml, **more)


class Life(unittest.TestCase):
    def test_start_and_term(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with hostd() as daemon:
                daemon.start()
                for which, mode in (('compute', 0o660), ('hook', 0o600), ('admin', 0o600)):
                    found = os.stat(daemon.path(which))
                    self.assertTrue(stat.S_ISSOCK(found.st_mode))
                    self.assertEqual(stat.S_IMODE(found.st_mode), mode, which)
                self.assertEqual(stat.S_IMODE(os.stat(daemon.run + '/hook').st_mode), 0o700)
                self.assertEqual(daemon.stop(how), 0, daemon.said())
                for which in ('compute', 'hook', 'admin'):
                    self.assertFalse(os.path.exists(daemon.path(which)))

    @unittest.skipIf(os.getuid() != 0, 'only root may mount a /run of its own')
    def test_ends_while_libvirt_does_not_answer(self):
        """A call that hangs neither delays the end nor makes it a crash."""
        with tempfile.TemporaryDirectory() as run, socket.socket(socket.AF_UNIX) as silent:
            os.mkdir(run + '/libvirt')
            silent.bind(run + '/libvirt/libvirt-sock')
            silent.listen()
            silent.settimeout(PATIENCE)
            with hostd() as daemon:
                daemon.before = ['unshare', '--mount', 'sh', '-ec',
                                 'mount --bind "$0" /run; exec "$@"', run]
                daemon.start()
                connection, _ = silent.accept()  # and no answer, ever
                with connection:
                    self.assertEqual(daemon.stop(), 0, daemon.said())
                self.assertIn('libvirt did not answer its last call', daemon.said())
                for which in ('compute', 'hook', 'admin'):
                    self.assertFalse(os.path.exists(daemon.path(which)))

    def test_stale_sockets_are_replaced(self):
        with hostd() as daemon:
            daemon.start()
            daemon.stop(signal.SIGKILL)
            self.assertTrue(os.path.exists(daemon.path('admin')))
            daemon.start()
            with daemon.client() as client:
                client.call('io.cloister.Admin.Status')

    def test_only_one(self):
        with hostd() as daemon:
            daemon.start()
            second = subprocess.run([daemon.program, '--config', daemon.config],
                                    capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn('another cloister-hostd', second.stderr)
            with daemon.client() as client:
                client.call('io.cloister.Admin.Status')

    def test_a_file_in_the_way_stays(self):
        with hostd() as daemon:
            os.makedirs(daemon.run + '/hook')
            with open(daemon.path('hook'), 'w', encoding='utf-8') as file:
                file.write('precious')
            ended = subprocess.run([daemon.program, '--config', daemon.config],
                                   capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(ended.returncode, 1)
            self.assertIn('no socket', ended.stderr)
            self.assertTrue(os.path.exists(daemon.path('hook')))

    def test_status_says_that_it_is_simulated(self):
        with hostd() as daemon:
            daemon.start()
            self.assertIn('THIS HOST IS SIMULATED', daemon.said())
            with daemon.client() as client:
                status = client.call('io.cloister.Admin.Status')
            self.assertEqual(status['simulation'], ARGUMENTS.recording)
            self.assertEqual(status['pid'], daemon.process.pid)
            self.assertGreater(status['policies'], 0)

    def test_levels_for_the_journal(self):
        with hostd(environment={'INVOCATION_ID': '0'}) as daemon:
            daemon.start()
            for line in daemon.said().splitlines():
                self.assertRegex(line, r'^<[3-7]>[a-z]+: ')


class Reload(unittest.TestCase):
    def reload(self, daemon):
        before = daemon.said().count('reload: ')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.said().count('reload: ') > before)

    def test_bad_policy_keeps_the_old_set(self):
        with hostd() as daemon, open(daemon.policies + '/bad.xml', 'w', encoding='utf-8') as file:
            file.close()
            os.unlink(file.name)
            daemon.start()
            with daemon.client() as client:
                before = client.call('io.cloister.Admin.Policies')
                with open(file.name, 'w', encoding='utf-8') as bad:
                    bad.write('<policy name="bad">\n<nonsense/></policy>\n')
                self.reload(daemon)
                self.assertEqual(client.call('io.cloister.Admin.Policies'), before)
                status = client.call('io.cloister.Admin.Status')
                self.assertIn('bad.xml:', status['policies_error'])
                self.assertIn('bad.xml:', daemon.said())
                with self.assertRaises(Refused) as refused:
                    client.call('io.cloister.Admin.Reload')
                self.assertIn('bad.xml:', refused.exception.parameters['message'])

                os.unlink(file.name)
                self.reload(daemon)
                status = client.call('io.cloister.Admin.Status')
                self.assertIsNone(status['policies_error'])

    def test_good_policy_is_there_at_once(self):
        with hostd() as daemon:
            daemon.start()
            with daemon.client() as client:
                known = client.call('io.cloister.Admin.Policies')['policies'][0]['name']
                policy = client.call('io.cloister.Admin.Policy', name=known)
                text = re.sub(f'name=(["\']){known}\\1', 'name="site"', policy['text'], count=1)
                self.assertEqual(client.call('io.cloister.Admin.CheckPolicy', text=text)['name'],
                                 'site')
                with self.assertRaises(Refused) as refused:
                    client.call('io.cloister.Admin.CheckPolicy', text='<policy/>')
                self.assertRegex(refused.exception.parameters['message'], r'^policy:1:')
                with open(daemon.policies + '/site.xml', 'w', encoding='utf-8') as file:
                    file.write(text)
                client.call('io.cloister.Admin.Reload')
                names = [p['name'] for p in client.call('io.cloister.Admin.Policies')['policies']]
                self.assertIn('site', names)

    def test_bad_policy_at_start(self):
        with hostd() as daemon:
            with open(daemon.policies + '/bad.xml', 'w', encoding='utf-8') as bad:
                bad.write('<policy')
            for options, status in ((['--check-config'], 78), ([], 1)):
                ended = subprocess.run([daemon.program, '--config', daemon.config, *options],
                                       capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(ended.returncode, status)
                self.assertIn('bad.xml:', ended.stderr)


class Config(unittest.TestCase):
    def check(self, text):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(text)
            file.flush()
            ended = subprocess.run([ARGUMENTS.program, '--config', file.name, '--check-config'],
                                   capture_output=True, text=True, timeout=60, check=False)
            return ended.returncode, ended.stdout + ended.stderr, os.path.basename(file.name)

    def test_errors_name_the_line(self):
        for text, line, says in (
                ('[hostd]\nrun_dirs = /x\n', 2, 'run_dirs'),
                ('# c\n\n[host]\n', 3, '[host]'),
                ('run_dir = /x\n', 1, 'before the first'),
                ('[hostd]\nrun_dir = x\n', 2, 'absolute'),
                ('[hostd]\nnonsense\n', 2, 'nonsense'),
                ('[hostd\n', 1, ']'),
                ('[hook]\nuids = 0\nuids = 1\n', 3, 'twice'),
                ('[hook]\nmode = 0999\n', 2, '0999'),
                ('[hook]\nmode = 0777\n', 2, '0777'),
                ('[hook]\ngroup = no-such-group\n', 2, 'no-such-group'),
                ('[gate]\nunbound = maybe\n', 2, 'maybe'),
                ('[gate]\nforeign_folder = maybe\n', 2, 'maybe')):
            status, said, name = self.check(text)
            self.assertEqual(status, 78, text)
            self.assertIn(f'{name}:{line}: ', said)
            self.assertIn(says, said)

    def test_unknown_user_is_left_out(self):
        status, said, _ = self.check('[hook]\nuids = 0 no-such-user\n')
        self.assertEqual(status, 0, said)
        self.assertIn('no-such-user', said)

    def test_shipped_default(self):
        ended = subprocess.run([ARGUMENTS.program, '--config', ARGUMENTS.default,
                                '--check-config'], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_options(self):
        for options, status, says in ((['--version'], 0, 'cloister-hostd '),
                                      (['--help'], 0, '--check-config'),
                                      (['--nonsense'], 64, '--nonsense'),
                                      (['nonsense'], 64, 'nonsense'),
                                      (['--config', '/nonexistent'], 78, '/nonexistent')):
            ended = subprocess.run([ARGUMENTS.program, *options], capture_output=True, text=True,
                                   timeout=60, check=False)
            self.assertEqual(ended.returncode, status, options)
            self.assertIn(says, ended.stdout + ended.stderr)


class Systemd(unittest.TestCase):
    def test_notifications(self):
        with tempfile.TemporaryDirectory() as folder:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            listener.bind(folder + '/notify')
            listener.settimeout(60)
            with hostd(environment={'NOTIFY_SOCKET': folder + '/notify',
                                    'WATCHDOG_USEC': '200000'}) as daemon:
                daemon.start()
                heard = [listener.recv(4096).decode() for _ in range(3)]
                self.assertTrue(heard[0].startswith('READY=1\nSTATUS='), heard)
                self.assertEqual(heard[1:], ['WATCHDOG=1', 'WATCHDOG=1'])
                daemon.process.send_signal(signal.SIGHUP)
                while not heard[-1].startswith('RELOADING=1'):
                    heard.append(listener.recv(4096).decode())
                while not heard[-1].startswith('READY=1'):
                    heard.append(listener.recv(4096).decode())
                daemon.stop()
                while heard[-1] != 'STOPPING=1':
                    heard.append(listener.recv(4096).decode())
            listener.close()

    def test_passed_sockets(self):
        with hostd() as daemon:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(daemon.folder + '/passed')
            listener.listen()

            def pass_on():
                os.dup2(listener.fileno(), 3)
                os.set_inheritable(3, True)
                os.environ['LISTEN_PID'] = str(os.getpid())

            # The environment is made before the fork, and only then is the pid known: so by a shell.
            daemon.program, program = daemon.folder + '/launcher', daemon.program
            with open(daemon.program, 'w', encoding='utf-8') as file:
                file.write('#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=admin\n'
                           'export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES\n'
                           f'exec "{program}" "$@"\n')
            os.chmod(daemon.program, 0o755)
            daemon.start(preexec_fn=pass_on, close_fds=False)
            with Client(daemon.folder + '/passed') as client:
                client.call('io.cloister.Admin.Status')
            self.assertFalse(os.path.exists(daemon.path('admin')))
            with daemon.client('hook') as client:
                self.assertEqual(event(client, 'started')['verdict'], 'allow')
            daemon.stop()
            # It is systemd's: it stays, so that nobody finds the door gone during a restart.
            self.assertTrue(os.path.exists(daemon.folder + '/passed'))
            listener.close()


class Gate(unittest.TestCase):
    """Rewritten and bound over one socket, held to it over another."""

    GUEST = GUEST % re.search('<uuid>(.*)</uuid>', DOMAIN)[1]

    def test_bound_guest(self):
        with hostd() as daemon:
            daemon.start()
            with daemon.client('compute') as compute, daemon.client('hook') as hook:
                answer = compute.call('io.cloister.Launch.Rewrite', xml=self.GUEST, policy='snp',
                                      data={'hostData': 'A' * 43 + '='})
                self.assertEqual(answer['verdict'], 'allow', answer['reasons'])
                self.assertEqual(os.listdir(daemon.state + '/bindings'), [answer['uuid']])
                self.assertIn('sev-snp', answer['xml'])

                live = answer['xml'].replace('<domain ', "<domain id='1' ", 1)
                self.assertEqual(event(hook, 'prepare', xml=live), {'verdict': 'allow'})
                stripped = self.GUEST.replace('<domain ', "<domain id='1' ", 1)
                veto = event(hook, 'prepare', xml=stripped)
                self.assertEqual(veto['verdict'], 'veto')
                self.assertNotIn('\n', veto['reason'])
                # The hook prints one reason; the log has them all.
                self.assertIn('reason for "web-1": one-launch-security: ', daemon.said())
                self.assertEqual(event(hook, 'reconnect', xml=stripped), {'verdict': 'allow'})

                again = compute.call('io.cloister.Launch.Rewrite', xml=self.GUEST, policy='sev')
                self.assertEqual(again['verdict'], 'refuse')
                self.assertIn('binding', [reason['id'] for reason in again['reasons']])

            # The promise outlives the daemon, however it ended.
            daemon.stop(signal.SIGKILL)
            daemon.start()
            with daemon.client('hook') as hook:
                self.assertEqual(event(hook, 'prepare', xml=live), {'verdict': 'allow'})
                self.assertEqual(event(hook, 'prepare', xml=stripped)['verdict'], 'veto')

    def test_refused_guest_is_not_bound(self):
        with hostd() as daemon:
            daemon.start()
            with daemon.client('compute') as compute:
                answer = compute.call('io.cloister.Launch.Rewrite', policy='snp',
                                      xml=self.GUEST.replace("machine='q35'", "machine='pc'"))
                self.assertEqual(answer['verdict'], 'refuse')
                self.assertGreater(len(answer['reasons']), 0)
                self.assertIsNone(answer['xml'])
            self.assertEqual(os.listdir(daemon.state + '/bindings'), [])


class Wire(unittest.TestCase):
    INTERFACES = {'compute': ['io.cloister.Launch'], 'hook': ['io.cloister.Hook'],
                  'admin': ['io.cloister.Admin', 'io.cloister.Launch']}

    @classmethod
    def setUpClass(cls):
        cls.daemon = hostd().start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    def test_each_socket_serves_its_own(self):
        for which, interfaces in self.INTERFACES.items():
            with self.daemon.client(which) as client:
                info = client.call('org.varlink.service.GetInfo')
                self.assertEqual(info['interfaces'], ['org.varlink.service', *interfaces,
                                                      'io.cloister.Error'])
                self.assertEqual(info['product'], 'cloister-hostd')
        for which, method in (('compute', 'io.cloister.Admin.Status'),
                              ('compute', 'io.cloister.Hook.Event'),
                              ('hook', 'io.cloister.Launch.Capabilities'),
                              ('hook', 'io.cloister.Admin.Reload'),
                              ('admin', 'io.cloister.Hook.Event')):
            with self.daemon.client(which) as client, self.assertRaises(Refused) as refused:
                client.call(method)
            self.assertEqual(refused.exception.name, 'org.varlink.service.InterfaceNotFound')

    def test_descriptions_and_methods_agree(self):
        """Each method that is described is there, takes what is described, and no more."""
        for which, interfaces in self.INTERFACES.items():
            for interface in interfaces:
                with self.daemon.client(which) as client:
                    text = client.call('org.varlink.service.GetInterfaceDescription',
                                       interface=interface)['description']
                    methods = re.findall(r'^method (\w+)\((.*?)\) ->', text, re.M | re.S)
                    self.assertGreater(len(methods), 0)
                    for name, parameters in methods:
                        self.check_method(client, f'{interface}.{name}', parameters)

    def check_method(self, client, method, described):
        with self.assertRaises(Refused) as refused:
            client.call(method, no_such_parameter=1)
        self.assertEqual(refused.exception.name, 'org.varlink.service.InvalidParameter', method)
        for name in re.findall(r'(\w+):', described):
            # true is of no parameter's type: so it is this one that is refused, if it is known.
            with self.assertRaises(Refused) as refused:
                client.call(method, **{name: True})
            self.assertEqual(refused.exception.parameters, {'parameter': name}, method)

    def test_hook_event(self):
        with self.daemon.client('hook') as client:
            self.assertEqual(event(client, 'reconnect', xml=''), {'verdict': 'allow'})
            self.assertEqual(event(client, 'prepare')['verdict'], 'allow')
            weak = DOMAIN.replace('<memory>', "<launchSecurity type='sev-snp'><policy>0</policy>"
                                  '</launchSecurity><memory>')
            answer = event(client, 'prepare', xml=weak)
            self.assertEqual(answer['verdict'], 'veto')
            self.assertNotIn('\n', answer['reason'])
            self.assertEqual(event(client, 'prepare', xml='<domain')['verdict'], 'veto')
        with self.daemon.client() as client:
            self.assertGreaterEqual(client.call('io.cloister.Admin.Status')['gate']['vetoed'], 2)

    def test_hook_reports_its_folder(self):
        with self.daemon.client('hook') as client, self.daemon.client() as admin:
            found = os.stat(self.daemon.state + '/bindings')
            event(client, 'prepare', bindings={'device': found.st_dev, 'inode': found.st_ino})
            status = admin.call('io.cloister.Admin.Status')
            self.assertEqual(status['gate']['hook_folder'], 'same')
            event(client, 'prepare', bindings={'device': 1, 'inode': 1})
            status = admin.call('io.cloister.Admin.Status')
            self.assertEqual(status['gate']['hook_folder'], 'other')

    def test_launch(self):
        with self.daemon.client('compute') as client:
            facts = client.call('io.cloister.Launch.Capabilities')
            self.assertIn('sev-snp', facts['technologies'])
            for method in ('Rewrite', 'Verify'):
                with self.assertRaises(Refused) as refused:
                    client.call('io.cloister.Launch.' + method, xml=DOMAIN, policy='no-such')
                self.assertEqual(refused.exception.name, 'io.cloister.Error.NotFound')
                with self.assertRaises(Refused) as refused:
                    client.call('io.cloister.Launch.' + method, xml='<domain', policy='snp')
                self.assertEqual(refused.exception.name, 'io.cloister.Error.Invalid')

    def test_libvirt_absent_is_said(self):
        with self.daemon.client() as client:
            try:
                client.call('io.cloister.Admin.Domains')
            except Refused as refused:
                self.assertIn(refused.name, ('io.cloister.Error.Unavailable',
                                             'io.cloister.Error.Denied'))
            try:
                client.call('io.cloister.Launch.Forget',
                            uuid='11111111-2222-3333-4444-555555555599')
            except Refused as refused:
                self.assertIn(refused.name, ('io.cloister.Error.Unavailable',
                                             'io.cloister.Error.Denied',
                                             'io.cloister.Error.NotFound'))


def main():
    global ARGUMENTS
    ARGUMENTS, rest = read_arguments('program', 'recording', 'default')
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
