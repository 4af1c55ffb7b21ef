/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/spans-private.h"

#include <string.h>

/*
 * From a changed tree back to the text. What libxml2 would write is of no use (it does not keep
 * bytes): each change becomes the smallest edit, and an insertion takes its neighbours' quotes,
 * indentation and line end.
 */

#define NO_LINE "" /* the parent's children share its line: no white space of ours */

typedef struct {
  HostdSpans *spans;
  HostdEdits *edits;
  const char *text;
} Collector;

/* The line end and indentation before @at, if nothing else stands there; else NULL. */
static char *
line_start (Collector *c, gsize at)
{
  gsize from = at;

  while (from > 0 && (c->text[from - 1] == ' ' || c->text[from - 1] == '\t'))
    from--;
  if (from == 0 || (c->text[from - 1] != '\n' && c->text[from - 1] != '\r'))
    return NULL;
  from--;
  if (c->text[from] == '\n' && from > 0 && c->text[from - 1] == '\r')
    from--;
  return g_strndup (c->text + from, at - from);
}

static char
quote_for (Collector *c, HostdSpan *span)
{
  for (; span; span = span->parent)
    if (span->n_attrs)
      return c->text[hostd_span_attr (c->spans, span, span->n_attrs - 1)->value_end];
  return '\'';
}

static void
append_escaped (GString *out, const char *value, char quote)
{
  for (const char *p = value; *p; p++) {
    gsize plain = strcspn (p, "&<>'\"\n\t\r");

    g_string_append_len (out, p, (gssize) plain);
    p += plain;
    if (*p == '\0')
      break;
    if (*p == '&')
      g_string_append (out, "&amp;");
    else if (*p == '<')
      g_string_append (out, "&lt;");
    else if (*p == '>')
      g_string_append (out, "&gt;");
    else if (quote && *p == quote)
      g_string_append (out, quote == '"' ? "&quot;" : "&apos;");
    else if (quote && g_ascii_isspace (*p))
      g_string_append_printf (out, "&#%d;", *p);
    else
      g_string_append_c (out, *p);
  }
}

static void
append_attribute (GString *out, const char *space, xmlAttrPtr attr, char quote)
{
  g_string_append (out, space);
  g_string_append (out, (const char *) attr->name);
  g_string_append_c (out, '=');
  g_string_append_c (out, quote);
  append_escaped (out, hostd_attribute_value (attr), quote);
  g_string_append_c (out, quote);
}

static void
append_name (GString *out, xmlNodePtr node)
{
  if (node->ns && node->ns->prefix) {
    g_string_append (out, (const char *) node->ns->prefix);
    g_string_append_c (out, ':');
  }
  g_string_append (out, (const char *) node->name);
}

/* An element that was made, written from nothing. @line is what stands before it and its siblings.
 */
static void
write_element (GString *out, xmlNodePtr node, const char *line, const char *unit, char quote)
{
  g_autofree char *inner = NULL;
  gboolean elements = FALSE;

  g_string_append_c (out, '<');
  append_name (out, node);
  for (xmlNsPtr ns = node->nsDef; ns; ns = ns->next)
    g_string_append_printf (out, " xmlns:%s=%c%s%c", (const char *) ns->prefix, quote,
                            (const char *) ns->href, quote);
  for (xmlAttrPtr a = node->properties; a; a = a->next)
    append_attribute (out, " ", a, quote);
  if (node->children == NULL) {
    g_string_append (out, "/>");
    return;
  }
  g_string_append_c (out, '>');
  inner = *line ? g_strconcat (line, unit, NULL) : g_strdup (NO_LINE);
  for (xmlNodePtr n = node->children; n; n = n->next) {
    if (n->type == XML_ELEMENT_NODE) {
      elements = TRUE;
      g_string_append (out, inner);
      write_element (out, n, inner, unit, quote);
    } else if (n->type == XML_TEXT_NODE && !xmlIsBlankNode (n)) {
      append_escaped (out, (const char *) n->content, 0);
    }
  }
  g_string_append (out, elements ? line : "");
  g_string_append (out, "</");
  append_name (out, node);
  g_string_append_c (out, '>');
}

/* One level of indentation, as this part of the document has it. */
static char *
unit_for (Collector *c, HostdSpan *span)
{
  g_autofree char *outer = NULL, *own = NULL;

  if (span->parent == NULL) {
    HostdSpan *first = c->spans->n_spans > 1 ? hostd_spans_nth (c->spans, 1) : NULL;
    g_autofree char *line = first ? line_start (c, first->start) : NULL;

    return line ? g_strdup (line + strspn (line, "\r\n")) : g_strdup ("  ");
  }
  outer = span->parent->parent ? line_start (c, span->parent->start) : g_strdup ("\n");
  own = line_start (c, span->start);
  if (outer && own) {
    const char *o = outer + strspn (outer, "\r\n"), *i = own + strspn (own, "\r\n");

    if (g_str_has_prefix (i, o) && strlen (i) > strlen (o))
      return g_strdup (i + strlen (o));
  }
  return g_strdup ("  ");
}

/* What stands before a child: as before the last one that begins a line; made up where there is
 * none. */
static char *
child_line (Collector *c, HostdSpan *span, const char *unit)
{
  g_autofree char *own = NULL;
  gboolean any = FALSE;

  for (xmlNodePtr n = span->node->last; n; n = n->prev) {
    HostdSpan *child = n->_private;
    char *line;

    if (n->type != XML_ELEMENT_NODE || (gpointer) child == &hostd_node_made)
      continue;
    any = TRUE;
    line = line_start (c, child->start);
    if (line)
      return line;
  }
  if (any)
    return g_strdup (NO_LINE);
  own = line_start (c, span->start);
  if (own == NULL && span->parent == NULL && strchr (c->text, '\n'))
    own = g_strdup (strstr (c->text, "\r\n") ? "\r\n" : "\n");
  return own ? g_strconcat (own, unit, NULL) : g_strdup (NO_LINE);
}

static gboolean
has_made_children (HostdSpan *span)
{
  for (xmlNodePtr n = span->node->children; n; n = n->next)
    if (n->type == XML_ELEMENT_NODE && n->_private == &hostd_node_made)
      return TRUE;
  return FALSE;
}

static void
collect_children (Collector *c, HostdSpan *span)
{
  g_autoptr (GString) out = NULL;
  g_autofree char *unit = NULL, *line = NULL;
  gsize at = span->close_start;

  if (!has_made_children (span))
    return;
  out = g_string_new (NULL);
  unit = unit_for (c, span);
  line = child_line (c, span, unit);
  for (xmlNodePtr n = span->node->children; n; n = n->next) {
    if (n->type != XML_ELEMENT_NODE || n->_private != &hostd_node_made)
      continue;
    g_string_append (out, line);
    write_element (out, n, line, unit, quote_for (c, span));
  }

  while (at > span->open_end && g_ascii_isspace (c->text[at - 1]))
    at--;
  if (span->self_closing || at == span->open_end) {
    /* Nothing is in it: the end tag gets a line of its own, if the element has one. */
    g_autofree char *own = *line ? line_start (c, span->start) : NULL;

    if (own == NULL)
      own = g_strndup (line, strlen (line) - MIN (strlen (line), strlen (unit)));
    if (span->self_closing) {
      g_autofree char *name =
          g_strndup (c->text + span->start + 1, span->name_end - span->start - 1);

      g_string_prepend_c (out, '>');
      g_string_append_printf (out, "%s</%s>", own, name);
      hostd_edits_add (c->edits, span->open_end - 2, span->open_end, out->str);
      return;
    }
    if (span->close_start == span->open_end)
      g_string_append (out, own);
  }
  hostd_edits_add (c->edits, at, at, out->str);
}

static gboolean
span_has_attribute (Collector *c, HostdSpan *span, xmlAttrPtr attr)
{
  const xmlChar *ns = attr->ns ? attr->ns->href : NULL;

  for (guint i = 0; i < span->n_attrs; i++) {
    HostdAttrSpan *a = hostd_span_attr (c->spans, span, i);

    if (xmlStrEqual (a->local, attr->name) && xmlStrEqual (a->ns, ns))
      return TRUE;
  }
  return FALSE;
}

static void
collect_value (Collector *c, HostdSpan *span, HostdAttrSpan *a)
{
  xmlAttrPtr attr = xmlHasNsProp (span->node, a->local, a->ns);
  const char *now = attr ? hostd_attribute_value (attr) : NULL;

  if (now == NULL) {
    hostd_edits_add (c->edits, a->space, a->value_end + 1, "");
  } else if (strcmp (now, a->before) != 0) {
    g_autoptr (GString) value = g_string_new (NULL);

    append_escaped (value, now, c->text[a->value_end]);
    hostd_edits_add (c->edits, a->value, a->value_end, value->str);
  }
}

static void
collect_attributes (Collector *c, HostdSpan *span)
{
  g_autoptr (GString) added = g_string_new (NULL);
  g_autofree char *space = NULL;

  for (guint i = 0; i < span->n_attrs; i++) {
    HostdAttrSpan *a = hostd_span_attr (c->spans, span, i);

    if (a->before)
      collect_value (c, span, a);
    if (i + 1 == span->n_attrs)
      space = g_strndup (c->text + a->space, a->name - a->space);
  }
  for (xmlAttrPtr a = span->node->properties; a; a = a->next)
    if (!span_has_attribute (c, span, a))
      append_attribute (added, space ? space : " ", a, quote_for (c, span));
  if (added->len)
    hostd_edits_add (c->edits, span->tag_space, span->tag_space, added->str);
}

static void
collect_removal (Collector *c, HostdSpan *span)
{
  gsize start = span->start, after = span->end;
  g_autofree char *line = line_start (c, span->start);

  while (c->text[after] == ' ' || c->text[after] == '\t')
    after++;
  /* A line that held nothing else goes with it; a remark beside it stays where it is. */
  if (line && (c->text[after] == '\n' || c->text[after] == '\r'))
    start -= strlen (line);
  hostd_edits_add (c->edits, start, span->end, "");
}

static void
collect_text (Collector *c, HostdSpan *span)
{
  g_autoptr (GString) out = g_string_new (NULL);

  append_escaped (out, span->new_text, 0);
  if (out->len == 0 && !span->self_closing && span->open_end < span->close_start)
    hostd_edits_add (c->edits, span->open_end - 1, span->end, "/>");
  else if (out->len && !span->self_closing)
    hostd_edits_add (c->edits, span->open_end, span->close_start, out->str);
  else if (out->len) {
    g_autofree char *name = g_strndup (c->text + span->start + 1, span->name_end - span->start - 1);

    g_string_prepend_c (out, '>');
    g_string_append_printf (out, "</%s>", name);
    hostd_edits_add (c->edits, span->open_end - 2, span->open_end, out->str);
  }
}

static gboolean
is_gone (HostdSpan *span)
{
  for (span = span->parent; span; span = span->parent)
    if (span->removed || span->new_text)
      return TRUE;
  return FALSE;
}

HostdEdits *
hostd_spans_collect (HostdSpans *self)
{
  g_autoptr (HostdEdits) edits = hostd_edits_new ();
  Collector c = { .spans = self, .edits = edits, .text = self->document->text };

  for (guint i = 0; i < self->n_spans; i++) {
    HostdSpan *span = hostd_spans_nth (self, i);

    if (!span->changed || is_gone (span))
      continue;
    if (span->removed) {
      collect_removal (&c, span);
      continue;
    }
    collect_attributes (&c, span);
    if (span->new_text)
      collect_text (&c, span);
    else
      collect_children (&c, span);
  }
  return g_steal_pointer (&edits);
}
