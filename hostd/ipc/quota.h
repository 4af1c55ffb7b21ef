/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/*
 * What one user may make the server hold at a time. Counted by uid, over all his connections, so
 * that neither a leaking client nor a hostile one takes it from the others.
 */
typedef enum {
  HOSTD_QUOTA_CONNECTIONS,
  HOSTD_QUOTA_BYTES, /* of messages received and not yet answered, and of replies not yet read */
  HOSTD_QUOTA_CALLS, /* in flight */
  HOSTD_N_QUOTAS
} HostdQuotaKind;

typedef struct HostdQuota HostdQuota;

/* @limits: one for each kind. */
HostdQuota *hostd_quota_new (const gsize limits[HOSTD_N_QUOTAS]);
void hostd_quota_free (HostdQuota *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdQuota, hostd_quota_free)

/* Counts @amount more for @uid; FALSE, and nothing is counted, if that is over the limit. */
gboolean hostd_quota_take (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount);
/* The same without a limit: for what has to be held in any case. */
void hostd_quota_charge (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount);
/* Gives back what was taken or charged. */
void hostd_quota_give (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount);

gsize hostd_quota_get_used (const HostdQuota *self, uid_t uid, HostdQuotaKind kind);
gsize hostd_quota_get_limit (const HostdQuota *self, HostdQuotaKind kind);

G_END_DECLS
