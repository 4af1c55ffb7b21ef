/* SPDX-License-Identifier: Apache-2.0 */
/* What the hook reads that others wrote: libvirt's XML, and hostd's reply. */
#include "config.h"

#include "fuzz.h"

#include "escape.h"
#include "ipc/wire.h"
#include "launch/verify.h"
#include "line.h"
#include "look.h"
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#define check(x) ((x) ? (void) 0 : abort ())

static void
scan (const char *text, size_t length)
{
  char uuid[HOOK_UUID_SIZE];

  if (hook_scan_uuid (text, length, uuid) != HOOK_SCAN_FOUND)
    return;
  check (strlen (uuid) == HOOK_UUID_SIZE - 1);
  check (strspn (uuid, "0123456789abcdef-") == HOOK_UUID_SIZE - 1);
  check (hook_scan_has (text, length, "<domain"));
}

/* hostd's own parser sees the same domain, or the hook asks it. */
static void
look (const char *text, size_t length)
{
  g_autoptr (HostdGlance) glance = hostd_glance_at (text, length, NULL);
  HookLook it;

  hook_look_at (&it, "/nonexistent", text, length, true);
  check (hook_look_describe (&it) != NULL);
  /* libvirt writes no references but for <, > and &, and quotes. */
  if (glance == NULL || hook_scan_has (text, length, "&"))
    return;
  if (glance->asks || glance->has_launch_security)
    check (hook_look_guest (&it) == HOOK_GUEST_PROTECTED);
  if (it.scan == HOOK_SCAN_FOUND)
    check (glance->uuid != NULL && strcmp (glance->uuid, it.uuid) == 0);
}

/* The same whatever the buffer, as long as was said, and a JSON string to our own parser. */
static void
escape (const char *text, size_t length)
{
  size_t whole = hook_escape_length (text, text + length);
  char *json = malloc (whole + HOOK_ESCAPE_MAX + sizeof HOSTD_WIRE_REPLY_VETO + 32);
  size_t used = (size_t) (stpcpy (json, HOSTD_WIRE_REPLY_VETO ",\"reason\":\"") - json);
  size_t begin = used;
  const char *at = text;
  HookReply reply;
  HookLine line = { 0 };

  while (at < text + length)
    used += hook_escape (&at, text + length, json + used, HOOK_ESCAPE_MAX + length % 7);
  check (used - begin == whole);
  memcpy (json + used, "\"}}", 3);
  hook_reply_parse (&reply, json, used + 3);
  check (reply.kind == HOOK_REPLY_VETO);
  check (strlen (reply.text) < HOOK_REPLY_TEXT_SIZE);
  hook_line_add (&line, reply.text);
  check (line.used == strlen (reply.text));
  for (size_t i = 0; i < line.used; i++)
    check ((unsigned char) line.text[i] >= 0x20);
  free (json);
}

static void
parse (const char *text, size_t length)
{
  HookReply reply;

  hook_reply_parse (&reply, text, length);
  check (memchr (reply.text, '\0', sizeof reply.text) != NULL);
  if (reply.kind == HOOK_REPLY_ALLOW)
    check (length >= sizeof HOSTD_WIRE_REPLY_ALLOW - 1 &&
           memcmp (text, HOSTD_WIRE_REPLY_ALLOW, sizeof HOSTD_WIRE_REPLY_ALLOW - 3) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = size ? (const char *) data : "";

  scan (text, size);
  look (text, size);
  escape (text, size);
  parse (text, size);
  return 0;
}
