/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/recording-tdx.h"

#include "base/error.h"
#include "sys/qgs.h"

#include <errno.h>
#include <string.h>

/* "... errno NAME": FALSE with @error; *ret_errnum is 0 if the line says something else. */
static gboolean
parse_errno (const char *name, const HostdTextLine *line, int *ret_errnum, GError **error)
{
  *ret_errnum = 0;
  if (g_strv_length (line->words) != 3 || !g_str_equal (line->words[1], "errno"))
    return TRUE;
  return hostd_named_text_errno (name, line, 2, ret_errnum, error);
}

gboolean
hostd_recording_parse_tdx_capabilities (HostdRecording *self, const char *name,
                                        const HostdTextLine *line, GError **error)
{
  HostdRecordedTdx *tdx = &self->tdx;
  int errnum;

  if (!parse_errno (name, line, &errnum, error))
    return FALSE;
  if (errnum == 0 && g_strv_length (line->words) != 3)
    return hostd_named_text_fail (error, name, line,
                                  "not tdx-capabilities ATTRIBUTES XFAM, nor errno NAME");
  if (tdx->known)
    return TRUE;
  if (errnum == 0 &&
      (!hostd_named_text_hex (name, line, 1, G_MAXUINT64, &tdx->capabilities.attributes, error) ||
       !hostd_named_text_hex (name, line, 2, G_MAXUINT64, &tdx->capabilities.xfam, error)))
    return FALSE;
  tdx->errnum = errnum;
  tdx->known = TRUE;
  return TRUE;
}

gboolean
hostd_recording_parse_qgs (HostdRecording *self, const char *name, const HostdTextLine *line,
                           GError **error)
{
  g_autofree char *digits = g_strjoinv ("", line->words + 1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int errnum;

  if (!g_str_equal (line->words[0], "platform-info"))
    return hostd_named_text_fail (error, name, line, "\"%s\" is no question that is recorded",
                                  line->words[0]);
  if (!parse_errno (name, line, &errnum, error))
    return FALSE;
  if (errnum == 0) {
    if (strlen (digits) % 2 != 0 || strspn (digits, "0123456789abcdefABCDEF") != strlen (digits))
      return hostd_named_text_fail (error, name, line, "not whole bytes of hexadecimal digits");
    for (const char *p = digits; *p; p += 2) {
      guint8 byte = g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]);

      g_byte_array_append (bytes, &byte, 1);
    }
  }
  if (self->qgs != NULL)
    return TRUE;
  self->qgs = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  self->qgs_errnum = errnum;
  return TRUE;
}

HostdRead
hostd_recording_tdx_capabilities (HostdRecording *self, HostdTdxCapabilities *ret_capabilities,
                                  GError **error)
{
  if (!self->tdx.known) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND,
                 "the recording has no tdx-capabilities of /dev/kvm");
    return HOSTD_READ_UNREADABLE;
  }
  if (self->tdx.errnum == EINVAL)
    return HOSTD_READ_ABSENT;
  if (self->tdx.errnum != 0) {
    hostd_error_set_errno (error, self->tdx.errnum, "/dev/kvm does not tell its TDX capabilities");
    return HOSTD_READ_UNREADABLE;
  }
  *ret_capabilities = self->tdx.capabilities;
  return HOSTD_READ_VALUE;
}

HostdRead
hostd_recording_qgs (HostdRecording *self, GBytes **ret_message, GError **error)
{
  const guint8 *data;
  gsize length;
  gssize missing;

  if (self->qgs == NULL) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND, "the recording has no answer of QGS");
    return HOSTD_READ_UNREADABLE;
  }
  if (self->qgs_errnum == ENOENT || self->qgs_errnum == ECONNREFUSED)
    return HOSTD_READ_ABSENT;
  if (self->qgs_errnum != 0) {
    hostd_error_set_errno (error, self->qgs_errnum, "QGS cannot be asked");
    return HOSTD_READ_UNREADABLE;
  }
  data = g_bytes_get_data (self->qgs, &length);
  missing = hostd_qgs_missing (data, length, ret_message, error);
  if (missing > 0)
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                 "QGS closed the connection after %" G_GSIZE_FORMAT " bytes of an answer", length);
  return missing == 0 ? HOSTD_READ_VALUE : HOSTD_READ_UNREADABLE;
}
