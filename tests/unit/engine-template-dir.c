/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/template-dir.h"

#include <glib/gstdio.h>

static const char *const parts[] = { "schema", "technologies", "policies" };

static void
expect (const char *root, const char *program, const char *templates)
{
  g_autofree char *path = g_build_filename (root, program, NULL);
  g_autofree char *wanted = g_build_filename (root, templates, NULL);
  gboolean uninstalled = FALSE;
  g_autofree char *found = hostd_template_dir_find (path, &uninstalled);

  g_assert_cmpstr (found, ==, wanted);
  g_assert_true (uninstalled);
}

static void
expect_installed (const char *program)
{
  gboolean uninstalled = TRUE;
  g_autofree char *found = hostd_template_dir_find (program, &uninstalled);

  g_assert_cmpstr (found, ==, CLOISTER_TEMPLATE_DIR);
  g_assert_false (uninstalled);
}

static void
test_uninstalled (void)
{
  g_autofree char *root = g_dir_make_tmp ("cloister-XXXXXX", NULL);
  g_autofree char *templates = g_build_filename (root, "templates", NULL);
  g_autofree char *deep = g_build_filename (root, "build/hostd/cli/cloisterctl", NULL);
  g_autofree char *far = g_build_filename (root, "a/b/c/d/e/cloisterctl", NULL);

  /* Somebody's folder of that name is not ours; it is when all of it is there. */
  expect_installed (deep);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *part = g_build_filename (templates, parts[i], NULL);

    expect_installed (deep);
    g_assert_cmpint (g_mkdir_with_parents (part, 0700), ==, 0);
  }
  expect (root, "build/hostd/cli/cloisterctl", "templates");
  expect (root, "build/cloisterctl", "templates");
  expect (root, "build/x/hostd/cli/cloisterctl", "templates");
  expect_installed (far);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *part = g_build_filename (templates, parts[i], NULL);

    g_rmdir (part);
  }
  g_rmdir (templates);
  g_rmdir (root);
}

static void
test_installed (void)
{
  expect_installed (NULL);
  expect_installed ("/cloister-no-such-folder/bin/cloisterctl");
  expect_installed ("cloisterctl");
}

static void
test_own_program (void)
{
  g_autofree char *path = hostd_template_dir_own_program ();
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;

  g_assert_true (g_path_is_absolute (path));
  g_assert_cmpstr (name, ==, "test-engine-template-dir");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/template-dir/uninstalled", test_uninstalled);
  g_test_add_func ("/engine/template-dir/installed", test_installed);
  g_test_add_func ("/engine/template-dir/own-program", test_own_program);
  return g_test_run ();
}
