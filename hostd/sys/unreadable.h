/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sys/named-text.h"

G_BEGIN_DECLS

/*
 * What could not be read of a machine, in the words that it was told in: the named text
 * "unreadable" of a recorded host, lines of QUESTION CODE MESSAGE. So a recording answers "unknown"
 * where its machine did, and for the same reason.
 *
 * A question is a verb and its arguments, "msr 87" or "read sys/fs/cgroup/misc.capacity"; numbers
 * are as in the text that holds the answer (tests/hosts/README.md).
 */

/* The question about a path or another text; what a named text cannot hold is %XX. */
char *hostd_unreadable_question (const char *verb, const char *argument);

/* Codes are HostdError's, in small letters: "denied", "io", ... */
const char *hostd_unreadable_code_name (int code);

/* (element-type utf8 GError), empty. */
GHashTable *hostd_unreadable_new (void);

/* One line of the text. FALSE with file and line in @error. */
gboolean hostd_unreadable_parse (GHashTable *self, const char *name, const HostdTextLine *line,
                                 GError **error);
/* As the text would have it. */
char *hostd_unreadable_to_line (const char *question, const GError *why);

/* TRUE if @question (taken) could not be read; then @error says why. */
gboolean hostd_unreadable_tell (GHashTable *self, char *question, GError **error);

G_END_DECLS
