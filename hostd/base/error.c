/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"

#include <errno.h>

/* clang-format off */
G_DEFINE_QUARK (cloister-error-quark, hostd_error)
/* clang-format on */

static HostdError
code_for_errno (int errnum)
{
  switch (errnum) {
  case ENOENT:
  case ENOTDIR:
    return HOSTD_ERROR_NOT_FOUND;
  case EEXIST:
    return HOSTD_ERROR_EXISTS;
  case EACCES:
  case EPERM:
  case EROFS:
    return HOSTD_ERROR_DENIED;
  case EBUSY:
  case EAGAIN:
    return HOSTD_ERROR_BUSY;
  case ETIMEDOUT:
    return HOSTD_ERROR_TIMEOUT;
  case ENODEV:
  case ENXIO:
  case ECONNREFUSED:
  case ECONNRESET:
  case EPIPE:
    return HOSTD_ERROR_UNAVAILABLE;
  case EFBIG:
  case EMSGSIZE:
  case ENAMETOOLONG:
    return HOSTD_ERROR_TOO_LARGE;
  case ENOTSUP:
  case ENOSYS:
  case ENOTTY:
    return HOSTD_ERROR_UNSUPPORTED;
  default:
    return HOSTD_ERROR_IO;
  }
}

gboolean
hostd_error_set_errno (GError **error, int errnum, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, HOSTD_ERROR, (int) code_for_errno (errnum), "%s: %s", what,
               g_strerror (errnum));
  return FALSE;
}
