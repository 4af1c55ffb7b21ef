/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "engine/doctor.h"
#include "launch-fixture.h"

/* ---- help ---- */

/* An AMD host of the generations that have all three, asked as root, with nothing wrong. */
static HostdFacts *
healthy (void)
{
  HostdFacts *facts = hostd_facts_new ();

  facts->as_root = TRUE;
  facts->qemu_version = 10000000;
  facts->libvirt_version = 12008000;
  facts->kernel_release = g_strdup ("7.2.0");
  facts->sev_firmware.known = TRUE;
  facts->sev_firmware.major = 1;
  facts->sev_firmware.minor = 55;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    facts->technology[i].usability = HOSTD_USABILITY_NOT_APPLICABLE;
  facts->technology[HOSTD_TECHNOLOGY_SEV].usability = HOSTD_USABILITY_USABLE;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].usability = HOSTD_USABILITY_USABLE;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity.total = 10;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity.in_use = 3;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity.free = 7;
  facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity.pool = g_strdup ("sev-es");
  return facts;
}

static HostdKnownBad *
shipped (void)
{
  g_autofree char *dir = shipped_templates ();
  g_autoptr (GError) error = NULL;
  HostdKnownBad *set = hostd_known_bad_load (dir, NULL, &error);

  g_assert_no_error (error);
  return set;
}

static JsonObject *
examine (const HostdFacts *facts, const HostdKnownBad *known_bad)
{
  g_autoptr (HostdDiagnosis) diagnosis = hostd_diagnosis_new ();

  hostd_diagnosis_examine (diagnosis, facts, known_bad);
  return hostd_diagnosis_to_json (diagnosis);
}

/* "LEVEL: ID: TEXT; FIX" of each that is no note, by lines; with @notes of those too. */
static char *
lines_of (JsonObject *answer, gboolean notes)
{
  JsonArray *findings = hostd_json_get_array (answer, "findings");
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (findings); i++) {
    JsonObject *finding = json_array_get_object_element (findings, i);
    const char *level = json_object_get_string_member (finding, "level");
    const char *fix = hostd_json_get_string (finding, "fix");

    if (notes || strcmp (level, "note") != 0)
      g_string_append_printf (
          lines, "%s: %s: %s%s%s\n", level, json_object_get_string_member (finding, "id"),
          json_object_get_string_member (finding, "text"), fix ? "; " : "", fix ? fix : "");
  }
  g_test_message ("%s", lines->str);
  return g_string_free (lines, FALSE);
}

static void
expect (const HostdFacts *facts, const char *lines)
{
  g_autoptr (JsonObject) answer = examine (facts, NULL);
  g_autofree char *got = lines_of (answer, FALSE);

  g_assert_cmpstr (got, ==, lines);
}

/* ---- technologies ---- */

static void
test_healthy (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  g_autoptr (JsonObject) answer = examine (facts, NULL);
  JsonObject *technologies = hostd_json_get_object (answer, "technologies");

  expect (facts, "");
  g_assert_false (json_object_get_boolean_member (answer, "guest"));
  g_assert_true (json_object_get_boolean_member (answer, "root"));
  g_assert_cmpuint (json_object_get_size (technologies), ==, HOSTD_N_TECHNOLOGIES);
  g_assert_cmpstr (json_object_get_string_member (technologies, "sev-snp"), ==, "usable");
  g_assert_cmpstr (json_object_get_string_member (technologies, "tdx"), ==, "not-applicable");
}

static void
test_broken (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdTechnologyFacts *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  hostd_technology_facts_set_broken (snp, HOSTD_LAYER_LIBVIRT, "too old", "update it");
  hostd_technology_facts_set_broken (snp, HOSTD_LAYER_KERNEL, "turned off", "turn it on");
  expect (facts, "error: sev-snp: kernel: turned off; turn it on\n");
  hostd_technology_facts_set_broken (snp, HOSTD_LAYER_FIRMWARE, "never finished", "none yet");
  expect (facts, "warning: sev-snp: firmware: never finished; none yet\n");
}

/* What the processor has not is no fault; unless there is nothing else. */
static void
test_hardware (void)
{
  g_autoptr (HostdFacts) facts = healthy ();

  hostd_technology_facts_set_broken (&facts->technology[HOSTD_TECHNOLOGY_SEV_SNP],
                                     HOSTD_LAYER_HARDWARE, "no SNP", "none on this CPU");
  expect (facts, "");
  hostd_technology_facts_set_broken (&facts->technology[HOSTD_TECHNOLOGY_SEV], HOSTD_LAYER_HARDWARE,
                                     "no SEV", "none on this CPU");
  expect (facts, "warning: no-technology: this machine's processor has nothing that guests can be "
                 "protected with; sev: no SEV; sev-snp: no SNP\n");
}

static void
test_unknown (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdTechnologyFacts *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  snp->usability = HOSTD_USABILITY_UNKNOWN;
  snp->cause = g_strdup ("/dev/sev hangs");
  expect (facts, "warning: sev-snp: unknown: /dev/sev hangs\n");
}

/* Who is not root is told once which answers that costs. */
static void
test_not_root (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdTechnologyFacts *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP];
  HostdTechnologyFacts *sev = &facts->technology[HOSTD_TECHNOLOGY_SEV];
  HostdTechnologyFacts *tdx = &facts->technology[HOSTD_TECHNOLOGY_TDX];

  facts->as_root = FALSE;
  snp->usability = HOSTD_USABILITY_UNKNOWN;
  snp->cause = g_strdup ("/dev/sev: Permission denied");
  sev->capacity.total = 5;
  sev->capacity.in_use = 1;
  sev->quote.state = HOSTD_QUOTE_UNKNOWN;
  hostd_technology_facts_set_value_unknown (sev, "api", "/dev/sev: Permission denied");
  hostd_technology_facts_set_value_unknown (tdx, "module", "of no interest here");
  expect (facts,
          "warning: not-root: it was not asked as root, and so is not known: sev quote; "
          "sev api, sev-snp (/dev/sev: Permission denied); run it as root, or ask the daemon\n");
  facts->as_root = TRUE;
  expect (facts, "warning: sev-snp: unknown: /dev/sev: Permission denied\n");
}

/* A guest cannot know what its host can: not one line of a check list. */
static void
test_guest (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  g_autoptr (HostdKnownBad) set = shipped ();
  g_autoptr (JsonObject) answer = NULL;

  facts->guest = TRUE;
  hostd_technology_facts_set_broken (&facts->technology[HOSTD_TECHNOLOGY_SEV], HOSTD_LAYER_KERNEL,
                                     "off", "turn it on");
  answer = examine (facts, set);
  g_assert_true (json_object_get_boolean_member (answer, "guest"));
  g_assert_cmpuint (json_array_get_length (hostd_json_get_array (answer, "findings")), ==, 0);
}

/* ---- SEV-ES beside SEV-SNP ---- */

static void
test_es_excluded (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdTechnologyFacts *es = &facts->technology[HOSTD_TECHNOLOGY_SEV_ES];

  es->usability = HOSTD_USABILITY_UNKNOWN;
  hostd_technology_facts_set_broken (es, HOSTD_LAYER_FIRMWARE, "refused beside SNP", "use sev-snp");
  expect (facts, "warning: sev-es: firmware: refused beside SNP; use sev-snp\n");
  /* Without SNP it is something else, and a fault. */
  hostd_technology_facts_set_broken (&facts->technology[HOSTD_TECHNOLOGY_SEV_SNP],
                                     HOSTD_LAYER_FIRMWARE, "no keys", "give it some");
  expect (facts, "error: sev-es: firmware: refused beside SNP; use sev-snp\n"
                 "error: sev-snp: firmware: no keys; give it some\n");
}

static void
test_es_beside_snp (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  g_autoptr (HostdKnownBad) set = shipped ();
  g_autoptr (JsonObject) before = examine (facts, set), after = NULL;
  g_autofree char *none = lines_of (before, FALSE), *said = NULL;

  g_assert_cmpstr (none, ==, "");
  facts->technology[HOSTD_TECHNOLOGY_SEV_ES].usability = HOSTD_USABILITY_USABLE;
  after = examine (facts, set);
  said = lines_of (after, FALSE);
  g_assert_nonnull (
      strstr (said, "warning: known-bad-es-beside-snp-old-firmware: for guests of sev-es: "));
  g_assert_nonnull (strstr (said, "CVE-2025-48514"));
}

/* ---- keys, quotes ---- */

static void
test_keys (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdCapacity *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].capacity;
  HostdCapacity *es = &facts->technology[HOSTD_TECHNOLOGY_SEV_ES].capacity;

  snp->leaked = 2;
  snp->others = 1;
  /* One pool, one finding. */
  facts->technology[HOSTD_TECHNOLOGY_SEV_ES].usability = HOSTD_USABILITY_USABLE;
  *es = *snp;
  es->pool = g_strdup (snp->pool);
  es->nodes = NULL;
  expect (facts, "warning: leaked-keys: 2 keys of pool sev-es are lost: the firmware counts guests "
                 "that the kernel has no more; reboot this host when its guests are gone\n"
                 "warning: keys-of-others: 1 of 3 keys in use of pool sev-es are not held by "
                 "libvirt's guests; look for QEMU or containers that are not libvirt's\n");
  snp->leaked = es->leaked = snp->others = es->others = 0;
  snp->free = es->free = 0;
  expect (facts, "warning: no-keys: all 10 keys of pool sev-es are in use; stop a guest that holds "
                 "one, or start guests elsewhere\n");
}

static void
test_quote (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  HostdQuote *quote = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP].quote;

  quote->state = HOSTD_QUOTE_UNKNOWN;
  expect (facts, "");
  quote->state = HOSTD_QUOTE_BROKEN;
  quote->cause = g_strdup ("no VCEK");
  quote->fix = g_strdup ("fetch it");
  expect (facts, "warning: quote: guests of sev-snp start, but who asks for their quote cannot "
                 "verify it: no VCEK; fetch it\n");
}

/* ---- known-bad combinations ---- */

static void
test_known_bad (void)
{
  g_autoptr (HostdFacts) facts = healthy ();
  g_autoptr (HostdKnownBad) set = shipped ();
  g_autoptr (JsonObject) clean = examine (facts, set), bad = NULL, unknown = NULL;
  g_autofree char *none = lines_of (clean, FALSE), *notes = lines_of (clean, TRUE), *said = NULL;
  g_autofree char *missing = NULL;

  g_assert_cmpstr (none, ==, "");
  g_assert_nonnull (strstr (notes, "note: known-bad-snp-pflash: for guests of sev-snp whose "));
  g_assert_null (strstr (notes, "tdx-pflash"));

  facts->qemu_version = 9001000;
  g_free (facts->kernel_release);
  facts->kernel_release = g_strdup ("6.12.48+deb13-amd64");
  bad = examine (facts, set);
  said = lines_of (bad, FALSE);
  g_assert_nonnull (strstr (said, "warning: known-bad-snp-vfio-qemu: for guests of sev-snp that "
                                  "have a device of the host: QEMU 9.1 "));
  g_assert_nonnull (strstr (said, "warning: known-bad-cve-2026-31591: a process that may use KVM"));

  facts->qemu_version = facts->libvirt_version = 0;
  unknown = examine (facts, set);
  missing = lines_of (unknown, TRUE);
  g_assert_nonnull (strstr (missing, "note: known-bad-unchecked: "));
  g_assert_nonnull (strstr (missing, "QEMU's version"));
  g_assert_nonnull (strstr (missing, "libvirt's version"));
  g_assert_null (strstr (missing, "kernel's version"));
}

/* Errors stand first, whoever found them when. */
static void
test_order (void)
{
  g_autoptr (HostdDiagnosis) diagnosis = hostd_diagnosis_new ();
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *lines = NULL;

  hostd_diagnosis_add (diagnosis, HOSTD_FINDING_NOTE, "a", NULL, NULL, "%d", 1);
  hostd_diagnosis_add (diagnosis, HOSTD_FINDING_WARNING, "b", NULL, NULL, "%d", 2);
  hostd_diagnosis_add (diagnosis, HOSTD_FINDING_ERROR, "c", "mend it", "a page", "%d", 3);
  hostd_diagnosis_add (diagnosis, HOSTD_FINDING_WARNING, "d", NULL, NULL, "%d", 4);
  answer = hostd_diagnosis_to_json (diagnosis);
  lines = lines_of (answer, TRUE);
  g_assert_cmpstr (lines, ==, "error: c: 3; mend it\nwarning: b: 2\nwarning: d: 4\nnote: a: 1\n");
  g_assert_cmpuint (json_object_get_size (hostd_json_get_object (answer, "technologies")), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/doctor/healthy", test_healthy);
  g_test_add_func ("/engine/doctor/broken", test_broken);
  g_test_add_func ("/engine/doctor/hardware", test_hardware);
  g_test_add_func ("/engine/doctor/unknown", test_unknown);
  g_test_add_func ("/engine/doctor/not-root", test_not_root);
  g_test_add_func ("/engine/doctor/guest", test_guest);
  g_test_add_func ("/engine/doctor/es-excluded", test_es_excluded);
  g_test_add_func ("/engine/doctor/es-beside-snp", test_es_beside_snp);
  g_test_add_func ("/engine/doctor/keys", test_keys);
  g_test_add_func ("/engine/doctor/quote", test_quote);
  g_test_add_func ("/engine/doctor/known-bad", test_known_bad);
  g_test_add_func ("/engine/doctor/order", test_order);
  return g_test_run ();
}
