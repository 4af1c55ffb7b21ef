/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"
#include "engine/engine.h"
#include "ipc/client.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * Who answers: the engine in this process (--offline), or the daemon. Either way an answer has the
 * same shape (engine/engine.h), so a command prints it without knowing which.
 */

/* The engine for --offline. @no_host: what needs a fact about the host is not checked. */
HostdEngine *hostd_ask_open_engine (const HostdOptions *options, gboolean no_host, GError **error);

/* The known-bad combinations for --offline, whatever the policies are like. */
HostdKnownBad *hostd_ask_load_known_bad (const HostdOptions *options, GError **error);

/*
 * Connects to, or calls, the daemon. @socket is below the run folder, unless --socket names
 * another. Free the answer with json_object_unref().
 */
HostdClient *hostd_ask_connect (const HostdOptions *options, const char *socket, GError **error);
JsonObject *hostd_ask_daemon (const HostdOptions *options, const char *socket, const char *method,
                              JsonObject *parameters, GError **error);

/*
 * All of a command that asks the admin socket one thing, and prints its answer: as JSON if that was
 * asked for, else as @to_text makes it. NULL for @to_text: what went well is not talked about.
 */
HostdExit hostd_ask_and_print (const HostdCommand *command, const HostdOptions *options,
                               const char *method, JsonObject *parameters,
                               char *(*to_text) (JsonObject *answer));

/* The exit status of an error that one of them gave. */
HostdExit hostd_ask_exit_of (const HostdOptions *options, const GError *error);

/* Parameters of Rewrite and Verify; @stage NULL leaves it out. HOSTD_ERROR_INVALID if not UTF-8. */
JsonObject *hostd_ask_make_parameters (const HostdRequest *request, const char *xml, gsize length,
                                       const char *stage, GError **error);

/* The answer as an object of our own; takes @node. */
JsonObject *hostd_ask_take_object (JsonNode *node);

G_END_DECLS
