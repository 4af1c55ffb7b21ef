/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/binding.h"

#include "base/error.h"

#include <string.h>

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"
#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static HostdBinding *
make (const char *policy, HostdTechnology technology)
{
  g_autoptr (GError) error = NULL;
  HostdBinding *binding =
      hostd_binding_new (UUID, "web \"1\"", policy, "<policy/>\n", DIGEST, technology, &error);

  g_assert_no_error (error);
  return binding;
}

static void
test_uuid (void)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { UUID, UUID },
    { "0A1B2C3D-0001-4002-8003-00000000ABCD", UUID },
    { "0a1b2c3d00014002800300000000abcd", UUID },
    { "", NULL },
    { "0a1b2c3d-0001-4002-8003-00000000abc", NULL },
    { "0a1b2c3d-0001-4002-8003-00000000abcde", NULL },
    { "0a1b2c3d-0001-4002-8003-00000000abcg", NULL },
    { "../../../../../../../../../etc/passwd", NULL },
    { " 0a1b2c3d-0001-4002-8003-00000000abcd", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *normal = hostd_binding_normalise_uuid (cases[i].in);

    g_assert_cmpstr (normal, ==, cases[i].out);
  }
}

static void
test_round_trip (void)
{
  g_autoptr (HostdBinding) binding = make ("snp", HOSTD_TECHNOLOGY_SEV_SNP);
  g_autoptr (HostdBinding) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  hostd_binding_add_data (binding, "idBlock", "AAAA");
  hostd_binding_add_data (binding, "hostData", "QUJD\nREVG");
  text = hostd_binding_to_text (binding, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (length, ==, strlen (text));
  g_assert_null (strstr (text, "QUJD")); /* the data itself is not kept */

  back = hostd_binding_from_text (text, length, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hostd_binding_get_uuid (back), ==, UUID);
  g_assert_cmpstr (hostd_binding_get_name (back), ==, "web \"1\"");
  g_assert_cmpstr (hostd_binding_get_policy (back), ==, "snp");
  g_assert_cmpstr (hostd_binding_get_policy_text (back), ==, "<policy/>\n");
  g_assert_cmpstr (hostd_binding_get_policy_digest (back), ==, DIGEST);
  g_assert_cmpint (hostd_binding_get_technology (back), ==, HOSTD_TECHNOLOGY_SEV_SNP);
  g_assert_cmpint (hostd_binding_get_time (back), ==, hostd_binding_get_time (binding));
  g_assert_cmpint (hostd_binding_get_time (back), >, 1700000000);
  g_assert_cmpuint (hostd_binding_count_data (back), ==, 2);
  g_assert_cmpstr (hostd_binding_get_data_key (back, 0), ==, "hostData");
  g_assert_cmpstr (hostd_binding_get_data_key (back, 1), ==, "idBlock");
  g_assert_true (hostd_binding_agrees (binding, back));
}

static void
test_digest (void)
{
  g_autofree char *plain = hostd_binding_digest_of ("abc");
  g_autofree char *wrapped = hostd_binding_digest_of (" a\n\tb c\r\n");

  /* FIPS 180-2, appendix B.1. */
  g_assert_cmpstr (plain, ==,
                   "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  g_assert_cmpstr (wrapped, ==, plain);
}

static void
test_agrees (void)
{
  g_autoptr (HostdBinding) a = make ("snp", HOSTD_TECHNOLOGY_SEV_SNP);
  g_autoptr (HostdBinding) b = make ("snp", HOSTD_TECHNOLOGY_SEV_SNP);
  g_autoptr (HostdBinding) policy = make ("any", HOSTD_TECHNOLOGY_SEV_SNP);
  g_autoptr (HostdBinding) technology = make ("snp", HOSTD_TECHNOLOGY_TDX);

  g_assert_true (hostd_binding_agrees (a, b));
  g_assert_false (hostd_binding_agrees (a, policy));
  g_assert_false (hostd_binding_agrees (a, technology));
  hostd_binding_add_data (a, "hostData", "AAAA");
  g_assert_false (hostd_binding_agrees (a, b));
  g_assert_false (hostd_binding_agrees (b, a));
  hostd_binding_add_data (b, "hostData", "AAAB");
  g_assert_false (hostd_binding_agrees (a, b));
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_binding_new ("x", NULL, "snp", "", DIGEST, HOSTD_TECHNOLOGY_SEV, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (hostd_binding_new (UUID, NULL, "", "", DIGEST, HOSTD_TECHNOLOGY_SEV, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (hostd_binding_new (UUID, NULL, "a", "\xff", DIGEST, HOSTD_TECHNOLOGY_SEV, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
}

static void
test_too_large (void)
{
  g_autofree char *policy = g_strnfill (HOSTD_BINDING_MAX_BYTES, 'x');
  g_autoptr (HostdBinding) binding =
      hostd_binding_new (UUID, NULL, "snp", policy, DIGEST, HOSTD_TECHNOLOGY_SEV, NULL);
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_null (hostd_binding_to_text (binding, &length, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
}

#define GOOD(version, technology, data)                                                            \
  "{\"version\":" version ",\"uuid\":\"" UUID "\",\"time\":1,\"policy\":\"snp\","                  \
  "\"policyDigest\":\"" DIGEST "\",\"policyText\":\"t\",\"technology\":" technology                \
  ",\"data\":" data "}"

static void
test_bad_text (void)
{
  static const struct {
    const char *text;
    int code; /* -1: good */
  } cases[] = {
    { GOOD ("1", "\"tdx\"", "{}"), -1 },
    { GOOD ("1", "\"tdx\"", "{\"hostData\":\"" DIGEST "\"}"), -1 },
    { GOOD ("2", "\"tdx\"", "{}"), HOSTD_ERROR_UNSUPPORTED },
    { "{\"version\":2}", HOSTD_ERROR_UNSUPPORTED },
    { GOOD ("0", "\"tdx\"", "{}"), HOSTD_ERROR_CORRUPT },
    { GOOD ("\"1\"", "\"tdx\"", "{}"), HOSTD_ERROR_CORRUPT },
    { GOOD ("1", "\"rot13\"", "{}"), HOSTD_ERROR_CORRUPT },
    { GOOD ("1", "7", "{}"), HOSTD_ERROR_CORRUPT },
    { GOOD ("1", "\"tdx\"", "[]"), HOSTD_ERROR_CORRUPT },
    { GOOD ("1", "\"tdx\"", "{\"hostData\":\"QUJD\"}"), HOSTD_ERROR_CORRUPT },
    { GOOD ("1", "\"tdx\"", "{\"hostData\":\"" DIGEST "0\"}"), HOSTD_ERROR_CORRUPT },
    { "", HOSTD_ERROR_CORRUPT },
    { "{}", HOSTD_ERROR_CORRUPT },
    { "[1]", HOSTD_ERROR_CORRUPT },
    { "{\"version\":1,\"uuid\":\"" UUID "\",\"time\":1,\"technology\":\"tdx\",\"data\":{}}",
      HOSTD_ERROR_CORRUPT },
    { "\0\0\0\0", HOSTD_ERROR_CORRUPT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize length = *cases[i].text ? strlen (cases[i].text) : 4 * (i == G_N_ELEMENTS (cases) - 1);
    g_autoptr (GError) error = NULL;
    g_autoptr (HostdBinding) binding = hostd_binding_from_text (cases[i].text, length, &error);

    g_test_message ("case %u", i);
    if (cases[i].code < 0) {
      g_assert_no_error (error);
      g_assert_nonnull (binding);
    } else {
      g_assert_error (error, HOSTD_ERROR, cases[i].code);
      g_assert_null (binding);
    }
  }
}

/* A file that lost its tail, at every length: never read as if it were whole. */
static void
test_torn (void)
{
  static const char whole[] = GOOD ("1", "\"tdx\"", "{\"hostData\":\"" DIGEST "\"}");

  for (gsize length = 0; length < sizeof whole - 1; length++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_binding_from_text (whole, length, &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/binding/uuid", test_uuid);
  g_test_add_func ("/store/binding/round-trip", test_round_trip);
  g_test_add_func ("/store/binding/digest", test_digest);
  g_test_add_func ("/store/binding/agrees", test_agrees);
  g_test_add_func ("/store/binding/refused", test_refused);
  g_test_add_func ("/store/binding/too-large", test_too_large);
  g_test_add_func ("/store/binding/bad-text", test_bad_text);
  g_test_add_func ("/store/binding/torn", test_torn);
  return g_test_run ();
}
