/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/connection.h"

#include "base/error.h"
#include "base/io.h"
#include "ipc/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK (64u * 1024)

/* What the connection waits for; each has its own patience. */
typedef enum {
  WAIT_NEW,     /* nothing yet, or something just came to its end */
  WAIT_IDLE,    /* a message to begin */
  WAIT_MESSAGE, /* the rest of a message */
  WAIT_TURN,    /* the others, before the next of the calls that are here */
  WAIT_CALL,    /* our own handler */
  WAIT_WRITE,   /* the client to read */
} Wait;

struct HostdConnection {
  int fd;
  HostdPeer peer;
  const HostdService *services;
  HostdQuota *quota;
  const HostdLimits *limits;
  HostdConnectionClosed closed;
  gpointer data;

  GSource *source;
  gpointer tag; /* of the fd in the source */
  HostdFrames *in;
  GByteArray *out;
  gsize sent; /* of @out */
  HostdCall *call;
  gsize call_length; /* of its message */
  gsize charged;     /* bytes that the quota knows of */
  Wait wait;
  gint64 since;     /* when that wait began, monotonic */
  gboolean ended;   /* the client sends no more */
  gboolean working; /* inside work(): an answer need not start it again */
  gboolean over;
  GError *reason;
};

typedef struct {
  GSource base;
  HostdConnection *connection;
} ConnectionSource;

static gsize
unsent (const HostdConnection *self)
{
  return self->out->len - self->sent;
}

static void
give_up (HostdConnection *self, const char *why)
{
  self->over = TRUE;
  if (self->reason == NULL)
    self->reason = g_error_new_literal (HOSTD_ERROR, HOSTD_ERROR_TIMEOUT, why);
}

static void
queue (HostdConnection *self, const char *text)
{
  g_byte_array_append (self->out, (const guint8 *) text, strlen (text) + 1);
}

/* The last thing that is said to a client who is not listened to any more. Takes @error over. */
static void
refuse (HostdConnection *self, GError *error)
{
  g_autofree char *text = hostd_message_of_gerror (error);

  queue (self, text);
  self->ended = TRUE;
  hostd_frames_free (self->in);
  self->in = hostd_frames_new (self->limits->max_message);
  if (self->reason == NULL)
    self->reason = error;
  else
    g_error_free (error);
}

/* Tells the quota what is held now. FALSE if it is more than this user may make us hold. */
static gboolean
account (HostdConnection *self, gboolean limited)
{
  gsize held = hostd_frames_count_bytes (self->in) + self->call_length + unsent (self);
  gsize before = self->charged;
  uid_t uid = self->peer.uid;

  if (held < before)
    hostd_quota_give (self->quota, uid, HOSTD_QUOTA_BYTES, before - held);
  else if (!limited)
    hostd_quota_charge (self->quota, uid, HOSTD_QUOTA_BYTES, held - before);
  else if (!hostd_quota_take (self->quota, uid, HOSTD_QUOTA_BYTES, held - before))
    return FALSE;
  self->charged = held;
  return TRUE;
}

static void
receive (HostdConnection *self)
{
  static guint8 chunk[CHUNK]; /* the main loop's thread only */
  GError *error = NULL;
  ssize_t n = recv (self->fd, chunk, sizeof chunk, MSG_DONTWAIT);

  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR)
      self->over = TRUE;
    return;
  }
  if (n == 0) {
    self->ended = TRUE;
    return;
  }
  if (!hostd_frames_feed (self->in, chunk, n, &error)) {
    refuse (self, error);
  } else if (!account (self, TRUE)) {
    refuse (self,
            g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                         "uid %u has more than %" G_GSIZE_FORMAT
                         " bytes in messages that are not answered yet: try again later",
                         self->peer.uid, hostd_quota_get_limit (self->quota, HOSTD_QUOTA_BYTES)));
  }
}

static void
transmit (HostdConnection *self)
{
  while (unsent (self) > 0) {
    ssize_t n =
        send (self->fd, self->out->data + self->sent, unsent (self), MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      if (errno != EAGAIN)
        self->over = TRUE;
      return;
    }
    self->sent += n;
    self->wait = WAIT_NEW;
  }
  /* Frees a large reply's memory too, not only its length. */
  if (self->out->len > CHUNK) {
    g_byte_array_unref (self->out);
    self->out = g_byte_array_new ();
  }
  g_byte_array_set_size (self->out, 0);
  self->sent = 0;
}

static void work (HostdConnection *self);

/* One of many answers. What is not read is kept, but not without end. */
static void
on_continued (HostdConnection *self, const char *text)
{
  queue (self, text);
  if (unsent (self) > self->limits->max_message)
    give_up (self, "a client does not read the answers that it asked for");
  if (!self->working)
    work (self);
}

/* Of the call in flight: @text is taken over, NULL for none. */
static void
on_answered (char *text, gboolean last, gpointer data)
{
  HostdConnection *self = data;
  g_autofree char *owned = text;

  if (!last) {
    on_continued (self, owned);
    return;
  }
  self->call = NULL;
  self->call_length = 0;
  self->wait = WAIT_NEW;
  hostd_quota_give (self->quota, self->peer.uid, HOSTD_QUOTA_CALLS, 1);
  if (owned != NULL)
    queue (self, owned);
  if (!self->working)
    work (self);
}

/* Starts the next call that is here. */
static void
handle (HostdConnection *self)
{
  gsize length;
  g_autofree char *text = hostd_frames_take (self->in, &length);
  GError *error = NULL;
  HostdRequestMessage *request = hostd_request_message_parse (text, length, &error);

  self->wait = WAIT_NEW;
  if (request == NULL) {
    refuse (self, error);
    return;
  }
  if (!hostd_quota_take (self->quota, self->peer.uid, HOSTD_QUOTA_CALLS, 1)) {
    hostd_request_message_free (request);
    refuse (self,
            g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                         "uid %u has %" G_GSIZE_FORMAT " calls in flight: try again later",
                         self->peer.uid, hostd_quota_get_limit (self->quota, HOSTD_QUOTA_CALLS)));
    return;
  }
  self->call_length = length;
  self->call = hostd_call_new (request, &self->peer, on_answered, self);
  hostd_services_handle (self->services, self->call);
}

/* Sets what to poll for, and until when. */
static void
arm (HostdConnection *self)
{
  static const GIOCondition conditions[] = { [WAIT_IDLE] = G_IO_IN,
                                             [WAIT_MESSAGE] = G_IO_IN,
                                             [WAIT_TURN] = 0,
                                             [WAIT_CALL] = 0,
                                             [WAIT_WRITE] = G_IO_OUT };
  const guint patience[] = { [WAIT_IDLE] = self->limits->idle_ms,
                             [WAIT_MESSAGE] = self->limits->message_ms,
                             [WAIT_TURN] = 0,
                             [WAIT_CALL] = 0,
                             [WAIT_WRITE] = self->limits->write_ms };
  Wait wait = unsent (self) > 0                         ? WAIT_WRITE
              : self->call != NULL                      ? WAIT_CALL
              : hostd_frames_has_message (self->in)     ? WAIT_TURN
              : hostd_frames_count_bytes (self->in) > 0 ? WAIT_MESSAGE
                                                        : WAIT_IDLE;

  if (wait != self->wait)
    self->since = g_get_monotonic_time ();
  self->wait = wait;
  g_source_modify_unix_fd (self->source, self->tag, conditions[wait] | G_IO_ERR | G_IO_HUP);
  if (wait == WAIT_TURN)
    g_source_set_ready_time (self->source, 0);
  else if (patience[wait] == 0)
    g_source_set_ready_time (self->source, -1);
  else
    g_source_set_ready_time (self->source, self->since + 1000 * (gint64) patience[wait]);
}

/*
 * Does what can be done without waiting, but one call at most: a client may have sent a thousand of
 * them at once, and the others get their turn in between. May end with the connection freed.
 */
static void
work (HostdConnection *self)
{
  gboolean handled = FALSE;

  self->working = TRUE;
  while (!self->over) {
    if (unsent (self) > 0)
      transmit (self);
    if (self->over || unsent (self) > 0 || self->call != NULL || handled ||
        !hostd_frames_has_message (self->in))
      break;
    handle (self);
    handled = TRUE;
  }
  self->working = FALSE;

  account (self, FALSE);
  if (self->ended && self->call == NULL && unsent (self) == 0 &&
      !hostd_frames_has_message (self->in))
    self->over = TRUE;
  if (self->over)
    self->closed (self, self->reason, self->data);
  else
    arm (self);
}

static void
expire (HostdConnection *self)
{
  switch (self->wait) {
  case WAIT_MESSAGE:
    give_up (self, "a client began a message and did not end it");
    break;
  case WAIT_WRITE:
    give_up (self, "a client does not read its answer");
    break;
  case WAIT_NEW:
  case WAIT_IDLE:
  case WAIT_TURN:
  case WAIT_CALL:
  default:
    self->over = TRUE; /* it was idle: nothing to report */
  }
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  HostdConnection *self = ((ConnectionSource *) source)->connection;
  GIOCondition ready = g_source_query_unix_fd (source, self->tag);
  gint64 limit = g_source_get_ready_time (source);

  /* What was said before a client left is done before its leaving is noticed. */
  if (self->wait == WAIT_TURN) {
    work (self);
    return G_SOURCE_CONTINUE;
  }
  if (ready & G_IO_IN)
    receive (self);
  else if (ready & (G_IO_ERR | G_IO_HUP | G_IO_NVAL))
    self->over = TRUE; /* nobody is there to read an answer */
  else if (!(ready & G_IO_OUT) && limit >= 0 && limit <= g_source_get_time (source))
    expire (self);
  work (self);
  return G_SOURCE_CONTINUE;
}

HostdConnection *
hostd_connection_new (int fd, const HostdPeer *peer, const HostdService *services,
                      HostdQuota *quota, const HostdLimits *limits, HostdConnectionClosed closed,
                      gpointer data)
{
  static GSourceFuncs funcs = { NULL, NULL, dispatch, NULL };
  HostdConnection *self = g_new0 (HostdConnection, 1);

  self->fd = fd;
  self->peer = *peer;
  self->services = services;
  self->quota = quota;
  self->limits = limits;
  self->closed = closed;
  self->data = data;
  self->in = hostd_frames_new (limits->max_message);
  self->out = g_byte_array_new ();
  self->source = g_source_new (&funcs, sizeof (ConnectionSource));
  ((ConnectionSource *) self->source)->connection = self;
  g_source_set_name (self->source, "cloister connection");
  self->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  arm (self);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
hostd_connection_free (HostdConnection *self)
{
  if (self == NULL)
    return;
  if (self->call != NULL) {
    hostd_call_detach (self->call);
    hostd_quota_give (self->quota, self->peer.uid, HOSTD_QUOTA_CALLS, 1);
  }
  hostd_quota_give (self->quota, self->peer.uid, HOSTD_QUOTA_BYTES, self->charged);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->fd);
  hostd_frames_free (self->in);
  g_byte_array_unref (self->out);
  g_clear_error (&self->reason);
  g_free (self);
}

const HostdPeer *
hostd_connection_get_peer (const HostdConnection *self)
{
  return &self->peer;
}
