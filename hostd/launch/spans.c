/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/spans.h"

#include "base/error.h"
#include "launch/spans-private.h"

#include <string.h>

typedef struct {
  HostdSpans *spans;
  const char *text;
  gsize at, length;
  HostdSpan *current; /* the element that is open */
  xmlNodePtr next;    /* the element that the next start tag must be */
} Scanner;

static void
span_free (HostdSpan *span)
{
  for (guint i = 0; span->attrs && i < span->attrs->len; i++)
    g_free (g_array_index (span->attrs, HostdAttrSpan, i).before);
  if (span->attrs)
    g_array_unref (span->attrs);
  g_free (span->new_text);
  g_free (span);
}

void
hostd_spans_free (HostdSpans *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->all);
  g_ptr_array_unref (self->removed);
  g_free (self);
}

/* The element after @node in document order, or NULL. */
static xmlNodePtr
next_element (xmlNodePtr node)
{
  xmlNodePtr n = node->children;

  for (;;) {
    for (; n; n = n->next)
      if (n->type == XML_ELEMENT_NODE)
        return n;
    if (node == NULL || node->type != XML_ELEMENT_NODE)
      return NULL;
    n = node->next;
    node = node->parent;
  }
}

static gboolean
is_name (const char *text, gsize length, xmlNsPtr ns, const xmlChar *local)
{
  const char *prefix = ns ? (const char *) ns->prefix : NULL;
  gsize p = prefix ? strlen (prefix) : 0, l = strlen ((const char *) local);

  if (prefix == NULL)
    return length == l && memcmp (text, local, l) == 0;
  return length == p + 1 + l && memcmp (text, prefix, p) == 0 && text[p] == ':' &&
         memcmp (text + p + 1, local, l) == 0;
}

static void
skip_space (Scanner *s)
{
  while (s->at < s->length && g_ascii_isspace (s->text[s->at]))
    s->at++;
}

static gsize
skip_name (Scanner *s)
{
  gsize from = s->at;

  while (s->at < s->length && !g_ascii_isspace (s->text[s->at]) &&
         strchr ("/>=\"'<", s->text[s->at]) == NULL)
    s->at++;
  return s->at - from;
}

static xmlAttrPtr
find_attribute (xmlNodePtr node, const char *name, gsize length)
{
  for (xmlAttrPtr a = node->properties; a; a = a->next)
    if (is_name (name, length, a->ns, a->name))
      return a;
  return NULL;
}

static gboolean
is_declaration (const char *name, gsize length)
{
  return length >= 5 && memcmp (name, "xmlns", 5) == 0 && (length == 5 || name[5] == ':');
}

/* One attribute after white space; FALSE if text and tree disagree. */
static gboolean
scan_attribute (Scanner *s, HostdSpan *span, gsize space)
{
  HostdAttrSpan a = { .space = space, .name = s->at };
  gsize length = skip_name (s);
  const char *close;
  xmlChar *value;

  skip_space (s);
  if (length == 0 || s->at >= s->length || s->text[s->at++] != '=')
    return FALSE;
  skip_space (s);
  if (s->at >= s->length || (s->text[s->at] != '"' && s->text[s->at] != '\''))
    return FALSE;
  close = memchr (s->text + s->at + 1, s->text[s->at], s->length - s->at - 1);
  if (close == NULL)
    return FALSE;
  a.value = s->at + 1;
  a.value_end = close - s->text;
  s->at = a.value_end + 1;
  if (is_declaration (s->text + a.name, length))
    return TRUE;

  a.attr = find_attribute (span->node, s->text + a.name, length);
  if (a.attr == NULL)
    return FALSE;
  a.local = a.attr->name;
  a.ns = a.attr->ns ? a.attr->ns->href : NULL;
  value = xmlNodeGetContent ((xmlNodePtr) a.attr);
  a.before = g_strdup ((const char *) value);
  xmlFree (value);
  if (span->attrs == NULL)
    span->attrs = g_array_new (FALSE, FALSE, sizeof (HostdAttrSpan));
  g_array_append_val (span->attrs, a);
  return TRUE;
}

static gboolean
scan_start_tag (Scanner *s)
{
  HostdSpan *span = g_new0 (HostdSpan, 1);
  guint declared = 0, found = 0;
  gsize name;

  g_ptr_array_add (s->spans->all, span);
  span->start = s->at++;
  name = s->at;
  if (s->next == NULL || !is_name (s->text + name, skip_name (s), s->next->ns, s->next->name))
    return FALSE;
  span->node = s->next;
  span->parent = s->current;
  if ((s->current ? s->current->node : NULL) !=
      (span->node->parent->type == XML_ELEMENT_NODE ? span->node->parent : NULL))
    return FALSE;
  span->node->_private = span;
  span->name_end = span->tag_space = s->at;

  for (;;) {
    gsize space = s->at;

    skip_space (s);
    if (s->at < s->length && (s->text[s->at] == '>' || s->text[s->at] == '/'))
      break;
    if (space == s->at || !scan_attribute (s, span, space))
      return FALSE;
    span->tag_space = s->at;
  }
  for (xmlAttrPtr a = span->node->properties; a; a = a->next)
    declared++;
  found = span->attrs ? span->attrs->len : 0;
  if (declared != found)
    return FALSE;

  span->self_closing = s->text[s->at] == '/';
  s->at += span->self_closing ? 2 : 1;
  if (s->at > s->length || s->text[s->at - 1] != '>')
    return FALSE;
  span->open_end = span->close_start = span->end = s->at;
  s->next = next_element (span->node);
  if (!span->self_closing)
    s->current = span;
  return TRUE;
}

static gboolean
scan_end_tag (Scanner *s)
{
  HostdSpan *span = s->current;
  gsize name;

  if (span == NULL)
    return FALSE;
  span->close_start = s->at;
  s->at += 2;
  name = s->at;
  if (!is_name (s->text + name, skip_name (s), span->node->ns, span->node->name))
    return FALSE;
  skip_space (s);
  if (s->at >= s->length || s->text[s->at++] != '>')
    return FALSE;
  span->end = s->at;
  s->current = span->parent;
  return TRUE;
}

static gboolean
skip_past (Scanner *s, const char *open, const char *close)
{
  const char *end;

  if (s->length - s->at < strlen (open) || memcmp (s->text + s->at, open, strlen (open)) != 0)
    return FALSE;
  end = g_strstr_len (s->text + s->at + strlen (open), s->length - s->at - strlen (open), close);
  s->at = end ? (gsize) (end - s->text) + strlen (close) : s->length;
  return TRUE;
}

static gboolean
scan_all (Scanner *s)
{
  while (s->at < s->length) {
    const char *lt = memchr (s->text + s->at, '<', s->length - s->at);

    if (lt == NULL)
      break;
    s->at = lt - s->text;
    if (skip_past (s, "<!--", "-->") || skip_past (s, "<![CDATA[", "]]>") ||
        skip_past (s, "<?", "?>"))
      continue;
    if (s->at + 1 < s->length && s->text[s->at + 1] == '/') {
      if (!scan_end_tag (s))
        return FALSE;
    } else if (!scan_start_tag (s)) {
      return FALSE;
    }
  }
  return s->current == NULL && s->next == NULL;
}

HostdSpans *
hostd_spans_scan (HostdDocument *document, GError **error)
{
  g_autoptr (HostdSpans) self = g_new0 (HostdSpans, 1);
  Scanner scanner = { .spans = self,
                      .text = document->text,
                      .length = document->length,
                      .next = xmlDocGetRootElement (document->xml) };

  self->document = document;
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify) span_free);
  self->removed = g_ptr_array_new_with_free_func ((GDestroyNotify) xmlFreeNode);
  if (!scan_all (&scanner)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "domain XML refused: scanner and parser disagree at byte %" G_GSIZE_FORMAT,
                 scanner.at);
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
hostd_spans_remove (HostdSpans *self, xmlNodePtr element)
{
  HostdSpan *span = element->_private;

  xmlUnlinkNode (element);
  if ((gpointer) span != &hostd_node_made)
    span->removed = TRUE;
  g_ptr_array_add (self->removed, element);
}

void
hostd_spans_set_text (HostdSpans *self, xmlNodePtr element, const char *text)
{
  HostdSpan *span = element->_private;

  while (element->children) {
    xmlNodePtr child = element->children;

    if (child->type == XML_ELEMENT_NODE) {
      hostd_spans_remove (self, child);
    } else {
      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
  }
  if (*text)
    xmlNodeAddContent (element, (const xmlChar *) text);
  if ((gpointer) span != &hostd_node_made) {
    g_free (span->new_text);
    span->new_text = g_strdup (text);
  }
}
