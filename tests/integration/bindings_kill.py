#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloister-hostd killed, and let down by its disk, at each step of a binding.

strace stops the running daemon at the Nth openat, write, fsync, ... that a Rewrite or a Forget makes,
for every N, and kills it there or makes the call fail. Whoever was told yes finds what he was told;
whoever was told no, or nothing, finds the one or the other whole, and may try again.

`bindings_kill.py --program HOSTD --recording FOLDER --libvirt LIBRARY`, then unittest's arguments.
"""

import argparse
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from daemon_wire import GUEST, PATIENCE, Hostd, Refused

ARGUMENTS = None
# What changes the disk, and what says something to somebody. "?": may be unknown to the machine.
CHANGES = ('openat,write,?writev,?pwrite64,fsync,?fdatasync,?rename,renameat,?renameat2,?link,'
           '?linkat,?symlinkat,?unlink,unlinkat,?mkdir,mkdirat,?chmod,?fchmod,?fchmodat,?ftruncate,'
           'sendto,sendmsg')
SPEAKS = ('sendto', 'sendmsg')
MOST_CALLS = 50
MOST_PASSES = 5

POLICY = 'snp'
DATA = {'hostData': 'A' * 43 + '='}
# The domain of libvirt's test driver, and it runs.
RUNNING = '6695eb01-f6a4-8304-79aa-97f2502e193f'
UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


class Strace:
    """Attached to the main thread, which is the one that answers, of a daemon that waits."""

    def __init__(self, daemon, *options):
        self.path = os.path.join(daemon.folder, 'trace')
        self.process = subprocess.Popen(
            ['strace', '-o', self.path, '-y', '-s', '16', '-p', str(daemon.process.pid), *options],
            stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        if 'attached' not in said:
            self.process.wait(PATIENCE)
            raise AssertionError(f'strace cannot attach: {said}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Lets go of the daemon, or waits for its end."""
        self.process.terminate()
        self.process.stderr.close()
        self.process.wait(PATIENCE)

    def lines(self):
        with open(self.path, encoding='utf-8', errors='replace') as file:
            return file.read().splitlines()


@functools.lru_cache(None)
def cannot_trace():
    """Why this cannot be done here, or None."""
    if shutil.which('strace') is None:
        return 'there is no strace here'
    if os.getuid() != 0:
        return 'needs root: cloister-hostd lets nobody of its own user trace it'
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            ['strace', '-o', folder + '/trace', '-e', 'trace=write', '-e',
             'inject=write:signal=KILL:when=1', 'sh', '-c', 'echo yes; echo still here'],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
    if out.returncode in (137, -9) and out.stdout == '':
        return None
    return f'strace can trace nobody here: {(out.stderr or out.stdout).strip()}'


class Bindings(unittest.TestCase):
    traces = True

    def setUp(self):
        if self.traces and cannot_trace():
            self.skipTest(cannot_trace())
        environment = {'LD_PRELOAD': ARGUMENTS.libvirt,
                       'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') +
                                       ':verify_asan_link_order=0'}
        self.daemon = Hostd(ARGUMENTS.program, ARGUMENTS.recording, '', environment)
        self.addCleanup(self.daemon.__exit__)
        self.client = None
        self.addCleanup(self.hang_up)
        self.folder = self.daemon.state + '/bindings'
        self.prepare()
        self.daemon.start()
        self.number = 0
        self.kept = self.new_uuid()
        self.assertEqual(self.rewrite(self.kept)['verdict'], 'allow')
        self.kept_bytes = self.bytes_of(self.kept)

    def prepare(self):
        """For who needs something under the daemon before it starts."""

    def new_uuid(self):
        self.number += 1
        return f'0a1b2c3d-0001-4002-8003-{self.number:012x}'

    # ---- what one asks of it

    def compute(self):
        """A connection that was answered already: what it makes of new ones is not of interest."""
        if self.client is None:
            self.client = self.daemon.client('compute')
            self.client.call('org.varlink.service.GetInfo')
        return self.client

    def hang_up(self):
        if self.client is not None:
            self.client.socket.close()
            self.client = None

    def stop(self):
        self.hang_up()
        self.daemon.stop()

    def rewrite(self, uuid, policy=POLICY):
        return self.compute().call('io.cloister.Launch.Rewrite', xml=GUEST % uuid, policy=policy,
                                   data=DATA)

    def forget(self, uuid):
        return self.compute().call('io.cloister.Launch.Forget', uuid=uuid)

    def prepare_verdict(self, xml):
        with self.daemon.client('hook') as client:
            return client.call('io.cloister.Hook.Event', object='web-1', operation='prepare',
                               sub_operation='begin', extra='-', xml=xml)['verdict']

    def ask(self, question, *arguments):
        """(reply, error): one of them, or neither where the daemon is gone."""
        try:
            return question(*arguments), None
        except Refused as refused:
            return None, refused
        except (EOFError, ConnectionError):
            self.hang_up()
            return None, None

    def calls(self, question, uuid):
        """The system calls that change something, as strace prints them."""
        self.compute()
        with Strace(self.daemon, '-e', f'trace={CHANGES}') as strace:
            question(uuid)
        return strace.lines()

    def names(self, question, uuid):
        lines = self.calls(question, uuid)
        return sorted({match[1] for match in map(re.compile(r'(\w+)\(').match, lines) if match})

    def passes(self, steps, one_pass):
        """All that @one_pass yields, whose last is the line of strace that was hit. How often GLib
        wakes itself is not the same each time, so that the Nth write may be another one: a step that
        was missed is tried for again."""
        hit = []
        for _ in range(MOST_PASSES):
            for found in one_pass():
                hit.append(found[-1])
                yield found
            missed = [step for step in steps if not any(re.search(step, line) for line in hit)]
            if not missed:
                return
        self.fail(f'never hit: {missed}; only {hit}')

    # ---- what one finds

    def bytes_of(self, uuid):
        with open(os.path.join(self.folder, uuid), 'rb') as file:
            return file.read()

    def is_there(self, uuid):
        return os.path.exists(os.path.join(self.folder, uuid))

    def leftovers(self):
        return [name for name in os.listdir(self.folder) if not UUID.fullmatch(name)]

    def check_whole(self, uuid):
        binding = json.loads(self.bytes_of(uuid))
        self.assertEqual((binding['uuid'], binding['policy']), (uuid, POLICY))
        self.assertEqual(set(binding['data']), set(DATA))

    def check_agrees(self, uuid):
        """The daemon takes for bound whose file is there, and the file is whole."""
        bound = self.is_there(uuid)
        if bound:
            self.check_whole(uuid)
        self.assertEqual(self.prepare_verdict(GUEST % uuid), 'veto' if bound else 'allow')
        return bound

    def check_kept(self):
        self.assertEqual(self.bytes_of(self.kept), self.kept_bytes)

    def check_refusal(self, refused):
        message = refused.parameters['message']
        self.assertTrue(refused.name.startswith('io.cloister.Error.'), refused)
        self.assertNotIn('\n', message)
        self.assertIn(self.folder, message)
        return message


# The steps at which a daemon must have been hit, or the test has looked elsewhere.
STEPS_OF_REWRITE = [
    r'openat\(.*/bindings>, "[0-9a-f]',
    r'openat\(.*/bindings>, "\..*O_CREAT',
    r'write\(.*/bindings/\.',
    r'fsync\(.*/bindings/\.',
    r'renameat2?\(.*/bindings>',
    r'fsync\(.*/bindings>',
]
STEPS_OF_FORGET = [
    r'unlinkat\(.*/bindings>',
    r'fsync\(.*/bindings>',
]
STEPS_OF_REWRITE_AGAIN = [
    r'openat\(.*/bindings>',
    r'fsync\(.*/bindings/',
    r'fsync\(.*/bindings>',
]
REPLY = [r'send(to|msg)\(']


class Killed(Bindings):
    def kill_at(self, name, number, question, uuid):
        """(reply, line of its end): the line is empty if it never came to that call."""
        self.compute()
        with Strace(self.daemon, '-e', f'trace={name}', '-e',
                    f'inject={name}:signal=KILL:when={number}') as strace:
            reply, error = self.ask(question, uuid)
            self.assertIsNone(error)
            if reply is None:
                self.stop()
        lines = strace.lines()
        if not lines or not lines[-1].startswith('+++ killed'):
            self.assertIsNotNone(reply, 'the daemon has died by itself')
            return reply, ''
        self.stop()  # it may have answered first
        return reply, lines[-2]

    def kill_at_each(self, steps, question, before=lambda uuid: None):
        """Yields (uuid, reply, leftovers, line at which it was killed), the daemon up again."""
        uuid = self.new_uuid()
        before(uuid)
        names = self.names(question, uuid)
        return self.passes(steps, lambda: self.kill_at_each_of(names, question, before))

    def kill_at_each_of(self, names, question, before):
        for name in names:
            for number in range(1, MOST_CALLS):
                uuid = self.new_uuid()
                before(uuid)
                reply, line = self.kill_at(name, number, question, uuid)
                left = self.leftovers()
                if not line:
                    break
                self.daemon.start()
                yield uuid, reply, left, line

    def test_rewrite(self):
        half_done = bound_unsaid = 0
        for uuid, reply, left, line in self.kill_at_each(STEPS_OF_REWRITE + REPLY, self.rewrite):
            with self.subTest(line):
                half_done += len(left)
                self.assertEqual(self.leftovers(), [])
                bound = self.check_agrees(uuid)
                if reply is not None:
                    self.assertEqual(reply['verdict'], 'allow')
                    self.assertTrue(bound)
                bound_unsaid += bound and reply is None
                # Whoever was told nothing asks again.
                self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')
                self.assertTrue(self.check_agrees(uuid))
                self.check_kept()
        # Both happened, or the above would have proven nothing.
        self.assertGreater(half_done, 0)
        self.assertGreater(bound_unsaid, 0)

    def test_forget(self):
        gone_unsaid = 0

        def bind(uuid):
            self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')

        for uuid, reply, _, line in self.kill_at_each(STEPS_OF_FORGET + REPLY, self.forget, bind):
            with self.subTest(line):
                self.assertEqual(self.leftovers(), [])
                bound = self.check_agrees(uuid)
                if reply is not None:
                    self.assertFalse(bound)
                gone_unsaid += not bound and reply is None
                again, error = self.ask(self.forget, uuid)
                self.assertEqual(again is not None, bound)
                if not bound:
                    self.assertEqual(error.name, 'io.cloister.Error.NotFound')
                self.assertFalse(self.check_agrees(uuid))
                self.check_kept()
        self.assertGreater(gone_unsaid, 0)


class Order(Bindings):
    """What a kill cannot show, since the kernel keeps what was written: a cut of the power."""

    def trace(self, question, uuid):
        return '\n'.join(self.calls(question, uuid))

    def check(self, trace, *steps):
        """@steps in this order, each behind the one before."""
        at = 0
        for step in steps:
            found = re.compile(step, re.M).search(trace, at)
            self.assertTrue(found, f'no {step} in\n{trace[at:]}')
            at = found.end()

    def test_rewrite(self):
        folder = re.escape(self.folder)
        self.check(self.trace(self.rewrite, self.new_uuid()),
                   r'^openat\(.*O_CREAT', rf'^write\(\d+<{folder}/\.', rf'^fsync\(\d+<{folder}/\.',
                   r'^rename', rf'^fsync\(\d+<{folder}>', r'^send')

    def test_rewrite_of_who_is_bound(self):
        folder = re.escape(self.folder)
        self.check(self.trace(self.rewrite, self.kept),
                   rf'^fsync\(\d+<{folder}/{self.kept}', rf'^fsync\(\d+<{folder}>', r'^send')

    def test_forget(self):
        folder = re.escape(self.folder)
        self.check(self.trace(self.forget, self.kept),
                   r'^unlinkat', rf'^fsync\(\d+<{folder}>', r'^send')


class Failing(Bindings):
    def fail_at_each(self, error, steps, question, before=lambda uuid: None):
        """Yields (uuid, reply, refused, the call that failed)."""
        uuid = self.new_uuid()
        before(uuid)
        names = [name for name in self.names(question, uuid) if name not in SPEAKS]
        return self.passes(steps, lambda: self.fail_at_each_of(names, error, question, before))

    def fail_at_each_of(self, names, error, question, before):
        for name in names:
            for number in range(1, MOST_CALLS):
                uuid = self.new_uuid()
                before(uuid)
                self.compute()
                with Strace(self.daemon, '-e', f'trace={name}', '-e',
                            f'inject={name}:error={error}:when={number}') as strace:
                    reply, refused = self.ask(question, uuid)
                self.assertFalse(reply is None and refused is None, 'the daemon has died')
                injected = [line for line in strace.lines() if 'INJECTED' in line]
                if not injected:
                    break
                yield uuid, reply, refused, injected[0]

    def is_of_binding(self, line):
        """Else it is of the log, of the audit log, a wakeup of GLib's, a catalogue of messages."""
        return f'<{self.folder}' in line

    def check_rewrite(self, error, text):
        for uuid, reply, refused, line in self.fail_at_each(error, STEPS_OF_REWRITE, self.rewrite):
            with self.subTest(line):
                self.assertEqual(self.leftovers(), [])
                bound = self.check_agrees(uuid)
                if self.is_of_binding(line):
                    self.assertIsNone(reply)
                if reply is None:
                    self.assertIn(text, self.check_refusal(refused))
                    # Renamed already: only the folder's own sync was refused.
                    self.assertTrue(not bound or line.startswith('fsync'), line)
                else:
                    self.assertEqual(reply['verdict'], 'allow')
                    self.assertTrue(bound)
                self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')
                self.assertTrue(self.check_agrees(uuid))
                self.check_kept()

    def test_rewrite_without_room(self):
        self.check_rewrite('ENOSPC', 'No space left on device')

    def test_rewrite_over_quota(self):
        self.check_rewrite('EDQUOT', 'Disk quota exceeded')

    def test_rewrite_on_a_broken_disk(self):
        self.check_rewrite('EIO', 'Input/output error')

    def test_rewrite_of_who_is_bound(self):
        def rewrite_kept(_):
            return self.rewrite(self.kept)

        for _, reply, refused, line in self.fail_at_each('EIO', STEPS_OF_REWRITE_AGAIN,
                                                         rewrite_kept):
            with self.subTest(line):
                self.check_kept()
                self.assertEqual(self.leftovers(), [])
                self.assertTrue(self.check_agrees(self.kept))
                self.assertTrue(reply is None or not self.is_of_binding(line))
                if reply is None:
                    self.check_refusal(refused)

    def test_forget(self):
        def bind(uuid):
            self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')

        for uuid, reply, refused, line in self.fail_at_each('EIO', STEPS_OF_FORGET,
                                                            self.forget, bind):
            with self.subTest(line):
                self.assertEqual(self.leftovers(), [])
                bound = self.check_agrees(uuid)
                self.assertTrue(reply is None or not self.is_of_binding(line))
                if reply is None:
                    self.check_refusal(refused)
                    self.assertTrue(bound or line.startswith('fsync'), line)
                else:
                    self.assertFalse(bound)
                self.check_kept()

    def test_forget_of_who_runs(self):
        self.assertEqual(self.rewrite(RUNNING)['verdict'], 'allow')
        with self.assertRaises(Refused) as refused:
            self.forget(RUNNING.upper())
        self.assertEqual(refused.exception.name, 'io.cloister.Error.Busy')
        self.check_whole(RUNNING)


class FullDisk(Bindings):
    """A file system of its own for the bindings, without room."""

    SIZE = 64 * 1024
    PAGE = os.sysconf('SC_PAGE_SIZE')
    traces = False

    def prepare(self):
        if os.getuid() != 0:
            self.skipTest('needs root to mount a small file system')
        os.mkdir(self.daemon.state, 0o700)
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={self.SIZE},mode=0700,'
                               'nr_inodes=16', 'cloister-test', self.daemon.state],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            self.skipTest(f'nothing can be mounted here: {done.stderr.strip()}')
        self.addCleanup(subprocess.run, ['umount', '-l', self.daemon.state], check=True,
                        timeout=PATIENCE)
        # A policy that needs more than one page: the first is written, the second refused.
        with open(self.daemon.policies + '/long.xml', 'w', encoding='utf-8') as file:
            file.write(self.long_policy())
        self.filler = self.daemon.state + '/filler'

    @staticmethod
    def long_policy():
        folder = os.path.join(os.path.dirname(ARGUMENTS.recording), '..', '..', 'templates',
                              'policies')
        with open(os.path.join(folder, POLICY + '.xml'), encoding='utf-8') as file:
            text = file.read()
        text = re.sub(rf'name=(["\']){POLICY}\1', 'name="long"', text, count=1)
        head, tail = text.rsplit('</policy>', 1)
        return head + '<!-- ' + 'long ' * 4000 + '-->\n</policy>' + tail

    def fill(self, but_pages=0):
        with open(self.filler, 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * self.PAGE)
            except OSError:
                pass
            file.truncate(os.fstat(file.fileno()).st_size - but_pages * self.PAGE)

    def check_refused(self, uuid, policy=POLICY):
        reply, refused = self.ask(self.rewrite, uuid, policy)
        self.assertIsNone(reply)
        self.assertIn('No space left on device', self.check_refusal(refused))
        self.assertEqual(os.listdir(self.folder), [self.kept])
        self.assertEqual(self.prepare_verdict(GUEST % uuid), 'allow')
        self.check_kept()

    def test_no_room(self):
        uuid = self.new_uuid()
        self.fill()
        self.check_refused(uuid)
        # It starts on such a disk, and knows who was bound.
        self.stop()
        self.daemon.start()
        self.check_refused(uuid)
        self.assertTrue(self.check_agrees(self.kept))
        self.assertEqual(self.rewrite(self.kept)['verdict'], 'allow')
        os.unlink(self.filler)
        self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')
        self.assertTrue(self.check_agrees(uuid))

    def test_room_for_the_first_half(self):
        uuid = self.new_uuid()
        self.fill(but_pages=1)
        self.check_refused(uuid, 'long')
        os.unlink(self.filler)
        self.assertEqual(self.rewrite(uuid, 'long')['verdict'], 'allow')
        self.assertGreater(len(self.bytes_of(uuid)), 2 * self.PAGE)

    def test_no_inode(self):
        uuid = self.new_uuid()
        for number in range(16):
            try:
                with open(f'{self.filler}{number}', 'wb'):
                    pass
            except OSError:
                break
        self.check_refused(uuid)

    def test_forget_makes_room(self):
        uuid = self.new_uuid()
        self.fill()
        self.assertEqual(self.forget(self.kept), {})
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.rewrite(uuid)['verdict'], 'allow')


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', required=True)
    parser.add_argument('--recording', required=True)
    parser.add_argument('--libvirt', required=True, help='the library of own-libvirt.c')
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
