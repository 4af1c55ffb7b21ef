/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/options.h"

#include "cli/command.h"
#include "cli/output.h"

#include <unistd.h>

#define MAX_ENTRIES 20

/* Help, usage errors and the daemon's socket are the same for all. */
#define ANY 0u

typedef struct {
  guint set; /* a HostdOptionSet, or ANY */
  GOptionEntry entry;
} Option;

/* Those that the command takes, and its own words about itself. */
static void
add_entries (GOptionContext *context, const HostdCommand *command, const Option *all, guint count)
{
  GOptionEntry entries[MAX_ENTRIES] = { 0 };
  guint n = 0;

  for (guint i = 0; i < count; i++)
    if (all[i].set == ANY || (command->options & all[i].set))
      entries[n++] = all[i].entry;
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->details);
}

static GOptionContext *
make_context (HostdOptions *self, const HostdCommand *command)
{
  const Option all[] = {
    { HOSTD_OPTIONS_OFFLINE,
      { "offline", 0, 0, G_OPTION_ARG_NONE, &self->offline,
        "Do it here, without the daemon and without root", NULL } },
    { HOSTD_OPTIONS_OFFLINE,
      { "host", 0, 0, G_OPTION_ARG_FILENAME, &self->host,
        "With --offline: answer for this recorded host", "FOLDER" } },
    { HOSTD_OPTIONS_OFFLINE | HOSTD_OPTIONS_NOVA,
      { "policy-dir", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->policy_dirs,
        "Not with the daemon: add the launch policies in this folder", "FOLDER" } },
    { HOSTD_OPTIONS_NOVA,
      { "nova-release", 0, 0, G_OPTION_ARG_STRING, &self->nova_release,
        "The major release of Nova that is asked (default: 31)", "N" } },
    { HOSTD_OPTIONS_LAUNCH,
      { "policy", 0, 0, G_OPTION_ARG_STRING, &self->policy, "The launch policy", "NAME" } },
    { HOSTD_OPTIONS_LAUNCH,
      { "technology", 0, 0, G_OPTION_ARG_STRING, &self->technology,
        "The technology wanted, where the policy leaves a choice", "NAME" } },
    { HOSTD_OPTIONS_LAUNCH,
      { "data", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->data,
        "Launch data by libvirt's name: hostData, idBlock, mrConfigId, ...",
        "KEY=VALUE|KEY=@FILE" } },
    { HOSTD_OPTIONS_STAGE,
      { "stage", 0, 0, G_OPTION_ARG_STRING, &self->stage,
        "Where the XML is from (default: start if it has an id)", "definition|prepare|start" } },
    /* For simulated hosts, whose root and processor are elsewhere: no user needs them. */
    { HOSTD_OPTIONS_CAPTURE,
      { "root", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &self->root, NULL, "FOLDER" } },
    { HOSTD_OPTIONS_CAPTURE,
      { "replay", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &self->replay, NULL, "FOLDER" } },
    { HOSTD_OPTIONS_CAPTURE,
      { "unmasked", 0, 0, G_OPTION_ARG_NONE, &self->unmasked,
        "Write serial numbers, names and keys too", NULL } },
    { HOSTD_OPTIONS_DIFF,
      { "diff", 0, 0, G_OPTION_ARG_NONE, &self->diff, "Show what changes, in place of the XML",
        NULL } },
    { HOSTD_OPTIONS_EVIDENCE,
      { "evidence", 0, 0, G_OPTION_ARG_NONE, &self->evidence,
        "Show what was read to find out, by layer", NULL } },
    { HOSTD_OPTIONS_DIFF | HOSTD_OPTIONS_COLOR,
      { "color", 0, 0, G_OPTION_ARG_STRING, &self->color_word,
        command->options & HOSTD_OPTIONS_DIFF ? "Colour --diff (default: auto, on a terminal)"
                                              : "Colour (default: auto, on a terminal)",
        "always|never|auto" } },
    { ANY, { "json", 0, 0, G_OPTION_ARG_NONE, &self->json, "Answer in JSON", NULL } },
    { ANY,
      { "socket", 0, 0, G_OPTION_ARG_FILENAME, &self->socket,
        "Ask the daemon at another socket than its own", "PATH" } },
    { ANY, { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help, "Show this", NULL } },
    { ANY,
      { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->arguments, NULL,
        command->arguments } },
  };
  GOptionContext *context = g_option_context_new (NULL);

  G_STATIC_ASSERT (G_N_ELEMENTS (all) < MAX_ENTRIES);
  add_entries (context, command, all, G_N_ELEMENTS (all));
  return context;
}

static gboolean
take_color (HostdOptions *self)
{
  static const char *const words[] = { "auto", "always", "never" };

  if (self->color_word == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (self->color_word, words[i])) {
      self->color = (HostdColor) i;
      return TRUE;
    }
  return FALSE;
}

/* What GOption cannot know: how many arguments, and which options go together. */
static HostdExit
check (HostdOptions *self, const HostdCommand *command)
{
  guint n = g_strv_length (self->arguments);

  if (n < command->min_arguments)
    return hostd_command_usage (command, "%s is missing", command->arguments);
  if (n > command->max_arguments)
    return hostd_command_usage (command, "'%s' is one argument too many",
                                self->arguments[command->max_arguments]);
  if (!take_color (self))
    return hostd_command_usage (command, "--color is always, never or auto, not '%s'",
                                self->color_word);
  if (self->evidence && self->json)
    return hostd_command_usage (command, "--evidence is in --json already: give one of them");
  if (self->diff && self->json)
    return hostd_command_usage (command, "--diff and --json exclude each other");
  if (self->offline && self->socket != NULL)
    return hostd_command_usage (command, "--offline and --socket exclude each other");
  if (!self->offline && self->host != NULL)
    return hostd_command_usage (command, "--host needs --offline: the daemon knows its own host");
  if ((command->options & HOSTD_OPTIONS_LAUNCH) && self->policy == NULL)
    return hostd_command_usage (command, "--policy NAME is missing");
  return HOSTD_EXIT_OK;
}

gboolean
hostd_options_parse (HostdOptions *self, const HostdCommand *command, char **argv, int *ret_exit)
{
  g_autoptr (GOptionContext) context = make_context (self, command);
  g_autofree char *program = g_strdup_printf ("cloisterctl %s", command->name);
  g_autoptr (GError) error = NULL;
  char **copy = g_strdupv (argv); /* it is cut down to what is left, so freed afterwards */
  gboolean parsed;

  g_set_prgname (program);
  parsed = g_option_context_parse_strv (context, &copy, &error);
  g_strfreev (copy);
  if (!parsed) {
    *ret_exit = hostd_command_usage (command, "%s", error->message);
    return FALSE;
  }
  if (self->help) {
    g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

    *ret_exit = hostd_output_print (help);
    return FALSE;
  }
  if (self->arguments == NULL)
    self->arguments = g_new0 (char *, 1);
  *ret_exit = check (self, command);
  return *ret_exit == HOSTD_EXIT_OK;
}

gboolean
hostd_options_want_color (const HostdOptions *self)
{
  return self->color == HOSTD_COLOR_ALWAYS ||
         (self->color == HOSTD_COLOR_AUTO && !self->no_color && isatty (STDOUT_FILENO));
}

void
hostd_options_clear (HostdOptions *self)
{
  g_free (self->root);
  g_free (self->replay);
  g_free (self->host);
  g_strfreev (self->policy_dirs);
  g_free (self->policy);
  g_free (self->technology);
  g_strfreev (self->data);
  g_free (self->stage);
  g_free (self->nova_release);
  g_free (self->color_word);
  g_free (self->socket);
  g_strfreev (self->arguments);
}
