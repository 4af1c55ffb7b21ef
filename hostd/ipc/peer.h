/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Who is at the other end of a unix stream, as the kernel noted it when he connected. */
typedef struct {
  pid_t pid; /* for the log only: it may be another process by now */
  uid_t uid; /* as this namespace sees it */
  gid_t gid;
} HostdPeer;

/* SO_PEERCRED. FALSE with an error if the kernel does not say. */
gboolean hostd_peer_of_socket (int fd, HostdPeer *ret_peer, GError **error);

/* TRUE if the peer's uid is one of @uids (element-type uid_t). An empty list lets nobody in. */
gboolean hostd_peer_is_listed (const HostdPeer *self, const GArray *uids);

G_END_DECLS
