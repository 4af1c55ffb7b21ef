# SPDX-License-Identifier: Apache-2.0
"""A protected guest walked through what libvirt does with its guests: what is promised holds, or it does not start.

    walk_simhost.py SUITE RECORDING POLICY [CLASS...]

A real libvirtd and QEMU on a simulated host; without CLASS, all of it. A test says which way the guest goes and
what comes out. After each, every binding that it made is still there.
"""
import contextlib
import glob
import os
import re
import signal
import sys
import threading
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


class Restarts(Walk):
    """libvirtd or hostd goes and comes back while something is under way."""

    @contextlib.contextmanager
    def slow(self, seconds):
        """QEMU takes that long to come up."""
        path = self.host.write("/etc/simhost/refuse", "slow %d\n" % seconds)
        yield
        os.unlink(self.host.root + path)

    def launching(self, name):
        """The virsh of a start that has passed the gate and waits for QEMU."""
        self.mark()
        begun = self.host.begin_virsh("start", name)
        self.until(lambda: self.is_standing_in(self.host.qemu_pid(name)), name)
        self.assertEqual(self.said(name), ["allow prepare", "allow start"])
        return begun

    @staticmethod
    def is_standing_in(pid):
        """Whether libvirt's child is past all that libvirt does in it, and QEMU is not there yet."""
        try:
            return pid is not None and os.readlink("/proc/%d/exe" % pid).endswith("/standin")
        except FileNotFoundError:
            return False

    def asking(self, name):
        """The virsh of a start whose hook has hostd on the line, which does not answer."""
        self.host.hostd.send_signal(signal.SIGSTOP)
        begun = self.host.begin_virsh("start", name)
        self.until(lambda: self.hook_asks(name), "a hook of " + name)
        return begun

    def ended(self, begun):
        out, err = begun.communicate(timeout=60)
        return begun.returncode, err

    def start_as_promised_only(self, name, xml):
        """Whatever happened to it: it is off, does not start in clear, and does start as it was."""
        self.until(lambda: self.state(name) == "shut off", name)
        self.defined(stripped(xml), name)
        self.start_is_vetoed(name, "one-launch-security")
        self.defined(xml, name)
        self.start(name)

    def test_libvirtd_killed_in_the_middle_of_a_launch(self):
        """The half-started QEMU is ended by the next libvirtd, not taken over."""
        name = "half"
        xml = self.protected(name)
        with self.slow(4):
            begun = self.launching(name)
            pid = self.host.qemu_pid(name)
            self.host.stop_libvirtd(signal.SIGKILL)
            self.assertEqual(self.ended(begun)[0], 1)
            self.host.libvirtd()
        self.until(lambda: not os.path.exists("/proc/%d" % pid), "the end of QEMU")
        self.start_as_promised_only(name, xml)

    def test_libvirtd_stopped_in_the_middle_of_a_launch(self):
        """As systemctl restart does it: the launch is finished, if to nobody's knowledge, and the next one has it."""
        name = "stopped"
        self.protected(name)
        with self.slow(2):
            begun = self.launching(name)
            pid = self.host.qemu_pid(name)
            self.host.stop_libvirtd()
            self.assertEqual(self.ended(begun)[0], 1)
        self.host.libvirtd()
        self.assertEqual((self.state(name), self.host.qemu_pid(name)), ("running", pid))
        self.assertEqual(self.said(name), ["allow prepare", "allow start", "allow started"])
        self.assertIn("<launchSecurity", self.host.virsh("dumpxml", name).stdout)

    def test_libvirtd_killed_in_the_middle_of_an_event(self):
        """Its hook is left behind with an answer that nobody wants."""
        name = "left-behind"
        xml = self.protected(name)
        begun = self.asking(name)
        self.host.stop_libvirtd(signal.SIGKILL)
        self.host.hostd.send_signal(signal.SIGCONT)
        self.assertEqual(self.ended(begun)[0], 1)
        self.host.libvirtd()
        self.start_as_promised_only(name, xml)

    def test_hostd_killed_in_the_middle_of_an_event(self):
        """No answer is a veto, said at once; the next hostd knows the guest as this one did."""
        name = "broken-off"
        xml = self.protected(name)
        begun = self.asking(name)
        self.host.kill_hostd()
        self.host.restart_hostd()
        code, err = self.ended(begun)
        self.assertEqual(code, 1)
        self.assertIn("cloister: prepare of domain broken-off refused: it is bound to a launch policy, and "
                      "cloister-hostd broke off before it answered", err)
        self.start_as_promised_only(name, xml)

    def test_hostd_stopped_in_the_middle_of_an_event(self):
        """As systemctl restart does it: it answers first, or breaks off; the guest is not there in clear."""
        name = "asked-to-end"
        xml = self.protected(name)
        begun = self.asking(name)
        self.host.hostd.send_signal(signal.SIGTERM)
        self.host.hostd.send_signal(signal.SIGCONT)
        self.host.hostd.wait(timeout=20)
        self.host.restart_hostd()
        code, err = self.ended(begun)
        if code == 0:
            self.assertIn("<launchSecurity", self.host.virsh("dumpxml", name).stdout)
            self.host.virsh("destroy", name)
        else:
            self.assertIn("refused: it is bound to a launch policy", err)
        self.start_as_promised_only(name, xml)

    def test_hostd_killed_in_the_middle_of_a_launch(self):
        """The gate has let it through; that nobody hears of it being started does not end it."""
        name = "unheard"
        self.protected(name)
        with self.slow(2):
            begun = self.launching(name)
            self.host.kill_hostd()
            self.assertEqual(self.ended(begun)[0], 0)
        self.assertEqual(self.state(name), "running")
        self.host.restart_hostd()
        row = self.listed(uuid_of(name))
        self.assertEqual((row["state"], row["policy"]), ("running", self.policy))

    def autostarting(self, *names):
        """As if the machine had booted: libvirtd begins with guests that it is to start."""
        for name in names:
            self.host.virsh("autostart", name)
        self.host.stop_libvirtd()
        os.unlink(self.host.root + "/run/libvirt/qemu/autostarted")

    def test_autostart_without_hostd(self):
        """Ordinary guests start; protected ones do not, until hostd is there and somebody starts them."""
        name, other = "autostart", "autostart-ordinary"
        xml = self.protected(name)
        self.ordinary(other)
        self.autostarting(name, other)
        self.host.kill_hostd()
        os.unlink(SOCKET)
        self.host.libvirtd()
        self.until(lambda: self.state(other) == "running", other)
        self.assertFalse(self.runs(name))
        self.assertIn("autostart refused: it is bound", self.host.log("var/log/libvirt/libvirtd.log", 2000))
        self.host.restart_hostd()
        self.start_as_promised_only(name, xml)

    def test_autostart_with_hostd_late(self):
        """The socket is there before hostd is, as systemd makes it: the hook waits, and the guest starts."""
        name = "autostart-late"
        self.protected(name)
        self.autostarting(name)
        self.host.hostd.send_signal(signal.SIGSTOP)
        booting = threading.Thread(target=self.host.libvirtd)
        booting.start()
        self.until(lambda: self.hook_asks(name), "a hook of " + name)
        self.mark()
        self.host.hostd.send_signal(signal.SIGCONT)
        booting.join()
        self.until(lambda: self.state(name) == "running", name)
        self.assertEqual(self.said(name), ["allow prepare", "allow start", "allow started"])
        self.assertIn("<launchSecurity", self.host.virsh("dumpxml", name).stdout)


class Table(Walk):
    """The gate's table: who starts in which state of hostd."""

    def guests(self, state):
        """One of each kind: name, and why it may not start if it may not with hostd up."""
        bound, clear, asks = ("%s-%s" % (kind, state) for kind in ("bound", "clear", "asks"))
        self.protected(bound)
        self.defined(stripped(self.protected(clear)), clear)
        foreign = self.bind(self.plain(asks)).replace(uuid_of(asks), uuid_of("nobody-" + asks))
        self.kept(asks)
        self.defined(without(foreign, "metadata"), asks)
        self.assertFalse(os.path.exists(self.binding_of("nobody-" + asks)))
        self.ordinary("plain-" + state)
        return bound, clear, asks, "plain-" + state

    def all_vetoed(self, state, why):
        """Protected guests, and bound ones in clear, are vetoed for that reason; an ordinary one does not wait."""
        bound, clear, asks, plain = self.guests(state)
        yield
        begun = {name: self.host.begin_virsh("start", name) for name in (bound, clear, asks)}
        self.start(plain)
        if state == "slow":
            self.assertEqual([name for name, p in begun.items() if p.poll() is not None], [])
        for name, p in begun.items():
            out, err = p.communicate(timeout=60)
            self.assertEqual(p.returncode, 1, out)
            self.assertIn("cloister: prepare of domain %s refused: it %s, and cloister-hostd %s" % (
                name, "asks for launch security" if name == asks else "is bound to a launch policy", why), err)
            self.assertFalse(self.runs(name))
        self.hostd_is_back()
        self.start(bound)

    def test_up(self):
        bound, clear, asks, plain = self.guests("up")
        self.start(bound)
        self.start_is_vetoed(clear, "one-launch-security")
        self.start(asks)
        self.mark()
        self.start(plain)
        self.assertEqual(self.said(plain), [])

    def test_slow(self):
        for _ in self.all_vetoed("slow", "gave no answer within "):
            self.host.hostd.send_signal(signal.SIGSTOP)

    def test_dead(self):
        for _ in self.all_vetoed("dead", "cannot be reached at %s (Connection refused)" % SOCKET):
            self.host.kill_hostd()

    def test_socket_missing(self):
        for _ in self.all_vetoed("away", "cannot be reached at %s (No such file or directory)" % SOCKET):
            self.host.kill_hostd()
            os.unlink(SOCKET)

    def test_unbound(self):
        """A guest with launchSecurity that nobody bound, weak as it is, by the setting of this host."""
        name = "weak-unbound"
        self.kept(name)
        foreign = self.weaker(self.bind(self.plain(name))).replace(uuid_of(name), uuid_of("nobody-" + name))
        self.defined(without(foreign, "metadata"), name)
        self.addCleanup(self.host.configure_hostd, "")
        for setting, why in (("verify-baseline", WEAKER[self.policy][2]), ("veto", "unbound=veto"), ("allow", None)):
            with self.subTest(setting):
                self.host.kill_hostd(signal.SIGTERM)
                self.host.configure_hostd("[gate]\nunbound=%s\n" % setting)
                self.host.restart_hostd()
                if why:
                    self.start_is_vetoed(name, why)
                else:
                    self.start(name)

    def test_reconnect(self):
        """libvirtd restarted with hostd dead, then with hostd slow: what runs is left alone."""
        name, plain = "reconnected", "reconnected-ordinary"
        self.protected(name)
        self.ordinary(plain)
        self.start(name)
        self.start(plain)
        pids = [self.host.qemu_pid(n) for n in (name, plain)]
        self.host.stop_libvirtd()
        self.host.kill_hostd()
        self.host.libvirtd()
        self.assertEqual([self.state(n) for n in (name, plain)], ["running"] * 2)
        self.host.restart_hostd()
        self.host.stop_libvirtd()
        self.host.hostd.send_signal(signal.SIGSTOP)
        self.host.libvirtd()
        self.assertEqual([self.state(n) for n in (name, plain)], ["running"] * 2)
        self.assertEqual([self.host.qemu_pid(n) for n in (name, plain)], pids)
        self.host.kill_hostd()
        self.host.virsh("destroy", name)
        self.assertFalse(self.runs(name))
        self.host.restart_hostd()
        self.start(name)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Walk.policy = sys.argv[3]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
