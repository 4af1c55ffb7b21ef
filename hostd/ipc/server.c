/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/server.h"

#include "base/error.h"
#include "base/io.h"
#include "ipc/connection.h"
#include "ipc/service.h"
#include "ipc/wire.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

/* Accepted in one go, before others get their turn. */
#define ACCEPT_BATCH 16
/* No descriptors left: the listening socket stays readable, so look away for a while. */
#define ACCEPT_PAUSE_MS 200

const HostdLimits hostd_limits_default = {
  .max_message = HOSTD_WIRE_MAX_MESSAGE,
  .quota = { [HOSTD_QUOTA_CONNECTIONS] = 128,
             [HOSTD_QUOTA_BYTES] = 4 * HOSTD_WIRE_MAX_MESSAGE,
             [HOSTD_QUOTA_CALLS] = 64 },
  .connections = 256,
  .idle_ms = 5 * 60 * 1000,
  .message_ms = 30 * 1000,
  .write_ms = 10 * 1000,
};

typedef struct {
  HostdServer *server;
  char *name;
  int fd;
  GArray *uids;
  /* The socket's own: who fills one socket must not close the others. */
  HostdQuota *quota;
  gsize n_connections;
  HostdService *services;
  GSource *source; /* the socket, or the pause */
} Listener;

struct HostdServer {
  const HostdLimits *limits;
  HostdServerNotice notice;
  gpointer data;
  GPtrArray *listeners;
  GHashTable *connections; /* HostdConnection -> Listener */
};

static void
notify (Listener *listener, const HostdPeer *peer, const GError *what)
{
  HostdServer *server = listener->server;

  if (server->notice != NULL)
    server->notice (listener->name, peer, what, server->data);
}

static void
set_source (Listener *self, GSource *source, GSourceFunc callback)
{
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  self->source = source;
  if (source == NULL)
    return;
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
on_closed (HostdConnection *connection, const GError *reason, gpointer data)
{
  Listener *listener = data;
  uid_t uid = hostd_connection_get_peer (connection)->uid;

  if (reason != NULL)
    notify (listener, hostd_connection_get_peer (connection), reason);
  g_hash_table_remove (listener->server->connections, connection);
  listener->n_connections--;
  hostd_quota_give (listener->quota, uid, HOSTD_QUOTA_CONNECTIONS, 1);
}

/* Why this client is not served; NULL if it is, and then its connection is counted. */
static GError *
find_objection (Listener *self, const HostdPeer *peer)
{
  if (!hostd_peer_is_listed (peer, self->uids))
    return g_error_new (HOSTD_ERROR, HOSTD_ERROR_DENIED,
                        "uid %u may not call on the %s socket: hostd.conf lists who may", peer->uid,
                        self->name);
  if (self->n_connections >= self->server->limits->connections)
    return g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                        "the %s socket has %" G_GSIZE_FORMAT
                        " connections already: try again later",
                        self->name, self->server->limits->connections);
  if (!hostd_quota_take (self->quota, peer->uid, HOSTD_QUOTA_CONNECTIONS, 1))
    return g_error_new (HOSTD_ERROR, HOSTD_ERROR_BUSY,
                        "uid %u has %" G_GSIZE_FORMAT " connections already: try again later",
                        peer->uid, hostd_quota_get_limit (self->quota, HOSTD_QUOTA_CONNECTIONS));
  return NULL;
}

static void
welcome (Listener *self, int fd)
{
  HostdServer *server = self->server;
  hostd_autofd int owned = fd;
  g_autoptr (GError) error = NULL;
  HostdPeer peer;

  if (!hostd_peer_of_socket (fd, &peer, &error)) {
    notify (self, NULL, error);
    return;
  }
  error = find_objection (self, &peer);
  if (error != NULL) {
    g_autofree char *text = hostd_message_of_gerror (error);

    /* A fresh socket's buffer takes this; a client for whom it does not, does without. */
    if (send (fd, text, strlen (text) + 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
      g_debug ("a refused client left before it was told");
    notify (self, &peer, error);
    return;
  }
  g_hash_table_insert (server->connections,
                       hostd_connection_new (hostd_steal_fd (&owned), &peer, self->services,
                                             self->quota, server->limits, on_closed, self),
                       self);
  self->n_connections++;
}

static gboolean on_ready (gint fd, GIOCondition condition, gpointer data);

static void
watch (Listener *self)
{
  set_source (self, g_unix_fd_source_new (self->fd, G_IO_IN), G_SOURCE_FUNC (on_ready));
}

static gboolean
on_pause_over (gpointer data)
{
  watch (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_ready (gint fd, GIOCondition condition, gpointer data)
{
  Listener *self = data;

  for (guint i = 0; i < ACCEPT_BATCH; i++) {
    int client = accept4 (self->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    g_autoptr (GError) error = NULL;

    if (client >= 0) {
      welcome (self, client);
      continue;
    }
    if (errno == EAGAIN)
      break;
    if (errno == EINTR || errno == ECONNABORTED)
      continue;
    hostd_error_set_errno (&error, errno, "cannot accept a client");
    notify (self, NULL, error);
    set_source (self, g_timeout_source_new (ACCEPT_PAUSE_MS), on_pause_over);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
listener_free (Listener *self)
{
  set_source (self, NULL, NULL);
  close (self->fd);
  g_array_unref (self->uids);
  hostd_quota_free (self->quota);
  g_free (self->services);
  g_free (self->name);
  g_free (self);
}

HostdServer *
hostd_server_new (const HostdLimits *limits, HostdServerNotice notice, gpointer data)
{
  HostdServer *self = g_new0 (HostdServer, 1);

  self->limits = limits;
  self->notice = notice;
  self->data = data;
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) listener_free);
  self->connections =
      g_hash_table_new_full (NULL, NULL, (GDestroyNotify) hostd_connection_free, NULL);
  return self;
}

void
hostd_server_free (HostdServer *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->connections);
  g_ptr_array_unref (self->listeners);
  g_free (self);
}

void
hostd_server_listen (HostdServer *self, const char *name, int fd, const GArray *uids,
                     const HostdService *services)
{
  Listener *listener = g_new0 (Listener, 1);
  guint n = 0;

  while (services[n].interface != NULL)
    n++;
  listener->server = self;
  listener->name = g_strdup (name);
  listener->fd = fd;
  listener->uids = g_array_copy ((GArray *) uids);
  listener->quota = hostd_quota_new (self->limits->quota);
  listener->services = g_new0 (HostdService, n + 3);
  listener->services[0].interface = &hostd_service_interface;
  listener->services[0].data = listener->services;
  memcpy (listener->services + 1, services, n * sizeof *services);
  listener->services[n + 1].interface = &hostd_error_interface;

  /* accept() in batches ends with EAGAIN, so it must not block, whoever made the socket. */
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  g_ptr_array_add (self->listeners, listener);
  watch (listener);
}

guint
hostd_server_count_connections (const HostdServer *self)
{
  return g_hash_table_size (self->connections);
}
