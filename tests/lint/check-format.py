#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The C sources look as .clang-format says. --fix makes them so.

Another version of clang-format breaks lines elsewhere, so one version is the judge: 14, Debian 12's.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import textwrap

import lint

VERSION = '14'
WIDTH = 100


def find_tool():
    for name in (f'clang-format-{VERSION}', 'clang-format'):
        path = shutil.which(name)
        if path is None:
            continue
        says = subprocess.run([path, '--version'], stdout=subprocess.PIPE, check=True).stdout
        if re.search(rf'version {VERSION}\.', says.decode()):
            return path
    return None


def formatted(tool, path, text):
    result = subprocess.run([tool, '--style=file', '--fallback-style=none',
                             '--assume-filename=' + os.path.join(lint.ROOT, path)],
                            input=text.encode(), stdout=subprocess.PIPE, check=True, cwd=lint.ROOT)
    return result.stdout.decode()


def unfold(text):
    """A comment of one line that is too long becomes a block, which clang-format does not do."""
    def block(match):
        indent = match[1]
        words = textwrap.fill(match[2], WIDTH, initial_indent=indent + ' * ',
                              subsequent_indent=indent + ' * ', break_on_hyphens=False,
                              break_long_words=False)
        return f'{indent}/*\n{words}\n{indent} */'
    return re.sub(r'^( *)/\* (.*) \*/$',
                  lambda m: block(m) if len(m[0]) > WIDTH else m[0], text, flags=re.M)


def check(tool, path, text):
    want = formatted(tool, path, text)
    if want == text:
        return []
    lines, wanted = text.splitlines(), want.splitlines()
    number = next((n for n, (a, b) in enumerate(zip(lines, wanted), 1) if a != b),
                  min(len(lines), len(wanted)))
    return [f'{path}:{number}: not as clang-format {VERSION} has it; make format']


def main():
    tool = find_tool()
    if tool is None:
        lint.skip(f'no clang-format {VERSION} here, and another one breaks lines elsewhere')
    if '--self-test' in sys.argv:
        lint.expect([(('a.c', 'int x(void){return 1;}\n'), 'make format')],
                    [('a.c', 'int\nx (void)\n{\n  return 1;\n}\n')],
                    lambda path, text: check(tool, path, text))
    only = [a for a in sys.argv[1:] if not a.startswith('--')]
    paths = [p for p in lint.tree('.c', '.h') if not only or p.startswith(tuple(only))]
    if '--fix' not in sys.argv:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda path: check(tool, path, lint.read(path)), paths)
            lint.report([fault for faults in found for fault in faults], len(paths))
    for path in paths:
        text = lint.read(path)
        want = formatted(tool, path, unfold(text))
        if want != text:
            print(path)
            with open(os.path.join(lint.ROOT, path), 'w', encoding='utf-8') as file:
                file.write(want)


if __name__ == '__main__':
    main()
