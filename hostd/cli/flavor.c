/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "cli/input.h"
#include "cli/output.h"
#include "engine/flavor-check.h"

/* "'web': no-trait: it does not ...", a line each. */
static void
append_said (GString *text, const char *name, const char *prefix, JsonArray *list)
{
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *said = json_array_get_object_element (list, i);
    g_autofree char *line =
        g_strdup_printf ("%s: %s%s: %s", name, prefix, hostd_json_get_string (said, "id"),
                         hostd_json_get_string (said, "text"));
    g_autofree char *tame = hostd_output_tame (line);

    g_string_append_printf (text, "%s\n", tame);
  }
}

static void
append_flavor (GString *text, JsonObject *flavor)
{
  g_autofree char *quoted = g_shell_quote (hostd_json_get_string (flavor, "name"));
  JsonArray *findings = hostd_json_get_array (flavor, "findings");
  JsonArray *commands = hostd_json_get_array (flavor, "commands");

  append_said (text, quoted, "", findings);
  append_said (text, quoted, "note: ", hostd_json_get_array (flavor, "notes"));
  /* They are printable as they are: engine/flavor.h. */
  for (guint i = 0; i < json_array_get_length (commands); i++)
    g_string_append_printf (text, "  %s\n", json_array_get_string_element (commands, i));
}

static char *
answer_to_text (JsonObject *answer)
{
  GString *text = g_string_new (NULL);
  JsonArray *flavors = hostd_json_get_array (answer, "flavors");
  gint64 release = 0, checked = 0, wrong = 0;

  hostd_json_get_int (answer, "nova_release", &release);
  hostd_json_get_int (answer, "checked", &checked);
  hostd_json_get_int (answer, "wrong", &wrong);
  for (guint i = 0; i < json_array_get_length (flavors); i++)
    append_flavor (text, json_array_get_object_element (flavors, i));
  g_string_append_printf (text,
                          "%" G_GINT64_FORMAT
                          " flavors, %u with words of protection, %" G_GINT64_FORMAT
                          " to be mended (for Nova %" G_GINT64_FORMAT ")\n",
                          checked, json_array_get_length (flavors), wrong, release);
  return g_string_free (text, FALSE);
}

static JsonObject *
check_file (const HostdOptions *options, const char *path, guint release, GError **error)
{
  g_autoptr (HostdEngine) engine = hostd_ask_open_engine (options, TRUE, error);
  g_autoptr (JsonNode) list = NULL;
  g_autofree char *text = NULL;
  JsonObject *answer;
  gsize length;

  if (engine == NULL)
    return NULL;
  text = hostd_input_read (path, HOSTD_JSON_MAX_BYTES, &length, error);
  if (text == NULL)
    return NULL;
  list = hostd_json_parse (text, length, error);
  answer = list != NULL
               ? hostd_flavor_check (list, release, hostd_engine_get_templates (engine), error)
               : NULL;
  if (answer == NULL)
    g_prefix_error (error, "%s: ", g_str_equal (path, "-") ? "standard input" : path);
  return answer;
}

static HostdExit
check (const HostdCommand *self, const HostdOptions *options, guint release)
{
  const char *path = options->arguments[1] != NULL ? options->arguments[1] : "-";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = check_file (options, path, release, &error);
  g_autofree char *text = NULL;
  gint64 wrong = 0;
  HostdExit written;

  if (answer == NULL)
    return hostd_command_fail (self, HOSTD_EXIT_BAD_INPUT, error);
  hostd_json_get_int (answer, "wrong", &wrong);
  text = options->json ? NULL : answer_to_text (answer);
  written = options->json ? hostd_output_json (answer) : hostd_output_print (text);
  if (written != HOSTD_EXIT_OK)
    return written;
  return wrong > 0 ? HOSTD_EXIT_REFUSED : HOSTD_EXIT_OK;
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  guint64 release = HOSTD_FLAVOR_NOVA_DEFAULT;

  if (!g_str_equal (options->arguments[0], "check"))
    return hostd_command_usage (self, "write check, then a FILE or nothing");
  if (options->nova_release != NULL &&
      (!hostd_parse_decimal (options->nova_release, HOSTD_FLAVOR_NOVA_LAST, &release) ||
       release < HOSTD_FLAVOR_NOVA_FIRST))
    return hostd_command_usage (self, "--nova-release is a major release from %d on, not '%s'",
                                HOSTD_FLAVOR_NOVA_FIRST, options->nova_release);
  return check (self, options, (guint) release);
}

const HostdCommand hostd_command_flavor = {
  .name = "flavor",
  .arguments = "check [FILE]",
  .summary = "Checks that flavors which ask for protection are placed only where it is.",
  .details =
      "FILE is what 'openstack flavor list --all --long -f json' prints; without it, or with '-',\n"
      "standard input is read. Nova's scheduler ignores cc:*, so a flavor needs a resource and\n"
      "traits as well. Each command that mends one is printed below what is wrong, indented.\n\n"
      "Exit status: 0 all are fine, 2 bad input, 3 some are to be mended, 64 usage, 74 output.\n",
  .options = HOSTD_OPTIONS_NOVA,
  .min_arguments = 1,
  .max_arguments = 2,
  .run = run,
};
