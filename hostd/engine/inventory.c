/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/inventory.h"

#include "base/json.h"

#define UNKNOWN HOSTD_CAPACITY_UNKNOWN

/* What a guest can be launched with; of the others there is nothing to place. */
static const struct {
  HostdTechnology technology;
  const char *trait, *quote_ready;
} launched[] = {
  { HOSTD_TECHNOLOGY_SEV, "HW_CPU_X86_AMD_SEV", "CUSTOM_CC_SEV_QUOTE_READY" },
  { HOSTD_TECHNOLOGY_SEV_ES, "HW_CPU_X86_AMD_SEV_ES", "CUSTOM_CC_SEV_ES_QUOTE_READY" },
  { HOSTD_TECHNOLOGY_SEV_SNP, "HW_CPU_X86_AMD_SEV_SNP", "CUSTOM_CC_SEV_SNP_QUOTE_READY" },
  { HOSTD_TECHNOLOGY_TDX, "HW_CPU_X86_INTEL_TDX", "CUSTOM_CC_TDX_QUOTE_READY" },
};

/* Another technology may share the pool and not be usable: SEV-ES beside SEV-SNP. */
static gboolean
is_placed (const HostdTechnologyFacts *facts)
{
  return facts->usability == HOSTD_USABILITY_USABLE && facts->capacity.pool != NULL &&
         facts->capacity.total > 0;
}

static gboolean
was_told (const HostdFacts *facts, guint i)
{
  const char *pool = facts->technology[launched[i].technology].capacity.pool;

  for (guint before = 0; before < i; before++) {
    const HostdTechnologyFacts *t = &facts->technology[launched[before].technology];

    if (is_placed (t) && g_str_equal (t->capacity.pool, pool))
      return TRUE;
  }
  return FALSE;
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
add_technology (JsonBuilder *builder, const HostdFacts *facts, guint i)
{
  g_autofree char *fallback = g_strconcat ("CUSTOM_", launched[i].trait, NULL);

  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "name", hostd_technology_name (launched[i].technology));
  hostd_json_add_string (builder, "trait", launched[i].trait);
  hostd_json_add_string (builder, "fallback", fallback);
  json_builder_set_member_name (builder, "features");
  json_builder_begin_array (builder);
  if (facts->technology[launched[i].technology].quote.state == HOSTD_QUOTE_READY)
    json_builder_add_string_value (builder, launched[i].quote_ready);
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
  for (guint i = 0; i < G_N_ELEMENTS (launched); i++) {
    const HostdTechnologyFacts *t = &facts->technology[launched[i].technology];

    if (is_placed (t) && g_str_equal (t->capacity.pool, capacity->pool))
      add_technology (builder, facts, i);
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
  for (guint i = 0; i < G_N_ELEMENTS (launched); i++) {
    const HostdTechnologyFacts *t = &facts->technology[launched[i].technology];

    if (is_placed (t) && !was_told (facts, i))
      add_pool (builder, facts, &t->capacity, drained);
  }
  json_builder_end_array (builder);
  hostd_json_add_string (builder, "drained", drained);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}
