/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/host-capture.h"

#include <json-glib/json-glib.h>
#include <unistd.h>

/* A libvirtd that is just being started needs some; one that hangs is not waited for. */
#define LIBVIRT_MS (10 * 1000)

static HostdExit
print_json (const char *folder, const HostdCaptureResult *result)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  JsonArray *notes = json_array_new ();

  for (guint i = 0; result->notes[i] != NULL; i++)
    json_array_add_string_element (notes, result->notes[i]);
  json_object_set_string_member (answer, "folder", folder);
  json_object_set_int_member (answer, "files", result->files);
  json_object_set_array_member (answer, "notes", notes);
  return hostd_output_json (answer);
}

static HostdExit
print (const HostdOptions *options, const HostdCaptureResult *result)
{
  const char *folder = options->arguments[0];
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *line = NULL;

  if (options->json)
    return print_json (shown, result);
  for (guint i = 0; result->notes[i] != NULL; i++)
    hostd_output_complain ("note: not in it: %s", result->notes[i]);
  line = g_strdup_printf ("%s: %u files%s\n", shown, result->files,
                          options->unmasked ? ", nothing masked: look before you send it" : "");
  return hostd_output_print (line);
}

/* The folder that cannot be written is output; what cannot be read, or stands there, is input. */
static HostdExit
exit_of (const GError *error)
{
  return g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_IO) ||
                 g_error_matches (error, HOSTD_ERROR, HOSTD_ERROR_DENIED)
             ? HOSTD_EXIT_OUTPUT
             : HOSTD_EXIT_BAD_INPUT;
}

static HostdExit
run (const HostdCommand *self, const HostdOptions *options)
{
  const HostdCaptureOptions what = { .recording = options->host,
                                     .root = options->root,
                                     .replay = options->replay,
                                     .unmasked = options->unmasked,
                                     .libvirt_ms = LIBVIRT_MS };
  g_auto (HostdCaptureResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  HostdExit status;

  if (hostd_host_capture (options->arguments[0], &what, &result, &error))
    status = print (options, &result);
  else
    status = hostd_command_fail (self, exit_of (error), error);
  if (result.abandoned) {
    /* As main() would end it, without exit handlers under the thread that waits for libvirt. */
    if (close (STDOUT_FILENO) < 0 && status == HOSTD_EXIT_OK)
      status = HOSTD_EXIT_OUTPUT;
    _exit (status);
  }
  return status;
}

const HostdCommand hostd_command_capture = {
  .name = "capture",
  .arguments = "FOLDER",
  .summary = "Writes down all that Cloister reads of this host, for a bug report.",
  .details =
      "FOLDER must be new, or empty. It is answered from by --offline --host FOLDER, on any "
      "machine.\nSerial numbers, names and keys are masked; cloisterctl(1) says which.\n\n"
      "Exit status: 0, 2 FOLDER is not empty or --host cannot be used, 64 usage, 74 output.\n\n"
      "  cloisterctl capture my-host && tar czf my-host.tar.gz my-host\n",
  .options = HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_CAPTURE,
  .min_arguments = 1,
  .max_arguments = 1,
  .run = run,
};
