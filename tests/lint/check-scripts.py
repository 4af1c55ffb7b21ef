#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Python files compile, shell scripts parse, and shellcheck (where it is) finds nothing."""

import re
import shutil
import subprocess
import sys

import lint

SHELLS = {'sh': 'sh', 'bash': 'bash', 'dash': 'sh'}


def shell_of(text):
    match = re.match(r'#! ?\S*?/(?:env )?(sh|bash|dash)\b', text)
    return SHELLS[match[1]] if match else None


def check_python(path, text):
    try:
        compile(text, path, 'exec', dont_inherit=True)
    except SyntaxError as error:
        return [f'{path}:{error.lineno}: {error.msg}']
    return []


def check_shell(path, text, shell):
    faults = []
    for command in ([shell, '-n'], ['shellcheck', '-S', 'warning', '-s', shell, '-f', 'gcc', '-']):
        if shutil.which(command[0]) is None:
            continue
        result = subprocess.run(command, input=text.encode(), check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode:
            faults += [f'{path}: {line}' for line in result.stdout.decode().splitlines()]
    return faults


def check(path, text):
    if path.endswith('.py') or re.match(r'#!.*python', text):
        return check_python(path, text)
    shell = shell_of(text)
    if shell is None and path.endswith('.sh'):
        shell = 'sh'
    return check_shell(path, text, shell) if shell else []


def main():
    if '--self-test' in sys.argv:
        lint.expect([(('a.py', 'def f(:\n'), 'a.py:1'),
                     (('a', '#!/bin/sh\nif true; then\n'), 'a: '),
                     (('a', '#!/usr/bin/env bash\nfoo() {\n'), 'a: ')],
                    [('a.py', 'x = 1\n'), ('a', '#!/bin/sh\nset -eu\necho "$1"\n'),
                     ('a', 'no script: if (\n')], check)
    paths = [p for p in lint.tree() if p.endswith(('.py', '.sh')) or lint.read(p)[:2] == '#!']
    if shutil.which('shellcheck') is None:
        print('no shellcheck here: shell scripts are only parsed')
    lint.report([fault for path in paths for fault in check(path, lint.read(path))], len(paths))


if __name__ == '__main__':
    main()
