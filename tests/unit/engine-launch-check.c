/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/launch-check.h"

#include <string.h>

#define SEV(policy)                                                                                \
  "<domain type='kvm'><uuid>0a1b2c3d-0001-4002-8003-00000000000a</uuid>"                           \
  "<launchSecurity type='sev'>" policy "</launchSecurity></domain>"

static void
test_expect (void)
{
  static const struct {
    const char *xml;
    gboolean compared;
    guint policy;
  } rows[] = {
    { SEV ("<policy>0x0003</policy>"), TRUE, 3 },
    { SEV ("<policy>0x7</policy>"), TRUE, 7 },
    { SEV (""), FALSE, 0 },
    { SEV ("<policy>seven</policy>"), FALSE, 0 },
    { "<domain><launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity></domain>",
      FALSE, 0 },
    { "<domain/>", FALSE, 0 },
    { "no XML", FALSE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    HostdLaunchExpectation expected = { 0 };

    g_assert_true (hostd_launch_expect (rows[i].xml, strlen (rows[i].xml), NULL, &expected) ==
                   rows[i].compared);
    g_assert_false (expected.api_known);
    g_assert_cmpuint (expected.policy, ==, rows[i].policy);
  }
}

/* 48 bytes, and 47. */
#define MEASUREMENT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SHORT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
test_expect_api (void)
{
  g_autoptr (HostdFacts) facts = hostd_facts_new ();
  HostdLaunchExpectation expected = { 0 };
  const char *xml = SEV ("<policy>0x3</policy>");

  g_assert_true (hostd_launch_expect (xml, strlen (xml), facts, &expected));
  g_assert_false (expected.api_known);
  facts->sev_firmware.known = TRUE;
  facts->sev_firmware.major = 1;
  facts->sev_firmware.minor = 55;
  g_assert_true (hostd_launch_expect (xml, strlen (xml), facts, &expected));
  g_assert_true (expected.api_known);
  g_assert_cmpuint (expected.api_major, ==, 1);
  g_assert_cmpuint (expected.api_minor, ==, 55);
}

static void
test_compare (void)
{
  static const struct {
    HostdVirtLaunch launch;
    const char *id; /* NULL: as expected */
  } rows[] = {
    { { TRUE, 1, 55, TRUE, 3, (char *) MEASUREMENT }, NULL },
    { { TRUE, 0, 55, TRUE, 3, (char *) MEASUREMENT }, "launched-api" },
    { { TRUE, 1, 54, TRUE, 3, (char *) MEASUREMENT }, "launched-api" },
    { { TRUE, 1, 55, TRUE, 2, (char *) MEASUREMENT }, "launched-policy" },
    { { TRUE, 1, 55, FALSE, 0, (char *) MEASUREMENT }, "launched-policy" },
    { { FALSE, 0, 0, TRUE, 3, (char *) MEASUREMENT }, "launched-api" },
    { { TRUE, 0, 0, TRUE, 3, (char *) MEASUREMENT }, "launched-api" },
    { { TRUE, 1, 55, TRUE, 3, NULL }, "launched-measurement" },
    { { TRUE, 1, 55, TRUE, 3, (char *) SHORT }, "launched-measurement" },
    { { TRUE, 1, 55, TRUE, 3, (char *) "?" }, "launched-measurement" },
  };
  const HostdLaunchExpectation expected = { 3, TRUE, 1, 55 };
  const HostdLaunchExpectation unknown = { 3 };
  const HostdVirtLaunch other = { TRUE, 0, 17, TRUE, 3, (char *) MEASUREMENT };
  g_autoptr (HostdReasons) none = hostd_launch_compare (&unknown, &other);

  g_assert_cmpuint (hostd_reasons_count (none), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HostdReasons) reasons = hostd_launch_compare (&expected, &rows[i].launch);

    g_assert_cmpuint (hostd_reasons_count (reasons), ==, rows[i].id != NULL ? 1 : 0);
    if (rows[i].id != NULL)
      g_assert_cmpstr (hostd_reasons_get (reasons, 0)->id, ==, rows[i].id);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch-check/expect", test_expect);
  g_test_add_func ("/launch-check/expect-api", test_expect_api);
  g_test_add_func ("/launch-check/compare", test_compare);
  return g_test_run ();
}
