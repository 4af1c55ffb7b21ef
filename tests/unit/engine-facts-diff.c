/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "engine/facts-diff.h"

#include <string.h>

static void
add_firmware (HostdFacts *facts, const char *descriptor, const char *feature)
{
  HostdFirmware *firmware = hostd_firmware_new ();

  firmware->descriptor = g_strdup (descriptor);
  firmware->image = g_strdup ("/image");
  firmware->features = g_new0 (char *, 2);
  firmware->features[0] = g_strdup (feature);
  g_ptr_array_add (facts->firmware, firmware);
}

static HostdFacts *
make (void)
{
  HostdFacts *facts = hostd_facts_new ();
  HostdTechnologyFacts *snp = &facts->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  snp->usability = HOSTD_USABILITY_USABLE;
  snp->capacity.total = 100;
  snp->capacity.in_use = 5;
  snp->capacity.free = 95;
  snp->capacity.pool = g_strdup ("sev-es");
  hostd_technology_facts_set_value (snp, "policy_bits", "0x%x", 7);
  hostd_technology_facts_set_value (snp, "gone", "1");
  hostd_technology_facts_add_evidence (snp, "a", "b");
  facts->kernel_release = g_strdup ("6.11.0");
  facts->qemu_version = 9002000;
  facts->firmware_known = TRUE;
  add_firmware (facts, "/one.json", "amd-sev-snp");
  add_firmware (facts, "/two.json", "amd-sev-snp");
  return facts;
}

static void
expect (HostdFacts *before, HostdFacts *after, const char *line)
{
  g_autoptr (GPtrArray) lines = hostd_facts_diff (before, after);
  g_autofree char *text = hostd_facts_diff_to_line (lines);

  g_assert_cmpstr (text, ==, line);
}

static void
test_same (void)
{
  g_autoptr (HostdFacts) before = make (), after = make ();
  HostdTechnologyFacts *snp = &after->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  expect (before, after, "");
  /* What a guest changes by starting is no change of the host. */
  snp->capacity.in_use = 6;
  snp->capacity.free = 94;
  snp->capacity.others = 1;
  hostd_technology_facts_add_evidence (snp, "a", "c");
  expect (before, after, "");
}

static void
test_verdict (void)
{
  g_autoptr (HostdFacts) before = make (), after = make ();

  hostd_technology_facts_set_broken (&after->technology[HOSTD_TECHNOLOGY_SEV_SNP],
                                     HOSTD_LAYER_KERNEL, "it is off", "turn it on");
  expect (before, after, "sev-snp is unusable (kernel: it is off), was usable");
  expect (after, before, "sev-snp is usable, was unusable (kernel: it is off)");
  hostd_technology_facts_set_broken (&before->technology[HOSTD_TECHNOLOGY_SEV_SNP],
                                     HOSTD_LAYER_QEMU, "too old", "upgrade");
  expect (before, after, "sev-snp is unusable (kernel: it is off), was unusable (qemu: too old)");
}

static void
test_rest (void)
{
  g_autoptr (HostdFacts) before = make (), after = make ();
  HostdTechnologyFacts *snp = &after->technology[HOSTD_TECHNOLOGY_SEV_SNP];

  snp->capacity.total = HOSTD_CAPACITY_UNKNOWN;
  hostd_technology_facts_set_quote (snp, HOSTD_QUOTE_BROKEN, "no VCEK", NULL);
  hostd_technology_facts_set_value (snp, "policy_bits", "0x%x", 8);
  hostd_technology_facts_set_value (snp, "new", "2");
  for (guint i = 0; i < snp->values->len; i++)
    if (g_str_equal (((HostdValue *) g_ptr_array_index (snp->values, i))->name, "gone"))
      g_ptr_array_remove_index (snp->values, i--);
  g_free (after->kernel_release);
  after->kernel_release = NULL;
  after->qemu_version = 10000002;
  after->libvirt_version = 11003000;
  after->sev_firmware.known = TRUE;
  after->sev_firmware.major = 1;
  after->sev_firmware.minor = 55;
  after->sev_firmware.build = 29;
  expect (before, after,
          "the kernel is unknown, was 6.11.0; SEV firmware is 1.55.29, was unknown; "
          "QEMU is 10.0.2, was 9.2.0; libvirt is 11.3.0, was unknown; "
          "sev-snp capacity is unknown, was 100; sev-snp quote is broken (no VCEK), was unknown; "
          "sev-snp policy_bits is 0x8, was 0x7; sev-snp new is 2, was unknown; "
          "sev-snp gone is unknown, was 1");
}

static void
test_firmware (void)
{
  g_autoptr (HostdFacts) before = make (), after = make ();

  g_ptr_array_remove_index (after->firmware, 0);
  g_ptr_array_remove_index (after->firmware, 0);
  add_firmware (after, "/two.json", "intel-tdx");
  add_firmware (after, "/three.json", "intel-tdx");
  expect (before, after,
          "firmware descriptor /two.json changed; firmware descriptor /three.json is new; "
          "firmware descriptor /one.json is gone");
  after->firmware_known = FALSE;
  expect (before, after, "firmware descriptors are unknown now");
}

/* However much changed, the line is one, and counts what is not in it. */
static void
test_long (void)
{
  g_autoptr (HostdFacts) before = make (), after = make ();
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 500; i++) {
    g_autofree char *name = g_strdup_printf ("value_%u", i);

    hostd_technology_facts_set_value (&after->technology[HOSTD_TECHNOLOGY_SGX], name, "1");
  }
  lines = hostd_facts_diff (before, after);
  text = hostd_facts_diff_to_line (lines);
  g_assert_cmpuint (lines->len, ==, 500);
  g_assert_cmpuint (strlen (text), <, 2100);
  g_assert_true (g_str_has_suffix (text, " more changes"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/facts-diff/same", test_same);
  g_test_add_func ("/facts-diff/verdict", test_verdict);
  g_test_add_func ("/facts-diff/rest", test_rest);
  g_test_add_func ("/facts-diff/firmware", test_firmware);
  g_test_add_func ("/facts-diff/long", test_long);
  return g_test_run ();
}
