/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/*
 * A client that waits: for programs that ask one thing and end. Not for use in a main loop.
 *
 *   g_autoptr (HostdClient) client = hostd_client_connect (path, 10000, error);
 *   g_autoptr (JsonObject) reply = hostd_client_call (client, HOSTD_WIRE_ADMIN_STATUS, NULL,
 * error);
 */
typedef struct HostdClient HostdClient;

/*
 * @path is the socket's; all calls together may take @timeout_ms. Errors say what to do:
 * HOSTD_ERROR_UNAVAILABLE if hostd is not running, HOSTD_ERROR_DENIED if we may not call it,
 * HOSTD_ERROR_TIMEOUT.
 */
HostdClient *hostd_client_connect (const char *path, guint timeout_ms, GError **error);
void hostd_client_free (HostdClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdClient, hostd_client_free)

/*
 * Calls and waits for the answer's parameters. @parameters may be NULL for none; (transfer none).
 * An error that the server answers with comes back under its HostdError code, with its message;
 * HOSTD_ERROR_TOO_LARGE, and nothing is sent, if the call would be over the limit of a message.
 * After a failure that came from the wire and not from the server, the client is of no more use.
 */
JsonObject *hostd_client_call (HostdClient *self, const char *method, JsonObject *parameters,
                               GError **error);

/*
 * Begins a stream, and waits for its next answer, without a time limit. NULL with an error when it
 * ends, whoever ended it.
 */
gboolean hostd_client_begin_stream (HostdClient *self, const char *method, GError **error);
JsonObject *hostd_client_next (HostdClient *self, GError **error);

G_END_DECLS
