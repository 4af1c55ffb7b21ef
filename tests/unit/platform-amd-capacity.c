/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of AMD's technologies: how many, in use, leaked; and contents of files that mean nothing. */
#include "config.h"

#include "platform/platform.h"

#include "amd-fixture.h"

/* ---- capacity ---- */

static void
test_cgroups (void)
{
  g_autoptr (HostdFacts) v1 =
      PROBE (MILAN, "sys/fs/cgroup", "-", "sys/fs/cgroup/misc/misc.capacity",
             "sev 382\nsev_es 127\n", "sys/fs/cgroup/misc/misc.current", "sev 4\nsev_es 5\n");
  g_autoptr (HostdFacts) v1_old = PROBE (
      MILAN, "sys/fs/cgroup", "-", "sys/fs/cgroup/misc/misc.capacity", "sev 382\nsev_es 127\n",
      "sys/fs/cgroup/misc/machine.slice/misc.current", "sev 4\nsev_es 2\n",
      "sys/fs/cgroup/misc/system.slice/misc.current", "sev 0\nsev_es 3\n");
  /* In a container's own view the files are its own: what others hold cannot be seen. */
  g_autoptr (HostdFacts) container =
      PROBE (MILAN, "sys/fs/cgroup/misc.capacity", "-", "ioctl",
             PS "01 37 02 00 01 00 00 1d 02 00 00 00\n" SS
                "01 37 01 03 1d000000 00000000 00000000" TCB_MILAN TCB_MILAN "\n");
  /* Row by row, in a system without any misc controller, as far as the firmware tells. */
  g_autoptr (HostdFacts) none = PROBE ("rome", "sys/fs", "-");

  assert_capacity (v1, SEV, "sev", 382, 4, 0);
  assert_capacity (v1, SNP, "sev-es", 127, 5, 0);
  assert_capacity (v1_old, SEV, "sev", 382, 4, 0);
  assert_capacity (v1_old, ES, "sev-es", 127, 5, 0);
  assert_capacity (container, SEV, "sev", 382, HOSTD_CAPACITY_UNKNOWN, HOSTD_CAPACITY_UNKNOWN);
  assert_capacity (container, SNP, "sev-es", 127, HOSTD_CAPACITY_UNKNOWN, HOSTD_CAPACITY_UNKNOWN);
  assert_capacity (none, SEV, "sev", 410, 0, 0);
  g_assert_cmpint (none->technology[ES].capacity.in_use, ==, 0);
}

static void
test_hiding (void)
{
  /* Three of SNP and two of SEV-ES, all charged to sev_es. */
  g_autoptr (HostdFacts) split =
      PROBE (MILAN, P "ciphertext_hiding_asids", "32\n", "sys/fs/cgroup/misc.current",
             "sev 0\nsev_es 5\n", "ioctl",
             PS "01 37 02 00 01 00 00 1d 05 00 00 00\n" SS
                "01 37 01 03 1d000000 00000000 03000000" TCB_MILAN TCB_MILAN "\n");
  g_autoptr (HostdFacts) all =
      PROBE (MILAN, P "ciphertext_hiding_asids", "127\n", "kvm", "check-extension 235 15\n");
  g_autoptr (HostdFacts) garbage = PROBE (MILAN, P "ciphertext_hiding_asids", "max\n");

  assert_capacity (split, SNP, "sev-snp", 32, 3, 0);
  assert_capacity (split, ES, "sev-es", 95, 2, 0);
  assert_verdict (all, ES, UNUSABLE, HOSTD_LAYER_KERNEL, "ciphertext hiding");
  assert_capacity (all, SNP, "sev-snp", 127, 0, 0);
  assert_verdict (garbage, SNP, USABLE, HOSTD_LAYER_NONE, NULL);
  assert_capacity (garbage, SNP, "sev-snp", HOSTD_CAPACITY_UNKNOWN, HOSTD_CAPACITY_UNKNOWN,
                   HOSTD_CAPACITY_UNKNOWN);
}

/* What has leaked stays in use when the kernel's charges are counted again. */
static void
test_counted_again (void)
{
  char *folder = host_copy_new ("milan-snp-leak");
  char *split_folder = host_copy_new ("turin-hiding");
  g_autoptr (HostdFacts) facts = hostd_host_facts_read (folder, NULL);
  g_autoptr (HostdFacts) split = hostd_host_facts_read (split_folder, NULL);
  g_autoptr (HostdSys) sys = NULL;
  g_autoptr (HostdSys) split_sys = NULL;

  assert_capacity (facts, SNP, "sev-es", 127, 5, 2);
  host_copy_edit (folder, "sys/fs/cgroup/misc.current", "sev 1\nsev_es 4\n", -1);
  sys = hostd_sys_new_recording (folder, NULL);
  hostd_platform_count_keys (sys, facts);
  assert_capacity (facts, SNP, "sev-es", 127, 6, 2);
  assert_capacity (facts, ES, "sev-es", 127, 6, 2);
  g_assert_cmpint (facts->technology[SEV].capacity.in_use, ==, 1);

  host_copy_edit (split_folder, "sys/fs/cgroup/misc.current", "sev 1\nsev_es 40\n", -1);
  split_sys = hostd_sys_new_recording (split_folder, NULL);
  hostd_platform_count_keys (split_sys, split);
  assert_capacity (split, SNP, "sev-snp", 32, 0, 0);
  assert_capacity (split, ES, "sev-es", 67, 0, 0);
  host_copy_free (folder);
  host_copy_free (split_folder);
}

/* ---- contents that mean nothing ---- */

#define HUGE ((gsize) 9 * 1024 * 1024) /* more than HOSTD_SYS_MAX_FILE */

/* No text, in any place, makes a "no" of what was usable, or a crash. */
static void
test_garbage (void)
{
  static const char *const files[] = {
    P "sev",
    P "sev_es",
    P "sev_snp",
    P "ciphertext_hiding_asids",
    "sys/fs/cgroup/misc.capacity",
    "sys/fs/cgroup/misc.current",
    "proc/cpuinfo",
    "proc/cmdline",
    "sys/class/iommu/ivhd0/amd-iommu/features",
    "sys/devices/system/cpu/smt/active",
    "dmesg",
    "usr/share/qemu/firmware/60-edk2-x86_64-amdsev.json",
    "sys/module/ccp/parameters/psp_init_on_probe",
  };
  g_autofree char *huge = g_strnfill (HUGE, '1');
  const struct {
    const char *data;
    gssize length;
  } contents[] = {
    { "", 0 },
    { "\n\n\n", -1 },
    { "Y\0N\n", 4 },
    { "\xff\xfe\x80sev \xc0\xaf\n", -1 },
    { "-1\n", -1 },
    { "0x", -1 },
    { "sev\nsev_es\n", -1 },
    { "sev -5\nsev_es 99999999999999999999999\n", -1 },
    { "YY\n", -1 },
    { "\t \r\n sev  \t 3 4 5\n", -1 },
    { huge, HUGE },
  };

  for (guint f = 0; f < G_N_ELEMENTS (files); f++) {
    char *folder = host_copy_new (MILAN);

    for (guint c = 0; c < G_N_ELEMENTS (contents); c++) {
      g_autoptr (HostdFacts) facts = NULL;
      g_autoptr (GError) error = NULL;

      host_copy_edit (folder, files[f], contents[c].data, contents[c].length);
      facts = hostd_host_facts_read (folder, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < G_N_ELEMENTS (family); i++) {
        const HostdTechnologyFacts *t = &facts->technology[family[i]];

        g_test_message ("%s %u: %s", files[f], c, t->cause);
        g_assert_true (t->usability == USABLE || t->usability == UNKNOWN);
        g_assert_true ((t->usability == USABLE) == (t->cause == NULL));
        g_assert_true (t->capacity.total == HOSTD_CAPACITY_UNKNOWN || t->capacity.total == 382 ||
                       t->capacity.total == 127);
        g_assert_cmpint (t->capacity.free, <=, t->capacity.total);
      }
    }
    host_copy_free (folder);
  }
}

/* The parameter that a technology stands on: what is neither Y nor N is unknown, and says which. */
static void
test_garbage_parameter (void)
{
  static const char *const names[] = { "sev", "sev_es", "sev_snp" };

  for (guint i = 0; i < G_N_ELEMENTS (family); i++) {
    g_autofree char *path = g_strconcat (P, names[i], NULL);
    g_autoptr (HostdFacts) facts = PROBE (MILAN, path, "perhaps\n");

    assert_verdict (facts, family[i], UNKNOWN, HOSTD_LAYER_NONE, names[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/amd/capacity/cgroups", test_cgroups);
  g_test_add_func ("/amd/capacity/hiding", test_hiding);
  g_test_add_func ("/amd/capacity/counted-again", test_counted_again);
  g_test_add_func ("/amd/garbage", test_garbage);
  g_test_add_func ("/amd/garbage/parameter", test_garbage_parameter);
  return g_test_run ();
}
