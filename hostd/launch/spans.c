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

HostdSpans *
hostd_spans_new_unscanned (HostdDocument *document)
{
  HostdSpans *self = g_new0 (HostdSpans, 1);

  self->document = document;
  self->chunks = g_ptr_array_new_with_free_func (g_free);
  self->attr_chunks = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
hostd_spans_free (HostdSpans *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->chunks);
  g_ptr_array_unref (self->attr_chunks);
  g_free (self);
}

static HostdSpan *
add_span (HostdSpans *self)
{
  HostdSpan *span;

  if (self->n_spans % HOSTD_SPANS_CHUNK == 0)
    g_ptr_array_add (self->chunks, g_new (HostdSpan, HOSTD_SPANS_CHUNK));
  span = hostd_spans_nth (self, self->n_spans++);
  *span = (HostdSpan){ 0 };
  return span;
}

static void
add_attr (HostdSpans *self, const HostdAttrSpan *attr)
{
  if (self->n_attrs % HOSTD_SPANS_CHUNK == 0)
    g_ptr_array_add (self->attr_chunks, g_new (HostdAttrSpan, HOSTD_SPANS_CHUNK));
  *hostd_spans_nth_attr (self, self->n_attrs++) = *attr;
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

static void
skip_name (Scanner *s)
{
  while (!ends_name[(guchar) s->text[s->at]])
    s->at++;
}

/* Goes past @word if it stands here. */
static gboolean
take (Scanner *s, const xmlChar *word)
{
  gsize at = s->at;

  for (; *word; word++, at++)
    if ((guchar) s->text[at] != *word)
      return FALSE;
  s->at = at;
  return TRUE;
}

/* Goes past a name if it is that of the tree's node. */
static gboolean
take_name (Scanner *s, xmlNsPtr ns, const xmlChar *local)
{
  if (ns && ns->prefix && !(take (s, ns->prefix) && take (s, (const xmlChar *) ":")))
    return FALSE;
  return take (s, local) && ends_name[(guchar) s->text[s->at]];
}

/* Does a declaration of a namespace stand here? */
static gboolean
is_declaration (const Scanner *s)
{
  const char *p = s->text + s->at;

  return strncmp (p, "xmlns", 5) == 0 && (p[5] == ':' || ends_name[(guchar) p[5]]);
}

/*
 * One attribute after white space; FALSE if text and tree disagree. The parser keeps their order:
 * *@next is the one that it must be, unless it declares a namespace.
 */
static gboolean
scan_attribute (Scanner *s, HostdSpan *span, gsize space, xmlAttrPtr *next)
{
  HostdAttrSpan a = { .space = space, .name = s->at };
  gboolean declaration = is_declaration (s);
  xmlAttrPtr attr = declaration ? NULL : *next;
  const char *close;

  if (declaration)
    skip_name (s);
  else if (attr == NULL || !take_name (s, attr->ns, attr->name))
    return FALSE;
  skip_space (s);
  if (s->at >= s->length || s->text[s->at++] != '=')
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
  if (declaration)
    return TRUE;

  *next = attr->next;
  a.local = attr->name;
  a.ns = attr->ns ? attr->ns->href : NULL;
  add_attr (s->spans, &a);
  span->n_attrs++;
  return TRUE;
}

static gboolean
scan_start_tag (Scanner *s)
{
  HostdSpan *span = add_span (s->spans);
  xmlAttrPtr attr;

  span->start = s->at++;
  if (s->next == NULL || !take_name (s, s->next->ns, s->next->name))
    return FALSE;
  span->node = s->next;
  span->parent = s->current;
  if ((s->current ? s->current->node : NULL) !=
      (span->node->parent->type == XML_ELEMENT_NODE ? span->node->parent : NULL))
    return FALSE;
  span->node->_private = span;
  span->name_end = span->tag_space = s->at;
  span->first_attr = s->spans->n_attrs;
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

  if (span == NULL)
    return FALSE;
  span->close_start = s->at;
  s->at += 2;
  if (!take_name (s, span->node->ns, span->node->name))
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
