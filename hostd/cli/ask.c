/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/ask.h"

#include "base/error.h"
#include "cli/output.h"
#include "engine/template-dir.h"
#include "ipc/wire.h"

/* Rewrite waits for a disk and verifies; more than this is a daemon that hangs. */
#define TIMEOUT_MS 30000

#define SYSTEM_POLICIES CLOISTER_SYSCONF_DIR "/policies"

/* *@ret_templates: the shipped ones. Returns the operator's folders, NULL-terminated. */
static GPtrArray *
policy_folders (const HostdOptions *options, char **ret_templates)
{
  g_autofree char *program = hostd_template_dir_own_program ();
  GPtrArray *folders = g_ptr_array_new ();
  gboolean uninstalled;

  *ret_templates = hostd_template_dir_find (program, &uninstalled);
  if (!uninstalled && g_file_test (SYSTEM_POLICIES, G_FILE_TEST_IS_DIR))
    g_ptr_array_add (folders, (gpointer) SYSTEM_POLICIES);
  for (guint i = 0; options->policy_dirs != NULL && options->policy_dirs[i] != NULL; i++)
    g_ptr_array_add (folders, options->policy_dirs[i]);
  g_ptr_array_add (folders, NULL);
  return folders;
}

HostdEngine *
hostd_ask_open_engine (const HostdOptions *options, gboolean no_host, GError **error)
{
  g_autofree char *templates = NULL;
  g_autoptr (GPtrArray) folders = policy_folders (options, &templates);
  const HostdEngineOptions how = { .template_dir = templates,
                                   .policy_dirs = (const char *const *) folders->pdata,
                                   .recording = options->host,
                                   .no_host = no_host };
  g_autoptr (HostdEngine) engine = hostd_engine_new (&how, error);

  /* A person sits here: the fault is told, not worked around. */
  if (engine != NULL && hostd_engine_get_known_bad_error (engine) != NULL) {
    g_set_error_literal (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                         hostd_engine_get_known_bad_error (engine));
    return NULL;
  }
  return g_steal_pointer (&engine);
}

HostdKnownBad *
hostd_ask_load_known_bad (const HostdOptions *options, GError **error)
{
  g_autofree char *templates = NULL;
  g_autoptr (GPtrArray) folders = policy_folders (options, &templates);

  return hostd_known_bad_load (templates, (const char *const *) folders->pdata, error);
}

HostdClient *
hostd_ask_connect (const HostdOptions *options, const char *socket, GError **error)
{
  g_autofree char *usual = g_build_filename (CLOISTER_RUN_DIR, socket, NULL);

  return hostd_client_connect (options->socket != NULL ? options->socket : usual, TIMEOUT_MS,
                               error);
}

JsonObject *
hostd_ask_daemon (const HostdOptions *options, const char *socket, const char *method,
                  JsonObject *parameters, GError **error)
{
  g_autoptr (HostdClient) client = hostd_ask_connect (options, socket, error);

  return client != NULL ? hostd_client_call (client, method, parameters, error) : NULL;
}

HostdExit
hostd_ask_exit_of (const HostdOptions *options, const GError *error)
{
  static const HostdError about_input[] = { HOSTD_ERROR_INVALID, HOSTD_ERROR_TOO_LARGE,
                                            HOSTD_ERROR_NOT_FOUND, HOSTD_ERROR_EXISTS };

  if (options->offline)
    return HOSTD_EXIT_BAD_INPUT;
  for (guint i = 0; i < G_N_ELEMENTS (about_input); i++)
    if (g_error_matches (error, HOSTD_ERROR, (int) about_input[i]))
      return HOSTD_EXIT_BAD_INPUT;
  return HOSTD_EXIT_UNAVAILABLE;
}

HostdExit
hostd_ask_and_print (const HostdCommand *command, const HostdOptions *options, const char *method,
                     JsonObject *parameters, char *(*to_text) (JsonObject *answer))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer =
      hostd_ask_daemon (options, HOSTD_WIRE_ADMIN_SOCKET, method, parameters, &error);
  g_autofree char *text = NULL;

  if (answer == NULL)
    return hostd_command_fail (command, hostd_ask_exit_of (options, error), error);
  if (options->json)
    return hostd_output_json (answer);
  if (to_text == NULL)
    return HOSTD_EXIT_OK;
  text = to_text (answer);
  return hostd_output_print (text);
}

JsonObject *
hostd_ask_make_parameters (const HostdRequest *request, const char *xml, gsize length,
                           const char *stage, GError **error)
{
  g_autoptr (JsonObject) parameters = NULL;
  JsonObject *data;

  /* JSON carries nothing else; the daemon would say the same of it. */
  if (!g_utf8_validate_len (xml, length, NULL)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "the domain XML is not UTF-8");
    return NULL;
  }
  parameters = json_object_new ();
  json_object_set_string_member (parameters, "policy", hostd_request_get_policy (request));
  if (hostd_request_get_technology (request) != NULL)
    json_object_set_string_member (parameters, "technology",
                                   hostd_request_get_technology (request));
  if (stage != NULL)
    json_object_set_string_member (parameters, "stage", stage);
  data = json_object_new ();
  for (guint i = 0; i < hostd_request_count_data (request); i++)
    json_object_set_string_member (data, hostd_request_get_key (request, i),
                                   hostd_request_get_value (request, i));
  json_object_set_object_member (parameters, "data", data);
  json_object_set_string_member (parameters, "xml", xml);
  return g_steal_pointer (&parameters);
}

JsonObject *
hostd_ask_take_object (JsonNode *node)
{
  JsonObject *object = json_node_dup_object (node);

  json_node_unref (node);
  return object;
}
