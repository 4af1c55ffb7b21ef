/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of whole recorded machines: what each technology's verdict and capacity must be. */
#include "config.h"

#include "engine/capabilities-json.h"
#include "engine/host-facts.h"

#include "base/json.h"

#include "host-copy.h"

static HostdFacts *
read_host (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, name, NULL);
  g_autoptr (GError) error = NULL;
  HostdFacts *facts = hostd_host_facts_read (folder, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (facts->source, ==, folder);
  return facts;
}

static void
assert_usable (const HostdFacts *facts, HostdTechnology technology, gint64 total, gint64 in_use,
               const char *pool)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];

  g_assert_cmpstr (t->cause, ==, NULL);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_USABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_NONE);
  g_assert_cmpint (t->capacity.total, ==, total);
  g_assert_cmpint (t->capacity.in_use, ==, in_use);
  g_assert_cmpstr (t->capacity.pool, ==, pool);
  g_assert_cmpuint (t->evidence->len, >, 3);
}

static void
assert_not_applicable (const HostdFacts *facts, HostdTechnology technology)
{
  const HostdTechnologyFacts *t = &facts->technology[technology];

  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_NOT_APPLICABLE);
  g_assert_nonnull (t->cause);
  g_assert_cmpint (t->capacity.total, ==, HOSTD_CAPACITY_UNKNOWN);
}

static const HostdFirmware *
find_firmware (const HostdFacts *facts, const char *feature)
{
  for (guint i = 0; i < facts->firmware->len; i++) {
    const HostdFirmware *firmware = g_ptr_array_index (facts->firmware, i);

    if (hostd_firmware_has_feature (firmware, feature))
      return firmware;
  }
  return NULL;
}

static void
test_milan (void)
{
  g_autoptr (HostdFacts) facts = read_host ("milan-snp");
  const HostdFirmware *firmware = find_firmware (facts, "amd-sev-snp");

  assert_usable (facts, HOSTD_TECHNOLOGY_SEV, 382, 0, "sev");
  assert_usable (facts, HOSTD_TECHNOLOGY_SEV_ES, 127, 0, "sev-es");
  assert_usable (facts, HOSTD_TECHNOLOGY_SEV_SNP, 127, 0, "sev-es");
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_TDX);
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_SGX);
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_CCA);
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_PEF);
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_S390_PV);
  g_assert_true (facts->cbit_known);
  g_assert_cmpuint (facts->cbitpos, ==, 51);
  g_assert_cmpuint (facts->reduced_phys_bits, ==, 1);
  g_assert_cmpuint (facts->libvirt_version, ==, 10010000);
  g_assert_cmpuint (facts->qemu_version, ==, 9002000);
  g_assert_cmpstr (facts->emulators[0], ==, "/usr/bin/qemu-system-x86_64");
  g_assert_true (facts->firmware_known);
  g_assert_cmpuint (facts->firmware->len, ==, 3);
  g_assert_nonnull (firmware);
  g_assert_cmpstr (firmware->image, ==, "/usr/share/ovmf/OVMF.amdsev.fd");
  g_assert_false (firmware->flash);
  g_assert_true (firmware->uefi);
  g_assert_cmpstr (firmware->machines[0], ==, "pc-q35-*");
}

static void
test_spr (void)
{
  g_autoptr (HostdFacts) facts = read_host ("spr-tdx");

  assert_usable (facts, HOSTD_TECHNOLOGY_TDX, 63, 0, "tdx");
  assert_usable (facts, HOSTD_TECHNOLOGY_SGX, 2116022272, -1, "sgx-epc");
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_SEV);
  assert_not_applicable (facts, HOSTD_TECHNOLOGY_SEV_SNP);
  g_assert_false (facts->cbit_known);
  g_assert_cmpuint (facts->libvirt_version, ==, 11010000);
  g_assert_nonnull (find_firmware (facts, "intel-tdx"));
}

static const HostdTechnologyFacts *
read_edited (const char *base, const char *path, const char *text, HostdTechnology technology,
             HostdFacts **ret_facts)
{
  char *folder = host_copy_new (base);
  g_autoptr (GError) error = NULL;

  host_copy_edit (folder, path, text, -1);
  *ret_facts = hostd_host_facts_read (folder, &error);
  g_assert_no_error (error);
  host_copy_free (folder);
  return &(*ret_facts)->technology[technology];
}

static gboolean
has_evidence (const HostdTechnologyFacts *t, HostdLayer layer, const char *words)
{
  for (guint i = 0; i < t->evidence->len; i++) {
    const HostdEvidence *evidence = g_ptr_array_index (t->evidence, i);

    if (evidence->layer == layer && strstr (evidence->value, words))
      return TRUE;
  }
  return FALSE;
}

/*
 * libvirt before 11.10 lists the type "tdx" wherever QEMU knows it: that neither mends what is
 * broken below nor decides what is not known.
 */
static void
test_sectype_tdx (void)
{
  g_autoptr (HostdFacts) icx = read_host ("icx-sgx-two-nodes"), unknown = NULL, no_list = NULL;
  static const char types[] = "<domainCapabilities><features><launchSecurity supported='yes'>"
                              "<enum name='sectype'><value>tdx</value></enum></launchSecurity>"
                              "</features></domainCapabilities>";
  static const char none[] = "<domainCapabilities><features/></domainCapabilities>";
  const HostdTechnologyFacts *t = &icx->technology[HOSTD_TECHNOLOGY_TDX];

  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_HARDWARE);
  g_assert_true (has_evidence (t, HOSTD_LAYER_LIBVIRT, "asks QEMU alone"));

  t = read_edited ("spr-tdx-parameter-N", "libvirt/domcapabilities.xml", types,
                   HOSTD_TECHNOLOGY_TDX, &unknown);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_KERNEL);
  g_clear_pointer (&unknown, hostd_facts_free);

  t = read_edited ("icx-sgx-two-nodes", "cpuid", NULL, HOSTD_TECHNOLOGY_TDX, &unknown);
  g_assert_cmpint (t->usability, !=, HOSTD_USABILITY_USABLE);

  /* A host that has it, under a libvirt that does not know it. */
  t = read_edited ("spr-tdx", "libvirt/domcapabilities.xml", none, HOSTD_TECHNOLOGY_TDX, &no_list);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_LIBVIRT);
  g_assert_cmpint (t->capacity.total, ==, 0);
}

/* Domain capabilities of IBM Z, Arm and POWER: their own element, or no type at all. */
static void
test_other_machines (void)
{
  g_autoptr (HostdFacts) z = read_host ("s390-pv"), no_z = NULL, arm = read_host ("arm-rmi"),
                         power = read_host ("power9-ultravisor");
  static const char none[] = "<domainCapabilities><features><s390-pv supported='no'/></features>"
                             "</domainCapabilities>";
  const HostdTechnologyFacts *t;

  assert_usable (z, HOSTD_TECHNOLOGY_S390_PV, 8388607, -1, "s390-pv");
  t = read_edited ("s390-pv", "libvirt/domcapabilities.xml", none, HOSTD_TECHNOLOGY_S390_PV, &no_z);
  g_assert_cmpint (t->usability, ==, HOSTD_USABILITY_UNUSABLE);
  g_assert_cmpint (t->layer, ==, HOSTD_LAYER_LIBVIRT);
  g_assert_true (has_evidence (&arm->technology[HOSTD_TECHNOLOGY_CCA], HOSTD_LAYER_LIBVIRT,
                               "types of launch security: none"));
  g_assert_true (has_evidence (&power->technology[HOSTD_TECHNOLOGY_PEF], HOSTD_LAYER_LIBVIRT,
                               "types of launch security: none"));
  g_assert_cmpint (power->technology[HOSTD_TECHNOLOGY_PEF].capacity.total, ==,
                   HOSTD_CAPACITY_UNKNOWN);
}

static void
test_json (void)
{
  g_autoptr (HostdFacts) facts = read_host ("milan-snp");
  g_autoptr (JsonNode) node = hostd_facts_to_json (facts);
  g_autofree char *text = hostd_json_to_string (node, TRUE);
  g_autoptr (JsonObject) root = hostd_json_parse_object (text, strlen (text), NULL);
  JsonObject *technologies = hostd_json_get_object (root, "technologies"), *snp, *tdx, *capacity;
  gint64 value = 0;

  g_assert_cmpint (json_object_get_size (technologies), ==, HOSTD_N_TECHNOLOGIES);
  snp = hostd_json_get_object (technologies, "sev-snp");
  g_assert_cmpstr (hostd_json_get_string (snp, "verdict"), ==, "usable");
  g_assert_true (json_object_get_null_member (snp, "layer"));
  g_assert_true (json_object_get_null_member (snp, "cause"));
  g_assert_cmpuint (json_array_get_length (hostd_json_get_array (snp, "evidence")), >, 3);
  capacity = hostd_json_get_object (snp, "capacity");
  g_assert_true (hostd_json_get_int (capacity, "free", &value));
  g_assert_cmpint (value, ==, 127);
  tdx = hostd_json_get_object (technologies, "tdx");
  g_assert_cmpstr (hostd_json_get_string (tdx, "verdict"), ==, "not-applicable");
  g_assert_true (json_object_get_null_member (hostd_json_get_object (tdx, "capacity"), "total"));
  g_assert_cmpstr (hostd_json_get_string (hostd_json_get_object (root, "host"), "libvirt"), ==,
                   "10.10.0");
  g_assert_cmpuint (json_array_get_length (hostd_json_get_array (root, "firmware")), ==, 3);
}

/* Whatever this machine is: it answers, names a verdict for all, and says why where it must. */
static void
test_live (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HostdFacts) facts = hostd_host_facts_read (NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (facts->source, ==, "live");
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    if (facts->technology[i].usability != HOSTD_USABILITY_USABLE)
      g_assert_nonnull (facts->technology[i].cause);
}

static void
test_no_recording (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (hostd_host_facts_read ("/nonexistent/host", &error));
  g_assert_nonnull (strstr (error->message, "/nonexistent/host"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-facts/milan-snp", test_milan);
  g_test_add_func ("/host-facts/spr-tdx", test_spr);
  g_test_add_func ("/host-facts/sectype-tdx", test_sectype_tdx);
  g_test_add_func ("/host-facts/other-machines", test_other_machines);
  g_test_add_func ("/host-facts/json", test_json);
  g_test_add_func ("/host-facts/live", test_live);
  g_test_add_func ("/host-facts/no-recording", test_no_recording);
  return g_test_run ();
}
