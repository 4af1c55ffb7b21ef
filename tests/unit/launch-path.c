/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own evaluation of the simpler half of XPath beside libxml2's: on expressions of every form
 * and on expressions drawn by lot. They must select the same nodes in the same order, or ours must
 * know that it does not know. launch-ways.c has those of the shipped templates.
 */
#include "config.h"

#include "launch/document.h"
#include "launch/path.h"
#include "launch/xpath-functions.h"

#include <libxml/xpathInternals.h>
#include <string.h>

static const char sample[] =
    "<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
    "<memory unit='GiB'>2</memory><memory>4</memory>"
    "<os firmware='efi'><type machine='q35'> h  vm\n</type><loader/><loader>a<![CDATA[b]]>"
    "<!-- c -->d</loader></os>"
    "<devices>"
    "<disk type='file'><target dev='vda' bus='virtio'/></disk>"
    "<disk type='nvme'><target dev='sda' bus='sata'/><driver iommu='on'/><driver/></disk>"
    "<disk type='file' model=''><target dev='vdb'/></disk>"
    "<interface type='network'><model type='virtio'/><rom enabled='no'/></interface>"
    "<rng model='virtio'><address type='pci' bus='0x00'/></rng>"
    "<x xmlns='urn:x' type='a'><disk type='file'/></x>"
    "<text>not</text><or/><a and='or'>1</a><b>1</b><b>2</b><b>1</b>"
    "</devices>"
    "<os xmlns='urn:x' qemu:firmware='efi'><type/></os>"
    "<qemu:commandline><qemu:arg value='-s'/><qemu:env/></qemu:commandline>"
    "</domain>";

typedef struct {
  HostdDocument *document;
  xmlXPathContextPtr context;
  guint found;  /* expressions that selected something */
  guint tested; /* nodes of which a test held */
} Sample;

static void
sample_clear (Sample *s)
{
  xmlXPathFreeContext (s->context);
  hostd_document_free (s->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, sample_clear)

static void
be_quiet (void *data, xmlErrorPtr error)
{
}

static Sample
open_sample (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  Sample s = { 0 };

  s.document = hostd_document_parse (text, length, &error);
  g_assert_no_error (error);
  s.context = xmlXPathNewContext (s.document->xml);
  s.context->error = (xmlStructuredErrorFunc) (void (*) (void)) be_quiet;
  hostd_xpath_register_functions (s.context);
  return s;
}

/* Takes @path over, which may be NULL: then nothing is claimed. TRUE if it was understood whole. */
static gboolean
compare (Sample *s, const char *text, HostdPath *path)
{
  xmlNodePtr domain = xmlDocGetRootElement (s->document->xml);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  xmlXPathObjectPtr result;
  gboolean whole = path && hostd_path_is_whole (path);
  guint count;

  s->context->node = domain;
  result = xmlXPathEval ((const xmlChar *) text, s->context);
  if (result == NULL || result->type != XPATH_NODESET)
    g_error ("libxml2 takes no nodes from %s", text);
  count = result->nodesetval ? (guint) result->nodesetval->nodeNr : 0;
  s->found += count > 0;
  if (path && count && !hostd_path_may_select (path, domain))
    g_error ("%s selects %u, ours says none", text, count);
  if (whole) {
    hostd_path_select (path, domain, nodes);
    xmlXPathNodeSetSort (result->nodesetval);
    if (nodes->len != count)
      g_error ("%s selects %u, ours %u", text, count, nodes->len);
    for (guint i = 0; i < count; i++)
      if (g_ptr_array_index (nodes, i) != result->nodesetval->nodeTab[i])
        g_error ("%s selects other nodes than ours", text);
    if (hostd_path_may_select (path, domain) != (count > 0))
      g_error ("%s selects %u, and may it?", text, count);
  }
  xmlXPathFreeObject (result);
  hostd_path_free (path);
  return whole;
}

/* Of each node that @at selects: does @test hold? TRUE if ours understands it. */
static gboolean
compare_test (Sample *s, const char *at, const char *test)
{
  g_autoptr (HostdCondition) condition = hostd_condition_parse (test);
  xmlXPathObjectPtr nodes, result;

  if (condition == NULL)
    return FALSE;
  s->context->node = xmlDocGetRootElement (s->document->xml);
  nodes = xmlXPathEval ((const xmlChar *) at, s->context);
  for (int i = 0; nodes->nodesetval && i < nodes->nodesetval->nodeNr; i++) {
    s->context->node = nodes->nodesetval->nodeTab[i];
    result = xmlXPathEval ((const xmlChar *) test, s->context);
    if (result == NULL || result->type != XPATH_BOOLEAN)
      g_error ("libxml2 takes neither true nor false from %s", test);
    s->tested += result->boolval != 0;
    if (hostd_condition_holds (condition, s->context->node) != (result->boolval != 0))
      g_error ("%s of %s is %d, ours says otherwise", test, at, result->boolval);
    xmlXPathFreeObject (result);
  }
  xmlXPathFreeObject (nodes);
  return TRUE;
}

/* ---- expressions of every form ---- */

static void
test_whole (void)
{
  static const char *const texts[] = {
    "/domain",
    "/domain/os",
    "/domain/os/type/@machine",
    "/domain/@type",
    "/domain/@*",
    "/domain/*",
    "/domain/os/@*",
    "/domain/os/*[2]",
    "/domain/nothing/at/all",
    "/domain[@id]/devices",
    "/domain[2]",
    "/domain/os | /domain/memory | /domain/os",
    "/domain/devices/*/@type | /domain/@type | /domain/devices/disk",
    "/domain/memory[position() > 1]",
    "/domain/memory[2]",
    "/domain/memory[@unit][1]",
    "/domain/memory[1][@unit = 'x']",
    "/domain/devices/disk[target/@bus = 'sata']/driver[2]",
    "/domain/devices/disk[driver[1]/@iommu = 'on' and not(driver[3])]",
    "/domain/devices/disk[target[@bus = 'sata' or @dev = \"vda\"]]/@type",
    "/domain/devices/disk[@model = '']",
    "/domain/devices/disk[@model != 'x']",
    "/domain/devices/disk[not(@model != 'x')]",
    "/domain/devices[b = '2']",
    "/domain/devices[b != '1']",
    "/domain/devices[not(b = '3')]",
    "/domain/devices/*[. = '1']",
    "/domain/devices/*[self::b or self::a][. = '1']",
    "/domain/os/loader[. = 'abd']",
    "/domain/os/loader[. = '']",
    "/domain/os/type[normalize-space(.) = 'h vm']",
    "/domain/os[normalize-space(loader) != '']",
    "/domain[normalize-space(nothing) = '']",
    "/domain/os[starts-with(@firmware, 'e')]",
    "/domain/os[starts-with(nothing, '')]",
    "/domain/*[local-name() = 'os'][namespace-uri() != '']",
    "/domain/devices/*[namespace-uri() = 'urn:x']",
    "/domain/qemu:commandline/qemu:arg/@value",
    "/domain/qemu:commandline/*",
    "/domain/devices/*[virtio()]",
    "/domain/devices/*[not(virtio()) and not(conventional-slot())]",
    "/domain/devices[missing-serial-controller()]",
    "/domain/devices/or[true()] | /domain/devices/a[@and = 'or'] | /domain/devices/text",
    "/domain/devices/*[false() or (@type and (@model or target))]",
    "/domain/devices/disk[ @type='nvme'or@type = 'x' ]",
  };
  g_auto (Sample) s = open_sample (sample, strlen (sample));

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!compare (&s, texts[i], hostd_path_new (texts[i])))
      g_error ("%s is not understood", texts[i]);
}

/* What is beyond ours: known as that, and the part before it is made use of. */
static void
test_not_whole (void)
{
  static const char *const texts[] = {
    "/domain/devices/disk[contains('/]|[', ']')]",
    "/domain/devices/disk[count(driver) = 2]/driver",
    "/domain/devices/disk[last()]",
    "/domain/devices/disk[position() = 2]",
    "/domain/devices/disk[not(position() > 1)]",
    "/domain/devices/disk[1 + 1]",
    "/domain/devices/disk[10]",
    "/domain/devices/disk[/domain/os]",
    "/domain/devices/disk[../b]",
    "/domain/devices/disk[.//target]",
    "/domain/devices/disk[target | driver]",
    "/domain/devices/disk['virtio' = target/@bus]",
    "/domain/devices/disk[self::node()]",
    "/domain/devices/disk[self::qemu:arg]",
    "/domain/devices/b[. > 1]",
    "/domain/devices/b[. = 1]",
    "/domain/devices/b[number(.) = 1]",
    "/domain/devices//target",
    "/domain//disk",
    "/domain/descendant::disk",
    "/domain/child::os",
    "/domain/os/node()/@machine",
    "/domain/os/..",
    "/domain/os/./type",
    "/domain/os /type",
    "/domain/memory/text()",
    "/domain/devices/text()",
    "/domain/os/@qemu:firmware",
  };
  static const char *const nothing[] = { "//os", "/*/os", "(/domain/os | /domain/memory)[2]",
                                         "/domain/os | //os", "/child::domain" };
  g_auto (Sample) s = open_sample (sample, strlen (sample));

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *absent = g_strconcat ("/domain/absent", texts[i] + strlen ("/domain"), NULL);
    g_autoptr (HostdPath) path = hostd_path_new (absent);

    if (compare (&s, texts[i], hostd_path_new (texts[i])))
      g_error ("%s is understood", texts[i]);
    g_assert_nonnull (path);
    g_assert_false (hostd_path_may_select (path, xmlDocGetRootElement (s.document->xml)));
  }
  for (guint i = 0; i < G_N_ELEMENTS (nothing); i++) {
    compare (&s, nothing[i], hostd_path_new (nothing[i]));
    g_assert_null (hostd_path_new (nothing[i]));
  }
  g_assert_null (hostd_path_new ("/domains/os"));
}

/* A template of brackets alone ends neither the stack nor the time. */
static void
test_depth (void)
{
  g_autoptr (GString) text = g_string_new ("/domain/os[");
  g_autoptr (HostdPath) path = NULL;

  for (guint i = 0; i < 500000; i++)
    g_string_append_c (text, '(');
  path = hostd_path_new (text->str);
  g_assert_true (path == NULL || !hostd_path_is_whole (path));
}

/* ---- by lot ---- */

static void add_condition (GString *out, GRand *rand, guint depth);

static const char *
one_of (GRand *rand, const char *const *words, guint n)
{
  return words[g_rand_int_range (rand, 0, (int) n)];
}

#define ONE_OF(rand, ...)                                                                          \
  one_of (rand, (const char *const[]){ __VA_ARGS__ },                                              \
          G_N_ELEMENTS (((const char *const[]){ __VA_ARGS__ })))

static void
add_steps (GString *out, GRand *rand, guint depth)
{
  for (guint steps = (guint) g_rand_int_range (rand, 1, 4);; steps--) {
    g_string_append (out, ONE_OF (rand, "os", "devices", "disk", "target", "driver", "b", "memory",
                                  "*", "qemu:commandline", "x", "loader", "type"));
    for (guint n = (guint) g_rand_int_range (rand, 0, 5); n > 2 && depth < 3; n--) {
      g_string_append_c (out, '[');
      if (g_rand_int_range (rand, 0, 4) == 0)
        g_string_append (out, ONE_OF (rand, "1", "2", "position() > 1"));
      else
        add_condition (out, rand, depth + 1);
      g_string_append_c (out, ']');
    }
    if (steps == 1)
      break;
    g_string_append_c (out, '/');
  }
  if (g_rand_int_range (rand, 0, 3) == 0)
    g_string_append_printf (
        out, "/@%s", ONE_OF (rand, "type", "bus", "dev", "iommu", "*", "model", "firmware", "id"));
}

static void
add_operand (GString *out, GRand *rand, guint depth)
{
  switch (g_rand_int_range (rand, 0, 4)) {
  case 0:
    g_string_append_c (out, '.');
    break;
  case 1:
    g_string_append_printf (out, "@%s", ONE_OF (rand, "type", "bus", "dev", "model", "*"));
    break;
  default:
    add_steps (out, rand, depth + 1);
  }
}

#define TEXTS "'virtio'", "'file'", "'1'", "'2'", "''", "\"sata\"", "'h vm'", "'on'", "'v'"

static void
add_condition (GString *out, GRand *rand, guint depth)
{
  int lot = g_rand_int_range (rand, 0, depth < 4 ? 13 : 7);

  if (lot < 2) {
    add_operand (out, rand, depth);
  } else if (lot < 5) {
    add_operand (out, rand, depth);
    g_string_append_printf (out, "%s%s", ONE_OF (rand, " = ", "!=", "="), ONE_OF (rand, TEXTS));
  } else if (lot == 5) {
    g_string_append (out, ONE_OF (rand, "virtio()", "self::disk", "true()", "local-name() = 'os'",
                                  "namespace-uri() != ''", "count(*) = 2", "conventional-slot()",
                                  "self::b", "starts-with(@type, 'f')", "string(.) = '1'"));
  } else if (lot == 6) {
    gboolean starts = g_rand_boolean (rand);

    g_string_append (out, starts ? "starts-with(" : "normalize-space(");
    add_operand (out, rand, depth);
    g_string_append_printf (out, starts ? ", %s)" : ") = %s", ONE_OF (rand, TEXTS));
  } else if (lot < 9) {
    g_string_append (out, "not(");
    add_condition (out, rand, depth + 1);
    g_string_append_c (out, ')');
  } else {
    g_string_append (out, lot == 9 ? "(" : "");
    add_condition (out, rand, depth + 1);
    g_string_append (out, lot % 2 ? " or " : " and ");
    add_condition (out, rand, depth + 1);
    g_string_append (out, lot == 9 ? ")" : "");
  }
}

static void
test_by_lot (void)
{
  g_auto (Sample) s = open_sample (sample, strlen (sample));
  GRand *rand = g_rand_new_with_seed (20261126);
  guint whole = 0, tests = 0;

  for (guint i = 0; i < 20000; i++) {
    g_autoptr (GString) text = g_string_new ("/domain/");
    g_autoptr (GString) test = g_string_new (NULL);

    add_steps (text, rand, 0);
    if (g_rand_int_range (rand, 0, 4) == 0) {
      g_string_append (text, " | /domain/");
      add_steps (text, rand, 0);
    }
    whole += compare (&s, text->str, hostd_path_new (text->str));
    add_condition (test, rand, 2);
    /* As a template's author would have to: a test is true or false by itself. */
    g_string_prepend (test, "boolean(");
    g_string_append_c (test, ')');
    tests += compare_test (&s, text->str, test->str);
  }
  g_test_message ("%u whole, %u tests; %u select something, %u nodes pass", whole, tests, s.found,
                  s.tested);
  g_assert_cmpuint (whole, >, 10000);
  g_assert_cmpuint (tests, >, 10000);
  g_assert_cmpuint (s.found, >, 1500);
  g_assert_cmpuint (s.tested, >, 1000);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/launch/path/whole", test_whole);
  g_test_add_func ("/launch/path/not-whole", test_not_whole);
  g_test_add_func ("/launch/path/depth", test_depth);
  g_test_add_func ("/launch/path/by-lot", test_by_lot);
  return g_test_run ();
}
