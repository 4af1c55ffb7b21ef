/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

/*
 * Arm CCA. Whether the processor has RME stands in a register that Linux does not show in a file,
 * and KVM's own number for it changed with each patch series, so neither is asked here. What is
 * certain decides: no libvirt has a launchSecurity type for it, whatever lies below.
 */
void
hostd_probe_cca (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  if (!hostd_probe_applies (probe, facts, "aarch64*", 0, "Arm"))
    return;
  hostd_technology_facts_add_evidence (facts, "ID_AA64PFR0_EL1", "not read");
  hostd_probe_qemu (probe, facts, "rme-guest", "with the patches for realms (no release has them)");
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_LIBVIRT,
                                     "libvirt has no launchSecurity type for realms",
                                     "none yet; QEMU's own options (qemu:commandline) are not "
                                     "covered by a launch policy");
  hostd_probe_conclude (facts);
}
