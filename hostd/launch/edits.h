/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Replacements at byte spans of a text, spliced in all at once. */
typedef struct HostdEdits HostdEdits;

HostdEdits *hostd_edits_new (void);
void hostd_edits_free (HostdEdits *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdEdits, hostd_edits_free)

/* Bytes [start, end) become @replacement; insertions (start == end) at one place keep their order.
 */
void hostd_edits_add (HostdEdits *self, gsize start, gsize end, const char *replacement);
guint hostd_edits_count (const HostdEdits *self);

/*
 * The edited text. HOSTD_ERROR_FAILED if two edits overlap, or if undoing them does not give back
 * every byte of @text: both would be our own fault, and neither result may leave the house.
 */
char *hostd_edits_apply (HostdEdits *self, const char *text, gsize length, gsize *ret_length,
                         GError **error);

G_END_DECLS
