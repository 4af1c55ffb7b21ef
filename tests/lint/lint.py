# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: which files there are, how faults are told, the self-test."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP = 77


def tree(*suffixes):
    """The files of the project by path, those not yet committed too; nothing that git ignores."""
    listing = subprocess.run(['git', '-c', 'safe.directory=*', '-C', ROOT, 'ls-files', '-z',
                              '--cached', '--others', '--exclude-standard'],
                             stdout=subprocess.PIPE, check=False)
    if listing.returncode == 0:
        paths = listing.stdout.decode().split('\0')
    else:  # an unpacked archive
        paths = [os.path.relpath(os.path.join(folder, name), ROOT)
                 for folder, _, names in os.walk(ROOT) for name in names]
        paths = [p for p in paths if not p.startswith(('build/', '.git/'))]
    return sorted({p for p in paths if p and os.path.isfile(os.path.join(ROOT, p))
                   and (not suffixes or p.endswith(suffixes))})


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8', errors='surrogateescape') as file:
        return file.read()


def skip(reason):
    print(reason)
    sys.exit(SKIP)


def report(faults, looked_at):
    for fault in faults:
        print(fault)
    print(f'{len(faults)} faults in {looked_at} files')
    # A check that looked at nothing has checked nothing.
    sys.exit(1 if faults or looked_at == 0 else 0)


def expect(bad, good, check):
    """The self-test: `check` finds a fault in each of `bad` and none in any of `good`.

    Both are lists of arguments for it. A bad sample may end with the words of its fault.
    """
    for arguments, words in bad:
        faults = check(*arguments)
        assert any(words in fault for fault in faults), (arguments, words, faults)
    for arguments in good:
        faults = check(*arguments)
        assert not faults, (arguments, faults)
    print(f'self-test: {len(bad)} bad samples found, {len(good)} good ones passed')
    sys.exit(0)
