/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/parse.h"

#include <string.h>

static char *
stripped (const char *text)
{
  return g_strstrip (g_strdup (text));
}

gboolean
hostd_parse_hex (const char *text, guint64 *ret_value)
{
  g_autofree char *trimmed = stripped (text);
  const char *digits = trimmed;

  if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
    digits += 2;
  if (strlen (digits) == 0 || strlen (digits) > 16)
    return FALSE;
  for (const char *p = digits; *p; p++)
    if (!g_ascii_isxdigit (*p))
      return FALSE;
  *ret_value = g_ascii_strtoull (digits, NULL, 16);
  return TRUE;
}

gboolean
hostd_parse_decimal (const char *text, guint64 max, guint64 *ret_value)
{
  g_autofree char *trimmed = stripped (text);

  return g_ascii_string_to_unsigned (trimmed, 10, 0, max, ret_value, NULL);
}

gboolean
hostd_parse_flag (const char *text, gboolean *ret_value)
{
  g_autofree char *trimmed = stripped (text);

  if (strlen (trimmed) != 1 || strchr ("1Yy0Nn", trimmed[0]) == NULL)
    return FALSE;
  *ret_value = strchr ("1Yy", trimmed[0]) != NULL;
  return TRUE;
}

guint8 *
hostd_parse_base64 (const char *text, gsize *ret_length)
{
  g_autoptr (GString) packed = g_string_new (NULL);
  gsize padding = 0;

  for (const char *p = text; *p; p++) {
    if (g_ascii_isspace (*p))
      continue;
    if (*p == '=')
      padding++;
    else if (padding > 0 || !(g_ascii_isalnum (*p) || *p == '+' || *p == '/'))
      return NULL;
    g_string_append_c (packed, *p);
  }
  if (packed->len % 4 != 0 || padding > 2)
    return NULL;
  if (packed->len == 0) {
    *ret_length = 0;
    return g_malloc0 (1);
  }
  return g_base64_decode (packed->str, ret_length);
}

gboolean
hostd_parse_memory (const char *text, const char *unit, guint64 *ret_bytes)
{
  static const struct {
    const char *name;
    guint base, power;
  } units[] = {
    { "b", 1, 1 },      { "bytes", 1, 1 },  { "k", 1024, 1 },   { "KiB", 1024, 1 },
    { "KB", 1000, 1 },  { "m", 1024, 2 },   { "MiB", 1024, 2 }, { "MB", 1000, 2 },
    { "g", 1024, 3 },   { "GiB", 1024, 3 }, { "GB", 1000, 3 },  { "t", 1024, 4 },
    { "TiB", 1024, 4 }, { "TB", 1000, 4 },  { "p", 1024, 5 },   { "PiB", 1024, 5 },
    { "PB", 1000, 5 },  { "e", 1024, 6 },   { "EiB", 1024, 6 }, { "EB", 1000, 6 },
  };
  guint64 value;

  if (unit == NULL || *unit == '\0')
    unit = "KiB";
  if (!hostd_parse_decimal (text, G_MAXUINT64, &value))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++) {
    if (g_ascii_strcasecmp (unit, units[i].name) != 0)
      continue;
    for (guint n = 0; n < units[i].power; n++) {
      if (!g_uint64_checked_mul (&value, value, units[i].base))
        return FALSE;
    }
    *ret_bytes = value;
    return TRUE;
  }
  return FALSE;
}

gboolean
hostd_bytes_have (GBytes *data, const char *word)
{
  gsize length, word_length = strlen (word);
  const char *bytes = g_bytes_get_data (data, &length);

  for (gsize i = 0; i + word_length <= length; i++)
    if (g_ascii_strncasecmp (bytes + i, word, word_length) == 0)
      return TRUE;
  return FALSE;
}
