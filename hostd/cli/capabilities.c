/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/facts.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/table.h"
#include "engine/capabilities-json.h"
#include "engine/host-facts.h"
#include "ipc/wire.h"

static JsonObject *
ask (const HostdOptions *options, GError **error)
{
  g_autoptr (HostdFacts) facts = NULL;

  if (!options->offline)
    return hostd_ask_daemon (options, HOSTD_WIRE_COMPUTE_SOCKET, HOSTD_WIRE_LAUNCH_CAPABILITIES,
                             NULL, error);
  /* Not through the engine: a broken template says nothing about the machine. */
  facts = hostd_host_facts_read (options->host, error);
  return facts != NULL ? hostd_ask_take_object (hostd_facts_to_json (facts)) : NULL;
}

/* "382 guests, 5 in use", as far as it is known; SGX counts bytes. */
static char *
describe_capacity (const char *technology, JsonObject *capacity)
{
  const char *unit =
      g_str_equal (technology, hostd_technology_name (HOSTD_TECHNOLOGY_SGX)) ? "bytes" : "guests";
  gint64 total, in_use;

  if (capacity == NULL || !hostd_json_get_int (capacity, "total", &total))
    return NULL;
  if (!hostd_json_get_int (capacity, "in_use", &in_use))
    return g_strdup_printf ("%" G_GINT64_FORMAT " %s", total, unit);
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s, %" G_GINT64_FORMAT " in use", total, unit,
                          in_use);
}

static void
append_host (GString *text, JsonObject *host)
{
  static const char *const versions[] = { "libvirt", "qemu" };
  const char *source = hostd_json_get_string (host, "source");

  g_string_append_printf (text, "host: %s", source != NULL ? source : "unknown");
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    const char *version = hostd_json_get_string (host, versions[i]);

    g_string_append_printf (text, ", %s %s", versions[i], version != NULL ? version : "unknown");
  }
  g_string_append (text, "\n\n");
}

static void
append_row (HostdTable *table, GString *causes, const char *name, JsonObject *facts)
{
  const char *verdict = hostd_json_get_string (facts, "verdict");
  const char *layer = hostd_json_get_string (facts, "layer");
  const char *cause = hostd_json_get_string (facts, "cause");
  const char *fix = hostd_json_get_string (facts, "fix");
  JsonObject *capacity = hostd_json_get_object (facts, "capacity");
  g_autofree char *room = describe_capacity (name, capacity);
  const char *cells[] = { name, verdict, layer, room,
                          capacity ? hostd_json_get_string (capacity, "pool") : NULL };

  hostd_table_add (table, cells);
  /* Why another vendor's technology is not here is no news; --json has it. */
  if (cause != NULL &&
      g_strcmp0 (verdict, hostd_usability_name (HOSTD_USABILITY_NOT_APPLICABLE)) != 0)
    g_string_append_printf (causes, "%s: %s%s%s\n", name, cause, fix != NULL ? "; to do: " : "",
                            fix != NULL ? fix : "");
}

static HostdExit
print (JsonObject *answer)
{
  g_autoptr (HostdTable) table = hostd_table_new (
      (const char *const[]){ "TECHNOLOGY", "VERDICT", "LAYER", "CAPACITY", "POOL", NULL });
  JsonObject *technologies = hostd_json_get_object (answer, "technologies");
  JsonObject *host = hostd_json_get_object (answer, "host");
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) causes = g_string_new (NULL);
  g_autofree char *rows = NULL;

  if (host != NULL)
    append_host (text, host);
  for (guint i = 0; technologies != NULL && i < HOSTD_N_TECHNOLOGIES; i++) {
    const char *name = hostd_technology_name ((HostdTechnology) i);
    JsonObject *facts = hostd_json_get_object (technologies, name);

    if (facts != NULL)
      append_row (table, causes, name, facts);
  }
  rows = hostd_table_to_text (table);
  g_string_append (text, rows);
  if (causes->len > 0)
    g_string_append_printf (text, "\n%s", causes->str);
  return hostd_output_write (text->str, text->len);
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = ask (options, &error);

  if (answer == NULL)
    return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
  if (!options->json)
    return print (answer);
  return hostd_output_json (answer);
}

const HostdCommand hostd_command_capabilities = {
  .name = "capabilities",
  .arguments = NULL,
  .summary = "Tells which technologies this host, or a recorded one, can start guests with.",
  .details = "What was read to find out stands in --json, as evidence.\n\n"
             "Exit status: 0, 2 bad input, 64 usage, 69 no daemon, 74 output.\n\n"
             "  cloisterctl capabilities --offline\n",
  .options = HOSTD_OPTIONS_OFFLINE,
  .run = run,
};
