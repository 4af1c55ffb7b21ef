/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch/request.h"

#include <string.h>

static void
test_plain (void)
{
  g_autoptr (HostdRequest) request = hostd_request_new ("snp");
  g_autoptr (HostdRequest) again = hostd_request_ref (request);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (hostd_request_get_policy (again), ==, "snp");
  g_assert_cmpstr (hostd_request_get_technology (request), ==, NULL);
  g_assert_cmpuint (hostd_request_count_data (request), ==, 0);
  g_assert_true (hostd_request_add_data (request, "hostData", " AAAA\n", &error));
  g_assert_true (hostd_request_add_data (request, "vcek", "no", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (hostd_request_count_data (request), ==, 2);
  g_assert_cmpstr (hostd_request_get_key (request, 0), ==, "hostData");
  g_assert_cmpstr (hostd_request_get_value (request, 0), ==, "AAAA");
  g_assert_cmpstr (hostd_request_lookup (request, "vcek"), ==, "no");
  g_assert_cmpstr (hostd_request_lookup (request, "hostdata"), ==, NULL);
}

static void
test_technology (void)
{
  g_autoptr (HostdRequest) request = hostd_request_new ("any");
  g_autoptr (GError) error = NULL;

  g_assert_false (hostd_request_set_technology (request, "SEV-SNP", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_assert_cmpstr (hostd_request_get_technology (request), ==, NULL);
  g_assert_true (hostd_request_set_technology (request, "sev", NULL));
  g_assert_true (hostd_request_set_technology (request, "tdx", NULL));
  g_assert_cmpstr (hostd_request_get_technology (request), ==, "tdx");
}

static void
test_twice (void)
{
  g_autoptr (HostdRequest) request = hostd_request_new ("snp");
  g_autoptr (GError) error = NULL;

  g_assert_true (hostd_request_add_data (request, "hostData", "AAAA", NULL));
  g_assert_false (hostd_request_add_data (request, "hostData", "AAAA", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS);
  g_assert_cmpuint (hostd_request_count_data (request), ==, 1);
}

static void
test_limits (void)
{
  g_autoptr (HostdRequest) request = hostd_request_new ("snp");
  g_autofree char *most = g_strnfill (HOSTD_REQUEST_MAX_VALUE, 'A');
  g_autofree char *over = g_strnfill (HOSTD_REQUEST_MAX_VALUE + 1, 'A');
  g_autoptr (GError) error = NULL;

  g_assert_false (hostd_request_add_data (request, "over", over, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  g_clear_error (&error);
  for (guint i = 0; i < HOSTD_REQUEST_MAX_DATA; i++) {
    g_autofree char *key = g_strdup_printf ("key%u", i);

    g_assert_true (hostd_request_add_data (request, key, most, &error));
  }
  g_assert_false (hostd_request_add_data (request, "more", "", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  g_assert_cmpuint (hostd_request_count_data (request), ==, HOSTD_REQUEST_MAX_DATA);
}

static void
test_bytes (void)
{
  static const struct {
    const char *bytes;
    gsize length;
    const char *value;
  } cases[] = {
    { "AAAA\n", 5, "AAAA" },                  /* base64 already */
    { "AA\nAA\n", 6, "AA\nAA" },              /* wrapped, as base64(1) does */
    { "AAA", 3, "QUFB" },                     /* it is not: bytes */
    { "\0\xff\0", 3, "AP8A" },                /* certainly bytes */
    { "-----BEGIN", 10, "LS0tLS1CRUdJTg==" }, /* a PEM file is somebody's bytes */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (HostdRequest) request = hostd_request_new ("snp");
    g_autoptr (GError) error = NULL;

    g_assert_true (
        hostd_request_add_data_bytes (request, "k", cases[i].bytes, cases[i].length, &error));
    g_assert_no_error (error);
    g_assert_cmpstr (hostd_request_get_value (request, 0), ==, cases[i].value);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/request/plain", test_plain);
  g_test_add_func ("/launch/request/technology", test_technology);
  g_test_add_func ("/launch/request/twice", test_twice);
  g_test_add_func ("/launch/request/limits", test_limits);
  g_test_add_func ("/launch/request/bytes", test_bytes);
  return g_test_run ();
}
