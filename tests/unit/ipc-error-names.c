/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/error-names.h"
#include "ipc/service.h"
#include "ipc/wire.h"

#include <string.h>

/* Every code has a name of its own, and the way back ends where it began. */
static void
test_whole (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < HOSTD_ERROR_LAST_; i++) {
    const char *name = hostd_error_to_wire ((HostdError) i);
    HostdError back = HOSTD_ERROR_LAST_;

    g_assert_nonnull (name);
    g_assert_true (g_str_has_prefix (name, HOSTD_WIRE_ERROR "."));
    g_assert_true (g_hash_table_add (seen, (gpointer) name));
    g_assert_true (hostd_error_from_wire (name, &back));
    g_assert_cmpuint (back, ==, i);
  }
}

static void
test_unknown (void)
{
  HostdError code = HOSTD_ERROR_BUSY;

  g_assert_cmpstr (hostd_error_to_wire (HOSTD_ERROR_LAST_), ==, HOSTD_WIRE_ERROR ".Failed");
  g_assert_cmpstr (hostd_error_to_wire ((HostdError) -1), ==, HOSTD_WIRE_ERROR ".Failed");
  g_assert_false (hostd_error_from_wire (HOSTD_WIRE_ERROR ".Nonsense", &code));
  g_assert_false (hostd_error_from_wire (NULL, &code));
  g_assert_cmpint (code, ==, HOSTD_ERROR_BUSY);
}

/* The interface that clients read lists the same names, no more and no fewer. */
static void
test_described (void)
{
  g_auto (GStrv) lines = g_strsplit (hostd_error_interface.description, "\n", -1);
  guint declared = 0;

  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", 3);
    g_autofree char *name = NULL;
    HostdError code;

    if (g_strcmp0 (words[0], "error") != 0)
      continue;
    name = g_strconcat (HOSTD_WIRE_ERROR, ".", words[1], NULL);
    g_assert_true (hostd_error_from_wire (name, &code));
    g_assert_cmpstr (words[2], ==, "(message: string)");
    declared++;
  }
  g_assert_cmpuint (declared, ==, HOSTD_ERROR_LAST_);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/error-names/whole", test_whole);
  g_test_add_func ("/ipc/error-names/unknown", test_unknown);
  g_test_add_func ("/ipc/error-names/described", test_described);
  return g_test_run ();
}
