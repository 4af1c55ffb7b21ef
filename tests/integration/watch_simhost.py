# SPDX-License-Identifier: Apache-2.0
"""What cloister-hostd learns of libvirt, and what it does about it: armed, launched as asked, drift, who is there.

    watch_simhost.py SUITE RECORDING POLICY

A real libvirtd and QEMU on a simulated host.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from simguest import Guests, simhost, uuid_of

SPARE_PORTS = ("<controller type='pci' index='0' model='pcie-root'/>"
               + "<controller type='pci' model='pcie-root-port'/>" * 12)
CLEAR_NIC = "<interface type='user'><mac address='52:54:00:00:00:77'/><model type='virtio'/></interface>"
AUDIT_LOG = "/var/lib/cloister/audit.log"


class Watch(Guests):
    policy = None

    def setUp(self):
        self.until(lambda: self.status()["libvirt"]["state"] == "connected", "hostd finds libvirt")
        self.log_seen = os.path.getsize(self.host.hostd_log)

    # ---- what hostd says ----
    def status(self):
        r = self.cloisterctl("status", "--json")
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def logged(self):
        with open(self.host.hostd_log) as f:
            f.seek(self.log_seen)
            return f.read()

    def audited(self):
        with open(AUDIT_LOG) as f:
            return [json.loads(line) for line in f]

    # ---- a guest ----
    def protected(self, name, policy=None, more=""):
        """A guest that is bound and defined."""
        self.addCleanup(self.host.virsh, "destroy %s; undefine %s --nvram" % (name, name), check=False)
        xml = self.plain(name).replace("</devices>", more + "</devices>")
        r = self.cloisterctl("rewrite", "--policy", policy or self.policy, "-", input=xml)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.defined(r.stdout, name)


class Launched(Watch):
    def test_as_it_asked(self):
        for policy in ("sev", "sev-es"):
            with self.subTest(policy=policy):
                name = "asked-" + policy
                self.protected(name, policy)
                self.start(name)
                self.until(lambda: '"%s" was launched as it asked for' % name in self.logged(), "the check")
                self.assertEqual(self.state(name), "running")

    def test_otherwise(self):
        """The policy word that QEMU reports is not the one that was verified: the guest is ended."""
        name = "otherwise"
        self.protected(name, "sev")
        self.host.write("/etc/simhost/launched-policy", "0x2\n")
        self.addCleanup(os.unlink, os.path.join(self.host.root, "etc/simhost/launched-policy"))
        self.host.virsh("start", name)
        self.until(lambda: self.state(name) == "shut off", "the guest is ended")
        self.until(lambda: '"%s" was stopped' % name in self.logged(), "it is told")
        self.assertIn("launched-policy: the guest was launched with policy 0x2, and its domain says 0x3",
                      self.logged())
        mine = [r["event"] for r in self.audited() if r.get("uuid") == uuid_of(name)]
        self.assertEqual(mine, ["bind", "destroy", "destroyed"])

    def test_not_to_be_told(self):
        """SNP has nothing to compare; it is left alone."""
        self.protected("untold", "snp")
        self.start("untold")
        self.until(lambda: "started of \"untold\"" in self.logged(), "the hook")
        self.assertNotIn("launched", self.logged())


class Drift(Watch):
    def test_device_added(self):
        name = "drifts"
        self.protected(name, more=SPARE_PORTS)
        self.start(name)
        path = self.host.write("/srv/nic.xml", CLEAR_NIC)
        r = self.host.virsh("attach-device", name, path, check=False)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.until(lambda: "drift: what was added" in self.logged(), "it is reported")
        self.assertIn("iommu", self.logged())
        self.assertEqual(self.state(name), "running")
        self.assertIn("drift", [r["event"] for r in self.audited() if r.get("uuid") == uuid_of(name)])

    def test_harmless_device_added(self):
        name = "no-drift"
        self.protected(name, more=SPARE_PORTS)
        self.start(name)
        whole = CLEAR_NIC.replace("</interface>", "<driver iommu='on'/><rom enabled='no'/></interface>")
        r = self.host.virsh("attach-device", name, self.host.write("/srv/nic.xml", whole), check=False)
        self.assertEqual(r.returncode, 0, r.stderr)
        # The next event of libvirt is looked at after this one.
        self.host.virsh("destroy", name)
        self.until(lambda: self.listed(uuid_of(name))["state"] == "shut-off", "the end")
        self.assertNotIn("drift:", self.logged())


class Armed(Watch):
    def hook(self):
        return os.path.join(self.host.root, "etc/libvirt/hooks/qemu.d/50-cloister")

    def test_a_start_without_the_hook(self):
        self.protected("first")
        self.protected("second")
        self.start("first")
        self.assertEqual(self.status()["gate"]["armed"], "armed")
        # Out of the grace that a restarted hostd gives.
        kept = os.path.join(self.host.root, "srv/50-cloister")
        shutil.move(self.hook(), kept)
        try:
            self.until(self.starts_unseen, "the alarm", 60)
        finally:
            shutil.move(kept, self.hook())
        self.assertEqual(self.status()["gate"]["armed"], "not-armed")
        r = self.cloisterctl("doctor")
        self.assertEqual(r.returncode, 3)
        self.assertIn("error: gate-not-armed: domain second (%s)" % uuid_of("second"), r.stdout)
        r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=self.plain("third"))
        self.assertEqual(r.returncode, 69)
        self.assertIn("gate-not-armed", r.stderr)
        self.assertFalse(os.path.exists(self.binding_of("third")))

        # It outlives hostd.
        self.host.kill_hostd()
        self.host.restart_hostd()
        self.assertEqual(self.status()["gate"]["armed"], "not-armed")
        # The hook is seen at work: cured.
        self.host.virsh("destroy", "first")
        self.start("first")
        self.assertEqual(self.status()["gate"]["armed"], "armed")
        r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=self.plain("third"))
        self.assertEqual(r.returncode, 0, r.stderr)
        events = [r["event"] for r in self.audited()]
        self.assertIn("gate-not-armed", events)
        self.assertIn("gate-armed", events)

    def starts_unseen(self):
        self.host.virsh("destroy", "second", check=False)
        self.host.virsh("start", "second")
        return self.status()["gate"]["armed"] == "not-armed"

    def test_libvirtd_reloads(self):
        with open(os.path.join(self.host.root, "run/libvirtd.pid")) as f:
            os.kill(int(f.read()), signal.SIGHUP)
        self.until(lambda: "libvirtd: reload" in self.logged(), "the daemon hook")
        self.assertNotIn("veto", self.logged())


class Libvirt(Watch):
    def test_away_and_back(self):
        self.host.stop_libvirtd()
        try:
            self.until(lambda: self.status()["libvirt"]["state"] == "away", "it is away")
            r = self.cloisterctl("doctor")
            self.assertEqual(r.returncode, 0, r.stdout)
            self.assertIn("warning: libvirt: libvirt is away", r.stdout)
            # What needs no libvirt is done.
            r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=self.plain("alone"))
            self.assertEqual(r.returncode, 0, r.stderr)
            r = self.cloisterctl("forget", uuid_of("alone"))
            self.assertEqual(r.returncode, 69)
            self.assertIn("cannot forget", r.stderr)
            self.assertTrue(os.path.exists(self.binding_of("alone")))
        finally:
            self.host.libvirtd()
        self.until(lambda: self.status()["libvirt"]["state"] == "connected", "it is back")

    def test_hanging(self):
        with open(os.path.join(self.host.root, "run/libvirtd.pid")) as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGSTOP)
        try:
            r = self.cloisterctl("domains")
            self.assertEqual(r.returncode, 69)
            self.assertIn("does not answer", r.stderr)
            self.assertEqual(self.status()["libvirt"]["state"], "hanging")
            r = self.cloisterctl("rewrite", "--policy", self.policy, "-", input=self.plain("meanwhile"))
            self.assertEqual(r.returncode, 0, r.stderr)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.until(lambda: self.status()["libvirt"]["state"] == "connected", "it answers again")

    def test_forget(self):
        name = "forgotten"
        self.protected(name)
        r = self.cloisterctl("forget", uuid_of(name))
        self.assertEqual(r.returncode, 69)
        self.assertIn("undefine it first", r.stderr)
        self.assertIsNone(self.listed(uuid_of(name))["orphan_days"])
        self.host.virsh("undefine", name, "--nvram")
        self.assertEqual(self.listed(uuid_of(name))["orphan_days"], 0)
        self.assertTrue(os.path.exists(self.binding_of(name)))
        r = self.cloisterctl("forget", uuid_of(name))
        self.assertEqual((r.returncode, r.stdout), (0, ""), r.stderr)
        self.assertFalse(os.path.exists(self.binding_of(name)))
        r = self.cloisterctl("forget", uuid_of(name))
        self.assertEqual(r.returncode, 2)

    def test_monitor(self):
        watcher = subprocess.Popen([self.ctl, "monitor", "--json"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watcher.stdout.close)
        self.addCleanup(watcher.wait)
        self.addCleanup(watcher.kill)
        self.until(lambda: self.status()["connections"] > 1, "it is there")
        self.protected("watched")
        self.start("watched")
        lines = []
        while not any("allow started" in line for line in lines):
            lines.append(watcher.stdout.readline())
            self.assertTrue(lines[-1], lines)
        gate = [json.loads(line) for line in lines if json.loads(line)["event"] == "gate"]
        self.assertEqual([e["text"].split()[1] for e in gate], ["prepare", "start", "started"])
        self.assertEqual({e["uuid"] for e in gate}, {uuid_of("watched")})


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Watch.policy = sys.argv[3]
    unittest.main(argv=sys.argv[:1], verbosity=2)
