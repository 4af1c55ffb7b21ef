# SPDX-License-Identifier: Apache-2.0
"""What an answer to "what can this host do" costs: hostd's, from what it knows, beside libvirt's, which it keeps too.

    bench-capabilities.py --spawn PROGRAM --calls PROGRAM [--rounds N] [--json] SUITE RECORDING

A real libvirtd on a simulated host. All are asked in turns, so that a ratio means the same on a busy machine; nothing
passes or fails by a clock.

  virsh        the process `virsh domcapabilities`, for the emulator, machine and virt type of confidential guests
  cloisterctl  the process `cloisterctl capabilities --json`
  nothing      a process that does nothing: less than that no program can cost
  libvirt      virConnectGetDomainCapabilities() alone, of a connection that is open
  hostd        the call of Launch.Capabilities alone, likewise
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(TESTS, "simhost"))
import simhost  # noqa: E402

EMULATOR = "/usr/bin/qemu-system-x86_64"
SOCKET = "/run/cloister/compute/compute.sock"


def run(command, names):
    """{name: median in nanoseconds} of lines "CASE NANOSECONDS"."""
    times = {name: [] for name in names}
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            times[names[int(words[0])]].append(int(words[1]))
    return {name: statistics.median(each) for name, each in times.items()}


def script(path, command):
    """bench-hook-spawn leaves stdout as it is; an answer is not to be printed."""
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexec %s >/dev/null\n" % command)
    os.chmod(path, 0o755)
    return path


def measure(options):
    host = simhost.SimHost()
    host.start_hostd(os.environ["CLOISTER_HOSTD"], os.environ["CLOISTER_TEMPLATES"])
    host.libvirtd()
    try:
        # chroot as one would, without a shell of the root: virsh is what is measured.
        virsh = script("/run/cloister/virsh", "chroot %s /usr/bin/virsh -q -c qemu:///system domcapabilities "
                       "--emulatorbin %s --arch x86_64 --machine q35 --virttype kvm" % (host.root, EMULATOR))
        ctl = script("/run/cloister/ctl", os.environ["CLOISTERCTL"] + " capabilities --json")
        nothing = script("/run/cloister/nothing", "/bin/true")
        cases = [["--", "/dev/null", program] for program in (virsh, ctl, nothing)]
        command = [options.spawn, str(options.rounds), "1"] + sum(cases, [])
        found = run(command, ["virsh", "cloisterctl", "nothing"])
        found.update(run([options.calls, str(options.rounds), SOCKET, EMULATOR], ["hostd", "libvirt"]))
    finally:
        host.stop_libvirtd()
        host.kill_hostd()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spawn", required=True)
    parser.add_argument("--calls", required=True)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("suite")
    parser.add_argument("recording")
    options = parser.parse_args()
    simhost.reenter(options.suite, options.recording, sys.argv)
    found = measure(options)
    rows = [("virsh", "virsh", ""), ("cloisterctl", "virsh", ""), ("nothing", "virsh", "the least of any process"),
            ("libvirt", "libvirt", ""), ("hostd", "libvirt", "call beside call"),
            ("hostd", "virsh", "what a program that stays pays, beside virsh: at least 20")]
    if not options.json:
        print("%-12s %12s %-10s %8s" % ("what", "median", "beside", "faster"))
    for what, beside, note in rows:
        times = found[beside] / found[what]
        if options.json:
            print(json.dumps({"what": what, "median_us": round(found[what] / 1000, 1), "beside": beside,
                              "times_faster": round(times, 2)}))
        else:
            print("%-12s %9.1f us %-10s %8.2f  %s" % (what, found[what] / 1000, beside, times, note))


if __name__ == "__main__":
    main()
