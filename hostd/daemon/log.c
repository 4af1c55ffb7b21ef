/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/log.h"

#include "base/io.h"

#include <string.h>

/* Longer lines journald would cut into two events (LineMax= is 48K by default). */
#define MAX_LINE 8192

static gboolean native, with_level, with_debug;

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

/* Only where stderr is journald's: its socket may be there for others alone. */
static gboolean
write_journal (HostdLogLevel level, const char *event, const char *uuid, const char *line)
{
  const char priority[] = { '0' + (char) level, '\0' };
  const GLogField fields[] = { { "MESSAGE", line, -1 },
                               { "PRIORITY", priority, -1 },
                               { "SYSLOG_IDENTIFIER", "cloister-hostd", -1 },
                               { "EVENT", event, -1 },
                               { "DOMAIN_UUID", uuid, -1 } };
  gsize n = G_N_ELEMENTS (fields) - (uuid == NULL);

  return native &&
         g_log_writer_journald (G_LOG_LEVEL_INFO, fields, n, NULL) == G_LOG_WRITER_HANDLED;
}

static void
write_line (HostdLogLevel level, const char *event, const char *uuid, const char *text)
{
  g_autofree char *tidied = tidy (text);
  g_autofree char *message = g_strdup_printf ("%s: %s", event, tidied);
  g_autofree char *line = NULL;

  if (write_journal (level, event, uuid, message))
    return;
  line = with_level ? g_strdup_printf ("<%d>%s\n", (int) level, message)
                    : g_strdup_printf ("cloister-hostd: %s\n", message);
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
      write_line (level, "internal", NULL, fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

void
hostd_log_init (gboolean journal, gboolean verbose)
{
  native = g_log_writer_is_journald (STDERR_FILENO);
  with_level = journal;
  with_debug = verbose;
  g_log_set_writer_func (write_glib, NULL, NULL);
}

G_GNUC_PRINTF (4, 0)
static void
log_valist (HostdLogLevel level, const char *event, const char *uuid, const char *format,
            va_list args)
{
  g_autofree char *text = NULL;

  if (level == HOSTD_LOG_DEBUG && !with_debug)
    return;
  text = g_strdup_vprintf (format, args);
  write_line (level, event, uuid, text);
}

void
hostd_log (HostdLogLevel level, const char *event, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  log_valist (level, event, NULL, format, args);
  va_end (args);
}

void
hostd_log_domain (HostdLogLevel level, const char *event, const char *uuid, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  log_valist (level, event, uuid, format, args);
  va_end (args);
}
