/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/interface.h"
#include "ipc/server-limits.h"

G_BEGIN_DECLS

/*
 * The server's end of one connection: reads messages, has them handled one after the other in the
 * order in which they came, writes the answers.
 *
 * It reads on only when there is nothing to handle and nothing to write, so that a client that
 * sends much and reads little is held back by the kernel and fills no memory of ours.
 */
typedef struct HostdConnection HostdConnection;

/* The connection is over: @reason is NULL where the client just left. Free it now or later. */
typedef void (*HostdConnectionClosed) (HostdConnection *connection, const GError *reason,
                                       gpointer data);

/*
 * Takes over @fd, which does not block. @services, @quota and @limits must live as long. Runs in
 * the thread-default main context.
 */
HostdConnection *hostd_connection_new (int fd, const HostdPeer *peer, const HostdService *services,
                                       HostdQuota *quota, const HostdLimits *limits,
                                       HostdConnectionClosed closed, gpointer data);
void hostd_connection_free (HostdConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdConnection, hostd_connection_free)

const HostdPeer *hostd_connection_get_peer (const HostdConnection *self);

G_END_DECLS
