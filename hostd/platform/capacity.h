/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform/probe.h"

G_BEGIN_DECLS

/*
 * A row of the misc controller's files, "sev_es 127", in cgroup v2 or v1. ABSENT: no such
 * controller, or no such row (rows of capacity 0 are left out by the kernel). "capacity" is the
 * host's total.
 */
HostdRead hostd_misc_capacity (HostdProbe *self, HostdTechnologyFacts *facts, const char *row,
                               guint64 *ret_value);

/*
 * What is charged on the whole host: the root's misc.current (Linux 6.5), else the sum of
 * the groups directly below it.
 */
HostdRead hostd_misc_current (HostdProbe *self, HostdTechnologyFacts *facts, const char *row,
                              guint64 *ret_value);

/* Fills in total, in use and what is left; -1 for unknown. */
void hostd_capacity_set (HostdTechnologyFacts *facts, const char *pool, gint64 total,
                         gint64 in_use);

/*
 * The value of "ROW NUMBER" in a text of such lines. The whole word counts: "sev" is not "sev_es".
 */
gboolean hostd_misc_parse_row (const char *text, const char *row, guint64 *ret_value);

G_END_DECLS
