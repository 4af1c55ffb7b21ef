/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "platform/technology.h"

#include "platform/amd.h"
#include "platform/capacity.h"
#include "platform/kvm.h"
#include "platform/tdx-quote.h"
#include "platform/tdx-values.h"

/* Intel SDM volume 4, and the TDX module's documents for the last. */
#define MSR_MTRRCAP 0xfe            /* bit 15: the processor has SEAM */
#define MSR_KEYID_PARTITIONING 0x87 /* [63:32] KeyIDs of TDX, [31:0] KeyIDs of MKTME */
#define MSR_TME_ACTIVATE 0x982      /* bit 1: memory encryption is on */
#define MSR_SEAMRR_BASE 0x1400
#define MSR_SEAMRR_MASK 0x1401 /* bit 11 enabled, bit 10 locked */
#define MSR_MCHECK_STATUS 0xa0 /* 0: the BIOS's settings passed */
#define MTRRCAP_SEAMRR (1u << 15)
#define SEAMRR_ENABLED (1u << 11)
#define SEAMRR_LOCKED (1u << 10)
#define PARAMETER "sys/module/kvm_intel/parameters/tdx"

/*
 * VM type 2 is SEV's. Kernels with the TDX patches of before Linux 6.16 used it for TDX, on
 * processors that have no SEV.
 */
#define VM_TYPE_TDX_OLD (1u << 2)

/*
 * Servers of family 6 that have SEAM, and those of before that may have memory encryption but no
 * SEAM.
 */
static const guint models_with[] = { 143, 207, 173, 174, 175 }; /* SPR EMR GNR GNR-D SRF */
static const guint models_without[] = { 79, 85, 106, 108 };     /* BDX SKX/CLX/CPX ICX ICX-D */

static gboolean
is_in (guint model, const guint *list, gsize count)
{
  for (gsize i = 0; i < count; i++)
    if (list[i] == model)
      return TRUE;
  return FALSE;
}

typedef struct {
  gboolean flag; /* tdx_host_platform: the kernel found KeyIDs for TDX */
  gboolean keys_read;
  guint64 keys; /* of TDX, if keys_read */
} TdxKeys;

/* What the BIOS set aside; read first, since with KeyIDs the hardware is no question. */
static void
read_keys (HostdProbe *probe, HostdTechnologyFacts *facts, TdxKeys *keys)
{
  guint64 value = 0;

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  keys->flag = hostd_probe_has_cpu_flag (probe, "tdx_host_platform");
  if (probe->cpu_flags)
    hostd_technology_facts_add_evidence (facts, "proc/cpuinfo", "%s",
                                         keys->flag ? "flag tdx_host_platform"
                                                    : "no flag tdx_host_platform");
  keys->keys_read =
      hostd_probe_msr (probe, facts, MSR_KEYID_PARTITIONING, &value) == HOSTD_READ_VALUE;
  keys->keys = value >> 32;
  if (keys->keys_read)
    hostd_technology_facts_set_value (facts, "keyids", "%" G_GUINT64_FORMAT, keys->keys);
  else
    hostd_technology_facts_set_value_unknown (facts, "keyids",
                                              "MSR 87 cannot be read: it takes root and the module "
                                              "msr");
}

static void
check_hardware (HostdProbe *probe, HostdTechnologyFacts *facts, const TdxKeys *keys)
{
  static const char cause[] = "this processor has no TDX", fix[] = "none on this CPU";
  gboolean has_keys = keys->flag || (keys->keys_read && keys->keys > 0);
  guint64 value = 0;
  HostdCpuid leaf;

  facts->looking_at = HOSTD_LAYER_HARDWARE;
  hostd_technology_facts_add_evidence (facts, "cpuid 1 eax", "family %u, model %u", probe->family,
                                       probe->model);
  if (has_keys)
    return;
  if (hostd_probe_msr (probe, facts, MSR_MTRRCAP, &value) == HOSTD_READ_VALUE) {
    if ((value & MTRRCAP_SEAMRR) == 0)
      hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE, cause, fix);
    return;
  }
  if (probe->family == 6 && is_in (probe->model, models_with, G_N_ELEMENTS (models_with)))
    return;
  /* Without memory encryption (TME, CPUID 7 ECX bit 13) there can be no TDX. */
  if ((probe->family == 6 && is_in (probe->model, models_without, G_N_ELEMENTS (models_without))) ||
      (hostd_probe_cpuid (probe, facts, 7, 0, &leaf) == HOSTD_READ_VALUE &&
       (leaf.eax | leaf.ebx) != 0 && (leaf.ecx & 1u << 13) == 0))
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_HARDWARE, cause, fix);
  else
    hostd_probe_unknown (facts, "run as root with the module msr loaded",
                         "whether this processor (family %u, model %u) has TDX cannot be read",
                         probe->family, probe->model);
}

static void
check_keys (HostdProbe *probe, HostdTechnologyFacts *facts, const TdxKeys *keys,
            HostdRead parameter)
{
  static const char off[] = "TDX is not turned on in the BIOS: no KeyIDs are set aside for it";
  static const char fix[] = "turn TME, TME-MT and TDX on in the BIOS, with at least two TDX KeyIDs";
  guint64 value = 0;

  /* Without the MSR, the flag is the kernel's word for it: of a kernel that knows TDX. */
  if (keys->keys_read ? keys->keys == 0
                      : !keys->flag && parameter == HOSTD_READ_VALUE && probe->cpu_flags)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE, off, fix);
  else if (keys->keys_read && keys->keys == 1)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the BIOS sets one KeyID aside for TDX, which the module "
                                       "itself takes",
                                       fix);
  if (hostd_probe_msr (probe, facts, MSR_TME_ACTIVATE, &value) == HOSTD_READ_VALUE &&
      (value & 1u << 1) == 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "memory encryption (TME) is off in the BIOS", fix);
}

static void
check_firmware (HostdProbe *probe, HostdTechnologyFacts *facts, const TdxKeys *keys,
                HostdRead parameter)
{
  guint64 value = 0;

  facts->looking_at = HOSTD_LAYER_FIRMWARE;
  check_keys (probe, facts, keys, parameter);
  hostd_probe_msr (probe, facts, MSR_SEAMRR_BASE, &value);
  if (hostd_probe_msr (probe, facts, MSR_SEAMRR_MASK, &value) == HOSTD_READ_VALUE &&
      ((value & SEAMRR_ENABLED) == 0 || (value & SEAMRR_LOCKED) == 0))
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_FIRMWARE,
        "the BIOS has not set up the memory of the TDX module (SEAMRR is not enabled and locked): "
        "the module was never loaded",
        "enable the SEAM loader in the BIOS, update the BIOS, or install TDX-SEAM.so where it "
        "loads the module from the ESP");
  if (hostd_probe_msr (probe, facts, MSR_MCHECK_STATUS, &value) == HOSTD_READ_VALUE && value != 0)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_FIRMWARE,
                                       "the processor's check of the BIOS settings failed (MSR a0)",
                                       "load the BIOS defaults, then turn TDX on; update the BIOS");
  hostd_tdx_read_module (probe, facts);
}

static gboolean
boots_with_tdx (HostdProbe *probe)
{
  static const char *const words[] = { "kvm_intel.tdx=1", "kvm_intel.tdx=Y", "kvm_intel.tdx=y",
                                       "kvm_intel.tdx=on", "kvm-intel.tdx=1" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (hostd_probe_has_boot_word (probe, words[i]))
      return TRUE;
  return FALSE;
}

/* The parameter is N. The kernel also sets it back to that where it was asked for and failed. */
static void
parameter_is_off (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  gboolean no_hibernation = hostd_probe_has_boot_word (probe, "nohibernate") ||
                            hostd_probe_has_boot_word (probe, "hibernate=no");

  if (!boots_with_tdx (probe))
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel.tdx is off",
                                       "boot with kvm_intel.tdx=1 nohibernate");
  else if (no_hibernation)
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL, "kvm_intel turned TDX off again: the module did not start",
        "the kernel log says why under \"virt/tdx\" and \"kvm_intel\"");
  else
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL, "kvm_intel turned TDX off again: the module did not start",
        "boot with nohibernate, for TDX and hibernation exclude each other; if that is not it, the "
        "kernel log says why under \"virt/tdx\"");
}

static void
check_vm_type (HostdTechnologyFacts *facts, guint types)
{
  if (types == 0 || (types & HOSTD_VM_TYPE_TDX) != 0)
    return;
  if ((types & VM_TYPE_TDX_OLD) != 0)
    hostd_probe_unknown (facts, "upgrade to Linux 6.16 or later with QEMU 10.1 and libvirt 11.6",
                         "this kernel has TDX by patches of before Linux 6.16, of another "
                         "interface");
  else
    hostd_technology_facts_set_broken (
        facts, HOSTD_LAYER_KERNEL,
        "kvm_intel.tdx is on, but KVM starts no TDX guest (KVM_CAP_VM_TYPES)",
        "the kernel log says why under \"kvm_intel\" and \"virt/tdx\"");
}

static void
check_kernel (HostdProbe *probe, HostdTechnologyFacts *facts, HostdRead parameter, gboolean on,
              const char *why)
{
  guint types;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  types = hostd_probe_vm_types (probe, facts);
  if (hostd_probe_module (probe, facts, "kvm_intel") == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL, "kvm_intel is not loaded",
                                       "modprobe kvm_intel");
  else if (parameter == HOSTD_READ_UNREADABLE)
    hostd_probe_unknown (facts, "", "kvm_intel.tdx cannot be read: %s", why);
  else if (parameter == HOSTD_READ_ABSENT)
    hostd_technology_facts_set_broken (facts, HOSTD_LAYER_KERNEL,
                                       "this kernel's kvm_intel knows no \"tdx\"",
                                       "upgrade the kernel: Linux 6.16 or later has it");
  else if (!on)
    parameter_is_off (probe, facts);
  else
    check_vm_type (facts, types);
}

static void
set_capacity (HostdProbe *probe, HostdTechnologyFacts *facts, const TdxKeys *keys)
{
  gint64 total = HOSTD_CAPACITY_UNKNOWN, in_use = HOSTD_CAPACITY_UNKNOWN;
  guint64 value = 0;

  facts->looking_at = HOSTD_LAYER_KERNEL;
  /* One KeyID is the module's own. */
  if (hostd_misc_capacity (probe, facts, "tdx", &value) == HOSTD_READ_VALUE)
    total = value;
  else if (keys->keys_read)
    total = MAX ((gint64) keys->keys - 1, 0);
  if (hostd_misc_current (probe, facts, "tdx", &value) == HOSTD_READ_VALUE)
    in_use = value;
  hostd_capacity_set (facts, "tdx", total, in_use);
}

void
hostd_probe_tdx (HostdProbe *probe, HostdTechnologyFacts *facts)
{
  TdxKeys keys = { FALSE, FALSE, 0 };
  g_autofree char *why = NULL;
  gboolean on = FALSE;
  HostdRead parameter;

  if (!hostd_probe_applies (probe, facts, "x86_64", 1u << HOSTD_VENDOR_INTEL, "Intel"))
    return;
  read_keys (probe, facts, &keys);
  check_hardware (probe, facts, &keys);
  if (facts->layer != HOSTD_LAYER_HARDWARE) {
    facts->looking_at = HOSTD_LAYER_KERNEL;
    parameter = hostd_probe_flag (probe, facts, PARAMETER, &on, &why);
    check_firmware (probe, facts, &keys, parameter);
    check_kernel (probe, facts, parameter, on, why);
    hostd_tdx_read_capabilities (probe, facts);
    facts->looking_at = HOSTD_LAYER_QEMU;
    hostd_probe_qemu (probe, facts, "tdx-guest", "10.1 or later");
    set_capacity (probe, facts, &keys);
  }
  hostd_probe_conclude (facts);
  hostd_tdx_judge_quote (probe, facts);
}
