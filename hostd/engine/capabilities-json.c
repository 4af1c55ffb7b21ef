/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/capabilities-json.h"

#include "base/json.h"
#include "base/text.h"

static void
add_count (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  if (value == HOSTD_CAPACITY_UNKNOWN)
    json_builder_add_null_value (builder);
  else
    json_builder_add_int_value (builder, value);
}

static void
add_strings (JsonBuilder *builder, const char *name, char **strings)
{
  json_builder_set_member_name (builder, name);
  if (strings == NULL) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_array (builder);
  for (guint i = 0; strings[i]; i++)
    json_builder_add_string_value (builder, strings[i]);
  json_builder_end_array (builder);
}

static void
add_version (JsonBuilder *builder, const char *name, guint version)
{
  g_autofree char *text = hostd_version_to_text (version);

  hostd_json_add_string (builder, name, text);
}

static void
add_host (JsonBuilder *builder, const HostdFacts *facts)
{
  g_autofree char *sev_firmware = hostd_facts_describe_sev_firmware (facts);

  json_builder_set_member_name (builder, "host");
  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "source", facts->source);
  add_version (builder, "libvirt", facts->libvirt_version);
  add_version (builder, "qemu", facts->qemu_version);
  hostd_json_add_string (builder, "kernel", facts->kernel_release);
  hostd_json_add_string (builder, "sev_firmware", sev_firmware);
  json_builder_set_member_name (builder, "guest");
  json_builder_add_boolean_value (builder, facts->guest);
  json_builder_set_member_name (builder, "root");
  json_builder_add_boolean_value (builder, facts->as_root);
  add_count (builder, "cbitpos",
             facts->cbit_known ? (gint64) facts->cbitpos : HOSTD_CAPACITY_UNKNOWN);
  add_strings (builder, "emulators", facts->emulators);
  json_builder_end_object (builder);
}

static void
add_capacity (JsonBuilder *builder, const HostdCapacity *capacity)
{
  json_builder_set_member_name (builder, "capacity");
  json_builder_begin_object (builder);
  add_count (builder, "total", capacity->total);
  add_count (builder, "in_use", capacity->in_use);
  add_count (builder, "others", capacity->others);
  add_count (builder, "leaked", capacity->leaked);
  add_count (builder, "free", capacity->free);
  hostd_json_add_string (builder, "pool", capacity->pool);
  if (capacity->nodes != NULL) {
    json_builder_set_member_name (builder, "nodes");
    json_builder_begin_array (builder);
    for (guint i = 0; i < capacity->nodes->len; i++) {
      const HostdCapacityNode *node = &g_array_index (capacity->nodes, HostdCapacityNode, i);

      json_builder_begin_object (builder);
      add_count (builder, "node", node->node);
      add_count (builder, "total", node->total);
      json_builder_end_object (builder);
    }
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
}

/* A text, or { "unknown": why }: a reader cannot take the one for the other. */
static void
add_values (JsonBuilder *builder, const GPtrArray *values)
{
  json_builder_set_member_name (builder, "values");
  json_builder_begin_object (builder);
  for (guint i = 0; i < values->len; i++) {
    const HostdValue *value = g_ptr_array_index (values, i);

    if (value->text != NULL) {
      hostd_json_add_string (builder, value->name, value->text);
    } else {
      json_builder_set_member_name (builder, value->name);
      json_builder_begin_object (builder);
      hostd_json_add_string (builder, "unknown", value->why);
      json_builder_end_object (builder);
    }
  }
  json_builder_end_object (builder);
}

static void
add_technology (JsonBuilder *builder, const HostdTechnologyFacts *facts)
{
  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "verdict", hostd_usability_name (facts->usability));
  hostd_json_add_string (builder, "layer", hostd_layer_name (facts->layer));
  hostd_json_add_string (builder, "cause", facts->cause);
  hostd_json_add_string (builder, "fix", facts->fix);

  json_builder_set_member_name (builder, "evidence");
  json_builder_begin_array (builder);
  for (guint i = 0; i < facts->evidence->len; i++) {
    const HostdEvidence *evidence = g_ptr_array_index (facts->evidence, i);

    json_builder_begin_object (builder);
    hostd_json_add_string (builder, "layer", hostd_layer_name (evidence->layer));
    hostd_json_add_string (builder, "source", evidence->source);
    hostd_json_add_string (builder, "value", evidence->value);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);

  add_capacity (builder, &facts->capacity);
  add_values (builder, facts->values);
  json_builder_set_member_name (builder, "quote");
  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "state", hostd_quote_state_name (facts->quote.state));
  hostd_json_add_string (builder, "cause", facts->quote.cause);
  hostd_json_add_string (builder, "fix", facts->quote.fix);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
add_firmware (JsonBuilder *builder, const HostdFacts *facts)
{
  json_builder_set_member_name (builder, "firmware");
  if (!facts->firmware_known) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_array (builder);
  for (guint i = 0; i < facts->firmware->len; i++) {
    const HostdFirmware *firmware = g_ptr_array_index (facts->firmware, i);

    json_builder_begin_object (builder);
    hostd_json_add_string (builder, "descriptor", firmware->descriptor);
    hostd_json_add_string (builder, "image", firmware->image);
    hostd_json_add_string (builder, "device", firmware->flash ? "flash" : "memory");
    json_builder_set_member_name (builder, "uefi");
    json_builder_add_boolean_value (builder, firmware->uefi);
    add_strings (builder, "features", firmware->features);
    add_strings (builder, "machines", firmware->machines);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

JsonNode *
hostd_facts_to_json (const HostdFacts *facts)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_host (builder, facts);
  json_builder_set_member_name (builder, "technologies");
  json_builder_begin_object (builder);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    json_builder_set_member_name (builder, hostd_technology_name ((HostdTechnology) i));
    add_technology (builder, &facts->technology[i]);
  }
  json_builder_end_object (builder);
  add_firmware (builder, facts);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}
