/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/io.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define CHUNK 4096

int
hostd_open_dir_at (int dirfd, const char *path, GError **error)
{
  int fd = openat (dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    hostd_error_set_errno (error, errno, "cannot open folder %s", path);
  return fd;
}

char *
hostd_read_fd (int fd, const char *name, gsize max, gsize *ret_length, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_sized_new (CHUNK);
  gsize length;

  for (;;) {
    gsize at = bytes->len;
    /* One byte past the limit tells a file that is too long from one that just fits. */
    gsize want = MIN (MAX (CHUNK, at), max + 1 - at);
    ssize_t n;

    g_byte_array_set_size (bytes, at + want);
    do
      n = read (fd, bytes->data + at, want);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
      hostd_error_set_errno (error, errno, "cannot read %s", name);
      return NULL;
    }
    g_byte_array_set_size (bytes, at + n);
    if (n == 0)
      break;
    if (bytes->len > max) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                   "%s is larger than %" G_GSIZE_FORMAT " bytes", name, max);
      return NULL;
    }
  }

  length = bytes->len;
  g_byte_array_append (bytes, (const guint8 *) "", 1);
  if (ret_length)
    *ret_length = length;
  return (char *) g_byte_array_free (g_steal_pointer (&bytes), FALSE);
}

gboolean
hostd_path_check_plain (const char *path, GError **error)
{
  /* An empty path is one empty part, which g_strsplit() has none for. */
  g_auto (GStrv) parts = g_strsplit (*path != '\0' ? path : "/", "/", -1);

  for (guint i = 0; parts[i]; i++) {
    if (*parts[i] == '\0' || g_str_equal (parts[i], ".") || g_str_equal (parts[i], "..")) {
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "\"%s\" is not a plain relative path",
                   path);
      return FALSE;
    }
  }
  return TRUE;
}

char *
hostd_read_file_at (int dirfd, const char *path, gsize max, gsize *ret_length, GError **error)
{
  /* O_NONBLOCK: opening a FIFO that nobody writes to must not wait. */
  hostd_autofd int fd = openat (dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;

  if (fd < 0) {
    hostd_error_set_errno (error, errno, "cannot open %s", path);
    return NULL;
  }
  if (fstat (fd, &st) < 0) {
    hostd_error_set_errno (error, errno, "cannot look at %s", path);
    return NULL;
  }
  if (!S_ISREG (st.st_mode)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is not a regular file", path);
    return NULL;
  }
  return hostd_read_fd (fd, path, max, ret_length, error);
}

gboolean
hostd_write_all (int fd, const char *data, gsize length, GError **error)
{
  while (length > 0) {
    ssize_t n = write (fd, data, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) /* 0 is nothing that POSIX promises for a file, and would come for ever */
      return hostd_error_set_errno (error, n < 0 ? errno : EIO, "cannot write");
    data += n;
    length -= n;
  }
  return TRUE;
}

static gboolean
write_and_sync (int dirfd, const char *temporary, const char *data, gsize length, guint mode,
                GError **error)
{
  hostd_autofd int fd =
      openat (dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

  if (fd < 0)
    return hostd_error_set_errno (error, errno, "cannot create %s", temporary);
  if (!hostd_write_all (fd, data, length, error))
    return FALSE;
  /* close() can report what write() did not (NFS, quota): fsync has to have said yes before. */
  if (fsync (fd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync %s", temporary);
  return TRUE;
}

gboolean
hostd_replace_file_at (int dirfd, const char *name, const char *data, gsize length, guint mode,
                       GError **error)
{
  g_autofree char *temporary = g_strdup_printf (".%s.%08x.tmp", name, g_random_int ());

  if (!write_and_sync (dirfd, temporary, data, length, mode, error)) {
    unlinkat (dirfd, temporary, 0);
    g_prefix_error (error, "cannot replace %s: ", name);
    return FALSE;
  }
  if (renameat (dirfd, temporary, dirfd, name) < 0) {
    int saved = errno;

    unlinkat (dirfd, temporary, 0);
    return hostd_error_set_errno (error, saved, "cannot rename %s to %s", temporary, name);
  }
  if (fsync (dirfd) < 0)
    return hostd_error_set_errno (error, errno, "cannot sync the folder of %s", name);
  return TRUE;
}
