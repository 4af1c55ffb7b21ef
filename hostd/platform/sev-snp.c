/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "base/parse.h"
#include "platform/amd-capacity.h"
#include "platform/amd-generation.h"
#include "platform/amd-values.h"

#include <errno.h>
#include <string.h>

#define MSR_RMP_BASE 0xc0010132
/* Extended Feature Register of the AMD IOMMU: SNPSup. */
#define EFR_SNP (G_GUINT64_CONSTANT (1) << 63)
#define EFR_FILE "sys/class/iommu/ivhd0/amd-iommu/features"
#define PARAMETER "sys/module/kvm_amd/parameters/sev_snp"

/* Memory for the RMP: by its MSR, or by the flag that Linux (6.9 and later) takes away without. */
static void
check_rmp (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
           gboolean off_in_kernel)
{
  static const char fix[] = "turn on SEV-SNP and \"SNP Memory (RMP Table) Coverage\" in the BIOS";
  guint64 base = 0;
  HostdRead read = hostd_probe_msr (probe, facts, MSR_RMP_BASE, &base);

  /* RMP_END says nothing: it is 0 where the RMP is segmented. */
  if (read == HOSTD_READ_VALUE) {
    if (base == 0)
      hostd_technology_facts_set_broken (
          facts, HOSTD_LAYER_FIRMWARE, "the BIOS reserves no memory for the RMP table of SNP", fix);
    return;
  }
  if (probe->cpu_flags == NULL || !amd->leaf_known || hostd_probe_has_cpu_flag (probe, "sev_snp") ||
      !off_in_kernel)
    return;
  hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "no flag sev_snp");
  hostd_technology_facts_set_broken (
      facts, HOSTD_LAYER_FIRMWARE,
      "the processor has SEV-SNP and the kernel hides it: the BIOS has SNP off, or reserves no "
      "memory for its RMP table",
      fix);
}

/* "EFR1:EFR2", both hexadecimal. */
static void
check_efr (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  g_autofree char *features = NULL;
  guint64 efr = 0;
  char *colon;

  if (hostd_probe_text (probe, facts, EFR_FILE, &features, NULL) != HOSTD_READ_VALUE)
    return;
  colon = strchr (features, ':');
  if (colon)
    *colon = '\0';
  if (hostd_parse_hex (features, &efr) && (efr & EFR_SNP) == 0)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the BIOS has SNP support off in its NBIO options (IOMMU EFR bit 63 is 0; the kernel "
        "log reads like a fault of the IOMMU)",
        "set \"SEV-SNP Support\" in the NBIO options of the BIOS to Enabled, not Auto");
}

/* What the BIOS has to do for SNP: keys, a firmware that knows it, memory, the IOMMU's part. */
static void
check_firmware (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                gboolean off_in_kernel)
{
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (amd->leaf_known && amd->leaf.edx <= 1)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the BIOS gives SEV-ES and SEV-SNP no encryption keys (CPUID 8000001f EDX, the least ASID "
        "of SEV, is 1)",
        "set the \"SEV-ES ASID space limit\" in the BIOS, for example to 100, and turn on SEV-SNP "
        "with memory for its RMP table");
  if (hostd_amd_is_too_old_for_snp (amd)) {
    g_autofree char *file = hostd_amd_firmware_file (probe);
    g_autofree char *cause = g_strdup_printf ("the SEV firmware has API %u.%u, SNP needs 1.51",
                                              amd->status.api_major, amd->status.api_minor);
    g_autofree char *fix = g_strdup_printf ("update the BIOS, or linux-firmware (%s)", file);

    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE, cause, fix);
  }
  check_rmp (probe, facts, amd, off_in_kernel);
  check_efr (probe, facts);
}

/* SNP is off in the kernel: the usual reason, where it can be seen. */
static void
check_iommu (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char *const words[] = { "iommu=pt", "iommu.passthrough=1", "amd_iommu=off",
                                       "iommu=off", "amd_iommu=pgtbl_v2" };

  facts->looking_at = HOSTD_LAYER_KERNEL;
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

static void
check (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
       const HostdSnpStatus *snp)
{
  static const HostdAmdKernel kernel = { "sev_snp", "6.11", HOSTD_VM_TYPE_SNP, "",
                                         HOSTD_AMD_OFF_SNP };

  gboolean on = TRUE, off_in_kernel;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  off_in_kernel = hostd_probe_flag (probe, facts, PARAMETER, &on, NULL) == HOSTD_READ_VALUE && !on;
  check_firmware (probe, facts, amd, off_in_kernel);
  if (off_in_kernel)
    check_iommu (probe, facts);
  hostd_amd_check_kernel (probe, facts, amd, &kernel);
  /*
   * With SNP off in the kernel the firmware was never asked to start it: its state blames nobody.
   */
  if (facts->usability != HOSTD_USABILITY_UNUSABLE)
    check_status (facts, snp);
  hostd_probe_qemu (probe, facts, "sev-snp-guest", "9.1 or later");
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
  if (hostd_amd_check_hardware (probe, facts, &amd, HOSTD_AMD_EAX_SEV_SNP, "sev_snp", "SEV-SNP")) {
    hostd_amd_ask_snp (probe, facts, &amd, &snp);
    check (probe, facts, &amd, &snp);
    hostd_amd_set_es_capacity (probe, facts, &amd, &snp, TRUE);
    hostd_amd_set_values (probe, facts, &amd, HOSTD_TECHNOLOGY_SEV_SNP);
    hostd_amd_set_snp_values (probe, facts, &amd, &snp);
  }
  hostd_probe_conclude (facts);
  hostd_amd_set_snp_quote (facts, &snp);
}
