/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_BEGIN_DECLS

/*
 * libvirt's client library, loaded when it is first wanted. It brings some forty others with it,
 * which take longer to load than most of what cloisterctl does without it; and who only looks at a
 * recorded host may not have it.
 *
 * virt/libvirt.h makes of each function's name its place in this table. Nothing may be called
 * before hostd_virt_library_load() has succeeded: a HostdVirt is proof of that.
 */
#define HOSTD_VIRT_FUNCTIONS(X)                                                                    \
  X (virConnectClose)                                                                              \
  X (virConnectDomainEventDeregisterAny)                                                           \
  X (virConnectDomainEventRegisterAny)                                                             \
  X (virConnectGetDomainCapabilities)                                                              \
  X (virConnectGetLibVersion)                                                                      \
  X (virConnectGetVersion)                                                                         \
  X (virConnectIsAlive)                                                                            \
  X (virConnectListAllDomains)                                                                     \
  X (virConnectOpen)                                                                               \
  X (virConnectRegisterCloseCallback)                                                              \
  X (virConnectSetKeepAlive)                                                                       \
  X (virConnectUnregisterCloseCallback)                                                            \
  X (virDomainDestroy)                                                                             \
  X (virDomainFree)                                                                                \
  X (virDomainGetLaunchSecurityInfo)                                                               \
  X (virDomainGetName)                                                                             \
  X (virDomainGetState)                                                                            \
  X (virDomainGetUUIDString)                                                                       \
  X (virDomainGetXMLDesc)                                                                          \
  X (virDomainLookupByUUIDString)                                                                  \
  X (virEventRegisterImpl)                                                                         \
  X (virGetLastError)                                                                              \
  X (virGetLastErrorCode)                                                                          \
  X (virGetVersion)                                                                                \
  X (virResetLastError)                                                                            \
  X (virSetErrorFunc)                                                                              \
  X (virTypedParamsFree)

typedef struct {
#define HOSTD_VIRT_MEMBER(name) __typeof__ (name) *name;
  HOSTD_VIRT_FUNCTIONS (HOSTD_VIRT_MEMBER)
#undef HOSTD_VIRT_MEMBER
} HostdVirtLibrary;

/* Filled by hostd_virt_library_load(). */
extern HostdVirtLibrary hostd_virt_library;

/* From any thread. HOSTD_ERROR_UNAVAILABLE if it is not on this machine, or is too old. */
gboolean hostd_virt_library_load (GError **error);

G_END_DECLS
