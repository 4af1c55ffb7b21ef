/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/json-check.h"

#include "base/error.h"

#include <string.h>

#define MAX_DEPTH 64 /* bits of Scan.objects */

/* What may come next. */
typedef enum {
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* after '[' */
  EXPECT_NAME_OR_END,  /* after '{' */
  EXPECT_NAME,         /* after ',' in an object */
  EXPECT_MORE_OR_END,  /* after a value */
} Expect;

typedef struct {
  const char *text, *at, *end;
  guint depth, max_depth;
  guint values, max_values;
  guint64 objects; /* bit N: level N is an object, not an array */
  Expect expect;
} Scan;

static gboolean
in_object (const Scan *s)
{
  return (s->objects >> (s->depth - 1)) & 1;
}

static gboolean
is_at (const Scan *s, char c)
{
  return s->at < s->end && *s->at == c;
}

static gboolean
skip_digits (Scan *s)
{
  const char *from = s->at;

  while (s->at < s->end && g_ascii_isdigit (*s->at))
    s->at++;
  return s->at > from;
}

static gboolean
scan_number (Scan *s)
{
  const char *from = s->at;
  gboolean integer = TRUE;

  if (is_at (s, '-'))
    s->at++;
  if (is_at (s, '0'))
    s->at++;
  else if (!skip_digits (s))
    return FALSE;
  if (is_at (s, '.')) {
    integer = FALSE;
    s->at++;
    if (!skip_digits (s))
      return FALSE;
  }
  if (is_at (s, 'e') || is_at (s, 'E')) {
    integer = FALSE;
    s->at++;
    if (is_at (s, '+') || is_at (s, '-'))
      s->at++;
    if (!skip_digits (s))
      return FALSE;
  }
  if (integer) {
    char digits[24] = { 0 }; /* 20 are the longest that fit 64 bits with a sign */
    gsize length = s->at - from;

    if (length >= sizeof digits)
      return FALSE;
    memcpy (digits, from, length);
    return g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, NULL, NULL);
  }
  return TRUE;
}

/* The four digits of \uXXXX, at the first of them. */
static gboolean
scan_unit (Scan *s, guint *ret_unit)
{
  guint unit = 0;

  if (s->end - s->at < 4)
    return FALSE;
  for (guint i = 0; i < 4; i++, s->at++) {
    if (!g_ascii_isxdigit (*s->at))
      return FALSE;
    unit = unit << 4 | (guint) g_ascii_xdigit_value (*s->at);
  }
  *ret_unit = unit;
  return TRUE;
}

static gboolean
scan_escape (Scan *s)
{
  guint unit;

  s->at++; /* the backslash */
  if (s->at == s->end)
    return FALSE;
  if (*s->at != 'u')
    return strchr ("\"\\/bfnrt", *s->at++) != NULL;
  s->at++;
  if (!scan_unit (s, &unit) || unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff))
    return FALSE;
  if (unit < 0xd800 || unit > 0xdbff)
    return TRUE;
  if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
    return FALSE;
  s->at += 2;
  return scan_unit (s, &unit) && unit >= 0xdc00 && unit <= 0xdfff;
}

static gboolean
scan_string (Scan *s)
{
  if (!is_at (s, '"'))
    return FALSE;
  s->at++;
  while (s->at < s->end) {
    if (*s->at == '"') {
      s->at++;
      return TRUE;
    }
    if (*s->at == '\\') {
      if (!scan_escape (s))
        return FALSE;
    } else if ((guchar) *s->at < 0x20) {
      return FALSE;
    } else {
      s->at++;
    }
  }
  return FALSE;
}

static gboolean
scan_word (Scan *s, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (s->end - s->at) < length || memcmp (s->at, word, length) != 0)
    return FALSE;
  s->at += length;
  return TRUE;
}

static void
skip_space (Scan *s)
{
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
    s->at++;
}

static gboolean
open_bracket (Scan *s)
{
  gboolean object = *s->at == '{';

  if (s->depth == s->max_depth)
    return FALSE;
  s->objects = (s->objects & ~(G_GUINT64_CONSTANT (1) << s->depth)) | (guint64) object << s->depth;
  s->depth++;
  s->at++;
  s->expect = object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
  return TRUE;
}

static gboolean
close_bracket (Scan *s)
{
  if (s->depth == 0 || !is_at (s, in_object (s) ? '}' : ']'))
    return FALSE;
  s->at++;
  s->depth--;
  s->expect = EXPECT_MORE_OR_END;
  return TRUE;
}

static gboolean
scan_value (Scan *s)
{
  if (s->values == s->max_values)
    return FALSE;
  s->values++;
  if (is_at (s, '{') || is_at (s, '['))
    return open_bracket (s);
  s->expect = EXPECT_MORE_OR_END;
  if (is_at (s, '"'))
    return scan_string (s);
  if (is_at (s, '-') || (s->at < s->end && g_ascii_isdigit (*s->at)))
    return scan_number (s);
  return scan_word (s, "true") || scan_word (s, "false") || scan_word (s, "null");
}

static gboolean
scan_name (Scan *s)
{
  if (!scan_string (s))
    return FALSE;
  skip_space (s);
  if (!is_at (s, ':'))
    return FALSE;
  s->at++;
  s->expect = EXPECT_VALUE;
  return TRUE;
}

static gboolean
scan_next (Scan *s)
{
  switch (s->expect) {
  case EXPECT_VALUE:
    return scan_value (s);
  case EXPECT_VALUE_OR_END:
    return is_at (s, ']') ? close_bracket (s) : scan_value (s);
  case EXPECT_NAME_OR_END:
    return is_at (s, '}') ? close_bracket (s) : scan_name (s);
  case EXPECT_NAME:
    return scan_name (s);
  case EXPECT_MORE_OR_END:
    if (s->depth == 0 || !is_at (s, ','))
      return close_bracket (s);
    s->at++;
    s->expect = in_object (s) ? EXPECT_NAME : EXPECT_VALUE;
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
hostd_json_check (const char *text, gsize length, guint max_depth, guint max_values, GError **error)
{
  Scan s = {
    .text = text, .at = text, .end = text + length, .max_depth = max_depth, .max_values = max_values
  };

  g_return_val_if_fail (max_depth <= MAX_DEPTH, FALSE);
  for (;;) {
    skip_space (&s);
    if (s.at == s.end && s.depth == 0 && s.expect == EXPECT_MORE_OR_END)
      return TRUE;
    if (scan_next (&s))
      continue;
    if (s.depth == max_depth && (is_at (&s, '{') || is_at (&s, '[')))
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE, "JSON nested deeper than %u levels",
                   max_depth);
    else if (s.values == max_values && s.expect != EXPECT_MORE_OR_END)
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE, "JSON of more than %u values",
                   max_values);
    else if (s.at == s.end)
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID, "not JSON: it ends too early");
    else
      g_set_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID,
                   "not JSON: unexpected byte at offset %" G_GSIZE_FORMAT, (gsize) (s.at - text));
    return FALSE;
  }
}
