/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/document.h"
#include "launch/path-private.h"

#include <libxml/xpathInternals.h>
#include <string.h>

/* TRUE: enough, no further nodes are wanted. */
typedef gboolean (*Visit) (xmlNodePtr node, gpointer data);

/* ---- texts ---- */

static gboolean
text_is (xmlNodePtr node, const char *wanted)
{
  xmlNodePtr only = node->children;
  g_autofree char *text = NULL;

  if (only == NULL)
    return *wanted == '\0';
  if (only->next == NULL && only->type == XML_TEXT_NODE)
    return strcmp ((const char *) only->content, wanted) == 0;
  text = hostd_node_content (node);
  return strcmp (text, wanted) == 0;
}

/* As normalize-space() has it; in place. */
static void
normalise (char *text)
{
  char *to = text;

  for (const char *from = text; *from; from++) {
    if (strchr (" \t\r\n", *from) == NULL)
      *to++ = *from;
    else if (to > text && to[-1] != ' ')
      *to++ = ' ';
  }
  if (to > text && to[-1] == ' ')
    to--;
  *to = '\0';
}

/* ---- steps ---- */

static gboolean
is_named (xmlNodePtr node, const char *name, const char *ns)
{
  if (!hostd_name_is (node->name, name))
    return FALSE;
  return ns ? node->ns && strcmp ((const char *) node->ns->href, ns) == 0 : node->ns == NULL;
}

/*
 * The first from @n on, which are children or attributes (both begin alike, which libxml2
 * promises), that the step's name fits. Most of the time is spent here.
 */
static xmlNodePtr
find_named (const HostdStep *step, xmlNodePtr n)
{
  xmlElementType type = step->attribute ? XML_ATTRIBUTE_NODE : XML_ELEMENT_NODE;
  const char *name = step->name;

  if (name == NULL) {
    while (n && n->type != type)
      n = n->next;
    return n;
  }
  for (guchar first = (guchar) name[0]; n; n = n->next)
    if (n->type == type && n->name[0] == first && is_named (n, name, step->ns))
      return n;
  return NULL;
}

/* @places: how many have come to each condition, for those that count. */
static gboolean
passes (const HostdStep *step, xmlNodePtr node, guint places[HOSTD_MAX_CONDITIONS])
{
  for (guint i = 0; step->conditions && i < step->conditions->len; i++) {
    const HostdCondition *c = g_ptr_array_index (step->conditions, i);

    if (c->kind == HOSTD_CONDITION_NTH) {
      places[i]++;
      if (c->value ? places[i] <= c->number : places[i] != c->number)
        return FALSE;
    } else if (!hostd_condition_holds (c, node)) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
descend (const GArray *steps, guint at, xmlNodePtr node, Visit visit, gpointer data)
{
  guint places[HOSTD_MAX_CONDITIONS] = { 0 };
  const HostdStep *step;

  if (at == steps->len)
    return visit (node, data);
  if (node->type != XML_ELEMENT_NODE)
    return FALSE;
  step = &g_array_index (steps, HostdStep, at);
  for (xmlNodePtr n =
           find_named (step, step->attribute ? (xmlNodePtr) node->properties : node->children);
       n; n = find_named (step, n->next))
    if (passes (step, n, places) && descend (steps, at + 1, n, visit, data))
      return TRUE;
  return FALSE;
}

/* ---- conditions ---- */

static gboolean
visit_any (xmlNodePtr node, gpointer data)
{
  return TRUE;
}

static gboolean
visit_equal (xmlNodePtr node, gpointer data)
{
  const HostdCondition *c = data;

  return text_is (node, c->text) == c->value;
}

static gboolean
visit_first (xmlNodePtr node, gpointer data)
{
  *(xmlNodePtr *) data = node;
  return TRUE;
}

static gboolean
says (const HostdCondition *c, xmlNodePtr node)
{
  xmlNodePtr first = NULL;
  g_autofree char *text = NULL;

  descend (c->operand, 0, node, visit_first, &first);
  text = first ? hostd_node_content (first) : g_strdup ("");
  if (c->kind == HOSTD_CONDITION_STARTS)
    return g_str_has_prefix (text, c->text);
  normalise (text);
  return (strcmp (text, c->text) == 0) == c->value;
}

gboolean
hostd_condition_holds (const HostdCondition *c, xmlNodePtr node)
{
  switch (c->kind) {
  case HOSTD_CONDITION_OR:
    return hostd_condition_holds (c->a, node) || hostd_condition_holds (c->b, node);
  case HOSTD_CONDITION_AND:
    return hostd_condition_holds (c->a, node) && hostd_condition_holds (c->b, node);
  case HOSTD_CONDITION_NOT:
    return !hostd_condition_holds (c->a, node);
  case HOSTD_CONDITION_CONST:
    return c->value;
  case HOSTD_CONDITION_EXISTS:
    return descend (c->operand, 0, node, visit_any, NULL);
  case HOSTD_CONDITION_EQUAL:
    return descend (c->operand, 0, node, visit_equal, (gpointer) c);
  case HOSTD_CONDITION_WORDS:
  case HOSTD_CONDITION_STARTS:
    return says (c, node);
  case HOSTD_CONDITION_SELF:
    return node->type == XML_ELEMENT_NODE && is_named (node, c->text, NULL);
  case HOSTD_CONDITION_LOCAL:
    return (strcmp ((const char *) node->name, c->text) == 0) == c->value;
  case HOSTD_CONDITION_SPACE:
    return (strcmp (node->ns ? (const char *) node->ns->href : "", c->text) == 0) == c->value;
  case HOSTD_CONDITION_TEST:
    return c->test (node);
  case HOSTD_CONDITION_NTH: /* of a step alone: passes() */
    break;
  }
  return FALSE;
}

/* ---- whole expressions ---- */

HostdPath *
hostd_path_new (const char *expression)
{
  GArray *branches = hostd_branches_parse (expression);
  HostdPath *self;

  if (branches == NULL)
    return NULL;
  self = g_new0 (HostdPath, 1);
  self->branches = branches;
  return self;
}

void
hostd_path_free (HostdPath *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->branches);
  g_free (self);
}

gboolean
hostd_path_is_whole (const HostdPath *self)
{
  for (guint i = 0; i < self->branches->len; i++)
    if (!g_array_index (self->branches, HostdBranch, i).whole)
      return FALSE;
  return TRUE;
}

static gboolean
walk (const HostdBranch *branch, xmlNodePtr domain, Visit visit, gpointer data)
{
  guint places[HOSTD_MAX_CONDITIONS] = { 0 };

  return passes (&g_array_index (branch->steps, HostdStep, 0), domain, places) &&
         descend (branch->steps, 1, domain, visit, data);
}

static gboolean
visit_collect (xmlNodePtr node, gpointer data)
{
  g_ptr_array_add (data, node);
  return FALSE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return -xmlXPathCmpNodes (*(xmlNodePtr *) a, *(xmlNodePtr *) b);
}

void
hostd_path_select (const HostdPath *self, xmlNodePtr domain, GPtrArray *nodes)
{
  for (guint i = 0; i < self->branches->len; i++)
    walk (&g_array_index (self->branches, HostdBranch, i), domain, visit_collect, nodes);
  if (self->branches->len == 1 || nodes->len < 2)
    return;
  /* Each branch is in order; a union of them is not, and may have a node twice. */
  g_ptr_array_sort (nodes, compare);
  for (guint i = nodes->len - 1; i > 0; i--)
    if (g_ptr_array_index (nodes, i) == g_ptr_array_index (nodes, i - 1))
      g_ptr_array_remove_index (nodes, i);
}

gboolean
hostd_path_may_select (const HostdPath *self, xmlNodePtr domain)
{
  for (guint i = 0; i < self->branches->len; i++)
    if (walk (&g_array_index (self->branches, HostdBranch, i), domain, visit_any, NULL))
      return TRUE;
  return FALSE;
}
