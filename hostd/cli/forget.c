/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/ask.h"
#include "ipc/wire.h"

/* What changes the daemon's state and says nothing when it went well. */

static HostdExit
run_forget (const HostdCommand *self, const HostdOptions *options)
{
  g_autoptr (JsonObject) parameters = json_object_new ();

  json_object_set_string_member (parameters, "uuid", options->arguments[0]);
  return hostd_ask_and_print (self, options, HOSTD_WIRE_LAUNCH_FORGET, parameters, NULL);
}

static HostdExit
run_reload (const HostdCommand *self, const HostdOptions *options)
{
  return hostd_ask_and_print (self, options, HOSTD_WIRE_ADMIN_RELOAD, NULL, NULL);
}

const HostdCommand hostd_command_forget = {
  .name = "forget",
  .arguments = "UUID",
  .summary = "Removes the binding of a domain that libvirt does not know any more.",
  .details = "Refused while libvirt defines or runs the domain, or cannot be asked.\n\n"
             "Exit status: 0, 2 not a UUID or not bound, 64 usage, 69 no daemon, or refused, 74 "
             "output.\n",
  .min_arguments = 1,
  .max_arguments = 1,
  .run = run_forget,
};

const HostdCommand hostd_command_reload = {
  .name = "reload",
  .summary = "Has the daemon read policies and host again. On an error the old ones stay in use.",
  .details = "Exit status: 0, 2 a policy cannot be used, 64 usage, 69 no daemon, 74 output.\n",
  .run = run_reload,
};
