/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch/document.h"
#include "launch/markup.h"

/* A domain of @n elements, its own tags and a text with equals signs among them. */
static char *
make_elements (guint n)
{
  GString *text = g_string_new ("<domain><title>a = 'b' = \"c\"</title>");

  for (guint i = 5; i <= n; i++)
    g_string_append (text, "<a/>");
  g_string_append (text, "</domain>");
  return g_string_free (text, FALSE);
}

static char *
make_attributes (guint n, const char *equals)
{
  GString *text = g_string_new ("<domain><a");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, " a%x%s'>'", i, equals);
  g_string_append (text, "/></domain>");
  return g_string_free (text, FALSE);
}

static void
assert_taken (char *text, gboolean taken)
{
  g_autofree char *owned = text;
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdDocument) document = hostd_document_parse (owned, strlen (owned), &error);

  g_assert_true ((document != NULL) == taken);
  if (taken)
    g_assert_no_error (error);
  else
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_TOO_LARGE);
}

static void
test_elements (void)
{
  assert_taken (make_elements (HOSTD_DOMAIN_MAX_MARKUP), TRUE);
  assert_taken (make_elements (HOSTD_DOMAIN_MAX_MARKUP + 1), FALSE);
}

static void
test_attributes (void)
{
  static const char *const equals[] = { "=", " = ", "\t\n=\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (equals); i++) {
    assert_taken (make_attributes (HOSTD_DOMAIN_MAX_ATTRIBUTES, equals[i]), TRUE);
    assert_taken (make_attributes (HOSTD_DOMAIN_MAX_ATTRIBUTES + 1, equals[i]), FALSE);
  }
}

/* The shortest names there are: what has them all in the fewest bytes is counted too. */
static void
test_shortest (void)
{
  g_autoptr (GString) text = g_string_new ("<a");

  for (guint i = 0; i <= HOSTD_DOMAIN_MAX_ATTRIBUTES; i++)
    g_string_append (text, " a=\"\"");
  g_assert_false (hostd_markup_check (text->str, text->len, NULL));
}

static void
test_odd (void)
{
  static const char *const texts[] = { "", "<", "=", "<=", "<a =", "no markup at all" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_true (hostd_markup_check (texts[i], strlen (texts[i]), NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/markup/elements", test_elements);
  g_test_add_func ("/launch/markup/attributes", test_attributes);
  g_test_add_func ("/launch/markup/shortest", test_shortest);
  g_test_add_func ("/launch/markup/odd", test_odd);
  return g_test_run ();
}
