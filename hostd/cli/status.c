/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ipc/wire.h"

#include <string.h>

/*
 * What the daemon alone knows. Its answers are printed by their own names, so that a newer daemon's
 * are shown by an older program too.
 */

/* One value in a line; NULL for null. */
static char *
describe (JsonNode *node)
{
  if (JSON_NODE_HOLDS_NULL (node))
    return NULL;
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? "yes" : "no");
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  return hostd_json_to_string (node, FALSE);
}

/* Seconds since 1970 as a person's clock has them; NULL if it is no such number. */
static char *
describe_time (JsonNode *node)
{
  gboolean is_int = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
  g_autoptr (GDateTime) time =
      is_int ? g_date_time_new_from_unix_local (json_node_get_int (node)) : NULL;

  return time != NULL ? g_date_time_format (time, "%F %T %z") : NULL;
}

/* "in_use" becomes "in use". */
static char *
human (const char *name)
{
  return g_strdelimit (g_strdup (name), "_", ' ');
}

static gboolean
is_time (const char *name)
{
  return g_str_equal (name, "started") || g_str_has_suffix (name, "_from");
}

static void
append_members (GString *text, JsonObject *object, const char *above)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *l = names; l != NULL; l = l->next) {
    JsonNode *value = json_object_get_member (object, l->data);
    g_autofree char *word = human (l->data);
    g_autofree char *path =
        above != NULL ? g_strdup_printf ("%s, %s", above, word) : g_strdup (word);
    g_autofree char *shown = NULL, *tame = NULL;

    if (JSON_NODE_HOLDS_OBJECT (value) && strlen (path) < 80) {
      append_members (text, json_node_get_object (value), path);
      continue;
    }
    shown = is_time (l->data) ? describe_time (value) : NULL;
    if (shown == NULL)
      shown = describe (value);
    tame = hostd_output_tame (shown != NULL ? shown : "none");
    g_string_append_printf (text, "%s: %s\n", path, tame);
  }
}

static char *
status_to_text (JsonObject *answer)
{
  GString *text = g_string_new (NULL);

  append_members (text, answer, NULL);
  return g_string_free (text, FALSE);
}

/* Bindings that cannot be read: the rows are not all there is. */
static void
complain_problems (JsonArray *list)
{
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    g_autofree char *line = describe (json_array_get_element (list, i));

    hostd_output_complain ("note: %s", line != NULL ? line : "unknown");
  }
}

/* "4.3 GiB, at worst 8.0 GiB"; NULL unknown. */
static char *
host_memory_to_text (JsonObject *domain)
{
  JsonObject *memory = hostd_json_get_object (domain, "host_memory");
  g_autofree char *expected = NULL, *worst = NULL;
  gint64 bytes[2];

  if (memory == NULL || !hostd_json_get_int (memory, "expected", &bytes[0]) ||
      !hostd_json_get_int (memory, "worst", &bytes[1]) || bytes[0] < 0 || bytes[1] < 0)
    return NULL;
  expected = g_format_size_full ((guint64) bytes[0], G_FORMAT_SIZE_IEC_UNITS);
  if (bytes[0] == bytes[1])
    return g_steal_pointer (&expected);
  worst = g_format_size_full ((guint64) bytes[1], G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf ("%s, at worst %s", expected, worst);
}

static char *
domains_to_text (JsonObject *answer)
{
  static const char *const members[] = { "uuid", "name", "policy", "technology", "state" };
  g_autoptr (HostdTable) table = hostd_table_new ((const char *const[]){
      "UUID", "NAME", "POLICY", "TECHNOLOGY", "STATE", "HOST MEMORY", NULL });
  JsonArray *list = hostd_json_get_array (answer, "domains");

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);
    const char *cells[G_N_ELEMENTS (members) + 1];
    g_autofree char *memory = NULL;

    if (!JSON_NODE_HOLDS_OBJECT (node))
      continue;
    for (guint j = 0; j < G_N_ELEMENTS (members); j++)
      cells[j] = hostd_json_get_string (json_node_get_object (node), members[j]);
    memory = host_memory_to_text (json_node_get_object (node));
    cells[G_N_ELEMENTS (members)] = memory;
    hostd_table_add (table, cells);
  }
  complain_problems (hostd_json_get_array (answer, "problems"));
  return hostd_table_to_text (table);
}

static HostdExit
run_status (const HostdCommand *self, const HostdOptions *options)
{
  return hostd_ask_and_print (self, options, HOSTD_WIRE_ADMIN_STATUS, NULL, status_to_text);
}

static HostdExit
run_domains (const HostdCommand *self, const HostdOptions *options)
{
  return hostd_ask_and_print (self, options, HOSTD_WIRE_ADMIN_DOMAINS, NULL, domains_to_text);
}

const HostdCommand hostd_command_status = {
  .name = "status",
  .summary = "Tells how the daemon is.",
  .details = "Exit status: 0, 64 usage, 69 no daemon, 74 output.\n",
  .run = run_status,
};

const HostdCommand hostd_command_domains = {
  .name = "domains",
  .summary = "Lists the domains that are bound to a policy, or run under one.",
  .details = "Exit status: 0, 64 usage, 69 no daemon, 74 output.\n",
  .run = run_domains,
};
