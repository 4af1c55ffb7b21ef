/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/orphans.h"

#define DAY (24 * 60 * 60)

gint64
hostd_orphan_days (HostdBindings *bindings, const char *uuid, gint64 now)
{
  gint64 seen;

  if (!hostd_bindings_get_seen (bindings, uuid, &seen) || seen > now)
    return -1;
  return (now - seen) / DAY;
}

/* FALSE with an error only if removing it failed. */
static gboolean
consider (HostdBindings *bindings, const char *uuid, gint64 now, guint max_days,
          gboolean *ret_removed, GError **error)
{
  g_autoptr (HostdBinding) binding = NULL;

  *ret_removed = FALSE;
  if (max_days == 0 || hostd_orphan_days (bindings, uuid, now) < (gint64) max_days)
    return TRUE;
  if (!hostd_bindings_lookup (bindings, uuid, &binding, NULL) || binding == NULL)
    return TRUE;
  *ret_removed = hostd_bindings_forget (bindings, uuid, error);
  return *ret_removed;
}

gboolean
hostd_orphans_reconcile (HostdBindings *bindings, const HostdRoster *roster, gint64 now,
                         guint max_days, HostdOrphanReaped reaped, gpointer data, GError **error)
{
  g_autoptr (GPtrArray) uuids = hostd_bindings_list_uuids (bindings, error);

  if (uuids == NULL)
    return FALSE;
  for (guint i = 0; i < uuids->len; i++) {
    const char *uuid = g_ptr_array_index (uuids, i);
    gboolean removed = FALSE;

    if (hostd_roster_has (roster, uuid))
      hostd_bindings_note_seen (bindings, uuid, now);
    else if (hostd_roster_is_known (roster) &&
             !consider (bindings, uuid, now, max_days, &removed, error))
      return FALSE;
    if (removed)
      reaped (uuid, data);
  }
  return TRUE;
}
