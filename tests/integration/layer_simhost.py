# SPDX-License-Identifier: Apache-2.0
"""The libvirt layer of the facts: asked of libvirtd as it runs, kept for when it is away, never a reason by its absence.

    layer_simhost.py SUITE RECORDING TECHNOLOGY

A real libvirtd and QEMU on a simulated host, whose recording says nothing of libvirt.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from simguest import Guests, simhost

EMULATOR = "/usr/bin/qemu-system-x86_64"
HOST = "/run/cloister/host"
KEPT = "/var/lib/cloister/libvirt-answers.json"


def give_emulator():
    """hostd, on this side of the root, knows an emulator by its file: one that may be replaced."""
    for d in ("upper", "work"):
        os.makedirs("/run/cloister/bin/" + d)
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "lowerdir=/usr/bin,upperdir=/run/cloister/bin/upper,"
                    "workdir=/run/cloister/bin/work", "/usr/bin"], check=True)
    shutil.copy("/bin/true", EMULATOR)


class Layer(Guests):
    technology = None

    @classmethod
    def setUpClass(cls):
        if Guests.host is None:
            give_emulator()
        super().setUpClass()
        shutil.copytree(cls.host.recording, HOST)
        shutil.rmtree(HOST + "/libvirt")
        cls.host.hostd_settings = cls.host.hostd_settings.replace(cls.host.recording, HOST)
        cls.host.configure_hostd("")
        cls.host.kill_hostd(signal.SIGTERM)
        cls.host.restart_hostd()

    def asked(self, what, *args):
        r = self.cloisterctl(what, "--json", *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def layer(self):
        return self.asked("status")["libvirt"]["capabilities"]

    def facts(self):
        answer = self.asked("capabilities")
        facts = answer["technologies"][self.technology]
        said = [e["value"] for e in facts["evidence"]
                if e["source"] == "libvirt domcapabilities" and not e["value"].startswith("max")]
        return answer["host"]["libvirt"], facts["verdict"], said

    def version(self):
        return [line.split()[-1] for line in self.host.virsh("version").stdout.splitlines()
                if line.startswith("Using library: libvirt")][0]

    def logged(self, text):
        with open(self.host.hostd_log) as f:
            return f.read().count(text)

    def test_away_and_back(self):
        self.until(lambda: self.layer() == "asked", "libvirt has said it")
        version, yes = self.version(), ["%s: yes" % self.technology]
        self.assertEqual(self.facts(), (version, "usable", yes))
        r = self.cloisterctl("capabilities")
        self.assertIn("libvirt " + version, r.stdout)

        # hostd starts while libvirt is away: what it said is known.
        self.host.stop_libvirtd()
        self.host.kill_hostd(signal.SIGTERM)
        self.host.restart_hostd()
        self.assertEqual(self.layer(), "kept")
        self.assertGreater(self.asked("status")["libvirt"]["capabilities_from"], 0)
        found, verdict, said = self.facts()
        self.assertEqual((found, verdict), (version, "usable"))
        self.assertIn(yes[0], said)

        # Garbage is said to be garbage, and costs no more than the layer.
        self.host.kill_hostd(signal.SIGTERM)
        with open(KEPT, "r+") as f:
            text = f.read()
            f.truncate(len(text) // 2)
        self.host.restart_hostd()
        self.assertEqual(self.layer(), "unknown")
        self.assertEqual(self.facts(), (None, "usable", ["unknown: not asked"]))
        self.assertEqual(self.logged("what libvirt said before is not known"), 1)
        with open(KEPT, "w") as f:
            f.write(text)
        self.host.kill_hostd()
        self.host.restart_hostd()
        self.assertEqual(self.layer(), "kept")

        # Another emulator under the same name: nobody knows what libvirt would say of it.
        shutil.copy("/bin/false", EMULATOR + ".new")
        os.rename(EMULATOR + ".new", EMULATOR)
        r = self.cloisterctl("reload")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(self.layer(), "unknown")
        self.assertEqual(self.facts(), (None, "usable", ["unknown: not asked"]))

        self.host.libvirtd()
        self.until(lambda: self.layer() == "asked", "it is back, and was asked")
        self.assertEqual(self.facts(), (version, "usable", yes))

    def test_what_changes_with_libvirt(self):
        """libvirtd restarts, and the host beside it is looked at anew."""
        self.until(lambda: self.layer() == "asked", "libvirt has said it")
        watcher = subprocess.Popen([self.ctl, "monitor", "--json"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(watcher.stdout.close)
        self.addCleanup(watcher.wait)
        self.addCleanup(watcher.kill)
        self.until(lambda: self.asked("status")["connections"] > 1, "somebody watches")
        with open(HOST + "/qemu/version", "w") as f:
            f.write("99.1.2\n")
        self.host.stop_libvirtd()
        self.host.libvirtd()
        line = None
        while line is None or line["event"] != "host":
            line = json.loads(watcher.stdout.readline())
        self.assertRegex(line["text"], r"^changed \(libvirt.*\): .*QEMU is 99\.1\.2, was ")
        with open("/var/lib/cloister/audit.log") as f:
            self.assertIn("QEMU is 99.1.2", f.read())


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(64)
    simhost.reenter(sys.argv[1], sys.argv[2], sys.argv[0:])
    Layer.technology = sys.argv[3]
    unittest.main(argv=sys.argv[:1], verbosity=2)
