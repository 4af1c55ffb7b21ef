/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/notify.h"

#include "base/io.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct HostdNotify {
  char *path; /* NULL: nobody listens */
  guint watchdog;
};

static void
tell (HostdNotify *self, const char *text)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  hostd_autofd int fd = -1;
  gsize length;

  if (self->path == NULL)
    return;
  length = strlen (self->path);
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  memcpy (address.sun_path, self->path, length);
  if (address.sun_path[0] == '@')
    address.sun_path[0] = '\0';
  if (sendto (fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT,
              (const struct sockaddr *) &address,
              (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)) < 0)
    g_debug ("systemd does not take a notification");
}

static gboolean
on_watchdog (gpointer data)
{
  tell (data, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

HostdNotify *
hostd_notify_new (const char *socket_path, guint64 watchdog_us)
{
  HostdNotify *self = g_new0 (HostdNotify, 1);

  if (socket_path == NULL || (socket_path[0] != '/' && socket_path[0] != '@') ||
      strlen (socket_path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return self;
  self->path = g_strdup (socket_path);
  if (watchdog_us > 0)
    self->watchdog = g_timeout_add (MAX (watchdog_us / 2000, 1), on_watchdog, self);
  return self;
}

void
hostd_notify_free (HostdNotify *self)
{
  if (self == NULL)
    return;
  if (self->watchdog != 0)
    g_source_remove (self->watchdog);
  g_free (self->path);
  g_free (self);
}

void
hostd_notify_ready (HostdNotify *self, const char *status)
{
  g_autofree char *text = g_strdup_printf ("READY=1\nSTATUS=%s", status);

  tell (self, text);
}

void
hostd_notify_reloading (HostdNotify *self)
{
  g_autofree char *text =
      g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  tell (self, text);
}

void
hostd_notify_stopping (HostdNotify *self)
{
  tell (self, "STOPPING=1");
}
