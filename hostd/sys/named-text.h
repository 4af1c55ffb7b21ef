/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The plain texts of a recorded host: words in lines, '#' to the end of the line is a comment. */
typedef struct {
  guint number; /* counted from 1, for error messages */
  char **words; /* at least one */
} HostdTextLine;

#define HOSTD_NAMED_TEXT_MAX (1024u * 1024)

/*
 * The lines of @name below @root_fd that hold anything, (element-type HostdTextLine). NULL without
 * @error if there is no such file.
 */
GPtrArray *hostd_named_text_read (int root_fd, const char *name, GError **error);

/* Sets HOSTD_ERROR_INVALID with "NAME:LINE: MESSAGE" and returns FALSE. */
gboolean hostd_named_text_fail (GError **error, const char *name, const HostdTextLine *line,
                                const char *format, ...) G_GNUC_PRINTF (4, 5);

/* One word as a number of at most @max. FALSE with the error above. */
gboolean hostd_named_text_hex (const char *name, const HostdTextLine *line, guint word, guint64 max,
                               guint64 *ret_value, GError **error);
gboolean hostd_named_text_decimal (const char *name, const HostdTextLine *line, guint word,
                                   guint64 max, guint64 *ret_value, GError **error);

/* The number of an errno's name, "EACCES". */
gboolean hostd_named_text_errno (const char *name, const HostdTextLine *line, guint word,
                                 int *ret_errnum, GError **error);

G_END_DECLS
