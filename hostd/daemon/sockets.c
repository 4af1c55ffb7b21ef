/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "daemon/sockets.h"

#include "base/error.h"
#include "base/io.h"
#include "ipc/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 128

struct HostdSockets {
  int lock;
  int fds[HOSTD_N_SOCKETS];
  char *made[HOSTD_N_SOCKETS]; /* paths of those that are ours to remove */
};

static const char *const places[HOSTD_N_SOCKETS] = {
  [HOSTD_SOCKET_COMPUTE] = HOSTD_WIRE_COMPUTE_SOCKET,
  [HOSTD_SOCKET_HOOK] = HOSTD_WIRE_HOOK_SOCKET,
  [HOSTD_SOCKET_ADMIN] = HOSTD_WIRE_ADMIN_SOCKET,
};

static gboolean
make_folder (const char *path, mode_t mode, GError **error)
{
  if (mkdir (path, mode) < 0 && errno != EEXIST)
    return hostd_error_set_errno (error, errno, "cannot make the folder %s", path);
  return TRUE;
}

/* Held for as long as we live, and by the kernel only: a crash leaves no stale lock. */
static gboolean
lock_run_dir (HostdSockets *self, const char *run_dir, GError **error)
{
  g_autofree char *path = g_build_filename (run_dir, "lock", NULL);

  self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0)
    return hostd_error_set_errno (error, errno, "cannot open %s", path);
  if (flock (self->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    return hostd_error_set_errno (error, errno, "cannot lock %s", path);
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_BUSY,
               "another cloister-hostd serves %s (it holds %s): stop it first", run_dir, path);
  return FALSE;
}

static gboolean
is_listening_socket (int fd)
{
  int domain = 0, type = 0, listening = 0;
  socklen_t length = sizeof (int);

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX &&
         getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM &&
         getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening;
}

static gboolean
take_passed (HostdSockets *self, int fd, const char *name, GError **error)
{
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++) {
    if (g_strcmp0 (name, hostd_socket_name (i)) != 0 || self->fds[i] >= 0)
      continue;
    if (!is_listening_socket (fd))
      break;
    fcntl (fd, F_SETFD, FD_CLOEXEC);
    self->fds[i] = fd;
    return TRUE;
  }
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
               "systemd passes a descriptor \"%s\" that is not one of the three sockets: "
               "FileDescriptorName= must be compute, hook or admin, each once",
               name != NULL ? name : "");
  return FALSE;
}

static gboolean
take_all_passed (HostdSockets *self, int first, guint n, const char *names, GError **error)
{
  g_auto (GStrv) words = g_strsplit (names != NULL ? names : "", ":", -1);
  guint n_words = g_strv_length (words);

  for (guint i = 0; i < n; i++)
    if (!take_passed (self, first + (int) i, i < n_words ? words[i] : NULL, error))
      return FALSE;
  return TRUE;
}

static gboolean
remove_stale (const char *path, GError **error)
{
  struct stat st;

  if (lstat (path, &st) < 0)
    return errno == ENOENT || hostd_error_set_errno (error, errno, "cannot look at %s", path);
  if (!S_ISSOCK (st.st_mode)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS, "%s is there and is no socket: remove it",
                 path);
    return FALSE;
  }
  if (unlink (path) < 0)
    return hostd_error_set_errno (error, errno, "cannot remove the old %s", path);
  return TRUE;
}

/* Nobody gets in before mode and group are right: that begins with listen(). */
static gboolean
bind_and_listen (int fd, const char *path, const HostdSocketSettings *settings, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is too long for a socket's path",
                 path);
    return FALSE;
  }
  if (bind (fd, (const struct sockaddr *) &address, sizeof address) < 0)
    return hostd_error_set_errno (error, errno, "cannot make the socket %s", path);
  if (settings->group != 0 && chown (path, (uid_t) -1, settings->group) < 0)
    return hostd_error_set_errno (error, errno, "cannot give %s its group", path);
  if (chmod (path, settings->mode) < 0)
    return hostd_error_set_errno (error, errno, "cannot give %s its mode", path);
  if (listen (fd, BACKLOG) < 0)
    return hostd_error_set_errno (error, errno, "cannot listen on %s", path);
  return TRUE;
}

static gboolean
make_socket (HostdSockets *self, HostdSocket which, const HostdSettings *settings, GError **error)
{
  g_autofree char *path = g_build_filename (settings->run_dir, places[which], NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  hostd_autofd int fd = -1;

  /* Who may use the socket must get through its folder. */
  if (!make_folder (folder, which == HOSTD_SOCKET_COMPUTE ? 0755 : 0700, error) ||
      !remove_stale (path, error))
    return FALSE;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return hostd_error_set_errno (error, errno, "cannot make a socket");
  if (!bind_and_listen (fd, path, &settings->sockets[which], error))
    return FALSE;
  self->fds[which] = hostd_steal_fd (&fd);
  self->made[which] = g_steal_pointer (&path);
  return TRUE;
}

HostdSockets *
hostd_sockets_open (const HostdSettings *settings, int first_passed, guint n_passed,
                    const char *passed_names, GError **error)
{
  g_autoptr (HostdSockets) self = g_new0 (HostdSockets, 1);

  self->lock = -1;
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++)
    self->fds[i] = -1;
  if (!take_all_passed (self, first_passed, n_passed, passed_names, error) ||
      !make_folder (settings->run_dir, 0755, error) ||
      !lock_run_dir (self, settings->run_dir, error))
    return NULL;
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++)
    if (self->fds[i] < 0 && !make_socket (self, i, settings, error))
      return NULL;
  return g_steal_pointer (&self);
}

int
hostd_sockets_take (HostdSockets *self, HostdSocket which)
{
  return hostd_steal_fd (&self->fds[which]);
}

void
hostd_sockets_close (HostdSockets *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < HOSTD_N_SOCKETS; i++) {
    if (self->fds[i] >= 0)
      close (self->fds[i]);
    if (self->made[i] != NULL)
      unlink (self->made[i]);
    g_free (self->made[i]);
  }
  if (self->lock >= 0)
    close (self->lock);
  g_free (self);
}
