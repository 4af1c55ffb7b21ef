# SPDX-License-Identifier: Apache-2.0
"""The simulated host, from a test that runs inside tests/simhost/enter."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def skip(reason):
    print("SKIP: " + reason)
    sys.exit(77)


def reenter(suite, recording, argv):
    """Runs this same script inside the simulated host; returns only there."""
    if os.environ.get("SIMROOT"):
        return
    if os.geteuid() != 0:
        skip("needs root for mounts and namespaces")
    if not shutil.which("mmdebstrap"):
        skip("mmdebstrap is not installed, so there is no Debian root to run libvirtd in")
    made = subprocess.run([os.path.join(TOP, "tests", "stack", "make-root"), suite],
                          stdout=sys.stderr, stdin=subprocess.DEVNULL)
    if made.returncode:
        skip("tests/stack/make-root %s failed: no Debian %s root (no mirror?)" % (suite, suite))
    os.execv(os.path.join(TOP, "tests", "simhost", "enter"),
             ["enter", suite, os.path.join(TOP, "tests", "hosts", recording), sys.executable] + argv)


class SimHost:
    """A libvirtd in the root, cloister-hostd on this side, and the hook between them."""

    inside = []  # what a command is run by
    view = ""    # where its files are to be seen from here
    uri = "qemu:///system"

    def __init__(self):
        self.root = os.environ["SIMROOT"]
        self.recording = os.environ["SIMRECORDING"]
        self.hostd = self.hostd_command = self.hostd_settings = None
        self.hostd_conf = "/run/cloister/hostd.conf"
        self.hostd_log = "/run/cloister/hostd.log"

    # ---- libvirtd ----
    def libvirtd(self):
        for d in ("run/libvirt", "var/log/libvirt/qemu", "var/lib/libvirt/images"):
            os.makedirs(os.path.join(self.view + self.root, d), exist_ok=True)
        subprocess.run(self.inside + ["chroot", self.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                        "LD_PRELOAD=/usr/local/lib/simhost/libsim.so",
                        "libvirtd", "-d", "-p", "/run/libvirtd.pid"], check=True)
        deadline = time.monotonic() + 30
        while self.virsh("version", check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError("libvirtd does not answer: " + self.log("var/log/libvirt/libvirtd.log"))
            time.sleep(0.2)

    def libvirtd_pid(self):
        with open(os.path.join(self.view + self.root, "run/libvirtd.pid")) as f:
            return int(f.read())

    def stop_libvirtd(self, how=signal.SIGTERM):
        pid = self.libvirtd_pid()
        os.kill(pid, how)
        while os.path.exists("/proc/%d" % pid):
            time.sleep(0.05)

    def reload_libvirtd(self):
        os.kill(self.libvirtd_pid(), signal.SIGHUP)

    def begin_virsh(self, *args, input=None, env=None):
        """A virsh that nobody waits for yet."""
        own = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(["chroot", self.root, "virsh", "-c", self.uri] + list(args), text=True,
                                stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**own, **(env or {})})

    def virsh(self, *args, check=True, input=None, env=None):
        with self.begin_virsh(*args, input=input, env=env) as p:
            out, err = p.communicate(input)
        if check and p.returncode:
            raise RuntimeError("virsh %s: %s" % (" ".join(args), err.strip()))
        return subprocess.CompletedProcess(args, p.returncode, out, err)

    def qemu_pid(self, name):
        """The process of a running guest; None if there is none."""
        try:
            with open(os.path.join(self.view + self.root, "run/libvirt/qemu/%s.pid" % name)) as f:
                return int(f.read())
        except FileNotFoundError:
            return None

    def log(self, path, lines=20):
        try:
            with open(os.path.join(self.root, path), errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError as e:
            return str(e)

    def write(self, path, text):
        full = os.path.join(self.root, path.lstrip("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as f:
            f.write(text)
        return path

    def disk(self, path, size="64M"):
        full = os.path.join(self.root, path.lstrip("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        subprocess.run(["chroot", self.root, "qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)

    # ---- ours ----
    def install_hook(self, program):
        for where in ("qemu.d", "daemon.d"):
            d = os.path.join(self.root, "etc/libvirt/hooks", where)
            os.makedirs(d, exist_ok=True)
            shutil.copy(program, os.path.join(d, "50-cloister"))
            os.chmod(os.path.join(d, "50-cloister"), 0o755)

    def start_hostd(self, program, templates):
        self.hostd_command = [program, "--config", self.hostd_conf]
        self.templates = templates
        self.hostd_settings = "[hostd]\ntemplate_dir=%s\n[simulation]\nreplay=%s\n" % (templates, self.recording)
        self.configure_hostd("")
        self.restart_hostd()

    def configure_hostd(self, more):
        """Settings beside the usual ones, for the next hostd."""
        with open(self.view + self.hostd_conf, "w") as f:
            f.write(self.hostd_settings + more)

    def restart_hostd(self):
        """hostd as it was started first; returns when it answers."""
        with open(self.view + self.hostd_log, "a") as log:
            self.hostd = subprocess.Popen(self.inside + self.hostd_command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self.hostd_listens():
            if self.hostd.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("cloister-hostd did not come up: " + open(self.view + self.hostd_log).read()[-2000:])
            time.sleep(0.05)

    def hostd_listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            try:
                s.connect(self.view + "/run/cloister/hook/hook.sock")
            except OSError:
                return False
        return True

    def kill_hostd(self, how=signal.SIGKILL):
        self.hostd.send_signal(how)
        self.hostd.wait()


class OtherHost(SimHost):
    """A second host: the same machine and the same disks; a libvirtd, a hostd and a state of its own.

    Its libvirtd listens beside the first one's, so that a client of that one reaches it."""

    SOCKETS = "/srv/other-host"
    SCRIPT = """set -e
root=$1
hostname other-host
for d in /run/cloister /var/lib/cloister $root/run $root/etc/libvirt/qemu $root/var/lib/libvirt/qemu; do
  mount -t tmpfs -o mode=755 other-host $d
done
mkdir -p $root/run/cloister $root/run/libvirt $root$2
for d in run/cloister var/lib/cloister; do mount --bind /$d $root/$d; done
mount --bind $root/run/libvirt /run/libvirt
cat $root/etc/libvirt/libvirtd.conf - >/run/libvirtd.conf.other <<EOF
host_uuid = "5c0e8a8e-31d8-4e0b-9d57-0c5b0a7d2f02"
unix_sock_dir = "$2"
EOF
mount --bind /run/libvirtd.conf.other $root/etc/libvirt/libvirtd.conf
echo there
exec sleep infinity
"""

    def __init__(self, first):
        super().__init__()
        self.uri = "qemu+unix:///system?socket=%s/libvirt-sock" % self.SOCKETS
        self.keeper = subprocess.Popen(["unshare", "-m", "-u", "--propagation", "private", "sh", "-c", self.SCRIPT,
                                        "other-host", self.root, self.SOCKETS], stdout=subprocess.PIPE, text=True)
        if self.keeper.stdout.readline() != "there\n":
            raise RuntimeError("there is no second host")
        self.inside = ["nsenter", "-t", str(self.keeper.pid), "-m", "-u", "-r", "--"]
        self.view = "/proc/%d/root" % self.keeper.pid
        self.start_hostd(first.hostd_command[0], first.templates)
        self.libvirtd()

    def end(self):
        self.stop_libvirtd()
        self.kill_hostd()
        self.keeper.kill()
        self.keeper.communicate()
