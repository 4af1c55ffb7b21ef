/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/capacity.h"

#include <string.h>

#define FACILITY_UNPACK "158" /* the ultravisor-call facility, as /proc/cpuinfo lists it */

static gboolean
has_facility (const char *cpuinfo, const char *facility)
{
  const char *line = strstr (cpuinfo, "facilities");
  g_autofree char *text = line ? g_strndup (line, strcspn (line, "\n")) : NULL;
  g_auto (GStrv) words = NULL;

  if (text == NULL)
    return FALSE;
  words = g_strsplit (text, " ", -1);
  return g_strv_contains ((const char *const *) words, facility);
}

/* IBM Secure Execution. */
void
hostd_probe_s390_pv (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  gboolean on = FALSE, guest = FALSE;
  g_autofree char *why = NULL;
  guint64 guests = 0;
  HostdRead read;

  if (!hostd_probe_applies (probe, facts, "s390x", 0, "IBM Z"))
    return;
  if (hostd_probe_flag (probe, facts, "sys/firmware/uv/prot_virt_guest", &guest, NULL) ==
          HOSTD_READ_VALUE &&
      guest) {
    facts->usability = HOSTD_USABILITY_NOT_APPLICABLE;
    facts->cause = g_strdup ("this is a guest, not a host");
    return;
  }
  if (probe->cpuinfo == NULL)
    hostd_probe_unknown (facts, "", "the facilities are not known: /proc/cpuinfo cannot be read");
  else if (!has_facility (probe->cpuinfo, FACILITY_UNPACK))
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE,
                                       "this machine has no Secure Execution (facility 158)",
                                       "none on this machine; in an LPAR, feature code 115");
  read = hostd_probe_flag (probe, facts, "sys/firmware/uv/prot_virt_host", &on, &why);
  if (read == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "prot_virt_host cannot be read: %s", why);
  else if (read == HOSTD_READ_ABSENT || !on)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "the kernel was not started as a host of protected guests",
                                       "boot with prot_virt=1");
  hostd_probe_qemu (probe, facts, "s390-pv-guest", "6.0 or later");
  if (hostd_probe_decimal (probe, facts, "sys/firmware/uv/query/max_guests", &guests, NULL) ==
      HOSTD_READ_VALUE)
    hostd_capacity_set (facts, "s390-pv", guests, HOSTD_CAPACITY_UNKNOWN);
  hostd_probe_conclude (facts);
}
