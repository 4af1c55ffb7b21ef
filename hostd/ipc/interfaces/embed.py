#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C header of the .varlink files: `embed.py OUTPUT FILE...`."""
import os
import re
import sys


def check(path, text):
    """Types, methods and errors of an interface share one set of names: python3-varlink keeps only
    the last of two alike, and then cannot read what the first one says."""
    names = re.findall(r'^(?:type|method|error)\s+(\w+)', text, re.M)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        sys.exit(f'{path}: defined twice: {", ".join(twice)}')


def main():
    output, files = sys.argv[1], sys.argv[2:]
    with open(output, "w", encoding="utf-8") as out:
        out.write("/* Made by embed.py. */\n#pragma once\n")
        for path in files:
            name = os.path.basename(path)[: -len(".varlink")].replace(".", "_")
            out.write(f"\nstatic const char hostd_description_{name}[] G_GNUC_UNUSED =\n")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            check(path, text)
            for line in text.splitlines():
                line = line.replace("\\", "\\\\").replace('"', '\\"')
                out.write(f'    "{line}\\n"\n')
            out.write("    ;\n")


if __name__ == "__main__":
    main()
