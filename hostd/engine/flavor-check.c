/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/flavor-check.h"

#include "base/error.h"
#include "base/json.h"
#include "engine/flavor-placement.h"

/* The values are used as strings everywhere after this. */
static gboolean
check_properties (JsonObject *properties, const char *name, GError **error)
{
  JsonObjectIter iter;
  const char *key;

  json_object_iter_init_ordered (&iter, properties);
  while (json_object_iter_next_ordered (&iter, &key, NULL))
    if (hostd_json_get_string (properties, key) == NULL) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "flavor '%.128s': the property %.128s is no string", name, key);
      return FALSE;
    }
  return TRUE;
}

/* NULL with @error if element @index is no flavor with its properties. */
static HostdFlavor *
read_flavor (JsonNode *node, guint index, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *name = object != NULL ? hostd_json_get_string (object, "Name") : NULL;
  JsonObject *properties = object != NULL ? hostd_json_get_object (object, "Properties") : NULL;

  if (name == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "element %u of the list is no flavor: it has no Name", index);
    return NULL;
  }
  if (properties == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "flavor '%.128s' has no object Properties: list with 'openstack flavor list --all "
                 "--long -f json', and with a client that is not older than that of Nova 26",
                 name);
    return NULL;
  }
  if (!check_properties (properties, name, error))
    return NULL;
  return hostd_flavor_new (name, hostd_json_get_string (object, "ID"), properties);
}

static JsonArray *
name_technologies (guint technologies)
{
  JsonArray *names = json_array_new ();

  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++)
    if (technologies & 1u << m->technology)
      json_array_add_string_element (names, hostd_technology_name (m->technology));
  return names;
}

static JsonObject *
flavor_to_json (const HostdFlavor *flavor, const HostdFlavorRequest *request)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", flavor->name);
  hostd_json_set_string (object, "id", flavor->id);
  json_object_set_string_member (object, "verdict",
                                 hostd_flavor_is_wrong (flavor) ? "wrong" : "fine");
  hostd_json_set_string (object, "policy", request->policy);
  json_object_set_array_member (object, "technologies", name_technologies (request->technologies));
  json_object_set_array_member (object, "findings", json_array_ref (flavor->findings));
  json_object_set_array_member (object, "notes", json_array_ref (flavor->notes));
  json_object_set_array_member (object, "commands", hostd_flavor_get_commands (flavor));
  return object;
}

/* Adds the flavor to @flavors if it asks for anything, or means to. */
static gboolean
judge (HostdFlavor *flavor, guint nova_release, const HostdTemplates *templates, JsonArray *flavors)
{
  HostdFlavorRequest request;
  gboolean wrong;

  hostd_flavor_read_request (flavor, nova_release, templates, &request);
  if (!request.unclear && (request.ours || request.novas))
    hostd_flavor_check_placement (flavor, nova_release, &request);
  wrong = hostd_flavor_is_wrong (flavor);
  if (wrong || request.ours || request.novas)
    json_array_add_object_element (flavors, flavor_to_json (flavor, &request));
  return !wrong;
}

JsonObject *
hostd_flavor_check (JsonNode *list, guint nova_release, const HostdTemplates *templates,
                    GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (list) ? json_node_get_array (list) : NULL;
  g_autoptr (JsonArray) flavors = json_array_new ();
  JsonObject *answer;
  guint wrong = 0;

  if (array == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "this is no list of flavors");
    return NULL;
  }
  for (guint i = 0; i < json_array_get_length (array); i++) {
    g_autoptr (HostdFlavor) flavor = read_flavor (json_array_get_element (array, i), i, error);

    if (flavor == NULL)
      return NULL;
    wrong += !judge (flavor, nova_release, templates, flavors);
  }
  answer = json_object_new ();
  json_object_set_int_member (answer, "nova_release", nova_release);
  json_object_set_int_member (answer, "checked", json_array_get_length (array));
  json_object_set_int_member (answer, "wrong", wrong);
  json_object_set_array_member (answer, "flavors", g_steal_pointer (&flavors));
  return answer;
}
