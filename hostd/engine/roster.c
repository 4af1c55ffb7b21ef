/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/roster.h"

#include "base/parse.h"
#include "launch/verify.h"

#include <string.h>

/* Bit 2 of SEV's policy word: the guest's registers are encrypted too. AMD SEV API, guest policy.
 */
#define SEV_POLICY_ES (1u << 2)

typedef struct {
  gboolean running, protected;
  HostdTechnology technology; /* if protected */
} Entry;

struct HostdRoster {
  gboolean known;
  GHashTable *entries; /* UUID -> Entry */
};

HostdRoster *
hostd_roster_new (void)
{
  HostdRoster *self = g_new0 (HostdRoster, 1);

  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
hostd_roster_free (HostdRoster *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->entries);
  g_free (self);
}

/* libvirt has one type for SEV and SEV-ES: the policy word tells them apart. */
static gboolean
technology_of (const char *xml, HostdTechnology *ret_technology)
{
  g_autoptr (HostdGlance) glance = hostd_glance_at (xml, strlen (xml), NULL);
  const char *type, *policy;
  guint64 word;

  if (glance == NULL || !glance->has_launch_security)
    return FALSE;
  type = g_hash_table_lookup (glance->data, "type");
  policy = g_hash_table_lookup (glance->data, "policy");
  if (type == NULL || !hostd_technology_from_name (type, ret_technology))
    return FALSE;
  if (*ret_technology == HOSTD_TECHNOLOGY_SEV && policy != NULL &&
      hostd_parse_hex (policy, &word) && (word & SEV_POLICY_ES) != 0)
    *ret_technology = HOSTD_TECHNOLOGY_SEV_ES;
  return TRUE;
}

void
hostd_roster_note (HostdRoster *self, const HostdVirtDomain *domain)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->running = domain->active;
  entry->protected = technology_of (domain->xml, &entry->technology);
  g_hash_table_replace (self->entries, g_strdup (domain->uuid), entry);
}

void
hostd_roster_replace (HostdRoster *self, GPtrArray *domains)
{
  g_hash_table_remove_all (self->entries);
  for (guint i = 0; i < domains->len; i++)
    hostd_roster_note (self, g_ptr_array_index (domains, i));
  self->known = TRUE;
}

void
hostd_roster_note_stopped (HostdRoster *self, const char *uuid)
{
  Entry *entry = g_hash_table_lookup (self->entries, uuid);

  if (entry != NULL)
    entry->running = FALSE;
}

void
hostd_roster_remove (HostdRoster *self, const char *uuid)
{
  g_hash_table_remove (self->entries, uuid);
}

gboolean
hostd_roster_is_known (const HostdRoster *self)
{
  return self->known;
}

gboolean
hostd_roster_has (const HostdRoster *self, const char *uuid)
{
  return g_hash_table_contains (self->entries, uuid);
}

gboolean
hostd_roster_is_running (const HostdRoster *self, const char *uuid)
{
  const Entry *entry = g_hash_table_lookup (self->entries, uuid);

  return entry != NULL && entry->running;
}

guint
hostd_roster_count (const HostdRoster *self, HostdTechnology technology)
{
  GHashTableIter iter;
  gpointer value;
  guint count = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Entry *entry = value;

    if (entry->running && entry->protected && entry->technology == technology)
      count++;
  }
  return count;
}

guint
hostd_roster_count_pool (const HostdRoster *self, const HostdFacts *facts,
                         HostdTechnology technology, const char *except)
{
  const char *pool = facts->technology[technology].capacity.pool;
  GHashTableIter iter;
  gpointer uuid, value;
  guint count = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &uuid, &value)) {
    const Entry *entry = value;

    if (!entry->running || !entry->protected || g_strcmp0 (uuid, except) == 0)
      continue;
    if (entry->technology == technology ||
        (pool != NULL && g_strcmp0 (facts->technology[entry->technology].capacity.pool, pool) == 0))
      count++;
  }
  return count;
}
