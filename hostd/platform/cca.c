/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/capacity.h"
#include "platform/guest.h"
#include "platform/kvm.h"

/*
 * Arm CCA. Linux has no finished interface for it: the number of KVM_CAP_ARM_RMI moved with each
 * patch series and belongs to other things in released kernels, so KVM is asked for the machine
 * type itself. What is certain whatever lies below: no libvirt has a launchSecurity type for it.
 */

/* Of the patch series for realms (v12 to v15): the type, and the size of the guest's addresses. */
#define VM_TYPE_REALM (G_GUINT64_CONSTANT (1) << 30)
#define DEFAULT_IPA_BITS 48
#define CAP_ARM_VM_IPA_SIZE 165 /* linux/kvm.h */

/* Arm ARM, ID_AA64PFR0_EL1: RME, bits 55:52. 0 without the Realm Management Extension. */
#define PFR0_RME_SHIFT 52
#define MIDR "sys/devices/system/cpu/cpu0/regs/identification/midr_el1"

static void
check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  static const char source[] = "ID_AA64PFR0_EL1";
  g_autoptr (GError) error = NULL;
  g_autofree char *midr = NULL;
  guint64 value = 0;
  HostdRead read;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  hostd_probe_text (probe, facts, MIDR, &midr, NULL);
  read = hostd_sys_id_aa64pfr0 (probe->sys, &value, &error);
  if (read == HOSTD_READ_VALUE) {
    hostd_technology_facts_add_evidence (facts, source, "%016" G_GINT64_MODIFIER "x", value);
    if ((value >> PFR0_RME_SHIFT & 0xf) == 0)
      hostd_technology_facts_set_broken (
          facts, HOSTD_LAYER_HARDWARE,
          "this processor shows no Realm Management Extension (ID_AA64PFR0_EL1, bits 55:52, are "
          "0)",
          "none on this CPU; of one that has it, only a kernel with the patches for realms shows "
          "it");
    return;
  }
  hostd_technology_facts_add_evidence (facts, source, "unknown: %s",
                                       error ? error->message : "this machine has none");
  hostd_probe_unknown (facts, "",
                       "whether this processor has the Realm Management Extension "
                       "cannot be read: %s",
                       error ? error->message : "no ID_AA64PFR0_EL1");
}

static void
check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  HostdRead read;
  guint bits = 0;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  read = hostd_probe_kvm_type (probe, facts, VM_TYPE_REALM | DEFAULT_IPA_BITS);
  /* A machine with fewer bits of address refuses for that. */
  if (read == HOSTD_READ_ABSENT &&
      hostd_probe_kvm_capability (probe, facts, CAP_ARM_VM_IPA_SIZE, "KVM_CAP_ARM_VM_IPA_SIZE",
                                  &bits) == HOSTD_READ_VALUE &&
      bits >= 32 && bits < DEFAULT_IPA_BITS)
    read = hostd_probe_kvm_type (probe, facts, VM_TYPE_REALM | bits);
  if (read == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "KVM starts no realms: the kernel lacks them, or the firmware has no Realm Management "
        "Monitor",
        "boot a kernel with the patches for realms, on firmware with an RMM; its log then names "
        "the RMI version");
}

void
hostd_probe_cca (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  if (!hostd_probe_applies (probe, facts, "aarch64*", 0, "Arm") ||
      hostd_probe_is_guest (probe, facts))
    return;
  check_hardware (probe, facts);
  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  hostd_technology_facts_add_evidence (facts, "RMM",
                                       "shown nowhere but in the kernel log; KVM's answer counts");
  check_kernel (probe, facts);
  facts->looking_at = HOSTD_LAYER_QEMU;
  hostd_probe_qemu (probe, facts, "rme-guest", "with the patches for realms (no release has them)");
  facts->looking_at = HOSTD_LAYER_LIBVIRT;
  hostd_technology_facts_add_evidence (facts, "libvirt launchSecurity", "no type for realms");
  hostd_technology_facts_set_broken (facts, HOSTD_LAYER_LIBVIRT,
                                     "libvirt has no launchSecurity type for realms",
                                     "none yet; QEMU's own options (qemu:commandline) are not "
                                     "covered by a launch policy");
  hostd_probe_conclude (facts);
  /* VMIDs and granules set the limit, and nothing tells either. */
  if (facts->layer >= HOSTD_LAYER_QEMU)
    hostd_capacity_set (facts, NULL, HOSTD_CAPACITY_UNKNOWN, HOSTD_CAPACITY_UNKNOWN);
  hostd_technology_facts_set_quote (facts, HOSTD_QUOTE_NONE, "CCA is not usable here", NULL);
}
