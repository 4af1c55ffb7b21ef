/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launch/xpath-functions.h"

#include "base/parse.h"
#include "launch/xpath.h"

#include <libxml/xpathInternals.h>
#include <string.h>

static gboolean
has_arity (xmlXPathParserContextPtr p, int nargs, int want)
{
  if (nargs == want)
    return TRUE;
  xmlXPathSetArityError (p);
  return FALSE;
}

static char *
pop_text (xmlXPathParserContextPtr p)
{
  xmlChar *s = xmlXPathPopString (p);
  char *text = g_strstrip (g_strdup (s ? (const char *) s : ""));

  xmlFree (s);
  return text;
}

static void
push_boolean (xmlXPathParserContextPtr p, gboolean value)
{
  valuePush (p, xmlXPathNewBoolean (value));
}

static void
push_number (xmlXPathParserContextPtr p, double value)
{
  valuePush (p, xmlXPathNewFloat (value));
}

static gboolean
is_bit_number (double n)
{
  return n >= 0 && n < 64;
}

static void
fn_bit (xmlXPathParserContextPtr p, int nargs)
{
  g_autofree char *text = NULL;
  double n;
  guint64 word;

  if (!has_arity (p, nargs, 2))
    return;
  n = xmlXPathPopNumber (p);
  text = pop_text (p);
  push_boolean (p, is_bit_number (n) && hostd_parse_hex (text, &word) && (word >> (guint) n & 1));
}

static void
fn_bits_clear (xmlXPathParserContextPtr p, int nargs)
{
  g_autofree char *text = NULL;
  double from, to;
  guint64 word;
  gboolean clear;

  if (!has_arity (p, nargs, 3))
    return;
  to = xmlXPathPopNumber (p);
  from = xmlXPathPopNumber (p);
  text = pop_text (p);
  clear = is_bit_number (from) && is_bit_number (to) && hostd_parse_hex (text, &word);
  for (guint i = clear ? (guint) from : 64; clear && i <= (guint) to; i++)
    clear = !(word >> i & 1);
  push_boolean (p, clear);
}

static void
fn_hex (xmlXPathParserContextPtr p, int nargs)
{
  g_autofree char *text = NULL;
  guint64 word;

  if (!has_arity (p, nargs, 1))
    return;
  text = pop_text (p);
  push_number (p, hostd_parse_hex (text, &word) ? (double) word : -1);
}

static void
fn_bytes (xmlXPathParserContextPtr p, int nargs)
{
  g_autofree char *text = NULL;
  xmlNodeSetPtr set;
  guint64 bytes = 0;
  gboolean known = FALSE;

  if (!has_arity (p, nargs, 1))
    return;
  set = xmlXPathPopNodeSet (p);
  if (set && set->nodeNr == 1 && set->nodeTab[0]->type == XML_ELEMENT_NODE) {
    xmlChar *unit = xmlGetNoNsProp (set->nodeTab[0], (const xmlChar *) "unit");

    text = hostd_node_text (set->nodeTab[0]);
    known = hostd_parse_memory (text, (const char *) unit, &bytes);
    xmlFree (unit);
  }
  xmlXPathFreeNodeSet (set);
  push_number (p, known ? (double) bytes : -1);
}

static void
fn_base64_length (xmlXPathParserContextPtr p, int nargs)
{
  g_autofree char *text = NULL;
  g_autofree guint8 *data = NULL;
  gsize length = 0;

  if (!has_arity (p, nargs, 1))
    return;
  text = pop_text (p);
  data = hostd_parse_base64 (text, &length);
  push_number (p, data ? (double) length : -1);
}

/* ---- devices ---- */

static gboolean
attribute_is (xmlNodePtr node, const char *name, const char *prefix, gboolean whole)
{
  const char *value = hostd_node_attribute (node, name);

  return value && (whole ? strcmp (value, prefix) == 0 : g_str_has_prefix (value, prefix));
}

/*
 * A disk without a bus has the one that its device's name stands for (libvirt, docs/formatdomain,
 * target): vda becomes virtio.
 */
static gboolean
is_virtio_disk (xmlNodePtr n)
{
  xmlNodePtr target = hostd_node_child (n, "target");

  if (hostd_node_attribute (target, "bus"))
    return attribute_is (target, "bus", "virtio", TRUE);
  return attribute_is (target, "dev", "vd", FALSE) && !attribute_is (n, "device", "floppy", TRUE);
}

static gboolean
is_virtio_interface (xmlNodePtr n)
{
  return !attribute_is (n, "type", "hostdev", TRUE) &&
         attribute_is (hostd_node_child (n, "model"), "type", "virtio", FALSE);
}

static gboolean
is_virtio_controller (xmlNodePtr n)
{
  return attribute_is (n, "type", "virtio-serial", TRUE) ||
         (attribute_is (n, "type", "scsi", TRUE) && attribute_is (n, "model", "virtio", FALSE));
}

static gboolean
is_virtio_model (xmlNodePtr n)
{
  return attribute_is (n, "model", "virtio", FALSE);
}

static gboolean
is_virtio_vsock (xmlNodePtr n)
{
  return !attribute_is (n, "model", "none", TRUE);
}

static gboolean
is_virtio_video (xmlNodePtr n)
{
  return attribute_is (hostd_node_child (n, "model"), "type", "virtio", TRUE);
}

/* A device of the host's that is passed through is a virtio one unless it says otherwise. */
static gboolean
is_virtio_input (xmlNodePtr n)
{
  return attribute_is (n, "bus", "virtio", TRUE) ||
         (hostd_node_attribute (n, "bus") == NULL && attribute_is (n, "type", "passthrough", TRUE));
}

static gboolean
is_virtio_always (xmlNodePtr n)
{
  return TRUE;
}

/*
 * libvirt, docs/formatdomain: which devices take the virtio options. A host that may not read guest
 * memory needs them all to go through the guest's own DMA API.
 */
static gboolean
is_virtio (xmlNodePtr n)
{
  static const struct {
    const char *name;
    HostdNodeTest test;
  } devices[] = {
    { "disk", is_virtio_disk },         { "interface", is_virtio_interface },
    { "rng", is_virtio_model },         { "controller", is_virtio_controller },
    { "memballoon", is_virtio_model },  { "crypto", is_virtio_model },
    { "sound", is_virtio_model },       { "vsock", is_virtio_vsock },
    { "video", is_virtio_video },       { "input", is_virtio_input },
    { "filesystem", is_virtio_always },
  };

  if (n == NULL || n->type != XML_ELEMENT_NODE || n->ns)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if (hostd_name_is (n->name, devices[i].name))
      return devices[i].test (n);
  return FALSE;
}

static void
fn_virtio (xmlXPathParserContextPtr p, int nargs)
{
  if (has_arity (p, nargs, 0))
    push_boolean (p, is_virtio (p->context->node));
}

static gboolean
number_of (xmlNodePtr node, const char *name, gboolean hex, guint64 *ret)
{
  const char *text = hostd_node_attribute (node, name);

  if (text == NULL)
    return FALSE;
  hex = hex && (g_str_has_prefix (text, "0x") || g_str_has_prefix (text, "0X"));
  return hex ? hostd_parse_hex (text, ret) : hostd_parse_decimal (text, G_MAXUINT32, ret);
}

/*
 * A virtio device there is transitional (legacy and modern in one), and with iommu_platform QEMU
 * does not start: "supported by neither legacy nor transitional device". virtio-gpu and
 * virtio-input have no legacy form.
 */
static gboolean
is_on_conventional_slot (xmlNodePtr n)
{
  xmlNodePtr address = hostd_node_child (n, "address");
  guint64 bus, index;

  if (!is_virtio (n))
    return FALSE;
  if (hostd_name_is (n->name, "video") || hostd_name_is (n->name, "input"))
    return FALSE;
  if (attribute_is (n, "model", "virtio-non-transitional", TRUE) ||
      attribute_is (hostd_node_child (n, "model"), "type", "virtio-non-transitional", TRUE))
    return FALSE;
  if (!attribute_is (address, "type", "pci", TRUE) || !number_of (address, "bus", TRUE, &bus))
    return FALSE;
  if (bus == 0)
    return TRUE;
  for (xmlNodePtr c = n->parent->children; c; c = c->next) {
    if (c->type != XML_ELEMENT_NODE || !hostd_name_is (c->name, "controller") ||
        !attribute_is (c, "type", "pci", TRUE) || !number_of (c, "index", FALSE, &index) ||
        index != bus)
      continue;
    return attribute_is (c, "model", "pci-bridge", TRUE) ||
           attribute_is (c, "model", "dmi-to-pci-bridge", TRUE) ||
           attribute_is (c, "model", "pcie-to-pci-bridge", TRUE);
  }
  return FALSE;
}

static void
fn_conventional_slot (xmlXPathParserContextPtr p, int nargs)
{
  if (has_arity (p, nargs, 0))
    push_boolean (p, is_on_conventional_slot (p->context->node));
}

#define MAX_SERIAL_CONTROLLERS 32

int
hostd_virtio_serial_wanted (xmlNodePtr devices)
{
  int wanted = -1;

  for (xmlNodePtr n = devices ? devices->children : NULL; n; n = n->next) {
    xmlNodePtr address;
    guint64 index = 0;

    if (n->type != XML_ELEMENT_NODE ||
        !(hostd_name_is (n->name, "channel") || hostd_name_is (n->name, "console")))
      continue;
    if (!attribute_is (hostd_node_child (n, "target"), "type", "virtio", TRUE))
      continue;
    address = hostd_node_child (n, "address");
    if (attribute_is (address, "type", "virtio-serial", TRUE))
      number_of (address, "controller", FALSE, &index);
    wanted = MAX (wanted, (int) MIN (index, MAX_SERIAL_CONTROLLERS));
  }
  return wanted;
}

gboolean
hostd_virtio_serial_present (xmlNodePtr devices, int index)
{
  int implied = 0;

  for (xmlNodePtr n = devices ? devices->children : NULL; n; n = n->next) {
    guint64 found;

    if (n->type != XML_ELEMENT_NODE || !hostd_name_is (n->name, "controller") ||
        !attribute_is (n, "type", "virtio-serial", TRUE))
      continue;
    if (!number_of (n, "index", FALSE, &found))
      found = implied;
    if ((int) found == index)
      return TRUE;
    implied++;
  }
  return FALSE;
}

static gboolean
is_missing_serial_controller (xmlNodePtr devices)
{
  int wanted = hostd_virtio_serial_wanted (devices);
  gboolean missing = FALSE;

  for (int i = 0; i <= wanted; i++)
    missing |= !hostd_virtio_serial_present (devices, i);
  return missing;
}

static void
fn_missing_serial_controller (xmlXPathParserContextPtr p, int nargs)
{
  if (has_arity (p, nargs, 0))
    push_boolean (p, is_missing_serial_controller (p->context->node));
}

HostdNodeTest
hostd_xpath_node_test (const char *name)
{
  static const struct {
    const char *name;
    HostdNodeTest test;
  } tests[] = {
    { "virtio", is_virtio },
    { "conventional-slot", is_on_conventional_slot },
    { "missing-serial-controller", is_missing_serial_controller },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    if (strcmp (name, tests[i].name) == 0)
      return tests[i].test;
  return NULL;
}

/* ---- the host ---- */

static void
fn_firmware_has (xmlXPathParserContextPtr p, int nargs)
{
  const HostdFacts *facts = p->context->userData;
  g_autofree char *feature = NULL, *path = NULL;
  gboolean has = FALSE;

  if (!has_arity (p, nargs, 2))
    return;
  feature = pop_text (p);
  path = pop_text (p);
  for (guint i = 0; facts && i < facts->firmware->len; i++) {
    const HostdFirmware *f = g_ptr_array_index (facts->firmware, i);

    has |= g_strcmp0 (f->image, path) == 0 && hostd_firmware_has_feature (f, feature);
  }
  push_boolean (p, has);
}

static void
fn_emulator_of_host (xmlXPathParserContextPtr p, int nargs)
{
  const HostdFacts *facts = p->context->userData;
  g_autofree char *path = NULL;

  if (!has_arity (p, nargs, 1))
    return;
  path = pop_text (p);
  push_boolean (p, facts && facts->emulators &&
                       g_strv_contains ((const char *const *) facts->emulators, path));
}

static void
fn_host (xmlXPathParserContextPtr p, int nargs)
{
  const HostdFacts *facts = p->context->userData;
  g_autofree char *name = NULL;
  double value = -1;

  if (!has_arity (p, nargs, 1))
    return;
  name = pop_text (p);
  if (facts && strcmp (name, "cbitpos") == 0 && facts->cbit_known)
    value = facts->cbitpos;
  else if (facts && strcmp (name, "libvirt-version") == 0 && facts->libvirt_version)
    value = facts->libvirt_version;
  push_number (p, value);
}

static const struct {
  const char *prefix, *ns;
} namespaces[] = {
  { "qemu", HOSTD_NS_QEMU },
  { "nova", HOSTD_NS_NOVA },
  { "cloister", HOSTD_NS_CLOISTER },
};

const char *
hostd_xpath_namespace (const char *prefix, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    if (strlen (namespaces[i].prefix) == length &&
        memcmp (namespaces[i].prefix, prefix, length) == 0)
      return namespaces[i].ns;
  return NULL;
}

void
hostd_xpath_register_functions (xmlXPathContextPtr context)
{
  static const struct {
    const char *name;
    xmlXPathFunction function;
  } functions[] = {
    { "bit", fn_bit },
    { "bits-clear", fn_bits_clear },
    { "hex", fn_hex },
    { "bytes", fn_bytes },
    { "base64-length", fn_base64_length },
    { "virtio", fn_virtio },
    { "conventional-slot", fn_conventional_slot },
    { "missing-serial-controller", fn_missing_serial_controller },
    { "firmware-has", fn_firmware_has },
    { "emulator-of-host", fn_emulator_of_host },
    { "host", fn_host },
  };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    xmlXPathRegisterFunc (context, (const xmlChar *) functions[i].name, functions[i].function);
  for (guint i = 0; i < G_N_ELEMENTS (namespaces); i++)
    xmlXPathRegisterNs (context, (const xmlChar *) namespaces[i].prefix,
                        (const xmlChar *) namespaces[i].ns);
}
