/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/text.h"

#include "base/parse.h"

char *
hostd_version_to_text (guint version)
{
  if (version == 0)
    return NULL;
  return g_strdup_printf ("%u.%u.%u", version / 1000000, version / 1000 % 1000, version % 1000);
}

guint
hostd_version_from_text (const char *text)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  g_auto (GStrv) parts = g_strsplit (trimmed, ".", 4);
  guint64 n[3] = { 0, 0, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (n) && parts[i]; i++)
    if (!hostd_parse_decimal (parts[i], 999, &n[i]))
      return 0;
  return n[0] * 1000000 + n[1] * 1000 + n[2];
}

char *
hostd_time_to_text (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%FT%TZ") : g_strdup ("?");
}
