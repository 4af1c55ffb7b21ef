/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that an operator gets wrong in a way that no load can tell: an error at Rewrite, never a
 * guest without what was meant.
 */
#include "config.h"

#include "launch-fixture.h"
#include "launch/rewrite.h"

/* @part of the error; NULL: all is well. */
static void
run_policy (const char *rules, const char *part)
{
  g_autofree char *folder = g_dir_make_tmp ("cloister-policies-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "mine.xml", NULL);
  g_autofree char *text = g_strdup_printf (
      "<policy name='mine' title='Mine'><accept technology='sev-snp'/>%s</policy>", rules);
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autoptr (HostdRequest) request = hostd_request_new ("mine");
  g_autoptr (HostdTemplates) templates = NULL;
  g_autoptr (HostdRewrite) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  templates = load_templates (folder);
  result = hostd_rewrite_run (templates, request, NULL, plain, strlen (plain), &error);
  if (part) {
    g_assert_null (result);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, part));
  } else {
    g_assert_no_error (error);
    g_assert_cmpint (hostd_rewrite_get_verdict (result), ==, HOSTD_VERDICT_ALLOW);
  }
  remove_tree (folder);
}

static void
test_bad_rules (void)
{
  run_policy ("<remove id='a' select='/domain/name/text()'/>", "neither element nor attribute");
  run_policy ("<remove id='a' select='/'/>", "neither element nor attribute");
  run_policy ("<remove id='a' select='/domain'/>", "domain XML refused");
  run_policy ("<ensure id='a' in='/domain/@type'><x/></ensure>", "works on elements alone");
  run_policy ("<bits id='a' at='/domain/@type' set='1' because='so it is'/>",
              "works on elements alone");
  run_policy ("<attribute id='a' on='/domain/@type' name='x' value='y'/>",
              "works on elements alone");
  /* Each Rewrite would turn it on. */
  run_policy ("<attribute id='a' on=\"/domain[@x = '1']\" name='x' value='2' conflict='replace'/>"
              "<attribute id='b' on='/domain[not(@x)]' name='x' value='1'/>",
              "a second Rewrite would change");
}

/* Rules that undo each other in one pass are odd, and do no harm. */
static void
test_undone (void)
{
  run_policy ("<ensure id='a' in='/domain[not(x)]'><x/></ensure>"
              "<remove id='b' select='/domain/x'/>",
              NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/rules/bad", test_bad_rules);
  g_test_add_func ("/launch/rules/undone", test_undone);
  return g_test_run ();
}
