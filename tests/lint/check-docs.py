#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Links of pages lead somewhere, files that they name in backquotes are there, man pages build."""

import os
import re
import shutil
import subprocess
import sys

import lint

LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
NAMED = re.compile(r'`((?:hostd|libvirt-hooks|templates|tests|doc|nova|\.ci)/[\w./-]*)`')


def check_links(path, text, exists):
    faults = []
    # What stands in a block of code is an example, not a link.
    text = re.sub(r'^```.*?^```', lambda m: '\n' * m[0].count('\n'), text, flags=re.M | re.S)
    for number, line in enumerate(text.splitlines(), 1):
        for target in LINK.findall(line):
            if re.match(r'[a-z]+:', target) or target.startswith('#'):
                continue
            to = os.path.normpath(os.path.join(os.path.dirname(path), target.split('#')[0]))
            if not exists(to):
                faults.append(f'{path}:{number}: nothing at {target}')
        for target in NAMED.findall(line):
            if 'NAME' not in target and not exists(target.rstrip('/')):
                faults.append(f'{path}:{number}: names {target}, which is not there')
    return faults


def check_man(path, text):
    tool = shutil.which('rst2man') or shutil.which('rst2man.py')
    result = subprocess.run([tool, '--halt=5', '--report=2', '-', os.devnull], check=False,
                            input=text.encode(), stderr=subprocess.PIPE)
    return [f'{path}: {line}' for line in result.stderr.decode().splitlines()]


def main():
    man = shutil.which('rst2man') or shutil.which('rst2man.py')
    if '--self-test' in sys.argv:
        there = {'doc/a.md', 'hostd/base'}
        def check(path, text):
            if path.endswith('.rst'):
                return check_man(path, text) if man else ['no such man']
            return check_links(path, text, there.__contains__)
        lint.expect([(('doc/b.md', 'see [a](c.md)\n'), 'nothing at c.md'),
                     (('doc/b.md', 'see `hostd/gone/x.c`\n'), 'not there'),
                     (('a.8.rst', 'Title\n==\n\n`` \n\n.. nonsense::\n'), '')],
                    [('doc/b.md', '[a](a.md#top) [u](https://x/y) `hostd/base/`\n'
                      '```\n[x](y)\n```\n')], check)
    pages = lint.tree('.md')
    faults = [f for p in pages for f in check_links(
        p, lint.read(p), lambda to: os.path.exists(os.path.join(lint.ROOT, to)))]
    mans = [p for p in lint.tree('.rst') if re.search(r'\.[1-8]\.rst$', p)]
    if mans and man is None:
        lint.skip('no rst2man here (python3-docutils)')
    faults += [f for p in mans for f in check_man(p, lint.read(p))]
    lint.report(faults, len(pages) + len(mans))


if __name__ == '__main__':
    main()
