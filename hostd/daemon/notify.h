/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Telling systemd how we are (sd_notify(3); the protocol is a datagram of NAME=VALUE lines to the
 * socket that $NOTIFY_SOCKET names). Without a socket everything here does nothing.
 */
typedef struct HostdNotify HostdNotify;

/*
 * @socket_path: $NOTIFY_SOCKET, may be NULL; "@" begins an abstract name. @watchdog_us: how often
 * systemd wants to hear from us, 0 never; twice as often it does, as long as the main loop runs.
 */
HostdNotify *hostd_notify_new (const char *socket_path, guint64 watchdog_us);
void hostd_notify_free (HostdNotify *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdNotify, hostd_notify_free)

/* @status is one line for `systemctl status`. */
void hostd_notify_ready (HostdNotify *self, const char *status);
void hostd_notify_reloading (HostdNotify *self);
void hostd_notify_stopping (HostdNotify *self);

G_END_DECLS
