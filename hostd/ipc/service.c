/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/service.h"

#include "ipc/descriptions.h"
#include "ipc/wire.h"

static void
get_info (HostdCall *call, gpointer data)
{
  const HostdService *services = data;
  JsonObject *reply = json_object_new ();
  JsonArray *names = json_array_new ();

  for (const HostdService *s = services; s->interface != NULL; s++)
    json_array_add_string_element (names, s->interface->name);
  json_object_set_string_member (reply, "vendor", "Cloister");
  json_object_set_string_member (reply, "product", "cloister-hostd");
  json_object_set_string_member (reply, "version", CLOISTER_VERSION);
  json_object_set_string_member (reply, "url", "https://cloister.io/");
  json_object_set_array_member (reply, "interfaces", names);
  hostd_call_reply (call, reply);
}

static void
get_interface_description (HostdCall *call, gpointer data)
{
  const HostdService *services = data;
  const char *name = hostd_call_get_string (call, "interface");

  for (const HostdService *s = services; s->interface != NULL; s++) {
    if (g_strcmp0 (s->interface->name, name) == 0) {
      JsonObject *reply = json_object_new ();

      json_object_set_string_member (reply, "description", s->interface->description);
      hostd_call_reply (call, reply);
      return;
    }
  }
  hostd_call_fail_standard (call, HOSTD_WIRE_INTERFACE_NOT_FOUND, "interface", name);
}

static const HostdMethod service_methods[] = {
  { "GetInfo", get_info, { { NULL } } },
  { "GetInterfaceDescription",
    get_interface_description,
    { { "interface", HOSTD_PARAMETER_STRING, FALSE }, { NULL } } },
  { NULL },
};

const HostdInterface hostd_service_interface = {
  HOSTD_WIRE_SERVICE,
  hostd_description_org_varlink_service,
  service_methods,
};

static const HostdMethod no_methods[] = { { NULL } };

const HostdInterface hostd_error_interface = {
  HOSTD_WIRE_ERROR,
  hostd_description_io_cloister_Error,
  no_methods,
};
