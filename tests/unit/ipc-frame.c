/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "ipc/frame.h"

#include <string.h>

#define FEED(frames, bytes, length)                                                                \
  do {                                                                                             \
    g_autoptr (GError) feed_error = NULL;                                                          \
    hostd_frames_feed (frames, bytes, length, &feed_error);                                        \
    g_assert_no_error (feed_error);                                                                \
  } while (0)

static void
assert_taken (HostdFrames *frames, const char *bytes, gsize length)
{
  gsize taken = 0;
  g_autofree char *message = hostd_frames_take (frames, &taken);

  g_assert_nonnull (message);
  g_assert_cmpmem (message, taken, bytes, length);
  g_assert_cmpint (message[taken], ==, '\0');
}

/* Three messages, one of them empty, one not text: cut anywhere, the same three come out. */
static void
test_split_everywhere (void)
{
  static const char stream[] = "{\"method\":\"a.b\"}\0\0\xff\x01\x80";
  gsize length = sizeof stream; /* the literal's own NUL ends the third */

  for (gsize cut = 0; cut <= length; cut++) {
    g_autoptr (HostdFrames) frames = hostd_frames_new (64);

    FEED (frames, stream, cut);
    FEED (frames, stream + cut, length - cut);
    assert_taken (frames, "{\"method\":\"a.b\"}", 16);
    assert_taken (frames, "", 0);
    assert_taken (frames, "\xff\x01\x80", 3);
    g_assert_null (hostd_frames_take (frames, NULL));
    g_assert_cmpuint (hostd_frames_count_bytes (frames), ==, 0);
  }
}

static void
test_byte_by_byte (void)
{
  static const char stream[] = "one\0two\0three";
  g_autoptr (HostdFrames) frames = hostd_frames_new (5);
  guint messages = 0;

  for (gsize i = 0; i < sizeof stream; i++) {
    FEED (frames, stream + i, 1);
    g_assert_cmpint (hostd_frames_has_message (frames), ==, stream[i] == '\0');
    if (hostd_frames_has_message (frames)) {
      g_free (hostd_frames_take (frames, NULL));
      messages++;
    }
  }
  g_assert_cmpuint (messages, ==, 3);
}

/* The limit is the message's, not the buffer's: a whole one, then one that just fits, are fine. */
static void
test_limit (void)
{
  g_autoptr (HostdFrames) frames = hostd_frames_new (4);
  g_autoptr (GError) error = NULL;

  FEED (frames, "abcd\0efgh", 9);
  assert_taken (frames, "abcd", 4);
  g_assert_false (hostd_frames_has_message (frames));
  g_assert_false (hostd_frames_feed (frames, "i", 1, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
}

static void
test_limit_with_end (void)
{
  g_autoptr (HostdFrames) frames = hostd_frames_new (4);
  g_autoptr (GError) error = NULL;

  g_assert_false (hostd_frames_feed (frames, "abcde\0", 6, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
}

/* The second message of a pair is over the limit, and is found when the first is out of the way. */
static void
test_limit_of_the_second (void)
{
  g_autoptr (HostdFrames) frames = hostd_frames_new (4);
  g_autoptr (GError) error = NULL;

  FEED (frames, "a\0bcdefgh", 9);
  assert_taken (frames, "a", 1);
  g_assert_false (hostd_frames_feed (frames, "", 1, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
}

static void
test_large (void)
{
  gsize size = 8u * 1024 * 1024;
  g_autoptr (HostdFrames) frames = hostd_frames_new (size);
  g_autofree char *body = g_malloc (size);
  gsize taken = 0;
  g_autofree char *message = NULL;

  memset (body, 'x', size);
  for (gsize at = 0; at < size; at += 65536)
    FEED (frames, body + at, 65536);
  FEED (frames, "", 1);
  message = hostd_frames_take (frames, &taken);
  g_assert_cmpmem (message, taken, body, size);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/frame/split-everywhere", test_split_everywhere);
  g_test_add_func ("/ipc/frame/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/ipc/frame/limit", test_limit);
  g_test_add_func ("/ipc/frame/limit-with-end", test_limit_with_end);
  g_test_add_func ("/ipc/frame/limit-of-the-second", test_limit_of_the_second);
  g_test_add_func ("/ipc/frame/large", test_large);
  return g_test_run ();
}
