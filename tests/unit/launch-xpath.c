/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/error.h"
#include "launch/xpath.h"

#include <string.h>

/* ---- a document and what an expression makes of it ---- */

static const char sample[] =
    "<domain type='kvm' id='7'>"
    "<memory unit='GiB'>2</memory><memory unit='yards'>2</memory><memory>4</memory>"
    "<os><type machine='q35'>hvm</type><loader/></os>"
    "<devices>"
    "<disk type='file'><target dev='vda' bus='virtio'/></disk>"
    "<disk type='file'><target dev='sda' bus='sata'/><driver iommu='on'/></disk>"
    "<disk type='file'><target dev='vdb'/></disk>"
    "<interface type='network'><model type='virtio-non-transitional'/></interface>"
    "<interface type='hostdev'><model type='virtio'/></interface>"
    "<rng model='virtio'><address type='pci' bus='0x00'/></rng>"
    "<vsock model='none'/>"
    "<channel><target type='virtio'/></channel>"
    "<x xmlns='urn:x'><disk/></x>"
    "</devices>"
    "<os xmlns='urn:x'><type/></os>"
    "</domain>";

typedef struct {
  HostdDocument *document;
  HostdXPath *xpath;
  HostdFacts *facts;
} Sample;

static void
sample_clear (Sample *s)
{
  hostd_xpath_free (s->xpath);
  hostd_document_free (s->document);
  hostd_facts_free (s->facts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, sample_clear)

static Sample
open_sample (void)
{
  Sample s = { 0 };

  s.document = hostd_document_parse (sample, strlen (sample), NULL);
  g_assert_nonnull (s.document);
  s.facts = hostd_facts_new ();
  s.xpath = hostd_xpath_new (s.document, s.facts, HOSTD_XPATH_EXACT);
  return s;
}

static gboolean
holds (Sample *s, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdExpression) test = hostd_expression_compile (text, HOSTD_EXPRESSION_TEST, &error);
  gboolean value = FALSE;

  g_assert_no_error (error);
  g_assert_true (
      hostd_xpath_test (s->xpath, xmlDocGetRootElement (s->document->xml), test, &value, &error));
  g_assert_no_error (error);
  return value;
}

/* ---- the functions, with what they are for and with rubbish ---- */

static void
test_words (void)
{
  static const char *const yes[] = {
    "bit('0x30000', 17)",
    "bit('30000', 16)",
    "bit(' 0x1 ', 0)",
    "bit('8000000000000000', 63)",
    "bits-clear('0x30000', 18, 63)",
    "bits-clear('0x0', 0, 63)",
    "bits-clear('0x5', 1, 1)",
    "hex('0x10') = 16",
    "hex('ff') = 255",
    "hex('0') = 0",
  };
  static const char *const no[] = {
    "bit('0x30000', 15)",
    "bit('', 0)",
    "bit('0x', 0)",
    "bit('zz', 0)",
    "bit('0x1', 64)",
    "bit('0x1', -1)",
    "bit('0x1', number('x'))",
    "bit('10000000000000000', 0)",
    "bit(/domain/nothing, 0)",
    "bits-clear('0x30000', 16, 16)",
    "bits-clear('', 0, 1)",
    "bits-clear('rubbish', 0, 1)",
    "bits-clear('0x0', 0, 64)",
    "bits-clear('0x0', -1, 3)",
    "bits-clear('0x0', number('x'), 3)",
    "bits-clear('0x0', 0, number('x'))",
    "hex('') >= 0",
    "hex('0x') >= 0",
    "hex('-1') >= 0",
    "hex('1 2') >= 0",
    "hex('123456789abcdef01') >= 0",
  };
  g_auto (Sample) s = open_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    if (!holds (&s, yes[i]))
      g_error ("%s does not hold", yes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (no); i++)
    if (holds (&s, no[i]))
      g_error ("%s holds", no[i]);
}

static void
test_sizes (void)
{
  static const char *const yes[] = {
    "bytes(memory[1]) = 2147483648",
    "bytes(memory[2]) = -1",
    "bytes(memory[3]) = 4096",
    "bytes(memory) = -1", /* which of them? */
    "bytes(nothing) = -1",
    "bytes(os) = -1",
    "bytes(@type) = -1",
    "base64-length('') = 0",
    "base64-length('AAAA') = 3",
    "base64-length('A A\nA=') = 2",
    "base64-length('AAA') = -1",
    "base64-length('AA=A') = -1",
    "base64-length('AA-_') = -1",
    "base64-length('====') = -1",
    "base64-length(nothing) = 0",
  };
  g_auto (Sample) s = open_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    if (!holds (&s, yes[i]))
      g_error ("%s does not hold", yes[i]);
}

static void
test_devices (void)
{
  static const char *const yes[] = {
    "count(devices/*[virtio()]) = 4",    /* two disks, a NIC, the rng */
    "count(devices/disk[virtio()]) = 2", /* vdb is one by its name alone */
    "not(devices/disk[2][virtio()])",
    "not(devices/vsock[virtio()])",
    "not(devices/interface[@type = 'hostdev'][virtio()])",
    "boolean(devices/rng[conventional-slot()])",
    "not(devices/disk[conventional-slot()])",
    "boolean(devices[missing-serial-controller()])",
    "not(os[virtio()])",
  };
  g_auto (Sample) s = open_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    if (!holds (&s, yes[i]))
      g_error ("%s does not hold", yes[i]);
}

static void
test_host (void)
{
  g_auto (Sample) s = open_sample ();
  HostdFirmware *firmware = hostd_firmware_new ();

  /* Nothing is known: nothing holds. */
  g_assert_true (holds (&s, "host('cbitpos') = -1 and host('libvirt-version') = -1"));
  g_assert_false (holds (&s, "emulator-of-host('/opt/qemu')"));
  g_assert_false (holds (&s, "firmware-has('/f.fd', 'amd-sev')"));

  s.facts->cbit_known = TRUE;
  s.facts->cbitpos = 51;
  s.facts->libvirt_version = 9000000;
  s.facts->emulators = g_strsplit ("/opt/qemu", " ", -1);
  firmware->image = g_strdup ("/f.fd");
  firmware->features = g_strsplit ("amd-sev", " ", -1);
  g_ptr_array_add (s.facts->firmware, firmware);
  g_assert_true (holds (&s, "host('cbitpos') = 51 and host('libvirt-version') = 9000000"));
  g_assert_true (holds (&s, "host('cbit') = -1"));
  g_assert_true (holds (&s, "emulator-of-host(' /opt/qemu ')"));
  g_assert_false (holds (&s, "emulator-of-host('/opt/qemu2') or emulator-of-host('')"));
  g_assert_true (holds (&s, "firmware-has('/f.fd', 'amd-sev')"));
  g_assert_false (holds (&s, "firmware-has('/f.fd', 'amd-sev-es') or firmware-has('', '')"));
}

/* ---- expressions ---- */

static void
test_compile (void)
{
  static const struct {
    HostdExpressionKind kind;
    const char *text, *part;
  } cases[] = {
    { HOSTD_EXPRESSION_NODES, "/domain/[", "not an XPath" },
    { HOSTD_EXPRESSION_NODES, "", "not an XPath" },
    { HOSTD_EXPRESSION_NODES, "1", "must give nodes" },
    { HOSTD_EXPRESSION_NODES, "true()", "must give nodes" },
    { HOSTD_EXPRESSION_TEST, "/domain", "must give true or false" },
    { HOSTD_EXPRESSION_TEST, "number(.)", "must give true or false" },
    { HOSTD_EXPRESSION_TEST, "document('x')", "no function document" },
    /* Also where no domain of today would come to it. */
    { HOSTD_EXPRESSION_NODES, "/domain/cpu[bitt(., 1)]", "no function bitt" },
    { HOSTD_EXPRESSION_NODES, "/domain/q:commandline", "no prefix q" },
    { HOSTD_EXPRESSION_NODES, "/domain/cpu[bit(., 1) = $x]", "no variables" },
    { HOSTD_EXPRESSION_TEST, "bit(.)", "too few or too many arguments" },
    { HOSTD_EXPRESSION_TEST, "position() = 1", "outside of brackets" },
  };
  static const char *const good[] = {
    "/domain/x[contains(., 'no(such')][not ( a ) and(b) or (c)]/text()/..",
    "/domain/qemu:commandline/child::qemu:arg | //nova:x[. = \"z:y(\"] | /domain/cloister:launch",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    if (hostd_expression_compile (cases[i].text, cases[i].kind, &error))
      g_error ("%s compiles", cases[i].text);
    g_test_message ("%s: %s", cases[i].text, error->message);
    g_assert_nonnull (strstr (error->message, cases[i].part));
  }
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;

    hostd_expression_free (hostd_expression_compile (good[i], HOSTD_EXPRESSION_NODES, &error));
    g_assert_no_error (error);
  }
}

/* Rules and assertions are about elements and attributes. */
static void
test_kinds_of_nodes (void)
{
  static const char *const bad[] = { "/", "/domain/memory/text()", "/domain/namespace::*",
                                     "/domain/memory[1] | /domain/memory/text()" };
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_auto (Sample) s = open_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (HostdExpression) expression =
        hostd_expression_compile (bad[i], HOSTD_EXPRESSION_NODES, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_nonnull (expression);
    g_assert_false (hostd_xpath_select (s.xpath, expression, nodes, &error));
    g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED);
  }
}

/* What selects is asked in a step limit: a policy's slip does not stop the host. */
static void
test_step_limit (void)
{
  g_autoptr (GString) xml = g_string_new ("<domain>");
  g_autoptr (HostdExpression) expression = hostd_expression_compile (
      "//*[count(//*[count(//*) > 0]) > 0]", HOSTD_EXPRESSION_NODES, NULL);
  g_autoptr (HostdDocument) document = NULL;
  g_autoptr (HostdXPath) xpath = NULL;
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2000; i++)
    g_string_append (xml, "<a/>");
  g_string_append (xml, "</domain>");
  document = hostd_document_parse (xml->str, xml->len, NULL);
  xpath = hostd_xpath_new (document, NULL, HOSTD_XPATH_EXACT);
  g_assert_false (hostd_xpath_select (xpath, expression, nodes, &error));
  g_assert_error (error, HOSTD_ERROR, HOSTD_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "too many steps"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/xpath/words", test_words);
  g_test_add_func ("/launch/xpath/sizes", test_sizes);
  g_test_add_func ("/launch/xpath/devices", test_devices);
  g_test_add_func ("/launch/xpath/host", test_host);
  g_test_add_func ("/launch/xpath/compile", test_compile);
  g_test_add_func ("/launch/xpath/kinds-of-nodes", test_kinds_of_nodes);
  g_test_add_func ("/launch/xpath/step-limit", test_step_limit);
  return g_test_run ();
}
