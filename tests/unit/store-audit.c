/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/audit.h"

#include "base/json.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  char *state, *file;
  HostdAudit *audit;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  f->state = g_dir_make_tmp ("audit-XXXXXX", NULL);
  f->file = g_build_filename (f->state, HOSTD_AUDIT_FILE, NULL);
  f->audit = hostd_audit_open (f->state, NULL);
  g_assert_nonnull (f->audit);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  hostd_audit_free (f->audit);
  g_unlink (f->file);
  g_assert_cmpint (g_rmdir (f->state), ==, 0);
  g_free (f->file);
  g_free (f->state);
}

static void
add (Fixture *f, const char *event)
{
  g_assert_true (hostd_audit_add (f->audit, event, "u", "why \"so\"\n", NULL, NULL));
}

/* The events of the last @limit records, joined by commas. */
static char *
events (Fixture *f, guint limit)
{
  g_autoptr (JsonArray) records = hostd_audit_read (f->audit, limit, NULL);
  GString *joined = g_string_new (NULL);

  g_assert_nonnull (records);
  for (guint i = 0; i < json_array_get_length (records); i++)
    g_string_append_printf (
        joined, "%s%s", i > 0 ? "," : "",
        hostd_json_get_string (json_array_get_object_element (records, i), "event"));
  return g_string_free (joined, FALSE);
}

static void
assert_events (Fixture *f, guint limit, const char *expected)
{
  g_autofree char *got = events (f, limit);

  g_assert_cmpstr (got, ==, expected);
}

static void
test_records (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonObject) more = json_object_new ();
  g_autofree char *text = NULL;
  struct stat st;

  assert_events (f, 10, "");
  add (f, "bind");
  json_object_set_int_member (more, "days", 3);
  g_assert_true (hostd_audit_add (f->audit, "reap", NULL, NULL, more, NULL));
  add (f, "veto");
  assert_events (f, 10, "bind,reap,veto");
  assert_events (f, 2, "reap,veto");
  g_assert_cmpint (g_stat (f->file, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  g_assert_true (g_file_get_contents (f->file, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\"days\":3}\n"));
}

/* kill -9 or a full disk in the middle of a record costs that record, and no other. */
static void
test_cut_short (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL, *cut = NULL;
  gsize length;

  add (f, "one");
  add (f, "two");
  g_assert_true (g_file_get_contents (f->file, &text, &length, NULL));
  cut = g_strndup (text, length - 7);
  g_assert_true (g_file_set_contents (f->file, cut, -1, NULL));
  assert_events (f, 10, "one");
  add (f, "three");
  assert_events (f, 10, "one,three");
}

static void
test_rotated (Fixture *f, gconstpointer data)
{
  g_autofree char *old = g_strconcat (f->file, ".1", NULL);

  add (f, "one");
  g_assert_cmpint (g_rename (f->file, old), ==, 0);
  add (f, "two");
  assert_events (f, 10, "two");
  g_assert_cmpint (g_unlink (old), ==, 0);
}

static void
test_not_writable (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (f->file, 0700), ==, 0);
  g_assert_false (hostd_audit_add (f->audit, "bind", NULL, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (g_rmdir (f->file), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/audit/records", Fixture, NULL, setup, test_records, teardown);
  g_test_add ("/audit/cut-short", Fixture, NULL, setup, test_cut_short, teardown);
  g_test_add ("/audit/rotated", Fixture, NULL, setup, test_rotated, teardown);
  g_test_add ("/audit/not-writable", Fixture, NULL, setup, test_not_writable, teardown);
  return g_test_run ();
}
