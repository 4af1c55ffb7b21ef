#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make check` runs: each stage of it, and then one count over everything.

  gcc     -Dwerror=true, every suite
  clang   AddressSanitizer and UndefinedBehaviorSanitizer, libFuzzer; unit, golden, integration, fuzz
  s390x   a big-endian build under QEMU's user emulation: unit, and recorded hosts read alike (cross)
  aarch64 recorded hosts read alike there too

Everything that is made lies under the build folder. Exit 0 if nothing failed; the last line is
"N passed, N failed, N skipped". A test that prints TAP counts by its points, any other as one.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

STAGES = [
    {
        'name': 'gcc',
        'compiler': 'gcc',
        'options': ['-Dwerror=true'],
        'suites': ['lint', 'unit', 'golden', 'integration', 'fuzz', 'stack'],
    },
    {
        'name': 'clang',
        'compiler': 'clang',
        'options': ['-Dwerror=true', '-Db_sanitize=address,undefined', '-Db_lundef=false',
                    '-Dfuzzer=true'],
        'suites': ['unit', 'golden', 'integration', 'fuzz'],
    },
    # What a cross stage makes and downloads lies in roots/cross-NAME. Emulated, so with more time.
    {
        'name': 's390x',
        'cross': True,
        'compiler': 's390x-linux-gnu-gcc',
        'options': ['-Dwerror=true', '-Doptimization=1', '-Ddebug=false'],
        'suites': ['unit', 'cross'],
    },
    {
        'name': 'aarch64',
        'cross': True,
        'compiler': 'aarch64-linux-gnu-gcc',
        'options': ['-Dwerror=true', '-Doptimization=1', '-Ddebug=false'],
        'suites': ['cross'],
    },
]

# One finding ends the test that made it. GLib's own allocator (before 2.76) would hide leaks.
SANITIZERS = {
    'ASAN_OPTIONS': 'abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'G_SLICE': 'always-malloc',
}

POINT = re.compile(r'^( *)(not )?ok\b *\d* *-? *(.*?)(?: *# *(SKIP|TODO)\b *(.*))?$', re.I)


def tap_points(text):
    """The leaves of a TAP stream: [(outcome, name, reason)]; [] if it is none."""
    if not re.search(r'^1\.\.\d+', text, re.M):
        return []
    points, deepest = [], 0
    for line in text.splitlines():
        match = POINT.match(line)
        if not match:
            continue
        depth = len(match[1])
        is_summary = depth < deepest  # closes a subtest whose points are counted already
        deepest = depth
        if is_summary and not match[2]:
            continue
        if match[4]:
            outcome = 'skipped'
        else:
            outcome = 'failed' if match[2] else 'passed'
        points.append((outcome, match[3].strip(), match[5] or ''))
    return points


UNITTEST = re.compile(r'^(test\w*) \(.*?\)(?:\n[^\n]*?)? \.\.\. '
                      r'(?:.*\n)??.*?\b(ok|FAIL|ERROR|skipped (.*))$', re.M)


def unittest_points(text):
    """What `unittest -v` says of each test; [] if it did not run to its end."""
    if not re.search(r'^Ran \d+ tests? in ', text, re.M):
        return []
    outcome = {'ok': 'passed', 'FAIL': 'failed', 'ERROR': 'failed'}
    return [(outcome.get(m[2], 'skipped'), m[1], (m[3] or '').strip('\'"'))
            for m in UNITTEST.finditer(text)]


def outcomes(entry):
    """What one test of meson's testlog.json comes to: [(outcome, name, reason)]."""
    name = entry['name']
    text = entry.get('stdout') or ''
    both = (text + '\n' + (entry.get('stderr') or '')).strip()
    said = both.splitlines()[-1].strip() if both else 'no reason was printed'
    points = [(o, f'{name}: {n}', r or 'no reason was printed')
              for o, n, r in tap_points(text) or unittest_points(both)]
    result = entry['result']
    if result == 'SKIP':
        skipped = [p for p in points if p[0] == 'skipped']
        return skipped or [('skipped', name, said)]
    if result in ('OK', 'EXPECTEDFAIL'):
        return points or [('passed', name, '')]
    if not any(p[0] == 'failed' for p in points):
        points.append(('failed', name, f'{result.lower()}: {said}'))
    return points


def self_test():
    """The counting is what everything else rests on."""
    flat = '1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no kvm\n'
    assert [p[0] for p in tap_points(flat)] == ['passed', 'failed', 'skipped']
    nested = '# Subtest: s\n    1..2\n    ok 1 /a\n    ok 2 /b\nok 1 s\n1..1\n'
    assert [p[1] for p in tap_points(nested)] == ['/a', '/b']
    assert tap_points('everything is ok\n') == []
    python = ('test_a (__main__.T.test_a)\nSay so. ... ok\ntest_b (__main__.T.test_b) ... '
              "skipped 'as root'\ntest_c (T) ... FAIL\n---\nRan 3 tests in 0.1s\n")
    assert [p[0] for p in unittest_points(python)] == ['passed', 'skipped', 'failed']
    assert unittest_points(python)[1][2] == 'as root'
    entry = {'name': 't', 'result': 'TIMEOUT', 'stdout': '1..2\nok 1 - a\n'}
    assert [p[0] for p in outcomes(entry)] == ['passed', 'failed']
    entry = {'name': 't', 'result': 'SKIP', 'stderr': 'no network here\n'}
    assert outcomes(entry) == [('skipped', 't', 'no network here')]


class Tally:
    def __init__(self):
        self.counts = {'passed': 0, 'failed': 0, 'skipped': 0}
        self.notes = []

    def add(self, stage, outcome, name, reason):
        self.counts[outcome] += 1
        if outcome != 'passed':
            self.notes.append(f'{outcome}: {stage}: {name}: {reason}')

    def line(self):
        return ', '.join(f'{n} {what}' for what, n in self.counts.items())


def run(command, env, started, what):
    print(f'[{time.monotonic() - started:5.0f} s] {what}', flush=True)
    return subprocess.run(command, env=env, cwd=SOURCE, check=False).returncode


def configure(stage, where, env, started, more=()):
    if os.path.exists(os.path.join(where, 'build.ninja')):
        return None
    shutil.rmtree(where, ignore_errors=True)
    setup = ['meson', 'setup', where, '--prefix', '/usr', '--sysconfdir', '/etc',
             *stage['options'], *more]
    if run(setup, env, started, f'{stage["name"]}: configure') != 0:
        return 'meson setup failed'
    return None


def build(stage, where, env, started, targets=()):
    if run(['ninja', '-C', where, '--quiet', *targets], env, started, f'{stage["name"]}: build') != 0:
        return 'the build failed'
    return None


def introspect(where, env, what):
    return json.loads(subprocess.run(['meson', 'introspect', what, where], env=env, check=True,
                                     stdout=subprocess.PIPE).stdout)


def targets_of(where, env, suites):
    """The files that the tests of these suites need, as ninja calls them."""
    needed = {target for test in introspect(where, env, '--tests') for target in test['depends']
              if {s.split(':')[-1] for s in test['suite']} & set(suites)}
    return sorted(os.path.relpath(name, where) for target in introspect(where, env, '--targets')
                  if target['id'] in needed for name in target['filename'])


def build_cross(stage, where, env, started):
    """The same for another architecture, and the cloisterctl of this one to compare with.

    Returns (outcome, reason), or None if all is there.
    """
    ours = os.path.join(os.path.dirname(where), 'check-' + STAGES[0]['name'])
    our_env = dict(env, CC=STAGES[0]['compiler'])
    native = 'hostd/cli/cloisterctl'
    trouble = configure(STAGES[0], ours, our_env, started) or \
        build(STAGES[0], ours, our_env, started, [native])
    if trouble:
        return 'failed', f'of this machine\'s own: {trouble}'
    env['CLOISTER_NATIVE'] = os.path.join(ours, native)

    sysroot = os.path.join(env['CLOISTER_BUILD'], 'roots', 'cross-' + stage['name'])
    make = [os.path.join(SOURCE, 'tests', 'cross', 'make-sysroot'), stage['name'], sysroot]
    print(f'[{time.monotonic() - started:5.0f} s] {stage["name"]}: packages', flush=True)
    made = subprocess.run(make, env=env, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    print(made.stdout, end='', flush=True)
    if made.returncode != 0:
        said = made.stdout.strip().splitlines() or ['make-sysroot failed and did not say why']
        return 'skipped' if made.returncode == 77 else 'failed', said[-1]

    cross_file = ['--cross-file', os.path.join(sysroot, 'cross.ini')]
    # An older folder is configured anew before it is asked.
    trouble = configure(stage, where, env, started, cross_file) or \
        build(stage, where, env, started, ['build.ninja']) or \
        build(stage, where, env, started, targets_of(where, env, stage['suites']))
    return ('failed', trouble) if trouble else None


def suites_of(where, env, wanted):
    """Suites without a test make meson say "no suitable tests", which is no failure."""
    there = {s.split(':')[-1] for test in introspect(where, env, '--tests') for s in test['suite']}
    return [suite for suite in wanted if suite in there]


def test(stage, where, env, started, tally):
    for suite in suites_of(where, env, stage['suites']):
        log = os.path.join(where, 'meson-logs', f'check-{suite}.json')
        if os.path.exists(log):
            os.unlink(log)
        command = ['meson', 'test', '-C', where, '--no-rebuild', '--print-errorlogs',
                   '--suite', suite, '--logbase', f'check-{suite}',
                   *(['--timeout-multiplier', '6'] if 'cross' in stage else [])]
        run(command, env, started, f'{stage["name"]}: {suite}')
        if not os.path.exists(log):
            tally.add(stage['name'], 'failed', suite, 'meson test left no log')
            continue
        with open(log, encoding='utf-8') as lines:
            for line in lines:
                for outcome in outcomes(json.loads(line)):
                    tally.add(stage['name'], *outcome)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build', help='folder for everything that is made')
    parser.add_argument('--stage', action='append', choices=[s['name'] for s in STAGES],
                        help='only this one; may be repeated')
    args = parser.parse_args()
    self_test()
    started = time.monotonic()
    tally = Tally()
    for stage in STAGES:
        if args.stage and stage['name'] not in args.stage:
            continue
        where = os.path.join(os.path.abspath(args.build), 'check-' + stage['name'])
        env = dict(os.environ, CC=stage['compiler'], **SANITIZERS)
        env['CLOISTER_BUILD'] = os.path.abspath(args.build)  # where tests/stack keeps its roots
        if shutil.which(stage['compiler']) is None:
            tally.add(stage['name'], 'skipped', 'the whole stage', 'there is no such compiler here')
            continue
        if 'cross' in stage:
            trouble = build_cross(stage, where, env, started)
        else:
            trouble = configure(stage, where, env, started) or build(stage, where, env, started)
            trouble = ('failed', trouble) if trouble else None
        if trouble:
            tally.add(stage['name'], trouble[0], 'the whole stage', trouble[1])
            continue
        test(stage, where, env, started, tally)
    print(f'[{time.monotonic() - started:5.0f} s] done', flush=True)
    for note in tally.notes:
        print(note)
    print(tally.line())
    return 1 if tally.counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
