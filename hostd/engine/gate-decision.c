/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/gate-decision.h"

struct HostdGateDecision {
  char *line; /* of a veto */
  HostdReasons *reasons, *notes;
  HostdGateGuest guest;
  HostdGateFolder folder;
  char *uuid, *policy;
  gboolean technology_known;
  HostdTechnology technology;
};

const char *
hostd_gate_guest_name (HostdGateGuest guest)
{
  static const char *const names[] = {
    [HOSTD_GATE_GUEST_UNKNOWN] = "unknown", [HOSTD_GATE_GUEST_ORDINARY] = "ordinary",
    [HOSTD_GATE_GUEST_BOUND] = "bound",     [HOSTD_GATE_GUEST_METADATA] = "metadata",
    [HOSTD_GATE_GUEST_UNBOUND] = "unbound", [HOSTD_GATE_GUEST_UNREADABLE] = "unreadable",
  };

  return names[guest];
}

HostdGateDecision *
hostd_gate_decision_new (void)
{
  HostdGateDecision *self = g_new0 (HostdGateDecision, 1);

  self->reasons = hostd_reasons_new ();
  self->notes = hostd_reasons_new ();
  return self;
}

void
hostd_gate_decision_free (HostdGateDecision *self)
{
  if (self == NULL)
    return;
  hostd_reasons_free (self->reasons);
  hostd_reasons_free (self->notes);
  g_free (self->line);
  g_free (self->uuid);
  g_free (self->policy);
  g_free (self);
}

void
hostd_gate_decision_veto (HostdGateDecision *self, const char *id, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  hostd_reasons_add (self->reasons, id, NULL, "%s", text);
}

void
hostd_gate_decision_veto_all (HostdGateDecision *self, const HostdReasons *reasons)
{
  if (hostd_reasons_count (reasons) == 0)
    hostd_gate_decision_veto (self, "verify", "it was refused, and no reason was given");
  hostd_reasons_append (self->reasons, reasons);
}

void
hostd_gate_decision_note (HostdGateDecision *self, const char *id, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  hostd_reasons_add (self->notes, id, NULL, "%s", text);
}

void
hostd_gate_decision_note_all (HostdGateDecision *self, const HostdReasons *notes)
{
  hostd_reasons_append (self->notes, notes);
}

void
hostd_gate_decision_set_guest (HostdGateDecision *self, HostdGateGuest guest)
{
  self->guest = guest;
}

void
hostd_gate_decision_set_folder (HostdGateDecision *self, HostdGateFolder folder)
{
  self->folder = folder;
}

void
hostd_gate_decision_set_uuid (HostdGateDecision *self, const char *uuid)
{
  g_free (self->uuid);
  self->uuid = g_strdup (uuid);
}

void
hostd_gate_decision_set_policy (HostdGateDecision *self, const char *policy)
{
  g_free (self->policy);
  self->policy = g_strdup (policy);
}

void
hostd_gate_decision_set_technology (HostdGateDecision *self, HostdTechnology technology)
{
  self->technology = technology;
  self->technology_known = TRUE;
}

void
hostd_gate_decision_seal (HostdGateDecision *self)
{
  guint count = hostd_reasons_count (self->reasons);
  g_autofree char *first = NULL;

  if (count == 0)
    return;
  first = hostd_reason_to_line (hostd_reasons_get (self->reasons, 0));
  g_free (self->line);
  self->line = count == 1 ? g_steal_pointer (&first)
                          : g_strdup_printf ("%s (and %u more: see the log of cloister-hostd)",
                                             first, count - 1);
}

gboolean
hostd_gate_decision_get_allow (const HostdGateDecision *self)
{
  return hostd_reasons_count (self->reasons) == 0;
}

const char *
hostd_gate_decision_get_reason (const HostdGateDecision *self)
{
  return self->line;
}

const HostdReasons *
hostd_gate_decision_get_reasons (const HostdGateDecision *self)
{
  return self->reasons;
}

const HostdReasons *
hostd_gate_decision_get_notes (const HostdGateDecision *self)
{
  return self->notes;
}

HostdGateGuest
hostd_gate_decision_get_guest (const HostdGateDecision *self)
{
  return self->guest;
}

HostdGateFolder
hostd_gate_decision_get_folder (const HostdGateDecision *self)
{
  return self->folder;
}

const char *
hostd_gate_decision_get_uuid (const HostdGateDecision *self)
{
  return self->uuid;
}

const char *
hostd_gate_decision_get_policy (const HostdGateDecision *self)
{
  return self->policy;
}

gboolean
hostd_gate_decision_get_technology (const HostdGateDecision *self, HostdTechnology *ret_technology)
{
  if (self->technology_known)
    *ret_technology = self->technology;
  return self->technology_known;
}
