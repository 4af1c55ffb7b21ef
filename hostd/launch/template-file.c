/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/template-file.h"

#include "base/io.h"

#include <fcntl.h>

HostdTemplateFile *
hostd_template_file_parse (const HostdSchema *schema, const char *path, const char *text,
                           gsize length, const char *root, GError **error)
{
  HostdTemplateFile *file = g_rc_box_new0 (HostdTemplateFile);

  file->path = g_strdup (path);
  file->text = g_strndup (text, length);
  file->xml = hostd_schema_parse (schema, path, file->text, length, root, error);
  if (file->xml)
    file->ruleset = hostd_ruleset_compile (xmlDocGetRootElement (file->xml), path, error);
  if (file->ruleset == NULL) {
    hostd_template_file_unref (file);
    return NULL;
  }
  return file;
}

HostdTemplateFile *
hostd_template_file_load (const HostdSchema *schema, const char *path, const char *root,
                          GError **error)
{
  gsize length;
  g_autofree char *text =
      hostd_read_file_at (AT_FDCWD, path, HOSTD_SCHEMA_FILE_MAX_BYTES, &length, error);

  if (text == NULL)
    return NULL;
  return hostd_template_file_parse (schema, path, text, length, root, error);
}

static void
file_clear (gpointer data)
{
  HostdTemplateFile *file = data;

  hostd_ruleset_free (file->ruleset);
  if (file->xml)
    xmlFreeDoc (file->xml);
  g_free (file->path);
  g_free (file->text);
}

HostdTemplateFile *
hostd_template_file_ref (HostdTemplateFile *self)
{
  return g_rc_box_acquire (self);
}

void
hostd_template_file_unref (HostdTemplateFile *self)
{
  if (self)
    g_rc_box_release_full (self, file_clear);
}
