#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Templates are valid by their schema, asked of another tool than the one that loads them."""

import os
import shutil
import subprocess
import sys
import tempfile

import lint

# Folder of templates/ -> schema.
SCHEMA = 'templates/schema/'


def schema_for(path):
    """templates/policies/snp.xml -> policy.rng; as launch/ has it: one schema a kind of file."""
    folder = path.split('/')[1].removesuffix('.xml')
    for name in (folder, {'policies': 'policy', 'technologies': 'technology',
                          'rulesets': 'ruleset'}.get(folder, folder), 'template', 'templates'):
        rng = f'{SCHEMA}{name}.rng'
        if os.path.exists(os.path.join(lint.ROOT, rng)):
            return rng
    return None


def validate(schema, path):
    result = subprocess.run(['xmllint', '--nonet', '--noout', '--relaxng', schema, path],
                            cwd=lint.ROOT, stderr=subprocess.PIPE, check=False)
    return result.stderr.decode().splitlines()[:5] if result.returncode else []


def check(path):
    schema = schema_for(path)
    return validate(schema, path) if schema else [f'{path}: no schema for it']


def main():
    if shutil.which('xmllint') is None:
        lint.skip('no xmllint here (libxml2-utils)')
    paths = [p for p in lint.tree('.xml') if p.startswith('templates/')]
    if not paths:
        lint.skip('there are no templates')
    if '--self-test' in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            bad = os.path.join(folder, 'bad.xml')
            with open(bad, 'w', encoding='utf-8') as file:
                file.write('<policy><no-such-rule/></policy>\n')
            lint.expect([((bad,), 'bad.xml')], [],
                        lambda path: validate(schema_for(paths[0]), path))
    lint.report([fault for path in paths for fault in check(path)], len(paths))


if __name__ == '__main__':
    main()
