/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/quota.h"

G_BEGIN_DECLS

/* What a server bears. The numbers are ours; tests take smaller ones. */
typedef struct {
  gsize max_message;           /* bytes */
  gsize quota[HOSTD_N_QUOTAS]; /* for each uid, on each socket */
  gsize connections;           /* of everybody together, on each socket */
  guint idle_ms;               /* a connection that asks nothing is closed */
  guint message_ms;            /* from a message's first byte to its NUL */
  guint write_ms;              /* a client that reads nothing is closed */
} HostdLimits;

extern const HostdLimits hostd_limits_default;

G_END_DECLS
