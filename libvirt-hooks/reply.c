/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "reply.h"

#include "escape.h"
#include "ipc/wire.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KEY_SIZE 64

typedef struct {
  const char *at, *end;
} Cursor;

static bool
take (Cursor *c, const char *word)
{
  size_t length = strlen (word);

  if ((size_t) (c->end - c->at) < length || memcmp (c->at, word, length) != 0)
    return false;
  c->at += length;
  return true;
}

/* ---- strings ------------------------------------------------------------- */

/* Text of a string as it comes out of its escapes; @out may be NULL to only check it. */
typedef struct {
  char *out;
  size_t size, used;
  bool full; /* a character did not fit: none after it is taken either */
} Text;

static void
text_add (Text *text, const char *bytes, size_t length)
{
  if (text->out == NULL || text->full)
    return;
  if (text->used + length >= text->size) {
    text->full = true;
    return;
  }
  memcpy (text->out + text->used, bytes, length);
  text->used += length;
  text->out[text->used] = '\0';
}

static void
text_add_code (Text *text, uint32_t code)
{
  char b[4];
  size_t length;

  if (code < 0x80) {
    b[0] = (char) code;
    length = 1;
  } else if (code < 0x800) {
    b[0] = (char) (0xc0 | code >> 6);
    length = 2;
  } else if (code < 0x10000) {
    b[0] = (char) (0xe0 | code >> 12);
    length = 3;
  } else {
    b[0] = (char) (0xf0 | code >> 18);
    length = 4;
  }
  for (size_t i = 1; i < length; i++)
    b[i] = (char) (0x80 | (code >> 6 * (length - 1 - i) & 0x3f));
  text_add (text, b, length);
}

/* Four hexadecimal digits. */
static bool
take_hex (Cursor *c, uint32_t *ret_code)
{
  uint32_t code = 0;

  if (c->end - c->at < 4)
    return false;
  for (int i = 0; i < 4; i++) {
    char d = *c->at++;

    if (d >= '0' && d <= '9')
      code = code << 4 | (uint32_t) (d - '0');
    else if (d >= 'a' && d <= 'f')
      code = code << 4 | (uint32_t) (d - 'a' + 10);
    else if (d >= 'A' && d <= 'F')
      code = code << 4 | (uint32_t) (d - 'A' + 10);
    else
      return false;
  }
  *ret_code = code;
  return true;
}

/* Behind "\u". A surrogate counts only as the first of a pair. */
static bool
take_code (Cursor *c, Text *text)
{
  uint32_t code, low;

  if (!take_hex (c, &code) || (code >= 0xdc00 && code <= 0xdfff))
    return false;
  if (code >= 0xd800 && code <= 0xdbff) {
    if (!take (c, "\\u") || !take_hex (c, &low) || low < 0xdc00 || low > 0xdfff)
      return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  text_add_code (text, code == 0 ? 0xfffd : code);
  return true;
}

static bool
take_escape (Cursor *c, Text *text)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *hit;
  char e;

  if (c->at == c->end)
    return false;
  e = *c->at++;
  if (e == 'u')
    return take_code (c, text);
  hit = memchr (from, e, sizeof from - 1);
  if (hit == NULL)
    return false;
  text_add (text, &to[hit - from], 1);
  return true;
}

/* @out may be NULL. */
static bool
take_string (Cursor *c, char *out, size_t size)
{
  Text text = { .out = out, .size = size };

  if (out)
    out[0] = '\0';
  if (!take (c, "\""))
    return false;
  while (c->at < c->end) {
    size_t length = hook_utf8_length (c->at, c->end);

    if (length == 0 || (unsigned char) *c->at < 0x20)
      return false;
    if (take (c, "\""))
      return true;
    if (take (c, "\\")) {
      if (!take_escape (c, &text))
        return false;
      continue;
    }
    text_add (&text, c->at, length);
    c->at += length;
  }
  return false;
}

/* ---- values that are only skipped ---------------------------------------- */

static bool
take_digits (Cursor *c)
{
  const char *from = c->at;

  while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
    c->at++;
  return c->at > from;
}

static bool
take_number (Cursor *c)
{
  take (c, "-");
  if (!take (c, "0") && !take_digits (c))
    return false;
  if (take (c, ".") && !take_digits (c))
    return false;
  if (take (c, "e") || take (c, "E")) {
    if (!take (c, "+"))
      take (c, "-");
    return take_digits (c);
  }
  return true;
}

static bool take_value (Cursor *c, unsigned depth);

static bool
take_object (Cursor *c, unsigned depth)
{
  if (take (c, "}"))
    return true;
  do
    if (!take_string (c, NULL, 0) || !take (c, ":") || !take_value (c, depth))
      return false;
  while (take (c, ","));
  return take (c, "}");
}

static bool
take_array (Cursor *c, unsigned depth)
{
  if (take (c, "]"))
    return true;
  do
    if (!take_value (c, depth))
      return false;
  while (take (c, ","));
  return take (c, "]");
}

static bool
take_value (Cursor *c, unsigned depth)
{
  if (depth >= HOSTD_WIRE_MAX_DEPTH || c->at == c->end)
    return false;
  if (take (c, "{"))
    return take_object (c, depth + 1);
  if (take (c, "["))
    return take_array (c, depth + 1);
  if (*c->at == '"')
    return take_string (c, NULL, 0);
  return take (c, "true") || take (c, "false") || take (c, "null") || take_number (c);
}

/* ---- the reply ----------------------------------------------------------- */

/* What follows the verdict up to the end of the reply. */
static bool
take_rest (Cursor *c, HookReply *reply)
{
  bool reason_seen = false;

  while (take (c, ",")) {
    char key[KEY_SIZE];

    if (!take_string (c, key, sizeof key) || !take (c, ":") ||
        strcmp (key, HOSTD_WIRE_VERDICT) == 0)
      return false;
    if (strcmp (key, HOSTD_WIRE_REASON) == 0) {
      if (reason_seen || !take_string (c, reply->text, sizeof reply->text))
        return false;
      reason_seen = true;
    } else if (!take_value (c, 2)) {
      return false;
    }
  }
  return take (c, "}}") && c->at == c->end;
}

static bool
take_error (Cursor *c, HookReply *reply)
{
  if (!take_string (c, reply->text, sizeof reply->text))
    return false;
  if (take (c, ",\"parameters\":") && !take_value (c, 1))
    return false;
  return take (c, "}") && c->at == c->end;
}

void
hook_reply_parse (HookReply *reply, const char *text, size_t length)
{
  static const char verdict[] = "{\"parameters\":{\"" HOSTD_WIRE_VERDICT "\":\"";
  Cursor c = { text, text + length };
  bool good = false;

  reply->text[0] = '\0';
  if (take (&c, "{\"error\":")) {
    reply->kind = HOOK_REPLY_ERROR;
    good = take_error (&c, reply);
  } else if (take (&c, verdict)) {
    if (take (&c, HOSTD_WIRE_VERDICT_ALLOW "\"")) {
      reply->kind = HOOK_REPLY_ALLOW;
      good = take_rest (&c, reply);
    } else if (take (&c, HOSTD_WIRE_VERDICT_VETO "\"")) {
      reply->kind = HOOK_REPLY_VETO;
      good = take_rest (&c, reply);
    }
  }
  if (!good) {
    reply->kind = HOOK_REPLY_GARBLED;
    reply->text[0] = '\0';
  }
}
