/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/library.h"

#include "base/error.h"

#include <dlfcn.h>

/* Its ABI has had this number since 2005. */
#define FILE_NAME "libvirt.so.0"

HostdVirtLibrary hostd_virt_library;

static const struct {
  const char *name;
  gsize offset;
} functions[] = {
#define ROW(function) { #function, G_STRUCT_OFFSET (HostdVirtLibrary, function) },
  HOSTD_VIRT_FUNCTIONS (ROW)
#undef ROW
};

/* NULL if all is there. */
static char *
load (void)
{
  /* Global, and looked for as the linker would: what was preloaded comes first. */
  if (dlopen (FILE_NAME, RTLD_NOW | RTLD_GLOBAL) == NULL)
    return g_strdup_printf ("libvirt's client library cannot be loaded: %s", dlerror ());
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++) {
    gpointer function = dlsym (RTLD_DEFAULT, functions[i].name);

    if (function == NULL)
      return g_strdup_printf ("libvirt's client library has no %s: upgrade it", functions[i].name);
    G_STRUCT_MEMBER (gpointer, &hostd_virt_library, functions[i].offset) = function;
  }
  return NULL;
}

gboolean
hostd_virt_library_load (GError **error)
{
  static gsize once;
  static char *trouble;

  if (g_once_init_enter (&once)) {
    trouble = load ();
    g_once_init_leave (&once, 1);
  }
  if (trouble == NULL)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE, "%s", trouble);
  return FALSE;
}
