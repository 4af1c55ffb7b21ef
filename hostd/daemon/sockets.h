/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/settings.h"

G_BEGIN_DECLS

/*
 * The run folder: the lock that keeps a second hostd out, and the three listening sockets, each in
 * a folder of its own (ipc/wire.h). They come from systemd where it made them, else from us.
 */
typedef struct HostdSockets HostdSockets;

/*
 * @n_passed descriptors from @first_passed on came from systemd (sd_listen_fds(3)), with their
 * names, colon-separated, in @passed_names. HOSTD_ERROR_BUSY if another hostd holds the lock. A
 * socket that a dead hostd left is replaced; anything else at its path is an error.
 */
HostdSockets *hostd_sockets_open (const HostdSettings *settings, int first_passed, guint n_passed,
                                  const char *passed_names, GError **error);
/* Removes the sockets that we made, and gives the lock up. */
void hostd_sockets_close (HostdSockets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdSockets, hostd_sockets_close)

/* Hands over the listening socket: the caller closes it. */
int hostd_sockets_take (HostdSockets *self, HostdSocket which);

G_END_DECLS
