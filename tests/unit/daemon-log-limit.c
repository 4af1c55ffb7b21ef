/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/log-limit.h"

static void
test_burst_then_slowly (void)
{
  HostdLogLimit limit = { 0 };
  gint64 now = 1000;
  guint left_out = 99;

  for (guint i = 0; i < HOSTD_LOG_LIMIT_BURST; i++) {
    g_assert_true (hostd_log_limit_take (&limit, now, &left_out));
    g_assert_cmpuint (left_out, ==, 0);
  }
  for (guint i = 0; i < 1000; i++)
    g_assert_false (hostd_log_limit_take (&limit, now + i, &left_out));
  now += HOSTD_LOG_LIMIT_REFILL_US;
  g_assert_true (hostd_log_limit_take (&limit, now, &left_out));
  g_assert_cmpuint (left_out, ==, 1000);
  g_assert_false (hostd_log_limit_take (&limit, now, &left_out));
}

/* However long it was quiet, no more than a burst comes at once. */
static void
test_quiet (void)
{
  HostdLogLimit limit = { 0 };
  guint left_out = 0, taken = 0;

  g_assert_true (hostd_log_limit_take (&limit, 1, &left_out));
  for (guint i = 0; i < 100; i++)
    taken += hostd_log_limit_take (&limit, 1000 * HOSTD_LOG_LIMIT_REFILL_US, &left_out) ? 1 : 0;
  g_assert_cmpuint (taken, ==, HOSTD_LOG_LIMIT_BURST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/log-limit/burst-then-slowly", test_burst_then_slowly);
  g_test_add_func ("/daemon/log-limit/quiet", test_quiet);
  return g_test_run ();
}
