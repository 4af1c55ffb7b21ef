/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/domains-json.h"

#include "base/json.h"
#include "engine/guest-memory.h"
#include "engine/orphans.h"
#include "launch/verify.h"
#include "virt/virt.h"

#include <string.h>

/* What the guest costs in host memory; null where that is not known. */
static void
set_host_memory (JsonObject *entry, const HostdVirtDomain *domain, const HostdBinding *binding)
{
  g_autoptr (HostdGlance) glance = domain != NULL && binding != NULL
                                       ? hostd_glance_at (domain->xml, strlen (domain->xml), NULL)
                                       : NULL;
  HostdGuestMemory memory;
  JsonObject *object;

  if (glance == NULL || glance->memory == 0 ||
      !hostd_guest_memory_estimate (hostd_binding_get_technology (binding), glance->memory,
                                    glance->assigned, &memory)) {
    json_object_set_null_member (entry, "host_memory");
    return;
  }
  object = json_object_new ();
  json_object_set_int_member (object, "guest", (gint64) MIN (glance->memory, G_MAXINT64));
  json_object_set_int_member (object, "expected", (gint64) MIN (memory.expected, G_MAXINT64));
  json_object_set_int_member (object, "worst", (gint64) MIN (memory.worst, G_MAXINT64));
  json_object_set_int_member (object, "pinned", (gint64) MIN (memory.pinned, G_MAXINT64));
  json_object_set_object_member (entry, "host_memory", object);
}

/* @domain or @binding may be NULL, not both. */
static JsonObject *
describe (const HostdVirtDomain *domain, const HostdBinding *binding, const HostdGate *gate,
          gint64 orphan_days)
{
  JsonObject *entry = json_object_new ();
  const char *uuid, *name;

  if (domain != NULL) {
    uuid = domain->uuid;
    name = domain->name;
  } else {
    g_return_val_if_fail (binding != NULL, entry);
    uuid = hostd_binding_get_uuid (binding);
    name = hostd_binding_get_name (binding);
  }
  hostd_json_set_string (entry, "name", name);
  json_object_set_string_member (entry, "uuid", uuid);
  hostd_json_set_string (entry, "state", domain != NULL ? domain->state : NULL);
  hostd_json_set_string (entry, "policy",
                         binding != NULL ? hostd_binding_get_policy (binding) : NULL);
  hostd_json_set_string (
      entry, "technology",
      binding != NULL ? hostd_technology_name (hostd_binding_get_technology (binding)) : NULL);
  hostd_json_set_string (entry, "last_operation", hostd_gate_last_operation (gate, uuid));
  if (orphan_days >= 0)
    json_object_set_int_member (entry, "orphan_days", orphan_days);
  else
    json_object_set_null_member (entry, "orphan_days");
  set_host_memory (entry, domain, binding);
  return entry;
}

static GHashTable *
index_by_uuid (GPtrArray *bindings)
{
  GHashTable *table = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < bindings->len; i++) {
    HostdBinding *binding = g_ptr_array_index (bindings, i);

    g_hash_table_insert (table, (gpointer) hostd_binding_get_uuid (binding), binding);
  }
  return table;
}

static JsonArray *
problems_to_json (const HostdReasons *problems)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < hostd_reasons_count (problems); i++) {
    g_autofree char *line = hostd_reason_to_line (hostd_reasons_get (problems, i));

    json_array_add_string_element (array, line);
  }
  return array;
}

JsonObject *
hostd_domains_to_json (GPtrArray *domains, HostdBindings *bindings, const HostdGate *gate,
                       GError **error)
{
  g_autoptr (HostdReasons) problems = hostd_reasons_new ();
  g_autoptr (GPtrArray) bound = hostd_bindings_list (bindings, problems, error);
  g_autoptr (GHashTable) left = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  JsonArray *entries;
  JsonObject *reply;

  if (bound == NULL)
    return NULL;
  left = index_by_uuid (bound);
  entries = json_array_new ();
  for (guint i = 0; i < domains->len; i++) {
    const HostdVirtDomain *domain = g_ptr_array_index (domains, i);
    const HostdBinding *binding = g_hash_table_lookup (left, domain->uuid);

    json_array_add_object_element (entries, describe (domain, binding, gate, -1));
    g_hash_table_remove (left, domain->uuid);
  }
  for (guint i = 0; i < bound->len; i++) {
    const HostdBinding *binding = g_ptr_array_index (bound, i);
    const char *uuid = hostd_binding_get_uuid (binding);

    if (g_hash_table_contains (left, uuid))
      json_array_add_object_element (
          entries, describe (NULL, binding, gate, hostd_orphan_days (bindings, uuid, now)));
  }
  reply = json_object_new ();
  json_object_set_array_member (reply, "domains", entries);
  json_object_set_array_member (reply, "problems", problems_to_json (problems));
  return reply;
}
