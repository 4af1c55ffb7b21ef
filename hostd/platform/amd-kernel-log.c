/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd-kernel-log.h"

#include <string.h>

#define SOURCE "kernel log"
#define SNP_BIOS "turn on SEV-SNP and \"SNP Memory (RMP Table) Coverage\" in the BIOS"

/*
 * Linux drivers/iommu/amd/init.c, arch/x86/virt/svm/sev.c, drivers/crypto/ccp/sev-dev.c, 5.11 to
 * 7.2.
 */
static const struct {
  HostdAmdOff off;
  const char *words; /* in a line of the log */
  HostdLayer layer;
  const char *cause, *fix;
} reasons[] = {
  { HOSTD_AMD_OFF_SNP, "IOMMU disabled or configured in passthrough mode", HOSTD_LAYER_KERNEL,
    "the IOMMU is off or in passthrough mode, which SNP cannot work with",
    "start the kernel with iommu=nopt (this one is built with IOMMU_DEFAULT_PASSTHROUGH, or told "
    "so), and turn the IOMMU on in the BIOS; reboot" },
  { HOSTD_AMD_OFF_SNP, "IOMMU is configured with V2 page table mode", HOSTD_LAYER_KERNEL,
    "the IOMMU uses page tables of version 2, which SNP cannot work with",
    "take amd_iommu=pgtbl_v2 off the kernel's command line, and reboot" },
  { HOSTD_AMD_OFF_SNP, "IOMMU SNP feature not enabled", HOSTD_LAYER_FIRMWARE,
    "the BIOS has SNP support off in its NBIO options (the kernel log reads like a fault of the "
    "IOMMU)",
    "set \"SEV-SNP Support\" in the NBIO options of the BIOS to Enabled, not Auto" },
  { HOSTD_AMD_OFF_SNP, "Memory for the RMP table has not been reserved by BIOS",
    HOSTD_LAYER_FIRMWARE, "the BIOS reserves no memory for the RMP table of SNP", SNP_BIOS },
  { HOSTD_AMD_OFF_SNP, "RMP initialization failed", HOSTD_LAYER_FIRMWARE,
    "the kernel could not initialise the RMP table", SNP_BIOS "; the kernel log says more" },
  { HOSTD_AMD_OFF_SNP, "SNP init failed: not all CPUs online", HOSTD_LAYER_KERNEL,
    "SNP cannot be initialised while a CPU is offline",
    "start the kernel with all CPUs (without maxcpus=, nr_cpus=, nosmt)" },
  { HOSTD_AMD_OFF_SEV, "memory encryption not enabled by BIOS", HOSTD_LAYER_FIRMWARE,
    "the BIOS has memory encryption off",
    "turn on SMEE (\"Secure Memory Encryption\") in the BIOS" },
  { HOSTD_AMD_OFF_SEV_ES, "TMR allocation failed", HOSTD_LAYER_KERNEL,
    "the kernel found no memory for the trusted region that SEV-ES needs",
    "reboot: memory is less fragmented then" },
};

gboolean
hostd_amd_explain_off (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmdOff off)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  g_auto (GStrv) lines = NULL;
  HostdRead read = hostd_sys_kernel_log (probe->sys, &log, &error);

  if (read != HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (facts, SOURCE, "%s%s",
                                         read == HOSTD_READ_ABSENT ? "absent" : "unknown: ",
                                         read == HOSTD_READ_ABSENT ? "" : error->message);
    return FALSE;
  }
  lines = g_strsplit (log, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    for (guint r = 0; r < G_N_ELEMENTS (reasons); r++) {
      g_autofree char *shown = NULL;

      if (reasons[r].off != off || strstr (lines[i], reasons[r].words) == NULL)
        continue;
      shown = g_utf8_make_valid (lines[i], MIN (strlen (lines[i]), 200));
      facts->looking_at = reasons[r].layer;
      hostd_technology_facts_add_evidence (facts, SOURCE, "%s", shown);
      hostd_technology_facts_set_broken (facts, reasons[r].layer, reasons[r].cause, reasons[r].fix);
      return TRUE;
    }
  return FALSE;
}
