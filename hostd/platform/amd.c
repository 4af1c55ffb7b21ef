/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/amd.h"

#include "platform/capacity.h"

#include <errno.h>

#define MSR_SYSCFG 0xc0010010
#define SYSCFG_SMEE (G_GUINT64_CONSTANT (1) << 23)
#define SYSCFG_SNPEN (G_GUINT64_CONSTANT (1) << 24)
#define STATUS_CONFIG_ES (1u << 8)
#define PARAMETERS "sys/module/kvm_amd/parameters"
#define NEEDS_ROOT "run as root: /dev/sev is its own"

static guint32
get_le32 (const guint8 *bytes)
{
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (guint32) bytes[3] << 24;
}

static guint64
get_le64 (const guint8 *bytes)
{
  return get_le32 (bytes) | (guint64) get_le32 (bytes + 4) << 32;
}

/* TRUE if the driver answered; else evidence and, where it is certain, the broken layer are set. */
static gboolean
ask_sev (HostdProbe *probe, HostdTechnologyFacts *facts, HostdSevQuery query, const char *source,
         HostdSevAnswer *ret_answer)
{
  g_autoptr (GError) error = NULL;
  HostdRead read = hostd_sys_sev (probe->sys, query, ret_answer, &error);

  if (read == HOSTD_READ_ABSENT) {
    hostd_technology_facts_add_evidence (facts, source, "absent");
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "there is no /dev/sev: the driver of the AMD secure processor (ccp) has not started",
        "load the module ccp; if it is loaded, the kernel log says why under \"ccp\"");
    return FALSE;
  }
  if (read == HOSTD_READ_UNREADABLE) {
    hostd_technology_facts_add_evidence (facts, source, "unknown: %s", error->message);
    hostd_probe_unknown (facts, NEEDS_ROOT,
                         "the state of the AMD secure processor is not known: %s", error->message);
    return FALSE;
  }
  if (ret_answer->errnum == 0)
    return TRUE;
  if (ret_answer->firmware_error == G_MAXUINT32)
    hostd_technology_facts_add_evidence (facts, source, "refused: %s, firmware not reached",
                                         g_strerror (ret_answer->errnum));
  else
    hostd_technology_facts_add_evidence (facts, source, "refused: %s, firmware error 0x%x",
                                         g_strerror (ret_answer->errnum),
                                         ret_answer->firmware_error);
  return FALSE;
}

static void
read_status (HostdProbe *probe, HostdTechnologyFacts *facts, HostdSevStatus *status)
{
  static const char source[] = "dev/sev SEV_PLATFORM_STATUS";
  HostdSevAnswer answer = { 0, 0, { 0 } };
  const guint8 *d = answer.data;

  if (ask_sev (probe, facts, HOSTD_SEV_PLATFORM_STATUS, source, &answer)) {
    *status = (HostdSevStatus){
      TRUE, d[0], d[1], d[7], d[2], (get_le32 (d + 3) & STATUS_CONFIG_ES) != 0, get_le32 (d + 8)
    };
    hostd_technology_facts_add_evidence (
        facts, source, "API %u.%u build %u, state %u, flags %x, guests %u", status->api_major,
        status->api_minor, status->build, status->state, get_le32 (d + 3), status->guests);
  } else if (answer.errnum == ENODEV || answer.errnum == EBUSY) {
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the AMD secure processor does not answer",
                                       "reboot; the kernel log says more under \"ccp\"");
  } else if (answer.errnum != 0) {
    hostd_probe_unknown (facts, "the kernel log may say more under \"ccp\"",
                         "the AMD secure processor did not tell its state: %s",
                         g_strerror (answer.errnum));
  }
}

/* Bit 23 of SYSCFG; without that MSR, the flag that the kernel takes away when it is clear. */
static void
check_smee (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *amd)
{
  static const char fix[] = "turn on SMEE (\"Secure Memory Encryption\") in the BIOS";

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

void
hostd_amd_read (HostdProbe *probe, HostdTechnologyFacts *facts, HostdAmd *ret_amd)
{
  HostdAmd *amd = ret_amd;
  HostdRead read;

  *amd = (HostdAmd){ 0 };
  read = hostd_probe_cpuid (probe, facts, 0x8000001f, 0, &amd->leaf);
  /* Too old a processor to have the leaf is a clear answer, the same as all bits zero. */
  amd->leaf_known = read != HOSTD_READ_UNREADABLE;
  if (amd->leaf_known && (amd->leaf.eax & HOSTD_AMD_EAX_SEV) == 0)
    return;

  amd->module = hostd_probe_module (probe, facts, "kvm_amd");
  amd->sev_read = hostd_probe_flag (probe, facts, PARAMETERS "/sev", &amd->sev, NULL);
  check_smee (probe, facts, amd);
  if (amd->module == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_amd is not loaded",
                                       "modprobe kvm_amd");
  read_status (probe, facts, &amd->status);
  amd->vm_types = hostd_probe_vm_types (probe, facts);
}

void
hostd_amd_check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                          guint32 bit, const char *flag, const char *name)
{
  g_autofree char *cause = NULL;

  if (amd->leaf_known) {
    if ((amd->leaf.eax & bit) != 0)
      return;
    cause = g_strdup_printf ("this processor has no %s (CPUID 8000001f EAX bit %d is 0)", name,
                             g_bit_nth_lsf (bit, -1));
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE, cause, "none on this CPU");
    return;
  }
  if (hostd_probe_has_cpu_flag (probe, flag))
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "flag %s", flag);
  else
    hostd_probe_unknown (facts, "", "whether this processor has %s cannot be read", name);
}

void
hostd_amd_check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                        const char *name, const char *since, guint vm_type)
{
  g_autofree char *path = g_strdup_printf (PARAMETERS "/%s", name);
  g_autofree char *cause = NULL, *fix = NULL, *why = NULL, *off = NULL;
  gboolean on = FALSE;
  HostdRead read;

  if (amd->module == HOSTD_READ_ABSENT)
    return;
  read = hostd_probe_flag (probe, facts, path, &on, &why);
  if (read == HOSTD_READ_UNREADABLE) {
    hostd_probe_unknown (facts, "", "kvm_amd.%s cannot be read: %s", name, why);
  } else if (read == HOSTD_READ_ABSENT) {
    cause = g_strdup_printf ("this kernel's kvm_amd knows no \"%s\"", name);
    fix = g_strdup_printf ("upgrade the kernel: Linux %s has it", since);
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause, fix);
  } else if (!on) {
    off = g_strdup_printf ("kvm_amd.%s=0", name);
    cause = g_strdup_printf ("kvm_amd.%s is off", name);
    fix =
        g_strdup_printf (hostd_probe_has_boot_word (probe, off)
                             ? "take %s off the kernel's command line"
                             : "load kvm_amd without %s; if it stays off, the kernel log says why "
                               "under \"kvm_amd\" and \"SEV\"",
                         off);
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause, fix);
  } else if (amd->vm_types != 0 && (amd->vm_types & vm_type) == 0) {
    cause = g_strdup_printf ("kvm_amd.%s is on, but KVM starts no such guest (KVM_CAP_VM_TYPES %x)",
                             name, amd->vm_types);
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, cause,
                                       "the kernel log says why under \"kvm_amd\"");
  }
}

void
hostd_amd_check_init (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd)
{
  gboolean at_once = TRUE;

  if (!amd->status.known || amd->status.state != 0)
    return;
  /*
   * Without the module, or with SEV off, nobody has asked for it yet: that is no fault of the
   * firmware.
   */
  if (amd->module != HOSTD_READ_VALUE || amd->sev_read != HOSTD_READ_VALUE || !amd->sev)
    return;
  hostd_probe_flag (probe, facts, "sys/module/ccp/parameters/psp_init_on_probe", &at_once, NULL);
  if (!at_once)
    return;
  if (amd->smee_read == HOSTD_READ_VALUE && (amd->syscfg & SYSCFG_SNPEN) != 0 &&
      amd->status.api_major == 1 && amd->status.api_minor < 51)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the SEV firmware could not be initialised: SNP is on, and the firmware's API is older "
        "than 1.51",
        "update the BIOS or linux-firmware (amd/amd_sev_fam*.sbin), or turn SNP off in the BIOS");
  else
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE, "the SEV firmware is not initialised (platform state UNINIT)",
        "the kernel log says why under \"ccp\" (\"failed to INIT\"); update the BIOS");
}

void
hostd_amd_read_snp_status (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                           HostdSnpStatus *ret_status)
{
  static const char source[] = "dev/sev SNP_PLATFORM_STATUS";
  HostdSevAnswer answer = { 0, 0, { 0 } };
  const guint8 *d = answer.data;

  *ret_status = (HostdSnpStatus){ 0 };
  if (amd->module != HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (facts, source, "not asked without kvm_amd");
    return;
  }
  if (!ask_sev (probe, facts, HOSTD_SEV_SNP_STATUS, source, &answer)) {
    ret_status->errnum = answer.errnum;
    return;
  }
  *ret_status = (HostdSnpStatus){ TRUE,
                                  0,
                                  d[0],
                                  d[1],
                                  d[2],
                                  (d[3] & 1) != 0,
                                  get_le32 (d + 12),
                                  get_le64 (d + 16),
                                  get_le64 (d + 24) };
  hostd_technology_facts_add_evidence (
      facts, source,
      "API %u.%u, state %u, RMP %02x, guests %u, current TCB %016" G_GINT64_MODIFIER
      "x, reported TCB %016" G_GINT64_MODIFIER "x",
      ret_status->api_major, ret_status->api_minor, ret_status->state, d[3], ret_status->guests,
      ret_status->current_tcb, ret_status->reported_tcb);
}

gboolean
hostd_amd_tcb_snp (const HostdProbe *probe, guint64 tcb, guint *ret_svn)
{
  /* Family 0x19 (Zen 3, 4): boot loader, TEE, 4 reserved, SNP, microcode. 0x1A (Zen 5): FMC, boot
   * loader, TEE, SNP, 3 reserved, microcode. Neither the report nor the chip id tells. */
  if (probe->family == 0x19)
    *ret_svn = tcb >> 48 & 0xff;
  else if (probe->family == 0x1a)
    *ret_svn = tcb >> 24 & 0xff;
  else
    return FALSE;
  return TRUE;
}

/* In use: what the kernel charges, or what the firmware counts where that is more (leaked keys). */
static gint64
es_in_use (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
           const HostdSnpStatus *snp)
{
  guint64 current = 0;

  if (hostd_misc_current (probe, facts, "sev_es", &current) == HOSTD_READ_VALUE)
    return MAX ((gint64) current, snp->known ? (gint64) snp->guests : 0);
  /*
   * The firmware's count of legacy guests has SEV and SEV-ES together: it tells only when it is 0.
   */
  if (amd->status.known && amd->status.guests == 0 && (snp->known || snp->errnum != 0))
    return snp->known ? (gint64) snp->guests : 0;
  return HOSTD_CAPACITY_UNKNOWN;
}

void
hostd_amd_set_es_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const HostdAmd *amd,
                           const HostdSnpStatus *snp, gboolean for_snp)
{
  gint64 total = HOSTD_CAPACITY_UNKNOWN, in_use;
  guint64 value = 0, hidden = 0;
  HostdRead read;

  read = hostd_misc_capacity (probe, facts, "sev_es", &value);
  if (amd->leaf_known)
    total = amd->leaf.ecx == 0 || amd->leaf.edx == 0 ? 0 : MIN (amd->leaf.edx - 1, amd->leaf.ecx);
  else if (read == HOSTD_READ_VALUE)
    total = value;
  in_use = es_in_use (probe, facts, amd, snp);

  read = hostd_probe_decimal (probe, facts, PARAMETERS "/ciphertext_hiding_asids", &hidden, NULL);
  if (read == HOSTD_READ_VALUE && hidden > 0 && total >= 0) {
    /*
     * The kernel charges both to sev_es; only the firmware's count of SNP guests tells them apart.
     */
    gint64 snp_total = MIN ((gint64) hidden, total);
    gint64 snp_used = snp->known ? (gint64) snp->guests : HOSTD_CAPACITY_UNKNOWN;

    if (for_snp)
      hostd_capacity_set (facts, "sev-snp", snp_total, snp_used);
    else
      hostd_capacity_set (facts, "sev-es", total - snp_total,
                          in_use < 0 || snp_used < 0 ? HOSTD_CAPACITY_UNKNOWN
                                                     : MAX (in_use - snp_used, 0));
    return;
  }
  hostd_capacity_set (facts, "sev-es", total, in_use);
}
