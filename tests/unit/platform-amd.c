/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's three technologies beyond their verdicts (platform-verdicts.c): the false answers that
 * other tools give, what KVM and the kernel log say, values, quotes.
 */
#include "config.h"

#include "platform/capacity.h"

#include "amd-fixture.h"

/* ---- false answers that other tools give ---- */

/* node-feature-discovery takes the first line that begins with "sev": here SEV-ES's number. */
static void
test_nfd_prefix (void)
{
  g_autoptr (HostdFacts) facts = PROBE (MILAN, "cpuid", "-", "sys/fs/cgroup/misc.capacity",
                                        "sev_es 99\n", "sys/fs/cgroup/misc.current", "sev_es 7\n");
  guint64 value = 0;

  g_assert_false (hostd_misc_parse_row ("sev_es 99\nsev_esx 3\n", "sev", &value));
  g_assert_true (hostd_misc_parse_row ("sev_es 99\nsev 3\n", "sev", &value));
  g_assert_cmpuint (value, ==, 3);
  assert_capacity (facts, SEV, "sev", HOSTD_CAPACITY_UNKNOWN, 0, 0);
  assert_capacity (facts, ES, "sev-es", 99, 7, 0);
}

/* enarx-archive/sevctl#84: "reduction: 47" of ebx 16f, which is C-bit 47, reduction 5. */
static void
test_sevctl_reduction (void)
{
  g_autoptr (HostdFacts) facts = PROBE ("rome", "dmesg", "");

  for (guint i = 0; i < 2; i++) {
    assert_value (facts, family[i], "cbitpos", "47");
    assert_value (facts, family[i], "host_reduced_phys_bits", "5");
    assert_value (facts, family[i], "reduced_phys_bits", "1");
  }
  g_assert_cmpuint (facts->cbitpos, ==, 47);
}

/* virtee/snphost#125: boot loader 4, FMC 219 and zeros, of a Milan. */
static void
test_snphost_milan_as_turin (void)
{
  g_autoptr (HostdFacts) milan = PROBE (MILAN, "dmesg", "");
  g_autoptr (HostdFacts) turin = PROBE ("turin-hiding", "dmesg", "");
  g_autoptr (HostdFacts) unknown =
      PROBE (MILAN, "cpuid", "8000001f 0: 0101fd3f 00004173 000001fd 00000080\n", "proc/cpuinfo",
             "vendor_id : AuthenticAMD\n");

  assert_value (milan, SNP, "generation", "Milan");
  assert_value (milan, SNP, "tcb_current", "bootloader 4, tee 0, snp 24, microcode 219");
  assert_value (milan, SNP, "tcb_reported_raw", "0xdb18000000000004");
  assert_value (turin, SNP, "generation", "Turin");
  assert_value (turin, SNP, "tcb_reported", "fmc 1, bootloader 1, tee 1, snp 4, microcode 78");
  assert_value (turin, SNP, "tcb_current_raw", "0x4e00000004010101");
  assert_value (unknown, SNP, "generation", NULL);
  assert_value (unknown, SNP, "tcb_current", NULL);
  assert_value (unknown, SNP, "tcb_current_raw", "0xdb18000000000004");
}

/* virtee/snphost#108: "RMP uninitialised" where the byte is 3, since bit 1 means something else. */
static void
test_snphost_rmp (void)
{
  g_autoptr (HostdFacts) both = PROBE (MILAN, "dmesg", "");
  g_autoptr (HostdFacts) neither = PROBE (
      MILAN, "ioctl", PS_GOOD SS "01 37 01 02 1d000000 00000000 00000000" TCB_MILAN TCB_MILAN "\n");

  assert_verdict (both, SNP, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_verdict (neither, SNP, UNUSABLE, HOSTD_LAYER_FIRMWARE, "RMP table is not initialised");
}

/* sevctl#186: a list of failures, or PASS, inside a guest. */
static void
test_sevctl_on_a_guest (void)
{
  g_autoptr (HostdFacts) facts = PROBE ("plain-vm", "dmesg", "");

  g_assert_true (facts->guest);
  for (guint i = 0; i < HOSTD_N_TECHNOLOGIES; i++)
    g_assert_cmpint (facts->technology[i].usability, ==, HOSTD_USABILITY_NOT_APPLICABLE);
  assert_verdict (facts, SNP, HOSTD_USABILITY_NOT_APPLICABLE, HOSTD_LAYER_NONE, "guest");
}

/* sevctl says PASS for SEV-ES and SNP; libvirt says maxESGuests 0 and still sectype sev-snp. */
static void
test_min_asid_1 (void)
{
  g_autoptr (HostdFacts) facts = PROBE ("min-asid-1", "dmesg", "");

  assert_verdict (facts, SEV, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_capacity (facts, SEV, "sev", 1006, 0, 0);
  assert_verdict (facts, ES, UNUSABLE, HOSTD_LAYER_FIRMWARE, "EDX");
  assert_verdict (facts, SNP, UNUSABLE, HOSTD_LAYER_FIRMWARE, "EDX");
  g_assert_nonnull (strstr (facts->technology[SNP].fix, "SEV-ES ASID space limit"));
}

/*
 * CVE-2025-48514: libvirt's maxESGuests, misc.capacity and KubeVirt's label all still offer SEV-ES.
 */
static void
test_es_excluded (void)
{
  g_autoptr (HostdFacts) facts = PROBE (
      MILAN, "kvm", "check-extension 235 15\n", "ioctl",
      PS_GOOD SS "01 3a 01 03 1d000000 00000000 00000000 0400000000001bdb 0400000000001bdb\n");

  assert_verdict (facts, ES, UNUSABLE, HOSTD_LAYER_FIRMWARE, "CVE-2025-48514");
  g_assert_nonnull (strstr (facts->technology[ES].fix, "sev-snp"));
  assert_capacity (facts, ES, "sev-es", 0, 0, 0);
  assert_verdict (facts, SNP, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_capacity (facts, SNP, "sev-es", 127, 0, 0);
}

/* libvirt lists sev-snp wherever QEMU knows the object. */
static void
test_sectype_by_qemu_alone (void)
{
  g_autofree char *folder =
      g_test_build_filename (G_TEST_DIST, "milan-iommu-pt", "libvirt", "domcapabilities.xml", NULL);
  g_autofree char *xml = NULL;
  g_autoptr (HostdFacts) facts = PROBE ("milan-iommu-pt", "dmesg", "");

  g_assert_true (g_file_get_contents (folder, &xml, NULL, NULL));
  g_assert_nonnull (strstr (xml, "<value>sev-snp</value>"));
  assert_verdict (facts, SNP, UNUSABLE, HOSTD_LAYER_KERNEL, "iommu=pt");
}

/* ---- what KVM and the kernel say ---- */

/* KVM_CAP_VM_TYPES is of Linux 6.8, its bits for SEV of 6.10: their absence before is no "no". */
static void
test_vm_types_of_6_8 (void)
{
  g_autoptr (HostdFacts) old =
      PROBE (MILAN, "uname", "Linux 6.8.0 x86_64\n", "kvm", "check-extension 235 3\n");
  g_autoptr (HostdFacts) later =
      PROBE (MILAN, "uname", "Linux 6.12.0 x86_64\n", "kvm", "check-extension 235 3\n");
  g_autoptr (HostdFacts) carried_back =
      PROBE (MILAN, "uname", "Linux 6.8.0 x86_64\n", "kvm", "check-extension 235 1\nattr 1 0 0\n");

  assert_verdict (old, SEV, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_verdict (old, ES, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_verdict (later, SEV, UNUSABLE, HOSTD_LAYER_KERNEL, "KVM starts no such guest");
  assert_verdict (carried_back, SEV, UNUSABLE, HOSTD_LAYER_KERNEL, "KVM starts no such guest");
}

static void
test_parameter_absent (void)
{
  g_autoptr (HostdFacts) old = PROBE ("milan-kernel-without-snp", "dmesg", "");
  g_autoptr (HostdFacts) odd = PROBE (MILAN, P "sev_snp", "-");

  assert_verdict (old, SNP, UNUSABLE, HOSTD_LAYER_KERNEL, "older than Linux 6.11");
  assert_verdict (odd, SNP, UNUSABLE, HOSTD_LAYER_KERNEL, "built without SEV");
}

/* The log explains what is off; it never turns anything off by itself. */
static void
test_kernel_log (void)
{
  static const struct {
    const char *line;
    HostdLayer layer;
    const char *cause;
  } rows[] = {
    { "AMD-Vi: SNP: IOMMU disabled or configured in passthrough mode, SNP cannot be supported.",
      HOSTD_LAYER_KERNEL, "passthrough" },
    { "AMD-Vi: SNP: IOMMU is configured with V2 page table mode, SNP cannot be supported.",
      HOSTD_LAYER_KERNEL, "version 2" },
    { "AMD-Vi: SNP: IOMMU SNP feature not enabled, SNP cannot be supported.", HOSTD_LAYER_FIRMWARE,
      "NBIO" },
    { "SEV-SNP: Memory for the RMP table has not been reserved by BIOS", HOSTD_LAYER_FIRMWARE,
      "RMP" },
    { "SEV-SNP: SNP init failed: not all CPUs online.", HOSTD_LAYER_KERNEL, "offline" },
    { "something else about SNP", HOSTD_LAYER_KERNEL, "kvm_amd.sev_snp is off" },
    { "", HOSTD_LAYER_KERNEL, "kvm_amd.sev_snp is off" },
  };
  g_autoptr (HostdFacts) on = PROBE (MILAN, "dmesg", rows[0].line);

  assert_verdict (on, SNP, USABLE, HOSTD_LAYER_NONE, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HostdFacts) facts =
        PROBE (MILAN, P "sev_snp", "N\n", "dmesg", rows[i].line, "kvm", "check-extension 235 d\n");

    assert_verdict (facts, SNP, UNUSABLE, rows[i].layer, rows[i].cause);
    assert_verdict (facts, ES, USABLE, HOSTD_LAYER_NONE, NULL);
  }
}

/* ---- values ---- */

static void
test_values (void)
{
  g_autoptr (HostdFacts) facts = PROBE (MILAN, "kvm",
                                        "check-extension 235 1d\nattr 1 0 21\nattr 1 1 3dbffff\n"
                                        "attr 1 2 1\n",
                                        "sys/devices/system/cpu/smt/active", "0\n");

  for (guint i = 0; i < G_N_ELEMENTS (family); i++) {
    assert_value (facts, family[i], "generation", "Milan");
    assert_value (facts, family[i], "firmware", "API 1.55 build 29");
    assert_value (facts, family[i], "policy_abi_max", "1.55");
    assert_value (facts, family[i], "smt", "off");
    g_assert_nonnull (
        hostd_technology_facts_get_value (&facts->technology[family[i]], "memory_private")->text);
    g_assert_nonnull (
        hostd_technology_facts_get_value (&facts->technology[family[i]], "memory_shared")->text);
  }
  g_assert_null (hostd_technology_facts_get_value (&facts->technology[SEV], "vmsa_features"));
  assert_value (facts, ES, "vmsa_features", "0x21");
  assert_value (facts, SNP, "vmsa_features", "0x21");
  assert_value (facts, SNP, "policy_bits", "0x3dbffff");
  assert_value (facts, SNP, "certs_supported", "yes");
  assert_value (facts, SNP, "vmpl_count", "4");
}

static void
test_values_unknown (void)
{
  static const char *const names[] = { "firmware",     "policy_abi_max",
                                       "tcb_current",  "tcb_current_raw",
                                       "tcb_reported", "tcb_reported_raw",
                                       "smt",          "policy_bits",
                                       "vmsa_features" };
  g_autoptr (HostdFacts) facts =
      PROBE ("milan-snp-not-root", "sys/devices", "-", "kvm", "check-extension 235 1d\n");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_value (facts, SNP, names[i], NULL);
  assert_value (facts, SNP, "cbitpos", "51");
  assert_value (facts, SNP, "certs_supported", "no");
}

/* ---- quotes ---- */

static void
test_quotes (void)
{
  static const struct {
    const char *flags;
    HostdQuoteState state;
    const char *cause;
  } rows[] = {
    { "00000000", HOSTD_QUOTE_UNKNOWN, "VCEK" },
    { "01000000", HOSTD_QUOTE_UNKNOWN, "MASK_CHIP_ID" },
    { "02000000", HOSTD_QUOTE_BROKEN, "MASK_CHIP_KEY" },
    { "06000000", HOSTD_QUOTE_UNKNOWN, "VLEK" },
    { "04000000", HOSTD_QUOTE_UNKNOWN, "VLEK" },
  };
  g_autoptr (HostdFacts) off = PROBE (MILAN, P "sev_snp", "N\n");
  g_autoptr (HostdFacts) newer =
      PROBE (MILAN, "ioctl",
             PS_GOOD SS "01 37 01 03 1d000000 00000000 00000000 04000000000019db" TCB_MILAN "\n");

  g_assert_nonnull (strstr (newer->technology[SNP].quote.cause, "newer"));

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *ioctl = g_strconcat (PS_GOOD SS "01 37 01 03 1d000000 ", rows[i].flags,
                                          "00000000" TCB_MILAN TCB_MILAN "\n", NULL);
    g_autoptr (HostdFacts) facts = PROBE (MILAN, "ioctl", ioctl);
    const HostdQuote *quote = &facts->technology[SNP].quote;

    g_assert_cmpstr (hostd_quote_state_name (quote->state), ==,
                     hostd_quote_state_name (rows[i].state));
    g_assert_nonnull (strstr (quote->cause, rows[i].cause));
    g_assert_cmpint (facts->technology[SEV].quote.state, ==, HOSTD_QUOTE_NONE);
    g_assert_cmpint (facts->technology[ES].quote.state, ==, HOSTD_QUOTE_NONE);
  }
  g_assert_cmpint (off->technology[SNP].quote.state, ==, HOSTD_QUOTE_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/amd/peers/nfd-sev-prefix", test_nfd_prefix);
  g_test_add_func ("/amd/peers/sevctl-reduction-47", test_sevctl_reduction);
  g_test_add_func ("/amd/peers/snphost-milan-as-turin", test_snphost_milan_as_turin);
  g_test_add_func ("/amd/peers/snphost-rmp-uninitialised", test_snphost_rmp);
  g_test_add_func ("/amd/peers/sevctl-pass-on-a-guest", test_sevctl_on_a_guest);
  g_test_add_func ("/amd/peers/min-asid-1", test_min_asid_1);
  g_test_add_func ("/amd/peers/sev-es-where-snp-excludes-it", test_es_excluded);
  g_test_add_func ("/amd/peers/sectype-by-qemu-alone", test_sectype_by_qemu_alone);
  g_test_add_func ("/amd/kernel/vm-types-of-6.8", test_vm_types_of_6_8);
  g_test_add_func ("/amd/kernel/parameter-absent", test_parameter_absent);
  g_test_add_func ("/amd/kernel/log", test_kernel_log);
  g_test_add_func ("/amd/values", test_values);
  g_test_add_func ("/amd/values/unknown", test_values_unknown);
  g_test_add_func ("/amd/quotes", test_quotes);
  return g_test_run ();
}
