/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/error-names.h"

#include "ipc/wire.h"

static const char *const names[HOSTD_ERROR_LAST_] = {
  [HOSTD_ERROR_FAILED] = HOSTD_WIRE_ERROR ".Failed",
  [HOSTD_ERROR_INVALID] = HOSTD_WIRE_ERROR ".Invalid",
  [HOSTD_ERROR_TOO_LARGE] = HOSTD_WIRE_ERROR ".TooLarge",
  [HOSTD_ERROR_NOT_FOUND] = HOSTD_WIRE_ERROR ".NotFound",
  [HOSTD_ERROR_EXISTS] = HOSTD_WIRE_ERROR ".Exists",
  [HOSTD_ERROR_DENIED] = HOSTD_WIRE_ERROR ".Denied",
  [HOSTD_ERROR_BUSY] = HOSTD_WIRE_ERROR ".Busy",
  [HOSTD_ERROR_TIMEOUT] = HOSTD_WIRE_ERROR ".Timeout",
  [HOSTD_ERROR_UNAVAILABLE] = HOSTD_WIRE_ERROR ".Unavailable",
  [HOSTD_ERROR_CORRUPT] = HOSTD_WIRE_ERROR ".Corrupt",
  [HOSTD_ERROR_IO] = HOSTD_WIRE_ERROR ".IO",
  [HOSTD_ERROR_UNSUPPORTED] = HOSTD_WIRE_ERROR ".Unsupported",
};

const char *
hostd_error_to_wire (HostdError code)
{
  if ((guint) code >= G_N_ELEMENTS (names) || names[code] == NULL)
    code = HOSTD_ERROR_FAILED;
  return names[code];
}

gboolean
hostd_error_from_wire (const char *name, HostdError *ret_code)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_strcmp0 (name, names[i]) == 0) {
      *ret_code = (HostdError) i;
      return TRUE;
    }
  }
  return FALSE;
}
