/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch/edits.h"

#include <string.h>

#define TEXT "0123456789"

typedef struct {
  gsize start, end;
  const char *replacement;
} Step;

/* NULL as @expected: refused as our own fault. The steps end with a NULL replacement. */
static void
apply (const Step *steps, const char *expected)
{
  g_autoptr (HostdEdits) edits = hostd_edits_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length = 99;
  guint count = 0;

  for (; steps[count].replacement; count++)
    hostd_edits_add (edits, steps[count].start, steps[count].end, steps[count].replacement);
  g_assert_cmpuint (hostd_edits_count (edits), ==, count);
  text = hostd_edits_apply (edits, TEXT, strlen (TEXT), &length, &error);
  if (expected) {
    g_assert_no_error (error);
    g_assert_cmpstr (text, ==, expected);
    g_assert_cmpuint (length, ==, strlen (expected));
  } else {
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED);
    g_assert_null (text);
    g_assert_cmpuint (length, ==, 99);
  }
}

static void
test_none (void)
{
  apply ((Step[]){ { 0 } }, TEXT);
}

static void
test_kinds (void)
{
  apply ((Step[]){ { 3, 5, "abc" }, { 0 } }, "012abc56789");
  apply ((Step[]){ { 3, 5, "" }, { 0 } }, "01256789");
  apply ((Step[]){ { 3, 3, "abc" }, { 0 } }, "012abc3456789");
  apply ((Step[]){ { 0, 10, "" }, { 0 } }, "");
  apply ((Step[]){ { 0, 0, "<" }, { 10, 10, ">" }, { 0 } }, "<0123456789>");
}

/* Sorted by place, whatever the order in which they came; insertions at one place keep theirs. */
static void
test_order (void)
{
  apply ((Step[]){ { 8, 9, "B" }, { 1, 2, "A" }, { 0 } }, "0A234567B9");
  apply ((Step[]){ { 4, 4, "a" }, { 2, 2, "-" }, { 4, 4, "b" }, { 4, 4, "c" }, { 0 } },
         "01-23abc456789");
  /* What is inserted stands before what takes the place's bytes, and after what ended there. */
  apply ((Step[]){ { 4, 6, "X" }, { 4, 4, "a" }, { 2, 4, "Y" }, { 0 } }, "01YaX6789");
}

static void
test_overlap (void)
{
  apply ((Step[]){ { 2, 5, "a" }, { 4, 6, "b" }, { 0 } }, NULL);
  apply ((Step[]){ { 2, 5, "a" }, { 2, 5, "a" }, { 0 } }, NULL);
  apply ((Step[]){ { 2, 6, "a" }, { 4, 4, "b" }, { 0 } }, NULL);
  apply ((Step[]){ { 2, 8, "" }, { 3, 4, "" }, { 0 } }, NULL);
}

static void
test_out_of_bounds (void)
{
  apply ((Step[]){ { 9, 11, "a" }, { 0 } }, NULL);
  apply ((Step[]){ { 11, 11, "a" }, { 0 } }, NULL);
  apply ((Step[]){ { 5, 4, "a" }, { 0 } }, NULL);
}

/* Bytes that are not text go through untouched: edits count bytes and stop at no NUL. */
static void
test_bytes (void)
{
  static const char bytes[] = "a\0\xff\xc3\xa4z";
  g_autoptr (HostdEdits) edits = hostd_edits_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  hostd_edits_add (edits, 5, 6, "Z!");
  text = hostd_edits_apply (edits, bytes, 6, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (text, length, "a\0\xff\xc3\xa4Z!", 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/edits/none", test_none);
  g_test_add_func ("/launch/edits/kinds", test_kinds);
  g_test_add_func ("/launch/edits/order", test_order);
  g_test_add_func ("/launch/edits/overlap", test_overlap);
  g_test_add_func ("/launch/edits/out-of-bounds", test_out_of_bounds);
  g_test_add_func ("/launch/edits/bytes", test_bytes);
  return g_test_run ();
}
