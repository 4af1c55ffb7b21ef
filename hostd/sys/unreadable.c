/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/unreadable.h"

#include "base/error.h"

static const struct {
  const char *verb;
  guint arguments;
} questions[] = {
  { "read", 1 },
  { "list", 1 },
  { "cpuid", 2 },
  { "msr", 1 },
  { "check-extension", 1 },
  { "attr", 2 },
  { "create-vm", 1 },
  { "device", 1 },
  { "register", 1 },
  { "ioctl", 1 },
  { "uname", 0 },
  { "emulators", 0 },
  { "qemu-version", 1 },
  { "qemu-objects", 1 },
  { "tdx-capabilities", 0 },
  { "qgs", 0 },
};

static const char *const codes[HOSTD_ERROR_LAST_] = {
  [HOSTD_ERROR_FAILED] = "failed",
  [HOSTD_ERROR_INVALID] = "invalid",
  [HOSTD_ERROR_TOO_LARGE] = "too-large",
  [HOSTD_ERROR_NOT_FOUND] = "not-found",
  [HOSTD_ERROR_EXISTS] = "exists",
  [HOSTD_ERROR_DENIED] = "denied",
  [HOSTD_ERROR_BUSY] = "busy",
  [HOSTD_ERROR_TIMEOUT] = "timeout",
  [HOSTD_ERROR_UNAVAILABLE] = "unavailable",
  [HOSTD_ERROR_CORRUPT] = "corrupt",
  [HOSTD_ERROR_IO] = "io",
  [HOSTD_ERROR_UNSUPPORTED] = "unsupported",
};

char *
hostd_unreadable_question (const char *verb, const char *argument)
{
  /* Printable ASCII that neither ends a word nor a line. */
  g_autofree char *escaped = g_uri_escape_string (argument, "/:@+=,;()!$&'*[]\\", FALSE);

  return g_strconcat (verb, " ", escaped, NULL);
}

const char *
hostd_unreadable_code_name (int code)
{
  return code >= 0 && code < HOSTD_ERROR_LAST_ ? codes[code] : codes[HOSTD_ERROR_FAILED];
}

GHashTable *
hostd_unreadable_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_error_free);
}

/* Words @first and on; @count of them, or all with G_MAXUINT. */
static char *
join (char **words, guint first, guint count)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = first; words[i] != NULL && i - first < count; i++)
    g_string_append_printf (text, "%s%s", i == first ? "" : " ", words[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
hostd_unreadable_parse (GHashTable *self, const char *name, const HostdTextLine *line,
                        GError **error)
{
  guint count = g_strv_length (line->words), row, at, code;
  g_autofree char *question = NULL, *message = NULL;

  for (row = 0; row < G_N_ELEMENTS (questions); row++)
    if (g_str_equal (line->words[0], questions[row].verb))
      break;
  if (row == G_N_ELEMENTS (questions))
    return hostd_named_text_fail (error, name, line, "\"%s\" is no question", line->words[0]);
  at = 1 + questions[row].arguments;
  if (count < at + 2)
    return hostd_named_text_fail (error, name, line, "not QUESTION CODE MESSAGE");
  for (code = 0; code < G_N_ELEMENTS (codes); code++)
    if (g_str_equal (line->words[at], codes[code]))
      break;
  if (code == G_N_ELEMENTS (codes))
    return hostd_named_text_fail (error, name, line, "\"%s\" is no code", line->words[at]);

  question = join (line->words, 0, at);
  message = join (line->words, at + 1, G_MAXUINT);
  if (!g_hash_table_contains (self, question))
    g_hash_table_insert (self, g_steal_pointer (&question),
                         g_error_new_literal (HOSTD_ERROR, (int) code, message));
  return TRUE;
}

char *
hostd_unreadable_to_line (const char *question, const GError *why)
{
  g_autofree char *message = g_utf8_make_valid (why->message, -1);
  g_auto (GStrv) words = NULL;
  g_autoptr (GString) line = g_string_new (question);
  int code = why->domain == HOSTD_ERROR ? why->code : HOSTD_ERROR_FAILED;
  gsize empty;

  g_string_append_printf (line, " %s", hostd_unreadable_code_name (code));
  empty = line->len;
  words = g_strsplit_set (message, " \t\r\n#", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_string_append_printf (line, " %s", words[i]);
  if (line->len == empty)
    g_string_append (line, " no reason was given");
  return g_string_free (g_steal_pointer (&line), FALSE);
}

gboolean
hostd_unreadable_tell (GHashTable *self, char *question, GError **error)
{
  g_autofree char *owned = question;
  const GError *why = g_hash_table_lookup (self, owned);

  if (why == NULL)
    return FALSE;
  g_propagate_error (error, g_error_copy (why));
  return TRUE;
}
