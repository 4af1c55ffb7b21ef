/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/interface.h"
#include "ipc/server-limits.h"

G_BEGIN_DECLS

/*
 * Serves Varlink on unix sockets, from the main loop of the thread that made it. Each socket has
 * its own interfaces and its own list of users; who is not on the list is told so and let go.
 */
typedef struct HostdServer HostdServer;

/*
 * Told of what a program may want to log: a user refused, a message too large, a client that hangs.
 * @peer is NULL where nobody in particular is meant. Clients that come and go are not told of.
 */
typedef void (*HostdServerNotice) (const char *socket_name, const HostdPeer *peer,
                                   const GError *what, gpointer data);

HostdServer *hostd_server_new (const HostdLimits *limits, /* (transfer none), outlives the server */
                               HostdServerNotice notice, gpointer data);
/* Ends all connections. Calls that are in flight may still be answered, to nobody. */
void hostd_server_free (HostdServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdServer, hostd_server_free)

/*
 * Serves @services (ends with a NULL interface; copied) on the listening socket @fd, which is
 * taken over, to the users in @uids (element-type uid_t). @name is for notices. org.varlink.service
 * and io.cloister.Error are added.
 */
void hostd_server_listen (HostdServer *self, const char *name, int fd, const GArray *uids,
                          const HostdService *services);

guint hostd_server_count_connections (const HostdServer *self);

G_END_DECLS
