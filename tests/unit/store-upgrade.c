/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings that any earlier Cloister left on disk say today what they said then. */
#include "config.h"

#include "store/bindings.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

#define UUID "0a1b2c3d-0001-4002-8003-0000000000ff"

typedef struct {
  char *state, *folder;
  HostdBindings *bindings;
} Fixture;

static void
setup (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->state = g_dir_make_tmp ("store-upgrade-XXXXXX", NULL);
  f->folder = g_build_filename (f->state, "bindings", NULL);
  f->bindings = hostd_bindings_open (f->state, &error);
  g_assert_no_error (error);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  hostd_bindings_free (f->bindings);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (f->folder, name, NULL);

    g_remove (path);
  }
  g_rmdir (f->folder);
  g_rmdir (f->state);
  g_free (f->folder);
  g_free (f->state);
}

static void
reopen (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  hostd_bindings_free (f->bindings);
  f->bindings = hostd_bindings_open (f->state, &error);
  g_assert_no_error (error);
}

/* ---- the corpus ---------------------------------------------------------- */

static char *
read_text (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* The paths of a version's files, sorted (element-type utf8). */
static GPtrArray *
files_of_version (guint version)
{
  g_autofree char *name = g_strdup_printf ("v%u", version);
  g_autofree char *folder =
      g_test_build_filename (G_TEST_DIST, "..", "golden", "bindings", name, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *file;

  g_assert_nonnull (dir); /* README.md there says how it is made */
  while ((file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, ".json"))
      g_ptr_array_add (paths, g_build_filename (folder, file, NULL));
  g_assert_cmpuint (paths->len, >, 0);
  return paths;
}

static char *
meaning_beside (const char *path)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (".json"));
  g_autofree char *beside = g_strconcat (stem, ".meaning", NULL);

  return read_text (beside);
}

static char *
meaning_of (const HostdBinding *binding)
{
  const char *name = hostd_binding_get_name (binding);
  const char *text = hostd_binding_get_policy_text (binding);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  GString *said = g_string_new (NULL);

  g_string_append_printf (said,
                          "uuid %s\nname %s\ntime %" G_GINT64_FORMAT "\npolicy %s\n"
                          "policyDigest %s\npolicyText %" G_GSIZE_FORMAT " bytes, sha256:%s\n"
                          "technology %s\n",
                          hostd_binding_get_uuid (binding), name ? name : "-",
                          hostd_binding_get_time (binding), hostd_binding_get_policy (binding),
                          hostd_binding_get_policy_digest (binding), strlen (text), digest,
                          hostd_technology_name (hostd_binding_get_technology (binding)));
  for (guint i = 0; i < hostd_binding_count_data (binding); i++)
    g_string_append_printf (said, "data %s %s\n", hostd_binding_get_data_key (binding, i),
                            hostd_binding_get_data_digest (binding, i));
  return g_string_free (said, FALSE);
}

static void
put (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_found (Fixture *f, const char *uuid, const char *meaning)
{
  g_autoptr (HostdBinding) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *said = NULL;

  g_assert_true (hostd_bindings_lookup (f->bindings, uuid, &found, &error));
  g_assert_no_error (error);
  g_assert_nonnull (found);
  said = meaning_of (found);
  g_assert_cmpstr (said, ==, meaning);
}

/* Read from its text, found in its folder, bound again, and found once more: always the same. */
static void
check_file (Fixture *f, const char *path)
{
  g_autofree char *text = read_text (path);
  g_autofree char *meaning = meaning_beside (path);
  g_autofree char *said = NULL;
  g_autoptr (HostdBinding) binding = NULL;
  g_autoptr (GError) error = NULL;
  const char *uuid;

  g_test_message ("%s", path);
  binding = hostd_binding_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  said = meaning_of (binding);
  g_assert_cmpstr (said, ==, meaning);

  uuid = hostd_binding_get_uuid (binding);
  put (f, uuid, text);
  assert_found (f, uuid, meaning);
  g_assert_true (hostd_bindings_bind (f->bindings, binding, &error));
  g_assert_no_error (error);
  reopen (f);
  assert_found (f, uuid, meaning);
}

static void
test_each_version (Fixture *f, gconstpointer data)
{
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (GPtrArray) list = NULL;
  guint count = 0;

  for (guint version = 1; version <= HOSTD_BINDING_VERSION; version++) {
    g_autoptr (GPtrArray) paths = files_of_version (version);

    for (guint i = 0; i < paths->len; i++)
      check_file (f, g_ptr_array_index (paths, i));
    count += paths->len;
  }
  list = hostd_bindings_list (f->bindings, problems, NULL);
  g_assert_cmpuint (list->len, ==, count);
  g_assert_cmpuint (hostd_reasons_count (problems), ==, 0);
}

/* ---- the other way: a downgrade ------------------------------------------ */

#define NEWER                                                                                      \
  "{\"version\":%d,\"uuid\":\"" UUID "\",\"time\":1,\"policy\":\"snp\",\"policyText\":\"t\","      \
  "\"policyDigest\":\"sha256:00\",\"technology\":\"sev-snp\",\"data\":{},\"more\":[1,2]}\n"

static void
test_newer (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, UUID, NULL);
  g_autofree char *text = g_strdup_printf (NEWER, HOSTD_BINDING_VERSION + 1);
  g_autofree char *after = NULL;
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (HostdBinding) found = NULL;
  g_autoptr (HostdBinding) again = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  put (f, UUID, text);
  reopen (f);
  g_assert_false (hostd_bindings_lookup (f->bindings, UUID, &found, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "newer Cloister"));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "update"));
  g_clear_error (&error);

  again = hostd_binding_new (UUID, NULL, "snp", "t", "sha256:00", HOSTD_TECHNOLOGY_SEV_SNP, NULL);
  g_assert_false (hostd_bindings_bind (f->bindings, again, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED);
  list = hostd_bindings_list (f->bindings, problems, NULL);
  g_assert_cmpuint (list->len, ==, 0);
  g_assert_cmpuint (hostd_reasons_count (problems), ==, 1);
  after = read_text (path);
  g_assert_cmpstr (after, ==, text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/upgrade/each-version", Fixture, NULL, setup, test_each_version, teardown);
  g_test_add ("/store/upgrade/newer", Fixture, NULL, setup, test_newer, teardown);
  return g_test_run ();
}
