/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/daemon.h"

G_BEGIN_DECLS

/*
 * Asks libvirt for what it says of the host's emulators (engine/live-facts.h), when it is connected
 * and when they or the host have become others, and has the host probed anew when it has answered.
 * Nobody waits for it.
 */

/* Libvirt is connected, for the first time or again: it may be another one. */
void hostd_libvirt_layer_connected (HostdDaemon *daemon);

/* Fresh facts are in use: is there something to ask? */
void hostd_libvirt_layer_ask (HostdDaemon *daemon);

/* For status: adds "capabilities" and "capabilities_from" to @libvirt. */
void hostd_libvirt_layer_add_status (const HostdDaemon *daemon, JsonObject *libvirt);

G_END_DECLS
