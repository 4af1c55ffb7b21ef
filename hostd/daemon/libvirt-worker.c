/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/libvirt-worker.h"

#include "base/error.h"

/* Questions that wait while libvirt answers another. */
#define MAX_WAITING 16
/* How long somebody waits for an answer; the thread itself has no way out of a call that hangs. */
#define PATIENCE_SECONDS 20

/* Shared by thread and main loop; the thread may outlive the worker. */
typedef struct {
  GAsyncQueue *questions;
  HostdVirt *virt; /* the thread's own */
} Line;

/* One question. The main loop's half decides whether anybody still wants to know. */
typedef struct {
  gatomicrefcount refs;
  gboolean last; /* ends the thread */
  GPtrArray *domains;
  GError *error;

  HostdLibvirtWorker *worker; /* main loop only; NULL: nobody wants to know any more */
  HostdLibvirtListed listed;
  gpointer data;
  guint timeout;
} Question;

struct HostdLibvirtWorker {
  Line *line;
  GPtrArray *waiting; /* (element-type Question) */
};

static void
question_unref (Question *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->domains, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static Question *
question_ref (Question *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
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
    self->listed (self->domains, g_steal_pointer (&self->error), self->data);
  }
  question_unref (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer data)
{
  Question *self = question_ref (data);

  self->timeout = 0;
  settle (self);
  self->listed (NULL,
                g_error_new (HOSTD_ERROR, HOSTD_ERROR_TIMEOUT,
                             "libvirt does not answer for %d seconds: see the log of libvirtd or "
                             "virtqemud",
                             PATIENCE_SECONDS),
                self->data);
  question_unref (self);
  return G_SOURCE_REMOVE;
}

/* A connection that broke while we slept is opened anew, once. */
static void
ask (Line *line, Question *question)
{
  if (line->virt != NULL && !hostd_virt_is_alive (line->virt))
    g_clear_pointer (&line->virt, hostd_virt_free);
  if (line->virt == NULL)
    line->virt = hostd_virt_open (NULL, &question->error);
  if (line->virt == NULL)
    return;
  question->domains = hostd_virt_list_domains (line->virt, &question->error);
  if (question->domains == NULL)
    g_clear_pointer (&line->virt, hostd_virt_free);
}

static gpointer
run (gpointer data)
{
  Line *line = data;

  for (;;) {
    Question *question = g_async_queue_pop (line->questions);

    if (question->last) {
      question_unref (question);
      break;
    }
    ask (line, question);
    g_idle_add (on_answered, question);
  }
  g_clear_pointer (&line->virt, hostd_virt_free);
  g_async_queue_unref (line->questions);
  g_free (line);
  return NULL;
}

static Question *
question_new (void)
{
  Question *self = g_new0 (Question, 1);

  g_atomic_ref_count_init (&self->refs);
  return self;
}

HostdLibvirtWorker *
hostd_libvirt_worker_new (void)
{
  HostdLibvirtWorker *self = g_new0 (HostdLibvirtWorker, 1);

  self->line = g_new0 (Line, 1);
  self->line->questions = g_async_queue_new_full ((GDestroyNotify) question_unref);
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) question_unref);
  g_thread_unref (g_thread_new ("libvirt", run, self->line));
  return self;
}

void
hostd_libvirt_worker_free (HostdLibvirtWorker *self)
{
  Question *last;

  if (self == NULL)
    return;
  last = question_new ();
  last->last = TRUE;
  for (guint i = 0; i < self->waiting->len; i++) {
    Question *question = g_ptr_array_index (self->waiting, i);

    question->worker = NULL;
    if (question->timeout != 0)
      g_source_remove (question->timeout);
  }
  g_ptr_array_unref (self->waiting);
  g_async_queue_push (self->line->questions, last); /* the line is the thread's from here on */
  g_free (self);
}

void
hostd_libvirt_worker_list (HostdLibvirtWorker *self, HostdLibvirtListed listed, gpointer data)
{
  Question *question;

  if (self->waiting->len >= MAX_WAITING) {
    listed (NULL,
            g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                         "%d questions to libvirt wait for an answer: try again later",
                         MAX_WAITING),
            data);
    return;
  }
  question = question_new ();
  question->worker = self;
  question->listed = listed;
  question->data = data;
  question->timeout = g_timeout_add_seconds (PATIENCE_SECONDS, on_timeout, question);
  g_ptr_array_add (self->waiting, question);
  g_async_queue_push (self->line->questions, question_ref (question));
}
