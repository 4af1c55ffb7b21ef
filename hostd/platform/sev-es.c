/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/amd-capacity.h"
#include "platform/amd-generation.h"
#include "platform/amd-values.h"

/*
 * AMD-SB-3023 (CVE-2025-48514): from these SNP levels on, firmware that has initialised SNP starts
 * no SEV-ES guest (LAUNCH_START fails with 0x15, AMDESE/AMDSEV#282). Linux 7.2 takes SEV-ES out of
 * KVM_CAP_VM_TYPES then; older ones do not know, and list it. CPUID, misc.capacity and libvirt all
 * show it, whatever the kernel.
 */
#define KERNEL_THAT_KNOWS "7.2"
#define EXCLUDED_FROM_ZEN3 0x1b
#define EXCLUDED_FROM_ZEN5 4

/* The level of the firmware, if SNP is initialised and the level excludes SEV-ES; else 0. */
static guint
level_that_excludes (HostdProbe *probe, const HostdSnpStatus *snp)
{
  guint level;

  if (!snp->known || snp->state != 1 || !hostd_amd_tcb_snp (probe, snp->current_tcb, &level))
    return 0;
  return level >= (probe->family == HOSTD_FAMILY_ZEN5 ? EXCLUDED_FROM_ZEN5 : EXCLUDED_FROM_ZEN3)
             ? level
             : 0;
}

static void
check_exclusion (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                 const HostdSnpStatus *snp)
{
  guint level = level_that_excludes (probe, snp);
  gboolean kvm_says = amd->vm_types != 0;
  gboolean withdrawn = kvm_says && (amd->vm_types & HOSTD_VM_TYPE_SEV_ES) == 0 &&
                       (amd->vm_types & HOSTD_VM_TYPE_SNP) != 0;
  g_autofree char *cause = NULL;

  /* KVM's own word counts where it knows of this; elsewhere the level. */
  if (!withdrawn && (level == 0 || (kvm_says && hostd_probe_kernel_is (probe, KERNEL_THAT_KNOWS))))
    return;
  cause = level != 0 ? g_strdup_printf ("with SNP on, firmware of SNP level %u starts no SEV-ES "
                                        "guest (AMD-SB-3023, CVE-2025-48514)",
                                        level)
                     : g_strdup ("with SNP on, KVM starts no SEV-ES guest (AMD-SB-3023, "
                                 "CVE-2025-48514)");
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE, cause,
                                     "use sev-snp; or turn SNP off in the BIOS");
}

/* Keys: from the BIOS, and what ciphertext hiding leaves of them. TRUE if hiding leaves none. */
static gboolean
check_keys (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  if (!amd->leaf_known)
    return FALSE;
  if (amd->leaf.edx <= 1) {
    facts->looking_at = HOSTD_LAYER_FIRMWARE;
    hostd_technology_facts_add_evidence (facts, "cpuid 8000001f edx", "%u", amd->leaf.edx);
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the BIOS gives SEV-ES no encryption keys (CPUID 8000001f EDX, the least ASID of SEV, is "
        "1)",
        "set the \"SEV-ES ASID space limit\" in the BIOS, for example to 100");
    return FALSE;
  }
  if (hostd_amd_hidden_keys (probe, facts) < (gint64) amd->leaf.edx - 1)
    return FALSE;
  hostd_technology_facts_set_broken (
      facts, HOSTD_LAYER_KERNEL, "ciphertext hiding leaves SEV-ES no encryption keys",
      "load kvm_amd with a lower ciphertext_hiding_asids, or set a higher \"SEV-ES ASID space "
      "limit\" in the BIOS");
  return TRUE;
}

static void
check (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
       const HostdSnpStatus *snp)
{
  static const HostdAmdKernel kernel = { "sev_es", "5.11", HOSTD_VM_TYPE_SEV_ES,
                                         ", and the firmware of the secure processor with it",
                                         HOSTD_AMD_OFF_SEV_ES };

  hostd_amd_check_init (probe, facts, amd);
  if (!check_keys (probe, facts, amd))
    check_exclusion (probe, facts, amd, snp);
  hostd_amd_check_kernel (probe, facts, amd, &kernel);
  if (amd->status.known && amd->status.state != 0 && !amd->status.es)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "the kernel initialised the SEV firmware without SEV-ES (CONFIG_ES is 0)",
        "the kernel log says why under \"ccp\" (\"TMR allocation failed\"); reboot");
  hostd_probe_qemu (probe, facts, "sev-guest", "6.0 or later");
}

void
hostd_probe_sev_es (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  HostdSnpStatus snp;
  HostdAmd amd;

  if (!hostd_probe_applies (probe, facts, "x86_64",
                            1u << HOSTD_VENDOR_AMD | 1u << HOSTD_VENDOR_HYGON, "AMD"))
    return;
  hostd_amd_read (probe, facts, &amd);
  if (hostd_amd_check_hardware (probe, facts, &amd, HOSTD_AMD_EAX_SEV_ES, "sev_es", "SEV-ES")) {
    hostd_amd_ask_snp (probe, facts, &amd, &snp);
    check (probe, facts, &amd, &snp);
    hostd_amd_set_es_capacity (probe, facts, &amd, &snp, FALSE);
    hostd_amd_set_values (probe, facts, &amd, HOSTD_TECHNOLOGY_SEV_ES);
  }
  hostd_probe_conclude (facts);
  /* As SEV: a measurement while it is launched, no quote. */
  hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, NULL, NULL);
}
