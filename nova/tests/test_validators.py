# SPDX-License-Identifier: Apache-2.0
"""in_nova_validators.py in a root with Nova, on the parts as they are installed.

  test_validators.py BUILD [ROOT]    BUILD is meson's folder; ROOT defaults to build/roots/nova
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def install(build, folder):
    """What meson installs for Nova, in @folder/site."""
    stage = pathlib.Path(folder, "stage")
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--tags", "nova",
                    "--destdir", stage], check=True, stdout=subprocess.DEVNULL)
    found = list(stage.rglob("*.dist-info"))
    assert len(found) == 1, found
    shutil.move(found[0].parent, pathlib.Path(folder, "site"))


def main(build, root=None):
    root = root or os.path.join(os.environ.get("CLOISTER_BUILD", SOURCE / "build"), "roots", "nova")
    if not os.path.exists(f"{root}/.cloister-root"):
        print(f"no Nova in {root}: tests/stack/make-root nova makes it")
        return 77
    if os.getuid() != 0:
        print("needs root: it mounts, and changes its root folder")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        install(build, folder)
        return max(subprocess.run(
            [SOURCE / "tests" / "stack" / "in-nova", root, folder,
             "nova/tests/in_nova_validators.py", which], check=False).returncode for which in ("Without", "WithOurs"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
