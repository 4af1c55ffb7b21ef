/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The difference of two texts by lines, in the unified format with three lines of context; empty if
 * there is none. Of bounded cost: texts that differ in more than some two thousand lines are shown
 * as replaced between their first and last difference. (transfer full)
 */
char *hostd_diff_to_text (const char *before, const char *after, const char *name_before,
                          const char *name_after, gboolean color);

G_END_DECLS
