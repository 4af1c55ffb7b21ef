/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "deadline.h"
#include "look.h"
#include "reply.h"

/* What libvirt gave: argv[1] to argv[4] ("" where there was none), and stdin. */
typedef struct {
  const char *object, *operation, *sub_operation, *extra;
  const char *xml;
  size_t length;
} HookCall;

typedef enum {
  HOOK_ASK_ANSWERED, /* the reply says what */
  HOOK_ASK_TOO_LARGE,
  HOOK_ASK_NO_SOCKET, /* could not connect */
  HOOK_ASK_BROKEN,    /* connected, and the connection ended without an answer */
  HOOK_ASK_TIMEOUT,
} HookAsk;

/*
 * Sends one Event to hostd and reads its reply, by the deadline. @ret_errno tells why there is no
 * answer, 0 where the kernel had nothing to say.
 */
HookAsk hook_ask (HookReply *reply, const char *socket_path, const HookCall *call,
                  const HookLook *look, HookDeadline deadline, int *ret_errno);
