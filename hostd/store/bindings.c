/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/bindings.h"

#include "base/error.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600
/* Seconds: so often at most is it written down that a domain is there. */
#define SEEN_STEP 3600

struct HostdBindings {
  char *path; /* for messages */
  int fd;
  guint64 device, inode;
};

/* ".UUID.XXXXXXXX.tmp", as hostd_replace_file_at() names what it has not renamed yet. */
static gboolean
is_leftover (const char *name)
{
  return name[0] == '.' && strlen (name) == 1 + 36 + 1 + 8 + 4 && name[37] == '.' &&
         g_str_has_suffix (name, ".tmp");
}

static gboolean
is_binding_name (const char *name)
{
  g_autofree char *normal = hostd_binding_normalise_uuid (name);

  return normal != NULL && strcmp (normal, name) == 0;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const char *const *left = a, *const *right = b;

  return strcmp (*left, *right);
}

/* The names in the folder but "." and "..", sorted (element-type utf8). */
static GPtrArray *
read_names (HostdBindings *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int fd = hostd_open_dir_at (self->fd, ".", error);
  struct dirent *entry;
  DIR *dir;
  int failed;

  if (fd < 0)
    return NULL;
  dir = fdopendir (fd);
  if (dir == NULL) {
    hostd_error_set_errno (error, errno, "cannot list %s", self->path);
    close (fd);
    return NULL;
  }
  for (errno = 0; (entry = readdir (dir)) != NULL; errno = 0)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      g_ptr_array_add (names, g_strdup (entry->d_name));
  failed = errno;
  closedir (dir);
  if (failed) {
    hostd_error_set_errno (error, failed, "cannot list %s", self->path);
    return NULL;
  }
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static int
open_or_make_folder (const char *state_dir, GError **error)
{
  hostd_autofd int parent = -1;

  if (g_mkdir_with_parents (state_dir, FOLDER_MODE) < 0) {
    hostd_error_set_errno (error, errno, "cannot make %s", state_dir);
    return -1;
  }
  parent = hostd_open_dir_at (AT_FDCWD, state_dir, error);
  if (parent < 0)
    return -1;
  if (mkdirat (parent, HOSTD_BINDINGS_FOLDER, FOLDER_MODE) == 0) {
    /* A binding is only as durable as the folder it is in. */
    if (fsync (parent) < 0) {
      hostd_error_set_errno (error, errno, "cannot sync %s", state_dir);
      return -1;
    }
  } else if (errno != EEXIST) {
    hostd_error_set_errno (error, errno, "cannot make %s/" HOSTD_BINDINGS_FOLDER, state_dir);
    return -1;
  }
  return hostd_open_dir_at (parent, HOSTD_BINDINGS_FOLDER, error);
}

/* Who can write here can unbind a guest: only we may. */
static gboolean
check_folder (HostdBindings *self, GError **error)
{
  struct stat st;

  if (fstat (self->fd, &st) < 0)
    return hostd_error_set_errno (error, errno, "cannot look at %s", self->path);
  if (st.st_uid != geteuid () || (st.st_mode & (S_IWGRP | S_IWOTH))) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_DENIED,
                 "%s can be written by others (owner %u, mode %04o): make it 0700 and ours",
                 self->path, (guint) st.st_uid, (guint) (st.st_mode & 07777));
    return FALSE;
  }
  self->device = st.st_dev;
  self->inode = st.st_ino;
  return TRUE;
}

HostdBindings *
hostd_bindings_open (const char *state_dir, GError **error)
{
  g_autoptr (HostdBindings) self = g_new0 (HostdBindings, 1);
  g_autoptr (GPtrArray) names = NULL;

  self->path = g_build_filename (state_dir, HOSTD_BINDINGS_FOLDER, NULL);
  self->fd = open_or_make_folder (state_dir, error);
  if (self->fd < 0 || !check_folder (self, error)) {
    g_prefix_error (error, "bindings: ");
    return NULL;
  }
  names = read_names (self, error);
  if (names == NULL) {
    g_prefix_error (error, "bindings: ");
    return NULL;
  }
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);

    /* Never renamed, so nobody was told that it is bound. If it will not go, it does no harm. */
    if (is_leftover (name))
      unlinkat (self->fd, name, 0);
  }
  return g_steal_pointer (&self);
}

void
hostd_bindings_free (HostdBindings *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

void
hostd_bindings_get_identity (const HostdBindings *self, guint64 *ret_device, guint64 *ret_inode)
{
  *ret_device = self->device;
  *ret_inode = self->inode;
}

static char *
normalise (const char *uuid, GError **error)
{
  char *normal = hostd_binding_normalise_uuid (uuid);

  if (normal == NULL) {
    g_autofree char *shown = g_strescape (uuid, NULL);

    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "\"%.64s\" is no UUID", shown);
  }
  return normal;
}

/* In a folder that was removed every name is absent, which must not read as "not bound". */
static gboolean
folder_is_there (HostdBindings *self, GError **error)
{
  struct stat st;

  if (fstat (self->fd, &st) < 0)
    return hostd_error_set_errno (error, errno, "cannot look at %s", self->path);
  if (st.st_nlink > 0)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_CORRUPT,
               "%s was removed while cloister-hostd ran: restore it and restart cloister-hostd",
               self->path);
  return FALSE;
}

static gboolean
set_damaged (HostdBindings *self, const char *uuid, HostdError code, const char *why,
             GError **error)
{
  g_set_error (error, HOSTD_ERROR, (int) code, "the binding %s/%s cannot be used: %s; %s",
               self->path, uuid, why,
               code == HOSTD_ERROR_UNSUPPORTED
                   ? "update Cloister on this host"
                   : "restore it from a backup, or remove it and rewrite the domain again");
  return FALSE;
}

/* @uuid is normal. */
static gboolean
lookup (HostdBindings *self, const char *uuid, HostdBinding **ret_binding, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (HostdBinding) binding = NULL;
  g_autofree char *text = NULL;
  gsize length;

  text = hostd_read_file_at (self->fd, uuid, HOSTD_BINDING_MAX_BYTES, &length, &local);
  if (text == NULL) {
    if (g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND)) {
      if (!folder_is_there (self, error))
        return FALSE;
      *ret_binding = NULL;
      return TRUE;
    }
    if (g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_INVALID) ||
        g_error_matches (local, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE))
      return set_damaged (self, uuid, HOSTD_ERROR_CORRUPT, local->message, error);
    g_propagate_prefixed_error (error, g_steal_pointer (&local), "binding in %s: ", self->path);
    return FALSE;
  }

  binding = hostd_binding_from_text (text, length, &local);
  if (binding == NULL)
    return set_damaged (self, uuid, local->code, local->message, error);
  if (strcmp (hostd_binding_get_uuid (binding), uuid) != 0)
    return set_damaged (self, uuid, HOSTD_ERROR_CORRUPT, "it is of another domain", error);
  *ret_binding = g_steal_pointer (&binding);
  return TRUE;
}

gboolean
hostd_bindings_lookup (HostdBindings *self, const char *uuid, HostdBinding **ret_binding,
                       GError **error)
{
  g_autofree char *normal = normalise (uuid, error);

  return normal != NULL && lookup (self, normal, ret_binding, error);
}

/* What an earlier call renamed but could not sync was refused then; this call may say yes to it. */
static gboolean
sync_again (HostdBindings *self, const char *uuid, GError **error)
{
  hostd_autofd int fd = openat (self->fd, uuid, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 || fsync (fd) < 0 || fsync (self->fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync %s/%s", self->path, uuid);
  return TRUE;
}

gboolean
hostd_bindings_bind (HostdBindings *self, const HostdBinding *binding, GError **error)
{
  const char *uuid = hostd_binding_get_uuid (binding);
  g_autoptr (HostdBinding) present = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (!lookup (self, uuid, &present, error))
    return FALSE;
  if (present && hostd_binding_agrees (present, binding))
    return sync_again (self, uuid, error);
  if (present) {
    g_set_error (
        error, HOSTD_ERROR, HOSTD_ERROR_EXISTS,
        "domain %s is bound to launch policy %s (%s)%s: undefine the domain and forget the "
        "binding first",
        uuid, hostd_binding_get_policy (present),
        hostd_technology_name (hostd_binding_get_technology (present)),
        strcmp (hostd_binding_get_policy (present), hostd_binding_get_policy (binding)) == 0
            ? " with other launch data or technology"
            : "");
    return FALSE;
  }

  text = hostd_binding_to_text (binding, &length, error);
  if (text == NULL)
    return FALSE;
  if (!hostd_replace_file_at (self->fd, uuid, text, length, FILE_MODE, error)) {
    g_prefix_error (error, "domain %s is not bound, %s: ", uuid, self->path);
    return FALSE;
  }
  return TRUE;
}

gboolean
hostd_bindings_forget (HostdBindings *self, const char *uuid, GError **error)
{
  g_autofree char *normal = normalise (uuid, error);

  if (normal == NULL || !folder_is_there (self, error))
    return FALSE;
  if (unlinkat (self->fd, normal, 0) < 0) {
    if (errno == ENOENT) {
      fsync (self->fd); /* an earlier call may have removed it and not have been able to say so */
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "domain %s is not bound", normal);
      return FALSE;
    }
    return hostd_error_set_errno (error, errno, "cannot remove %s/%s", self->path, normal);
  }
  if (fsync (self->fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync %s", self->path);
  return TRUE;
}

GPtrArray *
hostd_bindings_list (HostdBindings *self, HostdReasons *problems, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) hostd_binding_free);
  g_autoptr (GPtrArray) names = NULL;

  if (!folder_is_there (self, error))
    return NULL;
  names = read_names (self, error);
  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    g_autoptr (GError) local = NULL;
    HostdBinding *binding = NULL;

    if (name[0] == '.')
      continue;
    if (!is_binding_name (name))
      hostd_reasons_add (problems, "binding", NULL, "%s/%s is no binding, and nobody reads it",
                         self->path, name);
    else if (!lookup (self, name, &binding, &local))
      hostd_reasons_add (problems, "binding", NULL, "%s", local->message);
    else if (binding) /* else it was forgotten since */
      g_ptr_array_add (list, binding);
  }
  return g_steal_pointer (&list);
}

GPtrArray *
hostd_bindings_list_uuids (HostdBindings *self, GError **error)
{
  g_autoptr (GPtrArray) names = folder_is_there (self, error) ? read_names (self, error) : NULL;

  for (guint i = names != NULL ? names->len : 0; i > 0; i--)
    if (!is_binding_name (g_ptr_array_index (names, i - 1)))
      g_ptr_array_remove_index (names, i - 1);
  return g_steal_pointer (&names);
}

gboolean
hostd_bindings_get_seen (HostdBindings *self, const char *uuid, gint64 *ret_seen)
{
  g_autofree char *normal = hostd_binding_normalise_uuid (uuid);
  struct stat st;

  if (normal == NULL || fstatat (self->fd, normal, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return FALSE;
  *ret_seen = st.st_mtim.tv_sec;
  return TRUE;
}

void
hostd_bindings_note_seen (HostdBindings *self, const char *uuid, gint64 now)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = now } };
  g_autofree char *normal = hostd_binding_normalise_uuid (uuid);
  gint64 seen;

  if (normal != NULL && hostd_bindings_get_seen (self, normal, &seen) && now - seen >= SEEN_STEP)
    utimensat (self->fd, normal, times, AT_SYMLINK_NOFOLLOW);
}
