/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/inventory.h"

#include "base/json.h"
#include "engine/flavor-request.h"

#define UNKNOWN HOSTD_CAPACITY_UNKNOWN

/* Another technology may share the pool and not be usable: SEV-ES beside SEV-SNP. */
static gboolean
is_placed (const HostdTechnologyFacts *facts)
{
  return facts->usability == HOSTD_USABILITY_USABLE && facts->capacity.pool != NULL &&
         facts->capacity.total > 0;
}

static gint64
keys_reserved (const HostdCapacity *capacity, const char *drained)
{
  gint64 reserved;

  if (drained != NULL || capacity->in_use == UNKNOWN)
    return capacity->total;
  reserved =
      capacity->others != UNKNOWN ? capacity->others + MAX (capacity->leaked, 0) : capacity->in_use;
  return MIN (reserved, capacity->total);
}

static void
add_guests (JsonBuilder *builder, const HostdCapacity *capacity)
{
  json_builder_set_member_name (builder, "guests");
  if (capacity->in_use == UNKNOWN || capacity->others == UNKNOWN)
    json_builder_add_null_value (builder);
  else
    json_builder_add_int_value (
        builder, MAX (capacity->in_use - capacity->others - MAX (capacity->leaked, 0), 0));
}

static void
add_technology (JsonBuilder *builder, const HostdFacts *facts, const HostdFlavorModel *model)
{
  g_autofree char *fallback = g_strconcat ("CUSTOM_", model->trait, NULL);

  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "name", hostd_technology_name (model->technology));
  hostd_json_add_string (builder, "trait", model->trait);
  hostd_json_add_string (builder, "fallback", fallback);
  json_builder_set_member_name (builder, "features");
  json_builder_begin_array (builder);
  if (facts->technology[model->technology].quote.state == HOSTD_QUOTE_READY)
    json_builder_add_string_value (builder, model->quote_ready);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_pool (JsonBuilder *builder, const HostdFacts *facts, const HostdCapacity *capacity,
          const char *drained)
{
  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "pool", capacity->pool);
  json_builder_set_member_name (builder, "total");
  json_builder_add_int_value (builder, capacity->total);
  json_builder_set_member_name (builder, "reserved");
  json_builder_add_int_value (builder, keys_reserved (capacity, drained));
  add_guests (builder, capacity);
  json_builder_set_member_name (builder, "technologies");
  json_builder_begin_array (builder);
  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++) {
    const HostdTechnologyFacts *t = &facts->technology[m->technology];

    if (is_placed (t) && g_str_equal (t->capacity.pool, capacity->pool))
      add_technology (builder, facts, m);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

JsonNode *
hostd_inventory_to_json (const HostdFacts *facts, const char *drained)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "pools");
  json_builder_begin_array (builder);
  for (const HostdFlavorModel *m = hostd_flavor_models; m->model != NULL; m++) {
    const HostdTechnologyFacts *t = &facts->technology[m->technology];

    if (is_placed (t) && hostd_facts_is_first_of_pool (facts, m->technology))
      add_pool (builder, facts, &t->capacity, drained);
  }
  json_builder_end_array (builder);
  hostd_json_add_string (builder, "drained", drained);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}
