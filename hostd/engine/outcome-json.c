/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/engine.h"

#include "base/json.h"

static void
add_reasons (JsonBuilder *builder, const char *name, const HostdReasons *reasons)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < hostd_reasons_count (reasons); i++) {
    const HostdReason *reason = hostd_reasons_get (reasons, i);

    json_builder_begin_object (builder);
    hostd_json_add_string (builder, "id", reason->id);
    hostd_json_add_string (builder, "xpath", reason->xpath);
    hostd_json_add_string (builder, "text", reason->text);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

JsonNode *
hostd_rewrite_to_json (const HostdRewrite *rewrite)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  HostdTechnology technology;
  gboolean chosen = hostd_rewrite_get_technology (rewrite, &technology);

  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "verdict",
                         hostd_verdict_name (hostd_rewrite_get_verdict (rewrite)));
  hostd_json_add_string (builder, "technology", chosen ? hostd_technology_name (technology) : NULL);
  hostd_json_add_string (builder, "uuid", hostd_rewrite_get_uuid (rewrite));
  hostd_json_add_string (builder, "policy_digest", hostd_rewrite_get_policy_digest (rewrite));
  add_reasons (builder, "reasons", hostd_rewrite_get_reasons (rewrite));
  add_reasons (builder, "notes", hostd_rewrite_get_notes (rewrite));
  hostd_json_add_string (builder, "xml", hostd_rewrite_get_text (rewrite, NULL));
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

JsonNode *
hostd_verify_to_json (const HostdVerify *verify)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  HostdTechnology technology;
  gboolean known = hostd_verify_get_technology (verify, &technology);

  json_builder_begin_object (builder);
  hostd_json_add_string (builder, "verdict",
                         hostd_verdict_name (hostd_verify_get_verdict (verify)));
  hostd_json_add_string (builder, "technology", known ? hostd_technology_name (technology) : NULL);
  add_reasons (builder, "reasons", hostd_verify_get_reasons (verify));
  add_reasons (builder, "notes", hostd_verify_get_notes (verify));
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

JsonNode *
hostd_engine_policies_to_json (HostdEngine *self)
{
  HostdTemplates *templates = hostd_engine_get_templates (self);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "policies");
  json_builder_begin_array (builder);
  for (guint i = 0; i < hostd_templates_count_policies (templates); i++) {
    const HostdPolicy *policy = hostd_templates_get_policy (templates, i);

    json_builder_begin_object (builder);
    hostd_json_add_string (builder, "name", hostd_policy_get_name (policy));
    hostd_json_add_string (builder, "title", hostd_policy_get_title (policy));
    hostd_json_add_string (builder, "path", hostd_policy_get_path (policy));
    hostd_json_add_string (builder, "digest", hostd_policy_get_digest (policy));
    json_builder_set_member_name (builder, "technologies");
    json_builder_begin_array (builder);
    for (guint j = 0; j < hostd_policy_count_technologies (policy); j++)
      json_builder_add_string_value (
          builder, hostd_technology_name (hostd_policy_get_technology (policy, j)));
    json_builder_end_array (builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}
