/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/virt.h"

#include "base/error.h"
#include "virt/event-loop.h"
#include "virt/virt-private.h"

#include <stdlib.h>

/* Questions that libvirtd leaves unheard for half a minute end the connection. */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 6

struct HostdVirt {
  virConnect *connect;
  HostdVirtWatch *watch; /* or NULL */
};

virConnectPtr
hostd_virt_get_connect (HostdVirt *self)
{
  return self->connect;
}

void
hostd_virt_take_watch (HostdVirt *self, HostdVirtWatch *watch)
{
  g_assert (self->watch == NULL);
  self->watch = watch;
}

/* libvirt prints errors to stderr unless it is given a place for them. We report them ourselves. */
static void
ignore_error (void *data, virErrorPtr error)
{
}

HostdVirt *
hostd_virt_open (const char *uri, GError **error)
{
  const char *address = uri ? uri : "qemu:///system";
  HostdVirt *self;
  virConnect *connect;

  if (!hostd_virt_library_load (error))
    return NULL;
  virSetErrorFunc (NULL, ignore_error);
  hostd_virt_event_loop_start ();
  connect = virConnectOpen (address);
  if (connect == NULL) {
    hostd_virt_set_error (error, "cannot connect to libvirt at %s", address);
    return NULL;
  }
  virConnectSetKeepAlive (connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
  self = g_new0 (HostdVirt, 1);
  self->connect = connect;
  return self;
}

void
hostd_virt_free (HostdVirt *self)
{
  if (self == NULL)
    return;
  hostd_virt_watch_end (self->watch, self->connect);
  virConnectClose (self->connect);
  g_free (self);
}

gboolean
hostd_virt_is_alive (HostdVirt *self)
{
  return virConnectIsAlive (self->connect) == 1;
}

gboolean
hostd_virt_get_versions (HostdVirt *self, guint *ret_libvirt, guint *ret_qemu, GError **error)
{
  unsigned long library = 0, hypervisor = 0;

  if (virConnectGetLibVersion (self->connect, &library) < 0 ||
      virConnectGetVersion (self->connect, &hypervisor) < 0)
    return hostd_virt_set_error (error, "cannot ask libvirt for its version");
  *ret_libvirt = library;
  *ret_qemu = hypervisor;
  return TRUE;
}

guint
hostd_virt_get_library_version (void)
{
  unsigned long version = 0;

  if (!hostd_virt_library_load (NULL) || virGetVersion (&version, NULL, NULL) < 0)
    return 0;
  return (guint) version;
}

char *
hostd_virt_get_domain_capabilities_xml (HostdVirt *self, const char *emulator, GError **error)
{
#if defined(__x86_64__)
  /* What libvirt takes by itself, pc, is no machine for a confidential guest. */
  static const char *const arch = "x86_64", *const machine = "q35";
#else
  static const char *const arch = NULL, *const machine = NULL;
#endif
  char *xml = virConnectGetDomainCapabilities (self->connect, emulator, arch, machine, "kvm", 0);

  if (xml == NULL) {
    hostd_virt_set_error (error, "cannot ask libvirt for the domain capabilities of %s",
                          emulator ? emulator : "its default emulator");
    return NULL;
  }
  /* libvirt's strings are malloc'ed, and so are GLib's since 2.46: g_free() will do. */
  return xml;
}

static const char *
state_name (int state)
{
  static const char *const names[] = {
    [VIR_DOMAIN_NOSTATE] = "no-state",       [VIR_DOMAIN_RUNNING] = "running",
    [VIR_DOMAIN_BLOCKED] = "blocked",        [VIR_DOMAIN_PAUSED] = "paused",
    [VIR_DOMAIN_SHUTDOWN] = "shutting-down", [VIR_DOMAIN_SHUTOFF] = "shut-off",
    [VIR_DOMAIN_CRASHED] = "crashed",        [VIR_DOMAIN_PMSUSPENDED] = "suspended",
  };

  return state >= 0 && state < (int) G_N_ELEMENTS (names) ? names[state] : "unknown";
}

void
hostd_virt_domain_free (HostdVirtDomain *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->xml);
  g_free (self);
}

/* NULL without @error if the domain has vanished. */
static HostdVirtDomain *
describe (virDomain *domain, GError **error)
{
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  int state = VIR_DOMAIN_NOSTATE;
  g_autofree char *xml = virDomainGetXMLDesc (domain, 0);
  HostdVirtDomain *self;

  if (xml == NULL || virDomainGetState (domain, &state, NULL, 0) < 0 ||
      virDomainGetUUIDString (domain, uuid) < 0) {
    if (virGetLastErrorCode () != VIR_ERR_NO_DOMAIN)
      hostd_virt_set_error (error, "cannot ask libvirt about domain %s", virDomainGetName (domain));
    return NULL;
  }
  self = g_new0 (HostdVirtDomain, 1);
  self->name = g_strdup (virDomainGetName (domain));
  self->uuid = g_strdup (uuid);
  self->state = state_name (state);
  self->active = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
  self->xml = g_steal_pointer (&xml);
  return self;
}

GPtrArray *
hostd_virt_list_domains (HostdVirt *self, GError **error)
{
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_virt_domain_free);
  g_autoptr (GError) local = NULL;
  virDomainPtr *domains = NULL;
  int count = virConnectListAllDomains (self->connect, &domains, 0);

  if (count < 0) {
    hostd_virt_set_error (error, "cannot ask libvirt for its domains");
    return NULL;
  }
  for (int i = 0; i < count; i++) {
    g_autoptr (virDomain) domain = domains[i];
    HostdVirtDomain *described = local ? NULL : describe (domain, &local);

    if (described)
      g_ptr_array_add (list, described);
  }
  free (domains);
  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return NULL;
  }
  return g_steal_pointer (&list);
}

virDomain *
hostd_virt_lookup (HostdVirt *self, const char *uuid, GError **error)
{
  virDomain *domain = virDomainLookupByUUIDString (self->connect, uuid);

  if (domain == NULL)
    hostd_virt_set_error (error, "cannot ask libvirt about domain %s", uuid);
  return domain;
}

HostdVirtDomain *
hostd_virt_get_domain (HostdVirt *self, const char *uuid, GError **error)
{
  g_autoptr (virDomain) domain = hostd_virt_lookup (self, uuid, error);
  g_autoptr (GError) local = NULL;
  HostdVirtDomain *described;

  if (domain == NULL)
    return NULL;
  described = describe (domain, &local);
  if (local)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (described == NULL)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "domain %s is gone", uuid);
  return described;
}

gboolean
hostd_virt_destroy_domain (HostdVirt *self, const char *uuid, GError **error)
{
  g_autoptr (virDomain) domain = hostd_virt_lookup (self, uuid, error);

  if (domain == NULL)
    return FALSE;
  if (virDomainDestroy (domain) < 0)
    return hostd_virt_set_error (error, "cannot stop domain %s", uuid);
  return TRUE;
}
