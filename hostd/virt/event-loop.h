/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Where libvirt's client library waits for libvirtd: a loop on a thread of its own. (libvirt's own,
 * virEventRegisterDefaultImpl(), is GLib's default context: it would make its callbacks run in our
 * main loop, or, before that runs, ours in its thread.)
 *
 * Once, before the first connection; more calls do nothing.
 */
void hostd_virt_event_loop_start (void);
/* Before the process ends, and after the last connection was closed: no other may be opened. */
void hostd_virt_event_loop_end (void);

G_END_DECLS
