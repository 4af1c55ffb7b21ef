/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ipc/call.h"

G_BEGIN_DECLS

/*
 * Who watches: the calls of Admin.Monitor in progress. Each gets every event from the moment it
 * called; who does not read them is let go.
 */
typedef struct HostdMonitor HostdMonitor;

HostdMonitor *hostd_monitor_new (void);
/* Ends all streams. */
void hostd_monitor_free (HostdMonitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdMonitor, hostd_monitor_free)

/* (transfer full); the call asks for more than one answer. */
void hostd_monitor_add (HostdMonitor *self, HostdCall *call);

/* @event is a word of doc/man/cloisterctl.1; @uuid and @name may be NULL. */
void hostd_monitor_emit (HostdMonitor *self, const char *event, const char *uuid, const char *name,
                         const char *text);

G_END_DECLS
