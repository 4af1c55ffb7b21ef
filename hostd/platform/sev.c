/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/amd.h"
#include "platform/capacity.h"

static void
set_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  gint64 total = HOSTD_CAPACITY_UNKNOWN, in_use = HOSTD_CAPACITY_UNKNOWN;
  guint64 value = 0;
  HostdRead read;

  read = hostd_misc_capacity (probe, facts, "sev", &value);
  if (amd->leaf_known)
    total = amd->leaf.ecx == 0 || amd->leaf.edx > amd->leaf.ecx
                ? 0
                : (gint64) amd->leaf.ecx - amd->leaf.edx + 1;
  else if (read == HOSTD_READ_VALUE)
    total = value;

  read = hostd_misc_current (probe, facts, "sev", &value);
  if (read == HOSTD_READ_VALUE)
    in_use = value;
  else if (amd->status.known && amd->status.guests == 0)
    in_use = 0;
  hostd_capacity_set (facts, "sev", total, in_use);

  if (amd->leaf_known && total == 0)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "no encryption keys are left for SEV: the BIOS gives all of them to SEV-ES and SEV-SNP",
        "lower the \"SEV-ES ASID space limit\" in the BIOS");
}

void
hostd_probe_sev (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  HostdAmd amd;

  if (!hostd_probe_applies (probe, facts, "x86_64",
                            1u << HOSTD_VENDOR_AMD | 1u << HOSTD_VENDOR_HYGON, "AMD"))
    return;
  hostd_amd_read (probe, facts, &amd);
  hostd_amd_check_hardware (probe, facts, &amd, HOSTD_AMD_EAX_SEV, "sev", "SEV");
  if (facts->layer == HOSTD_LAYER_HARDWARE) {
    hostd_probe_conclude (facts);
    return;
  }
  hostd_amd_check_init (probe, facts, &amd);
  hostd_amd_check_kernel (probe, facts, &amd, "sev", "4.16", HOSTD_VM_TYPE_SEV);
  hostd_probe_qemu (probe, facts, "sev-guest", "2.12 or later");
  set_capacity (probe, facts, &amd);
  hostd_probe_conclude (facts);
}
