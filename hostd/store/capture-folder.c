/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "store/capture-folder.h"

#include "base/error.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_MODE 0755
#define FILE_MODE 0644

struct HostdCaptureFolder {
  char *path; /* absolute, for messages */
  char *name;
  char *temporary;    /* beside it */
  int parent_fd, fd;  /* fd: of the temporary folder, -1 if there is none (any more) */
  GPtrArray *folders; /* made below it, parents first (element-type utf8) */
  guint entries;
  gsize bytes;
};

/* ---- removing ---- */

static void remove_below (int parent_fd, const char *name);

static void
remove_all (int fd)
{
  DIR *dir = fdopendir (fd);
  struct dirent *entry;

  if (dir == NULL) {
    close (fd);
    return;
  }
  while ((entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      remove_below (dirfd (dir), entry->d_name);
  closedir (dir);
}

/* A file, or a folder with all in it; only what we made is there. */
static void
remove_below (int parent_fd, const char *name)
{
  int fd;

  if (unlinkat (parent_fd, name, 0) == 0)
    return;
  fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0)
    remove_all (fd);
  unlinkat (parent_fd, name, AT_REMOVEDIR);
}

void
hostd_capture_folder_free (HostdCaptureFolder *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0) {
    close (self->fd);
    remove_below (self->parent_fd, self->temporary);
  }
  if (self->parent_fd >= 0)
    close (self->parent_fd);
  g_ptr_array_unref (self->folders);
  g_free (self->path);
  g_free (self->name);
  g_free (self->temporary);
  g_free (self);
}

/* ---- beginning ---- */

static gboolean
refuse_existing (HostdCaptureFolder *self, const char *what, GError **error)
{
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_EXISTS, "%s %s: name a new folder", self->path,
               what);
  return FALSE;
}

/* Nothing there, or an empty folder. */
static gboolean
is_free (HostdCaptureFolder *self, GError **error)
{
  struct stat st;
  struct dirent *entry;
  gboolean empty = TRUE;
  DIR *dir;
  int fd;

  if (fstatat (self->parent_fd, self->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT || hostd_error_set_errno (error, errno, "cannot look at %s", self->path);
  if (!S_ISDIR (st.st_mode))
    return refuse_existing (self, "is there and is no folder", error);
  fd = openat (self->parent_fd, self->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL) {
    hostd_error_set_errno (error, errno, "cannot look into %s", self->path);
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  while (empty && (entry = readdir (dir)) != NULL)
    empty = g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..");
  closedir (dir);
  return empty || refuse_existing (self, "is not empty", error);
}

HostdCaptureFolder *
hostd_capture_folder_new (const char *path, GError **error)
{
  g_autoptr (HostdCaptureFolder) self = g_new0 (HostdCaptureFolder, 1);
  g_autofree char *parent = NULL;

  self->path = g_canonicalize_filename (path, NULL);
  self->name = g_path_get_basename (self->path);
  self->parent_fd = self->fd = -1;
  self->folders = g_ptr_array_new_with_free_func (g_free);
  parent = g_path_get_dirname (self->path);
  self->parent_fd = hostd_open_dir_at (AT_FDCWD, parent, error);
  if (self->parent_fd < 0 || !is_free (self, error))
    return NULL;
  self->temporary = g_strdup_printf (".%.200s.%08x.tmp", self->name, g_random_int ());
  if (mkdirat (self->parent_fd, self->temporary, 0700) < 0) {
    hostd_error_set_errno (error, errno, "cannot make a folder in %s", parent);
    return NULL;
  }
  self->fd =
      openat (self->parent_fd, self->temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (self->fd < 0) {
    hostd_error_set_errno (error, errno, "cannot open %s in %s", self->temporary, parent);
    unlinkat (self->parent_fd, self->temporary, AT_REMOVEDIR);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* ---- filling ---- */

gboolean
hostd_capture_folder_fits (guint entries, gsize bytes, GError **error)
{
  if (entries <= HOSTD_CAPTURE_MAX_ENTRIES && bytes <= HOSTD_CAPTURE_MAX_BYTES)
    return TRUE;
  g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
               "this is no host: it has more than %d files, or %u bytes", HOSTD_CAPTURE_MAX_ENTRIES,
               HOSTD_CAPTURE_MAX_BYTES);
  return FALSE;
}

static gboolean
count (HostdCaptureFolder *self, gsize bytes, GError **error)
{
  self->entries++;
  self->bytes += bytes;
  return hostd_capture_folder_fits (self->entries, self->bytes, error);
}

/* mkdir() and its mode, which the umask cuts. */
static gboolean
make_one (HostdCaptureFolder *self, const char *path, GError **error)
{
  if (mkdirat (self->fd, path, 0700) < 0) {
    if (errno == EEXIST)
      return TRUE;
    return hostd_error_set_errno (error, errno, "cannot make %s/%s", self->path, path);
  }
  if (fchmodat (self->fd, path, FOLDER_MODE, 0) < 0)
    return hostd_error_set_errno (error, errno, "cannot set the mode of %s/%s", self->path, path);
  g_ptr_array_add (self->folders, g_strdup (path));
  return count (self, 0, error);
}

gboolean
hostd_capture_folder_add_folder (HostdCaptureFolder *self, const char *path, GError **error)
{
  if (!hostd_path_check_plain (path, error))
    return FALSE;
  for (const char *slash = strchr (path, '/'); slash != NULL; slash = strchr (slash + 1, '/')) {
    g_autofree char *above = g_strndup (path, slash - path);

    if (!make_one (self, above, error))
      return FALSE;
  }
  return make_one (self, path, error);
}

gboolean
hostd_capture_folder_add_file (HostdCaptureFolder *self, const char *path, GBytes *content,
                               GError **error)
{
  g_autofree char *above = g_path_get_dirname (path);
  hostd_autofd int fd = -1;
  gsize length;
  const char *data = g_bytes_get_data (content, &length);

  if (!hostd_path_check_plain (path, error) ||
      (!g_str_equal (above, ".") && !hostd_capture_folder_add_folder (self, above, error)) ||
      !count (self, length, error))
    return FALSE;
  fd = openat (self->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return hostd_error_set_errno (error, errno, "cannot create %s/%s", self->path, path);
  if (!hostd_write_all (fd, data, length, error)) {
    g_prefix_error (error, "%s/%s: ", self->path, path);
    return FALSE;
  }
  if (fchmod (fd, FILE_MODE) < 0 || fsync (fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync %s/%s", self->path, path);
  return TRUE;
}

/* ---- ending ---- */

static gboolean
sync_folders (HostdCaptureFolder *self, GError **error)
{
  for (guint i = 0; i < self->folders->len; i++) {
    const char *path = g_ptr_array_index (self->folders, i);
    hostd_autofd int fd = openat (self->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fsync (fd) < 0)
      return hostd_error_set_errno (error, errno, "cannot sync %s/%s", self->path, path);
  }
  if (fchmod (self->fd, FOLDER_MODE) < 0 || fsync (self->fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync %s", self->path);
  return TRUE;
}

gboolean
hostd_capture_folder_finish (HostdCaptureFolder *self, GError **error)
{
  if (!sync_folders (self, error))
    return FALSE;
  /* Over an empty folder this takes its place, over anything else it fails. */
  if (renameat (self->parent_fd, self->temporary, self->parent_fd, self->name) < 0) {
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
      return refuse_existing (self, "was filled meanwhile", error);
    return hostd_error_set_errno (error, errno, "cannot rename %s to %s", self->temporary,
                                  self->path);
  }
  close (self->fd);
  self->fd = -1;
  if (fsync (self->parent_fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync the folder of %s", self->path);
  return TRUE;
}
