#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The domain XML of domains/ through cloisterctl: its judge must end without a fault."""

import glob
import importlib.util
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = os.path.join(os.path.dirname(HERE), 'hosts')
FOLDER = os.path.join(HERE, 'domains')
SKIP = 77


def skip(reason):
    print(f'skipped: {reason}')
    sys.exit(SKIP)


def main():
    judge = os.path.join(FOLDER, 'check-domains')
    if not os.path.exists(judge):
        skip('there is no domains/check-domains here')
    if importlib.util.find_spec('lxml') is None:
        skip(f'{sys.executable} has no lxml (python3-lxml)')
    cases = next((folder for folder in (FOLDER, os.path.join(FOLDER, 'domains'))
                  if os.path.exists(os.path.join(folder, 'expected.json'))), None)
    if cases is None:
        sys.exit('domains/check-domains is here, and no expected.json')
    command = [sys.executable, judge, '--quiet', '--cases', cases]
    for kind, host in (('snp', 'milan-snp'), ('tdx', 'spr-tdx')):
        command += ['--host', f'{kind}={os.path.join(HOSTS, host)}']
    # Each libvirt whose root was made (tests/stack/make-root), and this machine's own: what was valid before
    # is valid after.
    build = os.environ.get('CLOISTER_BUILD', os.path.join(os.path.dirname(os.path.dirname(HERE)), 'build'))
    schema = 'usr/share/libvirt/schemas/domain.rng'
    for rng in sorted(glob.glob(os.path.join(build, 'roots', '*', schema))) + glob.glob('/' + schema):
        print(f'schema: {rng}')
        command += ['--rng', rng]
    # Limits of time and memory are for a plain build; a sanitizer's needs more of both.
    command += sys.argv[2:] + [os.path.abspath(sys.argv[1])]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == '__main__':
    main()
