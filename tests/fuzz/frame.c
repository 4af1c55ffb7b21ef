/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream cut anywhere: the messages are those between its NULs, up to the first that is too long,
 * and what is held is never more than the limit and one piece. The first bytes of the input say
 * where to cut, the rest is the stream.
 */
#include "config.h"

#include "fuzz.h"

#include "ipc/frame.h"

#include <string.h>

#define CUTS 8

typedef struct {
  const guint8 *cuts; /* CUTS of them, in turns */
  const guint8 *stream;
  gsize length, max;
} Input;

/* How long the message at @from is, and whether its NUL is there: by looking at each byte. */
static gsize
length_at (const Input *in, gsize from, gboolean *ret_whole)
{
  gsize at = from;

  while (at < in->length && in->stream[at] != 0)
    at++;
  *ret_whole = at < in->length;
  return at - from;
}

/* Takes what is whole, and compares; moves *@at on. */
static void
take_all (const Input *in, HostdFrames *frames, gsize *at)
{
  for (;;) {
    gboolean whole, has = hostd_frames_has_message (frames);
    gsize expected = length_at (in, *at, &whole), length = 0;
    g_autofree char *text = hostd_frames_take (frames, &length);

    g_assert_true (has == (text != NULL));
    if (text == NULL)
      return;
    g_assert_true (whole);
    g_assert_cmpuint (length, ==, expected);
    g_assert_cmpuint (length, <=, in->max);
    g_assert_true (memcmp (text, in->stream + *at, length + 1) == 0);
    *at += length + 1;
  }
}

static void
run (const Input *in)
{
  g_autoptr (HostdFrames) frames = hostd_frames_new (in->max);
  gsize fed = 0, taken = 0, rest;
  gboolean whole, alive = TRUE;

  for (guint turn = 0; alive && fed < in->length; turn++) {
    /* A piece is no longer than a message may be, as what the server receives at a time. */
    gsize piece = MIN (1 + in->cuts[turn % CUTS] % in->max, in->length - fed);
    g_autoptr (GError) error = NULL;

    alive = hostd_frames_feed (frames, in->stream + fed, piece, &error);
    g_assert_true (alive == (error == NULL));
    fed += piece;
    g_assert_cmpuint (hostd_frames_count_bytes (frames), ==, fed - taken);
    g_assert_cmpuint (hostd_frames_count_bytes (frames), <=, in->max + piece);
    if (alive)
      take_all (in, frames, &taken);
  }
  rest = length_at (in, taken, &whole);
  if (alive)
    g_assert_true (!whole && rest <= in->max);
  else
    g_assert_cmpuint (rest, >, in->max);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < CUTS + 1)
    return 0;
  run (&(Input){
      .cuts = data + 1, .stream = data + 1 + CUTS, .length = size - 1 - CUTS, .max = 1 + data[0] });
  return 0;
}
