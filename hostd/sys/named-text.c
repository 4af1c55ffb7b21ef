/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/named-text.h"

#include "base/error.h"
#include "base/parse.h"
#include "sys/files.h"

#include <string.h>

/* Linux's errno values end at 133 (EHWPOISON); some architectures go a little further. */
#define LAST_ERRNO 200

static void
line_free (HostdTextLine *self)
{
  g_strfreev (self->words);
  g_free (self);
}

gboolean
hostd_named_text_fail (GError **error, const char *name, const HostdTextLine *line,
                       const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s:%u: %s", name, line->number, message);
  return FALSE;
}

static char **
split_words (const char *text)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_auto (GStrv) pieces = g_strsplit_set (text, " \t\r", -1);

  for (guint i = 0; pieces[i]; i++)
    if (*pieces[i] != '\0')
      g_ptr_array_add (words, g_strdup (pieces[i]));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

/* What is read here is shown to people: nothing of a stranger's reaches their terminal. */
static gboolean
has_no_controls (const char *name, const char *text, GError **error)
{
  HostdTextLine line = { 1, NULL };

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c == '\n')
      line.number++;
    else if (g_unichar_iscntrl (c) && c != '\t' && c != '\r')
      return hostd_named_text_fail (error, name, &line, "a control character (U+%04X)", c);
  }
  return TRUE;
}

GPtrArray *
hostd_named_text_read (int root_fd, const char *name, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) split = NULL;
  const char *data;
  gsize length;

  if (hostd_files_read_bytes (root_fd, name, &bytes, error) != HOSTD_READ_VALUE)
    return NULL;
  data = g_bytes_get_data (bytes, &length);
  if (length > HOSTD_NAMED_TEXT_MAX) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE, "%s is larger than %u bytes", name,
                 HOSTD_NAMED_TEXT_MAX);
    return NULL;
  }
  if (!g_utf8_validate_len (data ? data : "", length, NULL)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is not a text", name);
    return NULL;
  }

  text = g_strndup (data ? data : "", length);
  if (!has_no_controls (name, text, error))
    return NULL;
  split = g_strsplit (text, "\n", -1);
  for (guint i = 0; split[i]; i++) {
    char *comment = strchr (split[i], '#');
    HostdTextLine *line;

    if (comment)
      *comment = '\0';
    line = g_new0 (HostdTextLine, 1);
    line->number = i + 1;
    line->words = split_words (split[i]);
    if (line->words[0] == NULL)
      line_free (line);
    else
      g_ptr_array_add (lines, line);
  }
  return g_steal_pointer (&lines);
}

gboolean
hostd_named_text_hex (const char *name, const HostdTextLine *line, guint word, guint64 max,
                      guint64 *ret_value, GError **error)
{
  guint64 value;

  if (word >= g_strv_length (line->words))
    return hostd_named_text_fail (error, name, line, "a hexadecimal number is missing");
  if (!hostd_parse_hex (line->words[word], &value) || value > max)
    return hostd_named_text_fail (
        error, name, line, "\"%s\" is not a hexadecimal number up to %" G_GINT64_MODIFIER "x",
        line->words[word], max);
  *ret_value = value;
  return TRUE;
}

gboolean
hostd_named_text_decimal (const char *name, const HostdTextLine *line, guint word, guint64 max,
                          guint64 *ret_value, GError **error)
{
  if (word >= g_strv_length (line->words))
    return hostd_named_text_fail (error, name, line, "a decimal number is missing");
  if (!hostd_parse_decimal (line->words[word], max, ret_value))
    return hostd_named_text_fail (error, name, line,
                                  "\"%s\" is not a decimal number up to %" G_GUINT64_FORMAT,
                                  line->words[word], max);
  return TRUE;
}

gboolean
hostd_named_text_errno (const char *name, const HostdTextLine *line, guint word, int *ret_errnum,
                        GError **error)
{
  if (word >= g_strv_length (line->words))
    return hostd_named_text_fail (error, name, line, "the name of an errno is missing");
  for (int i = 1; i < LAST_ERRNO; i++) {
    if (g_strcmp0 (strerrorname_np (i), line->words[word]) == 0) {
      *ret_errnum = i;
      return TRUE;
    }
  }
  return hostd_named_text_fail (error, name, line, "\"%s\" is not the name of an errno",
                                line->words[word]);
}
