/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/call.h"

#include "base/error.h"
#include "base/json.h"
#include "ipc/wire.h"

#include <string.h>

struct HostdCall {
  HostdRequestMessage *request;
  HostdPeer peer;
  HostdCallAnswered answered; /* NULL once detached */
  gpointer data;
  HostdCallGone gone; /* of a stream, or NULL */
  gpointer gone_data;
};

HostdCall *
hostd_call_new (HostdRequestMessage *request, const HostdPeer *peer, HostdCallAnswered answered,
                gpointer data)
{
  HostdCall *self = g_new0 (HostdCall, 1);

  self->request = request;
  self->peer = *peer;
  self->answered = answered;
  self->data = data;
  return self;
}

void
hostd_call_detach (HostdCall *self)
{
  HostdCallGone gone = self->gone;

  self->answered = NULL;
  self->gone = NULL;
  if (gone != NULL)
    gone (self, self->gone_data);
}

void
hostd_call_on_gone (HostdCall *self, HostdCallGone gone, gpointer data)
{
  self->gone = gone;
  self->gone_data = data;
}

void
hostd_call_continue (HostdCall *self, JsonObject *parameters)
{
  g_autoptr (JsonObject) owned = parameters;

  if (self->answered != NULL && !self->request->oneway)
    self->answered (hostd_message_of_continued_reply (owned), FALSE, self->data);
}

/* The end of every call: the answer goes out, the call is gone. */
static void
answer (HostdCall *self, char *text)
{
  gboolean oneway = self->request->oneway;

  if (self->answered != NULL) {
    self->answered (oneway ? NULL : text, TRUE, self->data);
    if (oneway)
      g_free (text);
  } else {
    g_free (text);
  }
  hostd_request_message_free (self->request);
  g_free (self);
}

const char *
hostd_call_get_method (const HostdCall *self)
{
  return self->request->method;
}

const HostdPeer *
hostd_call_get_peer (const HostdCall *self)
{
  return &self->peer;
}

JsonObject *
hostd_call_get_parameters (const HostdCall *self)
{
  return self->request->parameters;
}

const char *
hostd_call_get_string (const HostdCall *self, const char *name)
{
  return hostd_json_get_string (self->request->parameters, name);
}

gboolean
hostd_call_wants_more (const HostdCall *self)
{
  return self->request->more;
}

gboolean
hostd_call_wants_upgrade (const HostdCall *self)
{
  return self->request->upgrade;
}

void
hostd_call_fail (HostdCall *self, const GError *error)
{
  answer (self, hostd_message_of_gerror (error));
}

void
hostd_call_reply (HostdCall *self, JsonObject *parameters)
{
  g_autoptr (JsonObject) owned = parameters;
  g_autofree char *text = hostd_message_of_reply (owned);
  g_autoptr (GError) error = NULL;

  if (strlen (text) <= HOSTD_WIRE_MAX_MESSAGE) {
    answer (self, g_steal_pointer (&text));
    return;
  }
  g_set_error (&error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
               "the answer to %s would be larger than %d bytes", self->request->method,
               HOSTD_WIRE_MAX_MESSAGE);
  hostd_call_fail (self, error);
}

void
hostd_call_finish (HostdCall *self, JsonObject *parameters, GError *error)
{
  if (error == NULL) {
    hostd_call_reply (self, parameters);
    return;
  }
  hostd_call_fail (self, error);
  g_error_free (error);
  if (parameters != NULL)
    json_object_unref (parameters);
}

void
hostd_call_fail_standard (HostdCall *self, const char *error_name, const char *parameter,
                          const char *value)
{
  g_autoptr (JsonObject) parameters = json_object_new ();

  if (parameter != NULL)
    json_object_set_string_member (parameters, parameter, value);
  answer (self, hostd_message_of_error (error_name, parameters));
}

void
hostd_call_fail_parameter (HostdCall *self, const char *name)
{
  hostd_call_fail_standard (self, HOSTD_WIRE_INVALID_PARAMETER, "parameter", name);
}
