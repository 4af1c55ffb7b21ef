/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/diff.h"

#include "cli/diff-script.h"
#include "cli/output.h"

#include <string.h>

#define CONTEXT 3u

/* ECMA-48 SGR: what colours a terminal. */
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define RESET "\033[0m"

typedef struct {
  GPtrArray *lines; /* without their line ends */
  GArray *numbers;  /* of each: equal lines, equal numbers */
  gboolean open;    /* no line end after the last one */
} Lines;

typedef struct {
  Lines before, after;
  GArray *script;
  gboolean color;
  GString *out;
} Diff;

static void
lines_clear (Lines *self)
{
  g_ptr_array_unref (self->lines);
  g_array_unref (self->numbers);
}

static void
lines_split (Lines *self, const char *text, GHashTable *known)
{
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint));
  self->open = FALSE;
  while (*text != '\0') {
    const char *end = strchr (text, '\n');
    char *line = end != NULL ? g_strndup (text, end - text) : g_strdup (text);
    /* A last line that lacks its end is another line than the same with one. */
    char *key = g_strconcat (line, end != NULL ? "\n" : "", NULL);
    guint number = GPOINTER_TO_UINT (g_hash_table_lookup (known, key));

    if (number == 0) {
      number = g_hash_table_size (known) + 1;
      g_hash_table_insert (known, g_steal_pointer (&key), GUINT_TO_POINTER (number));
    }
    g_free (key);
    g_ptr_array_add (self->lines, line);
    g_array_append_val (self->numbers, number);
    self->open = end == NULL;
    text = end != NULL ? end + 1 : text + strlen (text);
  }
}

static void
say (Diff *self, const char *color, const char *text)
{
  if (self->color && color != NULL)
    g_string_append_printf (self->out, "%s%s" RESET "\n", color, text);
  else
    g_string_append_printf (self->out, "%s\n", text);
}

static void
say_step (Diff *self, const HostdDiffStep *step)
{
  const Lines *from = step->kind == HOSTD_DIFF_ADD ? &self->after : &self->before;
  guint index = step->kind == HOSTD_DIFF_ADD ? step->after : step->before;
  const char *line = g_ptr_array_index (from->lines, index);
  /* On a terminal a guest's text must not move the cursor. */
  g_autofree char *tame = self->color ? hostd_output_tame (line) : g_strdup (line);
  g_autofree char *text = g_strdup_printf ("%c%s", step->kind, tame);

  say (self,
       step->kind == HOSTD_DIFF_KEEP  ? NULL
       : step->kind == HOSTD_DIFF_ADD ? GREEN
                                      : RED,
       text);
  if (from->open && index + 1 == from->lines->len)
    say (self, NULL, "\\ No newline at end of file");
}

/* "-3,4": where a part begins, counted from 1, or if it is empty the line before it. */
static void
append_range (GString *text, char sign, guint first, guint count)
{
  g_string_append_printf (text, "%c%u", sign, count > 0 ? first + 1 : first);
  if (count != 1)
    g_string_append_printf (text, ",%u", count);
}

/* Steps [begin, end) are one part: differences and their context. */
static void
say_part (Diff *self, guint begin, guint end)
{
  const HostdDiffStep *first = &g_array_index (self->script, HostdDiffStep, begin);
  g_autoptr (GString) head = g_string_new ("@@ ");
  guint removed = 0, added = 0;

  for (guint i = begin; i < end; i++) {
    HostdDiffKind kind = g_array_index (self->script, HostdDiffStep, i).kind;

    removed += kind != HOSTD_DIFF_ADD;
    added += kind != HOSTD_DIFF_REMOVE;
  }
  append_range (head, '-', first->before, removed);
  g_string_append_c (head, ' ');
  append_range (head, '+', first->after, added);
  g_string_append (head, " @@");
  say (self, CYAN, head->str);
  for (guint i = begin; i < end; i++)
    say_step (self, &g_array_index (self->script, HostdDiffStep, i));
}

static gboolean
is_kept (const Diff *self, guint index)
{
  return g_array_index (self->script, HostdDiffStep, index).kind == HOSTD_DIFF_KEEP;
}

/* Differences with no more than two contexts between them are shown as one part. */
static void
say_parts (Diff *self)
{
  guint n = self->script->len;

  for (guint i = 0; i < n; i++) {
    guint begin, last;

    if (is_kept (self, i))
      continue;
    begin = i > CONTEXT ? i - CONTEXT : 0;
    last = i;
    for (guint j = i; j < n && j - last <= 2 * CONTEXT + 1; j++)
      if (!is_kept (self, j))
        last = j;
    say_part (self, begin, MIN (n, last + 1 + CONTEXT));
    i = last;
  }
}

char *
hostd_diff_to_text (const char *before, const char *after, const char *name_before,
                    const char *name_after, gboolean color)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Diff self = { .color = color };
  g_autofree char *from = NULL, *to = NULL;

  self.out = g_string_new (NULL);
  if (g_str_equal (before, after))
    return g_string_free (self.out, FALSE);
  lines_split (&self.before, before, known);
  lines_split (&self.after, after, known);
  self.script = hostd_diff_script (
      (const guint *) (gpointer) self.before.numbers->data, self.before.numbers->len,
      (const guint *) (gpointer) self.after.numbers->data, self.after.numbers->len);
  from = g_strconcat ("--- ", name_before, NULL);
  to = g_strconcat ("+++ ", name_after, NULL);
  say (&self, BOLD, from);
  say (&self, BOLD, to);
  say_parts (&self);

  g_array_unref (self.script);
  lines_clear (&self.before);
  lines_clear (&self.after);
  return g_string_free (self.out, FALSE);
}
