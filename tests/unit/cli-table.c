/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/output.h"
#include "cli/table.h"

static void
test_aligned (void)
{
  g_autoptr (HostdTable) table = hostd_table_new ((const char *const[]){ "A", "LONG", "C", NULL });
  g_autofree char *text = NULL;

  hostd_table_add (table, (const char *const[]){ "wide one", NULL, "x" });
  /* Counted in characters: four of two bytes each. */
  hostd_table_add (table, (const char *const[]){ "äöüß", "", "last column is not filled up" });
  text = hostd_table_to_text (table);
  g_assert_cmpstr (text, ==,
                   "A         LONG  C\n"
                   "wide one  -     x\n"
                   "äöüß      -     last column is not filled up\n");
}

static void
test_tame (void)
{
  g_autofree char *text = hostd_output_tame ("a\nb\033[31m\xc2\x9b"
                                             "c\xff"
                                             "d");

  g_assert_cmpstr (text, ==,
                   "a b [31m c\xef\xbf\xbd"
                   "d");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/table/aligned", test_aligned);
  g_test_add_func ("/cli/output/tame", test_tame);
  return g_test_run ();
}
