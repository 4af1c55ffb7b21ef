/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "engine/doctor.h"
#include "engine/host-facts.h"
#include "ipc/wire.h"

/* ECMA-48, as cli/diff.c has it. */
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define PLAIN "\033[0m"

/* The machine alone, by this process: what the daemon knows of gate and store is not asked. */
static JsonObject *
examine (const HostdOptions *options, GError **error)
{
  g_autoptr (HostdDiagnosis) diagnosis = NULL;
  g_autoptr (HostdFacts) facts = hostd_host_facts_read (options->host, error);
  g_autoptr (HostdKnownBad) known_bad = NULL;
  g_autoptr (GError) local = NULL;

  if (facts == NULL)
    return NULL;
  diagnosis = hostd_diagnosis_new ();
  known_bad = hostd_ask_load_known_bad (options, &local);
  if (known_bad == NULL)
    hostd_diagnosis_add (diagnosis, HOSTD_FINDING_ERROR, "known-bad", NULL, NULL,
                         "known-bad combinations were not looked for: %s", local->message);
  hostd_diagnosis_examine (diagnosis, facts, known_bad);
  return hostd_diagnosis_to_json (diagnosis);
}

static JsonObject *
ask (const HostdOptions *options, GError **error)
{
  return options->offline ? examine (options, error)
                          : hostd_ask_daemon (options, HOSTD_WIRE_ADMIN_SOCKET,
                                              HOSTD_WIRE_ADMIN_DOCTOR, NULL, error);
}

static void
append_finding (GString *text, JsonObject *finding, const char *level, gboolean color)
{
  const char *id = hostd_json_get_string (finding, "id");
  const char *said = hostd_json_get_string (finding, "text");
  const char *fix = hostd_json_get_string (finding, "fix");
  const char *source = hostd_json_get_string (finding, "source");
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *tame = NULL;

  g_string_append_printf (line, ": %s: %s", id != NULL ? id : "?", said != NULL ? said : "");
  if (fix != NULL)
    g_string_append_printf (line, "; to do: %s", fix);
  if (source != NULL)
    g_string_append_printf (line, " (%s)", source);
  tame = hostd_output_tame (line->str);
  if (color)
    g_string_append_printf (text, "%s%s" PLAIN "%s\n",
                            g_str_equal (level, "warning") ? YELLOW : RED, level, tame);
  else
    g_string_append_printf (text, "%s%s\n", level, tame);
}

/* Lines for a person; notes hold for any host, and are no news. */
static void
append_findings (GString *text, JsonArray *findings, gboolean color, gboolean *ret_error)
{
  for (guint i = 0; findings != NULL && i < json_array_get_length (findings); i++) {
    JsonNode *node = json_array_get_element (findings, i);
    JsonObject *finding = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    const char *level = finding != NULL ? hostd_json_get_string (finding, "level") : NULL;
    gboolean known = g_strcmp0 (level, "warning") == 0;

    if (finding == NULL || g_strcmp0 (level, "note") == 0)
      continue;
    append_finding (text, finding, known ? level : "error", color);
    *ret_error |= !known;
  }
}

/* It is asked when the daemon is not well: then there is another way. */
static HostdExit
fail (const HostdCommand *self, const HostdOptions *options, const GError *error)
{
  HostdExit status = hostd_ask_exit_of (options, error);
  g_autoptr (GError) more = g_error_new (
      error->domain, error->code,
      "%s; 'cloisterctl doctor --offline' judges the machine without it", error->message);

  return hostd_command_fail (self, status, status == HOSTD_EXIT_UNAVAILABLE ? more : error);
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = ask (options, &error);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean bad = FALSE, guest = FALSE;
  HostdExit written;

  if (answer == NULL)
    return fail (self, options, error);
  hostd_json_get_boolean (answer, "guest", &guest);
  if (guest)
    g_string_append (text, HOSTD_OUTPUT_IS_GUEST);
  append_findings (text, hostd_json_get_array (answer, "findings"),
                   hostd_options_want_color (options), &bad);
  if (text->len == 0)
    g_string_append (text, "nothing is wrong\n");
  written = options->json ? hostd_output_json (answer) : hostd_output_print (text->str);
  if (written != HOSTD_EXIT_OK)
    return written;
  return bad ? HOSTD_EXIT_REFUSED : guest ? HOSTD_EXIT_GUEST : HOSTD_EXIT_OK;
}

const HostdCommand hostd_command_doctor = {
  .name = "doctor",
  .summary = "Tells what is wrong with host, gate and daemon, and what to do.",
  .details =
      "With --offline of the machine alone, or of a recorded one, without the daemon; as root it "
      "knows more,\nand says what it does not.\n\n"
      "Exit status: 0 no error (there may be warnings), 2 bad input, 3 an error was found, 5 no "
      "error, and this\nmachine is a guest itself, 64 usage, 69 no daemon, 74 output.\n",
  .options = HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_COLOR,
  .run = run,
};
