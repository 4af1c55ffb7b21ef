#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what real libvirts make of a rewritten guest, and what they hand to hooks: tests/golden/live/.

    record.py [BUILD]

BUILD is the folder of the built programs (build/ by default). For each libvirt and each launch policy that
it can start, a guest of Nova's is rewritten, defined, started, survives a restart of libvirtd, and is
destroyed; a hook beside ours keeps its standard input. Needs root.
"""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import simhost  # noqa: E402

GOLDEN = os.path.join(simhost.TOP, "tests", "golden")
PLACES = [("bookworm", "milan-snp", "sev sev-es"), ("trixie", "milan-snp", "sev sev-es snp"),
          ("sid", "milan-snp", "snp"), ("sid", "spr-tdx", "tdx")]
OPERATIONS = ("prepare", "start", "started", "reconnect")

# Whole at its name or not there: who waits for a file never sees half of one.
HOOK = """#!/bin/sh
mkdir -p "/srv/record/$1" && cat >"/srv/record/$1/$2.part" && mv "/srv/record/$1/$2.part" "/srv/record/$1/$2"
exit 0
"""

# There is no Open vSwitch here; a plain tap is what Nova makes for other plugs.
NIC = re.compile(r'<interface type="bridge">(.*?)\s*<source bridge="br-int"/>(.*?)\s*<virtualport .*?</virtualport>', re.S)


def nova_guest(policy, number):
    """A domain of Nova's that can start here: small, and with an identity of its own."""
    case = "sev-scsi-boot" if policy == "sev" else "guest-agent-rng"
    with open(os.path.join(GOLDEN, "nova31", case + ".xml")) as f:
        xml = f.read()
    xml = NIC.sub(r'<interface type="ethernet">\1\2', xml)
    xml = xml.replace("<memory>2097152</memory>", "<memory>262144</memory>")
    uuid, name = re.search(r"<uuid>(.*?)</uuid>", xml)[1], re.search(r"<name>(.*?)</name>", xml)[1]
    new_uuid, new_name = "%s%012x" % (uuid[:24], number), "instance-%08x" % number
    return xml.replace(uuid, new_uuid).replace(name, new_name), new_name


class Recorder:
    def __init__(self, build):
        self.ctl = os.path.join(build, "hostd", "cli", "cloisterctl")
        self.host = host = simhost.SimHost()
        host.install_hook(os.path.join(build, "libvirt-hooks", "cloister-hook"))
        os.chmod(os.path.join(host.root, host.write("/etc/libvirt/hooks/qemu.d/40-record", HOOK)[1:]), 0o755)
        host.start_hostd(os.path.join(build, "hostd", "daemon", "cloister-hostd"),
                         os.path.join(simhost.TOP, "templates"))
        host.libvirtd()
        self.version = re.search(r"libvirt (\d+\.\d+)\.", host.virsh("version").stdout)[1]

    def seen(self, name, operation):
        """What the hook was handed; libvirtd comes back before it reconnects to its guests."""
        path = os.path.join(self.host.root, "srv/record", name, operation)
        deadline = time.monotonic() + 60
        while not os.path.exists(path):
            if time.monotonic() > deadline:
                raise RuntimeError("%s: no hook was called at %s" % (name, operation))
            time.sleep(0.1)
        with open(path) as f:
            return f.read()

    def record(self, policy, number):
        host = self.host
        xml, name = nova_guest(policy, number)
        done = subprocess.run([self.ctl, "rewrite", "--policy", policy, "-"], input=xml, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=True)
        kept = {"rewritten": done.stdout}
        for path in re.findall(r'<source file="([^"]+)"', xml):
            host.disk(path)
        host.virsh("define", host.write("/srv/%s.xml" % name, done.stdout))
        kept["dumpxml-inactive"] = host.virsh("dumpxml", "--inactive", name).stdout
        started = host.virsh("start", name, check=False)
        if started.returncode:
            raise RuntimeError(started.stderr + host.log("var/log/libvirt/qemu/%s.log" % name))
        kept["dumpxml"] = host.virsh("dumpxml", name).stdout
        host.stop_libvirtd()
        host.libvirtd()
        self.seen(name, "reconnect")
        host.virsh("destroy", name)
        kept.update((operation, self.seen(name, operation)) for operation in OPERATIONS)
        self.keep(policy, kept)

    def keep(self, policy, kept):
        folder = os.path.join(GOLDEN, "live", self.version, policy)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for name, text in kept.items():
            with open(os.path.join(folder, name + ".xml"), "w") as f:
                f.write(text)
        print("%s: %d files, %d bytes" % (os.path.relpath(folder, simhost.TOP), len(kept), sum(map(len, kept.values()))),
              flush=True)


def main():
    if os.environ.get("SIMROOT"):
        build, policies = sys.argv[1:]
        recorder = Recorder(build)
        for number, policy in enumerate(policies.split(), 1):
            recorder.record(policy, number)
        return
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(simhost.TOP, "build"))
    os.environ.setdefault("SIMHOST_TOOLS", os.path.join(build, "tests", "simhost"))
    for suite, recording, policies in PLACES:
        pid = os.fork()
        if pid == 0:
            simhost.reenter(suite, recording, [os.path.abspath(__file__), build, policies])
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            sys.exit("record: %s on %s failed" % (suite, recording))


main()
