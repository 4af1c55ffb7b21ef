/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* A reason is a line, not a page; what is longer is cut at a character. */
#define HOOK_REPLY_TEXT_SIZE 1024

typedef enum {
  HOOK_REPLY_ALLOW,
  HOOK_REPLY_VETO,    /* text: the reason, perhaps empty */
  HOOK_REPLY_ERROR,   /* text: the error's name */
  HOOK_REPLY_GARBLED, /* anything else; text empty */
} HookReplyKind;

typedef struct {
  HookReplyKind kind;
  char text[HOOK_REPLY_TEXT_SIZE];
} HookReply;

/*
 * Reads one reply, without its NUL. Accepted is what ipc/wire.h promises, compact JSON whose
 * verdict comes first; further members may follow, so that a newer hostd can say more, and must
 * be JSON of bounded depth to the last byte. A second verdict is garbage.
 */
void hook_reply_parse (HookReply *reply, const char *text, size_t length);
