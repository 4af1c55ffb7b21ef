# SPDX-License-Identifier: Apache-2.0
"""The real virsh domcapabilities, virt-host-validate and lscpu on a simulated host, beside cloister-hostd's answer there.

    capabilities_simhost.py SUITE RECORDING

Each is held to two things: it says what peers.py has of it, so that hosts_peers.py is about the real programs; and where
that is not what Cloister says, the table of peers_differences.py has the reason.

Files are the recording's for all of them: /proc/cpuinfo, /sys/module, /dev/sev. The CPUID instruction is not: nothing can
be laid under it, and it shows the machine below. lscpu takes the vendor of a hypervisor from it, virt-host-validate
SEV-ES and SEV-SNP; those are left out. Cloister reads CPUID from the recording.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import hosts_peers
from peers import PEERS, Machine
from simguest import Guests, simhost

EMULATOR = "/usr/bin/qemu-system-x86_64"
# Recordings, and what is told of them. SGX is not simulated: QEMU asks the processor for it.
TOLD = {"milan-snp": {"sev", "sev-es", "sev-snp"}, "spr-tdx": {"tdx"}}


class Capabilities(Guests):
    recording = None

    @classmethod
    def setUpClass(cls):
        """hostd has the recording without its libvirt: the one that runs here is asked."""
        cls.ctl = os.environ["CLOISTERCTL"]
        Guests.host = h = simhost.SimHost()
        cls.recorded, cls.folder = Machine(h.recording), os.path.join(tempfile.mkdtemp(), cls.recording)
        shutil.copytree(h.recording, cls.folder)
        shutil.rmtree(os.path.join(cls.folder, "libvirt"))
        h.recording = cls.folder
        h.install_hook(os.environ["CLOISTER_HOOK"])
        h.start_hostd(os.environ["CLOISTER_HOSTD"], os.environ["CLOISTER_TEMPLATES"])
        h.libvirtd()
        text = h.virsh("domcapabilities", "--emulatorbin", EMULATOR, "--machine", "q35", "--virttype", "kvm").stdout
        cls.machine = Machine(cls.folder)
        cls.machine.domcapabilities = ElementTree.fromstring(text)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(os.path.dirname(cls.folder))

    def setUp(self):
        self.until(lambda: self.libvirt_layer() == "asked", "hostd asks libvirt")

    def run_there(self, *args):
        """Of the root, in English, as a text; how it exits is its own affair."""
        return subprocess.run(["chroot", self.host.root, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, check=False).stdout

    def answer(self):
        r = self.cloisterctl("capabilities", "--json")
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def libvirt_layer(self):
        r = self.cloisterctl("status", "--json")
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)["libvirt"]["capabilities"]

    # ---- the programs say what peers.py has of them ----
    def test_virt_host_validate(self):
        text = self.run_there("virt-host-validate", "qemu")
        found = re.search(r"secure guest support\s*:\s*(\w+)", text)
        self.assertIsNotNone(found, text)
        technology = "sev" if "sev" in TOLD[self.recording] else "tdx"
        ours = self.answer()["technologies"][technology]["verdict"]
        self.assertEqual((found[1], ours), ("PASS", "usable"), text)

    def test_lscpu(self):
        fields = {f["field"].rstrip(":"): f["data"] for f in json.loads(self.run_there("lscpu", "--json"))["lscpu"]}
        self.assertEqual(sorted(fields["Flags"].split()), sorted(self.machine.flags()))
        self.assertTrue(all(PEERS["lscpu"](self.machine)[t]["usable"] for t in TOLD[self.recording]))
        # The vendor of a hypervisor is from CPUID, of the machine below; that this is a host is from the recording.
        self.assertNotIn("hypervisor", fields["Flags"].split())
        self.assertFalse(self.answer()["host"]["guest"])

    def test_domcapabilities(self):
        live, recorded = PEERS["domcapabilities"](self.machine), PEERS["domcapabilities"](self.recorded)
        for technology in TOLD[self.recording]:
            self.assertTrue(live[technology]["usable"], technology)
            self.assertEqual(live[technology], recorded[technology])

    # ---- and differ from ours where the table says so, only ----
    def test_against_ours(self):
        answer = self.answer()
        for technology in TOLD[self.recording]:
            said = [e["value"] for e in answer["technologies"][technology]["evidence"]
                    if e["source"] == "libvirt domcapabilities"]
            self.assertIn("yes", "\n".join(said), technology)
        faults = hosts_peers.compare(self.recording, self.machine, answer, TOLD[self.recording])
        self.assertEqual(faults, [], "\n" + "\n".join(faults))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Capabilities.recording = sys.argv[2]
    unittest.main(argv=sys.argv[:1], verbosity=2)
