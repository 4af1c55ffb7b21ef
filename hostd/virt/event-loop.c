/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/event-loop.h"

#include "virt/libvirt.h"

#include <glib-unix.h>

/* A handle or a timeout of libvirt's. */
typedef struct {
  int id;
  GSource *source; /* NULL while it is not waited for */
  int fd;          /* -1: a timeout */
  int events;      /* as libvirt counts them; of a timeout: milliseconds, -1 never */
  virEventHandleCallback on_handle;
  virEventTimeoutCallback on_timeout;
  void *opaque;
  virFreeCallback free_opaque;
} Watch;

/* Any thread adds and removes; callbacks are called without the lock, on the loop's thread. */
static GMutex lock;
static GMainContext *context;
static GHashTable *watches; /* id -> Watch */
static int last_id;
static GThread *thread;
static gint ended; /* atomic */

static GIOCondition
to_condition (int events)
{
  GIOCondition condition = 0;

  if (events & VIR_EVENT_HANDLE_READABLE)
    condition |= G_IO_IN;
  if (events & VIR_EVENT_HANDLE_WRITABLE)
    condition |= G_IO_OUT;
  /* What poll(2) tells unasked too. */
  return condition != 0 ? condition | G_IO_ERR | G_IO_HUP : 0;
}

static int
to_events (GIOCondition condition)
{
  int events = 0;

  if (condition & G_IO_IN)
    events |= VIR_EVENT_HANDLE_READABLE;
  if (condition & G_IO_OUT)
    events |= VIR_EVENT_HANDLE_WRITABLE;
  if (condition & (G_IO_ERR | G_IO_NVAL))
    events |= VIR_EVENT_HANDLE_ERROR;
  if (condition & G_IO_HUP)
    events |= VIR_EVENT_HANDLE_HANGUP;
  return events;
}

/* FALSE if it was removed meanwhile. */
static gboolean
find (int id, Watch *ret_watch)
{
  Watch *watch;

  g_mutex_lock (&lock);
  watch = g_hash_table_lookup (watches, GINT_TO_POINTER (id));
  if (watch != NULL)
    *ret_watch = *watch;
  g_mutex_unlock (&lock);
  return watch != NULL;
}

static gboolean
on_ready (gint fd, GIOCondition condition, gpointer data)
{
  Watch watch;

  if (!find (GPOINTER_TO_INT (data), &watch))
    return G_SOURCE_REMOVE;
  watch.on_handle (watch.id, watch.fd, to_events (condition), watch.opaque);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_time (gpointer data)
{
  Watch watch;

  if (!find (GPOINTER_TO_INT (data), &watch))
    return G_SOURCE_REMOVE;
  watch.on_timeout (watch.id, watch.opaque);
  return G_SOURCE_CONTINUE;
}

/* With the lock held. */
static void
stop_waiting (Watch *watch)
{
  if (watch->source == NULL)
    return;
  g_source_destroy (watch->source);
  g_source_unref (watch->source);
  watch->source = NULL;
}

/* With the lock held: waits for what the watch wants now. */
static void
wait_anew (Watch *watch)
{
  gpointer data = GINT_TO_POINTER (watch->id);

  stop_waiting (watch);
  if (watch->fd >= 0 && to_condition (watch->events) != 0) {
    watch->source = g_unix_fd_source_new (watch->fd, to_condition (watch->events));
    g_source_set_callback (watch->source, G_SOURCE_FUNC (on_ready), data, NULL);
  } else if (watch->fd < 0 && watch->events >= 0) {
    watch->source = g_timeout_source_new ((guint) watch->events);
    g_source_set_callback (watch->source, on_time, data, NULL);
  }
  if (watch->source != NULL)
    g_source_attach (watch->source, context);
}

static int
add (const Watch *wanted)
{
  Watch *watch = g_memdup2 (wanted, sizeof *wanted);
  int id;

  g_mutex_lock (&lock);
  id = watch->id = ++last_id;
  g_hash_table_insert (watches, GINT_TO_POINTER (id), watch);
  wait_anew (watch);
  g_mutex_unlock (&lock);
  return id;
}

static void
update (int id, int events)
{
  Watch *watch;

  g_mutex_lock (&lock);
  watch = g_hash_table_lookup (watches, GINT_TO_POINTER (id));
  if (watch != NULL) {
    watch->events = events;
    wait_anew (watch);
  }
  g_mutex_unlock (&lock);
}

/* libvirt holds locks when it removes one: what it gave is let go later, by the loop. */
static gboolean
on_removed (gpointer data)
{
  Watch *watch = data;

  if (watch->free_opaque != NULL)
    watch->free_opaque (watch->opaque);
  g_free (watch);
  return G_SOURCE_REMOVE;
}

static int
drop (int id)
{
  Watch *watch;
  GSource *later;

  g_mutex_lock (&lock);
  watch = g_hash_table_lookup (watches, GINT_TO_POINTER (id));
  if (watch != NULL) {
    g_hash_table_remove (watches, GINT_TO_POINTER (id));
    stop_waiting (watch);
  }
  g_mutex_unlock (&lock);
  if (watch == NULL)
    return -1;
  later = g_idle_source_new ();
  g_source_set_callback (later, on_removed, watch, NULL);
  g_source_attach (later, context);
  g_source_unref (later);
  return 0;
}

/* ---- libvirt's six functions ---- */

static int
add_handle (int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback ff)
{
  const Watch watch = {
    .fd = fd, .events = events, .on_handle = callback, .opaque = opaque, .free_opaque = ff
  };

  return add (&watch);
}

static int
add_timeout (int ms, virEventTimeoutCallback callback, void *opaque, virFreeCallback ff)
{
  const Watch watch = {
    .fd = -1, .events = ms, .on_timeout = callback, .opaque = opaque, .free_opaque = ff
  };

  return add (&watch);
}

static gpointer
run (gpointer data)
{
  g_main_context_push_thread_default (context);
  while (!g_atomic_int_get (&ended))
    g_main_context_iteration (context, TRUE);
  /* What libvirt removed last. */
  while (g_main_context_iteration (context, FALSE))
    continue;
  return NULL;
}

void
hostd_virt_event_loop_start (void)
{
  static gsize once;

  if (!g_once_init_enter (&once))
    return;
  context = g_main_context_new ();
  watches = g_hash_table_new (NULL, NULL);
  virEventRegisterImpl (add_handle, update, drop, add_timeout, update, drop);
  thread = g_thread_new ("libvirt-events", run, NULL);
  g_once_init_leave (&once, 1);
}

void
hostd_virt_event_loop_end (void)
{
  if (thread == NULL)
    return;
  g_atomic_int_set (&ended, TRUE);
  g_main_context_wakeup (context);
  g_thread_join (g_steal_pointer (&thread));
}
