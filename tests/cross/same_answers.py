#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cloisterctl of another architecture says of each recorded host what this machine's own says.

`same_answers.py CLOISTERCTL` in a cross build: what runs it is in MESON_EXE_WRAPPER, as meson sets it,
and the program to compare with in CLOISTER_NATIVE. Prints TAP, a point for each folder of tests/hosts.
Byte order, the sign of char and the layout of structures are what differs between the two.
"""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOSTS = os.path.join('tests', 'hosts')
DOMAIN = os.path.join('tests', 'golden', 'domains', 'a05-nothing-virtio.xml')

QUESTIONS = [['capabilities', '--json']]
# An emulated start costs half a second: these of two hosts only.
MORE_QUESTIONS = [['capabilities'], ['doctor'], ['rewrite', '--policy', 'any', DOMAIN],
                  ['verify', '--policy', 'any', DOMAIN]]
MORE_OF = ['milan-snp', 'spr-tdx']


def machine_of(program):
    """What an ELF file was built for: (class, byte order, machine)."""
    with open(program, 'rb') as file:
        head = file.read(20)
    return head[4], head[5], head[18:20] if head[5] == 2 else head[19:17:-1]


def ask(command, question, host):
    ran = subprocess.run([*command, question[0], '--offline', '--host', host, *question[1:]],
                         cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                         check=False, env=dict(os.environ, LC_ALL='C.UTF-8'))
    return ran.returncode, ran.stdout, ran.stderr


def first_difference(ours, theirs):
    for ours_part, theirs_part in zip(ours[1:], theirs[1:]):
        for here, there in zip(ours_part.splitlines(), theirs_part.splitlines()):
            if here != there:
                return f'{here.decode().strip()} | there: {there.decode().strip()}'
    return f'exit {ours[0]}, {len(ours[1])} bytes | there: {theirs[0]}, {len(theirs[1])} bytes'


def compare(native, cross, name):
    """What is wrong with the answers about one folder, or nothing."""
    host = os.path.join(HOSTS, name)
    for question in QUESTIONS + (MORE_QUESTIONS if name in MORE_OF else []):
        ours, theirs = ask(native, question, host), ask(cross, question, host)
        if ours != theirs:
            return f'{" ".join(question)}: {first_difference(ours, theirs)}'
        if '--json' in question:
            if ours[0] != 0:
                return f'{" ".join(question)}: {ours[2].decode().strip()}'
            if len(json.loads(ours[1])['technologies']) < 8:
                return 'the answer has not every technology'
    return None


def main():
    native = os.environ.get('CLOISTER_NATIVE', '')
    if not os.path.exists(native):
        print('1..0 # SKIP CLOISTER_NATIVE names no cloisterctl of this machine (tests/check.py does)')
        return 0
    program = os.path.abspath(sys.argv[1])
    wrapper = shlex.split(os.environ.get('MESON_EXE_WRAPPER', ''))
    names = sorted(n for n in os.listdir(os.path.join(TOP, HOSTS))
                   if os.path.isdir(os.path.join(TOP, HOSTS, n)))
    print(f'1..{len(names) + 1}')
    other = machine_of(program) != machine_of(native)
    print(f'{"ok" if other else "not ok"} 1 - it is another architecture', flush=True)
    failed = not other
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        answers = pool.map(lambda name: compare([native], [*wrapper, program], name), names)
        for number, (name, wrong) in enumerate(zip(names, answers), 2):
            print(f'{"not ok" if wrong else "ok"} {number} - {name}', flush=True)
            if wrong:
                failed = True
                print(f'# {wrong}', flush=True)
    return 1 if failed or not names else 0


if __name__ == '__main__':
    sys.exit(main())
