/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HOSTD_XPATH_QUICK, by which Rewrite works, beside HOSTD_XPATH_EXACT, by which Verify judges:
 * every expression of the shipped templates, on every domain of tests/golden as it is and changed
 * at random. One different node, order or answer fails.
 */
#include "config.h"

#include "launch-fixture.h"
#include "launch/document.h"
#include "launch/path.h"
#include "launch/xpath.h"

#include <libxml/parser.h>

/* ---- what is compared ---- */

typedef struct {
  char *text;
  HostdExpression *at, *test; /* test: of an assertion, or NULL */
} Pair;

static void
pair_free (Pair *pair)
{
  g_free (pair->text);
  hostd_expression_free (pair->at);
  hostd_expression_free (pair->test);
  g_free (pair);
}

static HostdExpression *
compile (const char *text, HostdExpressionKind kind)
{
  g_autoptr (GError) error = NULL;
  HostdExpression *expression = hostd_expression_compile (text, kind, &error);

  g_assert_no_error (error);
  return expression;
}

static Pair *
pair_new (const char *at, const char *test)
{
  Pair *pair = g_new0 (Pair, 1);

  pair->text = g_strdup_printf ("%s: %s", at, test ? test : "");
  pair->at = compile (at, HOSTD_EXPRESSION_NODES);
  pair->test = test ? compile (test, HOSTD_EXPRESSION_TEST) : NULL;
  return pair;
}

typedef struct {
  HostdDocument *document;
  HostdXPath *exact, *quick;
  guint found, passed; /* nodes selected; of them, those whose test held */
} Sample;

static void
sample_clear (Sample *s)
{
  hostd_xpath_free (s->exact);
  hostd_xpath_free (s->quick);
  hostd_document_free (s->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, sample_clear)

static Sample
open_sample (const char *text, const HostdFacts *facts)
{
  g_autoptr (GError) error = NULL;
  Sample s = { 0 };

  s.document = hostd_document_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  s.exact = hostd_xpath_new (s.document, facts, HOSTD_XPATH_EXACT);
  s.quick = hostd_xpath_new (s.document, facts, HOSTD_XPATH_QUICK);
  return s;
}

static gboolean
select_alike (Sample *s, const HostdExpression *exact, const HostdExpression *quick,
              GPtrArray *nodes)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  gboolean alike;

  g_assert_true (hostd_xpath_select (s->exact, exact, nodes, &error));
  g_assert_true (hostd_xpath_select (s->quick, quick, others, &error));
  alike = nodes->len == others->len;
  for (guint i = 0; alike && i < nodes->len; i++)
    alike = g_ptr_array_index (nodes, i) == g_ptr_array_index (others, i);
  s->found += nodes->len;
  return alike;
}

static gboolean
test_alike (Sample *s, xmlNodePtr node, const HostdExpression *exact, const HostdExpression *quick)
{
  g_autoptr (GError) error = NULL;
  gboolean a = FALSE, b = FALSE;

  g_assert_true (hostd_xpath_test (s->exact, node, exact, &a, &error));
  g_assert_true (hostd_xpath_test (s->quick, node, quick, &b, &error));
  s->passed += a;
  return a == b;
}

static void
compare_all (Sample *s, const GPtrArray *pairs, const char *name)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

  for (guint i = 0; i < pairs->len; i++) {
    const Pair *p = g_ptr_array_index (pairs, i);

    if (!select_alike (s, p->at, p->at, nodes))
      g_error ("%s: %s selects otherwise", name, p->text);
    for (guint n = 0; p->test && n < nodes->len; n++)
      if (!test_alike (s, g_ptr_array_index (nodes, n), p->test, p->test))
        g_error ("%s: %s says otherwise", name, p->text);
  }
}

/* ---- the shipped templates and the golden domains ---- */

static void
add_files (GPtrArray *paths, const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir))) {
    char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_suffix (name, ".xml")) {
      g_ptr_array_add (paths, path);
      continue;
    }
    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      add_files (paths, path);
    g_free (path);
  }
  g_dir_close (dir);
}

/* The *.xml in a folder and those in it. */
static GPtrArray *
list_files (const char *folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  add_files (paths, folder);
  return paths;
}

static void
add_pairs (GPtrArray *pairs, xmlNodePtr root, guint *whole)
{
  static const char *const names[] = { "select", "in", "on", "at", "match" };
  xmlNodePtr n = root;

  for (gboolean first = TRUE; n; n = first ? root->children : n->next, first = FALSE) {
    for (guint i = 0; n->type == XML_ELEMENT_NODE && i < G_N_ELEMENTS (names); i++) {
      xmlChar *at = xmlGetNoNsProp (n, (const xmlChar *) names[i]);
      xmlChar *test = xmlGetNoNsProp (n, (const xmlChar *) "test");
      gboolean match = strcmp (names[i], "match") == 0; /* a technology's: a test of the domain */

      if (at) {
        const char *path = match ? "/domain" : (const char *) at;
        g_autoptr (HostdPath) ours = hostd_path_new (path);

        g_ptr_array_add (pairs, pair_new (path, (const char *) (match ? at : test)));
        *whole += ours && hostd_path_is_whole (ours);
      }
      xmlFree (at);
      xmlFree (test);
    }
  }
}

static GPtrArray *
shipped_pairs (void)
{
  static const char *const folders[] = { "rulesets", "technologies", "policies" };
  g_autofree char *shipped = shipped_templates ();
  GPtrArray *pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) pair_free);
  guint whole = 0;

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *folder = g_build_filename (shipped, folders[i], NULL);
    g_autoptr (GPtrArray) paths = list_files (folder);

    for (guint f = 0; f < paths->len; f++) {
      xmlDocPtr xml = xmlReadFile (g_ptr_array_index (paths, f), NULL, XML_PARSE_NONET);

      g_assert_nonnull (xml);
      add_pairs (pairs, xmlDocGetRootElement (xml), &whole);
      xmlFreeDoc (xml);
    }
  }
  g_test_message ("%u expressions, %u of them understood whole", pairs->len, whole);
  g_assert_cmpuint (pairs->len, >, 100);
  g_assert_cmpuint (whole, >, pairs->len * 8 / 10); /* else there is little to compare */
  return pairs;
}

/* Attributes and elements go, come twice, say something else, or are of another namespace. */
static void
change (xmlNodePtr node, GRand *rand)
{
  static const char *const values[] = { "",    "virtio", "ide", "on",  "no",
                                        "off", "yes",    "q35", "kvm", "host-model" };
  xmlNodePtr next;

  for (xmlNodePtr n = node->children; n; n = next) {
    int lot = g_rand_int_range (rand, 0, 40);

    next = n->next;
    if (n->type != XML_ELEMENT_NODE)
      continue;
    if (lot == 0) {
      xmlUnlinkNode (n);
      xmlFreeNode (n);
      continue;
    }
    if (lot == 1)
      xmlAddNextSibling (n, xmlCopyNode (n, 1));
    if (lot < 6 && n->properties)
      xmlSetProp (n, n->properties->name,
                  (const xmlChar *) values[g_rand_int_range (rand, 0, G_N_ELEMENTS (values))]);
    if (lot == 6 && n->properties)
      xmlRemoveProp (n->properties);
    if (lot == 7 && n->ns == NULL)
      xmlSetNs (n, xmlNewNs (n, (const xmlChar *) "urn:x", NULL));
    change (n, rand);
  }
}

typedef struct {
  GPtrArray *pairs;
  HostdFacts *facts;
  GRand *rand;
  guint domains, found, passed;
} Run;

static void
compare_file (Run *run, const char *path)
{
  g_autofree char *text = NULL;
  Sample s;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  s = open_sample (text, run->facts);
  for (guint round = 0; round < 5; round++) {
    compare_all (&s, run->pairs, path);
    change (xmlDocGetRootElement (s.document->xml), run->rand);
  }
  run->domains++;
  run->found += s.found;
  run->passed += s.passed;
  sample_clear (&s);
}

static void
test_shipped (void)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "..", "golden", NULL);
  g_autoptr (GPtrArray) paths = list_files (golden);
  Run run = { .pairs = shipped_pairs (),
              .facts = able_host (),
              .rand = g_rand_new_with_seed (20261125) };

  for (guint i = 0; i < paths->len; i++)
    compare_file (&run, g_ptr_array_index (paths, i));
  g_test_message ("%u domains: %u nodes selected, %u tests hold", run.domains, run.found,
                  run.passed);
  g_assert_cmpuint (run.domains, >, 30);
  g_assert_cmpuint (run.found, >, run.domains * 100);
  g_assert_cmpuint (run.passed, >, run.domains * 50);
  g_ptr_array_unref (run.pairs);
  hostd_facts_free (run.facts);
  g_rand_free (run.rand);
}

/* What two expressions make different is noticed. */
static void
test_notices (void)
{
  static const char xml[] = "<domain><os><a/><b/></os></domain>";
  g_autoptr (HostdExpression) a = compile ("/domain/os/a", HOSTD_EXPRESSION_NODES),
                              b = compile ("/domain/os/b", HOSTD_EXPRESSION_NODES),
                              both = compile ("/domain/os/*", HOSTD_EXPRESSION_NODES),
                              has_a = compile ("boolean(os/a)", HOSTD_EXPRESSION_TEST),
                              has_c = compile ("boolean(os/c)", HOSTD_EXPRESSION_TEST);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_auto (Sample) s = open_sample (xml, NULL);
  xmlNodePtr domain = xmlDocGetRootElement (s.document->xml);

  g_assert_true (select_alike (&s, both, both, nodes));
  g_assert_false (select_alike (&s, a, b, nodes));
  g_assert_false (select_alike (&s, both, a, nodes));
  g_assert_false (select_alike (&s, b, both, nodes));
  g_assert_true (test_alike (&s, domain, has_a, has_a));
  g_assert_false (test_alike (&s, domain, has_a, has_c));
  g_assert_false (test_alike (&s, domain, has_c, has_a));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/ways/shipped", test_shipped);
  g_test_add_func ("/launch/ways/notices", test_notices);
  return g_test_run ();
}
