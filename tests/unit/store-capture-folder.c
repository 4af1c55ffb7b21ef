/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that is there whole or not at all. What needs a full disk is in integration/capture.py.
 */
#include "config.h"

#include "store/capture-folder.h"

#include "base/error.h"

#include "host-copy.h"

#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *top, *path;
} Place;

static void
set_up (Place *place, gconstpointer data)
{
  place->top = host_copy_new (NULL);
  place->path = g_build_filename (place->top, "new", NULL);
}

static void
tear_down (Place *place, gconstpointer data)
{
  g_free (place->path);
  host_copy_free (place->top);
}

static HostdCaptureFolder *
begin (Place *place)
{
  g_autoptr (GError) error = NULL;
  HostdCaptureFolder *folder = hostd_capture_folder_new (place->path, &error);

  g_assert_no_error (error);
  return folder;
}

static gboolean
add (HostdCaptureFolder *folder, const char *path, GError **error)
{
  g_autoptr (GBytes) content = g_bytes_new_static ("text\n", 5);

  return hostd_capture_folder_add_file (folder, path, content, error);
}

static guint
count (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static void
test_whole (Place *place, gconstpointer data)
{
  HostdCaptureFolder *folder = begin (place);
  g_autoptr (GError) error = NULL;
  g_autofree char *deep = g_build_filename (place->path, "a/b/c", NULL), *text = NULL;
  struct stat st;

  g_assert_true (add (folder, "a/b/c", &error));
  g_assert_true (add (folder, "a/d", &error));
  g_assert_true (hostd_capture_folder_add_folder (folder, "a/b/empty", &error));
  g_assert_true (hostd_capture_folder_add_folder (folder, "a/b/empty", &error));
  g_assert_false (g_file_test (place->path, G_FILE_TEST_EXISTS));
  g_assert_true (hostd_capture_folder_finish (folder, &error));
  g_assert_no_error (error);
  hostd_capture_folder_free (folder);
  g_assert_cmpuint (count (place->top), ==, 1);
  g_assert_true (g_file_get_contents (deep, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "text\n");
  g_assert_cmpint (stat (place->path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0755);
}

static void
test_dropped (Place *place, gconstpointer data)
{
  HostdCaptureFolder *folder = begin (place);
  g_autoptr (GError) error = NULL;

  g_assert_true (add (folder, "a/b/c", &error));
  g_assert_true (hostd_capture_folder_add_folder (folder, "a/b/empty", &error));
  hostd_capture_folder_free (folder);
  g_assert_cmpuint (count (place->top), ==, 0);
}

/* Who comes second does not win. */
static void
test_filled_meanwhile (Place *place, gconstpointer data)
{
  HostdCaptureFolder *folder = begin (place);
  g_autoptr (GError) error = NULL;

  g_assert_true (add (folder, "a", &error));
  host_copy_edit (place->path, "theirs", "theirs\n", -1);
  g_assert_false (hostd_capture_folder_finish (folder, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS);
  hostd_capture_folder_free (folder);
  g_assert_cmpuint (count (place->top), ==, 1);
  g_assert_cmpuint (count (place->path), ==, 1);
}

static void
test_refused (Place *place, gconstpointer data)
{
  static const char *const bad[] = { "", "/etc/x", "../x", "a/../x", "a//b", "./a" };
  HostdCaptureFolder *folder = begin (place);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (add (folder, bad[i], &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
    g_clear_error (&error);
  }
  g_assert_true (add (folder, "a", &error));
  g_assert_false (add (folder, "a", &error)); /* twice */
  g_clear_error (&error);
  g_assert_false (add (folder, "a/b", &error)); /* below a file */
  g_clear_error (&error);
  hostd_capture_folder_free (folder);

  g_assert_true (hostd_capture_folder_fits (HOSTD_CAPTURE_MAX_ENTRIES, 0, NULL));
  g_assert_false (hostd_capture_folder_fits (HOSTD_CAPTURE_MAX_ENTRIES + 1, 0, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (hostd_capture_folder_fits (1, HOSTD_CAPTURE_MAX_BYTES + 1, &error));
  g_clear_error (&error);

  host_copy_edit (place->path, "mine", "", 0);
  g_assert_null (hostd_capture_folder_new (place->path, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_null (hostd_capture_folder_new ("/", &error));
  g_clear_error (&error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/capture-folder/whole", Place, NULL, set_up, test_whole, tear_down);
  g_test_add ("/store/capture-folder/dropped", Place, NULL, set_up, test_dropped, tear_down);
  g_test_add ("/store/capture-folder/filled-meanwhile", Place, NULL, set_up, test_filled_meanwhile,
              tear_down);
  g_test_add ("/store/capture-folder/refused", Place, NULL, set_up, test_refused, tear_down);
  return g_test_run ();
}
