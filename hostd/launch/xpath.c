/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/xpath.h"

#include "base/error.h"
#include "launch/xpath-functions.h"

#include <libxml/parser.h>
#include <libxml/xpathInternals.h>
#include <string.h>

/* Steps of one evaluation. The largest domain accepted needs far fewer with the shipped templates.
 */
#define STEP_LIMIT 20000000

struct HostdXPath {
  xmlXPathContextPtr context;
  xmlNodePtr root;
};

/* libxml2 prints to stderr by itself otherwise. */
static void
be_quiet (void *data, xmlErrorPtr error)
{
}

static xmlXPathContextPtr
context_for (xmlDocPtr doc, const HostdFacts *facts)
{
  xmlXPathContextPtr context = xmlXPathNewContext (doc);

  context->error = (xmlStructuredErrorFunc) (void (*) (void)) be_quiet;
  context->userData = (gpointer) facts;
  context->opLimit = STEP_LIMIT;
  xmlXPathRegisterNs (context, (const xmlChar *) "qemu", (const xmlChar *) HOSTD_NS_QEMU);
  xmlXPathRegisterNs (context, (const xmlChar *) "nova", (const xmlChar *) HOSTD_NS_NOVA);
  xmlXPathRegisterNs (context, (const xmlChar *) "cloister", (const xmlChar *) HOSTD_NS_CLOISTER);
  hostd_xpath_register_functions (context);
  return context;
}

HostdXPath *
hostd_xpath_new (HostdDocument *document, const HostdFacts *facts)
{
  HostdXPath *self = g_new0 (HostdXPath, 1);

  self->context = context_for (document->xml, facts);
  self->root = xmlDocGetRootElement (document->xml);
  return self;
}

void
hostd_xpath_free (HostdXPath *self)
{
  if (self == NULL)
    return;
  xmlXPathFreeContext (self->context);
  g_free (self);
}

xmlXPathCompExprPtr
hostd_xpath_compile (const char *expression, GError **error)
{
  xmlXPathContextPtr context = context_for (NULL, NULL);
  xmlXPathCompExprPtr compiled = xmlXPathCtxtCompile (context, (const xmlChar *) expression);

  if (compiled == NULL)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "not an XPath: %s", expression);
  xmlXPathFreeContext (context);
  return compiled;
}

static xmlXPathObjectPtr
evaluate (xmlXPathContextPtr context, xmlNodePtr node, xmlXPathCompExprPtr compiled, GError **error)
{
  xmlXPathObjectPtr result;

  context->node = node;
  context->opCount = 0;
  memset (&context->lastError, 0, sizeof context->lastError);
  result = xmlXPathCompiledEval (compiled, context);
  if (result == NULL)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "an XPath cannot be evaluated: %s",
                 context->lastError.message ? context->lastError.message : "unknown");
  return result;
}

gboolean
hostd_xpath_check (xmlXPathCompExprPtr compiled, gboolean boolean, GError **error)
{
  static const char sample[] = "<domain><x/></domain>";
  xmlDocPtr doc = xmlReadMemory (sample, sizeof sample - 1, NULL, NULL, XML_PARSE_NONET);
  xmlXPathContextPtr context = context_for (doc, NULL);
  xmlXPathObjectPtr result = evaluate (context, xmlDocGetRootElement (doc), compiled, error);
  gboolean ok = result != NULL;

  if (result && result->type != (boolean ? XPATH_BOOLEAN : XPATH_NODESET)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "an XPath that must give %s does not",
                 boolean ? "true or false" : "nodes");
    ok = FALSE;
  }
  xmlXPathFreeObject (result);
  xmlXPathFreeContext (context);
  xmlFreeDoc (doc);
  return ok;
}

GPtrArray *
hostd_xpath_select (HostdXPath *self, xmlNodePtr node, xmlXPathCompExprPtr compiled, GError **error)
{
  xmlXPathObjectPtr result = evaluate (self->context, node ? node : self->root, compiled, error);
  GPtrArray *nodes = NULL;

  if (result && result->type == XPATH_NODESET) {
    nodes = g_ptr_array_new ();
    xmlXPathNodeSetSort (result->nodesetval);
    for (int i = 0; result->nodesetval && i < result->nodesetval->nodeNr; i++)
      g_ptr_array_add (nodes, result->nodesetval->nodeTab[i]);
  } else if (result) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "an XPath selects no nodes");
  }
  xmlXPathFreeObject (result);
  return nodes;
}

gboolean
hostd_xpath_test (HostdXPath *self, xmlNodePtr node, xmlXPathCompExprPtr compiled,
                  gboolean *ret_value, GError **error)
{
  xmlXPathObjectPtr result = evaluate (self->context, node, compiled, error);
  gboolean ok = result && result->type == XPATH_BOOLEAN;

  if (ok)
    *ret_value = result->boolval;
  else if (result)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "an XPath test is not true or false");
  xmlXPathFreeObject (result);
  return ok;
}
