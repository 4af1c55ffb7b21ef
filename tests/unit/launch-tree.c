/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that Rewrite works on, which launch/tree.c builds, beside libxml2's own: on every turn
 * that XML may take, on every domain of tests/golden as it is and with bytes of it changed; and
 * the changes that are made to it.
 */
#include "config.h"

#include "launch/document.h"

#include "launch-same-tree.h"
#include "launch/spans.h"

/* TRUE if both ways read @text; else both must say the same of it. */
static gboolean
read_both (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL, other_error = NULL;
  g_autoptr (HostdDocument) document = hostd_document_parse (text, length, &error),
                            other = hostd_document_parse_editable (text, length, &other_error);

  g_assert_true ((document == NULL) == (other == NULL));
  if (document == NULL) {
    g_assert_cmpstr (error->message, ==, other_error->message);
    g_assert_cmpint (error->code, ==, other_error->code);
    return FALSE;
  }
  if (!same_tree ((xmlNodePtr) document->xml, (xmlNodePtr) other->xml))
    g_error ("another tree: %.*s", (int) length, text);
  return TRUE;
}

static void
test_turns (void)
{
  static const char *const texts[] = {
    "<domain/>",
    "<domain></domain>",
    "<domain> </domain>",
    "<domain>\n\n</domain>\n",
    "\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n<domain a=''/>\n",
    "<!-- one --><?pi of it?><?pi?><domain/><!-- two -->\n<?last one?>",
    "<domain><!----><?pi?><!-- - --><?pi a?></domain>",
    "<domain>text<a/>text<b/> <c/>\n</domain>",
    "<domain> <a/> text <b/></domain>",
    "<domain>\r\n  <a>\r\n</a>\r<b>x\r\ny\rz</b></domain>",
    "<domain>a&amp;b&lt;c&#65;&#x42;&#10;d&quot;&apos;&gt;</domain>",
    "<domain>&amp;</domain>",
    "<domain>&#32;<a/>&#10;</domain>",
    "<domain><a> &#32; </a></domain>",
    "<domain><![CDATA[]]></domain>",
    "<domain><![CDATA[a<&]]></domain>",
    "<domain><![CDATA[a]]><![CDATA[b]]></domain>",
    "<domain>x<![CDATA[a]]>y<![CDATA[b]]><!-- -->z</domain>",
    "<domain> <![CDATA[ ]]> <a/></domain>",
    "<domain>a<!-- -->b<?pi?>c</domain>",
    "<domain a='1' b=\"2\"  c = '3'/>",
    "<domain a='&amp;' b='&lt;&gt;' c='&#65;&#38;#66;' d='&quot;\"' e=\"&apos;'\"/>",
    "<domain a='x\ny\tz  w' b='&#10;&#9;&#13;' c='\r\n'/>",
    "<domain a='&amp;amp;' b='a&amp;b&amp;' c='&#x26;lt;'/>",
    "<domain a='\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'>\xc3\xa4&#xe4;\xf0\x9f\x98\x80</domain>",
    "<domain xmlns:q='urn:q'><q:a q:b='1' b='2'/><q:c xmlns:q='urn:r' q:b='3'/></domain>",
    "<domain xmlns:q='urn:q' q:a='1' xmlns:p='urn:p' p:a='2' xmlns:s='urn:q'/>",
    "<domain><a xmlns='urn:a'><b c='1'/><d xmlns=''><e/></d></a><f/></domain>",
    "<domain><a xmlns='urn:a' xmlns:b='urn:a' b:c='1'><b:d/></a></domain>",
    "<domain xml:lang='de' xml:space='preserve'> <a/> <b xml:space='default'> <c/> </b> </domain>",
    "<domain><a xml:space='preserve'> <b/> </a> <c/> </domain>",
    "<domain xml:id='x'><a xml:id='y'/></domain>",
    "<domain\n  a = '1'\n>\n<b\t/></domain >",
  };
  static const char *const refused[] = {
    "<domain>",
    "<domain><a></domain>",
    "<domain><a></b></domain>",
    "<domain a='1' a='2'/>",
    "<domain>&nothing;</domain>",
    "<domain a='&nothing;'/>",
    "<domain q:a='1'/>",
    "<domain><q:a/></domain>",
    "<domain/><domain/>",
    "<domain>text</domain>text",
    "<domain><a xmlns:q='urn:q' xmlns:r='urn:q' q:b='1' r:b='2'/></domain>",
    "<domain><!-- -- --></domain>",
    "<domain a='<'/>",
    "<domain><a b='1'c='2'/></domain>",
    "<domain xmlns:q=''/>",
    "<domain>]]></domain>",
    "<domain><![CDATA[</domain>",
    "",
    " ",
    "<guest/>",
    "<domain xmlns='urn:x'/>",
    "<a:domain xmlns:a='urn:a'/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_test_message ("%s", texts[i]);
    g_assert_true (read_both (texts[i], strlen (texts[i])));
  }
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_test_message ("%s", refused[i]);
    g_assert_false (read_both (refused[i], strlen (refused[i])));
  }
}

/* More than a block of memory holds: of elements, of attributes, in one text, in its pieces. */
static void
test_large (void)
{
  static const char *const parts[] = {
    "<a/>",   "<a b='1' c=''>x</a>", "<a b='&amp;'/> ", "text",
    "&amp;x", "<!-- remark -->\n",   "<![CDATA[x]]>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autoptr (GString) xml = g_string_new ("<domain>");

    for (guint n = 0; n < 20000; n++)
      g_string_append (xml, parts[i]);
    g_string_append (xml, "</domain>");
    g_assert_true (read_both (xml->str, xml->len));
  }
}

static void
test_deep (void)
{
  for (guint depth = 250; depth < 262; depth++) {
    g_autoptr (GString) xml = g_string_new ("<domain>");

    for (guint n = 1; n < depth; n++)
      g_string_append (xml, "<a>");
    for (guint n = 1; n < depth; n++)
      g_string_append (xml, "</a>");
    g_string_append (xml, "</domain>");
    read_both (xml->str, xml->len);
  }
}

/* ---- the golden domains ---- */

typedef struct {
  GRand *rand;
  guint domains, read, refused;
} Run;

/* A few bytes become others that XML is made of, or go. */
static void
change (GString *text, GRand *rand)
{
  static const char signs[] = "<>/='\"& \n!-?[]:;#ax1";
  gint32 n = g_rand_int_range (rand, 1, 4);

  for (gint32 i = 0; i < n && text->len > 1; i++) {
    gsize at = (gsize) g_rand_int_range (rand, 0, (gint32) text->len);

    if (g_rand_boolean (rand))
      text->str[at] = signs[g_rand_int_range (rand, 0, sizeof signs - 1)];
    else
      g_string_erase (text, (gssize) at, 1);
  }
}

static void
compare_file (Run *run, const char *path)
{
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_test_message ("%s", path);
  read_both (text, length);
  run->domains++;
  for (guint round = 0; round < 50; round++) {
    g_autoptr (GString) changed = g_string_new_len (text, (gssize) length);
    gboolean both;

    change (changed, run->rand);
    both = read_both (changed->str, changed->len);
    run->read += both;
    run->refused += !both;
  }
}

static void
compare_folder (Run *run, const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_suffix (name, ".xml"))
      compare_file (run, path);
    else if (g_file_test (path, G_FILE_TEST_IS_DIR))
      compare_folder (run, path);
  }
  g_dir_close (dir);
}

static void
test_golden (void)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "..", "golden", NULL);
  Run run = { .rand = g_rand_new_with_seed (20261125) };

  compare_folder (&run, golden);
  g_test_message ("%u domains; changed: %u read, %u refused", run.domains, run.read, run.refused);
  g_assert_cmpuint (run.domains, >, 30);
  g_assert_cmpuint (run.read, >, 500);
  g_assert_cmpuint (run.refused, >, 500);
  g_rand_free (run.rand);
}

/* What two trees make different is noticed. */
static void
test_notices (void)
{
  static const char *const pairs[][2] = {
    { "<domain/>", "<domain a='1'/>" },
    { "<domain a='1'/>", "<domain a='2'/>" },
    { "<domain a='1' b='2'/>", "<domain b='2' a='1'/>" },
    { "<domain><a/></domain>", "<domain><b/></domain>" },
    { "<domain><a/><b/></domain>", "<domain><a><b/></a></domain>" },
    { "<domain>x</domain>", "<domain>y</domain>" },
    { "<domain>x</domain>", "<domain><![CDATA[x]]></domain>" },
    { "<domain><a xmlns='urn:x'/></domain>", "<domain><a/></domain>" },
    { "<domain><a xmlns='urn:x'/></domain>", "<domain><a xmlns='urn:y'/></domain>" },
    { "<domain><!-- x --></domain>", "<domain/>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autoptr (HostdDocument)
        a = hostd_document_parse (pairs[i][0], strlen (pairs[i][0]), NULL),
        b = hostd_document_parse_editable (pairs[i][1], strlen (pairs[i][1]), NULL);

    g_test_message ("%s %s", pairs[i][0], pairs[i][1]);
    g_assert_false (same_tree ((xmlNodePtr) a->xml, (xmlNodePtr) b->xml));
  }
}

/* ---- changes ---- */

/* After each change, the tree is that of a text which says the same. */
static void
assert_is (const HostdDocument *document, const char *xml)
{
  g_autoptr (HostdDocument) other = hostd_document_parse (xml, strlen (xml), NULL);

  g_assert_nonnull (other);
  if (!same_tree ((xmlNodePtr) other->xml, (xmlNodePtr) document->xml))
    g_error ("not as in %s", xml);
}

static void
test_changes (void)
{
  static const char xml[] = "<domain a='1'><os>text<x/>more</os></domain>";
  g_autoptr (HostdDocument) document = hostd_document_parse_editable (xml, strlen (xml), NULL);
  HostdTree *tree = document->tree;
  xmlNodePtr domain = xmlDocGetRootElement (document->xml);
  xmlNodePtr made = hostd_tree_add_element (tree, domain, "made");
  g_autoptr (HostdSpans) spans = hostd_spans_scan (document, NULL);

  assert_is (document, "<domain a='1'><os>text<x/>more</os><made/></domain>");
  g_assert_null (spans); /* what was made is nowhere in the text */
  hostd_tree_set_attribute (tree, domain, "a", "2");
  hostd_tree_set_attribute (tree, domain, "b", "");
  hostd_tree_set_attribute (tree, made, "c", "<&\"'>");
  assert_is (document, "<domain a='2' b=''><os>text<x/>more</os>"
                       "<made c='&lt;&amp;&quot;&apos;>'/></domain>");
  hostd_tree_add_text (tree, made, "a & b");
  hostd_tree_set_namespace (tree, made, "urn:x", "x");
  assert_is (document, "<domain a='2' b=''><os>text<x/>more</os>"
                       "<x:made xmlns:x='urn:x' c='&lt;&amp;&quot;&apos;>'>a &amp; b</x:made>"
                       "</domain>");
  xmlUnlinkNode ((xmlNodePtr) domain->properties);
  xmlUnlinkNode (hostd_node_child (domain, "os"));
  xmlUnlinkNode (made);
  assert_is (document, "<domain b=''></domain>");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/tree/turns", test_turns);
  g_test_add_func ("/launch/tree/large", test_large);
  g_test_add_func ("/launch/tree/deep", test_deep);
  g_test_add_func ("/launch/tree/golden", test_golden);
  g_test_add_func ("/launch/tree/notices", test_notices);
  g_test_add_func ("/launch/tree/changes", test_changes);
  return g_test_run ();
}
