/* SPDX-License-Identifier: Apache-2.0 */
/* What Verify does with assertions; which there are, the golden tests' mutations tell. */
#include "config.h"

#include "base/error.h"
#include "launch-fixture.h"
#include "launch/rewrite.h"
#include "launch/verify.h"

/* A policy that holds other things at other stages, and asks for what a host may not tell. */
static const char staged[] =
    "<policy name='staged' title='By stage'>\n"
    "  <accept technology='sev-snp'/>\n"
    "  <assert id='at-definition' at='/domain' test='false()' stages='definition'"
    "          because='never so' source='a test'/>\n"
    "  <assert id='at-prepare' at='/domain' test='false()' stages='prepare start'"
    "          because='never so' source='a test'/>\n"
    "</policy>\n";
static const char needy[] =
    "<policy name='needy' title='Wants to know'>\n"
    "  <accept technology='sev-snp'/>\n"
    "  <assert id='few' at='/domain/devices/disk/boot' min='2' test='true()'"
    "          because='two of them' source='a test'/>\n"
    "  <assert id='names' at='/domain' names='os/loader/@x' test='boolean(os/loader/@x)'"
    "          because='an x' source='a test'/>\n"
    "  <assert id='breaks' at='/domain/devices/disk[count(//*[count(//*[count(//*) > 0]) > 0]) > "
    "0]'"
    "          test='true()' because='it does' source='a test'/>\n"
    "</policy>\n";

typedef struct {
  char *folder;
  HostdTemplates *templates;
  HostdFacts *facts;
  HostdRequest *request;
  char *good; /* as Rewrite made it for snp */
} Fixture;

static void
put (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
setup (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autoptr (HostdRewrite) rewrite = NULL;

  f->folder = g_dir_make_tmp ("cloister-policies-XXXXXX", NULL);
  put (f, "staged.xml", staged);
  put (f, "needy.xml", needy);
  f->templates = load_templates (f->folder);
  f->facts = able_host ();
  f->request = hostd_request_new ("snp");
  rewrite = hostd_rewrite_run (f->templates, f->request, f->facts, plain, strlen (plain), NULL);
  g_assert_nonnull (rewrite);
  f->good = g_strdup (hostd_rewrite_get_text (rewrite, NULL));
  g_assert_nonnull (f->good);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  remove_tree (f->folder);
  g_free (f->folder);
  hostd_templates_unref (f->templates);
  hostd_facts_free (f->facts);
  hostd_request_unref (f->request);
  g_free (f->good);
}

static void
ask (Fixture *f, const char *policy)
{
  hostd_request_unref (f->request);
  f->request = hostd_request_new (policy);
}

static HostdVerify *
verify (Fixture *f, const char *xml, HostdStage stage, gboolean bound)
{
  g_autoptr (GError) error = NULL;
  HostdVerify *result = hostd_verify_run (f->templates, f->request, f->facts, xml, strlen (xml),
                                          stage, bound, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_verdict (Fixture *f, const char *xml, HostdVerdict verdict)
{
  g_autoptr (HostdVerify) result = verify (f, xml, HOSTD_STAGE_DEFINITION, FALSE);

  has_reason (hostd_verify_get_reasons (result), "", NULL, NULL);
  g_assert_cmpstr (hostd_verdict_name (hostd_verify_get_verdict (result)), ==,
                   hostd_verdict_name (verdict));
}

static void
assert_refused (Fixture *f, const char *xml, const char *id, const char *xpath, const char *part)
{
  g_autoptr (HostdVerify) result = verify (f, xml, HOSTD_STAGE_DEFINITION, FALSE);

  g_assert_cmpint (hostd_verify_get_verdict (result), ==, HOSTD_VERDICT_REFUSE);
  g_assert_true (has_reason (hostd_verify_get_reasons (result), id, xpath, part));
}

/* @text with one @from made @to. */
static char *
changed (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - text), text, to, at + strlen (from));
}

/* ---- whose the guest is ---- */

static void
test_not_ours (Fixture *f, gconstpointer data)
{
  static const char *const theirs[] = {
    "<domain/>",
    "<domain><!-- <launchSecurity/> --></domain>",
    "<domain><metadata><x:launch xmlns:x='urn:x'/></metadata></domain>",
    "<domain><name>launchSecurity</name></domain>",
  };
  static const char *const ours[] = {
    "<domain><launchSecurity/></domain>",
    "<domain><x:launchSecurity xmlns:x='urn:x'/></domain>",
    "<domain><devices><launchSecurity/></devices></domain>",
    "<domain><metadata><c:launch xmlns:c='urn:cloister:launch:1'/></metadata></domain>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (theirs); i++)
    assert_verdict (f, theirs[i], HOSTD_VERDICT_NOT_OURS);
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    assert_verdict (f, ours[i], HOSTD_VERDICT_REFUSE);
  {
    /* Whoever bound it knows better. */
    g_autoptr (HostdVerify) result = verify (f, "<domain/>", HOSTD_STAGE_START, TRUE);

    g_assert_cmpint (hostd_verify_get_verdict (result), ==, HOSTD_VERDICT_REFUSE);
    g_assert_true (has_reason (hostd_verify_get_reasons (result), "snp-type", NULL, NULL));
  }
}

/* Nova's own words for a request, in its metadata from release 32 on. */
static void
test_nova_asks (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *name, *value;
    gboolean asks;
  } cases[] = {
    { "hw:mem_encryption", "True", TRUE }, { "hw:mem_encryption", "false", FALSE },
    { "cc:policy", "snp", TRUE },          { "cc:policy", "", FALSE },
    { "cc:technology", "tdx", TRUE },      { "cc:required", "1", TRUE },
    { "cc:required", "no", FALSE },        { "hw:cpu_policy", "dedicated", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *xml = g_strdup_printf (
        "<domain><metadata><n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/1.1'>"
        "<n:flavor><n:extraSpecs><n:extraSpec name='%s'>%s</n:extraSpec></n:extraSpecs>"
        "</n:flavor></n:instance></metadata></domain>",
        cases[i].name, cases[i].value);

    assert_verdict (f, xml, cases[i].asks ? HOSTD_VERDICT_REFUSE : HOSTD_VERDICT_NOT_OURS);
  }
}

static void
test_errors (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_verify_run (f->templates, f->request, NULL, "<x/>", 4,
                                   HOSTD_STAGE_DEFINITION, TRUE, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
  g_clear_error (&error);
  ask (f, "nothing");
  g_assert_null (hostd_verify_run (f->templates, f->request, NULL, "<x/>", 4,
                                   HOSTD_STAGE_DEFINITION, TRUE, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_NOT_FOUND);
}

/* ---- assertions ---- */

static void
test_good_and_weakened (Fixture *f, gconstpointer data)
{
  g_autofree char *bare = changed (f->good, "iommu='on'", "iommu='off'");
  g_autofree char *debug = changed (f->good, "<policy>0x30000<", "<policy>0xb0000<");
  HostdTechnology technology = HOSTD_N_TECHNOLOGIES;
  g_autoptr (HostdVerify) result = verify (f, f->good, HOSTD_STAGE_DEFINITION, FALSE);

  g_assert_cmpint (hostd_verify_get_verdict (result), ==, HOSTD_VERDICT_ALLOW);
  g_assert_cmpuint (hostd_reasons_count (hostd_verify_get_reasons (result)), ==, 0);
  g_assert_true (hostd_verify_get_technology (result, &technology));
  g_assert_cmpint (technology, ==, HOSTD_TECHNOLOGY_SEV_SNP);
  assert_refused (f, bare, "iommu", "/domain/devices/disk/driver/@iommu", NULL);
  assert_refused (f, debug, "snp-debug-off", "/domain/launchSecurity/policy", "debugging");
}

static void
test_stages (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "definition", "prepare", "start" };

  ask (f, "staged");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    HostdStage stage = HOSTD_STAGE_DEFINITION;
    g_autoptr (HostdVerify) result = NULL;

    g_assert_true (hostd_stage_from_name (names[i], &stage));
    g_assert_cmpint (stage, ==, i);
    g_assert_cmpstr (hostd_stage_name (stage), ==, names[i]);
    result = verify (f, f->good, stage, FALSE);
    g_assert_cmpint (
        has_reason (hostd_verify_get_reasons (result), "at-definition", "/domain", NULL), ==,
        i == 0);
    g_assert_cmpint (has_reason (hostd_verify_get_reasons (result), "at-prepare", NULL, NULL), ==,
                     i != 0);
  }
  {
    HostdStage stage = HOSTD_STAGE_PREPARE;

    g_assert_false (hostd_stage_from_name ("started", &stage));
    g_assert_false (hostd_stage_from_name ("", &stage));
    g_assert_cmpint (stage, ==, HOSTD_STAGE_PREPARE);
  }
}

/* How a reason names its node, too few nodes, and an evaluation that cannot be ended. */
static void
test_words (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *xml = NULL;

  ask (f, "needy");
  assert_refused (f, f->good, "few", "/domain/devices/disk", "0 of at least 2 boot: two of them");
  assert_refused (f, f->good, "names", "/domain/os/loader", "no @x as wanted: an x");
  for (guint i = 0; i < 3000; i++)
    g_string_append (many, "<a/>");
  g_string_append (many, "</domain>");
  xml = changed (f->good, "</domain>", many->str);
  assert_refused (f, xml, "breaks", "/domain", "too many steps");
}

static void
test_missing_facts (Fixture *f, gconstpointer data)
{
  g_autofree char *named = changed (f->good, "<loader stateless='yes'/>",
                                    "<loader stateless='yes'>/srv/own.fd</loader>");
  g_autofree char *foreign = changed (f->good, "<policy>", "<cbitpos>47</cbitpos><policy>");
  g_autoptr (HostdVerify) known = NULL, unknown = NULL;

  assert_refused (f, named, "firmware-feature", "/domain/os/loader", "amd-sev-snp");
  f->facts->firmware_known = FALSE;
  unknown = verify (f, named, HOSTD_STAGE_DEFINITION, FALSE);
  g_assert_cmpint (hostd_verify_get_verdict (unknown), ==, HOSTD_VERDICT_ALLOW);
  g_assert_true (has_reason (hostd_verify_get_notes (unknown), "firmware-feature", NULL,
                             "not checked: the host's firmware is not known"));
  g_assert_true (has_reason (hostd_verify_get_notes (unknown), "cbitpos", NULL, "not checked"));

  f->facts->cbit_known = TRUE;
  f->facts->cbitpos = 51;
  assert_refused (f, foreign, "cbitpos", "/domain/launchSecurity/cbitpos", NULL);
  f->facts->cbitpos = 47;
  known = verify (f, foreign, HOSTD_STAGE_DEFINITION, FALSE);
  g_assert_cmpint (hostd_verify_get_verdict (known), ==, HOSTD_VERDICT_ALLOW);
  g_assert_false (has_reason (hostd_verify_get_notes (known), "cbitpos", NULL, NULL));
}

/* ---- beside the assertions ---- */

static void
test_metadata (Fixture *f, gconstpointer data)
{
  g_autofree char *other = changed (f->good, "policy='snp'", "policy='any'");
  g_autofree char *technology = changed (f->good, "technology='sev-snp'", "technology='tdx'");
  g_autofree char *none = changed (f->good, "policy='snp'", "");

  assert_refused (f, other, "metadata", NULL, "made for policy 'any', not 'snp'");
  assert_refused (f, technology, "metadata", NULL, "made for technology 'tdx', not 'sev-snp'");
  assert_refused (f, none, "metadata", NULL, "made for policy '', not 'snp'");
}

static void
test_data (Fixture *f, gconstpointer data)
{
  static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  static const char ones[] = "//////////////////////////////////////////8=";
  g_autofree char *with =
      g_strdup_printf ("<policy>0x30000</policy><hostData>%s</hostData>", zeros);
  g_autofree char *xml = changed (f->good, "<policy>0x30000</policy>", with);
  g_autofree char *flag = changed (f->good, "type='sev-snp'", "type='sev-snp' vcek='no'");

  assert_verdict (f, xml, HOSTD_VERDICT_ALLOW);
  g_assert_true (hostd_request_add_data (f->request, "hostData", zeros, NULL));
  assert_verdict (f, xml, HOSTD_VERDICT_ALLOW);
  assert_refused (f, f->good, "launch-data", "/domain/launchSecurity",
                  "hostData is not the one expected: there is none");
  ask (f, "snp");
  g_assert_true (hostd_request_add_data (f->request, "hostData", ones, NULL));
  assert_refused (f, xml, "launch-data", "/domain/launchSecurity/hostData", "not the one expected");
  ask (f, "snp");
  g_assert_true (hostd_request_add_data (f->request, "vcek", "no", NULL));
  assert_verdict (f, flag, HOSTD_VERDICT_ALLOW);
  ask (f, "snp");
  g_assert_true (hostd_request_add_data (f->request, "vcek", "yes", NULL));
  assert_refused (f, flag, "launch-data", "/domain/launchSecurity/@vcek", NULL);
}

static void
test_recognised (Fixture *f, gconstpointer data)
{
  g_autofree char *plain = domain_with (NULL, NULL);
  g_autofree char *pv = domain_with ("<launchSecurity type='s390-pv'/>", NULL);
  g_autofree char *foreign = changed (f->good, "policy='snp'", "policy='any'");
  g_autoptr (HostdVerify) none = NULL;
  HostdTechnology technology;

  ask (f, "any");
  assert_verdict (f, foreign, HOSTD_VERDICT_ALLOW);
  assert_refused (f, pv, "launch-security", "/domain/launchSecurity", "that policy any accepts");
  none = verify (f, plain, HOSTD_STAGE_DEFINITION, TRUE);
  g_assert_true (has_reason (hostd_verify_get_reasons (none), "launch-security", "/domain",
                             "no launchSecurity"));
  g_assert_false (hostd_verify_get_technology (none, &technology));
}

/* ---- a first look ---- */

static void
test_glance (void)
{
  static const char xml[] =
      "<domain id='3'><uuid>0A1B2C3D-0001-4002-8003-00000000ABCD</uuid>"
      "<metadata><c:launch xmlns:c='urn:cloister:launch:1' policy='snp'/></metadata>"
      "<launchSecurity type='sev-snp' vcek='no'><hostData> AAAA </hostData>"
      "<quoteGenerationService path='/q'/></launchSecurity></domain>";
  g_autoptr (HostdGlance) glance = hostd_glance_at (xml, strlen (xml), NULL);
  g_autoptr (HostdGlance) empty = hostd_glance_at ("<domain/>", strlen ("<domain/>"), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (glance->uuid, ==, UUID);
  g_assert_cmpstr (glance->policy, ==, "snp");
  g_assert_true (glance->asks && glance->has_launch_security && glance->live);
  g_assert_cmpuint (g_hash_table_size (glance->data), ==, 4);
  g_assert_cmpstr (g_hash_table_lookup (glance->data, "hostData"), ==, "AAAA");
  g_assert_cmpstr (g_hash_table_lookup (glance->data, "vcek"), ==, "no");
  g_assert_cmpstr (g_hash_table_lookup (glance->data, "quoteGenerationService"), ==, "/q");

  g_assert_cmpstr (empty->uuid, ==, NULL);
  g_assert_cmpstr (empty->policy, ==, NULL);
  g_assert_false (empty->asks || empty->has_launch_security || empty->live);
  g_assert_cmpuint (g_hash_table_size (empty->data), ==, 0);

  g_assert_null (hostd_glance_at ("<x/>", 4, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "not-ours", test_not_ours },
    { "nova-asks", test_nova_asks },
    { "errors", test_errors },
    { "good-and-weakened", test_good_and_weakened },
    { "stages", test_stages },
    { "words", test_words },
    { "missing-facts", test_missing_facts },
    { "metadata", test_metadata },
    { "data", test_data },
    { "recognised", test_recognised },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/launch/verify/", tests[i].name, NULL);

    g_test_add (path, Fixture, NULL, setup, tests[i].test, teardown);
  }
  g_test_add_func ("/launch/verify/glance", test_glance);
  return g_test_run ();
}
