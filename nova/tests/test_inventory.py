# SPDX-License-Identifier: Apache-2.0
"""in_nova_inventory.py in a root with Nova, with what a hostd tells of recorded hosts.

  test_inventory.py HOSTD [NAME]        NAME of the root that make-root made, by default nova
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
import daemon_wire  # noqa: E402

HOSTS = ("milan-snp", "milan-snp-leak", "milan-iommu-pt", "min-asid-1", "turin-hiding", "spr-tdx",
         "spr-tdx-quote-ready", "plain-vm")


def ask(program, host):
    with daemon_wire.Hostd(program, str(SOURCE / "tests" / "hosts" / host)) as hostd:
        hostd.start()
        with hostd.client("compute") as client:
            return client.call("io.cloister.Launch.Inventory")


def main(program, name="nova"):
    root = os.path.join(os.environ.get("CLOISTER_BUILD", SOURCE / "build"), "roots", name)
    if not os.path.exists(f"{root}/.cloister-root"):
        print(f"no Nova in {root}: tests/stack/make-root {name} makes it")
        return 77
    if os.getuid() != 0:
        print("needs root: it mounts, and changes its root folder")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for host in HOSTS:
            with open(f"{folder}/{host}.json", "w", encoding="utf-8") as file:
                json.dump(ask(program, host), file)
        return subprocess.run([SOURCE / "tests" / "stack" / "in-nova", root, folder,
                               "nova/tests/in_nova_inventory.py", *sys.argv[3:]],
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
