/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "daemon/daemon.h"
#include "engine/launch-check.h"

G_BEGIN_DECLS

/*
 * What libvirt tells, and what follows from it: who runs (the roster), whether the gate is armed,
 * whether a guest was launched as it asked for, and whether a device that was added later undoes
 * its protection. Drift is reported and never enforced; only a launch that is not what it was
 * verified as ends the guest.
 */

/* The worker's listener; @data is the HostdDaemon. */
void hostd_libvirt_watch_state (HostdLibvirtState state, const char *why, gpointer data);
void hostd_libvirt_watch_event (const HostdVirtEvent *event, gpointer data);

/* Asks for all domains, counts them anew, and looks after the bindings without one. */
void hostd_libvirt_watch_refresh (HostdDaemon *daemon);

/* Once the hook has returned: compares how @uuid was launched with @expected. */
void hostd_libvirt_watch_launched (HostdDaemon *daemon, const char *uuid, const char *name,
                                   const HostdLaunchExpectation *expected);

G_END_DECLS
