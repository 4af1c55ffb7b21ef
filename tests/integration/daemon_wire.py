# SPDX-License-Identifier: Apache-2.0
"""A hostd of the test's own, in folders of its own, and a Varlink client of a few lines.

The client is written here and not shared with the project's own, so that both must agree with the
protocol and not only with each other.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60


def read_arguments(*names):
    """(what the test's own arguments hold, the rest, which is unittest's)."""
    parser = argparse.ArgumentParser()
    for name in names:
        parser.add_argument('--' + name, required=True)
    return parser.parse_known_args()


# What Rewrite takes under any policy; %s is its UUID.
GUEST = """<domain type='kvm'>
  <name>web-1</name>
  <uuid>%s</uuid>
  <memory unit='MiB'>2048</memory>
  <vcpu>2</vcpu>
  <os firmware='efi'>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/nova/disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Refused(Exception):
    """An error reply: its name, and its parameters."""

    def __init__(self, name, parameters):
        super().__init__(f'{name} {parameters}')
        self.name = name
        self.parameters = parameters


def connect(path):
    joined = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    joined.connect(path)  # blocking: with a timeout set, a full backlog is an error at once
    joined.settimeout(PATIENCE)
    return joined


def connect_as(uid, path, count=1):
    """@count connections of a process of @uid: the kernel remembers who connected, whoever holds
    the socket now."""
    ours, theirs = socket.socketpair()
    joined = []
    child = os.fork()
    if child == 0:
        try:
            os.setuid(uid)
            for _ in range(count):
                with connect(path) as one:
                    socket.send_fds(theirs, [b'.'], [one.fileno()])
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        while len(joined) < count:
            said, fds, _, _ = socket.recv_fds(ours, 1, 1)
            if not said:
                break
            joined.append(socket.socket(fileno=fds[0]))
            joined[-1].settimeout(PATIENCE)
    os.waitpid(child, 0)
    if len(joined) < count:
        raise AssertionError(f'uid {uid} reaches {path} only {len(joined)} times of {count}')
    return joined


class Client:
    def __init__(self, path, joined=None):
        self.socket = joined or connect(path)
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self):
        while b'\0' not in self.buffer:
            got = self.socket.recv(65536)
            if not got:
                raise EOFError('hostd hung up')
            self.buffer += got
        text, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, **parameters):
        text = json.dumps({'method': method, 'parameters': parameters}).encode() + b'\0'
        try:
            self.socket.sendall(text)
        except BrokenPipeError:
            pass  # it may have said why before it hung up
        reply = self.receive()
        if 'error' in reply:
            raise Refused(reply['error'], reply.get('parameters', {}))
        return reply['parameters']


class Hostd:
    """Started on a recorded host; the folder goes with it."""

    def __init__(self, program, recording, settings='', environment=None, callers=()):
        """@callers may call on each socket besides us."""
        self.program = program
        self.folder = tempfile.mkdtemp(prefix='cloister-')
        self.run = os.path.join(self.folder, 'run')
        self.state = os.path.join(self.folder, 'state')
        self.policies = os.path.join(self.folder, 'policies')
        self.config = os.path.join(self.folder, 'hostd.conf')
        self.log = os.path.join(self.folder, 'log')
        os.mkdir(self.policies)
        self.callers = callers
        who = f'uids = {" ".join(str(uid) for uid in (os.getuid(), *callers))}\n'
        if callers:
            who += 'mode = 0666\n'
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(f'[hostd]\nrun_dir = {self.run}\nstate_dir = {self.state}\n'
                       f'policy_dirs = {self.policies}\n'
                       f'[compute]\n{who}[hook]\n{who}[admin]\n{who}'
                       f'[simulation]\nreplay = {recording}\n{settings}')
        self.environment = dict(os.environ, LC_ALL='C.UTF-8', **(environment or {}))
        for name in ('NOTIFY_SOCKET', 'JOURNAL_STREAM', 'INVOCATION_ID'):
            if not environment or name not in environment:
                self.environment.pop(name, None)
        self.before = []  # a command that runs the program
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def path(self, which):
        return os.path.join(self.run, which, f'{which}.sock')

    def start(self, **options):
        before = self.starts()
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([*self.before, self.program, '--config', self.config],
                                            stderr=log, env=self.environment, **options)
        self.wait_for(lambda: self.starts() > before)
        if self.callers:
            self.open_doors()
        return self

    def open_doors(self):
        """Modes keep others out already; afterwards it is only SO_PEERCRED that does."""
        os.chmod(self.folder, 0o755)
        for which in ('compute', 'hook', 'admin'):
            os.chmod(os.path.dirname(self.path(which)), 0o755)
            os.chmod(self.path(which), 0o666)

    def starts(self):
        return self.said().count('start: cloister-hostd') if os.path.exists(self.log) else 0

    def wait_for(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f'hostd ended or hangs; it said:\n{self.said()}')
            time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def said(self):
        with open(self.log, encoding='utf-8') as file:
            return file.read()

    def client(self, which='admin'):
        return Client(self.path(which))
