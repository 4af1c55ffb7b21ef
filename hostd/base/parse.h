/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Bounded parsing of the small texts that firmware, kernel and guests hand us. Nothing but the
 * whole text counts, surrounding white space aside; on FALSE the result is untouched.
 */

/* Hexadecimal with or without 0x, as libvirt reads a launch policy: at most 16 digits. */
gboolean hostd_parse_hex (const char *text, guint64 *ret_value);

/* Decimal digits. */
gboolean hostd_parse_decimal (const char *text, guint64 max, guint64 *ret_value);

/* A kernel boolean parameter: 1, Y, y or 0, N, n. */
gboolean hostd_parse_flag (const char *text, gboolean *ret_value);

/*
 * Strict base64 (RFC 4648 section 4, with padding; white space between characters is allowed, since
 * people wrap it). NULL if it is not that. g_base64_decode() skips over anything, which will not do
 * for launch data.
 */
guint8 *hostd_parse_base64 (const char *text, gsize *ret_length);

/*
 * A size as libvirt scales it (virScaleInteger): @unit is b, bytes, KB, k, KiB, MB, M, MiB, ... up
 * to E, case-insensitive; NULL or "" means KiB, the default of a domain's memory. FALSE on
 * overflow.
 */
gboolean hostd_parse_memory (const char *text, const char *unit, guint64 *ret_bytes);

/* Whether @data, any bytes, has @word in it, whatever the case of its ASCII letters. */
gboolean hostd_bytes_have (GBytes *data, const char *word);

G_END_DECLS
