/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The three messages of Varlink, and their text. Texts come without the NUL that ends a frame. */

/* What a client sends. */
typedef struct {
  char *method;           /* "INTERFACE.METHOD", not checked any further */
  JsonObject *parameters; /* empty where the message has none */
  gboolean oneway, more, upgrade;
} HostdRequestMessage;

/*
 * HOSTD_ERROR_TOO_LARGE or HOSTD_ERROR_INVALID for what is no such message: bad JSON, a member of
 * another type than Varlink says, or one that Varlink does not know.
 */
HostdRequestMessage *hostd_request_message_parse (const char *text, gsize length, GError **error);
void hostd_request_message_free (HostdRequestMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdRequestMessage, hostd_request_message_free)

/* @parameters may be NULL in all of these. (transfer none) */
char *hostd_message_of_request (const char *method, JsonObject *parameters);
char *hostd_message_of_more_request (const char *method); /* for many answers */
char *hostd_message_of_reply (JsonObject *parameters);
char *hostd_message_of_continued_reply (JsonObject *parameters); /* more will follow */
char *hostd_message_of_error (const char *name, JsonObject *parameters);
/* Ours, with its one parameter: {"message": ...}. */
char *hostd_message_of_gerror (const GError *error);

/*
 * What a server sends. Unknown members and parameters are ignored: a server may be newer than us.
 * An error of ours comes back as the HostdError it was; the standard ones as the nearest code. The
 * result is never NULL without an error. (transfer full)
 */
JsonObject *hostd_reply_message_parse (const char *text, gsize length, GError **error);

G_END_DECLS
