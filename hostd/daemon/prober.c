/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/prober.h"

#include "base/error.h"

/* One that runs, or two of which at least one hangs. */
#define MAX_PROBES 2
/* How long the end waits for probes that run. */
#define END_SECONDS 2

/* One probe. Main loop and thread have a reference each. */
typedef struct {
  gatomicrefcount refs;
  guint64 number;
  char *why;
  HostdProberRead read;
  char *recording;

  HostdProber *prober; /* main loop only; NULL: nobody wants to know any more */
  GThread *thread;     /* likewise */
  guint timeout;       /* source; 0: it was abandoned */

  GMutex lock; /* of what follows */
  GCond cond;
  char *asking;
  gboolean back; /* then nobody but the main loop uses the next two */
  HostdFacts *facts;
  GError *error;
} Probe;

struct HostdProber {
  HostdProberRead read;
  char *recording;
  guint deadline; /* seconds */
  HostdProberDone done;
  gpointer data;

  GPtrArray *probes; /* (element-type Probe) that have not come back, in order */
  guint64 last;      /* number given to a probe */
  guint64 taken;     /* number of the latest that came back */
  guint64 wanted;    /* number of the next one; 0: nobody asked for it */
  GString *why;      /* then */
};

static Probe *
probe_ref (Probe *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
probe_unref (gpointer data)
{
  Probe *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->facts, hostd_facts_free);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self->asking);
  g_free (self->why);
  g_free (self->recording);
  g_free (self);
}

static char *
where (Probe *self)
{
  char *asking;

  g_mutex_lock (&self->lock);
  asking = g_strdup (self->asking != NULL ? self->asking : "its beginning");
  g_mutex_unlock (&self->lock);
  return asking;
}

/* ---- on the thread ---- */

static void
on_asking (const char *what, gpointer data)
{
  Probe *self = data;

  g_mutex_lock (&self->lock);
  g_free (self->asking);
  self->asking = g_strdup (what);
  g_mutex_unlock (&self->lock);
}

static gboolean on_back (gpointer data);

static gpointer
run (gpointer data)
{
  Probe *self = data;
  GError *error = NULL;
  HostdFacts *facts = self->read (self->recording, on_asking, self, &error);

  g_mutex_lock (&self->lock);
  self->facts = facts;
  self->error = error;
  self->back = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_back, self, probe_unref);
  return NULL;
}

/* ---- on the main loop ---- */

static void begin (HostdProber *self);

static gboolean
can_begin (const HostdProber *self)
{
  return !hostd_prober_is_running ((HostdProber *) self) && self->probes->len < MAX_PROBES;
}

static void
take (Probe *probe)
{
  HostdProber *self = probe->prober;

  if (self == NULL) /* taken, or nobody's */
    return;
  probe->prober = NULL;
  g_thread_join (g_steal_pointer (&probe->thread)); /* it has nothing left to do */
  if (probe->timeout != 0)
    g_source_remove (probe->timeout);
  probe->timeout = 0;
  g_ptr_array_remove (self->probes, probe); /* the idle source holds it */
  if (probe->number > self->taken) {
    self->taken = probe->number;
    self->done (probe->number, probe->why, g_steal_pointer (&probe->facts),
                g_steal_pointer (&probe->error), self->data);
  }
  if (self->wanted != 0 && can_begin (self))
    begin (self);
}

static gboolean
on_back (gpointer data)
{
  take (data);
  return G_SOURCE_REMOVE;
}

static void
tell_abandoned (HostdProber *self, guint64 number, const char *why, Probe *which)
{
  g_autofree char *at = where (which);

  self->done (number, why, NULL,
              g_error_new (HOSTD_ERROR, HOSTD_ERROR_TIMEOUT,
                           "the probe of the host hangs at %s for more than %u seconds", at,
                           self->deadline),
              self->data);
}

static void
abandon (Probe *probe)
{
  HostdProber *self = probe->prober;

  probe->timeout = 0;
  tell_abandoned (self, probe->number, probe->why, probe);
  if (self->wanted == 0)
    return;
  if (can_begin (self))
    begin (self);
  else
    tell_abandoned (self, self->wanted, self->why->str, probe);
}

static gboolean
on_timeout (gpointer data)
{
  abandon (data);
  return G_SOURCE_REMOVE;
}

static void
begin (HostdProber *self)
{
  Probe *probe = g_new0 (Probe, 1);

  g_atomic_ref_count_init (&probe->refs);
  g_mutex_init (&probe->lock);
  g_cond_init (&probe->cond);
  probe->number = self->wanted;
  probe->why = g_strdup (self->why->str);
  probe->read = self->read;
  probe->recording = g_strdup (self->recording);
  probe->prober = self;
  self->wanted = 0;
  g_string_truncate (self->why, 0);
  g_ptr_array_add (self->probes, probe);
  probe->timeout = g_timeout_add_seconds (self->deadline, on_timeout, probe);
  probe->thread = g_thread_new ("probe", run, probe_ref (probe));
}

HostdProber *
hostd_prober_new (HostdProberRead read, const char *recording, guint deadline_seconds,
                  HostdProberDone done, gpointer data)
{
  HostdProber *self = g_new0 (HostdProber, 1);

  self->read = read;
  self->recording = g_strdup (recording);
  self->deadline = deadline_seconds;
  self->done = done;
  self->data = data;
  self->probes = g_ptr_array_new_with_free_func (probe_unref);
  self->why = g_string_new (NULL);
  return self;
}

/* FALSE if it has not come back by @until, monotonic. */
static gboolean
wait_until (Probe *self, gint64 until)
{
  gboolean back;

  g_mutex_lock (&self->lock);
  while (!self->back && g_cond_wait_until (&self->cond, &self->lock, until))
    continue;
  back = self->back;
  g_mutex_unlock (&self->lock);
  return back;
}

gboolean
hostd_prober_end (HostdProber *self)
{
  const gint64 until = g_get_monotonic_time () + END_SECONDS * G_USEC_PER_SEC;
  gboolean ended = TRUE;

  if (self == NULL)
    return TRUE;
  for (guint i = 0; i < self->probes->len; i++) {
    Probe *probe = g_ptr_array_index (self->probes, i);

    probe->prober = NULL;
    if (probe->timeout != 0)
      g_source_remove (probe->timeout);
  }
  for (guint i = 0; i < self->probes->len; i++) {
    Probe *probe = g_ptr_array_index (self->probes, i);

    /* Libraries have destructors of their own for a thread that ends. */
    if (wait_until (probe, until)) {
      g_thread_join (probe->thread);
    } else {
      g_thread_unref (probe->thread);
      ended = FALSE;
    }
  }
  g_ptr_array_unref (self->probes);
  g_string_free (self->why, TRUE);
  g_free (self->recording);
  g_free (self);
  return ended;
}

guint64
hostd_prober_request (HostdProber *self, const char *why)
{
  if (self->wanted == 0) {
    self->wanted = ++self->last;
    g_string_assign (self->why, why);
  } else if (strstr (self->why->str, why) == NULL && self->why->len < 512) {
    g_string_append_printf (self->why, ", %s", why);
  }
  if (can_begin (self)) {
    begin (self);
    return self->last;
  }
  return hostd_prober_is_running (self) ? self->wanted : 0;
}

void
hostd_prober_wait (HostdProber *self)
{
  for (guint i = 0; i < self->probes->len; i++) {
    Probe *probe = g_ptr_array_index (self->probes, i);

    if (probe->timeout == 0)
      continue;
    if (wait_until (probe, g_get_monotonic_time () + self->deadline * G_USEC_PER_SEC)) {
      take (probe);
    } else {
      g_source_remove (probe->timeout);
      abandon (probe);
    }
    return;
  }
}

gboolean
hostd_prober_is_running (HostdProber *self)
{
  for (guint i = 0; i < self->probes->len; i++)
    if (((Probe *) g_ptr_array_index (self->probes, i))->timeout != 0)
      return TRUE;
  return FALSE;
}

char *
hostd_prober_get_hang (HostdProber *self)
{
  for (guint i = 0; i < self->probes->len; i++)
    if (((Probe *) g_ptr_array_index (self->probes, i))->timeout == 0)
      return where (g_ptr_array_index (self->probes, i));
  return NULL;
}
