/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/heads.h"

#include <string.h>

#define ROOT "/domain"

typedef struct {
  GPtrArray *steps; /* (element-type utf8) names below the root; the last may be "@name" */
  gboolean whole;   /* nothing else is in this branch of the expression */
} Head;

struct HostdHeads {
  GPtrArray *branches; /* (element-type Head), joined by "|" */
};

static void
head_free (Head *head)
{
  g_ptr_array_unref (head->steps);
  g_free (head);
}

void
hostd_heads_free (HostdHeads *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->branches);
  g_free (self);
}

/* ---- reading the expression ---- */

/* The end of what begins at @p, up to a @stop outside of brackets and quotes; NULL if unbalanced.
 */
static const char *
find_end (const char *p, char stop)
{
  guint depth = 0;

  for (; *p; p++) {
    if (*p == stop && depth == 0)
      return p;
    if (*p == '"' || *p == '\'') {
      p = strchr (p + 1, *p);
      if (p == NULL)
        return NULL;
    } else if (*p == '[' || *p == '(') {
      depth++;
    } else if ((*p == ']' || *p == ')') && depth-- == 0) {
      return NULL;
    }
  }
  return stop == '\0' || stop == '|' ? p : NULL;
}

static gsize
name_length (const char *p)
{
  gsize n = 0;

  if (!g_ascii_isalpha (p[0]))
    return 0;
  while (g_ascii_isalnum (p[n]) || p[n] == '-' || p[n] == '_' || p[n] == '.')
    n++;
  /* With anything else behind it, it may be a prefix, an axis, a function, or not the whole name.
   */
  return p[n] == '/' || p[n] == '[' || p[n] == '\0' ? n : 0;
}

/* @p: after the root's name. Stops, not whole, at the first thing that it does not know. */
static void
read_steps (Head *head, const char *p)
{
  gboolean attribute = FALSE;

  head->whole = TRUE;
  while (*p && !attribute) {
    gsize n;

    if (*p == '[') {
      head->whole = FALSE; /* a predicate may select less, never more */
      p = find_end (p + 1, ']');
      if (p == NULL)
        return;
      p++;
      continue;
    }
    attribute = p[0] == '/' && p[1] == '@';
    n = *p == '/' ? name_length (p + 1 + attribute) : 0;
    if (n == 0)
      break;
    g_ptr_array_add (head->steps, g_strndup (p + 1, n + attribute));
    p += 1 + attribute + n;
  }
  if (*p)
    head->whole = FALSE;
}

/* A union's branches, each of them a location path that begins at the root; else FALSE. */
static gboolean
read_branches (HostdHeads *self, const char *p)
{
  for (;;) {
    const char *end = find_end (p, '|');
    g_autofree char *branch = end ? g_strstrip (g_strndup (p, end - p)) : NULL;
    Head *head;
    char after;

    if (branch == NULL || !g_str_has_prefix (branch, ROOT))
      return FALSE;
    after = branch[strlen (ROOT)];
    if (after != '/' && after != '[' && after != '\0')
      return FALSE;
    head = g_new0 (Head, 1);
    head->steps = g_ptr_array_new_with_free_func (g_free);
    g_ptr_array_add (self->branches, head);
    read_steps (head, branch + strlen (ROOT));
    if (*end == '\0')
      return TRUE;
    p = end + 1;
  }
}

HostdHeads *
hostd_heads_new (const char *expression)
{
  g_autoptr (HostdHeads) self = g_new0 (HostdHeads, 1);

  self->branches = g_ptr_array_new_with_free_func ((GDestroyNotify) head_free);
  return read_branches (self, expression) ? g_steal_pointer (&self) : NULL;
}

/* ---- looking at a domain ---- */

/* Calls itself for each step; adds what it finds to @nodes, or with NULL stops at the first. */
static gboolean
walk (const Head *head, guint step, xmlNodePtr node, GPtrArray *nodes)
{
  const char *name;
  gboolean found = FALSE;

  if (step == head->steps->len) {
    if (nodes)
      g_ptr_array_add (nodes, node);
    return TRUE;
  }
  name = g_ptr_array_index (head->steps, step);
  if (*name == '@') {
    xmlAttrPtr attr = xmlHasNsProp (node, (const xmlChar *) name + 1, NULL);

    return attr && walk (head, step + 1, (xmlNodePtr) attr, nodes);
  }
  for (xmlNodePtr n = node->children; n && (nodes || !found); n = n->next)
    if (n->type == XML_ELEMENT_NODE && n->ns == NULL && strcmp ((const char *) n->name, name) == 0)
      found |= walk (head, step + 1, n, nodes);
  return found;
}

gboolean
hostd_heads_present (const HostdHeads *self, xmlNodePtr domain)
{
  for (guint i = 0; i < self->branches->len; i++)
    if (walk (g_ptr_array_index (self->branches, i), 0, domain, NULL))
      return TRUE;
  return FALSE;
}

gboolean
hostd_heads_is_path (const HostdHeads *self)
{
  return self->branches->len == 1 && ((const Head *) g_ptr_array_index (self->branches, 0))->whole;
}

void
hostd_heads_select (const HostdHeads *self, xmlNodePtr domain, GPtrArray *nodes)
{
  walk (g_ptr_array_index (self->branches, 0), 0, domain, nodes);
}
