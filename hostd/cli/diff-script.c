/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/diff-script.h"

/* Time is (lines x differences), the trace is (differences squared): 16 MiB at most. */
#define MAX_DIFFERENCES 2000

/*
 * The part of the two lists that differs: after equal lines at the beginning, before equal lines at
 * the end.
 */
typedef struct {
  const guint *before, *after;
  gint n_before, n_after;
  guint start; /* equal lines before it */
} Middle;

static void
add_step (GArray *script, HostdDiffKind kind, guint before, guint after)
{
  HostdDiffStep step = { kind, before, after };

  g_array_append_val (script, step);
}

static void
add_replacement (GArray *script, const Middle *m)
{
  for (gint i = 0; i < m->n_before; i++)
    add_step (script, HOSTD_DIFF_REMOVE, m->start + i, m->start);
  for (gint i = 0; i < m->n_after; i++)
    add_step (script, HOSTD_DIFF_ADD, m->start + m->n_before, m->start + i);
}

/* Furthest reach on diagonal k after d differences, from the row of d - 1 (its middle is k = 0). */
static gint
reach (const gint *row, gint d, gint k)
{
  if (d == 0)
    return 0;
  if (k == -d || (k != d && row[k - 1] < row[k + 1]))
    return row[k + 1];
  return row[k - 1] + 1;
}

/*
 * Fills one row of the trace for each number of differences, until the end of both lists is
 * reached. Row d has 2 * d + 3 places, so that its neighbours can be looked at. Returns the number,
 * or -1 over the limit.
 */
static gint
search (const Middle *m, GPtrArray *trace)
{
  gint most = MIN (m->n_before + m->n_after, MAX_DIFFERENCES);

  for (gint d = 0; d <= most; d++) {
    gint *row = g_new (gint, 2 * d + 3);
    gint *at = row + d + 1;
    const gint *last = d > 0 ? (gint *) g_ptr_array_index (trace, d - 1) + d : NULL;

    g_ptr_array_add (trace, row);
    at[-d - 1] = at[d + 1] = -1;
    for (gint k = -d + 1; k < d; k += 2)
      at[k] = -1;
    for (gint k = -d; k <= d; k += 2) {
      gint x = reach (last, d, k);

      while (x < m->n_before && x - k < m->n_after && m->before[x] == m->after[x - k])
        x++;
      at[k] = x;
      if (x >= m->n_before && x - k >= m->n_after)
        return d;
    }
  }
  return -1;
}

/* Walks the trace back from the end; the steps come out in the wrong order. */
static void
walk_back (const Middle *m, GPtrArray *trace, gint d, GArray *reversed)
{
  gint x = m->n_before, y = m->n_after;

  for (; d >= 0; d--) {
    const gint *last = d > 0 ? (gint *) g_ptr_array_index (trace, d - 1) + d : NULL;
    gint k = x - y;
    gboolean down = d > 0 && (k == -d || (k != d && last[k - 1] < last[k + 1]));
    gint from = reach (last, d, k);

    while (x > from) {
      x--, y--;
      add_step (reversed, HOSTD_DIFF_KEEP, m->start + x, m->start + y);
    }
    if (d > 0 && down)
      add_step (reversed, HOSTD_DIFF_ADD, m->start + x, m->start + --y);
    else if (d > 0)
      add_step (reversed, HOSTD_DIFF_REMOVE, m->start + --x, m->start + y);
  }
}

static void
add_middle (GArray *script, const Middle *m)
{
  g_autoptr (GPtrArray) trace = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) reversed = g_array_new (FALSE, FALSE, sizeof (HostdDiffStep));
  gint d = search (m, trace);

  if (d < 0) {
    add_replacement (script, m);
    return;
  }
  walk_back (m, trace, d, reversed);
  for (guint i = reversed->len; i > 0; i--)
    g_array_append_val (script, g_array_index (reversed, HostdDiffStep, i - 1));
}

GArray *
hostd_diff_script (const guint *before, guint n_before, const guint *after, guint n_after)
{
  GArray *script = g_array_new (FALSE, FALSE, sizeof (HostdDiffStep));
  guint start = 0, end = 0;
  Middle m;

  while (start < n_before && start < n_after && before[start] == after[start])
    start++;
  while (end < n_before - start && end < n_after - start &&
         before[n_before - end - 1] == after[n_after - end - 1])
    end++;

  /* An empty list may be NULL. */
  m = (Middle){ n_before > 0 ? before + start : before, n_after > 0 ? after + start : after,
                (gint) (n_before - start - end), (gint) (n_after - start - end), start };
  for (guint i = 0; i < start; i++)
    add_step (script, HOSTD_DIFF_KEEP, i, i);
  add_middle (script, &m);
  for (guint i = end; i > 0; i--)
    add_step (script, HOSTD_DIFF_KEEP, n_before - i, n_after - i);
  return script;
}
