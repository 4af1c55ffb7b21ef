#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What data/apparmor and data/selinux allow, as the tools of either understand it: the hook reaches
its socket and sees the bindings, and what is not meant to reach them does not.

`access_policies.py apparmor ABSTRACTION` or `access_policies.py selinux MODULE.pp BASE.te`, then
unittest's own arguments. Needs the tools, not a kernel that has either.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOTS = os.path.join(os.environ.get('CLOISTER_BUILD', os.path.join(TOP, 'build')), 'roots')
SYSTEM = '/etc/apparmor.d'
# Not in everybody's PATH.
os.environ['PATH'] += ':/usr/sbin:/sbin'

INCLUDE = 'include if exists <abstractions/cloister-hook>\n'
PROFILE = """include <tunables/global>
profile narrow /usr/sbin/libvirtd {{
{include}}}
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                          env=dict(os.environ, LC_ALL='C.UTF-8'))


class AppArmor(unittest.TestCase):
    WANTED = {'/etc/libvirt/hooks/{qemu,daemon}.d/50-cloister': 'rmx',
              '/var/lib/cloister/bindings/': 'r', '/var/lib/cloister/bindings/*': 'r',
              '/{,var/}run/cloister/hook/hook.sock': 'rw'}

    TOOLS = ('apparmor_parser',)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.base = self.folder.name
        for part in ('abi', 'abstractions', 'tunables'):
            if os.path.isdir(os.path.join(SYSTEM, part)):
                shutil.copytree(os.path.join(SYSTEM, part), os.path.join(self.base, part))
        os.makedirs(os.path.join(self.base, 'local'))
        shutil.copy(ARGUMENTS.policy, os.path.join(self.base, 'abstractions', 'cloister-hook'))

    def rules(self, text):
        """Compiles, loads nothing: the files of a profile and what may be done with them."""
        path = os.path.join(self.base, 'profile')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        said = run('apparmor_parser', '-b', self.base, '-Q', '-K', '-d', path)
        self.assertEqual(said.returncode, 0, said.stderr)
        found = re.findall(r'^Mode:\s*(\w+):\w+\s+Name:\s+\((.*)\)$', said.stdout + said.stderr,
                           re.M)
        return {name: mode for mode, name in found}

    def assert_lets_the_hook(self, rules):
        for path, modes in self.WANTED.items():
            self.assertIn(path, rules)
            self.assertLessEqual(set(modes), set(rules[path]), path)

    def test_by_itself(self):
        rules = self.rules(PROFILE.format(include=INCLUDE))
        self.assert_lets_the_hook(rules)
        # Nobody's way to the other two sockets, nor to write bindings.
        for path, mode in rules.items():
            self.assertNotRegex(path, r'cloister/(admin|compute)|cloister/?\*')
            if path.startswith('/var/lib/cloister'):
                self.assertNotIn('w', mode)
        self.assertEqual(self.rules(PROFILE.format(include='')), {})

    def test_in_the_profiles_of_libvirt(self):
        """As doc/access.md has it, in the profiles that Debian's libvirts bring."""
        tried = 0
        for root in ('bookworm', 'trixie', 'sid'):
            path = os.path.join(ROOTS, root, 'etc/apparmor.d/usr.sbin.libvirtd')
            if not os.path.exists(path):
                continue
            with open(path, encoding='utf-8') as file:
                text = file.read()
            local = os.path.join(self.base, 'local', 'usr.sbin.libvirtd')
            with open(local, 'w', encoding='utf-8') as file:
                file.write(INCLUDE)
            with self.subTest(root):
                self.assert_lets_the_hook(self.rules(text))
            tried += 1
        if tried == 0:
            self.skipTest(f'no root in {ROOTS}: tests/stack/make-root')


class SELinux(unittest.TestCase):
    TOOLS = ('checkmodule', 'checkpolicy', 'semodule_expand', 'semodule_link', 'semodule_package',
             'semodule_unpackage')
    CALLERS = ('virtd_t', 'virtqemud_t')

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            def at(name):
                return os.path.join(folder, name)
            for command in (
                    ('checkmodule', '-M', '-o', at('base.mod'), ARGUMENTS.base),
                    ('semodule_package', '-o', at('base.pp'), '-m', at('base.mod')),
                    ('semodule_link', '-o', at('linked'), at('base.pp'), ARGUMENTS.policy),
                    ('semodule_expand', at('linked'), at('policy')),
                    ('checkpolicy', '-M', '-b', '-F', '-o', at('policy.conf'), at('policy'))):
                said = run(*command)
                if said.returncode != 0:
                    raise AssertionError(f'{command}: {said.stdout}{said.stderr}')
            with open(at('policy.conf'), encoding='utf-8') as file:
                cls.text = file.read()
            said = run('semodule_unpackage', ARGUMENTS.policy, at('x.mod'), at('x.fc'))
            with open(at('x.fc'), encoding='utf-8') as file:
                cls.labels = dict(re.findall(r'^(\S+)\s.*:(\w+):s0$', file.read(), re.M))
        cls.attributes = {}
        for name, words in re.findall(r'^typeattribute (\w+) ([^;]+);', cls.text, re.M):
            cls.attributes[name] = set(words.replace(',', ' ').split())

    def allowed(self, source, target, kind):
        """The permissions of a domain of type @source on a @kind of type @target."""
        found = set()
        for who, whom, what, permissions in re.findall(
                r'^allow (\w+) (\w+):(\w+) \{ ([^}]*) \};', self.text, re.M):
            whom = who if whom == 'self' else whom
            if (who in self.attributes.get(source, set()) | {source} and
                    whom in self.attributes.get(target, set()) | {target} and what == kind):
                found |= set(permissions.split())
        return found

    def test_the_hook_reaches_its_socket(self):
        hook = 'cloister_hook_t'
        self.assertIn('search', self.allowed(hook, 'cloister_var_run_t', 'dir'))
        self.assertIn('write', self.allowed(hook, 'cloister_var_run_t', 'sock_file'))
        self.assertIn('connectto', self.allowed(hook, 'cloister_hostd_t', 'unix_stream_socket'))
        self.assertLessEqual({'connect', 'create', 'read', 'setopt', 'write'},
                             self.allowed(hook, hook, 'unix_stream_socket'))

    def test_the_hook_sees_names_of_bindings(self):
        hook = 'cloister_hook_t'
        self.assertLessEqual({'getattr', 'search'},
                             self.allowed(hook, 'cloister_var_lib_t', 'dir'))
        self.assertEqual(self.allowed(hook, 'cloister_var_lib_t', 'file'), {'getattr'})
        self.assertNotIn('write', self.allowed(hook, 'cloister_var_lib_t', 'dir'))
        self.assertEqual(self.allowed(hook, 'cloister_compute_run_t', 'sock_file'), set())

    def test_libvirt_runs_the_hook(self):
        for caller in self.CALLERS:
            self.assertIn(f'type_transition {caller} cloister_hook_exec_t:process cloister_hook_t;',
                          self.text)
            self.assertLessEqual({'execute', 'getattr', 'map', 'open', 'read'},
                                 self.allowed(caller, 'cloister_hook_exec_t', 'file'))
            self.assertIn('transition', self.allowed(caller, 'cloister_hook_t', 'process'))
            self.assertIn('use', self.allowed('cloister_hook_t', caller, 'fd'))
            self.assertLessEqual({'read', 'write'},
                                 self.allowed('cloister_hook_t', caller, 'fifo_file'))
        self.assertIn('entrypoint', self.allowed('cloister_hook_t', 'cloister_hook_exec_t', 'file'))

    def test_systemd_starts_hostd(self):
        self.assertIn('type_transition init_t cloister_hostd_exec_t:process cloister_hostd_t;',
                      self.text)
        self.assertIn('transition', self.allowed('init_t', 'cloister_hostd_t', 'process'))
        # The unit has NoNewPrivileges=.
        self.assertIn('nnp_transition', self.allowed('init_t', 'cloister_hostd_t', 'process2'))

    def test_guests_reach_nothing(self):
        for target in ('cloister_var_run_t', 'cloister_compute_run_t', 'cloister_var_lib_t',
                       'cloister_hook_exec_t', 'cloister_hostd_t', 'cloister_hook_t'):
            for kind in ('dir', 'file', 'sock_file', 'unix_stream_socket', 'process'):
                self.assertEqual(self.allowed('svirt_t', target, kind), set(), (target, kind))

    def test_labels(self):
        for path, label in (('/etc/libvirt/hooks/qemu.d/50-cloister', 'cloister_hook_exec_t'),
                            ('/etc/libvirt/hooks/daemon.d/50-cloister', 'cloister_hook_exec_t'),
                            ('/usr/sbin/cloister-hostd', 'cloister_hostd_exec_t'),
                            ('/run/cloister/hook/hook.sock', 'cloister_var_run_t'),
                            ('/run/cloister/compute/compute.sock', 'cloister_compute_run_t'),
                            ('/var/lib/cloister/bindings/x', 'cloister_var_lib_t'),
                            ('/etc/libvirt/hooks/qemu.d/60-other', None)):
            # The last that fits counts, as in file_contexts.
            fitting = [found for pattern, found in self.labels.items()
                       if re.fullmatch(pattern, path)]
            self.assertEqual(fitting[-1] if fitting else None, label, path)


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument('which', choices=('apparmor', 'selinux'))
    parser.add_argument('policy')
    parser.add_argument('base', nargs='?')
    ARGUMENTS, rest = parser.parse_known_args()
    case = {'apparmor': AppArmor, 'selinux': SELinux}[ARGUMENTS.which]
    missing = [tool for tool in case.TOOLS if shutil.which(tool) is None]
    if missing or not os.path.exists(ARGUMENTS.policy):
        print(f'SKIP: not installed: {", ".join(missing)} (make check-deps)' if missing
              else 'SKIP: the module was not built: set up the build anew, now that its tools are here')
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest], defaultTest=case.__name__)


if __name__ == '__main__':
    main()
