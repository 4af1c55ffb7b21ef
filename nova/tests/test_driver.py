# SPDX-License-Identifier: Apache-2.0
"""in_nova_driver.py in a root with Nova, beside a hostd on a recorded host that has SEV-SNP.

  test_driver.py HOSTD [ROOT]        nova (the default), nova26 or nova34 of build/roots, or a folder
"""

import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
import daemon_wire  # noqa: E402


def main(program, root="nova"):
    root = os.path.join(os.environ.get("CLOISTER_BUILD", SOURCE / "build"), "roots", root)
    if not os.path.exists(f"{root}/.cloister-root"):
        print(f"no Nova in {root}: tests/stack/make-root {os.path.basename(root)} makes it")
        return 77
    if os.getuid() != 0:
        print("needs root: it mounts, and changes its root folder")
        return 77
    with daemon_wire.Hostd(program, str(SOURCE / "tests" / "hosts" / "milan-snp")) as hostd:
        hostd.start()
        status = subprocess.run([SOURCE / "tests" / "stack" / "in-nova", root, hostd.folder,
                                 "nova/tests/in_nova_driver.py", *sys.argv[3:]], check=False)
        if status.returncode != 0:
            print(f"hostd said:\n{hostd.said()[-6000:]}")
        return status.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
