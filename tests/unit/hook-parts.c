/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "escape.h"
#include "ipc/wire.h"
#include "line.h"
#include "look.h"
#include "reply.h"
#include "scan.h"

#include "base/json.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define UUID "0a1b2c3d-0001-4002-8003-00000000abcd"
#define DECOY "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define U "<uuid>" UUID "</uuid>"
#define D "<uuid>" DECOY "</uuid>"

/* ---- scan ----------------------------------------------------------------- */

static void
test_scan (void)
{
  static const struct {
    const char *xml;
    HookScan scan;
  } cases[] = {
    { "<domain type='kvm' id='1'><name>a</name>" U "</domain>", HOOK_SCAN_FOUND },
    { "<?xml version='1.0'?>\n<!-- " D " -->\n<domain>\n  " U "\n</domain>\n", HOOK_SCAN_FOUND },
    { "<domain><uuid>\n " UUID "\t</uuid></domain>", HOOK_SCAN_FOUND },
    { "<domain><uuid >" UUID "</uuid ></domain>", HOOK_SCAN_FOUND },
    { "<domain><uuid>0A1B2C3D00014002800300000000ABCD</uuid></domain>", HOOK_SCAN_FOUND },
    /* What only looks like it. */
    { "<domain><!-- " D " -->" U "<!--" D "--></domain>", HOOK_SCAN_FOUND },
    { "<domain><!-- ' -->" U "<!-- > ' --></domain>", HOOK_SCAN_FOUND },
    { "<domain><title><![CDATA[</title>" D "]]></title>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><![CDATA[" D "]]>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><metadata><x:uuid xmlns:x='y'/>" D "</metadata>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><metadata><domain>" D "</domain></metadata>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><a b='<uuid>'/><a b=\"'>\"/>" U "<a b='/'>" D "</a></domain>", HOOK_SCAN_FOUND },
    { "<domain><?pi " D "?>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><uuids>" DECOY "</uuids>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><x:uuid>" DECOY "</x:uuid>" U "</domain>", HOOK_SCAN_FOUND },
    { "<domain><devices><a/><b><c/></b></devices>" U "</domain>", HOOK_SCAN_FOUND },
    /* None. */
    { "<domain/>", HOOK_SCAN_ABSENT },
    { "<domain><metadata>" D "</metadata></domain>", HOOK_SCAN_ABSENT },
    { "<domain><!--" D "--></domain>", HOOK_SCAN_ABSENT },
    /* Could be read in two ways, or not at all. */
    { "", HOOK_SCAN_UNCLEAR },
    { "  \n", HOOK_SCAN_UNCLEAR },
    { "no xml", HOOK_SCAN_UNCLEAR },
    { "<domain>" U D "</domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U U "</domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "<uuid/></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid></uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid>&#48;a1b2c3d-0001-4002-8003-00000000abcd</uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid><![CDATA[" UUID "]]></uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid>" UUID "<!-- --></uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid><!-- " DECOY " -->" UUID "</uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid>" UUID "0</uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain><uuid>0a1b2c3d-0001-4002-8003-00000000abc</uuid></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U, HOOK_SCAN_UNCLEAR },
    { "<domain>" U "</domain", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "</domain></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "</domain>x", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "</domain><domain>" D "</domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "<!-- </domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "<a b='></a></domain>", HOOK_SCAN_UNCLEAR },
    { "<domain>" U "<a <b></a></domain>", HOOK_SCAN_UNCLEAR },
    { "<network>" U "</network>", HOOK_SCAN_UNCLEAR },
    { "<domainsnapshot><domain>" U "</domain></domainsnapshot>", HOOK_SCAN_UNCLEAR },
    { "<!DOCTYPE domain [<!ENTITY e 'x'>]><domain>" U "</domain>", HOOK_SCAN_UNCLEAR },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    char uuid[HOOK_UUID_SIZE] = "untouched";

    g_test_message ("case %u", i);
    g_assert_cmpint (hook_scan_uuid (cases[i].xml, strlen (cases[i].xml), uuid), ==, cases[i].scan);
    g_assert_cmpstr (uuid, ==, cases[i].scan == HOOK_SCAN_FOUND ? UUID : "untouched");
  }
}

static void
test_scan_nul (void)
{
  static const char xml[] = "<domain>" U "</domain>\0<domain>" D "</domain>";
  char uuid[HOOK_UUID_SIZE];

  g_assert_cmpint (hook_scan_uuid (xml, sizeof xml - 1, uuid), ==, HOOK_SCAN_UNCLEAR);
}

/* Cut off anywhere it is never a whole domain, and no byte behind the end is read (ASan). */
static void
test_scan_cut (void)
{
  static const char xml[] =
      "<?xml version='1.0'?><!-- c --><domain a='b'><x><![CDATA[d]]></x>" U "<y/><?pi?></domain>";

  for (gsize length = 0; length < sizeof xml - 1; length++) {
    g_autofree char *copy = g_memdup2 (xml, MAX (length, 1)); /* NULL is not what libvirt sends */
    char uuid[HOOK_UUID_SIZE];

    g_assert_cmpint (hook_scan_uuid (copy, length, uuid), ==, HOOK_SCAN_UNCLEAR);
  }
}

/* ---- escape --------------------------------------------------------------- */

/* As the hook does it, through a buffer of @size bytes. */
static char *
escape (const char *text, gsize length, gsize size)
{
  g_autofree char *out = g_malloc (size);
  GString *all = g_string_new (NULL);
  const char *at = text;

  while (at < text + length) {
    gsize n = hook_escape (&at, text + length, out, size);

    g_assert_cmpuint (n, >, 0);
    g_assert_cmpuint (n, <=, size);
    g_string_append_len (all, out, n);
  }
  g_assert_cmpuint (all->len, ==, hook_escape_length (text, text + length));
  return g_string_free (all, FALSE);
}

static void
test_escape (void)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "", "" },
    { "<a b='c'>", "<a b='c'>" },
    { "\"\\/", "\\\"\\\\/" },
    { "\t\n\r\x01\x1f\x7f", "\\u0009\\u000a\\u000d\\u0001\\u001f\x7f" },
    { "é€𝄞", "é€𝄞" },
    { "a\xffz", "a\\ufffdz" },
    { "\xc3", "\\ufffd" },                                  /* cut off */
    { "\xc0\x80", "\\ufffd\\ufffd" },                       /* NUL in two bytes */
    { "\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd" },            /* overlong */
    { "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },            /* surrogate */
    { "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" }, /* beyond Unicode */
    { "\xe2\x82z", "\\ufffd\\ufffdz" },
  };
  g_autofree char *nul = escape ("a\0b", 3, 6);

  g_assert_cmpstr (nul, ==, "a\\ufffdb");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize size = HOOK_ESCAPE_MAX; size < 40; size++) {
      g_autofree char *out = escape (cases[i].in, strlen (cases[i].in), size);

      g_assert_cmpstr (out, ==, cases[i].out);
    }
}

/* Whatever goes in, hostd's own parser reads it, and gets UTF-8's content back. */
static void
test_escape_random (void)
{
  for (guint round = 0; round < 2000; round++) {
    gsize length = g_test_rand_int_range (0, 64);
    g_autofree char *bytes = g_malloc (length + 1);
    g_autofree char *text = NULL, *json = NULL;
    g_autoptr (JsonNode) node = NULL;
    g_autoptr (GError) error = NULL;

    for (gsize i = 0; i < length; i++)
      bytes[i] = g_test_rand_int_range (0, 4) ? g_test_rand_int_range (1, 128)
                                              : g_test_rand_int_range (128, 256);
    bytes[length] = '\0';
    text = escape (bytes, length, g_test_rand_int_range (HOOK_ESCAPE_MAX, 20));
    json = g_strdup_printf ("[\"%s\"]", text);
    node = hostd_json_parse (json, strlen (json), &error);
    g_assert_no_error (error);
    if (g_utf8_validate_len (bytes, length, NULL))
      g_assert_cmpstr (json_array_get_string_element (json_node_get_array (node), 0), ==, bytes);
  }
}

/* ---- reply ---------------------------------------------------------------- */

static void
test_reply (void)
{
#define A HOSTD_WIRE_REPLY_ALLOW
#define V HOSTD_WIRE_REPLY_VETO
  static const struct {
    const char *text;
    HookReplyKind kind;
    const char *reason;
  } cases[] = {
    { A, HOOK_REPLY_ALLOW, "" },
    { V "}}", HOOK_REPLY_VETO, "" },
    { V ",\"reason\":\"no \\\"disk\\\" \\u00e9\\ud834\\udd1e é\"}}", HOOK_REPLY_VETO,
      "no \"disk\" é𝄞 é" },
    { V ",\"reason\":\"a\\u0000b\"}}", HOOK_REPLY_VETO,
      "a\xef\xbf\xbd"
      "b" },
    { V ",\"since\":[1,-2.5e+3,true,null,{\"a\":{}}],\"reason\":\"x\",\"n\":0}}", HOOK_REPLY_VETO,
      "x" },
    { "{\"parameters\":{\"verdict\":\"allow\",\"notes\":[\"n\"]}}", HOOK_REPLY_ALLOW, "" },
    { "{\"error\":\"io.cloister.Error.Busy\",\"parameters\":{\"message\":\"m\"}}", HOOK_REPLY_ERROR,
      "io.cloister.Error.Busy" },
    { "{\"error\":\"a.b.C\"}", HOOK_REPLY_ERROR, "a.b.C" },
    { "", HOOK_REPLY_GARBLED, "" },
    { "{}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{}}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":\"maybe\"}}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":\"allowed\"}}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":true}}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":\"allow\"}", HOOK_REPLY_GARBLED, "" },
    { A "}", HOOK_REPLY_GARBLED, "" },
    { A " ", HOOK_REPLY_GARBLED, "" },
    { A A, HOOK_REPLY_GARBLED, "" },
    { " " A, HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":\"allow\",\"verdict\":\"veto\"}}", HOOK_REPLY_GARBLED, "" },
    { "{\"parameters\":{\"verdict\":\"allow\",\"verdic\\u0074\":\"veto\"}}", HOOK_REPLY_GARBLED,
      "" },
    { "{\"parameters\":{\"verdict\":\"allow\"},\"error\":\"x\"}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"a\",\"reason\":\"b\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":7}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"\n\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"\xff\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"\\x\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"\\ud834\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"reason\":\"\\udd1e\"}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"a\":01}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"a\":tru}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"a\":[1,]}}", HOOK_REPLY_GARBLED, "" },
    { V ",\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}", HOOK_REPLY_GARBLED, "" },
    { "{\"error\":7}", HOOK_REPLY_GARBLED, "" },
    { "HTTP/1.1 400 Bad Request\r\n\r\n", HOOK_REPLY_GARBLED, "" },
  };
#undef A
#undef V

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize size = MAX (strlen (cases[i].text), 1); /* g_memdup2() of nothing is NULL */
    g_autofree char *copy = g_memdup2 (cases[i].text, size);
    HookReply reply;

    g_test_message ("case %u", i);
    hook_reply_parse (&reply, copy, strlen (cases[i].text));
    g_assert_cmpint (reply.kind, ==, cases[i].kind);
    g_assert_cmpstr (reply.text, ==, cases[i].reason);
    /* Every beginning of it is garbage. */
    for (gsize length = 0; length < strlen (cases[i].text) && reply.kind != HOOK_REPLY_GARBLED;
         length++) {
      HookReply part;

      hook_reply_parse (&part, copy, length);
      g_assert_cmpint (part.kind, ==, HOOK_REPLY_GARBLED);
    }
  }
}

static void
test_reply_long (void)
{
  g_autoptr (GString) text = g_string_new (HOSTD_WIRE_REPLY_VETO ",\"reason\":\"");
  HookReply reply;

  for (guint i = 0; i < 2000; i++)
    g_string_append (text, "€");
  g_string_append (text, "\"}}");
  hook_reply_parse (&reply, text->str, text->len);
  g_assert_cmpint (reply.kind, ==, HOOK_REPLY_VETO);
  g_assert_cmpuint (strlen (reply.text), ==, (HOOK_REPLY_TEXT_SIZE - 1) / 3 * 3);
  g_assert_true (g_utf8_validate (reply.text, -1, NULL));
}

/* ---- line ----------------------------------------------------------------- */

static void
test_line (void)
{
  g_autofree char *large = g_strnfill (3 * HOOK_LINE_SIZE, 'x');
  HookLine line = { 0 };

  hook_line_add (&line, "a\nb\x1b\xff€ ");
  hook_line_add_number (&line, 0);
  hook_line_add_number (&line, 120345);
  g_assert_cmpuint (line.used, ==, strlen ("a b  € 0120345"));
  g_assert_cmpint (memcmp (line.text, "a b  € 0120345", line.used), ==, 0);
  hook_line_add (&line, large);
  g_assert_cmpuint (line.used, ==, HOOK_LINE_SIZE - 1);
}

/* ---- look ----------------------------------------------------------------- */

static HookGuest
look (const char *dir, const char *xml)
{
  HookLook it;

  hook_look_at (&it, dir, xml, strlen (xml), true);
  return hook_look_guest (&it);
}

/* What hostd takes for a request (launch/glance.c) is never ordinary, what only looks so is. */
static void
test_look_words (void)
{
  static const struct {
    const char *inside;
    HookGuest guest;
  } cases[] = {
    { "<launchSecurity type='sev'/>", HOOK_GUEST_PROTECTED },
    { "<metadata><x:launchSecurity xmlns:x='urn:x'/></metadata>", HOOK_GUEST_PROTECTED },
    { "<title>launchSecurity</title>", HOOK_GUEST_ORDINARY },
    { "<title>launchSecurity</title><launchSecurity/>", HOOK_GUEST_PROTECTED },
    { "<metadata><e name=\"hw:mem_encryption\">true</e></metadata>", HOOK_GUEST_PROTECTED },
    { "<metadata><e name=\"cc:policy\">snp</e></metadata>", HOOK_GUEST_PROTECTED },
    { "<metadata><e name=\"cc:technology\">tdx</e></metadata>", HOOK_GUEST_PROTECTED },
    { "<metadata><e name=\"cc:required\">1</e></metadata>", HOOK_GUEST_PROTECTED },
    { "<mac address='52:54:cc:cc:00:01'/><e>hw:cpu_policy</e>", HOOK_GUEST_ORDINARY },
    { "<mac address='52:54:cc:cc:00:01'/><e>cc:required</e>", HOOK_GUEST_PROTECTED },
  };
  g_autofree char *dir = g_dir_make_tmp ("hook-XXXXXX", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *xml = g_strconcat ("<domain>" U, cases[i].inside, "</domain>", NULL);

    g_test_message ("%s", xml);
    g_assert_cmpint (look (dir, xml), ==, cases[i].guest);
  }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_look (void)
{
  g_autofree char *dir = g_dir_make_tmp ("hook-XXXXXX", NULL);
  g_autofree char *missing = g_build_filename (dir, "missing", NULL);
  g_autofree char *file = g_build_filename (dir, UUID, NULL);
  g_autofree char *below = g_build_filename (file, "bindings", NULL);
  static const char plain[] = "<domain>" U "</domain>";
  HookLook it;

  g_assert_cmpint (look (dir, plain), ==, HOOK_GUEST_ORDINARY);
  g_assert_cmpint (look (missing, plain), ==, HOOK_GUEST_UNSEEN);
  g_assert_cmpint (look (missing, "<domain><launchSecurity/>" U "</domain>"), ==,
                   HOOK_GUEST_PROTECTED);
  g_assert_cmpint (look (dir, "<domain><launchSecurity/>" U "</domain>"), ==, HOOK_GUEST_PROTECTED);
  g_assert_cmpint (look (dir, "<domain><metadata><c xmlns='x:cloister'/></metadata>" U "</domain>"),
                   ==, HOOK_GUEST_PROTECTED);
  g_assert_cmpint (look (dir, "<domain/>"), ==, HOOK_GUEST_UNCLEAR);
  g_assert_cmpint (look (dir, "<domain>" U D "</domain>"), ==, HOOK_GUEST_UNCLEAR);
  hook_look_at (&it, dir, plain, strlen (plain), false);
  g_assert_cmpint (hook_look_guest (&it), ==, HOOK_GUEST_UNCLEAR);

  /* Whatever stands under the name; a link that leads nowhere too. */
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_cmpint (look (dir, plain), ==, HOOK_GUEST_PROTECTED);
  g_assert_cmpint (look (dir, "<domain>" D "</domain>"), ==, HOOK_GUEST_ORDINARY);
  g_assert_cmpint (look (below, plain), ==, HOOK_GUEST_UNSEEN);
  g_assert_cmpint (g_remove (file), ==, 0);
  g_assert_cmpint (symlink ("nowhere", file), ==, 0);
  g_assert_cmpint (look (dir, plain), ==, HOOK_GUEST_PROTECTED);
  g_assert_cmpint (g_remove (file), ==, 0);
  g_assert_cmpint (symlink (UUID, file), ==, 0);
  g_assert_cmpint (look (file, plain), ==, HOOK_GUEST_UNCLEAR); /* ELOOP: a folder that fails */
  g_assert_cmpint (g_remove (file), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hook/scan", test_scan);
  g_test_add_func ("/hook/scan-nul", test_scan_nul);
  g_test_add_func ("/hook/scan-cut", test_scan_cut);
  g_test_add_func ("/hook/escape", test_escape);
  g_test_add_func ("/hook/escape-random", test_escape_random);
  g_test_add_func ("/hook/reply", test_reply);
  g_test_add_func ("/hook/reply-long", test_reply_long);
  g_test_add_func ("/hook/line", test_line);
  g_test_add_func ("/hook/look-words", test_look_words);
  g_test_add_func ("/hook/look", test_look);
  return g_test_run ();
}
