/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/daemon.h"

#include "base/error.h"
#include "daemon/host-watch.h"
#include "daemon/interfaces.h"
#include "daemon/libvirt-watch.h"
#include "daemon/log.h"

/* How often bindings without a domain are looked for, besides when libvirt is connected. */
#define RECONCILE_SECONDS (60 * 60)
/* A hook waits so long at most: what it told before we served is not known after that. */
#define ARMING_GRACE_US (2 * CLOISTER_HOOK_DEADLINE_MS * G_GINT64_CONSTANT (1000))

static void
log_notice (const char *socket_name, const HostdPeer *peer, const GError *what, gpointer data)
{
  HostdDaemon *self = data;
  g_autofree char *before = NULL;
  guint left_out;

  if (!hostd_log_limit_take (&self->notices, g_get_monotonic_time (), &left_out))
    return;
  before =
      left_out > 0 ? g_strdup_printf (" (%u such lines before were left out)", left_out) : NULL;
  if (peer != NULL)
    hostd_log (HOSTD_LOG_WARNING, "socket", "%s: uid %u, pid %d: %s%s", socket_name, peer->uid,
               (int) peer->pid, what->message, before != NULL ? before : "");
  else
    hostd_log (HOSTD_LOG_WARNING, "socket", "%s: %s%s", socket_name, what->message,
               before != NULL ? before : "");
}

static gboolean
open_state (HostdDaemon *self, const char *state_dir, GError **error)
{
  self->alarm = hostd_alarm_open (state_dir, error);
  self->audit = self->alarm != NULL ? hostd_audit_open (state_dir, error) : NULL;
  if (self->audit != NULL)
    self->live = hostd_live_facts_new (state_dir, hostd_virt_get_library_version (), error);
  return self->live != NULL;
}

static gboolean
on_reconcile (gpointer data)
{
  hostd_libvirt_watch_refresh (data);
  return G_SOURCE_CONTINUE;
}

HostdDaemon *
hostd_daemon_new (const HostdSettings *settings, HostdNotify *notify, GError **error)
{
  g_autoptr (HostdDaemon) self = g_new0 (HostdDaemon, 1);
  const HostdEngineOptions options = {
    .template_dir = settings->template_dir,
    .policy_dirs = (const char *const *) settings->policy_dirs,
    .recording = settings->replay,
    .probe_later = TRUE,
    .state_dir = settings->state_dir,
  };
  HostdLibvirtListener listener = { hostd_libvirt_watch_state, hostd_libvirt_watch_event, NULL };

  self->settings = settings;
  self->notify = notify;
  self->started = g_get_real_time () / G_USEC_PER_SEC;
  self->engine = hostd_engine_new (&options, error);
  if (self->engine == NULL || !open_state (self, settings->state_dir, error))
    return NULL;
  self->monitor = hostd_monitor_new ();
  if (!hostd_host_watch_begin (self, error))
    return NULL;
  self->roster = hostd_roster_new ();
  self->arming = hostd_arming_new (self->alarm, g_get_monotonic_time (), ARMING_GRACE_US);
  self->gate = hostd_gate_new (hostd_engine_get_bindings (self->engine), &settings->gate);
  hostd_gate_set_roster (self->gate, self->roster);
  self->server = hostd_server_new (&settings->limits, log_notice, self);
  listener.data = self;
  self->libvirt = hostd_libvirt_worker_new (&listener);
  self->reconcile = g_timeout_add_seconds (RECONCILE_SECONDS, on_reconcile, self);
  return g_steal_pointer (&self);
}

gboolean
hostd_daemon_end (HostdDaemon *self)
{
  gboolean libvirt_ended, probes_ended;

  if (self == NULL)
    return TRUE;
  /* First who may still call us, then what they call. */
  if (self->reconcile != 0)
    g_source_remove (self->reconcile);
  g_clear_pointer (&self->server, hostd_server_free);
  libvirt_ended = hostd_libvirt_worker_end (g_steal_pointer (&self->libvirt));
  if (!libvirt_ended)
    hostd_log (HOSTD_LOG_WARNING, "stop", "libvirt did not answer its last call");
  probes_ended = hostd_host_watch_end (self);
  if (!probes_ended)
    hostd_log (HOSTD_LOG_WARNING, "stop", "a probe of the host has not come back");
  g_clear_pointer (&self->monitor, hostd_monitor_free);
  g_clear_pointer (&self->gate, hostd_gate_free);
  g_clear_pointer (&self->arming, hostd_arming_free);
  g_clear_pointer (&self->roster, hostd_roster_free);
  g_clear_pointer (&self->live, hostd_live_facts_free);
  g_clear_pointer (&self->audit, hostd_audit_free);
  g_clear_pointer (&self->alarm, hostd_alarm_free);
  g_clear_pointer (&self->engine, hostd_engine_free);
  g_free (self->templates_error);
  g_free (self->host_error);
  g_free (self);
  return libvirt_ended && probes_ended;
}

void
hostd_daemon_free (HostdDaemon *self)
{
  hostd_daemon_end (self);
}

void
hostd_daemon_listen (HostdDaemon *self, HostdSocket which, int fd)
{
  static const HostdInterface *const interfaces[HOSTD_N_SOCKETS] = {
    [HOSTD_SOCKET_COMPUTE] = &hostd_launch_interface,
    [HOSTD_SOCKET_HOOK] = &hostd_hook_interface,
    [HOSTD_SOCKET_ADMIN] = &hostd_admin_interface,
  };
  /* An operator may do by hand what Nova does. */
  const HostdService services[] = {
    { interfaces[which], self },
    { which == HOSTD_SOCKET_ADMIN ? &hostd_launch_interface : NULL, self },
    { NULL, NULL },
  };

  hostd_server_listen (self->server, hostd_socket_name (which), fd,
                       self->settings->sockets[which].uids, services);
}

/* ---- reload ---- */

typedef struct {
  HostdDaemon *daemon;
  GError *templates; /* or NULL */
  HostdReloaded done;
  gpointer data;
} Reload;

static void
on_reloaded (GError *error, gpointer data)
{
  g_autofree Reload *reload = data;
  HostdDaemon *self = reload->daemon;
  g_autofree char *status = hostd_daemon_describe (self);
  g_autoptr (GError) host = error;
  g_autoptr (GError) templates = reload->templates;

  hostd_notify_ready (self->notify, status);
  hostd_monitor_emit (self->monitor, "reload", NULL, NULL, status);
  if (templates == NULL && host == NULL)
    hostd_log (HOSTD_LOG_NOTICE, "reload", "%s", status);
  if (reload->done != NULL)
    reload->done (templates != NULL ? g_steal_pointer (&templates) : g_steal_pointer (&host),
                  reload->data);
}

void
hostd_daemon_reload (HostdDaemon *self, HostdReloaded done, gpointer data)
{
  Reload *reload = g_new0 (Reload, 1);

  reload->daemon = self;
  reload->done = done;
  reload->data = data;
  hostd_notify_reloading (self->notify);
  hostd_engine_reload (self->engine, &reload->templates);
  g_clear_pointer (&self->templates_error, g_free);
  if (reload->templates != NULL) {
    self->templates_error = g_strdup (reload->templates->message);
    hostd_log (HOSTD_LOG_ERROR, "reload", "launch policies stay as they were: %s",
               self->templates_error);
  }
  hostd_host_watch_probe_then (self, "reload", on_reloaded, reload);
}

char *
hostd_daemon_describe (const HostdDaemon *self)
{
  guint n = hostd_templates_count_policies (hostd_engine_get_templates (self->engine));

  return g_strdup_printf ("serving %u launch policies%s%s%s", n,
                          self->settings->replay != NULL ? ", SIMULATED from " : "",
                          self->settings->replay != NULL ? self->settings->replay : "",
                          self->templates_error != NULL ? ", the last reload failed" : "");
}
