/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "base/parse.h"
#include "platform/amd.h"

#include <errno.h>
#include <string.h>

#define MSR_RMP_BASE 0xc0010132
/* Extended Feature Register of the AMD IOMMU: SNPSup. */
#define EFR_SNP (G_GUINT64_CONSTANT (1) << 63)
#define EFR_FILE "sys/class/iommu/ivhd0/amd-iommu/features"
#define PARAMETERS "sys/module/kvm_amd/parameters"

/*
 * What the BIOS has to do for SNP: keys, memory for the RMP, the IOMMU's part, a firmware that
 * knows it.
 */
static void
check_firmware (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  g_autofree char *features = NULL;
  guint64 base = 0, efr = 0;

  if (amd->leaf_known && amd->leaf.edx <= 1)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the BIOS gives SEV-ES and SEV-SNP no encryption keys (CPUID 8000001f EDX is 1)",
        "set the \"SEV-ES ASID space limit\" in the BIOS, for example to 100, and turn SNP on");
  if (amd->status.known && amd->status.api_major <= 1 &&
      (amd->status.api_major < 1 || amd->status.api_minor < 51)) {
    g_autofree char *cause = g_strdup_printf ("the SEV firmware has API %u.%u, SNP needs 1.51",
                                              amd->status.api_major, amd->status.api_minor);

    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE, cause,
        "update the BIOS, or linux-firmware (amd/amd_sev_fam*.sbin)");
  }
  /* RMP_END says nothing: it is 0 where the RMP is segmented. */
  if (hostd_probe_msr (probe, facts, MSR_RMP_BASE, &base) == HOSTD_READ_VALUE && base == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the BIOS reserves no memory for the RMP table",
                                       "turn \"SNP Memory (RMP Table) Coverage\" on in the BIOS");
  /* "EFR1:EFR2", both hexadecimal. */
  if (hostd_probe_text (probe, facts, EFR_FILE, &features, NULL) == HOSTD_READ_VALUE) {
    char *colon = strchr (features, ':');

    if (colon)
      *colon = '\0';
    if (hostd_parse_hex (features, &efr) && (efr & EFR_SNP) == 0)
      hostd_technology_facts_set_broken (
          facts, HOSTD_LAYER_FIRMWARE, "the BIOS has the IOMMU's SNP support off (EFR bit 63 is 0)",
          "set \"SEV-SNP Support\" in the BIOS's NBIO options to Enabled, not Auto");
  }
}

/* SNP is off in the kernel: the usual reason, where it can be seen. */
static void
check_iommu (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char *const words[] = { "iommu=pt", "iommu.passthrough=1", "amd_iommu=off",
                                       "iommu=off", "amd_iommu=pgtbl_v2" };
  gboolean on = TRUE;

  if (hostd_probe_flag (probe, facts, PARAMETERS "/sev_snp", &on, NULL) != HOSTD_READ_VALUE || on)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *cause = NULL, *fix = NULL;

    if (!hostd_probe_has_boot_word (probe, words[i]))
      continue;
    hostd_technology_facts_add_evidence (facts, "proc/cmdline", "%s", words[i]);
    cause = g_strdup_printf ("the IOMMU is in a mode that SNP cannot work with (%s)", words[i]);
    fix = g_strdup_printf ("take %s off the kernel's command line, and reboot", words[i]);
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause, fix);
    return;
  }
}

static void
check_status (HostdTechnologyFacts *facts, const HostdSnpStatus *snp)
{
  static const char fix[] =
      "the kernel log says why under \"SEV-SNP\" and \"ccp\"; update the BIOS";

  if (snp->known && (snp->state != 1 || !snp->rmp_initialized))
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        snp->state != 1 ? "the SNP firmware is not initialised (platform state UNINIT)"
                        : "the RMP table is not initialised",
        fix);
  else if (snp->errnum == EINVAL || snp->errnum == ENODEV)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the SNP firmware is not initialised", fix);
  else if (snp->errnum != 0)
    hostd_probe_unknown (facts, "the kernel log may say more under \"ccp\"",
                         "the SNP firmware did not tell its state: %s", g_strerror (snp->errnum));
}

void
hostd_probe_sev_snp (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  HostdSnpStatus snp = { 0 };
  HostdAmd amd;

  if (!hostd_probe_applies (probe, facts, "x86_64",
                            1u << HOSTD_VENDOR_AMD | 1u << HOSTD_VENDOR_HYGON, "AMD"))
    return;
  hostd_amd_read (probe, facts, &amd);
  hostd_amd_check_hardware (probe, facts, &amd, HOSTD_AMD_EAX_SEV_SNP, "sev_snp", "SEV-SNP");
  if (facts->layer == HOSTD_LAYER_HARDWARE) {
    hostd_probe_conclude (facts);
    return;
  }
  check_firmware (probe, facts, &amd);
  check_iommu (probe, facts);
  hostd_amd_check_kernel (probe, facts, &amd, "sev_snp", "6.11", HOSTD_VM_TYPE_SNP);
  hostd_amd_read_snp_status (probe, facts, &amd, &snp);
  /*
   * With SNP off in the kernel the firmware was never asked to start it: its state blames nobody.
   */
  if (facts->usability != HOSTD_USABILITY_UNUSABLE)
    check_status (facts, &snp);
  hostd_probe_qemu (probe, facts, "sev-snp-guest", "9.1 or later");
  hostd_amd_set_es_capacity (probe, facts, &amd, &snp, TRUE);
  hostd_probe_conclude (facts);
}
