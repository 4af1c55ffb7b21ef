# SPDX-License-Identifier: Apache-2.0
"""The main job under a real libvirtd with a real QEMU: rewritten, gated, started, listed, stopped.

    launch_simhost.py SUITE RECORDING POLICY...

The programs come from the environment: CLOISTERCTL, CLOISTER_HOSTD, CLOISTER_HOOK, CLOISTER_TEMPLATES,
SIMHOST_TOOLS.
"""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "simhost"))
import simhost  # noqa: E402

PLAIN = """<domain type='kvm'>
  <name>%(name)s</name>
  <uuid>%(uuid)s</uuid>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os%(efi)s>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <features>
    <acpi/>
    <vmcoreinfo/>
  </features>
  <cpu mode='host-passthrough'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/%(name)s.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='user'>
      <model type='virtio'/>
    </interface>
    <serial type='pty'/>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""


def uuid(n):
    return "6b7c8bdb-10ce-4958-aa98-%012x" % n


class Launch(unittest.TestCase):
    policies = []

    @classmethod
    def setUpClass(cls):
        cls.ctl = os.environ["CLOISTERCTL"]
        cls.host = h = simhost.SimHost()
        h.install_hook(os.environ["CLOISTER_HOOK"])
        h.start_hostd(os.environ["CLOISTER_HOSTD"], os.environ["CLOISTER_TEMPLATES"])
        h.libvirtd()

    def cloisterctl(self, *args, input=None):
        return subprocess.run([self.ctl] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, input=input)

    def define(self, xml, name):
        self.host.write("/srv/%s.xml" % name, xml)
        return self.host.virsh("define", "/srv/%s.xml" % name, check=False)

    def plain(self, name, n, efi=True):
        self.host.disk("/var/lib/libvirt/images/%s.qcow2" % name)
        return PLAIN % {"name": name, "uuid": uuid(n), "efi": " firmware='efi'" if efi else ""}

    def rewritten(self, policy, name, n):
        r = self.cloisterctl("rewrite", "--policy", policy, "-", input=self.plain(name, n))
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def start(self, name):
        r = self.host.virsh("start", name, check=False)
        self.assertEqual(r.returncode, 0, r.stderr + self.host.log("var/log/libvirt/qemu/%s.log" % name))
        self.assertEqual(self.host.virsh("domstate", name).stdout.strip(), "running")

    def verify(self, policy, xml, stage):
        return self.cloisterctl("verify", "--offline", "--host", self.host.recording, "--policy", policy,
                                "--stage", stage, "-", input=xml)

    def test_guests_launch_under_each_policy(self):
        for n, policy in enumerate(self.policies, 1):
            with self.subTest(policy=policy):
                name = "guest-" + policy
                xml = self.rewritten(policy, name, n)
                r = self.define(xml, name)
                self.assertEqual(r.returncode, 0, r.stderr)
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
                self.assertEqual(self.host.virsh("domstate", name).stdout.strip(), "shut off")

    def test_a_stripped_guest_is_vetoed(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "stripped", 77)
        bare = re.sub(r"\s*<launchSecurity.*</launchSecurity>", "", xml, flags=re.S)
        bare = re.sub(r"\s*<metadata>.*</metadata>", "", bare, flags=re.S)
        self.assertNotEqual(bare, xml)
        r = self.define(bare, "stripped")
        self.assertEqual(r.returncode, 0, r.stderr)
        r = self.host.virsh("start", "stripped", check=False)
        self.assertNotEqual(r.returncode, 0)
        self.assertIn("Hook script execution failed", r.stderr)
        self.assertIn("launchSecurity", r.stderr)
        self.assertEqual(self.host.virsh("domstate", "stripped").stdout.strip(), "shut off")

    def test_an_ordinary_guest_is_nobodys_business(self):
        r = self.define(self.plain("ordinary", 88, efi=False), "ordinary")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.start("ordinary")
        self.host.virsh("destroy", "ordinary")

    def test_running_guests_outlive_libvirtd(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "stays", 99)
        self.assertEqual(self.define(xml, "stays").returncode, 0)
        self.start("stays")
        self.host.stop_libvirtd()
        self.host.libvirtd()
        self.assertEqual(self.host.virsh("domstate", "stays").stdout.strip(), "running")
        self.host.virsh("destroy", "stays")

    def test_the_simulator_says_no(self):
        policy = self.policies[-1]
        xml = self.rewritten(policy, "refused", 66)
        self.assertEqual(self.define(xml, "refused").returncode, 0)
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
