/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/arming.h"

#include <string.h>

struct HostdArming {
  HostdAlarm *alarm;
  gint64 judged_from;
  gboolean seen;
  GHashTable *told; /* UUIDs that the hook told of, and whose start libvirt has yet to tell */
};

const char *
hostd_arming_state_name (HostdArmingState state)
{
  static const char *const names[] = { [HOSTD_ARMING_UNPROVEN] = "unproven",
                                       [HOSTD_ARMING_ARMED] = "armed",
                                       [HOSTD_ARMING_NOT_ARMED] = "not-armed" };

  return names[state];
}

HostdArming *
hostd_arming_new (HostdAlarm *alarm, gint64 now, gint64 grace_us)
{
  HostdArming *self = g_new0 (HostdArming, 1);

  self->alarm = alarm;
  self->judged_from = now + grace_us;
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
hostd_arming_free (HostdArming *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->told);
  g_free (self);
}

static HostdArmingChange
cure (HostdArming *self)
{
  if (!hostd_alarm_is_raised (self->alarm))
    return HOSTD_ARMING_SAME;
  hostd_alarm_clear (self->alarm);
  return HOSTD_ARMING_CURED;
}

HostdArmingChange
hostd_arming_note_hook (HostdArming *self, const char *uuid, const char *operation,
                        gboolean allowed)
{
  gboolean starts = strcmp (operation, "start") == 0 || strcmp (operation, "started") == 0;

  self->seen = TRUE;
  if (uuid != NULL && starts && allowed)
    g_hash_table_add (self->told, g_strdup (uuid));
  else if (uuid != NULL && (starts || strcmp (operation, "release") == 0))
    g_hash_table_remove (self->told, uuid);
  return cure (self);
}

HostdArmingChange
hostd_arming_note_libvirt (HostdArming *self)
{
  self->seen = FALSE;
  return cure (self);
}

HostdArmingChange
hostd_arming_note_started (HostdArming *self, const char *uuid, const char *name, gint64 now,
                           gint64 when)
{
  gboolean raised = hostd_alarm_is_raised (self->alarm);

  if (g_hash_table_remove (self->told, uuid) || now < self->judged_from)
    return HOSTD_ARMING_SAME;
  self->seen = FALSE;
  hostd_alarm_raise (self->alarm, uuid, name, when);
  return raised ? HOSTD_ARMING_SAME : HOSTD_ARMING_RAISED;
}

HostdArmingState
hostd_arming_get_state (const HostdArming *self)
{
  if (hostd_alarm_is_raised (self->alarm))
    return HOSTD_ARMING_NOT_ARMED;
  return self->seen ? HOSTD_ARMING_ARMED : HOSTD_ARMING_UNPROVEN;
}

char *
hostd_arming_describe (const HostdArming *self)
{
  if (!hostd_alarm_is_raised (self->alarm))
    return NULL;
  return g_strdup_printf ("domain %s (%s) is bound and started without libvirt "
                          "running the hook: see that qemu.d/50-cloister is among libvirt's hooks "
                          "and can be run, and reload libvirtd or virtqemud",
                          hostd_alarm_get_name (self->alarm), hostd_alarm_get_uuid (self->alarm));
}
