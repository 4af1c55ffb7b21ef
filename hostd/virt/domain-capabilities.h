/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What libvirt says that one emulator can do: the document of virConnectGetDomainCapabilities(), as
 * far as confidential guests need it. Plain data. An element that libvirt left out is "unknown":
 * older ones lack <tdx>, maxGuests (before 8.0), and the whole <launchSecurity> (before 10.5).
 */
typedef enum {
  HOSTD_SUPPORT_UNKNOWN,
  HOSTD_SUPPORT_NO,
  HOSTD_SUPPORT_YES,
} HostdSupport;

typedef struct {
  char *emulator, *machine, *arch; /* NULL if not said */
  HostdSupport sev, tdx, sgx, s390_pv;
  int cbitpos;                      /* -1 unknown */
  gint64 max_guests, max_es_guests; /* -1 unknown; counted by libvirt itself from CPUID */
  gboolean has_sectypes;
  char **sectypes; /* of launchSecurity, "sev", ...; NULL unless has_sectypes */
} HostdDomainCapabilities;

#define HOSTD_DOMAIN_CAPABILITIES_MAX (4u * 1024 * 1024)

/* HOSTD_ERROR_INVALID if @xml is no such document, or has a document type. */
HostdDomainCapabilities *hostd_domain_capabilities_parse (const char *xml, gsize length,
                                                          GError **error);
void hostd_domain_capabilities_free (HostdDomainCapabilities *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdDomainCapabilities, hostd_domain_capabilities_free)

/* FALSE too if libvirt does not list them. */
gboolean hostd_domain_capabilities_has_sectype (const HostdDomainCapabilities *self,
                                                const char *type);

G_END_DECLS
