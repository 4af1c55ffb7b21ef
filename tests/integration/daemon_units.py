#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""systemd reads our units without a complaint, and finds the service confined.

`daemon_units.py UNIT...`. Skips with a reason where systemd-analyze is not there.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# `systemd-analyze security` counts from 0 (nothing is left open) to 10; "OK" begins below 5.
WORST_EXPOSURE = 4.0


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False, env=dict(os.environ, LC_ALL='C.UTF-8'))


def complaints(said):
    """What verify says of our units: of others it may find what it likes."""
    return [line for line in said.splitlines()
            if 'cloister' in line and 'man:cloister' not in line]


def main():
    if shutil.which('systemd-analyze') is None:
        print('SKIP: no systemd-analyze here')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'cloister-hostd')
        shutil.copy('/bin/true', program)
        paths = []
        for unit in sys.argv[1:]:
            with open(unit, encoding='utf-8') as file:
                text = re.sub(r'^ExecStart=\S+', f'ExecStart={program}', file.read(), flags=re.M)
            paths.append(os.path.join(folder, os.path.basename(unit)))
            with open(paths[-1], 'w', encoding='utf-8') as file:
                file.write(text)
        verified = run('systemd-analyze', 'verify', '--man=no', *paths)
        bad = complaints(verified.stdout)
        if bad:
            print('\n'.join(bad))
            return 1
        # The check must be able to fail: a key that is none has to be complained about.
        service = next(p for p in paths if p.endswith('.service'))
        with open(service, 'a', encoding='utf-8') as file:
            file.write('[Service]\nNoSuchKeyAtAll=yes\n')
        if not complaints(run('systemd-analyze', 'verify', '--man=no', *paths).stdout):
            print('SKIP: systemd-analyze verify finds nothing here, not even an unknown key')
            return 77
        judged = run('systemd-analyze', 'security', '--offline=yes', service)
        found = re.search(r'Overall exposure level.*?: ([\d.]+)', judged.stdout)
        if found is None:
            print(f'SKIP: systemd-analyze security does not work here: {judged.stdout.strip()}')
            return 77
        print(f'exposure {found[1]}')
        return 0 if float(found[1]) <= WORST_EXPOSURE else 1


if __name__ == '__main__':
    sys.exit(main())
