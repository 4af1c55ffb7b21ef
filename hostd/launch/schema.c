/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/schema.h"

#include "base/error.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

struct HostdSchema {
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

HostdSchema *
hostd_schema_load (const char *template_dir, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (template_dir, "schema", name, NULL);
  FirstError first = { NULL, 0 };
  HostdSchema *self = NULL;
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
    self = g_new0 (HostdSchema, 1);
    self->rng = rng;
  } else {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: %s", path, first.line,
                 first.message ? first.message : "not a schema");
  }
  g_free (first.message);
  return self;
}

void
hostd_schema_free (HostdSchema *self)
{
  if (self == NULL)
    return;
  xmlRelaxNGFree (self->rng);
  g_free (self);
}

static gboolean
validate (const HostdSchema *self, const char *path, xmlDocPtr xml, GError **error)
{
  xmlRelaxNGValidCtxtPtr ctxt = xmlRelaxNGNewValidCtxt (self->rng);
  FirstError first = { NULL, 0 };
  gboolean valid;

  xmlRelaxNGSetValidStructuredErrors (ctxt, KEEP_FIRST, &first);
  valid = xmlRelaxNGValidateDoc (ctxt, xml) == 0;
  if (!valid)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: %s", path, first.line,
                 first.message ? first.message : "does not fit its schema");
  xmlRelaxNGFreeValidCtxt (ctxt);
  g_free (first.message);
  return valid;
}

static xmlDocPtr
parse (const char *path, const char *text, gsize length, GError **error)
{
  xmlDocPtr xml;

  xmlResetLastError ();
  if (strstr (text, "<!DOCTYPE")) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:1: a DOCTYPE has no place here",
                 path);
    return NULL;
  }
  xml = xmlReadMemory (text, (int) length, path, NULL,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (xml == NULL) {
    const xmlError *last = xmlGetLastError ();

    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%d: not well-formed: %s", path,
                 last ? last->line : 1,
                 last && last->message ? g_strchomp (last->message) : "it is empty");
  }
  return xml;
}

xmlDocPtr
hostd_schema_parse (const HostdSchema *self, const char *path, const char *text, gsize length,
                    const char *root, GError **error)
{
  xmlDocPtr xml = parse (path, text, length, error);
  const char *name;

  if (xml == NULL)
    return NULL;
  if (!validate (self, path, xml, error)) {
    xmlFreeDoc (xml);
    return NULL;
  }
  name = (const char *) xmlDocGetRootElement (xml)->name;
  if (strcmp (name, root) != 0) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:1: <%s> expected here, not <%s>",
                 path, root, name);
    xmlFreeDoc (xml);
    return NULL;
  }
  return xml;
}
