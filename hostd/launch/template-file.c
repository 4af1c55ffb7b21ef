/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/template-file.h"

#include "base/error.h"
#include "base/io.h"

#include <fcntl.h>
#include <libxml/parser.h>
#include <string.h>

#define TEMPLATE_MAX_BYTES (1024u * 1024)

struct HostdTemplateSchema {
  xmlRelaxNGPtr rng;
};

typedef struct {
  char *message;
  int line;
} FirstError;

static void
keep_first (void *data, xmlErrorPtr e)
{
  FirstError *first = data;

  if (first->message || e->level < XML_ERR_ERROR)
    return;
  first->message = g_strstrip (g_strdup (e->message ? e->message : "?"));
  if (g_str_has_suffix (first->message, "failed to validate attributes")) {
    g_autofree char *short_of = first->message;

    first->message = g_strconcat (short_of, ": one is missing, unknown or malformed", NULL);
  }
  first->line = e->node ? (int) xmlGetLineNo (e->node) : e->line;
}

#define KEEP_FIRST ((xmlStructuredErrorFunc) (void (*) (void)) keep_first)

HostdTemplateSchema *
hostd_template_schema_load (const char *template_dir, GError **error)
{
  g_autofree char *path = g_build_filename (template_dir, "schema", "template.rng", NULL);
  FirstError first = { NULL, 0 };
  HostdTemplateSchema *self = NULL;
  xmlRelaxNGParserCtxtPtr parser;
  xmlRelaxNGPtr rng;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
                 "no templates in %s: %s is missing; is Cloister installed whole?", template_dir,
                 path);
    return NULL;
  }
  parser = xmlRelaxNGNewParserCtxt (path);
  xmlRelaxNGSetParserStructuredErrors (parser, KEEP_FIRST, &first);
  rng = xmlRelaxNGParse (parser);
  xmlRelaxNGFreeParserCtxt (parser);
  if (rng) {
    self = g_new0 (HostdTemplateSchema, 1);
    self->rng = rng;
  } else {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: %s", path, first.line,
                 first.message ? first.message : "not a schema");
  }
  g_free (first.message);
  return self;
}

void
hostd_template_schema_free (HostdTemplateSchema *self)
{
  if (self == NULL)
    return;
  xmlRelaxNGFree (self->rng);
  g_free (self);
}

static gboolean
validate (HostdTemplateSchema *schema, HostdTemplateFile *file, GError **error)
{
  xmlRelaxNGValidCtxtPtr ctxt = xmlRelaxNGNewValidCtxt (schema->rng);
  FirstError first = { NULL, 0 };
  gboolean valid;

  xmlRelaxNGSetValidStructuredErrors (ctxt, KEEP_FIRST, &first);
  valid = xmlRelaxNGValidateDoc (ctxt, file->xml) == 0;
  if (!valid)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: %s", file->path, first.line,
                 first.message ? first.message : "does not fit the schema of templates");
  xmlRelaxNGFreeValidCtxt (ctxt);
  g_free (first.message);
  return valid;
}

static gboolean
parse (HostdTemplateFile *file, gsize length, GError **error)
{
  xmlResetLastError ();
  if (strstr (file->text, "<!DOCTYPE")) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:1: a DOCTYPE has no place here",
                 file->path);
    return FALSE;
  }
  file->xml = xmlReadMemory (file->text, (int) length, file->path, NULL,
                             XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (file->xml == NULL) {
    const xmlError *last = xmlGetLastError ();

    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: not well-formed: %s", file->path,
                 last ? last->line : 1,
                 last && last->message ? g_strchomp (last->message) : "it is empty");
  }
  return file->xml != NULL;
}

HostdTemplateFile *
hostd_template_file_parse (HostdTemplateSchema *schema, const char *path, const char *text,
                           gsize length, const char *root, GError **error)
{
  HostdTemplateFile *file = g_rc_box_new0 (HostdTemplateFile);
  gboolean ok;

  file->path = g_strdup (path);
  file->text = g_strndup (text, length);
  ok = parse (file, length, error) && validate (schema, file, error);
  if (ok && strcmp ((const char *) xmlDocGetRootElement (file->xml)->name, root) != 0) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:1: <%s> expected here, not <%s>",
                 path, root, (const char *) xmlDocGetRootElement (file->xml)->name);
    ok = FALSE;
  }
  if (ok)
    file->ruleset = hostd_ruleset_compile (xmlDocGetRootElement (file->xml), path, error);
  if (file->ruleset == NULL) {
    hostd_template_file_unref (file);
    return NULL;
  }
  return file;
}

HostdTemplateFile *
hostd_template_file_load (HostdTemplateSchema *schema, const char *path, const char *root,
                          GError **error)
{
  gsize length;
  g_autofree char *text = hostd_read_file_at (AT_FDCWD, path, TEMPLATE_MAX_BYTES, &length, error);

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
