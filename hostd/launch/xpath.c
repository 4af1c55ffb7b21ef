/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/xpath.h"

#include "base/error.h"
#include "launch/path.h"
#include "launch/xpath-functions.h"

#include <libxml/parser.h>
#include <libxml/xpathInternals.h>
#include <string.h>

/* Steps of one evaluation. The largest domain accepted needs far fewer with the shipped templates.
 */
#define STEP_LIMIT 20000000

struct HostdExpression {
  HostdExpressionKind kind;
  xmlXPathCompExprPtr compiled;
  /* For the quick way; NULL where they are not understood. */
  HostdPath *path;           /* of NODES */
  gboolean is_whole;         /* the path is all of it */
  HostdCondition *condition; /* of a TEST */
};

struct HostdXPath {
  xmlXPathContextPtr context;
  xmlNodePtr root;
  HostdXPathWay way;
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
  hostd_xpath_register_functions (context);
  return context;
}

/* Setting one up takes longer than a small domain's parsing: each thread keeps one. */
static GPrivate idle_context = G_PRIVATE_INIT ((GDestroyNotify) xmlXPathFreeContext);

static xmlXPathContextPtr
take_context (xmlDocPtr doc, const HostdFacts *facts)
{
  xmlXPathContextPtr context = g_private_get (&idle_context);

  if (context) {
    g_private_set (&idle_context, NULL);
  } else {
    context = context_for (NULL, NULL);
    xmlXPathContextSetCache (context, 1, -1, 0); /* results are used again, not allocated */
  }
  context->doc = doc;
  context->userData = (gpointer) facts;
  return context;
}

static void
give_context (xmlXPathContextPtr context)
{
  context->doc = NULL;
  context->node = NULL;
  context->userData = NULL;
  g_private_replace (&idle_context, context);
}

HostdXPath *
hostd_xpath_new (HostdDocument *document, const HostdFacts *facts, HostdXPathWay way)
{
  HostdXPath *self = g_new0 (HostdXPath, 1);

  self->context = take_context (document->xml, facts);
  self->root = xmlDocGetRootElement (document->xml);
  self->way = way;
  return self;
}

void
hostd_xpath_free (HostdXPath *self)
{
  if (self == NULL)
    return;
  give_context (self->context);
  g_free (self);
}

/* libxml2 keeps a code, and words for a handler of its own alone. */
static const char *
explain (const xmlError *error)
{
  switch (error->code - XML_XPATH_EXPRESSION_OK + XPATH_EXPRESSION_OK) {
  case XPATH_OP_LIMIT_EXCEEDED:
    return "it takes too many steps";
  case XPATH_RECURSION_LIMIT_EXCEEDED:
    return "it is nested too deeply";
  case XPATH_INVALID_ARITY:
    return "a function is given too few or too many arguments";
  case XPATH_INVALID_TYPE:
    return "a function is given an argument of another kind";
  case XPATH_INVALID_CTXT_POSITION:
  case XPATH_INVALID_CTXT_SIZE:
    return "position() and last() mean nothing outside of brackets";
  default:
    return "libxml2 cannot";
  }
}

static xmlXPathObjectPtr
evaluate (xmlXPathContextPtr context, xmlNodePtr node, xmlXPathCompExprPtr compiled, GError **error)
{
  xmlXPathObjectPtr result;

  context->node = node;
  context->opCount = 0;
  xmlResetError (&context->lastError);
  result = xmlXPathCompiledEval (compiled, context);
  if (result == NULL)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "an XPath cannot be evaluated: %s",
                 explain (&context->lastError));
  return result;
}

static gboolean
has_kind (xmlXPathObjectPtr result, HostdExpressionKind kind, GError **error)
{
  gboolean test = kind == HOSTD_EXPRESSION_TEST;

  if (result->type == (test ? XPATH_BOOLEAN : XPATH_NODESET))
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "an XPath that must give %s does not",
               test ? "true or false" : "nodes");
  return FALSE;
}

static gboolean
try_out (xmlXPathContextPtr context, const HostdExpression *expression, GError **error)
{
  static const char sample[] = "<domain><x/></domain>";
  xmlDocPtr doc = xmlReadMemory (sample, sizeof sample - 1, NULL, NULL, XML_PARSE_NONET);
  xmlXPathObjectPtr result;
  gboolean ok;

  context->doc = doc;
  result = evaluate (context, xmlDocGetRootElement (doc), expression->compiled, error);
  ok = result && has_kind (result, expression->kind, error);
  xmlXPathFreeObject (result);
  context->doc = NULL;
  context->node = NULL;
  xmlFreeDoc (doc);
  return ok;
}

/* A literal, or else a function, a prefix or a variable. */
static GRegex *
words_regex (void)
{
  static gsize once;

  if (g_once_init_enter (&once)) {
    GRegex *regex = g_regex_new ("\"[^\"]*\"|'[^']*'|"
                                 "([\\w.-]+)\\s*\\(|([\\w.-]+):(?!:)|(\\$)",
                                 0, 0, NULL);

    g_once_init_leave (&once, GPOINTER_TO_SIZE (regex));
  }
  return GSIZE_TO_POINTER (once);
}

/* libxml2 looks functions and prefixes up when it comes to them, which may be in a guest's hour. */
static gboolean
knows_words (xmlXPathContextPtr context, const char *text, GError **error)
{
  static const char *const no_functions[] = { "node", "text", "comment", "processing-instruction",
                                              "and",  "or",   "div",     "mod",
                                              NULL };
  g_autoptr (GMatchInfo) match = NULL;
  gboolean ok = TRUE;

  for (g_regex_match (words_regex (), text, 0, &match); ok && g_match_info_matches (match);
       g_match_info_next (match, NULL)) {
    g_autofree char *function = g_match_info_fetch (match, 1);
    g_autofree char *prefix = g_match_info_fetch (match, 2);
    g_autofree char *variable = g_match_info_fetch (match, 3);
    gboolean is_function = function && *function, is_prefix = prefix && *prefix;

    ok = !(variable && *variable) &&
         (!is_function || g_strv_contains (no_functions, function) ||
          xmlXPathFunctionLookup (context, (const xmlChar *) function)) &&
         (!is_prefix || xmlXPathNsLookup (context, (const xmlChar *) prefix));
    if (!ok)
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "an XPath here has no %s %s",
                   is_function ? "function"
                   : is_prefix ? "prefix"
                               : "variables:",
                   is_function ? function
                   : is_prefix ? prefix
                               : variable);
  }
  return ok;
}

static gboolean
compile (HostdExpression *self, const char *text, GError **error)
{
  xmlXPathContextPtr context = take_context (NULL, NULL);
  gboolean ok;

  self->compiled = xmlXPathCtxtCompile (context, (const xmlChar *) text);
  ok = self->compiled != NULL;
  if (!ok)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "not an XPath");
  ok = ok && knows_words (context, text, error) && try_out (context, self, error);
  give_context (context);
  return ok;
}

HostdExpression *
hostd_expression_compile (const char *text, HostdExpressionKind kind, GError **error)
{
  g_autoptr (HostdExpression) self = g_new0 (HostdExpression, 1);

  self->kind = kind;
  if (!compile (self, text, error))
    return NULL;
  if (kind == HOSTD_EXPRESSION_NODES)
    self->path = hostd_path_new (text);
  else
    self->condition = hostd_condition_parse (text);
  self->is_whole = self->path && hostd_path_is_whole (self->path);
  return g_steal_pointer (&self);
}

void
hostd_expression_free (HostdExpression *self)
{
  if (self == NULL)
    return;
  if (self->compiled)
    xmlXPathFreeCompExpr (self->compiled);
  hostd_path_free (self->path);
  hostd_condition_free (self->condition);
  g_free (self);
}

static gboolean
take_nodes (xmlNodeSetPtr set, GPtrArray *nodes)
{
  xmlXPathNodeSetSort (set);
  for (int i = 0; set && i < set->nodeNr; i++) {
    /* A text, the document or a namespace (which is no xmlNode at all) is nothing to work on. */
    if (set->nodeTab[i]->type != XML_ELEMENT_NODE && set->nodeTab[i]->type != XML_ATTRIBUTE_NODE)
      return FALSE;
    g_ptr_array_add (nodes, set->nodeTab[i]);
  }
  return TRUE;
}

gboolean
hostd_xpath_select (HostdXPath *self, const HostdExpression *expression, GPtrArray *nodes,
                    GError **error)
{
  const HostdPath *path = self->way == HOSTD_XPATH_QUICK ? expression->path : NULL;
  xmlXPathObjectPtr result;
  gboolean ok;

  g_ptr_array_set_size (nodes, 0);
  if (path && expression->is_whole)
    hostd_path_select (path, self->root, nodes);
  if (path && (expression->is_whole || !hostd_path_may_select (path, self->root)))
    return TRUE;
  result = evaluate (self->context, self->root, expression->compiled, error);
  ok = result && has_kind (result, HOSTD_EXPRESSION_NODES, error);
  if (ok && !take_nodes (result->nodesetval, nodes)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "an XPath selects what is neither element nor attribute");
    ok = FALSE;
  }
  xmlXPathFreeObject (result);
  return ok;
}

gboolean
hostd_xpath_test (HostdXPath *self, xmlNodePtr node, const HostdExpression *expression,
                  gboolean *ret_value, GError **error)
{
  xmlXPathObjectPtr result;
  gboolean ok;

  if (self->way == HOSTD_XPATH_QUICK && expression->condition) {
    *ret_value = hostd_condition_holds (expression->condition, node);
    return TRUE;
  }
  result = evaluate (self->context, node, expression->compiled, error);
  ok = result && has_kind (result, HOSTD_EXPRESSION_TEST, error);
  if (ok)
    *ret_value = result->boolval;
  xmlXPathFreeObject (result);
  return ok;
}
