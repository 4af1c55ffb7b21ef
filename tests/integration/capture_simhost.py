# SPDX-License-Identifier: Apache-2.0
"""A capture on a host where libvirtd runs: its folder answers, elsewhere and without libvirt, as cloister-hostd does here.

    capture_simhost.py SUITE RECORDING POLICY

A real libvirtd and QEMU on a simulated host.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from simguest import Guests, simhost


class Captured(Guests):
    policy = None

    def capture(self, *args):
        folder = os.path.join(tempfile.mkdtemp(), "host")
        self.addCleanup(shutil.rmtree, os.path.dirname(folder))
        r = self.cloisterctl("capture", "--root", self.host.root, "--replay", self.host.recording,
                             *args, folder)
        self.assertEqual(r.returncode, 0, r.stderr)
        return folder, r.stderr

    def read(self, folder, path):
        with open(os.path.join(folder, path)) as f:
            return f.read()

    def answers(self, *args):
        r = self.cloisterctl("capabilities", "--json", *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def test_answers_as_the_host(self):
        """hostd answers from the recording; the capture from the simulated machine and its real libvirt."""
        folder, notes = self.capture()
        self.assertNotIn("libvirt", notes)
        here, there = self.answers(), self.answers("--offline", "--host", folder)
        for name, facts in here["technologies"].items():
            with self.subTest(technology=name):
                for answer in (here, there):  # of the machine below, which is not simulated in it
                    answer["technologies"][name]["values"].pop("smt", None)
                for member in ("verdict", "layer", "cause", "fix", "values"):
                    self.assertEqual(there["technologies"][name].get(member), facts.get(member), member)
                for member in ("total", "pool"):
                    self.assertEqual((there["technologies"][name].get("capacity") or {}).get(member),
                                     (facts.get("capacity") or {}).get(member), member)
        sev = there["technologies"]["sev"]
        said = [e["value"] for e in sev["evidence"] if e["source"] == "libvirt domcapabilities"]
        self.assertIn("sev: yes", said)
        # Programs below another root cannot be run, and the capture says so, as a machine would.
        self.assertIn("\nqemu-objects /usr/bin/qemu-system-x86_64 unsupported ", self.read(folder, "unreadable"))

    def test_what_libvirt_says(self):
        folder, _ = self.capture("--unmasked")
        self.assertIn("<domainCapabilities>", self.read(folder, "libvirt/domcapabilities.xml"))
        version = self.host.virsh("version").stdout
        self.assertIn("libvirt " + self.read(folder, "libvirt/version").strip(), version)
        chip = self.read(folder, "libvirt/domcapabilities.xml").partition("<cpu0Id>")[2].partition("<")[0]
        masked, _ = self.capture()
        if set(chip) - {"A", "="}:
            self.assertNotIn(chip, self.read(masked, "libvirt/domcapabilities.xml"))

    def test_running_guests(self):
        self.addCleanup(self.host.virsh, "destroy counted; undefine counted --nvram", check=False)
        r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=self.plain("counted"))
        self.assertEqual(r.returncode, 0, r.stderr)
        self.defined(r.stdout, "counted")
        self.start("counted")
        folder, _ = self.capture()
        self.assertIn("\nsev-snp 1\n", self.read(folder, "libvirt/running"))

    def test_libvirtd_hangs(self):
        os.kill(self.host.libvirtd_pid(), signal.SIGSTOP)
        try:
            folder, notes = self.capture()
        finally:
            os.kill(self.host.libvirtd_pid(), signal.SIGCONT)
        self.assertIn("libvirt did not answer within", notes)
        self.assertIn("libvirt did not answer", self.read(folder, "about"))
        self.assertFalse(os.path.exists(os.path.join(folder, "libvirt")))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Captured.policy = sys.argv[3]
    unittest.main(argv=sys.argv[:1], verbosity=2)
