/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Cuts a stream of bytes into messages: each ends with a NUL. Nothing of a message is looked at
 * here but its length, and the limit holds before it is whole: a peer that never sends the NUL
 * costs its limit and no more.
 */
typedef struct HostdFrames HostdFrames;

HostdFrames *hostd_frames_new (gsize max); /* bytes of one message without its NUL */
void hostd_frames_free (HostdFrames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostdFrames, hostd_frames_free)

/*
 * Takes in @length bytes as they came. FALSE with HOSTD_ERROR_TOO_LARGE if a message is over the
 * limit: the stream is of no more use then.
 */
gboolean hostd_frames_feed (HostdFrames *self, const void *bytes, gsize length, GError **error);

/* The oldest whole message, NUL-terminated, or NULL if none is whole yet. (transfer full) */
char *hostd_frames_take (HostdFrames *self, gsize *ret_length);

gboolean hostd_frames_has_message (const HostdFrames *self);
/* Bytes held: whole messages that were not taken, and the beginning of the next. */
gsize hostd_frames_count_bytes (const HostdFrames *self);

G_END_DECLS
