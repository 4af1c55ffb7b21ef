/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/command.h"

#include "cli/output.h"

HostdExit
hostd_command_usage (const HostdCommand *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  hostd_output_complain ("cloisterctl %s: %s (try 'cloisterctl %s --help')", self->name, text,
                         self->name);
  return HOSTD_EXIT_USAGE;
}

HostdExit
hostd_command_fail (const HostdCommand *self, HostdExit status, const GError *error)
{
  hostd_output_complain ("cloisterctl %s: %s", self->name, error->message);
  return status;
}
