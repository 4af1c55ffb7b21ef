# SPDX-License-Identifier: Apache-2.0
"""Guests of a simulated host, for tests that walk them through a real libvirtd.

The programs come from the environment: CLOISTERCTL, CLOISTER_HOSTD, CLOISTER_HOOK, CLOISTER_TEMPLATES,
SIMHOST_TOOLS.
"""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "simhost"))
import simhost  # noqa: E402

BINDINGS = "/var/lib/cloister/bindings"
SOCKET = "/run/cloister/hook/hook.sock"
# One word of the launch policy turned so that the host may read the guest's memory, and who finds it.
WEAKER = {"sev-es": ("37</policy>", "36</policy>", "sev-debug-off"),
          "snp": ("30000</policy>", "b0000</policy>", "snp-debug-off"),
          "tdx": ("10000000</policy>", "10000001</policy>", "tdx-debug-off")}

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


def uuid_of(name):
    """One guest, one UUID, in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def without(xml, *elements):
    for element in elements:
        bare = re.sub(r"\s*<%s\b.*</%s>" % (element, element), "", xml, flags=re.S)
        if bare == xml:
            raise AssertionError("there was no <%s> to take away" % element)
        xml = bare
    return xml


def stripped(xml):
    """The guest as it was asked for, in clear, and nothing in it says that it was ever more."""
    bare = without(xml, "launchSecurity", "metadata")
    assert "cloister" not in bare
    return bare


class Guests(unittest.TestCase):
    """libvirtd, cloister-hostd and the hook between them are up when a test begins."""

    host = None

    @classmethod
    def setUpClass(cls):
        cls.ctl = os.environ["CLOISTERCTL"]
        if Guests.host is None:
            Guests.host = h = simhost.SimHost()
            h.install_hook(os.environ["CLOISTER_HOOK"])
            h.start_hostd(os.environ["CLOISTER_HOSTD"], os.environ["CLOISTER_TEMPLATES"])
            h.libvirtd()

    # ---- ours ----
    def cloisterctl(self, *args, input=None):
        return subprocess.run([self.ctl] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, input=input)

    def plain(self, name, efi=True, identity=None):
        """An ordinary guest, and a disk for it."""
        self.host.disk("/var/lib/libvirt/images/%s.qcow2" % name)
        return PLAIN % {"name": name, "uuid": identity or uuid_of(name), "efi": " firmware='efi'" if efi else ""}

    def rewritten(self, policy, name):
        """The guest under a launch policy; from now on it is bound to it."""
        r = self.cloisterctl("rewrite", "--policy", policy, "-", input=self.plain(name))
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def binding_of(self, name):
        return os.path.join(BINDINGS, uuid_of(name))

    def listed(self, identity):
        """What `cloisterctl domains` has of a guest; hostd may have to find a libvirtd that came back."""
        deadline = time.monotonic() + 10
        r = self.cloisterctl("domains", "--json")
        while r.returncode and time.monotonic() < deadline:
            time.sleep(0.2)
            r = self.cloisterctl("domains", "--json")
        self.assertEqual(r.returncode, 0, r.stderr)
        answer = json.loads(r.stdout)
        self.assertEqual(answer["problems"], [])
        rows = [row for row in answer["domains"] if row["uuid"] == identity]
        self.assertEqual(len(rows), 1, r.stdout)
        return rows[0]

    # ---- libvirt's ----
    def defined(self, xml, name):
        r = self.host.virsh("define", self.host.write("/srv/%s.xml" % name, xml), check=False)
        self.assertEqual(r.returncode, 0, r.stderr)

    def state(self, name):
        return self.host.virsh("domstate", name).stdout.strip()

    def start(self, name):
        r = self.host.virsh("start", name, check=False)
        self.assertEqual(r.returncode, 0, r.stderr + self.host.log("var/log/libvirt/qemu/%s.log" % name))
        self.assertEqual(self.state(name), "running")

    def until(self, true, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), deadline, "%s: not within %d s" % (what, seconds))
            time.sleep(0.05)


class Walk(Guests):
    """Guests of one launch policy. After each test, every binding that it made is still there."""

    policy = None

    def setUp(self):
        self.promised = {}
        self.mark()

    def tearDown(self):
        self.hostd_is_back()
        for name, policy in self.promised.items():
            self.assertTrue(os.path.exists(self.binding_of(name)), name)
            self.assertEqual(self.listed(uuid_of(name))["policy"], policy)

    def hostd_is_back(self):
        self.host.hostd.send_signal(signal.SIGCONT)
        if self.host.hostd.poll() is not None:
            self.host.restart_hostd()

    # ---- a guest ----
    def kept(self, name):
        """Nothing of the guest is left in libvirt after the test."""
        self.addCleanup(self.host.virsh, "destroy %s; undefine %s --nvram --managed-save --snapshots-metadata"
                        % (name, name), check=False)

    def bind(self, xml):
        """The guest under the launch policy of this walk."""
        r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=xml)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.promised[re.search("<name>(.*)</name>", xml)[1]] = self.policy
        return r.stdout

    def protected(self, name):
        """A guest that is bound and defined; its XML."""
        self.kept(name)
        xml = self.bind(self.plain(name))
        self.defined(xml, name)
        return xml

    def ordinary(self, name):
        self.kept(name)
        self.defined(self.plain(name, efi=False), name)

    def weaker(self, xml):
        strong, weak, _ = WEAKER[self.policy]
        changed = xml.replace(strong, weak)
        self.assertNotEqual(changed, xml)
        return changed

    # ---- what comes out ----
    @staticmethod
    def hook_asks(name):
        """Whether a hook of the guest's start has a socket to hostd open."""
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path) as f:
                    words = f.read().split("\0")
                if words[1:3] == [name, "prepare"] and words[0].endswith("/50-cloister"):
                    return any(os.readlink(fd).startswith("socket:")
                               for fd in glob.glob(os.path.dirname(path) + "/fd/*"))
            except OSError:
                pass
        return False

    def mark(self):
        """The log of hostd is read from here."""
        self.log_seen = os.path.getsize(self.host.hostd_log)

    def said(self, name):
        """What hostd was asked about a guest since mark(), and its answers: "allow prepare", ..."""
        with open(self.host.hostd_log) as f:
            f.seek(self.log_seen)
            return re.findall(r'gate: (\w+ \w+) of "%s" ' % re.escape(name), f.read())

    def runs(self, name):
        return self.state(name) != "shut off" or self.host.qemu_pid(name) is not None

    def assertVetoed(self, r, name, *words, operation="prepare"):
        """libvirt passes on who refused what, and why; nothing runs."""
        self.assertEqual(r.returncode, 1, r.stdout)
        self.assertIn("Hook script execution failed", r.stderr)
        self.assertIn("cloister: %s of domain %s refused: " % (operation, name), r.stderr)
        for word in words:
            self.assertIn(word, r.stderr)
        self.assertIsNone(self.host.qemu_pid(name))

    def start_is_vetoed(self, name, *words, operation="prepare"):
        self.mark()
        r = self.host.virsh("start", name, check=False)
        self.assertVetoed(r, name, *words, operation=operation)
        self.assertEqual(self.state(name), "shut off")
        if self.host.hostd_listens():
            self.assertIn("veto " + operation, self.said(name))


def walk_main(doc):
    """SUITE RECORDING POLICY [CLASS...], inside the simulated host."""
    if len(sys.argv) < 4:
        print(doc, file=sys.stderr)
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Walk.policy = sys.argv[3]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
