/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

/* A recorded host in a temporary folder, to be changed by a test. */

/* A copy of tests/hosts/NAME, or an empty folder with NULL. End it with host_copy_free(). */
static inline char *
host_copy_new (const char *name)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("cloister-host-XXXXXX", &error);

  g_assert_no_error (error);
  if (name) {
    g_autofree char *from = g_test_build_filename (G_TEST_DIST, name, ".", NULL);
    const char *argv[] = { "cp", "-r", from, folder, NULL };
    int status = 0;

    g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                  &error);
    g_assert_no_error (error);
    g_assert_cmpint (status, ==, 0);
  }
  return folder;
}

/*
 * Replaces a file, its folders made where needed; @text NULL removes the file or the whole folder.
 */
static inline void
host_copy_edit (const char *folder, const char *path, const char *text, gssize length)
{
  g_autofree char *full = g_build_filename (folder, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  if (text) {
    g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
    /* A new file, not synced: it is gone in a moment. */
    g_unlink (full);
    g_file_set_contents_full (full, text, length, G_FILE_SET_CONTENTS_NONE, 0644, &error);
  } else {
    const char *argv[] = { "rm", "-r", full, NULL };
    int status = 0;

    g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                  &error);
    g_assert_cmpint (status, ==, 0);
  }
  g_assert_no_error (error);
}

static inline void
host_copy_free (char *folder)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autofree char *name = g_path_get_basename (folder);

  host_copy_edit (parent, name, NULL, 0);
  g_free (folder);
}
