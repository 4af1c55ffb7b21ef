/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How much markup a domain XML may have. libvirt has no such limits, and no domain comes near them:
 * one with a hundred disks has some two thousand elements. libxml2 takes a hundred bytes for one of
 * four, and compares each attribute of an element with each other one.
 */
#define HOSTD_DOMAIN_MAX_MARKUP (128u * 1024) /* of '<' */
#define HOSTD_DOMAIN_MAX_ATTRIBUTES 500u      /* of one element */

/*
 * Looked at as bytes, before the parser sees them: counted are '<', and from each of them to the
 * next the equals signs that a quote follows. So the text between two elements counts as well,
 * where a domain has none. HOSTD_ERROR_TOO_LARGE.
 */
gboolean hostd_markup_check (const char *text, gsize length, GError **error);

G_END_DECLS
