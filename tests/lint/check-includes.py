#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom (doc/architecture.md): the table below, and no other edge.

Only engine/ joins two leaves, so a folder can be read, tested and replaced by itself.
"""

import re
import sys

import lint

LEAVES = ['base', 'sys', 'platform', 'firmware', 'attest', 'launch', 'store', 'net', 'fetch',
          'report', 'virt']
FOLDERS = {
    'base': [],
    'sys': ['base'],
    'platform': ['base', 'sys'],
    'firmware': ['base', 'sys'],
    'attest': ['base'],
    'launch': ['base'],
    'store': ['base'],
    'net': ['base'],
    'fetch': ['base', 'net', 'attest'],
    'report': ['base', 'net'],
    'virt': ['base'],
    'engine': LEAVES,
    'ipc': ['base'],
    # The daemon passes types of the leaves on and so needs their headers; it calls the engine.
    'daemon': ['base', 'engine', 'ipc', 'launch', 'store', 'virt', 'sys'],
    'cli': ['base', 'ipc', 'engine', 'launch'],
}

# Foreign headers and the folders that may include them; whatever stands in no row is free for all.
FOREIGN = [
    (r'libvirt/', ['virt']),
    (r'libxml/', ['launch', 'virt', 'engine']),
    (r'openssl/', ['attest']),
    (r'curl/', ['net']),
    (r'libudev\.h', ['daemon']),
    (r'(linux|asm)/', ['sys']),
    (r'sys/ioctl\.h|cpuid\.h|sys/mman\.h', ['sys']),
]

# Calls that belong to one place. (what is looked for, where it may stand, why)
CALLS = [
    (r'\b(ioctl|syscall) \(', ['hostd/sys/'], 'only sys/ touches devices'),
    (r'"/(dev|sys|proc)/|\bopen(at)? \([^;]*"/?dev/', ['hostd/sys/'],
     'only sys/ touches devices, below its root'),
    (r'\bjson_parser_', ['hostd/base/json.c'], 'only base/json parses JSON: it holds the limits'),
    (r'\b(hostd_replace_file_at|renameat2?|rename|g_file_set_contents\w*|mkstemp|g_mkstemp\w*) \(',
     ['hostd/store/', 'hostd/base/io.c', 'hostd/base/io.h'], 'only store/ writes files'),
    (r'\bvir(Connect|Domain|Network|Secret|Event|Node)[A-Z]\w+ \(', ['hostd/virt/'],
     'only virt/ talks to libvirt'),
    (r'\bxml(Read|Parse|CtxtRead)\w+ \(|\bxmlNewParserCtxt \(',
     ['hostd/launch/', 'hostd/virt/'], 'XML is parsed behind guards'),
]

HOOK_OWN = r'(config|\w[\w-]*)\.h|ipc/wire\.h'
HOOK_LIBC = r'(?!glib|gio|gmodule)(sys/|netinet/)?[a-z0-9_]+\.h'


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
        if match:
            yield number, match[1], match[2]


def check_hostd(path, text):
    folder = path.split('/')[1]
    if folder not in FOLDERS:
        return [f'{path}: folder "{folder}" is not in the table of tests/lint/check-includes.py']
    faults = []
    for number, kind, name in includes(text):
        where = f'{path}:{number}'
        target = name.split('/')[0]
        if kind == '"':
            if name == 'config.h' or '/' not in name or target == folder:
                if '/' not in name and name not in ('config.h', 'descriptions.h'):
                    faults.append(f'{where}: write "{folder}/{name}": hostd/ is the include root')
            elif target not in FOLDERS[folder]:
                faults.append(f'{where}: {folder}/ may not include {name}')
            continue
        for pattern, allowed in FOREIGN:
            if re.match(pattern, name) and folder not in allowed:
                faults.append(f'{where}: {folder}/ may not include <{name}>')
    return faults + check_calls(path, text)


def check_calls(path, text):
    faults = []
    code = re.sub(r'/\*.*?\*/', lambda m: '\n' * m[0].count('\n'), text, flags=re.S)
    for pattern, allowed, why in CALLS:
        if path.startswith(tuple(allowed)):
            continue
        for match in re.finditer(pattern, code):
            number = code.count('\n', 0, match.start()) + 1
            faults.append(f'{path}:{number}: {match[0].strip(" (")}: {why}')
    return faults


def check_hook(path, text):
    faults = []
    for number, kind, name in includes(text):
        allowed = HOOK_OWN if kind == '"' else HOOK_LIBC
        if not re.fullmatch(allowed, name):
            faults.append(f'{path}:{number}: the hook knows libc and ipc/wire.h, not {name}')
    return faults


def check_wire(path, text):
    """ipc/wire.h is shared with the hook: constants only."""
    return [f'{path}:{number}: the hook includes this file, so it includes nothing'
            for number, _, _ in includes(text)]


def check(path, text):
    if path == 'hostd/ipc/wire.h':
        return check_wire(path, text)
    if path.startswith('libvirt-hooks/'):
        return check_hook(path, text)
    return check_hostd(path, text)


def self_test():
    bad = [
        (('hostd/launch/a.c', '#include "sys/sys.h"\n'), 'may not include sys/sys.h'),
        (('hostd/base/a.c', '#include "launch/a.h"\n'), 'may not include'),
        (('hostd/store/a.c', '#include <libxml/tree.h>\n'), 'may not include <libxml/tree.h>'),
        (('hostd/daemon/a.c', '#include <libvirt/libvirt.h>\n'), 'may not include'),
        (('hostd/platform/a.c', '  ioctl (fd, 1);\n'), 'only sys/'),
        (('hostd/virt/a.c', '  fd = openat (root, "dev/sev", O_RDWR);\n'), 'only sys/'),
        (('hostd/platform/a.c', '#include <linux/kvm.h>\n'), 'may not include'),
        (('hostd/engine/a.c', 'json_parser_new ();\n'), 'base/json'),
        (('hostd/cli/a.c', '\nrename (a, b);\n'), 'cli/a.c:2'),
        (('hostd/engine/a.c', 'virDomainGetXMLDesc (d, 0);\n'), 'libvirt'),
        (('hostd/new/a.c', ''), 'not in the table'),
        (('hostd/base/a.c', '#include "io.h"\n'), 'include root'),
        (('libvirt-hooks/a.c', '#include <glib.h>\n#include "base/io.h"\n'), 'base/io.h'),
        (('libvirt-hooks/a.c', '#include <gio/gio.h>\n'), 'gio/gio.h'),
        (('hostd/ipc/wire.h', '#include <glib.h>\n'), 'includes nothing'),
    ]
    good = [
        ('hostd/platform/a.c', '#include "config.h"\n#include "sys/sys.h"\n#include <glib.h>\n'),
        ('hostd/engine/a.c', '#include "launch/a.h"\n#include "store/b.h"\n'),
        ('hostd/cli/a.c', '/* never rename (a, b) here */\n'),
        ('libvirt-hooks/a.c', '#include "ipc/wire.h"\n#include "scan.h"\n#include <sys/un.h>\n'),
    ]
    lint.expect(bad, good, check)


def main():
    if '--self-test' in sys.argv:
        self_test()
    paths = [p for p in lint.tree('.c', '.h') if p.startswith(('hostd/', 'libvirt-hooks/'))]
    lint.report([fault for path in paths for fault in check(path, lint.read(path))], len(paths))


if __name__ == '__main__':
    main()
