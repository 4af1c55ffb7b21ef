/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static const char *const good[] = {
  "{}",
  " [ ] ",
  "0",
  "-0",
  "\"\"",
  "null",
  "[true,false,null,1,-2.5e+3,\"x\"]",
  "{\"a\":{\"b\":[{},[],{\"c\":\"\\u00e9\\ud83d\\ude00\\n\\/\"}]}}",
  "9223372036854775807",
  "-9223372036854775808",
};

/* What json-glib takes, or gives another value for, and JSON does not; and what is just broken. */
static const char *const bad[] = {
  "",
  " ",
  "{",
  "}",
  "[}",
  "{]",
  "{\"a\":1}{\"b\":2}",
  "{\"a\":1} 7",
  "{\"a\":1,}",
  "[1,]",
  "[,1]",
  "{\"a\" 1}",
  "{a:1}",
  "{'a':1}",
  "{1:2}",
  "/* c */ {}",
  "{} // c",
  "var a = {}",
  "tru",
  "01",
  "+1",
  "1.",
  ".5",
  "1e",
  "0x10",
  "9223372036854775808",
  "18446744073709551615",
  "\"\\u0000\"",
  "\"\\ud800\"",
  "\"\\ud800\\u0041\"",
  "\"\\udc00\"",
  "\"\\x41\"",
  "\"a\nb\"",
  "\"open",
  "\"open\\",
  "\"\\u12",
  "\xff",
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = NULL;

    g_test_message ("%s", good[i]);
    node = hostd_json_parse (good[i], strlen (good[i]), &error);
    g_assert_no_error (error);
    g_assert_nonnull (node);
  }
}

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("case %u", i);
    g_assert_null (hostd_json_parse (bad[i], strlen (bad[i]), &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  }
}

/* Every beginning of good JSON but a number's is bad JSON, and read within its bounds. */
static void
test_cut_short (void)
{
  const char *whole = good[7];

  for (gsize length = 0; length < strlen (whole); length++) {
    g_autofree char *part = g_strndup (whole, length); /* for the sanitizer: no byte beyond */
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_json_parse (part, length, &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  }
}

/* Brackets that hide from a scan for depth behind what json-glib takes for a comment. */
static void
test_depth (void)
{
  static const char *const before[] = { "", "/* \" */", "'\"'", "{\"\\\"\":" };
  g_autofree char *brackets = g_strnfill (4 * 1000 * 1000, '[');

  for (guint i = 0; i < G_N_ELEMENTS (before); i++) {
    g_autofree char *text = g_strconcat (before[i], brackets, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_json_parse (text, strlen (text), &error));
    g_assert_nonnull (error);
  }
  for (guint depth = HOSTD_JSON_MAX_DEPTH; depth <= HOSTD_JSON_MAX_DEPTH + 1; depth++) {
    g_autofree char *open = g_strnfill (depth, '[');
    g_autofree char *close = g_strnfill (depth, ']');
    g_autofree char *text = g_strconcat (open, close, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = NULL;

    node = hostd_json_parse (text, strlen (text), &error);

    g_assert_true ((node != NULL) == (depth == HOSTD_JSON_MAX_DEPTH));
    if (depth == HOSTD_JSON_MAX_DEPTH)
      g_assert_no_error (error);
    else
      g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  }
}

/* Two bytes each, and a hundred times that in memory: refused before json-glib sees them. */
static void
test_count (void)
{
  for (guint extra = 0; extra <= 1; extra++) {
    g_autoptr (GString) text = g_string_new ("[0");
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = NULL;

    for (guint i = 2; i < HOSTD_JSON_MAX_VALUES + extra; i++)
      g_string_append (text, ",0");
    g_string_append_c (text, ']');
    node = hostd_json_parse (text->str, text->len, &error);
    g_assert_true ((node != NULL) == (extra == 0));
    if (extra == 0)
      g_assert_no_error (error);
    else
      g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/json/good", test_good);
  g_test_add_func ("/base/json/bad", test_bad);
  g_test_add_func ("/base/json/cut-short", test_cut_short);
  g_test_add_func ("/base/json/depth", test_depth);
  g_test_add_func ("/base/json/count", test_count);
  return g_test_run ();
}
