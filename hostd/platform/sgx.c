/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/capacity.h"

#include <string.h>

#define MSR_FEATURE_CONTROL 0x3a /* Intel SDM volume 4: bit 0 locked, bit 18 SGX on */
#define MAX_SECTIONS 64

/* Bytes of enclave memory (EPC): CPUID 0x12, sub-leaves from 2 on, Intel SDM volume 3D. */
static gboolean
sum_sections (HostdProbe *probe, HostdTechnologyFacts *facts, guint64 *ret_bytes)
{
  guint64 sum = 0;

  for (guint i = 2; i < MAX_SECTIONS; i++) {
    HostdCpuid leaf;

    if (hostd_probe_cpuid (probe, facts, 0x12, i, &leaf) != HOSTD_READ_VALUE)
      return FALSE;
    if ((leaf.eax & 0xf) != 1)
      break;
    sum += (leaf.ecx & 0xfffff000) | (guint64) (leaf.edx & 0xfffff) << 32;
  }
  *ret_bytes = sum;
  return TRUE;
}

void
hostd_probe_sgx (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  gboolean on = FALSE, has_cpuid;
  guint64 value = 0;
  HostdCpuid leaf;
  HostdRead read;

  if (!hostd_probe_applies (probe, facts, "x86_64", 1u << HOSTD_VENDOR_INTEL, "Intel"))
    return;
  has_cpuid = hostd_probe_cpuid (probe, facts, 7, 0, &leaf) == HOSTD_READ_VALUE;
  if (has_cpuid && (leaf.ebx & 1u << 2) == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE,
                                       "this processor has no SGX, or the BIOS hides it (CPUID 7 "
                                       "EBX bit 2 is 0)",
                                       "turn SGX on in the BIOS; else none on this CPU");
  else if (!has_cpuid && !hostd_probe_has_cpu_flag (probe, "sgx"))
    hostd_probe_unknown (facts, "", "whether this processor has SGX cannot be read");
  if (facts->layer == HOSTD_LAYER_HARDWARE) {
    hostd_probe_conclude (facts);
    return;
  }

  if (hostd_probe_msr (probe, facts, MSR_FEATURE_CONTROL, &value) == HOSTD_READ_VALUE &&
      ((value & 1) == 0 || (value & 1u << 18) == 0))
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE, "SGX is off in the BIOS (MSR 3a)", "turn SGX on in the BIOS");
  if (sum_sections (probe, facts, &value)) {
    hostd_capacity_set (facts, "sgx-epc", value, HOSTD_CAPACITY_UNKNOWN);
    if (value == 0)
      hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                         "the BIOS sets no memory aside for enclaves (no EPC "
                                         "section in CPUID 12)",
                                         "turn SGX on in the BIOS, with memory (PRMRR) for it");
  }
  read = hostd_probe_flag (probe, facts, "sys/module/kvm_intel/parameters/sgx", &on, NULL);
  if (hostd_probe_module (probe, facts, "kvm_intel") == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel is not loaded",
                                       "modprobe kvm_intel");
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "this kernel's kvm_intel knows no \"sgx\"",
                                       "upgrade the kernel: Linux 5.13 or later, with "
                                       "CONFIG_X86_SGX_KVM");
  else if (read == HOSTD_READ_VALUE && !on)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel.sgx is off",
                                       "load kvm_intel without sgx=0, and look at the kernel log");
  else if (read == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "kvm_intel.sgx cannot be read");
  hostd_probe_conclude (facts);
}
