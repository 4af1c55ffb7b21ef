# SPDX-License-Identifier: Apache-2.0
"""The main job under a real libvirtd with a real QEMU: rewritten, gated, started, listed, stopped.

    launch_simhost.py SUITE RECORDING POLICY...

The programs come from the environment: CLOISTERCTL, CLOISTER_HOSTD, CLOISTER_HOOK, CLOISTER_TEMPLATES,
SIMHOST_TOOLS.
"""
import os
import sys
import unittest

from simguest import Guests, simhost, stripped


class Launch(Guests):
    policies = []

    def verify(self, policy, xml, stage):
        return self.cloisterctl("verify", "--offline", "--host", self.host.recording, "--policy", policy,
                                "--stage", stage, "-", input=xml)

    def test_guests_launch_under_each_policy(self):
        for policy in self.policies:
            with self.subTest(policy=policy):
                name = "guest-" + policy
                xml = self.rewritten(policy, name)
                self.defined(xml, name)
                inactive = self.host.virsh("dumpxml", "--inactive", name).stdout
                r = self.verify(policy, inactive, "definition")
                self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
                self.start(name)
                live = self.host.virsh("dumpxml", name).stdout
                self.assertIn("<launchSecurity", live)
                r = self.verify(policy, live, "start")
                self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
                self.assertIn(name, self.host.virsh("list", "--name").stdout)
                self.host.virsh("destroy", name)
                self.assertEqual(self.state(name), "shut off")

    def test_a_stripped_guest_is_vetoed(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "stripped")
        self.defined(stripped(xml), "stripped")
        r = self.host.virsh("start", "stripped", check=False)
        self.assertNotEqual(r.returncode, 0)
        self.assertIn("Hook script execution failed", r.stderr)
        self.assertIn("launchSecurity", r.stderr)
        self.assertEqual(self.state("stripped"), "shut off")

    def test_an_ordinary_guest_is_nobodys_business(self):
        self.defined(self.plain("ordinary", efi=False), "ordinary")
        self.start("ordinary")
        self.host.virsh("destroy", "ordinary")

    def test_running_guests_outlive_libvirtd(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "stays")
        self.defined(xml, "stays")
        self.start("stays")
        self.host.stop_libvirtd()
        self.host.libvirtd()
        self.assertEqual(self.state("stays"), "running")
        self.host.virsh("destroy", "stays")

    def test_the_simulator_says_no(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "refused")
        self.defined(xml, "refused")
        self.host.write("/etc/simhost/refuse", "launch\n")
        try:
            r = self.host.virsh("start", "refused", check=False)
        finally:
            os.unlink(os.path.join(self.host.root, "etc/simhost/refuse"))
        self.assertNotEqual(r.returncode, 0)
        self.start("refused")
        self.host.virsh("destroy", "refused")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Launch.policies = sys.argv[3:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
