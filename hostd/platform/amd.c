/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd.h"

#include "platform/amd-generation.h"
#include "platform/kvm.h"

#define MSR_SYSCFG 0xc0010010
#define SYSCFG_SMEE (G_GUINT64_CONSTANT (1) << 23)
#define SYSCFG_SNPEN (G_GUINT64_CONSTANT (1) << 24)
#define MSR_VM_CR 0xc0010114
#define VM_CR_SVMDIS (1u << 4)
#define PARAMETERS "sys/module/kvm_amd/parameters"
#define ALL_VM_TYPES (HOSTD_VM_TYPE_SEV | HOSTD_VM_TYPE_SEV_ES | HOSTD_VM_TYPE_SNP)

/* Bit 23 of SYSCFG; without that MSR, the flag that the kernel takes away when it is clear. */
static void
check_smee (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *amd)
{
  static const char fix[] = "turn on SMEE (\"Secure Memory Encryption\") in the BIOS";

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  amd->smee_read = hostd_probe_msr (probe, facts, MSR_SYSCFG, &amd->syscfg);
  if (amd->smee_read == HOSTD_READ_VALUE) {
    if ((amd->syscfg & SYSCFG_SMEE) == 0)
      hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                         "the BIOS has memory encryption off (MSR c0010010 bit 23)",
                                         fix);
    return;
  }
  if (!probe->cpu_flags || !amd->leaf_known || (amd->leaf.eax & HOSTD_AMD_EAX_SEV) == 0 ||
      hostd_probe_has_cpu_flag (probe, "sev") || (amd->sev_read == HOSTD_READ_VALUE && amd->sev))
    return;
  hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "no flag sev");
  hostd_technology_facts_set_broken (
      facts, HOSTD_LAYER_FIRMWARE,
      "the processor has SEV and the kernel hides it: the BIOS has memory encryption off", fix);
}

/* Not loaded: because the BIOS forbids virtualisation, or because nobody has loaded it. */
static void
check_module (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  guint64 vm_cr = 0;

  if (amd->module != HOSTD_READ_ABSENT)
    return;
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (hostd_probe_msr (probe, facts, MSR_VM_CR, &vm_cr) == HOSTD_READ_VALUE &&
      (vm_cr & VM_CR_SVMDIS) != 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the BIOS has virtualisation off (MSR c0010114 bit 4)",
                                       "turn on SVM (\"AMD-V\") in the BIOS");
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_amd is not loaded",
                                     "modprobe kvm_amd");
}

/*
 * KVM_CAP_VM_TYPES is older (6.8) than its bits for SEV (6.10, with the attribute for VMSA
 * features): without any of them, and without a sign that this KVM would have set them, their
 * absence says nothing. Bit 1 is of KVM_SW_PROTECTED_VM, which protects nothing.
 */
static void
read_vm_types (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *amd)
{
  guint types = hostd_probe_vm_types (probe, facts);
  guint64 ignored;

  if (types == 0)
    return;
  if ((types & ALL_VM_TYPES) != 0 || hostd_probe_kernel_is (probe, "6.10") ||
      hostd_sys_kvm_attr (probe->sys, HOSTD_KVM_GROUP_SEV, HOSTD_KVM_VMSA_FEATURES, &ignored,
                          NULL) == HOSTD_READ_VALUE)
    amd->vm_types = types;
}

void
hostd_amd_read (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *ret_amd)
{
  HostdAmd *amd = ret_amd;
  HostdRead read;

  *amd = (HostdAmd){ 0 };
  facts->looking_at = HOSTD_LAYER_HARDWARE;
  read = hostd_probe_cpuid (probe, facts, 0x8000001f, 0, &amd->leaf);
  /* Too old a processor to have the leaf is a clear answer, the same as all bits zero. */
  amd->leaf_known = read != HOSTD_READ_UNREADABLE;
  if (amd->leaf_known && (amd->leaf.eax & HOSTD_AMD_EAX_SEV) == 0)
    return;

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  if (amd->leaf_known && amd->leaf.ecx == 0)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the processor offers no encryption keys for guests (CPUID 8000001f ECX is 0)",
        "update the BIOS and load its defaults; ECX is 0 in a guest as well");
  amd->module = hostd_probe_module (probe, facts, "kvm_amd");
  facts->looking_at = HOSTD_LAYER_KERNEL;
  amd->sev_read = hostd_probe_flag (probe, facts, PARAMETERS "/sev", &amd->sev, NULL);
  check_smee (probe, facts, amd);
  check_module (probe, facts, amd);
  hostd_amd_read_sev_status (probe, facts, &amd->status);
  read_vm_types (probe, facts, amd);
}

gboolean
hostd_amd_check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                          guint32 bit, const char *flag, const char *name)
{
  g_autofree char *cause = NULL;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  if (amd->leaf_known) {
    if ((amd->leaf.eax & bit) != 0)
      return TRUE;
    cause = g_strdup_printf ("this processor has no %s (CPUID 8000001f EAX bit %d is 0)", name,
                             g_bit_nth_lsf (bit, -1));
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE, cause, "none on this CPU");
    return FALSE;
  }
  if (hostd_probe_has_cpu_flag (probe, flag))
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "flag %s", flag);
  else
    hostd_probe_unknown (facts, "", "whether this processor has %s cannot be read", name);
  return TRUE;
}

/* The parameter is not there: an older kernel, or one built without it. */
static void
break_absent (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmdKernel *want)
{
  g_autofree char *cause = NULL, *fix = NULL;

  if (hostd_probe_kernel_is (probe, want->since)) {
    cause = g_strdup_printf ("Linux %s has no parameter kvm_amd.%s: it was built without SEV",
                             probe->release, want->parameter);
    fix = g_strdup ("use a kernel that is built with CONFIG_KVM_AMD_SEV");
  } else {
    cause = g_strdup_printf ("this kernel%s%s has no parameter kvm_amd.%s: it is older than Linux "
                             "%s",
                             probe->release ? ", Linux " : "", probe->release ? probe->release : "",
                             want->parameter, want->since);
    fix = g_strdup_printf ("upgrade the kernel to Linux %s or later%s", want->since, want->more);
  }
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause, fix);
}

static void
break_off (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmdKernel *want)
{
  g_autofree char *off = g_strdup_printf ("kvm_amd.%s=0", want->parameter);
  g_autofree char *cause = g_strdup_printf ("kvm_amd.%s is off", want->parameter);
  g_autofree char *fix =
      g_strdup_printf (hostd_probe_has_boot_word (probe, off)
                           ? "take %s off the kernel's command line"
                           : "load kvm_amd without %s; if it stays off, the kernel log says why "
                             "under \"kvm_amd\" and \"SEV\"",
                       off);

  /* What is broken already was found without the log. */
  if (facts->usability != HOSTD_USABILITY_UNUSABLE && !hostd_probe_has_boot_word (probe, off) &&
      hostd_amd_explain_off (probe, facts, want->off))
    return;
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause, fix);
}

void
hostd_amd_check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                        const HostdAmdKernel *want)
{
  g_autofree char *path = g_strdup_printf (PARAMETERS "/%s", want->parameter);
  g_autofree char *cause = NULL, *why = NULL;
  gboolean on = FALSE;
  HostdRead read;

  if (amd->module == HOSTD_READ_ABSENT)
    return;
  facts->looking_at = HOSTD_LAYER_KERNEL;
  read = hostd_probe_flag (probe, facts, path, &on, &why);
  if (read == HOSTD_READ_UNREADABLE) {
    hostd_probe_unknown (facts, "", "kvm_amd.%s cannot be read: %s", want->parameter, why);
  } else if (read == HOSTD_READ_ABSENT) {
    break_absent (probe, facts, want);
  } else if (!on) {
    break_off (probe, facts, want);
  } else if (amd->vm_types != 0 && (amd->vm_types & want->vm_type) == 0) {
    cause = g_strdup_printf ("kvm_amd.%s is on, but KVM starts no such guest (KVM_CAP_VM_TYPES %x)",
                             want->parameter, amd->vm_types);
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause,
                                       "the kernel log says why under \"kvm_amd\"");
  }
}

gboolean
hostd_amd_is_too_old_for_snp (const HostdAmd *amd)
{
  /* SNP_MIN_API_MAJOR and _MINOR of Linux drivers/crypto/ccp/sev-dev.c. */
  return amd->status.known &&
         (amd->status.api_major < 1 || (amd->status.api_major == 1 && amd->status.api_minor < 51));
}

void
hostd_amd_check_init (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  g_autofree char *file = NULL, *cause = NULL, *fix = NULL;
  gboolean at_once = TRUE;

  if (!amd->status.known || amd->status.state != 0)
    return;
  /*
   * Without the module, or with SEV off, nobody has asked for it yet: that is no fault of the
   * firmware.
   */
  if (amd->module != HOSTD_READ_VALUE || amd->sev_read != HOSTD_READ_VALUE || !amd->sev)
    return;
  facts->looking_at = HOSTD_LAYER_KERNEL;
  hostd_probe_flag (probe, facts, "sys/module/ccp/parameters/psp_init_on_probe", &at_once, NULL);
  if (!at_once)
    return;
  file = hostd_amd_firmware_file (probe);
  if (amd->smee_read == HOSTD_READ_VALUE && (amd->syscfg & SYSCFG_SNPEN) != 0 &&
      hostd_amd_is_too_old_for_snp (amd)) {
    cause = g_strdup_printf ("the SEV firmware could not be initialised: SNP is on, which needs "
                             "API 1.51, and the firmware has %u.%u",
                             amd->status.api_major, amd->status.api_minor);
    fix = g_strdup_printf ("update the BIOS or linux-firmware (%s), or turn SNP off in the BIOS",
                           file);
  } else {
    cause = g_strdup ("the SEV firmware is not initialised (platform state UNINIT)");
    fix = g_strdup_printf ("the kernel log says why under \"ccp\" (\"failed to INIT\"); update the "
                           "BIOS or linux-firmware (%s)",
                           file);
  }
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE, cause, fix);
}

void
hostd_amd_ask_snp (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                   HostdSnpStatus *ret_status)
{
  gboolean on = FALSE;
  HostdRead read;

  *ret_status = (HostdSnpStatus){ 0 };
  if (amd->leaf_known && (amd->leaf.eax & HOSTD_AMD_EAX_SEV_SNP) == 0)
    return;
  facts->looking_at = HOSTD_LAYER_KERNEL;
  read = hostd_probe_flag (probe, facts, PARAMETERS "/sev_snp", &on, NULL);
  if (amd->module != HOSTD_READ_VALUE || read != HOSTD_READ_VALUE || !on) {
    facts->looking_at = HOSTD_LAYER_FIRMWARE;
    hostd_technology_facts_add_evidence (facts, "dev/sev SNP_PLATFORM_STATUS", "not asked: %s",
                                         amd->module != HOSTD_READ_VALUE ? "kvm_amd is not loaded"
                                                                         : "SNP is not on");
    return;
  }
  hostd_amd_read_snp_status (probe, facts, ret_status);
}
