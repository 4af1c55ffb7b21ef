/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "ipc/wire.h"

static void
append_finding (GString *text, JsonObject *finding, gboolean *ret_error)
{
  const char *level = hostd_json_get_string (finding, "level");
  const char *id = hostd_json_get_string (finding, "id");
  const char *said = hostd_json_get_string (finding, "text");
  g_autofree char *line = g_strdup_printf ("%s: %s: %s", level != NULL ? level : "error",
                                           id != NULL ? id : "?", said != NULL ? said : "");
  g_autofree char *tame = hostd_output_tame (line);

  g_string_append_printf (text, "%s\n", tame);
  if (g_strcmp0 (level, "warning") != 0)
    *ret_error = TRUE;
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer =
      hostd_ask_daemon (options, HOSTD_WIRE_ADMIN_SOCKET, HOSTD_WIRE_ADMIN_DOCTOR, NULL, &error);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean bad = FALSE;
  JsonArray *findings;
  HostdExit written;

  if (answer == NULL)
    return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
  findings = hostd_json_get_array (answer, "findings");
  for (guint i = 0; findings != NULL && i < json_array_get_length (findings); i++) {
    JsonNode *finding = json_array_get_element (findings, i);

    if (JSON_NODE_HOLDS_OBJECT (finding))
      append_finding (text, json_node_get_object (finding), &bad);
  }
  if (text->len == 0)
    g_string_append (text, "nothing is wrong\n");
  if (options->json) {
    written = hostd_output_json (answer);
  } else {
    written = hostd_output_print (text->str);
  }
  return written == HOSTD_EXIT_OK && bad ? HOSTD_EXIT_REFUSED : written;
}

const HostdCommand hostd_command_doctor = {
  .name = "doctor",
  .summary = "Tells what is wrong with the gate and the daemon, and what to do.",
  .details =
      "Exit status: 0 no error (there may be warnings), 3 an error was found, 64 usage, 69 no "
      "daemon,\n74 output.\n",
  .run = run,
};
