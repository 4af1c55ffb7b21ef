/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/message.h"

#include "base/error.h"
#include "base/json.h"
#include "ipc/error-names.h"
#include "ipc/wire.h"

void
hostd_request_message_free (HostdRequestMessage *self)
{
  if (self == NULL)
    return;
  g_free (self->method);
  g_clear_pointer (&self->parameters, json_object_unref);
  g_free (self);
}

static gboolean
read_flag (JsonObject *object, const char *name, gboolean *flag, GError **error)
{
  if (!json_object_has_member (object, name) || json_object_get_null_member (object, name))
    return TRUE;
  if (!hostd_json_get_boolean (object, name, flag)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "a message's \"%s\" is not a boolean",
                 name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_members (JsonObject *object, GError **error)
{
  static const char *const known[] = { "method", "parameters", "oneway", "more", "upgrade", NULL };
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList *l = members; l != NULL; l = l->next) {
    if (!g_strv_contains (known, l->data)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "a message has a member that Varlink does not know: \"%.64s\"",
                   (const char *) l->data);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_parameters (JsonObject *object, JsonObject **parameters, GError **error)
{
  JsonObject *given = hostd_json_get_object (object, "parameters");

  if (given != NULL)
    *parameters = json_object_ref (given);
  else if (!json_object_has_member (object, "parameters") ||
           json_object_get_null_member (object, "parameters"))
    *parameters = json_object_new ();
  else {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "a message's \"parameters\" is not an object");
    return FALSE;
  }
  return TRUE;
}

HostdRequestMessage *
hostd_request_message_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (HostdRequestMessage) self = g_new0 (HostdRequestMessage, 1);
  g_autoptr (JsonObject) object = hostd_json_parse_object (text, length, error);
  const char *method;

  if (object == NULL || !check_members (object, error))
    return NULL;
  method = hostd_json_get_string (object, "method");
  if (method == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "a message names no \"method\"");
    return NULL;
  }
  self->method = g_strdup (method);
  if (!read_parameters (object, &self->parameters, error) ||
      !read_flag (object, "oneway", &self->oneway, error) ||
      !read_flag (object, "more", &self->more, error) ||
      !read_flag (object, "upgrade", &self->upgrade, error))
    return NULL;
  return g_steal_pointer (&self);
}

/*
 * {"KEY": "VALUE", "parameters": {...}}; without @key only the parameters, which are then required.
 */
static char *
compose (const char *key, const char *value, JsonObject *parameters)
{
  g_autoptr (JsonObject) message = json_object_new ();

  if (key != NULL)
    json_object_set_string_member (message, key, value);
  if (parameters != NULL)
    json_object_set_object_member (message, "parameters", json_object_ref (parameters));
  else if (key == NULL)
    json_object_set_object_member (message, "parameters", json_object_new ());
  return hostd_json_object_to_string (message, FALSE);
}

char *
hostd_message_of_request (const char *method, JsonObject *parameters)
{
  return compose ("method", method, parameters);
}

char *
hostd_message_of_reply (JsonObject *parameters)
{
  return compose (NULL, NULL, parameters);
}

char *
hostd_message_of_continued_reply (JsonObject *parameters)
{
  g_autoptr (JsonObject) message = json_object_new ();

  json_object_set_object_member (message, "parameters",
                                 parameters != NULL ? json_object_ref (parameters)
                                                    : json_object_new ());
  json_object_set_boolean_member (message, "continues", TRUE);
  return hostd_json_object_to_string (message, FALSE);
}

char *
hostd_message_of_more_request (const char *method)
{
  g_autoptr (JsonObject) message = json_object_new ();

  json_object_set_string_member (message, "method", method);
  json_object_set_boolean_member (message, "more", TRUE);
  return hostd_json_object_to_string (message, FALSE);
}

char *
hostd_message_of_error (const char *name, JsonObject *parameters)
{
  return compose ("error", name, parameters);
}

char *
hostd_message_of_gerror (const GError *error)
{
  g_autoptr (JsonObject) parameters = json_object_new ();
  HostdError code = error->domain == HOSTD_ERROR ? (HostdError) error->code : HOSTD_ERROR_FAILED;
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  json_object_set_string_member (parameters, HOSTD_WIRE_MESSAGE, message);
  return hostd_message_of_error (hostd_error_to_wire (code), parameters);
}

/* The standard errors say what they mean in their name and one parameter. */
static void
set_foreign_error (GError **error, const char *name, JsonObject *parameters)
{
  static const struct {
    const char *name, *parameter, *meaning;
    HostdError code;
  } standard[] = {
    { HOSTD_WIRE_INTERFACE_NOT_FOUND, "interface", "hostd does not serve the interface",
      HOSTD_ERROR_UNSUPPORTED },
    { HOSTD_WIRE_METHOD_NOT_FOUND, "method", "hostd does not know the method",
      HOSTD_ERROR_UNSUPPORTED },
    { HOSTD_WIRE_METHOD_NOT_IMPLEMENTED, "method", "hostd does not implement the method",
      HOSTD_ERROR_UNSUPPORTED },
    { HOSTD_WIRE_INVALID_PARAMETER, "parameter", "hostd does not take the parameter",
      HOSTD_ERROR_INVALID },
    { HOSTD_WIRE_PERMISSION_DENIED, NULL, "permission denied", HOSTD_ERROR_DENIED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (standard); i++) {
    const char *value = NULL;

    if (g_strcmp0 (name, standard[i].name) != 0)
      continue;
    if (parameters != NULL && standard[i].parameter != NULL)
      value = hostd_json_get_string (parameters, standard[i].parameter);
    g_set_error (error, HOSTD_ERROR, (int) standard[i].code, "%s%s%s", standard[i].meaning,
                 value != NULL ? " " : "", value != NULL ? value : "");
    return;
  }
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "hostd answers with the error %s", name);
}

static void
set_error (GError **error, const char *name, JsonObject *parameters)
{
  const char *message = NULL;
  HostdError code;

  if (!hostd_error_from_wire (name, &code)) {
    set_foreign_error (error, name, parameters);
    return;
  }
  if (parameters != NULL)
    message = hostd_json_get_string (parameters, HOSTD_WIRE_MESSAGE);
  g_set_error_literal (error, HOSTD_ERROR, (int) code, message != NULL ? message : name);
}

JsonObject *
hostd_reply_message_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonObject) object = hostd_json_parse_object (text, length, error);
  JsonObject *parameters;
  const char *name;

  if (object == NULL) {
    g_prefix_error (error, "hostd's answer cannot be read: ");
    return NULL;
  }
  parameters = hostd_json_get_object (object, "parameters");
  name = hostd_json_get_string (object, "error");
  if (name != NULL) {
    set_error (error, name, parameters);
    return NULL;
  }
  return parameters != NULL ? json_object_ref (parameters) : json_object_new ();
}
