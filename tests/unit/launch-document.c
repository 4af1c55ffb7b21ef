/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch/document.h"

#include <string.h>

static void
refused (const char *xml, gsize length, HostdError code, const char *part)
{
  g_autoptr (GError) error = NULL;
  HostdDocument *document = hostd_document_parse (xml, length, &error);

  g_assert_null (document);
  g_assert_error (error, HOSTD_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_refusals (void)
{
  static const struct {
    const char *xml, *part;
  } cases[] = {
    { "", "not well-formed" },
    { "   ", "not well-formed" },
    { "<domain>", "not well-formed" },
    { "<domain>\n\n<a></b>\n</domain>", "line 3" },
    { "<domain a='1' a='2'/>", "not well-formed" },
    { "<domain/><domain/>", "not well-formed" },
    { "<domain><q:x/></domain>", "not well-formed" },
    { "<domain>&undefined;</domain>", "not well-formed" },
    { "<domains/>", "<domains>, expected <domain>" },
    { "<domain xmlns='urn:x'/>", "in no namespace" },
    { "<x:domain xmlns:x='urn:x'/>", "in no namespace" },
    { "<!DOCTYPE domain><domain/>", "DOCTYPE" },
    { "\xef\xbb\xbf <!-- > -->\n<?a?>\n<!DOCTYPE domain []><domain/>", "DOCTYPE" },
    { "<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a 'b'>]><domain>&a;</domain>", "DOCTYPE" },
    { "<?xml version='1.0' encoding='ISO-8859-1'?><domain/>", "another encoding" },
    { "<?xml version='1.0' encoding = \"UTF-16\" ?><domain/>", "another encoding" },
    { "<domain>\xff</domain>", "not valid UTF-8" },
    { "<domain>\xc0\xaf</domain>", "not valid UTF-8" },
    { "<domain>\xed\xa0\x80</domain>", "not valid UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    refused (cases[i].xml, strlen (cases[i].xml), HOSTD_ERROR_INVALID, cases[i].part);
}

static void
test_bytes (void)
{
  static const char nul[] = "<domain>\0</domain>", utf16[] = "\xff\xfe<\0d\0", le[] = "<\0d\0",
                    be[] = "\0<\0d";

  refused (nul, sizeof nul - 1, HOSTD_ERROR_INVALID, "NUL");
  refused (utf16, sizeof utf16 - 1, HOSTD_ERROR_INVALID, "UTF-16");
  refused (le, sizeof le - 1, HOSTD_ERROR_INVALID, "UTF-16");
  refused (be, sizeof be - 1, HOSTD_ERROR_INVALID, "UTF-16");
}

/* A domain of @bytes bytes. */
static char *
padded (gsize bytes)
{
  GString *xml = g_string_new ("<domain>");

  while (xml->len < bytes - strlen ("</domain>"))
    g_string_append_c (xml, ' ');
  g_string_append (xml, "</domain>");
  return g_string_free (xml, FALSE);
}

static char *
nested (guint levels)
{
  GString *xml = g_string_new ("<domain>");

  for (guint i = 1; i < levels; i++)
    g_string_append (xml, "<a>");
  for (guint i = 1; i < levels; i++)
    g_string_append (xml, "</a>");
  g_string_append (xml, "</domain>");
  return g_string_free (xml, FALSE);
}

static void
test_limits (void)
{
  g_autofree char *most = padded (HOSTD_DOMAIN_MAX_BYTES);
  g_autofree char *over = padded (HOSTD_DOMAIN_MAX_BYTES + 1);
  g_autofree char *deep = nested (200), *deeper = nested (1000);
  g_autoptr (HostdDocument) a = hostd_document_parse (most, strlen (most), NULL);
  g_autoptr (HostdDocument) b = hostd_document_parse (deep, strlen (deep), NULL);

  g_assert_nonnull (a);
  g_assert_nonnull (b);
  refused (over, strlen (over), HOSTD_ERROR_TOO_LARGE, "4 MiB");
  refused (deeper, strlen (deeper), HOSTD_ERROR_TOO_LARGE, "256 levels");
}

/* Only @length bytes are read, and a copy of them is kept. */
static void
test_copy (void)
{
  char text[] = "<domain/>garbage";
  g_autoptr (HostdDocument) document = hostd_document_parse (text, strlen ("<domain/>"), NULL);

  g_assert_nonnull (document);
  memset (text, 'x', sizeof text);
  g_assert_cmpstr (document->text, ==, "<domain/>");
  g_assert_cmpuint (document->length, ==, strlen ("<domain/>"));
}

static void
test_uuid (void)
{
  static const char *const cases[][2] = {
    { "<uuid>0A1B2C3D-0001-4002-8003-00000000ABCD</uuid>", "0a1b2c3d-0001-4002-8003-00000000abcd" },
    { "<uuid>\n 0a1b2c3d0001400280030000-0000abcd </uuid>",
      "0a1b2c3d-0001-4002-8003-00000000abcd" },
    { "", NULL },
    { "<uuid/>", NULL },
    { "<uuid>0a1b2c3d-0001-4002-8003-00000000abc</uuid>", NULL },
    { "<uuid>0a1b2c3d-0001-4002-8003-00000000abcde</uuid>", NULL },
    { "<uuid>0a1b2c3d-0001-4002-8003-00000000abcg</uuid>", NULL },
    { "<uuid>../../../../../../../etc/cloister/hostd.conf</uuid>", NULL },
    { "<uuid xmlns='urn:x'>0a1b2c3d-0001-4002-8003-00000000abcd</uuid>", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *xml = g_strdup_printf ("<domain>%s</domain>", cases[i][0]);
    g_autoptr (HostdDocument) document = hostd_document_parse (xml, strlen (xml), NULL);
    g_autofree char *uuid = hostd_document_uuid (xmlDocGetRootElement (document->xml));

    g_assert_cmpstr (uuid, ==, cases[i][1]);
  }
}

/* Paths name one node of the text, in words that its reader has at hand. */
static void
test_paths (void)
{
  static const char xml[] = "<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/"
                            "1.0'><devices><disk/><disk a='1'><x xmlns='urn:x'/></disk></devices>"
                            "<q:commandline/></domain>";
  g_autoptr (HostdDocument) document = hostd_document_parse (xml, strlen (xml), NULL);
  xmlNodePtr domain = xmlDocGetRootElement (document->xml);
  xmlNodePtr devices = hostd_node_child (domain, "devices"), second = devices->last;
  const struct {
    xmlNodePtr node;
    const char *path;
  } cases[] = {
    { domain, "/domain" },
    { (xmlNodePtr) domain->properties, "/domain/@type" },
    { devices, "/domain/devices" },
    { devices->children, "/domain/devices/disk[1]" },
    { second, "/domain/devices/disk[2]" },
    { (xmlNodePtr) second->properties, "/domain/devices/disk[2]/@a" },
    { second->children, "/domain/devices/disk[2]/*[1]" },
    { domain->last, "/domain/q:commandline" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = hostd_node_path (cases[i].node);

    g_assert_cmpstr (path, ==, cases[i].path);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/document/refusals", test_refusals);
  g_test_add_func ("/launch/document/bytes", test_bytes);
  g_test_add_func ("/launch/document/limits", test_limits);
  g_test_add_func ("/launch/document/copy", test_copy);
  g_test_add_func ("/launch/document/uuid", test_uuid);
  g_test_add_func ("/launch/document/paths", test_paths);
  return g_test_run ();
}
