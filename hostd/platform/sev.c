/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/amd-capacity.h"
#include "platform/amd-values.h"

void
hostd_probe_sev (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const HostdAmdKernel kernel = { "sev", "4.16", HOSTD_VM_TYPE_SEV, "", HOSTD_AMD_OFF_SEV };
  HostdAmd amd;

  if (!hostd_probe_applies (probe, facts, "x86_64",
                            1u << HOSTD_VENDOR_AMD | 1u << HOSTD_VENDOR_HYGON, "AMD"))
    return;
  hostd_amd_read (probe, facts, &amd);
  if (hostd_amd_check_hardware (probe, facts, &amd, HOSTD_AMD_EAX_SEV, "sev", "SEV")) {
    hostd_amd_check_init (probe, facts, &amd);
    hostd_amd_check_kernel (probe, facts, &amd, &kernel);
    hostd_probe_qemu (probe, facts, "sev-guest", "2.12 or later");
    hostd_amd_set_sev_capacity (probe, facts, &amd);
    hostd_amd_set_values (probe, facts, &amd, HOSTD_TECHNOLOGY_SEV);
  }
  hostd_probe_conclude (facts);
  /* The guest's owner gets a measurement while it is launched, signed with a key of the owner's. */
  hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, NULL, NULL);
}
