/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether @text is one JSON value and nothing else (RFC 8259), nested at most @max_depth levels,
 * with at most @max_values values in it, each bracket counted as one.
 *
 * json-glib is laxer than JSON, and differently in each version: comments, quotes of both kinds,
 * `var x =`, several values in a row. Whatever scans for depth only would see brackets where
 * json-glib sees none, and the other way round, and json-glib recurses at each. So what gets to it
 * is plain JSON. Besides, refused here because json-glib gives another value than what stands
 * there: \u0000 in a string (cut off), integers beyond 64 bits signed (wrapped).
 *
 * @text is UTF-8. HOSTD_ERROR_TOO_LARGE if it is too deep or has too many values,
 * HOSTD_ERROR_INVALID with the offset of the first byte that does not fit. Does not recurse, and
 * allocates nothing.
 */
gboolean hostd_json_check (const char *text, gsize length, guint max_depth, guint max_values,
                           GError **error);

G_END_DECLS
