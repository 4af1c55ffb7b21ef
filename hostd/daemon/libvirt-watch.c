/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/libvirt-watch.h"

#include "base/error.h"
#include "daemon/libvirt-layer.h"
#include "daemon/log.h"
#include "daemon/record.h"
#include "engine/orphans.h"

#include <string.h>

/* ---- all of them ---- */

static void
on_reaped (const char *uuid, gpointer data)
{
  HostdDaemon *daemon = data;

  hostd_record_audit (daemon, "reap", uuid,
                      "the binding had no domain for longer than orphan_days and was removed");
  hostd_record_tell (daemon, HOSTD_LOG_NOTICE, "reap", uuid, NULL,
                     "the binding of %s had no domain for longer than orphan_days and was removed",
                     uuid);
}

static void
on_all (gpointer answer, GError *error, gpointer data)
{
  HostdDaemon *daemon = data;
  HostdBindings *bindings = hostd_engine_get_bindings (daemon->engine);
  g_autoptr (GError) local = error;

  if (local == NULL) {
    hostd_roster_replace (daemon->roster, answer);
    hostd_orphans_reconcile (bindings, daemon->roster, g_get_real_time () / G_USEC_PER_SEC,
                             daemon->settings->orphan_days, on_reaped, daemon, &local);
  }
  if (local != NULL)
    hostd_log (HOSTD_LOG_WARNING, "libvirt", "bindings without a domain were not looked for: %s",
               local->message);
}

void
hostd_libvirt_watch_refresh (HostdDaemon *daemon)
{
  hostd_libvirt_worker_list (daemon->libvirt, on_all, daemon);
}

void
hostd_libvirt_watch_state (HostdLibvirtState state, const char *why, gpointer data)
{
  HostdDaemon *daemon = data;

  hostd_record_tell (daemon,
                     state == HOSTD_LIBVIRT_CONNECTED ? HOSTD_LOG_NOTICE : HOSTD_LOG_WARNING,
                     "libvirt", NULL, NULL, "%s%s%s", hostd_libvirt_state_name (state),
                     why != NULL ? ": " : "", why != NULL ? why : "");
  /* What happened while nobody listened is not known. */
  if (state == HOSTD_LIBVIRT_CONNECTED) {
    hostd_libvirt_watch_refresh (daemon);
    hostd_libvirt_layer_connected (daemon);
  }
}

/* ---- one of them ---- */

typedef struct {
  HostdDaemon *daemon;
  char *uuid, *name;
  gboolean drift; /* a device was added: does it still hold? */
} Look;

static void
look_free (Look *self)
{
  g_free (self->uuid);
  g_free (self->name);
  g_free (self);
}

/* A guest that runs is not ended for what was added to it: whoever did it has it in hand already.
 */
static void
report_drift (const Look *look, const HostdVirtDomain *domain)
{
  HostdDaemon *daemon = look->daemon;
  g_autoptr (HostdGateDecision) decision = hostd_gate_inspect (
      daemon->gate, hostd_engine_get_templates (daemon->engine),
      hostd_engine_get_facts (daemon->engine), domain->xml, strlen (domain->xml));
  const char *reason = hostd_gate_decision_get_reason (decision);

  if (reason == NULL)
    return;
  hostd_record_audit (daemon, "drift", look->uuid, reason);
  hostd_record_tell (daemon, HOSTD_LOG_ERROR, "drift", look->uuid, look->name,
                     "what was added to running domain \"%s\" breaks its policy: %s", look->name,
                     reason);
}

static void
on_look (gpointer answer, GError *error, gpointer data)
{
  Look *look = data;
  const HostdLibvirtInspection *inspection = answer;
  g_autoptr (GError) local = error;

  if (local == NULL) {
    hostd_roster_note (look->daemon->roster, inspection->domain);
    if (look->drift && inspection->domain->active)
      report_drift (look, inspection->domain);
  } else if (g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND)) {
    hostd_roster_remove (look->daemon->roster, look->uuid);
  } else if (look->drift) {
    hostd_log (HOSTD_LOG_WARNING, "drift", "what was added to \"%s\" was not looked at: %s",
               look->name, local->message);
  }
  look_free (look);
}

static void
look_at (HostdDaemon *daemon, const HostdVirtEvent *event)
{
  Look *look = g_new0 (Look, 1);

  look->daemon = daemon;
  look->uuid = g_strdup (event->uuid);
  look->name = g_strdup (event->name);
  look->drift = event->kind == HOSTD_VIRT_EVENT_DEVICE_ADDED;
  hostd_libvirt_worker_inspect (daemon->libvirt, event->uuid, on_look, look);
}

/* A binding that cannot be read is one: its guest may not start without the hook either. */
static gboolean
is_bound (HostdDaemon *daemon, const char *uuid)
{
  g_autoptr (HostdBinding) binding = NULL;

  return !hostd_bindings_lookup (hostd_engine_get_bindings (daemon->engine), uuid, &binding,
                                 NULL) ||
         binding != NULL;
}

void
hostd_libvirt_watch_event (const HostdVirtEvent *event, gpointer data)
{
  HostdDaemon *daemon = data;

  if (event->kind == HOSTD_VIRT_EVENT_STARTED && is_bound (daemon, event->uuid))
    hostd_record_arming (daemon, hostd_arming_note_started (daemon->arming, event->uuid,
                                                            event->name, g_get_monotonic_time (),
                                                            g_get_real_time () / G_USEC_PER_SEC));
  else if (event->kind == HOSTD_VIRT_EVENT_STOPPED)
    hostd_roster_note_stopped (daemon->roster, event->uuid);
  look_at (daemon, event);
}

/* ---- how it was launched ---- */

#define ATTEMPTS 3
#define AGAIN_SECONDS 2

typedef struct {
  HostdDaemon *daemon;
  char *uuid, *name;
  HostdLaunchExpectation expected;
  guint attempts;
} Launched;

static void
launched_free (Launched *self)
{
  g_free (self->uuid);
  g_free (self->name);
  g_free (self);
}

static void
on_destroyed (gpointer answer, GError *error, gpointer data)
{
  Launched *launched = data;
  g_autoptr (GError) local = error;

  hostd_record_tell (
      launched->daemon, HOSTD_LOG_ERROR, "launch", launched->uuid, launched->name,
      local == NULL ? "domain \"%s\" was stopped%s%s" : "domain \"%s\" COULD NOT BE STOPPED%s%s",
      launched->name, local != NULL ? ": " : "", local != NULL ? local->message : "");
  hostd_record_audit (launched->daemon, local == NULL ? "destroyed" : "destroy-failed",
                      launched->uuid, local != NULL ? local->message : NULL);
  launched_free (launched);
}

static void
stop (Launched *launched, const HostdReasons *reasons)
{
  g_autofree char *line = hostd_reason_to_line (hostd_reasons_get (reasons, 0));

  hostd_record_audit (launched->daemon, "destroy", launched->uuid, line);
  hostd_record_tell (launched->daemon, HOSTD_LOG_ERROR, "launch", launched->uuid, launched->name,
                     "domain \"%s\" is stopped: %s", launched->name, line);
  hostd_libvirt_worker_destroy (launched->daemon->libvirt, launched->uuid, on_destroyed, launched);
}

static void ask_how_launched (Launched *launched);

static gboolean
on_again (gpointer data)
{
  ask_how_launched (data);
  return G_SOURCE_REMOVE;
}

/* That libvirt cannot tell is no mismatch: the gate verified the guest, and says what is missing.
 */
static void
give_up (Launched *launched, const char *why)
{
  if (++launched->attempts < ATTEMPTS) {
    g_timeout_add_seconds (AGAIN_SECONDS, on_again, launched);
    return;
  }
  hostd_record_audit (launched->daemon, "launch-unchecked", launched->uuid, why);
  hostd_record_tell (launched->daemon, HOSTD_LOG_WARNING, "launch", launched->uuid, launched->name,
                     "how domain \"%s\" was launched could not be checked: %s", launched->name,
                     why);
  launched_free (launched);
}

static void
on_launch (gpointer answer, GError *error, gpointer data)
{
  Launched *launched = data;
  const HostdLibvirtInspection *inspection = answer;
  g_autoptr (GError) local = error;
  g_autoptr (HostdReasons) reasons = NULL;

  if (local != NULL && !g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND)) {
    give_up (launched, local->message);
    return;
  }
  if (local != NULL || !inspection->domain->active) { /* it has ended */
    launched_free (launched);
    return;
  }
  if (inspection->launch == NULL) {
    give_up (launched, inspection->launch_error->message);
    return;
  }
  reasons = hostd_launch_compare (&launched->expected, inspection->launch);
  if (hostd_reasons_count (reasons) > 0) {
    stop (launched, reasons);
    return;
  }
  hostd_record_tell (launched->daemon, HOSTD_LOG_INFO, "launch", launched->uuid, launched->name,
                     "domain \"%s\" was launched as it asked for: policy 0x%x, SEV API %u.%u",
                     launched->name, inspection->launch->policy, inspection->launch->api_major,
                     inspection->launch->api_minor);
  launched_free (launched);
}

static void
ask_how_launched (Launched *launched)
{
  hostd_libvirt_worker_inspect (launched->daemon->libvirt, launched->uuid, on_launch, launched);
}

void
hostd_libvirt_watch_launched (HostdDaemon *daemon, const char *uuid, const char *name,
                              const HostdLaunchExpectation *expected)
{
  Launched *launched = g_new0 (Launched, 1);

  launched->daemon = daemon;
  launched->uuid = g_strdup (uuid);
  launched->name = g_strdup (name);
  launched->expected = *expected;
  ask_how_launched (launched);
}
