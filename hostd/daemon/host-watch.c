/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/host-watch.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "daemon/libvirt-layer.h"
#include "daemon/log.h"
#include "daemon/record.h"
#include "engine/facts-diff.h"
#include "engine/host-facts.h"

/* Who waits for a probe. */
typedef struct {
  guint64 number; /* that one, or a later */
  HostdHostProbed done;
  gpointer data;
} Waiter;

/* ---- a probe has ended ---- */

static void
settle (HostdDaemon *daemon, guint64 number, const GError *error)
{
  g_autoptr (GPtrArray) ready = g_ptr_array_new_with_free_func (g_free);

  /* Out of the list first: who is told may ask again. */
  for (guint i = daemon->waiters->len; i > 0; i--) {
    const Waiter *waiter = g_ptr_array_index (daemon->waiters, i - 1);

    if (waiter->number <= number)
      g_ptr_array_insert (ready, 0, g_ptr_array_steal_index (daemon->waiters, i - 1));
  }
  for (guint i = 0; i < ready->len; i++) {
    const Waiter *waiter = g_ptr_array_index (ready, i);

    waiter->done (error != NULL ? g_error_copy (error) : NULL, waiter->data);
  }
}

static void
keep_old (HostdDaemon *daemon, const GError *error)
{
  g_autofree char *when = daemon->facts_time != 0 ? hostd_time_to_text (daemon->facts_time) : NULL;

  g_free (daemon->host_error);
  daemon->host_error =
      when != NULL ? g_strdup_printf ("%s; the facts in use are from %s", error->message, when)
                   : g_strdup_printf ("%s; nothing is known of the host", error->message);
  hostd_record_tell (daemon, HOSTD_LOG_ERROR, "host", NULL, NULL,
                     "facts of the host stay as they were: %s", daemon->host_error);
}

static void
tell_changes (HostdDaemon *daemon, const GPtrArray *changes, const char *why)
{
  g_autofree char *line = hostd_facts_diff_to_line (changes);

  hostd_record_audit (daemon, "host", NULL, line);
  hostd_record_tell (daemon, HOSTD_LOG_NOTICE, "host", NULL, NULL, "changed (%s): %s", why, line);
}

static void
take (HostdDaemon *daemon, HostdFacts *facts, const char *why)
{
  g_autoptr (GPtrArray) changes = NULL;
  gboolean first = daemon->facts_time == 0 && daemon->host_error == NULL;

  hostd_live_facts_join (daemon->live, facts);
  changes = hostd_facts_diff (hostd_engine_get_facts (daemon->engine), facts);
  hostd_engine_set_facts (daemon->engine, facts);
  daemon->facts_time = g_get_real_time () / G_USEC_PER_SEC;
  if (daemon->host_error != NULL)
    hostd_record_tell (daemon, HOSTD_LOG_NOTICE, "host", NULL, NULL,
                       "the host was probed after all (%s)", why);
  g_clear_pointer (&daemon->host_error, g_free);
  if (!first && changes->len > 0)
    tell_changes (daemon, changes, why);
  else
    hostd_log (HOSTD_LOG_DEBUG, "host", "probed (%s)", why);
  hostd_libvirt_layer_ask (daemon);
}

static void
on_probed (guint64 number, const char *why, HostdFacts *facts, GError *error, gpointer data)
{
  HostdDaemon *daemon = data;
  g_autoptr (GError) owned = error;

  if (facts != NULL)
    take (daemon, facts, why);
  else
    keep_old (daemon, owned);
  settle (daemon, number, owned);
}

/* ---- asking for one ---- */

void
hostd_host_watch_probe_then (HostdDaemon *daemon, const char *why, HostdHostProbed done,
                             gpointer data)
{
  guint64 number = hostd_prober_request (daemon->prober, why);
  g_autofree char *hang = NULL;
  Waiter *waiter;

  if (number == 0) {
    hang = hostd_prober_get_hang (daemon->prober);
    done (g_error_new (HOSTD_ERROR, HOSTD_ERROR_TIMEOUT,
                       "two probes of the host hang, at %s: a third is begun when one comes back",
                       hang),
          data);
    return;
  }
  waiter = g_new0 (Waiter, 1);
  waiter->number = number;
  waiter->done = done;
  waiter->data = data;
  g_ptr_array_add (daemon->waiters, waiter);
}

void
hostd_host_watch_probe (HostdDaemon *daemon, const char *why)
{
  hostd_prober_request (daemon->prober, why);
}

/* ---- beginning and end ---- */

static void
on_uevents (const char *what, gpointer data)
{
  hostd_host_watch_probe (data, what);
}

/* Without, the host is looked at when somebody asks, and when libvirt comes. */
static void
listen_to_kernel (HostdDaemon *daemon)
{
  g_autoptr (GError) error = NULL;

  daemon->uevents = hostd_uevents_new (HOSTD_UEVENTS_QUIET_MS, on_uevents, daemon, &error);
  if (daemon->uevents == NULL)
    hostd_log (HOSTD_LOG_WARNING, "host",
               "%s: that devices or modules come and go is noticed at a reload only",
               error->message);
}

static void
on_first (GError *error, gpointer data)
{
  *(GError **) data = error;
}

gboolean
hostd_host_watch_begin (HostdDaemon *daemon, GError **error)
{
  const char *trouble = hostd_live_facts_get_trouble (daemon->live);
  g_autoptr (GError) local = NULL;

  if (trouble != NULL)
    hostd_log (HOSTD_LOG_WARNING, "libvirt", "%s", trouble);
  daemon->waiters = g_ptr_array_new_with_free_func (g_free);
  daemon->prober = hostd_prober_new (hostd_host_facts_read_telling, daemon->settings->replay,
                                     daemon->settings->probe_seconds, on_probed, daemon);
  /* Before the first probe looks: what changes under it is seen by the next. */
  listen_to_kernel (daemon);
  hostd_host_watch_probe_then (daemon, "start", on_first, &local);
  hostd_prober_wait (daemon->prober);
  if (local == NULL || g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
hostd_host_watch_end (HostdDaemon *daemon)
{
  g_autoptr (GError) error =
      g_error_new (HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE, "cloister-hostd ends");
  gboolean ended = hostd_prober_end (g_steal_pointer (&daemon->prober));

  g_clear_pointer (&daemon->uevents, hostd_uevents_free);
  if (daemon->waiters != NULL)
    settle (daemon, G_MAXUINT64, error);
  g_clear_pointer (&daemon->waiters, g_ptr_array_unref);
  return ended;
}

JsonObject *
hostd_host_watch_to_json (const HostdDaemon *daemon)
{
  JsonObject *host = json_object_new ();
  g_autofree char *hang = hostd_prober_get_hang (daemon->prober);

  if (daemon->facts_time != 0)
    json_object_set_int_member (host, "facts_from", daemon->facts_time);
  else
    json_object_set_null_member (host, "facts_from");
  json_object_set_string_member (host, "probe",
                                 hang != NULL                               ? "hanging"
                                 : hostd_prober_is_running (daemon->prober) ? "running"
                                                                            : "idle");
  hostd_json_set_string (host, "hangs_at", hang);
  return host;
}
