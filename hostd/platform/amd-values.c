/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd-values.h"

#include "platform/amd-generation.h"

#define SMT "sys/devices/system/cpu/smt/active"

static void
set_processor (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  g_autofree char *generation = hostd_amd_generation (probe), *why = NULL;
  gboolean on = FALSE;
  HostdRead read;

  if (generation != NULL)
    hostd_technology_facts_set_value (facts, "generation", "%s", generation);
  else
    hostd_technology_facts_set_value_unknown (facts, "generation",
                                              "family and model of the processor cannot be read");
  if (amd->leaf_known) {
    hostd_technology_facts_set_value (facts, "cbitpos", "%u", amd->leaf.ebx & 0x3f);
    hostd_technology_facts_set_value (facts, "reduced_phys_bits", "1");
    hostd_technology_facts_set_value (facts, "host_reduced_phys_bits", "%u",
                                      amd->leaf.ebx >> 6 & 0x3f);
  } else {
    static const char *const names[] = { "cbitpos", "reduced_phys_bits", "host_reduced_phys_bits" };

    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      hostd_technology_facts_set_value_unknown (facts, names[i], "CPUID 8000001f cannot be read");
  }
  facts->looking_at = HOSTD_LAYER_HARDWARE;
  read = hostd_probe_flag (probe, facts, SMT, &on, &why);
  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_set_value (facts, "smt", "%s", on ? "on" : "off");
  else
    hostd_technology_facts_set_value_unknown (facts, "smt", "/" SMT ": %s", why);
}

static void
set_firmware (HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  static const char *const names[] = { "firmware", "policy_abi_max" };

  if (amd->status.known) {
    hostd_technology_facts_set_value (facts, "firmware", "API %u.%u build %u",
                                      amd->status.api_major, amd->status.api_minor,
                                      amd->status.build);
    hostd_technology_facts_set_value (facts, "policy_abi_max", "%u.%u", amd->status.api_major,
                                      amd->status.api_minor);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    hostd_technology_facts_set_value_unknown (
        facts, names[i], "the AMD secure processor could not be asked, which needs root");
}

/* An attribute of KVM's as a mask of bits. */
static void
set_mask (HostdProbe *probe, HostdTechnologyFacts *facts, const char *name, guint64 attr,
          const char *since)
{
  g_autofree char *why = NULL;
  guint64 mask = 0;
  HostdRead read = hostd_probe_kvm_attr (probe, facts, HOSTD_KVM_GROUP_SEV, attr, &mask, &why);

  if (read == HOSTD_READ_VALUE)
    hostd_technology_facts_set_value (facts, name, "0x%" G_GINT64_MODIFIER "x", mask);
  else if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_value_unknown (facts, name, "this KVM does not tell it%s", since);
  else
    hostd_technology_facts_set_value_unknown (facts, name, "KVM cannot be asked: %s", why);
}

/* In words; engine/guest-memory.c has the same in numbers. */
static void
set_memory (HostdTechnologyFacts *facts, HostdTechnology technology)
{
  if (technology == HOSTD_TECHNOLOGY_SEV_SNP) {
    hostd_technology_facts_set_value (facts, "memory_private",
                                      "as much as the guest has, pinned: not swapped, not moved");
    hostd_technology_facts_set_value (
        facts, "memory_shared",
        "in addition, up to as much again: a page that was shared keeps its copy when it turns "
        "private; with VFIO the copy is pinned too");
    return;
  }
  hostd_technology_facts_set_value (
      facts, "memory_private",
      "as much as the guest has, pinned when it starts: not swapped, not "
      "moved");
  hostd_technology_facts_set_value (facts, "memory_shared",
                                    "none in addition: shared pages are the same memory");
}

void
hostd_amd_set_values (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                      HostdTechnology technology)
{
  set_processor (probe, facts, amd);
  set_firmware (facts, amd);
  if (technology != HOSTD_TECHNOLOGY_SEV)
    set_mask (probe, facts, "vmsa_features", HOSTD_KVM_VMSA_FEATURES, ": Linux 6.10 and later do");
  set_memory (facts, technology);
}

static void
set_tcb (HostdProbe *probe, HostdTechnologyFacts *facts, const char *name, guint64 tcb)
{
  g_autofree char *text = hostd_amd_tcb_to_text (probe, tcb);
  g_autofree char *raw = g_strconcat (name, "_raw", NULL);

  hostd_technology_facts_set_value (facts, raw, "0x%016" G_GINT64_MODIFIER "x", tcb);
  if (text != NULL)
    hostd_technology_facts_set_value (facts, name, "%s", text);
  else
    hostd_technology_facts_set_value_unknown (
        facts, name, "its layout depends on the processor's generation, which is not known here");
}

static const char *
why_no_status (const HostdAmd *amd, const HostdSnpStatus *snp)
{
  if (snp->not_root)
    return "the AMD secure processor could not be asked, which needs root";
  if (amd->module != HOSTD_READ_VALUE)
    return "the firmware is not asked before kvm_amd is loaded";
  return "the firmware does not tell it before SNP is initialised";
}

void
hostd_amd_set_snp_values (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                          const HostdSnpStatus *snp)
{
  static const char *const names[] = { "tcb_current", "tcb_current_raw", "tcb_reported",
                                       "tcb_reported_raw" };
  g_autofree char *why = NULL;
  guint64 certs = 0;

  if (amd->leaf_known)
    hostd_technology_facts_set_value (facts, "vmpl_count", "%u", amd->leaf.ebx >> 12 & 0xf);
  else
    hostd_technology_facts_set_value_unknown (facts, "vmpl_count", "CPUID 8000001f cannot be read");
  set_mask (probe, facts, "policy_bits", HOSTD_KVM_SNP_POLICY_BITS, "; newer ones do");
  if (hostd_probe_kvm_attr (probe, facts, HOSTD_KVM_GROUP_SEV, HOSTD_KVM_SNP_CERTS, &certs, &why) ==
      HOSTD_READ_UNREADABLE)
    hostd_technology_facts_set_value_unknown (facts, "certs_supported", "KVM cannot be asked: %s",
                                              why);
  else
    hostd_technology_facts_set_value (facts, "certs_supported", "%s", certs != 0 ? "yes" : "no");
  if (snp->known) {
    set_tcb (probe, facts, "tcb_current", snp->current_tcb);
    set_tcb (probe, facts, "tcb_reported", snp->reported_tcb);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    hostd_technology_facts_set_value_unknown (facts, names[i], "%s", why_no_status (amd, snp));
}

/* Signed with a key that a certificate can be had for: whether it is at hand is for attestation. */
static void
set_signed_quote (HostdTechnologyFacts *facts, const HostdSnpStatus *snp)
{
  static const char older[] = "; the firmware is newer than what reports are made for (tcb_current "
                              "is not tcb_reported)";
  const char *key = (snp->flags & HOSTD_SNP_VLEK) != 0 ? "VLEK" : "VCEK";
  g_autofree char *cause = g_strdup_printf (
      "whether the %s certificate for the reported TCB is at hand is not known%s%s", key,
      (snp->flags & HOSTD_SNP_MASK_CHIP_ID) != 0 ? "; reports do not name the chip (MASK_CHIP_ID), "
                                                   "so a verifier must be told which one it "
                                                   "is"
                                                 : "",
      snp->current_tcb != snp->reported_tcb ? older : "");

  hostd_technology_facts_set_quote (
      facts, HOSTD_QUOTE_UNKNOWN, cause,
      (snp->flags & HOSTD_SNP_VLEK) != 0
          ? "give verifiers the VLEK certificate for tcb_reported, from who loaded the key"
          : "give verifiers the VCEK certificate for tcb_reported, from AMD's key distribution "
            "service");
}

void
hostd_amd_set_snp_quote (HostdTechnologyFacts *facts, const HostdSnpStatus *snp)
{
  if (facts->usability == HOSTD_USABILITY_UNUSABLE)
    hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, NULL, NULL);
  else if (!snp->known)
    hostd_technology_facts_set_quote (
        facts, HOSTD_QUOTE_UNKNOWN,
        "the TCB that reports are made for cannot be read: that needs root", "run as root");
  else if ((snp->flags & HOSTD_SNP_MASK_CHIP_KEY) != 0 && (snp->flags & HOSTD_SNP_VLEK) == 0)
    hostd_technology_facts_set_quote (
        facts, HOSTD_QUOTE_BROKEN,
        "reports are not signed: the chip's key is masked (MASK_CHIP_KEY), and no VLEK is loaded",
        "load a VLEK, or set the SNP configuration back (snphost config reset)");
  else
    set_signed_quote (facts, snp);
}
