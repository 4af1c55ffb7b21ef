/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "virt/domain-capabilities.h"

#include <glib.h>

G_BEGIN_DECLS

/*
 * libvirt, as far as the daemon asks it. EVERY FUNCTION BLOCKS until libvirtd answers, for as long
 * as that takes: call them on the one worker thread that owns the connection, never on a main
 * loop, and never while a hook waits for a verdict (libvirtd holds the domain's lock then: a
 * deadlock).
 *
 * An error of HOSTD_ERROR_UNAVAILABLE may mean that libvirtd went away: free, and open again.
 */
typedef struct HostdVirt HostdVirt;

/* @uri NULL means "qemu:///system". */
HostdVirt *hostd_virt_open (const char *uri, GError **error);
void hostd_virt_free (HostdVirt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdVirt, hostd_virt_free)

gboolean hostd_virt_is_alive (HostdVirt *self);

/*
 * As libvirt counts: major * 1000000 + minor * 1000 + micro. @ret_qemu is of the default emulator.
 */
gboolean hostd_virt_get_versions (HostdVirt *self, guint *ret_libvirt, guint *ret_qemu,
                                  GError **error);

/* Of that emulator (NULL: libvirt's default) for KVM guests of machine type q35 on x86_64. */
HostdDomainCapabilities *hostd_virt_get_domain_capabilities (HostdVirt *self, const char *emulator,
                                                             GError **error);

typedef struct {
  char *name;
  char *uuid;
  const char *state; /* "running", "paused", "shut-off", ... */
  gboolean active;
  char *xml; /* live if active, else as it would start */
} HostdVirtDomain;
void hostd_virt_domain_free (HostdVirtDomain *self);

/*
 * All that libvirt knows, (element-type HostdVirtDomain). One that vanishes meanwhile is left out.
 */
GPtrArray *hostd_virt_list_domains (HostdVirt *self, GError **error);

G_END_DECLS
