/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Answers of Rewrite and Verify, as lines for a person. */

/* The exit status of the answer's verdict; HOSTD_EXIT_UNAVAILABLE for one that we do not know. */
HostdExit hostd_outcome_get_exit (JsonObject *answer);

/* Each of the list @member as "PREFIXid: xpath: text", one a line. (transfer full) */
char *hostd_outcome_to_lines (JsonObject *answer, const char *member, const char *prefix);
/* The same on stderr. */
void hostd_outcome_complain (JsonObject *answer, const char *member, const char *prefix);

/* --json, for either. Reasons and notes are in it, so nothing goes to stderr. */
HostdExit hostd_outcome_print_json (JsonObject *answer);

G_END_DECLS
