/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "ipc/wire.h"

/* What happened (audit) and what happens (monitor): one line an event. */

static char *
time_of (JsonObject *event)
{
  const char *text = hostd_json_get_string (event, "time");
  g_autoptr (GDateTime) time = NULL;
  gint64 seconds;

  if (text != NULL)
    return g_strdup (text);
  if (hostd_json_get_int (event, "time", &seconds))
    time = g_date_time_new_from_unix_local (seconds);
  return time != NULL ? g_date_time_format (time, "%F %T") : g_strdup ("?");
}

static char *
event_to_line (JsonObject *event)
{
  const char *word = hostd_json_get_string (event, "event");
  const char *uuid = hostd_json_get_string (event, "uuid");
  const char *text = hostd_json_get_string (event, "text");
  g_autofree char *time = time_of (event);
  g_autofree char *line =
      g_strdup_printf ("%s %s %s%s%s", time, word != NULL ? word : "?", uuid != NULL ? uuid : "-",
                       text != NULL ? " " : "", text != NULL ? text : "");
  g_autofree char *tame = hostd_output_tame (line);

  return g_strconcat (tame, "\n", NULL);
}

/* Each event is written when it comes: a person watches, or a program reads line by line. */
static HostdExit
print_event (JsonObject *event, gboolean json)
{
  g_autofree char *compact = hostd_json_object_to_string (event, FALSE);
  g_autofree char *line = json ? g_strconcat (compact, "\n", NULL) : event_to_line (event);

  return hostd_output_print (line);
}

static HostdExit
run_monitor (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdClient) client = hostd_ask_connect (options, HOSTD_WIRE_ADMIN_SOCKET, &error);

  if (client == NULL || !hostd_client_begin_stream (client, HOSTD_WIRE_ADMIN_MONITOR, &error))
    return hostd_command_fail (self, HOSTD_EXIT_UNAVAILABLE, error);
  for (;;) {
    g_autoptr (JsonObject) event = hostd_client_next (client, &error);
    HostdExit written;

    if (event == NULL)
      return hostd_command_fail (self, HOSTD_EXIT_UNAVAILABLE, error);
    written = print_event (event, options->json);
    if (written != HOSTD_EXIT_OK)
      return written;
  }
}

static char *
records_to_text (JsonObject *answer)
{
  GString *text = g_string_new (NULL);
  JsonArray *records = hostd_json_get_array (answer, "records");

  for (guint i = 0; records != NULL && i < json_array_get_length (records); i++) {
    JsonNode *record = json_array_get_element (records, i);
    g_autofree char *line =
        JSON_NODE_HOLDS_OBJECT (record) ? event_to_line (json_node_get_object (record)) : NULL;

    g_string_append (text, line != NULL ? line : "");
  }
  return g_string_free (text, FALSE);
}

static HostdExit
run_audit (const HostdCommand *self, const HostdOptions *options)
{
  return hostd_ask_and_print (self, options, HOSTD_WIRE_ADMIN_AUDIT, NULL, records_to_text);
}

const HostdCommand hostd_command_monitor = {
  .name = "monitor",
  .summary = "Shows what happens, as it happens, until it is interrupted.",
  .details = "With --json each event is one line.\n\n"
             "Exit status: 64 usage, 69 the daemon is not there or ended, 74 output.\n",
  .run = run_monitor,
};

const HostdCommand hostd_command_audit = {
  .name = "audit",
  .summary = "Shows the last records of the audit log, oldest first.",
  .details = "Exit status: 0, 64 usage, 69 no daemon, 74 output.\n",
  .run = run_audit,
};
