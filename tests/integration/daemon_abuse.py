#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that do what no honest client does, against the built cloister-hostd. A neighbour calls on
all three sockets all along and has to get right answers; what hostd takes in memory is bounded.

`daemon_abuse.py --program HOSTD --recording FOLDER`, then unittest's own arguments. As root the bad
clients have a uid of their own, as they would have; else those are left out that use up its share.
"""

import json
import os
import re
import select
import socket
import sys
import threading
import time
import unittest

from daemon_wire import PATIENCE, Client, Hostd, Refused, connect, connect_as, read_arguments

ARGUMENTS = None
ROOT = os.getuid() == 0
BAD_UID = 65533 if ROOT else os.getuid()
STRANGER = 65534
SOCKETS = ('compute', 'hook', 'admin')
MIB = 1024 * 1024

# hostd_limits_default (hostd/ipc/server.c).
MAX_MESSAGE = 8 * MIB
MAX_CONNECTIONS = 128
MAX_BYTES = 4 * MAX_MESSAGE

# What a test may add to hostd's memory at its highest. A message of 8 MiB is there three times
# while it is read; whoever gets it to hold hundreds has found a hole.
MEMORY = 64 * MIB

UUID = '11111111-2222-3333-4444-555555555555'
PLAIN = (f"<domain type='kvm'><name>web-1</name><uuid>{UUID}</uuid>"
         '<memory>1024</memory></domain>')
WEAK = PLAIN.replace('<memory>', "<launchSecurity type='sev-snp'><policy>0</policy>"
                     '</launchSecurity><memory>')
EVENT = {'object': 'web-1', 'operation': 'prepare', 'sub_operation': 'begin', 'extra': '-'}
GET_INFO = 'org.varlink.service.GetInfo'


def frame(method, **parameters):
    return json.dumps({'method': method, 'parameters': parameters}).encode() + b'\0'


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'never came: {what}')
        time.sleep(0.01)


class Neighbour(threading.Thread):
    """Calls on all sockets, one after the other, until told to stop or until an answer is wrong."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.hostd = daemon
        self.rounds = 0
        self.fault = None
        self.leaving = False
        self.expected = None

    def ask(self, compute, admin):
        # A hook is a process, and connects anew each time.
        with self.hostd.client('hook') as hook:
            allow = hook.call('io.cloister.Hook.Event', xml=PLAIN, **EVENT)
        with self.hostd.client('hook') as hook:
            veto = hook.call('io.cloister.Hook.Event', xml=WEAK, **EVENT)
        assert allow == {'verdict': 'allow'}, allow
        assert veto['verdict'] == 'veto', veto
        assert admin.call('io.cloister.Admin.Status')['pid'] == self.hostd.process.pid
        answers = [veto['reason'],
                   compute.call('io.cloister.Launch.Verify', xml=WEAK, policy='snp'),
                   compute.call('io.cloister.Launch.Capabilities'),
                   admin.call('io.cloister.Admin.Policy', name='snp-strict')]
        self.expected = self.expected or answers
        assert answers == self.expected, 'another answer than before'

    def run(self):
        try:
            with self.hostd.client('compute') as compute, self.hostd.client('admin') as admin:
                while not self.leaving:
                    self.ask(compute, admin)
                    self.rounds += 1
        except Exception as fault:  # of any kind: it is told to whoever waits for us
            self.fault = fault

    def goes_on(self):
        """Some rounds more, begun and ended from now on, are right."""
        target = self.rounds + 3
        wait_until(lambda: self.rounds >= target or self.fault, 'right answers to somebody else')
        if self.fault:
            raise AssertionError('somebody else is not served') from self.fault

    def leave(self):
        self.leaving = True
        self.join(PATIENCE)


class Abuse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Hostd(ARGUMENTS.program, ARGUMENTS.recording,
                           callers=(BAD_UID,) if ROOT else ()).start()
        cls.neighbour = Neighbour(cls.daemon)
        cls.neighbour.start()
        cls.neighbour.goes_on()
        with open(ARGUMENTS.program, 'rb') as file:
            # It keeps what is freed, to find who uses it still.
            cls.sanitized = b'__asan_init' in file.read()

    @classmethod
    def tearDownClass(cls):
        cls.neighbour.leave()
        cls.daemon.__exit__()

    def memory(self, which):
        with open(f'/proc/{self.daemon.process.pid}/status', encoding='ascii') as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(which))

    def setUp(self):
        self.joined = []
        self.base = self.memory('VmRSS:')
        try:
            with open(f'/proc/{self.daemon.process.pid}/clear_refs', 'w',
                      encoding='ascii') as file:
                file.write('5')  # the peak begins anew
        except PermissionError:
            pass  # the peak is that of all tests together, which is bounded as well

    def tearDown(self):
        for one in self.joined:
            one.close()
        self.neighbour.goes_on()
        grown = self.memory('VmHWM:') - self.base
        print(f'{self.id()}: {grown // 1024} KiB more at the highest')
        if not self.sanitized:
            self.assertLess(grown, MEMORY)

    def join(self, which, count=1):
        path = self.daemon.path(which)
        joined = (connect_as(BAD_UID, path, count) if ROOT
                  else [connect(path) for _ in range(count)])
        self.joined += joined
        return [Client(path, one) for one in joined]

    def say(self, client, text):
        """All of it, or as much as is listened to."""
        try:
            client.socket.sendall(text)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def assert_refused(self, client, name):
        """Told why, and then hung up on."""
        answer = client.receive()
        self.assertEqual(answer.get('error'), f'io.cloister.Error.{name}', answer)
        self.assertNotIn('\n', answer['parameters']['message'])
        self.assert_hung_up(client)

    def assert_hung_up(self, client):
        try:
            self.assertEqual(client.socket.recv(1), b'')
        except ConnectionResetError:
            pass

    # ---- frames ----

    def test_half_a_frame(self):
        half = frame('io.cloister.Hook.Event', xml=PLAIN, **EVENT)[:-40]
        for which in SOCKETS:
            for client in self.join(which, 8):
                self.say(client, half)
        self.neighbour.goes_on()

    def test_half_a_large_frame(self):
        for client in self.join('compute', 3):
            self.say(client, b'{"method":"' + b'x' * (MAX_MESSAGE - 100))
        self.neighbour.goes_on()

    def test_nul_inside(self):
        text = json.dumps({'method': 'io.cloister.Hook.Event',
                           'parameters': dict(EVENT, xml=PLAIN + 'HERE')}).encode()
        for nul in (b'\0', b'\\u0000'):
            client, = self.join('hook')
            self.say(client, text.replace(b'HERE', nul) + b'\0')
            self.assert_refused(client, 'Invalid')
            self.neighbour.goes_on()

    def test_levels_of_json(self):
        for which in SOCKETS:
            for opening, closing in ((b'[', b']'), (b'{"a":', b'}')):
                deep = opening * 1000 + b'0' + closing * 1000
                for text in (deep, b'{"method":"' + GET_INFO.encode() + b'","parameters":{"a":' +
                             deep + b'}}'):
                    client, = self.join(which)
                    self.say(client, text + b'\0')
                    self.assert_refused(client, 'TooLarge')
        self.neighbour.goes_on()

    def test_levels_of_xml(self):
        deep = WEAK.replace('</domain>', '<a>' * 1000 + '</a>' * 1000 + '</domain>')
        client, = self.join('hook')
        self.assertEqual(client.call('io.cloister.Hook.Event', xml=deep, **EVENT)['verdict'],
                         'veto')
        client, = self.join('compute')
        for method in ('Rewrite', 'Verify'):
            with self.assertRaises(Refused) as refused:
                client.call(f'io.cloister.Launch.{method}', xml=deep, policy='snp')
            self.assertEqual(refused.exception.name, 'io.cloister.Error.TooLarge')
            self.assertNotIn('\n', refused.exception.parameters['message'])
        self.neighbour.goes_on()

    def test_nine_megabytes(self):
        for which in SOCKETS:
            for text in (frame(GET_INFO, xml='x' * 9 * MIB), b'x' * 9 * MIB):
                client, = self.join(which)
                self.say(client, text)
                self.assert_refused(client, 'TooLarge')
                self.neighbour.goes_on()

    def test_many_values(self):
        """Eight megabytes within every other limit, that a parser makes into hundreds."""
        zeros = b'[' + b'0,' * ((MAX_MESSAGE - 100) // 2) + b'0]'
        names = b'{' + b','.join(b'"%x":0' % i for i in range(700000)) + b'}'
        for value in (zeros, names):
            client, = self.join('compute')
            self.say(client, b'{"method":"' + GET_INFO.encode() + b'","parameters":{"a":' + value +
                     b'}}\0')
            self.assert_refused(client, 'TooLarge')
            self.neighbour.goes_on()

    def test_much_markup(self):
        """An XML within every limit of bytes that is nothing but tags, or attributes, or faults."""
        fault = '<interface type="user"><model type="virtio"/></interface>'
        for refused, inside in (
                (True, '<a/>' * (MIB - 1000)),
                (True, '<a ' + ' '.join(f'a{i:x}=""' for i in range(40000)) + '/>'),
                (False, fault * 15000)):
            xml = WEAK.replace('</domain>', f'<devices>{inside}</devices></domain>')
            client, = self.join('hook')
            veto = client.call('io.cloister.Hook.Event', xml=xml, **EVENT)
            self.assertEqual(veto['verdict'], 'veto')
            self.assertNotIn('\n', veto['reason'])
            client, = self.join('compute')
            for method in ('Rewrite', 'Verify'):
                try:
                    answer = client.call(f'io.cloister.Launch.{method}', xml=xml, policy='snp')
                    self.assertEqual((answer['verdict'], refused), ('refuse', False))
                    self.assertLess(len(answer['reasons']), 1000)
                except Refused as error:
                    self.assertEqual((error.name, refused),
                                     ('io.cloister.Error.TooLarge', True))
                self.neighbour.goes_on()

    # ---- calls ----

    def test_two_calls_at_once(self):
        client, = self.join('admin')
        self.say(client, frame('io.cloister.Admin.Policy', name='snp') +
                 frame('io.cloister.Admin.Policy', name='sev'))
        self.assertEqual([client.receive()['parameters']['name'] for _ in range(2)],
                         ['snp', 'sev'])
        client, = self.join('hook')
        self.say(client, frame('io.cloister.Hook.Event', xml=WEAK, **EVENT) +
                 frame('io.cloister.Hook.Event', xml=PLAIN, **EVENT))
        self.assertEqual([client.receive()['parameters']['verdict'] for _ in range(2)],
                         ['veto', 'allow'])
        client, = self.join('compute')
        self.say(client, frame('io.cloister.Launch.Verify', xml='<domain', policy='snp') +
                 frame('io.cloister.Launch.Verify', xml=WEAK, policy='snp'))
        self.assertEqual(client.receive()['error'], 'io.cloister.Error.Invalid')
        self.assertEqual(client.receive()['parameters']['verdict'], 'refuse')
        self.neighbour.goes_on()

    def test_thousands_of_calls_at_once(self):
        client, = self.join('compute')
        calls = [('snp', 'io.cloister.Error.NotFound')[i % 3 == 0] for i in range(3000)]
        text = b''.join(frame('io.cloister.Launch.Verify', xml=WEAK,
                              policy=want if want == 'snp' else 'no-such') for want in calls)
        teller = threading.Thread(target=self.say, args=(client, text), daemon=True)
        teller.start()
        for number, want in enumerate(calls):
            answer = client.receive()
            self.assertEqual(answer.get('error', 'snp'), want, number)
            if number % 1000 == 0:
                self.neighbour.goes_on()
        teller.join(PATIENCE)

    def test_reads_nothing(self):
        """Asks for large answers, reads none: gets no more to do, and is let go."""
        clients, before = [], self.told()
        for which, method in (('compute', 'io.cloister.Launch.Capabilities'),
                              ('admin', 'io.cloister.Admin.Policies')):
            for client in self.join(which, 16):
                self.fill(client, method)
                clients.append(client)
        for client in self.join('admin', 4):
            # The neighbour's own vetoes are what it is sent, and does not read.
            self.say(client, frame('io.cloister.Admin.Monitor')[:-2] + b',"more":true}\0')
            clients.append(client)
        self.neighbour.goes_on()
        for client in clients:
            poll = select.poll()
            poll.register(client.socket, select.POLLRDHUP)
            wait_until(lambda: poll.poll(1000), 'the end of a client that reads nothing')
        self.neighbour.goes_on()
        self.assertIn('a client does not read ', self.daemon.said())
        wait_until(lambda: self.provoke() and self.told() - before >= len(clients),
                   'a line, or a place in a count of lines left out, for each of them')

    def told(self):
        """Of how many clients the log tells: it leaves lines out, and how many they were."""
        said = self.daemon.said()
        return (len(re.findall(r'socket: \w+: uid ', said)) +
                sum(int(count) for count in re.findall(r'\((\d+) such lines before', said)))

    def provoke(self):
        """One more line, which may say how many were left out."""
        client, = self.join('admin', 1)
        self.say(client, b'no JSON\0')
        time.sleep(0.2)
        return True

    def fill(self, client, method):
        """Sends calls until no more are taken."""
        client.socket.setblocking(False)
        text = frame(method)
        try:
            for _ in range(100000):
                client.socket.send(text)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return
        self.fail(f'{method} is taken for ever from a client that reads nothing')

    def test_hangs_up_in_the_middle(self):
        calls = {'compute': [('io.cloister.Launch.Rewrite', {'xml': WEAK, 'policy': 'snp'}),
                             ('io.cloister.Launch.Forget', {'uuid': UUID[::-1]})],
                 'hook': [('io.cloister.Hook.Event', dict(EVENT, xml=WEAK))],
                 'admin': [('io.cloister.Admin.Domains', {}), ('io.cloister.Admin.Status', {})]}
        for which, some in calls.items():
            for method, parameters in some:
                for client in self.join(which, 50):
                    self.say(client, frame(method, **parameters))
                    client.socket.close()
        self.neighbour.goes_on()
        self.assert_nobody_left()

    def assert_nobody_left(self):
        """Only the neighbour's two or three connections, and ours that asks."""
        with self.daemon.client() as client:
            wait_until(lambda: client.call('io.cloister.Admin.Status')['connections'] <= 4,
                       'the end of connections that were hung up on')

    # ---- shares ----

    def need_another_uid(self):
        if not ROOT:
            self.skipTest('needs root: the bad client would use up the share of this very user')

    def test_two_hundred_connections(self):
        self.need_another_uid()
        clients = self.join('hook', 200)
        for client in clients[MAX_CONNECTIONS:]:
            self.assert_refused(client, 'Busy')
        self.neighbour.goes_on()
        for client in clients[:MAX_CONNECTIONS:16]:
            self.assertEqual(client.call('io.cloister.Hook.Event', xml=PLAIN, **EVENT),
                             {'verdict': 'allow'})
        for client in clients:
            client.socket.close()
        self.assert_nobody_left()
        client, = self.join('hook')
        self.assertEqual(client.call(GET_INFO)['product'], 'cloister-hostd')

    def test_bytes_held(self):
        """Many messages, each within its limit, none ended: the uid is stopped, not hostd."""
        self.need_another_uid()
        piece = 2 * MIB
        clients = self.join('compute', MAX_BYTES // piece + 4)
        for client in clients:
            self.say(client, b'{"method":"' + b'x' * piece)
        self.neighbour.goes_on()
        refused = 0
        for client in clients:
            client.socket.setblocking(False)
            try:
                refused += b'io.cloister.Error.Busy' in client.socket.recv(4096)
            except BlockingIOError:
                pass
        self.assertGreaterEqual(refused, 4)
        self.assertLess(refused, len(clients))

    def test_a_connection_each_millisecond(self):
        for uid in {BAD_UID, STRANGER} if ROOT else {BAD_UID}:
            for which in SOCKETS:
                child = os.fork()
                if child == 0:
                    self.storm(uid, self.daemon.path(which))
                self.neighbour.goes_on()
                os.waitpid(child, 0)
        self.neighbour.goes_on()
        self.assert_nobody_left()

    @staticmethod
    def storm(uid, path):
        try:
            if ROOT:
                os.setuid(uid)
            for number in range(500):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
                    one.connect(path)
                    if number % 2:
                        one.send(frame(GET_INFO))
                time.sleep(0.001)
        except OSError:
            pass  # refused, with the bytes still on their way
        finally:
            os._exit(0)


@unittest.skipUnless(ROOT, 'needs root to be somebody else')
class Uids(unittest.TestCase):
    """Modes let everybody in here: what keeps out is the uid that the kernel tells."""

    def test_strangers_are_refused(self):
        with Hostd(ARGUMENTS.program, ARGUMENTS.recording, callers=(BAD_UID,)) as daemon:
            daemon.start()
            for which in SOCKETS:
                with Client(None, connect_as(STRANGER, daemon.path(which))[0]) as client:
                    # Before it has said a word, and only that.
                    answer = client.receive()
                    self.assertEqual(answer['error'], 'io.cloister.Error.Denied')
                    self.assertIn(f'uid {STRANGER}', answer['parameters']['message'])
                    self.assertEqual(client.socket.recv(1), b'')
                self.assertRegex(daemon.said(), f'socket: {which}: uid {STRANGER}, pid [0-9]+: ')
                for uid in (BAD_UID, 0):
                    with Client(None, connect_as(uid, daemon.path(which))[0]) as client:
                        self.assertEqual(client.call(GET_INFO)['product'], 'cloister-hostd')

    def test_root_is_a_uid_like_any(self):
        """Each socket has its own list; root that is not on it is refused as well."""
        with Hostd(ARGUMENTS.program, ARGUMENTS.recording, callers=(BAD_UID,)) as daemon:
            with open(daemon.config, encoding='utf-8') as file:
                text = file.read()
            with open(daemon.config, 'w', encoding='utf-8') as file:
                file.write(text.replace(f'[compute]\nuids = 0 {BAD_UID}',
                                        f'[compute]\nuids = {BAD_UID}'))
            daemon.start()
            with daemon.client('compute') as client:
                self.assertEqual(client.receive()['error'], 'io.cloister.Error.Denied')
            for which in ('hook', 'admin'):
                with daemon.client(which) as client:
                    client.call(GET_INFO)


def main():
    global ARGUMENTS
    ARGUMENTS, rest = read_arguments('program', 'recording')
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
