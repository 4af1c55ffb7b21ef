/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "cli/ask.h"
#include "cli/diff.h"
#include "cli/input.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "ipc/wire.h"

#include <string.h>

static JsonObject *
ask (const HostdOptions *options, const HostdRequest *request, const char *xml, gsize length,
     GError **error)
{
  g_autoptr (JsonObject) parameters = NULL;

  if (options->offline) {
    g_autoptr (HostdEngine) engine = hostd_ask_open_engine (options, FALSE, error);
    g_autoptr (HostdRewrite) rewrite =
        engine != NULL ? hostd_engine_rewrite (engine, request, xml, length, error) : NULL;

    return rewrite != NULL ? hostd_ask_take_object (hostd_rewrite_to_json (rewrite)) : NULL;
  }
  parameters = hostd_ask_make_parameters (request, xml, length, NULL, error);
  if (parameters == NULL)
    return NULL;
  return hostd_ask_daemon (options, HOSTD_WIRE_COMPUTE_SOCKET, HOSTD_WIRE_LAUNCH_REWRITE,
                           parameters, error);
}

static HostdExit
print_diff (const HostdOptions *options, const char *before, const char *after)
{
  const char *name = g_str_equal (options->arguments[0], "-") ? "domain" : options->arguments[0];
  g_autofree char *name_after = g_strdup_printf ("%s (%s)", name, options->policy);
  g_autofree char *text =
      hostd_diff_to_text (before, after, name, name_after, hostd_options_want_color (options));

  if (text[0] == '\0')
    hostd_output_complain ("note: nothing changes");
  return hostd_output_print (text);
}

static HostdExit
print (const HostdCommand *self, const HostdOptions *options, const char *before,
       JsonObject *answer)
{
  HostdExit outcome = hostd_outcome_get_exit (answer);
  const char *after = hostd_json_get_string (answer, "xml");

  if (options->json)
    return hostd_outcome_print_json (answer);
  if (outcome == HOSTD_EXIT_REFUSED) {
    hostd_outcome_complain (answer, "reasons", "");
    hostd_outcome_complain (answer, "notes", "note: ");
    return outcome;
  }
  if (outcome != HOSTD_EXIT_OK || after == NULL) {
    g_autoptr (GError) error =
        g_error_new (HOSTD_ERROR, HOSTD_ERROR_FAILED, "the daemon's answer cannot be understood");

    return hostd_command_fail (self, HOSTD_EXIT_UNAVAILABLE, error);
  }
  hostd_outcome_complain (answer, "notes", "note: ");
  return options->diff ? print_diff (options, before, after)
                       : hostd_output_write (after, strlen (after));
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  HostdExit status = HOSTD_EXIT_OK;
  g_autoptr (HostdRequest) request = hostd_input_make_request (self, options, &status);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  gsize length;

  if (request == NULL)
    return status;
  xml = hostd_input_read_xml (options->arguments[0], &length, &error);
  if (xml == NULL)
    return hostd_command_fail (self, HOSTD_EXIT_BAD_INPUT, error);
  answer = ask (options, request, xml, length, &error);
  if (answer == NULL)
    return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
  return print (self, options, xml, answer);
}

const HostdCommand hostd_command_rewrite = {
  .name = "rewrite",
  .arguments = "FILE",
  .summary = "Makes a domain XML launch under a policy, and prints it. FILE - is standard input.",
  .details = "Notes go to stderr as 'note: ...', and so do the reasons of a refusal, one a line:\n"
             "ID: XPATH: REASON. Without --offline the daemon does it, and binds the domain's "
             "UUID.\n\n"
             "Exit status: 0 rewritten, 3 refused, 2 bad input, 64 usage, 69 no daemon, 74 "
             "output.\n\n"
             "  cloisterctl rewrite --offline --host milan-snp --policy snp web-1.xml > new.xml\n"
             "  cloisterctl rewrite --policy snp-strict --data idBlock=@id --diff web-1.xml\n",
  .options = HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_LAUNCH | HOSTD_OPTIONS_DIFF,
  .min_arguments = 1,
  .max_arguments = 1,
  .run = run,
};
