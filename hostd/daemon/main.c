/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/parse.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/sockets.h"
#include "engine/template-dir.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* sd_listen_fds(3): passed descriptors begin here. */
#define LISTEN_FDS_START 3
#define MAX_PASSED 16

/* sysexits(3), and what systemd's RestartPreventExitStatus= in our unit counts on. */
#define EXIT_USAGE 64
#define EXIT_CONFIG 78

typedef struct {
  char *config;
  gboolean check, version, verbose;
} Options;

/* What the environment says: read here, once, and nowhere else. */
typedef struct {
  const char *notify_socket;
  guint64 watchdog_us;
  guint n_passed;
  const char *passed_names;
  gboolean journal;
} Environment;

static gboolean
read_number (const char *name, guint64 max, guint64 *ret_value)
{
  const char *text = g_getenv (name);

  return text != NULL && hostd_parse_decimal (text, max, ret_value);
}

/* Both LISTEN_PID and WATCHDOG_PID say for whom a variable is: a child must not take it for itself.
 */
static gboolean
is_for_us (const char *name)
{
  guint64 pid;

  return read_number (name, G_MAXINT32, &pid) && (pid_t) pid == getpid ();
}

static void
read_environment (Environment *self)
{
  guint64 value;

  self->notify_socket = g_getenv ("NOTIFY_SOCKET");
  if ((g_getenv ("WATCHDOG_PID") == NULL || is_for_us ("WATCHDOG_PID")) &&
      read_number ("WATCHDOG_USEC", G_MAXUINT32 * G_GUINT64_CONSTANT (1000), &value))
    self->watchdog_us = value;
  if (is_for_us ("LISTEN_PID") && read_number ("LISTEN_FDS", MAX_PASSED, &value)) {
    self->n_passed = (guint) value;
    self->passed_names = g_getenv ("LISTEN_FDNAMES");
  }
  self->journal = g_getenv ("JOURNAL_STREAM") != NULL || g_getenv ("INVOCATION_ID") != NULL;
}

static gboolean
on_quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload (gpointer data)
{
  /* It logs by itself; there is nobody else to tell. */
  hostd_daemon_reload (data, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

static int
fail (const GError *error, int status)
{
  hostd_log (HOSTD_LOG_ERROR, "start", "%s", error->message);
  return status;
}

static void
log_start (const HostdDaemon *daemon)
{
  g_autofree char *line = hostd_daemon_describe (daemon);

  for (guint i = 0; i < daemon->settings->warnings->len; i++)
    hostd_log (HOSTD_LOG_WARNING, "config", "%s: %s", daemon->settings->path,
               (const char *) g_ptr_array_index (daemon->settings->warnings, i));
  if (hostd_engine_get_known_bad_error (daemon->engine) != NULL)
    hostd_log (HOSTD_LOG_ERROR, "known-bad", "only the shipped combinations are in use: %s",
               hostd_engine_get_known_bad_error (daemon->engine));
  if (daemon->settings->replay != NULL)
    hostd_log (HOSTD_LOG_WARNING, "simulation",
               "THIS HOST IS SIMULATED: questions to its hardware are answered from %s",
               daemon->settings->replay);
  hostd_log (HOSTD_LOG_NOTICE, "start", "cloister-hostd " CLOISTER_VERSION " %s on %s", line,
             daemon->settings->run_dir);
}

static int
serve (const HostdSettings *settings, const Environment *environment)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (HostdNotify) notify =
      hostd_notify_new (environment->notify_socket, environment->watchdog_us);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdSockets) sockets = NULL;
  g_autoptr (HostdDaemon) daemon = NULL;
  g_autofree char *status = NULL;

  /* The lock first: two at a time must not even read the same bindings folder. */
  sockets = hostd_sockets_open (settings, LISTEN_FDS_START, environment->n_passed,
                                environment->passed_names, &error);
  if (sockets == NULL)
    return fail (error, EXIT_FAILURE);
  daemon = hostd_daemon_new (settings, notify, &error);
  if (daemon == NULL)
    return fail (error, EXIT_FAILURE);
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++)
    hostd_daemon_listen (daemon, i, hostd_sockets_take (sockets, i));
  g_unix_signal_add (SIGTERM, on_quit, loop);
  g_unix_signal_add (SIGINT, on_quit, loop);
  g_unix_signal_add (SIGHUP, on_reload, daemon);
  status = hostd_daemon_describe (daemon);
  hostd_notify_ready (notify, status);
  log_start (daemon);

  g_main_loop_run (loop);

  hostd_notify_stopping (notify);
  if (!hostd_daemon_end (g_steal_pointer (&daemon))) {
    hostd_log (HOSTD_LOG_NOTICE, "stop", "cloister-hostd ends without waiting for that");
    g_clear_pointer (&sockets, hostd_sockets_close);
    _exit (EXIT_SUCCESS);
  }
  hostd_log (HOSTD_LOG_NOTICE, "stop", "cloister-hostd ends");
  return EXIT_SUCCESS;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
      "Read FILE, not " CLOISTER_SYSCONF_DIR "/hostd.conf", "FILE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check,
      "Read the configuration and all policies, say what is wrong, and end", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, "Log more", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- makes an OpenStack compute host confidential");

  g_option_context_set_description (context, "See cloister-hostd(8) and cloister-hostd.conf(5).");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "\"%s\" is no option: see --help",
                 (*argv)[1]);
    return FALSE;
  }
  return TRUE;
}

static int
check_config (const HostdSettings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdTemplates) templates = hostd_templates_load (
      settings->template_dir, (const char *const *) settings->policy_dirs, &error);
  g_autoptr (HostdKnownBad) known_bad =
      templates != NULL ? hostd_known_bad_load (settings->template_dir,
                                                (const char *const *) settings->policy_dirs, &error)
                        : NULL;

  for (guint i = 0; i < settings->warnings->len; i++)
    g_printerr ("%s: %s\n", settings->path,
                (const char *) g_ptr_array_index (settings->warnings, i));
  if (known_bad == NULL) {
    g_printerr ("%s\n", error->message);
    return EXIT_CONFIG;
  }
  g_print ("%s is good: %u launch policies\n", settings->path,
           hostd_templates_count_policies (templates));
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  Options options = { NULL };
  Environment environment = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdSettings) settings = NULL;
  g_autofree char *program = hostd_template_dir_own_program ();
  g_autofree char *templates = hostd_template_dir_find (program, NULL);
  g_autofree char *path = NULL;
  gboolean asked;

  setlocale (LC_ALL, "");
  umask (022);
  signal (SIGPIPE, SIG_IGN);
  /* Launch data passes through our memory: neither a core file nor another of our uid may have it.
   */
  prctl (PR_SET_DUMPABLE, 0);
  read_environment (&environment);
  if (!parse_options (&options, &argc, &argv, &error)) {
    g_printerr ("cloister-hostd: %s\n", error->message);
    return EXIT_USAGE;
  }
  if (options.version) {
    g_print ("cloister-hostd %s\n", CLOISTER_VERSION);
    return EXIT_SUCCESS;
  }
  hostd_log_init (environment.journal, options.verbose);
  /* Nobody has to write a configuration; but a file that was asked for has to be there. */
  asked = options.config != NULL;
  path = asked ? options.config : g_strdup (CLOISTER_SYSCONF_DIR "/hostd.conf");
  settings = hostd_settings_load (path, !asked, templates, &error);
  if (settings == NULL)
    return fail (error, EXIT_CONFIG);
  return options.check ? check_config (settings) : serve (settings, &environment);
}
