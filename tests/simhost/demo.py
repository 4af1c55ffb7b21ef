# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a domain as Nova makes it is rewritten, gated and started on a simulated SNP host."""
import os
import re
import subprocess
import sys
import textwrap
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import simhost  # noqa: E402

TOP = simhost.TOP
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
T0 = float(os.environ.setdefault("CLOISTER_DEMO_START", str(time.time())))


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if COLOUR else text


def step(text):
    print("\n%s %s" % (paint("1;36", "==>"), paint("1", text)), flush=True)


def shown(command):
    print("    %s" % paint("2", "$ " + command), flush=True)


def indent(text, code=None):
    for line in text.rstrip("\n").splitlines():
        print("    " + (paint(code, line) if code else line), flush=True)


def programs():
    build = os.path.join(TOP, "build")
    found = {"ctl": os.path.join(build, "cloisterctl"), "hostd": os.path.join(build, "cloister-hostd"),
             "hook": os.path.join(build, "cloister-hook")}
    for path in found.values():
        if not os.path.exists(path):
            sys.exit("demo: %s is missing: make build" % path)
    os.environ.setdefault("SIMHOST_TOOLS", os.path.join(build, "tests", "simhost"))
    return found


def nova_domain():
    step("A domain XML, made by Nova 31's own driver code")
    path = os.path.join(TOP, "build", "demo.xml")
    shown("tests/stack/nova-xml no-nic")
    r = subprocess.run([os.path.join(TOP, "tests", "stack", "nova-xml"), "no-nic"], stdout=subprocess.PIPE, text=True)
    if r.returncode or "<domain" not in r.stdout:
        sys.exit("demo: Nova's code gave no domain XML (see above)")
    with open(path, "w") as f:
        f.write(r.stdout)
    print("    %d lines; an ordinary guest: no launchSecurity in it" % len(r.stdout.splitlines()))
    os.environ["CLOISTER_DEMO_XML"] = path


def failed(what, text):
    print(paint("1;31", "demo: %s failed:" % what))
    indent(text)
    sys.exit(1)


def prepare_disks(host, xml):
    for path in re.findall(r"<source file=[\"']([^\"']+)", xml):
        host.disk(path)
    for path in re.findall(r"<log file=[\"']([^\"']+)", xml):
        os.makedirs(os.path.dirname(os.path.join(host.root, path.lstrip("/"))), exist_ok=True)


def cloisterctl(found, *args):
    return subprocess.run([found["ctl"], *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def show_host(found, host):
    for line in host.virsh("version").stdout.splitlines():
        if re.match(r"(Using library|Running hypervisor)", line):
            print("    " + line)
    shown("cloisterctl capabilities")
    indent(cloisterctl(found, "capabilities").stdout)


def rewrite(found, source):
    step("Rewrite under the launch policy 'snp': what changes")
    shown("cloisterctl rewrite --policy snp --diff demo.xml")
    r = cloisterctl(found, "rewrite", "--policy", "snp", "--diff", "--color", "always" if COLOUR else "never", source)
    if r.returncode:
        failed("rewrite --diff", r.stderr)
    indent(r.stdout)
    r = cloisterctl(found, "rewrite", "--policy", "snp", source)
    if r.returncode:
        failed("rewrite", r.stderr)
    for line in r.stderr.splitlines():
        print("\n".join("    " + part for part in textwrap.wrap(line, 110)))
    return r.stdout


def start(host, name, xml):
    host.write("/srv/demo.xml", xml)
    for command in (["define", "/srv/demo.xml"], ["start", name], ["list"]):
        shown("virsh " + " ".join(command))
        r = host.virsh(*command, check=False)
        if r.returncode:
            failed("virsh " + command[0], r.stderr + host.log("var/log/libvirt/qemu/%s.log" % name))
        indent(r.stdout.strip())


def vetoed(host, name):
    shown("virsh start " + name)
    r = host.virsh("start", name, check=False)
    if r.returncode == 0:
        failed("the gate", "the stripped guest STARTED")
    for line in r.stderr.strip().splitlines():
        indent("\n".join(textwrap.wrap(line, 110)), "31")


def ordinary(host, source):
    """The guest as Nova made it, under another name: nobody bound it, and it asks for nothing."""
    with open(source) as f:
        xml = f.read()
    xml = xml.replace(re.search(r"<uuid>(.*?)</uuid>", xml)[1], "0d1e2f3a-0000-4000-8000-000000000001")
    xml = re.sub(r"<name>.*?</name>", "<name>ordinary</name>", xml, count=1)
    # Nova's paths to UEFI are another distribution's: this one boots from BIOS.
    xml = re.sub(r"\s*<(loader|nvram)\b[^>]*?(/>|>.*?</\1>)", "", xml)
    prepare_disks(host, xml)
    start(host, "ordinary", xml)
    host.virsh("destroy", "ordinary")
    host.virsh("undefine", "--nvram", "ordinary")


def main():
    found = programs()
    if not os.environ.get("SIMROOT"):
        print(paint("1", "Cloister: from Nova's XML to a running SEV-SNP guest, on hardware that is simulated below it"))
        nova_domain()
        step("A host with SEV-SNP: EPYC 7713P as recorded, libvirt and QEMU of Debian 13")
    simhost.reenter("trixie", "milan-snp", [os.path.abspath(__file__)])

    source = os.environ["CLOISTER_DEMO_XML"]
    host = simhost.SimHost()
    host.install_hook(found["hook"])
    host.start_hostd(found["hostd"], os.path.join(TOP, "templates"))
    host.libvirtd()
    show_host(found, host)
    rewritten = rewrite(found, source)
    name = re.search(r"<name>([^<]+)", rewritten)[1]
    prepare_disks(host, rewritten)

    step("libvirtd defines it; the hook asks cloister-hostd; the guest starts")
    start(host, name, rewritten)
    live = host.virsh("dumpxml", name).stdout
    indent(re.search(r"<launchSecurity.*</launchSecurity>", live, re.S)[0], "32")
    host.virsh("destroy", name)

    step("The same guest, stripped of its launchSecurity: vetoed")
    host.write("/srv/demo.xml", re.sub(r"\s*<launchSecurity.*</launchSecurity>", "", rewritten, flags=re.S))
    host.virsh("define", "/srv/demo.xml")
    vetoed(host, name)

    step("cloister-hostd killed: the stripped guest is vetoed all the same, an ordinary one starts")
    shown("kill -9 $(pidof cloister-hostd)")
    host.kill_hostd()
    vetoed(host, name)
    ordinary(host, source)

    step("Clean up")
    host.virsh("undefine", "--nvram", name, check=False)
    host.stop_libvirtd()
    print("    all of it ended with its namespaces; %.0f seconds in all" % (time.time() - T0))


main()
