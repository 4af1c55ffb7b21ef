/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/launch-check.h"

#include "base/parse.h"
#include "launch/verify.h"

#include <string.h>

/* LAUNCH_MEASURE gives an HMAC of 32 bytes and a nonce of 16. AMD SEV API, LAUNCH_MEASURE. */
#define MEASUREMENT_BYTES 48

gboolean
hostd_launch_expect (const char *xml, gsize length, const HostdFacts *facts,
                     HostdLaunchExpectation *ret_expected)
{
  g_autoptr (HostdGlance) glance = hostd_glance_at (xml, length, NULL);
  guint64 word = 0;
  const char *policy;

  if (glance == NULL || !glance->has_launch_security ||
      g_strcmp0 (g_hash_table_lookup (glance->data, "type"), "sev") != 0)
    return FALSE;
  policy = g_hash_table_lookup (glance->data, "policy");
  if (policy == NULL || !hostd_parse_hex (policy, &word) || word > G_MAXUINT32)
    return FALSE;
  *ret_expected = (HostdLaunchExpectation){ .policy = (guint) word };
  if (facts != NULL && facts->sev_firmware.known) {
    ret_expected->api_known = TRUE;
    ret_expected->api_major = facts->sev_firmware.major;
    ret_expected->api_minor = facts->sev_firmware.minor;
  }
  return TRUE;
}

HostdReasons *
hostd_launch_compare (const HostdLaunchExpectation *expected, const HostdVirtLaunch *launch)
{
  HostdReasons *reasons = hostd_reasons_new ();
  g_autofree guint8 *measurement = NULL;
  gsize length = 0;

  if (!launch->policy_known)
    hostd_reasons_add (reasons, "launched-policy", NULL,
                       "libvirt does not report the policy that the guest was launched with");
  else if (launch->policy != expected->policy)
    hostd_reasons_add (reasons, "launched-policy", NULL,
                       "the guest was launched with policy 0x%x, and its domain says 0x%x",
                       launch->policy, expected->policy);
  if (!launch->api_known || (launch->api_major == 0 && launch->api_minor == 0))
    hostd_reasons_add (reasons, "launched-api", NULL,
                       "libvirt does not report the version of the SEV firmware");
  else if (expected->api_known &&
           (launch->api_major != expected->api_major || launch->api_minor != expected->api_minor))
    hostd_reasons_add (reasons, "launched-api", NULL,
                       "the guest was launched by SEV firmware of API %u.%u, and this host's has "
                       "%u.%u",
                       launch->api_major, launch->api_minor, expected->api_major,
                       expected->api_minor);
  if (launch->measurement != NULL)
    measurement = hostd_parse_base64 (launch->measurement, &length);
  if (measurement == NULL || length != MEASUREMENT_BYTES)
    hostd_reasons_add (reasons, "launched-measurement", NULL,
                       "libvirt reports no launch measurement of %d bytes", MEASUREMENT_BYTES);
  return reasons;
}
