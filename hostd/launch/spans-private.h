/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/spans.h"

G_BEGIN_DECLS

/* Shared by spans.c (the scanner) and spans-edits.c (what was changed), and nobody else. */

typedef struct {
  gsize space;            /* where the white space before the name begins */
  gsize name;             /* the name's first byte */
  gsize value, value_end; /* between the quotes */
  xmlAttrPtr attr;        /* while it is in the tree */
  const xmlChar *local;   /* names live in the document's dictionary: they outlast the attribute */
  const xmlChar *ns;      /* namespace name, or NULL */
  char *before;           /* the value as it was parsed */
} HostdAttrSpan;

typedef struct HostdSpan HostdSpan;
struct HostdSpan {
  xmlNodePtr node;
  HostdSpan *parent;
  gsize start, name_end, open_end; /* '<', end of the name, after the start tag's '>' */
  gsize tag_space;        /* end of the last attribute (or name): what follows is "/>" or ">" */
  gsize close_start, end; /* '</', after the end tag; both open_end when empty */
  gboolean self_closing, removed;
  char *new_text; /* set by hostd_spans_set_text() */
  GArray *attrs;  /* (element-type HostdAttrSpan) or NULL */
};

struct HostdSpans {
  HostdDocument *document;
  GPtrArray *all;     /* (element-type HostdSpan) in document order */
  GPtrArray *removed; /* (element-type xmlNode), unlinked, owned */
};

G_END_DECLS
