/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/libvirt-layer.h"

#include "daemon/host-watch.h"
#include "daemon/log.h"

typedef struct {
  HostdDaemon *daemon;
  char *emulator;
} Question;

static void
question_free (Question *self)
{
  g_free (self->emulator);
  g_free (self);
}

/* Whatever libvirt is now, the host is looked at beside it. */
static void
finish (HostdDaemon *daemon)
{
  const char *trouble = hostd_live_facts_get_trouble (daemon->live);

  if (trouble != NULL)
    hostd_log (HOSTD_LOG_WARNING, "libvirt", "%s", trouble);
  if (daemon->libvirt_news)
    hostd_host_watch_probe (daemon, "libvirt");
  daemon->libvirt_news = FALSE;
}

static void
on_capabilities (gpointer answer, GError *error, gpointer data)
{
  Question *question = data;
  HostdDaemon *daemon = question->daemon;
  g_autoptr (GError) local = error;

  if (local != NULL)
    hostd_log (HOSTD_LOG_WARNING, "libvirt", "what it can do with %s is unknown: %s",
               question->emulator, local->message);
  if (hostd_live_facts_note (daemon->live, question->emulator, answer,
                             local != NULL ? local->message : NULL))
    daemon->libvirt_news = TRUE;
  question_free (question);
  if (--daemon->libvirt_asked == 0)
    finish (daemon);
}

static gboolean
is_connected (const HostdDaemon *daemon)
{
  const char *why;

  return daemon->libvirt != NULL &&
         hostd_libvirt_worker_get_state (daemon->libvirt, &why) == HOSTD_LIBVIRT_CONNECTED;
}

void
hostd_libvirt_layer_ask (HostdDaemon *daemon)
{
  g_auto (GStrv) emulators = NULL;

  if (!is_connected (daemon) || daemon->libvirt_asked > 0)
    return;
  emulators = hostd_live_facts_get_unasked (daemon->live);
  /* Counted first: a question may be answered, with an error, at once. */
  daemon->libvirt_asked = g_strv_length (emulators);
  for (guint i = 0; emulators[i] != NULL; i++) {
    Question *question = g_new0 (Question, 1);

    question->daemon = daemon;
    question->emulator = g_strdup (emulators[i]);
    hostd_libvirt_worker_ask_capabilities (daemon->libvirt, emulators[i], on_capabilities,
                                           question);
  }
}

void
hostd_libvirt_layer_connected (HostdDaemon *daemon)
{
  hostd_live_facts_forget_session (daemon->live);
  daemon->libvirt_news = TRUE;
  hostd_libvirt_layer_ask (daemon);
  if (daemon->libvirt_asked == 0)
    finish (daemon);
}

void
hostd_libvirt_layer_add_status (const HostdDaemon *daemon, JsonObject *libvirt)
{
  gint64 time;
  HostdLibvirtLayer layer = hostd_live_facts_get_layer (daemon->live, &time);

  json_object_set_string_member (libvirt, "capabilities", hostd_libvirt_layer_name (layer));
  if (time != 0)
    json_object_set_int_member (libvirt, "capabilities_from", time);
  else
    json_object_set_null_member (libvirt, "capabilities_from");
}
