/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/emulator.h"

#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MAX_OUTPUT (256u * 1024)

/*
 * Reads @fd to its end, bounded in bytes and, by @deadline (monotonic, in microseconds), in time.
 */
static char *
read_until (int fd, const char *what, gint64 deadline, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];

  for (;;) {
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    gint64 left = deadline - g_get_monotonic_time ();
    int ready = left > 0 ? poll (&wait, 1, left / 1000 + 1) : 0;
    ssize_t n;

    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT, "%s did not answer within %d ms", what,
                   HOSTD_EMULATOR_DEADLINE_MS);
      return NULL;
    }
    n = read (fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0) {
      hostd_error_set_errno (error, errno, "cannot read from %s", what);
      return NULL;
    }
    if (n == 0)
      return g_string_free (g_steal_pointer (&text), FALSE);
    g_string_append_len (text, buffer, n);
    if (text->len > MAX_OUTPUT) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE, "%s printed more than %u bytes", what,
                   MAX_OUTPUT);
      return NULL;
    }
  }
}

static HostdRead
run (const char *emulator, const char *const *argv, char **ret_text, GError **error)
{
  g_autofree char *what = g_strjoinv (" ", (char **) argv);
  gint64 deadline = g_get_monotonic_time () + HOSTD_EMULATOR_DEADLINE_MS * G_GINT64_CONSTANT (1000);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) local = NULL;
  GInputStream *output;

  if (access (emulator, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
    return HOSTD_READ_ABSENT;
  process = g_subprocess_newv (
      argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &local);
  if (process == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED, "cannot run %s: %s", what, local->message);
    return HOSTD_READ_UNREADABLE;
  }
  output = g_subprocess_get_stdout_pipe (process);
  *ret_text =
      read_until (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (output)), what, deadline, error);
  /* It has said all, or will not: a program that closes its output and stays must not hold us. */
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  return *ret_text ? HOSTD_READ_VALUE : HOSTD_READ_UNREADABLE;
}

char *
hostd_emulator_parse_version (const char *text, GError **error)
{
  static const char prefix[] = "QEMU emulator version ";
  gsize length;

  if (g_str_has_prefix (text, prefix)) {
    length = strspn (text + strlen (prefix), "0123456789.");
    if (length > 0)
      return g_strndup (text + strlen (prefix), length);
  }
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "the answer is not a QEMU version");
  return NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
hostd_emulator_parse_objects (const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) types = g_ptr_array_new_with_free_func (g_free);

  /* "List of user creatable objects:", then one indented name a line. */
  if (!g_str_has_prefix (text, "List of ")) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "the answer is not QEMU's list of objects");
    return NULL;
  }
  for (guint i = 1; lines[i]; i++) {
    g_strstrip (lines[i]);
    if (*lines[i] != '\0' && strpbrk (lines[i], " \t") == NULL)
      g_ptr_array_add (types, g_strdup (lines[i]));
  }
  g_ptr_array_sort (types, compare_names);
  g_ptr_array_add (types, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&types), FALSE);
}

HostdRead
hostd_emulator_version (const char *emulator, char **ret_version, GError **error)
{
  const char *argv[] = { emulator, "--version", NULL };
  g_autofree char *text = NULL;
  HostdRead read = run (emulator, argv, &text, error);

  if (read != HOSTD_READ_VALUE)
    return read;
  *ret_version = hostd_emulator_parse_version (text, error);
  return *ret_version ? HOSTD_READ_VALUE : HOSTD_READ_UNREADABLE;
}

HostdRead
hostd_emulator_objects (const char *emulator, char ***ret_types, GError **error)
{
  const char *argv[] = { emulator, "-machine", "none", "-object", "help", NULL };
  g_autofree char *text = NULL;
  HostdRead read = run (emulator, argv, &text, error);

  if (read != HOSTD_READ_VALUE)
    return read;
  *ret_types = hostd_emulator_parse_objects (text, error);
  return *ret_types ? HOSTD_READ_VALUE : HOSTD_READ_UNREADABLE;
}
