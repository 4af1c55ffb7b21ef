/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/spans.h"

#include <string.h>

/*
 * The scanner beside libxml2 on every turn that XML may take, and each change of the tree as the
 * edit that a person would have made.
 */

typedef struct {
  HostdDocument *document;
  HostdSpans *spans;
  xmlNodePtr domain;
} Text;

static void
text_clear (Text *t)
{
  hostd_spans_free (t->spans);
  hostd_document_free (t->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Text, text_clear)

static Text
scan (const char *xml)
{
  g_autoptr (GError) error = NULL;
  Text t = { 0 };

  t.document = hostd_document_parse_editable (xml, strlen (xml), &error);
  g_assert_no_error (error);
  t.spans = hostd_spans_scan (t.document, &error);
  g_assert_no_error (error);
  t.domain = xmlDocGetRootElement (t.document->xml);
  return t;
}

static void
assert_becomes (Text *t, const char *expected)
{
  g_autoptr (HostdEdits) edits = hostd_spans_collect (t->spans);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length;

  text = hostd_edits_apply (edits, t->document->text, t->document->length, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

/* "os/loader" of the domain. */
static xmlNodePtr
at (Text *t, const char *path)
{
  g_auto (GStrv) steps = g_strsplit (path, "/", -1);
  xmlNodePtr node = t->domain;

  for (guint i = 0; steps[i]; i++) {
    node = hostd_node_child (node, steps[i]);
    g_assert_nonnull (node);
  }
  return node;
}

/* ---- the scanner ---- */

static void
test_agrees (void)
{
  static const char *const texts[] = {
    "<domain/>",
    "<domain></domain >",
    "<domain type='kvm'\tid=\"1\"\n>\n</domain\n>",
    "<domain type = 'kvm'  id\n=\n\"1\" />",
    "<domain a='\"' b=\"'\" c='>' d='/>' e=\"a>b\"/>",
    "<domain a='&lt;x y=&quot;1&quot;>' b='&#10;&#x41;'/>",
    "<?xml version='1.0' encoding='utf-8'?>\n<!-- <not> an 'element -->\n<domain/>\n<!-- > -->\n",
    "<domain><!-- <a b='c> --><a/><!----><b/></domain>",
    "<domain><![CDATA[ <a> </domain> ]]><a/><![CDATA[]]></domain>",
    "<domain><?pi <a> ?><a/><?x?></domain>",
    "\xef\xbb\xbf<domain/>",
    "<domain>\r\n  <a b='c'\r\n d='e'/>\r\n</domain>\r\n",
    "<domain xmlns:q='urn:q' q:a='1' a='2'><q:a q:b='3'><a xmlns='urn:d' b='4'/></q:a></domain>",
    "<domain><a xmlns='urn:1'><a xmlns=''><a/></a></a></domain>",
    "<domain>\xc3\xa4<\xc3\xa4 \xc3\xb6='\xe2\x82\xac'/>&amp;&#60;</domain>",
    "<domain><a><a><a/></a></a><a/></domain>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_auto (Text) t = scan (texts[i]);
    g_autoptr (HostdEdits) edits = hostd_spans_collect (t.spans);

    g_assert_cmpuint (hostd_edits_count (edits), ==, 0);
  }
}

/* What the parser read is not what stands in the text: whatever the reason, no edit is made. */
static void
test_disagrees (void)
{
  static const char xml[] = "<domain type='kvm'><os><loader/></os></domain>";
  static const struct {
    const char *from, *to;
  } changes[] = {
    { "<os>", "<ox>" },           { "</os>", "</ox>" }, { "<loader/>", "<loader>" },
    { "<loader/>", "<!--ad-->" }, { "type", "typo" },   { "type='kvm'", "          " },
    { "</domain>", "         " }, { "'kvm'", "'kvm " }, { "<loader/>", "<loa></l>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (HostdDocument) document = hostd_document_parse (xml, strlen (xml), NULL);
    g_autoptr (GError) error = NULL;
    char *where = strstr (document->text, changes[i].from);

    g_assert_cmpuint (strlen (changes[i].to), <=, strlen (changes[i].from));
    memset (where, ' ', strlen (changes[i].from));
    memcpy (where, changes[i].to, strlen (changes[i].to));
    g_test_message ("%s", document->text);
    g_assert_null (hostd_spans_scan (document, &error));
    g_assert_nonnull (error);
    g_assert_nonnull (strstr (error->message, "scanner and parser disagree at byte"));
  }
}

/* ---- attributes ---- */

static void
test_attribute_set (void)
{
  g_auto (Text) t = scan ("<domain><a b=\"1\"/><c   d = '2' /><e></e></domain>");

  hostd_spans_set_attribute (t.spans, at (&t, "a"), "b", "x\"<>&'\n");
  hostd_spans_set_attribute (t.spans, at (&t, "c"), "d", "x\"<>&'\n");
  hostd_spans_set_attribute (t.spans, at (&t, "e"), "new", "1");
  assert_becomes (&t, "<domain><a b=\"x&quot;&lt;&gt;&amp;'&#10;\"/>"
                      "<c   d = 'x\"&lt;&gt;&amp;&apos;&#10;' /><e new='1'></e></domain>");
}

/* The same value in other words is the same: the author's bytes stay. */
static void
test_attribute_same (void)
{
  g_auto (Text) t = scan ("<domain a='&#x31;' b='a\tb' c='&amp;'/>");

  hostd_spans_set_attribute (t.spans, t.domain, "a", "1");
  hostd_spans_set_attribute (t.spans, t.domain, "b", "a b");
  hostd_spans_set_attribute (t.spans, t.domain, "c", "&");
  assert_becomes (&t, "<domain a='&#x31;' b='a\tb' c='&amp;'/>");
}

/* A new one takes the white space and the quotes of its neighbour, or of the nearest ancestor. */
static void
test_attribute_new (void)
{
  g_auto (Text) t = scan ("<domain type=\"kvm\">\n  <a b='1'\n     c='2'/>\n  <d/>\n</domain>");

  hostd_spans_set_attribute (t.spans, at (&t, "a"), "e", "3");
  hostd_spans_set_attribute (t.spans, at (&t, "d"), "f", "4");
  assert_becomes (&t, "<domain type=\"kvm\">\n  <a b='1'\n     c='2'\n     e='3'/>\n"
                      "  <d f=\"4\"/>\n</domain>");
}

static void
test_attribute_removed (void)
{
  g_auto (Text) t = scan ("<domain><a b='1' c='2'/><d\n  e='1'></d></domain>");

  hostd_spans_remove_attribute (t.spans, xmlHasProp (at (&t, "a"), (const xmlChar *) "b"));
  hostd_spans_remove_attribute (t.spans, xmlHasProp (at (&t, "d"), (const xmlChar *) "e"));
  assert_becomes (&t, "<domain><a c='2'/><d></d></domain>");
}

/* Two attributes of one local name are two attributes. */
static void
test_attribute_namespaces (void)
{
  g_auto (Text) t = scan ("<domain xmlns:q='urn:q'><a q:b='1' b='2'/><c q:b='3'/></domain>");

  hostd_spans_set_attribute (t.spans, at (&t, "a"), "b", "9");
  hostd_spans_set_attribute (t.spans, at (&t, "c"), "b", "9");
  assert_becomes (&t, "<domain xmlns:q='urn:q'><a q:b='1' b='9'/><c q:b='3' b='9'/></domain>");
}

/* ---- elements made ---- */

static void
test_into_empty (void)
{
  static const char *const cases[][2] = {
    { "<domain>\n  <os/>\n</domain>", "<domain>\n  <os>\n    <new/>\n  </os>\n</domain>" },
    { "<domain>\n  <os></os>\n</domain>", "<domain>\n  <os>\n    <new/>\n  </os>\n</domain>" },
    { "<domain>\n  <os>\n  </os>\n</domain>", "<domain>\n  <os>\n    <new/>\n  </os>\n</domain>" },
    { "<domain>\n\t<os a='1' />\n</domain>",
      "<domain>\n\t<os a='1' >\n\t\t<new/>\n\t</os>\n</domain>" },
    { "<domain>\r\n <os/>\r\n</domain>", "<domain>\r\n <os>\r\n  <new/>\r\n </os>\r\n</domain>" },
    { "<domain><os/></domain>", "<domain><os><new/></os></domain>" },
    { "<domain><os></os></domain>", "<domain><os><new/></os></domain>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Text) t = scan (cases[i][0]);

    hostd_spans_make (t.spans, at (&t, "os"), "new");
    assert_becomes (&t, cases[i][1]);
  }
}

static void
test_beside_others (void)
{
  static const char *const cases[][2] = {
    { "<domain>\n    <os>\n        <a/>\n    </os>\n</domain>",
      "<domain>\n    <os>\n        <a/>\n        <new/>\n    </os>\n</domain>" },
    { "<domain>\n\t<os>\n\t\t<a/>\n\t</os>\n</domain>",
      "<domain>\n\t<os>\n\t\t<a/>\n\t\t<new/>\n\t</os>\n</domain>" },
    { "<domain>\r\n  <os>\r\n    <a/>\r\n  </os>\r\n</domain>",
      "<domain>\r\n  <os>\r\n    <a/>\r\n    <new/>\r\n  </os>\r\n</domain>" },
    { "<domain>\n  <os><a/></os>\n</domain>", "<domain>\n  <os><a/><new/></os>\n</domain>" },
    { "<domain><os><a/></os></domain>", "<domain><os><a/><new/></os></domain>" },
    { "<domain>\n  <os>\n    <a/><!-- of a -->\n  </os>\n</domain>",
      "<domain>\n  <os>\n    <a/><!-- of a -->\n    <new/>\n  </os>\n</domain>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Text) t = scan (cases[i][0]);

    hostd_spans_make (t.spans, at (&t, "os"), "new");
    assert_becomes (&t, cases[i][1]);
  }
}

static void
test_nested (void)
{
  g_auto (Text) t = scan ("<domain type=\"kvm\">\n  <os/>\n</domain>");
  xmlNodePtr outer = hostd_spans_make (t.spans, t.domain, "outer"),
             inner = hostd_spans_make (t.spans, outer, "inner");

  hostd_spans_set_attribute (t.spans, inner, "a", "\"1\"");
  hostd_spans_set_text (t.spans, inner, "x < y");
  hostd_spans_make (t.spans, outer, "last");
  assert_becomes (&t, "<domain type=\"kvm\">\n  <os/>\n  <outer>\n"
                      "    <inner a=\"&quot;1&quot;\">x &lt; y</inner>\n    <last/>\n"
                      "  </outer>\n</domain>");
}

/* ---- elements removed ---- */

static void
test_removal (void)
{
  static const char *const cases[][2] = {
    { "<domain>\n  <a/>\n  <os>\n    <x/>\n  </os>\n  <b/>\n</domain>",
      "<domain>\n  <a/>\n  <b/>\n</domain>" },
    { "<domain>\r\n\t<os/>\t\r\n\t<b/>\r\n</domain>", "<domain>\t\r\n\t<b/>\r\n</domain>" },
    { "<domain><a/><os/><b/></domain>", "<domain><a/><b/></domain>" },
    { "<domain>\n  <a/><os/>\n</domain>", "<domain>\n  <a/>\n</domain>" },
    { "<domain>\n  <os/><b/>\n</domain>", "<domain>\n  <b/>\n</domain>" },
    { "<domain>\n  <os/> <!-- a remark -->\n</domain>",
      "<domain>\n   <!-- a remark -->\n</domain>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Text) t = scan (cases[i][0]);

    hostd_spans_remove (t.spans, at (&t, "os"));
    assert_becomes (&t, cases[i][1]);
  }
}

/* What is in a removed element goes with it, whatever was done to it before. */
static void
test_removal_of_changed (void)
{
  g_auto (Text) t = scan ("<domain><os a='1'><x/><y/></os><b/></domain>");

  hostd_spans_set_attribute (t.spans, at (&t, "os"), "a", "2");
  hostd_spans_make (t.spans, at (&t, "os/y"), "new");
  hostd_spans_remove (t.spans, at (&t, "os/x"));
  hostd_spans_remove (t.spans, at (&t, "os"));
  assert_becomes (&t, "<domain><b/></domain>");
}

/* Made and taken away again: nothing happened. */
static void
test_removal_of_made (void)
{
  g_auto (Text) t = scan ("<domain><os/></domain>");

  hostd_spans_remove (t.spans, hostd_spans_make (t.spans, at (&t, "os"), "new"));
  assert_becomes (&t, "<domain><os/></domain>");
}

/* ---- text ---- */

static void
test_text (void)
{
  static const char *const cases[][3] = {
    { "<domain><os>old</os></domain>", "a<b", "<domain><os>a&lt;b</os></domain>" },
    { "<domain><os a='1'/></domain>", "new", "<domain><os a='1'>new</os></domain>" },
    { "<domain><os a='1'></os></domain>", "new", "<domain><os a='1'>new</os></domain>" },
    { "<domain><os>old</os></domain>", "", "<domain><os/></domain>" },
    { "<domain><os a='1'>old<x/></os></domain>", "", "<domain><os a='1'/></domain>" },
    { "<domain><os/></domain>", "", "<domain><os/></domain>" },
    { "<domain><os></os></domain>", "", "<domain><os></os></domain>" },
    { "<domain><os>a<![CDATA[<]]><!-- b --></os></domain>", "c", "<domain><os>c</os></domain>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Text) t = scan (cases[i][0]);

    hostd_spans_set_text (t.spans, at (&t, "os"), cases[i][1]);
    assert_becomes (&t, cases[i][2]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/spans/agrees", test_agrees);
  g_test_add_func ("/launch/spans/disagrees", test_disagrees);
  g_test_add_func ("/launch/spans/attribute-set", test_attribute_set);
  g_test_add_func ("/launch/spans/attribute-same", test_attribute_same);
  g_test_add_func ("/launch/spans/attribute-new", test_attribute_new);
  g_test_add_func ("/launch/spans/attribute-removed", test_attribute_removed);
  g_test_add_func ("/launch/spans/attribute-namespaces", test_attribute_namespaces);
  g_test_add_func ("/launch/spans/into-empty", test_into_empty);
  g_test_add_func ("/launch/spans/beside-others", test_beside_others);
  g_test_add_func ("/launch/spans/nested", test_nested);
  g_test_add_func ("/launch/spans/removal", test_removal);
  g_test_add_func ("/launch/spans/removal-of-changed", test_removal_of_changed);
  g_test_add_func ("/launch/spans/removal-of-made", test_removal_of_made);
  g_test_add_func ("/launch/spans/text", test_text);
  return g_test_run ();
}
