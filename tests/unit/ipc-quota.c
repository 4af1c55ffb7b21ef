/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/quota.h"

static void
test_limits (void)
{
  static const gsize limits[HOSTD_N_QUOTAS] = { 2, 100, 1 };
  g_autoptr (HostdQuota) quota = hostd_quota_new (limits);

  g_assert_true (hostd_quota_take (quota, 7, HOSTD_QUOTA_CONNECTIONS, 1));
  g_assert_true (hostd_quota_take (quota, 7, HOSTD_QUOTA_CONNECTIONS, 1));
  g_assert_false (hostd_quota_take (quota, 7, HOSTD_QUOTA_CONNECTIONS, 1));
  g_assert_true (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, 100));
  g_assert_false (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, 1));
  g_assert_false (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, G_MAXSIZE));

  /* Another user has his own, root too. */
  g_assert_true (hostd_quota_take (quota, 0, HOSTD_QUOTA_BYTES, 100));

  /* What must be held is held, and keeps others of the same user out until it is given back. */
  hostd_quota_charge (quota, 7, HOSTD_QUOTA_BYTES, 50);
  hostd_quota_give (quota, 7, HOSTD_QUOTA_BYTES, 50);
  g_assert_false (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, 1));
  hostd_quota_give (quota, 7, HOSTD_QUOTA_BYTES, 100);
  g_assert_true (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, 100));
  g_assert_cmpuint (hostd_quota_get_used (quota, 7, HOSTD_QUOTA_CONNECTIONS), ==, 2);
}

static void
test_nothing (void)
{
  static const gsize limits[HOSTD_N_QUOTAS] = { 1, 1, 1 };
  g_autoptr (HostdQuota) quota = hostd_quota_new (limits);

  g_assert_true (hostd_quota_take (quota, 7, HOSTD_QUOTA_BYTES, 0));
  hostd_quota_give (quota, 7, HOSTD_QUOTA_BYTES, 0);
  g_assert_cmpuint (hostd_quota_get_used (quota, 7, HOSTD_QUOTA_BYTES), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/quota/limits", test_limits);
  g_test_add_func ("/ipc/quota/nothing", test_nothing);
  return g_test_run ();
}
