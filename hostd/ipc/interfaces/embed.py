#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C header of the .varlink files: `embed.py OUTPUT FILE...`."""
import os
import sys


def main():
    output, files = sys.argv[1], sys.argv[2:]
    with open(output, "w", encoding="utf-8") as out:
        out.write("/* Made by embed.py. */\n#pragma once\n")
        for path in files:
            name = os.path.basename(path)[: -len(".varlink")].replace(".", "_")
            out.write(f"\nstatic const char hostd_description_{name}[] G_GNUC_UNUSED =\n")
            with open(path, encoding="utf-8") as text:
                for line in text:
                    line = line.rstrip("\n").replace("\\", "\\\\").replace('"', '\\"')
                    out.write(f'    "{line}\\n"\n')
            out.write("    ;\n")


if __name__ == "__main__":
    main()
