# SPDX-License-Identifier: Apache-2.0
"""Nova's own unit tests with and without our driver in LibvirtDriver's place: the same ones pass.

  peer.py [--touched] [ROOT]

All of nova.tests.unit.virt.libvirt, or with --touched only the tests of what the driver overrides.
ROOT defaults to build/roots/nova of the checkout. hostd is a stub that says yes.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = "nova.tests.unit.virt.libvirt.test_driver"
# Parts of the names of the tests in test_driver that go through what we override.
TOUCHED = ("get_guest_xml hard_reboot suspend resume attach_volume attach_interface spawn rescue "
           "live_migrat create_guest create_domain migrate_disk rebuild get_volume_config "
           "swap_volume snapshot sev public_api init_host").split()


def modules(root):
    folder = pathlib.Path(root) / "usr/lib/python3/dist-packages/nova/tests/unit/virt/libvirt"
    names = [path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
             for path in sorted(folder.rglob("test_*.py"))]
    return [f"nova.tests.unit.virt.libvirt.{name}" for name in names]


def start(root, which, shared, words, parts):
    return [subprocess.Popen([SOURCE / "tests" / "stack" / "in-nova", root, shared,
                              "nova/tests/in_nova_peer.py", which,
                              f"/mnt/shared/{which}-{i}.json", words, *part],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for i, part in enumerate(parts)]


def collect(shared, which, started):
    outcomes = {}
    for i, process in enumerate(started):
        if process.wait() != 0:
            raise SystemExit(f"{which}: part {i} of the tests ended with {process.returncode}")
        with open(f"{shared}/{which}-{i}.json", encoding="utf-8") as file:
            outcomes.update(json.load(file))
    return outcomes


def run(root, touched):
    words, parts = (",".join(TOUCHED), [[DRIVER]]) if touched else (
        "-", [[f"0/2:{DRIVER}"], [f"1/2:{DRIVER}", *(m for m in modules(root) if m != DRIVER)]])
    with tempfile.TemporaryDirectory(prefix="cloister-peer-") as shared:
        if touched:  # both at once
            started = {which: start(root, which, shared, words, parts)
                       for which in ("plain", "ours")}
            return [collect(shared, which, started[which]) for which in ("plain", "ours")]
        return [collect(shared, which, start(root, which, shared, words, parts))
                for which in ("plain", "ours")]


def summary(outcomes):
    kinds = [outcome for outcome, _ in outcomes.values()]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--touched", action="store_true")
    parser.add_argument("root", nargs="?", default=os.path.join(
        os.environ.get("CLOISTER_BUILD", SOURCE / "build"), "roots", "nova"))
    arguments = parser.parse_args()
    if not os.path.exists(f"{arguments.root}/.cloister-root"):
        print(f"no Nova in {arguments.root}: tests/stack/make-root nova makes it")
        return 77
    if os.getuid() != 0:
        print("needs root: it mounts, and changes its root folder")
        return 77
    plain, ours = run(arguments.root, arguments.touched)
    print(f"without our driver: {summary(plain)}\nwith it:            {summary(ours)}")
    changed = [test for test in sorted(plain.keys() | ours.keys())
               if plain.get(test, ["absent"])[0] != ours.get(test, ["absent"])[0]]
    for test in changed:
        was, now = plain.get(test, ["absent", ""]), ours.get(test, ["absent", ""])
        print(f"{test}: {was[0]} without, {now[0]} with our driver\n{now[1]}")
    broken = [test for test, (outcome, _) in plain.items() if outcome in ("error", "fail")]
    for test in broken:
        print(f"{test} does not pass without our driver either")
    if len(plain) < (200 if arguments.touched else 2000):
        print(f"only {len(plain)} tests were found: Nova's are not where they were")
        return 1
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
