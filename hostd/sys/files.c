/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/files.h"

#include "base/error.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* -1 with errno. */
static int
open_in_root (int root_fd, const char *path, int flags)
{
  struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
  int fd = syscall (SYS_openat2, root_fd, path, &how, sizeof how);

  /* Linux before 5.6. Then links are not followed at all in the last place, the only risky one. */
  if (fd < 0 && errno == ENOSYS)
    fd = openat (root_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
  return fd;
}

static HostdRead
failed (int errnum, const char *path, const char *what, GError **error)
{
  if (errnum == ENOENT || errnum == ENOTDIR)
    return HOSTD_READ_ABSENT;
  hostd_error_set_errno (error, errnum, "cannot %s /%s", what, path);
  return HOSTD_READ_UNREADABLE;
}

/*
 * As open_in_root(), of regular files only. Others are not even opened: a FIFO would wait for a
 * writer, and a device node in a stranger's recording may do something (a watchdog starts).
 */
static int
open_regular (int root_fd, const char *path, gboolean *ret_other)
{
  hostd_autofd int there = open_in_root (root_fd, path, O_PATH);
  struct stat st;
  gboolean known = there >= 0 && fstat (there, &st) == 0;
  gboolean is_link = known && S_ISLNK (st.st_mode);

  *ret_other = known && !is_link && !S_ISREG (st.st_mode);
  /* Without openat2 it may be a link that was not followed. */
  if (is_link)
    errno = ELOOP;
  if (there < 0 || is_link || *ret_other)
    return -1;
  return open_in_root (root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

HostdRead
hostd_files_read_bytes (int root_fd, const char *path, GBytes **ret_bytes, GError **error)
{
  gboolean other;
  hostd_autofd int fd = open_regular (root_fd, path, &other);
  g_autofree char *name = g_strconcat ("/", path, NULL);
  char *data;
  gsize length;

  if (fd < 0 && !other)
    return failed (errno, path, "open", error);
  if (other) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "%s is not a regular file", name);
    return HOSTD_READ_UNREADABLE;
  }
  data = hostd_read_fd (fd, name, HOSTD_SYS_MAX_FILE, &length, error);
  if (data == NULL)
    return HOSTD_READ_UNREADABLE;
  *ret_bytes = g_bytes_new_take (data, length);
  return HOSTD_READ_VALUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

HostdRead
hostd_files_list_folder (int root_fd, const char *path, char ***ret_names, GError **error)
{
  hostd_autofd int fd = open_in_root (root_fd, path, O_RDONLY | O_DIRECTORY);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;
  DIR *dir;
  int errnum;

  if (fd < 0)
    return failed (errno, path, "open folder", error);
  dir = fdopendir (fd);
  if (dir == NULL)
    return failed (errno, path, "list", error);
  hostd_steal_fd (&fd);

  errno = 0;
  while ((entry = readdir (dir)) != NULL && names->len < HOSTD_SYS_MAX_ENTRIES)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  errnum = entry ? EFBIG : errno;
  closedir (dir);
  if (errnum != 0)
    return failed (errnum, path, "list", error);

  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  *ret_names = (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  return HOSTD_READ_VALUE;
}

int
hostd_files_open_path (int root_fd, const char *path)
{
  return open_in_root (root_fd, path, O_PATH);
}

gboolean
hostd_files_has_program (int root_fd, const char *path)
{
  hostd_autofd int fd = open_in_root (root_fd, path, O_PATH);
  struct stat st;

  return fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && (st.st_mode & 0111) != 0;
}
