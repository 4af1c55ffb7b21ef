# SPDX-License-Identifier: Apache-2.0
"""The gate under a real libvirtd: its table with hostd up, slow, dead and away, and what goes away in the middle.

    gate_simhost.py SUITE RECORDING POLICY [CLASS...]

A real libvirtd and QEMU on a simulated host; without CLASS, all of it. tests/integration/hook_table.py walks the
same table with a played hostd, faster and in more cells.
"""
import contextlib
import json
import os
import re
import signal
import threading

from simguest import SOCKET, WEAKER, Walk, stripped, uuid_of, walk_main, without


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

    def told_of_libvirtd(self):
        with open(self.host.hostd_log) as f:
            f.seek(self.log_seen)
            return re.findall(r"^cloister-hostd: libvirtd: (\w+)$", f.read(), re.M)

    def vetoed(self):
        return json.loads(self.cloisterctl("status", "--json").stdout)["gate"]["vetoed"]

    def test_daemon_hook(self):
        """libvirtd tells of itself through the same program: it is no guest, and nothing is vetoed."""
        before = self.vetoed()
        self.host.stop_libvirtd()
        self.assertEqual(self.told_of_libvirtd(), ["shutdown"])
        self.host.libvirtd()
        self.assertEqual(self.told_of_libvirtd(), ["shutdown", "start"])
        self.host.reload_libvirtd()
        self.until(lambda: self.told_of_libvirtd()[2:] == ["reload"], "the hook of a reload")
        self.assertEqual(self.vetoed(), before)


if __name__ == "__main__":
    walk_main(__doc__)
