/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launch/document.h"
#include "launch/edits.h"

G_BEGIN_DECLS

/*
 * Where each element and attribute stands in the text. A small scanner of our own walks the text
 * that libxml2 has parsed, in lockstep with the tree; any disagreement is an error, so that each
 * proves the other. Afterwards the tree may be changed freely: hostd_spans_collect() finds what was
 * changed and says it as edits of the text.
 */
typedef struct HostdSpans HostdSpans;

HostdSpans *hostd_spans_scan (HostdDocument *document, GError **error);
void hostd_spans_free (HostdSpans *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSpans, hostd_spans_free)

/* Takes an element out of the tree, or empties it, remembering that its text goes. */
void hostd_spans_remove (HostdSpans *self, xmlNodePtr element);
/* Replaces what is in an element by @text; "" empties it. */
void hostd_spans_set_text (HostdSpans *self, xmlNodePtr element, const char *text);

/* Edits for every attribute set, changed or taken, every element made, emptied or removed. */
HostdEdits *hostd_spans_collect (HostdSpans *self);

G_END_DECLS
