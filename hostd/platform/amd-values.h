/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/amd.h"

G_BEGIN_DECLS

/*
 * Facts of an AMD host that change what a tenant measures, what a guest's policy may ask for, or
 * what a guest costs. By name, all of them text:
 *
 *   generation              "Milan"; decides the layout of a TCB, and which VCEK chain signs
 *   firmware                "API 1.55 build 29": of the AMD-SP, as it runs
 *   policy_abi_max          "1.55": the highest version that a guest's policy may demand
 *   cbitpos                 "51": goes into the domain; CPUID 0x8000001F EBX[5:0]
 *   reduced_phys_bits       "1": goes into the domain; QEMU takes no other
 *   host_reduced_phys_bits  "5": what the host's addresses lose; EBX[11:6]
 *   smt                     "on", "off": where it is on, an SNP policy has to allow it (bit 16)
 *   vmsa_features           "0x20": bits that KVM lets a guest's VMSA have, which is measured
 *                           (sev-es and sev-snp; KVM_X86_SEV_VMSA_FEATURES)
 *   memory_private, memory_shared   what a guest costs in host memory, for a person; in numbers
 *                           engine/guest-memory.h
 * and of sev-snp alone:
 *   policy_bits             "0x3dbffff": bits that KVM takes in a guest's policy
 *   certs_supported         "yes", "no": KVM hands the guest certificates with its report
 *   vmpl_count              "4": EBX[15:12]
 *   tcb_current, tcb_reported           "bootloader 4, tee 0, snp 24, microcode 219", as the
 *                           generation lays it out; a quote is signed for the reported one
 *   tcb_current_raw, tcb_reported_raw   "0xdb18000000000004": the eight bytes, little-endian
 *
 * What cannot be read is set as unknown, with why.
 */

/* What all three have, and SEV-ES and SEV-SNP together. */
void hostd_amd_set_values (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                           HostdTechnology technology);

void hostd_amd_set_snp_values (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                               const HostdSnpStatus *snp);

/* Whether a report made here would verify, as far as the platform itself can tell. */
void hostd_amd_set_snp_quote (HostdTechnologyFacts *facts, const HostdSnpStatus *snp);

G_END_DECLS
