# SPDX-License-Identifier: Apache-2.0
"""A protected guest walked through what libvirt does with its guests: what is promised holds, or it does not start.

    walk_simhost.py SUITE RECORDING POLICY [CLASS...]

A real libvirtd and QEMU on a simulated host; without CLASS, all of it. A test says which way the guest goes and
what comes out. After each, every binding that it made is still there.
"""
import os
import re

from simguest import WEAKER, Walk, simhost, stripped, uuid_of, walk_main, without


class Definitions(Walk):
    """What a guest is defined as changes; what it is bound to does not."""

    def test_transient(self):
        """Created without being defined: runs if it is as promised. It leaves nothing but its binding."""
        name = "transient"
        self.kept(name)
        xml = self.bind(self.plain(name))
        path = self.host.write("/srv/transient.xml", xml)
        self.host.virsh("create", path)
        self.assertEqual(self.state(name), "running")
        self.assertEqual(self.said(name), ["allow prepare", "allow start", "allow started"])
        self.assertEqual(self.listed(uuid_of(name))["state"], "running")
        self.host.virsh("destroy", name)
        self.assertIsNone(self.listed(uuid_of(name))["state"])

        self.host.write("/srv/transient.xml", stripped(xml))
        self.assertVetoed(self.host.virsh("create", path, check=False), name, "one-launch-security")
        self.assertNotIn(name, self.host.virsh("list", "--all", "--name").stdout)

    def test_renamed(self):
        """Another name, the same UUID: the same guest, to be started as such and not in clear."""
        xml = self.protected("renamed-before")
        self.kept("renamed-after")
        self.host.virsh("domrename", "renamed-before", "renamed-after")
        self.start("renamed-after")
        self.host.virsh("destroy", "renamed-after")
        bare = stripped(xml).replace("<name>renamed-before<", "<name>renamed-after<")
        self.defined(bare, "renamed-after")
        self.start_is_vetoed("renamed-after", "one-launch-security")

    def test_undefined_and_defined_again(self):
        """A UUID that libvirt forgot and that comes back is bound as before."""
        name = "again"
        xml = self.protected(name)
        self.host.virsh("undefine", name, "--nvram")
        row = self.listed(uuid_of(name))
        self.assertEqual((row["policy"], row["state"]), (self.policy, None))
        self.defined(stripped(xml), name)
        self.start_is_vetoed(name, "one-launch-security")
        self.defined(xml, name)
        self.start(name)

    def test_same_name_another_uuid(self):
        """A name promises nothing: another guest of that name is judged by what it says of itself."""
        name, other = "namesake", uuid_of("another-namesake")
        xml = self.protected(name)
        self.host.virsh("undefine", name, "--nvram")
        self.defined(self.plain(name, efi=False, identity=other), name)
        self.mark()
        self.start(name)
        self.assertEqual(self.said(name), [])
        self.host.virsh("undefine %s; destroy %s" % (name, name))

        copied = xml.replace(uuid_of(name), other)
        self.defined(without(copied, "launchSecurity"), name)
        self.start_is_vetoed(name, "one-launch-security")
        self.defined(copied, name)
        self.start(name)
        self.assertFalse(os.path.exists(self.binding_of("another-namesake")))

    def test_edit_that_weakens(self):
        """virsh edit takes a protection away: the next start is vetoed, by name, until it is back."""
        name = "edited"
        strong, weak, found = WEAKER[self.policy]
        self.protected(name)
        for before, after in ((strong, weak), (weak, strong)):
            r = self.host.virsh("edit", name, env={"EDITOR": "sed -i 's,%s,%s,'" % (before, after)})
            self.assertIn("edited", r.stdout)
            if after == weak:
                self.start_is_vetoed(name, found)
        self.start(name)

    def test_edit_of_a_running_guest(self):
        """What runs is left alone; what it was edited to does not start."""
        name = "edited-live"
        xml = self.protected(name)
        self.start(name)
        pid = self.host.qemu_pid(name)
        self.defined(self.weaker(xml), name)
        self.assertEqual((self.state(name), self.host.qemu_pid(name)), ("running", pid))
        self.host.virsh("destroy", name)
        self.start_is_vetoed(name, WEAKER[self.policy][2])

    def test_snapshot_from_before_the_policy(self):
        """Reverting brings the definition of then, without launchSecurity: it is bound, and does not start."""
        name = "reverted"
        self.kept(name)
        before = self.plain(name)
        self.defined(before, name)
        self.host.virsh("snapshot-create-as", name, "before")
        xml = self.bind(before)
        self.defined(xml, name)
        self.start(name)
        self.host.virsh("destroy", name)
        self.host.virsh("snapshot-revert", name, "before")
        now = self.host.virsh("dumpxml", name).stdout
        self.assertNotIn("launchSecurity", now)
        self.assertNotIn("cloister", now)
        self.start_is_vetoed(name, "one-launch-security")
        self.defined(xml, name)
        self.start(name)


class Moved(Walk):
    """A definition goes to another host, which was promised nothing about it: what it says of itself counts."""

    def setUp(self):
        super().setUp()
        self.other = simhost.OtherHost(self.host)
        self.addCleanup(self.other.end)

    def moved(self, name):
        return self.host.virsh("migrate", "--offline", "--persistent", name, self.other.uri, check=False)

    def other_said(self, name):
        with open(self.other.view + self.other.hostd_log) as f:
            return re.findall(r'gate: (\w+ \w+) of "%s" ' % re.escape(name), f.read())

    def test_offline_migration(self):
        """Two libvirtds. libvirt's hook cannot tell an offline migration from one with memory: a protected guest is
        vetoed there, stays here as it was, and is defined there by hand. An ordinary guest just goes."""
        name, plain = "moved", "moved-ordinary"
        xml = self.protected(name)
        r = self.moved(name)
        self.assertVetoed(r, name, operation="migrate")
        self.assertEqual(self.other_said(name), ["veto migrate"])
        self.assertNotIn(name, self.other.virsh("list", "--all", "--name").stdout.split())
        self.assertEqual(self.host.virsh("dumpxml", "--inactive", name).stdout.count("<launchSecurity"), 1)

        # By hand: its metadata names the policy, which it is held to.
        self.other.virsh("define", self.host.write("/srv/moved.xml", without(xml, "launchSecurity")))
        r = self.other.virsh("start", name, check=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("one-launch-security", r.stderr)
        self.other.virsh("define", self.host.write("/srv/moved.xml", xml))
        self.other.virsh("start", name)
        self.assertEqual(self.other.virsh("domstate", name).stdout.strip(), "running")
        self.assertEqual(self.other_said(name)[-3:], ["allow prepare", "allow start", "allow started"])
        self.other.virsh("destroy", name)

        self.ordinary(plain)
        self.assertEqual(self.moved(plain).returncode, 0)
        self.other.virsh("start", plain)
        self.other.virsh("destroy", plain)
        self.assertEqual(self.other_said(plain), [])

    def test_offline_migration_with_hostd_dead_there(self):
        """A protected guest is vetoed for what it is, an ordinary one goes."""
        name, plain = "moved-blind", "moved-blind-ordinary"
        self.protected(name)
        self.ordinary(plain)
        self.other.kill_hostd()
        r = self.moved(name)
        self.assertVetoed(r, name, "asks for launch security", "cannot be reached", operation="migrate")
        self.assertEqual(self.moved(plain).returncode, 0)


class Saved(Walk):
    """Guests whose memory lay on a disk."""

    def test_managed_save_of_a_protected_guest(self):
        """QEMU cannot: the guest runs on, and no hook was called."""
        name = "unsaved"
        self.protected(name)
        self.start(name)
        self.mark()
        r = self.host.virsh("managedsave", name, check=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("cannot migrate domain", r.stderr)
        self.assertEqual(self.state(name), "running")
        self.assertIn("Managed save:   no", self.host.virsh("dominfo", name).stdout)
        self.assertEqual(self.said(name), [])

    def test_managed_save_from_before_the_policy(self):
        """Memory that was in clear does not come back into a guest that is bound by now, hostd up or dead.

        Only what runs is looked at: where a hook fails at restore, libvirt 11.3 says that the guest started."""
        name = "saved"
        self.kept(name)
        before = self.plain(name)
        self.defined(before, name)
        self.start(name)
        self.host.virsh("managedsave", name)
        xml = self.bind(before)
        self.mark()
        self.host.virsh("start", name, check=False)
        self.assertFalse(self.runs(name))
        self.assertTrue({"veto restore", "veto prepare"} & set(self.said(name)))
        self.host.kill_hostd()
        self.host.virsh("start", name, check=False)
        self.assertFalse(self.runs(name))
        self.host.restart_hostd()
        # Cold, it is in clear still; only as promised it starts.
        r = self.host.virsh("start", name, "--force-boot", check=False)
        self.assertVetoed(r, name, "one-launch-security")
        self.defined(xml, name)
        self.assertEqual(self.host.virsh("start", name, "--force-boot").returncode, 0)
        self.assertIn("<launchSecurity", self.host.virsh("dumpxml", name).stdout)

    def test_saved_file_from_before_the_policy(self):
        """virsh restore of a file says why not; the file stays."""
        name, path = "saved-file", "/srv/saved-file.save"
        self.kept(name)
        before = self.plain(name)
        self.defined(before, name)
        self.start(name)
        self.host.virsh("save", name, path)
        self.bind(before)
        r = self.host.virsh("restore", path, check=False)
        self.assertEqual(r.returncode, 1)
        self.assertRegex(r.stderr, "cloister: (restore|prepare) of domain saved-file refused: ")
        self.assertEqual(self.state(name), "shut off")
        self.assertGreater(os.path.getsize(self.host.root + path), 0)

    def test_ordinary_guest_is_saved_and_restored(self):
        """Nobody's business: hostd is not even there."""
        self.host.kill_hostd()
        name = "ordinary-saved"
        self.ordinary(name)
        self.start(name)
        self.host.virsh("managedsave", name)
        self.assertEqual(self.state(name), "shut off")
        self.start(name)
        self.assertIn("restored", self.host.virsh("domstate", "--reason", name).stdout)


class SavedKept(Walk):
    """What was saved before the policy is not lost: libvirt 11.3 would take a hook's failure at restore for a success
    and delete it, so the gate says no at the prepare that follows."""

    def test_managed_save_is_kept(self):
        """The start says why not, hostd up or dead, and what was saved is there still."""
        name = "kept"
        self.kept(name)
        before = self.plain(name)
        self.defined(before, name)
        self.start(name)
        self.host.virsh("managedsave", name)
        self.bind(before)
        for hostd in ("up", "dead"):
            with self.subTest(hostd):
                if hostd == "dead":
                    self.host.kill_hostd()
                r = self.host.virsh("start", name, check=False)
                self.assertEqual(r.returncode, 1, r.stdout)
                self.assertRegex(r.stderr, "cloister: (restore|prepare) of domain kept refused: ")
                self.assertFalse(self.runs(name))
                self.assertIn("Managed save:   yes", self.host.virsh("dominfo", name).stdout)


class Rebooted(Walk):
    """virsh reboot, which needs the guest's help. QEMU cannot reset this one."""

    def test_reboot(self):
        """The guest powers off as it was asked to, and stays so: libvirt's reset of it is QEMU's end."""
        name = "rebooted"
        self.protected(name)
        self.start(name)
        self.host.virsh("reboot", name, "--mode", "acpi")
        self.mark()

        def powers_off():
            # As its system does it; the port is there when the firmware has come that far.
            self.host.virsh("qemu-monitor-command", "--hmp", name, "o /w 0x604 0x2000", check=False)
            return "allow release" in self.said(name)

        self.until(powers_off, name)
        self.assertEqual(self.said(name), ["allow stopped", "allow release"])
        self.assertFalse(self.runs(name))
        self.start(name)


class Resets(Walk):
    """The machine begins anew under a guest: in place, in another QEMU, or not at all."""

    def guest_writes(self, name, port, size, value):
        """What the guest's own system writes to a port."""
        self.host.virsh("qemu-monitor-command", "--hmp", name, "o /%s %s %s" % (size, port, value), check=False)

    def guest_reboots(self, name):
        self.guest_writes(name, "0xcf9", "b", "6")

    def qemu_resets(self):
        with open(self.host.root + "/etc/simhost/qemu") as f:
            return int(f.read()) >= 11

    def recreated_after(self, begin, name):
        """libvirt ended that QEMU and starts another, through every hook."""
        before = self.host.qemu_pid(name)
        self.mark()
        begin()
        self.until(lambda: "allow started" in self.said(name), "another QEMU for " + name)
        self.assertEqual(self.said(name), ["allow stopped", "allow release", "allow prepare", "allow start",
                                           "allow started"])
        self.until(lambda: self.state(name) == "running", name)
        self.assertNotEqual(self.host.qemu_pid(name), before)
        self.assertIn("<launchSecurity", self.host.virsh("dumpxml", name).stdout)

    def unmoved_by(self, begin, name):
        before = self.host.qemu_pid(name)
        self.mark()
        begin()
        self.assertEqual((self.state(name), self.host.qemu_pid(name), self.said(name)), ("running", before, []))

    def ended_by(self, begin, name):
        """It is off, and may be started as it was."""
        self.mark()
        begin()
        self.until(lambda: "allow release" in self.said(name), name)
        self.assertIn("shut off (shutdown)", self.host.virsh("domstate", "--reason", name).stdout)
        self.assertEqual(self.said(name), ["allow stopped", "allow release"])
        self.start(name)

    def test_reset(self):
        """virsh reset: libvirt 12 makes TDX a new QEMU; else it is QEMU's to reset, which ends before 11."""
        name = "reset"
        self.protected(name)
        self.start(name)
        expected = (self.recreated_after if self.policy == "tdx" else
                    self.unmoved_by if self.qemu_resets() else self.ended_by)
        expected(lambda: self.host.virsh("reset", name), name)

    def test_reboot_by_the_guest(self):
        """QEMU resets in place if it can; if it ends, libvirt 12 makes TDX a new one."""
        name = "reboots"
        self.protected(name)
        self.start(name)
        expected = self.unmoved_by if self.qemu_resets() else self.ended_by
        expected(lambda: self.guest_reboots(name), name)

    def test_reboot_by_the_guest_under_an_older_qemu(self):
        """The same where QEMU cannot reset such a guest."""
        name = "reboots-old"
        self.host.write("/etc/simhost/qemu.new", "10\n")
        said = self.host.root + "/etc/simhost/qemu"
        self.addCleanup(os.rename, said + ".was", said)
        os.rename(said, said + ".was")
        os.rename(said + ".new", said)
        self.protected(name)
        self.start(name)
        expected = self.recreated_after if self.policy == "tdx" else self.ended_by
        expected(lambda: self.guest_reboots(name), name)

    def test_weakened_then_reset(self):
        """Edited while it runs, then reset: the new QEMU would be the weaker guest, and is vetoed."""
        name = "weak-reset"
        xml = self.protected(name)
        self.start(name)
        self.defined(self.weaker(xml), name)
        self.mark()
        r = self.host.virsh("reset", name, check=False)
        if self.policy == "tdx":
            self.assertVetoed(r, name, WEAKER[self.policy][2])
        else:
            self.assertEqual(r.returncode, 0, r.stderr)
        if self.policy == "tdx" or not self.qemu_resets():
            self.until(lambda: self.state(name) == "shut off", name)
            self.start_is_vetoed(name, WEAKER[self.policy][2])
        else:
            live = self.host.virsh("dumpxml", name).stdout
            self.assertIn(WEAKER[self.policy][0], live)
            self.assertEqual(self.state(name), "running")

    def test_reset_with_hostd_dead(self):
        """Where libvirt makes a new QEMU, it needs the gate: nothing comes back in clear or unjudged."""
        name = "reset-dead"
        self.protected(name)
        self.start(name)
        self.host.kill_hostd()
        r = self.host.virsh("reset", name, check=False)
        if self.policy == "tdx":
            self.assertVetoed(r, name, "is bound to a launch policy", "cannot be reached")
        else:
            self.assertEqual(r.returncode, 0, r.stderr)
        if self.policy == "tdx" or not self.qemu_resets():
            self.until(lambda: self.state(name) == "shut off", name)
            self.start_is_vetoed(name, "is bound to a launch policy")
            self.host.restart_hostd()
            self.start(name)
        else:
            self.assertEqual(self.state(name), "running")

    def test_ordinary_guest_reboots(self):
        """In place, with hostd away."""
        name = "ordinary-reboots"
        self.ordinary(name)
        self.start(name)
        self.host.kill_hostd()
        before = self.host.qemu_pid(name)
        self.host.virsh("reset", name)
        self.guest_reboots(name)
        self.assertEqual((self.state(name), self.host.qemu_pid(name)), ("running", before))


if __name__ == "__main__":
    walk_main(__doc__)
