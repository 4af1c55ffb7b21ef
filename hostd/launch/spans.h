/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/document.h"
#include "launch/edits.h"

G_BEGIN_DECLS

/*
 * Where each element and attribute stands in the text. A small scanner of our own walks the text
 * that libxml2 has parsed, in lockstep with the tree; any disagreement is an error, so that each
 * proves the other. Afterwards the tree is changed through the functions below, and
 * hostd_spans_collect() says as edits of the text what is no longer as it was.
 */
typedef struct HostdSpans HostdSpans;

HostdSpans *hostd_spans_scan (HostdDocument *document, GError **error);
/* Without the text's places: for who only wants to know whether anything would be changed. */
HostdSpans *hostd_spans_new_unscanned (HostdDocument *document);
void hostd_spans_free (HostdSpans *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSpans, hostd_spans_free)

/* ---- spans-changes.c ---- */

/* A new element at the end of @parent. In it, which is nowhere in the text, anything may be done.
 */
xmlNodePtr hostd_spans_make (HostdSpans *self, xmlNodePtr parent, const char *name);
/* Takes an element out of the tree, remembering that its text goes. */
void hostd_spans_remove (HostdSpans *self, xmlNodePtr element);
/* Replaces what is in an element by @text; "" empties it. */
void hostd_spans_set_text (HostdSpans *self, xmlNodePtr element, const char *text);
/* Of an attribute in no namespace. */
void hostd_spans_set_attribute (HostdSpans *self, xmlNodePtr element, const char *name,
                                const char *value);
void hostd_spans_remove_attribute (HostdSpans *self, xmlAttrPtr attr);

/* How many times something was changed, also where it was changed back. */
guint hostd_spans_count_changes (const HostdSpans *self);

/* ---- spans-edits.c ---- */

/* Edits for every attribute set, changed or taken, every element made, emptied or removed. */
HostdEdits *hostd_spans_collect (HostdSpans *self);

G_END_DECLS
