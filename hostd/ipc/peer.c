/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/peer.h"

#include "base/error.h"

#include <errno.h>
#include <sys/socket.h>

gboolean
hostd_peer_of_socket (int fd, HostdPeer *ret_peer, GError **error)
{
  struct ucred credentials;
  socklen_t length = sizeof credentials;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
    return hostd_error_set_errno (error, errno, "cannot tell who is at the other end of a socket");
  ret_peer->pid = credentials.pid;
  ret_peer->uid = credentials.uid;
  ret_peer->gid = credentials.gid;
  return TRUE;
}

gboolean
hostd_peer_is_listed (const HostdPeer *self, const GArray *uids)
{
  for (guint i = 0; i < uids->len; i++)
    if (g_array_index (uids, uid_t, i) == self->uid)
      return TRUE;
  return FALSE;
}
