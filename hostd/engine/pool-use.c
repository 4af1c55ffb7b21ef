/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/pool-use.h"

#include "base/error.h"
#include "base/parse.h"

#include <string.h>

/* EPC is counted in bytes: a number of guests says nothing about it. */
static gboolean
counts_guests (HostdTechnology technology)
{
  return technology != HOSTD_TECHNOLOGY_SGX;
}

static guint
guests_of_pool (const HostdPoolUse *self, const HostdFacts *facts, const char *pool)
{
  guint guests = 0;

  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    if (g_strcmp0 (facts->technology[i].capacity.pool, pool) == 0)
      guests += self->guests[i];
  return guests;
}

void
hostd_pool_use_join (const HostdPoolUse *self, HostdFacts *facts)
{
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    HostdCapacity *capacity = &facts->technology[i].capacity;

    if (!counts_guests ((HostdTechnology) i) || capacity->pool == NULL ||
        capacity->in_use == HOSTD_CAPACITY_UNKNOWN)
      continue;
    capacity->others = MAX (capacity->in_use - MAX (capacity->leaked, 0) -
                                (gint64) guests_of_pool (self, facts, capacity->pool),
                            0);
  }
}

void
hostd_pool_use_join_roster (const HostdRoster *roster, HostdFacts *facts)
{
  HostdPoolUse use = { { 0 } };

  if (!hostd_roster_is_known (roster))
    return;
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    use.guests[i] = hostd_roster_count (roster, (HostdTechnology) i);
  hostd_pool_use_join (&use, facts);
}

gboolean
hostd_pool_use_parse (HostdPoolUse *self, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 256);

  *self = (HostdPoolUse){ { 0 } };
  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) words = NULL;
    HostdTechnology technology;
    guint64 number;

    lines[i][strcspn (lines[i], "#")] = '\0';
    words = g_strsplit (g_strstrip (lines[i]), " ", 2);
    if (words[0] == NULL)
      continue;
    if (words[1] == NULL || !hostd_technology_from_name (words[0], &technology) ||
        !hostd_parse_decimal (words[1], G_MAXUINT16, &number)) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "libvirt/running:%u: not TECHNOLOGY NUMBER", i + 1);
      return FALSE;
    }
    self->guests[technology] = number;
  }
  return TRUE;
}
