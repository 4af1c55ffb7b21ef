/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/message.h"
#include "ipc/peer.h"

G_BEGIN_DECLS

/*
 * One call that wants an answer. Whoever handles it answers it exactly once, at once or later from
 * the main loop, with one of the functions below that take it over. If the client is gone by then,
 * the answer goes nowhere, and that is all.
 */
typedef struct HostdCall HostdCall;

/* The full name, "io.cloister.Launch.Rewrite". */
const char *hostd_call_get_method (const HostdCall *self);
const HostdPeer *hostd_call_get_peer (const HostdCall *self);
/* Checked against the method's table (ipc/interface.h). Nothing is transferred. */
JsonObject *hostd_call_get_parameters (const HostdCall *self);
/* One of them; NULL if it was not given, or null. */
const char *hostd_call_get_string (const HostdCall *self, const char *name);

/* @parameters may be NULL for none. (transfer full), both */
void hostd_call_reply (HostdCall *self, JsonObject *parameters);
/* The error by its wire name, with its message. @error is not taken. */
void hostd_call_fail (HostdCall *self, const GError *error);
/* Whichever there is: the way out of a handler with a GError. @parameters and @error are taken. */
void hostd_call_finish (HostdCall *self, JsonObject *parameters, GError *error);

/*
 * A stream: the client asked for more than one answer. hostd_call_continue() gives one that is not
 * the last (transfer full), as often as there is one; the call is still to be finished. @gone is
 * called when the client leaves, or does not read what it is sent: it finishes the call, which may
 * happen inside hostd_call_continue().
 */
typedef void (*HostdCallGone) (HostdCall *self, gpointer data);
gboolean hostd_call_wants_more (const HostdCall *self);
void hostd_call_on_gone (HostdCall *self, HostdCallGone gone, gpointer data);
void hostd_call_continue (HostdCall *self, JsonObject *parameters);

/* Standard errors of org.varlink.service, with their one parameter. */
void hostd_call_fail_parameter (HostdCall *self, const char *name);
void hostd_call_fail_standard (HostdCall *self, const char *error_name, const char *parameter,
                               const char *value);

/* ---- for ipc/connection.c ---- */

/*
 * Gets an answer's text, without its NUL; NULL for a oneway call, which gets none. @last: the call
 * is over.
 */
typedef void (*HostdCallAnswered) (char *text, gboolean last, gpointer data);

/* Takes @request over. */
HostdCall *hostd_call_new (HostdRequestMessage *request, const HostdPeer *peer,
                           HostdCallAnswered answered, gpointer data);
gboolean hostd_call_wants_upgrade (const HostdCall *self);
/* The client is gone: @answered is not called any more. */
void hostd_call_detach (HostdCall *self);

G_END_DECLS
