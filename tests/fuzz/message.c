/* SPDX-License-Identifier: Apache-2.0 */
/* What a client or a server may send us: the same messages come out however the bytes were cut. */
#include "config.h"

#include "fuzz.h"

#include "ipc/frame.h"
#include "ipc/message.h"

#include <string.h>

#define LIMIT 4096

static void
parse (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) reply_error = NULL;
  g_autoptr (HostdRequestMessage) request = hostd_request_message_parse (text, length, &error);
  g_autoptr (JsonObject) reply = hostd_reply_message_parse (text, length, &reply_error);

  g_assert_true ((request == NULL) == (error != NULL));
  g_assert_true ((reply == NULL) == (reply_error != NULL));
  if (request) {
    g_autofree char *again = hostd_message_of_request (request->method, request->parameters);
    g_autoptr (HostdRequestMessage) back = NULL;

    back = hostd_request_message_parse (again, strlen (again), NULL);
    g_assert_nonnull (back);
    g_assert_cmpstr (back->method, ==, request->method);
  }
}

static guint
count (const uint8_t *data, size_t size, size_t step, gboolean with_parse)
{
  g_autoptr (HostdFrames) frames = hostd_frames_new (LIMIT);
  guint messages = 0;

  for (size_t at = 0; at < size; at += step) {
    gboolean alive = hostd_frames_feed (frames, data + at, MIN (step, size - at), NULL);
    char *text;
    gsize length;

    while ((text = hostd_frames_take (frames, &length))) {
      g_assert_cmpuint (length, <=, LIMIT);
      g_assert_cmpuint (strlen (text), ==, length);
      if (with_parse)
        parse (text, length);
      messages++;
      g_free (text);
    }
    g_assert_cmpuint (hostd_frames_count_bytes (frames), <=, 2 * LIMIT);
    if (!alive)
      break;
  }
  return messages;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* Without a message over the limit, which ends a stream where it is noticed. */
  if (size > LIMIT)
    size = LIMIT;
  g_assert_cmpuint (count (data, size, 1 + size / 7, TRUE), ==, count (data, size, 1, FALSE));
  return 0;
}
