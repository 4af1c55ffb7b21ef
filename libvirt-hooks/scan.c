/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "scan.h"

#include <string.h>

#define UUID_DIGITS 32

typedef struct {
  const char *at, *end;
  unsigned depth; /* elements open */
  bool root_seen; /* the root element was opened (and, at depth 0, closed) */
  bool found;
  char uuid[HOOK_UUID_SIZE];
} Scanner;

static bool
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
looks_at (const Scanner *s, const char *word)
{
  size_t length = strlen (word);

  return (size_t) (s->end - s->at) >= length && memcmp (s->at, word, length) == 0;
}

/* Moves behind the next @word; false if there is none. */
static bool
skip_past (Scanner *s, const char *word)
{
  const char *hit = memmem (s->at, s->end - s->at, word, strlen (word));

  if (hit == NULL)
    return false;
  s->at = hit + strlen (word);
  return true;
}

/* Outside the root there is nothing but white space. */
static bool
skip_text (Scanner *s)
{
  const char *next = memchr (s->at, '<', s->end - s->at);

  if (next == NULL)
    next = s->end;
  if (s->depth == 0)
    for (const char *p = s->at; p < next; p++)
      if (!is_space (*p))
        return false;
  s->at = next;
  return true;
}

/* From a tag's '<' to behind its '>'; a '>' in a quoted value does not end it. */
static bool
skip_tag (Scanner *s, bool *ret_empty)
{
  char quote = 0;

  for (const char *p = s->at + 1; p < s->end; p++) {
    if (quote) {
      if (*p == quote)
        quote = 0;
    } else if (*p == '"' || *p == '\'') {
      quote = *p;
    } else if (*p == '<') {
      return false;
    } else if (*p == '>') {
      *ret_empty = p[-1] == '/';
      s->at = p + 1;
      return true;
    }
  }
  return false;
}

/* Whether the tag at @at (its '<') is named @name, in no namespace. */
static bool
tag_is (const Scanner *s, const char *name)
{
  size_t length = strlen (name);
  const char *behind = s->at + 1 + length;

  return behind < s->end && memcmp (s->at + 1, name, length) == 0 &&
         (is_space (*behind) || *behind == '>' || *behind == '/');
}

/* As libvirt reads one: 32 hexadecimal digits, dashes anywhere, white space around. */
static bool
read_uuid (const char *at, const char *end, char *uuid)
{
  unsigned digits = 0;

  while (at < end && is_space (*at))
    at++;
  while (at < end && is_space (end[-1]))
    end--;
  for (; at < end; at++) {
    char c = *at;

    if (c == '-')
      continue;
    if (c >= 'A' && c <= 'F')
      c += 'a' - 'A';
    if (digits == UUID_DIGITS || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
      return false;
    if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
      *uuid++ = '-';
    *uuid++ = c;
    digits++;
  }
  *uuid = '\0';
  return digits == UUID_DIGITS;
}

/* Behind <uuid>: plain text up to its end tag, and that once. */
static bool
take_uuid (Scanner *s)
{
  const char *text = s->at;
  const char *next = memchr (text, '<', s->end - text);

  if (next == NULL || s->found || !read_uuid (text, next, s->uuid))
    return false;
  s->at = next;
  if (!looks_at (s, "</uuid"))
    return false;
  s->found = true;
  return true;
}

static bool
take_tag (Scanner *s)
{
  bool is_uuid = s->depth == 1 && tag_is (s, "uuid");
  bool is_domain = s->depth == 0 && !s->root_seen && tag_is (s, "domain");
  bool closes = s->end - s->at > 1 && s->at[1] == '/';
  bool empty;

  if (!skip_tag (s, &empty))
    return false;
  if (closes) {
    if (s->depth == 0)
      return false;
    s->depth--;
    return true;
  }
  if (s->depth == 0 && !is_domain)
    return false;
  s->root_seen = true;
  if (empty)
    return !is_uuid;
  s->depth++;
  return !is_uuid || take_uuid (s);
}

static bool
take_next (Scanner *s)
{
  if (looks_at (s, "<!--")) {
    s->at += strlen ("<!--");
    return skip_past (s, "-->");
  }
  if (looks_at (s, "<?"))
    return skip_past (s, "?>");
  if (looks_at (s, "<![CDATA["))
    return s->depth > 0 && skip_past (s, "]]>");
  if (looks_at (s, "<!")) /* DOCTYPE: libvirt writes none, and entities would follow */
    return false;
  return take_tag (s);
}

HookScan
hook_scan_uuid (const char *xml, size_t length, char uuid[HOOK_UUID_SIZE])
{
  Scanner s = { .at = xml, .end = xml + length };

  /* What holds a NUL is no XML, and whoever reads it as a C string sees another text than we. */
  if (memchr (xml, '\0', length) != NULL)
    return HOOK_SCAN_UNCLEAR;
  while (skip_text (&s) && s.at < s.end)
    if (!take_next (&s))
      return HOOK_SCAN_UNCLEAR;
  if (s.at < s.end || s.depth > 0 || !s.root_seen)
    return HOOK_SCAN_UNCLEAR;
  if (!s.found)
    return HOOK_SCAN_ABSENT;
  memcpy (uuid, s.uuid, HOOK_UUID_SIZE);
  return HOOK_SCAN_FOUND;
}

bool
hook_scan_has (const char *xml, size_t length, const char *word)
{
  return memmem (xml, length, word, strlen (word)) != NULL;
}
