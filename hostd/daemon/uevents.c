/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/uevents.h"

#include "base/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <libudev.h>
#include <string.h>

/* Events that are taken before the main loop gets its turn. */
#define MAX_AT_ONCE 64
/* Of the text that says what came. */
#define MAX_TEXT 200
/* Moments of patience with a kernel that is never quiet. */
#define MAX_MOMENTS 10
/* Bringing a thousand processors online is a burst. */
#define RECEIVE_BUFFER (1024 * 1024)

struct HostdUevents {
  struct udev *udev;
  struct udev_monitor *monitor;
  guint source;
  guint quiet_ms;
  guint timeout; /* source; 0: nothing came */
  gint64 latest; /* then: when it is told of at the latest, monotonic */
  GString *what;
  HostdUeventsFunc func;
  gpointer data;
};

/* A subsystem, and the names in it that matter. */
static const struct {
  const char *subsystem;
  const char *names[8]; /* none: all */
} wanted[] = {
  /* Character devices: AMD-SP, KVM, SGX. */
  { "misc", { "sev", "kvm", "sgx_vepc", "sgx_enclave", "sgx_provision" } },
  { "module", { "kvm", "kvm_amd", "kvm_intel", "ccp", "msr", "tdx_host" } },
  /* The TDX module's device (Linux 6.19 and later). */
  { "faux", { "tdx_host" } },
  { "tdx", { NULL } },
  /* Drivers that are bound and unbound by themselves. */
  { "drivers", { "ccp" } },
  { "cpu", { NULL } },
};

static gboolean
matters (struct udev_device *device)
{
  const char *subsystem = udev_device_get_subsystem (device);
  const char *name = udev_device_get_sysname (device);
  const char *driver = udev_device_get_property_value (device, "DRIVER");
  const char *event = udev_device_get_property_value (device, "EVENT");

  /* KVM tells of each guest (kvm_uevent_notify_change()), and a probe makes one itself. */
  if (event != NULL && (strcmp (event, "create") == 0 || strcmp (event, "destroy") == 0))
    return FALSE;
  if (g_strcmp0 (subsystem, "pci") == 0)
    return g_strcmp0 (driver, "ccp") == 0;
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    if (g_strcmp0 (subsystem, wanted[i].subsystem) != 0)
      continue;
    if (wanted[i].names[0] == NULL)
      return TRUE;
    for (guint j = 0; j < G_N_ELEMENTS (wanted[i].names) && wanted[i].names[j] != NULL; j++)
      if (g_strcmp0 (name, wanted[i].names[j]) == 0)
        return TRUE;
  }
  return FALSE;
}

static gboolean
on_quiet (gpointer data)
{
  HostdUevents *self = data;
  g_autofree char *what = g_string_free (self->what, FALSE);

  self->what = g_string_new (NULL);
  self->timeout = 0;
  self->func (what, self->data);
  return G_SOURCE_REMOVE;
}

static void
note (HostdUevents *self, const char *line)
{
  gint64 now = g_get_monotonic_time ();
  gint64 wait;

  if (self->timeout == 0)
    self->latest = now + MAX_MOMENTS * self->quiet_ms * G_GINT64_CONSTANT (1000);
  else
    g_source_remove (self->timeout);
  wait = CLAMP ((self->latest - now) / 1000, 0, (gint64) self->quiet_ms);
  self->timeout = g_timeout_add ((guint) wait, on_quiet, self);
  if (strstr (self->what->str, line) == NULL && self->what->len < MAX_TEXT)
    g_string_append_printf (self->what, "%s%s", self->what->len > 0 ? ", " : "", line);
}

static void
hear (HostdUevents *self, struct udev_device *device)
{
  const char *action = udev_device_get_action (device);
  g_autofree char *line = NULL;

  if (!matters (device))
    return;
  line = g_strdup_printf ("%s %s %s", action != NULL ? action : "?",
                          udev_device_get_subsystem (device), udev_device_get_sysname (device));
  note (self, line);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  HostdUevents *self = data;

  for (guint i = 0; i < MAX_AT_ONCE; i++) {
    struct udev_device *device;

    errno = 0;
    device = udev_monitor_receive_device (self->monitor);
    if (device != NULL) {
      hear (self, device);
      udev_device_unref (device);
      continue;
    }
    /* More came than the kernel kept for us: what, nobody knows. */
    if (errno == ENOBUFS)
      note (self, "too much to tell");
    break;
  }
  if ((condition & (G_IO_ERR | G_IO_HUP | G_IO_NVAL)) == 0 || errno == ENOBUFS)
    return G_SOURCE_CONTINUE;
  self->source = 0;
  return G_SOURCE_REMOVE;
}

/* Nobody wakes us for a disk. What passes is looked at once more. */
static gboolean
begin (HostdUevents *self, GError **error)
{
  int result = 0;

  for (guint i = 0; i < G_N_ELEMENTS (wanted) && result >= 0; i++)
    result =
        udev_monitor_filter_add_match_subsystem_devtype (self->monitor, wanted[i].subsystem, NULL);
  if (result >= 0)
    result = udev_monitor_filter_add_match_subsystem_devtype (self->monitor, "pci", NULL);
  udev_monitor_set_receive_buffer_size (self->monitor, RECEIVE_BUFFER);
  if (result >= 0)
    result = udev_monitor_enable_receiving (self->monitor);
  if (result >= 0)
    return TRUE;
  return hostd_error_set_errno (error, -result, "cannot listen to the kernel's events");
}

HostdUevents *
hostd_uevents_new (guint quiet_ms, HostdUeventsFunc func, gpointer data, GError **error)
{
  g_autoptr (HostdUevents) self = g_new0 (HostdUevents, 1);

  self->quiet_ms = quiet_ms;
  self->func = func;
  self->data = data;
  self->what = g_string_new (NULL);
  self->udev = udev_new ();
  self->monitor = self->udev != NULL ? udev_monitor_new_from_netlink (self->udev, "kernel") : NULL;
  if (self->monitor == NULL) {
    hostd_error_set_errno (error, errno, "cannot listen to the kernel's events");
    return NULL;
  }
  if (!begin (self, error))
    return NULL;
  self->source =
      g_unix_fd_add (udev_monitor_get_fd (self->monitor), G_IO_IN | G_IO_ERR, on_readable, self);
  return g_steal_pointer (&self);
}

void
hostd_uevents_free (HostdUevents *self)
{
  if (self == NULL)
    return;
  if (self->source != 0)
    g_source_remove (self->source);
  if (self->timeout != 0)
    g_source_remove (self->timeout);
  g_clear_pointer (&self->monitor, udev_monitor_unref);
  g_clear_pointer (&self->udev, udev_unref);
  g_string_free (self->what, TRUE);
  g_free (self);
}
