#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cppcheck over the C sources: what it finds by following values, not style."""

import os
import shutil
import subprocess
import sys
import tempfile

import lint

OPTIONS = ['--quiet', '--std=c11', '--language=c', '--library=gtk', '--error-exitcode=0',
           '--enable=warning,portability', '--inline-suppr', '--suppress=missingInclude',
           '--suppress=unknownMacro',
           # g_autoptr and friends are unknown to it: it takes what they free for leaked or unset.
           '--suppress=memleak', '--suppress=resourceLeak', '--suppress=uninitvar',
           '--suppress=legacyUninitvar',
           '--template={file}:{line}: {severity}: {message} [{id}]']


def run(paths, root):
    if not paths:
        return []
    command = ['cppcheck', *OPTIONS, '-I', os.path.join(lint.ROOT, 'hostd'), *paths]
    said = subprocess.run(command, cwd=root, stderr=subprocess.PIPE, check=True).stderr
    return said.decode().splitlines()


def main():
    if shutil.which('cppcheck') is None:
        lint.skip('no cppcheck here')
    if '--self-test' in sys.argv:
        with tempfile.TemporaryDirectory() as root:
            def check(text):
                with open(os.path.join(root, 'a.c'), 'w', encoding='utf-8') as file:
                    file.write(text)
                return run(['a.c'], root)
            lint.expect([(('int f (void) { int a[2] = { 0, 1 }; return a[2]; }\n',),
                          'arrayIndexOutOfBounds'),
                         (('int f (int *p) { int x = *p; return p ? x : 0; }\n',),
                          'nullPointer')],
                        [('int f (int *p) { return p ? *p : 0; }\n',)], check)
    paths = [p for p in lint.tree('.c') if p.startswith(('hostd/', 'libvirt-hooks/'))]
    lint.report(run(paths, lint.ROOT), len(paths))


if __name__ == '__main__':
    main()
