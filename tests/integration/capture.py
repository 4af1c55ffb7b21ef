#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl capture: its folder answers as the host did, tells nothing that is to be masked, and is there
whole or not at all; and what is read as a recorded host may come from a stranger.

`capture.py --program CLOISTERCTL [--hosts FOLDER]`, then unittest's own arguments.
"""

import argparse
import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ARGUMENTS = None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534
MOUNTS = subprocess.run(['unshare', '-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL).returncode == 0
DONE, BAD_INPUT, USAGE, OUTPUT = 0, 2, 64, 74

# Each stands in a file that is captured, and must not stand in the capture.
SECRETS = {
    'uuid': '9f2b7c1e-5a4d-4e8b-9c3f-2d1a0b6e7f58',
    'mac': '3c:ec:ef:12:34:56',
    'host': 'zxhost17',
    'address': '203.0.113.77',
    'password': 'Hunter2-is-mine',
    'serial': 'SN8842XQ',
    'chip': base64.b64encode(bytes(range(64, 128))).decode(),
    'key': 'c0ffee11deadbeef' * 4,
    'guest': 'instance\\x2d0000beef',
    'manifest': 'PLATFORMMANIFEST',
    'ident': '7A1B2C',
}


def run(*args, **more):
    return subprocess.run([ARGUMENTS.program, *args], text=True, stdin=subprocess.DEVNULL, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def entries(folder):
    """Path -> bytes, None for a folder."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.relpath(os.path.join(at, name), folder)] = None
        for name in files:
            path = os.path.join(at, name)
            if os.path.islink(path):
                found[os.path.relpath(path, folder)] = os.readlink(path).encode()
                continue
            with open(path, 'rb') as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def write(folder, path, content):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'wb' if isinstance(content, bytes) else 'w') as f:
        f.write(content)


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='cloister-capture-')
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def succeeds(self, *args, **more):
        r = run(*args, **more)
        self.assertEqual(r.returncode, DONE, r.stderr)
        return r

    def fails(self, status, *args, words=(), **more):
        r = run(*args, **more)
        self.assertEqual(r.returncode, status, r.stderr)
        self.assertEqual(r.stderr.count('\n'), 1, r.stderr)
        for word in words:
            self.assertIn(word, r.stderr)
        return r

    def answer(self, *args, **more):
        answer = json.loads(self.succeeds('capabilities', '--offline', '--json', *args, **more).stdout)
        answer['host']['source'] = 'SOURCE'
        return answer

    def copy(self, name='milan-snp'):
        return shutil.copytree(os.path.join(ARGUMENTS.hosts, name), self.path('host'))


class Hosts(Case):
    def diagnosis(self, host):
        r = run('doctor', '--offline', '--json', '--host', host)
        return r.returncode, r.stdout.replace(host, 'HOST')

    def check(self, host, *options):
        first, second = tempfile.mkdtemp(dir=self.dir), tempfile.mkdtemp(dir=self.dir)
        self.succeeds('capture', '--offline', '--host', host, *options, first)
        self.assertEqual(self.answer('--host', first), self.answer('--host', host))
        self.assertEqual(self.diagnosis(first), self.diagnosis(host))
        self.succeeds('capture', '--offline', '--host', first, *options, second)
        self.assertEqual(entries(first), entries(second))
        return first

    def test_each_recorded_host(self):
        names = sorted(n for n in os.listdir(ARGUMENTS.hosts)
                       if os.path.isdir(os.path.join(ARGUMENTS.hosts, n)))
        self.assertIn('milan-snp', names)
        for name in names:
            host = os.path.join(ARGUMENTS.hosts, name)
            with self.subTest(host=name):
                self.check(host)

    def test_unmasked(self):
        self.check(os.path.join(ARGUMENTS.hosts, 'milan-snp'), '--unmasked')

    def test_what_is_in_one(self):
        host = os.path.join(ARGUMENTS.hosts, 'milan-snp')
        found = entries(self.check(host))
        self.assertEqual(found['sys/module/kvm_amd/parameters/sev_snp'], b'Y\n')
        self.assertIn(b'\n8000001f 0: 0101fd3f 00004173 000001fd 00000080\n', found['cpuid'])
        self.assertIn(b'c0010010 3fc0000\n', found['msr'])
        self.assertIn(b'snp-platform-status 01 37 01 03', found['ioctl'])
        self.assertIn(b'dev/sev c 600\n', found['devices'])
        self.assertEqual(found['uname'], b'Linux 6.11.0 x86_64\n')
        self.assertIn(b'\nsev-snp-guest\n', found['qmp/objects'])
        self.assertEqual(found['libvirt/version'], b'10.10.0\n')
        self.assertIn(b'sev enabled', found['dmesg'])
        self.assertTrue(found['about'].startswith(b'A capture by cloisterctl '))

    def test_what_was_not_readable_stays_so(self):
        host = self.copy()
        write(host, 'sys/fs/cgroup/misc.capacity', b'sev 1\0')
        write(host, 'devices', 'dev/kvm c 000\ndev/sev c 000\nproc/cpuinfo f 000\n')
        os.unlink(os.path.join(host, 'cpuid'))
        first = self.check(host)
        unreadable = entries(first)['unreadable'].decode()
        for question in ('read proc/cpuinfo denied', 'cpuid 1 0 not-found', 'ioctl sev-platform-status denied'):
            self.assertIn('\n' + question, unreadable)


class Live(Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o777)

    def check(self, **more):
        self.succeeds('capture', self.path('live'), **more)
        # The live answer without the daemon has nothing of libvirt's.
        shutil.rmtree(self.path('live/libvirt'), ignore_errors=True)
        live, replayed = self.answer(**more), self.answer('--host', self.path('live'))
        self.assertEqual(replayed, live)
        self.assertEqual(replayed['host']['root'], os.geteuid() == 0 and not more)

    def test_as_it_is(self):
        self.check()

    @unittest.skipUnless(os.geteuid() == 0, 'only root can ask as somebody else')
    def test_as_nobody(self):
        self.check(user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(os.stat(self.path('live')).st_uid, NOBODY)
        with open(self.path('live/devices')) as f:
            self.assertIn('user 65534\n', f.read())

    @unittest.skipUnless(MOUNTS, 'only root with mounts of its own can put a socket where libvirtd has its')
    def test_libvirt_hangs(self):
        """Sockets that take the call and never answer."""
        run_dir = self.path('run')
        os.mkdir(run_dir)
        listening = []
        for name in ('libvirt-sock', 'virtqemud-sock'):
            s = socket.socket(socket.AF_UNIX)
            s.bind(os.path.join(run_dir, name))
            s.listen()
            listening.append(s)
            self.addCleanup(s.close)
        script = ('mount -t tmpfs none /run && mkdir /run/libvirt && mount --bind "$1" /run/libvirt && '
                  'exec "$2" capture "$3"')
        r = subprocess.run(['unshare', '-m', 'sh', '-ec', script, 'sh', run_dir, ARGUMENTS.program,
                            self.path('live')], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=120)
        self.assertEqual(r.returncode, DONE, r.stderr)
        self.assertIn('libvirt did not answer within', r.stderr)
        self.assertIn('files', r.stdout)
        self.assertIn(b'libvirt did not answer', entries(self.path('live'))['about'])


class Masks(Case):
    def host(self):
        host = self.copy()
        s = SECRETS
        write(host, 'proc/cmdline', 'BOOT_IMAGE=/%(host)s root=UUID=%(uuid)s ro rd.luks.uuid=luks-%(uuid)s '
              'ip=%(address)s::203.0.113.1:255.255.255.0:%(host)s:eth0:off rd.neednet %(password)s '
              'kvm_amd.sev=1 mem_encrypt=on iommu=nopt kvm_amd.sev_es=%(host)s/x name="%(password)s two" '
              'nohibernate -- --token %(password)s\n' % s)
        with open(os.path.join(host, 'proc/cpuinfo'), 'a') as f:
            f.write('processor\t: 77\nflags\t\t: sev\n\nHardware\t: x\nSerial\t\t: %s\n' % s['key'])
        with open(os.path.join(host, 'libvirt/domcapabilities.xml')) as f:
            xml = f.read()
        write(host, 'libvirt/domcapabilities.xml', xml.replace(
            '</sev>', '<cpu0Id>%(chip)s</cpu0Id></sev><x uuid="%(uuid)s" mac="%(mac)s"/>' % s))
        write(host, 'dmesg', '<6>[    1.0] ccp 0000:22:00.1: sev enabled\n'
              '[    1.1] Kernel command line: sev %(password)s\n'
              '<30>[    2.0] systemd[1]: sev of %(host)s.example\n'
              '[    3.0] audit: sev %(password)s\n'
              'SEV-SNP: of %(uuid)s and %(mac)s\n'
              'e1000e: something of %(host)s\n' % s)
        scope = 'sys/fs/cgroup/machine.slice/machine-qemu\\x2d4\\x2d%(guest)s.scope' % s
        write(host, scope + '/misc.current', 'sev_es 1\n')
        write(host, 'sys/fs/cgroup/%(host)s.slice/misc.current' % s, 'sev_es 1\n')
        write(host, 'about', 'of %(uuid)s\n' % s)
        return host

    def test_nothing_is_told(self):
        host = self.host()
        self.succeeds('capture', '--offline', '--host', host, self.path('masked'))
        self.assertEqual(self.answer('--host', self.path('masked')), self.answer('--host', host))
        for path, content in entries(self.path('masked')).items():
            for name, secret in SECRETS.items():
                with self.subTest(path=path, secret=name):
                    self.assertNotIn(secret, path)
                    self.assertNotIn(secret.encode(), content or b'')
        masked = entries(self.path('masked'))
        # ... and what decides is there.
        self.assertEqual(masked['proc/cmdline'].decode(),
                         'BOOT_IMAGE=MASKED root=MASKED ro rd.luks.uuid=MASKED ip=MASKED MASKED MASKED '
                         'kvm_amd.sev=1 mem_encrypt=on iommu=nopt kvm_amd.sev_es=MASKED name=MASKED '
                         'nohibernate -- MASKED MASKED\n')
        self.assertIn(('<cpu0Id>%s</cpu0Id>' % ('A' * 86 + '==')).encode(), masked['libvirt/domcapabilities.xml'])
        self.assertNotIn(b': 77', masked['proc/cpuinfo'])
        self.assertIn(b'sev enabled', masked['dmesg'])

    def test_unmasked(self):
        host = self.host()
        self.succeeds('capture', '--unmasked', '--offline', '--host', host, self.path('all'))
        everything = b''.join(filter(None, entries(self.path('all')).values()))
        for name in ('uuid', 'mac', 'host', 'password', 'chip'):
            self.assertIn(SECRETS[name].encode(), everything)

    def test_of_this_machine(self):
        """Its own command line, whatever it is."""
        self.succeeds('capture', self.path('live'))
        with open('/proc/cmdline') as f:
            words = f.read().split()
        shown = entries(self.path('live'))['proc/cmdline'].decode().split()
        for word in words:
            value = word.partition('=')[2]
            if len(value) > 8 and '/' in value:
                self.assertNotIn(word, shown)


class Folder(Case):
    def capture(self, *args, status=DONE, **more):
        host = os.path.join(ARGUMENTS.hosts, 'milan-snp')
        if status != DONE:
            return self.fails(status, 'capture', '--offline', '--host', host, *args, **more)
        return self.succeeds('capture', '--offline', '--host', host, *args, **more)

    def leftovers(self, folder):
        return sorted(os.listdir(folder))

    def test_new_or_empty(self):
        self.capture(self.path('new'))
        os.mkdir(self.path('empty'))
        self.capture(self.path('empty/'))
        self.assertEqual(entries(self.path('new')), entries(self.path('empty')))
        self.assertEqual(self.leftovers(self.dir), ['empty', 'new'])

    def test_modes(self):
        self.capture(self.path('new'), umask=0o077)
        for at, folders, files in os.walk(self.path('new')):
            self.assertEqual(os.stat(at).st_mode & 0o7777, 0o755, at)
            for name in files:
                self.assertEqual(os.stat(os.path.join(at, name)).st_mode & 0o7777, 0o644, name)

    def test_refused(self):
        os.mkdir(self.path('full'))
        write(self.dir, 'full/mine', 'mine')
        write(self.dir, 'file', 'mine')
        os.symlink('nowhere', self.path('link'))
        before = entries(self.dir)
        self.capture(self.path('full'), status=BAD_INPUT, words=['full', 'is not empty'])
        self.capture(self.path('file'), status=BAD_INPUT, words=['file', 'no folder'])
        self.capture(self.path('link'), status=BAD_INPUT, words=['link', 'no folder'])
        self.capture(self.path('no/parent'), status=BAD_INPUT, words=['no', 'No such file'])
        self.capture(status=USAGE, words=['FOLDER is missing'])
        self.capture('a', 'b', status=USAGE, words=['too many'])
        self.fails(USAGE, 'capture', '--host', self.path('full'), self.path('new'), words=['--offline'])
        self.fails(BAD_INPUT, 'capture', '--offline', '--host', self.path('none'), self.path('new'))
        self.assertEqual(entries(self.dir), before)

    @unittest.skipUnless(os.geteuid() == 0, 'only root can be somebody else')
    def test_not_writable(self):
        host = shutil.copytree(os.path.join(ARGUMENTS.hosts, 'milan-snp'), self.path('host'))
        os.mkdir(self.path('theirs'))
        os.chmod(self.path('theirs'), 0o755)
        self.fails(OUTPUT, 'capture', '--offline', '--host', host, self.path('theirs/new'),
                   words=['theirs', 'Permission denied'], user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual(self.leftovers(self.path('theirs')), [])

    @unittest.skipUnless(MOUNTS, 'only root with mounts of its own can have a small disk')
    def test_full_disk(self):
        """At each size that is too small, nothing is left."""
        disk = self.path('disk')
        os.mkdir(disk)
        script = ('mount -t tmpfs -o size=$4k,nr_inodes=$5 none "$1"; set +e\n'
                  '"$2" capture --offline --host "$3" "$1/new" 2>&1; echo "status $?"; ls -A "$1"')
        for size, inodes in ((4, 1000), (16, 1000), (40, 1000), (4000, 2), (4000, 20)):
            with self.subTest(size=size, inodes=inodes):
                r = subprocess.run(['unshare', '-m', 'sh', '-ec', script, 'sh', disk, ARGUMENTS.program,
                                    os.path.join(ARGUMENTS.hosts, 'milan-snp'), str(size), str(inodes)],
                                   stdout=subprocess.PIPE, text=True, timeout=60)
                self.assertIn('No space left on device', r.stdout)
                self.assertTrue(r.stdout.endswith('status %d\n' % OUTPUT), r.stdout)

    def big_host(self):
        host = self.copy()
        for i in range(1000):
            write(host, 'usr/share/qemu/firmware/%04d.json' % i, '{}')
        return host

    def test_killed(self):
        """Killed anywhere while it writes: there is no folder of that name, and the next one succeeds."""
        host = self.big_host()
        killed = 0
        for _ in range(5):
            p = subprocess.Popen([ARGUMENTS.program, 'capture', '--offline', '--host', host, self.path('new')],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while p.poll() is None and not any(n.startswith('.new.') and os.path.exists(self.path(n + '/usr'))
                                               for n in os.listdir(self.dir)):
                time.sleep(0.001)
            time.sleep(random.random() * 0.02 if killed else 0)
            p.kill()
            if p.wait() == -signal.SIGKILL:
                killed += 1
                self.assertFalse(os.path.exists(self.path('new')))
            for name in os.listdir(self.dir):
                if name != 'host':
                    shutil.rmtree(self.path(name))
        self.assertGreater(killed, 0)
        self.succeeds('capture', '--offline', '--host', host, self.path('new'))
        self.assertEqual(self.leftovers(self.dir), ['host', 'new'])

    def test_too_many(self):
        host = self.copy()
        for i in range(5000):
            with open(os.path.join(host, 'usr/share/qemu/firmware', '%d' % i), 'w'):
                pass
        self.fails(BAD_INPUT, 'capture', '--offline', '--host', host, self.path('new'), words=['more than'])
        self.assertEqual(self.leftovers(self.dir), ['host'])


class Strangers(Case):
    """A recorded host out of somebody's bug report: no hang, no crash, nothing of ours is read."""

    def setUp(self):
        super().setUp()
        self.folder = self.copy()

    def inside(self, path):
        return os.path.join(self.folder, path)

    def replaced(self, path):
        if os.path.lexists(self.inside(path)):
            os.unlink(self.inside(path))
        return self.inside(path)

    def survives(self):
        """Whatever it answers: in time, and by itself."""
        for args in (('capabilities', '--offline', '--host', self.folder),
                     ('capture', '--offline', '--host', self.folder, self.path('new'))):
            r = run(*args)
            self.assertIn(r.returncode, range(0, 128), (args, r.stderr))
            self.assertNotIn('\x1b', r.stdout + r.stderr)
            shutil.rmtree(self.path('new'), ignore_errors=True)

    def refuses(self, *words):
        self.fails(BAD_INPUT, 'capabilities', '--offline', '--host', self.folder, words=words)
        self.survives()

    NAMED = ('cpuid', 'msr', 'kvm', 'ioctl', 'devices', 'uname', 'emulators', 'unreadable')

    def test_named_texts_that_are_none(self):
        for name in self.NAMED:
            kept = entries(self.folder).get(name)
            for what in ('fifo', 'folder', 'binary', 'huge', 'endless', 'line'):
                with self.subTest(name=name, what=what):
                    path = self.replaced(name)
                    if what == 'fifo':
                        os.mkfifo(path)
                    elif what == 'folder':
                        os.mkdir(path)
                    elif what == 'binary':
                        write(self.folder, name, b'1 2\0\xff')
                    elif what == 'huge':
                        write(self.folder, name, b'#' * (2 << 20))
                    elif what == 'endless':
                        write(self.folder, name, b'')
                        os.truncate(path, 1 << 40)
                    else:
                        write(self.folder, name, '# good\n\x1b]0;x\x07 x\n')
                    self.refuses(self.folder, name + ':2:' if what == 'line' else name)
                    if what == 'folder':
                        os.rmdir(path)
            os.unlink(path)
            if kept is not None:
                write(self.folder, name, kept)

    def test_files_that_are_none(self):
        for name in ('proc/cpuinfo', 'sys/module/kvm_amd/parameters/sev', 'sys/fs/cgroup/misc.capacity',
                     'usr/share/qemu/firmware/60-edk2-x86_64.json'):
            with self.subTest(name=name):
                os.mkfifo(self.replaced(name))
                self.survives()
                write(self.folder, os.path.relpath(self.replaced(name), self.folder), os.urandom(5000))
                self.survives()
                os.truncate(self.inside(name), 1 << 40)
                self.survives()
                os.unlink(self.inside(name))

    @unittest.skipUnless(os.geteuid() == 0, 'only root can make a device node')
    def test_device_nodes(self):
        for name, device in (('cpuid', os.makedev(1, 5)), ('proc/cpuinfo', os.makedev(1, 5)),
                             ('dmesg', os.makedev(1, 8))):
            os.mknod(self.replaced(name), 0o666 | 0o020000, device)
            self.survives()

    def test_links_that_lead_out(self):
        """Below another root they lead nowhere, or to the recording's own."""
        write(self.dir, 'ours/secret', SECRETS['password'])
        up = '../' * 12
        for name, target in (('proc/cmdline', self.path('ours/secret')),
                             ('about', up + self.path('ours/secret')),
                             ('dmesg', '/proc/self/environ'),
                             ('usr/share/qemu/firmware/99.json', self.path('ours/secret'))):
            os.symlink(target, self.replaced(name))
        shutil.rmtree(self.inside('sys/module'))
        os.symlink(self.path('ours'), self.inside('sys/module'))
        self.survives()
        self.succeeds('capture', '--unmasked', '--offline', '--host', self.folder, self.path('new'))
        for content in entries(self.path('new')).values():
            self.assertNotIn(SECRETS['password'].encode(), content or b'')
        os.symlink('loop', self.inside('loop'))
        os.symlink('loop', self.replaced('uname'))
        self.refuses('uname')

    def test_doctor(self):
        """Its words too are for a terminal."""
        for name, text in (('uname', 'Linux \x1b[2J x86_64'), ('proc/cmdline', 'a=\x1b[2J mem_encrypt=off'),
                           ('usr/share/qemu/firmware/\x1b[2J.json', '{')):
            with self.subTest(name=name):
                kept = entries(self.folder).get(name)
                write(self.folder, name, text)
                r = run('doctor', '--offline', '--host', self.folder)
                self.assertIn(r.returncode, range(0, 128), r.stderr)
                self.assertNotIn('\x1b', r.stdout + r.stderr)
                os.unlink(self.inside(name))
                if kept is not None:
                    write(self.folder, name, kept)

    def test_documents(self):
        deep = '[' * 200000
        write(self.folder, 'usr/share/qemu/firmware/60-edk2-x86_64.json', deep)
        self.survives()
        write(self.folder, 'usr/share/qemu/firmware/60-\x1b[2J.json', '{')
        self.survives()
        for xml in ('<domainCapabilities>' + '<a>' * 100000, '<!DOCTYPE a [<!ENTITY b "&c;&c;">]><a/>',
                    '<domainCapabilities/>' + '\0', '', '<a/>'):
            with self.subTest(xml=xml[:30]):
                write(self.folder, 'libvirt/domcapabilities.xml', xml)
                self.survives()

    def test_any_bytes(self):
        """Changed at random: an answer, or an error that says where."""
        seed = random.Random(1)
        originals = {n: v for n, v in entries(self.folder).items() if v}
        for _ in range(40):
            name = seed.choice(sorted(originals))
            content = bytearray(originals[name])
            for _ in range(seed.randrange(1, 6)):
                at = seed.randrange(len(content) + 1)
                content[at:at + seed.randrange(3)] = bytes(seed.randrange(256) for _ in range(seed.randrange(4)))
            write(self.folder, name, bytes(content))
            r = run('capabilities', '--offline', '--host', self.folder)
            self.assertIn(r.returncode, (DONE, BAD_INPUT), (name, r.stderr))
            if r.returncode == BAD_INPUT:
                self.assertIn(name, r.stderr)
            write(self.folder, name, originals[name])


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True)
    parser.add_argument('--hosts', default=os.path.join(TOP, 'tests', 'hosts'))
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest)


if __name__ == '__main__':
    main()
