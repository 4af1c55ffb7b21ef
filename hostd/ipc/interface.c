/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/interface.h"

#include "base/error.h"
#include "ipc/wire.h"

#include <string.h>

static gboolean
is_value (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static gboolean
is_map (JsonNode *node, GType type)
{
  JsonObjectIter iter;
  JsonNode *member;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, NULL, &member))
    if (!is_value (member, type))
      return FALSE;
  return TRUE;
}

static gboolean
has_type (JsonNode *node, HostdParameterType type)
{
  switch (type) {
  case HOSTD_PARAMETER_STRING:
    return is_value (node, G_TYPE_STRING);
  case HOSTD_PARAMETER_INTEGER:
    return is_value (node, G_TYPE_INT64);
  case HOSTD_PARAMETER_BOOLEAN:
    return is_value (node, G_TYPE_BOOLEAN);
  case HOSTD_PARAMETER_STRINGS:
    return is_map (node, G_TYPE_STRING);
  case HOSTD_PARAMETER_INTEGERS:
    return is_map (node, G_TYPE_INT64);
  default:
    return FALSE;
  }
}

static const HostdParameter *
find_parameter (const HostdMethod *method, const char *name)
{
  for (const HostdParameter *p = method->parameters; p->name != NULL; p++)
    if (strcmp (p->name, name) == 0)
      return p;
  return NULL;
}

/*
 * The name of the first parameter that is unknown, of another type, or missing; NULL if all is
 * well.
 */
static char *
find_bad_parameter (const HostdMethod *method, JsonObject *given)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init (&iter, given);
  while (json_object_iter_next (&iter, &name, &node)) {
    const HostdParameter *parameter = find_parameter (method, name);

    if (parameter == NULL)
      return g_strndup (name, 64);
    if (!(parameter->optional && JSON_NODE_HOLDS_NULL (node)) && !has_type (node, parameter->type))
      return g_strdup (name);
  }
  for (const HostdParameter *p = method->parameters; p->name != NULL; p++)
    if (!p->optional && !json_object_has_member (given, p->name))
      return g_strdup (p->name);
  return NULL;
}

static const HostdService *
find_service (const HostdService *services, const char *name, gsize length)
{
  for (const HostdService *s = services; s->interface != NULL; s++)
    if (strlen (s->interface->name) == length && strncmp (s->interface->name, name, length) == 0)
      return s;
  return NULL;
}

static const HostdMethod *
find_method (const HostdInterface *interface, const char *name)
{
  for (const HostdMethod *m = interface->methods; m->name != NULL; m++)
    if (strcmp (m->name, name) == 0)
      return m;
  return NULL;
}

void
hostd_services_handle (const HostdService *services, HostdCall *call)
{
  const char *full = hostd_call_get_method (call);
  const char *dot = strrchr (full, '.');
  const HostdService *service;
  const HostdMethod *method;
  g_autofree char *bad = NULL;

  if (dot == NULL) {
    hostd_call_fail_standard (call, HOSTD_WIRE_METHOD_NOT_FOUND, "method", full);
    return;
  }
  service = find_service (services, full, dot - full);
  if (service == NULL) {
    g_autofree char *name = g_strndup (full, dot - full);

    hostd_call_fail_standard (call, HOSTD_WIRE_INTERFACE_NOT_FOUND, "interface", name);
    return;
  }
  method = find_method (service->interface, dot + 1);
  if (method == NULL) {
    hostd_call_fail_standard (call, HOSTD_WIRE_METHOD_NOT_FOUND, "method", full);
    return;
  }
  if (hostd_call_wants_upgrade (call)) {
    g_autoptr (GError) error =
        g_error_new (HOSTD_ERROR, HOSTD_ERROR_UNSUPPORTED, "no method here upgrades a connection");

    hostd_call_fail (call, error);
    return;
  }
  bad = find_bad_parameter (method, hostd_call_get_parameters (call));
  if (bad != NULL)
    hostd_call_fail_parameter (call, bad);
  else if (method->stream && !hostd_call_wants_more (call))
    hostd_call_fail_standard (call, HOSTD_WIRE_EXPECTED_MORE, NULL, NULL);
  else
    method->handle (call, service->data);
}
