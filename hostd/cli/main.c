/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/command.h"
#include "cli/output.h"

#include <locale.h>
#include <unistd.h>

static const HostdCommand *const commands[] = {
  &hostd_command_status,  &hostd_command_capabilities, &hostd_command_policies,
  &hostd_command_rewrite, &hostd_command_verify,       &hostd_command_domains,
  &hostd_command_doctor,  &hostd_command_monitor,      &hostd_command_audit,
  &hostd_command_capture, &hostd_command_flavor,       &hostd_command_forget,
  &hostd_command_reload,
};

static HostdExit
print_help (void)
{
  g_autoptr (GString) text = g_string_new ("Usage:\n  cloisterctl COMMAND [OPTION...] ...\n\n"
                                           "Launches guests with memory encryption under a named "
                                           "policy.\n\nCommands:\n");

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
  g_string_append (text, "\nOptions:\n"
                         "  -h, --help    Show this; after a command, its own help\n"
                         "  --version     Show the version\n\n"
                         "See cloisterctl(1) for all of it, exit statuses too.\n");
  return hostd_output_write (text->str, text->len);
}

static HostdExit
run_command (const HostdCommand *command, char **argv, gboolean no_color)
{
  g_auto (HostdOptions) options = { .no_color = no_color };
  int status;

  if (!hostd_options_parse (&options, command, argv, &status))
    return (HostdExit) status;
  return command->run (command, &options);
}

static HostdExit
run (char **argv, gboolean no_color)
{
  const char *word = argv[0] != NULL ? argv[1] : NULL;

  if (word == NULL) {
    hostd_output_complain ("cloisterctl: a command is missing (try 'cloisterctl --help')");
    return HOSTD_EXIT_USAGE;
  }
  if (g_str_equal (word, "--help") || g_str_equal (word, "-h") || g_str_equal (word, "help"))
    return print_help ();
  if (g_str_equal (word, "--version"))
    return hostd_output_print ("cloisterctl " CLOISTER_VERSION "\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (word, commands[i]->name))
      return run_command (commands[i], argv + 1, no_color);
  hostd_output_complain ("cloisterctl: there is no command '%s' (try 'cloisterctl --help')", word);
  return HOSTD_EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  const char *no_color = g_getenv ("NO_COLOR");
  HostdExit status;

  setlocale (LC_ALL, "");
  /* https://no-color.org: set, and not to nothing. */
  status = run (argv, no_color != NULL && no_color[0] != '\0');
  /* A disk that is full may say so only now. */
  if (close (STDOUT_FILENO) < 0 && status == HOSTD_EXIT_OK) {
    hostd_output_complain ("cloisterctl: standard output cannot be written");
    return HOSTD_EXIT_OUTPUT;
  }
  return status;
}
