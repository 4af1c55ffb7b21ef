/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/template-dir.h"

#include <stdlib.h>
#include <sys/auxv.h>

/* build/hostd/cli/cloisterctl is three levels below the checkout; one more for a nested build. */
#define MAX_LEVELS 4

/* What makes a folder "templates" ours, and not somebody's. */
static const char *const markers[] = { "schema", "technologies", "policies" };

char *
hostd_template_dir_own_program (void)
{
  const char *path = (const char *) getauxval (AT_EXECFN);
  char *real = path != NULL ? realpath (path, NULL) : NULL;
  char *copy = g_strdup (real);

  /* realpath() has it from malloc(), and ours goes to g_free(). */
  free (real);
  return copy;
}

static gboolean
is_template_dir (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (markers); i++) {
    g_autofree char *part = g_build_filename (path, markers[i], NULL);

    if (!g_file_test (part, G_FILE_TEST_IS_DIR))
      return FALSE;
  }
  return TRUE;
}

char *
hostd_template_dir_find (const char *program, gboolean *ret_uninstalled)
{
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;

  for (guint level = 0; folder != NULL && level < MAX_LEVELS; level++) {
    g_autofree char *parent = g_path_get_dirname (folder);
    g_autofree char *candidate = g_build_filename (parent, "templates", NULL);

    /* The file system's own root is nobody's checkout. */
    if (g_str_equal (parent, "/") || g_str_equal (parent, "."))
      break;
    if (is_template_dir (candidate)) {
      if (ret_uninstalled != NULL)
        *ret_uninstalled = TRUE;
      return g_steal_pointer (&candidate);
    }
    g_free (folder);
    folder = g_steal_pointer (&parent);
  }
  if (ret_uninstalled != NULL)
    *ret_uninstalled = FALSE;
  return g_strdup (CLOISTER_TEMPLATE_DIR);
}
