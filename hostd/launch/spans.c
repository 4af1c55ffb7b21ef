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
attr_clear (HostdAttrSpan *attr)
{
  g_free (attr->before);
}

HostdSpans *
hostd_spans_new_unscanned (HostdDocument *document)
{
  HostdSpans *self = g_new0 (HostdSpans, 1);

  self->document = document;
  self->chunks = g_ptr_array_new_with_free_func (g_free);
  self->attrs = g_array_new (FALSE, FALSE, sizeof (HostdAttrSpan));
  g_array_set_clear_func (self->attrs, (GDestroyNotify) attr_clear);
  self->removed = g_ptr_array_new_with_free_func ((GDestroyNotify) xmlFreeNode);
  return self;
}

void
hostd_spans_free (HostdSpans *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_spans; i++)
    g_free (hostd_spans_nth (self, i)->new_text);
  g_ptr_array_unref (self->chunks);
  g_array_unref (self->attrs);
  g_ptr_array_unref (self->removed);
  g_free (self);
}

static HostdSpan *
add_span (HostdSpans *self)
{
  if (self->n_spans % HOSTD_SPANS_CHUNK == 0)
    g_ptr_array_add (self->chunks, g_new0 (HostdSpan, HOSTD_SPANS_CHUNK));
  return hostd_spans_nth (self, self->n_spans++);
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

/* The text is valid UTF-8 without NUL: all that ends a name is ASCII. */
static const gboolean ends_name[256] = {
  ['\0'] = TRUE, [' '] = TRUE,  ['\t'] = TRUE, ['\n'] = TRUE, ['\r'] = TRUE,
  ['\f'] = TRUE, ['\v'] = TRUE, ['/'] = TRUE,  ['>'] = TRUE,  ['='] = TRUE,
  ['"'] = TRUE,  ['\''] = TRUE, ['<'] = TRUE,
};

static gsize
skip_name (Scanner *s)
{
  gsize from = s->at;

  while (!ends_name[(guchar) s->text[s->at]])
    s->at++;
  return s->at - from;
}

static gboolean
is_declaration (const char *name, gsize length)
{
  return length >= 5 && memcmp (name, "xmlns", 5) == 0 && (length == 5 || name[5] == ':');
}

/*
 * One attribute after white space; FALSE if text and tree disagree. The parser keeps their order:
 * *@next is the one that it must be, unless it declares a namespace.
 */
static gboolean
scan_attribute (Scanner *s, HostdSpan *span, gsize space, xmlAttrPtr *next)
{
  HostdAttrSpan a = { .space = space, .name = s->at };
  gsize length = skip_name (s);
  const char *close;

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

  if (*next == NULL || !is_name (s->text + a.name, length, (*next)->ns, (*next)->name))
    return FALSE;
  a.local = (*next)->name;
  a.ns = (*next)->ns ? (*next)->ns->href : NULL;
  g_array_append_val (s->spans->attrs, a);
  span->n_attrs++;
  *next = (*next)->next;
  return TRUE;
}

static gboolean
scan_start_tag (Scanner *s)
{
  HostdSpan *span = add_span (s->spans);
  xmlAttrPtr attr;
  gsize name;

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
  span->first_attr = s->spans->attrs->len;
  attr = span->node->properties;

  for (;;) {
    gsize space = s->at;

    skip_space (s);
    if (s->at < s->length && (s->text[s->at] == '>' || s->text[s->at] == '/'))
      break;
    if (space == s->at || !scan_attribute (s, span, space, &attr))
      return FALSE;
    span->tag_space = s->at;
  }
  if (attr != NULL)
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
    if ((lt[1] == '!' && (skip_past (s, "<!--", "-->") || skip_past (s, "<![CDATA[", "]]>"))) ||
        (lt[1] == '?' && skip_past (s, "<?", "?>")))
      continue;
    if (lt[1] == '/') {
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
  g_autoptr (HostdSpans) self = hostd_spans_new_unscanned (document);
  Scanner scanner = { .spans = self,
                      .text = document->text,
                      .length = document->length,
                      .next = xmlDocGetRootElement (document->xml) };

  if (!scan_all (&scanner)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "domain XML refused: scanner and parser disagree at byte %" G_GSIZE_FORMAT,
                 scanner.at);
    return NULL;
  }
  return g_steal_pointer (&self);
}
