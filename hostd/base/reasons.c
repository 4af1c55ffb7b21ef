/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/reasons.h"

#include <string.h>

/* A guest's own text may be in a reason; it must not flood a log or break its lines. */
#define MAX_TEXT 1024

struct HostdReasons {
  GPtrArray *list;   /* (element-type HostdReason) */
  GHashTable *lines; /* one-line form of each, so that nothing is said twice */
};

const char *
hostd_verdict_name (HostdVerdict verdict)
{
  static const char *const names[] = { "allow", "refuse", "not-ours" };

  return names[verdict];
}

static void
reason_free (HostdReason *self)
{
  g_free (self->id);
  g_free (self->xpath);
  g_free (self->text);
  g_free (self);
}

HostdReasons *
hostd_reasons_new (void)
{
  HostdReasons *self = g_new0 (HostdReasons, 1);

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) reason_free);
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
hostd_reasons_free (HostdReasons *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->list);
  g_hash_table_unref (self->lines);
  g_free (self);
}

/* One printable line of UTF-8, clipped at a character. */
static char *
tidy (const char *text)
{
  char *line = g_utf8_make_valid (text, -1);

  for (char *p = line; *p; p++)
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = ' ';
  if (strlen (line) > MAX_TEXT) {
    char *end = g_utf8_find_prev_char (line, line + MAX_TEXT - 3);

    memcpy (end, "...", 4);
  }
  return line;
}

static void
add (HostdReasons *self, const char *id, const char *xpath, const char *text)
{
  HostdReason *reason = g_new0 (HostdReason, 1);
  char *line;

  reason->id = g_strdup (id);
  reason->xpath = xpath ? tidy (xpath) : NULL;
  reason->text = tidy (text);

  line = hostd_reason_to_line (reason);
  if (g_hash_table_add (self->lines, line))
    g_ptr_array_add (self->list, reason);
  else
    reason_free (reason);
}

void
hostd_reasons_add (HostdReasons *self, const char *id, const char *xpath, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  add (self, id, xpath, text);
}

void
hostd_reasons_append (HostdReasons *self, const HostdReasons *other)
{
  for (guint i = 0; i < other->list->len; i++) {
    const HostdReason *r = g_ptr_array_index (other->list, i);

    add (self, r->id, r->xpath, r->text);
  }
}

guint
hostd_reasons_count (const HostdReasons *self)
{
  return self->list->len;
}

const HostdReason *
hostd_reasons_get (const HostdReasons *self, guint index)
{
  return g_ptr_array_index (self->list, index);
}

char *
hostd_reason_to_line (const HostdReason *reason)
{
  if (reason->xpath == NULL)
    return g_strdup_printf ("%s: %s", reason->id, reason->text);
  return g_strdup_printf ("%s: %s: %s", reason->id, reason->xpath, reason->text);
}
