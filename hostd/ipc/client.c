/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/client.h"

#include "base/error.h"
#include "base/io.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "ipc/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CHUNK (64u * 1024)

struct HostdClient {
  int fd;
  char *path;
  gint64 deadline; /* monotonic, microseconds */
  HostdFrames *in;
};

void
hostd_client_free (HostdClient *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  hostd_frames_free (self->in);
  g_free (self->path);
  g_free (self);
}

/* What a person does about it stands in the error: these few happen to everybody. */
static void
set_connect_error (GError **error, int errnum, const char *path)
{
  switch (errnum) {
  case ENOENT:
  case ECONNREFUSED:
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE,
                 "hostd is not running (nobody listens on %s): systemctl start cloister-hostd",
                 path);
    break;
  case EACCES:
  case EPERM:
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_DENIED,
                 "may not open %s: run this as root, or let hostd.conf name your group", path);
    break;
  case EAGAIN:
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_BUSY,
                 "hostd has more clients waiting on %s than it takes: try again later", path);
    break;
  default:
    hostd_error_set_errno (error, errnum, "cannot connect to %s", path);
  }
}

HostdClient *
hostd_client_connect (const char *path, guint timeout_ms, GError **error)
{
  g_autoptr (HostdClient) self = g_new0 (HostdClient, 1);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  self->fd = -1;
  self->path = g_strdup (path);
  self->deadline = g_get_monotonic_time () + 1000 * (gint64) timeout_ms;
  self->in = hostd_frames_new (HOSTD_WIRE_MAX_MESSAGE);
  if (strlen (path) >= sizeof address.sun_path) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is too long for a socket's path",
                 path);
    return NULL;
  }
  memcpy (address.sun_path, path, strlen (path) + 1);
  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (self->fd < 0) {
    hostd_error_set_errno (error, errno, "cannot make a socket");
    return NULL;
  }
  if (connect (self->fd, (const struct sockaddr *) &address, sizeof address) < 0) {
    set_connect_error (error, errno, path);
    return NULL;
  }
  return g_steal_pointer (&self);
}

static gboolean
wait_for (HostdClient *self, short events, GError **error)
{
  for (;;) {
    gint64 left = self->deadline - g_get_monotonic_time ();
    struct pollfd p = { .fd = self->fd, .events = events };
    int n = left > 0 ? poll (&p, 1, (int) MIN (left / 1000 + 1, G_MAXINT)) : 0;

    if (n > 0)
      return TRUE;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return hostd_error_set_errno (error, errno, "cannot wait for hostd");
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TIMEOUT,
                 "hostd does not answer in time: see journalctl -u cloister-hostd");
    return FALSE;
  }
}

/*
 * Sends all of it. That the server hung up is no error yet: it may have said why before, and we
 * have not read that.
 */
static gboolean
transmit (HostdClient *self, const char *bytes, gsize length, GError **error)
{
  while (length > 0) {
    ssize_t n = send (self->fd, bytes, length, MSG_NOSIGNAL);

    if (n >= 0) {
      bytes += n;
      length -= n;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return TRUE;
    } else if (errno == EAGAIN) {
      if (!wait_for (self, POLLOUT, error))
        return FALSE;
    } else if (errno != EINTR) {
      return hostd_error_set_errno (error, errno, "cannot send to hostd");
    }
  }
  return TRUE;
}

static char *
receive (HostdClient *self, gsize *ret_length, GError **error)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK);

  while (!hostd_frames_has_message (self->in)) {
    ssize_t n = recv (self->fd, chunk, CHUNK, 0);

    if (n > 0) {
      if (!hostd_frames_feed (self->in, chunk, n, error)) {
        g_prefix_error (error, "hostd's answer cannot be read: ");
        return NULL;
      }
    } else if (n == 0 || errno == ECONNRESET) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_UNAVAILABLE,
                   "hostd hung up without an answer: see journalctl -u cloister-hostd");
      return NULL;
    } else if (errno == EAGAIN) {
      if (!wait_for (self, POLLIN, error))
        return NULL;
    } else if (errno != EINTR) {
      hostd_error_set_errno (error, errno, "cannot read from hostd");
      return NULL;
    }
  }
  return hostd_frames_take (self->in, ret_length);
}

JsonObject *
hostd_client_call (HostdClient *self, const char *method, JsonObject *parameters, GError **error)
{
  g_autofree char *request = hostd_message_of_request (method, parameters);
  g_autofree char *reply = NULL;
  gsize length = strlen (request);

  if (length > HOSTD_WIRE_MAX_MESSAGE) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "a message to hostd would have %" G_GSIZE_FORMAT " bytes, the limit is %d", length,
                 HOSTD_WIRE_MAX_MESSAGE);
    return NULL;
  }
  if (!transmit (self, request, length + 1, error))
    return NULL;
  reply = receive (self, &length, error);
  return reply != NULL ? hostd_reply_message_parse (reply, length, error) : NULL;
}

gboolean
hostd_client_begin_stream (HostdClient *self, const char *method, GError **error)
{
  g_autofree char *request = hostd_message_of_more_request (method);

  return transmit (self, request, strlen (request) + 1, error);
}

JsonObject *
hostd_client_next (HostdClient *self, GError **error)
{
  g_autofree char *reply = NULL;
  gsize length;

  self->deadline = G_MAXINT64;
  reply = receive (self, &length, error);
  return reply != NULL ? hostd_reply_message_parse (reply, length, error) : NULL;
}
