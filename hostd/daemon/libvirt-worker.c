/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/libvirt-worker.h"

#include "base/error.h"
#include "virt/event-loop.h"

/* Questions that wait while libvirt answers another. */
#define MAX_WAITING 64
/* How long somebody waits for an answer; the thread itself has no way out of a call that hangs. */
#define PATIENCE_SECONDS 20
/* How often the connection is looked after when nobody asks anything. */
#define LOOK_SECONDS 3
/* How long the end waits for a call that runs. */
#define END_SECONDS 2

/* What main loop and thread share; each of them, and each event on its way, has a reference. */
typedef struct {
  gatomicrefcount refs;
  GAsyncQueue *questions;
  HostdLibvirtWorker *worker; /* main loop only; NULL once it was freed */
  HostdVirt *virt;            /* the thread only */
  gint lost;                  /* atomic: the connection was told to have ended */
  GMutex lock;
  GCond cond;
  gboolean ended; /* with the lock: the thread calls libvirt no more */
} Line;

/* One question. The main loop's half decides whether anybody still wants to know. */
typedef struct {
  gatomicrefcount refs;
  gboolean last; /* ends the thread */
  HostdLibvirtAsk ask;
  char *input;
  gpointer answer;
  GDestroyNotify answer_free;
  GError *error;

  HostdLibvirtWorker *worker; /* main loop only; NULL: nobody wants to know any more */
  HostdLibvirtDone done;
  gpointer data;
  guint timeout;
} Question;

struct HostdLibvirtWorker {
  Line *line;
  GThread *thread;
  HostdLibvirtListener listener;
  HostdLibvirtState state;
  char *why;
  GPtrArray *waiting; /* (element-type Question) */
};

const char *
hostd_libvirt_state_name (HostdLibvirtState state)
{
  static const char *const names[] = { [HOSTD_LIBVIRT_CONNECTED] = "connected",
                                       [HOSTD_LIBVIRT_AWAY] = "away",
                                       [HOSTD_LIBVIRT_HANGING] = "hanging" };

  return names[state];
}

static Line *
line_ref (Line *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
line_unref (gpointer data)
{
  Line *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_async_queue_unref (self->questions);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

static void
question_unref (Question *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->answer != NULL)
    self->answer_free (self->answer);
  g_clear_error (&self->error);
  g_free (self->input);
  g_free (self);
}

static Question *
question_ref (Question *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* ---- on the main loop ---- */

static void
set_state (HostdLibvirtWorker *self, HostdLibvirtState state, const char *why)
{
  if (state == self->state && g_strcmp0 (why, self->why) == 0)
    return;
  self->state = state;
  g_free (self->why);
  self->why = g_strdup (why);
  self->listener.state (state, self->why, self->listener.data);
}

/* Nobody waits for it any more. Gives the worker's reference back. */
static void
settle (Question *self)
{
  HostdLibvirtWorker *worker = self->worker;

  self->worker = NULL;
  if (self->timeout != 0)
    g_source_remove (self->timeout);
  self->timeout = 0;
  g_ptr_array_remove_fast (worker->waiting, self);
}

static gboolean
on_answered (gpointer data)
{
  Question *self = data;

  if (self->worker != NULL) {
    settle (self);
    self->done (self->answer, g_steal_pointer (&self->error), self->data);
  }
  question_unref (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer data)
{
  Question *self = question_ref (data);
  HostdLibvirtWorker *worker = self->worker;
  GError *error = g_error_new (HOSTD_ERROR, HOSTD_ERROR_TIMEOUT,
                               "libvirt does not answer for %d seconds: see the log of libvirtd or "
                               "virtqemud",
                               PATIENCE_SECONDS);

  self->timeout = 0;
  settle (self);
  set_state (worker, HOSTD_LIBVIRT_HANGING, error->message);
  self->done (NULL, error, self->data);
  question_unref (self);
  return G_SOURCE_REMOVE;
}

/* Something that the thread, or libvirt's, has to tell. */
typedef struct {
  Line *line;
  HostdVirtEvent *event; /* or NULL: a state */
  HostdLibvirtState state;
  char *why;
} Message;

static gboolean
on_message (gpointer data)
{
  Message *self = data;
  HostdLibvirtWorker *worker = self->line->worker;

  if (worker != NULL && self->event != NULL)
    worker->listener.event (self->event, worker->listener.data);
  else if (worker != NULL)
    set_state (worker, self->state, self->why);
  hostd_virt_event_free (self->event);
  g_free (self->why);
  line_unref (self->line);
  g_free (self);
  return G_SOURCE_REMOVE;
}

/* ---- on the thread ---- */

static Message *
message_new (Line *line)
{
  Message *self = g_new0 (Message, 1);

  self->line = line_ref (line);
  return self;
}

static void
tell_state (Line *line, HostdLibvirtState state, const char *why)
{
  Message *message = message_new (line);

  message->state = state;
  message->why = g_strdup (why);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_message, message, NULL);
}

/* On the thread of libvirt's events, in their order. */
static void
on_event (const HostdVirtEvent *event, gpointer data)
{
  Line *line = data;
  Message *message;

  if (event->kind == HOSTD_VIRT_EVENT_DISCONNECTED) {
    g_atomic_int_set (&line->lost, TRUE);
    return;
  }
  message = message_new (line);
  message->event = hostd_virt_event_copy (event);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_message, message, NULL);
}

static void
disconnect (Line *line, const char *why)
{
  if (line->virt == NULL)
    return;
  g_clear_pointer (&line->virt, hostd_virt_free);
  tell_state (line, HOSTD_LIBVIRT_AWAY, why);
}

/* Finds out whether the connection holds, and opens one if there is none. */
static gboolean
look_after (Line *line, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (line->virt != NULL && (g_atomic_int_get (&line->lost) || !hostd_virt_is_alive (line->virt)))
    disconnect (line, "libvirtd ended, or does not answer");
  if (line->virt != NULL) {
    tell_state (line, HOSTD_LIBVIRT_CONNECTED, NULL); /* it may have been thought to hang */
    return TRUE;
  }
  g_atomic_int_set (&line->lost, FALSE);
  line->virt = hostd_virt_open (NULL, &local);
  if (line->virt != NULL &&
      !hostd_virt_watch (line->virt, on_event, line_ref (line), line_unref, &local))
    g_clear_pointer (&line->virt, hostd_virt_free);
  if (line->virt != NULL) {
    tell_state (line, HOSTD_LIBVIRT_CONNECTED, NULL);
    return TRUE;
  }
  tell_state (line, HOSTD_LIBVIRT_AWAY, local->message);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static void
answer (Line *line, Question *question)
{
  if (look_after (line, &question->error))
    question->answer = question->ask (line->virt, question->input, &question->error);
  if (g_error_matches (question->error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE))
    disconnect (line, question->error->message);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_answered, question, NULL);
}

static gpointer
run (gpointer data)
{
  Line *line = data;

  look_after (line, NULL);
  for (;;) {
    Question *question = g_async_queue_timeout_pop (line->questions, LOOK_SECONDS * G_USEC_PER_SEC);

    if (question == NULL) {
      look_after (line, NULL);
    } else if (question->last) {
      question_unref (question);
      break;
    } else {
      answer (line, question);
    }
  }
  g_clear_pointer (&line->virt, hostd_virt_free);
  hostd_virt_event_loop_end ();
  g_mutex_lock (&line->lock);
  line->ended = TRUE;
  g_cond_signal (&line->cond);
  g_mutex_unlock (&line->lock);
  line_unref (line);
  return NULL;
}

/* ---- beginning, end, asking ---- */

static Question *
question_new (void)
{
  Question *self = g_new0 (Question, 1);

  g_atomic_ref_count_init (&self->refs);
  return self;
}

HostdLibvirtWorker *
hostd_libvirt_worker_new (const HostdLibvirtListener *listener)
{
  HostdLibvirtWorker *self = g_new0 (HostdLibvirtWorker, 1);

  self->listener = *listener;
  self->state = HOSTD_LIBVIRT_AWAY;
  self->why = g_strdup ("not asked yet");
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) question_unref);
  self->line = g_new0 (Line, 1);
  g_atomic_ref_count_init (&self->line->refs);
  g_mutex_init (&self->line->lock);
  g_cond_init (&self->line->cond);
  self->line->questions = g_async_queue_new_full ((GDestroyNotify) question_unref);
  self->line->worker = self;
  self->thread = g_thread_new ("libvirt", run, line_ref (self->line));
  return self;
}

/* FALSE if it did not within END_SECONDS. */
static gboolean
wait_for_end (Line *line)
{
  const gint64 until = g_get_monotonic_time () + END_SECONDS * G_USEC_PER_SEC;
  gboolean ended;

  g_mutex_lock (&line->lock);
  while (!line->ended && g_cond_wait_until (&line->cond, &line->lock, until))
    continue;
  ended = line->ended;
  g_mutex_unlock (&line->lock);
  return ended;
}

gboolean
hostd_libvirt_worker_end (HostdLibvirtWorker *self)
{
  Question *last;
  gboolean ended;

  if (self == NULL)
    return TRUE;
  last = question_new ();
  last->last = TRUE;
  for (guint i = 0; i < self->waiting->len; i++) {
    Question *question = g_ptr_array_index (self->waiting, i);

    question->worker = NULL;
    if (question->timeout != 0)
      g_source_remove (question->timeout);
  }
  g_ptr_array_unref (self->waiting);
  self->line->worker = NULL;
  /* Before the questions that wait: nobody wants their answers any more. */
  g_async_queue_push_front (self->line->questions, last);
  ended = wait_for_end (self->line);
  /* Libraries have destructors of their own for a thread that ends. */
  if (ended)
    g_thread_join (self->thread);
  else
    g_thread_unref (self->thread);
  line_unref (self->line);
  g_free (self->why);
  g_free (self);
  return ended;
}

HostdLibvirtState
hostd_libvirt_worker_get_state (const HostdLibvirtWorker *self, const char **ret_why)
{
  *ret_why = self->why;
  return self->state;
}

void
hostd_libvirt_worker_ask (HostdLibvirtWorker *self, HostdLibvirtAsk ask, const char *input,
                          GDestroyNotify answer_free, HostdLibvirtDone done, gpointer data)
{
  Question *question;

  if (self->waiting->len >= MAX_WAITING) {
    done (NULL,
          g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                       "%d questions to libvirt wait for an answer: try again later", MAX_WAITING),
          data);
    return;
  }
  question = question_new ();
  question->ask = ask;
  question->input = g_strdup (input);
  question->answer_free = answer_free;
  question->worker = self;
  question->done = done;
  question->data = data;
  question->timeout = g_timeout_add_seconds (PATIENCE_SECONDS, on_timeout, question);
  g_ptr_array_add (self->waiting, question);
  g_async_queue_push (self->line->questions, question_ref (question));
}
