/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/quota.h"

typedef struct {
  gsize used[HOSTD_N_QUOTAS];
} Account;

struct HostdQuota {
  gsize limits[HOSTD_N_QUOTAS];
  GHashTable *accounts; /* uid -> Account; only those that hold something */
};

HostdQuota *
hostd_quota_new (const gsize limits[HOSTD_N_QUOTAS])
{
  HostdQuota *self = g_new0 (HostdQuota, 1);

  for (guint i = 0; i < HOSTD_N_QUOTAS; i++)
    self->limits[i] = limits[i];
  self->accounts = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
hostd_quota_free (HostdQuota *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->accounts);
  g_free (self);
}

static Account *
find (const HostdQuota *self, uid_t uid)
{
  return g_hash_table_lookup (self->accounts, GUINT_TO_POINTER (uid));
}

void
hostd_quota_charge (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount)
{
  Account *account = find (self, uid);

  if (amount == 0)
    return;
  if (account == NULL) {
    account = g_new0 (Account, 1);
    g_hash_table_insert (self->accounts, GUINT_TO_POINTER (uid), account);
  }
  account->used[kind] += amount;
}

gboolean
hostd_quota_take (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount)
{
  gsize used = hostd_quota_get_used (self, uid, kind);

  if (used > self->limits[kind] || amount > self->limits[kind] - used)
    return FALSE;
  hostd_quota_charge (self, uid, kind, amount);
  return TRUE;
}

void
hostd_quota_give (HostdQuota *self, uid_t uid, HostdQuotaKind kind, gsize amount)
{
  Account *account = find (self, uid);

  if (amount == 0)
    return;
  g_return_if_fail (account != NULL && account->used[kind] >= amount);
  account->used[kind] -= amount;
  for (guint i = 0; i < HOSTD_N_QUOTAS; i++)
    if (account->used[i] > 0)
      return;
  g_hash_table_remove (self->accounts, GUINT_TO_POINTER (uid));
}

gsize
hostd_quota_get_used (const HostdQuota *self, uid_t uid, HostdQuotaKind kind)
{
  const Account *account = find (self, uid);

  return account != NULL ? account->used[kind] : 0;
}

gsize
hostd_quota_get_limit (const HostdQuota *self, HostdQuotaKind kind)
{
  return self->limits[kind];
}
