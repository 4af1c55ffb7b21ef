/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/events.h"

#include "virt/libvirt.h"
#include "virt/virt-private.h"

HostdVirtEvent *
hostd_virt_event_copy (const HostdVirtEvent *self)
{
  HostdVirtEvent *copy = g_new0 (HostdVirtEvent, 1);

  copy->kind = self->kind;
  copy->uuid = g_strdup (self->uuid);
  copy->name = g_strdup (self->name);
  copy->device = g_strdup (self->device);
  return copy;
}

void
hostd_virt_event_free (HostdVirtEvent *self)
{
  if (self == NULL)
    return;
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->device);
  g_free (self);
}

/* ---- what libvirt calls, on the thread of its loop ---- */

static void
tell (HostdVirtWatch *watch, virDomainPtr domain, HostdVirtEventKind kind, const char *device)
{
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  const HostdVirtEvent event = { kind, uuid, (char *) virDomainGetName (domain), (char *) device };

  if (virDomainGetUUIDString (domain, uuid) == 0)
    watch->func (&event, watch->data);
}

static gboolean
is_launch (int detail)
{
  /* A guest that wakes up ran before: libvirt runs no hook for it. */
  return detail != VIR_DOMAIN_EVENT_STARTED_WAKEUP;
}

static int
on_lifecycle (virConnectPtr connect, virDomainPtr domain, int event, int detail, void *data)
{
  switch (event) {
  case VIR_DOMAIN_EVENT_STARTED:
    if (is_launch (detail))
      tell (data, domain, HOSTD_VIRT_EVENT_STARTED, NULL);
    break;
  case VIR_DOMAIN_EVENT_STOPPED:
  case VIR_DOMAIN_EVENT_CRASHED:
    tell (data, domain, HOSTD_VIRT_EVENT_STOPPED, NULL);
    break;
  case VIR_DOMAIN_EVENT_DEFINED:
    tell (data, domain, HOSTD_VIRT_EVENT_DEFINED, NULL);
    break;
  case VIR_DOMAIN_EVENT_UNDEFINED:
    tell (data, domain, HOSTD_VIRT_EVENT_UNDEFINED, NULL);
    break;
  default:
    break;
  }
  return 0;
}

static void
on_device_added (virConnectPtr connect, virDomainPtr domain, const char *device, void *data)
{
  tell (data, domain, HOSTD_VIRT_EVENT_DEVICE_ADDED, device);
}

static void
on_closed (virConnectPtr connect, int reason, void *data)
{
  const HostdVirtWatch *watch = data;
  const HostdVirtEvent event = { HOSTD_VIRT_EVENT_DISCONNECTED, NULL, NULL, NULL };

  watch->func (&event, watch->data);
}

/* ---- beginning and end ---- */

static void
watch_unref (void *data)
{
  HostdVirtWatch *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}

static HostdVirtWatch *
watch_ref (HostdVirtWatch *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* libvirt frees its reference when it lets the callback go, which may be after we did. */
static int
add (virConnectPtr connect, HostdVirtWatch *watch, int id, virConnectDomainEventGenericCallback on)
{
  int callback =
      virConnectDomainEventRegisterAny (connect, NULL, id, on, watch_ref (watch), watch_unref);

  if (callback < 0)
    watch_unref (watch);
  return callback;
}

gboolean
hostd_virt_watch (HostdVirt *self, HostdVirtEventFunc func, gpointer data, GDestroyNotify destroy,
                  GError **error)
{
  HostdVirtWatch *watch = g_new0 (HostdVirtWatch, 1);
  virConnectPtr connect = hostd_virt_get_connect (self);
  gboolean ok;

  g_atomic_ref_count_init (&watch->refs);
  watch->func = func;
  watch->data = data;
  watch->destroy = destroy;
  watch->lifecycle =
      add (connect, watch, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle));
  watch->device_added = add (connect, watch, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
                             VIR_DOMAIN_EVENT_CALLBACK (on_device_added));
  watch->close =
      virConnectRegisterCloseCallback (connect, on_closed, watch_ref (watch), watch_unref);
  if (watch->close < 0)
    watch_unref (watch);
  ok = watch->lifecycle >= 0 && watch->device_added >= 0 && watch->close >= 0;
  if (!ok)
    hostd_virt_set_error (error, "cannot ask libvirt for its events");
  hostd_virt_take_watch (self, watch);
  return ok;
}

void
hostd_virt_watch_end (HostdVirtWatch *self, virConnectPtr connect)
{
  if (self == NULL)
    return;
  if (self->lifecycle >= 0)
    virConnectDomainEventDeregisterAny (connect, self->lifecycle);
  if (self->device_added >= 0)
    virConnectDomainEventDeregisterAny (connect, self->device_added);
  if (self->close >= 0)
    virConnectUnregisterCloseCallback (connect, on_closed);
  watch_unref (self);
}
