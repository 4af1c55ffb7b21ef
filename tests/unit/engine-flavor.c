/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "base/json.h"
#include "engine/flavor-check.h"
#include "engine/flavor-placement.h"

#include <string.h>

/* ---- help ---- */

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = hostd_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return node;
}

/* What is found of one flavor with these properties, without any policy known. */
static JsonObject *
check (const char *properties, guint release)
{
  g_autofree char *text =
      g_strdup_printf ("[{\"Name\": \"web\", \"ID\": \"7\", \"Properties\": %s}]", properties);
  g_autoptr (JsonNode) list = parse (text);
  g_autoptr (GError) error = NULL;
  JsonObject *answer = hostd_flavor_check (list, release, NULL, &error);

  g_assert_no_error (error);
  return answer;
}

static char *
commands_of (HostdFlavor *flavor)
{
  g_autoptr (JsonArray) commands = hostd_flavor_get_commands (flavor);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (commands); i++)
    g_string_append_printf (text, "%s\n", json_array_get_string_element (commands, i));
  return g_string_free (text, FALSE);
}

/* ---- tests ---- */

static void
test_commands (void)
{
  g_autoptr (JsonObject) properties = json_object_new ();
  g_autoptr (HostdFlavor) flavor = hostd_flavor_new ("web", NULL, properties);
  g_autofree char *none = commands_of (flavor), *both = NULL;

  g_assert_cmpstr (none, ==, "");
  g_assert_false (hostd_flavor_is_wrong (flavor));
  hostd_flavor_set (flavor, "a:b", "1");
  hostd_flavor_set (flavor, "a:b", "1");
  hostd_flavor_set (flavor, "c", "it's");
  hostd_flavor_unset (flavor, "d e");
  hostd_flavor_find (flavor, "some-id", "%d words", 3);
  both = commands_of (flavor);
  g_assert_cmpstr (both, ==,
                   "openstack flavor unset --property 'd e' web\n"
                   "openstack flavor set --property a:b=1 --property 'c=it'\\''s' web\n");
  g_assert_true (hostd_flavor_is_wrong (flavor));
}

/* Each as the shell splits it again. */
static void
test_names (void)
{
  static const char *const names[] = { "a b", "it's", "$(x)", "`x`", "-x", "~", "a\\", "\303\251" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (JsonObject) properties = json_object_new ();
    g_autoptr (HostdFlavor) flavor = hostd_flavor_new (names[i], "7", properties);
    g_autofree char *command = NULL;
    g_auto (GStrv) words = NULL;
    int count;

    hostd_flavor_unset (flavor, "k");
    command = commands_of (flavor);
    g_assert_true (g_shell_parse_argv (command, &count, &words, NULL));
    g_assert_cmpstr (words[count - 1], ==, names[i]);
    g_assert_cmpint (count, ==, names[i][0] == '-' ? 7 : 6);
  }
}

static void
test_unprintable (void)
{
  static const char *const names[] = { "a\033b", "a\nb", "", "a\302\233b", "a\342\200\256b" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (JsonObject) properties = json_object_new ();
    g_autoptr (HostdFlavor) by_id = hostd_flavor_new (names[i], "7", properties);
    g_autoptr (HostdFlavor) neither = hostd_flavor_new (names[i], NULL, properties);
    g_autofree char *one = NULL, *none = NULL;

    hostd_flavor_unset (by_id, "k");
    hostd_flavor_unset (neither, "k");
    one = commands_of (by_id);
    none = commands_of (neither);
    g_assert_cmpstr (one, ==, "openstack flavor unset --property k 7\n");
    g_assert_cmpstr (none, ==, "");
  }
}

/* The last release before Nova's class, and the first with it. */
static void
test_release (void)
{
  static const struct {
    guint release;
    const char *resource;
    gint64 wrong;
  } rows[] = {
    { 31, HOSTD_FLAVOR_OWN_CLASS, 0 },
    { 31, HOSTD_FLAVOR_NOVA_CLASS, 1 },
    { 32, HOSTD_FLAVOR_OWN_CLASS, 1 },
    { 32, HOSTD_FLAVOR_NOVA_CLASS, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *properties =
        g_strdup_printf ("{\"cc:required\": \"1\", \"resources:%s\": \"1\", "
                         "\"trait:" HOSTD_FLAVOR_HOST_TRAIT "\": \"required\"}",
                         rows[i].resource);
    g_autoptr (JsonObject) answer = check (properties, rows[i].release);
    gint64 wrong;

    g_assert_true (hostd_json_get_int (answer, "wrong", &wrong));
    g_assert_cmpint (wrong, ==, rows[i].wrong);
  }
}

static void
test_input (void)
{
  static const char *const bad[] = {
    "{}",
    "3",
    "null",
    "[3]",
    "[null]",
    "[[]]",
    "[{}]",
    "[{\"Name\": 3}]",
    "[{\"Name\": \"a\"}]",
    "[{\"Name\": \"a\", \"Properties\": null}]",
    "[{\"Name\": \"a\", \"Properties\": \"k='v'\"}]",
    "[{\"Name\": \"a\", \"Properties\": {\"k\": 1}}]",
    "[{\"Name\": \"a\", \"Properties\": {\"k\": null}}]",
    "[{\"Name\": \"a\", \"Properties\": {\"k\": {}}}]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (JsonNode) list = parse (bad[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (hostd_flavor_check (list, 31, NULL, &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flavor/commands", test_commands);
  g_test_add_func ("/flavor/names", test_names);
  g_test_add_func ("/flavor/unprintable", test_unprintable);
  g_test_add_func ("/flavor/release", test_release);
  g_test_add_func ("/flavor/input", test_input);
  return g_test_run ();
}
