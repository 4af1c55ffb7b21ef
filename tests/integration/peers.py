# SPDX-License-Identifier: Apache-2.0
"""What other programs conclude from the files of a recorded host: their reasoning, said again in a few lines.

Each takes a Machine and returns, for each technology that it speaks of,

    {'usable': True or False, 'capacity': how many guests (SGX: bytes), ...}

and further facts under the names that `cloisterctl capabilities` gives them in "values". What it does not speak of, or
says it cannot tell, is left out. Where a program is named with a version, later ones have mended it.
"""
import os
import re
import struct
import xml.etree.ElementTree as ElementTree

AMD = ('sev', 'sev-es', 'sev-snp')
PARAMETER = {'sev': 'sev', 'sev-es': 'sev_es', 'sev-snp': 'sev_snp'}
CPUID_BIT = {'sev': 1, 'sev-es': 3, 'sev-snp': 4}  # CPUID 8000001f EAX


class Machine:
    """A folder as tests/hosts/README.md describes it."""

    def __init__(self, folder):
        self.folder = folder
        self.domcapabilities = self.domain_capabilities()
        self.qemu = tuple(int(n) for n in (self.text('qemu/version') or '0').strip().split('.'))
        self.x86 = 'x86_64' in self.text('uname')

    def text(self, path):
        try:
            with open(os.path.join(self.folder, path), encoding='utf-8') as file:
                return file.read()
        except FileNotFoundError:
            return None

    def is_folder(self, path):
        return os.path.isdir(os.path.join(self.folder, path))

    def rows(self, path):
        """Lines of words, without comments."""
        lines = (line.partition('#')[0].split() for line in (self.text(path) or '').splitlines())
        return [line for line in lines if line]

    def cpuid(self, leaf, subleaf=0):
        for row in self.rows('cpuid'):
            if row[:2] == [leaf, f'{subleaf}:']:
                return [int(word, 16) for word in row[2:6]]
        return [0, 0, 0, 0]

    def msr(self, number):
        """None: cannot be read."""
        for row in self.rows('msr'):
            if row[0] == number:
                return None if row[1] == 'errno' else int(row[1], 16)
        return None

    def ioctl(self, name):
        for row in self.rows('ioctl'):
            if row[0] == name:
                return None if row[1] == 'errno' else bytes.fromhex(''.join(row[1:]))
        return None

    def device(self, path):
        return any(row[0] == path for row in self.rows('devices'))

    def flags(self):
        """lscpu's flags, and the facilities of IBM Z."""
        found = re.search(r'^(?:flags|facilities)\s*:(.*)$', self.text('proc/cpuinfo') or '', re.M)
        return found[1].split() if found else []

    def amd(self):
        return 'AuthenticAMD' in (self.text('proc/cpuinfo') or '')

    def parameter(self, module, name):
        text = self.text(f'sys/module/{module}/parameters/{name}')
        return text.strip() if text is not None else None

    def amd_parameter(self, technology):
        return self.parameter('kvm_amd', PARAMETER[technology]) in ('1', 'Y')

    def misc(self, resource):
        """The capacity of exactly this resource; 0 where the kernel has no row, None where it has no controller."""
        for path in ('sys/fs/cgroup/misc.capacity', 'sys/fs/cgroup/misc/misc.capacity'):
            if self.text(path) is not None:
                return dict((row[0], int(row[1])) for row in self.rows(path)).get(resource, 0)
        return None

    def domain_capabilities(self):
        text = self.text('libvirt/domcapabilities.xml')
        return ElementTree.fromstring(text) if text else None

    def feature(self, name):
        """libvirt's <features> element of this name, if it says "yes"."""
        found = self.domcapabilities.find(f'features/{name}')
        return found if found is not None and found.get('supported') == 'yes' else None

    def sectypes(self):
        return [e.text for e in self.domcapabilities.findall("features/launchSecurity/enum[@name='sectype']/value")]

    def guests_by_libvirt(self, name):
        """maxGuests or maxESGuests; None: libvirt is older than 8.0."""
        sev = self.feature('sev')
        text = sev.findtext(name) if sev is not None else '0'
        return int(text) if text is not None else None


def says(usable, capacity=None, **facts):
    answer = dict(facts, usable=bool(usable))
    if usable and capacity is not None:
        answer['capacity'] = capacity
    return answer


def lscpu(m):
    """The flags of /proc/cpuinfo, where the kernel shows what the processor has."""
    if not m.x86:
        return {}
    flags = m.flags()
    return {t: says(PARAMETER.get(t, t) in flags) for t in AMD + ('sgx',)} | {'tdx': says('tdx_host_platform' in flags)}


def domcapabilities(m):
    """libvirt src/conf/domain_capabilities.c, src/qemu/qemu_capabilities.c: sectype has what QEMU has objects for.

    For SEV-ES, which has no word there, the guests that it counts; for SGX and IBM Z, elements of their own."""
    if m.domcapabilities is None:
        return {}
    answer = {'sev': says(m.feature('sev') is not None, m.guests_by_libvirt('maxGuests'))}
    if m.guests_by_libvirt('maxESGuests') is not None:
        answer['sev-es'] = says(m.guests_by_libvirt('maxESGuests'), m.guests_by_libvirt('maxESGuests'))
    for technology in ('sev-snp', 'tdx'):
        answer[technology] = says(technology in m.sectypes())
    sgx = m.feature('sgx')
    answer['sgx'] = says(sgx is not None, int(sgx.findtext('section_size')) * 1024 if sgx is not None else None)
    answer['s390-pv'] = says(m.feature('s390-pv') is not None)
    return answer


def virt_host_validate(m):
    """libvirt tools/virt-host-validate-common.c, virHostValidateSecureGuests and virHostValidateAMDSev (11.x)."""
    if 's390x' in m.text('uname'):
        told = re.search(r'\bprot_virt=(\S+)', m.text('proc/cmdline') or '')
        return {'s390-pv': says('158' in m.flags() and m.is_folder('sys/firmware/uv')
                                and told and re.match('y|on|1', told[1], re.I))}
    if not m.x86:
        return {}
    usable = 'sev' in m.flags() and m.amd_parameter('sev') and m.device('dev/sev')
    bits = m.cpuid('8000001f')[0]
    return {'sev': says(usable), 'sev-es': says(usable and bits & 1 << 3), 'sev-snp': says(usable and bits & 1 << 4)}


def nfd(m):
    """kubernetes-sigs/node-feature-discovery source/cpu/security_amd64.go, security_s390x.go."""
    if not m.x86:
        se = m.text('sys/firmware/uv/prot_virt_host') == '1\n'
        return {'s390-pv': says(se)} if 's390x' in m.text('uname') else {}
    lines = (m.text('sys/fs/cgroup/misc.capacity') or m.text('sys/fs/cgroup/misc/misc.capacity') or '').splitlines()

    def count(resource):
        """The first line that begins so."""
        return next((int(line.split(' ')[1]) for line in lines if line.startswith(resource)), None)

    sections = [m.cpuid('12', leaf) for leaf in range(2, 10)]
    epc = sum((ecx & 0xfffff000) | (edx & 0xfffff) << 32 for eax, _, ecx, edx in sections if eax & 0xf == 1)
    return {'sev': says(m.amd_parameter('sev'), count('sev')),
            'sev-es': says(m.amd_parameter('sev-es'), count('sev_es')),
            'sev-snp': says(m.amd_parameter('sev-snp')),
            'tdx': says(m.text('sys/module/kvm_intel/parameters/tdx') == 'Y\n', count('tdx')),
            'sgx': says(m.cpuid('7')[1] & 1 << 2 and epc, epc)}


def nfd_cpuid(m):
    """The labels cpu-cpuid.SEV, .SEV_ES, .SEV_SNP of the same: source/cpu/cpuid_amd64.go, klauspost/cpuid."""
    return {t: says(m.cpuid('8000001f')[0] & 1 << CPUID_BIT[t]) for t in AMD} if m.x86 else {}


def kata(m):
    """kata-containers src/runtime/virtcontainers/hypervisor_linux_amd64.go; src/libs/kata-sys-util/src/protection.rs.

    The latter for other architectures. One answer for a host; SEV and SEV-ES are no longer among those for x86."""
    machine = m.text('uname').split()[2]
    if m.x86:
        tdx = m.parameter('kvm_intel', 'tdx') == 'Y'
        return {'tdx': says(tdx), 'sev-snp': says(not tdx and m.parameter('kvm_amd', 'sev_snp') == 'Y')}
    if machine == 's390x':
        told = re.search(r'\bprot_virt=(1|on|y|yes)\b', m.text('proc/cmdline'))
        return {'s390-pv': says('158' in m.flags() and told)}
    if machine == 'ppc64le':
        return {'pef': says(m.is_folder('sys/firmware/ultravisor'))}
    return {'cca': says(False)}


def kata_deploy(m):
    """kata-containers' Helm chart, its NodeFeatureRule: sev-snp.amd.com/esids is NFD's sev.encrypted_state_ids."""
    found = nfd(m)
    if not m.x86 or not found['sev-snp']['usable']:
        return {}
    return {'sev-snp': says(True, found['sev-es'].get('capacity'))}


def kubevirt(m):
    """kubevirt pkg/virt-handler/node-labeller, and for capacity pkg/virt-handler/device-manager/device_controller.go.

    Nothing takes the label of SEV-ES away where SNP is on; the key device of SEV is advertised 1000 times."""
    if m.domcapabilities is None or not m.x86:
        return {}
    sev, es = m.feature('sev') is not None, m.guests_by_libvirt('maxESGuests') or 0
    return {'sev': says(sev, 1000 if m.device('dev/sev') else None),
            'sev-es': says(sev and es > 0),
            'sev-snp': says('sev-snp' in m.sectypes() and es > 0),
            'tdx': says('tdx' in m.sectypes(), m.misc('tdx'))}


def nova(m):
    """nova nova/virt/libvirt/host.py (2026.2): parameter, QEMU's version, libvirt's counts; no SEV-ES beside SNP."""
    if m.domcapabilities is None or not m.x86:
        return {}
    sev = m.feature('sev') is not None and m.amd_parameter('sev')
    es = m.guests_by_libvirt('maxESGuests')
    snp = m.amd_parameter('sev-snp')
    return {'sev': says(sev, m.guests_by_libvirt('maxGuests')),
            'sev-es': says(sev and m.amd_parameter('sev-es') and m.qemu >= (8, 0) and not snp and es, es),
            'sev-snp': says(sev and snp and 'sev-snp' in m.sectypes() and es, es)}


def proxmox(m):
    """proxmox/qemu-server src/query-machine-capabilities/query-machine-capabilities.c."""
    if not m.x86:
        return {}
    if m.amd():
        bits, where, _, _ = m.cpuid('8000001f')
        seen = {'cbitpos': str(where & 0x3f), 'host_reduced_phys_bits': str(where >> 6 & 0x3f)} if where else {}
        return {t: says(bits & 1 << CPUID_BIT[t], **seen) for t in AMD}
    tme, seam, sgx = m.msr('982'), m.msr('1401'), m.msr('a0')
    return {} if None in (tme, seam, sgx) else {'tdx': says(tme >> 1 & 1 and seam >> 11 & 1 and not sgx)}


def sevctl(m):
    """virtee/sevctl src/ok.rs. In Rust >> binds closer than &: the mask of the reduction is 0x3f. The C-bit's is 0x1f."""
    if not m.amd():
        return {}
    bits, where, keys, _ = m.cpuid('8000001f')
    usable = bits & 1 << 1 and m.amd_parameter('sev') and m.device('dev/sev') and m.device('dev/kvm')
    seen = {'cbitpos': str(where & 0x1f), 'host_reduced_phys_bits': str(where & (0xfc0 >> 6))} if where else {}
    return {'sev': says(usable, keys, **seen), 'sev-es': says(usable and bits & 1 << 3)}


def sevctl_0_4(m):
    """sevctl 0.4's SNP row: CPUID alone (seen in tests/hosts/milan-kernel-without-snp; virtee/sevctl#130)."""
    return {'sev-snp': says(m.cpuid('8000001f')[0] & 1 << 4)} if m.amd() else {}


def snphost(m):
    """virtee/snphost src/ok/mod.rs: CPUID, MSRs, the two status commands. What it may not read fails."""
    if not m.amd():
        return {}
    bits = m.cpuid('8000001f')[0]
    sev, snp, syscfg = m.ioctl('sev-platform-status'), m.ioctl('snp-platform-status'), m.msr('c0010010')
    up = bits & 1 << 1 and sev and sev[2] >= 1
    return {'sev': says(up),
            'sev-es': says(up and bits & 1 << 3 and struct.unpack_from('<I', sev, 3)[0] >> 8 & 1),
            'sev-snp': says(up and bits & 1 << 4 and (sev[0], sev[1]) >= (1, 51) and syscfg and syscfg >> 24 & 1
                            and snp and snp[2] >= 1 and snp[3] & 1)}


def snphost_0_5(m):
    """0.5: byte 3 of SNP's status, of which bit 0 says that the RMP is initialised, has to be 1 (virtee/snphost#108)."""
    status = m.ioctl('snp-platform-status')
    return {'sev-snp': says(status[3] == 1)} if status else {}


def snphost_0_6(m):
    """0.6: a TCB in another order, with an FMC that only Turin has, as virtee/snphost#125 shows what it printed."""
    status = m.ioctl('snp-platform-status')
    if not status or not re.search(r'^cpu family\s*: 25$', m.text('proc/cpuinfo'), re.M):
        return {}
    tcb = status[16:24]
    return {'sev-snp': {'tcb_current': 'fmc %u, bootloader %u, tee %u, snp %u, microcode %u' % (tcb[7], *tcb[:4])}}


PEERS = {'lscpu': lscpu, 'domcapabilities': domcapabilities, 'virt-host-validate': virt_host_validate, 'nfd': nfd,
         'nfd-cpuid': nfd_cpuid, 'kata': kata, 'kata-deploy': kata_deploy, 'kubevirt': kubevirt, 'nova': nova,
         'proxmox': proxmox, 'sevctl': sevctl, 'sevctl-0.4': sevctl_0_4, 'snphost': snphost, 'snphost-0.5': snphost_0_5,
         'snphost-0.6': snphost_0_6}
