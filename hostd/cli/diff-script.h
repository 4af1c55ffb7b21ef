/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One step from a list of lines to another, in their order. */
typedef enum { HOSTD_DIFF_KEEP = ' ', HOSTD_DIFF_REMOVE = '-', HOSTD_DIFF_ADD = '+' } HostdDiffKind;

typedef struct {
  HostdDiffKind kind;
  guint before, after; /* indexes of the line; that of the other list is where it would stand */
} HostdDiffStep;

/*
 * A shortest script from @before to @after, by E. W. Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (1986). Lines are numbers: equal lines have equal ones. Over a limit of differences
 * the script is correct, but not shortest. (element-type HostdDiffStep)
 */
GArray *hostd_diff_script (const guint *before, guint n_before, const guint *after, guint n_after);

G_END_DECLS
