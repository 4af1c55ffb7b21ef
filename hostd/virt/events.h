/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "virt/virt.h"

G_BEGIN_DECLS

/* What libvirt tells by itself. */
typedef enum {
  HOSTD_VIRT_EVENT_STARTED, /* booted, restored, came by migration: whatever libvirt runs hooks for
                             */
  HOSTD_VIRT_EVENT_STOPPED,
  HOSTD_VIRT_EVENT_DEFINED,
  HOSTD_VIRT_EVENT_UNDEFINED,
  HOSTD_VIRT_EVENT_DEVICE_ADDED, /* to a running domain */
  HOSTD_VIRT_EVENT_DISCONNECTED, /* libvirtd ended, or stopped answering */
} HostdVirtEventKind;

typedef struct {
  HostdVirtEventKind kind;
  char *uuid, *name; /* NULL for DISCONNECTED */
  char *device;      /* alias of what was added, else NULL */
} HostdVirtEvent;

HostdVirtEvent *hostd_virt_event_copy (const HostdVirtEvent *self);
void hostd_virt_event_free (HostdVirtEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdVirtEvent, hostd_virt_event_free)

/* Called on the thread of virt/event-loop.h: it must neither block nor call libvirt. */
typedef void (*HostdVirtEventFunc) (const HostdVirtEvent *event, gpointer data);

/*
 * Asks for the events of all domains, once for each connection. Freeing the connection ends it;
 * @destroy is called when nothing uses @data any more, on failure too.
 */
gboolean hostd_virt_watch (HostdVirt *self, HostdVirtEventFunc func, gpointer data,
                           GDestroyNotify destroy, GError **error);

G_END_DECLS
