/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/outcome.h"

#include "base/json.h"
#include "base/reasons.h"
#include "cli/output.h"

HostdExit
hostd_outcome_get_exit (JsonObject *answer)
{
  const char *verdict = hostd_json_get_string (answer, "verdict");

  if (g_strcmp0 (verdict, hostd_verdict_name (HOSTD_VERDICT_ALLOW)) == 0)
    return HOSTD_EXIT_OK;
  if (g_strcmp0 (verdict, hostd_verdict_name (HOSTD_VERDICT_REFUSE)) == 0)
    return HOSTD_EXIT_REFUSED;
  if (g_strcmp0 (verdict, hostd_verdict_name (HOSTD_VERDICT_NOT_OURS)) == 0)
    return HOSTD_EXIT_NOT_OURS;
  return HOSTD_EXIT_UNAVAILABLE;
}

/* NULL if @node, which a daemon of another version may have sent, is no reason. */
static char *
line_of (JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  HostdReason reason = { 0 };
  g_autofree char *line = NULL;

  if (object == NULL)
    return NULL;
  reason.id = (char *) hostd_json_get_string (object, "id");
  reason.xpath = (char *) hostd_json_get_string (object, "xpath");
  reason.text = (char *) hostd_json_get_string (object, "text");
  if (reason.id == NULL || reason.text == NULL)
    return NULL;
  line = hostd_reason_to_line (&reason);
  return hostd_output_tame (line);
}

char *
hostd_outcome_to_lines (JsonObject *answer, const char *member, const char *prefix)
{
  JsonArray *list = hostd_json_get_array (answer, member);
  GString *text = g_string_new (NULL);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    g_autofree char *line = line_of (json_array_get_element (list, i));

    if (line != NULL)
      g_string_append_printf (text, "%s%s\n", prefix, line);
  }
  return g_string_free (text, FALSE);
}

void
hostd_outcome_complain (JsonObject *answer, const char *member, const char *prefix)
{
  g_autofree char *text = hostd_outcome_to_lines (answer, member, prefix);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0')
      hostd_output_complain ("%s", lines[i]);
}

HostdExit
hostd_outcome_print_json (JsonObject *answer)
{
  HostdExit written = hostd_output_json (answer);

  return written != HOSTD_EXIT_OK ? written : hostd_outcome_get_exit (answer);
}
