/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Standard output is written whole, at the end of a command, or the program says that it could not
 * and ends with HOSTD_EXIT_OUTPUT: a script must not take half a domain for one.
 */
HostdExit hostd_output_write (const char *text, gsize length);
HostdExit hostd_output_print (const char *text);
/* Indented, with a line end. */
HostdExit hostd_output_json (JsonObject *object);

/* What doctor and capabilities say in place of a verdict on what is no host at all. */
#define HOSTD_OUTPUT_IS_GUEST                                                                      \
  "this machine is a guest itself: what its host can do is to be asked there\n"

/* One line on stderr, made valid UTF-8, control characters replaced. */
void hostd_output_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The same replacement for text of a guest that goes to a person. (transfer full) */
char *hostd_output_tame (const char *text);

G_END_DECLS
