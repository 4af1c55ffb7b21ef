/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/diff-script.h"
#include "cli/diff.h"

#include <string.h>

#define MAX_LINES 24

static char *
plain (const char *before, const char *after)
{
  return hostd_diff_to_text (before, after, "a", "b", FALSE);
}

static void
test_equal (void)
{
  g_autofree char *empty = plain ("", "");
  g_autofree char *same = plain ("x\ny", "x\ny");

  g_assert_cmpstr (empty, ==, "");
  g_assert_cmpstr (same, ==, "");
}

static void
test_unified (void)
{
  g_autofree char *one = plain ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n");
  g_autofree char *two = plain ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n");
  g_autofree char *all = plain ("", "1\n2\n");

  g_assert_cmpstr (one, ==, "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  g_assert_cmpstr (two, ==,
                   "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n"
                   "@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n");
  g_assert_cmpstr (all, ==, "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+1\n+2\n");
}

/* Two differences with six lines between them are one part, with seven two. */
static void
test_parts (void)
{
  g_autofree char *one = plain ("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n");
  g_autofree char *two = plain ("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n");

  g_assert_cmpstr (one, ==,
                   "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
  g_assert_cmpstr (two, ==,
                   "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
                   "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void
test_last_line_end (void)
{
  g_autofree char *lost = plain ("x\ny\n", "x\ny");

  g_assert_cmpstr (lost, ==,
                   "--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n+y\n\\ No newline at end of file\n");
}

static void
test_color (void)
{
  g_autofree char *text = hostd_diff_to_text ("a\n",
                                              "\xc2\x9b"
                                              "31m\n",
                                              "x", "y", TRUE);

  g_assert_cmpstr (text, ==,
                   "\033[1m--- x\033[0m\n\033[1m+++ y\033[0m\n\033[36m@@ -1 +1 @@\033[0m\n"
                   "\033[31m-a\033[0m\n\033[32m+ 31m\033[0m\n");
}

/* What the script keeps must be equal, and following it must make one list of the other. */
static guint
follow (GArray *script, const guint *before, guint n_before, const guint *after, guint n_after)
{
  guint x = 0, y = 0, differences = 0;

  for (guint i = 0; i < script->len; i++) {
    const HostdDiffStep *step = &g_array_index (script, HostdDiffStep, i);

    g_assert_cmpuint (step->before, ==, x);
    g_assert_cmpuint (step->after, ==, y);
    if (step->kind == HOSTD_DIFF_KEEP)
      g_assert_cmpuint (before[x], ==, after[y]);
    else
      differences++;
    x += step->kind != HOSTD_DIFF_ADD;
    y += step->kind != HOSTD_DIFF_REMOVE;
  }
  g_assert_cmpuint (x, ==, n_before);
  g_assert_cmpuint (y, ==, n_after);
  return differences;
}

/* The least number of differences, by the plain table of longest common subsequences. */
static guint
least (const guint *before, guint n_before, const guint *after, guint n_after)
{
  guint common[MAX_LINES + 1][MAX_LINES + 1] = { { 0 } };

  for (guint i = 1; i <= n_before; i++)
    for (guint j = 1; j <= n_after; j++)
      common[i][j] = before[i - 1] == after[j - 1] ? common[i - 1][j - 1] + 1
                                                   : MAX (common[i - 1][j], common[i][j - 1]);
  return n_before + n_after - 2 * common[n_before][n_after];
}

static void
test_shortest (void)
{
  for (guint round = 0; round < 5000; round++) {
    guint before[MAX_LINES], after[MAX_LINES];
    guint n_before = g_test_rand_int_range (0, MAX_LINES + 1);
    guint n_after = g_test_rand_int_range (0, MAX_LINES + 1);
    guint words = g_test_rand_int_range (1, 8);
    g_autoptr (GArray) script = NULL;

    for (guint i = 0; i < MAX_LINES; i++) {
      before[i] = g_test_rand_int_range (0, words);
      after[i] = g_test_rand_int_range (0, words);
    }
    script = hostd_diff_script (before, n_before, after, n_after);
    g_assert_cmpuint (follow (script, before, n_before, after, n_after), ==,
                      least (before, n_before, after, n_after));
  }
}

/* Nothing in common in 200,000 lines: over the limit, so all is replaced, and soon. */
static void
test_bounded (void)
{
  guint n = 200000;
  g_autofree guint *before = g_new (guint, n), *after = g_new (guint, n);
  g_autoptr (GArray) script = NULL;
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++) {
    before[i] = i;
    after[i] = n + i;
  }
  script = hostd_diff_script (before, n, after, n);
  g_assert_cmpuint (follow (script, before, n, after, n), ==, 2 * n);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/diff/equal", test_equal);
  g_test_add_func ("/cli/diff/unified", test_unified);
  g_test_add_func ("/cli/diff/parts", test_parts);
  g_test_add_func ("/cli/diff/last-line-end", test_last_line_end);
  g_test_add_func ("/cli/diff/color", test_color);
  g_test_add_func ("/cli/diff/shortest", test_shortest);
  g_test_add_func ("/cli/diff/bounded", test_bounded);
  return g_test_run ();
}
