# SPDX-License-Identifier: Apache-2.0
"""Where Cloister's answer on a recorded host is not a peer's, and why ours is the right one.

A row stands for each of its peers, on each of its technologies, on each of its hosts; the host's text is the word in
Cloister's cause, evidence, values or capacity that shows it. hosts_peers.py holds both to it; doc/platform-truth.md is
this table for people.
"""
from typing import NamedTuple


class Row(NamedTuple):
    peers: tuple
    technologies: tuple
    fact: str  # verdict, capacity, or one of the values
    why: str
    hosts: dict


# Hosts that are a recorded one but for some texts: name: (host, {file: (text, the text in its place)})
VARIANTS = {
    # The least ASID of SEV is above the greatest one: kvm_amd then has no row "sev" in misc.capacity.
    'milan-all-keys-to-es': ('milan-snp', {
        'cpuid': ('000001fd 00000080', '000001fd 000001fe'),
        'sys/fs/cgroup/misc.capacity': ('sev 382\nsev_es 127\n', 'sev_es 509\n'),
        'libvirt/domcapabilities.xml': ('<maxGuests>382</maxGuests>\n      <maxESGuests>127<',
                                        '<maxGuests>0</maxGuests>\n      <maxESGuests>509<'),
    }),
}

AMD = ('sev', 'sev-es', 'sev-snp')
ES, SNP, TDX = ('sev-es',), ('sev-snp',), ('tdx',)
# Whoever takes the processor's word
BY_CPU = ('nfd-cpuid', 'proxmox', 'virt-host-validate')
NOT_ROOT = {'milan-snp-not-root': 'Permission denied'}
NOT_LOADED = {'milan-snp-no-kvm-amd': 'kvm_amd is not loaded'}
TOO_OLD = {'milan-firmware-too-old': '1.49'}
NO_SNP = {'genoa-snp-auto': 'EFR bit 63 is 0', 'milan-iommu-pt': 'iommu=pt',
          'milan-kernel-without-snp': 'no parameter kvm_amd.sev_snp', 'min-asid-1': 'no encryption keys'}
NO_ES = {'min-asid-1': 'no encryption keys', 'naples-7251': 'no parameter kvm_amd.sev_es'}
# EBX of CPUID 8000001f, as our evidence has it
EBX = {'genoa': '000041b3', 'genoa-snp-auto': '000041b3', 'milan-all-keys-to-es': '00004173',
       'milan-firmware-too-old': '00004173', 'milan-iommu-pt': '00004173', 'milan-kernel-without-snp': '00004173',
       'milan-snp': '00004173', 'milan-snp-leak': '00004173', 'milan-snp-no-kvm-amd': '00004173',
       'milan-snp-no-misc': '00004173', 'milan-snp-not-root': '00004173', 'min-asid-1': '000041b3',
       'naples-7251': '0000016f', 'rome': '0000016f', 'turin-hiding': '000041b3'}
# ECX and EDX: SEV has ECX-EDX+1 of the keys
KEYS = {'genoa': '000003ee 000000fd', 'genoa-snp-auto': '000003ee 00000064', 'milan-iommu-pt': '000001fd 00000064',
        'milan-kernel-without-snp': '000001fd 00000008', 'milan-snp': '000001fd 00000080',
        'milan-snp-leak': '000001fd 00000080', 'milan-snp-no-misc': '000001fd 00000080',
        'milan-snp-not-root': '000001fd 00000080', 'naples-7251': '0000000f 00000005', 'rome': '000001fd 00000064',
        'turin-hiding': '000003ee 00000064'}
RMP_BITS = {host: 'RMP 03' for host in ('milan-all-keys-to-es', 'milan-snp', 'milan-snp-leak', 'milan-snp-no-misc',
                                        'turin-hiding')}

DIFFERENCES = [
    # ---- what was not read is not known ----
    Row(('lscpu', 'domcapabilities', 'virt-host-validate', 'nfd', 'nfd-cpuid', 'kubevirt', 'nova', 'proxmox'), AMD,
        'verdict', 'they do not ask the secure processor, so they do not miss its answer', NOT_ROOT),
    Row(('sevctl',), ('sev', 'sev-es'), 'verdict', 'looks whether /dev/sev is there, and asks it nothing', NOT_ROOT),
    Row(('kata', 'kata-deploy', 'sevctl-0.4'), SNP, 'verdict', 'the same of SNP', NOT_ROOT),
    Row(('snphost',), AMD, 'verdict', 'fails where it may not read: that is no "no"', NOT_ROOT),

    # ---- a flag or a parameter is a wish ----
    Row(('lscpu', 'nfd-cpuid', 'proxmox'), AMD, 'verdict', 'the processor can; KVM is not there to do it', NOT_LOADED),
    Row(('sevctl-0.4',), SNP, 'verdict', 'the same', NOT_LOADED),
    Row(('lscpu', 'virt-host-validate', 'nfd', 'nfd-cpuid', 'proxmox'), AMD, 'verdict',
        'flag and parameter are there, the firmware could not be initialised', TOO_OLD),
    Row(('sevctl',), ('sev', 'sev-es'), 'verdict', 'the same; its version of the firmware is not read', TOO_OLD),
    Row(('kata', 'kata-deploy', 'sevctl-0.4'), SNP, 'verdict', 'the same; there the parameter stays Y', TOO_OLD),
    Row(BY_CPU + ('sevctl-0.4',), SNP, 'verdict',
        'EAX bit 4 is what the processor can; BIOS, IOMMU and kernel have a word too', NO_SNP),
    Row(('lscpu',), SNP, 'verdict', 'Linux takes a platform attribute away, not the flag',
        {h: NO_SNP[h] for h in ('genoa-snp-auto', 'milan-iommu-pt')}),
    Row(('domcapabilities',), SNP, 'verdict', 'sectype has sev-snp wherever QEMU has the object',
        {h: NO_SNP[h] for h in ('genoa-snp-auto', 'milan-iommu-pt', 'min-asid-1')}),
    Row(('kubevirt',), SNP, 'verdict', "libvirt's sectype, and keys for SEV-ES, do not make SNP",
        {h: NO_SNP[h] for h in ('genoa-snp-auto', 'milan-iommu-pt')}),
    Row(BY_CPU + ('sevctl',), ES, 'verdict', 'EAX bit 3 is what the processor can: it needs keys, and KVM', NO_ES),
    Row(('lscpu', 'snphost'), ES, 'verdict',
        'flag, and CONFIG_ES of the firmware, are there without a single key for SEV-ES',
        {'min-asid-1': NO_ES['min-asid-1']}),
    Row(('lscpu', 'domcapabilities', 'virt-host-validate', 'nfd', 'nfd-cpuid', 'kubevirt', 'nova', 'proxmox', 'sevctl',
         'snphost'), ('sev',), 'verdict',
        'nobody counts SEV\'s keys; libvirt does, and still says yes; NFD takes the row "sev_es" for "sev"',
        {'milan-all-keys-to-es': 'the BIOS gives all of them to SEV-ES'}),
    Row(('lscpu',), TDX, 'verdict', 'the flag says that the BIOS set KeyIDs aside, not that a module was loaded',
        {'emr-module-missing': 'SEAMRR'}),
    Row(('lscpu', 'proxmox'), TDX, 'verdict', 'BIOS and processor are ready; KVM was told not to',
        {'spr-tdx-parameter-N': 'kvm_intel.tdx is off'}),
    Row(('domcapabilities', 'kubevirt'), TDX, 'verdict', 'libvirt before 11.10 lists tdx wherever QEMU has the object',
        {'icx-sgx-two-nodes': 'no flag tdx_host_platform'}),
    Row(('domcapabilities',), SNP, 'verdict', 'QEMU has the object; the machine is a guest',
        {'plain-vm': 'this is a guest'}),

    # ---- too strict ----
    Row(('nova',), ES, 'verdict', 'never offers SEV-ES beside SNP, which only newer firmware refuses; here KVM lists it '
        '(doctor warns of CVE-2025-48514: known-bad, es-beside-snp)',
        {h: 'KVM_CAP_VM_TYPES: 1d' for h in ('genoa', 'milan-all-keys-to-es', 'milan-snp', 'milan-snp-leak',
                                             'milan-snp-no-misc', 'turin-hiding')}),
    Row(('nova',), ES, 'verdict', 'wants QEMU 8.0; earlier ones start SEV-ES guests, and this one has the object',
        {h: 'has object sev-guest' for h in ('milan-kernel-without-snp', 'rome')}),
    Row(('snphost-0.5',), SNP, 'verdict', 'takes byte 3 of the status for a number: bit 1 is the check for aliases',
        RMP_BITS),
    Row(('kata',), ('pef',), 'verdict', 'starts QEMU itself; for guests of libvirt there is no word for it',
        {'power9-ultravisor': 'no launchSecurity type'}),

    # ---- numbers ----
    Row(('sevctl',), ('sev',), 'capacity', 'takes the greatest ASID (ECX) for the number of guests', KEYS),
    Row(('kubevirt',), ('sev',), 'capacity', 'advertises 1000 whatever the processor has',
        KEYS | {'min-asid-1': 'misc.capacity: sev 1006'}),
    Row(('domcapabilities', 'nfd'), ES, 'capacity', 'EDX-1, which ciphertext hiding has divided',
        {'turin-hiding': 'ciphertext_hiding_asids: 32'}),
    Row(('kata-deploy', 'nova'), SNP, 'capacity', "the same number for SNP, which has only the hiding part",
        {'turin-hiding': 'ciphertext_hiding_asids: 32'}),
    Row(('sevctl',), ('sev',), 'cbitpos', 'masks with 0x1f what has 6 bits', EBX),
    Row(('sevctl',), ('sev',), 'host_reduced_phys_bits', 'shifts the mask, not the register: it is the C-bit again', EBX),
    Row(('snphost-0.6',), SNP, 'tcb_current', "decodes another generation's TCB",
        {host: 'generation: Milan' for host in RMP_BITS if host != 'turin-hiding'} | {'genoa': 'generation: Genoa'}),
]
