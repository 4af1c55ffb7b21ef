/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/*
 * What an XPath cannot select anything without: "/domain/os/loader[...]/@type" needs an <os> with a
 * <loader>. Most rules and assertions are about what a given domain has not, and looking for that
 * is far cheaper than evaluating; where the heads are not there, nothing is selected.
 */
typedef struct HostdHeads HostdHeads;

/* NULL if nothing can be said of it. @expression must be an XPath that gives nodes. */
HostdHeads *hostd_heads_new (const char *expression);
void hostd_heads_free (HostdHeads *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdHeads, hostd_heads_free)

/* FALSE only if the expression selects nothing below @domain, the root. */
gboolean hostd_heads_present (const HostdHeads *self, xmlNodePtr domain);

/* Is the expression one plain path? Then hostd_heads_select() gives what it selects. */
gboolean hostd_heads_is_path (const HostdHeads *self);
void hostd_heads_select (const HostdHeads *self, xmlNodePtr domain, GPtrArray *nodes);

G_END_DECLS
