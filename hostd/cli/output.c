/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/output.h"

#include "base/io.h"
#include "base/json.h"

#include <string.h>

HostdExit
hostd_output_write (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (hostd_write_all (STDOUT_FILENO, text, length, &error))
    return HOSTD_EXIT_OK;
  hostd_output_complain ("cloisterctl: standard output: %s", error->message);
  return HOSTD_EXIT_OUTPUT;
}

HostdExit
hostd_output_print (const char *text)
{
  return hostd_output_write (text, strlen (text));
}

HostdExit
hostd_output_json (JsonObject *object)
{
  g_autofree char *text = hostd_json_object_to_string (object, TRUE);
  g_autofree char *line = g_strconcat (text, "\n", NULL);

  return hostd_output_print (line);
}

/*
 * C1 too: U+009B begins an escape sequence on some terminals, and XML allows it. U+202E and its
 * like have what follows shown backwards.
 */
static gboolean
is_obeyed (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
         type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *
hostd_output_tame (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *tame = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (tame, is_obeyed (c) ? ' ' : c);
  }
  return g_string_free (tame, FALSE);
}

void
hostd_output_complain (const char *format, ...)
{
  g_autofree char *text = NULL, *tame = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  tame = hostd_output_tame (text);
  line = g_strconcat (tame, "\n", NULL);
  /* If this cannot be said there is nobody left to tell. */
  (void) hostd_write_all (STDERR_FILENO, line, strlen (line), NULL);
}
