/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

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

/* Of libvirt's client library, as libvirt counts; asks nobody. 0 unknown. */
guint hostd_virt_get_library_version (void);

/*
 * The domain capabilities, as a document for hostd_domain_capabilities_parse(), of that emulator
 * (NULL: libvirt's default) for KVM guests: on x86-64 of machine type q35, elsewhere of the one
 * that libvirt takes by itself.
 */
char *hostd_virt_get_domain_capabilities_xml (HostdVirt *self, const char *emulator,
                                              GError **error);

typedef struct {
  char *name;
  char *uuid;
  const char *state; /* "running", "paused", "shut-off", ... */
  gboolean active;
  char *xml; /* live if active, else as it would start */
} HostdVirtDomain;
void hostd_virt_domain_free (HostdVirtDomain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdVirtDomain, hostd_virt_domain_free)

/*
 * All that libvirt knows, (element-type HostdVirtDomain). One that vanishes meanwhile is left out.
 */
GPtrArray *hostd_virt_list_domains (HostdVirt *self, GError **error);

/* One of them. HOSTD_ERROR_NOT_FOUND if libvirt does not know it (any more). */
HostdVirtDomain *hostd_virt_get_domain (HostdVirt *self, const char *uuid, GError **error);

/* Stops a running guest at once, as pulling its plug does. */
gboolean hostd_virt_destroy_domain (HostdVirt *self, const char *uuid, GError **error);

/* What libvirt reports of a running SEV or SEV-ES guest (virDomainGetLaunchSecurityInfo). */
typedef struct {
  gboolean api_known;
  guint api_major, api_minor; /* of the SEV firmware that launched it */
  gboolean policy_known;
  guint policy;      /* the policy word that it was launched with */
  char *measurement; /* of the launch, base64; NULL if libvirt gives none */
} HostdVirtLaunch;
void hostd_virt_launch_free (HostdVirtLaunch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdVirtLaunch, hostd_virt_launch_free)

HostdVirtLaunch *hostd_virt_get_launch (HostdVirt *self, const char *uuid, GError **error);

G_END_DECLS
