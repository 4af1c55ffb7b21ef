/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/facts.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/table.h"
#include "engine/capabilities-json.h"
#include "engine/doctor.h"
#include "engine/host-facts.h"
#include "ipc/wire.h"

/* *@ret_costs: what is not known because this is not root; the daemon is. */
static JsonObject *
ask (const HostdOptions *options, char **ret_costs, GError **error)
{
  g_autoptr (HostdFacts) facts = NULL;

  if (!options->offline)
    return hostd_ask_daemon (options, HOSTD_WIRE_COMPUTE_SOCKET, HOSTD_WIRE_LAUNCH_CAPABILITIES,
                             NULL, error);
  /* Not through the engine: a broken template says nothing about the machine. */
  facts = hostd_host_facts_read (options->host, error);
  if (facts == NULL)
    return NULL;
  *ret_costs = hostd_diagnosis_describe_costs (facts);
  return hostd_ask_take_object (hostd_facts_to_json (facts));
}

static gboolean
has_verdict (JsonObject *facts, HostdUsability usability)
{
  return g_strcmp0 (hostd_json_get_string (facts, "verdict"), hostd_usability_name (usability)) ==
         0;
}

/* ---- the table ----------------------------------------------------------------- */

static void
append_count (GString *text, JsonObject *capacity, const char *name, const char *format)
{
  g_autofree char *number = NULL;
  gint64 count;

  if (!hostd_json_get_int (capacity, name, &count))
    return;
  /* Nobody wants to read that none are lost. */
  if (count == 0 && !g_str_equal (name, "in_use"))
    return;
  number = g_strdup_printf ("%" G_GINT64_FORMAT, count);
  g_string_append_printf (text, ", %s %s", number, format);
}

/* "382 guests, 5 in use, 2 by others, 1 lost", as far as it is known; SGX counts bytes. */
static char *
describe_capacity (const char *technology, JsonObject *capacity)
{
  const char *unit =
      g_str_equal (technology, hostd_technology_name (HOSTD_TECHNOLOGY_SGX)) ? "bytes" : "guests";
  GString *text;
  gint64 total;

  if (capacity == NULL || !hostd_json_get_int (capacity, "total", &total))
    return NULL;
  text = g_string_new (NULL);
  g_string_append_printf (text, "%" G_GINT64_FORMAT " %s", total, unit);
  append_count (text, capacity, "in_use", "in use");
  append_count (text, capacity, "others", "by others");
  append_count (text, capacity, "leaked", "lost");
  return g_string_free (text, FALSE);
}

static void
append_host (GString *text, JsonObject *host)
{
  static const struct {
    const char *member, *word;
    gboolean always;
  } versions[] = { { "kernel", "kernel", TRUE },
                   { "libvirt", "libvirt", TRUE },
                   { "qemu", "qemu", TRUE },
                   { "sev_firmware", "sev firmware", FALSE } };
  const char *source = hostd_json_get_string (host, "source");
  gboolean guest;

  g_string_append_printf (text, "host: %s", source != NULL ? source : "unknown");
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    const char *version = hostd_json_get_string (host, versions[i].member);

    if (version != NULL || versions[i].always)
      g_string_append_printf (text, ", %s %s", versions[i].word,
                              version != NULL ? version : "unknown");
  }
  g_string_append_c (text, '\n');
  if (hostd_json_get_boolean (host, "guest", &guest) && guest)
    g_string_append (text, HOSTD_OUTPUT_IS_GUEST);
  g_string_append_c (text, '\n');
}

static void
append_cause (GString *causes, const char *name, const char *what, JsonObject *of)
{
  const char *cause = hostd_json_get_string (of, "cause");
  const char *fix = hostd_json_get_string (of, "fix");
  g_autofree char *line = NULL, *tame = NULL;

  if (cause == NULL)
    return;
  line = g_strdup_printf ("%s%s: %s%s%s", name, what, cause, fix != NULL ? "; to do: " : "",
                          fix != NULL ? fix : "");
  tame = hostd_output_tame (line);
  g_string_append_printf (causes, "%s\n", tame);
}

static void
append_row (HostdTable *table, GString *causes, const char *name, JsonObject *facts)
{
  JsonObject *capacity = hostd_json_get_object (facts, "capacity");
  JsonObject *quote = hostd_json_get_object (facts, "quote");
  const char *state = quote != NULL ? hostd_json_get_string (quote, "state") : NULL;
  gboolean usable = has_verdict (facts, HOSTD_USABILITY_USABLE);
  g_autofree char *room = describe_capacity (name, capacity);
  const char *cells[] = { name,
                          hostd_json_get_string (facts, "verdict"),
                          hostd_json_get_string (facts, "layer"),
                          room,
                          capacity ? hostd_json_get_string (capacity, "pool") : NULL,
                          usable && g_strcmp0 (state, "none") != 0 ? state : NULL };

  hostd_table_add (table, cells);
  /* Why another vendor's technology is not here is no news; --json has it. */
  if (!has_verdict (facts, HOSTD_USABILITY_NOT_APPLICABLE))
    append_cause (causes, name, "", facts);
  if (usable && quote != NULL)
    append_cause (causes, name, " quote", quote);
}

/* ---- evidence -------------------------------------------------------------------- */

/* What was read of one layer; NULL: of the machine in general. */
static void
append_layer (GString *text, JsonArray *evidence, const char *layer)
{
  gboolean headed = FALSE;

  for (guint i = 0; i < json_array_get_length (evidence); i++) {
    JsonNode *node = json_array_get_element (evidence, i);
    JsonObject *piece = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    const char *source = piece != NULL ? hostd_json_get_string (piece, "source") : NULL;
    const char *value = piece != NULL ? hostd_json_get_string (piece, "value") : NULL;
    g_autofree char *tame = NULL;
    g_autofree char *line = NULL;

    if (source == NULL || g_strcmp0 (hostd_json_get_string (piece, "layer"), layer) != 0)
      continue;
    if (!headed)
      g_string_append_printf (text, "  %s\n", layer != NULL ? layer : "machine");
    headed = TRUE;
    line = g_strdup_printf ("%s: %s", source, value != NULL ? value : "");
    tame = hostd_output_tame (line);
    g_string_append_printf (text, "    %s\n", tame);
  }
}

/* Facts that change what a tenant measures or may ask for. */
static void
append_values (GString *text, JsonObject *values)
{
  g_autoptr (GList) names = json_object_get_members (values);

  if (names != NULL)
    g_string_append (text, "  values\n");
  for (GList *l = names; l != NULL; l = l->next) {
    const char *name = l->data;
    const char *value = hostd_json_get_string (values, name);
    JsonObject *unknown = hostd_json_get_object (values, name);
    const char *why = unknown != NULL ? hostd_json_get_string (unknown, "unknown") : NULL;
    g_autofree char *line = value != NULL
                                ? g_strdup_printf ("%s: %s", name, value)
                                : g_strdup_printf ("%s: unknown: %s", name, why ? why : "");
    g_autofree char *tame = hostd_output_tame (line);

    g_string_append_printf (text, "    %s\n", tame);
  }
}

static void
append_evidence (GString *text, const char *name, JsonObject *facts)
{
  JsonArray *evidence = hostd_json_get_array (facts, "evidence");
  JsonObject *values = hostd_json_get_object (facts, "values");
  const char *verdict = hostd_json_get_string (facts, "verdict");

  if (has_verdict (facts, HOSTD_USABILITY_NOT_APPLICABLE))
    return;
  g_string_append_printf (text, "\n%s: %s\n", name, verdict != NULL ? verdict : "unknown");
  for (guint i = HOSTD_LAYER_NONE; evidence != NULL && i <= HOSTD_LAYER_LIBVIRT; i++)
    append_layer (text, evidence, hostd_layer_name ((HostdLayer) i));
  if (values != NULL)
    append_values (text, values);
}

/* ---- all of it --------------------------------------------------------------------- */

static HostdExit
print (const HostdOptions *options, JsonObject *answer, const char *costs)
{
  g_autoptr (HostdTable) table = hostd_table_new (
      (const char *const[]){ "TECHNOLOGY", "VERDICT", "LAYER", "CAPACITY", "POOL", "QUOTE", NULL });
  JsonObject *technologies = hostd_json_get_object (answer, "technologies");
  JsonObject *host = hostd_json_get_object (answer, "host");
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) causes = g_string_new (NULL);
  g_autoptr (GString) evidence = g_string_new (NULL);
  g_autofree char *rows = NULL;

  if (host != NULL)
    append_host (text, host);
  for (guint i = 0; technologies != NULL && i < HOSTD_N_TECHNOLOGIES; i++) {
    const char *name = hostd_technology_name ((HostdTechnology) i);
    JsonObject *facts = hostd_json_get_object (technologies, name);

    if (facts == NULL)
      continue;
    append_row (table, causes, name, facts);
    if (options->evidence)
      append_evidence (evidence, name, facts);
  }
  if (costs != NULL)
    g_string_append_printf (causes, "not root, and so not known: %s\n", costs);
  rows = hostd_table_to_text (table);
  g_string_append (text, rows);
  if (causes->len > 0)
    g_string_append_printf (text, "\n%s", causes->str);
  g_string_append (text, evidence->str);
  return hostd_output_write (text->str, text->len);
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *costs = NULL;
  g_autoptr (JsonObject) answer = ask (options, &costs, &error);

  if (answer == NULL)
    return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
  if (!options->json)
    return print (options, answer, costs);
  return hostd_output_json (answer);
}

const HostdCommand hostd_command_capabilities = {
  .name = "capabilities",
  .arguments = NULL,
  .summary = "Tells which technologies this host, or a recorded one, can start guests with.",
  .details = "What was read to find out is told by --evidence, and stands in --json.\n\n"
             "Exit status: 0, 2 bad input, 64 usage, 69 no daemon, 74 output.\n\n"
             "  cloisterctl capabilities --offline --evidence\n",
  .options = HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_EVIDENCE,
  .run = run,
};
