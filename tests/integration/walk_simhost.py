# SPDX-License-Identifier: Apache-2.0
"""A protected guest walked through what libvirt does with its guests: what is promised holds, or it does not start.

    walk_simhost.py SUITE RECORDING POLICY [CLASS...]

A real libvirtd and QEMU on a simulated host; without CLASS, all of it. A test says which way the guest goes and
what comes out. After each, every binding that it made is still there.
"""
import os
import re
import signal
import sys
import unittest

from simguest import Guests, simhost, stripped, uuid_of, without

SOCKET = "/run/cloister/hook/hook.sock"
# One word of the launch policy turned so that the host may read the guest's memory, and who finds it.
WEAKER = {"snp": ("30000</policy>", "b0000</policy>", "snp-debug-off"),
          "tdx": ("10000000</policy>", "10000001</policy>", "tdx-debug-off")}


class Walk(Guests):
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


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Walk.policy = sys.argv[3]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
