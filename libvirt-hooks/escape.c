/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "escape.h"

#include <string.h>

/* RFC 3629 section 4: what may follow each first byte, and how many. */
size_t
hook_utf8_length (const char *at, const char *end)
{
  const unsigned char *p = (const unsigned char *) at;
  size_t length;
  unsigned char low = 0x80, high = 0xbf;

  if (p[0] < 0x80)
    return 1;
  if (p[0] < 0xc2 || p[0] > 0xf4)
    return 0;
  length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  if ((size_t) (end - at) < length)
    return 0;
  if (p[0] == 0xe0)
    low = 0xa0;
  else if (p[0] == 0xed)
    high = 0x9f;
  else if (p[0] == 0xf0)
    low = 0x90;
  else if (p[0] == 0xf4)
    high = 0x8f;
  if (p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < length; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return length;
}

/* Writes one character's form to @out, moves *@at behind it, and returns the form's length. */
static size_t
escape_one (const char **at, const char *end, char out[HOOK_ESCAPE_MAX])
{
  static const char digits[] = "0123456789abcdef";
  unsigned char c = (unsigned char) **at;
  size_t length = hook_utf8_length (*at, end);

  if (length == 0 || c == 0) {
    memcpy (out, "\\ufffd", 6);
    *at += 1;
    return 6;
  }
  if (c == '"' || c == '\\') {
    out[0] = '\\';
    out[1] = (char) c;
    *at += 1;
    return 2;
  }
  if (c < 0x20) {
    memcpy (out, "\\u00", 4);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    *at += 1;
    return 6;
  }
  memcpy (out, *at, length);
  *at += length;
  return length;
}

/* Most of a domain is plain ASCII: how much of it stands at @at. */
static size_t
plain_run (const char *at, const char *end)
{
  const char *p = at;

  while (p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
    p++;
  return (size_t) (p - at);
}

size_t
hook_escape (const char **at, const char *end, char *out, size_t size)
{
  size_t used = 0;

  while (*at < end && used < size) {
    const char *limit = (size_t) (end - *at) > size - used ? *at + (size - used) : end;
    size_t run = plain_run (*at, limit);

    memcpy (out + used, *at, run);
    *at += run;
    used += run;
    if (*at == end || size - used < HOOK_ESCAPE_MAX)
      break;
    used += escape_one (at, end, out + used);
  }
  return used;
}

size_t
hook_escape_length (const char *at, const char *end)
{
  char form[HOOK_ESCAPE_MAX];
  size_t length = 0;

  while (at < end) {
    size_t run = plain_run (at, end);

    at += run;
    length += run;
    if (at < end)
      length += escape_one (&at, end, form);
  }
  return length;
}
