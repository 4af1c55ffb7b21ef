/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "virt/events.h"
#include "virt/libvirt.h"

G_BEGIN_DECLS

/* Shared by the files of virt/ alone. */

typedef struct {
  gatomicrefcount refs; /* libvirt has one for each callback */
  HostdVirtEventFunc func;
  gpointer data;
  GDestroyNotify destroy;
  int lifecycle, device_added, close; /* -1 where libvirt refused */
} HostdVirtWatch;

virConnectPtr hostd_virt_get_connect (HostdVirt *self);
void hostd_virt_take_watch (HostdVirt *self, HostdVirtWatch *watch);
void hostd_virt_watch_end (HostdVirtWatch *self, virConnectPtr connect);

/* NULL with an error; HOSTD_ERROR_NOT_FOUND if there is none. */
virDomain *hostd_virt_lookup (HostdVirt *self, const char *uuid, GError **error);

G_END_DECLS
