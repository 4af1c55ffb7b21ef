/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Versions and times as people, and recorded hosts, write them. */

/*
 * "9.2.0" from a version as libvirt counts, major * 1000000 + minor * 1000 + micro; NULL from 0,
 * which is unknown. (transfer full)
 */
char *hostd_version_to_text (guint version);
/* The other way, white space around it aside; 0 where it is no such text. */
guint hostd_version_from_text (const char *text);

/* "2026-11-25T16:00:00Z" from seconds since 1970; "?" where there is no such time. (transfer full)
 */
char *hostd_time_to_text (gint64 seconds);

G_END_DECLS
