/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include <string.h>

/* IBM's Protected Execution Facility: POWER9 from revision 2.3 on, with the Ultravisor firmware. */
void
hostd_probe_pef (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  HostdRead read;

  if (!hostd_probe_applies (probe, facts, "ppc64*", 0, "IBM POWER"))
    return;
  if (probe->cpuinfo == NULL)
    hostd_probe_unknown (facts, "", "the processor is not known: /proc/cpuinfo cannot be read");
  else if (strstr (probe->cpuinfo, "POWER9") == NULL ||
           strstr (probe->cpuinfo, "(pvr 004e 1202)") != NULL)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE,
                                       "this processor has no Protected Execution Facility",
                                       "none on this CPU: POWER9 revision 2.3 or later has it");

  read = hostd_sys_list_folder (probe->sys, "sys/firmware/ultravisor", &names, &error);
  hostd_technology_facts_add_evidence (facts, "sys/firmware/ultravisor", "%s",
                                       read == HOSTD_READ_VALUE    ? "present"
                                       : read == HOSTD_READ_ABSENT ? "absent"
                                                                   : error->message);
  if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "no Ultravisor runs in this machine's firmware",
                                       "boot with firmware that has the Ultravisor");
  hostd_probe_qemu (probe, facts, "pef-guest", "6.0 or later");
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_LIBVIRT,
                                     "libvirt has no launchSecurity type for PEF",
                                     "none; QEMU's own options (qemu:commandline) are not covered "
                                     "by a launch policy");
  hostd_probe_conclude (facts);
}
