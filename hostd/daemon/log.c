/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/log.h"

#include "base/io.h"

#include <string.h>

/* Longer lines journald would cut into two events (LineMax= is 48K by default). */
#define MAX_LINE 8192

static gboolean with_level, with_debug;

static char *
tidy (const char *text)
{
  char *line = g_utf8_make_valid (text, -1);

  for (char *p = line; *p != '\0'; p++)
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = ' ';
  if (strlen (line) > MAX_LINE)
    memcpy (g_utf8_find_prev_char (line, line + MAX_LINE - 3), "...", sizeof "...");
  return line;
}

static void
write_line (HostdLogLevel level, const char *event, const char *text)
{
  g_autofree char *tidied = tidy (text);
  g_autofree char *line = with_level ? g_strdup_printf ("<%d>%s: %s\n", (int) level, event, tidied)
                                     : g_strdup_printf ("cloister-hostd: %s: %s\n", event, tidied);

  /* One write, so that lines of two threads do not mix. There is nobody to tell if it fails. */
  (void) hostd_write_all (STDERR_FILENO, line, strlen (line), NULL);
}

static GLogWriterOutput
write_glib (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
  HostdLogLevel level = HOSTD_LOG_DEBUG;

  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    level = HOSTD_LOG_ERROR;
  else if (flags & G_LOG_LEVEL_WARNING)
    level = HOSTD_LOG_WARNING;
  else if (flags & G_LOG_LEVEL_MESSAGE)
    level = HOSTD_LOG_NOTICE;
  if (level == HOSTD_LOG_DEBUG && !with_debug)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0)
      write_line (level, "internal", fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

void
hostd_log_init (gboolean journal, gboolean verbose)
{
  with_level = journal;
  with_debug = verbose;
  g_log_set_writer_func (write_glib, NULL, NULL);
}

void
hostd_log (HostdLogLevel level, const char *event, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (level == HOSTD_LOG_DEBUG && !with_debug)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  write_line (level, event, text);
}
