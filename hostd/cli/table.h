/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Rows of cells, aligned by column when they are printed. */
typedef struct HostdTable HostdTable;

/* The cells of the first row, NULL-terminated. */
HostdTable *hostd_table_new (const char *const *first);
void hostd_table_free (HostdTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdTable, hostd_table_free)

/* As many cells as the first row has; NULL is printed as "-". They are made printable. */
void hostd_table_add (HostdTable *self, const char *const *cells);

/* With a line end after each row and no blanks at its end. (transfer full) */
char *hostd_table_to_text (const HostdTable *self);

G_END_DECLS
