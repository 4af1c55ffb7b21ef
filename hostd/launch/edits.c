/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/edits.h"

#include "base/error.h"

#include <string.h>

typedef struct {
  gsize start, end;
  guint order;
  char *replacement;
} Edit;

struct HostdEdits {
  GPtrArray *list; /* (element-type Edit) */
};

static void
edit_free (Edit *edit)
{
  g_free (edit->replacement);
  g_free (edit);
}

HostdEdits *
hostd_edits_new (void)
{
  HostdEdits *self = g_new0 (HostdEdits, 1);

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) edit_free);
  return self;
}

void
hostd_edits_free (HostdEdits *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->list);
  g_free (self);
}

void
hostd_edits_add (HostdEdits *self, gsize start, gsize end, const char *replacement)
{
  Edit *edit = g_new0 (Edit, 1);

  edit->start = start;
  edit->end = end;
  edit->order = self->list->len;
  edit->replacement = g_strdup (replacement);
  g_ptr_array_add (self->list, edit);
}

guint
hostd_edits_count (const HostdEdits *self)
{
  return self->list->len;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Edit *x = *(const Edit *const *) a, *y = *(const Edit *const *) b;

  if (x->start != y->start)
    return x->start < y->start ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

/* Would the old bytes, put back where the new ones stand, give what there was? */
static gboolean
undoes (HostdEdits *self, const char *edited, gsize total, const char *text, gsize length)
{
  gsize from = 0, old = 0;

  for (guint i = 0; i <= self->list->len; i++) {
    const Edit *e = i < self->list->len ? g_ptr_array_index (self->list, i) : NULL;
    gsize kept = (e ? e->start : length) - old;

    if (from + kept > total || memcmp (edited + from, text + old, kept) != 0)
      return FALSE;
    from += kept;
    if (e == NULL)
      break;
    if (strncmp (edited + from, e->replacement, strlen (e->replacement)) != 0)
      return FALSE;
    from += strlen (e->replacement);
    old = e->end;
  }
  return from == total;
}

/* How long the edited text is; FALSE if two edits overlap, *ret_at being where. */
static gboolean
measure (HostdEdits *self, gsize length, gsize *ret_length, gsize *ret_at)
{
  gsize at = 0, edited = length;

  for (guint i = 0; i < self->list->len; i++) {
    const Edit *e = g_ptr_array_index (self->list, i);

    *ret_at = e->start;
    if (e->start < at || e->end < e->start || e->end > length)
      return FALSE;
    edited += strlen (e->replacement);
    edited -= e->end - e->start;
    at = e->end;
  }
  *ret_length = edited;
  return TRUE;
}

char *
hostd_edits_apply (HostdEdits *self, const char *text, gsize length, gsize *ret_length,
                   GError **error)
{
  g_autofree char *edited = NULL;
  gsize at = 0, total = 0;
  char *p;

  g_ptr_array_sort (self->list, compare);
  if (!measure (self, length, &total, &at)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "two edits overlap at byte %" G_GSIZE_FORMAT
                 ": a fault of Cloister or of a template, please report it",
                 at);
    return NULL;
  }
  edited = p = g_malloc (total + 1);
  at = 0;
  for (guint i = 0; i < self->list->len; i++) {
    const Edit *e = g_ptr_array_index (self->list, i);

    memcpy (p, text + at, e->start - at);
    p = g_stpcpy (p + (e->start - at), e->replacement);
    at = e->end;
  }
  memcpy (p, text + at, length - at);
  edited[total] = '\0';

  if (!undoes (self, edited, total, text, length)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED,
                 "undoing the edits does not give the input back: a fault of Cloister");
    return NULL;
  }
  *ret_length = total;
  return g_steal_pointer (&edited);
}
