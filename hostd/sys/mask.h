/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a recorded host keeps to itself: what names one machine or its owner, and what may be
 * secret. tests/hosts/README.md lists it for users. A mask keeps the shape (lengths of base64 and
 * of hexadecimal numbers, words that stay words), so that what reads the masked text judges as it
 * judged the other; and masking again changes nothing.
 */

/*
 * The content of the file at @path of a machine, masked. @host_name may be NULL. (transfer full)
 */
GBytes *hostd_mask_file (const char *path, GBytes *content, const char *host_name);

/* A kernel command line: known words stay, of others only the name does. */
char *hostd_mask_command_line (const char *text);

/* UUIDs and MAC addresses become zeros, and @host_name (or NULL) MASKED. */
char *hostd_mask_text (const char *text, const char *host_name);

/* TRUE if that MSR or CPUID leaf holds a serial number of the processor. */
gboolean hostd_mask_msr (guint32 index);
gboolean hostd_mask_cpuid (guint32 leaf);

/* A line "platform-info BYTES" of a recording: the platform's id in it becomes zeros. */
char *hostd_mask_qgs (const char *line);

/*
 * A name of a control group that is not a machine's own idea but everybody's ("machine.slice"):
 * others may be named after a guest or a user.
 */
gboolean hostd_mask_is_common_cgroup (const char *name);

G_END_DECLS
