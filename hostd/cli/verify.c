/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json.h"
#include "cli/ask.h"
#include "cli/input.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "ipc/wire.h"

/* What libvirt runs has an id on its root. What cannot be read is told of by Verify itself. */
static HostdStage
stage_of (const char *xml, gsize length)
{
  g_autoptr (HostdGlance) glance = hostd_glance_at (xml, length, NULL);

  return glance != NULL && glance->live ? HOSTD_STAGE_START : HOSTD_STAGE_DEFINITION;
}

static JsonObject *
ask (const HostdOptions *options, const HostdRequest *request, const char *xml, gsize length,
     HostdStage stage, GError **error)
{
  g_autoptr (JsonObject) parameters = NULL;

  if (options->offline) {
    g_autoptr (HostdEngine) engine = hostd_ask_open_engine (options, options->host == NULL, error);
    g_autoptr (HostdVerify) verify =
        engine != NULL ? hostd_engine_verify (engine, request, xml, length, stage, error) : NULL;

    return verify != NULL ? hostd_ask_take_object (hostd_verify_to_json (verify)) : NULL;
  }
  parameters = hostd_ask_make_parameters (request, xml, length, hostd_stage_name (stage), error);
  if (parameters == NULL)
    return NULL;
  return hostd_ask_daemon (options, HOSTD_WIRE_COMPUTE_SOCKET, HOSTD_WIRE_LAUNCH_VERIFY, parameters,
                           error);
}

static HostdExit
print (const HostdOptions *options, JsonObject *answer)
{
  HostdExit outcome = hostd_outcome_get_exit (answer);
  const char *technology = hostd_json_get_string (answer, "technology");
  g_autofree char *text = NULL;
  HostdExit written;

  if (options->json)
    return hostd_outcome_print_json (answer);
  if (outcome == HOSTD_EXIT_OK)
    text = g_strdup_printf ("allow: %s under policy %s\n",
                            technology != NULL ? technology : "the domain", options->policy);
  else if (outcome == HOSTD_EXIT_NOT_OURS)
    text = g_strdup ("not ours: the domain asks for no protection, nothing was checked\n");
  else if (outcome == HOSTD_EXIT_REFUSED)
    text = hostd_outcome_to_lines (answer, "reasons", "");
  else
    text = g_strdup ("");
  if (outcome == HOSTD_EXIT_UNAVAILABLE)
    hostd_output_complain ("cloisterctl verify: the daemon's answer cannot be understood");
  hostd_outcome_complain (answer, "notes", "note: ");
  written = hostd_output_print (text);
  return written != HOSTD_EXIT_OK ? written : outcome;
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  HostdExit status = HOSTD_EXIT_OK;
  g_autoptr (HostdRequest) request = NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  HostdStage stage = HOSTD_STAGE_DEFINITION;
  gsize length;

  if (options->stage != NULL && !hostd_stage_from_name (options->stage, &stage))
    return hostd_command_usage (self, "--stage is definition, prepare or start, not '%s'",
                                options->stage);
  request = hostd_input_make_request (self, options, &status);
  if (request == NULL)
    return status;
  xml = hostd_input_read_xml (options->arguments[0], &length, &error);
  if (xml == NULL)
    return hostd_command_fail (self, HOSTD_EXIT_BAD_INPUT, error);
  if (options->stage == NULL)
    stage = stage_of (xml, length);
  answer = ask (options, request, xml, length, stage, &error);
  if (answer == NULL)
    return hostd_command_fail (self, hostd_ask_exit_of (options, error), error);
  return print (options, answer);
}

const HostdCommand hostd_command_verify = {
  .name = "verify",
  .arguments = "FILE",
  .summary = "Judges a finished domain XML by a policy. FILE - is standard input.",
  .details = "A refusal prints its reasons on stdout, one a line: ID: XPATH: REASON. What could "
             "not be\nchecked is noted on stderr as 'note: ...'. With --data the XML must carry "
             "exactly that data.\n\n"
             "Exit status: 0 allow, 3 refuse, 4 not ours, 2 bad input, 64 usage, 69 no daemon, 74 "
             "output.\n\n"
             "  virsh dumpxml web-1 | cloisterctl verify --offline --policy snp -\n",
  .options = HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_LAUNCH | HOSTD_OPTIONS_STAGE,
  .min_arguments = 1,
  .max_arguments = 1,
  .run = run,
};
