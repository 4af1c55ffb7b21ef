/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "ipc/frame.h"

#include "base/error.h"

#include <string.h>

#define NO_END ((gsize) -1)

struct HostdFrames {
  gsize max;
  GByteArray *bytes;
  gsize end; /* of the first message: where its NUL stands; or NO_END */
};

HostdFrames *
hostd_frames_new (gsize max)
{
  HostdFrames *self = g_new0 (HostdFrames, 1);

  self->max = max;
  self->bytes = g_byte_array_new ();
  self->end = NO_END;
  return self;
}

void
hostd_frames_free (HostdFrames *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->bytes);
  g_free (self);
}

/* Looks for the first NUL from @from on: what stands before it has been looked at. */
static void
find_end (HostdFrames *self, gsize from)
{
  const guint8 *nul;

  self->end = NO_END;
  if (from >= self->bytes->len)
    return;
  nul = memchr (self->bytes->data + from, '\0', self->bytes->len - from);
  if (nul != NULL)
    self->end = nul - self->bytes->data;
}

static gboolean
is_over_limit (const HostdFrames *self)
{
  return (self->end == NO_END ? self->bytes->len : self->end) > self->max;
}

gboolean
hostd_frames_feed (HostdFrames *self, const void *bytes, gsize length, GError **error)
{
  gsize before = self->bytes->len;

  g_byte_array_append (self->bytes, bytes, length);
  if (self->end == NO_END)
    find_end (self, before);
  if (is_over_limit (self)) {
    g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE,
                 "a message is larger than %" G_GSIZE_FORMAT " bytes", self->max);
    return FALSE;
  }
  return TRUE;
}

char *
hostd_frames_take (HostdFrames *self, gsize *ret_length)
{
  gsize length = self->end;
  char *message;

  if (length == NO_END)
    return NULL;
  if (length + 1 == self->bytes->len) {
    /* The usual case, one message and no more: hand the buffer over, do not copy megabytes. */
    message = (char *) g_byte_array_free (self->bytes, FALSE);
    self->bytes = g_byte_array_new ();
  } else {
    message = g_memdup2 (self->bytes->data, length + 1);
    g_byte_array_remove_range (self->bytes, 0, length + 1);
  }
  find_end (self, 0);
  if (ret_length != NULL)
    *ret_length = length;
  return message;
}

gboolean
hostd_frames_has_message (const HostdFrames *self)
{
  return self->end != NO_END;
}

gsize
hostd_frames_count_bytes (const HostdFrames *self)
{
  return self->bytes->len;
}
