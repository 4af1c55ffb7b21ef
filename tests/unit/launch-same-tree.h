/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/document.h"

/* Whether two trees are alike in everything that a rule or an XPath can see, and soundly linked. */

static inline gboolean
same_namespace (const xmlNs *a, const xmlNs *b)
{
  return (a == NULL) == (b == NULL) &&
         (a == NULL || (xmlStrEqual (a->prefix, b->prefix) && xmlStrEqual (a->href, b->href) &&
                        a->type == b->type));
}

static inline gboolean
same_declarations (const xmlNs *a, const xmlNs *b)
{
  for (; a && b; a = a->next, b = b->next)
    if (!same_namespace (a, b))
      return FALSE;
  return a == NULL && b == NULL;
}

static inline gboolean
same_attributes (xmlNodePtr x, xmlNodePtr y)
{
  xmlAttrPtr a = x->properties, b = y->properties, before = NULL;

  for (; a && b; before = b, a = a->next, b = b->next)
    if (!xmlStrEqual (a->name, b->name) || !same_namespace (a->ns, b->ns) ||
        strcmp (hostd_attribute_value (a), hostd_attribute_value (b)) != 0 || b->prev != before ||
        b->parent != y || b->doc != y->doc || b->type != XML_ATTRIBUTE_NODE ||
        (b->children && (b->children->parent != (xmlNodePtr) b || b->children != b->last ||
                         b->children->type != XML_TEXT_NODE || b->children->doc != y->doc)))
      return FALSE;
  return a == NULL && b == NULL;
}

static inline gboolean
same_node (xmlNodePtr a, xmlNodePtr b)
{
  if (a->type != b->type || !xmlStrEqual (a->name, b->name))
    return FALSE;
  if (a->type == XML_ELEMENT_NODE)
    return same_namespace (a->ns, b->ns) && same_declarations (a->nsDef, b->nsDef) &&
           same_attributes (a, b);
  return xmlStrEqual (a->content, b->content);
}

/* The children of two nodes, which may be documents; @b's links are looked at, too. */
static inline gboolean
same_tree (xmlNodePtr a, xmlNodePtr b)
{
  xmlNodePtr x = a->children, y = b->children, before = NULL;

  for (; x && y; before = y, x = x->next, y = y->next)
    if (!same_node (x, y) || y->parent != b || y->prev != before || y->doc != b->doc ||
        (y->type == XML_ELEMENT_NODE && !same_tree (x, y)))
      return FALSE;
  return x == NULL && y == NULL && b->last == before;
}
