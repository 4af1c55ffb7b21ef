/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/spans.h"

G_BEGIN_DECLS

/*
 * Shared by spans.c (the scanner), spans-changes.c (what is changed) and spans-edits.c (that, as
 * edits), and nobody else.
 */

/* A domain has at most HOSTD_DOMAIN_MAX_BYTES, and there are as many of these as elements. */
typedef guint32 HostdPlace;

typedef struct {
  HostdPlace space;            /* where the white space before the name begins */
  HostdPlace name;             /* the name's first byte */
  HostdPlace value, value_end; /* between the quotes */
  const xmlChar *local; /* names live in the document's dictionary: they outlast the attribute */
  const xmlChar *ns;    /* namespace name, or NULL */
  const char *before;   /* the value as it was parsed; NULL until it is changed; the tree's */
} HostdAttrSpan;

typedef struct HostdSpan HostdSpan;
struct HostdSpan {
  xmlNodePtr node;
  HostdSpan *parent;
  HostdPlace start, name_end, open_end; /* '<', end of the name, after the start tag's '>' */
  HostdPlace tag_space; /* end of the last attribute (or name): what follows is "/>" or ">" */
  HostdPlace close_start, end; /* '</', after the end tag; both open_end when empty */
  guint self_closing : 1, removed : 1;
  guint changed : 1;         /* it, its attributes, its text, or which children it has */
  const char *new_text;      /* set by hostd_spans_set_text(); the tree's */
  guint first_attr, n_attrs; /* of HostdSpans.attr_chunks */
};

/*
 * Spans stay where they are, since others point there; and one block for all of a large domain
 * would be given back to the kernel and asked for again each time.
 */
#define HOSTD_SPANS_CHUNK 128

struct HostdSpans {
  HostdDocument *document;
  GPtrArray *chunks, *attr_chunks; /* each of HOSTD_SPANS_CHUNK HostdSpan or HostdAttrSpan */
  guint n_spans, n_attrs;          /* in document order */
  guint changes;
};

static inline HostdSpan *
hostd_spans_nth (const HostdSpans *self, guint n)
{
  return (HostdSpan *) g_ptr_array_index (self->chunks, n / HOSTD_SPANS_CHUNK) +
         n % HOSTD_SPANS_CHUNK;
}

static inline HostdAttrSpan *
hostd_spans_nth_attr (const HostdSpans *self, guint n)
{
  return (HostdAttrSpan *) g_ptr_array_index (self->attr_chunks, n / HOSTD_SPANS_CHUNK) +
         n % HOSTD_SPANS_CHUNK;
}

static inline HostdAttrSpan *
hostd_span_attr (const HostdSpans *self, const HostdSpan *span, guint n)
{
  return hostd_spans_nth_attr (self, span->first_attr + n);
}

G_END_DECLS
