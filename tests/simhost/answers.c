/* SPDX-License-Identifier: Apache-2.0 */

/* The few replies that are invented. Shapes: QEMU qapi/misc-i386.json. */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 48 bytes: an HMAC of 32 and a nonce of 16, all zeros. */
#define NOTHING_48 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void
capabilities (char *reply, size_t size)
{
  char bits[32];
  const char *value;

  if (!host_has_sev ()) {
    snprintf (reply, size,
              "\"error\": {\"class\": \"GenericError\", \"desc\": \"SEV is not enabled in KVM\"}");
    return;
  }
  value = said ("reduced-phys-bits");
  snprintf (bits, sizeof bits, "%s", value ? value : "1");
  value = said ("cbitpos");
  snprintf (reply, size,
            "\"return\": {\"pdh\": \"" NOTHING_48 "\", \"cert-chain\": \"" NOTHING_48
            "\", \"cpu0-id\": \"" NOTHING_48 "\", \"cbitpos\": %s, \"reduced-phys-bits\": %s}",
            value ? value : "51", bits);
}

/* The firmware's version, as the recording has it. */
static const char *
firmware (void)
{
  const char *value = said ("firmware");

  return value ? value : "\"api-major\": 1, \"api-minor\": 55, \"build-id\": 29";
}

static void
status (const Guest *guest, bool continued, char *reply, size_t size)
{
  const char *state = continued || guest->kind == GUEST_SNP ? "running" : "launch-secret";
  /* A host that launched another guest than it was told to. */
  const char *lie = said ("launched-policy");
  unsigned long policy = lie ? strtoul (lie, NULL, 0) : guest->policy;

  if (guest->kind == GUEST_SNP)
    snprintf (reply, size,
              "\"return\": {\"enabled\": true, %s, "
              "\"state\": \"%s\", \"sev-type\": \"sev-snp\", \"snp-policy\": %lu}",
              firmware (), state, policy);
  else
    snprintf (reply, size,
              "\"return\": {\"enabled\": true, %s, "
              "\"state\": \"%s\", \"sev-type\": \"sev\", \"policy\": %lu, \"handle\": 1}",
              firmware (), state, policy);
}

static bool
answer_probe (const char *command, char *reply, size_t size)
{
  if (strcmp (command, "query-kvm") == 0)
    snprintf (reply, size, "\"return\": {\"enabled\": true, \"present\": true}");
  else if (strcmp (command, "query-accelerators") == 0)
    snprintf (reply, size,
              "\"return\": {\"enabled\": \"kvm\", \"present\": [\"kvm\", \"qtest\", \"tcg\"]}");
  else
    return false;
  return true;
}

bool
answer_for (const char *command, const Guest *guest, bool *continued, char *reply, size_t size)
{
  if (strcmp (command, "query-sev-capabilities") == 0) {
    capabilities (reply, size);
    return true;
  }
  if (guest == NULL)
    return answer_probe (command, reply, size);
  if (strcmp (command, "cont") == 0)
    *continued = true;
  if (guest->kind == GUEST_PLAIN)
    return false;
  if (strcmp (command, "query-migrate") == 0) {
    snprintf (reply, size,
              "\"return\": {\"blocked-reasons\": [\"SEV: Migration is not implemented\"]}");
    return true;
  }
  if (guest->kind == GUEST_TDX)
    return false;
  if (strcmp (command, "query-sev") == 0) {
    status (guest, *continued, reply, size);
    return true;
  }
  if (strcmp (command, "query-sev-launch-measure") == 0) {
    if (guest->kind == GUEST_SEV)
      snprintf (reply, size, "\"return\": {\"data\": \"" NOTHING_48 "\"}");
    else
      snprintf (reply, size,
                "\"error\": {\"class\": \"GenericError\", \"desc\": \"SEV launch measurement is "
                "not available\"}");
    return true;
  }
  if (strcmp (command, "sev-inject-launch-secret") == 0 && !*continued) {
    snprintf (reply, size, "\"return\": {}");
    return true;
  }
  return false;
}
