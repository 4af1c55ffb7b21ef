/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "virt/library.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_BEGIN_DECLS

/* Each function where virt/library.h has it. */
#define virConnectClose hostd_virt_library.virConnectClose
#define virConnectDomainEventDeregisterAny hostd_virt_library.virConnectDomainEventDeregisterAny
#define virConnectDomainEventRegisterAny hostd_virt_library.virConnectDomainEventRegisterAny
#define virConnectGetDomainCapabilities hostd_virt_library.virConnectGetDomainCapabilities
#define virConnectGetLibVersion hostd_virt_library.virConnectGetLibVersion
#define virConnectGetVersion hostd_virt_library.virConnectGetVersion
#define virConnectIsAlive hostd_virt_library.virConnectIsAlive
#define virConnectListAllDomains hostd_virt_library.virConnectListAllDomains
#define virConnectOpen hostd_virt_library.virConnectOpen
#define virConnectRegisterCloseCallback hostd_virt_library.virConnectRegisterCloseCallback
#define virConnectSetKeepAlive hostd_virt_library.virConnectSetKeepAlive
#define virConnectUnregisterCloseCallback hostd_virt_library.virConnectUnregisterCloseCallback
#define virDomainDestroy hostd_virt_library.virDomainDestroy
#define virDomainFree hostd_virt_library.virDomainFree
#define virDomainGetLaunchSecurityInfo hostd_virt_library.virDomainGetLaunchSecurityInfo
#define virDomainGetName hostd_virt_library.virDomainGetName
#define virDomainGetState hostd_virt_library.virDomainGetState
#define virDomainGetUUIDString hostd_virt_library.virDomainGetUUIDString
#define virDomainGetXMLDesc hostd_virt_library.virDomainGetXMLDesc
#define virDomainLookupByUUIDString hostd_virt_library.virDomainLookupByUUIDString
#define virEventRegisterImpl hostd_virt_library.virEventRegisterImpl
#define virGetLastError hostd_virt_library.virGetLastError
#define virGetLastErrorCode hostd_virt_library.virGetLastErrorCode
#define virGetVersion hostd_virt_library.virGetVersion
#define virResetLastError hostd_virt_library.virResetLastError
#define virSetErrorFunc hostd_virt_library.virSetErrorFunc
#define virTypedParamsFree hostd_virt_library.virTypedParamsFree

/* libvirt's types under g_autoptr, and its errors as ours; for the files of virt/ only. */

static inline void
hostd_vir_connect_unref (virConnect *connect)
{
  virConnectClose (connect);
}

static inline void
hostd_vir_domain_unref (virDomain *domain)
{
  virDomainFree (domain);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, hostd_vir_connect_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, hostd_vir_domain_unref)

/* What libvirt last reported on this thread, with "MESSAGE: " before it. Returns FALSE. */
gboolean hostd_virt_set_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
