/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/spans-private.h"

#include <string.h>

/* Every change of the tree: what it was is remembered before it is lost. */

/* The element's place in the text, marked as changed; NULL if it was made, or nothing scanned. */
static HostdSpan *
touch (HostdSpans *self, xmlNodePtr element)
{
  HostdSpan *span = element->_private;

  self->changes++;
  if (span == NULL || (gpointer) span == &hostd_node_made)
    return NULL;
  span->changed = TRUE;
  return span;
}

static void
keep_value (HostdSpans *self, const HostdSpan *span, xmlAttrPtr attr)
{
  const xmlChar *ns = attr->ns ? attr->ns->href : NULL;

  for (guint i = 0; span && i < span->n_attrs; i++) {
    HostdAttrSpan *a = hostd_span_attr (self, span, i);

    if (a->before == NULL && xmlStrEqual (a->local, attr->name) && xmlStrEqual (a->ns, ns))
      a->before = hostd_attribute_value (attr);
  }
}

xmlNodePtr
hostd_spans_make (HostdSpans *self, xmlNodePtr parent, const char *name)
{
  xmlNodePtr node = hostd_tree_add_element (self->document->tree, parent, name);

  touch (self, parent);
  node->_private = &hostd_node_made;
  return node;
}

void
hostd_spans_remove (HostdSpans *self, xmlNodePtr element)
{
  HostdSpan *span = touch (self, element);

  xmlUnlinkNode (element);
  if (span)
    span->removed = TRUE;
}

void
hostd_spans_set_text (HostdSpans *self, xmlNodePtr element, const char *text)
{
  HostdSpan *span = touch (self, element);

  while (element->children) {
    xmlNodePtr child = element->children;

    if (child->type == XML_ELEMENT_NODE)
      hostd_spans_remove (self, child);
    else
      xmlUnlinkNode (child);
  }
  if (*text)
    hostd_tree_add_text (self->document->tree, element, text);
  if (span)
    span->new_text = hostd_tree_strdup (self->document->tree, text);
}

void
hostd_spans_set_attribute (HostdSpans *self, xmlNodePtr element, const char *name,
                           const char *value)
{
  HostdSpan *span = touch (self, element);
  xmlAttrPtr attr = xmlHasNsProp (element, (const xmlChar *) name, NULL);

  if (attr)
    keep_value (self, span, attr);
  hostd_tree_set_attribute (self->document->tree, element, name, value);
}

void
hostd_spans_remove_attribute (HostdSpans *self, xmlAttrPtr attr)
{
  keep_value (self, touch (self, attr->parent), attr);
  xmlUnlinkNode ((xmlNodePtr) attr);
}

guint
hostd_spans_count_changes (const HostdSpans *self)
{
  return self->changes;
}
