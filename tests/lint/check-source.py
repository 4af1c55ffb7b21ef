#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules of the C sources and of every text in the tree that a machine can check."""

import re
import sys

import lint

MAX_LINES = 500     # of a file: longer ones hide a second thing
MAX_FUNCTION = 60   # lines of a function, braces included

C = ('.c', '.h')
TEXT = C + ('.py', '.sh', '.md', '.rst', '.xml', '.rng', '.build', '.txt', '.varlink', '.conf',
            '.service', 'Makefile', '.ci/run', '.ci/deps')

# Code that may not be called, and what to use in its place.
BANNED = [
    (r'\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\s*\(',
     'no bound: memcpy, g_strlcpy, g_snprintf'),
    (r'\b(atoi|atol|atoll|atof)\s*\(', 'takes anything: base/parse.h'),
    (r'\bg_base64_decode\w*\s*\(', 'skips over what is not base64: hostd_parse_base64'),
    (r'\b(system|popen|g_spawn_command_line\w*)\s*\(', 'a shell: spawn an argument vector'),
    (r'\b(alloca|g_alloca|g_newa\w*)\s*\(', 'the stack has no limit check'),
    (r'\bXML_PARSE_(NOENT|HUGE|RECOVER|DTDLOAD|XINCLUDE)\b', 'opens what the guards close'),
    (r'\bstrerror\s*\(', 'not thread-safe: g_strerror'),
]

# The wrapper that adds the strictness.
EXEMPT = [('hostd/base/parse.c', 'skips over what is not base64: hostd_parse_base64')]

READS_ENVIRONMENT = r'\b(g_)?(secure_)?getenv\s*\(|\bg_get_environ\s*\(|\benviron\b'
LOGS = r'\bg_(warning|message|info|critical)\s*\(|\bg_print(err)?\s*\('

# Paths of somebody's machine. Those of a guest's or a host's system (/var/lib, /dev) are content.
FOREIGN_PATH = re.compile(r'(?<![\w.$})/~-])/(work|home|root|Users)/[\w.-]+|/mnt/data')


def strip(text):
    """Comments and the contents of strings and characters blanked, line by line as before."""
    def blank(match):
        found = match[0]
        if found.startswith('/'):
            return '\n' * found.count('\n') or ' '
        return found[0] + 'x' * (len(found) > 2) + found[0]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def function_lengths(code):
    """(line, name, lines) of each function: its name stands in column 0 and so does its brace."""
    lines = code.splitlines()
    name, begin = None, 0
    for number, line in enumerate(lines, 1):
        match = re.match(r'(\w+) \(', line)
        if match:
            name = match[1]
        elif line == '{' and name:
            begin = number
        elif line == '}' and begin:
            yield begin, name, number - begin + 1
            name, begin = None, 0


def check_c(path, text):
    faults = []
    code = strip(text)
    in_hook = path.startswith('libvirt-hooks/')

    def fault(number, words):
        faults.append(f'{path}:{number}: {words}')

    def search(pattern, words):
        for match in re.finditer(pattern, code):
            fault(code.count('\n', 0, match.start()) + 1, f'{match[0].strip(" (")}: {words}')

    if not text.startswith('/* SPDX-License-Identifier: Apache-2.0 */\n'):
        fault(1, 'the first line is not the SPDX line')
    if path.endswith('.h') and '#pragma once' not in text:
        fault(1, 'no #pragma once')
    if path.endswith('.c') and path.startswith(('hostd/', 'libvirt-hooks/')):
        first = re.search(r'^#include.*$', text, re.M)
        if first and first[0] != '#include "config.h"':
            fault(1, 'config.h is not the first include')
    count = text.count('\n')
    if count > MAX_LINES and path.startswith(('hostd/', 'libvirt-hooks/')):
        fault(count, f'{count} lines; over {MAX_LINES} there is a second thing in it')
    if path.startswith(('hostd/', 'libvirt-hooks/')):
        for number, name, length in function_lengths(code):
            if length > MAX_FUNCTION:
                fault(number, f'{name}: {length} lines, {MAX_FUNCTION} is the most')
    for number, line in enumerate(text.splitlines(), 1):
        if '\t' in line:
            fault(number, 'a tab')
        if len(line) > 100:
            fault(number, f'{len(line)} columns, 100 is the most')
    for number, line in enumerate(code.splitlines(), 1):
        if '//' in line:
            fault(number, 'comments are /* */')
    search(r'\bgoto\b', 'no goto: g_autoptr, or a function')
    if path.startswith(('hostd/', 'libvirt-hooks/')):
        for pattern, words in BANNED:
            if (path, words) not in EXEMPT and not (in_hook and 'strerror' in pattern):
                search(pattern, words)
        if not path.endswith('/main.c'):
            search(READS_ENVIRONMENT, 'only main() reads the environment')
        if not path.startswith(('hostd/daemon/', 'hostd/cli/')):
            search(LOGS, 'a library does not log; programs do')
    return faults


def check_text(path, text):
    faults = []
    # What stands in corpora and cases is somebody's XML as it was.
    if re.match(r'tests/(fuzz/corpus|golden/[^/]+|hosts)/', path) and not path.endswith('.md'):
        return faults
    if path.endswith('.py') or path.startswith('.ci/'):
        if 'SPDX-License-Identifier: Apache-2.0' not in '\n'.join(text.splitlines()[:3]):
            faults.append(f'{path}:1: no SPDX line')
    for number, line in enumerate(text.splitlines(), 1):
        where = f'{path}:{number}'
        if FOREIGN_PATH.search(line) and not path.startswith('tests/lint/'):
            faults.append(f'{where}: a path of one machine')
        if line != line.rstrip() and not path.endswith('.md'):
            faults.append(f'{where}: white space at the end of the line')
    if text and not text.endswith('\n'):
        faults.append(f'{path}: no line end at the end')
    return faults


def check(path, text):
    return (check_c(path, text) if path.endswith(C) else []) + check_text(path, text)


def self_test():
    spdx = '/* SPDX-License-Identifier: Apache-2.0 */\n'
    start = spdx + '#include "config.h"\n'
    long_body = 'static int\nlong_one (void)\n{\n' + '  x ();\n' * 60 + '}\n'
    bad = [
        (('hostd/base/a.c', '#include "config.h"\n'), 'SPDX'),
        (('hostd/base/a.c', spdx + '#include <glib.h>\n'), 'config.h'),
        (('hostd/base/a.h', spdx), 'pragma once'),
        (('hostd/base/a.c', start + '  goto out;\n'), 'goto'),
        (('hostd/base/a.c', start + '\tx ();\n'), 'a tab'),
        (('hostd/base/a.c', start + 'x ();' + ' ' * 100 + 'y ();\n'), 'columns'),
        (('hostd/base/a.c', start + '  strcpy (a, b);\n'), 'strcpy'),
        (('libvirt-hooks/a.c', start + '  system (a);\n'), 'system'),
        (('hostd/base/a.c', start + '  n = atoi (a);\n'), 'atoi'),
        (('hostd/launch/a.c', start + '  x (XML_PARSE_HUGE);\n'), 'HUGE'),
        (('hostd/daemon/config.c', start + '  g_getenv ("A");\n'), 'environment'),
        (('hostd/launch/a.c', start + '  g_warning ("a");\n'), 'log'),
        (('hostd/base/a.c', start + long_body), 'long_one: 62 lines'),
        (('hostd/base/a.c', start + '\n' * 500), 'second thing'),
        (('tests/unit/a.py', 'import sys\n'), 'SPDX'),
        (('doc/a.md', 'see /home/me/notes\n'), 'one machine'),
        (('doc/a.rst', 'see \n'), 'white space'),
        (('doc/a.rst', 'see'), 'no line end'),
    ]
    good = [
        ('hostd/base/a.c', start + '/* goto, strcpy (a) and getenv () */\nx ("goto system (a)");\n'),
        ('hostd/daemon/main.c', start + '  g_getenv ("A");\n  g_message ("a");\n'),
        ('hostd/base/a.c', start + long_body.replace('  x ();\n', '', 3)),
        ('doc/a.md', 'see /var/lib/cloister/home/x and tests/work/y\n'),
    ]
    lint.expect(bad, good, check)


def main():
    if '--self-test' in sys.argv:
        self_test()
    paths = lint.tree(*TEXT)
    lint.report([fault for path in paths for fault in check(path, lint.read(path))], len(paths))


if __name__ == '__main__':
    main()
