/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "virt/libvirt.h"

#include "base/error.h"

static HostdError
code_for_vir (int code)
{
  static const struct {
    int vir;
    HostdError ours;
  } table[] = {
    { VIR_ERR_NO_DOMAIN, HOSTD_ERROR_NOT_FOUND },
    { VIR_ERR_ACCESS_DENIED, HOSTD_ERROR_DENIED },
    { VIR_ERR_AUTH_FAILED, HOSTD_ERROR_DENIED },
    { VIR_ERR_AUTH_CANCELLED, HOSTD_ERROR_DENIED },
    { VIR_ERR_OPERATION_DENIED, HOSTD_ERROR_DENIED },
    { VIR_ERR_OPERATION_TIMEOUT, HOSTD_ERROR_TIMEOUT },
    { VIR_ERR_RESOURCE_BUSY, HOSTD_ERROR_BUSY },
    { VIR_ERR_NO_CONNECT, HOSTD_ERROR_UNAVAILABLE },
    { VIR_ERR_INVALID_CONN, HOSTD_ERROR_UNAVAILABLE },
    { VIR_ERR_SYSTEM_ERROR, HOSTD_ERROR_UNAVAILABLE },
    { VIR_ERR_RPC, HOSTD_ERROR_UNAVAILABLE },
    { VIR_ERR_NO_SUPPORT, HOSTD_ERROR_UNSUPPORTED },
    { VIR_ERR_OPERATION_UNSUPPORTED, HOSTD_ERROR_UNSUPPORTED },
    { VIR_ERR_CONFIG_UNSUPPORTED, HOSTD_ERROR_UNSUPPORTED },
    { VIR_ERR_XML_ERROR, HOSTD_ERROR_INVALID },
    { VIR_ERR_XML_DETAIL, HOSTD_ERROR_INVALID },
    { VIR_ERR_INVALID_ARG, HOSTD_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].vir == code)
      return table[i].ours;
  return HOSTD_ERROR_FAILED;
}

gboolean
hostd_virt_set_error (GError **error, const char *format, ...)
{
  virErrorPtr last = virGetLastError ();
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, HOSTD_ERROR, (int) code_for_vir (last ? last->code : VIR_ERR_OK), "%s: %s",
               what, last && last->message ? last->message : "libvirt does not say why");
  virResetLastError ();
  return FALSE;
}
