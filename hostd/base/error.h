/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The one error domain of Cloister.
 *
 * A GError means that something was asked for and could not be done. Outcomes that are expected
 * (a guest refused, a technology that this host has not) are values, not errors: see HostdVerdict
 * in base/reasons.h and HostdUsability in base/facts.h.
 *
 * Foreign errors (errno, xmlError, virError, ...) become ours in one bridge each, in the folder
 * that owns the library. Every code has a name on the wire: ipc/error-names.h, and a test that the
 * table is whole.
 */
#define HOSTD_ERROR (hostd_error_quark ())
GQuark hostd_error_quark (void);

typedef enum {
  HOSTD_ERROR_FAILED,      /* none of the others */
  HOSTD_ERROR_INVALID,     /* input that cannot be understood: XML, JSON, launch data, a template */
  HOSTD_ERROR_TOO_LARGE,   /* input over a limit: bytes, depth, count */
  HOSTD_ERROR_NOT_FOUND,   /* no such policy, file, domain, binding */
  HOSTD_ERROR_EXISTS,      /* there is one already, and it differs */
  HOSTD_ERROR_DENIED,      /* permission: a file, or a peer that may not call this */
  HOSTD_ERROR_BUSY,        /* try again later; or in use */
  HOSTD_ERROR_TIMEOUT,     /* no answer in time */
  HOSTD_ERROR_UNAVAILABLE, /* a peer or device that is not there now */
  HOSTD_ERROR_CORRUPT,     /* our own state on disk is not what we wrote */
  HOSTD_ERROR_IO,          /* reading or writing failed: disk full, EIO */
  HOSTD_ERROR_UNSUPPORTED, /* understood, and not possible here */
  HOSTD_ERROR_LAST_        /* count; not an error */
} HostdError;

/*
 * The errno bridge: sets @error to the code that fits @errnum, with "MESSAGE: strerror". Returns
 * FALSE, so that a caller may write `return hostd_error_set_errno (...)`.
 */
gboolean hostd_error_set_errno (GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
