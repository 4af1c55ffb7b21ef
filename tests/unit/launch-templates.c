/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch-fixture.h"
#include "launch/policy.h"

/* ---- what is shipped ---- */

static void
test_shipped (void)
{
  static const char *const names[] = { "any", "sev", "sev-es", "snp", "snp-strict", "tdx" };
  g_autoptr (HostdTemplates) templates = load_templates (NULL);
  g_autoptr (HostdTemplates) again = hostd_templates_ref (templates);
  const HostdPolicy *any;

  g_assert_cmpuint (hostd_templates_count_policies (again), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const HostdPolicy *policy = hostd_templates_get_policy (templates, i);

    g_assert_cmpstr (hostd_policy_get_name (policy), ==, names[i]);
    g_assert_true (g_str_has_prefix (hostd_policy_get_digest (policy), "sha256:"));
    g_assert_cmpuint (strlen (hostd_policy_get_digest (policy)), ==, strlen ("sha256:") + 64);
    g_assert_nonnull (strstr (hostd_policy_get_text (policy), "<policy "));
    g_assert_true (g_str_has_suffix (hostd_policy_get_path (policy), ".xml"));
    g_assert_true (hostd_templates_find_policy (templates, names[i], NULL) == policy);
  }
  any = hostd_templates_find_policy (templates, "any", NULL);
  g_assert_cmpuint (hostd_policy_count_technologies (any), ==, 4);
  g_assert_cmpint (hostd_policy_get_technology (any, 0), ==, HOSTD_TECHNOLOGY_SEV_SNP);
  for (guint t = HOSTD_TECHNOLOGY_SEV; t <= HOSTD_TECHNOLOGY_TDX; t++)
    g_assert_nonnull (hostd_templates_get_technology (templates, (HostdTechnology) t));
  g_assert_null (hostd_templates_get_technology (templates, HOSTD_TECHNOLOGY_CCA));
}

static void
test_not_found (void)
{
  g_autoptr (HostdTemplates) templates = load_templates (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_templates_find_policy (templates, "SNP", &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "'SNP'"));
  g_assert_nonnull (strstr (error->message, "any, sev, sev-es, snp, snp-strict, tdx"));
}

/* ---- what is wrong with a policy, with file and line ---- */

#define HEAD "<policy name='mine' title='Mine'>\n  <accept technology='sev-snp'/>\n"
#define RULE(text) HEAD "  " text "\n</policy>\n"
#define BECAUSE " because='it is so'/>"

static const struct {
  const char *text, *line, *part;
} faults[] = {
  { RULE ("<refuse id='a' select='/domain/['" BECAUSE), "3", "not an XPath" },
  { RULE ("<refuse id='a' select='count(/domain)'" BECAUSE), "3", "must give nodes" },
  { RULE ("<refuse id='a' select='/domain/cpu[biit(.)]'" BECAUSE), "3", "no function biit" },
  { RULE ("<refuse id='a' select='/domain/x:y'" BECAUSE), "3", "no prefix x" },
  { RULE ("<refuse id='a' select='/domain'/>"), "3",
    "refuse failed to validate attributes: one is missing" },
  { RULE ("<refuse id='A!' select='/domain'" BECAUSE), "3",
    "refuse failed to validate attributes: one is missing" },
  { RULE ("<assert id='a' at='/domain' test='cpu' source='here'" BECAUSE), "3",
    "must give true or false" },
  { RULE ("<assert id='a' at='1' test='true()' source='here'" BECAUSE), "3", "must give nodes" },
  { RULE ("<assert id='a' at='/domain' test='true()) or (true()' source='here'" BECAUSE), "3",
    "not an XPath" },
  { RULE ("<assert id='a' at='/domain' test='true()'" BECAUSE), "3",
    "assert failed to validate attributes: one is missing" },
  { RULE ("<assert id='a' at='/domain' test='true()' source='here' stages='never'" BECAUSE), "3",
    "assert" },
  { RULE ("<assert id='a' at='/domain' test='true()' source='here' needs='luck'" BECAUSE), "3",
    "assert" },
  { RULE ("<call function='system'/>"), "3", "call failed to validate attributes: one is missing" },
  { RULE ("<ensure id='a' in='/domain'/>"), "3", "Expecting an element" },
  { RULE ("<bits id='a' at='/domain/os' set='x'" BECAUSE), "3", "attribute set" },
  { RULE ("<for-each select='/domain'/>"), "3", "for-each" },
  { RULE ("<accept technology='sev-xyz'/>"), "3", "no template for the technology 'sev-xyz'" },
  { RULE ("<accept technology='cca'/>"), "3", "no template for the technology 'cca'" },
  { RULE ("<include ruleset='nothing'/>"), "1", "rule set 'nothing'" },
  { RULE ("<accept technology='tdx'></b>"), "3", "not well-formed" },
  { "<policy name='mine' title='Mine'/>\n", "1", "Expecting an element accept" },
  { "<policy title='Mine'><accept technology='sev'/></policy>\n", "1", "policy failed" },
  { "<!DOCTYPE policy>\n" RULE (""), "1", "DOCTYPE" },
  { "<!DOCTYPE policy [<!ENTITY a SYSTEM '/etc/passwd'>]>\n" RULE ("&a;"), "1", "DOCTYPE" },
  { "<ruleset name='mine' title='Mine'/>\n", "1", "<policy> expected here, not <ruleset>" },
  { "<domain/>\n", "1", "domain" },
  { "", "1", "it is empty" },
};

static void
test_policy_faults (void)
{
  g_autoptr (HostdTemplates) templates = load_templates (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *place = g_strconcat ("mine.xml:", faults[i].line, NULL);

    if (hostd_templates_check_policy_text (templates, "mine.xml", faults[i].text,
                                           strlen (faults[i].text), &error))
      g_error ("taken: %s", faults[i].text);
    g_test_message ("%s", error->message);
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
    g_assert_true (g_str_has_prefix (error->message, place));
    g_assert_nonnull (strstr (error->message, faults[i].part));
    g_assert_null (strchr (error->message, '\n'));
  }
}

static void
test_policy_good (void)
{
  static const char text[] = RULE (
      "<assert id='a' at='/domain' test='true()' source='here' stages='prepare start'" BECAUSE);
  g_autoptr (HostdTemplates) templates = load_templates (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdPolicy) policy =
      hostd_templates_check_policy_text (templates, "mine.xml", text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (hostd_policy_get_name (policy), ==, "mine");
  g_assert_cmpstr (hostd_policy_get_title (policy), ==, "Mine");
  g_assert_cmpstr (hostd_policy_get_text (policy), ==, text);
  /* It is only looked at. */
  g_assert_null (hostd_templates_find_policy (templates, "mine", NULL));
}

/* ---- folders ---- */

static void
load_fails (const char *folder, HostdError code, const char *part)
{
  const char *const folders[] = { folder, NULL };
  g_autofree char *shipped = shipped_templates ();
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_templates_load (shipped, folders, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, HOSTD_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_folders (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cloister-policies-XXXXXX", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "nowhere", NULL);
  g_autofree char *big = g_strnfill (1024 * 1024 + 1, ' ');
  g_autofree char *snp = NULL;

  load_fails (nowhere, HOSTD_ERROR_NOT_FOUND, "nowhere");
  put (folder, "README", "not a policy");
  put (folder, ".hidden.xml", "not a policy");
  put (folder, "mine.xml", RULE (""));
  {
    g_autoptr (HostdTemplates) templates = load_templates (folder);

    g_assert_nonnull (hostd_templates_find_policy (templates, "mine", NULL));
    g_assert_nonnull (hostd_templates_find_policy (templates, "snp", NULL));
    snp = g_strdup (hostd_policy_get_text (hostd_templates_find_policy (templates, "snp", NULL)));
  }
  put (folder, "z-twice.xml", RULE (""));
  load_fails (folder, HOSTD_ERROR_EXISTS, "z-twice.xml:1: a policy called 'mine'");
  put (folder, "z-twice.xml", snp);
  load_fails (folder, HOSTD_ERROR_EXISTS, "called 'snp'");
  put (folder, "z-twice.xml", "<policy");
  load_fails (folder, HOSTD_ERROR_INVALID, "z-twice.xml:1: not well-formed");
  put (folder, "z-twice.xml", big);
  load_fails (folder, HOSTD_ERROR_TOO_LARGE, "z-twice.xml");
  remove_tree (folder);
}

static void
test_not_installed (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cloister-templates-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_templates_load (folder, NULL, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "template.rng"));
  remove_tree (folder);
}

/* A copy of the shipped templates with one file replaced. */
static void
broken_copy_fails (const char *path, const char *text, HostdError code, const char *part)
{
  g_autofree char *folder = g_dir_make_tmp ("cloister-templates-XXXXXX", NULL);
  g_autofree char *shipped = shipped_templates ();
  g_autofree char *from = g_build_filename (shipped, ".", NULL);
  const char *argv[] = { "cp", "-r", from, folder, NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                NULL);
  g_assert_cmpint (status, ==, 0);
  put (folder, path, text);
  g_assert_null (hostd_templates_load (folder, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, HOSTD_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, part));
  remove_tree (folder);
}

#define TECHNOLOGY(name, match, more)                                                              \
  "<technology name='" name "' title='A test' type='sev' match=\"" match "\">" more                \
  "<migration live='refuse' because='it is so'/><dma assigned='refuse' because='it is "            \
  "so'/></technology>"

static void
test_technology_faults (void)
{
  broken_copy_fails ("schema/template.rng", "<grammar", HOSTD_ERROR_INVALID, "template.rng");
  broken_copy_fails ("technologies/sev.xml", TECHNOLOGY ("sve", "true()", ""), HOSTD_ERROR_INVALID,
                     "sev.xml:1: 'sve' is no technology");
  broken_copy_fails ("technologies/zz.xml", TECHNOLOGY ("sev", "true()", ""), HOSTD_ERROR_INVALID,
                     "has a template already");
  broken_copy_fails ("technologies/sev.xml", TECHNOLOGY ("sev", "launchSecurity", ""),
                     HOSTD_ERROR_INVALID,
                     "sev.xml:1: match: an XPath that must give true or false");
  broken_copy_fails ("technologies/sev.xml", TECHNOLOGY ("sev", "true()", "<include ruleset='x'/>"),
                     HOSTD_ERROR_INVALID, "rule set 'x'");
  broken_copy_fails ("technologies/sev.xml", "<ruleset name='sev' title='No technology'/>",
                     HOSTD_ERROR_INVALID, "<technology> expected here");
  broken_copy_fails ("rulesets/amd-sev.xml", "<ruleset name='amd-sev'/>", HOSTD_ERROR_INVALID,
                     "amd-sev.xml:1:");
  broken_copy_fails ("rulesets/amd-sev.xml", "<ruleset name='other' title='Other'/>",
                     HOSTD_ERROR_INVALID, "rule set 'amd-sev'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/templates/shipped", test_shipped);
  g_test_add_func ("/launch/templates/not-found", test_not_found);
  g_test_add_func ("/launch/templates/policy-faults", test_policy_faults);
  g_test_add_func ("/launch/templates/policy-good", test_policy_good);
  g_test_add_func ("/launch/templates/folders", test_folders);
  g_test_add_func ("/launch/templates/not-installed", test_not_installed);
  g_test_add_func ("/launch/templates/technology-faults", test_technology_faults);
  return g_test_run ();
}
