/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ipc/wire.h"

static HostdExit
fail (const HostdCommand *self, const HostdOptions *options, const GError *error)
{
  return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
}

/* "sev-snp, tdx" */
static char *
join (JsonArray *list)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);

    if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", json_node_get_string (node));
  }
  return g_string_free (text, FALSE);
}

static char *
table_of (JsonObject *answer)
{
  g_autoptr (HostdTable) table =
      hostd_table_new ((const char *const[]){ "POLICY", "TECHNOLOGIES", "WHAT IT IS", NULL });
  JsonArray *list = hostd_json_get_array (answer, "policies");

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++) {
    JsonNode *node = json_array_get_element (list, i);
    JsonObject *policy = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    g_autofree char *technologies = NULL;

    if (policy == NULL)
      continue;
    technologies = join (hostd_json_get_array (policy, "technologies"));
    hostd_table_add (table,
                     (const char *const[]){ hostd_json_get_string (policy, "name"), technologies,
                                            hostd_json_get_string (policy, "title") });
  }
  return hostd_table_to_text (table);
}

static HostdExit
list (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdEngine) engine = NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *text = NULL;

  if (options->offline) {
    engine = hostd_ask_open_engine (options, TRUE, &error);
    answer = engine != NULL ? hostd_ask_take_object (hostd_engine_policies_to_json (engine)) : NULL;
  } else {
    answer = hostd_ask_daemon (options, HOSTD_WIRE_ADMIN_SOCKET, HOSTD_WIRE_ADMIN_POLICIES, NULL,
                               &error);
  }
  if (answer == NULL)
    return fail (self, options, error);
  if (options->json) {
    return hostd_output_json (answer);
  }
  text = table_of (answer);
  return hostd_output_print (text);
}

static char *
policy_text (const HostdOptions *options, const char *name, GError **error)
{
  g_autoptr (HostdEngine) engine = NULL;
  g_autoptr (JsonObject) parameters = NULL;
  g_autoptr (JsonObject) answer = NULL;

  if (options->offline) {
    const HostdPolicy *policy;

    engine = hostd_ask_open_engine (options, TRUE, error);
    if (engine == NULL)
      return NULL;
    policy = hostd_templates_find_policy (hostd_engine_get_templates (engine), name, error);
    return policy != NULL ? g_strdup (hostd_policy_get_text (policy)) : NULL;
  }
  parameters = json_object_new ();
  json_object_set_string_member (parameters, "name", name);
  answer = hostd_ask_daemon (options, HOSTD_WIRE_ADMIN_SOCKET, HOSTD_WIRE_ADMIN_POLICY, parameters,
                             error);
  if (answer == NULL)
    return NULL;
  if (hostd_json_get_string (answer, "text") == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "the daemon's answer cannot be understood");
    return NULL;
  }
  return g_strdup (hostd_json_get_string (answer, "text"));
}

static HostdExit
show (const HostdCommand *self, const HostdOptions *options, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;

  if (!g_utf8_validate (name, -1, NULL))
    return hostd_command_usage (self, "'%s' is no name of a policy", name);
  text = policy_text (options, name, &error);
  if (text == NULL)
    return fail (self, options, error);
  if (!options->json)
    return hostd_output_print (text);
  object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "text", text);
  return hostd_output_json (object);
}

/* Needs nothing of the daemon's, so it is always done here: before the file is where it reads. */
static HostdExit
check (const HostdCommand *self, const HostdOptions *options, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdEngine) engine = hostd_ask_open_engine (options, TRUE, &error);
  g_autoptr (HostdPolicy) policy = NULL;
  g_autofree char *text = NULL, *name = g_path_get_basename (path);
  guint count;

  if (engine != NULL && hostd_known_bad_is_file (name)) {
    if (!hostd_engine_check_known_bad (engine, path, &count, &error))
      return hostd_command_fail (self, HOSTD_EXIT_BAD_INPUT, error);
    text = g_strdup_printf ("%s: %u known-bad combinations, good\n", path, count);
    return hostd_output_print (text);
  }
  if (engine != NULL)
    policy = hostd_templates_check_policy (hostd_engine_get_templates (engine), path, &error);
  if (policy == NULL)
    return hostd_command_fail (self, HOSTD_EXIT_BAD_INPUT, error);
  text = g_strdup_printf ("%s: policy %s is good\n", path, hostd_policy_get_name (policy));
  return hostd_output_print (text);
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  const char *verb = options->arguments[0], *argument = verb ? options->arguments[1] : NULL;

  if (verb == NULL || (g_str_equal (verb, "list") && argument == NULL))
    return list (self, options);
  if (g_str_equal (verb, "show") && argument != NULL)
    return show (self, options, argument);
  if (g_str_equal (verb, "check") && argument != NULL)
    return check (self, options, argument);
  return hostd_command_usage (self, "write list, show NAME or check FILE");
}

const HostdCommand hostd_command_policies = {
  .name = "policies",
  .arguments = "[list | show NAME | check FILE]",
  .summary = "Lists the launch policies, prints one, or checks a file of one.",
  .details = "A fault in a file is told as FILE:LINE: what is wrong. 'check' never asks the "
             "daemon,\nand checks a list of known-bad combinations too (known-bad*.xml).\n\n"
             "Exit status: 0, 2 bad input, 64 usage, 69 no daemon, 74 output.\n",
  .options = HOSTD_OPTIONS_OFFLINE,
  .max_arguments = 2,
  .run = run,
};
