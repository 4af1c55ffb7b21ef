/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <unistd.h>

G_BEGIN_DECLS

/*
 * Closes a descriptor at the end of its scope. GLib has g_autofd only from 2.76, our floor is 2.68.
 */
static inline void
hostd_close_fd_p (int *fd)
{
  if (*fd >= 0)
    close (*fd);
}
#define hostd_autofd __attribute__ ((cleanup (hostd_close_fd_p)))

static inline int
hostd_steal_fd (int *fd)
{
  int taken = *fd;

  *fd = -1;
  return taken;
}

/*
 * Opens a folder to be used as a root or parent below. @path is relative to @dirfd (AT_FDCWD will
 * do).
 */
int hostd_open_dir_at (int dirfd, const char *path, GError **error);

/*
 * Whether @path is relative and plain: parts that are neither empty nor "." nor "..", so that it
 * cannot lead out of the folder it is used in. FALSE with HOSTD_ERROR_INVALID.
 */
gboolean hostd_path_check_plain (const char *path, GError **error);

/*
 * Reads a whole regular file of at most @max bytes. A file that is longer is HOSTD_ERROR_TOO_LARGE;
 * one that is no regular file (a FIFO would hang us, a device would not end) is
 * HOSTD_ERROR_INVALID. sysfs and procfs files, which claim length 0 or 4096, are read to their end.
 * The result is terminated by a NUL that @ret_length does not count.
 */
char *hostd_read_file_at (int dirfd, const char *path, gsize max, gsize *ret_length,
                          GError **error);

/* Reads a stream (stdin) to its end, at most @max bytes. */
char *hostd_read_fd (int fd, const char *name, gsize max, gsize *ret_length, GError **error);

/* Writes all of it, through EINTR and short writes. */
gboolean hostd_write_all (int fd, const char *data, gsize length, GError **error);

/*
 * Replaces @name in @dirfd: a temporary file beside it is written, fsynced and renamed over it, and
 * the folder is fsynced. Whoever reads @name sees the old file or the new one, whole.
 */
gboolean hostd_replace_file_at (int dirfd, const char *name, const char *data, gsize length,
                                guint mode, GError **error);

G_END_DECLS
