#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hook as libvirt runs it: argv, stdin, exit status, two pipes; hostd is a few lines below.

hook_table.py --parts HOOK_AT     the hook's whole course in a folder of its own; any user
hook_table.py --program HOOK      the shipped program at its real paths, in a mount namespace; root
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SKIP = 77
UUID = '0a1b2c3d-0001-4002-8003-00000000abcd'
OTHER = 'ffffffff-0001-4002-8003-00000000abcd'
GATED = ('prepare', 'start', 'migrate')  # and restore of what has launch security
TOLD = ('started', 'stopped', 'release')

ALLOW = b'{"parameters":{"verdict":"allow"}}\0'
VETO = b'{"parameters":{"verdict":"veto","reason":"iommu-disk: no \\"iommu\\"\\nhere"}}\0'


def domain(inside='', uuid=UUID):
    return (f"<domain type='kvm' id='3'>\n  <name>vm</name>\n  <uuid>{uuid}</uuid>\n"
            f"  {inside}\n</domain>\n").encode()


ORDINARY = domain()
SECURED = domain("<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>")
MARKED = domain("<metadata><c:launch xmlns:c='https://x/cloister/1' policy='snp'/></metadata>")


class Place:
    """Where the hook under test looks, and how it is run there."""

    def __init__(self, options):
        self.options = options
        if options.program:
            self.bindings = '/var/lib/cloister/bindings'
            self.socket = '/run/cloister/hook/hook.sock'
            self.deadline = options.deadline
        else:
            self.top = tempfile.mkdtemp(prefix='hook-')
            self.bindings = os.path.join(self.top, 'bindings')
            self.socket = os.path.join(self.top, 'hook.sock')
            self.deadline = 1500
        self.links = tempfile.mkdtemp(prefix='hook-argv0-')

    def reset(self):
        shutil.rmtree(self.bindings, ignore_errors=True)
        if os.path.lexists(self.socket):
            os.unlink(self.socket)
        os.makedirs(os.path.dirname(self.socket), exist_ok=True)
        os.makedirs(self.bindings)

    def bind(self, uuid=UUID):
        with open(os.path.join(self.bindings, uuid), 'w'):
            pass

    def command(self, *args, folder='qemu.d'):
        argv0 = os.path.join(self.links, 'hooks', folder, '50-cloister')
        if self.options.parts:
            return [self.options.parts, self.top, str(self.deadline), argv0, *args]
        if not os.path.exists(argv0):
            os.makedirs(os.path.dirname(argv0), exist_ok=True)
            shutil.copy(self.options.program, argv0)
        return [argv0, *args]


class Hostd(threading.Thread):
    """A hostd that does one thing to everybody who connects."""

    def __init__(self, path, reply=ALLOW, delay=0, read=True, chunks=None, accept=True):
        super().__init__(daemon=True)
        self.reply, self.delay, self.read, self.chunks = reply, delay, read, chunks
        self.calls, self.accepts = [], 0
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(128 if accept else 0)
        self.accept = accept
        self.path = path

    def __enter__(self):
        if self.accept:
            self.start()
        return self

    def __exit__(self, *_):
        # A thread on its way into accept() would find the next socket under the same number.
        if self.accept:
            self.server.shutdown(socket.SHUT_RDWR)
            self.join()
        self.server.close()
        if os.path.lexists(self.path):
            os.unlink(self.path)

    def serve(self, peer):
        data = bytearray()
        while self.read and not data.endswith(b'\0'):
            more = peer.recv(65536)
            if not more:
                break
            data += more
        self.calls.append(bytes(data))
        time.sleep(self.delay)
        try:
            for piece in self.chunks or [self.reply or b""]:
                peer.sendall(piece)
                if self.chunks:
                    time.sleep(0.02)
        except OSError:
            pass
        if self.reply is not None:
            peer.close()

    def run(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            self.accepts += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds


class HookTest(unittest.TestCase):
    place = None

    def setUp(self):
        self.place.reset()

    def run_hook(self, operation, xml, folder='qemu.d', args=None, **kwargs):
        sub = 'end' if operation in ('stopped', 'release') else 'begin'
        args = ('vm', operation, sub, '-') if args is None else args
        began = time.monotonic()
        # The environment is libvirtd's; nothing in it may move the hook.
        done = subprocess.run(self.place.command(*args, folder=folder), input=xml,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                              env={'LC_ALL': 'C', 'CLOISTER_RUN_DIR': '/nowhere',
                                   'CLOISTER_STATE_DIR': '/nowhere'}, **kwargs)
        result = Result(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        self.assertEqual(result.out, b'', 'nothing is ever printed to stdout')
        self.assertLess(result.seconds, self.place.deadline / 1000 + 1)
        if result.code == 0:
            self.assertEqual(result.err, b'')
        else:
            self.assertEqual(result.code, 1, result.err)
            self.assertTrue(result.err.endswith(b'\n'))
            self.assertEqual(result.err.count(b'\n'), 1, 'a veto is one line')
        return result

    def allowed(self, *args, **kwargs):
        result = self.run_hook(*args, **kwargs)
        self.assertEqual(result.code, 0, result.err)
        return result

    def vetoed(self, text, *args, **kwargs):
        result = self.run_hook(*args, **kwargs)
        self.assertEqual(result.code, 1)
        self.assertIn(text, result.err.decode())
        return result

    def hostd(self, *args, **kwargs):
        return Hostd(self.place.socket, *args, **kwargs)

    # ---- hostd up ----

    def test_up_allow(self):
        with self.hostd() as hostd:
            for operation in GATED + ('restore',) + TOLD:
                self.allowed(operation, SECURED)
            self.assertEqual(hostd.accepts, len(GATED + ('restore',) + TOLD))
            # A refusal may cost what was saved; prepare follows.
            self.allowed('restore', MARKED)
            self.assertEqual(hostd.accepts, len(GATED + ('restore',) + TOLD))

    def test_up_veto(self):
        with self.hostd(VETO):
            for operation in GATED:
                self.vetoed('iommu-disk: no "iommu" here', operation, SECURED)
                self.vetoed('iommu-disk', operation, MARKED)
            self.vetoed('iommu-disk', 'restore', SECURED)
            self.allowed('restore', MARKED)
            for operation in TOLD:
                self.allowed(operation, SECURED)
            self.place.bind()
            for operation in GATED:
                self.vetoed('iommu-disk', operation, ORDINARY)
            self.allowed('restore', ORDINARY)

    def test_what_is_sent(self):
        xml = domain('<title>a"b\\c\x01é€𝄞 &amp;</title><launchSecurity/>')
        with self.hostd() as hostd:
            self.allowed('prepare', xml, args=('ü "x"', 'prepare', 'begin', 'x\ny'))
            message, = hostd.calls
        self.assertTrue(message.endswith(b'\0'))
        call = json.loads(message[:-1].decode())
        self.assertEqual(call['method'], 'io.cloister.Hook.Event')
        folder = os.stat(self.place.bindings)
        self.assertEqual(call['parameters'], {
            'object': 'ü "x"', 'operation': 'prepare', 'sub_operation': 'begin', 'extra': 'x\ny',
            'bindings': {'device': folder.st_dev, 'inode': folder.st_ino}, 'xml': xml.decode()})

    def test_bytes_that_are_no_text(self):
        with self.hostd() as hostd:
            self.allowed('prepare', domain('<launchSecurity/>') + b'\xff\0\xc0\x80')
            call = json.loads(hostd.calls[0][:-1].decode())
        self.assertTrue(call['parameters']['xml'].endswith('\n' + '\ufffd' * 4))

    def test_answer_in_pieces(self):
        with self.hostd(chunks=[bytes([b]) for b in ALLOW[:9]] + [ALLOW[9:]]):
            self.allowed('prepare', SECURED)

    def test_many_at_once(self):
        command = self.place.command('vm', 'prepare', 'begin', '-')
        if self.place.options.parts:
            command[2] = '30000'  # sanitisers on a busy machine take their time
        with self.hostd(delay=0.05):
            hooks = [subprocess.Popen(command,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE) for _ in range(64)]
            for hook in hooks:
                hook.stdin.write(SECURED)
                hook.stdin.close()
            self.assertEqual([h.wait() for h in hooks], [0] * 64)
            for hook in hooks:
                hook.stdout.close()
                hook.stderr.close()

    # ---- hostd slow, garbling, dead, missing ----

    def silent(self, text, make):
        """Every cell of the column "hostd unreachable"."""
        with make():
            self.allowed('prepare', ORDINARY)
            self.allowed('start', ORDINARY)
            self.vetoed(text, 'prepare', SECURED)
            self.vetoed(text, 'start', SECURED)
            self.vetoed(text, 'migrate', SECURED)
            self.vetoed(text, 'restore', SECURED)
            self.allowed('restore', MARKED)
            for operation in TOLD:
                self.allowed(operation, SECURED)
            self.place.bind()
            self.vetoed(text, 'prepare', ORDINARY)
            self.vetoed('is bound', 'start', ORDINARY)
            self.vetoed(text, 'prepare', ORDINARY)
            self.allowed('restore', ORDINARY)
            for operation in TOLD:
                self.allowed(operation, ORDINARY)
            self.allowed('prepare', domain(uuid=OTHER))
            self.allowed('reconnect', SECURED)

    def test_missing_socket(self):
        class Nobody:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass
        self.silent('No such file', Nobody)

    def test_dead(self):
        path = self.place.socket

        class Dead:
            def __enter__(self):
                with socket.socket(socket.AF_UNIX) as s:
                    s.bind(path)

            def __exit__(self, *_):
                os.unlink(path)
        self.silent('Connection refused', Dead)

    def test_garbage(self):
        self.silent('the answer of cloister-hostd', lambda: self.hostd(b'HTTP/1.1 400\r\n\r\n\0'))

    def test_other_garbage(self):
        for reply in (b'\0', ALLOW + b'\0', ALLOW + ALLOW, ALLOW[:-1] + b' \0',
                      b'{"parameters":{"verdict":"allow"},"continues":true}\0', b'x' * 20000,
                      b'{"parameters":{"verdict":"allow","verdict":"veto"}}\0'):
            with self.hostd(reply):
                self.vetoed('the answer of cloister-hostd', 'prepare', SECURED)

    def test_error(self):
        self.silent('io.cloister.Error.Busy', lambda: self.hostd(
            b'{"error":"io.cloister.Error.Busy","parameters":{"message":"m"}}\0'))

    def test_breaks_off(self):
        self.silent('broke off', lambda: self.hostd(ALLOW[:-1]))

    def test_hangs_up_unread(self):
        with self.hostd(b'', read=False):
            self.vetoed('broke off', 'prepare', domain('<launchSecurity/>' + ' ' * 1000000))

    def test_slow(self):
        with self.hostd(delay=self.place.deadline / 1000 + 2):
            result = self.vetoed(f'within {self.place.deadline} ms', 'prepare', SECURED)
            self.assertGreater(result.seconds, self.place.deadline / 1000 - 0.05)
            result = self.allowed('prepare', ORDINARY)
            self.assertLess(result.seconds, 0.5, 'an ordinary guest waits for nobody')
            self.allowed('stopped', SECURED)

    def test_drips(self):
        """One byte now and then does not move the deadline."""
        with self.hostd(chunks=[b' '] * 1000):
            self.vetoed(f'within {self.place.deadline} ms', 'prepare', SECURED)

    def test_never_reads(self):
        with self.hostd(None, read=False, delay=30):
            self.vetoed(f'within {self.place.deadline} ms', 'prepare',
                        domain('<launchSecurity/>' + ' ' * 3000000))

    def test_never_accepts(self):
        with self.hostd(accept=False):
            held = []
            try:
                while True:
                    s = socket.socket(socket.AF_UNIX)
                    s.setblocking(False)
                    held.append(s)
                    s.connect(self.place.socket)
            except BlockingIOError:
                pass
            self.vetoed(f'within {self.place.deadline} ms', 'prepare', SECURED)
            for s in held:
                s.close()

    # ---- reconnect and the others ----

    def test_reconnect_with_nothing(self):
        """stdin, stdout and stderr closed, no folder, no socket; and a stdin that never ends."""
        shutil.rmtree(self.place.bindings)
        done = subprocess.run(['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh',
                               *self.place.command('vm', 'reconnect', 'begin', '-')], timeout=5)
        self.assertEqual(done.returncode, 0)
        read, write = os.pipe()
        done = subprocess.run(self.place.command('vm', 'reconnect', 'begin', '-'), stdin=read,
                              timeout=5)
        self.assertEqual(done.returncode, 0)
        os.close(read)
        os.close(write)

    def test_reconnect_reads_and_opens_nothing(self):
        if shutil.which('strace') is None:
            self.skipTest('no strace')
        trace = os.path.join(self.place.links, 'trace')
        done = subprocess.run(['strace', '-o', trace, *self.place.command('vm', 'reconnect',
                                                                          'begin', '-')],
                              input=SECURED, capture_output=True)
        if done.returncode != 0 and b'ptrace' in done.stderr.lower():
            self.skipTest('strace may not trace here')
        self.assertEqual(done.returncode, 0)
        if self.place.options.parts:
            return  # a dynamic program opens its libraries
        with open(trace) as f:
            calls = [line.split('(')[0] for line in f]
        for call in ('open', 'openat', 'read', 'poll', 'ppoll', 'socket', 'connect'):
            self.assertNotIn(call, calls)

    def test_unknown_operation(self):
        with self.hostd(VETO) as hostd:
            self.allowed('attach', SECURED)
            self.allowed('', SECURED)
            self.assertEqual(hostd.accepts, 0)

    def test_daemon(self):
        events = (('-', 'start', '-', 'start'), ('-', 'reload', 'begin', 'SIGHUP'),
                  ('-', 'shutdown', '-', 'shutdown'))
        with self.hostd(VETO) as hostd:
            for event in events:
                self.allowed('', b'', args=event, folder='daemon.d')
            sent = [json.loads(c[:-1])['parameters'] for c in hostd.calls]
        self.assertEqual([(e['object'], e['operation'], e['sub_operation'], e['extra'])
                          for e in sent], list(events))
        for event in events:
            self.allowed('', b'', args=event, folder='daemon.d')

    def test_without_arguments(self):
        done = subprocess.run(self.place.command(), input=b'', capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (64, b''))

    # ---- input ----

    def test_uuid_tricks(self):
        """The binding found is the domain's own, whatever else looks like one."""
        decoy = f'<uuid>{OTHER}</uuid>'
        tricks = (f'<!-- {decoy} -->', f'<metadata>{decoy}</metadata>',
                  f'<title><![CDATA[</title>{decoy}]]></title>', f'<?x {decoy}?>',
                  f'<a b="<uuid>"/><c>{decoy}</c>')
        for trick in tricks:
            before = ORDINARY.replace(b'  <uuid>', trick.encode() + b'<uuid>')
            for xml in (before, domain(trick)):
                self.place.reset()
                self.place.bind(OTHER)
                self.allowed('prepare', xml)
                self.place.bind(UUID)
                self.vetoed('is bound', 'prepare', xml)

    def test_uuid_unclear(self):
        """Where the UUID could be read in two ways, nobody is ordinary."""
        for xml in (domain(f'<uuid>{OTHER}</uuid>'), domain(uuid='&#48;' + UUID[1:]),
                    domain(uuid=f'<![CDATA[{UUID}]]>'), domain(uuid=f'<!-- -->{UUID}'),
                    b'<domain><name>vm</name></domain>', b'', b'junk', ORDINARY[:-5],
                    b'<!DOCTYPE domain>' + ORDINARY):
            self.vetoed('has no UUID that could be read', 'prepare', xml)
            self.allowed('stopped', xml)
            with self.hostd():
                self.allowed('prepare', xml)

    def test_no_folder(self):
        shutil.rmtree(self.place.bindings)
        self.allowed('prepare', ORDINARY)
        self.vetoed('No such file', 'prepare', SECURED)
        with self.hostd(VETO) as hostd:
            self.vetoed('iommu-disk', 'prepare', ORDINARY)
            self.assertNotIn('bindings', json.loads(hostd.calls[0][:-1])['parameters'])

    def test_folder_not_ours_to_see(self):
        if os.geteuid() == 0:
            self.skipTest('root sees every folder')
        self.place.bind()
        os.chmod(self.place.bindings, 0)
        try:
            self.vetoed('might be bound', 'prepare', ORDINARY)
        finally:
            os.chmod(self.place.bindings, 0o700)

    def test_sizes(self):
        with self.hostd() as hostd:
            for size in (64 * 1024, 4 * 1024 * 1024):
                fill = '<a b="c"/>\n' * (size // 11)
                self.allowed('prepare', domain(fill))
                self.allowed('prepare', domain(fill + '<launchSecurity/>'))
            self.assertEqual(hostd.accepts, 2)
            self.assertEqual(json.loads(hostd.calls[1][:-1])['parameters']['xml'],
                             domain(fill + '<launchSecurity/>').decode())

    def test_too_large(self):
        huge = domain(' ' * (6 * 1024 * 1024))
        with self.hostd():
            for operation in GATED:
                self.vetoed('larger than 5 MiB', operation, huge)
            for operation in TOLD + ('restore', 'reconnect'):
                self.allowed(operation, huge)

    def test_too_large_to_send(self):
        xml = domain('<launchSecurity/>' + '\x01' * (3 * 1024 * 1024))
        with self.hostd() as hostd:
            self.vetoed('too large to send', 'prepare', xml)
            self.assertEqual(hostd.accepts, 0)

    def test_stdin_never_ends(self):
        for operation, code in (('prepare', 1), ('started', 0), ('release', 0)):
            read, write = os.pipe()
            os.write(write, ORDINARY)
            began = time.monotonic()
            done = subprocess.run(self.place.command('vm', operation, 'begin', '-'), stdin=read,
                                  capture_output=True, timeout=30)
            self.assertEqual(done.returncode, code)
            self.assertLess(time.monotonic() - began, self.place.deadline / 1000 + 1)
            self.assertEqual(b'did not hand over' in done.stderr, code == 1)
            os.close(read)
            os.close(write)

    def test_name_in_line(self):
        result = self.vetoed('of domain a b', 'prepare', SECURED,
                             args=('a\nb\x1b[31m', 'prepare', 'begin', '-'))
        self.assertNotIn(b'\x1b', result.err)

    # ---- descriptors ----

    def test_closed_descriptors(self):
        """With stderr closed the reason goes nowhere, never into the socket."""
        with self.hostd(VETO) as hostd:
            done = subprocess.run(['sh', '-c', 'exec "$@" >&- 2>&-', 'sh',
                                   *self.place.command('vm', 'prepare', 'begin', '-')],
                                  input=SECURED, timeout=10)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(hostd.calls[0].count(b'\0'), 1)

    def test_inherited_descriptors(self):
        """A pipe that libvirtd forgot is not held open while hostd thinks."""
        read, write = os.pipe()
        with self.hostd(delay=0.4):
            hook = subprocess.Popen(self.place.command('vm', 'prepare', 'begin', '-'),
                                    stdin=subprocess.PIPE, pass_fds=(write,))
            os.close(write)
            hook.stdin.write(SECURED)
            hook.stdin.close()
            self.assertEqual(os.read(read, 1), b'')
            self.assertIsNone(hook.poll(), 'closed before it was done')
            self.assertEqual(hook.wait(), 0)
        os.close(read)

    # ---- the file ----

    def test_static(self):
        if self.place.options.parts:
            self.skipTest('about the shipped program')
        told = subprocess.run(['file', '-bL', self.place.options.program], capture_output=True,
                              text=True, check=True).stdout
        self.assertIn('statically linked', told)
        with open(self.place.options.program, 'rb') as f:
            self.assertNotIn(b'libglib', f.read())


def enter_namespace(options):
    """Lays empty file systems over /run and /var/lib, for us and our children only."""
    if os.geteuid() != 0:
        print('skipped: the hook has its paths built in, and only root can lay others over them')
        sys.exit(SKIP)
    if not options.inside:
        if subprocess.run(['unshare', '-m', '--propagation', 'private', 'true']).returncode != 0:
            print('skipped: no mounts of our own here (no right to, or / is no mount point)')
            sys.exit(SKIP)
        done = subprocess.run(['unshare', '-m', '--propagation', 'private', sys.executable,
                               *sys.argv, '--inside'])
        sys.exit(done.returncode)
    for path in ('/run', '/var/lib'):
        if subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', path]).returncode != 0:
            print(f'skipped: nothing can be mounted over {path} here')
            sys.exit(SKIP)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--parts')
    parser.add_argument('--program')
    parser.add_argument('--deadline', type=int, default=5000, help='ms, as built')
    parser.add_argument('--inside', action='store_true')
    options, rest = parser.parse_known_args()
    if options.program:
        enter_namespace(options)
    HookTest.place = Place(options)
    ran = unittest.main(argv=[sys.argv[0], *rest], verbosity=2, exit=False).result
    shutil.rmtree(HookTest.place.links)
    if options.parts:
        shutil.rmtree(HookTest.place.top)
    sys.exit(0 if ran.wasSuccessful() else 1)


if __name__ == '__main__':
    main()
