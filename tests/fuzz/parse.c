/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small texts of firmware, kernel and guests: base64 that is taken is base64 in its one form.
 */
#include "config.h"

#include "fuzz.h"

#include "base/parse.h"

#include <string.h>

static void
base64 (const char *text)
{
  g_autofree char *compact = g_new0 (char, strlen (text) + 1);
  g_autofree char *encoded = NULL;
  g_autofree guint8 *bytes = NULL;
  gsize length = 0;
  char *to = compact;

  bytes = hostd_parse_base64 (text, &length);
  if (bytes == NULL)
    return;
  for (const char *from = text; *from; from++)
    if (!g_ascii_isspace (*from))
      *to++ = *from;
  encoded = g_base64_encode (bytes, length);
  /* Bits after the last byte may be set: they are the only freedom. */
  g_assert_cmpuint (strlen (encoded), ==, strlen (compact));
}

static void
numbers (const char *text)
{
  guint64 value = 42, limited = 42, bytes = 42;
  gboolean flag = 42;

  if (!hostd_parse_hex (text, &value))
    g_assert_cmpuint (value, ==, 42);
  if (hostd_parse_decimal (text, 1000, &limited))
    g_assert_cmpuint (limited, <=, 1000);
  else
    g_assert_cmpuint (limited, ==, 42);
  if (hostd_parse_flag (text, &flag))
    g_assert_true (flag == TRUE || flag == FALSE);
  else
    g_assert_cmpint (flag, ==, 42);
  if (!hostd_parse_memory (text, "GiB", &bytes) && !hostd_parse_memory ("7", text, &bytes))
    g_assert_cmpuint (bytes, ==, 42);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup (size ? (const char *) data : "", size);

  base64 (text);
  numbers (text);
  return 0;
}
