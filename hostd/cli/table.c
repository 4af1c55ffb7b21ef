/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/table.h"

#include "cli/output.h"

#define GAP 2

struct HostdTable {
  guint columns;
  GPtrArray *rows; /* (element-type GStrv) */
};

HostdTable *
hostd_table_new (const char *const *first)
{
  HostdTable *self = g_new0 (HostdTable, 1);

  self->columns = g_strv_length ((char **) first);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  hostd_table_add (self, first);
  return self;
}

void
hostd_table_free (HostdTable *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
hostd_table_add (HostdTable *self, const char *const *cells)
{
  char **row = g_new0 (char *, self->columns + 1);

  for (guint i = 0; i < self->columns; i++)
    row[i] = hostd_output_tame (cells[i] != NULL && cells[i][0] != '\0' ? cells[i] : "-");
  g_ptr_array_add (self->rows, row);
}

static glong
width_of (const HostdTable *self, guint column)
{
  glong width = 0;

  for (guint i = 0; i < self->rows->len; i++) {
    char **row = g_ptr_array_index (self->rows, i);

    width = MAX (width, g_utf8_strlen (row[column], -1));
  }
  return width;
}

char *
hostd_table_to_text (const HostdTable *self)
{
  g_autofree glong *widths = g_new0 (glong, self->columns);
  GString *text = g_string_new (NULL);

  for (guint c = 0; c < self->columns; c++)
    widths[c] = width_of (self, c);
  for (guint r = 0; r < self->rows->len; r++) {
    char **row = g_ptr_array_index (self->rows, r);

    for (guint c = 0; c < self->columns; c++) {
      g_string_append (text, row[c]);
      for (glong n = g_utf8_strlen (row[c], -1); c + 1 < self->columns && n < widths[c] + GAP; n++)
        g_string_append_c (text, ' ');
    }
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}
