/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/ask-libvirt.h"

#include "base/error.h"
#include "base/text.h"
#include "engine/roster.h"
#include "virt/virt.h"

/* Shared with the thread, which may outlive the question. */
typedef struct {
  char *uri, *emulator;
  GMutex lock;
  GCond answered;
  gboolean done;
  HostdLibvirtAnswers *answers; /* NULL: @error */
  GError *error;
} Question;

void
hostd_libvirt_answers_free (HostdLibvirtAnswers *self)
{
  if (self == NULL)
    return;
  g_free (self->version);
  g_free (self->capabilities);
  g_free (self->running);
  g_free (self);
}

static void
question_clear (gpointer data)
{
  Question *self = data;

  g_free (self->uri);
  g_free (self->emulator);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->answered);
  hostd_libvirt_answers_free (self->answers);
  g_clear_error (&self->error);
}

static char *
describe_running (GPtrArray *domains)
{
  g_autoptr (HostdRoster) roster = hostd_roster_new ();
  g_autoptr (GString) text = g_string_new ("# TECHNOLOGY NUMBER, of libvirt's running guests\n");

  hostd_roster_replace (roster, domains);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++) {
    guint count = hostd_roster_count (roster, (HostdTechnology) i);

    if (count > 0)
      g_string_append_printf (text, "%s %u\n", hostd_technology_name ((HostdTechnology) i), count);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static HostdLibvirtAnswers *
ask (const Question *question, GError **error)
{
  g_autoptr (HostdVirt) virt = hostd_virt_open (question->uri, error);
  g_autoptr (HostdLibvirtAnswers) answers = NULL;
  g_autoptr (GPtrArray) domains = NULL;
  guint version, qemu;

  if (virt == NULL || !hostd_virt_get_versions (virt, &version, &qemu, error))
    return NULL;
  answers = g_new0 (HostdLibvirtAnswers, 1);
  answers->version = hostd_version_to_text (version);
  answers->capabilities = hostd_virt_get_domain_capabilities_xml (virt, question->emulator, error);
  domains = answers->capabilities != NULL ? hostd_virt_list_domains (virt, error) : NULL;
  if (domains == NULL)
    return NULL;
  answers->running = describe_running (domains);
  return g_steal_pointer (&answers);
}

static gpointer
run (gpointer data)
{
  Question *self = data;
  g_autoptr (GError) error = NULL;
  HostdLibvirtAnswers *answers = ask (self, &error);

  g_mutex_lock (&self->lock);
  self->answers = answers;
  self->error = g_steal_pointer (&error);
  self->done = TRUE;
  g_cond_signal (&self->answered);
  g_mutex_unlock (&self->lock);
  g_atomic_rc_box_release_full (self, question_clear);
  return NULL;
}

HostdLibvirtAnswers *
hostd_ask_libvirt (const char *uri, const char *emulator, guint deadline_ms, GError **error)
{
  Question *self = g_atomic_rc_box_new0 (Question);
  gint64 deadline = g_get_monotonic_time () + deadline_ms * G_GINT64_CONSTANT (1000);
  HostdLibvirtAnswers *answers;

  self->uri = g_strdup (uri);
  self->emulator = g_strdup (emulator);
  g_mutex_init (&self->lock);
  g_cond_init (&self->answered);
  g_thread_unref (g_thread_new ("ask-libvirt", run, g_atomic_rc_box_acquire (self)));

  g_mutex_lock (&self->lock);
  while (!self->done && g_cond_wait_until (&self->answered, &self->lock, deadline))
    ;
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (!self->done)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT, "libvirt did not answer within %u ms",
                 deadline_ms);
  answers = g_steal_pointer (&self->answers);
  g_mutex_unlock (&self->lock);
  g_atomic_rc_box_release_full (self, question_clear);
  return answers;
}
