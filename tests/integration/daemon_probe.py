#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloister-hostd beside a host that hangs: it serves, says so, and comes back.

`daemon_probe.py --program HOSTD --recording FOLDER`, then unittest's own arguments. A file of the
recorded host lies on a FUSE file system whose server answers nothing: reading it hangs as a device
does, until the server goes. Needs root and /dev/fuse.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import unittest

from daemon_wire import PATIENCE, Hostd, Refused, read_arguments

ARGUMENTS = None
# Where the recorded host is read first among folders.
HANGS = 'sys/module'
DOMAIN = ("<domain type='kvm'><name>web-1</name>"
          '<uuid>11111111-2222-3333-4444-555555555555</uuid>%s<memory>1024</memory></domain>')
WEAK = "<launchSecurity type='sev-snp'><policy>0</policy></launchSecurity>"
UMOUNT_LAZY = 2
LIBC = ctypes.CDLL(None, use_errno=True)


class Silent:
    """A file system over @folder that answers nothing until it ends."""

    def __init__(self, folder):
        self.folder = folder
        self.device = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
        options = f'fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other'
        if LIBC.mount(b'silent', folder.encode(), b'fuse', 0, options.encode()):
            error = ctypes.get_errno()
            os.close(self.device)
            raise OSError(error, os.strerror(error))

    def end(self):
        """Whoever hangs gets an error; the folder below is seen again."""
        if self.device >= 0:
            LIBC.umount2(self.folder.encode(), UMOUNT_LAZY)
            os.close(self.device)
            self.device = -1


class Hangs(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix='cloister-host-')
        self.addCleanup(shutil.rmtree, self.place)
        self.recording = os.path.join(self.place, 'host')
        shutil.copytree(ARGUMENTS.recording, self.recording)

    def hostd(self, **more):
        daemon = Hostd(ARGUMENTS.program, self.recording, '[probe]\ndeadline_seconds = 1\n', **more)
        self.addCleanup(daemon.__exit__)
        return daemon

    def hang(self):
        silent = Silent(os.path.join(self.recording, HANGS))
        self.addCleanup(silent.end)
        return silent

    def status(self, daemon):
        with daemon.client() as client:
            return client.call('io.cloister.Admin.Status')

    def told(self, daemon, text, count=1):
        daemon.wait_for(lambda: daemon.said().count(text) >= count)

    def event(self, client, xml):
        return client.call('io.cloister.Hook.Event', object='web-1', operation='prepare',
                           sub_operation='begin', extra='-', xml=xml)

    def verdicts(self, daemon):
        with daemon.client('compute') as client:
            answer = client.call('io.cloister.Launch.Capabilities')
        return {name: facts['verdict'] for name, facts in answer['technologies'].items()}

    def test_serves_meanwhile(self):
        daemon = self.hostd().start()
        before = self.verdicts(daemon)
        self.assertEqual(before['sev-snp'], 'usable')
        taken = self.status(daemon)['host']['facts_from']
        silent = self.hang()
        with daemon.client('admin') as waiting, daemon.client('hook') as hook:
            waiting.socket.sendall(b'{"method": "io.cloister.Admin.Reload"}\0')
            daemon.wait_for(lambda: self.status(daemon)['host']['probe'] != 'idle')
            # The probe is on its way, or was given up: in both, answers come and the gate holds.
            self.assertEqual(self.event(hook, DOMAIN % WEAK)['verdict'], 'veto')
            self.assertEqual(self.event(hook, DOMAIN % '')['verdict'], 'allow')
            refused = waiting.receive()
            self.assertEqual(refused['error'], 'io.cloister.Error.Timeout')
            self.assertIn('hangs at', refused['parameters']['message'])
            self.assertIn(HANGS, refused['parameters']['message'])
        status = self.status(daemon)
        self.assertEqual(status['host']['probe'], 'hanging')
        self.assertIn(HANGS, status['host']['hangs_at'])
        self.assertEqual(status['host']['facts_from'], taken)
        self.assertIn('the facts in use are from 20', status['host_error'])
        self.assertEqual(self.verdicts(daemon), before)
        with daemon.client() as client:
            findings = client.call('io.cloister.Admin.Doctor')['findings']
        mine = [finding for finding in findings if 'hangs at' in finding['text']]
        self.assertEqual([finding['level'] for finding in mine], ['error'], findings)
        self.assertIn('host: facts of the host stay as they were: ', daemon.said())

        # One more may hang; a third is not begun.
        self.reload_refused(daemon, 'hangs at')
        self.reload_refused(daemon, 'two probes of the host hang')
        threads = len(os.listdir(f'/proc/{daemon.process.pid}/task'))
        self.reload_refused(daemon, 'two probes of the host hang')
        self.assertEqual(len(os.listdir(f'/proc/{daemon.process.pid}/task')), threads)

        # It answers again: what was asked for last is done, and all is well.
        silent.end()
        self.told(daemon, 'the host was probed after all')
        daemon.wait_for(lambda: self.status(daemon)['host']['probe'] == 'idle')
        daemon.wait_for(lambda: self.verdicts(daemon) == before)
        self.assertIsNone(self.status(daemon)['host_error'])
        with daemon.client() as client:
            client.call('io.cloister.Admin.Reload')

    def reload_refused(self, daemon, says):
        with daemon.client() as client, self.assertRaises(Refused) as refused:
            client.call('io.cloister.Admin.Reload')
        self.assertEqual(refused.exception.name, 'io.cloister.Error.Timeout')
        self.assertIn(says, refused.exception.parameters['message'])

    def test_watchdog_is_fed(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(self.place + '/notify')
            listener.settimeout(PATIENCE)
            daemon = self.hostd(environment={'NOTIFY_SOCKET': self.place + '/notify',
                                             'WATCHDOG_USEC': '100000'}).start()
            self.hang()
            heard = []

            def hear(word):
                while not heard or not heard[-1].startswith(word):
                    heard.append(listener.recv(4096).decode())
                del heard[:-1]

            hear('READY=1')
            daemon.process.send_signal(signal.SIGHUP)
            hear('RELOADING=1')
            heard.clear()
            while not heard or not heard[-1].startswith('READY=1'):
                heard.append(listener.recv(4096).decode())
            # The deadline is a second, the watchdog is told twenty times in one; a main loop that
            # waited for the host would have told it nothing.
            self.assertGreater(heard.count('WATCHDOG=1'), 1)

    def test_at_the_start(self):
        """Nothing is known, and that is said; what comes later is taken."""
        silent = self.hang()
        daemon = self.hostd().start()
        self.assertIn('nothing is known of the host', self.status(daemon)['host_error'])
        self.assertIsNone(self.status(daemon)['host']['facts_from'])
        self.assertEqual(set(self.verdicts(daemon).values()), {'unknown'})
        with daemon.client('hook') as hook:
            self.assertEqual(self.event(hook, DOMAIN % WEAK)['verdict'], 'veto')
        silent.end()
        self.told(daemon, 'the host was probed after all')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for(lambda: self.verdicts(daemon)['sev-snp'] == 'usable')

    def test_ends_while_it_hangs(self):
        daemon = self.hostd().start()
        self.hang()
        self.reload_refused(daemon, 'hangs at')
        self.assertEqual(daemon.stop(), 0, daemon.said())
        self.assertIn('a probe of the host has not come back', daemon.said())
        self.assertFalse(os.path.exists(daemon.path('hook')))


class Changes(unittest.TestCase):
    """What is different is told: to the log, the audit log and who watches."""

    def test_told(self):
        with tempfile.TemporaryDirectory() as place:
            recording = place + '/host'
            shutil.copytree(ARGUMENTS.recording, recording)
            with Hostd(ARGUMENTS.program, recording) as daemon:
                daemon.start()
                with daemon.client() as watcher, daemon.client() as client:
                    watcher.socket.sendall(
                        b'{"method": "io.cloister.Admin.Monitor", "more": true}\0')
                    client.call('io.cloister.Admin.Reload')
                    self.assertEqual(self.events(watcher), [('reload', None)])
                    with open(recording + '/sys/module/kvm_amd/parameters/sev_snp', 'w',
                              encoding='ascii') as file:
                        file.write('N\n')
                    client.call('io.cloister.Admin.Reload')
                    (event, text), = [e for e in self.events(watcher) if e[0] == 'host']
                    self.assertRegex(text, r'^changed \(reload\): sev-snp is unusable \(.*, was usable')
                    self.assertIn('host: ' + text, daemon.said())
                    records = client.call('io.cloister.Admin.Audit')['records']
                self.assertEqual([r['text'] for r in records if r['event'] == 'host'],
                                 [re.sub(r'^changed \(reload\): ', '', text)])

    def events(self, watcher):
        """Of the host, up to the reload's own, which is the last."""
        found = []
        while not found or found[-1][0] != 'reload':
            event = watcher.receive()['parameters']
            if event['event'] in ('host', 'reload'):
                found.append((event['event'],
                              event['text'] if event['event'] != 'reload' else None))
        return found


class Kernel(unittest.TestCase):
    """The running kernel tells of a device, and the host is looked at anew without being asked."""

    UEVENT = '/sys/devices/system/cpu/cpu0/uevent'

    def test_device_event(self):
        if not os.access(self.UEVENT, os.W_OK):
            self.skipTest(f'{self.UEVENT} may not be written: the kernel cannot be made to tell')
        with tempfile.TemporaryDirectory() as place:
            recording = place + '/host'
            shutil.copytree(ARGUMENTS.recording, recording)
            with Hostd(ARGUMENTS.program, recording) as daemon:
                daemon.start()
                with open(recording + '/sys/module/kvm_amd/parameters/sev_snp', 'w',
                          encoding='ascii') as file:
                    file.write('N\n')
                with open(self.UEVENT, 'w', encoding='ascii') as file:
                    file.write('change')
                daemon.wait_for(lambda: 'host: changed (' in daemon.said())
                self.assertRegex(daemon.said(),
                                 r'host: changed \(.*change cpu cpu0.*\): sev-snp is unusable')


def main():
    global ARGUMENTS
    ARGUMENTS, rest = read_arguments('program', 'recording')
    try:
        with tempfile.TemporaryDirectory() as folder:
            Silent(folder).end()
    except OSError as error:
        if 'Hangs' in rest:
            print(f'SKIP: no file system that hangs: {error}')
            sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)


if __name__ == '__main__':
    main()
