/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Keeps lines that strangers cause from filling the log: a few at once are let through, later ones
 * slowly, and how many were left out is told with the next that is.
 */
typedef struct {
  guint allowance; /* lines that may come now */
  guint left_out;
  gint64 refilled; /* monotonic, microseconds; 0: never asked */
} HostdLogLimit;

/* At once, and how long it takes until one more may come. */
#define HOSTD_LOG_LIMIT_BURST 20
#define HOSTD_LOG_LIMIT_REFILL_US (5 * G_GINT64_CONSTANT (1000000))

/* May a line come at @now (monotonic)? Then *@ret_left_out is how many were left out before it. */
gboolean hostd_log_limit_take (HostdLogLimit *self, gint64 now, guint *ret_left_out);

G_END_DECLS
